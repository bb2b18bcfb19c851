/* Drawing a network alone: time and bus bandwidth by size, links over time. */
#ifndef DC_COMMANDS_PLOT_NETWORK_H
#define DC_COMMANDS_PLOT_NETWORK_H

#include "commands/result_tools.h"
#include "output/reader.h"

/* Whether the result is of a network alone: it is drawn by plots/network.gp. */
bool dc_plot_network_is(const struct dc_result *result);
/* Writes its data and settings; *any: whether there is anything to draw. */
enum dc_status dc_plot_network(struct dc_diag *diag, const struct dc_result *result,
			       struct dc_plot *plot, bool *any) DC_CHECK;

#endif
