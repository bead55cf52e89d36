/* SPDX-License-Identifier: MIT */
/*
 * The hot paths of split rings; see virtqueue_split.c for the picture and the
 * barriers.
 */
#ifndef KERNEL_VIRTIO_VIRTQUEUE_SPLIT_IMPL_H
#define KERNEL_VIRTIO_VIRTQUEUE_SPLIT_IMPL_H

#include "kernel/virtio/virtqueue_impl.h"

/*
 * Adding many: what each of them would read and write again is kept in locals
 * between begin and end. In between, nothing else may touch the ring.
 */
struct virtqueue_split_adder {
	struct virtqueue_chain *free;
	struct virtq_avail *avail;
	uint32_t added, index_mask;
};

static inline struct virtqueue_split_adder virtqueue_split_add_begin(const struct virtqueue *vq)
{
	return (struct virtqueue_split_adder){
		.free = vq->free,
		.avail = vq->avail,
		.added = vq->added,
		.index_mask = vq->index_mask,
	};
}

/*
 * Takes the first free chain for one segment. NULL, and nothing is added: no slot is
 * free, or its last chain was of another length (virtqueue_add() mends it).
 */
static inline struct virtqueue_chain *
virtqueue_split_add_next(struct virtqueue_split_adder *adder,
			 const struct virtqueue_segment *segment, bool device_writes)
{
	struct virtqueue_chain *chain = adder->free;
	if (UNLIKELY(chain->data_segments != 1))
		return NULL;
	struct virtq_desc *data = chain->split;
	data->addr = segment->address.value;
	uint32_t length_bytes = segment->length_bytes;
	data->len = length_bytes;
	data->flags = device_writes ? VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE : VIRTQ_DESC_F_NEXT;
	virtqueue_give(chain, length_bytes, device_writes);
	adder->avail->ring[adder->added++ & adder->index_mask] = chain->slot;
	adder->free = chain->next_free;
	return chain;
}

static inline void virtqueue_split_add_end(struct virtqueue *vq,
					   const struct virtqueue_split_adder *adder)
{
	vq->free = adder->free;
	vq->added = adder->added;
}

/* How many can be popped: at least one, or 0, or -ERR_DEVICE. */
static inline int virtqueue_split_ready(struct virtqueue *vq)
{
	/* Acquire: the entries below the index are read after it. Pairs with the
	 * device's release when it moves used.idx (2.7.14). */
	uint32_t fresh = (uint16_t)(load_acquire(&vq->used->idx) - vq->popped);
	if (!fresh)
		return UNLIKELY(vq->broken_reason) ? -ERR_DEVICE : 0;
	if (UNLIKELY(fresh > vq->published - vq->popped)) {
		virtqueue_break(vq, "used index beyond the requests in flight");
		return -ERR_DEVICE;
	}
	return (int)fresh;
}

/*
 * Pops one of those that are ready. The length is the device's word; what it
 * could have written is the shadow's. NULL: the entry is a lie, the device broken.
 */
static inline struct virtqueue_chain *
virtqueue_split_pop_next(struct virtqueue *vq, uint32_t *length_bytes, uint64_t *writable_bytes)
{
	const struct virtq_used_elem *element = &vq->used->ring[vq->popped & vq->index_mask];
	uint32_t id = load_once(&element->id);
	*length_bytes = load_once(&element->len);
	return virtqueue_retire(vq, id, writable_bytes);
}

static inline bool virtqueue_split_has_completions(const struct virtqueue *vq)
{
	return load_once(&vq->used->idx) != (uint16_t)vq->popped || vq->broken_reason;
}

static inline bool virtqueue_split_publish(struct virtqueue *vq)
{
	uint32_t added = vq->added;
	uint16_t old_index = (uint16_t)vq->published;
	uint16_t new_index = (uint16_t)added;
	/* Release: ring entries and chains before the index. */
	store_release(&vq->avail->idx, new_index);
	vq->published = added;
	/* Full: the index is seen, or the device's wish is; never neither. */
	barrier_full();
	if (vq->event_idx)
		return virtqueue_need_event(load_once(vq->avail_event), new_index, old_index);
	return !(load_once(&vq->used->flags) & VIRTQ_USED_F_NO_NOTIFY);
}

static inline bool virtqueue_split_arm(struct virtqueue *vq, uint16_t ahead)
{
	if (vq->used_event)
		store_once(vq->used_event, (uint16_t)(vq->popped + ahead - 1));
	else
		store_once(&vq->avail->flags, 0);
	/* Full: our wish is seen, or the completions are; never neither. */
	barrier_full();
	return (uint16_t)(load_once(&vq->used->idx) - vq->popped) >= ahead;
}

#endif
