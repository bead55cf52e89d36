/* SPDX-License-Identifier: MIT */
/*
 * The fields of the note that written.h declares. Only written.c, which explains
 * them, and written_shape.c include it.
 */
#ifndef BENCH_VERIFY_WRITTEN_IMPL_H
#define BENCH_VERIFY_WRITTEN_IMPL_H

#include "bench/verify/written.h"

#define POSITION_BITS 18
#define POSITION_MASK ((1ull << POSITION_BITS) - 1)

struct entry {
	uint64_t number : 16;
	uint64_t position : POSITION_BITS; /* in its write, in granules */
	uint64_t seed : WRITTEN_SEED_BITS;
	uint64_t pending : 1;
};
_Static_assert(sizeof(struct entry) == 8, "one word per granule");

struct area {
	uint64_t offset_bytes;
	uint64_t first, count; /* granules */
};

/*
 * A granule has an index, counted over all areas; its entry's place in entries[]
 * is the same one if the table is whole.
 */
struct written {
	struct entry *entries;
	uint32_t *history; /* of places of entries: a ring, or a heap if it is sorted */
	uint32_t *directory; /* of each chunk its number in the pool; NULL: a whole table */
	uint32_t *owners; /* of each chunk of the pool its number in the directory */
	uint32_t chunk_shift; /* granules per chunk, a power of two */
	uint32_t chunks_used, chunks_max; /* of the pool */
	uint64_t entry_count, pending_count;
	uint64_t sweep; /* the next entry that written_next() looks at */
	uint32_t history_size, history_head, history_count;
	bool history_sorted;
	bool history_lost; /* it was too small: only the sweep is left */
	uint32_t granule_bytes, unit_granules;
	uint32_t area_count;
	struct area areas[JOB_FILES_MAX];
};

#endif
