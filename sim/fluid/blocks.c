/* Blocks of consecutive elements in one growing array: size classes and waiting lists. */
#include "fluid/blocks.h"

enum { FIRST_CAPACITY = 64 };

void dc_fluid_blocks_init(struct dc_fluid_blocks *blocks)
{
	blocks->used = 0;
	blocks->capacity = 0;
	for (unsigned i = 0; i < DC_FLUID_BLOCK_CLASSES; i++)
		blocks->waiting[i] = DC_FLUID_NO_BLOCK;
}

uint32_t dc_fluid_blocks_enough(const struct dc_fluid_blocks *blocks, uint64_t more)
{
	uint64_t need = blocks->used + more;
	uint64_t capacity = blocks->capacity ? blocks->capacity : FIRST_CAPACITY;

	while (capacity < need)
		capacity += capacity / 2;
	if (capacity >= DC_FLUID_NO_BLOCK)
		capacity = DC_FLUID_NO_BLOCK - 1;
	return capacity < need ? 0 : (uint32_t)capacity;
}

uint32_t dc_fluid_blocks_take(struct dc_fluid_blocks *blocks, unsigned class, const uint32_t *links,
			      uint32_t stride)
{
	uint32_t block = blocks->waiting[class];
	uint32_t size = dc_fluid_block_size(class);

	if (block != DC_FLUID_NO_BLOCK) {
		blocks->waiting[class] = links[(uint64_t)block * stride];
		return block;
	}
	if (blocks->capacity - blocks->used < size)
		return DC_FLUID_NO_BLOCK;
	block = blocks->used;
	blocks->used += size;
	return block;
}

void dc_fluid_blocks_give(struct dc_fluid_blocks *blocks, unsigned class, uint32_t block,
			  uint32_t *links, uint32_t stride)
{
	links[(uint64_t)block * stride] = blocks->waiting[class];
	blocks->waiting[class] = block;
}
