/* SPDX-License-Identifier: MIT */
/*
 * The words of the harnesses: any value, which the analyser carries as an interval,
 * and panic(), which nothing may reach.
 *
 * A harness includes the real sources. "assert" in its comments is what has to be
 * proved, by the label that tests/proof/run names; so has every access, division and
 * shift in the sources.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "__fc_builtin.h"

static inline bool any_bool(void)
{
	return Frama_C_interval(0, 1);
}

static inline uint32_t any_between(uint32_t least, uint32_t most)
{
	return Frama_C_unsigned_int_interval(least, most);
}

static inline uint64_t any64(void)
{
	return (uint64_t)any_between(0, UINT32_MAX) << 32 | any_between(0, UINT32_MAX);
}

/*@ requires no_panic: \false;
    assigns \nothing;
    ensures \false; */
void panic(const char *format, ...);

/* As loose as what is in it afterwards may be. */
/*@ assigns ((uint8_t *)at)[0 .. length - 1] \from value;
    assigns \result \from at;
    ensures \result == at; */
void *memset(void *at, int value, size_t length);

#endif
