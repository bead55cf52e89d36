/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs: the boot CPU starts them and hands them work; any CPU, and any
 * interrupt handler, may wake another (smp_wake()). How a CPU sleeps is cpu/percpu.h.
 */
#ifndef KERNEL_IRQ_SMP_H
#define KERNEL_IRQ_SMP_H

#include "kernel/cpu/percpu.h"

/*
 * Brings up every enabled CPU of the MADT, at most `limit` in all (0: CPU_MAX), by
 * INIT-SIPI-SIPI. The waits are bounded; a CPU that does not answer is logged and left
 * out. Returns the number of CPUs that run, the boot CPU included. Boot CPU, once,
 * after irq_init().
 */
uint32_t smp_start(uint32_t limit);

/*
 * Makes the other CPU leave cpu_wait(): sets wake, and sends an interrupt
 * only if that CPU sleeps. From a handler on the CPU itself setting wake is
 * enough. Any context, any CPU.
 */
void smp_wake(struct cpu *cpu);

/*
 * Hands a function to an application processor that sits in its idle loop; runs it in
 * loop context there, and wakes the boot CPU when it has returned. -ERR_FULL if it is
 * still busy. Boot CPU.
 */
int smp_run(struct cpu *cpu, void (*task)(void *argument), void *argument);

#endif
