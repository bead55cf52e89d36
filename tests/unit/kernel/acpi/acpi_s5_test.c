/* SPDX-License-Identifier: MIT */
/* The search for \_S5 in AML bytes (kernel/acpi/acpi_s5.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/acpi/acpi_s5.h"

static uint8_t a, b;

/* Searches a copy of exactly that size: a byte read too far is noticed. */
static bool find(const void *aml, size_t length_bytes)
{
	uint8_t *copy = malloc(length_bytes ? length_bytes : 1);
	memcpy(copy, aml, length_bytes);
	a = b = 0xee;
	bool found = acpi_find_s5(copy, length_bytes, &a, &b);
	free(copy);
	return found;
}

#define FIND(literal) find(literal, sizeof(literal) - 1)

static void constants_of_every_width_are_read(void **state)
{
	(void)state;
	assert_true(FIND("\x08_S5_\x12\x06\x04\x0a\x05\x0a\x07"));
	assert_int_equal(a, 5);
	assert_int_equal(b, 7);
	assert_true(FIND("\x08_S5_\x12\x06\x04\x00\x01"));
	assert_int_equal(a, 0);
	assert_int_equal(b, 1);
	assert_true(FIND("\x08_S5_\x12\x06\x04\x0b\x03\x00\x0c\x04\x00\x00\x00"));
	assert_int_equal(a, 3);
	assert_int_equal(b, 4);
}

static void long_package_lengths_are_skipped(void **state)
{
	(void)state;
	assert_true(FIND("\x08_S5_\x12\x47\x00\x04\x0a\x05\x00"));
	assert_int_equal(a, 5);
	assert_true(FIND("\x08_S5_\x12\xc7\x00\x00\x00\x04\x0a\x06\x00"));
	assert_int_equal(a, 6);
}

static void root_prefix_is_accepted(void **state)
{
	(void)state;
	assert_true(FIND("xx\x08\\_S5_\x12\x06\x04\x0a\x05\x0a\x05yy"));
	assert_int_equal(a, 5);
}

static void lookalikes_are_passed_over(void **state)
{
	(void)state;
	assert_false(FIND("_S5_\x12\x06\x04\x0a\x05\x0a\x05")); /* no Name */
	assert_false(FIND("\\_S5_\x12\x06\x04\x0a\x05\x0a\x05"));
	assert_false(FIND("\x14_S5_\x12\x06\x04\x0a\x05\x0a\x05")); /* a method */
	assert_false(FIND("\x08_S5_\x11\x06\x04\x0a\x05\x0a\x05")); /* no package */
	assert_false(FIND("\x08_S5_\x12\x06\x01\x0a\x05")); /* one element */
	assert_false(FIND("\x08_S5_\x12\x06\x04\x0a\x08\x0a\x05")); /* above 3 bits */
	assert_false(FIND("\x08_S5_\x12\x06\x04\x0c\x05\x00\x00\x80\x00")); /* likewise */
	assert_false(FIND("\x08_S5_\x12\x06\x04\x72\x05\x00")); /* an expression */
	assert_false(FIND("\x08_S4_\x12\x06\x04\x0a\x05\x0a\x05"));
	assert_true(FIND("\x10_S5_\x08_S5_\x12\x06\x04\x0a\x03\x0a\x02"));
	assert_int_equal(a, 3);
	assert_int_equal(b, 2);
}

static void every_truncation_fails_without_reading_on(void **state)
{
	(void)state;
	static const char aml[] = "\x08_S5_\x12\xc7\x00\x00\x00\x04"
				  "\x0b\x06\x00\x0c\x01\x00\x00\x00";
	for (size_t length = 0; length < sizeof(aml) - 1; length++) {
		assert_false(find(aml, length));
		assert_int_equal(a & b, 0xee);
	}
	assert_true(find(aml, sizeof(aml) - 1));
}

static void random_bytes_do_no_harm(void **state)
{
	(void)state;
	static const char pieces[] = "\x08\\_S5_\x12\x06\xc0\x0a\x0b\x0c\x00\x01\x05";
	uint8_t aml[64];
	srand(5);
	for (unsigned round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(aml); i++)
			aml[i] = (uint8_t)pieces[(unsigned)rand() % (sizeof(pieces) - 1)];
		memcpy(aml + (unsigned)rand() % 58, "\x08_S5_\x12", 6);
		if (find(aml, 1 + (unsigned)rand() % sizeof(aml)))
			assert_true(a <= 7 && b <= 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants_of_every_width_are_read),
		cmocka_unit_test(long_package_lengths_are_skipped),
		cmocka_unit_test(root_prefix_is_accepted),
		cmocka_unit_test(lookalikes_are_passed_over),
		cmocka_unit_test(every_truncation_fails_without_reading_on),
		cmocka_unit_test(random_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
