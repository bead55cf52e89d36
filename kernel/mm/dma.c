/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices, whole pages at a time.
 *
 * The caller owns what it gets. Context: boot CPU; never the I/O path.
 */
#include "kernel/mm/dma.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/page.h"
#include "kernel/mm/paging.h"

static uint64_t pages_for(uint64_t length_bytes)
{
	return length_bytes / PAGE_BYTES + (length_bytes % PAGE_BYTES != 0);
}

int dma_take(uint64_t length_bytes, struct dma_buffer *out)
{
	phys_addr base;

	assert_always(length_bytes > 0);
	base = page_allocate(pages_for(length_bytes), 1);
	if (!base.value)
		return -ERR_NO_MEMORY;
	out->virt = phys_to_virt(base);
	out->phys = base;
	out->length_bytes = length_bytes;
	return 0;
}

int dma_allocate(uint64_t length_bytes, struct dma_buffer *out)
{
	int result = dma_take(length_bytes, out);

	if (!result)
		memset(out->virt, 0, pages_for(length_bytes) * PAGE_BYTES);
	return result;
}
