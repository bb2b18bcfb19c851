/* Flows on dimensions: routed as the policy says, moved when links change. */
#include <math.h>

#include "rig.h"
#include "traffic/flows_route.h"

struct routed {
	struct dc_fabric fabric, later[2];
	struct dc_plan_epoch epochs[3];
	size_t epoch_count;
	struct rig rig;
	double uses[16]; /* by flow */
};

static enum dc_status ended(void *context, const struct dc_traffic_end *end)
{
	struct routed *routed = context;

	routed->rig.ends[end->flow] = *end;
	routed->uses[end->flow] = end->uses;
	routed->rig.ended++;
	return DC_OK;
}

static void add(struct dc_fabric *fabric, const struct dc_topology_type *type, uint64_t size)
{
	const struct dc_fabric_dimension dimension = {
		.type = type,
		.size = size,
		.bandwidth_bps = 50e9,
		.latency_s = 1e-6,
	};

	cr_assert_eq(dc_fabric_add(fabric, &dimension), DC_OK);
}

static enum dc_status read_text(struct routed *routed, const char *rows)
{
	struct rig *rig = &routed->rig;
	enum dc_status status;
	char text[4096];

	*rig = (struct rig){.folder = "/tmp/dcsim-traffic-XXXXXX", .diag = dc_diag_create()};
	rig->config = dc_config_create(rig->diag, (const char *const[]){NULL});
	cr_assert_not_null(mkdtemp(rig->folder));
	cr_assert_eq(chdir(rig->folder), 0);
	snprintf(text, sizeof text, "id,src,dst,bytes,start_s\n%s", rows);
	rig_write("flows.csv", text);
	routed->epochs[0] = (struct dc_plan_epoch){0, &routed->fabric};
	if (!routed->epoch_count)
		routed->epoch_count = 1;
	status = dc_traffic_read_ranks(rig->config, "flows.csv", routed->epochs,
				       routed->epoch_count, &rig->traffic);
	unlink("flows.csv");
	rmdir(rig->folder);
	return status;
}

/* Runs all flows; links have carried what flows sent over them. */
static void run(struct routed *routed, const char *rows)
{
	struct rig *rig = &routed->rig;
	struct dc_engine *engine = dc_engine_create();
	struct dc_traffic_carrier *carrier;
	double carried = 0, sent = 0;

	cr_assert_eq(read_text(routed, rows), DC_OK);
	rig->ends = calloc(rig->traffic.count, sizeof *rig->ends);
	carrier = dc_traffic_carrier_create(engine, &rig->traffic, ended, routed);
	cr_assert_not_null(carrier);
	dc_traffic_carrier_start(carrier);
	cr_assert_eq(dc_engine_run(engine, NULL), DC_OK);
	cr_assert_eq(rig->ended, rig->traffic.count);
	rig->end = dc_engine_now(engine);
	for (uint32_t l = 0; l < dc_graph_link_count(&rig->traffic.graph); l++)
		carried += dc_traffic_carrier_carried_bytes(carrier, l);
	for (size_t f = 0; f < rig->traffic.count; f++)
		sent += rig->traffic.flows[f].bytes * routed->uses[f];
	if (!isnan(sent))
		cr_expect_float_eq(carried, sent, 1e-9 * sent);
	dc_traffic_carrier_destroy(carrier);
	dc_engine_destroy(engine);
}

static void release(struct routed *routed)
{
	free(routed->rig.ends);
	dc_config_destroy(routed->rig.config);
	dc_diag_destroy(routed->rig.diag);
}

static dc_time finish(const struct routed *routed, size_t flow)
{
	return routed->rig.ends[flow].finish;
}

/* On a ring 0->2 crosses 0->1 and 1->2, which 1->3 uses too: half of 50 GB/s each, 100 MB in 4 ms after
 * 2 us of latency; 3->2 is alone: 2 ms after 1 us. */
Test(flows_route, ring)
{
	struct routed routed = {0};

	add(&routed.fabric, &dc_topology_ring, 8);
	run(&routed, "a,0,2,100e6,0\nb,1,3,100e6,0\nc,5,4,100e6,0\n");
	cr_expect(finish(&routed, 0) == dc_time_from_s(4e-3 + 2e-6));
	cr_expect(finish(&routed, 1) == dc_time_from_s(4e-3 + 2e-6));
	cr_expect(finish(&routed, 2) == dc_time_from_s(2e-3 + 1e-6));
	cr_expect_eq(routed.uses[0], 2);
	cr_expect_str_eq(routed.rig.traffic.graph.ids.texts[routed.rig.ends[0].bottleneck],
			 "network:1->2");
	release(&routed);
}

/* On a ring of 4 the far corner is two hops away either way. Half of the bytes each way: 100 MB at twice 50 GB/s, 1 ms after 2 us; uses add up to 2. */
Test(flows_route, spray)
{
	struct routed routed = {0};

	add(&routed.fabric, &dc_topology_ring, 4);
	routed.fabric.routing.policy = DC_ROUTING_SPRAY;
	run(&routed, "a,0,2,100e6,0\n");
	cr_expect(finish(&routed, 0) == dc_time_from_s(1e-3 + 2e-6));
	cr_expect_float_eq(routed.uses[0], 2, 1e-12);
	release(&routed);
}

/* The second flow sees the first on one way and takes the other: 2 ms each; by plain routing both share one. */
Test(flows_route, adaptive)
{
	struct routed routed = {0};
	static const char rows[] = "a,0,2,100e6,0\nb,0,2,100e6,0\n";

	add(&routed.fabric, &dc_topology_ring, 4);
	run(&routed, rows);
	cr_expect(routed.rig.end == dc_time_from_s(4e-3 + 2e-6));
	release(&routed);
	routed.fabric.routing.policy = DC_ROUTING_ADAPTIVE;
	run(&routed, rows);
	cr_expect(routed.rig.end == dc_time_from_s(2e-3 + 2e-6));
	release(&routed);
}

/* 0->1 breaks after 1 ms + 1 us, when half of the 100 MB has passed; the other half goes the long way, at once; the
 * same rate, so it ends as if nothing had been. A second flow, on a link of the long way, then has half the
 * rate from there on: 50 MB at 25 GB/s, 3 ms + 1 us. Bytes are not lost; the first is marked as moved. */
Test(flows_route, breaks)
{
	struct routed routed = {0};
	struct dc_arena *arena = dc_arena_create();
	static const char rows[] = "a,0,1,100e6,0\nb,3,2,100e6,0\n";

	add(&routed.fabric, &dc_topology_ring, 4);
	routed.later[0] = routed.fabric;
	for (uint64_t l = 0; l < dc_fabric_links(&routed.fabric); l++) {
		struct dc_fabric_link link;

		dc_fabric_link(&routed.fabric, l, &link);
		if (link.from == 0 && link.to == 1)
			cr_assert_eq(dc_fabric_set_link(&routed.later[0], arena, l, 0, 1e-6),
				     DC_OK);
	}
	routed.epochs[1] = (struct dc_plan_epoch){dc_time_from_s(1e-3 + 1e-6), &routed.later[0]};
	routed.epochs[2] = (struct dc_plan_epoch){dc_time_from_s(1), &routed.fabric};
	routed.epoch_count = 3;
	run(&routed, rows);
	cr_expect(finish(&routed, 0) == dc_time_from_s(3e-3 + 1e-6));
	cr_expect(finish(&routed, 1) == dc_time_from_s(3e-3 + 1e-6));
	cr_expect(isnan(routed.uses[0]));
	cr_expect_eq(routed.uses[1], 1);
	/* What happens after the last flow does not keep the run going. */
	cr_expect(routed.rig.end == dc_time_from_s(3e-3 + 1e-6));
	release(&routed);
	dc_arena_destroy(arena);
}

Test(flows_route, refusals)
{
	static const char *const bad[][2] = {
		{"a,8,1,1,0\n", "src: '8' is no rank; expected 0 to 7"},
		{"a,0,x,1,0\n", "dst: 'x' is no rank; expected 0 to 7"},
		{"a,3,3,1,0\n", "flow 'a' leads from '3' to itself"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct routed routed = {0};
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		add(&routed.fabric, &dc_topology_ring, 8);
		cr_expect_eq(read_text(&routed, bad[i][0]), DC_ERR_INPUT);
		dc_diag_render(routed.rig.diag, out, false);
		fclose(out);
		cr_expect(strstr(text, bad[i][1]) != NULL, "%s", text);
		free(text);
		release(&routed);
	}
}
