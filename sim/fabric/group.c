/* Groups: the ranks that take part in a collective. */
#include "fabric/group.h"

struct dc_group dc_group_all(const struct dc_fabric *fabric)
{
	struct dc_group group = {.size = fabric->ranks};

	for (size_t d = 0; d < fabric->count; d++)
		if (fabric->dimensions[d].size > 1)
			group.factors[group.count++] = (struct dc_group_factor){
				fabric->dimensions[d].size, fabric->strides[d], d};
	return group;
}

/* Cuts size x stride into factors along dimensions; false where the sizes do not divide. */
static bool split(const struct dc_fabric *fabric, uint64_t size, uint64_t stride,
		  struct dc_group *group)
{
	for (size_t d = 0; d < fabric->count && size > 1; d++) {
		uint64_t inner = fabric->strides[d], outer = fabric->strides[d + 1];
		uint64_t room, taken;

		if (stride >= outer || fabric->dimensions[d].size < 2)
			continue;
		if (stride % inner || outer % stride)
			return false;
		room = outer / stride;
		taken = size < room ? size : room;
		if (size % taken)
			return false;
		if (taken > 1)
			group->factors[group->count++] = (struct dc_group_factor){taken, stride, d};
		size /= taken;
		stride = outer;
	}
	return size == 1;
}

enum dc_status dc_group_stride(const struct dc_fabric *fabric, uint64_t base, uint64_t size,
			       uint64_t stride, struct dc_group *group)
{
	uint64_t last;

	*group = (struct dc_group){.base = base, .size = size};
	if (size == 0 || base >= fabric->ranks ||
	    (size > 1 && (stride == 0 || size - 1 > (fabric->ranks - 1 - base) / stride)))
		return DC_ERR_RUN;
	/* Digits must not carry: every member keeps the base's coordinates but for those it counts in. */
	last = base + (size - 1) * stride;
	if (size > 1 && split(fabric, size, stride, group)) {
		bool carries = false;

		for (size_t d = 0; d < fabric->count; d++) {
			bool counted = false;

			for (size_t f = 0; f < group->count; f++)
				counted |= group->factors[f].dimension == d;
			carries |= !counted && dc_fabric_coordinate(fabric, d, base) !=
						       dc_fabric_coordinate(fabric, d, last);
		}
		if (!carries)
			return DC_OK;
	}
	group->count = size > 1;
	group->factors[0] = (struct dc_group_factor){size, stride, DC_GROUP_ACROSS};
	return DC_OK;
}

static bool add_factor(struct dc_group *group, uint64_t size, uint64_t stride, size_t dimension)
{
	if (group->count == DC_FABRIC_DIMENSIONS)
		return false;
	group->factors[group->count++] = (struct dc_group_factor){size, stride, dimension};
	return true;
}

/* Adds a piece as factors along dimensions, each of which holds a whole number of them. False, and what
 * was added is to be taken back, where the sizes do not divide or factors are too many. */
static bool add_aligned(const struct dc_fabric *fabric, struct dc_group_piece piece,
			struct dc_group *group)
{
	for (size_t d = 0; d < fabric->count && piece.size > 1; d++) {
		uint64_t inner = fabric->strides[d], outer = fabric->strides[d + 1];
		uint64_t room, taken;

		if (piece.stride >= outer || fabric->dimensions[d].size < 2)
			continue;
		if (piece.stride % inner || outer % piece.stride)
			return false;
		room = outer / piece.stride;
		taken = piece.size < room ? piece.size : room;
		if (piece.size % taken || room % taken)
			return false;
		if (taken > 1 && !add_factor(group, taken, piece.stride, d))
			return false;
		piece.size /= taken;
		piece.stride = outer;
	}
	return piece.size == 1;
}

enum dc_status dc_group_lattice(const struct dc_fabric *fabric, uint64_t base,
				const struct dc_group_piece *pieces, size_t count,
				struct dc_group *group, bool *aligned)
{
	uint64_t last = base;

	*group = (struct dc_group){.base = base, .size = 1};
	if (aligned)
		*aligned = true;
	for (size_t i = 0; i < count; i++) {
		struct dc_group_piece piece = pieces[i];
		size_t before = group->count;

		while (i + 1 < count && pieces[i + 1].stride == piece.size * piece.stride)
			piece.size *= pieces[++i].size;
		if (piece.size == 0)
			return DC_ERR_RUN;
		group->size *= piece.size;
		last += (piece.size - 1) * piece.stride;
		if (add_aligned(fabric, piece, group))
			continue;
		group->count = before;
		if (aligned)
			*aligned = false;
		if (!add_factor(group, piece.size, piece.stride, DC_GROUP_ACROSS))
			return DC_ERR_RUN;
	}
	return last < fabric->ranks ? DC_OK : DC_ERR_RUN;
}

uint64_t dc_group_rank(const struct dc_group *group, uint64_t member)
{
	uint64_t rank = group->base;

	for (size_t f = 0; f < group->count; f++) {
		rank += member % group->factors[f].size * group->factors[f].stride;
		member /= group->factors[f].size;
	}
	return rank;
}

/* Members between neighbours along a factor. */
static uint64_t inner_of(const struct dc_group *group, size_t factor)
{
	uint64_t inner = 1;

	for (size_t f = 0; f < factor; f++)
		inner *= group->factors[f].size;
	return inner;
}

uint64_t dc_group_line_size(const struct dc_group *group, size_t factor)
{
	return factor == DC_GROUP_ACROSS ? group->size : group->factors[factor].size;
}

uint64_t dc_group_lines(const struct dc_group *group, size_t factor)
{
	return group->size / dc_group_line_size(group, factor);
}

uint64_t dc_group_member(const struct dc_group *group, size_t factor, uint64_t line, uint64_t place)
{
	uint64_t inner;

	if (factor == DC_GROUP_ACROSS)
		return place;
	inner = inner_of(group, factor);
	return (line / inner * group->factors[factor].size + place) * inner + line % inner;
}

uint64_t dc_group_line_of(const struct dc_group *group, size_t factor, uint64_t member)
{
	uint64_t inner;

	if (factor == DC_GROUP_ACROSS)
		return 0;
	inner = inner_of(group, factor);
	return member / (inner * group->factors[factor].size) * inner + member % inner;
}
