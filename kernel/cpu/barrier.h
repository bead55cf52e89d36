/* SPDX-License-Identifier: MIT */
/*
 * The only file with memory fences. Each use names its partner in a comment.
 *
 * x86 keeps loads in order with loads and stores with stores (SDM vol. 3A
 * 9.2.2), so acquire and release cost no instruction; the compiler is what
 * they hold back. A store followed by a load of another location may be
 * reordered: barrier_full() alone prevents that.
 */
#ifndef KERNEL_CPU_BARRIER_H
#define KERNEL_CPU_BARRIER_H

#include <stdint.h>

#define load_acquire(pointer) __atomic_load_n((pointer), __ATOMIC_ACQUIRE)
#define store_release(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_RELEASE)
#define load_once(pointer) __atomic_load_n((pointer), __ATOMIC_RELAXED)
#define store_once(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_RELAXED)

/* Orders earlier stores before later loads, between CPUs and the device. */
static inline void barrier_full(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * Before a WRMSR to an x2APIC register or IA32_TSC_DEADLINE, which unlike
 * other WRMSRs serialise nothing (SDM vol. 3A 11.12.3, 11.5.4.1): all earlier
 * stores are visible first. Partner: the interrupted CPU's handler.
 */
static inline void barrier_before_apic_msr(void)
{
	__asm__ volatile("mfence; lfence" ::: "memory");
}

/* Only the compiler: between code and an interrupt handler on the same CPU. */
static inline void barrier_compiler(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
