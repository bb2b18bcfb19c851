/* Blocks of consecutive elements in one growing array, addressed by 32-bit offsets.
 *
 * Sizes come in classes 1, 2, ... 8, 10, 12, 14, 16, 20, ... so that at most a fifth of a block is spare;
 * a returned block waits in the list of its class, linked through its own first element. Take and
 * give are O(1). The array belongs to the caller, who grows it when take finds no room. */
#ifndef DC_FLUID_BLOCKS_H
#define DC_FLUID_BLOCKS_H

#include <stdint.h>

#define DC_FLUID_NO_BLOCK UINT32_MAX

enum { DC_FLUID_BLOCK_CLASSES = 124 };

struct dc_fluid_blocks {
	uint32_t used;     /* elements handed out or waiting */
	uint32_t capacity; /* elements of the caller's array */
	uint32_t waiting[DC_FLUID_BLOCK_CLASSES];
};

void dc_fluid_blocks_init(struct dc_fluid_blocks *blocks);
/* Elements in a block of the class; the smallest class for count elements, 1 <= count < 2^31. */
static inline uint32_t dc_fluid_block_size(unsigned class)
{
	return class < 4 ? class + 1 : (4 + (uint32_t) class % 4) << (class / 4 - 1);
}

static inline unsigned dc_fluid_block_class(uint32_t count)
{
	unsigned shift;

	if (count <= 4)
		return count - 1;
	/* Four sizes from each power of two to the next. */
	shift = 29 - (unsigned)__builtin_clz(count);
	return 4 * shift + ((count + ((uint32_t)1 << shift) - 1) >> shift);
}

/* The capacity to grow to so that so many more elements fit; 0 when offsets would overflow. */
uint32_t dc_fluid_blocks_enough(const struct dc_fluid_blocks *blocks, uint64_t more);
/* The offset of a block, or DC_FLUID_NO_BLOCK when the array must grow first. links and stride tell
 * where element i keeps its link: links[i * stride]. */
uint32_t dc_fluid_blocks_take(struct dc_fluid_blocks *blocks, unsigned class, const uint32_t *links,
			      uint32_t stride);
void dc_fluid_blocks_give(struct dc_fluid_blocks *blocks, unsigned class, uint32_t block,
			  uint32_t *links, uint32_t stride);

#endif
