/* SPDX-License-Identifier: MIT */
/*
 * The modern virtio PCI transport (virtio 1.2, 4.1).
 *
 * The device says in vendor capabilities where its register blocks are; the
 * first usable capability of each type counts (4.1.4.1), usable meaning inside
 * a memory BAR, aligned and long enough. Only as much is mapped as is used.
 *
 *   init: bus mastering off -> BARs sized -> decoding on -> blocks mapped
 *         -> reset -> bus mastering on -> ACKNOWLEDGE, DRIVER -> offered features
 *   negotiate: features -> FEATURES_OK, read back
 *   queue_setup per queue -> driver_ok
 *
 * Firmware may have left the device running: until the reset is confirmed it
 * must not reach memory, hence the order.
 *
 * The per-queue registers are behind queue_select, so set-up is the boot
 * CPU's alone. Each register value is read once and checked. Waits end after
 * RESET_TIMEOUT_NS.
 *
 * Deliberately not used: the PCI configuration access window (type 5), shared
 * memory regions, the legacy interface, notification data.
 */
#include "kernel/cpu/clock.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/pci/pci_spec.h"
#include "kernel/virtio/virtio_pci.h"
#include "kernel/virtio/virtio_spec.h"

#define RESET_TIMEOUT_NS NS_PER_S
#define GENERATION_TRIES 100u
#define COMMON_BYTES_MIN offsetof(struct virtio_pci_common_cfg, queue_notify_data)
#define DEVICE_BYTES_MAX 4096u /* 4.1.4: no structure today is longer */
#define NOTIFY_BYTES_MAX (16u << 20) /* 4096 queues, a page each */

/* Features that change what a doorbell carries, or need what is not here. */
#define FEATURES_NOT_DONE                                                               \
	(VIRTIO_FEATURE(VIRTIO_F_SR_IOV) | VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA) | \
	 VIRTIO_FEATURE(VIRTIO_F_NOTIF_CONFIG_DATA) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

#define COMMON_REGISTER(transport, field) \
	((transport)->common_cfg + offsetof(struct virtio_pci_common_cfg, field))

bool virtio_pci_matches(const struct pci_function *f, uint16_t device_type)
{
	/* 4.1.2.1: types of the transitional IDs 0x1000 and up. */
	static const uint8_t transitional_types[] = { 1, 2, 5, 3, 8, 4, 0, 0, 0, 9 };

	if (f->vendor_id != VIRTIO_PCI_VENDOR_ID || !device_type)
		return false;
	if (f->device_id >= VIRTIO_PCI_MODERN_FIRST)
		return f->device_id == VIRTIO_PCI_MODERN_FIRST + device_type;
	unsigned index = f->device_id - VIRTIO_PCI_TRANSITIONAL_FIRST;
	return index < ARRAY_COUNT(transitional_types) && transitional_types[index] == device_type;
}

/* A virtio capability, copied out of configuration space. */
struct capability {
	uint8_t cap_len, cfg_type, bar;
	uint32_t offset, length;
	uint32_t notify_off_multiplier; /* notify only */
};

static uint32_t read_field(const struct pci_function *f, uint8_t at, size_t field_offset)
{
	return pci_read32(f, (uint16_t)(at + field_offset));
}

/* False when the list has it shorter than its type must be. */
static bool read_capability(const struct pci_function *f, uint8_t at, struct capability *out)
{
	uint32_t head = read_field(f, at, offsetof(struct virtio_pci_cap, cap_vndr));
	out->cap_len = (uint8_t)(head >> 16);
	out->cfg_type = (uint8_t)(head >> 24);
	out->bar = (uint8_t)read_field(f, at, offsetof(struct virtio_pci_cap, bar));
	out->offset = read_field(f, at, offsetof(struct virtio_pci_cap, offset));
	out->length = read_field(f, at, offsetof(struct virtio_pci_cap, length));
	if (out->cfg_type != VIRTIO_PCI_CAP_NOTIFY_CFG)
		return out->cap_len >= sizeof(struct virtio_pci_cap);
	if (out->cap_len < sizeof(struct virtio_pci_notify_cap) ||
	    at + sizeof(struct virtio_pci_notify_cap) > PCI_CONFIG_BYTES)
		return false;
	out->notify_off_multiplier =
		read_field(f, at, offsetof(struct virtio_pci_notify_cap, notify_off_multiplier));
	return true;
}

/* What a structure must be to be usable (4.1.4.3 to 4.1.4.6). */
struct structure_rule {
	uint8_t alignment;
	uint32_t min_bytes, max_bytes; /* no more than max_bytes is mapped */
};

static const struct structure_rule structure_rules[] = {
	[VIRTIO_PCI_CAP_COMMON_CFG] = { 4, COMMON_BYTES_MIN, sizeof(struct virtio_pci_common_cfg) },
	[VIRTIO_PCI_CAP_NOTIFY_CFG] = { 2, sizeof(uint16_t), NOTIFY_BYTES_MAX },
	[VIRTIO_PCI_CAP_ISR_CFG] = { 1, sizeof(uint8_t), sizeof(uint8_t) },
	[VIRTIO_PCI_CAP_DEVICE_CFG] = { 4, 1, DEVICE_BYTES_MAX },
};

/* Maps a structure, or returns NULL; *mapped_bytes is what may be used of it. */
static volatile uint8_t *map_structure(const struct pci_function *f,
				       const struct capability *capability, uint32_t *mapped_bytes)
{
	const struct structure_rule *rule = &structure_rules[capability->cfg_type];
	if (capability->bar >= PCI_BARS || capability->length < rule->min_bytes ||
	    capability->offset % rule->alignment)
		return NULL;
	/* The whole structure has to lie inside, not only what is mapped. */
	uint64_t end = (uint64_t)capability->offset + capability->length;
	if (end > f->bars[capability->bar].length_bytes)
		return NULL;
	*mapped_bytes = MIN(capability->length, rule->max_bytes);
	return pci_bar_map(f, capability->bar, capability->offset, *mapped_bytes);
}

static void use_capability(struct virtio_pci *device, const struct capability *capability)
{
	uint32_t bytes;
	volatile uint8_t **structure;
	switch (capability->cfg_type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		structure = &device->common_cfg;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		structure = &device->notify;
		break;
	case VIRTIO_PCI_CAP_ISR_CFG:
		structure = &device->isr;
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		structure = &device->device_cfg;
		break;
	default:
		return;
	}
	if (*structure || !(*structure = map_structure(device->pci, capability, &bytes)))
		return;
	if (structure == &device->notify) {
		device->notify_bytes = bytes;
		device->notify_off_multiplier = capability->notify_off_multiplier;
	} else if (structure == &device->device_cfg) {
		device->device_bytes = bytes;
	}
}

/* 0, -ERR_UNSUPPORTED when there is no virtio capability, or -ERR_DEVICE. */
static int find_structures(struct virtio_pci *device)
{
	struct capability capability = { 0 };
	bool found = false;
	uint8_t at = 0;
	/* Counted: a device that changes its list would keep us here. */
	for (unsigned i = 0; i < PCI_CAPABILITIES_MAX; i++) {
		at = pci_find_capability(device->pci, PCI_CAP_ID_VNDR, at,
					 sizeof(struct virtio_pci_cap));
		if (!at)
			break;
		found = true;
		if (read_capability(device->pci, at, &capability))
			use_capability(device, &capability);
	}
	if (!found)
		return -ERR_UNSUPPORTED;
	return device->common_cfg && device->notify && device->isr ? 0 : -ERR_DEVICE;
}

static void add_status(struct virtio_pci *device, uint8_t bits)
{
	device->status |= bits;
	mmio_write8(COMMON_REGISTER(device, device_status), device->status);
}

int virtio_pci_reset(struct virtio_pci *device)
{
	device->status = 0;
	mmio_write8(COMMON_REGISTER(device, device_status), 0);
	uint64_t start_ns = clock_ns();
	while (mmio_read8(COMMON_REGISTER(device, device_status))) {
		if (clock_ns() - start_ns > RESET_TIMEOUT_NS)
			return -ERR_TIMEOUT;
	}
	return 0;
}

static uint64_t read_offered_features(const struct virtio_pci *device)
{
	mmio_write32(COMMON_REGISTER(device, device_feature_select), 0);
	uint64_t low = mmio_read32(COMMON_REGISTER(device, device_feature));
	mmio_write32(COMMON_REGISTER(device, device_feature_select), 1);
	uint64_t high = mmio_read32(COMMON_REGISTER(device, device_feature));
	return high << 32 | low;
}

int virtio_pci_init(struct virtio_pci *device, struct pci_function *f)
{
	char name[16];
	*device = (struct virtio_pci){ .pci = f };
	pci_enable(f, false, false);
	pci_bars_read(f);
	pci_enable(f, true, false);
	int error = find_structures(device);
	if (error) {
		log_warn("virtio", "%s: %s", pci_name(f, name),
			 error == -ERR_UNSUPPORTED ? "legacy interface only"
						   : "a register block is missing or misplaced");
		return error;
	}
	error = virtio_pci_reset(device);
	if (error) {
		log_warn("virtio", "%s: does not finish its reset", pci_name(f, name));
		return error;
	}
	pci_enable(f, true, true);
	add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(device, VIRTIO_STATUS_DRIVER);
	device->offered_features = read_offered_features(device);
	return 0;
}

int virtio_pci_negotiate(struct virtio_pci *device, uint64_t wanted)
{
	char name[16];
	device->features = wanted & device->offered_features & ~FEATURES_NOT_DONE;
	mmio_write32(COMMON_REGISTER(device, driver_feature_select), 0);
	mmio_write32(COMMON_REGISTER(device, driver_feature), (uint32_t)device->features);
	mmio_write32(COMMON_REGISTER(device, driver_feature_select), 1);
	mmio_write32(COMMON_REGISTER(device, driver_feature), (uint32_t)(device->features >> 32));
	add_status(device, VIRTIO_STATUS_FEATURES_OK);
	if (mmio_read8(COMMON_REGISTER(device, device_status)) & VIRTIO_STATUS_FEATURES_OK)
		return 0;
	log_warn("virtio", "%s: refuses features 0x%llx of 0x%llx", pci_name(device->pci, name),
		 (unsigned long long)device->features,
		 (unsigned long long)device->offered_features);
	return -ERR_DEVICE;
}

uint16_t virtio_pci_queue_count(const struct virtio_pci *device)
{
	return mmio_read16(COMMON_REGISTER(device, num_queues));
}

uint16_t virtio_pci_queue_max_size(const struct virtio_pci *device, uint16_t queue)
{
	if (queue >= virtio_pci_queue_count(device))
		return 0;
	mmio_write16(COMMON_REGISTER(device, queue_select), queue);
	uint16_t size = mmio_read16(COMMON_REGISTER(device, queue_size));
	return size <= VIRTQ_SIZE_MAX ? size : 0;
}

/* The selected queue's notify address (4.1.4.4); NULL when it lies outside. */
static volatile uint16_t *find_doorbell(const struct virtio_pci *device)
{
	uint16_t notify_off = mmio_read16(COMMON_REGISTER(device, queue_notify_off));
	uint64_t offset = (uint64_t)notify_off * device->notify_off_multiplier;
	if (offset % sizeof(uint16_t) || offset + sizeof(uint16_t) > device->notify_bytes)
		return NULL;
	return (volatile uint16_t *)(volatile void *)(device->notify + offset);
}

/* Writes an MSI-X vector register and reads it back (4.1.5.1.2). */
static int set_vector(volatile uint8_t *vector_register, uint16_t vector)
{
	mmio_write16(vector_register, vector);
	uint16_t held = mmio_read16(vector_register);
	if (held == vector)
		return 0;
	return held == VIRTIO_MSI_NO_VECTOR ? -ERR_NO_MEMORY : -ERR_DEVICE;
}

int virtio_pci_queue_setup(struct virtio_pci *device, const struct virtio_pci_queue_setup *setup,
			   volatile uint16_t **doorbell)
{
	uint16_t max_size = virtio_pci_queue_max_size(device, setup->index);
	if (!setup->size || setup->size > max_size)
		return -ERR_RANGE;
	/* A queue that runs already has ring addresses that are not ours. */
	if (mmio_read16(COMMON_REGISTER(device, queue_enable)))
		return -ERR_DEVICE;
	volatile uint16_t *address = find_doorbell(device);
	if (!address)
		return -ERR_DEVICE;
	mmio_write16(COMMON_REGISTER(device, queue_size), setup->size);
	int error = set_vector(COMMON_REGISTER(device, queue_msix_vector), setup->msix_vector);
	if (error)
		return error;
	mmio_write64_halves(COMMON_REGISTER(device, queue_desc), setup->descriptor_area.value);
	mmio_write64_halves(COMMON_REGISTER(device, queue_driver), setup->driver_area.value);
	mmio_write64_halves(COMMON_REGISTER(device, queue_device), setup->device_area.value);
	mmio_write16(COMMON_REGISTER(device, queue_enable), 1);
	*doorbell = address;
	return 0;
}

int virtio_pci_set_config_vector(struct virtio_pci *device, uint16_t msix_vector)
{
	return set_vector(COMMON_REGISTER(device, config_msix_vector), msix_vector);
}

void virtio_pci_driver_ok(struct virtio_pci *device)
{
	add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_pci_fail(struct virtio_pci *device)
{
	add_status(device, VIRTIO_STATUS_FAILED);
}

static bool config_contains(const struct virtio_pci *device, uint32_t offset_bytes,
			    uint32_t length_bytes)
{
	return device->device_cfg && offset_bytes <= device->device_bytes &&
	       length_bytes <= device->device_bytes - offset_bytes;
}

/* A field of 1, 2, 4 or 8 bytes is read in the width of 4.1.3.1. */
static void copy_config(const struct virtio_pci *device, uint32_t offset_bytes, uint8_t *out,
			uint32_t length_bytes)
{
	uint32_t done = 0;
	while (done < length_bytes) {
		uint32_t at = offset_bytes + done, left = length_bytes - done, width;
		uint32_t value;
		if (at % 4 == 0 && left >= 4) {
			width = 4;
			value = mmio_read32(device->device_cfg + at);
		} else if (at % 2 == 0 && left >= 2) {
			width = 2;
			value = mmio_read16(device->device_cfg + at);
		} else {
			width = 1;
			value = mmio_read8(device->device_cfg + at);
		}
		for (uint32_t i = 0; i < width; i++)
			out[done + i] = (uint8_t)(value >> i * 8);
		done += width;
	}
}

int virtio_pci_read_config(const struct virtio_pci *device, uint32_t offset_bytes, void *out,
			   uint32_t length_bytes)
{
	if (!config_contains(device, offset_bytes, length_bytes))
		return -ERR_RANGE;
	for (unsigned i = 0; i < GENERATION_TRIES; i++) {
		uint8_t before = mmio_read8(COMMON_REGISTER(device, config_generation));
		copy_config(device, offset_bytes, out, length_bytes);
		if (mmio_read8(COMMON_REGISTER(device, config_generation)) == before)
			return 0;
	}
	return -ERR_DEVICE;
}
