/* SPDX-License-Identifier: MIT */
/*
 * The virtio PCI transport (kernel/virtio/virtio_pci.c) against a device in
 * memory: register accesses come to the fake below, which plays what the
 * common configuration does and complains about a wrong width.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu/clock.h"
#include "kernel/lib/err.h"
#include "kernel/virtio/virtio_pci.h"
#include "kernel/virtio/virtio_spec.h"
#include "tests/unit/kernel/pci/fake_pci.h"

#define BASE 0xe000000000ull
#define BAR_BYTES 0x4000u
#define COMMON_OFFSET 0x0u
#define ISR_OFFSET 0x1000u
#define DEVICE_OFFSET 0x2000u
#define NOTIFY_OFFSET 0x3000u
#define QUEUES 3u
#define CONFIG_BYTES 60u /* as QEMU 7.2 shows for virtio-blk */

struct fake_queue {
	uint16_t max_size, size, vector, enable, notify_off, reset;
	uint64_t desc, driver, device;
};

/* What the device does; a test bends it before it calls the driver. */
static struct {
	uint64_t offered, accepted;
	uint32_t device_feature_select, driver_feature_select;
	uint16_t config_vector, num_queues, queue_select;
	uint8_t status, generation;
	struct fake_queue queues[QUEUES];
	unsigned resets;
	/* misbehaviour */
	unsigned status_reads_until_reset; /* UINT32_MAX: never */
	bool refuses_features, refuses_vectors, mixes_vectors_up, config_never_settles;
	unsigned generation_reads;
	unsigned config_changes; /* while it is being read */
} device;

static uint8_t *bar; /* the memory behind the BAR */
static struct fake_function *fake;
static struct pci_function *f;
static struct virtio_pci transport;
static uint64_t now_ns;
static uint16_t command_at_reset; /* PCI command register when 0 was written */
static uint16_t doorbell_value;
static size_t doorbell_offset;
static uint32_t (*honest_read32)(uint16_t, uint8_t, uint8_t, uint8_t, uint16_t);

uint64_t clock_tsc(void)
{
	return now_ns += 1000;
}

static size_t offset_of(const volatile void *address)
{
	size_t offset = (size_t)((const volatile uint8_t *)address - bar);
	assert_true(fake->config[PCI_COMMAND] & PCI_COMMAND_MEMORY);
	assert_in_range(offset, 0, BAR_BYTES - 1);
	return offset;
}

static struct fake_queue *selected(void)
{
	static struct fake_queue none;
	return device.queue_select < QUEUES ? &device.queues[device.queue_select] : &none;
}

static uint8_t read_status(void)
{
	if (device.status_reads_until_reset) {
		if (device.status_reads_until_reset != UINT32_MAX)
			device.status_reads_until_reset--;
		return device.status | VIRTIO_STATUS_ACKNOWLEDGE;
	}
	return device.status;
}

uint8_t mmio_read8(const volatile void *address)
{
	size_t offset = offset_of(address);
	switch (offset) {
	case offsetof(struct virtio_pci_common_cfg, device_status):
		return read_status();
	case offsetof(struct virtio_pci_common_cfg, config_generation):
		device.generation_reads++;
		if (device.config_never_settles)
			device.generation++;
		return device.generation;
	default:
		assert_true(offset >= ISR_OFFSET); /* no other field has 8 bits */
		return bar[offset];
	}
}

uint16_t mmio_read16(const volatile void *address)
{
	size_t offset = offset_of(address);
	uint16_t value;
	switch (offset) {
	case offsetof(struct virtio_pci_common_cfg, config_msix_vector):
		return device.config_vector;
	case offsetof(struct virtio_pci_common_cfg, num_queues):
		return device.num_queues;
	case offsetof(struct virtio_pci_common_cfg, queue_size):
		return selected()->size;
	case offsetof(struct virtio_pci_common_cfg, queue_msix_vector):
		return selected()->vector;
	case offsetof(struct virtio_pci_common_cfg, queue_enable):
		return selected()->enable;
	case offsetof(struct virtio_pci_common_cfg, queue_notify_off):
		return selected()->notify_off;
	default:
		assert_true(offset >= DEVICE_OFFSET && offset % 2 == 0);
		memcpy(&value, bar + offset, sizeof(value));
		return value;
	}
}

uint32_t mmio_read32(const volatile void *address)
{
	size_t offset = offset_of(address);
	uint32_t value;
	if (offset == offsetof(struct virtio_pci_common_cfg, device_feature))
		return device.device_feature_select < 2
			       ? (uint32_t)(device.offered >> device.device_feature_select * 32)
			       : 0;
	assert_true(offset >= DEVICE_OFFSET && offset % 4 == 0);
	memcpy(&value, bar + offset, sizeof(value));
	if (device.config_changes) {
		/* Capacity changes between its halves. */
		device.config_changes--;
		device.generation++;
		memset(bar + DEVICE_OFFSET, (int)device.config_changes, 8);
	}
	return value;
}

static void write_status(uint8_t value)
{
	if (value == 0) {
		command_at_reset = (uint16_t)fake_get32(fake, PCI_COMMAND);
		device.resets++;
		device.accepted = 0;
	}
	if (device.refuses_features)
		value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	device.status = value;
}

void mmio_write8(volatile void *address, uint8_t value)
{
	size_t offset = offset_of(address);
	if (offset == offsetof(struct virtio_pci_common_cfg, device_status)) {
		write_status(value);
		return;
	}
	assert_true(offset >= DEVICE_OFFSET);
	bar[offset] = value;
}

static uint16_t vector_for(uint16_t wanted)
{
	if (device.mixes_vectors_up)
		return wanted ^ 1;
	return device.refuses_vectors ? VIRTIO_MSI_NO_VECTOR : wanted;
}

void mmio_write16(volatile void *address, uint16_t value)
{
	size_t offset = offset_of(address);
	switch (offset) {
	case offsetof(struct virtio_pci_common_cfg, config_msix_vector):
		device.config_vector = vector_for(value);
		return;
	case offsetof(struct virtio_pci_common_cfg, queue_select):
		device.queue_select = value;
		return;
	case offsetof(struct virtio_pci_common_cfg, queue_size):
		selected()->size = value;
		return;
	case offsetof(struct virtio_pci_common_cfg, queue_msix_vector):
		selected()->vector = vector_for(value);
		return;
	case offsetof(struct virtio_pci_common_cfg, queue_enable):
		assert_int_equal(value, 1); /* 4.1.4.3.2: 0 is not written */
		selected()->enable = value;
		return;
	default:
		assert_true(offset >= NOTIFY_OFFSET && offset + 2 <= BAR_BYTES);
		doorbell_offset = offset;
		doorbell_value = value;
	}
}

static void write_half(uint64_t *field, unsigned half, uint32_t value)
{
	assert_false(selected()->enable); /* set before enabling */
	*field &= ~(0xffffffffull << half * 32);
	*field |= (uint64_t)value << half * 32;
}

void mmio_write32(volatile void *address, uint32_t value)
{
	size_t offset = offset_of(address);
	size_t desc = offsetof(struct virtio_pci_common_cfg, queue_desc);
	switch (offset) {
	case offsetof(struct virtio_pci_common_cfg, device_feature_select):
		device.device_feature_select = value;
		return;
	case offsetof(struct virtio_pci_common_cfg, driver_feature_select):
		device.driver_feature_select = value;
		return;
	case offsetof(struct virtio_pci_common_cfg, driver_feature):
		assert_in_range(device.driver_feature_select, 0, 1);
		write_half(&device.accepted, device.driver_feature_select, value);
		return;
	default:
		assert_in_range(offset, desc, desc + 23);
		uint64_t *fields[] = { &selected()->desc, &selected()->driver,
				       &selected()->device };
		write_half(fields[(offset - desc) / 8], (offset - desc) % 8 / 4, value);
	}
}

/* A virtio capability in front of the list. */
static void add_capability(uint8_t at, uint8_t type, uint8_t bar_index, uint32_t offset,
			   uint32_t length)
{
	fake_capability(fake, at, PCI_CAP_ID_VNDR);
	fake_set8(fake, at + 2u, type == VIRTIO_PCI_CAP_NOTIFY_CFG ? 20 : 16);
	fake_set8(fake, at + 3u, type);
	fake_set8(fake, at + 4u, bar_index);
	fake_set32(fake, at + 8u, offset);
	fake_set32(fake, at + 12u, length);
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		fake_set32(fake, at + 16u, 4);
}

#define COMMON_CAP 0x40u
#define ISR_CAP 0x50u
#define DEVICE_CAP 0x60u
#define NOTIFY_CAP 0x70u
#define PCI_CFG_CAP 0x84u
#define FIRST_CAP 0xa0u /* room in front of the others */

static int reset(void **state)
{
	(void)state;
	fake_pci_reset();
	if (honest_read32) /* a test has put its own there */
		fake_pci_access.read32 = honest_read32;
	memset(&device, 0, sizeof(device));
	memset(&transport, 0, sizeof(transport));
	now_ns = doorbell_value = 0;
	fake = fake_pci_add(0, 3, 0);
	fake_bar64(fake, 4, BASE, BAR_BYTES);
	bar = fake_memory(BASE, BAR_BYTES);
	for (unsigned i = 0; i < CONFIG_BYTES; i++)
		bar[DEVICE_OFFSET + i] = (uint8_t)i;
	add_capability(NOTIFY_CAP, VIRTIO_PCI_CAP_NOTIFY_CFG, 4, NOTIFY_OFFSET, 0x1000);
	add_capability(DEVICE_CAP, VIRTIO_PCI_CAP_DEVICE_CFG, 4, DEVICE_OFFSET, CONFIG_BYTES);
	add_capability(ISR_CAP, VIRTIO_PCI_CAP_ISR_CFG, 4, ISR_OFFSET, 0x1000);
	add_capability(COMMON_CAP, VIRTIO_PCI_CAP_COMMON_CFG, 4, COMMON_OFFSET, 0x1000);
	add_capability(PCI_CFG_CAP, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0); /* length 0 */
	device.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_MQ);
	device.num_queues = QUEUES;
	for (unsigned i = 0; i < QUEUES; i++)
		device.queues[i] = (struct fake_queue){ .max_size = 256,
							.size = 256,
							.vector = VIRTIO_MSI_NO_VECTOR,
							.notify_off = (uint16_t)i };
	pci_enumerate(&fake_pci_access);
	f = pci_function_at(0);
	return 0;
}

static int reset_and_init(void **state)
{
	reset(state);
	return virtio_pci_init(&transport, f);
}

static int reset_and_negotiate(void **state)
{
	return reset_and_init(state) || virtio_pci_negotiate(&transport, UINT64_MAX);
}

static uint8_t command(void)
{
	return (uint8_t)fake_get32(fake, PCI_COMMAND);
}

/* --- matching --- */

static void modern_and_transitional_ids_match(void **state)
{
	(void)state;
	struct pci_function function = { .vendor_id = 0x1af4 };
	static const uint16_t matching[] = { 0x1001, 0x1042 };
	for (unsigned id = 0xff0; id < 0x1090; id++) {
		function.device_id = (uint16_t)id;
		assert_int_equal(virtio_pci_matches(&function, VIRTIO_ID_BLOCK),
				 id == matching[0] || id == matching[1]);
		assert_false(virtio_pci_matches(&function, 0));
	}
	function.device_id = 0x1000;
	assert_true(virtio_pci_matches(&function, 1));
	function.device_id = 0x1042;
	function.vendor_id = 0x1af5;
	assert_false(virtio_pci_matches(&function, VIRTIO_ID_BLOCK));
}

/* --- discovery --- */

static void init_finds_and_limits_each_structure(void **state)
{
	(void)state;
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_ptr_equal(transport.common_cfg, bar + COMMON_OFFSET);
	assert_ptr_equal(transport.isr, bar + ISR_OFFSET);
	assert_ptr_equal(transport.device_cfg, bar + DEVICE_OFFSET);
	assert_int_equal(transport.device_bytes, CONFIG_BYTES);
	assert_ptr_equal(transport.notify, bar + NOTIFY_OFFSET);
	assert_int_equal(transport.notify_bytes, 0x1000);
	assert_int_equal(transport.notify_off_multiplier, 4);
	assert_int_equal(fake_mapping.count, 4); /* type 5 is not mapped */
	assert_int_equal(transport.offered_features, device.offered);
}

static void firmware_left_it_running_so_it_is_reset_without_dma(void **state)
{
	(void)state;
	device.status = 0x0f;
	fake_set16(fake, PCI_COMMAND, 0x0107);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_int_equal(device.resets, 1);
	assert_int_equal(fake->bar_writes_while_mastering, 0);
	assert_int_equal(command_at_reset & PCI_COMMAND_MASTER, 0);
	assert_int_equal(command() & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY),
			 PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	assert_int_equal(device.status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
}

static void slow_reset_is_waited_for(void **state)
{
	(void)state;
	device.status_reads_until_reset = 1000;
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_int_equal(device.status_reads_until_reset, 0);
}

static void reset_that_never_ends_times_out_after_a_second(void **state)
{
	(void)state;
	device.status_reads_until_reset = UINT32_MAX;
	assert_int_equal(virtio_pci_init(&transport, f), -ERR_TIMEOUT);
	assert_in_range(now_ns, NS_PER_S, NS_PER_S + NS_PER_MS);
	assert_int_equal(command() & PCI_COMMAND_MASTER, 0); /* may not reach memory */
}

static void without_vendor_capabilities_it_is_unsupported(void **state)
{
	(void)state;
	fake_set16(fake, PCI_STATUS, 0);
	assert_int_equal(virtio_pci_init(&transport, f), -ERR_UNSUPPORTED);
	assert_int_equal(device.resets, 0);
}

static void each_of_common_notify_and_isr_is_needed(void **state)
{
	static const uint8_t places[] = { COMMON_CAP, NOTIFY_CAP, ISR_CAP };
	for (unsigned i = 0; i < ARRAY_COUNT(places); i++) {
		reset(state);
		fake_set8(fake, places[i] + 3u, 0x77); /* reserved type */
		assert_int_equal(virtio_pci_init(&transport, f), -ERR_DEVICE);
		assert_int_equal(device.resets, 0);
	}
}

static void device_configuration_is_optional(void **state)
{
	(void)state;
	uint8_t byte;
	fake_set8(fake, DEVICE_CAP + 3, 0x77);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_null(transport.device_cfg);
	assert_int_equal(virtio_pci_read_config(&transport, 0, &byte, 1), -ERR_RANGE);
	assert_int_equal(virtio_pci_read_config(&transport, 0, &byte, 0), -ERR_RANGE);
}

static unsigned walks;

/* Two capabilities that change places: each time there is one more behind the last. */
static uint32_t turning_read32(uint16_t segment, uint8_t bus, uint8_t device_number,
			       uint8_t function, uint16_t offset)
{
	if (offset == PCI_CAPABILITIES_POINTER) {
		bool turned = walks && walks % 2 == 0;
		assert_in_range(++walks, 1, 1000);
		fake_set8(fake, PCI_CAPABILITIES_POINTER, turned ? ISR_CAP : COMMON_CAP);
		fake_set8(fake, COMMON_CAP + 1, turned ? 0 : ISR_CAP);
		fake_set8(fake, ISR_CAP + 1, turned ? COMMON_CAP : 0);
	}
	return honest_read32(segment, bus, device_number, function, offset);
}

static void list_that_changes_for_ever_is_given_up(void **state)
{
	(void)state;
	honest_read32 = fake_pci_access.read32;
	fake_pci_access.read32 = turning_read32;
	walks = 0;
	assert_int_equal(virtio_pci_init(&transport, f), -ERR_DEVICE);
	assert_int_equal(walks, PCI_CAPABILITIES_MAX);
	assert_ptr_equal(transport.common_cfg, bar + COMMON_OFFSET); /* found, all the same */
	assert_int_equal(device.resets, 0);
}

static void first_usable_capability_of_a_type_wins(void **state)
{
	(void)state;
	add_capability(FIRST_CAP, VIRTIO_PCI_CAP_ISR_CFG, 4, ISR_OFFSET + 8, 1);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_ptr_equal(transport.isr, bar + ISR_OFFSET + 8);
}

struct bad_capability {
	uint8_t type, bar, cap_len;
	uint32_t offset, length;
};

static void unusable_capability_is_passed_over(void **state)
{
	static const struct bad_capability bad[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 6, 16, 0x40, 64 }, /* reserved BARs */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 255, 16, 0x40, 64 },
		{ VIRTIO_PCI_CAP_COMMON_CFG, 0, 16, 0x40, 64 }, /* absent BAR */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 5, 16, 0x40, 64 }, /* upper half of one */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 15, 0x40, 64 }, /* capability too short */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, 0x42, 64 }, /* misaligned */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, 0x40, 55 }, /* structure too short */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, BAR_BYTES - 32, 64 },
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, BAR_BYTES, 64 },
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, 0xfffffffc, 64 }, /* wraps in 32 bits */
		{ VIRTIO_PCI_CAP_COMMON_CFG, 4, 16, 0x40, 0xffffffff },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 16, NOTIFY_OFFSET + 64, 64 }, /* no multiplier */
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 20, NOTIFY_OFFSET + 1, 64 },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 20, NOTIFY_OFFSET + 64, 1 },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 20, BAR_BYTES - 1, 2 },
		{ VIRTIO_PCI_CAP_ISR_CFG, 4, 16, ISR_OFFSET + 1, 0 },
		{ VIRTIO_PCI_CAP_ISR_CFG, 4, 16, BAR_BYTES, 1 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 4, 16, DEVICE_OFFSET + 2, 8 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 4, 16, DEVICE_OFFSET + 64, 0 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 4, 16, DEVICE_OFFSET + 64, BAR_BYTES },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(bad); i++) {
		reset(state);
		add_capability(FIRST_CAP, bad[i].type, bad[i].bar, bad[i].offset, bad[i].length);
		fake_set8(fake, FIRST_CAP + 2, bad[i].cap_len);
		assert_int_equal(virtio_pci_init(&transport, f), 0);
		assert_ptr_equal(transport.common_cfg, bar + COMMON_OFFSET);
		assert_ptr_equal(transport.notify, bar + NOTIFY_OFFSET);
		assert_ptr_equal(transport.isr, bar + ISR_OFFSET);
		assert_ptr_equal(transport.device_cfg, bar + DEVICE_OFFSET);
	}
}

static void notify_capability_cut_off_by_the_end_is_passed_over(void **state)
{
	(void)state;
	fake_capability(fake, 0xf0, PCI_CAP_ID_VNDR); /* 16 bytes, not 20 */
	fake_set8(fake, 0xf2, 20);
	fake_set8(fake, 0xf3, VIRTIO_PCI_CAP_NOTIFY_CFG);
	fake_set8(fake, 0xf4, 4);
	fake_set32(fake, 0xf8, NOTIFY_OFFSET + 0x100);
	fake_set32(fake, 0xfc, 0x100);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_ptr_equal(transport.notify, bar + NOTIFY_OFFSET);
}

static void longer_structures_and_capabilities_are_accepted(void **state)
{
	(void)state;
	fake_set8(fake, COMMON_CAP + 2, 0xff);
	fake_set32(fake, COMMON_CAP + 12, BAR_BYTES);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
}

static void huge_notify_region_is_mapped_in_part(void **state)
{
	(void)state;
	fake_bar64(fake, 2, 1ull << 40, 1ull << 33);
	fake_memory(1ull << 40, 16u << 20);
	fake_set8(fake, NOTIFY_CAP + 4, 2);
	fake_set32(fake, NOTIFY_CAP + 8, 0);
	fake_set32(fake, NOTIFY_CAP + 12, UINT32_MAX);
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_int_equal(transport.notify_bytes, 16u << 20);
}

/* --- features --- */

static void only_offered_features_are_taken(void **state)
{
	(void)state;
	uint64_t wanted = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
	assert_int_equal(virtio_pci_negotiate(&transport, wanted), 0);
	assert_int_equal(transport.features, VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	assert_int_equal(device.accepted, transport.features);
	assert_int_equal(device.status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
						VIRTIO_STATUS_FEATURES_OK);
	virtio_pci_driver_ok(&transport);
	assert_int_equal(device.status, 0x0f);
}

static void features_beyond_this_transport_are_not_taken(void **state)
{
	(void)state;
	device.offered = UINT64_MAX;
	fake_set32(fake, COMMON_CAP + 12, 56); /* ends before queue_reset */
	assert_int_equal(virtio_pci_init(&transport, f), 0);
	assert_int_equal(virtio_pci_negotiate(&transport, UINT64_MAX), 0);
	uint64_t not_taken =
		VIRTIO_FEATURE(VIRTIO_F_RING_RESET) | VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA) |
		VIRTIO_FEATURE(VIRTIO_F_NOTIF_CONFIG_DATA) | VIRTIO_FEATURE(VIRTIO_F_SR_IOV);
	assert_int_equal(device.accepted, ~not_taken);
}

static void refused_features_are_an_error(void **state)
{
	(void)state;
	device.refuses_features = true;
	assert_int_equal(virtio_pci_negotiate(&transport, UINT64_MAX), -ERR_DEVICE);
	virtio_pci_fail(&transport);
	assert_int_equal(device.status & VIRTIO_STATUS_FAILED, VIRTIO_STATUS_FAILED);
}

/* --- queues --- */

static struct virtio_pci_queue_setup setup_of(uint16_t index)
{
	return (struct virtio_pci_queue_setup){
		.index = index,
		.size = 128,
		.descriptor_area = { 0x123456789000 },
		.driver_area = { 0x23456789a000 },
		.device_area = { 0x3456789ab000 },
		.msix_vector = 7,
	};
}

static void setup_programs_one_queue_and_finds_its_doorbell(void **state)
{
	(void)state;
	volatile uint16_t *doorbell = NULL;
	struct virtio_pci_queue_setup setup = setup_of(2);
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), 0);
	const struct fake_queue *queue = &device.queues[2];
	assert_int_equal(queue->size, 128);
	assert_int_equal(queue->vector, 7);
	assert_int_equal(queue->enable, 1);
	assert_int_equal(queue->desc, 0x123456789000);
	assert_int_equal(queue->driver, 0x23456789a000);
	assert_int_equal(queue->device, 0x3456789ab000);
	assert_int_equal(device.queues[1].enable, 0);
	virtio_pci_notify(doorbell, 2);
	assert_int_equal(doorbell_offset, NOTIFY_OFFSET + 2 * 4);
	assert_int_equal(doorbell_value, 2);
}

static void queue_that_does_not_exist_has_no_size(void **state)
{
	(void)state;
	struct virtio_pci_queue_setup setup = setup_of(QUEUES);
	volatile uint16_t *doorbell;
	assert_int_equal(virtio_pci_queue_count(&transport), QUEUES);
	assert_int_equal(virtio_pci_queue_max_size(&transport, 0), 256);
	assert_int_equal(virtio_pci_queue_max_size(&transport, QUEUES), 0);
	device.num_queues = 1;
	assert_int_equal(virtio_pci_queue_max_size(&transport, 1), 0);
	device.num_queues = QUEUES;
	device.queues[1].size = 0;
	assert_int_equal(virtio_pci_queue_max_size(&transport, 1), 0);
	device.queues[1].size = 32768;
	assert_int_equal(virtio_pci_queue_max_size(&transport, 1), 32768);
	device.queues[1].size = 32769;
	assert_int_equal(virtio_pci_queue_max_size(&transport, 1), 0);
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_RANGE);
}

static void size_outside_of_the_queue_s_is_refused(void **state)
{
	(void)state;
	volatile uint16_t *doorbell;
	struct virtio_pci_queue_setup setup = setup_of(0);
	setup.size = 257;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_RANGE);
	setup.size = 0;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_RANGE);
	setup.size = 256;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), 0);
}

static void queue_that_runs_already_is_refused(void **state)
{
	(void)state;
	volatile uint16_t *doorbell;
	struct virtio_pci_queue_setup setup = setup_of(0);
	device.queues[0].enable = 1;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	assert_int_equal(device.queues[0].desc, 0);
}

static void refused_vector_leaves_the_queue_for_another_try(void **state)
{
	(void)state;
	volatile uint16_t *doorbell;
	struct virtio_pci_queue_setup setup = setup_of(0);
	device.refuses_vectors = true;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_NO_MEMORY);
	assert_int_equal(device.queues[0].enable, 0);
	setup.msix_vector = VIRTIO_PCI_NO_VECTOR;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), 0);
	assert_int_equal(virtio_pci_set_config_vector(&transport, 1), -ERR_NO_MEMORY);
}

static void another_vector_than_asked_for_is_refused(void **state)
{
	(void)state;
	volatile uint16_t *doorbell;
	struct virtio_pci_queue_setup setup = setup_of(0);
	device.mixes_vectors_up = true;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	assert_int_equal(device.queues[0].enable, 0);
}

static void config_vector_is_set(void **state)
{
	(void)state;
	assert_int_equal(virtio_pci_set_config_vector(&transport, 3), 0);
	assert_int_equal(device.config_vector, 3);
}

static void doorbell_outside_of_the_notify_region_is_refused(void **state)
{
	(void)state;
	volatile uint16_t *doorbell;
	struct virtio_pci_queue_setup setup = setup_of(0);
	device.queues[0].notify_off = 0x1000 / 4;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	transport.notify_off_multiplier = 0x20000; /* the product is 2^32 */
	device.queues[0].notify_off = 0x8000;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	transport.notify_off_multiplier = 1;
	device.queues[0].notify_off = 0xfff; /* half inside */
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	device.queues[0].notify_off = 5; /* odd */
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), -ERR_DEVICE);
	assert_int_equal(device.queues[0].enable, 0);
	device.queues[0].notify_off = 0xffe;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &doorbell), 0);
	virtio_pci_notify(doorbell, 0);
	assert_int_equal(doorbell_offset, BAR_BYTES - 2);
}

static void multiplier_zero_shares_one_doorbell(void **state)
{
	(void)state;
	volatile uint16_t *first, *last;
	struct virtio_pci_queue_setup setup = setup_of(0);
	transport.notify_off_multiplier = 0;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &first), 0);
	setup.index = 2;
	assert_int_equal(virtio_pci_queue_setup(&transport, &setup, &last), 0);
	assert_ptr_equal(first, last);
}

static void reset_forgets_the_status(void **state)
{
	(void)state;
	virtio_pci_driver_ok(&transport);
	assert_int_equal(virtio_pci_reset(&transport), 0);
	assert_int_equal(device.status, 0);
	virtio_pci_fail(&transport);
	assert_int_equal(device.status, VIRTIO_STATUS_FAILED);
}

/* --- device configuration --- */

static void config_is_copied_at_any_alignment(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset <= CONFIG_BYTES; offset++) {
		for (uint32_t length = 0; offset + length <= CONFIG_BYTES; length++) {
			uint8_t out[CONFIG_BYTES + 1];
			memset(out, 0xee, sizeof(out));
			assert_int_equal(virtio_pci_read_config(&transport, offset, out, length),
					 0);
			for (uint32_t i = 0; i < length; i++)
				assert_int_equal(out[i], offset + i);
			assert_int_equal(out[length], 0xee);
		}
	}
}

static void config_beyond_the_structure_is_refused(void **state)
{
	(void)state;
	uint8_t out[CONFIG_BYTES + 1];
	assert_int_equal(virtio_pci_read_config(&transport, 0, out, CONFIG_BYTES + 1), -ERR_RANGE);
	assert_int_equal(virtio_pci_read_config(&transport, CONFIG_BYTES, out, 1), -ERR_RANGE);
	assert_int_equal(virtio_pci_read_config(&transport, UINT32_MAX, out, 2), -ERR_RANGE);
	assert_int_equal(virtio_pci_read_config(&transport, 1, out, UINT32_MAX), -ERR_RANGE);
}

static void config_that_changes_is_read_again(void **state)
{
	(void)state;
	uint64_t capacity;
	device.config_changes = 7;
	assert_int_equal(virtio_pci_read_config(&transport, 0, &capacity, 8), 0);
	assert_int_equal(capacity, 0); /* what the last change left, both halves */
	assert_int_equal(device.config_changes, 0);
}

static void config_that_never_settles_is_given_up(void **state)
{
	(void)state;
	uint64_t capacity;
	device.config_never_settles = true;
	assert_int_equal(virtio_pci_read_config(&transport, 0, &capacity, 8), -ERR_DEVICE);
	assert_in_range(device.generation_reads, 20, 1000);
}

static void isr_is_one_byte(void **state)
{
	(void)state;
	bar[ISR_OFFSET] = VIRTIO_PCI_ISR_CONFIG;
	assert_int_equal(virtio_pci_read_isr(&transport), VIRTIO_PCI_ISR_CONFIG);
}

#define TEST(setup, name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modern_and_transitional_ids_match),
		TEST(reset, init_finds_and_limits_each_structure),
		TEST(reset, firmware_left_it_running_so_it_is_reset_without_dma),
		TEST(reset, slow_reset_is_waited_for),
		TEST(reset, reset_that_never_ends_times_out_after_a_second),
		TEST(reset, without_vendor_capabilities_it_is_unsupported),
		TEST(reset, each_of_common_notify_and_isr_is_needed),
		TEST(reset, device_configuration_is_optional),
		TEST(reset, list_that_changes_for_ever_is_given_up),
		TEST(reset, first_usable_capability_of_a_type_wins),
		TEST(reset, unusable_capability_is_passed_over),
		TEST(reset, notify_capability_cut_off_by_the_end_is_passed_over),
		TEST(reset, longer_structures_and_capabilities_are_accepted),
		TEST(reset, huge_notify_region_is_mapped_in_part),
		TEST(reset_and_init, only_offered_features_are_taken),
		TEST(reset, features_beyond_this_transport_are_not_taken),
		TEST(reset_and_init, refused_features_are_an_error),
		TEST(reset_and_negotiate, setup_programs_one_queue_and_finds_its_doorbell),
		TEST(reset_and_negotiate, queue_that_does_not_exist_has_no_size),
		TEST(reset_and_negotiate, size_outside_of_the_queue_s_is_refused),
		TEST(reset_and_negotiate, queue_that_runs_already_is_refused),
		TEST(reset_and_negotiate, refused_vector_leaves_the_queue_for_another_try),
		TEST(reset_and_negotiate, another_vector_than_asked_for_is_refused),
		TEST(reset_and_negotiate, config_vector_is_set),
		TEST(reset_and_negotiate, doorbell_outside_of_the_notify_region_is_refused),
		TEST(reset_and_negotiate, multiplier_zero_shares_one_doorbell),
		TEST(reset_and_negotiate, reset_forgets_the_status),
		TEST(reset_and_negotiate, config_is_copied_at_any_alignment),
		TEST(reset_and_negotiate, config_beyond_the_structure_is_refused),
		TEST(reset_and_negotiate, config_that_changes_is_read_again),
		TEST(reset_and_negotiate, config_that_never_settles_is_given_up),
		TEST(reset_and_negotiate, isr_is_one_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
