/* For tests of traffic: links and flows given as text, carried, every end kept. */
#ifndef DC_TESTS_TRAFFIC_RIG_H
#define DC_TESTS_TRAFFIC_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traffic/carrier.h"

struct rig {
	char folder[64];
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_traffic traffic;
	struct dc_traffic_end *ends; /* by flow */
	uint32_t *order;             /* flows as they ended */
	size_t ended;
	double *carried_bytes; /* by link, at the end */
	dc_time end;
};

static inline void rig_write(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

/* links may be NULL. The texts come without their header. */
static inline enum dc_status rig_read(struct rig *rig, const char *links, const char *flows)
{
	enum dc_status status;
	char text[1 << 16];

	*rig = (struct rig){.folder = "/tmp/dcsim-traffic-XXXXXX", .diag = dc_diag_create()};
	rig->config = dc_config_create(rig->diag, (const char *const[]){NULL});
	cr_assert_not_null(mkdtemp(rig->folder));
	cr_assert_eq(chdir(rig->folder), 0);
	if (links) {
		snprintf(text, sizeof text, "id,from,to,bandwidth,latency\n%s", links);
		rig_write("links.csv", text);
	}
	snprintf(text, sizeof text, "id,src,dst,bytes,start_s,links\n%s", flows);
	rig_write("flows.csv", text);
	status = dc_traffic_read(rig->config, "flows.csv", links ? "links.csv" : NULL,
				 &rig->traffic);
	unlink("links.csv");
	unlink("flows.csv");
	rmdir(rig->folder);
	return status;
}

static inline enum dc_status rig_ended(void *context, const struct dc_traffic_end *end)
{
	struct rig *rig = context;

	rig->ends[end->flow] = *end;
	rig->order[rig->ended++] = end->flow;
	return DC_OK;
}

static inline void rig_carry(struct rig *rig)
{
	struct dc_engine *engine = dc_engine_create();
	struct dc_traffic_carrier *carrier;
	size_t links = dc_graph_link_count(&rig->traffic.graph);

	rig->ends = calloc(rig->traffic.count, sizeof *rig->ends);
	rig->order = calloc(rig->traffic.count, sizeof *rig->order);
	rig->carried_bytes = calloc(links, sizeof *rig->carried_bytes);
	carrier = dc_traffic_carrier_create(engine, &rig->traffic, rig_ended, rig);
	cr_assert_not_null(carrier);
	dc_traffic_carrier_start(carrier);
	cr_assert_eq(dc_engine_run(engine, NULL), DC_OK);
	cr_assert_eq(dc_traffic_carrier_ended(carrier), rig->traffic.count);
	rig->end = dc_engine_now(engine);
	for (size_t i = 0; i < links; i++)
		rig->carried_bytes[i] = dc_traffic_carrier_carried_bytes(carrier, (uint32_t)i);
	dc_traffic_carrier_destroy(carrier);
	dc_engine_destroy(engine);
}

/* Reads, which must succeed, and carries. */
static inline void rig_run(struct rig *rig, const char *links, const char *flows)
{
	enum dc_status status = rig_read(rig, links, flows);

	dc_diag_render(rig->diag, stderr, false);
	cr_assert_eq(status, DC_OK);
	rig_carry(rig);
}

static inline void rig_free(struct rig *rig)
{
	free(rig->ends);
	free(rig->order);
	free(rig->carried_bytes);
	dc_config_destroy(rig->config);
	dc_diag_destroy(rig->diag);
}

/* A flow's finish within 1 fs per change of its rate and 1e-15 relative; its bottleneck's name, "" for
 * none. */
static inline void rig_expect(const struct rig *rig, const char *flow, double finish_s,
			      const char *bottleneck)
{
	const struct dc_traffic_end *end = &rig->ends[dc_intern_find(&rig->traffic.ids, flow)];
	double found_s = dc_time_to_s(end->finish);

	cr_expect_float_eq(found_s, finish_s, 4e-15 + 1e-15 * finish_s,
			   "%s ends at %.17g s, expected %.17g s", flow, found_s, finish_s);
	if (end->bottleneck == DC_GRAPH_NONE)
		cr_expect_str_eq(bottleneck, "", "%s is held back by nothing", flow);
	else
		cr_expect_str_eq(rig->traffic.graph.ids.texts[end->bottleneck], bottleneck, "%s",
				 flow);
}

#endif
