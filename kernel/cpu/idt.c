/* SPDX-License-Identifier: MIT */
/*
 * The interrupt descriptor table (SDM vol. 3A 6.10, 6.14.1): 256 interrupt
 * gates, so that every handler starts with interrupts off. The stubs lie at a
 * fixed stride in vectors.asm, hence no table of their addresses.
 *
 * Written once by the boot CPU, then only read by the CPUs.
 */
#include "kernel/cpu/idt.h"

#include "kernel/cpu/gdt.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/util.h"

/* vectors.asm */
extern char exception_stubs[], device_stubs[];
#define EXCEPTION_STUB_BYTES 16u
#define DEVICE_STUB_BYTES 64u

#define VECTOR_NMI 2u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_MACHINE_CHECK 18u

#define GATE_PRESENT_INTERRUPT 0x8eu /* present, DPL 0, type 14 */

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM vol. 3A figure 6-8");

static struct gate gates[IDT_VECTORS] ALIGNED(16);

static uint64_t stub_address(unsigned vector)
{
	if (vector < IDT_FIRST_DEVICE_VECTOR)
		return (uint64_t)(uintptr_t)exception_stubs + vector * EXCEPTION_STUB_BYTES;
	return (uint64_t)(uintptr_t)device_stubs +
	       (vector - IDT_FIRST_DEVICE_VECTOR) * DEVICE_STUB_BYTES;
}

static bool needs_emergency_stack(unsigned vector)
{
	return vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT ||
	       vector == VECTOR_MACHINE_CHECK;
}

void idt_init(void)
{
	for (unsigned vector = 0; vector < IDT_VECTORS; vector++) {
		uint64_t address = stub_address(vector);

		gates[vector] = (struct gate){
			.offset_low = (uint16_t)address,
			.offset_middle = (uint16_t)(address >> 16),
			.offset_high = (uint32_t)(address >> 32),
			.selector = GDT_CODE,
			.ist = needs_emergency_stack(vector) ? GDT_EMERGENCY_IST : 0,
			.type = GATE_PRESENT_INTERRUPT,
		};
	}
}

void idt_load(void)
{
	struct x86_table_pointer pointer = {
		.limit = sizeof(gates) - 1,
		.base = (uint64_t)(uintptr_t)gates,
	};

	x86_lidt(&pointer);
}
