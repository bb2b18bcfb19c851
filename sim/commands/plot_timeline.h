/* Drawing one iteration: its operations over time on every pipeline stage, and where its time went. */
#ifndef DC_COMMANDS_PLOT_TIMELINE_H
#define DC_COMMANDS_PLOT_TIMELINE_H

#include "commands/result_tools.h"
#include "output/reader.h"
#include "output/timeline.h"

/* A rectangle, in the units of its axes. */
struct dc_plot_box {
	double left, right, low, high;
};

/* Writes a box as a row of data: middle, left and right, low and high, for gnuplot's boxxyerror. */
void dc_plot_timeline_box(const struct dc_plot_box *box, FILE *out);

/* Writes the data and settings of plots/timeline.gp. DC_ERR_INPUT with a message where the result has no
 * timeline. */
enum dc_status dc_plot_timeline(struct dc_diag *diag, const struct dc_result *result,
				struct dc_plot *plot) DC_CHECK;

/* Its lower part: bars of the iteration shown and of the mean of all, split into compute, exposed
 * communication, stall and bubble. */
enum dc_status dc_plot_breakdown(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_timeline *timeline,
				 struct dc_plot *plot) DC_CHECK;

#endif
