/* SPDX-License-Identifier: MIT */
/* A full queue of two CPUs: who waits gets its turn. */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/blk_impl.h"
#include "kernel/blk/sched.h"

static struct blk_queue *shared_queue(enum setting_sched sched)
{
	struct blk_limits limits = rig_limits();
	struct settings settings = { .sched = sched };

	return &rig_create_with(2, 1, &limits, &settings, &rig_driver)->queues[0];
}

/*
 * CPU 0 keeps the queue full, and the scheduler if there is one: whatever comes
 * back is submitted anew, before CPU 1 gets to look. The device serves one
 * request at a time.
 */
enum { CROWD = 400, CROWD_DEPTH = 8 };

static struct blk_request *idle[CROWD];
static uint32_t idle_count;
static uint64_t crowd_sector;

static void crowd_done(struct blk_request *request)
{
	idle[idle_count++] = request;
}

static void crowd_submits(struct blk_queue *queue)
{
	rig_be_cpu(0);
	while (idle_count) {
		struct blk_request *request = idle[idle_count - 1];

		/* Upwards, where the order of sectors prefers it. */
		request->sector = request->op == BLK_FLUSH ? 0 : (crowd_sector += 16) % (1u << 20);
		request->submit_tsc = clock_tsc();
		if (!blk_submit(queue, &request, 1))
			return;
		idle_count--;
	}
}

static struct blk_queue *crowded_queue(enum setting_sched sched, enum blk_op op)
{
	struct blk_queue *queue = shared_queue(sched);

	rig_fake(queue)->depth = CROWD_DEPTH;
	crowd_sector = 1u << 19;
	for (idle_count = 0; idle_count < CROWD; idle_count++) {
		struct rig_request *r = rig_request(op, 0, op == BLK_FLUSH ? 0 : 8);

		r->request.done = crowd_done;
		idle[idle_count] = &r->request;
	}
	crowd_submits(queue);
	return queue;
}

/* How many the device serves until CPU 1 has its own back; at most `most`. */
static uint32_t served_until_done(struct blk_queue *queue, struct rig_request *wish, uint32_t most)
{
	bool accepted = false;
	uint32_t served;

	for (served = 0; served < most && !wish->done_count; served++) {
		rig_be_cpu(1);
		if (!accepted)
			accepted = rig_submit(queue, wish);
		rig_now_tsc += 20000;
		rig_complete(queue, 0, BLK_OK);
		rig_be_cpu(0);
		blk_poll(queue);
		crowd_submits(queue);
		rig_be_cpu(1);
		blk_poll(queue);
	}
	return served;
}

static const struct {
	enum blk_op op;
	uint8_t flags;
	uint32_t sector_count;
	uint32_t steps; /* requests for the driver, one after the other */
} wishes[] = {
	{ BLK_READ, 0, 8, 1 },
	{ BLK_WRITE, 0, 8, 1 },
	{ BLK_WRITE, BLK_FUA, 8, 2 },
	{ BLK_FLUSH, 0, 0, 1 },
	{ BLK_DISCARD, 0, 8, 1 },
	{ BLK_GET_ID, 0, 0, 1 },
	/* Parts, more than there are at once. */
	{ BLK_READ, 0, 2048 * 40, 40 },
	{ BLK_WRITE, BLK_FUA, 2048 * 40, 41 },
};

static void nobody_is_kept_out_by_a_crowd(enum setting_sched sched, uint32_t most_per_step)
{
	static const enum blk_op crowds[] = { BLK_READ, BLK_WRITE, BLK_FLUSH };

	for (size_t i = 0; i < ARRAY_COUNT(wishes); i++) {
		for (size_t crowd = 0; crowd < ARRAY_COUNT(crowds); crowd++) {
			struct blk_queue *queue = crowded_queue(sched, crowds[crowd]);
			struct rig_request *wish =
				rig_request(wishes[i].op, 64, wishes[i].sector_count);
			uint32_t most = most_per_step * wishes[i].steps;

			wish->request.flags = wishes[i].flags;
			uint32_t served = served_until_done(queue, wish, most + 1);
			if (served > most)
				print_error("wish %zu, crowd %zu: more than %u\n", i, crowd, most);
			assert_true(served <= most);
			assert_int_equal(wish->request.status, BLK_OK);
		}
	}
}

/* It waits for those that were there, and for what the device had. */
static void on_a_full_shared_queue_each_gets_its_turn(void **state)
{
	(void)state;
	nobody_is_kept_out_by_a_crowd(SCHED_NONE, CROWD + CROWD_DEPTH);
}

static void the_same_with_a_scheduler_within_its_bound(void **state)
{
	(void)state;
	nobody_is_kept_out_by_a_crowd(SCHED_DEADLINE, CROWD + BLK_SCHED_BOUND);
}

/* It was not woken when there was room, as long as it had to come again. */
static void a_full_queue_that_falls_idle_leaves_nobody_behind(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(SCHED_NONE);
	struct rig_request *late = rig_request(BLK_READ, 800, 8);

	rig_fake(queue)->depth = 4;
	for (uint32_t i = 0; i < 4; i++)
		assert_true(rig_submit(queue, rig_request(BLK_READ, i * 8, 8)));
	rig_be_cpu(1);
	assert_true(rig_submit(queue, late));
	assert_int_equal(blk_oldest_submit_tsc(queue), late->request.submit_tsc);
	assert_false(blk_shared_arm(queue));
	rig_be_cpu(0);
	rig_drain(queue);
	assert_int_equal(rig_wakes[1], 1);
	rig_be_cpu(1);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(late->request.status, BLK_OK);
}

static void what_waits_when_the_queue_breaks_is_done_as_broken(void **state)
{
	(void)state;
	struct blk_queue *queue = shared_queue(SCHED_NONE);
	struct rig_request *r[100];

	rig_fake(queue)->depth = 4;
	for (uint32_t i = 0; i < 100; i++) {
		r[i] = rig_request(i % 10 ? BLK_READ : BLK_FLUSH, i * 8, i % 10 ? 8 : 0);
		assert_true(rig_submit(queue, r[i]));
	}
	rig_fake(queue)->breaks = true;
	assert_int_equal(blk_poll(queue), 96);
	assert_int_equal(blk_abandon(queue), 4);
	assert_int_equal(blk_poll(queue), 4);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(r[i]->done_count, 1);
		assert_int_equal(r[i]->request.status, BLK_BROKEN);
	}
	assert_true(blk_queue_idle(queue));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(on_a_full_shared_queue_each_gets_its_turn),
		rig_test(the_same_with_a_scheduler_within_its_bound),
		rig_test(a_full_queue_that_falls_idle_leaves_nobody_behind),
		rig_test(what_waits_when_the_queue_breaks_is_done_as_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
