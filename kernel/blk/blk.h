/* SPDX-License-Identifier: MIT */
/*
 * The block layer's contract with submitters: devices, hardware queues,
 * requests. That with drivers is blk_driver.h.
 *
 * A request belongs to its submitter until blk_submit() accepted it, to the
 * queue until done() runs, then to the submitter again. done() always runs in
 * loop context on the CPU that submitted, never inside an interrupt; it may
 * submit.
 *
 * A hardware queue belongs to one CPU: no lock. Where there are fewer queues
 * than CPUs a queue is shared: a CPU that finds it free works there for all, and
 * no CPU waits for it (blk_shared.c).
 *
 * Letters: [I] immutable after registration, [c] only the owning CPU (of a
 * shared queue: the one at work there), [s] the submitter, [a] atomic.
 */
#ifndef KERNEL_BLK_BLK_H
#define KERNEL_BLK_BLK_H

#include "kernel/cpu/barrier.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/percpu.h"
#include "kernel/lib/settings.h"
#include "kernel/lib/util.h"
#include "kernel/virtio/virtqueue.h"

#define BLK_DEVICES_MAX 32u
#define BLK_QUEUES_MAX 64u /* per device */
#define BLK_REAP_BATCH 64u /* completions delivered per driver call */
#define BLK_SEGMENTS_MAX 256u /* per request handed to a driver */
#define BLK_ID_BYTES 20u

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH, /* no sectors: all writes completed before it become durable */
	BLK_DISCARD, /* no data; sectors */
	BLK_WRITE_ZEROES,
	BLK_SECURE_ERASE,
	BLK_GET_ID, /* one segment of BLK_ID_BYTES */
	BLK_GET_LIFETIME, /* one segment of 8 bytes */
	BLK_OP_COUNT
};

enum blk_flag {
	BLK_FUA = 1, /* write: durable before done(); by a flush after it, if there are any */
	BLK_UNMAP = 2, /* write zeroes: the device may unmap */
};

/* What the device, or the layer in its name, said of a request. */
enum blk_status {
	BLK_OK,
	BLK_IO_ERROR,
	BLK_UNSUPPORTED,
	BLK_OUT_OF_RANGE, /* beyond the device, or not a multiple of its block */
	BLK_READ_ONLY,
	BLK_SHORT, /* the device wrote less than it had to */
	BLK_BROKEN, /* the queue or device broke its protocol */
};

/* Same shape as the ring's segment, so that nothing is copied on the way. */
typedef struct virtqueue_segment blk_segment;

struct blk_queue;

struct blk_request {
	/* [s] Set by the submitter, unchanged until done(). */
	uint8_t op; /* enum blk_op */
	uint8_t flags; /* enum blk_flag */
	uint16_t segment_count; /* of segments; 0 for flush, discard, zeroes */
	uint32_t sector_count; /* SECTOR_BYTES units; equals the segments' sum */
	uint64_t sector; /* SECTOR_BYTES units */
	const blk_segment *segments; /* stay valid and unchanged until done() */
	void (*done)(struct blk_request *request);
	void *owner; /* the submitter's own */
	uint64_t submit_tsc; /* when the submitter had it ready; the deadline counts from it */
	/* [c] Filled by the layer before done(). */
	uint64_t doorbell_tsc; /* when the batch was shown to the device */
	uint64_t signal_tsc; /* interrupt entry, or when polling found it */
	uint8_t status; /* enum blk_status */
	/* [c] Private to the layer while it owns the request. */
	uint8_t submit_cpu;
	uint16_t slot;
	uint32_t parts_out; /* of one that was cut: its parts not over yet */
	struct blk_request *parent; /* of a part: what was cut */
	struct blk_request *next; /* list of its present holder */
};

/* Counters of one queue. They must equal what an outside observer counts. */
struct blk_counters {
	uint64_t requests; /* handed to the driver */
	uint64_t doorbells;
	uint64_t doorbells_suppressed; /* published, but the device did not ask */
	uint64_t interrupts;
	uint64_t empty_interrupts; /* nothing was found after one */
	uint64_t completions;
	uint64_t batches; /* publishes */
	uint64_t merges;
	uint64_t splits; /* requests that cutting added */
	uint64_t errors;
	uint64_t timeouts;
	uint64_t polls; /* looks at the ring that found nothing */
	uint64_t arms; /* interrupts asked for */
};

/* What a device can do; from its configuration, checked. All [I] but the
 * capacity, which a configuration change may move. */
struct blk_limits {
	uint64_t capacity_sectors;
	uint32_t block_bytes; /* logical block; a power of two, 512..65536 */
	uint32_t physical_block_bytes;
	uint32_t optimal_io_bytes;
	uint32_t max_segments; /* >= 1, at most BLK_SEGMENTS_MAX */
	uint32_t max_segment_bytes;
	uint32_t max_sectors; /* of one read or write */
	uint32_t max_discard_sectors, discard_align_sectors;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_secure_erase_sectors;
	bool read_only, flush, discard, write_zeroes, secure_erase, lifetime, get_id;
	/*
	 * What the device says of its cache. There are devices that deny having one
	 * and need flushes all the same, so a disk that takes flushes gets them.
	 */
	bool write_cache;
};

typedef unsigned blk_submit_function(struct blk_queue *queue,
				     struct blk_request *const *requests, unsigned count);
typedef bool blk_submit_one_function(struct blk_queue *queue, struct blk_request *request);
typedef unsigned blk_poll_function(struct blk_queue *queue);
typedef void blk_wait_function(struct blk_queue *queue, unsigned ahead);

struct blk_driver; /* blk_driver.h */
struct blk_floor_run; /* blk_floor.h */
struct blk_sched; /* sched.h: the deadline scheduler's state of one queue */
struct blk_parts; /* parts.h: preallocated parts of one queue */

/* How a queue's requests go, in one state of it. */
struct blk_ways {
	blk_submit_function *submit;
	blk_submit_one_function *submit_one;
	blk_poll_function *poll;
	blk_wait_function *wait;
};

struct blk_queue {
	/* Hot: all that a plain batch reads or writes here. */
	blk_submit_function *submit; /* [c] the plain way, or blk_general.c's */
	blk_submit_one_function *submit_one; /* [c] likewise */
	blk_poll_function *poll; /* [c] likewise */
	void *driver_data; /* [I] the driver's own queue */
	struct blk_device *device; /* [I] */
	uint32_t in_flight; /* [c] requests that the driver holds */
	bool shared; /* [I] */
	bool event_disarms_itself; /* [I] when it came, or what it was asked for is there */
	uint64_t align_mask; /* [I] bits that neither sector nor count may have */
	uint64_t shape_known_plain; /* [c] of the last request found plain, shape_ignores set */
	uint64_t interrupt_tsc; /* [a] entry of one not looked at yet; 0: none */
	uint64_t shape_ignores; /* [I] bits in which a plain write differs from a read, if it may */
	blk_wait_function *wait; /* [c] as submit and poll, in the queue's completion mode */
	uint64_t doorbell_tsc; /* [c] of the last batch */
	uint64_t last_interrupt_tsc; /* [c] entry of the last one looked at */
	const struct blk_driver *driver; /* [I] */
	struct blk_counters counters; /* [c] interrupts: the handler */
	/* The rest. */
	struct blk_ways plain_ways, general_ways; /* [c] submit and so on are of one of them */
	bool general; /* [c] the general way is in force */
	bool broken; /* [c] */
	uint32_t fast_sectors; /* [I] up to here, with one segment, nothing is cut */
	bool polled_only; /* [I] no interrupt arrives: polled, whatever is asked for */
	uint16_t index; /* [I] in the device */
	uint32_t depth; /* [I] most the driver can hold */
	uint32_t backlog; /* [c] accepted, not with the driver: waiting, or not yet delivered */
	uint32_t urgent_out; /* [c] flushes and the like with the driver */
	struct blk_request *waiting; /* [c] list: shared: accepted, found no room yet */
	struct blk_request **waiting_end; /* [c] */
	struct blk_request *finished; /* [c] list: completed, not yet delivered */
	struct blk_request **finished_end; /* [c] */
	struct blk_request *unpublished; /* [c] list: given to the driver, not published */
	struct cpu *cpu; /* [I] owner; interrupts go here */
	struct blk_sched *sched; /* [I] NULL: none */
	struct blk_parts *parts; /* [I] */
	uint32_t completion; /* [c] enum setting_completion: how it is waited for */
	/* Shared queues only; blk_shared.c. */
	uint32_t lock; /* [a] a CPU is at work */
	struct blk_request *inbox; /* [a] list, newest first: submitted */
	uint64_t sleepers; /* [a] bit per CPU that waits for an interrupt */
	uint64_t asking; /* [a] bit per CPU that began or ended to */
} ALIGNED(CACHE_LINE_BYTES);

_Static_assert(offsetof(struct blk_queue, interrupt_tsc) == CACHE_LINE_BYTES, "two hot lines");

/* Entries of a ring: used, asked for, shown by the device; all 0: there is none. */
struct blk_ring {
	uint32_t entries, wanted, shown;
};

struct blk_device {
	char name[16]; /* "vda", "ram0", "null0"; jobs say "/dev/vda" */
	const struct blk_driver *driver; /* [I] */
	void *driver_data; /* [I] */
	struct blk_limits limits;
	char id[BLK_ID_BYTES + 1]; /* serial, "" when none */
	char location[16]; /* "00:03.0" or "" */
	uint16_t queue_count; /* [I] */
	struct blk_queue *queues; /* [I] queue_count of them */
	struct blk_ring ring; /* [I] of each queue */
	uint32_t config_changes; /* [a] configuration interrupts seen */
	/* Re-reads what may change (capacity); loop context. Optional. */
	void (*refresh)(struct blk_device *device);
	/* blk_floor(), see blk_floor.h; NULL: the driver has none. */
	int (*floor)(struct blk_device *device, struct blk_floor_run *run);
	/* Driver's part of the result document: "key", "value" pairs. Optional. */
	void (*describe)(const struct blk_device *device, void *sink,
			 void (*emit)(void *sink, const char *key, const char *value));
};

/* --- the disks (blk.c) --- */

unsigned blk_device_count(void);
struct blk_device *blk_device_at(unsigned index);

/* "/dev/vda" or "vda"; NULL when there is none. */
struct blk_device *blk_find(const char *name);

/*
 * The nth queue that this CPU may submit to: its own ones round robin, or the
 * shared one that serves it. Never NULL.
 */
struct blk_queue *blk_queue_for(struct blk_device *device, const struct cpu *cpu, unsigned nth);

/* --- the I/O path (blk_plain.h); loop context of a CPU that the queue serves --- */

/* Debug build: the queue is this CPU's, or shared; loop context. */
static inline void blk_assert_owner(const struct blk_queue *queue)
{
	cpu_assert_owner(queue->shared ? cpu_this() : queue->cpu);
}

/*
 * Submits requests in order and returns how many were accepted; the rest is
 * the caller's still (back-pressure is a count; try again after completions).
 * count > 0. A shared queue accepts all: what finds no room waits there, and
 * nothing submitted later by any CPU goes before it (but for what a scheduler
 * prefers, within its bound).
 * One doorbell at most. A request that the device cannot do (range, read-only,
 * unsupported) is accepted and completes with that status, without reaching
 * the device, from the next blk_poll(); so does every request of a queue that
 * is broken. A flush covers the writes completed before it was submitted and no
 * others, so nothing is held back for its sake, nor the flush for anything.
 * Sets nothing but the private fields.
 */
static inline unsigned blk_submit(struct blk_queue *queue, struct blk_request *const *requests,
				  unsigned count)
{
	blk_assert_owner(queue);
	return load_once(&queue->submit)(queue, requests, count);
}

/* The same of one request, for less. True: it was accepted. */
static inline bool blk_submit_one(struct blk_queue *queue, struct blk_request *request)
{
	blk_assert_owner(queue);
	return load_once(&queue->submit_one)(queue, request);
}

/*
 * Delivers what is completed (done() per request), feeds waiting requests to
 * the driver; returns the number delivered to this CPU. Not from done().
 */
static inline unsigned blk_poll(struct blk_queue *queue)
{
	blk_assert_owner(queue);
	return load_once(&queue->poll)(queue);
}

/* Requests of this queue not yet delivered, wherever they are. */
static inline bool blk_queue_idle(const struct blk_queue *queue)
{
	return (queue->in_flight | queue->backlog) == 0;
}

/* Of a count other than 1. */
void blk_wait_several(struct blk_queue *const *queues, unsigned count, unsigned ahead);

/*
 * Waits until one of the queues may have completions for this CPU, or an
 * interrupt, a timer or another CPU set its wake flag (wait.c). How it waits
 * is each queue's completion mode: spin, sleep, or first one then the other.
 * `ahead`: the caller can use nothing less than that many completions (>= 1).
 */
static inline void blk_wait(struct blk_queue *const *queues, unsigned count, unsigned ahead)
{
	for (unsigned i = 0; i < count; i++)
		blk_assert_owner(queues[i]);
	if (LIKELY(count == 1))
		load_once(&queues[0]->wait)(queues[0], ahead);
	else
		blk_wait_several(queues, count, ahead);
}

/*
 * Between phases of one boot; no requests in flight. A queue that gets no
 * interrupts stays polled.
 */
void blk_set_queue_completion(struct blk_queue *queue, enum setting_completion mode);

/*
 * The oldest submit_tsc among the requests that wait or are with the driver;
 * 0 when there is none. Looks at every slot: for deadlines, now and then.
 */
uint64_t blk_oldest_submit_tsc(struct blk_queue *queue);

/*
 * After the device has confirmed a reset: everything that the driver still holds completes
 * as BLK_BROKEN from the next blk_poll(). Returns the count. (This kernel resets no disk at
 * work; one that lifts the layer may.)
 */
unsigned blk_abandon(struct blk_queue *queue);

/* Prints the queue's state: counters, limits, the driver's dump(). */
void blk_dump(const struct blk_queue *queue);

const char *blk_driver_name(const struct blk_device *device); /* "virtio-blk", ... */
const char *blk_op_name(enum blk_op op); /* "read", ... */
const char *blk_status_name(enum blk_status status); /* "ok", "io error", ... */

#endif
