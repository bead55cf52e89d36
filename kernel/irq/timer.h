/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers of each CPU; the earliest deadline of its list is in the hardware
 * (TSC-deadline or LAPIC count), none when the list is empty.
 *
 * A callback runs in interrupt context, never before the deadline, and may
 * arm and cancel timers, its own included. Own CPU only; loop or interrupt
 * context.
 */
#ifndef KERNEL_IRQ_TIMER_H
#define KERNEL_IRQ_TIMER_H

#include "kernel/lib/util.h"

/* The caller's; lives while it is armed. */
struct timer {
	uint64_t deadline_tsc;
	void (*expired)(void *context);
	void *context;
	struct timer *next; /* private */
	bool armed; /* private */
};

/* Arming an armed timer moves it. */
void timer_arm(struct timer *timer, uint64_t deadline_tsc);
void timer_cancel(struct timer *timer);

/* Handler of the timer vector: runs what has expired, sets the next deadline. */
void timer_interrupt(void *context);

#endif
