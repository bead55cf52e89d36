/* SPDX-License-Identifier: MIT */
/*
 * The virtio-blk driver's own structures, shared by its files:
 *
 *   virtio_blk.c          finding disks, starting them
 *   virtio_blk_config.c   features and limits
 *   virtio_blk_ring.c     which rings the disk gets
 *   virtio_blk_io.c       the I/O path
 *   virtio_blk_request.c  any request on any ring
 *   virtio_blk_queue.c    a queue off that path
 *   virtio_blk_irq.c      vectors and handlers
 *   virtio_blk_floor.c    the floor, which goes without all that
 */
#ifndef KERNEL_BLK_DRIVERS_VIRTIO_BLK_IMPL_H
#define KERNEL_BLK_DRIVERS_VIRTIO_BLK_IMPL_H

#include "kernel/blk/blk_driver.h"
#include "kernel/irq/irq.h"
#include "kernel/mm/dma.h"
#include "kernel/virtio/virtio_pci.h"
#include "kernel/virtio/virtio_spec.h"
#include "kernel/virtio/virtqueue_impl.h"

/* What the device reads and writes of a request, beside its data. */
struct virtio_blk_slot {
	struct virtio_blk_req header; /* the device reads */
	struct virtio_blk_discard_write_zeroes range; /* the device reads */
	volatile uint8_t status; /* [d] */
} ALIGNED(CACHE_LINE_BYTES);

/*
 * One virtqueue. Which request a slot stands for is in the ring's shadow
 * (struct virtqueue_chain, owner). Letters as in blk.h.
 */
struct virtio_blk_queue {
	struct virtqueue *vq; /* [I] */
	volatile uint16_t *doorbell; /* [I] */
	uint16_t slot_count; /* [I] */
	uint16_t index; /* [I] */
	uint16_t vector_entry; /* [I] MSI-X entry, or VIRTIO_PCI_NO_VECTOR */
	struct blk_queue *blk; /* [I] */
	struct dma_buffer ring_memory; /* [I] */
	struct dma_buffer slot_memory; /* [I] slot_count of struct virtio_blk_slot */
	uint64_t short_writes; /* [c] completions whose length was a lie */
};

struct virtio_blk {
	struct virtio_pci transport;
	struct blk_device device;
	struct virtio_blk_queue queues[BLK_QUEUES_MAX];
	struct blk_queue blk_queues[BLK_QUEUES_MAX];
	struct virtqueue_config ring; /* of every queue */
	uint16_t position; /* among the disks, usable or not */
	uint16_t queue_count;
	uint16_t vectors; /* MSI-X entries used; 0: INTx or none */
	bool intx;
	uint64_t capacity_seen; /* sectors, for the message on a resize */
};

static inline bool virtio_blk_has(const struct virtio_blk *disk, unsigned feature)
{
	return disk->transport.features & VIRTIO_FEATURE(feature);
}

/* --- virtio_blk_config.c --- */

/* Agrees on features, and logs them. 0 or -ERR_*. */
int virtio_blk_negotiate(struct virtio_blk *disk, const struct settings *settings);

/* After that: fills the limits, and queue_count with what the device claims. 0 or -ERR_*. */
int virtio_blk_read_limits(struct virtio_blk *disk);

/* The names of a feature set; text is always terminated. */
void virtio_blk_print_features(uint64_t features, char *text, size_t size);

/* Of struct blk_device. */
void virtio_blk_refresh(struct blk_device *device);

/*
 * How interrupts are delivered: "msix", "msix-shared", "intx", with "-partly" behind it
 * if some queues get none, or "none" if no queue does.
 */
const char *virtio_blk_interrupt_mode(const struct virtio_blk *disk);

/* virtio 1.2, 5.2.6: the device overwrites this with VIRTIO_BLK_S_*. */
#define VIRTIO_BLK_STATUS_NOT_WRITTEN 0xffu

/* --- virtio_blk_ring.c --- */

/*
 * Chooses the rings of queue_count > 0 queues, and settles the limits with them.
 * `given`: the entries that the disk was configured with, whatever it shows; 0: as it
 * shows. `wanted`: at most so many; 0: all. The size is below 3 where no request fits.
 * What is not as asked for is logged.
 */
void virtio_blk_choose_ring(struct virtio_blk *disk, uint32_t given, uint32_t wanted);

/* --- virtio_blk_io.c --- */
extern const struct blk_driver virtio_blk_driver; /* of any ring */

/* With what a ring of this format can do faster. */
const struct blk_driver *virtio_blk_driver_of(const struct virtqueue *vq);

/* --- virtio_blk_request.c --- */

/* Fills what is bound to the request's slot. */
static inline void virtio_blk_fill_slot(struct virtqueue_chain *chain, struct blk_request *request,
					uint32_t type, uint64_t sector)
{
	struct virtio_blk_slot *memory = chain->memory;
	memory->header.type = type;
	memory->header.sector = sector;
	memory->status = VIRTIO_BLK_STATUS_NOT_WRITTEN;
	chain->owner = request;
}

/* Adds any request that is within the limits; a slot must be free. Not published yet. */
void virtio_blk_add(struct virtio_blk_queue *queue, struct blk_request *request);

/*
 * A completion that is not plainly good: its status becomes a word of ours.
 * Returns the request, which the I/O path then need not keep at hand.
 */
struct blk_request *virtio_blk_judge(struct virtio_blk_queue *queue, struct blk_request *request,
				     uint8_t status, uint32_t written_bytes);

/* --- virtio_blk_queue.c --- */

/* Where the device finds a slot. */
phys_addr virtio_blk_slot_phys(const struct virtio_blk_queue *queue, uint16_t slot);

/* Of struct blk_driver. */
void virtio_blk_dump(const struct blk_queue *blk);
const struct blk_request *virtio_blk_request_in(const struct blk_queue *blk, uint32_t slot);
unsigned virtio_blk_abandon(struct blk_queue *blk, struct blk_request **out, unsigned max);

/*
 * Allocates a queue's memory and binds its slots; the layer's queue still lacks
 * its driver. 0 or -ERR_*.
 */
int virtio_blk_queue_create(struct virtio_blk *disk, uint16_t index, uint16_t size);

/* --- virtio_blk_irq.c --- */

/* Chooses and programs vectors for queue_count queues; before queue set-up. */
void virtio_blk_irq_init(struct virtio_blk *disk, enum setting_interrupts wanted);

/* Unmasks, and programs the configuration vector; after queue set-up. */
void virtio_blk_irq_start(struct virtio_blk *disk);

/* Proves with one request per queue that its interrupt arrives; falls back to
 * polling, loudly, where it does not. */
void virtio_blk_irq_prove(struct virtio_blk *disk);

/* --- virtio_blk_floor.c: blk_floor() on the disk's first ring --- */

int virtio_blk_floor(struct blk_device *device, struct blk_floor_run *run);

#endif
