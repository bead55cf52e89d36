/* SPDX-License-Identifier: MIT */
/*
 * What each CPU sets up first: from here on it knows its struct cpu, and an exception ends
 * in a dump. Interrupts stay off.
 */
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/image.h"

#define MXCSR_DEFAULT 0x1f80u /* all exceptions masked (SDM vol. 1 10.2.3) */

/* Only bench/ uses SSE, but a boot path may have left it off. */
static void enable_sse(void)
{
	x86_write_cr0((x86_read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	x86_write_cr4(x86_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	x86_fninit();
	x86_ldmxcsr(MXCSR_DEFAULT);
}

static void init_this(struct cpu *cpu)
{
	cpu->self = cpu;
	gdt_load(cpu->index);
	x86_wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	idt_load();
	enable_sse();
}

void cpu_init_boot(void)
{
	cpu_table[0].stack_top = (uint8_t *)boot_stack_top;
	idt_init();
	init_this(&cpu_table[0]);
}

void cpu_init_ap(struct cpu *cpu)
{
	init_this(cpu);
}
