/* SPDX-License-Identifier: MIT */
/*
 * Which blocks of a region a pass has visited: a bitmap with summary levels
 * above it, for fio's random map. Taking a free block is one instruction,
 * finding the next free one O(log blocks). One user; no allocation.
 */
#ifndef BENCH_SEQUENCE_RANDOM_MAP_H
#define BENCH_SEQUENCE_RANDOM_MAP_H

#include "kernel/lib/util.h"

#define RANDOM_MAP_FULL UINT64_MAX
#define RANDOM_MAP_LEVELS 8u

struct random_map {
	uint64_t *words; /* [I] level 0: a bit per block, set = taken */
	uint64_t blocks; /* [I] */
	uint64_t padding; /* bits behind the last block that runs have taken */
	/*
	 * [I] Level n + 1 has a bit per word of level n: set = known to have no
	 * clear bit. A word may be full without being known as such.
	 */
	uint64_t *level[RANDOM_MAP_LEVELS];
	uint64_t level_bits[RANDOM_MAP_LEVELS];
	unsigned levels;
};

uint64_t random_map_memory_bytes(uint64_t blocks);

/*
 * memory: random_map_memory_bytes(), the caller's; not looked at before
 * random_map_reset(), after which all blocks are free.
 */
void random_map_init(struct random_map *map, void *memory, uint64_t blocks);
void random_map_reset(struct random_map *map);

/* Takes a block below map->blocks; false when it was taken already. */
static inline bool random_map_take(uint64_t *words, uint64_t block)
{
	bool taken;

	__asm__ volatile("btsq %2, (%1)"
			 : "=@ccc"(taken)
			 : "r"(words), "r"(block)
			 : "memory");
	return !taken;
}

static inline bool random_map_is_taken(const struct random_map *map, uint64_t block)
{
	return map->words[block / 64] >> (block % 64) & 1;
}

/* random_map_next_free() beyond the block's own word. */
uint64_t random_map_search(struct random_map *map, uint64_t block);

/* The first free block at or cyclically above `block`; RANDOM_MAP_FULL if none. */
static inline uint64_t random_map_next_free(struct random_map *map, uint64_t block)
{
	uint64_t free = block < map->blocks ? ~map->words[block / 64] >> (block % 64) : 0;

	return LIKELY(free) ? block + (unsigned)__builtin_ctzll(free) :
			      random_map_search(map, block);
}

/*
 * Takes up to `count` free blocks from `block` on; returns how many. As in fio a
 * run may go on behind the last block, up to a multiple of 64 blocks.
 */
uint64_t random_map_take_run(struct random_map *map, uint64_t block, uint64_t count);

#endif
