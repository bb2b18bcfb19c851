/* What the descriptions of field tables share: words for a value, and the JSON Schema. */
#ifndef DC_CONFIG_FIELDS_DESCRIBE_H
#define DC_CONFIG_FIELDS_DESCRIBE_H

#include "config/config_private.h"

/* What a key accepts, in words. size >= 512. */
void dc_field_value_words(const struct dc_field *field, char *text, size_t size);
/* The reserved choices or types of a key, " | " between them; "" when there are none. */
void dc_field_reserved_words(const struct dc_field *field, char *text, size_t size);
/* JSON Schema draft-07 of the section and all below it. */
void dc_section_json_schema(const struct dc_section *section, FILE *out);

#endif
