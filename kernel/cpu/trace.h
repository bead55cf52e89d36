/* SPDX-License-Identifier: MIT */
/* Stack traces without frame pointers: a conservative scan. */
#ifndef KERNEL_CPU_TRACE_H
#define KERNEL_CPU_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True when the bytes before `end` can be a CALL instruction that returns
 * there. Reads at most seven bytes, none before `start`.
 */
bool trace_follows_call(const uint8_t *start, const uint8_t *end);

/*
 * Collects the words of [from, to) that can be return addresses into
 * [text_start, text_end), at most `max`, in stack order; a run of one address
 * (recursion) counts once. Returns the count.
 */
unsigned trace_scan(const uint64_t *from, const uint64_t *to, const uint8_t *text_start,
		    const uint8_t *text_end, uint64_t *out, unsigned max);

#endif
