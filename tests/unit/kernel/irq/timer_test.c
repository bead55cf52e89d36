/* SPDX-License-Identifier: MIT */
/* One-shot timers (kernel/irq/timer.c) on hardware that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- in place of kernel/cpu/x86.h and the local APIC --- */

#define KERNEL_CPU_X86_H

static bool interrupts_on;

static uint64_t x86_save_and_cli(void)
{
	bool were_on = interrupts_on;
	interrupts_on = false;
	return were_on;
}

static void x86_restore_interrupts(uint64_t were_on)
{
	interrupts_on = were_on;
}

#include "kernel/irq/timer.c"

struct cpu cpu_table[CPU_MAX];
static uint64_t now;
static uint64_t hardware_tsc; /* 0: stopped */
static unsigned hardware_writes;

struct cpu *cpu_this(void)
{
	return &cpu_table[1];
}

uint64_t clock_tsc(void)
{
	return now;
}

void lapic_timer_start(uint64_t deadline_tsc)
{
	assert_false(interrupts_on);
	hardware_tsc = deadline_tsc;
	hardware_writes++;
}

void lapic_timer_stop(void)
{
	hardware_tsc = 0;
	hardware_writes++;
}

/* --- */

static struct timer first, second;
static unsigned fired;
static uint64_t again_tsc; /* the callback arms itself for then; 0: not */

static void on_expiry(void *context)
{
	fired++;
	if (again_tsc)
		timer_arm(context, again_tsc);
}

static int reset(void **state)
{
	(void)state;
	memset(timers, 0, sizeof(timers));
	cpu_table[1].index = 1;
	now = 1000;
	interrupts_on = true;
	hardware_tsc = hardware_writes = fired = 0;
	again_tsc = 0;
	first = (struct timer){ .expired = on_expiry, .context = &first };
	second = (struct timer){ .expired = on_expiry, .context = &second };
	return 0;
}

/* The hardware fires; interrupts are off in the handler. */
static void fire(void)
{
	interrupts_on = false;
	timer_interrupt(NULL);
	interrupts_on = true;
}

static void the_hardware_has_the_earliest_and_is_written_for_nothing_else(void **state)
{
	(void)state;
	timer_arm(&first, 2000);
	assert_int_equal(hardware_tsc, 2000);
	timer_arm(&second, 3000);
	assert_int_equal(hardware_writes, 1);
	timer_arm(&second, 1500); /* moved */
	assert_int_equal(hardware_tsc, 1500);
	timer_cancel(&second);
	assert_int_equal(hardware_tsc, 2000);
	timer_cancel(&first);
	assert_int_equal(hardware_tsc, 0); /* no tick is left */
	timer_cancel(&first);
	assert_int_equal(hardware_writes, 4);
	assert_true(interrupts_on);
}

static void what_is_due_runs_once_and_the_rest_is_set(void **state)
{
	(void)state;
	timer_arm(&first, 2000);
	timer_arm(&second, 3000);
	now = 2000;
	fire();
	assert_int_equal(fired, 1);
	assert_int_equal(hardware_tsc, 3000);
	now = 9000;
	fire();
	assert_int_equal(fired, 2);
	fire(); /* spurious */
	assert_int_equal(fired, 2);
}

/* It cannot count that far, or rounds. */
static void hardware_that_fires_early_is_set_again(void **state)
{
	(void)state;
	timer_arm(&first, 2000);
	now = 1999;
	fire();
	assert_int_equal(fired, 0);
	assert_int_equal(hardware_tsc, 2000);
	assert_int_equal(hardware_writes, 2);
	now = 2000;
	fire();
	assert_int_equal(fired, 1);
}

static void a_callback_may_arm_its_own_timer(void **state)
{
	(void)state;
	timer_arm(&first, 2000);
	timer_arm(&second, 2000);
	now = again_tsc = 2000;
	again_tsc += 500;
	fire();
	assert_int_equal(fired, 2);
	assert_int_equal(hardware_tsc, 2500);
	assert_int_equal(hardware_writes, 2); /* once for both */
}

static void one_interrupt_is_bounded(void **state)
{
	(void)state;
	timer_arm(&first, 2000);
	now = again_tsc = 2000; /* due at once, for ever */
	fire();
	assert_int_equal(fired, EXPIRE_MAX);
	assert_int_equal(hardware_tsc, 2000); /* the rest follows in the next one */
}

static void a_deadline_of_zero_is_a_deadline(void **state)
{
	(void)state;
	timer_arm(&first, 0);
	assert_int_equal(hardware_tsc, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			the_hardware_has_the_earliest_and_is_written_for_nothing_else, reset),
		cmocka_unit_test_setup(what_is_due_runs_once_and_the_rest_is_set, reset),
		cmocka_unit_test_setup(hardware_that_fires_early_is_set_again, reset),
		cmocka_unit_test_setup(a_callback_may_arm_its_own_timer, reset),
		cmocka_unit_test_setup(one_interrupt_is_bounded, reset),
		cmocka_unit_test_setup(a_deadline_of_zero_is_a_deadline, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
