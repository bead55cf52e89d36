/* SPDX-License-Identifier: MIT */
/*
 * Any request on any ring: what goes into its slot, and what the device's answer
 * means. Reads and writes of one segment have a shorter way (virtio_blk_io.c),
 * which comes here only with an answer that is not plainly good.
 *
 * Context as struct blk_driver's submit and reap.
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/assert.h"

static const uint32_t op_types[BLK_OP_COUNT] = {
	[BLK_READ] = VIRTIO_BLK_T_IN,
	[BLK_WRITE] = VIRTIO_BLK_T_OUT,
	[BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
	[BLK_SECURE_ERASE] = VIRTIO_BLK_T_SECURE_ERASE,
	[BLK_GET_ID] = VIRTIO_BLK_T_GET_ID,
	[BLK_GET_LIFETIME] = VIRTIO_BLK_T_GET_LIFETIME,
};

static bool carries_range(uint8_t op)
{
	return op == BLK_DISCARD || op == BLK_WRITE_ZEROES || op == BLK_SECURE_ERASE;
}

/* The range's place follows from the slot, which add() will choose. */
static void add_range(struct virtio_blk_queue *queue, const struct blk_request *request)
{
	uint16_t slot = virtqueue_next_slot(queue->vq);
	struct virtio_blk_slot *memory = queue->vq->chains[slot].memory;
	memory->range = (struct virtio_blk_discard_write_zeroes){
		.sector = request->sector,
		.num_sectors = request->sector_count,
		.flags = request->op == BLK_WRITE_ZEROES && (request->flags & BLK_UNMAP)
				 ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP
				 : 0,
	};
	struct virtqueue_segment range = {
		.address = phys_add(virtio_blk_slot_phys(queue, slot),
				    offsetof(struct virtio_blk_slot, range)),
		.length_bytes = sizeof(memory->range),
	};
	uint16_t added = virtqueue_add(queue->vq, &range, 1, false);
	assert_always(added == slot);
}

void virtio_blk_add(struct virtio_blk_queue *queue, struct blk_request *request)
{
	struct virtqueue_chain *chain = &queue->vq->chains[virtqueue_next_slot(queue->vq)];
	bool device_writes = request->op == BLK_READ || request->op == BLK_GET_ID ||
			     request->op == BLK_GET_LIFETIME;
	if (carries_range(request->op))
		add_range(queue, request);
	else
		virtqueue_add(queue->vq, request->segments, request->segment_count, device_writes);
	virtio_blk_fill_slot(chain, request, op_types[request->op],
			     request->op <= BLK_WRITE ? request->sector : 0);
}

/* virtio 1.2, 5.2.6: the only place where the device's words become ours. */
static enum blk_status status_from_device(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK:
		return BLK_OK;
	case VIRTIO_BLK_S_UNSUPP:
		return BLK_UNSUPPORTED;
	case VIRTIO_BLK_STATUS_NOT_WRITTEN:
		return BLK_SHORT;
	default:
		return BLK_IO_ERROR;
	}
}

/* The least that the device must have written; GET_ID may be shorter than its buffer. */
static uint32_t least_written_bytes(const struct blk_request *request)
{
	return request->op == BLK_READ ? request->sector_count * SECTOR_BYTES : 0;
}

struct blk_request *virtio_blk_judge(struct virtio_blk_queue *queue, struct blk_request *request,
				     uint8_t status, uint32_t written_bytes)
{
	request->status = (uint8_t)status_from_device(status);
	if (request->status == BLK_OK && written_bytes < least_written_bytes(request)) {
		request->status = BLK_SHORT;
		queue->short_writes++;
	}
	return request;
}
