/* SPDX-License-Identifier: MIT */
/*
 * What a virtio-blk device can do: features are negotiated, its configuration
 * becomes limits (virtio 1.2, 5.2.3 to 5.2.5).
 *
 * Nothing that the device says is believed unseen: what makes no sense is
 * replaced by what is always true, with a warning, or the disk is refused.
 *
 * Boot CPU; virtio_blk_refresh() in loop context.
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

/* Segments of one request: 64 pages of 4 KiB, which covers 256 KiB scattered. */
#define DATA_SEGMENTS_WANTED 64u

static const struct {
	uint8_t bit;
	const char *name;
} feature_names[] = {
	{ VIRTIO_BLK_F_SIZE_MAX, "SIZE_MAX" },
	{ VIRTIO_BLK_F_SEG_MAX, "SEG_MAX" },
	{ VIRTIO_BLK_F_GEOMETRY, "GEOMETRY" },
	{ VIRTIO_BLK_F_RO, "RO" },
	{ VIRTIO_BLK_F_BLK_SIZE, "BLK_SIZE" },
	{ VIRTIO_BLK_F_SCSI, "SCSI" },
	{ VIRTIO_BLK_F_FLUSH, "FLUSH" },
	{ VIRTIO_BLK_F_TOPOLOGY, "TOPOLOGY" },
	{ VIRTIO_BLK_F_CONFIG_WCE, "CONFIG_WCE" },
	{ VIRTIO_BLK_F_MQ, "MQ" },
	{ VIRTIO_BLK_F_DISCARD, "DISCARD" },
	{ VIRTIO_BLK_F_WRITE_ZEROES, "WRITE_ZEROES" },
	{ VIRTIO_BLK_F_LIFETIME, "LIFETIME" },
	{ VIRTIO_BLK_F_SECURE_ERASE, "SECURE_ERASE" },
	{ VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC" },
	{ VIRTIO_F_EVENT_IDX, "EVENT_IDX" },
	{ VIRTIO_F_VERSION_1, "VERSION_1" },
	{ VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM" },
	{ VIRTIO_F_RING_PACKED, "RING_PACKED" },
	{ VIRTIO_F_IN_ORDER, "IN_ORDER" },
	{ VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM" },
	{ VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA" },
	{ VIRTIO_F_RING_RESET, "RING_RESET" },
};

static uint64_t wanted_features(const struct settings *settings)
{
	uint64_t wanted = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
			  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
			  VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_RO) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) | VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_LIFETIME) |
			  VIRTIO_FEATURE(VIRTIO_BLK_F_SECURE_ERASE);
	if (settings->indirect && settings->chain != CHAIN_DIRECT)
		wanted |= VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
	if (settings->event_idx)
		wanted |= VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	if (settings->ring != RING_SPLIT)
		wanted |= VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	return wanted;
}

void virtio_blk_print_features(uint64_t features, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(feature_names) && used < size; i++) {
		if (!(features & VIRTIO_FEATURE(feature_names[i].bit)))
			continue;
		used += (size_t)fmt_print(text + used, size - used, "%s%s", used ? " " : "",
					  feature_names[i].name);
		features &= ~VIRTIO_FEATURE(feature_names[i].bit);
	}
	if (features && used < size)
		fmt_print(text + used, size - used, "%s0x%lx", used ? " " : "", features);
}

int virtio_blk_negotiate(struct virtio_blk *disk, const struct settings *settings)
{
	const char *name = disk->device.name;
	uint64_t wanted = wanted_features(settings);
	int error = virtio_pci_negotiate(&disk->transport, wanted);
	if (error)
		return error;
	if (!virtio_blk_has(disk, VIRTIO_F_VERSION_1)) {
		log_error(name, "the device does not offer VERSION_1");
		return -ERR_UNSUPPORTED;
	}
	char text[320];
	virtio_blk_print_features(disk->transport.features, text, sizeof(text));
	log_info(name, "features: %s", text);
	uint64_t unused = disk->transport.offered_features & ~disk->transport.features;
	virtio_blk_print_features(unused, text, sizeof(text));
	if (text[0])
		log_info(name, "offered, not used (no user here, or switched off): %s", text);
	if (settings->ring == RING_PACKED && !virtio_blk_has(disk, VIRTIO_F_RING_PACKED))
		log_warn(name, "ring=packed: the device offers no packed ring; split is used");
	if (settings->chain == CHAIN_INDIRECT && !virtio_blk_has(disk, VIRTIO_F_INDIRECT_DESC))
		log_warn(name, "chain=indirect: the device offers no indirect descriptors; "
			       "direct chains are used");
	return 0;
}

static uint32_t block_bytes_checked(const struct virtio_blk *disk, uint32_t claimed)
{
	if (!virtio_blk_has(disk, VIRTIO_BLK_F_BLK_SIZE))
		return SECTOR_BYTES;
	if (is_power_of_two(claimed) && claimed >= SECTOR_BYTES && claimed <= 65536)
		return claimed;
	log_warn(disk->device.name, "blk_size %u is not a power of two from 512 to 65536; "
				    "512 is used", claimed);
	return SECTOR_BYTES;
}

static void read_topology(struct virtio_blk *disk, const struct virtio_blk_config *config)
{
	struct blk_limits *limits = &disk->device.limits;
	limits->physical_block_bytes = limits->block_bytes;
	if (!virtio_blk_has(disk, VIRTIO_BLK_F_TOPOLOGY))
		return;
	if (config->topology.physical_block_exp <= 8)
		limits->physical_block_bytes = limits->block_bytes
					       << config->topology.physical_block_exp;
	if (config->topology.opt_io_size <= UINT32_MAX / limits->block_bytes)
		limits->optimal_io_bytes = config->topology.opt_io_size * limits->block_bytes;
}

/* 5.2.5.1: with CONFIG_WCE the device says whether it caches, else FLUSH lets one assume it. */
static void read_write_cache(struct virtio_blk *disk)
{
	struct blk_limits *limits = &disk->device.limits;
	limits->flush = virtio_blk_has(disk, VIRTIO_BLK_F_FLUSH);
	limits->write_cache = limits->flush;
	if (!virtio_blk_has(disk, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	uint8_t writeback = 0;
	uint32_t offset = offsetof(struct virtio_blk_config, writeback);
	if (!virtio_pci_read_config(&disk->transport, offset, &writeback, 1))
		limits->write_cache = writeback != 0;
}

static void read_erase_limits(struct virtio_blk *disk, const struct virtio_blk_config *config)
{
	struct blk_limits *limits = &disk->device.limits;
	limits->discard = virtio_blk_has(disk, VIRTIO_BLK_F_DISCARD) && config->max_discard_sectors;
	limits->max_discard_sectors = config->max_discard_sectors;
	limits->discard_align_sectors = config->discard_sector_alignment;
	limits->write_zeroes = virtio_blk_has(disk, VIRTIO_BLK_F_WRITE_ZEROES) &&
			       config->max_write_zeroes_sectors;
	limits->max_write_zeroes_sectors = config->max_write_zeroes_sectors;
	limits->secure_erase = virtio_blk_has(disk, VIRTIO_BLK_F_SECURE_ERASE) &&
			       config->max_secure_erase_sectors;
	limits->max_secure_erase_sectors = config->max_secure_erase_sectors;
	limits->lifetime = virtio_blk_has(disk, VIRTIO_BLK_F_LIFETIME);
	limits->get_id = true;
}

/* The configuration as far as the device has it; the rest stays zero. */
static int read_config(struct virtio_blk *disk, struct virtio_blk_config *config)
{
	memset(config, 0, sizeof(*config));
	uint32_t bytes = MIN(disk->transport.device_bytes, (uint32_t)sizeof(*config));
	return virtio_pci_read_config(&disk->transport, 0, config, bytes);
}

int virtio_blk_read_limits(struct virtio_blk *disk)
{
	struct virtio_blk_config config;
	int error = read_config(disk, &config);
	if (error)
		return error;
	struct blk_limits *limits = &disk->device.limits;
	if (config.capacity > UINT64_MAX / SECTOR_BYTES) {
		log_error(disk->device.name, "capacity of %lu sectors is not believable",
			  config.capacity);
		return -ERR_DEVICE;
	}
	limits->capacity_sectors = config.capacity;
	disk->capacity_seen = config.capacity;
	limits->block_bytes = block_bytes_checked(disk, config.blk_size);
	limits->read_only = virtio_blk_has(disk, VIRTIO_BLK_F_RO);
	/* Some devices offer SIZE_MAX and state 0; no request could obey that. */
	uint32_t size_max = virtio_blk_has(disk, VIRTIO_BLK_F_SIZE_MAX) ? config.size_max : 0;
	if (!size_max)
		size_max = UINT32_MAX;
	limits->max_segment_bytes = (uint32_t)align_down(size_max, limits->block_bytes);
	if (!limits->max_segment_bytes) {
		log_error(disk->device.name, "size_max %u is below the block size", size_max);
		return -ERR_DEVICE;
	}
	uint32_t seg_max = virtio_blk_has(disk, VIRTIO_BLK_F_SEG_MAX) ? config.seg_max : 1;
	limits->max_segments = MAX(1u, MIN(seg_max, DATA_SEGMENTS_WANTED));
	limits->max_sectors = UINT32_MAX / SECTOR_BYTES;
	disk->queue_count = virtio_blk_has(disk, VIRTIO_BLK_F_MQ) ? config.num_queues : 1;
	read_topology(disk, &config);
	read_erase_limits(disk, &config);
	read_write_cache(disk);
	return 0;
}

void virtio_blk_refresh(struct blk_device *device)
{
	struct virtio_blk *disk = device->driver_data;
	uint64_t capacity;
	if (virtio_pci_read_config(&disk->transport, 0, &capacity, sizeof(capacity)))
		return;
	if (capacity == disk->capacity_seen || capacity > UINT64_MAX / SECTOR_BYTES)
		return;
	log_info(device->name, "resized from %lu to %lu sectors", disk->capacity_seen, capacity);
	disk->capacity_seen = capacity;
	store_once(&device->limits.capacity_sectors, capacity);
}
