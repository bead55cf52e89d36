/* SPDX-License-Identifier: MIT */
/* The hypervisor that the kernel may run on. */
#ifndef KERNEL_CPU_HYPERVISOR_H
#define KERNEL_CPU_HYPERVISOR_H

#include <stdbool.h>

/* False on bare hardware, where the ports and short cuts of hypervisors mean nothing. */
bool hypervisor_is_present(void);

/* True under TCG, where PAUSE costs more than it saves (CPUID 0x40000000). */
bool hypervisor_is_tcg(void);

#endif
