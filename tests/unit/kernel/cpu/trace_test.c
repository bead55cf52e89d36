/* SPDX-License-Identifier: MIT */
/*
 * Which bytes are a CALL before a return address, and what a scan of a stack
 * finds. The encodings were written down from an assembler's output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu/trace.h"

struct code {
	uint8_t length;
	uint8_t bytes[8];
};

static const struct code calls[] = {
	{ 5, { 0xe8, 0x11, 0x22, 0x33, 0x44 } }, /* call rel32 */
	{ 2, { 0xff, 0xd0 } }, /* call rax */
	{ 3, { 0x41, 0xff, 0xd7 } }, /* call r15 */
	{ 2, { 0xff, 0x10 } }, /* call [rax] */
	{ 3, { 0xff, 0x50, 0x08 } }, /* call [rax + 8] */
	{ 6, { 0xff, 0x90, 0x00, 0x01, 0x00, 0x00 } }, /* call [rax + 256] */
	{ 6, { 0xff, 0x15, 0x00, 0x10, 0x00, 0x00 } }, /* call [rip + 4096] */
	{ 3, { 0xff, 0x14, 0x24 } }, /* call [rsp] */
	{ 4, { 0xff, 0x54, 0x24, 0x08 } }, /* call [rsp + 8] */
	{ 7, { 0xff, 0x94, 0x24, 0x00, 0x01, 0x00, 0x00 } }, /* call [rsp + 256] */
	{ 7, { 0xff, 0x14, 0xc5, 0x00, 0x10, 0x20, 0x80 } }, /* call [rax * 8 + table] */
};

static const struct code others[] = {
	{ 5, { 0xe9, 0x11, 0x22, 0x33, 0x44 } }, /* jmp rel32 */
	{ 2, { 0xff, 0xe0 } }, /* jmp rax */
	{ 2, { 0xff, 0x30 } }, /* push [rax] */
	{ 1, { 0x90 } },
	{ 4, { 0x48, 0x89, 0x44, 0x24 } },
	{ 3, { 0xff, 0xd0, 0x90 } }, /* a call, but not right before */
};

static void every_form_of_call_is_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		/* Exact memory: nothing before the text may be read. */
		uint8_t *text = malloc(calls[i].length);

		memcpy(text, calls[i].bytes, calls[i].length);
		assert_true(trace_follows_call(text, text + calls[i].length));
		free(text);
	}
}

static void other_instructions_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		uint8_t *text = malloc(others[i].length);

		memcpy(text, others[i].bytes, others[i].length);
		assert_false(trace_follows_call(text, text + others[i].length));
		assert_false(trace_follows_call(text, text));
		free(text);
	}
}

static void scan_finds_return_addresses_in_stack_order(void **state)
{
	uint8_t text[64];
	uint64_t stack[8], found[8];

	(void)state;
	memset(text, 0x90, sizeof(text));
	text[10] = 0xe8;
	text[30] = 0xff;
	text[31] = 0xd0;
	stack[0] = (uint64_t)(uintptr_t)(text + 15);
	stack[1] = 42;
	stack[2] = (uint64_t)(uintptr_t)(text + 20); /* in the text, behind no call */
	stack[3] = (uint64_t)(uintptr_t)(text + 32);
	stack[4] = (uint64_t)(uintptr_t)text;
	stack[5] = UINT64_MAX;
	stack[6] = (uint64_t)(uintptr_t)(text + sizeof(text) + 1);
	stack[7] = (uint64_t)(uintptr_t)(text + 15);
	assert_int_equal(trace_scan(stack, stack + 8, text, text + sizeof(text), found, 8), 3);
	assert_int_equal(found[0], stack[0]);
	assert_int_equal(found[1], stack[3]);
	assert_int_equal(found[2], stack[7]);
	assert_int_equal(trace_scan(stack, stack + 8, text, text + sizeof(text), found, 2), 2);
	assert_int_equal(trace_scan(stack, stack, text, text + sizeof(text), found, 8), 0);
}

static void recursion_counts_once(void **state)
{
	static const uint8_t text[] = { 0xff, 0xd0, 0xff, 0xd0 };
	uint64_t first = (uint64_t)(uintptr_t)(text + 2), second = first + 2;
	uint64_t stack[] = { first, 1, first, first, second, second, first }, found[8];

	(void)state;
	assert_int_equal(trace_scan(stack, stack + 7, text, text + 4, found, 8), 3);
	assert_int_equal(found[0], first);
	assert_int_equal(found[1], second);
	assert_int_equal(found[2], first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_call_is_recognised),
		cmocka_unit_test(other_instructions_are_not),
		cmocka_unit_test(scan_finds_return_addresses_in_stack_order),
		cmocka_unit_test(recursion_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
