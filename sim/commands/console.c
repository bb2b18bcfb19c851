/* The console: progress, plan and summary. */
#include "commands/console.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "commands/console_words.h"
#include "fabric/measures.h"

static double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void dc_console_progress_init(struct dc_console_progress *progress, FILE *out)
{
	*progress = (struct dc_console_progress){.out = out, .begun_s = clock_s()};
}

void dc_console_progress_show(struct dc_console_progress *progress, double share)
{
	enum { WIDTH = 40 };
	double now_s = clock_s();
	double left_s;
	int full = (int)(fmin(1.0, share) * WIDTH);

	if (now_s - progress->shown_s < 0.1 || now_s - progress->begun_s < 0.3 || share <= 0)
		return;
	left_s = (now_s - progress->begun_s) * (1 - share) / share;
	progress->shown_s = now_s;
	progress->visible = true;
	fprintf(progress->out, "\r[%.*s%*s] %3.0f %%  %.0f s left ", full,
		"########################################", WIDTH - full, "", share * 100, left_s);
	fflush(progress->out);
}

void dc_console_progress_clear(struct dc_console_progress *progress)
{
	if (progress->visible)
		fprintf(progress->out, "\r%70s\r", "");
	progress->visible = false;
}

/* "6 switches, " and the like; nothing for none. */
static void print_count(FILE *out, const char *before, uint64_t count, const char *noun,
			const char *plural)
{
	char text[64];

	if (count)
		fprintf(out, "%s%s %s", before, grouped((double)count, text),
			count == 1 ? noun : plural);
}

static void print_measures(const struct dc_fabric *fabric, FILE *out)
{
	struct dc_fabric_measures m;
	char text[64];

	if (dc_fabric_measure(fabric, &m))
		return;
	line(out, "network");
	print_count(out, "", fabric->ranks, "end point", "end points");
	print_count(out, ", ", m.links, "link", "links");
	fprintf(out, "; at most %llu link%s apart", (unsigned long long)m.diameter,
		m.diameter == 1 ? "" : "s");
	fprintf(out, "; bisection %s\n", human(m.bisection_bps, DC_DIM_BANDWIDTH, text));
	line(out, "");
	print_count(out, "", m.parts.cables, "cable", "cables");
	print_count(out, m.parts.cables ? ", " : "", m.parts.switches, "switch", "switches");
	print_count(out, ", ", m.parts.modules, "module", "modules");
	if (!isnan(m.parts.power_w))
		fprintf(out, "; %s", human(m.parts.power_w, DC_DIM_POWER, text));
	if (!isnan(m.parts.price_usd))
		fprintf(out, "; %s", human(m.parts.price_usd, DC_DIM_MONEY, text));
	fputc('\n', out);
}

void dc_console_fabric(const struct dc_datacenter *dc, FILE *out)
{
	char bandwidth[64], latency[64], words[512];

	for (size_t i = 0; i < dc->fabric.count; i++) {
		const struct dc_fabric_dimension *d = &dc->fabric.dimensions[i];

		line(out, i ? "" : "fabric");
		fprintf(out, "%s of %llu at %s per direction, %s per link", d->type->name,
			(unsigned long long)d->size,
			human(d->bandwidth_bps, DC_DIM_BANDWIDTH, bandwidth),
			human(d->latency_s, DC_DIM_TIME, latency));
		if (d->transport && d->transport->name)
			fprintf(out, ", transport %s", d->transport->name);
		fputc('\n', out);
		if (d->type->words) {
			d->type->words(d, words, sizeof words);
			line(out, "");
			fprintf(out, "  %s\n", words);
		}
	}
	print_measures(&dc->fabric, out);
}

/* "ResNet-50 on 64 x A100 in 8 nodes" */
static void print_head(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_training_workload *workload = dc_scenario_training(dc->scenario);
	char count[64];

	fprintf(out, "%s: %s on %s x %s in %llu node%s\n", dc->scenario->name,
		workload->model->name ? workload->model->name : "inline model",
		grouped((double)dc->fabric.ranks, count),
		dc->accelerator->name ? dc->accelerator->name : "inline accelerator",
		(unsigned long long)dc->nodes, dc->nodes == 1 ? "" : "s");
}

static void print_work(const struct dc_datacenter *dc, const double *s, FILE *out)
{
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	double epoch = (double)dc_training_iterations_per_epoch(w);
	double iterations = s[DC_SUMMARY_ITERATIONS];
	char text[64], each[64];

	line(out, "iterations");
	fprintf(out, "%s in %s", grouped(iterations, text),
		human(s[DC_SUMMARY_DURATION_S], DC_DIM_TIME, each));
	if (iterations >= epoch)
		fprintf(out, " (%.4g epochs)", iterations / epoch);
	if (iterations > 0)
		fprintf(out, ", %s each", human(s[DC_SUMMARY_ITERATION_S], DC_DIM_TIME, text));
	fputc('\n', out);
	dc_console_speed(dc, s, out);
}

/* "largest: all-reduce of 25.0 MB by ring-bidirectional/simple, 663 us (ring: 1.99x)", and below it the link. */
static void print_collective(const struct dc_simulation_largest *largest, FILE *out)
{
	const struct dc_collective *how = &largest->how;
	char size[64], time[64];

	if (!how->algorithm)
		return;
	line(out, "collectives");
	fprintf(out, "largest: %s of %s by %s/%s, %s", dc_operation_name(largest->operation),
		human(largest->size_bytes, DC_DIM_BYTES, size), how->algorithm->name,
		dc_protocol_names[how->protocol],
		human(dc_time_to_s(how->duration), DC_DIM_TIME, time));
	if (how->second && how->second != how->algorithm)
		fprintf(out, " (%s: %.2fx)", how->second->name,
			dc_time_ratio(how->second_duration, how->duration));
	if (how->passed_over)
		fprintf(out, "; %u untried, too large", how->passed_over);
	fputc('\n', out);
	if (!*largest->bottleneck)
		return;
	line(out, "");
	fprintf(out, "held back by %s\n", largest->bottleneck);
}

/* What distorts the PUE of this run. */
static void print_heat(const double *s, FILE *out)
{
	double stored_j = s[DC_SUMMARY_HEAT_STORED_J];
	bool limited = s[DC_SUMMARY_COOLING_LIMITED_SHARE] > 0;
	char text[64];

	if (limited) {
		line(out, "");
		fprintf(out,
			"the plant was too small for %.1f %% of the time; the room ends at %.1f degC\n",
			s[DC_SUMMARY_COOLING_LIMITED_SHARE] * 100, s[DC_SUMMARY_ROOM_END_DEGC]);
	}
	/* A short run heats the building before the plant sees it: its PUE is not the long run's. */
	if (stored_j > 0.02 * s[DC_SUMMARY_HEAT_REMOVED_J]) {
		line(out, "");
		fprintf(out, "%s of heat still in racks and room: %s\n",
			human(stored_j, DC_DIM_ENERGY, text),
			limited ? "the PUE leaves out what was never removed"
				: "a longer run's PUE is higher");
	}
}

static void print_energy(const double *s, FILE *out)
{
	double utility = s[DC_SUMMARY_ENERGY_UTILITY_J];
	double percent = 100 / utility;
	char text[64], part[64], mean[64];

	line(out, "energy");
	fprintf(out, "%s from the utility, PUE %.3f\n", human(utility, DC_DIM_ENERGY, text),
		s[DC_SUMMARY_PUE]);
	line(out, "");
	fprintf(out,
		"IT %.1f %%: accelerators %.1f, hosts %.1f, drives and network %.1f, PSU loss %.1f\n",
		s[DC_SUMMARY_ENERGY_IT_J] * percent, s[DC_SUMMARY_ENERGY_ACCELERATORS_J] * percent,
		s[DC_SUMMARY_ENERGY_HOSTS_J] * percent,
		(s[DC_SUMMARY_ENERGY_DRIVES_J] + s[DC_SUMMARY_ENERGY_NETWORK_J]) * percent,
		s[DC_SUMMARY_ENERGY_PSU_LOSS_J] * percent);
	line(out, "");
	fprintf(out, "overhead %.1f %%: PDU loss %.1f, cooling %.1f\n",
		(utility - s[DC_SUMMARY_ENERGY_IT_J]) * percent,
		s[DC_SUMMARY_ENERGY_PDU_LOSS_J] * percent,
		s[DC_SUMMARY_ENERGY_COOLING_J] * percent);
	print_heat(s, out);
	line(out, "power");
	fprintf(out,
		"%s from the utility, at most %s over a facility step; IT's highest instant %s\n",
		human(utility / s[DC_SUMMARY_DURATION_S], DC_DIM_POWER, mean),
		human(s[DC_SUMMARY_PEAK_UTILITY_W], DC_DIM_POWER, text),
		human(s[DC_SUMMARY_PEAK_IT_W], DC_DIM_POWER, part));
}

/* Cents; of amounts that are small in cents, three digits. */
static const char *money(double usd, char text[64])
{
	snprintf(text, 64, fabs(usd) >= 0.1 || usd == 0 ? "%.2f" : "%.3g", usd);
	return text;
}

/* What costs nothing only because the catalogue has no price for it. */
static void print_unpriced(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_list *tiers = &dc_scenario_site(dc->scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	bool drives = false;

	for (size_t i = 0; i < tiers->count; i++)
		drives = drives || dc_tier_price_usd(&items[i]) <= 0;
	if (dc->accelerator->price_usd > 0 && dc->host->price_usd > 0 && !drives)
		return;
	line(out, "");
	fprintf(out, "hardware leaves out what has no price:%s%s%s\n",
		dc->accelerator->price_usd > 0 ? "" : " accelerators",
		dc->host->price_usd > 0 ? "" : " hosts", drives ? " drives" : "");
}

static void print_money(const struct dc_datacenter *dc, const double *s, FILE *out)
{
	const struct dc_economics *e = &dc->scenario->economics;
	double electricity = s[DC_SUMMARY_COST_ELECTRICITY_USD];
	double hardware = s[DC_SUMMARY_COST_HARDWARE_USD];
	double kwh = s[DC_SUMMARY_ENERGY_UTILITY_J] / 3.6e6;
	char total[64], text[64], part[64];

	line(out, "cost");
	fprintf(out, "%s USD",
		money(isnan(electricity) ? hardware : electricity + hardware, total));
	if (e->year)
		fprintf(out, " of %llu", (unsigned long long)e->year);
	if (isnan(electricity))
		fputs(": hardware (amortised); electricity unknown, facility.grid.price is not given\n",
		      out);
	else
		fprintf(out, ": electricity %s, hardware %s (amortised)\n",
			money(electricity, text), money(hardware, part));
	print_unpriced(dc, out);
	line(out, "carbon");
	if (isnan(s[DC_SUMMARY_CARBON_KG]))
		fputs("unknown, facility.grid.carbon is not given\n", out);
	else
		fprintf(out, "%s CO2e, %.0f g/kWh\n",
			human(s[DC_SUMMARY_CARBON_KG], DC_DIM_CARBON, text),
			s[DC_SUMMARY_CARBON_KG] * 1e3 / kwh);
}

/* Whether training is more than replicas of the whole model that take a batch at once. */
static bool has_plan(const struct dc_datacenter *dc)
{
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	const struct dc_parallelism *p = &w->parallelism;

	return p->data < dc->fabric.ranks || p->zero || p->expert > 1 || w->recompute ||
	       w->software || dc->plan.pipeline.micro_batches > 1;
}

void dc_console_summary(const struct dc_datacenter *datacenter,
			const struct dc_simulation_result *result, const char *output, FILE *out)
{
	if (datacenter->traffic) {
		dc_console_network_summary(datacenter, result, output, out);
		return;
	}
	if (datacenter->collectives) {
		dc_console_collectives_summary(datacenter, result, output, out);
		return;
	}
	print_head(datacenter, out);
	if (has_plan(datacenter))
		dc_console_parallelism(datacenter, out);
	print_work(datacenter, result->summary, out);
	dc_console_bottleneck(result, out);
	print_collective(&result->largest, out);
	print_energy(result->summary, out);
	print_money(datacenter, result->summary, out);
	if (result->interrupted)
		fputs("  interrupted: the figures are of the part that ran\n", out);
	if (output) {
		line(out, "result");
		fprintf(out, "%s; next: dcsim plot %s\n", output, output);
	}
}

static void print_reading(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	char rate[64], size[64];

	line(out, "data");
	if (!dc->tier) {
		fputs("nothing is read\n", out);
		return;
	}
	fprintf(out, "%s samples of %s; tier '%s' delivers %.0f per second to each accelerator\n",
		grouped((double)w->dataset.samples, rate),
		human(w->dataset.sample_bytes, DC_DIM_BYTES, size), dc_tier_name(dc->tier),
		dc->machine.samples_per_s);
}

/* A file's name, or a value; what stands for it when it is not given. */
static const char *given(const struct dc_node *node, const char *absent)
{
	if (!node || dc_node_is_null(node))
		return absent;
	return node->kind == DC_NODE_SCALAR ? node->text : "constant";
}

static void print_surroundings(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_facility *facility = dc->facility;

	line(out, "outdoors");
	fprintf(out, "weather %s; price %s; carbon %s\n",
		given(facility->weather, "not given: 20 degC"),
		given(facility->grid.price, "not given: cost unknown"),
		given(facility->grid.carbon, "not given: carbon unknown"));
}

void dc_console_plan(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_training_workload *w;
	char size[64];

	if (dc->traffic) {
		dc_console_network_plan(dc, out);
		return;
	}
	if (dc->collectives) {
		dc_console_collectives_plan(dc, out);
		return;
	}
	w = dc_scenario_training(dc->scenario);
	print_head(dc, out);
	dc_console_fabric(dc, out);
	line(out, "model");
	fprintf(out, "%.4g %s parameters, %s, %.4g TFLOP per iteration and accelerator\n",
		dc->plan.parameters / (dc->plan.parameters < 1e9 ? 1e6 : 1e9),
		dc->plan.parameters < 1e9 ? "M" : "G", dc_precision_names[w->precision],
		dc->plan.flops / 1e12);
	line(out, "batch");
	fprintf(out, "%llu per data-parallel rank, %llu in all, %llu iterations per epoch\n",
		(unsigned long long)w->batch.per_accelerator, (unsigned long long)w->batch.global,
		(unsigned long long)dc_training_iterations_per_epoch(w));
	dc_console_parallelism(dc, out);
	line(out, "gradients");
	fprintf(out, "%s in %llu bucket%s by all-reduce, algorithm %s\n",
		human(dc->plan.gradient_bytes, DC_DIM_BYTES, size),
		(unsigned long long)dc->plan.buckets, dc->plan.buckets == 1 ? "" : "s",
		w->synchronization.algorithm);
	print_reading(dc, out);
	dc_console_memory(dc, out);
	line(out, "room");
	fprintf(out, "%llu rack%s, %s rated, plant '%s'\n", (unsigned long long)dc->racks,
		dc->racks == 1 ? "" : "s",
		human(dc->node_rated_w * (double)dc->nodes, DC_DIM_POWER, size),
		dc_plant_name(dc->plant));
	print_surroundings(dc, out);
}
