/* SPDX-License-Identifier: MIT */
/*
 * Everything at once on one queue: all operations, splits, merges, durable
 * writes, refusals, errors, a driver that is full, done() that submits, and at
 * last a queue that breaks with all of that outstanding. Whatever happens, each
 * request is done once, and the counters add up.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/sched.h"

enum { REQUESTS = 300, CPUS = 3, SEEDS = 40 };

struct storm {
	struct blk_queue *queue;
	uint32_t cpus;
	struct rig_request *requests[REQUESTS];
	uint32_t cpu_of[REQUESTS];
	bool accepted[REQUESTS];
	uint32_t next; /* to be submitted */
	uint32_t done, failed, refused; /* by the layer itself */
};

static struct storm storm;

/* At most one: the others wait for their turn, as a submitter's would. */
static bool submit_next(void)
{
	uint32_t i = storm.next;

	if (i == REQUESTS || storm.cpu_of[i] != cpu_this()->index)
		return false;
	storm.next++; /* done() may submit the one after it */
	storm.accepted[i] = rig_submit(storm.queue, storm.requests[i]);
	if (!storm.accepted[i])
		storm.next = i;
	return storm.accepted[i];
}

static void storm_done(struct blk_request *request)
{
	struct rig_request *r = CONTAINER_OF(request, struct rig_request, request);
	uint32_t i = (uint32_t)(uintptr_t)request->owner;

	assert_true(storm.accepted[i]);
	assert_int_equal(++r->done_count, 1);
	assert_int_equal(cpu_this()->index, storm.cpu_of[i]);
	storm.done++;
	storm.failed += request->status != BLK_OK;
	storm.refused += request->status == BLK_OUT_OF_RANGE;
	/* What it held is the submitter's again. */
	memset(request, 0x5a, offsetof(struct blk_request, submit_tsc));
	if (!rig_random_below(3))
		submit_next();
}

static struct rig_request *draw(uint32_t i)
{
	static const enum blk_op ops[] = { BLK_READ,	BLK_READ,	  BLK_WRITE, BLK_WRITE,
					   BLK_FLUSH,	BLK_DISCARD,	  BLK_GET_ID,
					   BLK_WRITE_ZEROES };
	enum blk_op op = ops[rig_random_below(ARRAY_COUNT(ops))];
	bool has_place = op != BLK_FLUSH && op != BLK_GET_ID;
	uint32_t sectors = !has_place ? 0 : rig_random_below(10) ? 8 : 4096 + 8;
	struct rig_request *r = rig_request(op, rig_random_below(60) * 8, sectors);

	if (!rig_random_below(4))
		r->request.flags = BLK_FUA;
	if (has_place && !rig_random_below(20))
		r->request.sector = UINT64_MAX;
	r->request.done = storm_done;
	r->request.owner = (void *)(uintptr_t)i;
	storm.cpu_of[i] = rig_random_below(storm.cpus);
	return r;
}

static void start(uint32_t seed, uint32_t cpus, enum setting_sched sched)
{
	struct blk_limits limits = rig_limits();
	struct settings settings = { .sched = sched };

	rig_teardown(NULL);
	rig_setup(NULL);
	while (seed--)
		rig_random();
	limits.max_sectors = limits.max_discard_sectors = limits.max_write_zeroes_sectors = 128;
	storm = (struct storm){ .cpus = cpus };
	storm.queue = &rig_create_with(cpus, 1, &limits, &settings, &rig_driver)->queues[0];
	rig_fake(storm.queue)->depth = 4 + rig_random_below(20);
	for (uint32_t i = 0; i < REQUESTS; i++)
		storm.requests[i] = draw(i);
}

static void one_step(void)
{
	struct rig_queue *fake = rig_fake(storm.queue);

	rig_be_cpu(rig_random_below(storm.cpus));
	fake->take_most = rig_random_below(8);
	for (uint32_t n = rig_random_below(8); n && submit_next(); n--)
		;
	for (uint32_t n = rig_random_below(6); n && fake->published; n--)
		rig_complete(storm.queue, rig_random_below(fake->published),
			     rig_random_below(10) ? BLK_OK : BLK_IO_ERROR);
	blk_poll(storm.queue);
}

static void check_end(void)
{
	const struct blk_counters *c = &storm.queue->counters;

	for (uint32_t i = 0; i < REQUESTS; i++)
		assert_int_equal(storm.requests[i]->done_count, storm.accepted[i]);
	assert_true(blk_queue_idle(storm.queue));
	assert_int_equal(storm.queue->urgent_out, 0);
	assert_int_equal(c->errors, storm.failed);
	assert_int_equal(blk_oldest_submit_tsc(storm.queue), 0);
}

static void ends_well(uint32_t seed, uint32_t cpus, enum setting_sched sched)
{
	start(seed, cpus, sched);
	for (uint32_t steps = 0; storm.done < REQUESTS; steps++) {
		assert_true(steps < 100000);
		one_step();
	}
	const struct blk_counters *c = &storm.queue->counters;
	assert_int_equal(c->requests, REQUESTS + c->splits - c->merges - storm.refused);
	assert_int_equal(c->completions, c->requests);
	check_end();
}

/* In the middle of it. What the driver holds comes back when the device was reset. */
static void ends_badly(uint32_t seed, uint32_t cpus, enum setting_sched sched)
{
	start(seed, cpus, sched);
	for (uint32_t steps = rig_random_below(200); steps; steps--)
		one_step();
	rig_fake(storm.queue)->breaks = true;
	for (uint32_t steps = rig_random_below(20); steps; steps--)
		one_step();
	/* What the device had completed is lost with it. */
	struct rig_queue *fake = rig_fake(storm.queue);
	while (fake->completed_count)
		fake->slots[fake->slot_count++] = fake->completed[--fake->completed_count];
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		rig_be_cpu(cpu);
		blk_poll(storm.queue);
	}
	blk_abandon(storm.queue);
	/* Submitters may go on for as long as they like. */
	for (uint32_t steps = 0; steps < 100 || storm.done < storm.next; steps++) {
		assert_true(steps < 10000);
		one_step();
	}
	check_end();
}

static void on_every_kind_of_queue(void (*end)(uint32_t seed, uint32_t cpus,
					       enum setting_sched sched))
{
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		end(seed, 1, SCHED_NONE);
		end(seed, 1, SCHED_DEADLINE);
		end(seed, CPUS, SCHED_NONE);
		end(seed, CPUS, SCHED_DEADLINE);
	}
}

static void each_request_is_done_once_and_the_counters_add_up(void **state)
{
	(void)state;
	on_every_kind_of_queue(ends_well);
}

static void the_same_when_the_queue_breaks_in_the_middle(void **state)
{
	(void)state;
	on_every_kind_of_queue(ends_badly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(each_request_is_done_once_and_the_counters_add_up),
		rig_test(the_same_when_the_queue_breaks_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
