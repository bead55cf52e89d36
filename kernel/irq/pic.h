/* SPDX-License-Identifier: MIT */
/* The pair of 8259 interrupt controllers, for INTx on the boot CPU. */
#ifndef KERNEL_IRQ_PIC_H
#define KERNEL_IRQ_PIC_H

#include "kernel/irq/irq.h"

#define PIC_LINES 16u

/* Moves the vectors out of the exceptions' way and masks every line. */
void pic_init(uint8_t first_vector);

/* Adds a handler and unmasks the line; 0, -ERR_FULL, -ERR_UNSUPPORTED. */
int pic_connect(uint8_t line, irq_handler handler, void *context);

/* Interrupt of a line: calls its handlers and ends it; false: spurious. */
bool pic_interrupt(uint8_t line);

#endif
