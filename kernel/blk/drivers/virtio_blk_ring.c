/* SPDX-License-Identifier: MIT */
/*
 * Which rings a disk gets: how many entries of those that the device has, what
 * chains are made of, how many segments a request may have.
 *
 * Of two devices that differ in the size of their rings only, the one with the
 * larger ring is never given fewer entries, fewer requests in flight or fewer
 * segments, hence never less merging: virtio_blk_ring_test.c holds it for every size.
 *
 *   indirect   an entry per request, each with a table for all segments wanted
 *   direct     a request takes entries of the ring itself: a ring of more than
 *              DIRECT_SLOTS_WANTED * 3 keeps that many requests and lets them have
 *              more segments, up to all that are wanted
 *
 * So chains are indirect wherever the device has that. (Direct ones would save it a
 * look-up, but a large ring of them holds less than a small one of the others.)
 *
 * Boot CPU, between the limits and the queues.
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

/* Requests for whose sake a direct ring lets them have fewer segments. */
#define DIRECT_SLOTS_WANTED 128u
/* Of the free memory, what one disk's rings may take: one part of so many. */
#define MEMORY_SHARE 4u
/* But so many entries are always tried. */
#define ENTRIES_LEAST 16u

static uint32_t power_of_two_within(uint32_t size)
{
	while (size & (size - 1))
		size &= size - 1;
	return size;
}

/* What an entry takes at most: places in the rings, its table, its slot, its chain. */
static uint64_t bytes_per_entry(const struct virtio_blk *disk)
{
	uint32_t table_entries = disk->ring.indirect ? disk->device.limits.max_segments + 2 : 0;
	return 2 * (sizeof(struct virtq_desc) + sizeof(struct virtq_used_elem)) +
	       align_up(table_entries * sizeof(struct virtq_desc), CACHE_LINE_BYTES) +
	       sizeof(struct virtio_blk_slot) + sizeof(struct virtqueue_chain);
}

/* A split ring's is a power of two (2.7); of other sizes direct chains of more
 * segments could leave fewer requests. */
static bool any_size_will_do(const struct virtqueue_config *ring)
{
	return ring->packed && ring->indirect;
}

/* As many entries as may be used of those shown, and as there is memory for. */
static uint32_t choose_size(const struct virtio_blk *disk, uint32_t usable)
{
	uint64_t share = heap_free_bytes() / MEMORY_SHARE / disk->queue_count;
	uint64_t fit = MAX(share / bytes_per_entry(disk), ENTRIES_LEAST);
	uint32_t size = (uint32_t)MIN(usable, fit);
	return any_size_will_do(&disk->ring) ? size : power_of_two_within(size);
}

static void log_other_size(const struct virtio_blk *disk, uint32_t there)
{
	const struct blk_ring *ring = &disk->device.ring;
	const char *why = "there is no memory for more";
	if (ring->wanted > there)
		why = "the device has no more";
	else if (!any_size_will_do(&disk->ring) && !is_power_of_two(ring->wanted))
		why = "a power of two is needed";
	log_warn(disk->device.name, "rings of %u entries, not of %u: %s", ring->entries,
		 ring->wanted, why);
}

static uint32_t read_shown_size(const struct virtio_blk *disk)
{
	uint32_t size = VIRTQ_SIZE_MAX;
	for (uint16_t i = 0; i < disk->queue_count; i++)
		size = MIN(size, virtio_pci_queue_max_size(&disk->transport, i));
	return size;
}

void virtio_blk_choose_ring(struct virtio_blk *disk, uint32_t given, uint32_t wanted)
{
	struct virtqueue_config *config = &disk->ring;
	struct blk_ring *ring = &disk->device.ring;
	struct blk_limits *limits = &disk->device.limits;
	ring->shown = read_shown_size(disk);
	ring->wanted = wanted ? wanted : given ? given : ring->shown;
	config->packed = virtio_blk_has(disk, VIRTIO_F_RING_PACKED);
	config->indirect = virtio_blk_has(disk, VIRTIO_F_INDIRECT_DESC);
	config->event_idx = virtio_blk_has(disk, VIRTIO_F_EVENT_IDX);
	uint32_t there = given ? MIN(given, ring->shown) : ring->shown;
	ring->entries = choose_size(disk, MIN(ring->wanted, there));
	config->size = (uint16_t)ring->entries;

	uint32_t share = config->indirect ? ring->entries : ring->entries / DIRECT_SLOTS_WANTED;
	uint32_t segments = MIN(limits->max_segments, MAX(share, 3u) - 2u);
	limits->max_segments = config->max_data_segments = (uint16_t)segments;
	if (ring->entries != ring->wanted)
		log_other_size(disk, there);
	else if (given && given != ring->shown)
		log_info(disk->device.name, "%u entries of its rings are used, of %u that it shows",
			 ring->entries, ring->shown);
}
