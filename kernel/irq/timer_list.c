/* SPDX-License-Identifier: MIT */
/*
 * A sorted, singly linked list: a CPU has a handful of timers (one per device
 * at most), so that a walk is cheaper than anything cleverer.
 *
 * The owner of a timer keeps it alive while it is armed. Context: one CPU,
 * interrupts off.
 */
#include "kernel/irq/timer_list.h"

#include "kernel/lib/assert.h"

void timer_list_insert(struct timer_list *list, struct timer *timer)
{
	struct timer **link = &list->first;

	assert_always(!timer->armed);
	while (*link && (*link)->deadline_tsc <= timer->deadline_tsc)
		link = &(*link)->next;
	timer->next = *link;
	timer->armed = true;
	*link = timer;
}

void timer_list_remove(struct timer_list *list, struct timer *timer)
{
	struct timer **link = &list->first;

	if (!timer->armed)
		return;
	while (*link && *link != timer)
		link = &(*link)->next;
	assert_always(*link == timer);
	*link = timer->next;
	timer->next = NULL;
	timer->armed = false;
}

struct timer *timer_list_pop(struct timer_list *list, uint64_t now_tsc)
{
	struct timer *timer = list->first;

	if (!timer || timer->deadline_tsc > now_tsc)
		return NULL;
	timer_list_remove(list, timer);
	return timer;
}
