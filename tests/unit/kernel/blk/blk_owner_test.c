/* SPDX-License-Identifier: MIT */
/*
 * What the debug build asserts (kernel/lib/assert.h): [c] fields are for their CPU, and
 * what one CPU at a time may do is done by one.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/blk_impl.h"

static struct rig *two_cpus(uint16_t queues)
{
	struct blk_limits limits = rig_limits();

	return rig_create(2, queues, &limits);
}

static void a_queue_is_for_its_own_cpu(void **state)
{
	(void)state;
	struct blk_queue *queue = &two_cpus(2)->queues[0];
	struct blk_request *request = &rig_request(BLK_READ, 0, 8)->request;

	rig_be_cpu(1);
	expect_assert_failure(blk_submit(queue, &request, 1));
	expect_assert_failure(blk_submit_one(queue, request));
	expect_assert_failure(blk_poll(queue));
	expect_assert_failure(blk_wait(&queue, 1, 1));
	rig_be_cpu(0);
	assert_true(blk_submit_one(queue, request));
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 1);
}

static void one_of_several_queues_is_another_cpu_s(void **state)
{
	(void)state;
	struct rig *rig = two_cpus(2);
	struct blk_queue *queues[] = { &rig->queues[0], &rig->queues[1] };

	expect_assert_failure(blk_wait(queues, 2, 1));
}

static void a_shared_queue_is_for_both(void **state)
{
	(void)state;
	struct blk_queue *queue = &two_cpus(1)->queues[0];

	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		rig_be_cpu(cpu);
		assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
		rig_complete_all(queue);
		assert_int_equal(blk_poll(queue), 1);
	}
}

static void nobody_works_on_a_shared_queue_without_its_lock(void **state)
{
	(void)state;
	struct blk_queue *queue = &two_cpus(1)->queues[0];

	expect_assert_failure(blk_reap(queue));
	expect_assert_failure(blk_feed(queue));
	expect_assert_failure(blk_take_finished(queue));
	blk_begin_work(queue);
	blk_reap(queue);
	blk_end_work(queue);
}

static void only_the_boot_cpu_registers(void **state)
{
	(void)state;
	struct rig *rig = two_cpus(1);

	rig_be_cpu(1);
	expect_assert_failure(blk_register(&rig->device, &rig->settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_queue_is_for_its_own_cpu),
		rig_test(one_of_several_queues_is_another_cpu_s),
		rig_test(a_shared_queue_is_for_both),
		rig_test(nobody_works_on_a_shared_queue_without_its_lock),
		rig_test(only_the_boot_cpu_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
