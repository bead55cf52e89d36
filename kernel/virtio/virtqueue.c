/* SPDX-License-Identifier: MIT */
/*
 * What the two ring formats have in common: sizes, slots, the shadow, the
 * verdict "broken", and the functions of virtqueue.h that only choose between
 * virtqueue_split.c and virtqueue_packed.c. The hot paths are inline in
 * virtqueue_split_impl.h and virtqueue_packed_impl.h.
 *
 *   shared with the device              ours alone
 *   +------------------------------+    +---------------------------+
 *   | descriptors, or packed ring  |    | struct virtqueue          |
 *   | avail ring, or driver events |    | chains[slot]: in flight?  |
 *   | indirect tables              |    |   writable bytes, ring    |
 *   +-- page ----------------------+    |   entries                 |
 *   | used ring, or device events  |    +---------------------------+
 *   +------------------------------+
 *
 * A slot is free (on the free list), taken by virtqueue_add(), and free again
 * when virtqueue_pop() yields it. Every decision rests on the right column;
 * from the left one only the used index, used entries and event fields are
 * read, each value once.
 *
 * A device may complete a request that was added but not published: it then
 * read what it was not shown, a lie like any other wrong completion. Counts
 * and memory stay sound.
 *
 * Both areas are the caller's. Nothing here allocates, waits, locks or knows
 * registers; nobody but the owning CPU may be inside.
 */
#include "kernel/virtio/virtqueue_either.h"

/* Head and tail, beside the data segments. */
#define CHAIN_EXTRA_ENTRIES 2u

static uint32_t chain_entries(const struct virtqueue_config *config)
{
	return config->max_data_segments + CHAIN_EXTRA_ENTRIES;
}

/* A table never shares a cache line with another one. */
static uint64_t indirect_table_bytes(const struct virtqueue_config *config)
{
	return align_up(chain_entries(config) * sizeof(struct virtq_desc), CACHE_LINE_BYTES);
}

static bool config_is_valid(const struct virtqueue_config *config)
{
	if (!config->packed && !is_power_of_two(config->size)) /* 2.7 */
		return false;
	/* No chain, indirect or not, is longer than the ring (2.7.5.3.1, 2.8.5). */
	return config->size <= VIRTQ_SIZE_MAX && config->max_data_segments &&
	       chain_entries(config) <= config->size;
}

struct virtqueue_layout virtqueue_layout(const struct virtqueue_config *config)
{
	struct virtqueue_layout layout = { 0 };
	if (!config_is_valid(config))
		return layout;
	uint64_t size = config->size;
	uint64_t driver_bytes = sizeof(struct pvirtq_event_suppress);
	uint64_t device_bytes = sizeof(struct pvirtq_event_suppress);
	layout.slot_count = config->size;
	if (!config->indirect)
		layout.slot_count = (uint16_t)(size / chain_entries(config));
	if (!config->packed) { /* 2.7: each ends with the other side's event field */
		driver_bytes = sizeof(struct virtq_avail) + (size + 1) * sizeof(uint16_t);
		device_bytes = sizeof(struct virtq_used) + sizeof(uint16_t) +
			       size * sizeof(struct virtq_used_elem);
	}
	layout.driver_offset = align_up(size * sizeof(struct virtq_desc), CACHE_LINE_BYTES);
	layout.tables_offset = align_up(layout.driver_offset + driver_bytes, CACHE_LINE_BYTES);
	uint64_t tables_bytes = config->indirect ? size * indirect_table_bytes(config) : 0;
	layout.device_offset = align_up(layout.tables_offset + tables_bytes, PAGE_BYTES);
	layout.dma_bytes = align_up(layout.device_offset + device_bytes, CACHE_LINE_BYTES);
	layout.shadow_bytes = layout.slot_count * sizeof(struct virtqueue_chain);
	return layout;
}

size_t virtqueue_struct_bytes(void)
{
	return sizeof(struct virtqueue);
}

/* Each slot's place for its entries; what is in them comes with bind. */
static void init_chains(struct virtqueue *vq, const struct virtqueue_config *config, uint8_t *dma,
			phys_addr dma_phys, const struct virtqueue_layout *layout)
{
	for (uint16_t slot = 0; slot < layout->slot_count; slot++) {
		struct virtqueue_chain *chain = &vq->chains[slot];
		uint64_t table_offset = layout->tables_offset + slot * indirect_table_bytes(config);
		chain->slot = slot;
		if (config->indirect)
			chain->table = phys_add(dma_phys, table_offset);
		if (!config->packed)
			chain->split = virtqueue_split_data(vq, slot, dma + table_offset);
		else if (config->indirect) /* the head comes first */
			chain->packed = (struct pvirtq_desc *)(dma + table_offset) + 1;
	}
}

int virtqueue_init(struct virtqueue *vq, const struct virtqueue_config *config, void *dma,
		   phys_addr dma_phys, void *shadow)
{
	struct virtqueue_layout layout = virtqueue_layout(config);
	if (!layout.slot_count || dma_phys.value % PAGE_BYTES)
		return -ERR_INVALID;
	*vq = (struct virtqueue){
		.free = VIRTQUEUE_NO_CHAIN,
		.chains = shadow,
		.id_limit = layout.slot_count,
		.size = config->size,
		.slot_count = layout.slot_count,
		.max_data_segments = config->max_data_segments,
		.packed = config->packed,
		.event_idx = config->event_idx,
		.indirect = config->indirect,
		.descriptor_area = dma_phys,
		.driver_area = phys_add(dma_phys, layout.driver_offset),
		.device_area = phys_add(dma_phys, layout.device_offset),
	};
	if (config->packed)
		virtqueue_packed_init(vq, dma, &layout);
	else
		virtqueue_split_init(vq, dma, &layout);
	init_chains(vq, config, dma, dma_phys, &layout);
	virtqueue_disarm(vq);
	return 0;
}

phys_addr virtqueue_descriptor_area(const struct virtqueue *vq)
{
	return vq->descriptor_area;
}

phys_addr virtqueue_driver_area(const struct virtqueue *vq)
{
	return vq->driver_area;
}

phys_addr virtqueue_device_area(const struct virtqueue *vq)
{
	return vq->device_area;
}

static struct virtqueue_chain *chain_of(const struct virtqueue *vq, uint16_t slot)
{
	assert_always(slot < vq->slot_count);
	return &vq->chains[slot];
}

void virtqueue_bind(struct virtqueue *vq, uint16_t slot, phys_addr head, uint32_t head_bytes,
		    phys_addr tail, uint32_t tail_bytes)
{
	struct virtqueue_chain *chain = chain_of(vq, slot);
	assert_always(head_bytes && tail_bytes && !chain->head_bytes);
	chain->head = head;
	chain->head_bytes = head_bytes;
	chain->tail = tail;
	chain->tail_bytes = tail_bytes;
	if (vq->packed)
		virtqueue_packed_bind(chain);
	else
		virtqueue_split_bind(vq, chain);
	chain->next_free = vq->free;
	vq->free = chain;
}

uint16_t virtqueue_free_slots(const struct virtqueue *vq)
{
	return (uint16_t)(vq->slot_count - virtqueue_in_flight(vq));
}

uint16_t virtqueue_next_slot(const struct virtqueue *vq)
{
	assert_always(vq->free != VIRTQUEUE_NO_CHAIN);
	return vq->free->slot;
}

uint16_t virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
		       uint16_t count, bool device_writes)
{
	assert_always(count <= vq->max_data_segments);
	for (uint16_t i = 0; i < count; i++)
		assert_always(segments[i].length_bytes);
	return vq->packed ? virtqueue_packed_add(vq, segments, count, device_writes)
			  : virtqueue_split_add(vq, segments, count, device_writes);
}

bool virtqueue_publish(struct virtqueue *vq)
{
	return vq->added != vq->published && virtqueue_publish_inline(vq);
}

int virtqueue_pop(struct virtqueue *vq, uint16_t *slot, uint32_t *written_bytes)
{
	uint32_t length_bytes;
	uint64_t writable_bytes;
	int ready = virtqueue_ready(vq);
	if (ready <= 0)
		return ready;
	const struct virtqueue_chain *chain =
		virtqueue_pop_next(vq, &length_bytes, &writable_bytes);
	if (!chain)
		return -ERR_DEVICE;
	*slot = chain->slot;
	*written_bytes = (uint32_t)MIN(length_bytes, writable_bytes);
	return 1;
}

bool virtqueue_has_completions(const struct virtqueue *vq)
{
	return vq->packed ? virtqueue_packed_has_completions(vq)
			  : virtqueue_split_has_completions(vq);
}

bool virtqueue_arm(struct virtqueue *vq, uint16_t ahead)
{
	return virtqueue_arm_inline(vq, ahead);
}

void virtqueue_disarm(struct virtqueue *vq)
{
	if (vq->packed)
		virtqueue_packed_disarm(vq);
	else
		virtqueue_split_disarm(vq);
}

bool virtqueue_is_broken(const struct virtqueue *vq)
{
	return vq->broken_reason;
}

const char *virtqueue_broken_reason(const struct virtqueue *vq)
{
	return vq->broken_reason;
}

uint16_t virtqueue_in_flight(const struct virtqueue *vq)
{
	return (uint16_t)(vq->added - vq->popped);
}

bool virtqueue_slot_in_flight(const struct virtqueue *vq, uint16_t slot)
{
	return chain_of(vq, slot)->writable_bytes;
}

void virtqueue_get_state(const struct virtqueue *vq, struct virtqueue_state *out)
{
	*out = (struct virtqueue_state){
		.size = (uint16_t)vq->size,
		.slot_count = vq->slot_count,
		.in_flight = virtqueue_in_flight(vq),
		.packed = vq->packed,
		.event_idx = vq->event_idx,
	};
	if (vq->packed) {
		out->avail_index = (uint16_t)vq->next_avail;
		out->last_published = (uint16_t)vq->first_avail;
		out->used_index = (uint16_t)vq->next_used;
		out->last_used = (uint16_t)vq->next_used;
		out->avail_event = load_once(&vq->device_event->desc);
		out->used_event = load_once(&vq->driver_event->desc);
		out->avail_wrap = vq->avail_bits & VIRTQ_DESC_F_AVAIL;
		out->used_wrap = vq->used_bits & VIRTQ_DESC_F_USED;
	} else {
		out->avail_index = (uint16_t)vq->added;
		out->last_published = (uint16_t)vq->published;
		out->used_index = load_once(&vq->used->idx);
		out->last_used = (uint16_t)vq->popped;
		out->avail_event = load_once(vq->avail_event);
		out->used_event = vq->used_event ? load_once(vq->used_event) : 0;
	}
}
