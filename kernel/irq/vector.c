/* SPDX-License-Identifier: MIT */
/*
 * The vector table of one CPU. Free means: calls the stray handler.
 *
 * Written by the boot CPU, read by the owner's dispatcher at any moment: the
 * context is in place before the handler is. Vectors are never given back.
 */
#include "kernel/irq/vector.h"

#include "kernel/cpu/barrier.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"

static irq_handler stray_of(const struct vector_table *table)
{
	return table->entries[0].handler;
}

void vector_init(struct vector_table *table, irq_handler stray)
{
	for (unsigned i = 0; i < VECTOR_COUNT; i++)
		table->entries[i] = (struct vector_entry){ .handler = stray };
}

static void bind(struct vector_entry *entry, irq_handler handler, void *context)
{
	store_once(&entry->context, context);
	store_release(&entry->handler, handler); /* partner: irq_dispatch() */
}

int vector_allocate(struct vector_table *table, irq_handler handler, void *context)
{
	for (unsigned vector = VECTOR_FIRST; vector <= VECTOR_LAST; vector++) {
		if (table->entries[vector].handler != stray_of(table))
			continue;
		bind(&table->entries[vector], handler, context);
		return (int)vector;
	}
	return -ERR_FULL;
}

void vector_set(struct vector_table *table, uint8_t vector, irq_handler handler, void *context)
{
	assert_always(vector && (vector < VECTOR_FIRST || vector > VECTOR_LAST));
	bind(&table->entries[vector], handler, context);
}
