/* SPDX-License-Identifier: MIT */
/*
 * The hot paths of packed rings; see virtqueue_packed.c for the picture and the
 * barriers.
 */
#ifndef KERNEL_VIRTIO_VIRTQUEUE_PACKED_IMPL_H
#define KERNEL_VIRTIO_VIRTQUEUE_PACKED_IMPL_H

#include "kernel/virtio/virtqueue_impl.h"

/* Moves on by a chain; bits are inverted with each lap (2.8.1). */
static inline uint32_t virtqueue_packed_next(const struct virtqueue *vq, uint32_t position,
					     uint32_t entries, uint16_t *bits)
{
	position += entries;
	if (UNLIKELY(position >= vq->size)) {
		position -= vq->size;
		*bits ^= PVIRTQ_WRAP_BITS;
	}
	return position;
}

/*
 * Adding many indirect chains, likewise: what each of them would read and write
 * again is in locals between begin and end.
 */
struct virtqueue_packed_adder {
	struct virtqueue_chain *free;
	struct pvirtq_desc *ring;
	uint32_t added, position, first_avail, size;
	uint16_t bits, kind;
};

static inline struct virtqueue_packed_adder virtqueue_packed_add_begin(const struct virtqueue *vq)
{
	return (struct virtqueue_packed_adder){
		.free = vq->free,
		.ring = vq->ring,
		.added = vq->added,
		.position = vq->next_avail,
		.first_avail = vq->first_avail,
		.size = vq->size,
		.bits = vq->avail_bits,
		.kind = vq->head_kind,
	};
}

/*
 * Takes the first free chain, whose table is written, and makes its head
 * available. The first head of a batch waits for virtqueue_publish(): until then
 * the device stops in front of it, so the others need no order among themselves.
 */
static inline void virtqueue_packed_show(struct virtqueue_packed_adder *adder,
					 struct virtqueue_chain *chain, uint32_t count)
{
	struct pvirtq_desc *head = &adder->ring[adder->position];
	head->addr = chain->table.value;
	head->len = (uint32_t)((count + 2) * sizeof(struct pvirtq_desc));
	head->id = chain->slot;
	if (adder->position != adder->first_avail)
		head->flags = adder->kind | adder->bits;
	adder->position++;
	if (UNLIKELY(adder->position == adder->size)) {
		adder->position = 0;
		adder->bits ^= PVIRTQ_WRAP_BITS;
	}
	adder->free = chain->next_free;
	adder->added++;
}

/* As virtqueue_split_add_next(); rings with indirect chains only. */
static inline struct virtqueue_chain *
virtqueue_packed_add_next(struct virtqueue_packed_adder *adder,
			  const struct virtqueue_segment *segment, bool device_writes)
{
	struct virtqueue_chain *chain = adder->free;
	if (UNLIKELY(chain->data_segments != 1))
		return NULL;
	uint32_t length_bytes = segment->length_bytes;
	struct pvirtq_desc *data = chain->packed;
	data->addr = segment->address.value;
	data->len = length_bytes;
	data->flags = device_writes ? VIRTQ_DESC_F_WRITE : 0;
	virtqueue_give(chain, length_bytes, device_writes);
	virtqueue_packed_show(adder, chain, 1);
	return chain;
}

static inline void virtqueue_packed_add_end(struct virtqueue *vq,
					    const struct virtqueue_packed_adder *adder)
{
	vq->free = adder->free;
	vq->added = adder->added;
	vq->next_avail = adder->position;
	vq->avail_bits = adder->bits;
}

/*
 * A descriptor is used when AVAIL and USED both equal the used wrap counter
 * (2.8.1). What we or an honest device wrote at next_used before this lap
 * cannot pass for it.
 */
static inline bool virtqueue_packed_is_used(const struct virtqueue *vq, uint16_t flags)
{
	return (flags & PVIRTQ_WRAP_BITS) == vq->used_bits;
}

/* 1: there is a used entry; 0; -ERR_DEVICE. */
static inline int virtqueue_packed_ready(struct virtqueue *vq)
{
	/* Acquire: id and len are read after the flags. Pairs with the device's
	 * release when it writes them (2.8.21). */
	if (!virtqueue_packed_is_used(vq, load_acquire(&vq->ring[vq->next_used].flags)))
		return UNLIKELY(vq->broken_reason) ? -ERR_DEVICE : 0;
	if (UNLIKELY(vq->popped == vq->published)) {
		virtqueue_break(vq, "used entry with nothing in flight");
		return -ERR_DEVICE;
	}
	return 1;
}

/* As virtqueue_split_pop_next(). */
static inline struct virtqueue_chain *
virtqueue_packed_pop_next(struct virtqueue *vq, uint32_t *length_bytes, uint64_t *writable_bytes)
{
	const struct pvirtq_desc *used = &vq->ring[vq->next_used];
	uint32_t id = load_once(&used->id);
	*length_bytes = load_once(&used->len);
	struct virtqueue_chain *chain = virtqueue_retire(vq, id, writable_bytes);
	/* How far to skip is what we wrote, whatever the device says. */
	if (LIKELY(chain))
		vq->next_used = virtqueue_packed_next(vq, vq->next_used, chain->ring_entries,
						      &vq->used_bits);
	return chain;
}

static inline bool virtqueue_packed_has_completions(const struct virtqueue *vq)
{
	return virtqueue_packed_is_used(vq, load_once(&vq->ring[vq->next_used].flags)) ||
	       vq->broken_reason;
}

#endif
