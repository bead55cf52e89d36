/*
 * The rings' own structures, and the two hot paths (add one segment, pop) as
 * inline functions, for the ring's .c files and for drivers whose submit and
 * reap loops should not pay for a call per request. A driver that knows its
 * ring's format takes the functions named after it and so decides once per
 * batch; the others look at vq->packed each time.
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

/* --- split --- */

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

/* Takes the first free chain, laid out for one segment. */
static inline void virtqueue_split_fill(struct virtqueue_split_adder *adder,
					struct virtqueue_chain *chain,
					const struct virtqueue_segment *segment, bool device_writes)
{
	struct virtq_desc *data = chain->split;
	data->addr = segment->address.value;
	uint32_t length_bytes = segment->length_bytes;
	data->len = length_bytes;
	data->flags = device_writes ? VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE : VIRTQ_DESC_F_NEXT;
	virtqueue_give(chain, length_bytes, device_writes);
	adder->avail->ring[adder->added++ & adder->index_mask] = chain->slot;
	adder->free = chain->next_free;
}

/*
 * One segment. NULL, and nothing is added: no slot is free, or its last chain
 * was of another length (virtqueue_add() mends it).
 */
static inline struct virtqueue_chain *
virtqueue_split_add_next(struct virtqueue_split_adder *adder,
			 const struct virtqueue_segment *segment, bool device_writes)
{
	struct virtqueue_chain *chain = adder->free;
	if (UNLIKELY(chain->data_segments != 1))
		return NULL;
	virtqueue_split_fill(adder, chain, segment, device_writes);
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
	uint16_t old_index = (uint16_t)vq->published;
	uint16_t new_index = (uint16_t)vq->added;
	/* Release: ring entries and chains before the index. */
	store_release(&vq->avail->idx, new_index);
	vq->published = vq->added;
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

/* --- packed --- */

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

/* --- either --- */

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
