/* SPDX-License-Identifier: MIT */
/* Decimal text against the host's printf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lib/decimal.h"
#include "bench/lib/random.h"

static void check(double value, unsigned places)
{
	char ours[DECIMAL_BYTES], theirs[400];
	unsigned length = decimal_format(ours, value, places);

	snprintf(theirs, sizeof(theirs), "%.*f", (int)places, value);
	assert_string_equal(ours, theirs);
	assert_int_equal(length, strlen(ours));
}

static void doubles_match_the_host(void **state)
{
	static const double values[] = { 0, 1, 0.1, 0.5, 1.5, 2.5, 0.05, 0.15, 0.25, 0.45, 9.95,
					 9.995, 99.9, 0.999999, 0.9999999, 0.0000005, 1e-300,
					 4096, 1e15, 1e18, 1.8446744073709552e19, 3e19, 1e30,
					 1.2345678e37, 123456.0000005, 8388608.5, -1.25, -0.0004 };
	struct random_stream random;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++)
		for (unsigned places = 0; places <= DECIMAL_PLACES_MAX; places++)
			check(values[i], places);
	random_seed(&random, true, 3);
	for (unsigned i = 0; i < 300000; i++) {
		uint64_t bits = random_next(&random);
		double value = (double)(bits >> bits % 64) / (double)(1ull << (bits >> 6) % 64);

		check(value, i % (DECIMAL_PLACES_MAX + 1));
		check((double)(bits % 100000) / 1000, i % 4); /* many near ties */
		check((double)(bits % 4096) / 64, i % 4); /* exact ties */
	}
}

static void what_json_does_not_know_becomes_a_number(void **state)
{
	char text[DECIMAL_BYTES];

	(void)state;
	decimal_format(text, __builtin_inf(), 6);
	assert_string_equal(text, "0.000000");
	decimal_format(text, __builtin_nan(""), 6);
	assert_string_equal(text, "0.000000");
	decimal_format(text, 1e300, 0);
	assert_string_equal(text, "170141183460469231731687303715884105728");
}

static void integers_match_the_host(void **state)
{
	struct random_stream random;
	char ours[DECIMAL_BYTES], theirs[64];

	(void)state;
	random_seed(&random, true, 4);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t value = random_next(&random) >> i % 64;

		value = i == 0 ? 0 : i == 1 ? UINT64_MAX : value;
		snprintf(theirs, sizeof(theirs), "%lu", value);
		assert_int_equal(decimal_format_u64(ours, value), strlen(theirs));
		assert_string_equal(ours, theirs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_match_the_host),
		cmocka_unit_test(what_json_does_not_know_becomes_a_number),
		cmocka_unit_test(integers_match_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
