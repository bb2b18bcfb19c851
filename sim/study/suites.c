/* Suites: the rules' fields, and which one is for a row. */
#include "study/suites.h"

#include <string.h>
#include <strings.h>

#include "study/machine.h"

enum { ANY, NO, YES };

static const char *const whether[] = {"any", "no", "yes", NULL};
static const char *const recomputes[] = {"as-printed", "none", "selective", "full", NULL};
static const char *const zeros[] = {"any", "below-3", "3", NULL};

static const struct dc_field rule_fields[] = {
	{.key = "suite",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suite_rule, suite),
	 .help = "name of a suite; any when absent"},
	{.key = "source",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suite_rule, source),
	 .help = "texts, separated by |, one of which the row's source has; any when absent"},
	{.key = "accelerator",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suite_rule, accelerator),
	 .help = "text that the accelerator's name begins with; any when absent"},
	{.key = "precision",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suite_rule, precision),
	 .help = "number format; any when absent"},
	{.key = "flash",
	 .kind = DC_ENUM,
	 .choices = whether,
	 .fallback = "any",
	 .offset = offsetof(struct dc_suite_rule, flash),
	 .help = "whether attention was fused"},
	{.key = "zero",
	 .kind = DC_ENUM,
	 .choices = zeros,
	 .fallback = "any",
	 .offset = offsetof(struct dc_suite_rule, zero),
	 .help = "stage of ZeRO"},
	{.key = "sequence",
	 .kind = DC_ENUM,
	 .choices = whether,
	 .fallback = "any",
	 .offset = offsetof(struct dc_suite_rule, sequence),
	 .help = "whether there was sequence parallelism or selective recomputation"},
	{.key = "software",
	 .kind = DC_CATALOGUE,
	 .flags = DC_REQUIRED,
	 .catalogue = &dc_software_family,
	 .offset = offsetof(struct dc_suite_rule, software),
	 .help = "software stack that ran it"},
	{.key = "recompute",
	 .kind = DC_ENUM,
	 .choices = recomputes,
	 .fallback = "as-printed",
	 .offset = offsetof(struct dc_suite_rule, recompute),
	 .help = "recomputation that they ran with, where it is not what their table prints"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_suite_rule, dropout),
	 .help = "models used dropout"},
};

static const struct dc_section rule_section = {
	.name = "rule",
	.doc = "Software of some rows",
	.size = sizeof(struct dc_suite_rule),
	DC_FIELDS(rule_fields),
};

static const struct dc_field fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suites, name),
	 .help = "name of the list"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_suites, description),
	 .help = "one line for people"},
	{.key = "rules",
	 .kind = DC_LIST,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .section = &rule_section,
	 .offset = offsetof(struct dc_suites, rules),
	 .help = "in order: the first that matches counts"},
};

const struct dc_section dc_suites_section = {
	.name = "suites",
	.doc = "Which software ran the rows of training tables",
	.size = sizeof(struct dc_suites),
	DC_FIELDS(fields),
};

const struct dc_catalogue_family dc_suites_family = {"suites", &dc_suites_section};

enum dc_status dc_suites_read(struct dc_config *config, const struct dc_suites **suites)
{
	const struct dc_mark nowhere = {0};
	struct dc_node *name = dc_node_scalar(dc_config_arena(config), &nowhere, "training");
	void *entry = NULL;
	enum dc_status status =
		name ? dc_catalogue_read(config, &dc_suites_family, name, &entry) : DC_ERR_MEMORY;

	*suites = entry;
	return status;
}

static bool agrees(int wanted, bool is)
{
	return wanted == ANY || (wanted == YES) == is;
}

static bool matches(const struct dc_suite_rule *rule, const char *suite,
		    const struct dc_training_row *row)
{
	bool sequence = row->sequence_parallel || row->recompute == DC_ROW_RECOMPUTE_SELECTIVE;

	if (rule->suite && strcmp(rule->suite, suite) != 0)
		return false;
	if (rule->source && !dc_machine_mentions(row->source, rule->source))
		return false;
	if (rule->accelerator &&
	    strncasecmp(row->accelerator, rule->accelerator, strlen(rule->accelerator)) != 0)
		return false;
	if (rule->precision && strcasecmp(rule->precision, row->precision) != 0)
		return false;
	if (rule->flash != ANY && row->flash >= 0 && !agrees(rule->flash, row->flash > 0))
		return false;
	return agrees(rule->zero, row->zero == 3) && agrees(rule->sequence, sequence);
}

const struct dc_suite_rule *dc_suites_find(const struct dc_suites *suites, const char *suite,
					   const struct dc_training_row *row)
{
	const struct dc_suite_rule *rules = suites->rules.items;

	for (size_t i = 0; i < suites->rules.count; i++)
		if (matches(&rules[i], suite, row))
			return &rules[i];
	return NULL;
}
