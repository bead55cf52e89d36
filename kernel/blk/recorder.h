/* SPDX-License-Identifier: MIT */
/*
 * What happens to the requests of a queue, event by event: for looking at where
 * one I/O goes. recorder.c tells how it costs nothing where it is not used.
 *
 * Stamps are raw TSC. Events of one CPU are in the order of their last stamps;
 * those of several CPUs, which a shared queue has, may not be.
 */
#ifndef KERNEL_BLK_RECORDER_H
#define KERNEL_BLK_RECORDER_H

#include "kernel/blk/blk_driver.h"

/* Each with its stamps. */
enum recorder_kind {
	/* A submitter has its request back: submission, doorbell, signal (interrupt
	 * entry, or polling found it), discovery (the CPU looked), delivery. */
	RECORDER_DELIVERY,
	/* The device is done with a request of the layer's own making, a part or a
	 * merged group; with a scheduler, with any: submission, doorbell, discovery. */
	RECORDER_PIECE,
	/* A batch was shown to the device: the driver took the first of it, was told to
	 * publish, had done so. */
	RECORDER_BATCH,
	RECORDER_INTERRUPT, /* entry; of the last if there were several */
	RECORDER_POLL, /* the CPU looked and found nothing: from, until */
	RECORDER_SLEEP, /* it was halted at least once: from, until */
	RECORDER_KINDS
};

#define RECORDER_STAMPS 5u

enum recorder_mark {
	RECORDER_RUNG = 1, /* batch: by a doorbell */
	RECORDER_INTERRUPTED = 2, /* delivery: the signal was an interrupt */
	RECORDER_WHOLE = 4, /* delivery: the device saw it as it was submitted */
	RECORDER_UNSEEN = 8, /* delivery: the layer answered it, without the device */
	RECORDER_PART = 16, /* piece: of one request that was cut */
};

struct recorder_event {
	uint8_t kind; /* enum recorder_kind */
	uint8_t cpu;
	uint8_t marks; /* enum recorder_mark */
	uint8_t op, flags, status; /* of a request, as in struct blk_request */
	uint16_t submitter; /* delivery: as told */
	uint32_t count; /* sectors; requests of a batch; interrupts */
	uint64_t sector;
	uint64_t tsc[RECORDER_STAMPS]; /* as many as the kind has */
};

_Static_assert(sizeof(struct recorder_event) == CACHE_LINE_BYTES, "one line per event");

/* One queue's events: a ring that keeps the newest. */
struct recorder {
	struct blk_driver driver; /* [I] stands in for the queue's own */
	const struct blk_driver *real; /* [I] */
	struct blk_queue *queue; /* [I] */
	struct recorder_event *events; /* [I] */
	uint32_t capacity; /* [I] */
	uint64_t recorded; /* [a] all there ever were */
	struct blk_counters before; /* [I] the queue's, when recording began */
	uint64_t interrupts_seen, requests_published; /* [c] */
	uint64_t batch_tsc; /* [c] the unpublished batch's first stamp; 0: none */
	uint64_t discovery_tsc; /* [c] when the ring was looked at last */
	struct recorder *next; /* [I] */
};

/*
 * Records from now on; keeps `capacity` events (> 0). Nothing is in flight. Boot
 * CPU. A queue that is recorded already goes on as it does. -ERR_NO_MEMORY.
 */
int recorder_start(struct blk_queue *queue, uint32_t capacity);

/*
 * A submitter's request is back, now; from its done(), on a queue that is
 * recorded. `submitter`: any number, to know it by.
 */
void recorder_note_delivery(const struct blk_queue *queue, const struct blk_request *request,
			     uint16_t submitter, uint64_t now_tsc);

/* --- afterwards, when nothing is in flight; boot CPU --- */

/* Notes what came after the last look. Once. */
void recorder_end(void);

/* All of them, in the order of recorder_start(); NULL: none. */
const struct recorder *recorder_first(void);

uint32_t recorder_kept(const struct recorder *recorder);

/* The nth kept, oldest first. */
const struct recorder_event *recorder_at(const struct recorder *recorder, uint32_t nth);

/* Stamps of this kind of event. */
unsigned recorder_stamp_count(enum recorder_kind kind);

#endif
