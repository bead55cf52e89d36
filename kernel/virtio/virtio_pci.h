/* SPDX-License-Identifier: MIT */
/*
 * The modern virtio PCI transport (virtio 1.2, 4.1): finds the common,
 * notify, ISR and device configuration through the capabilities, checks each
 * against its BAR, negotiates features and sets queues up.
 *
 * Boot CPU, except virtio_pci_notify() (the queue's CPU), the ISR read
 * (interrupt context) and virtio_pci_read_config() (loop context of one CPU at
 * a time). All waits end after a second.
 */
#ifndef KERNEL_VIRTIO_VIRTIO_PCI_H
#define KERNEL_VIRTIO_VIRTIO_PCI_H

#include "kernel/cpu/mmio.h"
#include "kernel/pci/pci.h"

struct virtio_pci {
	struct pci_function *pci;
	volatile uint8_t *common_cfg; /* struct virtio_pci_common_cfg */
	volatile uint8_t *notify;
	uint32_t notify_bytes;
	uint32_t notify_off_multiplier;
	volatile uint8_t *isr;
	volatile uint8_t *device_cfg; /* NULL when the device has none */
	uint32_t device_bytes;
	uint64_t offered_features;
	uint64_t features; /* negotiated */
	uint8_t status; /* the bits that the driver has set (2.1) */
};

/*
 * True for a virtio function (vendor 0x1af4) of that device type (1.2, 5),
 * modern or transitional.
 */
bool virtio_pci_matches(const struct pci_function *f, uint16_t device_type);

/*
 * Finds and maps the structures, resets the device (writes 0, waits for 0),
 * sets ACKNOWLEDGE and DRIVER, reads the offered features. 0, -ERR_UNSUPPORTED
 * (no modern interface), -ERR_DEVICE (capabilities wrong), -ERR_TIMEOUT.
 */
int virtio_pci_init(struct virtio_pci *device, struct pci_function *f);

/*
 * Sets features & offered, without those that this transport cannot carry out;
 * FEATURES_OK, read back. 0 or -ERR_DEVICE. Look into device->features for
 * what became of it.
 */
int virtio_pci_negotiate(struct virtio_pci *device, uint64_t wanted);

uint16_t virtio_pci_queue_count(const struct virtio_pci *device);

/*
 * 0: the queue does not exist. Before virtio_pci_queue_setup(), which makes it
 * smaller. Not always a power of two: the caller rounds down for a split ring.
 */
uint16_t virtio_pci_queue_max_size(const struct virtio_pci *device, uint16_t queue);

#define VIRTIO_PCI_NO_VECTOR 0xffffu

struct virtio_pci_queue_setup {
	uint16_t index, size;
	phys_addr descriptor_area, driver_area, device_area;
	uint16_t msix_vector; /* or VIRTIO_PCI_NO_VECTOR */
};

/*
 * Programs and enables a queue; the vector is read back (0xffff = refused:
 * -ERR_NO_MEMORY, the queue is not enabled). *doorbell receives the checked
 * notify address. -ERR_RANGE: size 0 or above the largest; -ERR_DEVICE.
 */
int virtio_pci_queue_setup(struct virtio_pci *device, const struct virtio_pci_queue_setup *setup,
			   volatile uint16_t **doorbell);

/* Vector of configuration changes; read back. 0 or -ERR_NO_MEMORY. */
int virtio_pci_set_config_vector(struct virtio_pci *device, uint16_t msix_vector);

void virtio_pci_driver_ok(struct virtio_pci *device);

/* Device reset: on return 0 the device has let go of all memory. */
int virtio_pci_reset(struct virtio_pci *device);
void virtio_pci_fail(struct virtio_pci *device);

/* Reading the ISR register clears it. Bit 0: queue, bit 1: configuration. */
static inline uint8_t virtio_pci_read_isr(const struct virtio_pci *device)
{
	return mmio_read8(device->isr);
}

/*
 * Copies device configuration, again while config_generation changes
 * (bounded: -ERR_DEVICE). -ERR_RANGE when it does not lie inside the mapped
 * structure. A lone field of 1, 2, 4 or 8 bytes is read in its own width,
 * anything else in the widest pieces that its alignment permits.
 */
int virtio_pci_read_config(const struct virtio_pci *device, uint32_t offset_bytes, void *out,
			   uint32_t length_bytes);

/* Rings the doorbell: one 16-bit write. */
static inline void virtio_pci_notify(volatile uint16_t *doorbell, uint16_t queue)
{
	mmio_write16(doorbell, queue);
}

#endif
