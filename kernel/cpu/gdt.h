/* SPDX-License-Identifier: MIT */
/* Segments and task state: what long mode still needs of them. */
#ifndef KERNEL_CPU_GDT_H
#define KERNEL_CPU_GDT_H

#include <stdint.h>

#define GDT_CODE 0x08u
#define GDT_DATA 0x10u
#define GDT_TSS 0x18u

/* Interrupt stack table index of the CPU's emergency stack (idt.c). */
#define GDT_EMERGENCY_IST 1u
#define GDT_EMERGENCY_STACK_BYTES 4096u

/*
 * Loads GDT, segments and TSS of the CPU with that index, on that CPU.
 * Clears the GS base: set it afterwards.
 */
void gdt_load(uint32_t cpu_index);

/* Top of the emergency stack of that CPU. */
uint64_t gdt_emergency_stack_top(uint32_t cpu_index);

#endif
