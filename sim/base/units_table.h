/* The table of units, for units.c only: one row per spelling. */
#ifndef DC_BASE_UNITS_TABLE_H
#define DC_BASE_UNITS_TABLE_H

#include "base/units.h"

enum {
	DC_UNIT_WRITE = 1, /* dc_units_format() may choose it */
	DC_UNIT_HUMAN = 2, /* dc_units_human() may choose it */
};

/* SI = number * 10^power * multiply / divide + offset. Decimal units have multiply = divide = 1, so
 * that "500 ns" is read as the decimal 500e-9 and rounds once. */
struct dc_unit {
	const char *name;
	enum dc_dimension dimension;
	int power;
	double multiply;
	double divide;
	double offset;
	unsigned flags;
};

/* What people write and what they mean; a spelling that is not accepted but understood. */
struct dc_unit_alias {
	const char *written;
	const char *meant;
};

/* Rows of a dimension stand together, smallest unit first. */
extern const struct dc_unit dc_units_table[];
extern const unsigned dc_units_table_count;
extern const struct dc_unit_alias dc_units_aliases[];
extern const unsigned dc_units_aliases_count;

#endif
