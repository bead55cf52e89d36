/* SPDX-License-Identifier: MIT */
/*
 * The rings alone, on the host: one request through a split ring, against a device of ten
 * lines that copies a text into each buffer it may write.
 *
 *   head   8 bytes, the device reads    a driver's request header
 *   data   one segment, it writes       the caller's buffer
 *   tail   1 byte, it writes            a status
 *
 * Build: docs/lifting.md. Take the files of the row "rings", supply panic().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/assert.h"
#include "kernel/virtio/virtio_spec.h"
#include "kernel/virtio/virtqueue.h"

#define HERE(pointer) phys_make((uintptr_t)(pointer)) /* virtual is physical here */

void panic(const char *format, ...)
{
	fprintf(stderr, "%s\n", format);
	abort();
}

/* What a device does: takes the next chain, writes what it may write, returns it. */
static void device_serve(const struct virtq_desc *table, const struct virtq_avail *avail,
			 struct virtq_used *used, uint16_t size)
{
	uint16_t head = avail->ring[used->idx % size];
	uint32_t written = 0;

	for (uint16_t i = head;; i = table[i].next) {
		if (table[i].flags & VIRTQ_DESC_F_WRITE) {
			memset((void *)table[i].addr, 0, table[i].len);
			snprintf((void *)table[i].addr, table[i].len, "sector 7");
			written += table[i].len;
		}
		if (!(table[i].flags & VIRTQ_DESC_F_NEXT))
			break;
	}
	used->ring[used->idx % size] = (struct virtq_used_elem){ head, written };
	__atomic_store_n(&used->idx, used->idx + 1, __ATOMIC_RELEASE);
}

int main(void)
{
	const struct virtqueue_config config = { .size = 8, .max_data_segments = 1 };
	struct virtqueue_layout layout = virtqueue_layout(&config);
	struct virtqueue *vq = calloc(1, virtqueue_struct_bytes());
	static uint8_t dma[8192] ALIGNED(4096), shadow[4096] ALIGNED(4096), status[8];
	static char headers[8][8], data[512];
	uint16_t slot;
	uint32_t written;

	assert_always(layout.dma_bytes <= sizeof(dma) && layout.shadow_bytes <= sizeof(shadow));
	assert_always(vq && !virtqueue_init(vq, &config, dma, HERE(dma), shadow));
	for (uint16_t i = 0; i < layout.slot_count; i++)
		virtqueue_bind(vq, i, HERE(headers[i]), sizeof(headers[i]), HERE(&status[i]), 1);

	/* The life of a request: add, publish, (the device), pop. */
	const struct virtqueue_segment segment = { HERE(data), sizeof(data) };
	slot = virtqueue_add(vq, &segment, 1, true);
	memcpy(headers[slot], "READ 7", 7);
	bool ring = virtqueue_publish(vq);
	device_serve((void *)dma, (void *)(dma + layout.driver_offset),
		     (void *)(dma + layout.device_offset), config.size);
	int popped = virtqueue_pop(vq, &slot, &written);
	printf("doorbell %s; popped %d, slot %u, %u bytes, data \"%s\"\n", ring ? "rung" : "spared",
	       popped, slot, written, data);
	popped -= virtqueue_pop(vq, &slot, &written);
	free(vq);
	return popped == 1 ? 0 : 1;
}
