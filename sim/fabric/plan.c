/* Plans: what making them shares. */
#include "fabric/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/plan_build.h"

/* Items looked at for an equal one. */
enum { RECENT = 16 };

const struct dc_fabric_cost dc_fabric_no_cost = {.reduction_bps = 0};

void *dc_plan_array_add(struct dc_plan_array *array, uint32_t more)
{
	char *added;

	if (more > DC_PLAN_NONE - 1 - array->count)
		return NULL;
	if (!array->items || array->count + more > array->capacity) {
		uint64_t wanted = (uint64_t)array->capacity + array->capacity / 2 + 16;
		void *items;

		if (wanted < (uint64_t)array->count + more)
			wanted = (uint64_t)array->count + more;
		if (wanted >= DC_PLAN_NONE)
			wanted = DC_PLAN_NONE - 1;
		items = realloc(array->items, wanted * array->size);
		if (!items)
			return NULL;
		array->items = items;
		array->capacity = (uint32_t)wanted;
	}
	added = (char *)array->items + array->count * array->size;
	memset(added, 0, more * array->size);
	array->count += more;
	return added;
}

uint32_t dc_plan_array_number(struct dc_plan_array *array, const void *item)
{
	const char *items = array->items;
	void *added;

	for (uint32_t i = 1; i <= RECENT && i <= array->count; i++)
		if (!memcmp(items + (array->count - i) * array->size, item, array->size))
			return array->count - i;
	added = dc_plan_array_add(array, 1);
	if (!added)
		return DC_PLAN_NONE;
	memcpy(added, item, array->size);
	return array->count - 1;
}

void *dc_plan_array_take(struct dc_plan_array *array)
{
	void *items = array->items, *exact = NULL;

	if (array->count)
		exact = realloc(items, array->count * array->size);
	else
		free(items);
	if (array->count && !exact)
		exact = items;
	*array = (struct dc_plan_array){.size = array->size};
	return exact;
}

void dc_plan_parts_init(struct dc_plan_parts *parts)
{
	*parts = (struct dc_plan_parts){
		.links.size = sizeof(struct dc_plan_link),
		.capacities.size = sizeof(double),
		.uses.size = sizeof(double),
		.way_terms.size = sizeof(struct dc_plan_way_terms),
		.hops.size = sizeof(struct dc_plan_hop),
		.ways.size = sizeof(struct dc_plan_way),
		.terms.size = sizeof(struct dc_plan_terms),
		.listed.size = sizeof(struct dc_plan_message),
		.bundles.size = sizeof(struct dc_plan_bundle),
		.phases.size = sizeof(struct dc_plan_phase),
		.phase_of.size = sizeof(uint32_t),
		.nexts.size = sizeof(uint32_t),
	};
}

enum dc_status dc_plan_parts_begin_bundle(struct dc_plan_parts *parts)
{
	struct dc_plan_bundle *bundle = dc_plan_array_add(&parts->bundles, 1);

	if (!bundle)
		return DC_ERR_MEMORY;
	*bundle = (struct dc_plan_bundle){
		.first_message = parts->message_count,
		.terms = DC_PLAN_NONE,
		.first = parts->listed.count,
	};
	return DC_OK;
}

/* Messages of the same terms whose ways follow each other need no list. */
void dc_plan_parts_end_bundle(struct dc_plan_parts *parts)
{
	struct dc_plan_bundle *bundle =
		(struct dc_plan_bundle *)parts->bundles.items + parts->bundles.count - 1;
	const struct dc_plan_message *listed =
		(const struct dc_plan_message *)parts->listed.items + bundle->first;
	const struct dc_plan_way *ways = parts->ways.items;
	const struct dc_plan_way_terms *terms = parts->way_terms.items;
	bool alike = bundle->messages > 0;

	for (uint32_t m = 0; m < bundle->messages && alike; m++)
		alike = listed[m].terms == listed[0].terms &&
			listed[m].first_way == listed[0].first_way + m &&
			!terms[ways[listed[m].first_way].terms].more;
	if (!alike)
		return;
	parts->listed.count = bundle->first;
	bundle->terms = listed[0].terms;
	bundle->first = listed[0].first_way;
}

enum dc_status dc_plan_parts_message(struct dc_plan_parts *parts, double bytes, double multiplicity,
				     uint32_t first_way)
{
	const struct dc_plan_terms terms = {bytes, multiplicity};
	uint32_t number = dc_plan_array_number(&parts->terms, &terms);
	struct dc_plan_message *message = dc_plan_array_add(&parts->listed, 1);

	if (number == DC_PLAN_NONE || !message || parts->message_count >= DC_PLAN_NONE - 1)
		return DC_ERR_MEMORY;
	*message = (struct dc_plan_message){number, first_way};
	parts->message_count++;
	((struct dc_plan_bundle *)parts->bundles.items)[parts->bundles.count - 1].messages++;
	return DC_OK;
}

enum dc_status dc_plan_parts_way(struct dc_plan_parts *parts, uint32_t epoch, int64_t latency,
				 bool later)
{
	struct dc_plan_way_terms terms = {latency, epoch, 0}, before;
	uint32_t number = dc_plan_array_number(&parts->way_terms, &terms);
	struct dc_plan_way *way = dc_plan_array_add(&parts->ways, 1);

	if (number == DC_PLAN_NONE || !way)
		return DC_ERR_MEMORY;
	*way = (struct dc_plan_way){parts->hops.count, number};
	if (!later)
		return DC_OK;
	before = ((const struct dc_plan_way_terms *)parts->way_terms.items)[way[-1].terms];
	before.more = 1;
	way[-1].terms = dc_plan_array_number(&parts->way_terms, &before);
	return way[-1].terms == DC_PLAN_NONE ? DC_ERR_MEMORY : DC_OK;
}

enum dc_status dc_plan_parts_hop(struct dc_plan_parts *parts, uint32_t first, uint32_t link,
				 double use)
{
	struct dc_plan_hop *hop = NULL, *hops = parts->hops.items;
	uint32_t number;

	for (uint32_t h = first; h < parts->hops.count && !hop; h++)
		if (hops[h].link == link)
			hop = &hops[h];
	if (hop)
		use += ((const double *)parts->uses.items)[hop->use_at];
	else
		hop = dc_plan_array_add(&parts->hops, 1);
	number = dc_plan_array_number(&parts->uses, &use);
	if (!hop || number == DC_PLAN_NONE)
		return DC_ERR_MEMORY;
	*hop = (struct dc_plan_hop){link, number};
	return DC_OK;
}

enum dc_status dc_plan_parts_take(struct dc_plan_parts *parts, struct dc_plan *plan,
				  enum dc_status status)
{
	/* Where the last way's hops end. */
	struct dc_plan_way *end = dc_plan_array_add(&parts->ways, 1);

	if (end)
		end->first_hop = parts->hops.count;
	plan->link_count = parts->links.count;
	plan->use_count = parts->uses.count;
	plan->way_terms_count = parts->way_terms.count;
	plan->hop_count = parts->hops.count;
	plan->way_count = parts->ways.count - (end != NULL);
	plan->terms_count = parts->terms.count;
	plan->message_count = parts->message_count;
	plan->listed_count = parts->listed.count;
	plan->bundle_count = parts->bundles.count;
	plan->phase_count = parts->phases.count;
	plan->line_count = parts->phase_of.count;
	plan->next_count = parts->nexts.count;
	plan->links = dc_plan_array_take(&parts->links);
	plan->capacities = dc_plan_array_take(&parts->capacities);
	plan->uses = dc_plan_array_take(&parts->uses);
	plan->way_terms = dc_plan_array_take(&parts->way_terms);
	plan->hops = dc_plan_array_take(&parts->hops);
	plan->ways = dc_plan_array_take(&parts->ways);
	plan->terms = dc_plan_array_take(&parts->terms);
	plan->listed = dc_plan_array_take(&parts->listed);
	plan->bundles = dc_plan_array_take(&parts->bundles);
	plan->phases = dc_plan_array_take(&parts->phases);
	plan->phase_of = dc_plan_array_take(&parts->phase_of);
	plan->nexts = dc_plan_array_take(&parts->nexts);
	return status || end ? status : DC_ERR_MEMORY;
}

void dc_plan_fini(struct dc_plan *plan)
{
	free(plan->begins);
	free(plan->links);
	free(plan->capacities);
	free(plan->uses);
	free(plan->way_terms);
	free(plan->hops);
	free(plan->ways);
	free(plan->terms);
	free(plan->listed);
	free(plan->bundles);
	free(plan->phases);
	free(plan->phase_of);
	free(plan->nexts);
	free(plan->operations);
	free(plan->jobs);
	free(plan->operation_of);
	free(plan->job_of);
	*plan = (struct dc_plan){0};
}

void dc_plan_index_fini(struct dc_plan_index *index)
{
	free(index->keys);
	free(index->values);
	*index = (struct dc_plan_index){0};
}

static size_t place_of(const struct dc_plan_index *index, uint64_t key)
{
	size_t place = (key + 1) * 0x9e3779b97f4a7c15u >> 20 & (index->capacity - 1);

	while (index->keys[place] && index->keys[place] != key + 1)
		place = (place + 1) & (index->capacity - 1);
	return place;
}

static bool widen(struct dc_plan_index *index)
{
	struct dc_plan_index wider = {.capacity = index->capacity ? 2 * index->capacity : 64};

	wider.keys = calloc(wider.capacity, sizeof *wider.keys);
	wider.values = calloc(wider.capacity, sizeof *wider.values);
	if (!wider.keys || !wider.values) {
		dc_plan_index_fini(&wider);
		return false;
	}
	for (size_t i = 0; i < index->capacity; i++) {
		size_t place;

		if (!index->keys[i])
			continue;
		place = place_of(&wider, index->keys[i] - 1);
		wider.keys[place] = index->keys[i];
		wider.values[place] = index->values[i];
	}
	free(index->keys);
	free(index->values);
	index->keys = wider.keys;
	index->values = wider.values;
	index->capacity = wider.capacity;
	return true;
}

uint32_t *dc_plan_index_find(struct dc_plan_index *index, uint64_t key)
{
	size_t place;

	if (2 * (index->count + 1) > index->capacity && !widen(index))
		return NULL;
	place = place_of(index, key);
	if (!index->keys[place]) {
		index->keys[place] = key + 1;
		index->values[place] = DC_PLAN_NONE;
		index->count++;
	}
	return &index->values[place];
}

enum dc_status dc_plan_route_root(const struct dc_fabric *fabric,
				  const struct dc_schedule_phase *phase, uint64_t rank,
				  size_t dimension, bool up, struct dc_fabric_path *path)
{
	enum dc_status status = DC_OK;
	double other_s = 0;

	if (phase->returns) {
		status = dc_fabric_route_root(fabric, rank, dimension, !up, path);
		other_s = path->latency_s;
	}
	if (!status)
		status = dc_fabric_route_root(fabric, rank, dimension, up, path);
	path->latency_s += other_s;
	return status;
}

void dc_plan_charge(struct dc_fabric_path *path, const struct dc_fabric *fabric,
		    const struct dc_fabric_cost *cost, bool root, double reduced_bytes)
{
	const double *inflations = root ? cost->root_inflation : cost->inflation;
	double step_s = 0;
	size_t d = 0;

	for (size_t i = 0; i < path->count; i++) {
		/* Ports are of the dimension before them on the path. */
		while (d + 1 < fabric->count && path->hops[i].link >= fabric->first_link[d + 1] &&
		       path->hops[i].link < fabric->first_link[fabric->count])
			d++;
		step_s = fmax(step_s, cost->step_s[d]);
		if (inflations[d] > 0)
			path->hops[i].use *= inflations[d];
	}
	path->latency_s += step_s;
	if (cost->reduction_bps > 0)
		path->latency_s += reduced_bytes / cost->reduction_bps;
}

int64_t dc_plan_latency(const struct dc_fabric_path *path)
{
	dc_time latency = dc_time_from_s(path->latency_s);

	return latency > INT64_MAX ? -1 : (int64_t)latency;
}

double dc_plan_bytes(const struct dc_plan *plan)
{
	double bytes = 0;

	for (uint32_t i = 0; i < plan->line_count; i++) {
		const struct dc_plan_bundle *bundle = &plan->bundles[dc_plan_bundle_of(plan, i)];
		double step_bytes = 0;

		/* A message's multiplicity counts it on all lines of its class. */
		for (uint32_t m = 0; m < bundle->messages; m++)
			step_bytes += dc_plan_terms_of(plan, bundle, m)->bytes *
				      dc_plan_terms_of(plan, bundle, m)->multiplicity;
		bytes += step_bytes * (double)dc_plan_phase_of(plan, i)->repeat *
			 dc_plan_phase_of(plan, i)->chunks;
	}
	return bytes;
}

size_t dc_plan_memory(const struct dc_plan *plan, size_t *link_bytes)
{
	size_t links = plan->link_count *
		       (sizeof *plan->links + plan->epoch_count * sizeof *plan->capacities);

	if (link_bytes)
		*link_bytes = links;
	return links + plan->epoch_count * sizeof *plan->begins +
	       plan->hop_count * sizeof *plan->hops + (plan->way_count + 1u) * sizeof *plan->ways +
	       plan->use_count * sizeof *plan->uses +
	       plan->way_terms_count * sizeof *plan->way_terms +
	       plan->terms_count * sizeof *plan->terms + plan->listed_count * sizeof *plan->listed +
	       plan->bundle_count * sizeof *plan->bundles +
	       plan->phase_count * sizeof *plan->phases +
	       plan->line_count * sizeof *plan->phase_of + plan->next_count * sizeof *plan->nexts +
	       plan->operation_count * sizeof *plan->operations +
	       plan->job_count * sizeof *plan->jobs +
	       plan->asked_operations * sizeof *plan->operation_of +
	       plan->asked_jobs * sizeof *plan->job_of;
}
