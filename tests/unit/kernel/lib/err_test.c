/* SPDX-License-Identifier: MIT */
/* Every error code has a name of its own, whatever its sign. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"

static void codes_have_distinct_names_with_either_sign(void **state)
{
	(void)state;
	for (int code = 1; code <= ERR_READ_ONLY; code++) {
		assert_ptr_equal(err_name(code), err_name(-code));
		assert_string_not_equal(err_name(code), "unknown error");
		for (int other = 0; other < code; other++)
			assert_string_not_equal(err_name(code), err_name(other));
	}
}

static void other_codes_are_unknown(void **state)
{
	static const int codes[] = { ERR_READ_ONLY + 1, -ERR_READ_ONLY - 1, INT_MAX, INT_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_string_equal(err_name(codes[i]), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_have_distinct_names_with_either_sign),
		cmocka_unit_test(other_codes_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
