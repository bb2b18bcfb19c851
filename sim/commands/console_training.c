/* The console: how training is divided, how fast it is, and what it waits for. */
#include <math.h>

#include "commands/console_words.h"

/* "8 tensor x 4 pipeline x 12 data", axes of one left out. */
static void print_degrees(const struct dc_parallelism *p, FILE *out)
{
	bool first = true;

	for (int i = 0; i < DC_PARALLEL_AXES; i++) {
		uint64_t size = dc_parallelism_axis_size(p, p->order[i]);

		if (size == 1)
			continue;
		fprintf(out, "%s%llu %s", first ? "" : " x ", (unsigned long long)size,
			dc_parallel_axis_names[p->order[i]]);
		first = false;
	}
	if (first)
		fputs("one accelerator", out);
}

void dc_console_parallelism(const struct dc_datacenter *dc, FILE *out)
{
	static const char *const recomputes[] = {"no recomputation", "selective recomputation",
						 "full recomputation"};
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	const struct dc_parallelism *p = &w->parallelism;
	const struct dc_pipeline *pipeline = &dc->plan.pipeline;

	line(out, "plan");
	print_degrees(p, out);
	fprintf(out, " (rank order, innermost first)%s", p->sequence ? ", sequence parallel" : "");
	if (p->zero)
		fprintf(out, ", zero %llu", (unsigned long long)p->zero);
	fputc('\n', out);
	line(out, "");
	fprintf(out, "%u micro-batch%s of %llu", pipeline->micro_batches,
		pipeline->micro_batches == 1 ? "" : "es", (unsigned long long)w->batch.micro);
	if (pipeline->stages > 1)
		fprintf(out, ", %s%s", pipeline->chunks > 1 ? "interleaved " : "",
			dc_schedule_kind_names[pipeline->kind]);
	if (pipeline->chunks > 1)
		fprintf(out, " in %u parts per stage", pipeline->chunks);
	fprintf(out, ", %s", recomputes[w->recompute]);
	if (w->recompute_layers)
		fprintf(out, " of %llu layers per stage", (unsigned long long)w->recompute_layers);
	fprintf(out, ", software %s\n", dc_software_of(w->software)->name);
}

void dc_console_speed(const struct dc_datacenter *dc, const double *s, FILE *out)
{
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	double rate = s[DC_SUMMARY_SAMPLES_PER_S], tokens = s[DC_SUMMARY_TOKENS_PER_S];
	double ranks = s[DC_SUMMARY_ACCELERATORS];
	char text[64];

	line(out, "speed");
	if (rate >= 100)
		grouped(rate, text);
	else
		snprintf(text, sizeof text, "%.3g", rate);
	fprintf(out, "%s %s/s", text, w->model->unit ? w->model->unit : "sample");
	if (isnan(tokens))
		fprintf(out, " (%.4g per accelerator)", rate / ranks);
	else
		fprintf(out, ", %s token/s (%.4g per accelerator)", grouped(tokens, text),
			tokens / ranks);
	fprintf(out, ", MFU %.1f %%", s[DC_SUMMARY_MFU] * 100);
	if (s[DC_SUMMARY_HFU] > s[DC_SUMMARY_MFU] * 1.0005)
		fprintf(out, ", HFU %.1f %%", s[DC_SUMMARY_HFU] * 100);
	fputc('\n', out);
	if (dc->accelerator->efficiency.calibration)
		return;
	line(out, "");
	fprintf(out, "uncalibrated: no measured training stands behind the efficiencies of '%s'\n",
		dc->accelerator->name ? dc->accelerator->name : "(inline)");
}

/* "exposed: tensor 12.3 %, sends 1.1 %". */
static void print_exposed(const struct dc_simulation_result *result, FILE *out)
{
	bool first = true;

	if (result->exposed_count < 2)
		return;
	for (size_t i = 0; i < result->exposed_count; i++) {
		if (first)
			line(out, "");
		fprintf(out, "%s%s %.1f %%", first ? "exposed: " : ", ", result->exposed[i].name,
			result->exposed[i].share * 100);
		first = false;
	}
	fputc('\n', out);
}

void dc_console_bottleneck(const struct dc_simulation_result *result, FILE *out)
{
	const double *s = result->summary;
	double compute = s[DC_SUMMARY_COMPUTE_SHARE];
	double communication = s[DC_SUMMARY_EXPOSED_COMMUNICATION_SHARE];
	double stall = s[DC_SUMMARY_STALL_SHARE];
	double bubble = s[DC_SUMMARY_BUBBLE_SHARE];
	const char *what = "compute";

	if (communication > compute && communication >= stall && communication >= bubble)
		what = "communication";
	else if (stall > compute && stall >= bubble)
		what = "storage";
	else if (bubble > compute)
		what = "the pipeline";
	line(out, "bottleneck");
	fprintf(out, "%s (compute %.1f %%, exposed communication %.1f %%, data stall %.1f %%", what,
		compute * 100, communication * 100, stall * 100);
	/* Only stages of a pipeline, and ranks of different speed, wait for each other. */
	if (bubble > 0)
		fprintf(out, ", bubble %.1f %%", bubble * 100);
	fputs(")\n", out);
	print_exposed(result, out);
}

void dc_console_memory(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_training_fitting *fitting = &dc->fitting;
	const struct dc_training_memory *memory = &fitting->stages[fitting->fullest];
	char text[512], size[64], of[64];

	dc_training_memory_format(memory, text, sizeof text);
	line(out, "memory");
	fprintf(out, "%s of %s", human(memory->total_bytes, DC_DIM_BYTES, size),
		human(dc->accelerator->memory.size_bytes, DC_DIM_BYTES, of));
	if (fitting->count > 1)
		fprintf(out, " in stage %llu, the fullest", (unsigned long long)fitting->fullest);
	fputc('\n', out);
	line(out, "");
	fprintf(out, "%s\n", text);
}
