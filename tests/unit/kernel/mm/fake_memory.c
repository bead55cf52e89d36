/* SPDX-License-Identifier: MIT */
#include "tests/unit/kernel/mm/fake_memory.h"

#include <string.h>

#include "kernel/cpu/percpu.h"
#include "kernel/lib/assert.h"
#include "kernel/mm/paging.h"

struct cpu cpu_table[CPU_MAX];

static uint8_t memory[FAKE_MEMORY_BYTES] ALIGNED(4096);

struct cpu *cpu_this(void)
{
	return &cpu_table[0];
}

void fake_memory_reset(void)
{
	memset(memory, 0xa5, sizeof(memory));
}

void *phys_to_virt(phys_addr address)
{
	assert_always(address.value >= FAKE_MEMORY_BASE &&
		      address.value - FAKE_MEMORY_BASE < FAKE_MEMORY_BYTES);
	return memory + (address.value - FAKE_MEMORY_BASE);
}

phys_addr virt_to_phys(const void *pointer)
{
	return phys_make(FAKE_MEMORY_BASE + (uint64_t)((const uint8_t *)pointer - memory));
}

void fake_map_add(struct bootinfo *bootinfo, uint64_t base, uint64_t length_bytes,
		  uint64_t type)
{
	assert_always(bootinfo->range_count < BOOTINFO_RANGES_MAX);
	bootinfo->ranges[bootinfo->range_count++] =
		(struct bootinfo_memory_range){ base, length_bytes, type };
}

uint64_t fake_cpu_walk(const struct pagetable *table, uint64_t virt, uint64_t *size_bytes)
{
	uint64_t tables = table->root.value;

	for (unsigned shift = 39;; shift -= 9) {
		const uint64_t *entries = phys_to_virt(phys_make(tables));
		uint64_t entry = entries[virt >> shift & 511];

		if (!entry || shift == 12 || entry & PTE_PS) {
			if (size_bytes)
				*size_bytes = 1ull << shift;
			return entry;
		}
		tables = entry & PTE_ADDRESS;
	}
}

uint64_t fake_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull; /* splitmix64 */
	uint64_t z = *state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
