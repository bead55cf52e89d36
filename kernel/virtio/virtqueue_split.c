/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues (virtio 1.2, 2.7).
 *
 *   avail.ring[i & mask] = slot             used.ring[i & mask] = slot, length
 *        |  avail.idx: ours, free running        |  used.idx: the device's
 *        v                                       v
 *   descriptors[slot] --+-- direct: the head; -> the slot's run: data ..., tail
 *                       +-- indirect: -> the slot's table: head, data ..., tail
 *
 * Direct runs lie behind the slot_count heads. The entries of a chain are
 * linked in order once, when the slot is bound, and never again: `next` does
 * not change. What moves with the number of data segments is the tail's place;
 * most slots see one segment for ever, so it stays where it is. Table and run
 * look alike from the first data entry on, hence one code for both.
 *
 * Barriers, each with the device's side that it pairs with (2.7.13, 2.7.14):
 *
 *   ours                                     the device's
 *   publish: release store of avail.idx      acquire load of avail.idx
 *   publish: fence before avail_event/flags  fence between writing them and its
 *                                            last look at avail.idx
 *   pop: acquire load of used.idx            release store of used.idx
 *   arm: fence before the look at used.idx   fence between writing used.idx and
 *                                            reading used_event/flags
 *
 * Context as virtqueue.c.
 */
#include "kernel/virtio/virtqueue_split_impl.h"

void virtqueue_split_init(struct virtqueue *vq, uint8_t *dma, const struct virtqueue_layout *at)
{
	vq->index_mask = vq->size - 1u;
	vq->descriptors = (struct virtq_desc *)dma;
	vq->avail = (struct virtq_avail *)(dma + at->driver_offset);
	vq->used = (struct virtq_used *)(dma + at->device_offset);
	vq->used_event = vq->event_idx ? &vq->avail->ring[vq->size] : NULL;
	vq->avail_event = (uint16_t *)&vq->used->ring[vq->size];
}

/* What `next` calls a chain's first data entry. */
static uint32_t first_data_index(const struct virtqueue *vq, uint16_t slot)
{
	if (vq->indirect)
		return 1;
	return vq->slot_count + slot * (vq->max_data_segments + 1u);
}

struct virtq_desc *virtqueue_split_data(const struct virtqueue *vq, uint16_t slot, uint8_t *table)
{
	struct virtq_desc *entries = vq->indirect ? (struct virtq_desc *)table : vq->descriptors;
	return &entries[first_data_index(vq, slot)];
}

void virtqueue_split_bind(struct virtqueue *vq, struct virtqueue_chain *chain)
{
	uint32_t first = first_data_index(vq, chain->slot);
	for (uint32_t i = 0; i < vq->max_data_segments; i++)
		chain->split[i].next = (uint16_t)(first + i + 1);
	struct virtq_desc *head = &vq->descriptors[chain->slot];
	if (vq->indirect) {
		head->addr = chain->table.value;
		head->flags = VIRTQ_DESC_F_INDIRECT;
		head = chain->split - 1;
	}
	head->addr = chain->head.value;
	head->len = chain->head_bytes;
	head->flags = VIRTQ_DESC_F_NEXT;
	head->next = (uint16_t)first;
	virtqueue_split_relink(vq, chain, 1);
}

NOINLINE void virtqueue_split_relink(struct virtqueue *vq, struct virtqueue_chain *chain,
				     uint16_t count)
{
	struct virtq_desc *tail = &chain->split[count];
	tail->addr = chain->tail.value;
	tail->len = chain->tail_bytes;
	tail->flags = VIRTQ_DESC_F_WRITE;
	if (vq->indirect)
		vq->descriptors[chain->slot].len =
			(uint32_t)((count + 2u) * sizeof(struct virtq_desc));
	chain->data_segments = count;
}

uint16_t virtqueue_split_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
			     uint16_t count, bool device_writes)
{
	struct virtqueue_chain *chain = vq->free;
	assert_always(chain != VIRTQUEUE_NO_CHAIN);
	vq->free = chain->next_free;
	if (chain->data_segments != count)
		virtqueue_split_relink(vq, chain, count);
	uint16_t flags = device_writes ? VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE : VIRTQ_DESC_F_NEXT;
	uint64_t data_bytes = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct virtq_desc *data = &chain->split[i];
		data->addr = segments[i].address.value;
		data->len = segments[i].length_bytes;
		data->flags = flags;
		data_bytes += segments[i].length_bytes;
	}
	virtqueue_give(chain, data_bytes, device_writes);
	vq->avail->ring[vq->added++ & vq->index_mask] = chain->slot;
	return chain->slot;
}

/*
 * With VIRTIO_F_EVENT_IDX the flags mean nothing (2.7.10). The event is parked
 * where the device's index passed it: at least a whole ring behind, since the
 * device may look at it late, on behalf of any completion of the last lap.
 */
void virtqueue_split_disarm(struct virtqueue *vq)
{
	if (vq->used_event)
		store_once(vq->used_event, (uint16_t)(vq->popped - vq->size - 1));
	else
		store_once(&vq->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}
