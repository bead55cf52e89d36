/* SPDX-License-Identifier: MIT */
/* The 8259 pair (kernel/irq/pic.c): handlers of shared lines, who is ended, what is spurious. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- in place of kernel/cpu/x86.h: ports of two 8259s that remember --- */

#define KERNEL_CPU_X86_H

static struct {
	uint8_t in_service, mask, elcr;
	bool shows_in_service; /* as asked for by the last command */
	unsigned ends;
} chips[2];

static unsigned chip_of(uint16_t port)
{
	return port >= 0xa0 && port != 0x4d0;
}

static void x86_out8(uint16_t port, uint8_t value)
{
	unsigned chip = chip_of(port);
	if (port == 0x4d0 || port == 0x4d1) {
		chips[port & 1].elcr = value;
	} else if (port & 1) {
		chips[chip].mask = value;
	} else if (value == 0x20) { /* ends the one of highest priority */
		chips[chip].ends++;
		chips[chip].in_service &= (uint8_t)(chips[chip].in_service - 1);
	} else {
		chips[chip].shows_in_service = value == 0x0b;
	}
}

static uint8_t x86_in8(uint16_t port)
{
	if (port == 0x4d0 || port == 0x4d1)
		return chips[port & 1].elcr;
	assert_true(chips[chip_of(port)].shows_in_service);
	return chips[chip_of(port)].in_service;
}

#include "kernel/irq/pic.c"

static unsigned calls[2];

static void count(void *context)
{
	(*(unsigned *)context)++;
}

static int reset(void **state)
{
	(void)state;
	memset(chips, 0, sizeof(chips));
	memset(calls, 0, sizeof(calls));
	memset(lines, 0, sizeof(lines));
	handler_count = 0;
	pic_init(0x20);
	return 0;
}

/* Acknowledged by the CPU: in service, at the second also through the first. */
static void put_in_service(uint8_t line)
{
	chips[line / 8].in_service |= (uint8_t)(1u << line % 8);
	if (line >= 8)
		chips[0].in_service |= 1u << CASCADE_LINE;
}

static void a_line_calls_all_its_handlers_and_is_ended(void **state)
{
	static const uint8_t usable[] = { 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15 };
	for (unsigned i = 0; i < ARRAY_COUNT(usable); i++) {
		reset(state);
		assert_int_equal(pic_connect(usable[i], count, &calls[0]), 0);
		assert_int_equal(pic_connect(usable[i], count, &calls[1]), 0);
		put_in_service(usable[i]);
		assert_true(pic_interrupt(usable[i]));
		assert_int_equal(calls[0], 1);
		assert_int_equal(calls[1], 1);
		assert_int_equal(chips[0].in_service | chips[1].in_service, 0);
		assert_int_equal(chips[0].ends, 1);
		assert_int_equal(chips[1].ends, usable[i] >= 8);
	}
}

struct spurious_case {
	uint8_t line;
	uint8_t in_service[2]; /* of either chip */
	unsigned ends[2];
};

/* Ending what is not in service would end another line's interrupt. */
static void a_request_that_went_away_calls_nobody(void **state)
{
	static const struct spurious_case cases[] = {
		{ 7, { 0, 0 }, { 0, 0 } },
		{ 7, { 1u << 3, 0 }, { 0, 0 } },
		{ 15, { 1u << CASCADE_LINE, 0 }, { 1, 0 } }, /* the first did see a request */
		{ 15, { 1u << CASCADE_LINE, 1u << 2 }, { 1, 0 } },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct spurious_case *c = &cases[i];
		reset(state);
		assert_int_equal(pic_connect(c->line, count, &calls[0]), 0);
		chips[0].in_service = c->in_service[0];
		chips[1].in_service = c->in_service[1];
		assert_false(pic_interrupt(c->line));
		assert_int_equal(calls[0], 0);
		assert_int_equal(chips[0].ends, c->ends[0]);
		assert_int_equal(chips[1].ends, c->ends[1]);
	}
}

static void connecting_unmasks_the_line_as_level_triggered(void **state)
{
	(void)state;
	assert_int_equal(chips[0].mask & chips[1].mask, 0xff);
	assert_int_equal(pic_connect(11, count, calls), 0);
	assert_int_equal(chips[0].mask, 0xff & ~(1u << CASCADE_LINE));
	assert_int_equal(chips[1].mask, 0xff & ~(1u << 3));
	assert_int_equal(chips[0].elcr, 0);
	assert_int_equal(chips[1].elcr, 1u << 3);
	assert_int_equal(pic_connect(5, count, calls), 0);
	assert_int_equal(chips[0].elcr, 1u << 5);
	assert_int_equal(chips[1].elcr, 1u << 3);
}

static void lines_that_cannot_be_shared_are_refused(void **state)
{
	(void)state;
	static const uint8_t refused[] = { 0, 1, 2, 8, 13, 16, 255 };
	for (unsigned i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(pic_connect(refused[i], count, calls), -ERR_UNSUPPORTED);
	assert_int_equal(chips[0].mask & chips[1].mask, 0xff);
	for (unsigned i = 0; i < HANDLERS_MAX; i++)
		assert_int_equal(pic_connect(11, count, &calls[0]), 0);
	assert_int_equal(pic_connect(11, count, &calls[1]), -ERR_FULL);
	put_in_service(11);
	assert_true(pic_interrupt(11));
	assert_int_equal(calls[0], HANDLERS_MAX);
	assert_int_equal(calls[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_calls_all_its_handlers_and_is_ended, reset),
		cmocka_unit_test_setup(a_request_that_went_away_calls_nobody, reset),
		cmocka_unit_test_setup(connecting_unmasks_the_line_as_level_triggered, reset),
		cmocka_unit_test_setup(lines_that_cannot_be_shared_are_refused, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
