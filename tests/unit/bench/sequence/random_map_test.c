/* SPDX-License-Identifier: MIT */
/* The random map against a plain array of flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lib/random.h"
#include "bench/sequence/random_map.h"

static const uint64_t sizes[] = { 1, 2, 63, 64, 65, 128, 4095, 4096, 4097, 262144, 300001 };

static uint64_t next_free_slowly(const bool *taken, uint64_t blocks, uint64_t block)
{
	for (uint64_t i = 0; i < blocks; i++)
		if (!taken[(block + i) % blocks])
			return (block + i) % blocks;
	return RANDOM_MAP_FULL;
}

static void next_free_is_the_first_one_cyclically_above(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
		const uint64_t blocks = sizes[s];
		void *memory = malloc(random_map_memory_bytes(blocks));
		bool *taken = calloc(blocks, sizeof(bool));
		struct random_stream random;
		struct random_map map;

		random_seed(&random, false, s);
		memset(memory, 0x5a, random_map_memory_bytes(blocks));
		random_map_init(&map, memory, blocks);
		random_map_reset(&map);
		for (uint64_t n = 0; n < blocks; n++) {
			uint64_t block = random_below(&random, blocks);
			uint64_t found = random_map_next_free(&map, block);

			assert_int_equal(random_map_is_taken(&map, block), taken[block]);
			/* The slow search is quadratic: only so often in large maps. */
			if (blocks < 10000 || n % 997 == 0)
				assert_int_equal(found, next_free_slowly(taken, blocks, block));
			assert_true(found < blocks && !taken[found]);
			assert_true(random_map_take(map.words, found));
			assert_false(random_map_take(map.words, found));
			taken[found] = true;
		}
		assert_int_equal(random_map_next_free(&map, 0), RANDOM_MAP_FULL);
		assert_int_equal(random_map_next_free(&map, blocks - 1), RANDOM_MAP_FULL);
		random_map_reset(&map);
		assert_int_equal(random_map_next_free(&map, blocks - 1), blocks - 1);
		free(taken);
		free(memory);
	}
}

static void a_search_from_behind_the_end_starts_over(void **state)
{
	uint64_t memory[128];
	struct random_map map;

	(void)state;
	assert_true(random_map_memory_bytes(100) <= sizeof(memory));
	random_map_init(&map, memory, 100);
	random_map_reset(&map);
	assert_int_equal(random_map_next_free(&map, 100), 0);
	assert_int_equal(random_map_next_free(&map, 1ull << 40), 0);
}

static void a_run_stops_at_the_first_taken_block(void **state)
{
	uint64_t memory[128];
	struct random_map map;

	(void)state;
	random_map_init(&map, memory, 100);
	random_map_reset(&map);
	assert_true(random_map_take(map.words, 70));
	assert_int_equal(random_map_take_run(&map, 60, 5), 5);
	assert_int_equal(random_map_take_run(&map, 65, 20), 5);
	assert_int_equal(random_map_take_run(&map, 60, 1), 0);
	assert_int_equal(random_map_next_free(&map, 60), 71);
}

static void a_run_may_end_in_the_padding_once(void **state)
{
	uint64_t memory[128];
	struct random_map map;

	(void)state;
	random_map_init(&map, memory, 100);
	random_map_reset(&map);
	for (unsigned pass = 0; pass < 2; pass++) {
		assert_int_equal(random_map_take_run(&map, 95, 20), 20);
		assert_int_equal(random_map_take_run(&map, 94, 2), 1);
		assert_int_equal(random_map_take_run(&map, 114, 1), 0);
		assert_int_equal(random_map_take_run(&map, 115, 30), 13); /* to 128 */
		assert_int_equal(random_map_next_free(&map, 95), 0);
		random_map_reset(&map);
	}
	random_map_init(&map, memory, 128);
	random_map_reset(&map);
	assert_int_equal(random_map_take_run(&map, 127, 2), 1);
	assert_int_equal(random_map_take_run(&map, 128, 1), 0);
}

/* Half a million searches through a million full blocks end soon, or the test's time is up. */
static void searching_a_nearly_full_map_is_fast(void **state)
{
	const uint64_t blocks = 16 << 20;
	struct random_map map;
	void *memory = malloc(random_map_memory_bytes(blocks));

	(void)state;
	random_map_init(&map, memory, blocks);
	random_map_reset(&map);
	assert_int_equal(random_map_take_run(&map, 0, blocks - 1), blocks - 1);
	for (unsigned i = 0; i < 500000; i++)
		assert_int_equal(random_map_next_free(&map, i), blocks - 1);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_free_is_the_first_one_cyclically_above),
		cmocka_unit_test(a_search_from_behind_the_end_starts_over),
		cmocka_unit_test(a_run_stops_at_the_first_taken_block),
		cmocka_unit_test(a_run_may_end_in_the_padding_once),
		cmocka_unit_test(searching_a_nearly_full_map_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
