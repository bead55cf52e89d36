/* SPDX-License-Identifier: MIT */
/*
 * The hot paths for drivers that have rings of both formats. The functions that take
 * `packed` want a constant there: the compiler then keeps one format only, and a
 * driver has a function for each. The others look at vq->packed on each call.
 *
 * Contracts and context as in virtqueue.h; for drivers, not for the ring's files.
 */
#ifndef KERNEL_VIRTIO_VIRTQUEUE_EITHER_H
#define KERNEL_VIRTIO_VIRTQUEUE_EITHER_H

#include "kernel/virtio/virtqueue_packed_impl.h"
#include "kernel/virtio/virtqueue_split_impl.h"

/* How many can be popped at once: at least one, or 0, or -ERR_DEVICE. */
static inline int virtqueue_ready(struct virtqueue *vq)
{
	return vq->packed ? virtqueue_packed_ready(vq) : virtqueue_split_ready(vq);
}

static inline struct virtqueue_chain *
virtqueue_pop_next(struct virtqueue *vq, uint32_t *length_bytes, uint64_t *writable_bytes)
{
	return vq->packed ? virtqueue_packed_pop_next(vq, length_bytes, writable_bytes)
			  : virtqueue_split_pop_next(vq, length_bytes, writable_bytes);
}

/*
 * Adding many to a ring of known format; a packed one must have indirect chains.
 * As the formats' own functions.
 */
struct virtqueue_adder {
	struct virtqueue_split_adder split;
	struct virtqueue_packed_adder packed;
};

static ALWAYS_INLINE void virtqueue_add_begin(const struct virtqueue *vq, bool packed,
					      struct virtqueue_adder *adder)
{
	if (packed)
		adder->packed = virtqueue_packed_add_begin(vq);
	else
		adder->split = virtqueue_split_add_begin(vq);
}

static ALWAYS_INLINE struct virtqueue_chain *
virtqueue_add_next(struct virtqueue_adder *adder, bool packed,
		   const struct virtqueue_segment *segment, bool device_writes)
{
	return packed ? virtqueue_packed_add_next(&adder->packed, segment, device_writes)
		      : virtqueue_split_add_next(&adder->split, segment, device_writes);
}

static ALWAYS_INLINE void virtqueue_add_end(struct virtqueue *vq, bool packed,
					    const struct virtqueue_adder *adder)
{
	if (packed)
		virtqueue_packed_add_end(vq, &adder->packed);
	else
		virtqueue_split_add_end(vq, &adder->split);
}

/* Whether virtqueue_add_next() is for this ring. */
static inline bool virtqueue_adds_many(const struct virtqueue *vq)
{
	return !vq->packed || vq->indirect;
}

/* The same as without _inline, for when something was added. */
static inline bool virtqueue_publish_inline(struct virtqueue *vq)
{
	return vq->packed ? virtqueue_packed_publish(vq) : virtqueue_split_publish(vq);
}

static inline bool virtqueue_arm_inline(struct virtqueue *vq, uint32_t ahead)
{
	if (vq->broken_reason)
		return true;
	/* What was added but not published cannot complete. */
	uint32_t shown = vq->published - vq->popped;
	uint32_t most = vq->event_idx ? MIN(ahead, shown) : 1;
	uint16_t clamped = (uint16_t)MAX(most, 1u);
	return vq->packed ? virtqueue_packed_arm(vq, clamped) : virtqueue_split_arm(vq, clamped);
}

#endif
