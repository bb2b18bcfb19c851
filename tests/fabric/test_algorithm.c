/* Algorithms: published numbers of bytes and steps, bounds, barriers, and what is at the edge: no
 * bytes, two members, strides, chunks. */
#include "algorithm_visit.h"

/* --- the list --- */

/* One of each name, and `auto` has somebody for every operation, whatever the group. */
Test(algorithm, list)
{
	static const uint64_t sizes[][3] = {{2}, {3}, {64}, {2, 2}, {3, 5, 7}, {8, 125}};
	static const enum kind kinds[][3] = {
		{RING, RING, RING}, {SWITCH, SWITCH, SWITCH}, {FULL, TORUS, REDUCING}};

	for (size_t a = 0; dc_algorithms[a]; a++) {
		const struct dc_algorithm_type *type = dc_algorithms[a];

		cr_expect_eq(dc_algorithm_find(type->name), type, "%s twice", type->name);
		cr_expect(type->operations && type->doc[0]);
		cr_expect_eq(type->automatic & ~type->operations, 0, "%s", type->name);
	}
	for (size_t s = 0; s < 6; s++)
		for (size_t k = 0; k < 3; k++)
			for (int strided = 0; strided < 2; strided++)
				for (int o = 0; o < DC_OPERATIONS; o++) {
					size_t count = sizes[s][2] ? 3 : sizes[s][1] ? 2 : 1;
					struct dc_fabric fabric = build(sizes[s], kinds[k], count);
					struct dc_group group = dc_group_all(&fabric);
					struct dc_request request = {.operation =
									     (enum dc_operation)o,
								     .size_bytes = 1e6};
					unsigned able = 0;

					/* Of a stride that divides nothing: along no dimension. */
					if (strided && fabric.ranks > 13)
						cr_assert_eq(
							dc_group_stride(&fabric, 1, 3, 5, &group),
							DC_OK);
					for (size_t a = 0; dc_algorithms[a]; a++)
						able += (dc_algorithms[a]->automatic >> o & 1) &&
							dc_algorithm_fits(dc_algorithms[a], &fabric,
									  &group, &request, NULL);
					cr_expect(able > 0, "operation %d", o);
				}
}

/* Every barrier, played with all that is known: in the end each member knows of every other. What
 * comes up in a step goes down in the next at the earliest. */
static void check_barrier(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			  const struct dc_request *request, const struct dc_schedule *schedule,
			  void *context)
{
	uint64_t p = schedule->group->size, known[FLOW_MOST], next[FLOW_MOST], up[FLOW_MOST] = {0};
	const struct dc_group *group = schedule->group;
	const struct dc_track *track = &schedule->tracks[0];
	unsigned *checked = context;

	(void)fabric;
	if (request->operation != DC_OPERATION_BARRIER)
		return;
	++*checked;
	cr_assert_eq(dc_schedule_bytes(schedule), 0);
	for (uint64_t m = 0; m < p; m++)
		known[m] = (uint64_t)1 << m;
	for (size_t i = 0; i < track->count; i++) {
		const struct dc_schedule_phase *phase = &track->phases[i];
		size_t count;
		struct flow_message *messages = flow_expand(schedule, phase, &count);

		memcpy(next, known, sizeof next);
		for (size_t m = 0; m < count; m++)
			next[messages[m].to] |= known[messages[m].from];
		free(messages);
		for (size_t k = 0; k < phase->count; k++)
			for (uint64_t m = 0; m < p; m++)
				if (phase->patterns[k].kind == DC_PATTERN_DOWN)
					next[m] |= up[dc_group_line_of(group, phase->factor, m)];
		for (size_t k = 0; k < phase->count; k++)
			if (phase->patterns[k].kind == DC_PATTERN_UP) {
				memset(up, 0, sizeof up);
				for (uint64_t m = 0; m < p; m++)
					up[dc_group_line_of(group, phase->factor, m)] |= known[m];
			}
		memcpy(known, next, sizeof known);
	}
	for (uint64_t m = 0; m < p; m++)
		cr_assert_eq(known[m], flow_all(p), "%s, %u members: member %u", type->name,
			     (unsigned)p, (unsigned)m);
}

Test(algorithm, barriers_tell_everybody)
{
	static const uint64_t sizes[][3] = {{2, 2}, {3, 5}, {8, 8}, {6, 7}, {3, 4, 5}, {2, 16, 2}};
	static const enum kind kinds[][3] = {
		{REDUCING, RING, SWITCH}, {SWITCH, REDUCING, REDUCING}, {FULL, FULL, FULL}};
	unsigned checked = 0;

	for (uint64_t p = 2; p <= 64; p++)
		for (int kind = 0; kind < KINDS; kind++) {
			struct dc_fabric fabric = line_of(p, (enum kind)kind);
			struct dc_group group = dc_group_all(&fabric);

			visit_all(&fabric, &group, &(struct dc_request){.size_bytes = 1e6},
				  check_barrier, &checked);
		}
	for (size_t s = 0; s < 6; s++)
		for (size_t k = 0; k < 3; k++) {
			struct dc_fabric fabric = build(sizes[s], kinds[k], sizes[s][2] ? 3 : 2);
			struct dc_group group = dc_group_all(&fabric);

			visit_all(&fabric, &group, &(struct dc_request){.size_bytes = 1e6},
				  check_barrier, &checked);
		}
	/* Tree, recursive doubling, direct in both forms, dissemination; in-network where it can
	 * be. */
	cr_expect_eq(checked, 63 * (5 * KINDS + 1) + 6 * (5 * 3 + 2), "%u", checked);
}

/* --- published numbers --- */

struct figures {
	double bytes;   /* in sizes of the vector: all that is sent */
	uint64_t steps; /* one after another */
};

static uint64_t power_below(uint64_t p)
{
	uint64_t q = 1;

	while (2 * q <= p)
		q *= 2;
	return q;
}

/* Bytes and steps on one line [Thakur, Rabenseifner and Gropp 2005, table of section 4; Bruck et
 * al. 1997; sources in the algorithms' files]. Folds add their two steps and (p - q) vectors each
 * way. */
static struct figures published(const char *name, enum dc_operation operation, uint64_t p)
{
	double n = (double)p, q = (double)power_below(p), folded = n - q;
	uint64_t log = flow_log(p), low = flow_log(power_below(p)), fold = folded > 0 ? 2 : 0;
	bool all = operation == DC_OPERATION_ALL_REDUCE;
	bool ring = strncmp(name, "ring", 4) == 0;

	if (operation == DC_OPERATION_BARRIER)
		return (struct figures){0, strcmp(name, "tree") == 0                 ? 2 * log
					   : strcmp(name, "dissemination") == 0      ? log
					   : strcmp(name, "recursive-doubling") == 0 ? low + fold
										     : 1};
	if (operation == DC_OPERATION_SEND)
		return (struct figures){1, 1};
	if (ring || strcmp(name, "direct") == 0 || strcmp(name, "pairwise") == 0) {
		if (operation == DC_OPERATION_GATHER || operation == DC_OPERATION_SCATTER)
			return (struct figures){(n - 1) / n, p - 1};
		return (struct figures){(all ? 2 : 1) * (n - 1), (all ? 2 : 1) * (p - 1)};
	}
	if (strcmp(name, "direct-at-once") == 0) {
		if (operation == DC_OPERATION_GATHER || operation == DC_OPERATION_SCATTER)
			return (struct figures){(n - 1) / n, 1};
		return (struct figures){(all ? 2 : 1) * (n - 1), all ? 2 : 1};
	}
	if (strcmp(name, "parameter-server") == 0)
		return (struct figures){2 * (n - 1), 2};
	if (strcmp(name, "halving-doubling") == 0 && all)
		return (struct figures){2 * (q - 1) + 2 * folded, 2 * low + fold};
	if (strcmp(name, "recursive-doubling") == 0 && all)
		return (struct figures){q * (double)low + 2 * folded, low + fold};
	if (strcmp(name, "bruck") == 0 && operation == DC_OPERATION_ALL_GATHER)
		return (struct figures){n - 1, log};
	if (strcmp(name, "bruck") == 0 && !fold)
		return (struct figures){n / 2 * (double)log, log};
	if (strcmp(name, "chain") == 0)
		return (struct figures){n - 1, p - 1};
	if (strcmp(name, "tree") == 0 && operation != DC_OPERATION_GATHER &&
	    operation != DC_OPERATION_SCATTER)
		return (struct figures){(all ? 2 : 1) * (n - 1), (all ? 2 : 1) * log};
	if (strcmp(name, "double-tree") == 0)
		return (struct figures){(all ? 2 : 1) * (n - 1), (all ? 2 : 1) * log};
	/* q log2 q / 2 blocks of S/q in a scatter over a tree of q. */
	if (strcmp(name, "tree") == 0 && !fold)
		return (struct figures){(double)log / 2, log};
	if (strcmp(name, "scatter-gather") == 0 && !fold)
		return (struct figures){(double)log / 2 + n - 1, log + p - 1};
	if (!fold &&
	    (strcmp(name, "halving-doubling") == 0 || strcmp(name, "recursive-doubling") == 0))
		return (struct figures){n - 1, low};
	return (struct figures){NAN, 0}; /* no closed formula: test_algorithm_flow.c has these */
}

static void check_figures(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			  const struct dc_request *request, const struct dc_schedule *schedule,
			  void *context)
{
	struct figures figures = published(type->name, request->operation, fabric->ranks);
	unsigned *checked = context;

	if (isnan(figures.bytes))
		return;
	++*checked;
	cr_expect(fabs(dc_schedule_bytes(schedule) - figures.bytes * request->size_bytes) <=
			  1e-11 * request->size_bytes * (double)fabric->ranks,
		  "%s, operation %d, %u members: %.17g B for %.17g", type->name,
		  (int)request->operation, (unsigned)fabric->ranks, dc_schedule_bytes(schedule),
		  figures.bytes * request->size_bytes);
	cr_expect_eq(dc_schedule_steps(schedule), figures.steps, "%s, operation %d, %u members",
		     type->name, (int)request->operation, (unsigned)fabric->ranks);
}

Test(algorithm, published_figures)
{
	unsigned checked = 0;

	for (uint64_t p = 2; p <= 64; p++) {
		struct dc_fabric fabric = line_of(p, SWITCH);
		struct dc_group group = dc_group_all(&fabric);
		struct dc_request request = {.size_bytes = 1e6, .root = p / 2, .chunks = 1};

		visit_all(&fabric, &group, &request, check_figures, &checked);
	}
	/* 50 pairs of algorithm and operation on a line, eight of them with formulas for powers of
	 * two only. */
	cr_expect_eq(checked, 50 * 63 - 8 * (63 - 6), "%u", checked);
}

/* --- bounds and conservation --- */

/* Some member sends or receives no less than the bound, whatever the algorithm (in-network apart);
 * nobody talks to itself; as many bytes in chunks as without. */
static void check_bounds(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			 const struct dc_request *request, const struct dc_schedule *schedule,
			 void *context)
{
	uint64_t p = schedule->group->size;
	double *sent = calloc(2 * p, sizeof *sent), *received = sent + p, most = 0, sum = 0;
	double least = dc_operation_least_bytes(request->operation, request->size_bytes, p);

	(void)fabric, (void)context;
	for (size_t t = 0; t < schedule->count; t++)
		for (size_t i = 0; i < schedule->tracks[t].count; i++) {
			const struct dc_schedule_phase *phase = &schedule->tracks[t].phases[i];
			double times = (double)(phase->repeat * schedule->tracks[t].chunks);
			size_t count;
			struct flow_message *messages = flow_expand(schedule, phase, &count);

			for (size_t m = 0; m < count; m++) {
				cr_assert(messages[m].from != messages[m].to &&
					  messages[m].bytes >= 0 && isfinite(messages[m].bytes));
				sent[messages[m].from] += messages[m].bytes * times;
				received[messages[m].to] += messages[m].bytes * times;
				sum += messages[m].bytes * times;
			}
			free(messages);
		}
	for (uint64_t m = 0; m < p; m++)
		most = fmax(most, fmax(sent[m], received[m]));
	free(sent);
	if (type == &dc_algorithm_in_network)
		return;
	cr_expect(most >= least * (1 - 1e-12), "%s, operation %d, %u members: %g B, bound %g B",
		  type->name, (int)request->operation, (unsigned)p, most, least);
	cr_expect(fabs(sum - dc_schedule_bytes(schedule)) <= 1e-9 * sum, "%s", type->name);
}

Test(algorithm, bounds)
{
	static const uint64_t sizes[][3] = {{2},    {3},    {7},    {16},      {33},
					    {2, 3}, {4, 4}, {5, 3}, {3, 4, 2}, {4, 4, 4}};
	static const enum kind kinds[][3] = {{RING, RING, RING},
					     {SWITCH, SWITCH, SWITCH},
					     {FULL, FULL, FULL},
					     {REDUCING, RING, SWITCH},
					     {FULL, SWITCH, TORUS}};

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (size_t k = 0; k < 5; k++)
			for (uint64_t chunks = 0; chunks < 12; chunks = chunks ? 11 * chunks : 1) {
				size_t count = sizes[s][2] ? 3 : sizes[s][1] ? 2 : 1;
				struct dc_fabric fabric = build(sizes[s], kinds[k], count);
				struct dc_group group = dc_group_all(&fabric);
				struct dc_request request = {.size_bytes = 12345,
							     .root = group.size - 1,
							     .chunks = chunks,
							     .servers = 2};

				visit_all(&fabric, &group, &request, check_bounds, NULL);
				request.size_bytes = 0;
				visit_all(&fabric, &group, &request, check_bounds, NULL);
			}
}

/* The same bytes and steps on every second, third, ... rank as on as many neighbours, where no
 * dimension tells them apart. */
static void add_up(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
		   const struct dc_request *request, const struct dc_schedule *schedule,
		   void *context)
{
	double *sums = context;
	size_t a = 0;

	(void)fabric;
	while (dc_algorithms[a] != type)
		a++;
	sums[2 * (a * DC_OPERATIONS + (size_t)request->operation)] = dc_schedule_bytes(schedule);
	sums[2 * (a * DC_OPERATIONS + (size_t)request->operation) + 1] =
		(double)dc_schedule_steps(schedule);
}

Test(algorithm, strides)
{
	for (uint64_t stride = 1; stride <= 4; stride++) {
		static double near[2 * DC_ALGORITHMS * DC_OPERATIONS];
		static double far[2 * DC_ALGORITHMS * DC_OPERATIONS];
		struct dc_fabric small = line_of(6, SWITCH), large = line_of(6 * stride, SWITCH);
		struct dc_group all = dc_group_all(&small), group;
		struct dc_request request = {.size_bytes = 1e6, .root = 4, .chunks = 1};

		cr_assert_eq(dc_group_stride(&large, stride - 1, 6, stride, &group), DC_OK);
		memset(near, 0, sizeof near);
		memset(far, 0, sizeof far);
		visit_all(&small, &all, &request, add_up, near);
		visit_all(&large, &group, &request, add_up, far);
		cr_expect_arr_eq(near, far, sizeof near);
	}
}
