/* The sections of tiers; for the files of tiers only. */
#ifndef DC_STORAGE_TIER_SECTIONS_H
#define DC_STORAGE_TIER_SECTIONS_H

#include "config/fields.h"

extern const struct dc_section dc_tier_node_local_section;

#endif
