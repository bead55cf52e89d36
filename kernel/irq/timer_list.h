/* SPDX-License-Identifier: MIT */
/*
 * Armed timers of one CPU, earliest first. No register, no time of its own;
 * host-testable. The list links the timers themselves.
 */
#ifndef KERNEL_IRQ_TIMER_LIST_H
#define KERNEL_IRQ_TIMER_LIST_H

#include "kernel/irq/timer.h"

struct timer_list {
	struct timer *first; /* NULL: empty */
};

/* Behind those with an equal deadline. The timer must not be armed. */
void timer_list_insert(struct timer_list *list, struct timer *timer);

/* Nothing happens when the timer is not armed. */
void timer_list_remove(struct timer_list *list, struct timer *timer);

/* Takes the first timer out if its deadline is not after `now_tsc`, else NULL. */
struct timer *timer_list_pop(struct timer_list *list, uint64_t now_tsc);

#endif
