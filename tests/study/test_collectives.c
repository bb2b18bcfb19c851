/* Measured collectives: the tables that ship, the closed forms behind them, rows that cannot be run. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/machine.h"
#include "study/validation.h"

static const char *source_folder(void)
{
	return getenv("srcdir") ? getenv("srcdir") : ".";
}

static struct dc_validation *start(void)
{
	struct dc_validation *validation = calloc(1, sizeof *validation);
	const char *folders[] = {source_folder(), NULL};

	cr_assert_eq(dc_validation_init(validation, dc_diag_create(), folders), DC_OK);
	return validation;
}

static void stop(struct dc_validation *validation)
{
	struct dc_diag *diag = validation->diag;

	dc_validation_fini(validation);
	dc_diag_destroy(diag);
	free(validation);
}

static void run_text(struct dc_validation *validation, const char *text)
{
	char path[] = "/tmp/dcsim-collectives-XXXXXX";
	int file = mkstemp(path);

	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
	cr_assert_eq(dc_validation_run(validation, path, NULL), DC_OK);
	unlink(path);
}

static void run_shipped(struct dc_validation *validation, const char *name, const char *by)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/validation/collectives/%s.csv", source_folder(),
		 name);
	cr_assert_eq(dc_validation_run(validation, path, by), DC_OK);
}

/* Every suite's median error at most 10 %, its 90th percentile at most 30 %; what is left out is so for
 * its notes, up to 1 GiB. */
static void expect_errors(const char *name, const char *by, size_t rows, size_t unscored)
{
	struct dc_validation *validation = start();
	size_t left_out = 0;

	run_shipped(validation, name, by);
	cr_assert_eq(validation->count, rows);
	for (size_t i = 0; i < rows; i++) {
		const struct dc_validation_result *r = &validation->results[i];
		struct dc_validation_statistics s;

		cr_assert_null(r->failure, "%s", r->failure);
		left_out += r->unscored != NULL;
		cr_assert_eq(dc_validation_summarize(validation, r->suite, true, &s), DC_OK);
		cr_expect_gt(s.count, 0);
		cr_expect_leq(s.median, 0.1, "%s", r->suite);
		cr_expect_leq(s.percentile90, 0.3, "%s", r->suite);
	}
	cr_expect_eq(left_out, unscored);
	stop(validation);
}

Test(collectives, shipped_by_source)
{
	expect_errors("collectives", "source", 32, 3);
}

Test(collectives, shipped_by_gpu)
{
	expect_errors("allreduce_nvlink", "gpu", 311, 0);
}

static const struct dc_transport *transport(struct dc_validation *validation, const char *name)
{
	const struct dc_mark nowhere = {0};
	void *entry;

	cr_assert_eq(dc_catalogue_read(validation->config, &dc_transport_family,
				       dc_node_scalar(validation->arena, &nowhere, name), &entry),
		     DC_OK);
	return entry;
}

/* The cheapest protocol of a ring collective on so many rings. */
static double ring_s(const struct dc_transport *t, unsigned members, unsigned rings, bool relayed,
		     double link_bps, double size_bytes)
{
	double best_s = (double)INFINITY;

	for (int p = 0; p < DC_PROTOCOLS; p++) {
		const struct dc_transport_protocol *protocol =
			dc_transport_protocol(t, (enum dc_protocol)p);

		if (protocol)
			best_s =
				fmin(best_s, dc_transport_ring_s(t, protocol, members, rings,
								 relayed, link_bps, 0, size_bytes));
	}
	return best_s;
}

/* On one node the run gives the closed forms of transport.h: a ring behind NVSwitch; 1, 2, 4, 2, 2, 4, 6
 * rings on the first 2 to 8 of a DGX-1, with 5 by relays; 7 rings between eight MI300X; in the switch. */
Test(collectives, one_node_is_closed_forms)
{
	static const unsigned rings[] = {0, 0, 1, 2, 4, 2, 2, 4, 6};
	static const double sizes[] = {1e6, 3e7, 1e9};
	struct dc_validation *validation = start();
	char text[16384] = "gpu,n_gpu,size_B,oop_time_us\n";
	size_t at = strlen(text), row = 0;

	for (unsigned n = 2; n <= 8; n++)
		for (size_t i = 0; i < 3; i++)
			at += (size_t)snprintf(text + at, sizeof text - at,
					       "A100,%u,%.0f,1\nV100,%u,%.0f,1\n", n, sizes[i], n,
					       sizes[i]);
	snprintf(text + at, sizeof text - at, "MI300X,8,1e9,1\nH200,8,1e9,1\n");
	run_text(validation, text);
	for (unsigned n = 2; n <= 8; n++)
		for (size_t i = 0; i < 3; i++) {
			double a100_s = ring_s(transport(validation, "nvlink3"), n, 1, false, 300e9,
					       sizes[i]);
			double v100_s = ring_s(transport(validation, "nvlink2"), n, rings[n],
					       n == 5, 25e9, sizes[i]);

			cr_expect_float_eq(validation->results[row].predicted, a100_s * 1e6,
					   1e-6 * a100_s * 1e6, "%u A100, %g bytes", n, sizes[i]);
			cr_expect_float_eq(validation->results[row + 1].predicted, v100_s * 1e6,
					   1e-6 * v100_s * 1e6, "%u V100, %g bytes", n, sizes[i]);
			row += 2;
		}
	cr_expect_float_eq(validation->results[row].predicted,
			   1e6 * ring_s(transport(validation, "xgmi"), 8, 7, false, 64e9, 1e9), 1);
	cr_expect_float_eq(validation->results[row + 1].predicted,
			   1e6 * dc_transport_in_network_s(
					 transport(validation, "nvlink4"),
					 dc_transport_protocol(transport(validation, "nvlink4"),
							       DC_PROTOCOL_SIMPLE),
					 8, 450e9, 0, 1e9),
			   1);
	cr_expect_str_eq(validation->results[row + 1].detail, "in-network, simple");
	stop(validation);
}

/* Whatever a table calls them; the size is nccl-tests' (doc/PERFORMANCE.md there): a reduce-scatter and an
 * all-gather of S move half of an all-reduce of S. */
Test(collectives, operations)
{
	struct dc_validation *validation = start();
	double large_us[8];

	run_text(validation, "gpu,n_gpu,collective,size_B,time_us\n"
			     "A100,8,all_reduce,1e10,1\nA100,8,AllReduce,1e10,1\n"
			     "A100,8,all_reduce_perf,1e10,1\nA100,8,,1e10,1\n"
			     "A100,8,reduce_scatter,1e10,1\nA100,8,all-gather,1e10,1\n"
			     "A100,8,alltoall,1e10,1\nA100,8,sendrecv,1e10,1\n"
			     "A100,8,broadcast,1e10,1\nA100,8,gather,1e10,1\n"
			     "A100,8,scatter,1e10,1\nA100,8,reduce,1e10,1\n");
	cr_assert_eq(validation->count, 12);
	for (size_t i = 0; i < 12; i++) {
		cr_expect_null(validation->results[i].failure, "row %zu", i + 1);
		cr_expect_gt(validation->results[i].predicted, 0);
	}
	for (size_t i = 0; i < 8; i++)
		large_us[i] = validation->results[i].predicted;
	for (size_t i = 1; i < 4; i++)
		cr_expect_eq(large_us[i], large_us[0]);
	cr_expect_float_eq(large_us[4] / large_us[0], 0.5, 0.01);
	cr_expect_eq(large_us[4], large_us[5]);
	/* 7/8 of S through a port, and all of it. */
	cr_expect_float_eq(large_us[6] / large_us[7], 7.0 / 8, 0.01);
	stop(validation);
}

Test(collectives, rows_that_cannot_be_run)
{
	static const struct {
		const char *row, *words;
	} rows[] = {
		{"TPU v4,8,1,,all_reduce,1e6,10", "no machine is known for 'TPU v4'"},
		{"A100-PCIE-40GB,8,1,,all_reduce,1e6,10", "no machine is known"},
		{"A100,12,1,,all_reduce,1e6,10", "8 accelerators per node"},
		{"A100,16,3,IB,all_reduce,1e6,10", "do not divide"},
		{"H100,16,2,Slingshot,all_reduce,1e6,10", "no network 'Slingshot'"},
		{"H100,16,2,,all_reduce,1e6,10", "no network"},
		{"A100,8,1,,all_shuffle,1e6,10", "no collective is called 'all_shuffle'"},
		{"A100,8,1,,all_reduce,many,10", "size_B"},
		{"A100,8,1,,all_reduce,-1,10", "size_B"},
		{"A100,8,1,,all_reduce,1e6,0", "time"},
		{"A100,8,1,,all_reduce,1e6,", "time"},
		{"A100,2.5,1,,all_reduce,1e6,10", "n_gpu"},
		{"A100,8,no,,all_reduce,1e6,10", "n_nodes"},
		{"A100,1,1,,all_reduce,1e6,10", "one accelerator"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct dc_validation *validation = start();
		struct dc_validation_statistics s;
		char text[512];

		snprintf(text, sizeof text,
			 "gpu,n_gpu,n_nodes,network,collective,size_B,time_us\n%s\n", rows[i].row);
		run_text(validation, text);
		cr_assert_eq(validation->count, 1);
		cr_assert_not_null(validation->results[0].failure, "%s", rows[i].row);
		cr_expect_not_null(strstr(validation->results[0].failure, rows[i].words), "%s: %s",
				   rows[i].row, validation->results[0].failure);
		cr_assert_eq(dc_validation_summarize(validation, NULL, true, &s), DC_OK);
		cr_expect_eq(s.failed, 1);
		cr_expect_eq(s.count, 0);
		stop(validation);
	}
}

/* The note counts up to 1 GiB. */
Test(collectives, anomalous_rows_are_not_scored)
{
	struct dc_validation *validation = start();
	struct dc_validation_statistics s;

	run_text(validation, "gpu,n_gpu,collective,size_B,time_us,notes\n"
			     "A100,8,all_reduce,1073741824,1,looks anomalous\n"
			     "A100,8,all_reduce,1073741825,8240,looks anomalous\n"
			     "A100,8,all_reduce,1073741824,8240,\n");
	cr_expect_not_null(validation->results[0].unscored);
	cr_expect_gt(validation->results[0].predicted, 8000);
	cr_expect_null(validation->results[1].unscored);
	cr_assert_eq(dc_validation_summarize(validation, NULL, true, &s), DC_OK);
	cr_expect_eq(s.count, 2);
	cr_expect_eq(s.unscored, 1);
	cr_expect_lt(s.largest, 0.01);
	stop(validation);
}

/* Everything that ships is physical: NVLink 2 to 5, xGMI, InfiniBand EDR, HDR and NDR, RoCE, EFA, ICI;
 * `ideal` has no constants. Two tables list them once. */
Test(collectives, constants_are_physical)
{
	static const char table[] = "gpu,n_gpu,size_B,oop_time_us\nA100,8,1e6,10\n";
	struct dc_validation *validation = start();

	run_text(validation, table);
	run_text(validation, table);
	cr_expect_eq(validation->use_count, 11);
	for (size_t i = 0; i < validation->use_count; i++) {
		struct dc_validation_constant constants[DC_VALIDATION_CONSTANTS];
		size_t count = dc_validation_constants(&validation->uses[i], constants);

		cr_expect_geq(count, 3);
		for (size_t k = 0; k < count; k++) {
			cr_expect_geq(constants[k].value, constants[k].low, "%s %s",
				      constants[k].technology, constants[k].name);
			cr_expect_leq(constants[k].value, constants[k].high, "%s %s",
				      constants[k].technology, constants[k].name);
		}
	}
	stop(validation);
}

/* A machine's fabric: members inside, then a rail for each between nodes. */
Test(collectives, machines)
{
	struct dc_validation *validation = start();
	const struct dc_measured_machine **machines;
	const struct dc_machine_network *between;
	const char *why;
	size_t count, found = 0;

	cr_assert_eq(dc_machine_read_all(validation->config, &machines, &count), DC_OK);
	for (size_t i = 0; i < count; i++) {
		struct dc_fabric fabric;

		if (!dc_machine_is(machines[i], "amd mi300x oam"))
			continue;
		found++;
		cr_assert_eq(dc_machine_build(machines[i], validation->config, 16, 2,
					      "8 x 400G RoCE", &fabric, &between, &why),
			     DC_OK);
		cr_assert_eq(fabric.count, 2);
		cr_expect_eq(fabric.dimensions[0].size, 8);
		cr_expect_eq(fabric.dimensions[0].type->links(&fabric.dimensions[0]), 8 * 7);
		cr_expect_eq(fabric.dimensions[0].bandwidth_bps, 64e9);
		cr_expect_eq(fabric.dimensions[1].size, 2);
		cr_expect_eq(fabric.dimensions[1].bandwidth_bps, 50e9);
		cr_expect_str_eq(between->transport->name, "roce");
		cr_assert_eq(dc_machine_build(machines[i], validation->config, 2, 2, "RoCE",
					      &fabric, &between, &why),
			     DC_OK);
		cr_expect_eq(fabric.count, 1);
		cr_expect_eq(fabric.ranks, 2);
	}
	cr_expect_eq(found, 1);
	stop(validation);
}
