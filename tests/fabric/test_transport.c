/* Transports: every catalogue entry, closed forms by hand, and the measured all-reduces. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "../hardware/catalogue.h"
#include "fabric/rings.h"
#include "fabric/transport.h"

static char names[][16] = {
	"ideal",          "nvlink2", "nvlink3", "nvlink4", "nvlink5",        "xgmi",
	"infiniband-edr", "roce",    "efa",     "ici",     "infiniband-hdr", "infiniband-ndr",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const struct dc_transport *read_transport(const struct catalogue *catalogue,
						 const char *yaml)
{
	const struct dc_transport *t = catalogue_read(catalogue, &dc_transport_family, yaml);

	cr_assert_eq(dc_transport_check(t, NULL, catalogue->diag), DC_OK);
	return t;
}

static void expect_close(double value, double wanted)
{
	cr_expect_float_eq(value, wanted, 1e-12 * wanted, "%.15g instead of %.15g", value, wanted);
}

Test(transport, the_catalogue_holds_exactly_the_tested_ones)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *found = NULL;
	size_t count = 0;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "transports", &found, &count), DC_OK);
	cr_expect_eq(count, (size_t)NAMES, "%zu entries", count);
	catalogue_close(&catalogue);
}

ParameterizedTestParameters(transport, every_entry_is_in_its_physical_range)
{
	return cr_make_param_array(char[16], names, NAMES);
}

/* The ranges of tests/validation/collectives/fit_transports.py: launches up to 60 us, NCCL's latency of
 * a hop from its least (0.47 us, LL inside a node) to its most (50 us, Simple between nodes). */
ParameterizedTest(char (*name)[16], transport, every_entry_is_in_its_physical_range)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_transport *t = read_transport(&catalogue, *name), *back;
	bool ideal = strcmp(*name, "ideal") == 0;
	double last_s = 60e-6;

	cr_expect_str_eq(t->name, *name);
	cr_expect_not_null(t->description);
	cr_expect(t->startup_s <= 60e-6);
	cr_expect(ideal == (t->startup_s <= 0.0));
	cr_expect(t->efficiency >= 0.5 && t->efficiency <= 1.0);
	cr_expect(t->relay >= 0.5 && t->relay <= 1.0);
	cr_expect(t->in_network <= 0.0 || t->in_network >= 0.5);
	for (int p = 0; p < DC_PROTOCOLS; p++) { /* from the longest step to the shortest */
		const struct dc_transport_protocol *protocol =
			dc_transport_protocol(t, (enum dc_protocol)p);

		if (!protocol)
			continue;
		cr_expect_eq(protocol->name, p);
		cr_expect(protocol->step_s <= last_s, "%s: a shorter step than before", *name);
		cr_expect(ideal || protocol->step_s >= 0.47e-6);
		last_s = protocol->step_s;
	}
	back = catalogue_round_trip(&catalogue, &dc_transport_family, t);
	cr_expect_eq(back->protocols.count, t->protocols.count);
	cr_expect_eq(back->efficiency, t->efficiency);
	cr_expect_eq(back->startup_s, t->startup_s);
	catalogue_close(&catalogue);
}

/* 2(p-1)(L + S/(pB)): 1 GiB over 8 hosts, 50 GB/s, 500 ns: 0.03758796384 s (SimGrid 3.32). */
Test(transport, ideal_is_the_bare_ring)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_transport *t = read_transport(&catalogue, "ideal");

	for (int p = 0; p < DC_PROTOCOLS; p++) {
		const struct dc_transport_protocol *protocol =
			dc_transport_protocol(t, (enum dc_protocol)p);

		cr_assert_not_null(protocol);
		cr_expect_float_eq(
			dc_transport_ring_s(t, protocol, 8, 1, false, 50e9, 500e-9, 1073741824.0),
			0.03758796384, 1e-11);
		cr_expect_eq(dc_transport_inflation(t, protocol, true, 50e9), 1.0);
		cr_expect_eq(dc_transport_ring_s(t, protocol, 1, 1, false, 50e9, 500e-9, 1e9), 0.0);
	}
	cr_expect_eq(dc_transport_copy_s(t, 1e9), 0.0);
	catalogue_close(&catalogue);
}

static const char round_numbers[] =
	"{startup: 10 us, efficiency: 0.8, in_network: 0.5, relay: 0.5, copy: 1000 GB/s, protocols: ["
	"{name: simple, step: 5 us}, {name: ll, factor: 0.25, step: 1 us, cap: 1 GB/s}]}";

/* By hand, 4 members, 2 rings of 100 GB/s, 8 MB, 1 us of latency. Simple: parts of 2 MB, messages of 1
 * MB: 10 + 6 (1 + 5 + 12.5) + 2 x 2 = 125 us; relayed 25 us a message: 200 us. LL: 1 MB at 20 GB/s
 * would take 50 us, its cap makes it 1,000 us: 10 + 6 (1 + 1 + 1000) + 4 = 6,026 us. */
Test(transport, ring_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_transport *t = read_transport(&catalogue, round_numbers);
	const struct dc_transport_protocol *simple = dc_transport_protocol(t, DC_PROTOCOL_SIMPLE);
	const struct dc_transport_protocol *ll = dc_transport_protocol(t, DC_PROTOCOL_LL);

	cr_expect_null(dc_transport_protocol(t, DC_PROTOCOL_LL128));
	expect_close(dc_transport_ring_s(t, simple, 4, 2, false, 100e9, 1e-6, 8e6), 125e-6);
	expect_close(dc_transport_ring_s(t, simple, 4, 2, true, 100e9, 1e-6, 8e6), 200e-6);
	expect_close(dc_transport_ring_s(t, ll, 4, 2, false, 100e9, 1e-6, 8e6), 6026e-6);
	/* 1 / (0.8 x 0.25) on a slow link, the cap of 1 GB/s on a fast one */
	expect_close(dc_transport_inflation(t, ll, false, 4e9), 5.0);
	expect_close(dc_transport_inflation(t, ll, false, 100e9), 100.0);
	expect_close(dc_transport_inflation(t, simple, true, 100e9), 2.5);
	catalogue_close(&catalogue);
}

/* By hand, 4 members, ports of 100 GB/s, 8 MB: 10 + 2 (1 + 5) + 10 MB / 50 GB/s = 222 us. */
Test(transport, in_network_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_transport *t = read_transport(&catalogue, round_numbers);
	const struct dc_transport_protocol *simple = dc_transport_protocol(t, DC_PROTOCOL_SIMPLE);

	expect_close(dc_transport_in_network_s(t, simple, 4, 100e9, 1e-6, 8e6), 222e-6);
	cr_expect_eq(dc_transport_in_network_s(t, simple, 1, 100e9, 1e-6, 8e6), 0.0);
	catalogue_close(&catalogue);
}

/* Three stages of 1, 3 and 1 s per byte and 2 s of latency each, the first and the last on the same
 * links. 12 bytes in one chunk: (2 + 12) + (2 + 36) + (2 + 12) = 66 s. In 4 chunks of 3 bytes: 5 + 11 +
 * 5 to fill, 3 beats of 11: 54 s; in 2: 8 + 20 + 8 + 20 = 56; in 8: 3.5 + 6.5 + 3.5 + 7 x 6.5 = 59. So 4
 * is the best. With 4 s per byte instead of 1 the shared links have 2 (2 + 48) = 100 s to do, more
 * than 4 chunks of 14, 11, 14 s with 3 beats of 14 = 81 s. */
Test(transport, pipeline_by_hand)
{
	static const struct dc_transport_stage stages[] = {{0, 2, 1}, {1, 2, 3}, {0, 2, 1}};
	static const struct dc_transport_stage shared[] = {{0, 2, 4}, {1, 2, 3}, {0, 2, 4}};
	double best_s = 0.0;

	expect_close(dc_transport_pipeline_s(stages, 3, 12, 1), 66);
	expect_close(dc_transport_pipeline_s(stages, 3, 12, 2), 56);
	expect_close(dc_transport_pipeline_s(stages, 3, 12, 4), 54);
	expect_close(dc_transport_pipeline_s(stages, 3, 12, 8), 59);
	cr_expect_eq(dc_transport_pipeline_chunks(stages, 3, 12, &best_s), 4);
	expect_close(best_s, 54);
	expect_close(dc_transport_pipeline_s(shared, 3, 12, 4), 100);
	/* nothing to send: latencies alone, one chunk */
	cr_expect_eq(dc_transport_pipeline_chunks(stages, 3, 0, &best_s), 1);
	expect_close(best_s, 6);
}

Test(transport, refusals_name_the_place)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_transport *t;
	void *out;

	t = catalogue_read(&catalogue, &dc_transport_family, "{protocols: [{name: ll}]}");
	cr_expect_eq(dc_transport_check(t, NULL, catalogue.diag), DC_ERR_INPUT);
	t = catalogue_read(&catalogue, &dc_transport_family,
			   "{protocols: [{name: simple}, {name: simple}]}");
	cr_expect_eq(dc_transport_check(t, NULL, catalogue.diag), DC_ERR_INPUT);
	cr_expect_eq(catalogue_try(&catalogue, &dc_transport_family, "{efficiency: 0}", &out),
		     DC_ERR_INPUT);
	cr_expect_eq(catalogue_try(&catalogue, &dc_transport_family, "{startup: 5}", &out),
		     DC_ERR_INPUT);
	catalogue_expect(&catalogue, "one must be 'simple'");
	catalogue_expect(&catalogue, "the protocol 'simple' is there twice");
	catalogue_expect(&catalogue, "test.yaml:1");
	catalogue_close(&catalogue);
}

/* --- The measured all-reduces of one node, in closed form ---------------------------------------- */

struct machine {
	const struct dc_transport *transport;
	struct dc_graph graph; /* without links: a switch */
	uint32_t members[8];
	double port_bps;
};

static double ring_s(const struct machine *machine, unsigned members, double size_bytes)
{
	double least_s = (double)INFINITY, link_bps = machine->port_bps;
	struct dc_rings rings = {.count = 1};

	if (dc_graph_link_count(&machine->graph))
		dc_rings_on_graph(&machine->graph, machine->members, members, &rings, &link_bps);
	for (int p = 0; p < DC_PROTOCOLS; p++) {
		const struct dc_transport_protocol *protocol =
			dc_transport_protocol(machine->transport, (enum dc_protocol)p);

		if (protocol)
			least_s = fmin(least_s,
				       dc_transport_ring_s(machine->transport, protocol, members,
							   rings.count, rings.relays > 0, link_bps,
							   0.0, size_bytes));
	}
	return least_s;
}

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Errors of the rows of one accelerator, in order. */
static size_t errors_of(const char *gpu, const struct machine *machine, double *errors, size_t room)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	char path[512], line[512], name[8];
	size_t count = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/validation/collectives/allreduce_nvlink.csv", source);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	while (fgets(line, sizeof line, file)) {
		unsigned members;
		double size_bytes, measured_us;

		if (sscanf(line, "%7[^,],%u,%lf,%lf", name, &members, &size_bytes, &measured_us) !=
			    4 ||
		    strcmp(name, gpu) != 0)
			continue;
		cr_assert_lt(count, room);
		errors[count++] =
			fabs(ring_s(machine, members, size_bytes) / (1e-6 * measured_us) - 1.0);
	}
	fclose(file);
	qsort(errors, count, sizeof *errors, ascending);
	return count;
}

/* nccl-tests on 2 to 8 V100 of a DGX-1 and 2 to 8 A100 behind NVSwitch, 1 MiB to 1 GiB [VIA-Research/
 * vTrain, trace]. The project's bounds are 10 % and 30 %; the model holds 3 % and 10 %. */
Test(transport, measured_all_reduces)
{
	struct catalogue catalogue = catalogue_open();
	struct machine a100 = {.port_bps = 300e9}, v100 = {.port_bps = 0.0};
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	double errors[512];
	size_t count;

	a100.transport = read_transport(&catalogue, "nvlink3");
	v100.transport = read_transport(&catalogue, "nvlink2");
	dc_graph_init(&a100.graph, catalogue_arena(&catalogue));
	dc_graph_init(&v100.graph, catalogue_arena(&catalogue));
	cr_assert_eq(dc_graph_read(&v100.graph, catalogue.diag,
				   dc_arena_printf(catalogue_arena(&catalogue),
						   "%s/topologies/dgx1v-links.csv", source)),
		     DC_OK);
	cr_assert_eq(dc_graph_index(&v100.graph), DC_OK);
	for (int i = 0; i < 8; i++) {
		const char *name = dc_arena_printf(catalogue_arena(&catalogue), "gpu%d", i);

		v100.members[i] = dc_intern_find(&v100.graph.vertices, name);
	}
	count = errors_of("A100", &a100, errors, 512);
	cr_assert_eq(count, 142);
	cr_expect_lt(errors[count / 2], 0.03);
	cr_expect_lt(errors[count * 9 / 10], 0.10);
	count = errors_of("V100", &v100, errors, 512);
	cr_assert_eq(count, 169);
	cr_expect_lt(errors[count / 2], 0.03);
	cr_expect_lt(errors[count * 9 / 10], 0.10);
	catalogue_close(&catalogue);
}
