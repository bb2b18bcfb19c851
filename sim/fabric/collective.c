/* Collectives: choosing the cheapest, and running it alone. */
#include "fabric/collective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/bounds.h"
#include "fabric/runner.h"

/* Messages that a schedule may have to be laid out when it does not fold from symmetry, and hops that
 * refinement may look at: a fraction of a second. */
static const double most_messages = 2e6, most_plan_hops = 2e7;
enum { sampled_pairs = 8 };
static const uint64_t most_hops = 5000000;

/* When one way has been found: hops of messages that another may take to run before a bound is asked whether
 * it could be better, and to run then. */
static const double few_hops = 2e4, many_hops = 1e6, most_trial_hops = 3e6;

/* Messages of one line that a bound may look at one by one: a tenth of a second. */
static const double many_messages = 5e5;

enum dc_status dc_collective_name_algorithm(const char *name, struct dc_collective_request *request)
{
	request->algorithm = NULL;
	if (strcmp(name, "auto") == 0)
		return DC_OK;
	request->algorithm = dc_algorithm_find(name);
	return request->algorithm ? DC_OK : DC_ERR_RUN;
}

/* --- costs --- */

static bool has_protocol(const struct dc_fabric_dimension *dimension, enum dc_protocol protocol)
{
	return !dimension->transport || !dimension->transport->protocols.count ||
	       dc_transport_protocol(dimension->transport, protocol);
}

/* Whether all dimensions that the group spans have the protocol. */
static bool speaks(const struct dc_fabric *fabric, const struct dc_group *group,
		   enum dc_protocol protocol)
{
	for (size_t f = 0; f < group->count; f++) {
		size_t d = group->factors[f].dimension;

		if (d != DC_GROUP_ACROSS && !has_protocol(&fabric->dimensions[d], protocol))
			return false;
		for (size_t i = 0; d == DC_GROUP_ACROSS && i < fabric->count; i++)
			if (!has_protocol(&fabric->dimensions[i], protocol))
				return false;
	}
	return true;
}

/* Adds what a dimension's transport costs, for lines of `size` members along it. */
static void add_cost(const struct dc_fabric *fabric, size_t d, uint64_t size, enum dc_protocol name,
		     struct dc_fabric_cost *cost)
{
	const struct dc_fabric_dimension *dimension = &fabric->dimensions[d];
	const struct dc_transport *transport = dimension->transport;
	const struct dc_transport_protocol *protocol;

	cost->inflation[d] = cost->root_inflation[d] = 1;
	if (!transport)
		return;
	protocol = dc_transport_protocol(transport, name);
	cost->startup_s += transport->startup_s;
	cost->step_s[d] = protocol ? protocol->step_s : 0;
	cost->inflation[d] =
		dc_transport_inflation(transport, protocol, false, dimension->bandwidth_bps);
	/* A member's own part is copied while the others' n - 1 parts cross its link. */
	if (transport->copy_bps > 0 && size > 1)
		cost->inflation[d] +=
			dimension->bandwidth_bps / ((double)(size - 1) * transport->copy_bps);
	if (transport->in_network > 0)
		cost->root_inflation[d] = dc_transport_inflation_in_network(transport);
}

static void find_cost(const struct dc_fabric *fabric, const struct dc_group *group,
		      enum dc_protocol protocol, struct dc_fabric_cost *cost)
{
	*cost = dc_fabric_no_cost;
	for (size_t f = 0; f < group->count; f++) {
		size_t d = group->factors[f].dimension;

		if (d != DC_GROUP_ACROSS)
			add_cost(fabric, d, group->factors[f].size, protocol, cost);
		for (size_t i = 0; d == DC_GROUP_ACROSS && i < fabric->count; i++)
			if (fabric->dimensions[i].size > 1)
				add_cost(fabric, i, fabric->dimensions[i].size, protocol, cost);
	}
}

/* --- running alone --- */

/* Links that a message crosses, on average over a few pairs of ranks; more where it is spread over ways. */
static double mean_hops(const struct dc_fabric *fabric)
{
	struct dc_fabric_path path = {0};
	double hops = 0;

	for (uint64_t i = 1; i <= sampled_pairs; i++) {
		uint64_t to = fabric->ranks / sampled_pairs * i;

		if (to >= fabric->ranks)
			to = fabric->ranks - 1;
		if (dc_fabric_route(fabric, 0, to, NULL, NULL, &path))
			hops = (double)INFINITY;
		hops += (double)path.count / (double)sampled_pairs;
	}
	dc_fabric_path_fini(&path);
	return fmax(1, hops);
}

/* Messages that no symmetry makes equal, on one line of each factor. */
static double count_lists(const struct dc_schedule *schedule)
{
	double count = 0;

	for (size_t t = 0; t < schedule->count; t++)
		for (size_t p = 0; p < schedule->tracks[t].count; p++)
			for (size_t i = 0; i < schedule->tracks[t].phases[p].count; i++)
				count += (double)schedule->tracks[t].phases[p].patterns[i].count;
	return count;
}

/* The smallest plan that is had cheaply; *made false when that is none. */
static enum dc_status make_plan(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
				const struct dc_fabric_cost *cost, bool everywhere, bool full,
				struct dc_plan *plan, bool *made)
{
	const struct dc_plan_operation_request operation = {schedule, cost};
	const struct dc_plan_job_request job = {0, &operation, 1};
	const struct dc_plan_epoch epoch = {0, fabric};
	const struct dc_plan_request request = {&job, 1, &epoch, 1};
	struct dc_plan folded;
	enum dc_status status;
	bool fewer;

	*made = false;
	if (!full && (everywhere || schedule->group->size == fabric->ranks)) {
		status = dc_plan_quotient(fabric, &operation, plan, made);
		if (status || *made)
			return status;
	}
	if (!full && (dc_schedule_messages(schedule) > most_messages ||
		      dc_schedule_messages(schedule) * mean_hops(fabric) > most_plan_hops))
		return DC_OK;
	status = dc_plan_lay_out(&request, plan);
	*made = !status;
	if (status || full)
		return status;
	status = dc_plan_fold(plan, most_hops, &folded, &fewer);
	if (!status && fewer) {
		dc_plan_fini(plan);
		*plan = folded;
	}
	if (status)
		dc_plan_fini(plan);
	return status;
}

static enum dc_status run_alone(const struct dc_collective_request *request,
				const struct dc_plan *plan, struct dc_collective *collective)
{
	const struct dc_runner_options options = {.exact = false};
	struct dc_engine *engine = dc_engine_create();
	struct dc_runner *runner =
		engine ? dc_runner_create(engine, plan, &options, NULL, NULL) : NULL;
	enum dc_status status = runner ? DC_OK : DC_ERR_MEMORY;
	uint32_t bottleneck;

	if (!status) {
		dc_runner_start(runner);
		status = dc_engine_run(engine, request->interrupted);
	}
	if (!status) {
		collective->duration =
			dc_runner_is_done(runner) ? dc_engine_now(engine) : DC_TIME_NEVER;
		bottleneck = dc_runner_bottleneck(runner, 0);
		collective->bottleneck =
			bottleneck == DC_PLAN_NONE ? UINT64_MAX : plan->links[bottleneck].link;
	}
	dc_runner_destroy(runner);
	dc_engine_destroy(engine);
	return status;
}

/* --- what running would take --- */

/* Who uses a link: nobody, one track (+ 1), or lines that are at work at the same time. */
enum { LINK_UNUSED, LINK_CONTENDED = UINT32_MAX };

/* Tracks by kind of line: kinds count up along tracks, and the first of a track wait for nothing. */
static uint32_t *number_tracks(const struct dc_plan *plan)
{
	uint32_t kinds = 0, *tracks;

	for (uint32_t i = 0; i < plan->line_count; i++)
		if (dc_plan_phase_of(plan, i)->kind >= kinds)
			kinds = dc_plan_phase_of(plan, i)->kind + 1;
	tracks = calloc(kinds + 1u, sizeof *tracks);
	for (uint32_t i = 0; tracks && i < plan->line_count; i++)
		tracks[dc_plan_phase_of(plan, i)->kind] = dc_plan_phase_of(plan, i)->needs == 0;
	for (uint32_t k = 1; tracks && k < kinds; k++)
		tracks[k] += tracks[k - 1];
	return tracks;
}

/* Marks the links of a line with its track, or as contended. */
static void mark_users(const struct dc_plan *plan, const uint32_t *tracks, uint32_t number,
		       uint32_t *users, uint64_t *lines_on)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(plan, number);
	const struct dc_plan_bundle *bundle = &plan->bundles[dc_plan_bundle_of(plan, number)];

	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, m);

		for (uint32_t h = 0; h < dc_plan_hops(way); h++) {
			uint32_t link = plan->hops[way->first_hop + h].link;
			bool other = lines_on[link] && lines_on[link] != number + 1u;

			if (users[link] != LINK_UNUSED &&
			    (users[link] != tracks[phase->kind] || (other && phase->chunks > 1)))
				users[link] = LINK_CONTENDED;
			else
				users[link] = tracks[phase->kind];
			lines_on[link] = number + 1u;
		}
	}
}

static double count_line_hops(const struct dc_plan *plan, uint32_t number, const uint32_t *users)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(plan, number);
	const struct dc_plan_bundle *bundle = &plan->bundles[dc_plan_bundle_of(plan, number)];
	bool contended = false;
	double hops = 0;

	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, m);

		hops += dc_plan_hops(way);
		for (uint32_t h = 0; h < dc_plan_hops(way); h++)
			contended |= users[plan->hops[way->first_hop + h].link] == LINK_CONTENDED;
	}
	return hops * phase->chunks * (contended ? (double)phase->repeat : 1);
}

/* Hops of messages to run one by one: of equal steps the first only where the line has its links to itself,
 * of chunks all. Infinite when out of memory. */
static double count_hops(const struct dc_plan *plan)
{
	uint32_t *tracks = number_tracks(plan);
	uint32_t *users = calloc(plan->link_count + 1u, sizeof *users);
	uint64_t *lines_on = calloc(plan->link_count + 1u, sizeof *lines_on);
	double hops = (double)INFINITY;

	if (tracks && users && lines_on) {
		hops = 0;
		for (uint32_t i = 0; i < plan->line_count; i++)
			mark_users(plan, tracks, i, users, lines_on);
		for (uint32_t i = 0; i < plan->line_count; i++)
			hops += count_line_hops(plan, i, users);
	}
	free(tracks);
	free(users);
	free(lines_on);
	return hops;
}

/* Runs a plan, unless another has been found and this one is dear to run: then a bound may show that it is
 * not better (and is taken as its duration); if not, and it is dearer still, it is passed over. */
static enum dc_status judge(const struct dc_fabric *fabric,
			    const struct dc_collective_request *request,
			    const struct dc_schedule *schedule, const struct dc_fabric_cost *cost,
			    const struct dc_plan *plan, const struct dc_collective *best,
			    struct dc_collective *collective)
{
	double hops = count_hops(plan), bound_s;
	enum dc_status status;

	if (!best->algorithm || hops <= few_hops)
		return run_alone(request, plan, collective);
	status = dc_plan_busiest_s(plan, &bound_s);
	if (status)
		return status;
	if (bound_s < dc_time_to_s(best->duration) &&
	    dc_schedule_line_messages(schedule) <= many_messages)
		bound_s = fmax(bound_s, dc_schedule_least_s(fabric, schedule, cost));
	if (bound_s >= dc_time_to_s(best->duration)) {
		collective->duration = dc_time_from_s(bound_s);
		collective->bounded = true;
		return DC_OK;
	}
	return hops <= many_hops ? run_alone(request, plan, collective) : DC_OK;
}

/* One combination of algorithm, protocol and chunks; collective->duration negative: passed over. */
static enum dc_status try_chunks(const struct dc_fabric *fabric,
				 const struct dc_collective_request *request,
				 const struct dc_collective *best, struct dc_collective *collective)
{
	struct dc_arena *arena = dc_arena_create();
	bool symmetric = !fabric->exception_count &&
			 (request->everywhere || request->group.size == fabric->ranks);
	struct dc_schedule schedule;
	struct dc_fabric_cost cost;
	struct dc_plan plan;
	enum dc_status status = arena ? DC_OK : DC_ERR_MEMORY;
	bool made = false;

	collective->duration = -1;
	if (!status && collective->algorithm->lists_members &&
	    (double)request->group.size > most_messages) {
		dc_arena_destroy(arena);
		return DC_OK;
	}
	if (!status)
		status = dc_collective_schedule(fabric, request, collective, arena, &schedule,
						&cost);
	if (!status && (!best->algorithm ||
			(symmetric ? count_lists(&schedule) : dc_schedule_messages(&schedule)) *
					mean_hops(fabric) <=
				most_trial_hops))
		status = make_plan(fabric, &schedule, &cost, request->everywhere, false, &plan,
				   &made);
	if (!status && made) {
		collective->sent_bytes = dc_schedule_bytes(&schedule);
		collective->steps = dc_schedule_steps(&schedule);
		status = judge(fabric, request, &schedule, &cost, &plan, best, collective);
		dc_plan_fini(&plan);
	}
	dc_arena_destroy(arena);
	return status;
}

/* One combination of algorithm and protocol. An algorithm whose own number of chunks is too dear to run is
 * tried with fewer: what that takes it need not take more. */
static enum dc_status try_one(const struct dc_fabric *fabric,
			      const struct dc_collective_request *request,
			      const struct dc_collective *best, struct dc_collective *collective)
{
	static const uint64_t fewer[] = {8, 1};
	enum dc_status status;

	collective->chunks = request->request.chunks;
	status = try_chunks(fabric, request, best, collective);
	for (size_t i = 0; i < sizeof fewer / sizeof *fewer; i++) {
		if (status || collective->duration >= 0 || request->request.chunks ||
		    !collective->algorithm->lists_members)
			break;
		collective->chunks = fewer[i];
		status = try_chunks(fabric, request, best, collective);
	}
	return status;
}

static bool is_candidate(const struct dc_fabric *fabric,
			 const struct dc_collective_request *request, size_t number)
{
	const struct dc_algorithm_type *type = dc_algorithms[number];

	if (request->algorithm)
		return type == request->algorithm;
	return !(request->without >> number & 1) &&
	       dc_algorithm_is_automatic(type, fabric, &request->group, request->request.operation);
}

/* Keeps the best two. */
static void keep(const struct dc_collective *found, struct dc_collective *best)
{
	unsigned tried = best->tried + 1, passed_over = best->passed_over;

	if (best->algorithm && found->duration >= best->duration) {
		if (!found->bounded && (!best->second || found->duration < best->second_duration)) {
			best->second = found->algorithm;
			best->second_protocol = found->protocol;
			best->second_duration = found->duration;
		}
		best->tried = tried;
		return;
	}
	{
		struct dc_collective before = *best;

		*best = *found;
		best->second = before.algorithm;
		best->second_protocol = before.protocol;
		best->second_duration = before.duration;
	}
	best->tried = tried;
	best->passed_over = passed_over;
}

static enum dc_status try_protocols(const struct dc_fabric *fabric,
				    const struct dc_collective_request *request,
				    const struct dc_algorithm_type *type,
				    struct dc_collective *best)
{
	bool ideal = true;

	for (size_t d = 0; d < fabric->count; d++)
		ideal &= !fabric->dimensions[d].transport ||
			 !fabric->dimensions[d].transport->protocols.count;
	for (int p = 0; p < DC_PROTOCOLS; p++) {
		struct dc_collective found = {.algorithm = type, .protocol = (enum dc_protocol)p};
		enum dc_status status;

		if (request->any_protocol ? ideal && p > 0 : p != (int)request->protocol)
			continue;
		if (!speaks(fabric, &request->group, found.protocol))
			continue;
		if (type->whole_buffers && p != DC_PROTOCOL_SIMPLE)
			continue;
		if (request->interrupted && *request->interrupted)
			return DC_INTERRUPTED;
		status = try_one(fabric, request, best, &found);
		if (status)
			return status;
		if (found.duration < 0)
			best->passed_over++;
		else
			keep(&found, best);
	}
	return DC_OK;
}

enum dc_status dc_collective_find(const struct dc_fabric *fabric,
				  const struct dc_collective_request *request,
				  struct dc_collective *collective, const char **why)
{
	const char *reason = NULL;

	*collective = (struct dc_collective){.bottleneck = UINT64_MAX};
	if (why)
		*why = NULL;
	if (request->group.size < 2)
		return DC_OK;
	for (size_t i = 0; dc_algorithms[i]; i++) {
		enum dc_status status;

		if (!is_candidate(fabric, request, i) ||
		    !dc_algorithm_fits(dc_algorithms[i], fabric, &request->group, &request->request,
				       &reason))
			continue;
		status = try_protocols(fabric, request, dc_algorithms[i], collective);
		if (status)
			return status;
	}
	if (collective->algorithm)
		return DC_OK;
	if (collective->passed_over)
		reason = "its schedule is too large to lay out here";
	if (why)
		*why = reason ? reason : "no algorithm can do it here";
	return DC_ERR_RUN;
}

enum dc_status dc_collective_schedule(const struct dc_fabric *fabric,
				      const struct dc_collective_request *request,
				      const struct dc_collective *collective,
				      struct dc_arena *arena, struct dc_schedule *schedule,
				      struct dc_fabric_cost *cost)
{
	struct dc_request asked = request->request;

	dc_schedule_init(schedule, arena, &request->group);
	find_cost(fabric, &request->group, collective->protocol, cost);
	asked.cost = cost;
	asked.chunks = collective->chunks;
	if (collective->algorithm)
		collective->algorithm->lower(fabric, &asked, schedule);
	return schedule->failed ? DC_ERR_MEMORY : DC_OK;
}

enum dc_status dc_collective_plan(const struct dc_fabric *fabric,
				  const struct dc_collective_request *request,
				  const struct dc_collective *collective, bool full,
				  struct dc_plan *plan)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_schedule schedule;
	struct dc_fabric_cost cost;
	enum dc_status status = arena ? DC_OK : DC_ERR_MEMORY;
	bool made = true;

	*plan = (struct dc_plan){0};
	if (!status)
		status = dc_collective_schedule(fabric, request, collective, arena, &schedule,
						&cost);
	if (!status)
		status =
			make_plan(fabric, &schedule, &cost, request->everywhere, full, plan, &made);
	dc_arena_destroy(arena);
	return status ? status : made ? DC_OK : DC_ERR_RUN;
}
