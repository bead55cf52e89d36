/* SPDX-License-Identifier: MIT */
/* The local APIC's timer (kernel/irq/lapic.c): what is written for a deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- in place of kernel/cpu/x86.h: an x2APIC, whose registers are MSRs --- */

#define KERNEL_CPU_X86_H

static bool has_tsc_deadline;
static uint64_t time_tsc, deadline_msr;
static uint32_t initial_count;
static uint64_t ticks_per_count; /* how much slower the timer counts than the TSC; 0: stopped */

static void x86_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	(void)subleaf;
	memset(out, 0, 4 * sizeof(out[0]));
	if (leaf == 1)
		out[2] = 1u << 21 | (uint32_t)has_tsc_deadline << 24;
}

static uint64_t counts_done;

static uint64_t x86_rdmsr(uint32_t msr)
{
	if (msr == 0x839) /* the current count */
		return initial_count - (uint32_t)counts_done;
	return 0;
}

static void x86_wrmsr(uint32_t msr, uint64_t value)
{
	if (msr == 0x6e0)
		deadline_msr = value;
	if (msr == 0x838)
		initial_count = (uint32_t)value;
}

static uint64_t x86_save_and_cli(void)
{
	return 0;
}

static void x86_restore_interrupts(uint64_t were_on)
{
	(void)were_on;
}

static void x86_pause(void)
{
}

#include "kernel/irq/lapic.c"

uint64_t clock_tsc(void)
{
	return time_tsc;
}

void clock_delay_ns(uint64_t ns)
{
	time_tsc += ns;
	counts_done = ticks_per_count ? ns / ticks_per_count : 0;
}

volatile void *paging_map_mmio(phys_addr address, uint64_t length_bytes)
{
	(void)address;
	(void)length_bytes;
	return NULL;
}

static int measure_with(uint64_t ticks)
{
	has_tsc_deadline = false;
	ticks_per_count = ticks;
	time_tsc = 1000000;
	timer_counts_per_tsc_q32 = 0;
	return lapic_timer_measure();
}

struct deadline_case {
	uint64_t ticks_per_count, after_tsc;
	uint32_t count;
};

static void a_deadline_is_counted_down_to(void **state)
{
	(void)state;
	static const struct deadline_case cases[] = {
		{ 1, 5000, 5001 },
		{ 4, 5000, 1251 },
		{ 4, 3, 1 }, /* never 0, which would stop it */
		{ 4, 0, 1 },
		{ 1, UINT32_MAX - 1ull, UINT32_MAX },
		{ 1, UINT32_MAX, UINT32_MAX }, /* further than it counts: it fires early */
		{ 1, 5ull << 32, UINT32_MAX },
		{ 4, 5ull << 32, UINT32_MAX },
		{ 4, 3ull << 32, (3u << 30) + 1 },
		{ 1, UINT64_MAX / 2, UINT32_MAX },
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(measure_with(cases[i].ticks_per_count), 0);
		assert_false(lapic_timer_is_tsc_deadline());
		lapic_timer_start(time_tsc + cases[i].after_tsc);
		assert_int_equal(initial_count, cases[i].count);
		lapic_timer_stop();
		assert_int_equal(initial_count, 0);
	}
	lapic_timer_start(time_tsc - 1); /* has passed: at once */
	assert_int_equal(initial_count, 1);
}

static void a_timer_that_does_not_count_is_told(void **state)
{
	(void)state;
	assert_int_equal(measure_with(0), -ERR_DEVICE);
	assert_int_equal(measure_with(2), 0);
	assert_int_equal(initial_count, 0); /* stopped again */
}

static void with_tsc_deadline_the_deadline_itself_is_written(void **state)
{
	(void)state;
	has_tsc_deadline = true;
	timer_counts_per_tsc_q32 = 0;
	assert_int_equal(lapic_timer_measure(), 0);
	assert_true(lapic_timer_is_tsc_deadline());
	lapic_timer_start(5ull << 40);
	assert_int_equal(deadline_msr, 5ull << 40);
	lapic_timer_start(0); /* 0 would disarm */
	assert_int_equal(deadline_msr, 1);
	lapic_timer_stop();
	assert_int_equal(deadline_msr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_is_counted_down_to),
		cmocka_unit_test(a_timer_that_does_not_count_is_told),
		cmocka_unit_test(with_tsc_deadline_the_deadline_itself_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
