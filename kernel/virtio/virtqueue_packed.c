/* SPDX-License-Identifier: MIT */
/*
 * Packed virtqueues (virtio 1.2, 2.8): one ring that both sides write.
 *
 *   position   0 .. size - 1, and a wrap counter that flips with each lap
 *   available  AVAIL == wrap, USED != wrap      we write, at next_avail
 *   used       AVAIL == USED == wrap            the device writes, at next_used
 *
 * A chain takes one entry (INDIRECT, to the slot's table) or as many entries
 * as it is long. The device writes one entry per used chain and skips as many
 * as the chain had; so do we, by the number that we wrote.
 *
 * A batch becomes visible at once: the flags of its first head are written
 * last, by publish. Every other head is in place by then, and the device goes
 * through the ring in order.
 *
 * The wrap counters are kept as the flag bits that they stand for
 * (avail_bits, used_bits).
 *
 * Barriers, each with the device's side that it pairs with (2.8.21):
 *
 *   ours                                     the device's
 *   publish: release store of head flags     acquire load of the flags
 *   publish: fence before device_event       fence between writing it and its
 *                                            last look at the flags
 *   publish: acquire of device_event.flags   release, after writing desc
 *   pop: acquire load of used flags          release store of the flags
 *   arm: release of driver_event.flags       acquire, before reading desc
 *   arm: fence before the look at the flags  fence between writing them and
 *                                            reading driver_event
 *
 * Context as virtqueue.c.
 */
#include "kernel/virtio/virtqueue_packed_impl.h"

#define SHORTEST_CHAIN_ENTRIES 2u /* head and tail */

void virtqueue_packed_init(struct virtqueue *vq, uint8_t *dma, const struct virtqueue_layout *at)
{
	vq->ring = (struct pvirtq_desc *)dma;
	vq->driver_event = (struct pvirtq_event_suppress *)(dma + at->driver_offset);
	vq->device_event = (struct pvirtq_event_suppress *)(dma + at->device_offset);
	vq->avail_bits = VIRTQ_DESC_F_AVAIL; /* both wrap counters start at 1 */
	vq->used_bits = PVIRTQ_WRAP_BITS;
	vq->head_kind = vq->indirect ? VIRTQ_DESC_F_INDIRECT : VIRTQ_DESC_F_NEXT;
	vq->first_bits = vq->avail_bits;
}

void virtqueue_packed_bind(struct virtqueue_chain *chain)
{
	if (!chain->packed)
		return;
	struct pvirtq_desc *head = chain->packed - 1;
	head->addr = chain->head.value;
	head->len = chain->head_bytes;
	head->flags = 0;
	chain->ring_entries = 1;
	virtqueue_packed_relink(chain, 1);
}

/* In a table the order makes the chain; WRITE alone has a meaning (2.8.19). */
NOINLINE void virtqueue_packed_relink(struct virtqueue_chain *chain, uint16_t count)
{
	struct pvirtq_desc *tail = &chain->packed[count];
	tail->addr = chain->tail.value;
	tail->len = chain->tail_bytes;
	tail->flags = VIRTQ_DESC_F_WRITE;
	chain->data_segments = count;
}

static uint64_t fill_table(struct virtqueue_chain *chain, const struct virtqueue_segment *segments,
			   uint16_t count, bool device_writes)
{
	uint64_t data_bytes = 0;
	if (chain->data_segments != count)
		virtqueue_packed_relink(chain, count);
	for (uint32_t i = 0; i < count; i++) {
		struct pvirtq_desc *data = &chain->packed[i];
		data->addr = segments[i].address.value;
		data->len = segments[i].length_bytes;
		data->flags = device_writes ? VIRTQ_DESC_F_WRITE : 0;
		data_bytes += segments[i].length_bytes;
	}
	return data_bytes;
}

/* Writes an entry of a direct chain and moves on; kind 0: the flags come later. */
static void write_descriptor(struct virtqueue *vq, const struct virtqueue_chain *chain,
			     phys_addr address, uint32_t length_bytes, uint16_t kind)
{
	uint32_t position = vq->next_avail;
	struct pvirtq_desc *entry = &vq->ring[position];
	entry->addr = address.value;
	entry->len = length_bytes;
	entry->id = chain->slot;
	if (kind)
		entry->flags = kind | vq->avail_bits;
	vq->next_avail = virtqueue_packed_next(vq, position, 1, &vq->avail_bits);
}

static uint64_t add_direct(struct virtqueue *vq, struct virtqueue_chain *chain,
			   const struct virtqueue_segment *segments, uint16_t count,
			   bool device_writes)
{
	uint64_t data_bytes = 0;
	uint32_t head_position = vq->next_avail;
	uint16_t head_bits = vq->avail_bits;
	write_descriptor(vq, chain, chain->head, chain->head_bytes, 0);
	uint16_t kind = device_writes ? VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE : VIRTQ_DESC_F_NEXT;
	for (uint32_t i = 0; i < count; i++) {
		write_descriptor(vq, chain, segments[i].address, segments[i].length_bytes, kind);
		data_bytes += segments[i].length_bytes;
	}
	write_descriptor(vq, chain, chain->tail, chain->tail_bytes, VIRTQ_DESC_F_WRITE);
	chain->ring_entries = (uint16_t)(count + 2);
	if (head_position != vq->first_avail) /* as virtqueue_packed_show() */
		vq->ring[head_position].flags = vq->head_kind | head_bits;
	return data_bytes;
}

uint16_t virtqueue_packed_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
			      uint16_t count, bool device_writes)
{
	struct virtqueue_chain *chain = vq->free;
	uint64_t data_bytes;
	assert_always(chain != VIRTQUEUE_NO_CHAIN);
	if (vq->indirect) {
		struct virtqueue_packed_adder adder = virtqueue_packed_add_begin(vq);
		data_bytes = fill_table(chain, segments, count, device_writes);
		virtqueue_packed_show(&adder, chain, count);
		virtqueue_packed_add_end(vq, &adder);
	} else {
		data_bytes = add_direct(vq, chain, segments, count, device_writes);
		vq->free = chain->next_free;
		vq->added++;
	}
	virtqueue_give(chain, data_bytes, device_writes);
	return chain->slot;
}

/*
 * A position and its wrap counter as an index that can be compared with
 * `reference`, a position of the lap `wrap`: one lap back is -size.
 */
static uint16_t event_index(const struct virtqueue *vq, uint16_t event, bool wrap)
{
	uint16_t index = event & RING_EVENT_OFF_MASK;
	bool event_wrap = event >> RING_EVENT_WRAP_SHIFT;
	return event_wrap == wrap ? index : (uint16_t)(index - vq->size);
}

bool virtqueue_packed_publish(struct virtqueue *vq)
{
	uint16_t new_index = (uint16_t)vq->next_avail;
	uint32_t entries = vq->next_avail - vq->first_avail;
	if (vq->next_avail <= vq->first_avail) /* a batch is not empty: it went round */
		entries += vq->size;
	/* Release: the whole batch before its first head. */
	store_release(&vq->ring[vq->first_avail].flags, vq->head_kind | vq->first_bits);
	vq->published = vq->added;
	vq->first_avail = vq->next_avail;
	vq->first_bits = vq->avail_bits;
	/* Full: the head is seen, or the device's wish is; never neither. */
	barrier_full();
	uint16_t flags = load_acquire(&vq->device_event->flags) & RING_EVENT_FLAGS_MASK;
	if (flags != RING_EVENT_FLAGS_DESC || !vq->event_idx)
		return flags != RING_EVENT_FLAGS_DISABLE;
	uint16_t event = event_index(vq, load_once(&vq->device_event->desc),
				     vq->avail_bits & VIRTQ_DESC_F_AVAIL);
	return virtqueue_need_event(event, new_index, (uint16_t)(new_index - entries));
}

/*
 * The position that `ahead` completions have passed for certain: how long the
 * chains are that complete first is not known, so direct ones count as the
 * shortest, and the interrupt may come early.
 */
bool virtqueue_packed_arm(struct virtqueue *vq, uint16_t ahead)
{
	uint32_t position = vq->next_used;
	uint16_t bits = vq->used_bits;
	if (vq->event_idx) {
		uint32_t each = vq->indirect ? 1 : SHORTEST_CHAIN_ENTRIES;
		position = virtqueue_packed_next(vq, position, (ahead - 1u) * each, &bits);
		uint16_t wrap = bits & VIRTQ_DESC_F_USED ? 1u << RING_EVENT_WRAP_SHIFT : 0;
		store_once(&vq->driver_event->desc, (uint16_t)(position | wrap));
		store_release(&vq->driver_event->flags, RING_EVENT_FLAGS_DESC);
	} else {
		store_once(&vq->driver_event->flags, RING_EVENT_FLAGS_ENABLE);
	}
	/* Full: our wish is seen, or the completions are; never neither. */
	barrier_full();
	/* The armed entry of a direct chain may never be written: look at the next. */
	if (!vq->indirect)
		return virtqueue_packed_has_completions(vq);
	return (load_once(&vq->ring[position].flags) & PVIRTQ_WRAP_BITS) == bits;
}

void virtqueue_packed_disarm(struct virtqueue *vq)
{
	store_once(&vq->driver_event->flags, RING_EVENT_FLAGS_DISABLE);
}
