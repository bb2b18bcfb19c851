/* Signals: piecewise-constant values with exact integrals.
 *
 * dc_signal_set(now, v) closes the piece that was running and starts another. The integral is kept
 * in a pair of doubles (base/sum.h), so the difference of two integrals is good to the last digits
 * of a double however long the run. Extremes ignore pieces of no length. Subscribers hear each
 * change of value once it is in place.
 *
 * A periodic stretch need not be played again: dc_signal_record() notes the pieces of one period,
 * dc_signal_replay() then repeats them, without events, until dc_signal_resume(). Integrals may be
 * asked at any moment in between, in O(log pieces).
 *
 * A filter answers, for a linear law with time constant tau, the response integral
 *     J = integral from the last reading to now of v(s) exp(-(now - s)/tau) ds,
 * exactly, piece by piece; over replayed periods by the affine map of one period raised to a power.
 *
 * Time never runs backwards in any call. Ownership: init/fini; a filter must end before its signal;
 * subscribers' contexts are the caller's. */
#ifndef DC_ENGINE_SIGNAL_H
#define DC_ENGINE_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/sum.h"
#include "base/time.h"

struct dc_signal;

typedef void dc_signal_listener(void *context, const struct dc_signal *signal, dc_time now);

/* The pieces of one period: piece i runs from start[i] to start[i + 1] (the last: to period). */
struct dc_profile {
	size_t count;
	size_t capacity;
	dc_time *start;
	double *value;
	struct dc_sum *before; /* integral from 0 to start[i] */
	struct dc_sum whole;
	dc_time period;
};

struct dc_filter {
	struct dc_signal *signal;
	struct dc_filter *next;
	double tau_s;
	double response; /* since the last reading, up to `since` */
	dc_time since;
	double *before; /* replay: response from 0 at the period's start to start[i] */
	double *after;  /* from 0 at start[i] to the period's end */
	double *blocks; /* of 1, 2, 4 ... whole pieces, each from 0; a binary tree */
	size_t capacity;
	size_t leaves; /* of the tree: a power of two */
	double whole;
};

struct dc_signal {
	const char *name;
	const char *unit;
	double value;
	dc_time since;          /* start of the running piece, or of the replay */
	struct dc_sum integral; /* up to since */
	double least, greatest; /* of pieces with length, NaN before the first */
	enum { DC_SIGNAL_LIVE, DC_SIGNAL_RECORDING, DC_SIGNAL_REPLAYING } mode;
	struct dc_profile profile;
	dc_time recorded_from;
	struct dc_filter *filters;
	struct dc_signal_subscriber *subscribers;
};

/* name and unit are kept, not copied. */
void dc_signal_init(struct dc_signal *signal, const char *name, const char *unit, dc_time now,
		    double value);
void dc_signal_fini(struct dc_signal *signal);

void dc_signal_set(struct dc_signal *signal, dc_time now, double value);
enum dc_status dc_signal_subscribe(struct dc_signal *signal, dc_signal_listener *listener,
				   void *context) DC_CHECK;

/* The integral from the signal's start to now, in unit x seconds. */
struct dc_sum dc_signal_integral(const struct dc_signal *signal, dc_time now);
/* The extremes of pieces with length up to now, the running one included; the value when there is
 * none. */
double dc_signal_least(const struct dc_signal *signal, dc_time now);
double dc_signal_greatest(const struct dc_signal *signal, dc_time now);

/* Starts noting pieces. Then, at the period's end, repeat them from now on. Replaying fails with
 * DC_ERR_MEMORY when the pieces could not be kept, with DC_ERR_RUN when the period has no length.
 */
void dc_signal_record(struct dc_signal *signal, dc_time now);
enum dc_status dc_signal_replay(struct dc_signal *signal, dc_time now) DC_CHECK;
/* Ends a replay at a whole number of periods after its start; the value is as it was then. */
void dc_signal_resume(struct dc_signal *signal, dc_time now);
/* Gives up a recording. */
void dc_signal_forget(struct dc_signal *signal);

/* tau_s > 0. Not while the signal is replaying. */
void dc_filter_init(struct dc_filter *filter, struct dc_signal *signal, double tau_s, dc_time now);
void dc_filter_fini(struct dc_filter *filter);
/* J since the last reading (or init); starts the next. */
double dc_filter_read(struct dc_filter *filter, dc_time now);

#endif
