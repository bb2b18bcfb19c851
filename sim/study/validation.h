/* Validation: published measurements run again, and the error of every row.
 *
 * A table's kind is recognised by its columns; each kind is one file with one descriptor, listed in
 * validation.c. Its run gives one result per measured quantity of a row: the published value and the
 * prediction, or why the row cannot be run. error = predicted / measured - 1. What a source itself calls
 * anomalous is a result that is not scored: it is printed, and left out of all statistics.
 *
 * Ownership: a validation owns its results; dc_validation_fini() frees them. */
#ifndef DC_STUDY_VALIDATION_H
#define DC_STUDY_VALIDATION_H

#include "base/arena.h"
#include "base/diag.h"
#include "config/config.h"
#include "config/table.h"
#include "fabric/transport.h"

struct dc_validation_result {
	const char *suite;
	const char *id;
	const char *quantity;
	const char *unit;
	double measured;
	double predicted;
	const char *failure;  /* why it could not be run; NULL when it was */
	const char *unscored; /* why it does not count; NULL when it does */
	const char *detail;   /* how it was predicted; may be NULL */
	double scale; /* accelerators that took part, where errors may drift with it; 0: not said */
	bool doubtful; /* its source may be wrong: suites are also summarized without such rows */
};

/* A transport that predictions may use. */
struct dc_validation_use {
	const struct dc_transport *transport;
	bool between; /* nodes; else inside one, or a slice */
};

enum { DC_VALIDATION_TRANSPORTS = 32 };

struct dc_validation {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_validation_result *results;
	size_t count;
	size_t capacity;
	struct dc_config *config;   /* for the catalogue */
	const char *const *folders; /* where it is; the caller's */
	struct dc_validation_use uses[DC_VALIDATION_TRANSPORTS];
	size_t use_count;
};

struct dc_validation_kind {
	const char *name;
	const char *doc;
	const char *const *columns; /* that a table of this kind has, NULL-terminated */
	enum dc_status (*run)(struct dc_validation *validation, const struct dc_table *table,
			      const char *suite_column, const char *file);
};

extern const struct dc_validation_kind dc_validation_flows;
extern const struct dc_validation_kind dc_validation_collectives;
extern const struct dc_validation_kind dc_validation_all_reduces;
extern const struct dc_validation_kind dc_validation_training;

/* data_folders: where the catalogue is (config/config.h). */
enum dc_status dc_validation_init(struct dc_validation *validation, struct dc_diag *diag,
				  const char *const *data_folders) DC_CHECK;
void dc_validation_fini(struct dc_validation *validation);

/* Reads a table and runs its rows. suite_column: rows are grouped by it; NULL: by `suite`, else by the
 * file's name. A table of no known kind is refused with the kinds there are. */
enum dc_status dc_validation_run(struct dc_validation *validation, const char *path,
				 const char *suite_column) DC_CHECK;
/* For kinds: adds a result; texts are kept, not copied. */
enum dc_status dc_validation_add(struct dc_validation *validation,
				 const struct dc_validation_result *result) DC_CHECK;
/* For kinds: a row's suite and id, in the arena. */
const char *dc_validation_suite(struct dc_validation *validation, const struct dc_table *table,
				size_t row, const char *suite_column, const char *file);
const char *dc_validation_id(struct dc_validation *validation, const struct dc_table *table,
			     size_t row);

/* For kinds: remembers a transport that has constants, once. DC_ERR_RUN beyond DC_VALIDATION_TRANSPORTS. */
enum dc_status dc_validation_use_transport(struct dc_validation *validation,
					   const struct dc_transport *transport,
					   bool between) DC_CHECK;

/* A constant of a transport, and the range that is physical for it. */
struct dc_validation_constant {
	const char *technology, *name, *unit;
	double value, low, high;
};

enum { DC_VALIDATION_CONSTANTS = 16 };

/* Those of a transport; returns their number. */
size_t dc_validation_constants(const struct dc_validation_use *use,
			       struct dc_validation_constant constants[DC_VALIDATION_CONSTANTS]);

/* The kinds there are. */
size_t dc_validation_kinds(const struct dc_validation_kind *const **kinds);

/* predicted / measured - 1; both 0: 0. */
double dc_validation_error(const struct dc_validation_result *result);

/* Of the results of one suite (NULL: of all); absolute errors but for the bias. */
struct dc_validation_statistics {
	size_t count;
	size_t failed, unscored, doubtful; /* doubtful: of those counted, or left out */
	double mean, median, percentile90, largest, bias;
	double drift; /* of the error per doubling of the scale, least squares; NAN without two scales */
};

/* doubtful: whether such rows count. */
enum dc_status dc_validation_summarize(const struct dc_validation *validation, const char *suite,
				       bool doubtful,
				       struct dc_validation_statistics *statistics) DC_CHECK;

#endif
