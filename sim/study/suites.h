/* Suites: which software ran the rows of training tables.
 *
 * catalog/suites/training.yaml is a list of rules; the first that matches a row counts. A rule names a suite
 * (whole), or, for rows of tables that nobody has seen yet, what a row says: texts of its accelerator,
 * its precision, its ZeRO stage, whether attention was fused.
 *
 * Ownership: the section lives in the arena of the configuration it was read through. */
#ifndef DC_STUDY_SUITES_H
#define DC_STUDY_SUITES_H

#include "study/training_row.h"

struct dc_suite_rule {
	const struct dc_node *node;
	const char *suite; /* NULL: any */
	const char
		*source; /* texts, separated by |, one of which is in the row's source; NULL: any */
	const char *accelerator; /* how its name begins; NULL: any */
	const char *precision;   /* NULL: any */
	int flash;               /* any, no, yes */
	int zero;                /* any, below 3, 3 */
	int sequence;            /* sequence parallelism or selective recomputation: any, no, yes */
	struct dc_software *software;
	bool dropout;  /* ungated models used it */
	int recompute; /* 0: as the row says; else enum dc_training_row_recompute + 1 */
};

struct dc_suites {
	const struct dc_node *node;
	const char *name, *description;
	struct dc_list rules; /* of struct dc_suite_rule */
};

extern const struct dc_section dc_suites_section;
extern const struct dc_catalogue_family dc_suites_family; /* catalog/suites */

/* The rules of the catalogue's entry `training`. */
enum dc_status dc_suites_read(struct dc_config *config, const struct dc_suites **suites) DC_CHECK;
/* The rule for a row; NULL when none matches. */
const struct dc_suite_rule *dc_suites_find(const struct dc_suites *suites, const char *suite,
					   const struct dc_training_row *row);

#endif
