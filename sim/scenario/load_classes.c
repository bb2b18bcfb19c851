/* Nodes and racks that behave alike. */
#include "scenario/load_classes.h"

#include <string.h>

static void *grow(struct dc_arena *arena, void *items, uint32_t count, uint32_t more,
		  uint32_t *capacity, size_t size)
{
	void *larger;

	if (count + more <= *capacity)
		return items;
	*capacity = 2 * (count + more);
	larger = dc_arena_array(arena, *capacity, size);
	if (larger && count)
		memcpy(larger, items, count * size);
	return larger;
}

static bool is_like(const struct dc_load_classes *classes, uint32_t number,
		    const struct dc_load_share *shares, uint32_t count)
{
	const struct dc_load_class *item = &classes->items[number];

	for (uint32_t i = 0; item->shares == count && i < count; i++) {
		const struct dc_load_share *share = &classes->shares[item->first_share + i];

		if (share->of != shares[i].of || share->count != shares[i].count)
			return false;
	}
	return item->shares == count;
}

/* Adds thing `number`, made of these shares: to the class of its like, which is often the last. */
static enum dc_status add(struct dc_arena *arena, struct dc_load_classes *classes, uint64_t number,
			  const struct dc_load_share *shares, uint32_t count, bool apart)
{
	for (uint32_t i = classes->count; i-- > 0 && !apart;) {
		if (!is_like(classes, i, shares, count))
			continue;
		classes->items[i].count++;
		classes->class_of[number] = i;
		return DC_OK;
	}
	classes->items = grow(arena, classes->items, classes->count, 1, &classes->capacity,
			      sizeof *classes->items);
	classes->shares = grow(arena, classes->shares, classes->share_count, count,
			       &classes->share_capacity, sizeof *classes->shares);
	if (!classes->items || !classes->shares)
		return DC_ERR_MEMORY;
	memcpy(classes->shares + classes->share_count, shares, count * sizeof *shares);
	classes->class_of[number] = classes->count;
	classes->items[classes->count++] =
		(struct dc_load_class){classes->share_count, count, number, 1};
	classes->share_count += count;
	return DC_OK;
}

/* Counts one more of a kind, in the order of kinds. */
static void count_one(struct dc_load_share *shares, uint32_t *count, uint32_t of)
{
	uint32_t at = *count;

	while (at && shares[at - 1].of > of)
		at--;
	if (at && shares[at - 1].of == of) {
		shares[at - 1].count++;
		return;
	}
	memmove(shares + at + 1, shares + at, (*count - at) * sizeof *shares);
	shares[at] = (struct dc_load_share){of, 1};
	++*count;
}

static enum dc_status add_nodes(const struct dc_datacenter *dc, const struct dc_executor *executor,
				bool exact, struct dc_load_share *shares,
				struct dc_load_classes *nodes)
{
	enum dc_status status = DC_OK;

	for (uint64_t n = 0; n < dc->nodes && !status; n++) {
		uint32_t count = 0;

		for (uint64_t i = 0; i < dc->accelerators_per_node; i++)
			count_one(shares, &count,
				  (uint32_t)dc_executor_actor_of(
					  executor, n * dc->accelerators_per_node + i));
		status = add(dc->arena, nodes, n, shares, count, exact);
	}
	return status;
}

enum dc_status dc_datacenter_load_classes(const struct dc_datacenter *dc,
					  const struct dc_executor *executor, bool exact,
					  struct dc_load_classes *nodes,
					  struct dc_load_classes *racks)
{
	uint64_t most = dc->accelerators_per_node > dc->nodes_per_rack ? dc->accelerators_per_node
								       : dc->nodes_per_rack;
	struct dc_load_share *shares = dc_arena_array(dc->arena, most + 1, sizeof *shares);
	enum dc_status status;

	*nodes = *racks = (struct dc_load_classes){0};
	nodes->class_of = dc_arena_array(dc->arena, dc->nodes, sizeof *nodes->class_of);
	racks->class_of = dc_arena_array(dc->arena, dc->racks, sizeof *racks->class_of);
	if (!shares || !nodes->class_of || !racks->class_of)
		return DC_ERR_MEMORY;
	status = add_nodes(dc, executor, exact, shares, nodes);
	for (uint64_t r = 0; r < dc->racks && !status; r++) {
		uint64_t last = r + 1 < dc->racks ? dc->nodes_per_rack : dc->nodes_in_last_rack;
		uint32_t count = 0;

		for (uint64_t i = 0; i < last; i++)
			count_one(shares, &count, nodes->class_of[r * dc->nodes_per_rack + i]);
		status = add(dc->arena, racks, r, shares, count, exact);
	}
	return status;
}
