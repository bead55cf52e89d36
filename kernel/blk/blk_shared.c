/*
 * Queues that serve several CPUs, beside the path of those that serve one.
 *
 *   CPU 1  blk_submit  -- lock --> queue <-- lock --  blk_poll  CPU 0
 *                                                        |
 *   CPU 1  blk_poll  <-- mailbox of CPU 1, cpu_wake() ---+
 *
 * Whoever polls reaps for all: a request that another CPU submitted is pushed
 * to that CPU's mailbox, a lock-free list with many writers and one reader,
 * and its done() runs there.
 *
 * The queue's interrupt goes to its owner, which need not be in a loop that
 * polls the queue. So a CPU that sleeps registers itself in queue->waiters, and
 * the handler wakes all who are there. One-shot events do not lose anybody: a
 * CPU registers before it arms, each arming asks for the next completion, and
 * the queue is silenced only when the last one has left.
 *
 * Owned here: the mailboxes. The lock is a plain spin lock: handlers never
 * take it, and loop context is never preempted, so its holder always runs. It
 * guards all [c] fields of the queue and the driver's queue. done() is called
 * without it.
 */
#include "kernel/blk/blk_impl.h"

struct mailbox {
	struct blk_request *newest; /* [a] list, newest first */
} ALIGNED(CACHE_LINE_BYTES);

static struct mailbox mailbox_table[CPU_MAX];

bool blk_try_lock(struct blk_queue *queue)
{
	/* Acquire pairs with the release in blk_unlock(). */
	return !__atomic_exchange_n(&queue->lock, 1, __ATOMIC_ACQUIRE);
}

void blk_lock(struct blk_queue *queue)
{
	while (!blk_try_lock(queue))
		while (load_once(&queue->lock))
			__builtin_ia32_pause();
}

void blk_unlock(struct blk_queue *queue)
{
	store_release(&queue->lock, 0);
}

/* The release pairs with the acquire in blk_mailbox_deliver(). */
static void post(struct mailbox *mailbox, struct blk_request *request)
{
	struct blk_request *newest = load_once(&mailbox->newest);

	do {
		request->next = newest;
	} while (!__atomic_compare_exchange_n(&mailbox->newest, &newest, request, true,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

unsigned blk_shared_deliver(struct blk_request *list)
{
	uint32_t here = cpu_this()->index;
	uint64_t to_wake = 0;
	struct blk_request *next;
	unsigned count = 0;

	for (; list; list = next) {
		uint32_t submit_cpu = list->submit_cpu;

		next = list->next;
		if (submit_cpu == here) {
			list->done(list);
			count++;
			continue;
		}
		post(&mailbox_table[submit_cpu], list);
		to_wake |= 1ull << submit_cpu;
	}
	for (; to_wake; to_wake &= to_wake - 1)
		cpu_wake(&cpu_table[__builtin_ctzll(to_wake)]);
	return count;
}

unsigned blk_mailbox_deliver(void)
{
	struct mailbox *mailbox = &mailbox_table[cpu_this()->index];

	if (!load_once(&mailbox->newest))
		return 0;
	struct blk_request *newest_first =
		__atomic_exchange_n(&mailbox->newest, NULL, __ATOMIC_ACQUIRE);
	struct blk_request *next, *list = NULL;
	unsigned count = 0;

	for (; newest_first; newest_first = next) {
		next = newest_first->next;
		newest_first->next = list;
		list = newest_first;
	}
	for (; list; list = next, count++) {
		next = list->next;
		list->done(list);
	}
	return count;
}

bool blk_shared_has_finished(struct blk_queue *queue)
{
	blk_lock(queue);
	bool there = queue->finished != NULL;
	blk_unlock(queue);
	return there;
}

bool blk_shared_arm(struct blk_queue *queue)
{
	__atomic_fetch_or(&queue->waiters, 1ull << cpu_this()->index, __ATOMIC_SEQ_CST);
	blk_lock(queue);
	bool there = queue->finished || queue->driver->arm(queue, 1);
	queue->counters.arms++;
	blk_unlock(queue);
	return there;
}

void blk_shared_disarm(struct blk_queue *queue)
{
	__atomic_fetch_and(&queue->waiters, ~(1ull << cpu_this()->index), __ATOMIC_SEQ_CST);
	blk_lock(queue);
	/* Under the lock nobody arms: whoever comes meanwhile has yet to. */
	if (!load_once(&queue->waiters))
		queue->driver->disarm(queue);
	blk_unlock(queue);
}

void blk_wake_waiters(struct blk_queue *queue)
{
	uint64_t waiters = load_once(&queue->waiters);

	for (; waiters; waiters &= waiters - 1)
		cpu_wake(&cpu_table[__builtin_ctzll(waiters)]);
}
