/* SPDX-License-Identifier: MIT */
/*
 * Capability lists (PCI 3.0, 6.7).
 *
 * A walk starts at the head each time and remembers in a bitmap where it has
 * been: it ends at the second visit, so no list is endless. Going on after a
 * given capability means walking up to it again; that keeps the function
 * free of state, and lists are short.
 */
#include "kernel/pci/pci_impl.h"

static bool mark_visited(uint64_t *visited, unsigned index)
{
	uint64_t bit = 1ull << index % 64;
	bool was_visited = visited[index / 64] & bit;
	visited[index / 64] |= bit;
	return was_visited;
}

uint8_t pci_find_capability(const struct pci_function *f, uint8_t id, uint8_t previous,
			    uint8_t length_bytes)
{
	uint64_t visited[1] = { 0 };
	bool passed = !previous;
	if (f->header_type > PCI_HEADER_TYPE_BRIDGE ||
	    !(pci_read16(f, PCI_STATUS) & PCI_STATUS_CAPABILITIES))
		return 0;
	uint8_t at = pci_read8(f, PCI_CAPABILITIES_POINTER) & PCI_CAPABILITY_POINTER_MASK;
	while (at >= PCI_CAPABILITY_FIRST && !mark_visited(visited, at / 4u)) {
		uint16_t header = pci_read16(f, at); /* id, then next */
		if (passed && (uint8_t)header == id && at + length_bytes <= PCI_CONFIG_BYTES)
			return at;
		passed = passed || at == previous;
		at = (uint8_t)(header >> 8) & PCI_CAPABILITY_POINTER_MASK;
	}
	return 0;
}
