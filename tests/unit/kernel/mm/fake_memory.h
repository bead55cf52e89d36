/* SPDX-License-Identifier: MIT */
/*
 * Physical memory for tests: what phys_to_virt() reaches. Everything outside
 * ends the test.
 */
#ifndef TESTS_UNIT_KERNEL_MM_FAKE_MEMORY_H
#define TESTS_UNIT_KERNEL_MM_FAKE_MEMORY_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"

#define FAKE_MEMORY_BASE 0x100000ull
#define FAKE_MEMORY_BYTES (16ull << 20)

/* Filled with 0xa5, so that nothing counts on zeroes. */
void fake_memory_reset(void);

/* Appends a range to a map. */
void fake_map_add(struct bootinfo *bootinfo, uint64_t base, uint64_t length_bytes,
		  uint64_t type);

/* A fixed series of numbers, the same on every run. */
uint64_t fake_random(uint64_t *state);

#endif
