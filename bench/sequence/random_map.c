/* SPDX-License-Identifier: MIT */
/*
 * The random map.
 *
 *	level 2   one bit per 64 * 64 blocks: all known to be taken
 *	level 1   one bit per 64 blocks: all known to be taken
 *	level 0   one bit per block: taken
 *
 * Taking a block sets its bit and nothing else, because that is on the path of
 * every I/O; the levels above learn that a word is full when a search runs into
 * it, which happens once per word and pass. A search climbs until a summary
 * word has a clear bit at or above its place, then descends to it. Bits behind
 * the last block are set from the start, at every level.
 */
#include "bench/sequence/random_map.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/mem.h"

static uint64_t words_of(uint64_t bits)
{
	return (bits + 63) / 64;
}

uint64_t random_map_memory_bytes(uint64_t blocks)
{
	uint64_t words = 0, bits = blocks;

	do {
		bits = words_of(bits);
		words += bits;
	} while (bits > 1);
	return words * sizeof(uint64_t);
}

void random_map_reset(struct random_map *map)
{
	map->padding = 0;
	for (unsigned i = 0; i < map->levels; i++) {
		uint64_t words = words_of(map->level_bits[i]);

		memset(map->level[i], 0, words * sizeof(uint64_t));
		if (map->level_bits[i] % 64)
			map->level[i][words - 1] = ~0ull << map->level_bits[i] % 64;
	}
}

void random_map_init(struct random_map *map, void *memory, uint64_t blocks)
{
	uint64_t bits = blocks;

	assert_always(blocks > 0);
	map->words = memory;
	map->blocks = blocks;
	map->levels = 0;
	do {
		assert_always(map->levels < RANDOM_MAP_LEVELS);
		map->level[map->levels] = memory;
		map->level_bits[map->levels++] = bits;
		bits = words_of(bits);
		memory = (uint64_t *)memory + bits;
	} while (bits > 1);
}

/* The first clear bit of a level at or above `bit`, within its word. */
static uint64_t clear_in_word(const struct random_map *map, unsigned level, uint64_t bit)
{
	uint64_t clear = bit < map->level_bits[level] ?
				 ~map->level[level][bit / 64] & (~0ull << bit % 64) : 0;

	return clear ? (bit & ~63ull) + (unsigned)__builtin_ctzll(clear) : RANDOM_MAP_FULL;
}

/* The first free block at or above `block`; each round learns a full word or ends. */
static uint64_t search_upwards(struct random_map *map, uint64_t block)
{
	unsigned level = 0;
	uint64_t bit = block;

	for (;;) {
		uint64_t found = clear_in_word(map, level, bit);

		if (found != RANDOM_MAP_FULL) {
			if (level == 0)
				return found;
			bit = found * 64;
			level--;
			continue;
		}
		if (level + 1 == map->levels)
			return RANDOM_MAP_FULL;
		/* Nothing at or above `bit` here: go on behind its word. */
		if (bit < map->level_bits[level] && map->level[level][bit / 64] == ~0ull)
			random_map_take(map->level[level + 1], bit / 64);
		bit = bit / 64 + 1;
		level++;
	}
}

uint64_t random_map_search(struct random_map *map, uint64_t block)
{
	uint64_t found = search_upwards(map, block);

	return found == RANDOM_MAP_FULL && block ? search_upwards(map, 0) : found;
}

/* The index-th bit behind the last block. */
static bool take_padding(struct random_map *map, uint64_t index)
{
	const uint64_t bits = (0 - map->blocks) % 64;

	if (index >= bits || map->padding >> index & 1)
		return false;
	map->padding |= 1ull << index;
	return true;
}

uint64_t random_map_take_run(struct random_map *map, uint64_t block, uint64_t count)
{
	uint64_t taken = 0, next;

	for (; taken < count; taken++) {
		next = block + taken;
		if (next < map->blocks ? !random_map_take(map->words, next) :
					 !take_padding(map, next - map->blocks))
			break;
	}
	return taken;
}
