/* SPDX-License-Identifier: MIT */
/* Brings up every enabled CPU of the MADT (at most `limit`, 0 = all, 64). */
#ifndef KERNEL_CPU_SMP_H
#define KERNEL_CPU_SMP_H

#include "kernel/lib/util.h"

/* Boot CPU: its own struct cpu, GS, GDT, IDT, TSS, FPU. Before anything else. */
void cpu_init_boot(void);

/* INIT-SIPI-SIPI, each CPU bounded in ms; one that does not answer is logged
 * and left out. Returns the number of CPUs running, the boot CPU included. */
uint32_t smp_start(uint32_t limit);

#endif
