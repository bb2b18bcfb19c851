/* The summary of a run. */
#include <math.h>

#include "scenario/recorder.h"

const struct dc_scalar dc_simulation_summary[DC_SIMULATION_SCALARS] = {
	{"duration_s", "s", "simulated time"},
	{"accelerators", "1", "accelerators"},
	{"iterations", "1", "iterations completed"},
	{"iteration_s", "s", "mean time of a completed iteration"},
	{"samples", "1", "samples trained on"},
	{"samples_per_s", "1/s", "samples per second of all accelerators"},
	{"tokens_per_s", "1/s", "tokens per second of all accelerators; nan without tokens"},
	{"mfu", "1", "model FLOP utilisation: model FLOP of completed iterations over peak"},
	{"hfu", "1",
	 "hardware FLOP utilisation: the same with what is computed again (recomputation)"},
	{"utilization_compute", "1", "share of the peak FLOP rate in use, time-weighted"},
	{"compute_share", "1", "share of accelerator time spent computing"},
	{"exposed_communication_share", "1", "share of accelerator time waiting for collectives"},
	{"stall_share", "1", "share of accelerator time waiting for data"},
	{"bubble_share", "1",
	 "share of accelerator time waiting for another stage, or at a barrier"},
	{"memory_b", "byte", "memory needed by an accelerator of the fullest stage"},
	{"memory_weights_b", "byte", "of it, weights"},
	{"memory_gradients_b", "byte", "of it, gradients"},
	{"memory_optimizer_b", "byte", "of it, states of the optimizer"},
	{"memory_activations_b", "byte", "of it, activations kept for the backward pass"},
	{"energy_utility_j", "J", "energy from the utility"},
	{"energy_it_j", "J", "energy of IT, metered at the PDU output"},
	{"energy_accelerators_j", "J", "energy of accelerators"},
	{"energy_hosts_j", "J", "energy of hosts without accelerators, drives and network"},
	{"energy_drives_j", "J", "energy of drives"},
	{"energy_network_j", "J", "energy of network interfaces; switches are not counted"},
	{"energy_psu_loss_j", "J", "energy lost in power supplies"},
	{"energy_pdu_loss_j", "J", "energy lost in power distribution"},
	{"energy_cooling_j", "J", "energy of cooling: compressors and fans"},
	{"heat_removed_j", "J", "heat carried out by the plant"},
	{"heat_stored_j", "J", "rise of the heat stored in racks and room"},
	{"pue", "1", "utility energy over IT energy"},
	{"peak_it_w", "W", "highest IT power of any moment"},
	{"peak_utility_w", "W",
	 "highest mean utility power of a facility step, or of the whole run"},
	{"cooling_limited_share", "1",
	 "share of time in which the plant could not hold its set point"},
	{"room_end_degc", "degree_Celsius", "room air at the end"},
	{"balance_residual", "1", "(utility - IT - losses - cooling) over utility energy"},
	{"heat_residual", "1", "(produced - removed - stored) over produced heat"},
	{"cost_electricity_usd", "USD", "cost of electricity; nan where no price is given"},
	{"cost_hardware_usd", "USD", "amortisation of accelerators, hosts and drives"},
	{"cost_total_usd", "USD", "electricity and amortisation"},
	{"cost_per_million_samples_usd", "USD", "total cost per million samples"},
	{"carbon_kg", "kg",
	 "operational carbon dioxide equivalent; nan where no intensity is given"},
	{"timeline_left_out", "1",
	 "operations of the iteration shown that the timeline had no room for"},
};

static double energy_j(const struct dc_load *load, enum dc_load_part part, dc_time now)
{
	return dc_sum_value(dc_signal_integral(&load->parts[part], now));
}

static void summarize_memory(const struct dc_datacenter *dc, double *s)
{
	const struct dc_training_memory *memory = &dc->fitting.stages[dc->fitting.fullest];

	s[DC_SUMMARY_MEMORY_B] = memory->total_bytes;
	s[DC_SUMMARY_MEMORY_WEIGHTS_B] = memory->weights_bytes;
	s[DC_SUMMARY_MEMORY_GRADIENTS_B] = memory->gradients_bytes;
	s[DC_SUMMARY_MEMORY_OPTIMIZER_B] = memory->optimizer_bytes;
	s[DC_SUMMARY_MEMORY_ACTIVATIONS_B] = memory->activations_bytes;
}

static void summarize_work(const struct dc_datacenter *dc, const struct dc_load *load,
			   uint64_t iterations, dc_time iterations_end, dc_time now, double *s)
{
	const struct dc_training_workload *w = dc_scenario_training(dc->scenario);
	double duration_s = dc_time_to_s(now);
	double count = (double)iterations;
	double peak_flops =
		dc_accelerator_peak_flops(dc->accelerator, (enum dc_precision)w->precision);

	s[DC_SUMMARY_DURATION_S] = duration_s;
	s[DC_SUMMARY_ACCELERATORS] = (double)dc->fabric.ranks;
	s[DC_SUMMARY_ITERATIONS] = count;
	s[DC_SUMMARY_ITERATION_S] = iterations ? dc_time_to_s(iterations_end) / count : (double)NAN;
	s[DC_SUMMARY_SAMPLES] = count * (double)w->batch.global;
	s[DC_SUMMARY_SAMPLES_PER_S] = s[DC_SUMMARY_SAMPLES] / duration_s;
	s[DC_SUMMARY_MFU] = dc->plan.model_flops * count / (peak_flops * duration_s);
	s[DC_SUMMARY_HFU] = dc->plan.flops * count / (peak_flops * duration_s);
	s[DC_SUMMARY_TOKENS_PER_S] =
		w->model->sequence ? s[DC_SUMMARY_SAMPLES_PER_S] * (double)w->model->sequence
				   : (double)NAN;
	s[DC_SUMMARY_UTILIZATION_COMPUTE] =
		dc_sum_value(dc_signal_integral(&load->uses[DC_USE_COMPUTE], now)) / duration_s;
	s[DC_SUMMARY_COMPUTE_SHARE] =
		dc_sum_value(dc_signal_integral(&load->uses[DC_USE_COMPUTING], now)) / duration_s;
	s[DC_SUMMARY_EXPOSED_COMMUNICATION_SHARE] =
		dc_sum_value(dc_signal_integral(&load->uses[DC_USE_COMMUNICATING], now)) /
		duration_s;
	s[DC_SUMMARY_STALL_SHARE] =
		dc_sum_value(dc_signal_integral(&load->uses[DC_USE_STALLED], now)) / duration_s;
	s[DC_SUMMARY_BUBBLE_SHARE] =
		dc_sum_value(dc_signal_integral(&load->uses[DC_USE_WAITING], now)) / duration_s;
}

/* (utility - every part) / utility: the parts come from their own signals, the utility's energy from
 * the facility's account. */
static double balance_residual(const struct dc_load *load, const struct dc_climate *climate,
			       dc_time now)
{
	struct dc_sum rest = climate->totals[DC_TOTAL_UTILITY_J];

	for (int i = 0; i < DC_LOAD_PARTS; i++)
		rest = dc_sum_sub(rest, dc_signal_integral(&load->parts[i], now));
	rest = dc_sum_sub(rest, climate->totals[DC_TOTAL_COOLING_J]);
	return dc_sum_value(rest) / dc_sum_value(climate->totals[DC_TOTAL_UTILITY_J]);
}

static void summarize_energy(const struct dc_load *load, const struct dc_climate *climate,
			     dc_time now, double *s)
{
	const struct dc_sum *totals = climate->totals;
	double produced_j = dc_sum_value(totals[DC_TOTAL_PRODUCED_J]);
	double mean_w = dc_sum_value(totals[DC_TOTAL_UTILITY_J]) / s[DC_SUMMARY_DURATION_S];

	s[DC_SUMMARY_ENERGY_UTILITY_J] = dc_sum_value(totals[DC_TOTAL_UTILITY_J]);
	s[DC_SUMMARY_ENERGY_IT_J] = dc_sum_value(totals[DC_TOTAL_IT_J]);
	s[DC_SUMMARY_ENERGY_ACCELERATORS_J] = energy_j(load, DC_PART_ACCELERATORS, now);
	s[DC_SUMMARY_ENERGY_HOSTS_J] = energy_j(load, DC_PART_HOSTS, now);
	s[DC_SUMMARY_ENERGY_DRIVES_J] = energy_j(load, DC_PART_DRIVES, now);
	s[DC_SUMMARY_ENERGY_NETWORK_J] = energy_j(load, DC_PART_NETWORK, now);
	s[DC_SUMMARY_ENERGY_PSU_LOSS_J] = energy_j(load, DC_PART_PSU_LOSS, now);
	s[DC_SUMMARY_ENERGY_PDU_LOSS_J] = energy_j(load, DC_PART_PDU_LOSS, now);
	s[DC_SUMMARY_ENERGY_COOLING_J] = dc_sum_value(totals[DC_TOTAL_COOLING_J]);
	s[DC_SUMMARY_HEAT_REMOVED_J] = dc_sum_value(totals[DC_TOTAL_REMOVED_J]);
	s[DC_SUMMARY_HEAT_STORED_J] = dc_sum_value(totals[DC_TOTAL_STORED_J]);
	s[DC_SUMMARY_PUE] = s[DC_SUMMARY_ENERGY_UTILITY_J] / s[DC_SUMMARY_ENERGY_IT_J];
	s[DC_SUMMARY_PEAK_IT_W] = dc_signal_greatest(&load->it_w, now);
	/* Only whole facility steps are candidates: a run of few of them may end above their peak. */
	s[DC_SUMMARY_PEAK_UTILITY_W] = fmax(climate->peak_utility_w, mean_w);
	s[DC_SUMMARY_COOLING_LIMITED_SHARE] =
		dc_sum_value(totals[DC_TOTAL_LIMITED_S]) / s[DC_SUMMARY_DURATION_S];
	s[DC_SUMMARY_ROOM_END_DEGC] = climate->state.room_degc;
	s[DC_SUMMARY_BALANCE_RESIDUAL] = balance_residual(load, climate, now);
	s[DC_SUMMARY_HEAT_RESIDUAL] = (produced_j - s[DC_SUMMARY_HEAT_REMOVED_J] -
				       dc_datacenter_climate_stored_j(climate)) /
				      produced_j;
}

static void summarize_money(const struct dc_datacenter *dc, const struct dc_climate *climate,
			    double *s)
{
	s[DC_SUMMARY_COST_ELECTRICITY_USD] = dc_sum_value(climate->totals[DC_TOTAL_COST_USD]);
	s[DC_SUMMARY_COST_HARDWARE_USD] = dc_economics_amortisation_usd(
		&dc->scenario->economics, dc_datacenter_capital_usd(dc), s[DC_SUMMARY_DURATION_S]);
	s[DC_SUMMARY_COST_TOTAL_USD] =
		s[DC_SUMMARY_COST_ELECTRICITY_USD] + s[DC_SUMMARY_COST_HARDWARE_USD];
	s[DC_SUMMARY_COST_PER_MILLION_SAMPLES_USD] =
		s[DC_SUMMARY_SAMPLES] > 0
			? s[DC_SUMMARY_COST_TOTAL_USD] / s[DC_SUMMARY_SAMPLES] * 1e6
			: (double)NAN;
	s[DC_SUMMARY_CARBON_KG] = dc_sum_value(climate->totals[DC_TOTAL_CARBON_KG]);
}

void dc_simulation_summarize(const struct dc_datacenter *datacenter, const struct dc_load *load,
			     const struct dc_climate *climate, uint64_t iterations,
			     dc_time iterations_end, dc_time now, double *summary)
{
	summarize_work(datacenter, load, iterations, iterations_end, now, summary);
	summarize_memory(datacenter, summary);
	summarize_energy(load, climate, now, summary);
	summarize_money(datacenter, climate, summary);
}
