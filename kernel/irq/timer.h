/* SPDX-License-Identifier: MIT */
/* The one-shot timer's glue to the local APIC; timer_arm() is in irq.h. */
#ifndef KERNEL_IRQ_TIMER_H
#define KERNEL_IRQ_TIMER_H

/* Handler of the timer vector: runs what has expired, sets the next deadline. */
void timer_interrupt(void *context);

#endif
