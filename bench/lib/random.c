/* SPDX-License-Identifier: MIT */
/*
 * Random streams: seeding and what lies beside the path.
 *
 * taus88 and tausworthe64 are L'Ecuyer's combined Tausworthe generators with
 * three 31-, 29- and 28-bit and five 63- to 41-bit components. What is fio's
 * own is how they are seeded: by a chain of multiplications, with a first
 * factor of 53, and by discarding six outputs; and that numbers are scaled
 * through doubles, whose rounding is reproduced here.
 */
#include "bench/lib/random.h"

#define SEED_FACTOR 0x9e370001ull
#define SEED_REPEAT 0xb1899bedull
#define FIRST_FACTOR 53u
#define WARM_UP 6

void random_job_seeds(uint64_t seeds[STREAM_COUNT], uint64_t randseed, uint32_t thread,
		      bool repeat, bool all_repeat)
{
	uint64_t seed = randseed;

	for (int i = 0; i < 4; i++)
		seed *= SEED_FACTOR;
	for (unsigned i = 0; i < STREAM_COUNT; i++) {
		seeds[i] = all_repeat ? SEED_REPEAT * thread + i : seed * thread + i;
		seed *= SEED_FACTOR;
	}
	if (repeat)
		seeds[STREAM_BLOCK] = SEED_REPEAT * thread;
}

static uint32_t seed_word_32(uint32_t previous, uint32_t seed, uint32_t least)
{
	uint32_t word = previous * 69069u ^ seed;

	return word < least ? word + least : word;
}

static uint64_t seed_word_64(uint64_t previous, uint64_t seed, uint64_t least)
{
	uint64_t word = previous * 6906969069ull ^ seed;

	return word < least ? word + least : word;
}

void random_seed(struct random_stream *stream, bool is_64bit, uint64_t seed)
{
	static const uint8_t least_32[] = { 1, 7, 15 }, least_64[] = { 1, 7, 15, 33, 49 };
	uint32_t word_32 = FIRST_FACTOR;
	uint64_t word_64 = FIRST_FACTOR;

	stream->is_64bit = is_64bit;
	if (is_64bit)
		for (unsigned i = 0; i < ARRAY_COUNT(least_64); i++)
			stream->s64[i] = word_64 = seed_word_64(word_64, seed, least_64[i]);
	else
		for (unsigned i = 0; i < ARRAY_COUNT(least_32); i++)
			stream->taus88.s[i] = word_32 =
				seed_word_32(word_32, (uint32_t)seed, least_32[i]);
	for (int i = 0; i < WARM_UP; i++)
		random_next(stream);
}

uint64_t random_next_64(struct random_stream *stream)
{
	static const struct {
		uint8_t left, right, shift, masked;
	} component[] = { { 1, 53, 10, 1 }, { 24, 50, 5, 9 }, { 3, 23, 29, 12 },
			  { 5, 24, 23, 17 }, { 3, 33, 8, 23 } };
	uint64_t result = 0;

	for (unsigned i = 0; i < ARRAY_COUNT(component); i++) {
		uint64_t word = stream->s64[i];
		uint64_t fed_back = ((word << component[i].left) ^ word) >> component[i].right;

		word = word >> component[i].masked << component[i].masked;
		word = word << component[i].shift ^ fed_back;
		stream->s64[i] = word;
		result ^= word;
	}
	return result;
}

uint64_t random_scale_rounded(uint32_t u, uint64_t n)
{
	return (uint64_t)((double)n * ((double)u * 0x1p-32));
}

uint64_t random_below(struct random_stream *stream, uint64_t n)
{
	if (stream->is_64bit)
		return (uint64_t)((double)n * ((double)random_next_64(stream) * 0x1p-64));
	return random_scale(random_next_32(stream), n);
}

uint32_t random_between(struct random_stream *stream, uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)random_below(stream, (uint64_t)hi - lo + 1);
}
