/* Quantities in tables of text: cells with units, read as YAML's values are. */
#ifndef DC_CONFIG_TABLE_QUANTITY_H
#define DC_CONFIG_TABLE_QUANTITY_H

#include "base/units.h"
#include "config/table.h"

/* A cell such as "50 GB/s" in SI; a message at the cell when it is none, or not finite. */
enum dc_status dc_table_quantity(const struct dc_table *table, struct dc_diag *diag, size_t row,
				 int column, enum dc_dimension dimension, double *value) DC_CHECK;

/* Finds the columns of these names; columns[i] is -1 for those from `required` on that are absent.
 * One message for each missing one of the others. */
enum dc_status dc_table_columns(const struct dc_table *table, struct dc_diag *diag,
				const char *const *names, size_t required, size_t count,
				int *columns) DC_CHECK;

#endif
