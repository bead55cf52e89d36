/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of a virtio-blk disk: which vectors, whose handlers, and the
 * proof that they arrive.
 *
 *   MSI-X table    entry 0           entries 1 ..
 *   enough         configuration     one per queue, on its owner's CPU
 *   short          configuration     queues spread over what is there
 *   one entry      configuration and all queues
 *   none           INTx: the ISR register tells queue from configuration
 *
 * A handler notes the time and wakes the owner's loop; it touches no ring. Where
 * a vector is shared it notes every queue that has completions, and wakes
 * another CPU if that is the owner. With MSI-X the ISR register is never read
 * (virtio 1.2, 4.1.4.5.2).
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/irq/smp.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/heap.h"

/*
 * How long a completion may take, and how much later its interrupt may come. A busy
 * host may keep the CPU that it is for from running for long; so long is waited until
 * a disk has lost one.
 */
#define COMPLETION_TIMEOUT_NS (10 * NS_PER_S)
#define INTERRUPT_TIMEOUT_NS (5 * NS_PER_S)
#define FURTHER_TIMEOUT_NS (100 * NS_PER_MS)

static void on_queue_interrupt(void *context)
{
	blk_note_interrupt(context);
}

static void note_all_queues(struct virtio_blk *disk)
{
	struct cpu *here = cpu_this();
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		struct blk_queue *queue = &disk->blk_queues[i];
		if (!virtqueue_has_completions(disk->queues[i].vq))
			continue;
		blk_note_interrupt(queue);
		if (queue->cpu != here)
			smp_wake(queue->cpu);
	}
}

static void note_config_change(struct virtio_blk *disk)
{
	disk->device.config_changes++;
	smp_wake(&cpu_table[0]);
}

static void on_shared_queue_interrupt(void *context)
{
	note_all_queues(context);
}

static void on_config_interrupt(void *context)
{
	note_config_change(context);
}

/* One vector for everything: nothing says which it was, so look at both. */
static void on_single_interrupt(void *context)
{
	note_all_queues(context);
	note_config_change(context);
}

static void on_intx(void *context)
{
	struct virtio_blk *disk = context;
	uint8_t isr = virtio_pci_read_isr(&disk->transport);
	if (isr & VIRTIO_PCI_ISR_QUEUE)
		note_all_queues(disk);
	if (isr & VIRTIO_PCI_ISR_CONFIG)
		note_config_change(disk);
}

static int connect_entry(struct virtio_blk *disk, uint16_t entry, struct cpu *cpu,
			 irq_handler handler, void *context)
{
	struct irq_msi_message message;
	int error = irq_allocate(cpu, handler, context, &message);
	if (error)
		return error;
	return pci_msix_set(disk->transport.pci, entry, message.address, message.data);
}

/*
 * An entry of a queue, or of several. Where no message reaches the owner (its APIC id
 * is beyond their 8 bits), the boot CPU takes it and wakes the owner.
 */
static int connect_queues(struct virtio_blk *disk, uint16_t entry, struct blk_queue *first,
			  bool shared)
{
	int error;
	if (shared)
		error = connect_entry(disk, entry, first->cpu, on_shared_queue_interrupt, disk);
	else
		error = connect_entry(disk, entry, first->cpu, on_queue_interrupt, first);
	if (error != -ERR_UNSUPPORTED)
		return error;
	return connect_entry(disk, entry, &cpu_table[0], on_shared_queue_interrupt, disk);
}

/* Programs the table; returns the number of entries in use, 0 on failure. */
static uint16_t connect_msix(struct virtio_blk *disk, uint16_t available)
{
	uint16_t queues = disk->queue_count;
	if (available == 1) {
		if (connect_entry(disk, 0, &cpu_table[0], on_single_interrupt, disk))
			return 0;
		for (uint16_t i = 0; i < queues; i++)
			disk->queues[i].vector_entry = 0;
		return 1;
	}

	if (connect_entry(disk, 0, &cpu_table[0], on_config_interrupt, disk))
		return 0;
	uint16_t queue_entries = (uint16_t)MIN(available - 1u, queues);
	bool shared = queue_entries < queues;
	for (uint16_t e = 0; e < queue_entries; e++)
		if (connect_queues(disk, (uint16_t)(e + 1), &disk->blk_queues[e], shared))
			return 0;
	for (uint16_t i = 0; i < queues; i++)
		disk->queues[i].vector_entry = (uint16_t)(1 + i % queue_entries);
	return (uint16_t)(queue_entries + 1);
}

void virtio_blk_irq_init(struct virtio_blk *disk, enum setting_interrupts wanted)
{
	struct pci_function *f = disk->transport.pci;
	for (uint16_t i = 0; i < disk->queue_count; i++)
		disk->queues[i].vector_entry = VIRTIO_PCI_NO_VECTOR;
	if (wanted == INTERRUPTS_NONE) {
		pci_msix_disable(f);
		pci_disable_intx(f, true);
		return;
	}
	uint16_t available = wanted == INTERRUPTS_INTX ? 0 : pci_msix_init(f);
	if (available)
		disk->vectors = connect_msix(disk, available);
	if (disk->vectors) {
		pci_disable_intx(f, true);
		return;
	}
	pci_msix_disable(f);
	if (wanted == INTERRUPTS_MSIX) {
		log_warn(disk->device.name, "no usable MSI-X, as interrupts=msix demands; polling");
		return;
	}
	if (f->interrupt_pin && !irq_connect_line(f->interrupt_line, on_intx, disk)) {
		pci_disable_intx(f, false);
		disk->intx = true;
	}
}

void virtio_blk_irq_start(struct virtio_blk *disk)
{
	if (!disk->vectors)
		return;
	if (virtio_pci_set_config_vector(&disk->transport, 0))
		log_warn(disk->device.name, "the device refused a vector for configuration "
					    "changes; a resize will not be noticed");
	pci_msix_unmask_function(disk->transport.pci);
}

const char *virtio_blk_interrupt_mode(const struct virtio_blk *disk)
{
	uint16_t polled = 0;
	for (uint16_t i = 0; i < disk->queue_count; i++)
		polled += disk->blk_queues[i].polled_only;
	if (polled == disk->queue_count)
		return "none";
	if (disk->vectors > disk->queue_count)
		return polled ? "msix-partly" : "msix";
	if (disk->vectors)
		return polled ? "msix-shared-partly" : "msix-shared";
	return polled ? "intx-partly" : "intx";
}

/*
 * Waits for completion and interrupt, as long as they may still come; true when
 * both did. An interrupt alone proves nothing: a vhost-user device may raise
 * one when it starts.
 */
static bool interrupt_comes(const struct blk_queue *queue, uint64_t timeout_ns)
{
	uint64_t start = clock_tsc(), completed = 0, now;
	do {
		now = clock_tsc();
		if (!completed && virtio_blk_driver.has_completions(queue))
			completed = now;
		if (completed && load_once(&queue->interrupt_tsc))
			return true;
		if (completed && (queue->polled_only ||
				  now - completed > clock_ns_to_tsc(timeout_ns)))
			return false;
	} while (now - start < clock_ns_to_tsc(COMPLETION_TIMEOUT_NS));
	return false;
}

/* One GET_ID with the interrupt armed; true when the interrupt came. */
static bool queue_interrupts(struct blk_queue *queue, struct blk_request *request,
			     uint64_t timeout_ns)
{
	store_once(&queue->interrupt_tsc, 0);
	request->submit_tsc = clock_tsc();
	if (!queue->polled_only)
		virtio_blk_driver.arm(queue, 1);
	struct blk_run run = { .shape = blk_shape(request), .last_sector = UINT64_MAX };
	if (virtio_blk_driver.submit(queue, &run, &request, 1) != 1)
		return false;
	virtio_blk_driver.publish(queue);
	/* Reaping first would leave a shared vector's handler nothing to find. */
	bool came = interrupt_comes(queue, timeout_ns);
	struct blk_request *reaped;
	if (virtio_blk_driver.reap(queue, &reaped, 1) != 1)
		queue->broken = true; /* not even polling finds it */
	virtio_blk_driver.disarm(queue);
	store_once(&queue->interrupt_tsc, 0);
	return came;
}

void virtio_blk_irq_prove(struct virtio_blk *disk)
{
	struct dma_buffer id;
	uint64_t timeout_ns = INTERRUPT_TIMEOUT_NS;
	if (!disk->vectors && !disk->intx) {
		log_warn(disk->device.name, "no interrupts here; all its queues are polled");
		for (uint16_t i = 0; i < disk->queue_count; i++)
			disk->blk_queues[i].polled_only = true;
	}
	if (dma_allocate(BLK_ID_BYTES, &id))
		return;
	for (uint16_t i = 0; i < disk->queue_count; i++) {
		struct blk_queue *queue = &disk->blk_queues[i];
		/* Static life: a queue that breaks here keeps its request. */
		struct blk_request *request = heap_allocate(sizeof(*request));
		blk_segment *segment = heap_allocate(sizeof(*segment));
		if (!request || !segment)
			return;
		*segment = (blk_segment){ .address = id.phys, .length_bytes = BLK_ID_BYTES };
		*request = (struct blk_request){ .op = BLK_GET_ID,
						 .segments = segment,
						 .segment_count = 1 };
		bool came = queue_interrupts(queue, request, timeout_ns);
		if (request->status == BLK_OK)
			memcpy(disk->device.id, id.virt, BLK_ID_BYTES);
		if (came || queue->polled_only)
			continue;
		log_warn(disk->device.name,
			 "queue %u: no interrupt within %lu ms of a completed request; "
			 "polling instead", i, timeout_ns / NS_PER_MS);
		queue->polled_only = true;
		timeout_ns = FURTHER_TIMEOUT_NS;
	}
}
