/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of this kernel: which vector calls what, and their dispatch.
 *
 *   0x20..0x2f  8259 lines, boot CPU only; ended at the 8259
 *   0x30..0xef  irq_allocate(): MSI-X, one table per CPU
 *   0xf0, 0xf1  wake another CPU; one-shot timer
 *   0xff        the APIC's spurious vector; not ended at all
 *
 * Interrupts do not nest: handlers run with interrupts off until IRET. The
 * dispatcher is on the I/O path and does nothing but count, call and end; all
 * that is rare is out of line.
 *
 * Tables are written by the boot CPU at start and read by their own CPU.
 * Deliberately no priorities, no I/O APIC, no moving of a vector.
 */
#include "kernel/irq/irq.h"

#include "kernel/acpi/acpi.h"
#include "kernel/cpu/barrier.h"
#include "kernel/cpu/x86.h"
#include "kernel/irq/lapic.h"
#include "kernel/irq/pic.h"
#include "kernel/irq/timer.h"
#include "kernel/irq/vector.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"

#define MSI_ADDRESS 0xfee00000ull /* SDM vol. 3A 11.11.1: destination in 19..12 */
#define MSI_DESTINATION_SHIFT 12
#define MSI_APIC_ID_MAX 0xfeu

static struct vector_table tables[CPU_MAX];
static bool has_8259;

static void stray(void *context)
{
	(void)context;
	cpu_this()->spurious_interrupts++;
}

static void on_wake(void *context)
{
	(void)context; /* having left HLT is all there is to it */
}

void irq_dispatch_other(uint32_t vector)
{
	struct cpu *cpu = cpu_this();
	uint32_t line = vector - VECTOR_8259;

	cpu->interrupts++;
	/* Left over from firmware, through the APIC at a vector of ours. */
	if (lapic_is_in_service((uint8_t)vector)) {
		cpu->spurious_interrupts++;
		lapic_eoi();
		return;
	}
	if (vector == LAPIC_SPURIOUS_VECTOR || !has_8259 || !pic_interrupt((uint8_t)line))
		cpu->spurious_interrupts++;
}

void irq_dispatch(uint64_t entry_offset)
{
	struct cpu *cpu = cpu_this();
	const struct vector_entry *entry = (const void *)(cpu->vectors + entry_offset);

	cpu->interrupts++;
	load_acquire(&entry->handler)(entry->context); /* partner: vector.c, bind() */
	lapic_eoi();
}

/* With the local APIC enabled and the timer's rate known. */
static void init_vectors(void)
{
	struct vector_table *table = &tables[cpu_this()->index];

	vector_init(table, stray);
	cpu_this()->vectors = (const uint8_t *)table;
	vector_set(table, VECTOR_WAKE, on_wake, NULL);
	vector_set(table, VECTOR_TIMER, timer_interrupt, NULL);
	lapic_timer_init_cpu(VECTOR_TIMER);
}

void irq_init_cpu(void)
{
	lapic_init_cpu();
	init_vectors();
}

int irq_init(void)
{
	int result;

	has_8259 = acpi_info.has_8259;
	if (has_8259)
		pic_init(VECTOR_8259);
	result = lapic_init(acpi_info.local_apic);
	if (result)
		return result;
	lapic_init_cpu();
	cpu_this()->apic_id = lapic_id();
	result = lapic_timer_measure();
	if (result) {
		log_error("irq", "the local APIC's timer does not count");
		return result;
	}
	init_vectors();
	log_info("irq", "%s, timer by %s%s", lapic_is_x2apic() ? "x2APIC" : "xAPIC",
		 lapic_timer_is_tsc_deadline() ? "TSC deadline" : "APIC count",
		 has_8259 ? ", 8259 for INTx" : "");
	x86_sti();
	return 0;
}

int irq_allocate(struct cpu *cpu, irq_handler handler, void *context,
		 struct irq_msi_message *message)
{
	int vector;

	cpu_assert_boot();
	assert_always(handler != NULL);
	if (cpu->apic_id > MSI_APIC_ID_MAX)
		return -ERR_UNSUPPORTED;
	vector = vector_allocate(&tables[cpu->index], handler, context);
	if (vector < 0)
		return vector;
	message->address = MSI_ADDRESS | (uint64_t)cpu->apic_id << MSI_DESTINATION_SHIFT;
	message->data = (uint32_t)vector; /* fixed delivery, edge */
	return 0;
}

int irq_connect_line(uint8_t line, irq_handler handler, void *context)
{
	assert_always(handler != NULL && cpu_this()->index == 0);
	if (!has_8259)
		return -ERR_UNSUPPORTED;
	lapic_accept_8259();
	return pic_connect(line, handler, context);
}

void irq_send_wake(const struct cpu *cpu)
{
	(void)lapic_send(cpu->apic_id, VECTOR_WAKE);
}
