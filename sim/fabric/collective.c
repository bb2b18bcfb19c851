/* The ring algorithm, dimension by dimension: schedule and closed form. */
#include "fabric/collective.h"

static void add_phase(const struct dc_fabric *fabric, struct dc_collective *collective,
		      size_t dimension, double chunk_bytes)
{
	const struct dc_fabric_dimension *d = &fabric->dimensions[dimension];

	if (d->size < 2)
		return;
	collective->phases[collective->count++] = (struct dc_collective_phase){
		.dimension = dimension,
		.steps = d->size - 1,
		.chunk_bytes = chunk_bytes,
		.step = dc_fabric_hop(d, chunk_bytes),
	};
}

void dc_collective_lower(const struct dc_fabric *fabric, enum dc_collective_kind kind,
			 double size_bytes, struct dc_collective *collective)
{
	double chunk_bytes[DC_FABRIC_DIMENSIONS];
	double part_bytes = size_bytes;

	collective->count = 0;
	for (size_t i = 0; i < fabric->count; i++) {
		part_bytes /= (double)fabric->dimensions[i].size;
		chunk_bytes[i] = part_bytes;
	}
	if (kind != DC_ALL_GATHER)
		for (size_t i = 0; i < fabric->count; i++)
			add_phase(fabric, collective, i, chunk_bytes[i]);
	if (kind != DC_REDUCE_SCATTER)
		for (size_t i = fabric->count; i-- > 0;)
			add_phase(fabric, collective, i, chunk_bytes[i]);
}

dc_time dc_collective_duration(const struct dc_collective *collective)
{
	dc_time duration = 0;

	for (size_t i = 0; i < collective->count; i++)
		duration += (dc_time)collective->phases[i].steps * collective->phases[i].step;
	return duration;
}

double dc_collective_sent_bytes(const struct dc_collective *collective)
{
	double bytes = 0;

	for (size_t i = 0; i < collective->count; i++)
		bytes += (double)collective->phases[i].steps * collective->phases[i].chunk_bytes;
	return bytes;
}

double dc_collective_bound_s(const struct dc_fabric *fabric, enum dc_collective_kind kind,
			     double size_bytes)
{
	double bandwidth_bps = 0;
	double ranks = (double)fabric->ranks;

	for (size_t i = 0; i < fabric->count; i++)
		if (fabric->dimensions[i].size > 1)
			bandwidth_bps += fabric->dimensions[i].bandwidth_bps;
	if (fabric->ranks < 2)
		return 0;
	return (kind == DC_ALL_REDUCE ? 2 : 1) * size_bytes * (ranks - 1) / ranks / bandwidth_bps;
}
