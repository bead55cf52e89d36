/* SPDX-License-Identifier: MIT */
/*
 * The rings' own structures, and the two hot paths (add one segment, pop) as
 * inline functions, for the ring's .c files and for drivers whose submit and
 * reap loops should not pay for a call per request. Here is what both formats
 * share, in virtqueue_split_impl.h and virtqueue_packed_impl.h what is theirs. A
 * driver that knows its ring's format takes the functions named after it, or
 * tells it as a constant to those of virtqueue_either.h; others look at
 * vq->packed each time.
 *
 * Contracts are in virtqueue.h; context is the owning CPU's, everywhere. The
 * inline add functions leave it to the caller that no segment is empty.
 *
 * Letters: [I] immutable after init, [c] only the owning CPU, [d] written by
 * the device (what the pointer leads to).
 *
 * What the device could have written is named in one place each: the used
 * ring or the packed ring's used descriptors in the pop functions and their
 * look-ahead, the event fields in publish and arm. Descriptors and tables are
 * written and never read back.
 */
#ifndef KERNEL_VIRTIO_VIRTQUEUE_IMPL_H
#define KERNEL_VIRTIO_VIRTQUEUE_IMPL_H

#include "kernel/cpu/barrier.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/virtio/virtio_spec.h"
#include "kernel/virtio/virtqueue.h"

/*
 * All that the ring knows of a slot, out of the device's reach. The slot is
 * also what the device calls it, head descriptor or buffer id, so that a used
 * id leads here by one shift.
 */
struct virtqueue_chain {
	struct virtqueue_chain *next_free; /* [c] */
	union { /* [I] the data entries, in order; then the tail; by vq->packed */
		struct virtq_desc *split; /* in the slot's table or its run in the ring */
		struct pvirtq_desc *packed; /* in the table; NULL for direct chains */
	};
	uint64_t writable_bytes; /* [c] what the device may write; 0: not in flight */
	uint32_t tail_bytes; /* [I] */
	uint32_t head_bytes; /* [I] 0: not bound yet */
	uint16_t slot; /* [I] */
	uint16_t data_segments; /* [c] how many the tail has its place behind */
	uint16_t ring_entries; /* [c] packed: taken in the ring, to skip when used */
	phys_addr table; /* [I] of an indirect chain */
	void *owner; /* [c] the driver's word for what is in flight */
	void *memory; /* [I] the driver's memory of the slot */
	/* Cold. */
	phys_addr head; /* [I] */
	phys_addr tail; /* [I] */
} ALIGNED(2 * CACHE_LINE_BYTES);
_Static_assert(offsetof(struct virtqueue_chain, head) == CACHE_LINE_BYTES, "one hot line");
_Static_assert(sizeof(struct virtqueue_chain) == 2 * CACHE_LINE_BYTES, "one shift");

/*
 * added, published and popped count requests, free running; the low halves are
 * a split ring's indices. (32 bits, since halves cost instructions.)
 * popped <= published <= added <= popped + slot_count.
 */
struct virtqueue {
	struct virtqueue_chain *free; /* [c] LIFO: the last one used is in the cache; never NULL */
	struct virtqueue_chain *chains; /* [I] by slot */
	uint32_t id_limit; /* [c] ids are below it: slot_count, 0 once broken */
	uint32_t index_mask; /* [I] split: size - 1 */
	uint32_t added; /* [c] split: the avail index to publish */
	uint32_t published; /* [c] split: avail.idx */
	uint32_t popped; /* [c] split: how far used.ring is read */
	uint32_t size; /* [I] */
	struct virtq_avail *avail; /* [I] split; the device only reads it */
	struct virtq_used *used; /* [d] split */
	const char *broken_reason; /* [c] NULL while sound */

	/* The packed ring's state. Positions are 0 .. size - 1. */
	struct pvirtq_desc *ring; /* [d] */
	struct pvirtq_event_suppress *driver_event; /* [I] */
	struct pvirtq_event_suppress *device_event; /* [d] */
	uint32_t next_avail; /* [c] where the next chain goes */
	uint32_t next_used; /* [c] where the device writes next */
	uint32_t first_avail; /* [c] head of the batch being filled: shown last */
	uint16_t avail_bits; /* [c] AVAIL and USED as they make next_avail available */
	uint16_t used_bits; /* [c] as they make next_used used */
	uint16_t first_bits; /* [c] as they make first_avail available */
	uint16_t head_kind; /* [I] INDIRECT or NEXT */

	uint16_t *used_event; /* [I] split: where the device reads it; NULL: it does not */
	uint16_t *avail_event; /* [d] split */
	struct virtq_desc *descriptors; /* [I] split */
	uint16_t slot_count; /* [I] */
	uint16_t max_data_segments; /* [I] */
	bool packed, event_idx, indirect; /* [I] */
	phys_addr descriptor_area, driver_area, device_area; /* [I] */
};
_Static_assert(offsetof(struct virtqueue, ring) == CACHE_LINE_BYTES, "a split ring's hot line");
_Static_assert(offsetof(struct virtqueue, used_event) <= 2 * CACHE_LINE_BYTES,
	       "a packed ring's hot lines");

#define PVIRTQ_WRAP_BITS (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

/*
 * Where the list of free chains ends: a chain that no request fits, so that one
 * look tells a slot that cannot be had from one that must be laid out anew.
 */
extern const struct virtqueue_chain virtqueue_no_chain;
#define VIRTQUEUE_NO_CHAIN ((struct virtqueue_chain *)&virtqueue_no_chain)

/* Marks the device broken, for good; the first reason stays. */
void virtqueue_break(struct virtqueue *vq, const char *reason);

/* Off the hot path: moves a chain's tail behind another count of segments. */
void virtqueue_split_relink(struct virtqueue *vq, struct virtqueue_chain *chain, uint16_t count);
void virtqueue_packed_relink(struct virtqueue_chain *chain, uint16_t count);

/* The formats' parts of the functions in virtqueue.h. */
void virtqueue_split_init(struct virtqueue *vq, uint8_t *dma, const struct virtqueue_layout *at);
struct virtq_desc *virtqueue_split_data(const struct virtqueue *vq, uint16_t slot, uint8_t *table);
void virtqueue_split_bind(struct virtqueue *vq, struct virtqueue_chain *chain);
uint16_t virtqueue_split_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
			     uint16_t count, bool device_writes);
void virtqueue_split_disarm(struct virtqueue *vq);

void virtqueue_packed_init(struct virtqueue *vq, uint8_t *dma, const struct virtqueue_layout *at);
void virtqueue_packed_bind(struct virtqueue_chain *chain);
uint16_t virtqueue_packed_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
			      uint16_t count, bool device_writes);
bool virtqueue_packed_publish(struct virtqueue *vq);
bool virtqueue_packed_arm(struct virtqueue *vq, uint16_t ahead);
void virtqueue_packed_disarm(struct virtqueue *vq);

/*
 * virtio 1.2, 2.7.10: was `event` passed when an index moved from `old_index`
 * to `new_index`? All 16-bit, free running. The only copy of this formula.
 */
static inline bool virtqueue_need_event(uint16_t event, uint16_t new_index, uint16_t old_index)
{
	return (uint16_t)(new_index - event - 1) < (uint16_t)(new_index - old_index);
}

/* Makes a chain, about to be shown to the device, one in flight. */
static inline void virtqueue_give(struct virtqueue_chain *chain, uint64_t data_bytes,
				  bool device_writes)
{
	chain->writable_bytes = chain->tail_bytes + (device_writes ? data_bytes : 0);
}

/*
 * Judges a used entry by the shadow alone: the slot that it names is free again,
 * or the device broken, and the result NULL.
 */
static inline struct virtqueue_chain *virtqueue_retire(struct virtqueue *vq, uint32_t id,
						       uint64_t *writable_bytes)
{
	if (UNLIKELY(id >= vq->id_limit)) {
		virtqueue_break(vq, "used id out of range");
		return NULL;
	}
	struct virtqueue_chain *chain = &vq->chains[id];
	*writable_bytes = chain->writable_bytes;
	if (UNLIKELY(!*writable_bytes)) {
		virtqueue_break(vq, "used id is not in flight");
		return NULL;
	}
	vq->popped++;
	chain->writable_bytes = 0;
	chain->next_free = vq->free;
	vq->free = chain;
	return chain;
}

#endif
