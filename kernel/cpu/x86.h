/* SPDX-License-Identifier: MIT */
/*
 * The CPU instructions that C cannot say, one function each, named after the
 * instruction (Intel SDM vol. 2). Kernel only: never included by code that
 * the host's unit tests compile.
 */
#ifndef KERNEL_CPU_X86_H
#define KERNEL_CPU_X86_H

#include <stdint.h>

#define RFLAGS_IF (1ull << 9)

/* SDM vol. 3A 2.5 */
#define CR0_MP (1ull << 1)
#define CR0_EM (1ull << 2)
#define CR0_TS (1ull << 3)
#define CR0_NE (1ull << 5)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)

/* SDM vol. 4, table 2-2 */
#define MSR_GS_BASE 0xc0000101u

static inline void x86_cli(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void x86_sti(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* The interrupt shadow of STI covers HLT: no wake-up falls between them. */
static inline void x86_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline void x86_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline uint64_t x86_rdtsc(void)
{
	/* RDTSC clears the upper halves, so 64 bits of each may be used. */
	uint64_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

static inline uint64_t x86_read_rflags(void)
{
	uint64_t flags;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

/* Returns whether interrupts were on; pair with x86_restore_interrupts(). */
static inline uint64_t x86_save_and_cli(void)
{
	uint64_t flags = x86_read_rflags();
	x86_cli();
	return flags & RFLAGS_IF;
}

static inline void x86_restore_interrupts(uint64_t were_on)
{
	if (were_on)
		x86_sti();
}

static inline uint64_t x86_rdmsr(uint32_t msr)
{
	uint32_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void x86_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* Loads the page tables; forgets every translation that is not global. */
static inline void x86_write_cr3(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(value) : "memory");
}

static inline void x86_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(subleaf));
}

static inline uint64_t x86_read_cr0(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static inline void x86_write_cr0(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr0" ::"r"(value) : "memory");
}

static inline uint64_t x86_read_cr2(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t x86_read_cr3(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline uint64_t x86_read_cr4(void)
{
	uint64_t value;
	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static inline void x86_write_cr4(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" ::"r"(value) : "memory");
}

static inline uint64_t x86_read_rsp(void)
{
	uint64_t value;
	__asm__ volatile("movq %%rsp, %0" : "=r"(value));
	return value;
}

/* The memory operand of LGDT, LIDT (SDM vol. 3A 2.4). */
struct x86_table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void x86_lgdt(const struct x86_table_pointer *pointer)
{
	__asm__ volatile("lgdt %0" ::"m"(*pointer) : "memory");
}

static inline void x86_lidt(const struct x86_table_pointer *pointer)
{
	__asm__ volatile("lidt %0" ::"m"(*pointer) : "memory");
}

static inline void x86_ltr(uint16_t selector)
{
	__asm__ volatile("ltr %0" ::"r"(selector) : "memory");
}

static inline void x86_hlt(void)
{
	__asm__ volatile("hlt" ::: "memory");
}

static inline void x86_fninit(void)
{
	__asm__ volatile("fninit");
}

static inline void x86_ldmxcsr(uint32_t value)
{
	__asm__ volatile("ldmxcsr %0" ::"m"(value));
}

static inline uint8_t x86_in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t x86_in32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void x86_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void x86_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline void x86_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

#endif
