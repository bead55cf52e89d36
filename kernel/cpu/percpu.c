/* SPDX-License-Identifier: MIT */
/*
 * The table of CPUs, and how each of them sleeps.
 *
 * Sleeping must not lose a wake-up. cpu_wait() looks at `wake` with interrupts
 * off, so a handler cannot run between the look and the HLT: an interrupt
 * raised meanwhile stays pending, and STI lets it in only after the HLT
 * has begun. Against another CPU, which sets `wake` without any lock:
 *
 *     sleeper                     waker (smp_wake)
 *     waiting = 1                 wake = 1
 *     full fence                  full fence
 *     wake set? do not sleep      waiting set? send an interrupt
 *
 * One of the two always sees the other's store. Taking `wake` back is a full
 * fence, too: all loads after it see the waker's stores before `wake`, or `wake`
 * is still set. `waiting` stays set from before the first look until after the
 * last, so that this holds for each look; a waker in between sends an interrupt
 * that was not needed.
 *
 * Context: a CPU's own structure in loop context, except `wake`.
 */
#include "kernel/cpu/percpu.h"

#include "kernel/cpu/barrier.h"
#include "kernel/cpu/x86.h"

struct cpu cpu_table[CPU_MAX];
uint32_t cpu_count = 1;

void cpu_wait(void)
{
	struct cpu *cpu = cpu_this();

	x86_cli();
	store_once(&cpu->waiting, 1);
	barrier_full(); /* with the one in smp_wake() */
	while (!load_once(&cpu->wake)) {
		cpu->idle_tsc -= x86_rdtsc();
		x86_sti_hlt();
		cpu->idle_tsc += x86_rdtsc();
		cpu->halts++;
		x86_cli();
	}
	store_once(&cpu->waiting, 0);
	cpu_take_wake(cpu);
	x86_sti();
}
