/* SPDX-License-Identifier: MIT */
/*
 * Queues that serve several CPUs, beside the path of those that serve one.
 *
 *   CPU 1  blk_submit --> inbox --+
 *   CPU 2  blk_submit --> inbox --+--> at work: any one CPU --> driver
 *                                             |
 *   CPU 1  blk_poll  <-- mailbox of CPU 1 <---+
 *
 * One CPU at a time works on the queue, for all of them, and no CPU waits for
 * another: it leaves its wish where the working CPU finds it, and goes on. A
 * hypervisor often takes a CPU away at a doorbell, so the working CPU may stop
 * for long; a CPU that spun meanwhile would be late each time.
 *
 *   the CPU with a wish            the CPU at work
 *     leaves it (inbox, asking)      lets the lock go
 *     takes the lock, or not         looks for wishes that were left
 *
 * Each does its two steps in that order (sequentially consistent), so one of
 * them sees the other: no wish stays behind (tests/model/share.pml tries every
 * order).
 *
 * Requests without room are kept in the order of submission (queue->waiting), and
 * nothing newer is admitted before them. So a CPU with a single request gets its
 * turn however many others keep the queue full, and needs no wake-up of its own
 * when there is room.
 *
 * Requests that are over go to their CPU's mailbox, a lock-free list with many
 * writers and one reader; their done() runs there.
 *
 * The queue's interrupt goes to its owner, which need not be in a loop that
 * polls the queue. So a CPU that sleeps is registered in queue->sleepers, and
 * the handler wakes all of them. One-shot events lose no CPU: it registers
 * before it asks, each asking is for the next completion, and the queue is
 * silenced only when the last one has left.
 *
 * Owned here: the mailboxes, and of a queue the fields named so. Handlers never
 * work on a queue.
 */
#include "kernel/blk/blk_impl.h"
#include "kernel/irq/smp.h"

struct mailbox {
	struct blk_request *newest; /* [a] list, newest first */
} ALIGNED(CACHE_LINE_BYTES);

static struct mailbox mailbox_table[CPU_MAX];

static uint64_t bit_of(const struct cpu *cpu)
{
	return 1ull << cpu->index;
}

static void wake_cpus(uint64_t cpus)
{
	for (; cpus; cpus &= cpus - 1)
		smp_wake(&cpu_table[__builtin_ctzll(cpus)]);
}

/* --- lists with many writers --- */

/* Puts a chain of requests there, of which `oldest` is the last. */
static void post(struct blk_request **list, struct blk_request *newest, struct blk_request *oldest)
{
	struct blk_request *before = load_once(list);

	do
		oldest->next = before;
	while (!atomic_replace(list, &before, newest));
}

/* All of it, oldest first. */
static struct blk_request *take_all(struct blk_request **list)
{
	if (!load_once(list))
		return NULL;
	struct blk_request *newest = atomic_swap(list, NULL);
	struct blk_request *next, *oldest_first = NULL;

	for (; newest; newest = next) {
		next = newest->next;
		newest->next = oldest_first;
		oldest_first = newest;
	}
	return oldest_first;
}

/* --- work --- */

static bool try_begin(struct blk_queue *queue)
{
	return flag_take(&queue->lock);
}

static bool is_left_something(struct blk_queue *queue)
{
	return load_in_order(&queue->inbox) || load_in_order(&queue->asking);
}

static void empty_inbox(struct blk_queue *queue)
{
	struct blk_request *request = take_all(&queue->inbox);

	*queue->waiting_end = request;
	for (; request; request = request->next) {
		queue->waiting_end = &request->next;
		queue->backlog++;
	}
}

static bool arm_next(struct blk_queue *queue)
{
	queue->counters.arms++;
	return queue->driver->arm(queue, 1);
}

/*
 * Arms for the CPUs that began to sleep; the last one to leave silences the queue.
 * Completions that are there already are taken here, and wake nobody.
 */
static void answer_sleepers(struct blk_queue *queue)
{
	uint64_t asking = atomic_swap(&queue->asking, 0);

	if (!asking)
		return;
	if (!load_in_order(&queue->sleepers)) {
		queue->driver->disarm(queue);
		return;
	}
	if (!arm_next(queue))
		return;
	blk_reap(queue);
	blk_feed(queue);
	if (arm_next(queue))
		wake_cpus(asking);
}

/* This CPU's own it finds itself. */
static void send(struct blk_request *list)
{
	uint64_t to_wake = 0;
	struct blk_request *next;

	for (; list; list = next) {
		const struct cpu *cpu = &cpu_table[list->submit_cpu];

		next = list->next;
		post(&mailbox_table[cpu->index].newest, list, list);
		to_wake |= bit_of(cpu);
	}
	wake_cpus(to_wake & ~bit_of(cpu_this()));
}

void blk_begin_work(struct blk_queue *queue)
{
	while (!try_begin(queue))
		cpu_pause();
}

void blk_end_work(struct blk_queue *queue)
{
	do {
		empty_inbox(queue);
		blk_feed(queue);
		answer_sleepers(queue);
		struct blk_request *finished = blk_take_finished(queue);

		flag_give_back(&queue->lock);
		send(finished);
	} while (is_left_something(queue) && try_begin(queue));
}

/* --- submitting and polling --- */

unsigned blk_submit_shared(struct blk_queue *queue, struct blk_request *const *requests,
			   unsigned count)
{
	uint8_t here = (uint8_t)cpu_this()->index;

	for (unsigned i = 0; i < count; i++) {
		requests[i]->submit_cpu = here;
		if (i)
			requests[i]->next = requests[i - 1];
	}
	post(&queue->inbox, requests[count - 1], requests[0]);
	if (try_begin(queue))
		blk_end_work(queue);
	return count;
}

unsigned blk_poll_shared(struct blk_queue *queue)
{
	unsigned count = 0;

	if (try_begin(queue)) {
		blk_reap(queue);
		blk_end_work(queue);
	}
	struct blk_request *next, *list = take_all(&mailbox_table[cpu_this()->index].newest);
	for (; list; list = next, count++) {
		next = list->next;
		list->done(list);
	}
	return count;
}

/* --- sleeping --- */

bool blk_shared_has_finished(void)
{
	return load_once(&mailbox_table[cpu_this()->index].newest) != NULL;
}

static void ask(struct blk_queue *queue, uint64_t cpu)
{
	atomic_set_bits(&queue->asking, cpu);
	if (try_begin(queue))
		blk_end_work(queue);
}

bool blk_shared_arm(struct blk_queue *queue)
{
	uint64_t cpu = bit_of(cpu_this());

	atomic_set_bits(&queue->sleepers, cpu);
	ask(queue, cpu);
	return blk_shared_has_finished();
}

void blk_shared_disarm(struct blk_queue *queue)
{
	uint64_t cpu = bit_of(cpu_this());

	/* A CPU that sleeps after the last one has yet to ask, and is armed for then. */
	if (atomic_clear_bits(&queue->sleepers, cpu) == 0)
		ask(queue, cpu);
}

void blk_wake_sleepers(struct blk_queue *queue)
{
	wake_cpus(load_once(&queue->sleepers));
}

unsigned blk_abandon(struct blk_queue *queue)
{
	if (!queue->driver->abandon)
		return 0;
	if (!queue->shared)
		return blk_take_abandoned(queue);
	blk_begin_work(queue);
	unsigned count = blk_take_abandoned(queue);
	blk_end_work(queue);
	return count;
}
