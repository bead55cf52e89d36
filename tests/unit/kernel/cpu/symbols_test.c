/* SPDX-License-Identifier: MIT */
/* Looking up function names: borders of the table and of each function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/cpu/symbols.h"

#define HIGH 0xffffffff00000000ull

const uint32_t symbol_count = 3;
const struct symbol symbol_table[] = { { 0x80200000, 0 }, { 0x80200010, 6 }, { 0x80200100, 13 } };
const char symbol_names[] = "first\0second\0third";

static void address_belongs_to_the_function_before_it(void **state)
{
	static const struct {
		uint32_t address;
		const char *name;
		uint64_t offset;
	} cases[] = {
		{ 0x80200000, "first", 0 },  { 0x8020000f, "first", 15 },
		{ 0x80200010, "second", 0 }, { 0x802000ff, "second", 0xef },
		{ 0x80200100, "third", 0 },  { 0xffffffff, "third", 0x7fdffeff },
	};
	uint64_t offset;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(symbol_find(HIGH | cases[i].address, &offset), cases[i].name);
		assert_int_equal(offset, cases[i].offset);
	}
}

static void address_outside_of_the_kernel_has_no_name(void **state)
{
	uint64_t offset;

	(void)state;
	assert_null(symbol_find(HIGH | 0x801fffff, &offset));
	assert_null(symbol_find(0x80200010, &offset));
	assert_null(symbol_find(0, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_belongs_to_the_function_before_it),
		cmocka_unit_test(address_outside_of_the_kernel_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
