/* SPDX-License-Identifier: MIT */
/*
 * The virtio-blk driver: finds the disks and starts their queues (virtio 1.2,
 * 5.2). virtio_blk_impl.h lists what is in which of its files.
 *
 *   reset -> ACKNOWLEDGE, DRIVER -> features -> FEATURES_OK -> limits ->
 *   vectors -> queues -> DRIVER_OK -> one proven interrupt per queue
 *
 * Boot CPU, polling; the disks live as long as the kernel. A disk that breaks
 * the protocol is marked FAILED, logged and left out; the others go on.
 */
#include "kernel/blk/drivers/drivers.h"
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/heap.h"

static uint16_t choose_queue_count(const struct virtio_blk *disk, const struct settings *settings)
{
	uint32_t wanted = settings->queues ? settings->queues : cpu_count;
	uint32_t there = MIN(disk->queue_count, virtio_pci_queue_count(&disk->transport));
	return (uint16_t)MIN(MIN(wanted, there), BLK_QUEUES_MAX);
}

static int start_ring(struct virtio_blk *disk, uint16_t index)
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
	if (disk->queue_count)
		virtio_blk_choose_ring(disk, settings->disk_queue_size[disk->position],
				       settings->queue_size);
	uint16_t size = disk->ring.size;
	if (size < 3) {
		log_error(disk->device.name, "no usable queue (count %u, size %u)",
			  disk->queue_count, size);
		return -ERR_DEVICE;
	}
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		disk->blk_queues[i].cpu = &cpu_table[i % cpu_count];
		disk->blk_queues[i].completion = settings->completion;
		int error = virtio_blk_queue_create(disk, i, size);
		if (error)
			return error;
		disk->blk_queues[i].driver = virtio_blk_driver_of(disk->queues[i].vq);
	}
	virtio_blk_irq_init(disk, settings->interrupts);
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		int error = start_ring(disk, i);
		if (error)
			return error;
	}
	virtio_blk_irq_start(disk);
	return 0;
}

static void describe_disk(const struct blk_device *device, void *sink,
			  void (*emit)(void *sink, const char *key, const char *value))
{
	const struct virtio_blk *disk = device->driver_data;
	char text[320];
	virtio_blk_print_features(disk->transport.features, text, sizeof(text));
	emit(sink, "features", text);
	virtio_blk_print_features(disk->transport.offered_features, text, sizeof(text));
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
	error = virtio_blk_negotiate(disk, settings);
	if (!error)
		error = virtio_blk_read_limits(disk);
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
	device->refresh = virtio_blk_refresh;
	device->floor = virtio_blk_floor;
	device->describe = describe_disk;
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
static void name_disk(struct virtio_blk *disk)
{
	unsigned position = disk->position;
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
	unsigned here = 0, found = 0;
	struct pci_function *f;
	for (unsigned i = 0; (f = pci_function_at(i)); i++) {
		if (!virtio_pci_matches(f, VIRTIO_ID_BLOCK) || ++here > BLK_DEVICES_MAX)
			continue;
		struct virtio_blk *disk = heap_allocate(sizeof(*disk));
		if (!disk) {
			log_error("virtio-blk", "no memory for another disk");
			break;
		}
		disk->position = (uint16_t)(here - 1);
		name_disk(disk);
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
	if (here > BLK_DEVICES_MAX)
		log_warn("virtio-blk", "%u disks are here, of which only the first %u are used",
			 here, BLK_DEVICES_MAX);
	return found;
}
