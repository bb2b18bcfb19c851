/* Flows over explicit graphs: sharing by hand, paths, latency, what adds up. */
#include <math.h>

#include "rig.h"

/* Implied links of 50 GB/s. Each of two has 25 GB/s until the first has passed its 1e9 bytes, at
 * 40 ms; the other then has 1e9 left at 50 GB/s: 60 ms (hand). */
Test(flows, two_share_a_link)
{
	struct rig rig;

	rig_run(&rig, NULL, "small,a,b,1e9,0,x\nlarge,c,d,2e9,0,x\n");
	rig_expect(&rig, "small", 0.040, "x");
	rig_expect(&rig, "large", 0.060, "x");
	cr_expect(rig.traffic.implied);
	cr_expect_eq(rig.order[0], 0);
	rig_free(&rig);
}

/* Max-min, not equal parts: a long flow over both links is held to 10 of the second link's 20 GB/s, so
 * the one beside it on the first link has 40 of 50: 1e9 bytes in 25 ms, and 100 ms for the others
 * [Bertsekas and Gallager 1992, sec. 6.5.2; hand]. */
Test(flows, unused_shares_go_to_others)
{
	struct rig rig;

	rig_run(&rig, "p,a,b,50 GB/s,0 s\nq,b,c,20 GB/s,0 s\n",
		"long,a,c,1e9,0,\nfirst,a,b,1e9,0,\nsecond,b,c,1e9,0,\n");
	rig_expect(&rig, "first", 0.025, "p");
	rig_expect(&rig, "long", 0.100, "q");
	rig_expect(&rig, "second", 0.100, "q");
	rig_free(&rig);
}

/* One ends just as the next starts: they never meet. 1e9 bytes at 50 GB/s: 20 ms each. */
Test(flows, end_meets_start)
{
	struct rig rig;

	rig_run(&rig, NULL, "one,a,b,1e9,0,x\ntwo,a,b,1e9,0.02,x\n");
	rig_expect(&rig, "one", 0.020, "x");
	rig_expect(&rig, "two", 0.040, "x");
	rig_free(&rig);
}

/* Alone: latencies of the path, then bytes over the least bandwidth, cut through. Starting later and
 * listed first changes nothing. */
Test(flows, latency_and_rate)
{
	struct rig rig;

	rig_run(&rig, "p,a,b,50 GB/s,1 us\nq,b,c,400 Gb/s,2 us\nr,c,d,10 GB/s,0 s\n",
		"late,a,d,1e6,1,\nempty,a,c,0,0,\nquick,a,c,1e6,0.5,\n");
	rig_expect(&rig, "empty", 3e-6, "");
	rig_expect(&rig, "quick", 0.5 + 3e-6 + 20e-6, "p");
	rig_expect(&rig, "late", 1 + 3e-6 + 100e-6, "r");
	cr_expect_eq(rig.order[0], 1);
	cr_expect(rig.ends[0].start == DC_TIME_S, "starts at its time");
	rig_free(&rig);
}

/* n flows into one host: each has 1/n of the link, so all end after n times the time of one. */
Test(flows, incast)
{
	for (int n = 1; n <= 16; n *= 2) {
		char text[2048] = "";
		struct rig rig;

		for (int i = 0; i < n; i++)
			snprintf(text + strlen(text), sizeof text - strlen(text),
				 "f%d,h%d,sink,5e8,0,up%d down\n", i, i, i);
		rig_run(&rig, NULL, text);
		for (int i = 0; i < n; i++) {
			char id[16];

			snprintf(id, sizeof id, "f%d", i);
			rig_expect(&rig, id, 0.010 * n, n > 1 ? "down" : "up0");
			/* Ends of an instant come in the order of the list. */
			cr_expect_eq(rig.order[i], (uint32_t)i);
		}
		rig_free(&rig);
	}
}

/* A path that is given is taken, though another is shorter; that of `routed` is the shorter. */
Test(flows, given_path)
{
	struct rig rig;

	rig_run(&rig, "short,a,b,50 GB/s,1 us\nx,a,s,10 GB/s,1 us\ny,s,b,10 GB/s,1 us\n",
		"given,a,b,1e6,0,x y\nrouted,a,b,1e6,0,\n");
	cr_expect_eq(rig.traffic.flows[0].hops, 2);
	cr_expect_eq(rig.traffic.flows[1].hops, 1);
	rig_expect(&rig, "given", 2e-6 + 100e-6, "x");
	rig_expect(&rig, "routed", 1e-6 + 20e-6, "short");
	rig_free(&rig);
}

/* Links without ends serve given paths only, between any vertices. */
Test(flows, links_without_ends)
{
	struct rig rig;

	rig_run(&rig, "p,,,50 GB/s,0 s\nq,a,b,25 GB/s,0 s\n", "f,x,b,1e9,0,p q\n");
	rig_expect(&rig, "f", 0.040, "q");
	rig_free(&rig);
}

static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

/* What must hold of any list: bytes on links are those of the flows that cross them; no flow beats its
 * path alone; the busiest link bounds the time from below. Random flows over a tree of switches. */
Test(flows, bytes_are_conserved)
{
	enum { HOSTS = 12, FLOWS = 300 };
	char links[4096] = "", flows[1 << 15] = "";
	uint64_t state = 5;

	for (int i = 0; i < HOSTS; i++)
		snprintf(links + strlen(links), sizeof links - strlen(links),
			 "u%d,h%d,s%d,%d GB/s,1 us\nd%d,s%d,h%d,50 GB/s,1 us\n", i, i, i / 4,
			 10 + 5 * i, i, i / 4, i);
	for (int i = 0; i < HOSTS / 4; i++)
		snprintf(links + strlen(links), sizeof links - strlen(links),
			 "U%d,s%d,top,70 GB/s,1 us\nD%d,top,s%d,70 GB/s,1 us\n", i, i, i, i);
	for (int i = 0; i < FLOWS; i++) {
		int from = (int)draw(&state, HOSTS), to = (int)draw(&state, HOSTS - 1);

		snprintf(flows + strlen(flows), sizeof flows - strlen(flows),
			 "f%d,h%d,h%d,%d,%g,\n", i, from, to < from ? to : to + 1,
			 (int)draw(&state, 100000000), (double)draw(&state, 1000) * 1e-5);
	}
	struct rig rig;
	double *sent;

	rig_run(&rig, links, flows);
	sent = calloc(dc_graph_link_count(&rig.traffic.graph), sizeof *sent);
	for (size_t i = 0; i < rig.traffic.count; i++) {
		const struct dc_traffic_flow *flow = &rig.traffic.flows[i];
		double least = (double)INFINITY;

		for (uint32_t k = 0; k < flow->hops; k++) {
			sent[flow->links[k]] += flow->bytes;
			least = fmin(least, rig.traffic.graph.links[flow->links[k]].bandwidth_bps);
		}
		/* Start and end are rounded to the femtosecond. */
		cr_expect(dc_time_to_s(rig.ends[i].finish - rig.ends[i].start) + 2e-15 >=
				  (1 - 1e-12) * (dc_time_to_s(flow->latency) + flow->bytes / least),
			  "flow %zu is faster than its path", i);
	}
	for (size_t i = 0; i < dc_graph_link_count(&rig.traffic.graph); i++) {
		double capacity = rig.traffic.graph.links[i].bandwidth_bps;

		cr_expect_float_eq(rig.carried_bytes[i], sent[i], 1e-12 * sent[i],
				   "link %s carried %.17g, flows sent %.17g",
				   rig.traffic.graph.ids.texts[i], rig.carried_bytes[i], sent[i]);
		cr_expect_geq(dc_time_to_s(rig.end) * capacity, sent[i] * (1 - 1e-12));
	}
	free(sent);
	rig_free(&rig);
}

/* Each of these lists has one fault, and one message. The words are in tests/cases/. */
Test(flows, refusals)
{
	static const char *const bad[] = {
		"f,a,b,-1,0,x\n",  "f,a,b,1,-1,x\n",   "f,a,b,1,0,\n",
		"f,,b,1,0,x\n",    ",a,b,1,0,x\n",     "f,a,b,1,0,x x\n",
		"f,a,b,nan,0,x\n", "f,a,b,1 GB,0,x\n", "f,a,b,1,0,x\nf,a,b,1,0,x\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct rig rig;

		cr_expect_eq(rig_read(&rig, NULL, bad[i]), DC_ERR_INPUT, "%s", bad[i]);
		cr_expect_eq(dc_diag_errors(rig.diag), 1, "%s", bad[i]);
		rig_free(&rig);
	}
}
