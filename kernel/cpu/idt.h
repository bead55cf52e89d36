/* SPDX-License-Identifier: MIT */
/*
 * Interrupt descriptor table: exceptions end the kernel with a dump, device
 * vectors go to irq_dispatch(), which kernel/irq fills in above. One table for all CPUs.
 */
#ifndef KERNEL_CPU_IDT_H
#define KERNEL_CPU_IDT_H

#include <stddef.h>
#include <stdint.h>

#define IDT_VECTORS 256u
#define IDT_FIRST_DEVICE_VECTOR 32u

/* As vectors.asm leaves it on the stack; the drawing is there. */
struct exception_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct exception_frame) == 22 * 8, "vectors.asm pushes this");

/* Fills the table. Boot CPU, once. */
void idt_init(void);

/* Each CPU. */
void idt_load(void);

/* Called by the stubs of vectors 0..31 (panic.c). */
__attribute__((noreturn)) void exception_dispatch(const struct exception_frame *frame);

#endif
