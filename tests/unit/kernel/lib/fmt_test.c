/* SPDX-License-Identifier: MIT */
/* Formatting against the host's printf, and the buffer's border. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/fmt.h"

#define SAME_AS_HOST(...)                                                   \
	do {                                                                \
		char ours[256], theirs[256];                                \
		int our_length = fmt_print(ours, sizeof(ours), __VA_ARGS__); \
		int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		assert_string_equal(ours, theirs);                          \
		assert_int_equal(our_length, their_length);                 \
	} while (0)

static void integers_match_the_host(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 9, 10, 4095, INT_MIN, INT_MAX, INT64_MIN,
					  INT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		SAME_AS_HOST("%d|%i|%u", (int)values[i], (int)values[i], (unsigned)values[i]);
		SAME_AS_HOST("%ld|%lu|%lx|%lX", values[i], (uint64_t)values[i],
			     (uint64_t)values[i], (uint64_t)values[i]);
		SAME_AS_HOST("%lld|%zu|%zd", (long long)values[i], (size_t)values[i],
			     (ssize_t)values[i]);
		SAME_AS_HOST("%hhd|%hhu|%hd|%hx", (signed char)values[i],
			     (unsigned char)values[i], (short)values[i],
			     (unsigned short)values[i]);
	}
}

static void width_flags_and_precision_match_the_host(void **state)
{
	(void)state;
	SAME_AS_HOST("[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
	SAME_AS_HOST("[%5d][%-5d][%05d][%+d][% d]", -42, -42, -42, -42, -42);
	SAME_AS_HOST("[%.3d][%8.3d][%-8.3d]", 7, 7, 7);
	SAME_AS_HOST("[%#x][%#X][%#x][%#010x][%#10x]", 255, 255, 0, 255, 255);
	SAME_AS_HOST("[%016lx][%.16lx]", 0xabcdul, 0xabcdul);
	SAME_AS_HOST("[%*d][%-*d][%*d]", 6, 1, 6, 2, -6, 3);
	SAME_AS_HOST("[%.*d]", 4, 9);
	SAME_AS_HOST("[%1d][%2d]", 12345, 12345);
	/* Not literals: the host's compiler knows that these flags cancel out. */
	const char *format = "[%08.3d][%-08d][%.0d][%.*d][%05.*d][%.*s]";
	char ours[64], theirs[64];

	fmt_print(ours, sizeof(ours), format, 7, 7, 0, -1, 5, -1, 6, -1, "text");
	snprintf(theirs, sizeof(theirs), format, 7, 7, 0, -1, 5, -1, 6, -1, "text");
	assert_string_equal(ours, theirs);
}

static void strings_and_characters_match_the_host(void **state)
{
	char unterminated[3] = { 'a', 'b', 'c' };

	(void)state;
	SAME_AS_HOST("[%s][%8s][%-8s][%.2s][%8.2s]", "text", "text", "text", "text", "text");
	SAME_AS_HOST("[%c][%3c][%-3c]", 'x', 'y', 'z');
	SAME_AS_HOST("[%.*s][%.3s]", 2, unterminated, unterminated);
	SAME_AS_HOST("100%% of %s", "it");
	SAME_AS_HOST("[%p]", (void *)0x1234abcd);
}

static void null_string_is_named(void **state)
{
	const char *volatile nothing = NULL; /* volatile: the compiler would warn */
	char text[32];

	(void)state;
	fmt_print(text, sizeof(text), "%s", nothing);
	assert_string_equal(text, "(null)");
}

static void cut_text_ends_in_nul_and_tells_its_length(void **state)
{
	for (size_t size = 0; size < 14; size++) {
		char text[16], expected[16];

		memset(text, 0x55, sizeof(text));
		memset(expected, 0x55, sizeof(expected));
		snprintf(expected, size, "%s-%d", "hello", 12345);
		assert_int_equal(fmt_print(text, size, "%s-%d", "hello", 12345), 11);
		assert_memory_equal(text, expected, sizeof(text));
	}
	assert_int_equal(fmt_print(NULL, 0, "%08d", 1), 8);
	(void)state;
}

static void unknown_conversion_is_copied(void **state)
{
	const char *format = "a%qb %", *end_in_flags = "x%-08.3l";
	char text[32];

	(void)state;
	assert_int_equal(fmt_print(text, sizeof(text), format), 6);
	assert_string_equal(text, "a%qb %");
	fmt_print(text, sizeof(text), end_in_flags);
	assert_string_equal(text, "x%-08.3l");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_match_the_host),
		cmocka_unit_test(width_flags_and_precision_match_the_host),
		cmocka_unit_test(strings_and_characters_match_the_host),
		cmocka_unit_test(null_string_is_named),
		cmocka_unit_test(cut_text_ends_in_nul_and_tells_its_length),
		cmocka_unit_test(unknown_conversion_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
