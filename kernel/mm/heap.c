/* SPDX-License-Identifier: MIT */
/* The heap: pages as for a device, of which only the address is kept. */
#include "kernel/mm/heap.h"

#include "kernel/mm/dma.h"
#include "kernel/mm/page.h"

void *heap_allocate(uint64_t length_bytes)
{
	struct dma_buffer buffer;

	return dma_allocate(length_bytes, &buffer) ? NULL : buffer.virt;
}

uint64_t heap_free_bytes(void)
{
	return page_free_count() * PAGE_BYTES;
}
