/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions against the host's, over all small lengths,
 * offsets and overlaps. The source is included under other names, since the
 * host's own functions keep theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy ours_memcpy
#define memmove ours_memmove
#define memset ours_memset
#define memcmp ours_memcmp
#define strlen ours_strlen
#define strnlen ours_strnlen
#define strcmp ours_strcmp
#define strncmp ours_strncmp
#define strchr ours_strchr
#include "kernel/lib/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#define LENGTH_MAX 80u
#define AREA (LENGTH_MAX + 64u)

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void fill(uint8_t *bytes, size_t length, unsigned seed)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(i * 31 + seed);
}

static void copies_every_length_and_alignment(void **state)
{
	uint8_t from[AREA], ours[AREA], theirs[AREA];

	(void)state;
	fill(from, AREA, 3);
	for (size_t length = 0; length <= LENGTH_MAX; length++) {
		for (size_t offset = 0; offset < 64; offset++) {
			size_t source = offset % 8, target = offset / 8;

			fill(ours, AREA, 100);
			fill(theirs, AREA, 100);
			assert_ptr_equal(ours_memcpy(ours + target, from + source, length),
					 ours + target);
			memcpy(theirs + target, from + source, length);
			assert_memory_equal(ours, theirs, AREA);
		}
	}
}

static void moves_through_every_overlap(void **state)
{
	uint8_t ours[AREA], theirs[AREA];

	(void)state;
	for (size_t length = 0; length <= LENGTH_MAX; length++) {
		for (size_t target = 0; target < 64; target++) {
			size_t source = 63 - target;

			fill(ours, AREA, 5);
			fill(theirs, AREA, 5);
			ours_memmove(ours + target, ours + source, length);
			memmove(theirs + target, theirs + source, length);
			assert_memory_equal(ours, theirs, AREA);
		}
	}
	fill(ours, AREA, 5);
	fill(theirs, AREA, 5);
	ours_memmove(ours + 7, ours + 7, LENGTH_MAX);
	assert_memory_equal(ours, theirs, AREA);
}

static void sets_exactly_the_length(void **state)
{
	uint8_t ours[AREA], theirs[AREA];

	(void)state;
	for (size_t length = 0; length <= LENGTH_MAX; length++) {
		for (size_t offset = 0; offset < 8; offset++) {
			fill(ours, AREA, 1);
			fill(theirs, AREA, 1);
			ours_memset(ours + offset, 0x1a5, length);
			memset(theirs + offset, 0x1a5, length);
			assert_memory_equal(ours, theirs, AREA);
		}
	}
}

static void compares_by_the_first_difference(void **state)
{
	uint8_t a[LENGTH_MAX], b[LENGTH_MAX];

	(void)state;
	for (size_t length = 0; length <= LENGTH_MAX; length++) {
		memset(a, 0x80, sizeof(a));
		memset(b, 0x80, sizeof(b));
		assert_int_equal(ours_memcmp(a, b, length), 0);
		for (size_t at = 0; at < length; at++) {
			memset(a, 0x80, sizeof(a));
			a[at] = 0x7f;
			a[LENGTH_MAX - 1] = a[LENGTH_MAX - 1] == 0x80 ? 0xff : 0x7f;
			assert_true(ours_memcmp(a, b, length) < 0);
			assert_true(ours_memcmp(b, a, length) > 0);
		}
	}
}

static void stays_inside_of_its_memory(void **state)
{
	(void)state;
	/* Exact allocations: the address sanitizer sees one byte too many. */
	for (size_t length = 1; length <= LENGTH_MAX; length++) {
		uint8_t *a = malloc(length), *b = malloc(length);

		ours_memset(a, 1, length);
		ours_memcpy(b, a, length);
		ours_memmove(b, a, length);
		assert_int_equal(ours_memcmp(a, b, length), 0);
		free(a);
		free(b);
	}
}

static void strings_match_the_host(void **state)
{
	static const char *const texts[] = { "", "a", "b", "ab", "abc", "abd", "ab\xff", "b\x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(ours_strlen(texts[i]), strlen(texts[i]));
		assert_ptr_equal(ours_strchr(texts[i], 'b'), strchr(texts[i], 'b'));
		assert_ptr_equal(ours_strchr(texts[i], 0), strchr(texts[i], 0));
		for (size_t limit = 0; limit < 5; limit++)
			assert_int_equal(ours_strnlen(texts[i], limit), strnlen(texts[i], limit));
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			assert_int_equal(sign(ours_strcmp(texts[i], texts[j])),
					 sign(strcmp(texts[i], texts[j])));
			for (size_t limit = 0; limit < 5; limit++)
				assert_int_equal(
					sign(ours_strncmp(texts[i], texts[j], limit)),
					sign(strncmp(texts[i], texts[j], limit)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_every_length_and_alignment),
		cmocka_unit_test(moves_through_every_overlap),
		cmocka_unit_test(sets_exactly_the_length),
		cmocka_unit_test(compares_by_the_first_difference),
		cmocka_unit_test(stays_inside_of_its_memory),
		cmocka_unit_test(strings_match_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
