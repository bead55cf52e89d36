/* SPDX-License-Identifier: MIT */
/*
 * The only file with memory fences and atomic changes. Each use of a fence names its
 * partner in a comment.
 *
 * x86 keeps loads in order with loads and stores with stores (SDM vol. 3A
 * 9.2.2), so acquire and release cost no instruction; the compiler is what
 * they hold back. A store followed by a load of another location may be
 * reordered: barrier_full() alone prevents that.
 */
#ifndef KERNEL_CPU_BARRIER_H
#define KERNEL_CPU_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#define load_acquire(pointer) __atomic_load_n((pointer), __ATOMIC_ACQUIRE)
#define store_release(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_RELEASE)
#define load_once(pointer) __atomic_load_n((pointer), __ATOMIC_RELAXED)
#define store_once(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_RELAXED)

/*
 * In one order that all CPUs agree on, for a CPU that stores and then looks whether
 * another one did. The store is a full fence.
 */
#define load_in_order(pointer) __atomic_load_n((pointer), __ATOMIC_SEQ_CST)
#define store_in_order(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_SEQ_CST)

/* Atomic changes, each a full fence, as any locked instruction of x86 is. */

/* The value before. */
#define atomic_swap(pointer, value) __atomic_exchange_n((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_add(pointer, value) __atomic_fetch_add((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_subtract(pointer, value) __atomic_fetch_sub((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_set_bits(pointer, bits) __atomic_fetch_or((pointer), (bits), __ATOMIC_SEQ_CST)

/* The value after. */
#define atomic_clear_bits(pointer, bits) __atomic_and_fetch((pointer), ~(bits), __ATOMIC_SEQ_CST)

/* True when it was *expected, and is `value` now; else *expected is what it is. */
#define atomic_replace(pointer, expected, value)                                   \
	__atomic_compare_exchange_n((pointer), (expected), (value), false,         \
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* True when the flag was clear: it is the caller's until flag_give_back(). */
static inline bool flag_take(uint32_t *flag)
{
	return !atomic_swap(flag, 1);
}

static inline void flag_give_back(uint32_t *flag)
{
	store_in_order(flag, 0);
}

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
