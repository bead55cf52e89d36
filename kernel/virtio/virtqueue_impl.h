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
 * added, published, popped and used_seen count requests, free running; the low
 * halves are a split ring's indices. (32 bits, since halves cost instructions.)
 * popped <= published <= added <= popped + slot_count.
 */
struct virtqueue {
	struct virtqueue_chain *free; /* [c] LIFO: the last one used is in the cache */
	struct virtqueue_chain *chains; /* [I] by slot */
	uint32_t id_limit; /* [c] ids are below it: slot_count, 0 once broken */
	uint32_t index_mask; /* [I] split: size - 1 */
	uint32_t added; /* [c] split: the avail index to publish */
	uint32_t published; /* [c] split: avail.idx */
	uint32_t popped; /* [c] split: how far used.ring is read */
	uint32_t used_seen; /* [c] split: used.idx when it was last read and checked */
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
	uint32_t size; /* [I] */
	uint16_t avail_bits; /* [c] AVAIL and USED as they make next_avail available */
	uint16_t used_bits; /* [c] as they make next_used used */
	uint16_t first_bits; /* [c] as they make first_avail available */
	uint16_t head_kind; /* [I] INDIRECT or NEXT */

	uint16_t *used_event; /* [I] split: where the device reads it */
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

/* Takes the most recently freed chain. */
static inline struct virtqueue_chain *virtqueue_take(struct virtqueue *vq)
{
	struct virtqueue_chain *chain = vq->free;
	assert_always(chain);
	vq->free = chain->next_free;
	return chain;
}

/* Makes a chain, about to be shown to the device, one in flight. */
static inline void virtqueue_give(struct virtqueue_chain *chain, uint64_t data_bytes,
				  bool device_writes)
{
	chain->writable_bytes = chain->tail_bytes + (device_writes ? data_bytes : 0);
}

/* --- split --- */

/*
 * Adding many: what each of them would read and write again is kept in locals
 * between begin and end. In between, nothing else may touch the ring.
 */
struct virtqueue_split_adder {
	struct virtqueue_chain *free;
	uint16_t *ring;
	uint32_t added, index_mask;
};

static inline struct virtqueue_split_adder virtqueue_split_add_begin(const struct virtqueue *vq)
{
	return (struct virtqueue_split_adder){
		.free = vq->free,
		.ring = vq->avail->ring,
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
	adder->ring[adder->added++ & adder->index_mask] = chain->slot;
	adder->free = chain->next_free;
}

/*
 * One segment; the caller knows that a slot is free. NULL, and nothing is
 * added: the slot's last chain was of another length (virtqueue_add() mends it).
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

static inline uint16_t virtqueue_split_add_one(struct virtqueue *vq,
					       const struct virtqueue_segment *segment,
					       bool device_writes)
{
	struct virtqueue_chain *chain = vq->free;
	assert_always(chain);
	if (UNLIKELY(chain->data_segments != 1))
		virtqueue_split_relink(vq, chain, 1);
	struct virtqueue_split_adder adder = virtqueue_split_add_begin(vq);
	virtqueue_split_fill(&adder, chain, segment, device_writes);
	virtqueue_split_add_end(vq, &adder);
	return chain->slot;
}

/*
 * Reads used.idx when all that was known of is popped. 1: there is more, up to
 * used_seen; 0; -ERR_DEVICE.
 */
static inline int virtqueue_split_look(struct virtqueue *vq)
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
	vq->used_seen = vq->popped + fresh;
	return 1;
}

/* Popping many, likewise. */
struct virtqueue_split_popper {
	struct virtqueue_chain *free, *chains;
	const struct virtq_used_elem *ring;
	uint32_t popped, index_mask, id_limit;
	const char *lie; /* NULL: none met */
};

/*
 * *count is how many can be popped, at most max. Then up to as many
 * virtqueue_split_pop_next(), until one fails; in any case
 * virtqueue_split_pop_end(). Results as virtqueue_pop(); only after 1 there is
 * something to end.
 */
static inline int virtqueue_split_pop_begin(struct virtqueue *vq, uint32_t max,
					    struct virtqueue_split_popper *popper, uint32_t *count)
{
	if (vq->popped == vq->used_seen) {
		int found = virtqueue_split_look(vq);
		if (found <= 0)
			return found;
	}
	*count = MIN(max, vq->used_seen - vq->popped);
	*popper = (struct virtqueue_split_popper){
		.free = vq->free,
		.chains = vq->chains,
		.ring = vq->used->ring,
		.popped = vq->popped,
		.index_mask = vq->index_mask,
		.id_limit = vq->id_limit,
	};
	return 1;
}

/*
 * The chain of the next used entry, free again; NULL: the entry is a lie. The
 * length is the device's word; what it could have written is the shadow's.
 */
static inline struct virtqueue_chain *
virtqueue_split_pop_next(struct virtqueue_split_popper *popper, uint32_t *length_bytes,
			 uint64_t *writable_bytes)
{
	const struct virtq_used_elem *element = &popper->ring[popper->popped & popper->index_mask];
	uint32_t id = load_once(&element->id);
	*length_bytes = load_once(&element->len);
	if (UNLIKELY(id >= popper->id_limit)) {
		popper->lie = "used id out of range";
		return NULL;
	}
	struct virtqueue_chain *chain = &popper->chains[id];
	*writable_bytes = chain->writable_bytes;
	if (UNLIKELY(!*writable_bytes)) {
		popper->lie = "used id is not in flight";
		return NULL;
	}
	popper->popped++;
	chain->writable_bytes = 0;
	chain->next_free = popper->free;
	popper->free = chain;
	return chain;
}

/* False when a lie was met: the device is broken. */
static inline bool virtqueue_split_pop_end(struct virtqueue *vq,
					   const struct virtqueue_split_popper *popper)
{
	vq->free = popper->free;
	vq->popped = popper->popped;
	if (UNLIKELY(popper->lie))
		virtqueue_break(vq, popper->lie);
	return !popper->lie;
}

static inline int virtqueue_split_pop(struct virtqueue *vq, uint16_t *slot, uint32_t *written_bytes)
{
	struct virtqueue_split_popper popper;
	uint32_t count, length_bytes;
	uint64_t writable_bytes;
	int found = virtqueue_split_pop_begin(vq, 1, &popper, &count);
	if (found <= 0)
		return found;
	const struct virtqueue_chain *chain =
		virtqueue_split_pop_next(&popper, &length_bytes, &writable_bytes);
	if (UNLIKELY(!virtqueue_split_pop_end(vq, &popper)))
		return -ERR_DEVICE;
	*slot = chain->slot;
	*written_bytes = (uint32_t)MIN(length_bytes, writable_bytes);
	return 1;
}

static inline bool virtqueue_split_has_completions(const struct virtqueue *vq)
{
	uint32_t popped = vq->popped;
	return load_once(&vq->used->idx) != (uint16_t)popped || vq->used_seen != popped ||
	       vq->broken_reason;
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
	if (vq->event_idx)
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
 * Makes a head available whose other fields, and whose chain, are written. The
 * first head of a batch waits for virtqueue_publish(): until then the device
 * stops in front of it, so the others need no order among themselves.
 */
static inline void virtqueue_packed_show(const struct virtqueue *vq, uint32_t position,
					 uint16_t bits)
{
	if (position != vq->first_avail)
		vq->ring[position].flags = vq->head_kind | bits;
}

/* The one entry of an indirect chain. */
static inline void virtqueue_packed_add_table(struct virtqueue *vq,
					      const struct virtqueue_chain *chain, uint16_t count)
{
	uint32_t position = vq->next_avail;
	struct pvirtq_desc *head = &vq->ring[position];
	head->addr = chain->table.value;
	head->len = (uint32_t)((count + 2u) * sizeof(struct pvirtq_desc));
	head->id = chain->slot;
	virtqueue_packed_show(vq, position, vq->avail_bits);
	vq->next_avail = virtqueue_packed_next(vq, position, 1, &vq->avail_bits);
}

/* Indirect chains only; the others have virtqueue_packed_add(). */
static inline uint16_t virtqueue_packed_add_one(struct virtqueue *vq,
						const struct virtqueue_segment *segment,
						bool device_writes)
{
	struct virtqueue_chain *chain = virtqueue_take(vq);
	if (UNLIKELY(chain->data_segments != 1))
		virtqueue_packed_relink(chain, 1);
	uint32_t length_bytes = segment->length_bytes;
	struct pvirtq_desc *data = chain->packed;
	data->addr = segment->address.value;
	data->len = length_bytes;
	data->flags = device_writes ? VIRTQ_DESC_F_WRITE : 0;
	virtqueue_give(chain, length_bytes, device_writes);
	virtqueue_packed_add_table(vq, chain, 1);
	vq->added++;
	return chain->slot;
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

/*
 * Judges a used entry by the shadow alone: frees the slot that it names, or
 * breaks the device.
 */
static inline bool virtqueue_take_back(struct virtqueue *vq, uint32_t id, uint32_t length_bytes,
				       uint32_t *written_bytes)
{
	if (UNLIKELY(id >= vq->id_limit)) {
		virtqueue_break(vq, "used id out of range");
		return false;
	}
	struct virtqueue_chain *chain = &vq->chains[id];
	uint64_t writable_bytes = chain->writable_bytes;
	if (UNLIKELY(!writable_bytes)) {
		virtqueue_break(vq, "used id is not in flight");
		return false;
	}
	vq->popped++;
	chain->writable_bytes = 0;
	chain->next_free = vq->free;
	vq->free = chain;
	*written_bytes = (uint32_t)MIN(length_bytes, writable_bytes);
	return true;
}

static inline int virtqueue_packed_pop(struct virtqueue *vq, uint16_t *slot,
				       uint32_t *written_bytes)
{
	uint32_t position = vq->next_used;
	const struct pvirtq_desc *used = &vq->ring[position];
	/* Acquire: id and len are read after the flags. Pairs with the device's
	 * release when it writes them (2.8.21). */
	if (!virtqueue_packed_is_used(vq, load_acquire(&used->flags)))
		return UNLIKELY(vq->broken_reason) ? -ERR_DEVICE : 0;
	if (UNLIKELY(vq->popped == vq->published)) {
		virtqueue_break(vq, "used entry with nothing in flight");
		return -ERR_DEVICE;
	}
	uint32_t id = load_once(&used->id);
	uint32_t length_bytes = load_once(&used->len);
	if (UNLIKELY(!virtqueue_take_back(vq, id, length_bytes, written_bytes)))
		return -ERR_DEVICE;
	/* How far to skip is what we wrote, whatever the device says. */
	vq->next_used =
		virtqueue_packed_next(vq, position, vq->chains[id].ring_entries, &vq->used_bits);
	*slot = (uint16_t)id;
	return 1;
}

static inline bool virtqueue_packed_has_completions(const struct virtqueue *vq)
{
	return virtqueue_packed_is_used(vq, load_once(&vq->ring[vq->next_used].flags)) ||
	       vq->broken_reason;
}

/* --- either --- */

static inline uint16_t
virtqueue_add_one(struct virtqueue *vq, const struct virtqueue_segment *segment, bool device_writes)
{
	if (!vq->packed)
		return virtqueue_split_add_one(vq, segment, device_writes);
	if (vq->indirect)
		return virtqueue_packed_add_one(vq, segment, device_writes);
	return virtqueue_packed_add(vq, segment, 1, device_writes);
}

static inline int virtqueue_pop_one(struct virtqueue *vq, uint16_t *slot, uint32_t *written_bytes)
{
	return vq->packed ? virtqueue_packed_pop(vq, slot, written_bytes)
			  : virtqueue_split_pop(vq, slot, written_bytes);
}

/* The same as without _inline. */
static inline bool virtqueue_publish_inline(struct virtqueue *vq)
{
	if (vq->added == vq->published)
		return false;
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
