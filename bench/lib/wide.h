/* SPDX-License-Identifier: MIT */
/*
 * 128-bit arithmetic: division, which the compiler would take from a run-time
 * library that a freestanding kernel does not have, and sums of squares, which
 * it would carry through registers. Any context.
 */
#ifndef BENCH_LIB_WIDE_H
#define BENCH_LIB_WIDE_H

#include "kernel/lib/util.h"

/* (high * 2^64 + low) / divisor, which must fit 64 bits: high < divisor. */
static inline uint64_t wide_divide(uint64_t high, uint64_t low, uint64_t divisor,
				   uint64_t *remainder)
{
	uint64_t quotient;

	__asm__("divq %4"
		: "=a"(quotient), "=d"(*remainder)
		: "0"(low), "1"(high), "r"(divisor)
		: "cc");
	return quotient;
}

/* *sum += value * value, in place. */
static inline void wide_add_square(unsigned __int128 *sum, uint64_t value)
{
	uint64_t *words = (uint64_t *)(void *)sum, high;

	__asm__("mulq %%rax\n\taddq %%rax, %1\n\tadcq %%rdx, %2"
		: "+a"(value), "+m"(words[0]), "+m"(words[1]), "=&d"(high)
		:
		: "cc");
}

#endif
