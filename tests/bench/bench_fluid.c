/* Sharing alone: Poisson flows, permutation and all-to-all on a k-ary fat tree. Prints, asserts nothing.
 *
 * The fat tree has k^3/4 hosts, every link 50 GB/s in each direction, no latency; a flow takes one of
 * the shortest paths, by hash (ECMP) or by the destination's number (d mod k). Poisson flows go between
 * random hosts with lognormal sizes, median 1 MiB and sigma 1, at a load of 0.6 of what the hosts can
 * send, as in tests/validation/flows/poisson_1k.csv. CPU time of the simulation alone: the flow list
 * is drawn and its paths are found before. The median of several tries. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fluid/transfers.h"

enum { MAX_HOPS = 6, MAX_TRIES = 5, LEAST_RESERVED = 1024 };

static const double link_bps = 50e9, pi = 3.14159265358979323846;

struct flow {
	struct dc_fluid_hop path[MAX_HOPS];
	uint32_t hops;
	double bytes;
	dc_time start;
};

enum routing { ROUTE_HASH, ROUTE_DESTINATION, ROUTE_SWITCH };

struct list {
	struct flow *flows;
	size_t count;
	uint32_t links;
};

struct run {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	const struct list *list;
	dc_time *ends; /* of each flow, when asked for */
	size_t next;
	size_t done;
	uint32_t most_live;
};

struct result {
	double cpu_s, bytes, end_s;
	uint32_t most_live;
	struct dc_fluid_statistics statistics;
};

static uint64_t mix(uint64_t x)
{
	/* The finaliser of splitmix64 [Steele et al. 2014]. */
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static double uniform(uint64_t *state)
{
	*state = mix(*state);
	return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Links: host up, host down, then per pod edge-aggregation up and down, then aggregation-core. */
static uint32_t link_count(uint32_t k)
{
	return 6 * (k * k * k / 4);
}

static void route(struct flow *flow, uint32_t k, uint32_t src, uint32_t dst, enum routing routing,
		  uint64_t salt)
{
	uint32_t half = k / 2, hosts = k * k * k / 4, n = 0;
	uint32_t src_edge = src / half, dst_edge = dst / half;
	uint32_t src_pod = src_edge / half, dst_pod = dst_edge / half;
	uint64_t choice = routing == ROUTE_HASH ? mix(salt) : dst;
	uint32_t agg = (uint32_t)(choice % half), core = (uint32_t)(choice / half % half);
	uint32_t links[MAX_HOPS];

	links[n++] = src;
	if (routing != ROUTE_SWITCH && src_edge != dst_edge) {
		links[n++] = 2 * hosts + src_edge * half + agg;
		if (src_pod != dst_pod) {
			links[n++] = 4 * hosts + (src_pod * half + agg) * half + core;
			links[n++] = 5 * hosts + (dst_pod * half + agg) * half + core;
		}
		links[n++] = 3 * hosts + dst_edge * half + agg;
	}
	links[n++] = hosts + dst;
	for (uint32_t i = 0; i < n; i++)
		flow->path[i] = (struct dc_fluid_hop){links[i], 1.0};
	flow->hops = n;
}

static struct list make_list(size_t count, uint32_t k)
{
	struct list list = {calloc(count, sizeof(struct flow)), count, link_count(k)};

	if (!list.flows)
		exit(1);
	return list;
}

static struct list poisson(size_t count)
{
	struct list list = make_list(count, 16);
	const double load = 0.6, median = 1048576, mean = median * exp(0.5);
	uint32_t hosts = 1024;
	uint64_t state = 1;
	double now = 0;

	for (size_t i = 0; i < count; i++) {
		struct flow *flow = &list.flows[i];
		uint32_t src = (uint32_t)(uniform(&state) * hosts), dst = src;

		while (dst == src)
			dst = (uint32_t)(uniform(&state) * hosts);
		now -= log(uniform(&state)) * mean / (load * hosts * link_bps);
		flow->start = dc_time_from_s(now);
		flow->bytes = ceil(median * exp(sqrt(-2 * log(uniform(&state))) *
						cos(2 * pi * uniform(&state))));
		route(flow, 16, src, dst, ROUTE_HASH, state);
	}
	return list;
}

static struct list permutation(void)
{
	struct list list = make_list(1024, 16);
	uint32_t to[1024];
	uint64_t state = 2;

	for (uint32_t i = 0; i < 1024; i++)
		to[i] = i;
	/* Sattolo's shuffle: one cycle, so nobody sends to itself. */
	for (uint32_t i = 1023; i > 0; i--) {
		uint32_t j = (uint32_t)(uniform(&state) * i), swap = to[i];

		to[i] = to[j];
		to[j] = swap;
	}
	for (uint32_t i = 0; i < 1024; i++) {
		list.flows[i].bytes = 67108864;
		route(&list.flows[i], 16, i, to[i], ROUTE_HASH, mix(i));
	}
	return list;
}

static struct list all_to_all(uint32_t k, enum routing routing)
{
	uint32_t hosts = k * k * k / 4;
	struct list list = make_list((size_t)hosts * (hosts - 1), k);
	size_t n = 0;

	for (uint32_t src = 0; src < hosts; src++)
		for (uint32_t dst = 0; dst < hosts; dst++) {
			if (src == dst)
				continue;
			list.flows[n].bytes = 1048576;
			route(&list.flows[n], k, src, dst, routing, mix(n) + 7);
			n++;
		}
	return list;
}

static void count_done(void *context, uint64_t flow)
{
	struct run *run = context;

	if (run->ends)
		run->ends[flow] = dc_engine_now(run->engine);
	run->done++;
}

/* Starts all flows of this instant and comes back for the next. */
static void start_next(void *context, uint64_t argument)
{
	struct run *run = context;
	dc_time now = dc_engine_now(run->engine);

	(void)argument;
	while (run->next < run->list->count && run->list->flows[run->next].start <= now) {
		const struct flow *flow = &run->list->flows[run->next];
		const struct dc_fluid_transfer_spec spec = {.path = flow->path,
							    .hops = flow->hops,
							    .bytes = flow->bytes,
							    .weight = 1,
							    .cap_bps = (double)INFINITY,
							    .multiplicity = 1,
							    .done = count_done,
							    .context = run,
							    .argument = run->next++};

		if (dc_fluid_transfers_start(run->transfers, &spec, NULL) != DC_OK)
			exit(1);
	}
	if (dc_fluid_transfers_live(run->transfers) > run->most_live)
		run->most_live = dc_fluid_transfers_live(run->transfers);
	if (run->next < run->list->count)
		dc_engine_schedule(run->engine, run->list->flows[run->next].start,
				   DC_PHASE_COMPLETION, 1, start_next, run, 0);
}

/* Memory for the most flows that start together, which are known before the simulation begins, and for
 * LEAST_RESERVED at least. */
static void reserve_batch(struct dc_fluid_transfers *transfers, const struct list *list)
{
	uint32_t count = 0, hops = 0, most = LEAST_RESERVED, most_hops = LEAST_RESERVED * MAX_HOPS;

	for (size_t i = 0; i < list->count; i++) {
		if (i && list->flows[i].start != list->flows[i - 1].start)
			count = hops = 0;
		count++;
		hops += list->flows[i].hops;
		most = count > most ? count : most;
		most_hops = hops > most_hops ? hops : most_hops;
	}
	if (dc_fluid_transfers_reserve(transfers, most, most_hops) != DC_OK)
		exit(1);
}

static struct result simulate(const struct list *list, dc_time *ends)
{
	struct run run = {.engine = dc_engine_create(),
			  .solver = dc_fluid_create(),
			  .list = list,
			  .ends = ends};
	struct result result = {0};
	uint32_t id;

	run.transfers = dc_fluid_transfers_create(run.engine, run.solver, DC_PHASE_STATE);
	for (uint32_t i = 0; i < list->links; i++)
		if (dc_fluid_add_resource(run.solver, link_bps, 1, &id) != DC_OK)
			exit(1);
	reserve_batch(run.transfers, list);
	result.cpu_s = -bench_cpu_s();
	dc_engine_schedule(run.engine, list->flows[0].start, DC_PHASE_COMPLETION, 1, start_next,
			   &run, 0);
	if (dc_engine_run(run.engine, NULL) != DC_OK || run.done != list->count)
		exit(1);
	result.cpu_s += bench_cpu_s();
	result.end_s = dc_time_to_s(dc_engine_now(run.engine));
	result.statistics = dc_fluid_statistics(run.solver);
	result.most_live = run.most_live;
	result.bytes = (double)(result.statistics.bytes + dc_fluid_transfers_memory(run.transfers));
	dc_fluid_transfers_destroy(run.transfers);
	dc_fluid_destroy(run.solver);
	dc_engine_destroy(run.engine);
	return result;
}

static int compare_results(const void *a, const void *b)
{
	const struct result *x = a, *y = b;

	return (x->cpu_s > y->cpu_s) - (x->cpu_s < y->cpu_s);
}

/* Prints one case; the growth exponent against the last of its family, when given. */
static double report(const char *name, struct list list, int tries, double last_s, double last_n)
{
	struct result results[MAX_TRIES] = {0};
	const struct result *median = &results[tries / 2];
	double n = (double)list.count;

	for (int i = 0; i < tries; i++)
		results[i] = simulate(&list, NULL);
	qsort(results, (size_t)tries, sizeof *results, compare_results);
	printf("%-28s %8zu %10.3f ms %9.0f/s %6.0f ns %8u %7.1f MB %5.0f B %6llu/%llu/%llu", name,
	       list.count, median->cpu_s * 1e3, n / median->cpu_s, median->cpu_s * 1e9 / n,
	       median->most_live, median->bytes / 1e6, median->bytes / median->most_live,
	       (unsigned long long)median->statistics.propagated,
	       (unsigned long long)median->statistics.filled,
	       (unsigned long long)median->statistics.given_up);
	if (last_s > 0)
		printf("  growth %.2f", log(median->cpu_s / last_s) / log(n / last_n));
	printf("\n");
	free(list.flows);
	return median->cpu_s;
}

/* ---- a ring all-reduce, message by message ---- */

enum { RING_RANKS = 1024 };

struct ring {
	struct run run;
	dc_fluid_transfer sends[RING_RANKS]; /* to the next rank, kept from step to step */
	uint32_t steps[RING_RANKS];          /* still to come */
	uint8_t parts[RING_RANKS];           /* of the present step: sent, received */
	double bytes;
	dc_time latency;
};

/* A rank that has sent and received its part begins its next step. */
static void ring_part(struct ring *ring, uint32_t rank)
{
	if (++ring->parts[rank] < 2)
		return;
	ring->parts[rank] = 0;
	if (--ring->steps[rank] &&
	    dc_fluid_transfers_restart(ring->run.transfers, ring->sends[rank], ring->bytes,
				       ring->latency) != DC_OK)
		exit(1);
}

static void ring_sent(void *context, uint64_t rank)
{
	struct ring *ring = context;

	ring->run.done++;
	ring_part(ring, (uint32_t)rank);
	ring_part(ring, (uint32_t)(rank + 1) % RING_RANKS);
}

/* 2(p-1) steps of L + S/(pB), each rank on a port of its own; 1 GiB. */
static void ring_all_reduce(double latency_s)
{
	static const uint32_t steps = 2 * (RING_RANKS - 1);
	struct ring *ring = calloc(1, sizeof *ring);
	double used_s, messages = (double)RING_RANKS * steps;
	uint32_t id;

	if (!ring)
		exit(1);
	ring->run.engine = dc_engine_create();
	ring->run.solver = dc_fluid_create();
	ring->run.transfers =
		dc_fluid_transfers_create(ring->run.engine, ring->run.solver, DC_PHASE_STATE);
	ring->bytes = 1073741824.0 / RING_RANKS;
	ring->latency = dc_time_from_s(latency_s);
	for (uint32_t i = 0; i < 2 * RING_RANKS; i++)
		if (dc_fluid_add_resource(ring->run.solver, link_bps, 1, &id) != DC_OK)
			exit(1);
	used_s = -bench_cpu_s();
	for (uint32_t i = 0; i < RING_RANKS; i++) {
		const struct dc_fluid_hop path[2] = {{i, 1},
						     {RING_RANKS + (i + 1) % RING_RANKS, 1}};
		const struct dc_fluid_transfer_spec spec = {.path = path,
							    .hops = 2,
							    .entity = i,
							    .bytes = ring->bytes,
							    .weight = 1,
							    .cap_bps = (double)INFINITY,
							    .multiplicity = 1,
							    .latency = ring->latency,
							    .kept = true,
							    .done = ring_sent,
							    .context = ring,
							    .argument = i};

		ring->steps[i] = steps;
		if (dc_fluid_transfers_start(ring->run.transfers, &spec, &ring->sends[i]) != DC_OK)
			exit(1);
	}
	if (dc_engine_run(ring->run.engine, NULL) != DC_OK || (double)ring->run.done != messages)
		exit(1);
	used_s += bench_cpu_s();
	printf("ring all-reduce, 1024 ranks, latency %3.0f ns: %.0f messages %8.1f ms %4.0f ns each, "
	       "ends at %.9g s (closed form %.9g)\n",
	       latency_s * 1e9, messages, used_s * 1e3, used_s * 1e9 / messages,
	       dc_time_to_s(dc_engine_now(ring->run.engine)),
	       steps * (latency_s + ring->bytes / link_bps));
	dc_fluid_transfers_destroy(ring->run.transfers);
	dc_fluid_destroy(ring->run.solver);
	dc_engine_destroy(ring->run.engine);
	free(ring);
}

void bench_fluid(void)
{
	double s;

	printf("\nsharing; solves by propagation / by filling / propagation given up\n");
	s = report("poisson, k=16", poisson(1000), 5, 0, 0);
	s = report("poisson, k=16", poisson(10000), 5, s, 1000);
	report("poisson, k=16", poisson(100000), 3, s, 10000);
	report("permutation, k=16", permutation(), 5, 0, 0);
	s = report("all-to-all, switch of 128", all_to_all(8, ROUTE_SWITCH), 5, 0, 0);
	report("all-to-all, switch of 1024", all_to_all(16, ROUTE_SWITCH), 1, s, 16256);
	s = report("all-to-all, k=8, d mod k", all_to_all(8, ROUTE_DESTINATION), 5, 0, 0);
	report("all-to-all, k=16, d mod k", all_to_all(16, ROUTE_DESTINATION), 1, s, 16256);
	report("all-to-all, k=8, hash", all_to_all(8, ROUTE_HASH), 5, 0, 0);
	ring_all_reduce(0);
	ring_all_reduce(500e-9);
}

/* The rows go by start, as start_next expects. */
static void write_list(const char *folder, const char *name, struct list list)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.csv", folder, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	fprintf(file, "id,bytes,start_s,links\n");
	for (size_t i = 0; i < list.count; i++) {
		const struct flow *flow = &list.flows[i];

		fprintf(file, "%zu,%.17g,%.17g,", i, flow->bytes, dc_time_to_s(flow->start));
		for (uint32_t h = 0; h < flow->hops; h++)
			fprintf(file, h ? " %u" : "%u", flow->path[h].resource);
		fputc('\n', file);
	}
	if (fclose(file)) {
		perror(path);
		exit(1);
	}
	free(list.flows);
}

void bench_fluid_write(const char *folder)
{
	write_list(folder, "poisson_1k", poisson(1000));
	write_list(folder, "poisson_10k", poisson(10000));
	write_list(folder, "poisson_100k", poisson(100000));
	write_list(folder, "permutation_1024", permutation());
	write_list(folder, "all_to_all_128_switch", all_to_all(8, ROUTE_SWITCH));
	write_list(folder, "all_to_all_128_d_mod_k", all_to_all(8, ROUTE_DESTINATION));
	write_list(folder, "all_to_all_128_hash", all_to_all(8, ROUTE_HASH));
}

/* False when the line is not a row that write_list could have written. */
static bool read_row(const char *line, struct flow *flow, uint32_t *links)
{
	double start_s;
	int used = 0;

	if (sscanf(line, "%*u,%lf,%lf,%n", &flow->bytes, &start_s, &used) != 2 || !used)
		return false;
	flow->start = dc_time_from_s(start_s);
	for (line += used; *line && *line != '\n'; line += used) {
		uint32_t link;

		if (flow->hops == MAX_HOPS || sscanf(line, "%u%n", &link, &used) != 1)
			return false;
		flow->path[flow->hops++] = (struct dc_fluid_hop){link, 1.0};
		if (link >= *links)
			*links = link + 1;
	}
	return flow->hops > 0;
}

static struct list read_list(const char *path)
{
	FILE *file = fopen(path, "r");
	struct list list = {0};
	char line[256];

	if (!file || !fgets(line, sizeof line, file)) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof line, file)) {
		struct flow flow = {0};

		if (!read_row(line, &flow, &list.links)) {
			fprintf(stderr, "%s: not a row of a flow list: %s", path, line);
			exit(1);
		}
		/* Doubles at powers of two. */
		if (!(list.count & (list.count - 1))) {
			list.flows = realloc(list.flows, (list.count ? 2 * list.count : 1) *
								 sizeof *list.flows);
			if (!list.flows)
				exit(1);
		}
		list.flows[list.count++] = flow;
	}
	fclose(file);
	return list;
}

void bench_fluid_run(const char *path)
{
	struct list list = read_list(path);
	dc_time *ends = malloc((list.count + 1) * sizeof *ends);
	struct result result;
	double before, peak;

	if (!ends || !list.count)
		exit(1);
	/* Written to now: it is no part of the simulation. */
	for (size_t i = 0; i <= list.count; i++)
		ends[i] = DC_TIME_NEVER;
	before = bench_memory_bytes("VmRSS");
	result = simulate(&list, ends);
	peak = bench_memory_bytes("VmHWM");
	printf("cpu_s %.9f\npeak_bytes %.0f\ngrown_bytes %.0f\n", result.cpu_s, peak,
	       peak - before);
	for (size_t i = 0; i < list.count; i++)
		printf("%zu %.17g\n", i, dc_time_to_s(ends[i] - list.flows[i].start));
	free(ends);
	free(list.flows);
}
