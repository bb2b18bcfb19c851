/* All-to-alls, barriers and servers: messages carry what the algorithm's definition says, and in
 * the end everybody has what was promised. */
#include "algorithm_rig.h"

/* --- all-to-all: items of (from whom, for whom) move --- */

/* Those that a member holds for which `goes` says where: to `to`. */
typedef bool goes(const uint64_t *sizes, uint64_t p, uint64_t step, uint64_t from, uint64_t to,
		  uint64_t source, uint64_t target);

static void play_items(struct flow *flow, const uint64_t *sizes, uint64_t step, uint64_t from,
		       uint64_t to, goes *which)
{
	struct flow_load *load = flow_send(flow, from, to, true);

	for (uint64_t target = 0; target < flow->p; target++)
		for (uint64_t source = 0; source < flow->p; source++)
			if (flow->have[from][target] >> source & 1 &&
			    which(sizes, flow->p, step, from, to, source, target))
				load->blocks[target] |= (uint64_t)1 << source;
}

static bool is_for(const uint64_t *sizes, uint64_t p, uint64_t step, uint64_t from, uint64_t to,
		   uint64_t source, uint64_t target)
{
	(void)sizes, (void)p, (void)step, (void)from, (void)source;
	return target == to;
}

/* Bruck: items whose whole way has this bit. */
static bool has_bit(const uint64_t *sizes, uint64_t p, uint64_t step, uint64_t from, uint64_t to,
		    uint64_t source, uint64_t target)
{
	(void)sizes, (void)from, (void)to;
	return (target + p - source) % p >> step & 1;
}

/* Two levels: items for those with the receiver's digit. */
static bool has_digit(const uint64_t *sizes, uint64_t p, uint64_t step, uint64_t from, uint64_t to,
		      uint64_t source, uint64_t target)
{
	uint64_t inner = 1;

	(void)p, (void)from, (void)source;
	for (uint64_t f = 0; f < step; f++)
		inner *= sizes[f];
	return target / inner % sizes[step] == to / inner % sizes[step];
}

static void start_items(struct rig *rig, const struct dc_algorithm_type *type,
			const uint64_t *sizes, size_t count)
{
	struct dc_request request = {
		.operation = DC_OPERATION_ALL_TO_ALL, .size_bytes = 720720, .chunks = 1};

	rig_start(rig, type, sizes, count, &request);
	rig_track(rig, 0, rig->group.size, 1, FLOW_ITEMS);
}

/* In turns, all at once, pairwise: its item to each. */
Test(algorithm_exchange, straight_all_to_all)
{
	static const struct dc_algorithm_type *const types[] = {
		&dc_algorithm_direct, &dc_algorithm_direct_at_once, &dc_algorithm_pairwise};

	for (size_t i = 0; i < SIZES; i++)
		for (size_t t = 0; t < 3; t++) {
			uint64_t p = sizes_tested[i];
			bool xors = t == 2 && (p & (p - 1)) == 0;
			struct rig rig;

			start_items(&rig, types[t], &p, 1);
			for (uint64_t s = 1; s < p; s++) {
				for (uint64_t m = 0; m < p; m++)
					play_items(&rig.flow, &p, 0, m, xors ? m ^ s : (m + s) % p,
						   is_for);
				if (t != 1 || s + 1 == p)
					flow_step_end(&rig.flow);
			}
			rig_check(&rig);
			rig_stop(&rig);
		}
}

Test(algorithm_exchange, bruck_all_to_all)
{
	for (uint64_t p = 2; p <= 64; p++) {
		struct rig rig;

		start_items(&rig, &dc_algorithm_bruck, &p, 1);
		for (uint64_t s = 0; s < flow_log(p); s++) {
			for (uint64_t m = 0; m < p; m++)
				play_items(&rig.flow, &p, s, m, (m + ((uint64_t)1 << s)) % p,
					   has_bit);
			flow_step_end(&rig.flow);
		}
		rig_check(&rig);
		rig_stop(&rig);
	}
}

/* Everybody sends the first parts it has, counted from its own: 1, 2, 4, ..., then what is
 * missing. */
Test(algorithm_exchange, bruck_all_gather)
{
	for (uint64_t p = 2; p <= 64; p++) {
		struct dc_request request = {.operation = DC_OPERATION_ALL_GATHER,
					     .size_bytes = 1e6};
		struct rig rig;
		struct flow *flow;

		rig_start(&rig, &dc_algorithm_bruck, &p, 1, &request);
		flow = rig_track(&rig, 0, p, 1, FLOW_BLOCKS);
		for (uint64_t s = 0; s < flow_log(p); s++) {
			uint64_t far = (uint64_t)1 << s;

			for (uint64_t m = 0; m < p; m++)
				flow_send_new(flow, m, (m + p - far) % p);
			flow_step_end(flow);
		}
		rig_check(&rig);
		rig_stop(&rig);
	}
}

Test(algorithm_exchange, two_level)
{
	static const uint64_t sizes[][3] = {{2, 2}, {2, 3}, {8, 4}, {3, 5}, {3, 2, 4}, {4, 4, 4}};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t count = sizes[i][2] ? 3 : 2;
		uint64_t inner = 1;
		struct rig rig;

		start_items(&rig, &dc_algorithm_two_level, sizes[i], count);
		for (size_t f = 0; f < count; f++) {
			uint64_t n = sizes[i][f];

			for (uint64_t s = 1; s < n; s++) {
				for (uint64_t m = 0; m < rig.group.size; m++) {
					uint64_t digit = m / inner % n, to = (digit + s) % n;

					play_items(&rig.flow, sizes[i], f, m,
						   m + to * inner - digit * inner, has_digit);
				}
				flow_step_end(&rig.flow);
			}
			inner *= n;
		}
		rig_check(&rig);
		rig_stop(&rig);
	}
}

/* --- barriers: whom a member knows to be there --- */

Test(algorithm_exchange, barriers)
{
	for (size_t i = 0; i < SIZES; i++)
		for (int direct = 0; direct < 2; direct++) {
			uint64_t p = sizes_tested[i];
			struct dc_request request = {.operation = DC_OPERATION_BARRIER,
						     .size_bytes = 1e6};
			struct rig rig;
			struct flow *flow;

			rig_start(&rig, direct ? &dc_algorithm_direct : &dc_algorithm_dissemination,
				  &p, 1, &request);
			flow = rig_track(&rig, 0, 1, 1, FLOW_NONE);
			for (uint64_t s = 1; s < p; s = direct ? s + 1 : 2 * s) {
				for (uint64_t m = 0; m < p; m++)
					flow_send_all(flow, m, (m + s) % p, true);
				if (!direct || s + 1 == p)
					flow_step_end(flow);
			}
			rig_check(&rig);
			/* Hensgen, Finkel and Manber 1988: ceil(log2 p) rounds. */
			cr_assert_eq(dc_schedule_steps(&rig.schedule), direct ? 1 : flow_log(p));
			cr_assert_eq(dc_schedule_bytes(&rig.schedule), 0);
			rig_stop(&rig);
		}
}

/* --- servers: block s is the shard of member s --- */

Test(algorithm_exchange, parameter_server)
{
	for (size_t i = 0; i < SIZES; i++)
		for (uint64_t k = 1; k <= sizes_tested[i]; k++) {
			uint64_t p = sizes_tested[i];
			struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
						     .size_bytes = 1e6,
						     .servers = k};
			struct rig rig;
			struct flow *flow;

			rig_start(&rig, &dc_algorithm_parameter_server, &p, 1, &request);
			flow = rig_track(&rig, 0, k, 1, FLOW_BLOCKS);
			for (int pull = 0; pull < 2; pull++) {
				for (uint64_t server = 0; server < k; server++)
					for (uint64_t m = 0; m < p; m++)
						if (m != server)
							flow_carry(
								flow,
								flow_send(flow, pull ? server : m,
									  pull ? m : server, !pull),
								server);
				flow_step_end(flow);
			}
			rig_check(&rig);
			/* Every member but the server pushes each shard and pulls it. */
			cr_assert_float_eq(dc_schedule_bytes(&rig.schedule),
					   2 * (double)(p - 1) * 1e6, 1e-3);
			rig_stop(&rig);
		}
}
