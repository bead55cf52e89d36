/* SPDX-License-Identifier: MIT */
/* Recording of lifecycles: what is noted of what, and what the ring keeps. */
#include "tests/unit/kernel/blk/blk_rig.h"

/* Its tables are reset for each test. */
#include "kernel/blk/recorder.c"

#define SUBMITTER 7u

static int setup(void **state)
{
	memset(waiting_table, 0, sizeof(waiting_table));
	first = NULL;
	end = &first;
	return rig_setup(state);
}

static void done(struct blk_request *request)
{
	recorder_note_delivery(request->owner, request, SUBMITTER, clock_tsc());
}

static struct blk_queue *recorded(struct blk_limits limits, const struct settings *settings,
				  uint32_t capacity)
{
	struct rig *rig = rig_create_with(1, 1, &limits, settings, &rig_driver);

	assert_int_equal(recorder_start(&rig->queues[0], capacity), 0);
	return &rig->queues[0];
}

static struct blk_queue *plain_queue(uint32_t capacity)
{
	static const struct settings settings = { .completion = COMPLETION_IRQ };

	return recorded(rig_limits(), &settings, capacity);
}

static struct blk_request *submit(struct blk_queue *queue, struct rig_request *r)
{
	r->request.owner = queue;
	r->request.done = done;
	assert_true(rig_submit(queue, r));
	return &r->request;
}

static void complete_and_poll(struct blk_queue *queue)
{
	for (int i = 0; i < 100 && !blk_queue_idle(queue); i++) {
		rig_complete_all(queue);
		blk_poll(queue);
	}
	assert_true(blk_queue_idle(queue));
}

/* The nth event of a kind that is kept; NULL: there are fewer. */
static const struct recorder_event *find(enum recorder_kind kind, uint32_t nth)
{
	for (uint32_t i = 0; i < recorder_kept(recorder_first()); i++) {
		const struct recorder_event *event = recorder_at(recorder_first(), i);

		if (event->kind == kind && !nth--)
			return event;
	}
	return NULL;
}

static uint32_t count(enum recorder_kind kind)
{
	uint32_t n = 0;

	while (find(kind, n))
		n++;
	return n;
}

static void expect_rising(const struct recorder_event *event)
{
	for (unsigned i = 1; i < recorder_stamp_count(event->kind); i++)
		assert_true(event->tsc[i - 1] <= event->tsc[i]);
}

static void a_queue_that_is_not_recorded_keeps_its_driver(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(2, 2, &limits);

	assert_int_equal(recorder_start(&rig->queues[1], 64), 0);
	assert_ptr_equal(rig->queues[0].driver, &rig_driver);
	assert_ptr_not_equal(rig->queues[1].driver, &rig_driver);
	assert_string_equal(rig->queues[1].driver->name, rig_driver.name);
}

static void a_delivery_carries_the_stamps_of_its_request(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);
	struct rig_request *r = rig_request(BLK_WRITE, 800, 16);

	submit(queue, r);
	rig_complete(queue, 0, BLK_IO_ERROR);
	rig_now_tsc += 500;
	blk_poll(queue);
	const struct recorder_event *event = find(RECORDER_DELIVERY, 0);
	assert_non_null(event);
	assert_int_equal(event->op, BLK_WRITE);
	assert_int_equal(event->sector, 800);
	assert_int_equal(event->count, 16);
	assert_int_equal(event->status, BLK_IO_ERROR);
	assert_int_equal(event->submitter, SUBMITTER);
	assert_int_equal(event->marks, RECORDER_WHOLE);
	assert_int_equal(event->tsc[0], r->request.submit_tsc);
	assert_int_equal(event->tsc[1], r->request.doorbell_tsc);
	assert_int_equal(event->tsc[2], r->request.signal_tsc);
	assert_true(event->tsc[2] - event->tsc[1] >= 500);
	expect_rising(event);
	assert_int_equal(count(RECORDER_DELIVERY), 1);
	assert_int_equal(count(RECORDER_PIECE), 0);
}

static void a_batch_says_how_many_and_whether_it_rang(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);
	struct blk_request *requests[3];

	submit(queue, rig_request(BLK_READ, 0, 8));
	for (unsigned i = 0; i < ARRAY_COUNT(requests); i++)
		requests[i] = &rig_request(BLK_READ, 8 + i * 8, 8)->request;
	assert_int_equal(blk_submit(queue, requests, 3), 3);
	assert_int_equal(find(RECORDER_BATCH, 0)->count, 1);
	assert_int_equal(find(RECORDER_BATCH, 1)->count, 3);
	assert_int_equal(find(RECORDER_BATCH, 1)->marks, RECORDER_RUNG);
	expect_rising(find(RECORDER_BATCH, 1));
	const struct recorder_event *batch = find(RECORDER_BATCH, 1);
	assert_in_range(requests[0]->doorbell_tsc, batch->tsc[1], batch->tsc[2]);
	assert_null(find(RECORDER_BATCH, 2));
}

static void the_ring_keeps_the_newest_in_order_and_counts_the_lost(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(7);
	uint64_t last = 0;

	for (uint64_t i = 0; i < 100; i++) {
		submit(queue, rig_request(BLK_READ, i * 8, 8));
		complete_and_poll(queue);
	}
	assert_int_equal(recorder_first()->recorded, 200); /* batch, delivery */
	assert_int_equal(recorder_kept(recorder_first()), 7);
	for (uint32_t i = 0; i < 7; i++) {
		const struct recorder_event *event = recorder_at(recorder_first(), i);
		uint64_t at = event->tsc[recorder_stamp_count(event->kind) - 1];

		assert_true(at > last);
		last = at;
	}
	assert_int_equal(find(RECORDER_DELIVERY, 0)->sector, 96 * 8);
	assert_int_equal(find(RECORDER_DELIVERY, 3)->sector, 99 * 8);
}

static void the_parts_of_a_split_request_are_noted_one_by_one(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	static const struct settings settings = { 0 };

	limits.max_sectors = 16;
	struct blk_queue *queue = recorded(limits, &settings, 64);
	submit(queue, rig_request(BLK_READ, 64, 40));
	complete_and_poll(queue);
	static const uint32_t sectors[] = { 16, 16, 8 };
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(find(RECORDER_PIECE, i)->sector, 64 + i * 16);
		assert_int_equal(find(RECORDER_PIECE, i)->count, sectors[i]);
		assert_int_equal(find(RECORDER_PIECE, i)->marks, RECORDER_PART);
		expect_rising(find(RECORDER_PIECE, i));
	}
	assert_int_equal(count(RECORDER_PIECE), 3);
	assert_int_equal(count(RECORDER_DELIVERY), 1);
	assert_int_equal(find(RECORDER_DELIVERY, 0)->marks, 0);
	assert_int_equal(find(RECORDER_DELIVERY, 0)->count, 40);
}

static void a_merged_group_is_noted_beside_its_requests(void **state)
{
	(void)state;
	static const struct settings settings = { .sched = SCHED_DEADLINE };
	struct blk_queue *queue = recorded(rig_limits(), &settings, 64);

	rig_fake(queue)->take_most = 0;
	submit(queue, rig_request(BLK_READ, 80, 8)); /* chosen to go next */
	submit(queue, rig_request(BLK_READ, 800, 8));
	submit(queue, rig_request(BLK_READ, 808, 8));
	rig_fake(queue)->take_most = RIG_DEPTH_MAX;
	blk_poll(queue);
	complete_and_poll(queue);
	assert_int_equal(queue->counters.merges, 1);
	assert_int_equal(count(RECORDER_PIECE), 2);
	assert_int_equal(find(RECORDER_PIECE, 0)->count, 8);
	assert_int_equal(find(RECORDER_PIECE, 1)->count, 16);
	assert_int_equal(find(RECORDER_PIECE, 1)->marks, 0);
	assert_int_equal(count(RECORDER_DELIVERY), 3);
	for (uint32_t i = 0; i < 3; i++) {
		const struct recorder_event *event = find(RECORDER_DELIVERY, i);

		assert_int_equal(event->marks, 0);
		assert_int_equal(event->tsc[1], find(RECORDER_PIECE, i > 0)->tsc[1]);
	}
}

static void what_the_device_never_saw_is_marked(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);

	submit(queue, rig_request(BLK_READ, UINT64_MAX - 7, 8));
	blk_poll(queue);
	assert_int_equal(find(RECORDER_DELIVERY, 0)->marks, RECORDER_UNSEEN);
	assert_int_equal(find(RECORDER_DELIVERY, 0)->status, BLK_OUT_OF_RANGE);
	assert_int_equal(count(RECORDER_BATCH), 0);
}

static struct blk_queue *sleeper; /* its device completes all during a sleep */
static bool halts;

static void interrupt_while_asleep(void)
{
	rig_now_tsc += 1000;
	rig_complete_all(sleeper);
	cpu_this()->halts += halts;
	blk_note_interrupt(sleeper);
	rig_now_tsc += 100;
}

static void an_interrupt_and_the_sleep_that_it_ends_are_noted(void **state)
{
	(void)state;
	sleeper = plain_queue(64);
	halts = true;
	rig_on_sleep = interrupt_while_asleep;
	submit(sleeper, rig_request(BLK_READ, 0, 8));
	blk_wait(&sleeper, 1, 1);
	blk_poll(sleeper);
	const struct recorder_event *interrupt = find(RECORDER_INTERRUPT, 0);
	const struct recorder_event *sleep = find(RECORDER_SLEEP, 0);
	const struct recorder_event *delivery = find(RECORDER_DELIVERY, 0);
	assert_non_null(interrupt);
	assert_non_null(sleep);
	assert_int_equal(interrupt->count, 1);
	assert_int_equal(interrupt->tsc[0], sleeper->last_interrupt_tsc);
	assert_true(sleep->tsc[0] < interrupt->tsc[0]);
	assert_true(interrupt->tsc[0] < sleep->tsc[1]);
	assert_int_equal(delivery->marks, RECORDER_WHOLE | RECORDER_INTERRUPTED);
	assert_int_equal(delivery->tsc[2], interrupt->tsc[0]);
	assert_true(delivery->tsc[3] >= delivery->tsc[2] + 100); /* it had to wake up */
	expect_rising(delivery);
	assert_int_equal(count(RECORDER_POLL), 0);
}

static void arming_without_a_halt_is_no_sleep(void **state)
{
	(void)state;
	sleeper = plain_queue(64);
	halts = false;
	rig_on_sleep = interrupt_while_asleep;
	submit(sleeper, rig_request(BLK_READ, 0, 8));
	blk_wait(&sleeper, 1, 1);
	blk_poll(sleeper);
	assert_int_equal(count(RECORDER_SLEEP), 0);
	assert_int_equal(count(RECORDER_INTERRUPT), 1);
}

static void interrupts_without_a_look_between_them_are_all_counted(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);

	submit(queue, rig_request(BLK_READ, 0, 8));
	blk_note_interrupt(queue);
	blk_note_interrupt(queue);
	complete_and_poll(queue);
	blk_note_interrupt(queue);
	recorder_end();
	assert_int_equal(find(RECORDER_INTERRUPT, 0)->count, 2);
	assert_int_equal(find(RECORDER_INTERRUPT, 1)->count, 1);
	assert_int_equal(count(RECORDER_INTERRUPT), 2);
}

static void looking_in_vain_is_one_span_of_polling(void **state)
{
	(void)state;
	static const struct settings settings = { .completion = COMPLETION_POLL };
	struct blk_queue *queue = recorded(rig_limits(), &settings, 64);

	submit(queue, rig_request(BLK_READ, 0, 8));
	uint64_t from = rig_now_tsc;
	blk_wait(&queue, 1, 1);
	complete_and_poll(queue);
	assert_int_equal(count(RECORDER_POLL), 1);
	assert_in_range(find(RECORDER_POLL, 0)->tsc[0], from, from + 10);
	assert_true(find(RECORDER_POLL, 0)->tsc[1] <= find(RECORDER_DELIVERY, 0)->tsc[3]);
	assert_int_equal(count(RECORDER_SLEEP), 0);
	assert_int_equal(find(RECORDER_DELIVERY, 0)->marks, RECORDER_WHOLE);
}

static void a_recorded_queue_behaves_as_any(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);
	const struct blk_counters *c = &queue->counters;

	for (int i = 0; i < 1000; i++) {
		rig_fake(queue)->take_most = 1 + rig_random_below(8);
		submit(queue, rig_request(i % 9 ? BLK_READ : BLK_FLUSH, rig_random_below(1000) * 8,
					  8));
		if (rig_random_below(4) == 0)
			complete_and_poll(queue);
	}
	complete_and_poll(queue);
	assert_int_equal(c->requests, 1000);
	assert_int_equal(c->completions, 1000);
	assert_int_equal(recorder_first()->recorded, c->batches + c->completions);
}

static void recording_starts_once_and_needs_memory(void **state)
{
	(void)state;
	struct blk_queue *queue = plain_queue(64);
	const struct blk_driver *driver = queue->driver;

	assert_int_equal(recorder_start(queue, 64), 0);
	assert_ptr_equal(queue->driver, driver);
	assert_null(recorder_first()->next);
	struct blk_limits limits = rig_limits();
	struct rig *other = rig_create(1, 1, &limits);
	rig_no_memory = true;
	assert_int_equal(recorder_start(&other->queues[0], 64), -ERR_NO_MEMORY);
	assert_ptr_equal(other->queues[0].driver, &rig_driver);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_queue_that_is_not_recorded_keeps_its_driver),
		test(a_delivery_carries_the_stamps_of_its_request),
		test(a_batch_says_how_many_and_whether_it_rang),
		test(the_ring_keeps_the_newest_in_order_and_counts_the_lost),
		test(the_parts_of_a_split_request_are_noted_one_by_one),
		test(a_merged_group_is_noted_beside_its_requests),
		test(what_the_device_never_saw_is_marked),
		test(an_interrupt_and_the_sleep_that_it_ends_are_noted),
		test(arming_without_a_halt_is_no_sleep),
		test(interrupts_without_a_look_between_them_are_all_counted),
		test(looking_in_vain_is_one_span_of_polling),
		test(a_recorded_queue_behaves_as_any),
		test(recording_starts_once_and_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
