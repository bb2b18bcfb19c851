/* What signals and their filters tell each other; models use signal.h. */
#ifndef DC_ENGINE_FILTER_H
#define DC_ENGINE_FILTER_H

#include "engine/signal.h"

/* Takes in what the signal did from the filter's last moment to now (the running piece, or replayed
 * periods); called before the signal changes. */
void dc_filter_advance(struct dc_filter *filter, dc_time now);
/* Works out the response to one period of the signal's profile. */
enum dc_status dc_filter_prepare(struct dc_filter *filter) DC_CHECK;

/* The piece that covers phase, by bisection. */
size_t dc_profile_find(const struct dc_profile *profile, dc_time phase);

#endif
