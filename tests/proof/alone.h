/* SPDX-License-Identifier: MIT */
/*
 * Stands in, included first, for what a harness of plain arithmetic needs nothing of:
 * kernel/cpu/barrier.h, kernel/cpu/clock.h (its 128-bit products cannot be followed), and
 * the compiler's own functions in code that is not called.
 */
#ifndef TESTS_PROOF_ALONE_H
#define TESTS_PROOF_ALONE_H

#include "tests/proof/proof.h"

#define KERNEL_CPU_BARRIER_H
#define load_once(pointer) (*(pointer))
#define store_once(pointer, value) (*(pointer) = (value))
#define load_acquire(pointer) load_once(pointer)
#define store_release(pointer, value) store_once(pointer, value)
#define atomic_swap(pointer, value) (*(pointer))
#define __builtin_ia32_pause() ((void)0)
#define __builtin_sub_overflow(a, b, result) (*(result) = (a) - (b), (a) < (b))

#define KERNEL_CPU_CLOCK_H
uint64_t clock_tsc(void);
uint64_t clock_tsc_to_ns(uint64_t tsc);
uint64_t clock_ns_to_tsc(uint64_t ns);
uint64_t clock_ns(void);

#endif
