/*
 * The virtio-blk driver: finds the disks, negotiates, reads their limits and
 * starts their queues (virtio 1.2, 5.2). The I/O path is in
 * virtio_blk_queue.c, interrupts are in virtio_blk_irq.c.
 *
 *   reset -> ACKNOWLEDGE, DRIVER -> features -> FEATURES_OK -> limits ->
 *   vectors -> queues -> DRIVER_OK -> one proven interrupt per queue
 *
 * Boot CPU, polling; the disks live as long as the kernel. A disk that breaks
 * the protocol is marked FAILED, logged and left out; the others go on.
 */
#include "kernel/blk/virtio_blk_impl.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

/* Segments of one request: 64 pages of 4 KiB, which covers 256 KiB scattered. */
#define DATA_SEGMENTS_WANTED 64u
/* Direct chains take descriptors from the ring: keep this many requests. */
#define DIRECT_SLOTS_WANTED 128u

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

static bool has(const struct virtio_blk *disk, unsigned bit)
{
	return disk->transport.features & VIRTIO_FEATURE(bit);
}

static uint64_t wanted_features(const struct settings *settings)
{
	uint64_t wanted = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
			  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
			  VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM) |
			  VIRTIO_FEATURE(VIRTIO_F_RING_RESET) |
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

/* Appends the names of a feature set; text is always terminated. */
static void print_features(uint64_t features, char *text, size_t size)
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

static int negotiate(struct virtio_blk *disk, const struct settings *settings)
{
	const char *name = disk->device.name;
	uint64_t wanted = wanted_features(settings);
	int error = virtio_pci_negotiate(&disk->transport, wanted);
	if (error)
		return error;
	if (!has(disk, VIRTIO_F_VERSION_1)) {
		log_error(name, "the device does not offer VERSION_1");
		return -ERR_UNSUPPORTED;
	}
	char text[320];
	print_features(disk->transport.features, text, sizeof(text));
	log_info(name, "features: %s", text);
	print_features(disk->transport.offered_features & ~disk->transport.features, text,
		       sizeof(text));
	if (text[0])
		log_info(name, "offered, not used (no user here, or switched off): %s", text);
	if (settings->ring == RING_PACKED && !has(disk, VIRTIO_F_RING_PACKED))
		log_warn(name, "ring=packed: the device offers no packed ring; split is used");
	if (settings->chain == CHAIN_INDIRECT && !has(disk, VIRTIO_F_INDIRECT_DESC))
		log_warn(name, "chain=indirect: the device offers no indirect descriptors; "
			       "direct chains are used");
	return 0;
}

static uint32_t block_bytes_checked(const struct virtio_blk *disk, uint32_t claimed)
{
	if (!has(disk, VIRTIO_BLK_F_BLK_SIZE))
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
	if (!has(disk, VIRTIO_BLK_F_TOPOLOGY))
		return;
	if (config->topology.physical_block_exp <= 8)
		limits->physical_block_bytes = limits->block_bytes
					       << config->topology.physical_block_exp;
	if (config->topology.opt_io_size <= UINT32_MAX / limits->block_bytes)
		limits->optimal_io_bytes = config->topology.opt_io_size * limits->block_bytes;
}

/* 5.2.5 step 3: with CONFIG_WCE the cache is switched to write-back, else as FLUSH says. */
static void set_write_cache(struct virtio_blk *disk)
{
	struct blk_limits *limits = &disk->device.limits;
	limits->flush = has(disk, VIRTIO_BLK_F_FLUSH);
	limits->write_cache = limits->flush;
	if (!has(disk, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	uint8_t writeback = 0;
	uint32_t offset = offsetof(struct virtio_blk_config, writeback);
	if (!virtio_pci_read_config(&disk->transport, offset, &writeback, 1))
		limits->write_cache = limits->flush && writeback != 0;
}

static void read_erase_limits(struct virtio_blk *disk, const struct virtio_blk_config *config)
{
	struct blk_limits *limits = &disk->device.limits;
	limits->discard = has(disk, VIRTIO_BLK_F_DISCARD) && config->max_discard_sectors;
	limits->max_discard_sectors = config->max_discard_sectors;
	limits->discard_align_sectors = config->discard_sector_alignment;
	limits->write_zeroes = has(disk, VIRTIO_BLK_F_WRITE_ZEROES) &&
			       config->max_write_zeroes_sectors;
	limits->max_write_zeroes_sectors = config->max_write_zeroes_sectors;
	limits->secure_erase = has(disk, VIRTIO_BLK_F_SECURE_ERASE) &&
			       config->max_secure_erase_sectors;
	limits->max_secure_erase_sectors = config->max_secure_erase_sectors;
	limits->lifetime = has(disk, VIRTIO_BLK_F_LIFETIME);
	limits->get_id = true;
}

/* The configuration as far as the device has it; the rest stays zero. */
static int read_config(struct virtio_blk *disk, struct virtio_blk_config *config)
{
	memset(config, 0, sizeof(*config));
	uint32_t bytes = MIN(disk->transport.device_bytes, (uint32_t)sizeof(*config));
	return virtio_pci_read_config(&disk->transport, 0, config, bytes);
}

static int read_limits(struct virtio_blk *disk)
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
	limits->read_only = has(disk, VIRTIO_BLK_F_RO);
	/* Some devices offer SIZE_MAX and state 0; no request could obey that. */
	uint32_t size_max = has(disk, VIRTIO_BLK_F_SIZE_MAX) ? config.size_max : 0;
	if (!size_max)
		size_max = UINT32_MAX;
	limits->max_segment_bytes = (uint32_t)align_down(size_max, limits->block_bytes);
	if (!limits->max_segment_bytes) {
		log_error(disk->device.name, "size_max %u is below the block size", size_max);
		return -ERR_DEVICE;
	}
	uint32_t seg_max = has(disk, VIRTIO_BLK_F_SEG_MAX) ? config.seg_max : 1;
	limits->max_segments = MAX(1u, MIN(seg_max, DATA_SEGMENTS_WANTED));
	limits->max_sectors = UINT32_MAX / SECTOR_BYTES;
	disk->queue_count = has(disk, VIRTIO_BLK_F_MQ) ? config.num_queues : 1;
	read_topology(disk, &config);
	read_erase_limits(disk, &config);
	set_write_cache(disk);
	return 0;
}

static uint16_t choose_queue_count(const struct virtio_blk *disk, const struct settings *settings)
{
	uint32_t wanted = settings->queues ? settings->queues : cpu_count;
	uint32_t there = MIN(disk->queue_count, virtio_pci_queue_count(&disk->transport));
	return (uint16_t)MIN(MIN(wanted, there), BLK_QUEUES_MAX);
}

/* The size that all queues share: the smallest of what each can do. */
static uint16_t choose_queue_size(const struct virtio_blk *disk, const struct settings *settings)
{
	uint32_t size = VIRTQ_SIZE_MAX;
	for (uint16_t i = 0; i < disk->queue_count; i++)
		size = MIN(size, virtio_pci_queue_max_size(&disk->transport, i));
	if (settings->queue_size)
		size = MIN(size, settings->queue_size);
	if (!disk->ring.packed)
		while (size & (size - 1))
			size &= size - 1;
	return (uint16_t)size;
}

/*
 * Indirect tables keep every descriptor for a request of its own; direct
 * chains save the device a look-up, when the ring is large enough for them. A
 * packed ring has to write direct chains anew for each request.
 */
static void choose_ring(struct virtio_blk *disk, const struct settings *settings, uint16_t size)
{
	struct virtqueue_config *ring = &disk->ring;
	bool roomy = size >= DIRECT_SLOTS_WANTED * 3 && !ring->packed;
	ring->indirect = has(disk, VIRTIO_F_INDIRECT_DESC) &&
			 (settings->chain == CHAIN_INDIRECT || !roomy);
	ring->event_idx = has(disk, VIRTIO_F_EVENT_IDX);
	uint32_t segments = disk->device.limits.max_segments;
	uint32_t most = ring->indirect ? size - 2u : MAX(3u, size / DIRECT_SLOTS_WANTED) - 2u;
	ring->max_data_segments = (uint16_t)MAX(1u, MIN(segments, most));
	disk->device.limits.max_segments = ring->max_data_segments;
}

static int start_queue(struct virtio_blk *disk, uint16_t index)
{
	struct virtio_blk_queue *queue = &disk->queues[index];
	struct virtio_pci_queue_setup setup = {
		.index = index,
		.size = disk->ring.size,
		.descriptor_area = virtqueue_descriptor_area(queue->vq),
		.driver_area = virtqueue_driver_area(queue->vq),
		.device_area = virtqueue_device_area(queue->vq),
		.msix_vector = queue->vector_entry,
	};
	int error = virtio_pci_queue_setup(&disk->transport, &setup, &queue->doorbell);
	if (error == -ERR_NO_MEMORY && setup.msix_vector != VIRTIO_PCI_NO_VECTOR) {
		log_warn(disk->device.name, "the device refused a vector for queue %u; polling it",
			 index);
		setup.msix_vector = queue->vector_entry = VIRTIO_PCI_NO_VECTOR;
		disk->blk_queues[index].polled_only = true;
		error = virtio_pci_queue_setup(&disk->transport, &setup, &queue->doorbell);
	}
	return error;
}

static int start_queues(struct virtio_blk *disk, const struct settings *settings)
{
	disk->queue_count = choose_queue_count(disk, settings);
	disk->ring.packed = has(disk, VIRTIO_F_RING_PACKED);
	uint16_t size = disk->queue_count ? choose_queue_size(disk, settings) : 0;
	if (size < 3) {
		log_error(disk->device.name, "no usable queue (count %u, size %u)",
			  disk->queue_count, size);
		return -ERR_DEVICE;
	}
	disk->ring.size = size;
	choose_ring(disk, settings, size);
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		disk->blk_queues[i].cpu = &cpu_table[i % cpu_count];
		disk->blk_queues[i].completion = settings->completion;
		int error = virtio_blk_queue_create(disk, i, size);
		if (error)
			return error;
	}
	virtio_blk_irq_init(disk, settings->interrupts);
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		int error = start_queue(disk, i);
		if (error)
			return error;
	}
	virtio_blk_irq_start(disk);
	return 0;
}

static void refresh(struct blk_device *device)
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

static void describe(const struct blk_device *device, void *sink,
		     void (*emit)(void *sink, const char *key, const char *value))
{
	const struct virtio_blk *disk = device->driver_data;
	char text[320];
	print_features(disk->transport.features, text, sizeof(text));
	emit(sink, "features", text);
	print_features(disk->transport.offered_features, text, sizeof(text));
	emit(sink, "features_offered", text);
	emit(sink, "ring", disk->ring.packed ? "packed" : "split");
	emit(sink, "chain", disk->ring.indirect ? "indirect" : "direct");
	emit(sink, "interrupts", virtio_blk_interrupt_mode(disk));
}

static int start_disk(struct virtio_blk *disk, struct pci_function *f,
		      const struct settings *settings)
{
	struct blk_device *device = &disk->device;
	int error = virtio_pci_init(&disk->transport, f);
	if (error)
		return error;
	error = negotiate(disk, settings);
	if (!error)
		error = read_limits(disk);
	if (!error)
		error = start_queues(disk, settings);
	if (error) {
		virtio_pci_fail(&disk->transport);
		return error;
	}
	virtio_pci_driver_ok(&disk->transport);

	device->driver = &virtio_blk_driver;
	device->driver_data = disk;
	device->queue_count = disk->queue_count;
	device->queues = disk->blk_queues;
	device->refresh = refresh;
	device->describe = describe;
	virtio_blk_irq_prove(disk);
	return blk_register(device, settings);
}

static void announce(const struct virtio_blk *disk)
{
	const struct blk_device *device = &disk->device;
	log_info(device->name, "%lu MiB at %s, %u-byte blocks%s, serial \"%s\"",
		 device->limits.capacity_sectors * SECTOR_BYTES >> 20, device->location,
		 device->limits.block_bytes, device->limits.read_only ? ", read-only" : "",
		 device->id);
	log_info(device->name, "%u queue(s) of %u, %s ring, %s chains of up to %u segments, "
			       "%u in flight each, interrupts: %s",
		 disk->queue_count, disk->ring.size, disk->ring.packed ? "packed" : "split",
		 disk->ring.indirect ? "indirect" : "direct", device->limits.max_segments,
		 disk->queues[0].slot_count, virtio_blk_interrupt_mode(disk));
}

/* Linux' names; the 27th disk is vdaa. */
static void name_disk(struct virtio_blk *disk, unsigned position)
{
	if (position < 26)
		fmt_print(disk->device.name, sizeof(disk->device.name), "vd%c", 'a' + position);
	else
		fmt_print(disk->device.name, sizeof(disk->device.name), "vda%c",
			  'a' + (position - 26) % 26);
}

/*
 * A disk's name follows from its place among the disks, usable or not: a
 * broken first disk must not turn the second one into /dev/vda.
 */
unsigned virtio_blk_probe(const struct settings *settings)
{
	unsigned position = 0, found = 0;
	struct pci_function *f;
	for (unsigned i = 0; (f = pci_function_at(i)) && position < BLK_DEVICES_MAX; i++) {
		if (!virtio_pci_matches(f, VIRTIO_ID_BLOCK))
			continue;
		struct virtio_blk *disk = memory_allocate(sizeof(*disk));
		if (!disk) {
			log_error("virtio-blk", "no memory for another disk");
			break;
		}
		name_disk(disk, position++);
		pci_name(f, disk->device.location);
		int error = start_disk(disk, f, settings);
		if (error) {
			log_error(disk->device.name, "at %s: not usable (%s)",
				  disk->device.location, err_name(error));
			continue;
		}
		announce(disk);
		found++;
	}
	return found;
}
