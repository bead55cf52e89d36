/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk's I/O path: a request becomes a slot, a completed slot becomes
 * the request again.
 *
 *   submit   header[slot] = type, sector    publish   ring index, doorbell
 *            ring: header | data | status
 *   poll     pop slot -> status[slot] -> the request's done()
 *
 * The plain path is here in one piece from blk_submit() to the doorbell and
 * from the used ring to done(). What a batch has in common is decided once for
 * the batch: the shape of its requests (struct blk_run). The ring's format is
 * decided for the queue, by a table for each.
 *
 * So what is inlined takes the operation, the format, and whether there is but one
 * request, as constants. Writes of a batch, and what is no run, are functions of their
 * own, for which a run is copied: else it would have to be in memory, and reads would
 * have fewer registers.
 *
 * Context: loop context of the queue's CPU, or under the queue's lock. No
 * allocation, no lock, no printing. Cutting and ordering are the layer's
 * (blk_general.c); timeouts are too.
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"

#include "kernel/blk/blk_plain.h"
#include "kernel/virtio/virtqueue_either.h"

/* What is inlined takes these as constants. */
enum { SPLIT_RING, PACKED_RING }; /* packed */
enum { A_BATCH, JUST_ONE }; /* one */

/* --- submitting --- */

/*
 * A run of reads, or of writes, of one segment each; returns how many were
 * added, of count > 0. Fewer: the run is over, or no slot is free, or its last
 * chain was of another length.
 */
static ALWAYS_INLINE unsigned add_run(struct virtio_blk_queue *queue, const struct blk_run *run,
				      struct blk_request *const *requests, unsigned count,
				      enum blk_op op, bool packed)
{
	struct virtqueue_adder adder;
	struct blk_request *const *at = requests, *const *end = requests + count;
	virtqueue_add_begin(queue->vq, packed, &adder);
	do {
		if (UNLIKELY(!blk_run_takes(run, *at)))
			break;
		struct virtqueue_chain *chain = virtqueue_add_next(
			&adder, packed, (*at)->segments, op == BLK_READ);
		if (UNLIKELY(!chain))
			break;
		virtio_blk_fill_slot(chain, *at,
				     op == BLK_READ ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
				     (*at)->sector);
	} while (++at != end);
	virtqueue_add_end(queue->vq, packed, &adder);
	return (unsigned)(at - requests);
}

static NOINLINE unsigned add_writes_split(struct virtio_blk_queue *queue,
					  const struct blk_run *run,
					  struct blk_request *const *requests, unsigned count)
{
	return add_run(queue, run, requests, count, BLK_WRITE, SPLIT_RING);
}

static NOINLINE unsigned add_writes_packed(struct virtio_blk_queue *queue,
					   const struct blk_run *run,
					   struct blk_request *const *requests, unsigned count)
{
	return add_run(queue, run, requests, count, BLK_WRITE, PACKED_RING);
}

/* What is not a run of reads, or met a slot of another length. */
static NOINLINE unsigned add_others(struct virtio_blk_queue *queue, const struct blk_run *run,
				    struct blk_request *const *requests, unsigned count)
{
	bool packed = queue->vq->packed;
	unsigned added = 0, most = MIN(count, virtqueue_free_slots(queue->vq));
	if (virtqueue_adds_many(queue->vq) && blk_run_is_plain(run, BLK_WRITE))
		added = packed ? add_writes_packed(queue, run, requests, count)
			       : add_writes_split(queue, run, requests, count);
	for (; added < most && blk_run_takes(run, requests[added]); added++)
		virtio_blk_add(queue, requests[added]);
	return added;
}

/* Off the plain path. */
static unsigned virtio_blk_submit(struct blk_queue *blk, const struct blk_run *run,
				  struct blk_request *const *requests, unsigned count)
{
	return add_others(blk->driver_data, run, requests, count);
}

static ALWAYS_INLINE void ring_doorbell(struct blk_queue *blk, struct virtio_blk_queue *queue,
					bool packed)
{
	blk->counters.batches++;
	if (LIKELY(packed ? virtqueue_packed_publish(queue->vq) :
			    virtqueue_split_publish(queue->vq))) {
		blk->counters.doorbells++;
		virtio_pci_notify(queue->doorbell, queue->index);
	} else {
		blk->counters.doorbells_suppressed++;
	}
}

static void virtio_blk_publish(struct blk_queue *blk)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	ring_doorbell(blk, queue, queue->vq->packed);
}

static ALWAYS_INLINE unsigned ring_submit(struct blk_queue *blk,
					  struct blk_request *const *requests, unsigned count,
					  bool one, bool packed)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	struct blk_run run;
	unsigned added;
	if (UNLIKELY(!blk_run_plain(blk, *requests, &run)))
		return blk_submit_general(blk, requests, count);
	if (LIKELY(blk_run_is_plain(&run, BLK_READ))) {
		added = add_run(queue, &run, requests, count, BLK_READ, packed);
	} else if (one) {
		added = add_run(queue, &run, requests, 1, BLK_WRITE, packed);
	} else {
		const struct blk_run copy = run;
		added = packed ? add_writes_packed(queue, &copy, requests, count)
			       : add_writes_split(queue, &copy, requests, count);
	}
	if (UNLIKELY(added != count))
		return blk_submit_rest(blk, requests, added, count);
	blk_note_doorbell(blk, requests, count);
	ring_doorbell(blk, queue, packed);
	return count;
}

static unsigned split_ring_submit(struct blk_queue *blk, struct blk_request *const *requests,
				  unsigned count)
{
	return ring_submit(blk, requests, count, A_BATCH, SPLIT_RING);
}

static bool split_ring_submit_one(struct blk_queue *blk, struct blk_request *request)
{
	return ring_submit(blk, &request, 1, JUST_ONE, SPLIT_RING);
}

static unsigned packed_ring_submit(struct blk_queue *blk, struct blk_request *const *requests,
				   unsigned count)
{
	return ring_submit(blk, requests, count, A_BATCH, PACKED_RING);
}

static bool packed_ring_submit_one(struct blk_queue *blk, struct blk_request *request)
{
	return ring_submit(blk, &request, 1, JUST_ONE, PACKED_RING);
}

/* --- completing --- */

/*
 * The next of those that are ready, its status set; NULL: the ring broke. One
 * comparison for all operations: a device that wrote everything it could, its
 * status byte perhaps not counted, needs no second look.
 */
static ALWAYS_INLINE struct blk_request *pop_request(struct virtio_blk_queue *queue, bool packed)
{
	uint32_t length_bytes;
	uint64_t writable_bytes;
	struct virtqueue_chain *chain =
		packed ? virtqueue_packed_pop_next(queue->vq, &length_bytes, &writable_bytes)
		       : virtqueue_split_pop_next(queue->vq, &length_bytes, &writable_bytes);
	if (UNLIKELY(!chain))
		return NULL;
	struct blk_request *request = chain->owner;
	uint8_t status = ((struct virtio_blk_slot *)chain->memory)->status;
	request->status = BLK_OK;
	if (UNLIKELY(status != VIRTIO_BLK_S_OK) ||
	    UNLIKELY(length_bytes + (uint64_t)chain->tail_bytes < writable_bytes))
		return virtio_blk_judge(queue, request, status,
					(uint32_t)MIN(length_bytes, writable_bytes));
	return request;
}

static unsigned virtio_blk_reap(struct blk_queue *blk, struct blk_request **out, unsigned max)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	unsigned count = 0;
	int ready = 0;
	for (; count < max && (ready || (ready = virtqueue_ready(queue->vq)) > 0); ready--) {
		out[count] = pop_request(queue, queue->vq->packed);
		if (UNLIKELY(!out[count])) {
			ready = -ERR_DEVICE;
			break;
		}
		count++;
	}
	if (UNLIKELY(ready < 0))
		blk_break(blk);
	return count;
}

/*
 * Takes back and delivers what is completed. done() may submit, and what it
 * submits may complete: so it ends with what was ready at the first look, and
 * on a packed ring, where that is not known, with what was in flight then, or
 * when something was submitted that is not the plain path's to deliver.
 */
static ALWAYS_INLINE unsigned ring_poll(struct blk_queue *blk, bool packed)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	struct virtqueue *vq = queue->vq;
	uint64_t interrupt_tsc = blk_take_interrupt(blk);
	int ready = packed ? virtqueue_packed_ready(vq) : virtqueue_split_ready(vq);
	if (UNLIKELY(ready <= 0)) {
		blk_count_nothing_found(blk, interrupt_tsc);
		if (UNLIKELY(ready < 0))
			blk_break(blk);
		return 0;
	}
	uint64_t signal_tsc = blk_signal_tsc(blk, interrupt_tsc);
	uint32_t most = packed ? blk->in_flight : (uint32_t)ready, left = most;
	do {
		struct blk_request *request = pop_request(queue, packed);
		if (UNLIKELY(!request)) {
			blk_break(blk);
			break;
		}
		left--;
		blk_deliver(blk, request, signal_tsc);
	} while (left && (!packed || (LIKELY(!blk->general) && virtqueue_packed_ready(vq) > 0)));
	return most - left;
}

static unsigned split_ring_poll(struct blk_queue *blk)
{
	return ring_poll(blk, SPLIT_RING);
}

static unsigned packed_ring_poll(struct blk_queue *blk)
{
	return ring_poll(blk, PACKED_RING);
}

static bool virtio_blk_has_completions(const struct blk_queue *blk)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	return virtqueue_has_completions(queue->vq);
}

static bool virtio_blk_arm(struct blk_queue *blk, unsigned ahead)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	return virtqueue_arm_inline(queue->vq, ahead);
}

static void virtio_blk_disarm(struct blk_queue *blk)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	virtqueue_disarm(queue->vq);
}

/*
 * As blk_wait_sleeping(), without its calls, on a ring with events. An event that
 * was passed is over; one that is still to come must not interrupt what follows.
 */
static ALWAYS_INLINE void ring_wait(struct blk_queue *blk, unsigned ahead, bool packed)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	struct virtqueue *vq = queue->vq;
	uint32_t shown = vq->published - vq->popped;
	if (UNLIKELY(!blk->event_disarms_itself) || UNLIKELY(!shown)) {
		blk_wait_sleeping(blk, ahead);
		return;
	}
	blk->counters.arms++;
	uint16_t clamped = (uint16_t)MIN(ahead, shown);
	if (packed ? virtqueue_packed_arm(vq, clamped) : virtqueue_split_arm(vq, clamped))
		return;
	cpu_wait();
	if (UNLIKELY(!load_once(&blk->interrupt_tsc)))
		virtqueue_disarm(vq);
}

static void split_ring_wait(struct blk_queue *blk, unsigned ahead)
{
	ring_wait(blk, ahead, SPLIT_RING);
}

static void packed_ring_wait(struct blk_queue *blk, unsigned ahead)
{
	ring_wait(blk, ahead, PACKED_RING);
}

/* --- the tables: for any ring, and with what each can do faster --- */

#define OPERATIONS_OF_ANY_RING \
	.name = "virtio-blk", \
	.submit = virtio_blk_submit, \
	.publish = virtio_blk_publish, \
	.reap = virtio_blk_reap, \
	.has_completions = virtio_blk_has_completions, \
	.arm = virtio_blk_arm, \
	.disarm = virtio_blk_disarm, \
	.dump = virtio_blk_dump, \
	.request_in = virtio_blk_request_in, \
	.abandon = virtio_blk_abandon

const struct blk_driver virtio_blk_driver = { OPERATIONS_OF_ANY_RING };

static const struct blk_driver split_driver = {
	OPERATIONS_OF_ANY_RING,
	.plain_submit = split_ring_submit,
	.plain_submit_one = split_ring_submit_one,
	.plain_poll = split_ring_poll,
	.plain_wait = split_ring_wait,
};

static const struct blk_driver packed_driver = {
	OPERATIONS_OF_ANY_RING,
	.plain_submit = packed_ring_submit,
	.plain_submit_one = packed_ring_submit_one,
	.plain_poll = packed_ring_poll,
	.plain_wait = packed_ring_wait,
};

static const struct blk_driver packed_direct_driver = {
	OPERATIONS_OF_ANY_RING,
	.plain_poll = packed_ring_poll,
};

const struct blk_driver *virtio_blk_driver_of(const struct virtqueue *vq)
{
	if (!virtqueue_adds_many(vq))
		return &packed_direct_driver;
	return vq->packed ? &packed_driver : &split_driver;
}
