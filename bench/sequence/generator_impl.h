/* SPDX-License-Identifier: MIT */
/*
 * The generator's state and its fast ways. For bench/generator*.c, and for a
 * loop that wants generator_next() inlined (generator_next_inline()).
 */
#ifndef BENCH_SEQUENCE_GENERATOR_IMPL_H
#define BENCH_SEQUENCE_GENERATOR_IMPL_H

#include "bench/sequence/distribution.h"
#include "bench/sequence/generator.h"
#include "bench/lib/lfsr.h"
#include "bench/sequence/random_map.h"

#define GENERATOR_NOWHERE UINT64_MAX /* last_start before the first I/O */

/* One file of the job. Offsets are absolute unless said otherwise. */
struct generator_file {
	uint64_t region_offset, io_size, device_bytes; /* [I] */
	uint64_t blocks[DIR_COUNT]; /* [I] that a random I/O may begin at */
	uint64_t offset; /* start of the region; moves with strided zones */
	uint64_t last_start[DIR_COUNT], last_end[DIR_COUNT]; /* of the last I/O */
	struct random_map map;
	struct lfsr lfsr;
	struct distribution distribution;
	uint64_t map_blocks; /* [I] that the map, if there is one, or the register covers */
	bool has_map, has_lfsr, has_distribution; /* [I] */
	bool done;
};

/* I/Os that need nothing but the state at the top of struct generator. */
enum generator_way {
	GENERATOR_FULL,
	GENERATOR_RANDOM, /* uniform, one direction, fixed size, no map */
	GENERATOR_RANDOM_MAP, /* the same with a map */
	GENERATOR_SEQUENTIAL, /* one direction, fixed size, no step */
	GENERATOR_MIXED, /* random, with a map or without: reads and writes of one size */
};

/* What every I/O of a fast way looks like. */
struct generator_constant {
	uint32_t length_bytes;
	uint8_t direction, file;
	uint16_t unused;
};

struct generator {
	uint32_t way; /* [I] enum generator_way */
	uint32_t blocks; /* [I] of the fast random ways */
	struct random_stream block_random;
	uint64_t digest;
	uint64_t first_offset; /* [I] of the region */
	uint64_t *map_words; /* [I] NULL: no map */
	uint64_t digest_tag; /* [I] what generator_mix() adds to the offset; mixed: of a read */
	struct generator_constant constant; /* [I] */
	uint64_t next_offset, end_offset; /* sequential way */

	const struct job *job; /* [I] */
	struct random_stream streams[STREAM_COUNT]; /* STREAM_BLOCK lives in block_random */
	struct random_stream choice[DIR_COUNT]; /* random or sequential */
	struct random_stream verify_of_pass; /* STREAM_VERIFY when the pass began */
	uint64_t seeds[STREAM_COUNT]; /* [I] */
	uint64_t issued[DIR_COUNT]; /* of this pass */
	uint64_t mix_limit; /* issues until the mix is drawn again */
	uint32_t mix_direction;
	uint8_t instead_of[2]; /* generator_turn() */
	uint64_t sequence_left; /* rw=...:N of random jobs */
	uint64_t zone_bytes; /* issued in the current strided zone */
	uint8_t zone_of_percent[DIR_COUNT][100]; /* [I] access percentage -> zone */
	uint64_t zone_start[DIR_COUNT][JOB_BSSPLIT_MAX + 1]; /* [I] percent or blocks */
	uint32_t file_next;
	bool draws_64; /* streams that follow random_generator= are tausworthe64 */
	bool wraps; /* [I] no pass ends with the region */
	bool outside_map; /* left over from an I/O that fitted nowhere */
	struct generator_file files[]; /* job->file_count */
};

/*
 * The digest is FNV-1a over 64-bit words, one per I/O:
 *
 *	word = offset ^ length << 32 ^ direction
 *	digest = (digest ^ word) * 0x100000001b3
 */
#define GENERATOR_DIGEST_START 0xcbf29ce484222325ull
#define GENERATOR_DIGEST_PRIME 0x100000001b3ull

static inline uint64_t generator_digest_tag(uint32_t length_bytes, uint8_t direction)
{
	return (uint64_t)length_bytes << 32 ^ direction;
}

static inline uint64_t generator_mix(uint64_t digest, uint64_t tag, uint64_t offset_bytes)
{
	return (digest ^ tag ^ offset_bytes) * GENERATOR_DIGEST_PRIME;
}

/* What a random I/O's offset is a multiple of. */
static inline uint64_t generator_align_bytes(const struct job *job, unsigned direction)
{
	return job->blockalign[direction] ? job->blockalign[direction] : job->min_bs[direction];
}

/* What a place in percent of the device is rounded up to. */
uint64_t generator_offset_align_bytes(const struct job *job);

/* generator_way.c: at the end of set-up, which fast way fits. */
void generator_choose_way(struct generator *g);

/* Another round of one file: positions, map. */
void generator_file_reset(struct generator *g, struct generator_file *file);

/* Any job; and one that goes the mixed way. */
int generator_next_full(struct generator *g, struct generator_io *io);
int generator_next_mixed(struct generator *g, struct generator_io *io);

/* The random block is taken: the next free one, after a time-based wrap if need be. */
uint64_t generator_next_free(struct generator *g, uint64_t block);

/* A block of the fast random ways; RANDOM_MAP_FULL: the pass is over. */
static ALWAYS_INLINE uint64_t generator_random_block(struct generator *g, bool map)
{
	uint64_t product = (uint64_t)random_next_32(&g->block_random) * g->blocks;
	uint64_t block = product >> 32;

	/* random_scale(), whose check for large n is made at the start */
	if (UNLIKELY((uint32_t)product >= 0xfffffc00u))
		block = random_scale_rounded((uint32_t)(product / g->blocks), g->blocks);
	return map && !random_map_take(g->map_words, block) ? generator_next_free(g, block) : block;
}

static inline int generator_emit(struct generator *g, struct generator_io *io,
				 uint64_t offset_bytes)
{
	g->digest = generator_mix(g->digest, g->digest_tag, offset_bytes);
	io->offset_bytes = offset_bytes;
	io->length_bytes = g->constant.length_bytes;
	io->direction = g->constant.direction;
	io->file = g->constant.file;
	return 1;
}

static ALWAYS_INLINE int generator_next_inline(struct generator *g, struct generator_io *io)
{
	if (g->way == GENERATOR_RANDOM || g->way == GENERATOR_RANDOM_MAP) {
		uint64_t block = generator_random_block(g, g->way == GENERATOR_RANDOM_MAP);

		if (UNLIKELY(block == RANDOM_MAP_FULL))
			return 0;
		return generator_emit(g, io, g->first_offset + block * g->constant.length_bytes);
	}
	if (g->way == GENERATOR_SEQUENTIAL && LIKELY(g->next_offset < g->end_offset)) {
		uint64_t offset = g->next_offset;

		g->next_offset = offset + g->constant.length_bytes;
		return generator_emit(g, io, offset);
	}
	return g->way == GENERATOR_MIXED ? generator_next_mixed(g, io)
					 : generator_next_full(g, io);
}

#endif
