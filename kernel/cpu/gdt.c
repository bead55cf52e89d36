/* SPDX-License-Identifier: MIT */
/*
 * One GDT and one TSS per CPU (SDM vol. 3A 3.4.5, 8.7).
 *
 *   0x00 null   0x08 64-bit code   0x10 data   0x18 TSS (two entries)
 *
 * The TSS serves one purpose: the emergency stack, for events that may find
 * the normal one unusable (double fault after a stack overflow) or at any
 * instruction (NMI, machine check). All of them end the kernel, so they share
 * one stack per CPU: a second one during the first only cuts its dump short.
 *
 * Each CPU writes its own entries once, before it takes interrupts.
 */
#include "kernel/cpu/gdt.h"

#include "kernel/cpu/percpu.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/util.h"

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* IST1 is ist[0] */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
} PACKED;
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3A figure 8-11");

struct cpu_segments {
	uint64_t gdt[5];
	struct tss tss;
} ALIGNED(16);

static struct cpu_segments segments[CPU_MAX];
static uint8_t emergency_stacks[CPU_MAX][GDT_EMERGENCY_STACK_BYTES] ALIGNED(16);

uint64_t gdt_emergency_stack_top(uint32_t cpu_index)
{
	return (uint64_t)(uintptr_t)&emergency_stacks[cpu_index][GDT_EMERGENCY_STACK_BYTES];
}

/* The far return is the only way to load CS; null selectors clear FS and GS. */
static void load_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %1, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs"
			 ::"i"(GDT_CODE), "i"(GDT_DATA)
			 : "rax", "memory");
}

void gdt_load(uint32_t cpu_index)
{
	struct cpu_segments *own = &segments[cpu_index];
	uint64_t base = (uint64_t)(uintptr_t)&own->tss;
	uint64_t limit = sizeof(own->tss) - 1;
	struct x86_table_pointer pointer = {
		.limit = sizeof(own->gdt) - 1,
		.base = (uint64_t)(uintptr_t)own->gdt,
	};

	own->gdt[GDT_CODE / 8] = 0x00af9b000000ffffull;
	own->gdt[GDT_DATA / 8] = 0x00cf93000000ffffull;
	/* Available 64-bit TSS: present, type 9 (SDM vol. 3A figure 8-4). */
	own->gdt[GDT_TSS / 8] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 |
				(base >> 24 & 0xff) << 56;
	own->gdt[GDT_TSS / 8 + 1] = base >> 32;
	own->tss.ist[GDT_EMERGENCY_IST - 1] = gdt_emergency_stack_top(cpu_index);
	/* Beyond the limit: no I/O permission map. */
	own->tss.io_map_base = sizeof(own->tss);

	x86_lgdt(&pointer);
	load_segments();
	x86_ltr(GDT_TSS);
}
