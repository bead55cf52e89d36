/* SPDX-License-Identifier: MIT */
/* sqrt, log and pow against the host's 80-bit functions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/lib/math.h"
#include "bench/lib/random.h"

/* Distance in units of the last place of the right result. */
static long double ulps(double ours, long double right)
{
	int exponent;

	frexpl(right, &exponent);
	return fabsl(ours - right) / ldexpl(1, exponent - 53);
}

/* From 2^-range to 2^range, or close to one. */
static double draw(struct random_stream *random, double range)
{
	double uniform = (double)random_next_64(random) / 0x1p64 * 2 - 1;

	return exp2(uniform * range);
}

static void logarithms_are_right_to_half_an_ulp(void **state)
{
	struct random_stream random;

	(void)state;
	random_seed(&random, true, 1);
	assert_true(math_log(1) == 0);
	for (unsigned i = 0; i < 300000; i++) {
		double close = ldexp(1, -(int)(i % 50));
		double x = draw(&random, i % 3 == 0 ? 1000 : i % 3 == 1 ? 1 : close);

		if (x != 1)
			assert_true(ulps(math_log(x), logl(x)) < 0.51L);
	}
}

static void powers_are_right_to_half_an_ulp(void **state)
{
	struct random_stream random;

	(void)state;
	random_seed(&random, true, 2);
	for (unsigned i = 0; i < 300000; i++) {
		double x = draw(&random, i % 2 ? 50 : 1);
		double y = (draw(&random, 5) - 1) * (i % 4 < 2 ? 1 : -1);

		if (fabs(y * log2(x)) < 1000)
			assert_true(ulps(math_pow(x, y), powl(x, y)) < 0.51L + fabs(y) / 500);
	}
}

static void powers_at_the_borders(void **state)
{
	(void)state;
	assert_true(math_pow(7, 0) == 1);
	assert_true(math_pow(1, 1e300) == 1);
	assert_true(math_pow(2, 10) == 1024);
	assert_true(math_pow(2, -10) == 1.0 / 1024);
	assert_true(math_pow(0.5, 3) == 0.125);
	assert_true(math_pow(4, 0.5) == 2);
	assert_true(math_pow(10, 15) == 1e15);
	assert_true(math_pow(2, 1024) == __builtin_inf());
	assert_true(math_pow(2, -1023) == 0); /* no subnormals */
	assert_true(math_pow(3, 1e10) == __builtin_inf());
	assert_true(math_pow(3, -1e10) == 0);
	assert_true(math_pow(3, 1e-30) == 1);
}

static void roots_are_the_instructions(void **state)
{
	(void)state;
	assert_true(math_sqrt(2) == sqrt(2));
	assert_true(math_sqrt(0) == 0);
	assert_true(math_sqrt(-1e-9) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logarithms_are_right_to_half_an_ulp),
		cmocka_unit_test(powers_are_right_to_half_an_ulp),
		cmocka_unit_test(powers_at_the_borders),
		cmocka_unit_test(roots_are_the_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
