/* SPDX-License-Identifier: MIT */
/* The CMOS clock (kernel/cpu/rtc.c) against one that is odd, busy or absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "kernel/cpu/clock.h"
#include "kernel/cpu/rtc.h"

#define BCD 0x02u /* status B: 24 hours */
#define BINARY 0x06u
#define BCD_12_HOURS 0x00u

static uint8_t cmos[128];
static uint64_t now_tsc, reads;
static void (*before_read)(uint8_t index);

uint64_t clock_tsc(void)
{
	return now_tsc;
}

static uint8_t read_cmos(uint8_t index)
{
	reads++;
	now_tsc += 1000;
	if (before_read)
		before_read(index);
	return cmos[index];
}

static int reset(void **state)
{
	(void)state;
	clock_scale = (struct clock_scale){ 1ull << 32, 1ull << 32, 1000000000, 1 };
	memset(cmos, 0, sizeof(cmos));
	before_read = NULL;
	now_tsc = reads = 0;
	return 0;
}

/* As the registers hold it: second, minute, hour, day, month, year. */
static void set(uint8_t status_b, const uint8_t fields[6])
{
	static const uint8_t indices[] = { 0, 2, 4, 7, 8, 9 };

	for (unsigned i = 0; i < 6; i++)
		cmos[indices[i]] = fields[i];
	cmos[0x0b] = status_b;
}

static void every_day_of_a_century_is_the_c_librarys(void **state)
{
	(void)state;
	for (time_t want = 0; want < 3155760000; want += 86399) {
		struct tm tm;

		gmtime_r(&want, &tm);
		uint8_t fields[] = { (uint8_t)tm.tm_sec,  (uint8_t)tm.tm_min,
				     (uint8_t)tm.tm_hour, (uint8_t)tm.tm_mday,
				     (uint8_t)(tm.tm_mon + 1), (uint8_t)(tm.tm_year % 100) };
		set(BINARY, fields);
		assert_int_equal(rtc_seconds(read_cmos), want);
	}
}

static const struct {
	uint8_t status_b;
	uint8_t fields[6];
	uint64_t seconds; /* 0: no date */
} cases[] = {
	{ BCD, { 0x58, 0x21, 0x02, 0x21, 0x11, 0x26 }, 1795227718 },
	{ BINARY, { 58, 21, 2, 21, 11, 26 }, 1795227718 },
	{ BCD_12_HOURS, { 0x58, 0x21, 0x02, 0x21, 0x11, 0x26 }, 1795227718 },
	{ BCD_12_HOURS, { 0x58, 0x21, 0x82, 0x21, 0x11, 0x26 }, 1795227718 + 12 * 3600 },
	{ BCD_12_HOURS, { 0x58, 0x21, 0x12, 0x21, 0x11, 0x26 }, 1795227718 - 2 * 3600 },
	{ BCD_12_HOURS, { 0x58, 0x21, 0x92, 0x21, 0x11, 0x26 }, 1795227718 + 10 * 3600 },
	{ BCD, { 0, 0, 0, 0x29, 0x02, 0x24 }, 1709164800 },
	{ BCD, { 0, 0, 0, 0x29, 0x02, 0x23 }, 0 }, /* no leap year */
	{ BCD, { 0, 0, 0, 0x31, 0x04, 0x23 }, 0 },
	{ BCD, { 0, 0, 0, 0x00, 0x04, 0x23 }, 0 },
	{ BCD, { 0, 0, 0, 0x01, 0x00, 0x23 }, 0 },
	{ BCD, { 0, 0, 0, 0x01, 0x13, 0x23 }, 0 },
	{ BCD, { 0x60, 0, 0, 0x01, 0x01, 0x23 }, 0 },
	{ BCD, { 0x0a, 0, 0, 0x01, 0x01, 0x23 }, 0 },
	{ BCD, { 0, 0xa0, 0, 0x01, 0x01, 0x23 }, 0 },
	{ BCD, { 0, 0, 0x24, 0x01, 0x01, 0x23 }, 0 },
	{ BCD_12_HOURS, { 0, 0, 0x13, 0x01, 0x01, 0x23 }, 0 },
	{ BCD_12_HOURS, { 0, 0, 0x00, 0x01, 0x01, 0x23 }, 0 },
	{ BINARY, { 0, 0, 0, 1, 1, 100 }, 0 },
	{ BINARY, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },
};

static void what_the_registers_hold_is_a_date_or_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
		set(cases[i].status_b, cases[i].fields);
		assert_int_equal(rtc_seconds(read_cmos), cases[i].seconds);
	}
}

/* The second ends between two reads: 23:59:59 on the last of December. */
static void end_year(uint8_t index)
{
	if (reads == 3 && index)
		set(BCD, (uint8_t[]){ 0x00, 0x00, 0x00, 0x01, 0x01, 0x27 });
}

static void a_second_that_ends_while_it_is_read_is_read_again(void **state)
{
	(void)state;
	set(BCD, (uint8_t[]){ 0x59, 0x59, 0x23, 0x31, 0x12, 0x26 });
	before_read = end_year;
	assert_int_equal(rtc_seconds(read_cmos), 1798761600); /* 2027-01-01 */
}

/* Garbage while the flag is set. */
static void finish_update(uint8_t index)
{
	(void)index;
	if (now_tsc < 2000000)
		return;
	cmos[0x0a] = 0;
	set(BCD, (uint8_t[]){ 0x58, 0x21, 0x02, 0x21, 0x11, 0x26 });
}

static void an_update_is_waited_for(void **state)
{
	(void)state;
	cmos[0x0a] = 0x80;
	set(BCD, (uint8_t[]){ 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 });
	before_read = finish_update;
	assert_int_equal(rtc_seconds(read_cmos), 1795227718);
}

static void an_update_without_end_is_given_up(void **state)
{
	(void)state;
	set(BCD, (uint8_t[]){ 0x58, 0x21, 0x02, 0x21, 0x11, 0x26 });
	cmos[0x0a] = 0x80;
	assert_int_equal(rtc_seconds(read_cmos), 0);
	assert_in_range(now_tsc, 20000000, 21000000);
}

static void race(uint8_t index)
{
	if (index == 0)
		cmos[0] = (uint8_t)((cmos[0] + 1) & 7);
}

static void a_clock_that_never_holds_still_is_given_up(void **state)
{
	(void)state;
	set(BCD, (uint8_t[]){ 0x00, 0x21, 0x02, 0x21, 0x11, 0x26 });
	before_read = race;
	assert_int_equal(rtc_seconds(read_cmos), 0);
	assert_in_range(now_tsc, 20000000, 21000000);
}

/* No chip: all ones. */
static void ports_that_nobody_answers_are_no_clock(void **state)
{
	(void)state;
	memset(cmos, 0xff, sizeof(cmos));
	assert_int_equal(rtc_seconds(read_cmos), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_day_of_a_century_is_the_c_librarys, reset),
		cmocka_unit_test_setup(what_the_registers_hold_is_a_date_or_none, reset),
		cmocka_unit_test_setup(a_second_that_ends_while_it_is_read_is_read_again, reset),
		cmocka_unit_test_setup(an_update_is_waited_for, reset),
		cmocka_unit_test_setup(an_update_without_end_is_given_up, reset),
		cmocka_unit_test_setup(a_clock_that_never_holds_still_is_given_up, reset),
		cmocka_unit_test_setup(ports_that_nobody_answers_are_no_clock, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
