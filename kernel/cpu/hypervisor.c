/* SPDX-License-Identifier: MIT */
/* What CPUID says of the hypervisor below. Any context. */
#include "kernel/cpu/hypervisor.h"

#include "kernel/cpu/x86.h"
#include "kernel/lib/mem.h"

#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_HYPERVISOR_LEAF 0x40000000u

bool hypervisor_is_present(void)
{
	uint32_t registers[4];

	x86_cpuid(1, 0, registers);
	return registers[2] & CPUID_1_ECX_HYPERVISOR;
}

bool hypervisor_is_tcg(void)
{
	uint32_t registers[4];

	if (!hypervisor_is_present())
		return false;
	x86_cpuid(CPUID_HYPERVISOR_LEAF, 0, registers);
	return !memcmp(&registers[1], "TCGTCGTCGTCG", 12);
}
