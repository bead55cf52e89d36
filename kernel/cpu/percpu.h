/* SPDX-License-Identifier: MIT */
/*
 * One structure per CPU, reached through GS. Letters: [I] immutable after
 * start, [c] only the owning CPU, [a] atomic, any CPU.
 *
 * Every CPU runs one function at a time in "loop context": interrupts on,
 * never preempted except by interrupt handlers. Handlers only note what
 * happened and set wake; all work is done in loop context.
 */
#ifndef KERNEL_CPU_PERCPU_H
#define KERNEL_CPU_PERCPU_H

#include "kernel/cpu/barrier.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/util.h"
#ifndef RINGBOLT_HOST
#include "kernel/cpu/x86.h"
#endif

#define CPU_MAX 64u
#define CPU_STACK_BYTES 32768u /* below stack_top, without the guard page */

struct cpu {
	struct cpu *self; /* [I] must be first: loaded through gs:0 */
	uint32_t index; /* [I] 0 = boot CPU, dense */
	uint32_t apic_id; /* [I] */
	uint32_t wake; /* [a] nonzero: cpu_wait() must not sleep */
	uint32_t waiting; /* [a] the CPU is in, or about to enter, HLT */
	uint64_t idle_tsc; /* [c] time spent halted; loop context */
	uint64_t halts; /* [c] */
	uint64_t interrupts; /* [c] all vectors */
	const uint8_t *vectors; /* [I] its table (irq.c) */
	uint64_t spurious_interrupts; /* [c] */
	void (*task)(void *argument); /* [a] handed over by smp_run() */
	void *task_argument;
	uint8_t *stack_top; /* [I] */
} ALIGNED(CACHE_LINE_BYTES);

extern struct cpu cpu_table[CPU_MAX];
extern uint32_t cpu_count; /* [I] after smp_start() */

#ifdef RINGBOLT_HOST
struct cpu *cpu_this(void);

static inline void cpu_pause(void)
{
	__builtin_ia32_pause();
}
#else
static inline struct cpu *cpu_this(void)
{
	struct cpu *cpu;
	__asm__("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* Between two looks of a spin: leaves the core to its other thread. */
static inline void cpu_pause(void)
{
	x86_pause();
}
#endif

/* Debug build: this CPU is the owner of a [c] field, and no handler is at it. */
static inline void cpu_assert_owner(const struct cpu *owner)
{
	assert_debug(cpu_this() == owner);
#ifndef RINGBOLT_HOST
	assert_debug(x86_read_rflags() & RFLAGS_IF);
#endif
}

/* The same for what only the boot CPU does, which begins with interrupts off. */
static inline void cpu_assert_boot(void)
{
	assert_debug(cpu_this() == &cpu_table[0]);
}

/*
 * What each CPU does first of all, on its own stack (cpu_init.c): GDT, TSS, IDT, GS and the
 * FPU of its struct cpu. Interrupts stay off.
 */
void cpu_init_boot(void);
void cpu_init_ap(struct cpu *cpu);

/*
 * Sleeps (sti; hlt) until an interrupt set wake; clears wake and returns.
 * Returns at once if wake is already set. The check and the sleep do not
 * race. Accounts idle_tsc. Loop context, interrupts on.
 */
void cpu_wait(void);

/* The fence pairs with the one in smp_wake(); see percpu.c. True: wake was set. */
static inline bool cpu_take_wake(struct cpu *cpu)
{
	return atomic_swap(&cpu->wake, 0);
}

#endif
