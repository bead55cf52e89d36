/* SPDX-License-Identifier: MIT */
/* The plain path, registration and the mapping of queues to CPUs. */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/lib/err.h"

/* --- registration --- */

static void limits_are_rounded_down_to_whole_blocks(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.block_bytes = 4096;
	limits.max_sectors = 2047;
	limits.max_segment_bytes = 70000;
	limits.max_discard_sectors = 7;
	struct rig *rig = rig_create(1, 1, &limits);

	assert_int_equal(rig->device.limits.max_sectors, 2040);
	assert_int_equal(rig->device.limits.max_segment_bytes, 69632);
	assert_false(rig->device.limits.discard);
	assert_int_equal(rig->queues[0].fast_sectors, 136);
}

static void a_request_s_bytes_stay_below_32_bits(void **state)
{
	(void)state;
	for (uint32_t block_bytes = 512; block_bytes <= 65536; block_bytes *= 2) {
		struct blk_limits limits = rig_limits();
		limits.block_bytes = block_bytes;
		limits.max_sectors = UINT32_MAX;
		struct rig *rig = rig_create(1, 1, &limits);

		assert_int_equal(rig->device.limits.max_sectors * 512ull,
				 (1ull << 32) - block_bytes);
	}
}

static int register_with(struct blk_limits limits)
{
	static struct blk_device device;
	static struct blk_queue queue;
	static const struct settings settings;

	memset(&queue, 0, sizeof(queue));
	queue.driver = &rig_driver;
	device = (struct blk_device){ .limits = limits, .queue_count = 1, .queues = &queue };
	return blk_register(&device, &settings);
}

static void limits_without_sense_are_refused(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	limits.block_bytes = 520;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits.block_bytes = 131072;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits = rig_limits();
	limits.max_segments = 0;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits.max_segments = BLK_SEGMENTS_MAX + 1;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits = rig_limits();
	limits.block_bytes = 4096;
	limits.max_sectors = 7;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits.max_sectors = 8;
	limits.max_segment_bytes = 4095;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	limits = rig_limits();
	limits.capacity_sectors = 1ull << 55;
	assert_int_equal(register_with(limits), -ERR_INVALID);
	assert_int_equal(blk_device_count(), 0);
	assert_int_equal(register_with(rig_limits()), 0);
}

static void registration_without_memory_publishes_nothing(void **state)
{
	(void)state;
	rig_no_memory = true;
	assert_int_equal(register_with(rig_limits()), -ERR_NO_MEMORY);
	assert_int_equal(blk_device_count(), 0);
}

static void the_table_of_devices_has_an_end(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	for (unsigned i = 0; i < BLK_DEVICES_MAX; i++)
		rig_create(1, 1, &limits);
	assert_int_equal(register_with(limits), -ERR_FULL);
	assert_int_equal(blk_device_count(), BLK_DEVICES_MAX);
	assert_null(blk_device_at(BLK_DEVICES_MAX));
}

static void devices_are_found_by_either_name(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(1, 1, &limits);

	assert_ptr_equal(blk_find("rig0"), &rig->device);
	assert_ptr_equal(blk_find("/dev/rig0"), &rig->device);
	assert_null(blk_find("/dev/rig"));
	assert_null(blk_find("rig00"));
	assert_null(blk_find(""));
}

static void one_queue_per_cpu_is_owned_and_not_shared(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(4, 4, &limits);

	for (uint32_t i = 0; i < 4; i++) {
		assert_ptr_equal(rig->queues[i].cpu, &cpu_table[i]);
		assert_false(rig->queues[i].shared);
		assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[i], 0), &rig->queues[i]);
		assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[i], 5), &rig->queues[i]);
	}
}

static void more_queues_than_cpus_are_used_round_robin(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(3, 8, &limits);

	/* CPU 1 owns queues 1, 4 and 7; CPU 2 owns 2 and 5. */
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[1], 0), &rig->queues[1]);
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[1], 1), &rig->queues[4]);
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[1], 2), &rig->queues[7]);
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[1], 3), &rig->queues[1]);
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[2], 2), &rig->queues[2]);
	for (int i = 0; i < 8; i++)
		assert_false(rig->queues[i].shared);
}

static void fewer_queues_than_cpus_are_shared_by_those_without(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(5, 3, &limits);

	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[3], 0), &rig->queues[0]);
	assert_ptr_equal(blk_queue_for(&rig->device, &cpu_table[4], 9), &rig->queues[1]);
	assert_true(rig->queues[0].shared);
	assert_true(rig->queues[1].shared);
	assert_false(rig->queues[2].shared);
	assert_ptr_equal(rig->queues[0].cpu, &cpu_table[0]);
}

static void a_driver_without_arm_is_polled_only(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_driver driver = rig_driver;
	struct settings settings = { 0 };

	driver.arm = NULL;
	struct rig *rig = rig_create_with(1, 1, &limits, &settings, &driver);
	assert_true(rig->queues[0].polled_only);
	assert_int_equal(rig->queues[0].completion, COMPLETION_POLL);
	blk_set_queue_completion(&rig->queues[0], COMPLETION_ADAPTIVE);
	assert_int_equal(rig->queues[0].completion, COMPLETION_POLL);
	rig = rig_create(1, 1, &limits);
	assert_false(rig->queues[0].polled_only);
	assert_int_equal(rig->queues[0].completion, COMPLETION_IRQ);
}

/* --- the plain path --- */

/* A run of alike requests is one driver call, a batch of several one doorbell. */
static void submit_and_check_calls(uint32_t writes_every, uint32_t calls)
{
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct blk_request *batch[32];

	rig_done_total = 0;
	for (uint32_t i = 0; i < 32; i++) {
		bool writes = i % writes_every == writes_every - 1;
		batch[i] = &rig_request(writes ? BLK_WRITE : BLK_READ, i * 8, 8)->request;
	}
	assert_int_equal(blk_submit(queue, batch, 32), 32);
	assert_int_equal(rig_fake(queue)->submit_calls, calls);
	assert_int_equal(rig_fake(queue)->publish_calls, 1);
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(batch[i]->doorbell_tsc, queue->doorbell_tsc);
	assert_int_equal(queue->in_flight, 32);
	assert_false(queue->general);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 32);
	assert_int_equal(rig_fake(queue)->reap_calls, 1);
	assert_int_equal(rig_done_total, 32);
	assert_true(blk_queue_idle(queue));
	assert_int_equal(queue->counters.requests, 32);
	assert_int_equal(queue->counters.completions, 32);
	assert_int_equal(queue->counters.batches, 1);
	assert_int_equal(queue->counters.errors, 0);
}

static void a_batch_is_one_doorbell_and_one_call_for_each_run(void **state)
{
	(void)state;
	submit_and_check_calls(64, 1);
	submit_and_check_calls(1, 1);
	submit_and_check_calls(2, 32);
	submit_and_check_calls(8, 8);
}

/* What was learnt of one request must not let another one through. */
static void a_request_that_looks_plain_is_checked_for_what_differs(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	limits.read_only = true;
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	uint64_t last = limits.capacity_sectors - 8;
	const struct { enum blk_op op; uint64_t sector; enum blk_status expected; } cases[] = {
		{ BLK_READ, 0, BLK_OK },
		{ BLK_WRITE, 0, BLK_READ_ONLY },
		{ BLK_READ, last, BLK_OK },
		{ BLK_READ, last + 1, BLK_OUT_OF_RANGE },
		{ BLK_READ, UINT64_MAX, BLK_OUT_OF_RANGE },
		{ BLK_READ, 8, BLK_OK },
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct rig_request *r = rig_request(cases[i].op, cases[i].sector, 8);

		assert_true(rig_submit(queue, r));
		rig_drain(queue);
		assert_int_equal(r->request.status, cases[i].expected);
	}
	/* A disk that shrinks below one request. */
	queue->device->limits.capacity_sectors = 7;
	struct rig_request *r = rig_request(BLK_READ, 0, 8);
	assert_true(rig_submit(queue, r));
	rig_drain(queue);
	assert_int_equal(r->request.status, BLK_OUT_OF_RANGE);
}

static void each_request_is_done_once_in_the_order_of_completion(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r[3];

	for (uint32_t i = 0; i < 3; i++) {
		r[i] = rig_request(BLK_READ, i * 8, 8);
		assert_true(rig_submit(queue, r[i]));
	}
	rig_complete(queue, 2, BLK_OK);
	assert_int_equal(blk_poll(queue), 1);
	rig_complete(queue, 0, BLK_IO_ERROR);
	rig_complete(queue, 0, BLK_OK);
	assert_int_equal(blk_poll(queue), 2);
	assert_int_equal(r[2]->done_order, 1);
	assert_int_equal(r[0]->done_order, 2);
	assert_int_equal(r[1]->done_order, 3);
	assert_int_equal(r[0]->request.status, BLK_IO_ERROR);
	assert_int_equal(queue->counters.errors, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(r[i]->done_count, 1);
}

static void a_full_driver_is_back_pressure_and_loses_nothing(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct blk_request *batch[10];

	rig_fake(queue)->depth = 4;
	for (uint32_t i = 0; i < 10; i++)
		batch[i] = &rig_request(BLK_READ, i * 8, 8)->request;
	assert_int_equal(blk_submit(queue, batch, 10), 4);
	assert_int_equal(blk_submit(queue, batch + 4, 6), 0);
	assert_int_equal(rig_fake(queue)->publish_calls, 1);
	unsigned sent = 4;
	for (int rounds = 0; sent < 10 && rounds < 100; rounds++) {
		rig_complete(queue, 0, BLK_OK);
		blk_poll(queue);
		sent += blk_submit(queue, batch + sent, 10 - sent);
	}
	rig_drain(queue);
	assert_int_equal(rig_done_total, 10);
	assert_int_equal(queue->counters.requests, 10);
}

static void more_completions_than_one_reap_are_all_delivered(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];

	for (uint32_t i = 0; i < 128; i++)
		assert_true(rig_submit(queue, rig_request(BLK_READ, i, 1)));
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 128);
}

static struct blk_queue *resubmit_queue;
static uint32_t resubmissions;

static void resubmit(struct blk_request *request)
{
	resubmissions++;
	assert_int_equal(blk_submit(resubmit_queue, &request, 1), 1);
	rig_complete_all(resubmit_queue);
}

static void a_done_that_submits_again_does_not_hold_the_poll(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	resubmit_queue = &rig_create(1, 1, &limits)->queues[0];

	resubmissions = 0;
	for (uint32_t i = 0; i < BLK_REAP_BATCH; i++) {
		struct rig_request *r = rig_request(BLK_READ, i, 1);

		r->request.done = resubmit;
		rig_submit(resubmit_queue, r);
	}
	rig_complete_all(resubmit_queue);
	assert_int_equal(blk_poll(resubmit_queue), BLK_REAP_BATCH);
	assert_int_equal(resubmissions, BLK_REAP_BATCH);
	assert_int_equal(resubmit_queue->in_flight, BLK_REAP_BATCH);
}

/* A device that completes what came last first. */
static unsigned newest_first_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	struct rig_queue *fake = rig_fake(queue);
	unsigned count = 0;

	while (count < max && fake->completed_count)
		out[count++] = fake->completed[--fake->completed_count];
	return count;
}

static void submit_a_long_one(struct blk_request *request)
{
	struct rig_request *r = rig_request(BLK_READ, 0, 100000);

	(void)request;
	assert_true(rig_submit(resubmit_queue, r));
	rig_complete_all(resubmit_queue);
}

static void parts_that_overtake_the_rest_of_a_poll_are_not_taken_for_requests(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_driver driver = rig_driver;
	struct settings settings = { 0 };

	driver.reap = newest_first_reap;
	resubmit_queue = &rig_create_with(1, 1, &limits, &settings, &driver)->queues[0];
	rig_fake(resubmit_queue)->depth = 400;
	for (uint32_t i = 0; i < 128; i++) {
		struct rig_request *r = rig_request(BLK_READ, i, 1);

		if (i == 100)
			r->request.done = submit_a_long_one;
		rig_submit(resubmit_queue, r);
	}
	rig_complete_all(resubmit_queue);
	rig_drain(resubmit_queue);
	assert_int_equal(rig_done_total, 128);
	assert_int_equal(resubmit_queue->counters.completions, 128 + 49);
}

/* --- what interrupts leave behind --- */

static void stages_are_stamped_in_order(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r = rig_request(BLK_READ, 0, 8);

	rig_submit(queue, r);
	rig_complete_all(queue);
	blk_note_interrupt(queue);
	uint64_t interrupt_tsc = queue->interrupt_tsc;
	rig_now_tsc += 500;
	assert_int_equal(blk_poll(queue), 1);
	assert_true(r->request.submit_tsc < r->request.doorbell_tsc);
	assert_true(r->request.doorbell_tsc < r->request.signal_tsc);
	assert_int_equal(r->request.signal_tsc, interrupt_tsc);
}

static void an_interrupt_before_the_doorbell_discovers_nothing(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r = rig_request(BLK_READ, 0, 8);

	blk_note_interrupt(queue);
	rig_submit(queue, r);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 1);
	assert_true(r->request.doorbell_tsc < r->request.signal_tsc);
}

static void looks_that_find_nothing_are_counted_by_cause(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];

	assert_int_equal(blk_poll(queue), 0);
	blk_note_interrupt(queue);
	assert_int_equal(cpu_table[0].wake, 1);
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(queue->counters.interrupts, 1);
	assert_int_equal(queue->counters.empty_interrupts, 1);
	assert_int_equal(queue->counters.polls, 2);
	rig_submit(queue, rig_request(BLK_READ, 0, 8));
	rig_complete_all(queue);
	blk_note_interrupt(queue);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(queue->counters.empty_interrupts, 1);
	assert_int_equal(queue->counters.polls, 2);
}

/* --- helpers --- */

static void the_oldest_request_is_found_wherever_it_is(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r[2];

	assert_int_equal(blk_oldest_submit_tsc(queue), 0);
	for (int i = 0; i < 2; i++) {
		r[i] = rig_request(BLK_READ, 0, 8);
		rig_submit(queue, r[i]);
	}
	assert_int_equal(blk_oldest_submit_tsc(queue), r[0]->request.submit_tsc);
	rig_complete(queue, 0, BLK_OK);
	blk_poll(queue);
	assert_int_equal(blk_oldest_submit_tsc(queue), r[1]->request.submit_tsc);
	rig_drain(queue);
	assert_int_equal(blk_oldest_submit_tsc(queue), 0);

	/* Too long, and no room: it waits outside of the driver. */
	rig_fake(queue)->depth = 0;
	r[0] = rig_request(BLK_READ, 0, 4096);
	assert_true(rig_submit(queue, r[0]));
	assert_int_equal(queue->in_flight, 0);
	assert_int_equal(blk_oldest_submit_tsc(queue), r[0]->request.submit_tsc);
}

static void completion_changes_only_between_phases(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(2, 2, &limits);

	blk_set_queue_completion(&rig->queues[1], COMPLETION_ADAPTIVE);
	assert_int_equal(rig->queues[1].completion, COMPLETION_ADAPTIVE);
	rig_be_cpu(1);
	rig_submit(&rig->queues[1], rig_request(BLK_READ, 0, 8));
	expect_assert_failure(blk_set_queue_completion(&rig->queues[1], COMPLETION_POLL));
}

static void dump_and_names_cover_every_value(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	blk_dump(&rig_create(1, 1, &limits)->queues[0]);
	for (int op = 0; op < BLK_OP_COUNT; op++)
		assert_string_not_equal(blk_op_name((enum blk_op)op), "unknown");
	for (int status = BLK_OK; status <= BLK_BROKEN; status++)
		assert_string_not_equal(blk_status_name((enum blk_status)status), "unknown");
	assert_string_equal(blk_op_name(BLK_OP_COUNT), "unknown");
	assert_string_equal(blk_status_name((enum blk_status)(BLK_BROKEN + 1)), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(limits_are_rounded_down_to_whole_blocks),
		rig_test(a_request_s_bytes_stay_below_32_bits),
		rig_test(limits_without_sense_are_refused),
		rig_test(registration_without_memory_publishes_nothing),
		rig_test(the_table_of_devices_has_an_end),
		rig_test(devices_are_found_by_either_name),
		rig_test(one_queue_per_cpu_is_owned_and_not_shared),
		rig_test(more_queues_than_cpus_are_used_round_robin),
		rig_test(fewer_queues_than_cpus_are_shared_by_those_without),
		rig_test(a_driver_without_arm_is_polled_only),
		rig_test(a_batch_is_one_doorbell_and_one_call_for_each_run),
		rig_test(a_request_that_looks_plain_is_checked_for_what_differs),
		rig_test(each_request_is_done_once_in_the_order_of_completion),
		rig_test(a_full_driver_is_back_pressure_and_loses_nothing),
		rig_test(more_completions_than_one_reap_are_all_delivered),
		rig_test(a_done_that_submits_again_does_not_hold_the_poll),
		rig_test(parts_that_overtake_the_rest_of_a_poll_are_not_taken_for_requests),
		rig_test(stages_are_stamped_in_order),
		rig_test(an_interrupt_before_the_doorbell_discovers_nothing),
		rig_test(looks_that_find_nothing_are_counted_by_cause),
		rig_test(the_oldest_request_is_found_wherever_it_is),
		rig_test(completion_changes_only_between_phases),
		rig_test(dump_and_names_cover_every_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
