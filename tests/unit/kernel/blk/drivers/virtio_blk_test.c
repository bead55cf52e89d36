/* SPDX-License-Identifier: MIT */
/*
 * What the virtio-blk driver makes of a device's features and configuration
 * (virtio_blk.c, virtio_blk_config.c): names, queues, limits. The transport is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/blk/drivers/drivers.h"
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/err.h"

/* --- devices --- */

struct card {
	uint64_t offered;
	struct virtio_blk_config config;
	uint32_t config_bytes;
	uint16_t queues, queue_sizes[4];
	int init_error;
	bool refuses_vectors;
	/* What became of it. */
	bool failed, runs;
	uint16_t queues_set_up, size;
};

static struct card cards[3];
static unsigned card_count;
static struct pci_function functions[3];
static struct blk_device *registered[3];
static unsigned registered_count;
static struct settings settings;
static void *allocations[8];
static unsigned allocation_count;

struct cpu cpu_table[CPU_MAX];
uint32_t cpu_count = 2;
const struct blk_driver virtio_blk_driver = { .name = "test" };

static struct card *card_of(const struct virtio_pci *device)
{
	return &cards[device->pci - functions];
}

void *heap_allocate(uint64_t length_bytes)
{
	void *memory = aligned_alloc(PAGE_BYTES, align_up(length_bytes, PAGE_BYTES));
	assert_true(memory && allocation_count < ARRAY_COUNT(allocations));
	return allocations[allocation_count++] = memset(memory, 0, length_bytes);
}

uint64_t heap_free_bytes(void)
{
	return 1 << 28;
}

struct pci_function *pci_function_at(unsigned index)
{
	return index < card_count ? &functions[index] : NULL;
}

const char *pci_name(const struct pci_function *f, char *buffer)
{
	(void)f;
	return strcpy(buffer, "00:03.0");
}

bool virtio_pci_matches(const struct pci_function *f, uint16_t device_type)
{
	(void)f;
	return device_type == VIRTIO_ID_BLOCK;
}

int virtio_pci_init(struct virtio_pci *device, struct pci_function *f)
{
	device->pci = f;
	device->offered_features = card_of(device)->offered;
	device->device_bytes = card_of(device)->config_bytes;
	return card_of(device)->init_error;
}

int virtio_pci_negotiate(struct virtio_pci *device, uint64_t wanted)
{
	device->features = wanted & device->offered_features;
	return 0;
}

int virtio_pci_read_config(const struct virtio_pci *device, uint32_t offset_bytes, void *out,
			   uint32_t length_bytes)
{
	if (offset_bytes + length_bytes > device->device_bytes)
		return -ERR_RANGE;
	memcpy(out, (uint8_t *)&card_of(device)->config + offset_bytes, length_bytes);
	return 0;
}

uint16_t virtio_pci_queue_count(const struct virtio_pci *device)
{
	return card_of(device)->queues;
}

uint16_t virtio_pci_queue_max_size(const struct virtio_pci *device, uint16_t queue)
{
	return card_of(device)->queue_sizes[queue];
}

int virtio_pci_queue_setup(struct virtio_pci *device, const struct virtio_pci_queue_setup *setup,
			   volatile uint16_t **doorbell)
{
	(void)doorbell;
	if (card_of(device)->refuses_vectors && setup->msix_vector != VIRTIO_PCI_NO_VECTOR)
		return -ERR_NO_MEMORY;
	assert_false(card_of(device)->runs);
	card_of(device)->queues_set_up++;
	card_of(device)->size = setup->size;
	return 0;
}

void virtio_pci_driver_ok(struct virtio_pci *device)
{
	card_of(device)->runs = true;
}

void virtio_pci_fail(struct virtio_pci *device)
{
	card_of(device)->failed = true;
}

phys_addr virtqueue_descriptor_area(const struct virtqueue *vq)
{
	(void)vq;
	return phys_make(0);
}

phys_addr virtqueue_driver_area(const struct virtqueue *vq)
{
	return virtqueue_descriptor_area(vq);
}

phys_addr virtqueue_device_area(const struct virtqueue *vq)
{
	return virtqueue_descriptor_area(vq);
}

int virtio_blk_queue_create(struct virtio_blk *disk, uint16_t index, uint16_t size)
{
	disk->queues[index].slot_count = size;
	return 0;
}

void virtio_blk_irq_init(struct virtio_blk *disk, enum setting_interrupts wanted)
{
	(void)disk;
	(void)wanted;
}

void virtio_blk_irq_start(struct virtio_blk *disk)
{
	(void)disk;
}

const struct blk_driver *virtio_blk_driver_of(const struct virtqueue *vq)
{
	(void)vq;
	return NULL;
}

int virtio_blk_floor(struct blk_device *device, struct blk_floor_run *run)
{
	(void)device;
	(void)run;
	return -ERR_UNSUPPORTED;
}

void virtio_blk_irq_prove(struct virtio_blk *disk)
{
	assert_true(card_of(&disk->transport)->runs);
}

const char *virtio_blk_interrupt_mode(const struct virtio_blk *disk)
{
	(void)disk;
	return "none";
}

int blk_register(struct blk_device *device, const struct settings *given)
{
	(void)given;
	registered[registered_count++] = device;
	return 0;
}

/* --- */

#define F(bit) VIRTIO_FEATURE(bit)

/* One ordinary disk. */
static int reset(void **state)
{
	(void)state;
	memset(cards, 0, sizeof(cards));
	registered_count = 0;
	card_count = 1;
	settings_set_defaults(&settings);
	for (unsigned i = 0; i < ARRAY_COUNT(cards); i++) {
		struct card *card = &cards[i];
		card->offered = F(VIRTIO_F_VERSION_1) | F(VIRTIO_F_INDIRECT_DESC) |
				F(VIRTIO_F_EVENT_IDX) | F(VIRTIO_BLK_F_SEG_MAX) |
				F(VIRTIO_BLK_F_BLK_SIZE) | F(VIRTIO_BLK_F_FLUSH) |
				F(VIRTIO_BLK_F_MQ) | F(VIRTIO_BLK_F_CONFIG_WCE) |
				F(VIRTIO_BLK_F_DISCARD);
		card->config = (struct virtio_blk_config){ .capacity = 1 << 20,
							   .seg_max = 30,
							   .blk_size = 4096,
							   .writeback = 1,
							   .num_queues = 4,
							   .max_discard_sectors = 64 };
		card->config_bytes = sizeof(card->config);
		card->queues = 4;
		for (unsigned q = 0; q < 4; q++)
			card->queue_sizes[q] = 256;
	}
	return 0;
}

static int forget(void **state)
{
	(void)state;
	while (allocation_count)
		free(allocations[--allocation_count]);
	return 0;
}

static struct virtio_blk *probe(void)
{
	assert_int_equal(virtio_blk_probe(&settings), 1);
	assert_int_equal(registered_count, 1);
	assert_true(cards[0].runs);
	return registered[0]->driver_data;
}

static void an_ordinary_disk(void **state)
{
	(void)state;
	const struct blk_limits *limits = &probe()->device.limits;
	assert_string_equal(registered[0]->name, "vda");
	assert_int_equal(registered[0]->queue_count, cpu_count);
	assert_int_equal(limits->capacity_sectors, 1 << 20);
	assert_int_equal(limits->block_bytes, 4096);
	assert_int_equal(limits->max_segments, 30);
	assert_int_equal(limits->max_segment_bytes, 0xfffff000);
	assert_true(limits->flush && limits->write_cache && limits->discard);
	assert_false(limits->read_only || limits->write_zeroes || limits->lifetime);
}

static void a_disk_keeps_its_name_whatever_the_others_are(void **state)
{
	(void)state;
	card_count = 3;
	cards[0].init_error = -ERR_UNSUPPORTED;
	cards[1].offered &= ~F(VIRTIO_F_VERSION_1);
	assert_int_equal(virtio_blk_probe(&settings), 1);
	assert_string_equal(registered[0]->name, "vdc");
	assert_true(cards[1].failed && !cards[1].runs);
	assert_true(cards[2].runs && !cards[2].failed);
}

static void the_cache_is_what_the_device_says(void **state)
{
	(void)state;
	cards[0].config.writeback = 0;
	const struct blk_limits *limits = &probe()->device.limits;
	assert_true(limits->flush);
	assert_false(limits->write_cache);
	reset(NULL);
	cards[0].offered &= ~F(VIRTIO_BLK_F_CONFIG_WCE);
	cards[0].config.writeback = 0; /* means nothing then */
	assert_true(probe()->device.limits.write_cache);
	reset(NULL);
	cards[0].offered &= ~F(VIRTIO_BLK_F_FLUSH); /* a cache, and no way to empty it */
	limits = &probe()->device.limits;
	assert_true(limits->write_cache);
	assert_false(limits->flush);
}

static void sizes_that_cannot_be_are_not_believed(void **state)
{
	(void)state;
	static const uint32_t wrong[] = { 0, 1, 256, 513, 3000, 131072, UINT32_MAX };
	for (unsigned i = 0; i < ARRAY_COUNT(wrong); i++) {
		reset(NULL);
		cards[0].config.blk_size = wrong[i];
		assert_int_equal(probe()->device.limits.block_bytes, 512);
		forget(NULL);
	}
	reset(NULL);
	cards[0].config.capacity = UINT64_MAX / 512 + 1;
	assert_int_equal(virtio_blk_probe(&settings), 0);
	assert_true(cards[0].failed);
	forget(NULL);
	reset(NULL);
	cards[0].offered |= F(VIRTIO_BLK_F_SIZE_MAX);
	cards[0].config.size_max = 4095; /* below a block */
	assert_int_equal(virtio_blk_probe(&settings), 0);
}

static void limits_are_the_smaller_of_device_and_ring(void **state)
{
	(void)state;
	cards[0].config.seg_max = 3;
	assert_int_equal(probe()->device.limits.max_segments, 3);
	reset(NULL);
	cards[0].config.seg_max = 0;
	assert_int_equal(probe()->device.limits.max_segments, 1);
	reset(NULL);
	cards[0].config.seg_max = 1000;
	for (unsigned q = 0; q < 4; q++)
		cards[0].queue_sizes[q] = 16;
	assert_int_equal(probe()->device.limits.max_segments, 14);
	reset(NULL);
	cards[0].offered |= F(VIRTIO_BLK_F_SIZE_MAX);
	cards[0].config.size_max = 10000;
	assert_int_equal(probe()->device.limits.max_segment_bytes, 8192);
}

static void queues_are_as_many_and_as_long_as_all_agree_on(void **state)
{
	(void)state;
	static const struct {
		uint32_t wanted, wanted_size;
		uint16_t said, there, second_size;
		bool packed;
		uint16_t count, size;
	} rows[] = {
		{ 0, 0, 4, 4, 256, false, 2, 256 },
		{ 4, 0, 4, 4, 64, false, 4, 64 },
		{ 4, 0, 3, 4, 256, false, 3, 256 },
		{ 4, 0, 4, 1, 256, false, 1, 256 },
		{ 0, 100, 4, 4, 256, false, 2, 64 }, /* a split ring's is a power of two */
		{ 0, 100, 4, 4, 256, true, 2, 100 },
		{ 0, 1024, 4, 4, 256, false, 2, 256 },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		reset(NULL);
		settings.queues = rows[i].wanted;
		settings.queue_size = rows[i].wanted_size;
		cards[0].config.num_queues = rows[i].said;
		cards[0].queues = rows[i].there;
		cards[0].queue_sizes[1] = rows[i].second_size;
		if (rows[i].packed)
			cards[0].offered |= F(VIRTIO_F_RING_PACKED);
		const struct virtio_blk *disk = probe();
		assert_int_equal(disk->ring.packed, rows[i].packed);
		assert_int_equal(disk->queue_count, rows[i].count);
		assert_int_equal(cards[0].queues_set_up, rows[i].count);
		assert_int_equal(cards[0].size, rows[i].size);
		forget(NULL);
	}
	reset(NULL);
	cards[0].queue_sizes[1] = 2; /* too short for a request */
	assert_int_equal(virtio_blk_probe(&settings), 0);
	assert_true(cards[0].failed);
}

static void settings_switch_features_off(void **state)
{
	(void)state;
	settings.indirect = 0;
	settings.event_idx = 0;
	settings.ring = RING_SPLIT;
	cards[0].offered |= F(VIRTIO_F_RING_PACKED);
	const struct virtio_blk *disk = probe();
	assert_false(disk->ring.indirect || disk->ring.event_idx || disk->ring.packed);
	assert_int_equal(disk->transport.features &
				 (F(VIRTIO_F_INDIRECT_DESC) | F(VIRTIO_F_EVENT_IDX)), 0);
}

static void a_queue_whose_vector_is_refused_is_polled(void **state)
{
	(void)state;
	cards[0].refuses_vectors = true;
	const struct virtio_blk *disk = probe();
	assert_int_equal(cards[0].queues_set_up, cpu_count);
	for (uint16_t i = 0; i < disk->queue_count; i++)
		assert_true(disk->blk_queues[i].polled_only);
}

static void a_resize_is_taken_over_if_it_can_be_true(void **state)
{
	(void)state;
	struct virtio_blk *disk = probe();
	cards[0].config.capacity = 5000;
	disk->device.refresh(&disk->device);
	assert_int_equal(disk->device.limits.capacity_sectors, 5000);
	cards[0].config.capacity = UINT64_MAX;
	disk->device.refresh(&disk->device);
	assert_int_equal(disk->device.limits.capacity_sectors, 5000);
}

/* A device of an older standard has less configuration; the rest is not made up. */
static void a_short_configuration_is_enough(void **state)
{
	(void)state;
	cards[0].config_bytes = offsetof(struct virtio_blk_config, topology);
	cards[0].offered = F(VIRTIO_F_VERSION_1) | F(VIRTIO_BLK_F_BLK_SIZE);
	const struct blk_limits *limits = &probe()->device.limits;
	assert_int_equal(limits->block_bytes, 4096);
	assert_int_equal(limits->max_segments, 1);
	assert_false(limits->discard || limits->flush || limits->write_cache);
	assert_int_equal(registered[0]->queue_count, 1);
}

#define disk_test(function) cmocka_unit_test_setup_teardown(function, reset, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(an_ordinary_disk),
		disk_test(a_disk_keeps_its_name_whatever_the_others_are),
		disk_test(the_cache_is_what_the_device_says),
		disk_test(sizes_that_cannot_be_are_not_believed),
		disk_test(limits_are_the_smaller_of_device_and_ring),
		disk_test(queues_are_as_many_and_as_long_as_all_agree_on),
		disk_test(settings_switch_features_off),
		disk_test(a_queue_whose_vector_is_refused_is_polled),
		disk_test(a_resize_is_taken_over_if_it_can_be_true),
		disk_test(a_short_configuration_is_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
