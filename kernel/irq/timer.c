/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers: the earliest deadline of this CPU's list is in the local
 * APIC, and nothing is when the list is empty. No tick.
 *
 * The hardware is written only when the first deadline changed. It may fire
 * early (it cannot count that far, or rounded); then nothing has expired and
 * it is set again.
 *
 * Context: the owning CPU; the list is changed with interrupts off. A timer
 * belongs to its caller and must live while it is armed.
 */
#include "kernel/irq/timer.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/x86.h"
#include "kernel/irq/lapic.h"
#include "kernel/irq/timer_list.h"

/* Expiries per interrupt; the rest follows at once in the next one. */
#define EXPIRE_MAX 64u

static struct {
	struct timer_list list; /* [c] */
	uint64_t programmed_tsc; /* [c] deadline in the hardware; 0: none */
	bool is_expiring; /* [c] callbacks run: the hardware is set afterwards */
} ALIGNED(CACHE_LINE_BYTES) timers[CPU_MAX];

static void program(uint32_t cpu)
{
	const struct timer *first = timers[cpu].list.first;
	uint64_t deadline_tsc = first ? MAX(first->deadline_tsc, 1ull) : 0;

	if (timers[cpu].is_expiring || deadline_tsc == timers[cpu].programmed_tsc)
		return;
	timers[cpu].programmed_tsc = deadline_tsc;
	if (deadline_tsc)
		lapic_timer_start(deadline_tsc);
	else
		lapic_timer_stop();
}

void timer_arm(struct timer *timer, uint64_t deadline_tsc)
{
	uint64_t were_on = x86_save_and_cli();
	uint32_t cpu = cpu_this()->index;

	timer_list_remove(&timers[cpu].list, timer);
	timer->deadline_tsc = deadline_tsc;
	timer_list_insert(&timers[cpu].list, timer);
	program(cpu);
	x86_restore_interrupts(were_on);
}

void timer_cancel(struct timer *timer)
{
	uint64_t were_on = x86_save_and_cli();
	uint32_t cpu = cpu_this()->index;

	timer_list_remove(&timers[cpu].list, timer);
	program(cpu);
	x86_restore_interrupts(were_on);
}

void timer_interrupt(void *context)
{
	uint32_t cpu = cpu_this()->index;
	uint64_t now_tsc = clock_tsc();

	(void)context;
	timers[cpu].is_expiring = true;
	for (unsigned i = 0; i < EXPIRE_MAX; i++) {
		struct timer *timer = timer_list_pop(&timers[cpu].list, now_tsc);

		if (!timer)
			break;
		timer->expired(timer->context);
	}
	timers[cpu].is_expiring = false;
	timers[cpu].programmed_tsc = 0; /* it has fired */
	program(cpu);
}
