/* SPDX-License-Identifier: MIT */
/* The depth search against devices whose latency grows with the depth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/pace/latency_search.h"

#define ALL 100000000u

/* A device that keeps the target up to a depth. Returns the depth found, 0: none. */
static uint32_t search(uint32_t depth_max, uint32_t good)
{
	struct latency_search s;
	unsigned windows = 0;

	latency_search_init(&s, depth_max, ALL, false);
	for (;;) {
		assert_true(++windows < 64);
		assert_in_range(s.depth, 1, depth_max);
		switch (latency_search_window(&s, 1000, s.depth <= good ? 0 : 1)) {
		case LATENCY_FOUND:
			return s.depth;
		case LATENCY_IMPOSSIBLE:
			return 0;
		default:
			break;
		}
	}
}

static void the_greatest_good_depth_is_found(void **state)
{
	(void)state;
	for (uint32_t depth_max = 1; depth_max <= 130; depth_max += 3)
		for (uint32_t good = 0; good <= depth_max + 1; good++)
			assert_int_equal(search(depth_max, good), MIN(good, depth_max));
}

static void a_percentile_lets_some_be_late(void **state)
{
	struct latency_search s;

	(void)state;
	latency_search_init(&s, 8, 99000000, false);
	assert_int_equal(latency_search_window(&s, 1000, 10), LATENCY_GO_ON);
	assert_int_equal(s.depth, 2);
	assert_int_equal(latency_search_window(&s, 1000, 11), LATENCY_GO_ON);
	assert_int_equal(s.depth, 1);
	assert_int_equal(latency_search_window(&s, 100, 2), LATENCY_IMPOSSIBLE);
}

static void a_depth_that_fails_in_its_last_window_is_left(void **state)
{
	struct latency_search s;

	(void)state;
	latency_search_init(&s, 2, ALL, false);
	assert_int_equal(latency_search_window(&s, 10, 0), LATENCY_GO_ON);
	assert_int_equal(latency_search_window(&s, 10, 0), LATENCY_LAST_WINDOW);
	assert_int_equal(latency_search_window(&s, 10, 1), LATENCY_GO_ON);
	assert_int_equal(s.depth, 1);
	assert_int_equal(latency_search_window(&s, 10, 0), LATENCY_LAST_WINDOW);
	assert_int_equal(latency_search_window(&s, 10, 0), LATENCY_FOUND);
}

static void an_empty_window_changes_nothing(void **state)
{
	struct latency_search s;

	(void)state;
	latency_search_init(&s, 8, ALL, false);
	assert_int_equal(latency_search_window(&s, 0, 0), LATENCY_GO_ON);
	assert_int_equal(s.depth, 1);
}

static void a_run_goes_on_at_the_depth_found(void **state)
{
	struct latency_search s;

	(void)state;
	latency_search_init(&s, 2, ALL, true);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(latency_search_window(&s, 10, 0), LATENCY_GO_ON);
	assert_int_equal(s.depth, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_greatest_good_depth_is_found),
		cmocka_unit_test(a_percentile_lets_some_be_late),
		cmocka_unit_test(a_depth_that_fails_in_its_last_window_is_left),
		cmocka_unit_test(an_empty_window_changes_nothing),
		cmocka_unit_test(a_run_goes_on_at_the_depth_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
