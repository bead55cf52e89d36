/* SPDX-License-Identifier: MIT */
/*
 * Recording of lifecycles, by a driver that stands between the layer and a
 * queue's own:
 *
 *   blk.c -> queue->driver -> [ recorder ] -> virtio-blk, ram, null
 *
 * A queue that is recorded gets a table of operations of its own, each of which
 * calls the real one and notes what it saw. One that is not keeps the real
 * table: there is nothing to test on the path, and nothing to pay. What the
 * driver cannot see, a request's return to its submitter, the submitter notes.
 *
 * A delivery carries all stamps of its request, so events do not refer to each
 * other and may be lost one by one. That keeps most I/Os at one event of one
 * cache line; what the device saw differently, parts and merged groups, has
 * events of its own.
 *
 * Interrupts are noted by the loop, from the queue's counter and stamp: the
 * handler is left alone, and of two without a look in between only the last has
 * its moment. Where a CPU spends its waiting is known from what it asks the
 * driver: looking in vain is polling, halting between arm() and the next call
 * is sleeping. Sleep with nothing in flight is not seen, nor that of a CPU for
 * which another one armed a shared queue.
 *
 * Context: as the driver's operations. Places in the ring are handed out by an
 * atomic increment, as submitters of a shared queue deliver on their own CPUs.
 * No allocation, no lock, no printing after recorder_start().
 */
#include "kernel/blk/recorder.h"

#include "kernel/blk/blk_impl.h"
#include "kernel/blk/parts.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"

/* What a CPU is in the middle of. */
struct waiting {
	uint64_t poll_tsc; /* [c] it looks in vain since then; 0: it does not */
	uint64_t armed_tsc; /* [c] it may be asleep since then; 0: it is not */
	uint64_t halts; /* [c] the CPU's, then */
} ALIGNED(CACHE_LINE_BYTES);

static struct waiting waiting_table[CPU_MAX];
static struct recorder *first;
static struct recorder **end = &first;

static inline struct recorder *recorder_of(const struct blk_queue *queue)
{
	return CONTAINER_OF(queue->driver, struct recorder, driver);
}

static inline struct recorder_event *record(struct recorder *l, enum recorder_kind kind)
{
	uint64_t nth = atomic_add(&l->recorded, 1);
	struct recorder_event *event = &l->events[nth % l->capacity];

	*event = (struct recorder_event){ .kind = (uint8_t)kind,
					   .cpu = (uint8_t)cpu_this()->index };
	return event;
}

static void note_span(struct recorder *l, enum recorder_kind kind, uint64_t from_tsc)
{
	struct recorder_event *event = record(l, kind);

	event->tsc[0] = from_tsc;
	event->tsc[1] = clock_tsc();
}

/* The CPU does something else than waiting. */
static void end_waiting(struct recorder *l)
{
	const struct cpu *cpu = cpu_this();
	struct waiting *waiting = &waiting_table[cpu->index];

	if (waiting->poll_tsc)
		note_span(l, RECORDER_POLL, waiting->poll_tsc);
	if (waiting->armed_tsc && cpu->halts != waiting->halts)
		note_span(l, RECORDER_SLEEP, waiting->armed_tsc);
	waiting->poll_tsc = waiting->armed_tsc = 0;
}

static void note_interrupts(struct recorder *l)
{
	uint64_t interrupts = load_once(&l->queue->counters.interrupts);

	if (interrupts == l->interrupts_seen)
		return;
	struct recorder_event *event = record(l, RECORDER_INTERRUPT);

	event->cpu = (uint8_t)l->queue->cpu->index;
	event->count = (uint32_t)(interrupts - l->interrupts_seen);
	event->tsc[0] = MAX(load_once(&l->queue->interrupt_tsc), l->queue->last_interrupt_tsc);
	l->interrupts_seen = interrupts;
}

static void set_request(struct recorder_event *event, const struct blk_request *request)
{
	event->op = request->op;
	event->flags = request->flags;
	event->status = request->status;
	event->count = request->sector_count;
	event->sector = request->sector;
	event->tsc[0] = request->submit_tsc;
	event->tsc[1] = request->doorbell_tsc;
}

/* --- the driver's operations --- */

static unsigned recorded_submit(struct blk_queue *queue, const struct blk_run *run,
				struct blk_request *const *requests, unsigned count)
{
	struct recorder *l = recorder_of(queue);

	end_waiting(l);
	if (!l->batch_tsc)
		l->batch_tsc = clock_tsc();
	return l->real->submit(queue, run, requests, count);
}

static void recorded_publish(struct blk_queue *queue)
{
	struct recorder *l = recorder_of(queue);
	uint64_t doorbells = queue->counters.doorbells;

	l->real->publish(queue);
	struct recorder_event *event = record(l, RECORDER_BATCH);
	event->tsc[0] = l->batch_tsc;
	event->tsc[1] = queue->doorbell_tsc;
	event->tsc[2] = clock_tsc();
	event->count = (uint32_t)(queue->counters.requests - l->requests_published);
	event->marks = queue->counters.doorbells != doorbells ? RECORDER_RUNG : 0;
	l->requests_published = queue->counters.requests;
	l->batch_tsc = 0;
}

static unsigned recorded_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	struct recorder *l = recorder_of(queue);

	end_waiting(l);
	note_interrupts(l);
	uint64_t now = clock_tsc();
	unsigned count = l->real->reap(queue, out, max);
	if (!count)
		return 0;
	l->discovery_tsc = now;
	for (unsigned i = 0; i < count; i++) {
		bool part = blk_parts_contain(queue->parts, out[i]);

		if (!queue->sched && !part)
			continue;
		struct recorder_event *event = record(l, RECORDER_PIECE);
		set_request(event, out[i]);
		event->marks = part ? RECORDER_PART : 0;
		event->tsc[2] = now;
	}
	return count;
}

static bool recorded_has_completions(const struct blk_queue *queue)
{
	struct recorder *l = recorder_of(queue);
	struct waiting *waiting = &waiting_table[cpu_this()->index];
	bool there = l->real->has_completions(queue);

	if (waiting->armed_tsc)
		end_waiting(l);
	if (!there && !waiting->poll_tsc)
		waiting->poll_tsc = clock_tsc();
	return there;
}

static bool recorded_arm(struct blk_queue *queue, unsigned ahead)
{
	struct recorder *l = recorder_of(queue);
	const struct cpu *cpu = cpu_this();
	bool there = l->real->arm(queue, ahead);

	end_waiting(l);
	if (!there)
		waiting_table[cpu->index] =
			(struct waiting){ .armed_tsc = clock_tsc(), .halts = cpu->halts };
	return there;
}

static void recorded_disarm(struct blk_queue *queue)
{
	struct recorder *l = recorder_of(queue);

	end_waiting(l);
	l->real->disarm(queue);
}

/* --- for the submitter --- */

void recorder_note_delivery(const struct blk_queue *queue, const struct blk_request *request,
			     uint16_t submitter, uint64_t now_tsc)
{
	struct recorder *l = recorder_of(queue);
	struct recorder_event *event = record(l, RECORDER_DELIVERY);
	uint64_t signal_tsc = request->signal_tsc;

	set_request(event, request);
	event->submitter = submitter;
	event->tsc[2] = signal_tsc;
	/* Polling finds first and stamps then; and a look of another CPU is not this one's. */
	event->tsc[3] = MIN(now_tsc, MAX(signal_tsc, load_once(&l->discovery_tsc)));
	event->tsc[4] = now_tsc;
	if (request->doorbell_tsc == signal_tsc)
		event->marks = RECORDER_UNSEEN;
	else if (!queue->sched && !blk_parts_needed(&queue->device->limits, request))
		event->marks = RECORDER_WHOLE;
	if (signal_tsc == load_once(&queue->last_interrupt_tsc))
		event->marks |= RECORDER_INTERRUPTED;
}

/* --- start and end --- */

int recorder_start(struct blk_queue *queue, uint32_t capacity)
{
	if (queue->driver->submit == recorded_submit)
		return 0;
	struct recorder *l = heap_allocate(sizeof(*l));
	struct recorder_event *events = heap_allocate(capacity * sizeof(events[0]));
	if (!l || !events)
		return -ERR_NO_MEMORY;
	*l = (struct recorder){ .driver = *queue->driver,
				 .real = queue->driver,
				 .queue = queue,
				 .events = events,
				 .capacity = capacity,
				 .before = queue->counters,
				 .interrupts_seen = queue->counters.interrupts,
				 .requests_published = queue->counters.requests };
	l->driver.submit = recorded_submit;
	l->driver.publish = recorded_publish;
	l->driver.reap = recorded_reap;
	l->driver.has_completions = recorded_has_completions;
	if (l->driver.arm) {
		l->driver.arm = recorded_arm;
		l->driver.disarm = recorded_disarm;
	}
	l->driver.plain_submit = NULL;
	l->driver.plain_submit_one = NULL;
	l->driver.plain_poll = NULL;
	l->driver.plain_wait = NULL;
	queue->driver = &l->driver;
	blk_prepare_ways(queue);
	*end = l;
	end = &l->next;
	return 0;
}

void recorder_end(void)
{
	for (struct recorder *l = first; l; l = l->next)
		note_interrupts(l);
}

const struct recorder *recorder_first(void)
{
	return first;
}

uint32_t recorder_kept(const struct recorder *l)
{
	return (uint32_t)MIN(l->recorded, l->capacity);
}

const struct recorder_event *recorder_at(const struct recorder *l, uint32_t nth)
{
	return &l->events[(l->recorded - recorder_kept(l) + nth) % l->capacity];
}

unsigned recorder_stamp_count(enum recorder_kind kind)
{
	static const uint8_t counts[RECORDER_KINDS] = {
		[RECORDER_DELIVERY] = 5, [RECORDER_PIECE] = 3, [RECORDER_BATCH] = 3,
		[RECORDER_INTERRUPT] = 1, [RECORDER_POLL] = 2, [RECORDER_SLEEP] = 2,
	};

	return counts[kind];
}
