/* SPDX-License-Identifier: MIT */
/*
 * Physical memory for tests: what phys_to_virt() reaches. Everything outside
 * ends the test.
 */
#ifndef TESTS_UNIT_KERNEL_MM_FAKE_MEMORY_H
#define TESTS_UNIT_KERNEL_MM_FAKE_MEMORY_H

#include "boot/bootinfo.h"
#include "kernel/lib/util.h"
#include "kernel/mm/pagetable.h"

#define FAKE_MEMORY_BASE 0x100000ull
#define FAKE_MEMORY_BYTES (16ull << 20)

/* Filled with 0xa5, so that nothing counts on zeroes. */
void fake_memory_reset(void);

/* Appends a range to a map. */
void fake_map_add(struct bootinfo *bootinfo, uint64_t base, uint64_t length_bytes,
		  uint64_t type);

/*
 * Walks tables in that memory as a CPU does (SDM vol. 3A 4.5.4): the entry that maps `virt`
 * (0: not mapped) and, if size_bytes is not NULL, the size of its page.
 */
uint64_t fake_cpu_walk(const struct pagetable *table, uint64_t virt, uint64_t *size_bytes);

/* A fixed series of numbers, the same on every run. */
uint64_t fake_random(uint64_t *state);

#endif
