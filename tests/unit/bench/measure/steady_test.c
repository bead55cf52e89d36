/* SPDX-License-Identifier: MIT */
/* Steady states: what is read from the option, deviation, slope. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/measure/steady.h"

#define SECONDS 4

static uint64_t iops[SECONDS], bw[SECONDS];

static struct steady begin(const char *option)
{
	struct steady s;

	steady_init(&s, option, SECONDS, iops, bw);
	return s;
}

static void options_are_read(void **state)
{
	static const struct {
		const char *option, *name;
		double limit;
		int percent;
	} cases[] = {
		{ "iops:20%", "iops", 20, 1 },	      { "iops_slope:0.25%", "iops_slope", 0.25, 1 },
		{ "bw:1024", "bw", 1024, 0 },	      { "bw:2m", "bw", 2097152, 0 },
		{ "bw_slope:1k", "bw_slope", 1024, 0 }, { "iops:12.5", "iops", 12.5, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct steady s = begin(cases[i].option);

		assert_string_equal(steady_name(&s), cases[i].name);
		assert_true(s.limit == cases[i].limit);
		assert_int_equal(s.limit_is_percent, cases[i].percent);
	}
}

static void only_a_full_window_counts(void **state)
{
	struct steady s = begin("iops:50%");

	(void)state;
	for (unsigned i = 0; i + 1 < SECONDS; i++)
		assert_false(steady_add(&s, 100, 0));
	assert_true(steady_add(&s, 100, 0));
}

static void deviation_is_the_greatest_distance_from_the_mean(void **state)
{
	struct steady s = begin("iops:10%");
	static const uint64_t samples[SECONDS] = { 90, 110, 100, 100 };

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		assert_false(steady_add(&s, samples[i], 0));
	assert_true(s.criterion == 10); /* at the limit is not below it */
	assert_true(steady_add(&s, 100, 0)); /* 110 100 100 100 */
	assert_true(fabs(s.max_deviation - 7.5) < 1e-9);
}

static void the_window_slides(void **state)
{
	struct steady s = begin("iops:1%");

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		steady_add(&s, i, 0);
	for (uint64_t i = 0; i < SECONDS; i++)
		assert_int_equal(iops[i], 10 - SECONDS + i);
}

static void slope_is_that_of_the_best_line(void **state)
{
	struct steady s = begin("bw_slope:3%");
	static const uint64_t samples[SECONDS] = { 100, 104, 106, 110 };

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		steady_add(&s, 0, samples[i]);
	assert_true(fabs(s.slope - 3.2) < 1e-9); /* numpy.polyfit(range(4), samples, 1) */
	assert_true(fabs(s.criterion - 100 * 3.2 / 105) < 1e-9);
	assert_false(s.attained);
}

static void a_falling_rate_is_not_steady(void **state)
{
	struct steady s = begin("iops_slope:3");

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		assert_false(steady_add(&s, 100 - 10 * i, 0));
	assert_true(s.slope < -9.9);
}

static void standing_still_is_steady(void **state)
{
	struct steady s = begin("iops:0.1%");

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		steady_add(&s, 0, 0);
	assert_true(s.attained);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(only_a_full_window_counts),
		cmocka_unit_test(deviation_is_the_greatest_distance_from_the_mean),
		cmocka_unit_test(the_window_slides),
		cmocka_unit_test(slope_is_that_of_the_best_line),
		cmocka_unit_test(a_falling_rate_is_not_steady),
		cmocka_unit_test(standing_still_is_steady),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
