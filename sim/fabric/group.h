/* Groups: the ranks that take part in a collective, as a lattice over the fabric.
 *
 * A group is a base rank and factors, innermost first: member m has one digit per factor, and is rank
 * base + sum of digit x stride. So "every eighth rank, 32 of them" is one factor {stride 8, size 32};
 * a whole fabric is one factor per dimension. A factor lies within one dimension of the fabric where
 * the sizes divide; what does not divide gives a group of one factor along no dimension. Algorithms
 * that work dimension by dimension take the factors one after another: the members that agree in
 * all other digits form a line of the group.
 *
 * Ownership: plain values; nothing is owned. */
#ifndef DC_FABRIC_GROUP_H
#define DC_FABRIC_GROUP_H

#include "fabric/fabric.h"

/* The factor does not lie along one dimension. */
#define DC_GROUP_ACROSS SIZE_MAX

struct dc_group_factor {
	uint64_t size;    /* >= 2, or 1 in a group of one */
	uint64_t stride;  /* in ranks */
	size_t dimension; /* of the fabric, or DC_GROUP_ACROSS */
};

struct dc_group {
	uint64_t base;
	uint64_t size; /* members: product of the factors' sizes */
	struct dc_group_factor factors[DC_FABRIC_DIMENSIONS];
	size_t count; /* factors; 0 in a group of one */
};

/* Every rank. */
struct dc_group dc_group_all(const struct dc_fabric *fabric);
/* base, base + stride, ..., `size` ranks in all. DC_ERR_RUN when one of them does not exist. */
enum dc_status dc_group_stride(const struct dc_fabric *fabric, uint64_t base, uint64_t size,
			       uint64_t stride, struct dc_group *group) DC_CHECK;
/* Members along several strides at once: base + sum of digit x stride over the pieces, the first innermost;
 * every stride is a multiple of size x stride of the piece before. Pieces that follow each other without a
 * gap count as one. *aligned (may be NULL): whether the factors lie within dimensions whatever the digits of
 * the base beside the pieces, so that all such groups are translates of each other; a piece that does not
 * is a factor along no dimension. DC_ERR_RUN when a member does not exist, or there are more factors than a
 * group has. */
struct dc_group_piece {
	uint64_t size, stride;
};
enum dc_status dc_group_lattice(const struct dc_fabric *fabric, uint64_t base,
				const struct dc_group_piece *pieces, size_t count,
				struct dc_group *group, bool *aligned) DC_CHECK;
/* The rank of a member, 0 <= member < size. */
uint64_t dc_group_rank(const struct dc_group *group, uint64_t member);

/* Lines along a factor, and the group's member at place `place` of line `line`. Factor
 * DC_GROUP_ACROSS stands for the whole group as one line, in the order of members. */
uint64_t dc_group_lines(const struct dc_group *group, size_t factor);
uint64_t dc_group_line_size(const struct dc_group *group, size_t factor);
uint64_t dc_group_member(const struct dc_group *group, size_t factor, uint64_t line,
			 uint64_t place);
/* The line along a factor that a member is in. */
uint64_t dc_group_line_of(const struct dc_group *group, size_t factor, uint64_t member);

#endif
