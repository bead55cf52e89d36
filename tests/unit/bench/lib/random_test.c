/* SPDX-License-Identifier: MIT */
/* Streams and seeds as fio has them; scaling as a double computes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lib/random.h"

static void first_outputs_are_fios(void **state)
{
	/*
	 * Blocks that fio read of 2^32 (taus88) and 2^50 (tausworthe64): the
	 * outputs, or their upper 50 bits. Threads 1 and 2.
	 */
	static const struct {
		bool is_64bit;
		uint32_t thread;
		uint64_t outputs[5];
	} streams[] = {
		{ false, 1, { 0xf70b101, 0xbd83a78c, 0xd7dada76, 0x7852df63, 0x66e3b5cb } },
		{ false, 2, { 0x41399981, 0x2e802bca, 0x99c78f4f, 0xa113778, 0x73f6f495 } },
		{ true, 1, { 0x3c0f511666792, 0x1aec64e12ad3, 0x529a9a0f32be, 0x65d85bedb015,
			     0x21dc8018a86aa } },
		{ true, 2, { 0x2b1f8fd8b12a7, 0x17eafcdd422ed, 0x881fbdec2e73, 0x2edc5fd211dbf,
			     0x3a70a4a18f0de } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(streams); i++) {
		const uint64_t n = streams[i].is_64bit ? 1ull << 50 : 1ull << 32;
		struct random_stream stream, scaled;

		random_seed(&stream, streams[i].is_64bit, 0xb1899bedull * streams[i].thread);
		scaled = stream;
		for (size_t k = 0; k < ARRAY_COUNT(streams[i].outputs); k++) {
			uint64_t output = random_next(&stream);

			assert_int_equal(streams[i].is_64bit ? output >> 14 : output,
					 streams[i].outputs[k]);
			assert_int_equal(random_below(&scaled, n), streams[i].outputs[k]);
		}
	}
}

/* A word of the seeded state would be 0, below its least value. */
static void small_words_are_lifted_as_fio_lifts_them(void **state)
{
	/* What fio read first with the randseed= that leads to these seeds. */
	static const uint64_t outputs_32[] = { 0x82900edd, 0x968ed8d1, 0x2e5f2e0, 0xd1b86773 };
	static const uint64_t outputs_64[] = { 0x249d5995fea21, 0x1a331aa5f2514, 0xa7c78ee3cae4,
					       0xfeb12e5b6173 };
	struct random_stream stream;

	(void)state;
	random_seed(&stream, false, 53 * 69069);
	for (size_t i = 0; i < ARRAY_COUNT(outputs_32); i++)
		assert_int_equal(random_next(&stream), outputs_32[i]);
	random_seed(&stream, true, 53 * 6906969069ull);
	for (size_t i = 0; i < ARRAY_COUNT(outputs_64); i++)
		assert_int_equal(random_below(&stream, 1ull << 50), outputs_64[i]);
}

static void seeds_depend_on_randseed_thread_and_stream(void **state)
{
	uint64_t first[STREAM_COUNT], second[STREAM_COUNT];

	(void)state;
	random_job_seeds(first, RANDOM_DEFAULT_SEED, 1, false, false);
	assert_int_equal((uint32_t)first[STREAM_READ_BS], 0xadbc0089);
	assert_int_equal((uint32_t)first[STREAM_VERIFY], 0xb009008c);
	assert_int_equal((uint32_t)first[20], 0x1268009d);

	random_job_seeds(first, 99, 1, false, false);
	assert_int_equal((uint32_t)first[STREAM_BLOCK], 0xd8b20069);
	random_job_seeds(second, 99, 2, false, false);
	assert_int_equal((uint32_t)second[STREAM_BLOCK], 0xb16400cc);

	/* randrepeat pins the blocks and nothing else */
	random_job_seeds(second, 99, 1, true, false);
	assert_int_equal(second[STREAM_BLOCK], 0xb1899bed);
	second[STREAM_BLOCK] = first[STREAM_BLOCK];
	assert_memory_equal(first, second, sizeof(first));

	random_job_seeds(second, 99, 3, true, true);
	assert_int_equal(second[STREAM_BLOCK], 3 * 0xb1899bedull);
	assert_int_equal(second[STREAM_RWMIX], 3 * 0xb1899bedull + STREAM_RWMIX);
}

/* What fio writes down: lastb * (r / 4294967296.0), truncated. */
static uint64_t scale_in_doubles(uint32_t u, uint64_t n)
{
	volatile double fraction = (double)u / 4294967296.0;
	volatile double product = (double)n * fraction;

	return (uint64_t)product;
}

static void scaling_rounds_as_a_double_does(void **state)
{
	struct random_stream stream;
	unsigned rounded_up = 0;

	(void)state;
	random_seed(&stream, false, 7);
	for (unsigned i = 0; i < 2000000; i++) {
		uint32_t u = random_next_32(&stream);
		uint64_t n = (uint64_t)random_next_32(&stream) << 32 | random_next_32(&stream);

		n >>= i % 64;
		assert_int_equal(random_scale(u, n), scale_in_doubles(u, n));
	}
	/* Where it matters: products just below a whole number. */
	for (uint64_t n = (1ull << 32) - 1; n > (1ull << 32) - 200000; n -= 2) {
		uint32_t u = 0xffffffffu - (uint32_t)(n % 3);
		uint64_t scaled = random_scale(u, n);

		assert_int_equal(scaled, scale_in_doubles(u, n));
		rounded_up += scaled != n * u >> 32;
	}
	for (unsigned i = 0; i < 3000000; i++) {
		uint32_t n = random_next_32(&stream) | 1u << 31 | 1, u;
		uint32_t inverse = n; /* of n modulo 2^32, by Newton's method */

		for (int k = 0; k < 5; k++)
			inverse *= 2 - n * inverse;
		u = inverse * (0u - 1 - i % 1500); /* the product ends in that */
		assert_int_equal(random_scale(u, n), scale_in_doubles(u, n));
		rounded_up += random_scale(u, n) != (uint64_t)n * u >> 32;
	}
	assert_true(rounded_up > 1000);
}

static void between_reaches_both_ends_and_no_further(void **state)
{
	struct random_stream stream;
	unsigned seen[8] = { 0 };

	(void)state;
	for (unsigned wide = 0; wide < 2; wide++) {
		random_seed(&stream, wide, 1);
		for (unsigned i = 0; i < 10000; i++) {
			uint32_t drawn = random_between(&stream, 3, 6);

			assert_in_range(drawn, 3, 6);
			seen[drawn]++;
		}
	}
	for (unsigned i = 3; i <= 6; i++)
		assert_in_range(seen[i], 4500, 5500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_outputs_are_fios),
		cmocka_unit_test(small_words_are_lifted_as_fio_lifts_them),
		cmocka_unit_test(seeds_depend_on_randseed_thread_and_stream),
		cmocka_unit_test(scaling_rounds_as_a_double_does),
		cmocka_unit_test(between_reaches_both_ends_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
