/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors and their delivery: local APIC (xAPIC or x2APIC), MSI
 * messages, and the 8259 for INTx.
 *
 * A handler runs with interrupts off on the CPU it was allocated for. It only
 * notes what happened: no work, no submission, no printing. EOI is sent by the
 * dispatcher after the handler. Handlers use general registers only.
 */
#ifndef KERNEL_IRQ_IRQ_H
#define KERNEL_IRQ_IRQ_H

#include "kernel/cpu/percpu.h"
#include "kernel/lib/util.h"

typedef void (*irq_handler)(void *context);

/* SDM vol. 3A 11.11: what a function writes to raise the vector. */
struct irq_msi_message {
	uint64_t address;
	uint32_t data;
};

/*
 * Boot CPU: masks the 8259, maps and enables its local APIC, turns interrupts
 * on. After acpi_init() and clock_init(). 0, or -ERR_* (no timer, no memory).
 */
int irq_init(void);

/* Each other CPU: enables its own local APIC. Interrupts stay off. */
void irq_init_cpu(void);

/*
 * Called by the stubs of vectors 32..255 (kernel/cpu/vectors.asm), interrupts off, with the
 * general registers that C clobbers saved and no others: counts, runs the handler, ends the
 * interrupt. `entry_offset`: of the vector's entry in its CPU's table, in bytes.
 */
void irq_dispatch(uint64_t entry_offset);

/* The same for vectors that the APIC must not get an end for. */
void irq_dispatch_other(uint32_t vector);

/* Raises the wake vector, whose handler does nothing, on another CPU. */
void irq_send_wake(const struct cpu *cpu);

/*
 * A vector of its own on that CPU, and the MSI message that raises it. 0,
 * -ERR_FULL, or -ERR_UNSUPPORTED for a CPU that MSI cannot name (APIC ID above
 * 254). Boot CPU; not on the I/O path.
 */
int irq_allocate(struct cpu *cpu, irq_handler handler, void *context,
		 struct irq_msi_message *message);

/*
 * INTx through the 8259: `line` is the function's Interrupt Line register
 * (0..15). Level triggered; several handlers may share a line, each is
 * called, and gets nothing but its context: it must ask its device. Delivered
 * to the boot CPU. Boot CPU; not on the I/O path. 0, -ERR_UNSUPPORTED (no 8259,
 * or a line that cannot be level triggered) or -ERR_FULL.
 */
int irq_connect_line(uint8_t line, irq_handler handler, void *context);

#endif
