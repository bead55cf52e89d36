/* SPDX-License-Identifier: MIT */
/*
 * fio's random number streams (taus88, tausworthe64), bit for bit, so that
 * both systems do the same work. Any context; a stream has one user.
 */
#ifndef BENCH_LIB_RANDOM_H
#define BENCH_LIB_RANDOM_H

#include "kernel/lib/util.h"

struct random_taus88 {
	uint32_t s[3];
};

struct random_stream {
	bool is_64bit;
	union {
		struct random_taus88 taus88;
		uint64_t s64[5];
	};
};

/* fio's numbering of a job's streams. */
enum random_stream_index {
	STREAM_READ_BS, STREAM_WRITE_BS, STREAM_TRIM_BS, STREAM_VERIFY, STREAM_RWMIX,
	STREAM_FILE, STREAM_BLOCK, STREAM_FILE_SIZE, STREAM_TRIM, STREAM_BUFFER,
	STREAM_SEQ_RAND, STREAM_START_DELAY = 13, STREAM_DEDUPE, STREAM_POISSON_READ,
	STREAM_ZONE, STREAM_POISSON_WRITE, STREAM_POISSON_TRIM, STREAM_COUNT = 21
};

#define RANDOM_DEFAULT_SEED 0x89u /* randseed= when it is not given */

/*
 * Seeds of all streams of a job. thread: its 1-based number. repeat and
 * all_repeat: randrepeat= and allrandrepeat=.
 */
void random_job_seeds(uint64_t seeds[STREAM_COUNT], uint64_t randseed, uint32_t thread,
		      bool repeat, bool all_repeat);

/* taus88 uses the lower half of the seed. */
void random_seed(struct random_stream *stream, bool is_64bit, uint64_t seed);

/* 64 bits of a tausworthe64 stream. */
uint64_t random_next_64(struct random_stream *stream);

/* 32 bits of taus88. */
static inline uint32_t random_taus88_next(struct random_taus88 *state)
{
	uint32_t a = state->s[0], b = state->s[1], c = state->s[2];

	state->s[0] = a = ((a & ~1u) << 12) ^ (((a << 13) ^ a) >> 19);
	state->s[1] = b = ((b & ~7u) << 4) ^ (((b << 2) ^ b) >> 25);
	state->s[2] = c = ((c & ~15u) << 17) ^ (((c << 3) ^ c) >> 11);
	return a ^ b ^ c;
}

static inline uint32_t random_next_32(struct random_stream *stream)
{
	return random_taus88_next(&stream->taus88);
}

/* 32 bits for taus88, 64 for tausworthe64. */
static inline uint64_t random_next(struct random_stream *stream)
{
	return stream->is_64bit ? random_next_64(stream) : random_next_32(stream);
}

/* The case of random_scale() where rounding a product to 53 bits matters. */
uint64_t random_scale_rounded(uint32_t u, uint64_t n);

/* floor(n * (u / 2^32)) exactly as a double computes it. */
static inline uint64_t random_scale(uint32_t u, uint64_t n)
{
	uint64_t product = u * n;

	/*
	 * Rounding up by at most half of the 2^11 that a product below 2^64 can
	 * lose is the only way to reach another integer.
	 */
	if (UNLIKELY((uint32_t)product >= 0xfffffc00u || n >> 32))
		return random_scale_rounded(u, n);
	return product >> 32;
}

/* floor(n * (u / 2^32 or 2^64)) exactly as a double computes it; <= n. */
uint64_t random_below(struct random_stream *stream, uint64_t n);

/* lo + floor((hi - lo + 1) * u / 2^32). */
uint32_t random_between(struct random_stream *stream, uint32_t lo, uint32_t hi);

#endif
