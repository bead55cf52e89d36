/* SPDX-License-Identifier: MIT */
/*
 * Where the linker put the kernel (kernel/kernel.ld). Addresses only: take
 * them with &symbol[0], never read through them. All are page aligned and
 * in the order of this list; kernel_start lies at KERNEL_IMAGE_BASE.
 */
#ifndef KERNEL_LIB_IMAGE_H
#define KERNEL_LIB_IMAGE_H

extern char kernel_start[];
extern char kernel_text_start[], kernel_text_end[]; /* read, execute */
extern char kernel_rodata_start[], kernel_rodata_end[]; /* read */
extern char kernel_data_start[], kernel_data_end[]; /* read, write; with .bss */
extern char kernel_end[];

/*
 * The boot CPU's stack in .bss: one page meant to be unmapped, then the stack
 * up to boot_stack_top.
 */
extern char boot_stack_guard[], boot_stack_top[];

#endif
