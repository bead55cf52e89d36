/* SPDX-License-Identifier: MIT */
/*
 * Which handler a vector of a CPU calls, and which vectors are free. No
 * register; host-testable.
 */
#ifndef KERNEL_IRQ_VECTOR_H
#define KERNEL_IRQ_VECTOR_H

#include "kernel/irq/irq.h"

#define VECTOR_COUNT 256u
#define VECTOR_8259 0x20u /* 16 lines; ended at the 8259, not at the APIC */
#define VECTOR_FIRST 0x30u /* for irq_allocate() */
#define VECTOR_LAST 0xefu
#define VECTOR_WAKE 0xf0u
#define VECTOR_TIMER 0xf1u

struct vector_entry {
	irq_handler handler; /* never NULL after vector_init() */
	void *context;
};

/*
 * One CPU's vectors, indexed without subtraction: entry 0, which no device can
 * raise, holds the handler that free vectors call.
 */
struct vector_table {
	struct vector_entry entries[VECTOR_COUNT];
} ALIGNED(CACHE_LINE_BYTES);
_Static_assert(sizeof(struct vector_entry) == 16, "vectors.asm: VECTOR_ENTRY_BYTES");

void vector_init(struct vector_table *table, irq_handler stray);

/* Binds the lowest free vector; its number, or -ERR_FULL. */
int vector_allocate(struct vector_table *table, irq_handler handler, void *context);

/* Binds one of the vectors outside of VECTOR_FIRST..VECTOR_LAST. */
void vector_set(struct vector_table *table, uint8_t vector, irq_handler handler, void *context);

#endif
