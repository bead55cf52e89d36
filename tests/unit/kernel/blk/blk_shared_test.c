/* SPDX-License-Identifier: MIT */
/*
 * Queues of several CPUs: who works there, inbox, mailboxes, sleepers. At the
 * end real threads play the CPUs; built with ThreadSanitizer too, which must find
 * no race.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

#include <pthread.h>
#include <sched.h>

#include "kernel/blk/blk_impl.h"

static struct blk_queue *shared_queue(uint32_t cpus)
{
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(cpus, 1, &limits)->queues[0];

	assert_true(queue->shared);
	return queue;
}

static void another_cpus_completion_travels_to_it(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(3);
	struct rig_request *mine = rig_request(BLK_READ, 0, 8);
	struct rig_request *first = rig_request(BLK_READ, 8, 8);
	struct rig_request *second = rig_request(BLK_READ, 16, 8);

	rig_be_cpu(2);
	assert_true(rig_submit(queue, first));
	assert_true(rig_submit(queue, second));
	rig_be_cpu(1);
	assert_true(rig_submit(queue, mine));
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(mine->done_count, 1);
	assert_int_equal(mine->done_cpu, 1);
	assert_int_equal(first->done_count, 0);
	assert_int_equal(rig_wakes[2], 1);
	assert_int_equal(rig_wakes[1], 0);
	rig_be_cpu(2);
	assert_int_equal(blk_poll(queue), 2);
	assert_int_equal(first->done_cpu, 2);
	assert_true(first->done_order < second->done_order);
	assert_true(blk_queue_idle(queue));
}

static void one_poll_delivers_more_than_one_reap(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);

	for (uint32_t i = 0; i < 100; i++)
		assert_true(rig_submit(queue, rig_request(BLK_READ, i, 1)));
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 100);
}

static void refusals_travel_too(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);
	struct rig_request *bad = rig_request(BLK_READ, UINT64_MAX, 8);

	rig_be_cpu(1);
	assert_true(rig_submit(queue, bad));
	rig_be_cpu(0);
	assert_int_equal(blk_poll(queue), 0);
	rig_be_cpu(1);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(bad->request.status, BLK_OUT_OF_RANGE);
	assert_int_equal(bad->done_cpu, 1);
}

/* No interrupt comes for what the layer answered itself. */
static void who_arms_is_told_of_what_is_finished(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);

	assert_false(blk_shared_arm(queue));
	blk_shared_disarm(queue);
	assert_true(rig_submit(queue, rig_request(BLK_READ, UINT64_MAX, 8)));
	assert_true(blk_shared_arm(queue));
	blk_shared_disarm(queue);
}

/* --- a CPU at work that is not scheduled holds up no other --- */

static void what_is_submitted_meanwhile_is_left_to_the_one_at_work(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(3);
	struct rig_request *r[4];

	blk_begin_work(queue);
	for (uint32_t i = 0; i < 4; i++) {
		rig_be_cpu(1 + i % 2);
		r[i] = rig_request(i == 2 ? BLK_FLUSH : BLK_READ, i * 8, i == 2 ? 0 : 8);
		assert_true(rig_submit(queue, r[i]));
	}
	assert_int_equal(rig_fake(queue)->log_count, 0);
	rig_be_cpu(0);
	blk_end_work(queue);
	assert_int_equal(rig_fake(queue)->log_count, 4);
	assert_int_equal(rig_fake(queue)->publish_calls, 1);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(rig_fake(queue)->log[i].sector, i * 8);
	rig_drain(queue);
	assert_int_equal(rig_done_total, 0);
	for (uint32_t cpu = 1; cpu < 3; cpu++) {
		rig_be_cpu(cpu);
		assert_int_equal(blk_poll(queue), 2);
		assert_int_equal(rig_wakes[cpu], 1);
	}
}

static void who_falls_asleep_meanwhile_is_armed_for_by_the_one_at_work(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);

	blk_begin_work(queue);
	rig_be_cpu(1);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	assert_false(blk_shared_arm(queue));
	assert_int_equal(rig_fake(queue)->arms, 0);
	rig_be_cpu(0);
	blk_end_work(queue);
	assert_true(rig_fake(queue)->armed);
	/* And leaves again meanwhile. */
	blk_begin_work(queue);
	rig_be_cpu(1);
	blk_shared_disarm(queue);
	rig_be_cpu(0);
	blk_end_work(queue);
	assert_false(rig_fake(queue)->armed);
	assert_int_equal(rig_fake(queue)->disarms, 1);
}

/* Rather than by waking it to look for itself. */
static void who_falls_asleep_on_completions_is_sent_them_by_the_one_at_work(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);

	rig_be_cpu(1);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	blk_begin_work(queue);
	assert_false(blk_shared_arm(queue));
	rig_complete_all(queue);
	rig_be_cpu(0);
	blk_end_work(queue);
	assert_int_equal(rig_wakes[1], 1);
	assert_true(rig_fake(queue)->armed);
	rig_be_cpu(1);
	assert_int_equal(blk_poll(queue), 1);
}

/* CPU 2 comes when CPU 1 has looked for what was left, and is not done yet. */
static void submit_once(struct blk_queue *queue)
{
	rig_on_arm = NULL;
	rig_be_cpu(2);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	rig_be_cpu(1);
}

static void fall_asleep_once(struct blk_queue *queue)
{
	rig_on_arm = NULL;
	rig_be_cpu(2);
	assert_false(blk_shared_arm(queue));
	rig_be_cpu(1);
}

static void who_comes_at_the_last_moment_is_seen(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(3);

	rig_be_cpu(1);
	rig_on_arm = submit_once;
	assert_false(blk_shared_arm(queue));
	assert_int_equal(rig_fake(queue)->log_count, 1);
	blk_shared_disarm(queue);
	rig_on_arm = fall_asleep_once;
	rig_fake(queue)->arms = 0;
	assert_false(blk_shared_arm(queue));
	assert_int_equal(rig_fake(queue)->arms, 2);
}

static void complete_one(struct blk_queue *queue)
{
	rig_complete(queue, 0, BLK_OK);
}

static void a_device_faster_than_the_one_at_work_does_not_keep_it(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);

	rig_be_cpu(1);
	for (uint32_t i = 0; i < 10; i++)
		assert_true(rig_submit(queue, rig_request(BLK_READ, i * 8, 8)));
	rig_be_cpu(0);
	rig_on_arm = complete_one;
	assert_false(blk_shared_arm(queue));
	assert_int_equal(rig_fake(queue)->arms, 2);
	/* CPU 1 has what was found, and CPU 0 must not sleep over the rest. */
	assert_int_equal(rig_wakes[1], 1);
	assert_int_equal(rig_wakes[0], 1);
	rig_be_cpu(1);
	rig_on_arm = NULL;
	assert_int_equal(blk_poll(queue), 2);
}

static void a_poll_beside_one_at_work_still_delivers_mail(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(2);
	struct rig_request *r = rig_request(BLK_READ, 0, 8);

	rig_be_cpu(1);
	rig_submit(queue, r);
	rig_complete_all(queue);
	rig_be_cpu(0);
	blk_poll(queue);
	blk_begin_work(queue);
	uint32_t reaps = rig_fake(queue)->reap_calls;
	rig_be_cpu(1);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(rig_fake(queue)->reap_calls, reaps);
	blk_end_work(queue);
	assert_int_equal(r->done_count, 1);
}

static struct blk_queue *interrupted_queue;

static void interrupt(void)
{
	rig_complete_all(interrupted_queue);
	blk_note_interrupt(interrupted_queue);
}

static void the_owners_interrupt_wakes_every_cpu_that_waits(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(3);

	interrupted_queue = queue;
	rig_be_cpu(2);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	queue->sleepers = 1ull << 1; /* CPU 1 sleeps already */
	rig_on_sleep = interrupt;
	blk_wait(&queue, 1, 1);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig_wakes[1], 1);
	assert_int_equal(rig_wakes[2], 1);
	assert_int_equal(cpu_table[0].wake, 1);
	assert_int_equal(queue->sleepers, 1ull << 1);
	/* CPU 1 still waits, so the queue is not silenced. */
	assert_int_equal(rig_fake(queue)->disarms, 0);
	rig_be_cpu(1);
	blk_shared_disarm(queue);
	assert_int_equal(rig_fake(queue)->disarms, 1);
	assert_int_equal(queue->sleepers, 0);
}

/* --- threads --- */

enum { THREADS = 4, PER_THREAD = 3000, DEPTH = 16 };

struct worker {
	pthread_t thread;
	uint32_t cpu;
	struct blk_queue *queue;
	struct rig_request *requests;
	uint32_t returned; /* counted by done(), on this CPU */
	bool wrong_cpu;
};

static struct worker workers[THREADS];
static uint32_t working; /* [a] */

static void worker_done(struct blk_request *request)
{
	struct worker *worker = request->owner;
	struct rig_request *r = CONTAINER_OF(request, struct rig_request, request);

	worker->wrong_cpu |= cpu_this()->index != worker->cpu;
	worker->returned++;
	r->done_count++;
}

static void prepare(struct worker *worker, uint32_t i, struct blk_request *request)
{
	uint32_t number = worker->cpu * PER_THREAD + i;

	request->op = i % 50 == 0 ? BLK_FLUSH : i % 3 ? BLK_READ : BLK_WRITE;
	request->flags = i % 30 == 3 ? BLK_FUA : 0;
	request->sector = number * 8;
	request->sector_count = request->op == BLK_FLUSH ? 0 : 8;
	request->segment_count = request->op != BLK_FLUSH;
	request->segments = worker->requests[i].segments;
	worker->requests[i].segments[0].length_bytes = 4096;
	if (i % 17 == 1)
		request->sector = UINT64_MAX; /* refused */
	request->done = worker_done;
	request->owner = worker;
}

/* A wake-up that gets lost leaves the thread here, and the test hangs. */
static void sleep_until_woken(void)
{
	while (!load_once(&cpu_this()->wake))
		sched_yield();
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	uint32_t sent = 0;

	rig_be_cpu(worker->cpu);
	while (worker->returned < PER_THREAD) {
		while (sent < PER_THREAD && sent - worker->returned < DEPTH) {
			struct blk_request *request = &worker->requests[sent].request;

			prepare(worker, sent, request);
			if (!blk_submit(worker->queue, &request, 1))
				break;
			sent++;
		}
		if (!blk_poll(worker->queue) && worker->returned < PER_THREAD)
			blk_wait(&worker->queue, 1, 1);
	}
	__atomic_fetch_sub(&working, 1, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * The device: completes what is there, out of order, under the queue's lock,
 * and interrupts only when it was asked to, once.
 */
static void play_device(struct blk_queue *queue)
{
	struct rig_queue *fake = rig_fake(queue);

	rig_be_cpu(THREADS); /* none of the workers */
	while (__atomic_load_n(&working, __ATOMIC_ACQUIRE)) {
		blk_begin_work(queue);
		for (uint32_t n = rig_random_below(6); n && fake->published; n--)
			rig_complete(queue, rig_random_below(fake->published), BLK_OK);
		bool interrupts = fake->armed && fake->completed_count >= fake->last_ahead;
		fake->armed &= !interrupts;
		blk_end_work(queue);
		if (interrupts)
			blk_note_interrupt(queue);
		sched_yield();
	}
}

static void run_workers(struct blk_queue *queue)
{
	rig_fake(queue)->depth = 24;
	rig_on_sleep = sleep_until_woken;
	working = THREADS;
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .cpu = i, .queue = queue };
		workers[i].requests = test_calloc(PER_THREAD, sizeof(struct rig_request));
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	play_device(queue);
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_false(workers[i].wrong_cpu);
		for (uint32_t k = 0; k < PER_THREAD; k++) {
			struct rig_request *r = &workers[i].requests[k];

			assert_int_equal(r->done_count, 1);
			assert_int_equal(r->request.status == BLK_OK,
					 r->request.sector != UINT64_MAX ||
						 r->request.op == BLK_FLUSH);
		}
		test_free(workers[i].requests);
	}
	assert_true(blk_queue_idle(queue));
	assert_int_equal(queue->counters.requests, queue->counters.completions);
}

static void four_cpus_on_one_queue_get_each_their_own_back_once(void **state)
{
	(void)state;
	run_workers(shared_queue(THREADS));
}

static void the_same_through_the_scheduler(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .sched = SCHED_DEADLINE };

	run_workers(&rig_create_with(THREADS, 1, &limits, &settings, &rig_driver)->queues[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(another_cpus_completion_travels_to_it),
		rig_test(one_poll_delivers_more_than_one_reap),
		rig_test(refusals_travel_too),
		rig_test(who_arms_is_told_of_what_is_finished),
		rig_test(what_is_submitted_meanwhile_is_left_to_the_one_at_work),
		rig_test(who_falls_asleep_meanwhile_is_armed_for_by_the_one_at_work),
		rig_test(who_falls_asleep_on_completions_is_sent_them_by_the_one_at_work),
		rig_test(who_comes_at_the_last_moment_is_seen),
		rig_test(a_device_faster_than_the_one_at_work_does_not_keep_it),
		rig_test(a_poll_beside_one_at_work_still_delivers_mail),
		rig_test(the_owners_interrupt_wakes_every_cpu_that_waits),
		rig_test(four_cpus_on_one_queue_get_each_their_own_back_once),
		rig_test(the_same_through_the_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
