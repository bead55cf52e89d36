/* SPDX-License-Identifier: MIT */
/* The deadline scheduler: order, merging, and the bound on waiting. */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/sched.h"

static struct blk_sched *create(void)
{
	struct blk_limits limits = rig_limits();

	limits.max_segments = 32;
	return blk_sched_create(&limits);
}

/* True when it was merged. */
static bool insert(struct blk_sched *sched, struct rig_request *r)
{
	bool merged;

	assert_true(blk_sched_insert(sched, &r->request, rig_now_tsc, &merged));
	return merged;
}

static struct blk_request *next(struct blk_sched *sched)
{
	struct blk_request *request = blk_sched_peek(sched, rig_now_tsc);

	assert_non_null(request);
	blk_sched_pop(sched);
	return request;
}

static void expect_sectors(struct blk_sched *sched, const uint64_t *sectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(next(sched)->sector, sectors[i]);
}

static void requests_go_upwards_by_sector(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	static const uint64_t in[] = { 500, 100, 900, 300, 700 };

	for (size_t i = 0; i < ARRAY_COUNT(in); i++)
		assert_false(insert(sched, rig_request(BLK_READ, in[i], 8)));
	assert_int_equal(blk_sched_held(sched), 5);
	/* From sector 0 upwards; what comes in below the position has to wait. */
	expect_sectors(sched, (const uint64_t[]){ 100, 300 }, 2);
	insert(sched, rig_request(BLK_READ, 200, 8));
	insert(sched, rig_request(BLK_READ, 600, 8));
	expect_sectors(sched, (const uint64_t[]){ 500, 600, 700, 900, 200 }, 5);
	assert_null(blk_sched_peek(sched, rig_now_tsc));
	assert_int_equal(blk_sched_held(sched), 0);
}

static void a_peek_stands_until_it_is_popped(void **state)
{
	(void)state;
	struct blk_sched *sched = create();

	insert(sched, rig_request(BLK_READ, 100, 8));
	struct blk_request *first = blk_sched_peek(sched, rig_now_tsc);
	insert(sched, rig_request(BLK_READ, 50, 8));
	assert_false(insert(sched, rig_request(BLK_READ, 108, 8)));
	assert_ptr_equal(blk_sched_peek(sched, rig_now_tsc), first);
	assert_int_equal(blk_sched_held(sched), 3);
	assert_int_equal(blk_sched_pop(sched), 1);
	assert_int_equal(blk_sched_held(sched), 2);
}

/* --- merging --- */

static void neighbours_merge_in_front_and_behind_with_all_segments(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	struct rig_request *middle = rig_request_segments(BLK_WRITE, 100, 8, 2);
	struct rig_request *behind = rig_request_segments(BLK_WRITE, 108, 16, 1);
	struct rig_request *front = rig_request_segments(BLK_WRITE, 92, 8, 4);

	middle->request.submit_tsc = 20;
	behind->request.submit_tsc = 30;
	front->request.submit_tsc = 40;
	assert_false(insert(sched, middle));
	assert_true(insert(sched, behind));
	assert_true(insert(sched, front));
	assert_int_equal(blk_sched_oldest_tsc(sched), 20);
	struct blk_request *group = blk_sched_peek(sched, rig_now_tsc);
	assert_true(blk_sched_is_group(sched, group));
	assert_int_equal(group->op, BLK_WRITE);
	assert_int_equal(group->sector, 92);
	assert_int_equal(group->sector_count, 32);
	assert_int_equal(group->segment_count, 7);
	assert_int_equal(group->submit_tsc, 20);
	uint32_t at = 0;
	struct rig_request *const order[] = { front, middle, behind };
	for (int i = 0; i < 3; i++)
		for (uint32_t s = 0; s < order[i]->request.segment_count; s++, at++)
			assert_memory_equal(&group->segments[at], &order[i]->segments[s],
					    sizeof(blk_segment));
	assert_int_equal(blk_sched_pop(sched), 3);

	group->status = BLK_IO_ERROR;
	group->doorbell_tsc = 77;
	group->signal_tsc = 88;
	struct blk_request *child = blk_sched_ungroup(sched, group);
	for (int i = 0; i < 3; i++, child = child->next) {
		assert_ptr_equal(child, &order[i]->request);
		assert_int_equal(child->status, BLK_IO_ERROR);
		assert_int_equal(child->doorbell_tsc, 77);
		assert_int_equal(child->signal_tsc, 88);
	}
	assert_null(child);
}

static void only_adjacent_equals_merge(void **state)
{
	(void)state;
	struct blk_sched *sched = create();

	insert(sched, rig_request(BLK_WRITE, 100, 8));
	assert_false(insert(sched, rig_request(BLK_WRITE, 109, 8)));
	assert_false(insert(sched, rig_request(BLK_WRITE, 104, 8)));
	assert_false(insert(sched, rig_request(BLK_READ, 108, 8)));
	assert_false(insert(sched, rig_request(BLK_DISCARD, 117, 8)));
	assert_false(insert(sched, rig_request(BLK_DISCARD, 125, 8)));
	struct rig_request *flagged = rig_request(BLK_WRITE, 117, 8);
	flagged->request.flags = BLK_UNMAP;
	assert_false(insert(sched, flagged));
	assert_int_equal(blk_sched_held(sched), 7);
}

static void a_group_stays_within_the_limits(void **state)
{
	(void)state;
	struct blk_sched *sched = create(); /* 2048 sectors, 32 segments */

	insert(sched, rig_request(BLK_READ, 0, 1024));
	assert_false(insert(sched, rig_request(BLK_READ, 1024, 1025)));
	while (blk_sched_peek(sched, rig_now_tsc))
		blk_sched_pop(sched);

	insert(sched, rig_request(BLK_READ, 0, 1024));
	assert_true(insert(sched, rig_request(BLK_READ, 1024, 1024)));
	assert_false(insert(sched, rig_request(BLK_READ, 2048, 1)));

	insert(sched, rig_request_segments(BLK_READ, 5000, 31, 31));
	assert_false(insert(sched, rig_request_segments(BLK_READ, 5031, 2, 2)));
	struct blk_sched *other = create();
	insert(other, rig_request_segments(BLK_READ, 5000, 31, 31));
	assert_true(insert(other, rig_request_segments(BLK_READ, 5031, 1, 1)));
	assert_false(insert(other, rig_request_segments(BLK_READ, 5032, 1, 1)));
}

static void without_a_free_group_nothing_merges_and_groups_come_back(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	struct blk_request *groups[BLK_SCHED_GROUPS];

	for (uint32_t i = 0; i < BLK_SCHED_GROUPS; i++) {
		insert(sched, rig_request(BLK_READ, i * 100, 8));
		assert_true(insert(sched, rig_request(BLK_READ, i * 100 + 8, 8)));
		groups[i] = next(sched);
	}
	insert(sched, rig_request(BLK_READ, 50000, 8));
	assert_false(insert(sched, rig_request(BLK_READ, 50008, 8)));
	blk_sched_ungroup(sched, groups[7]);
	assert_true(insert(sched, rig_request(BLK_READ, 50016, 8)));
}

static void a_full_scheduler_refuses_and_takes_again(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	bool merged;

	for (uint32_t i = 0; i < BLK_SCHED_CAPACITY; i++)
		insert(sched, rig_request(BLK_READ, i * 100, 8));
	struct rig_request *more = rig_request(BLK_READ, 8, 8);
	assert_false(blk_sched_insert(sched, &more->request, rig_now_tsc, &merged));
	assert_int_equal(blk_sched_held(sched), BLK_SCHED_CAPACITY);
	next(sched);
	assert_true(blk_sched_insert(sched, &more->request, rig_now_tsc, &merged));
}

/* --- batches and deadlines --- */

static void writes_get_their_batch_after_two_of_reads(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	char order[200] = { 0 };

	for (uint32_t i = 0; i < 100; i++)
		insert(sched, rig_request(BLK_READ, i * 100, 8));
	for (uint32_t i = 0; i < 40; i++)
		insert(sched, rig_request(BLK_WRITE, i * 100 + 50, 8));
	for (uint32_t i = 0; i < 140; i++)
		order[i] = next(sched)->op == BLK_READ ? 'r' : 'w';
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(order[i], 'r');
	for (uint32_t i = 32; i < 48; i++)
		assert_int_equal(order[i], 'w');
	for (uint32_t i = 48; i < 80; i++)
		assert_int_equal(order[i], 'r');
	for (uint32_t i = 80; i < 96; i++)
		assert_int_equal(order[i], 'w');
}

static void reads_alone_never_count_against_writes_that_are_not_there(void **state)
{
	(void)state;
	struct blk_sched *sched = create();

	for (uint32_t i = 0; i < 100; i++)
		insert(sched, rig_request(BLK_READ, i * 100, 8));
	for (uint32_t i = 0; i < 64; i++)
		next(sched);
	insert(sched, rig_request(BLK_WRITE, 0, 8));
	/* Writes have let nothing pass yet: two batches of reads are due. */
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(next(sched)->op, BLK_READ);
	assert_int_equal(next(sched)->op, BLK_WRITE);
}

static void an_expired_request_starts_the_next_batch(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	struct rig_request *old = rig_request(BLK_READ, 10, 8);

	insert(sched, rig_request(BLK_READ, 1000, 8));
	next(sched); /* the position is beyond `old` now */
	insert(sched, old);
	for (uint32_t i = 0; i < 200; i++)
		insert(sched, rig_request(BLK_READ, 2000 + i * 100, 8));
	for (uint32_t i = 0; i < 15; i++)
		assert_int_not_equal(next(sched)->sector, 10);
	/* In time: the batch that starts now goes on upwards. */
	for (uint32_t i = 0; i < 16; i++)
		assert_int_not_equal(next(sched)->sector, 10);
	rig_now_tsc += BLK_SCHED_READ_EXPIRY_NS;
	assert_ptr_equal(next(sched), &old->request);
}

/*
 * A device that serves one request per microsecond, kept full with work that
 * the sector order favours, over many expiry times: nothing waits longer than
 * its expiry and the bound.
 */
static void no_request_waits_longer_than_the_bound(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	const uint64_t service_ns = 1000;
	uint64_t worst_ns[2] = { 0 }, sector = 1000000, served = 0;
	static struct rig_request *pool[BLK_SCHED_CAPACITY];
	uint32_t free_count = 0;

	for (uint32_t i = 0; i < BLK_SCHED_CAPACITY; i++)
		pool[free_count++] = rig_request(BLK_READ, 0, 8);
	for (uint64_t round = 0; round < 300000; round++, rig_now_tsc += service_ns) {
		while (free_count) {
			struct rig_request *r = pool[--free_count];
			bool merged, favoured = rig_random_below(20) != 0;

			/* Most continue upwards, some lie far below and would starve. */
			sector += favoured ? 16 : 0;
			r->request.op = rig_random_below(10) ? BLK_READ : BLK_WRITE;
			r->request.sector = favoured ? sector : rig_random_below(100000) * 8;
			r->request.submit_tsc = rig_now_tsc;
			assert_true(blk_sched_insert(sched, &r->request, rig_now_tsc, &merged));
		}
		struct blk_request *request = next(sched), *after;
		if (blk_sched_is_group(sched, request))
			request = blk_sched_ungroup(sched, request);
		else
			request->next = NULL;
		for (; request; request = after, served++) {
			uint64_t waited = rig_now_tsc - request->submit_tsc;

			after = request->next;
			worst_ns[request->op] = MAX(worst_ns[request->op], waited);
			pool[free_count++] = CONTAINER_OF(request, struct rig_request, request);
		}
	}
	assert_true(served >= 300000);
	assert_true(worst_ns[BLK_READ] > BLK_SCHED_READ_EXPIRY_NS); /* it did get that far */
	assert_true(worst_ns[BLK_READ] <= BLK_SCHED_READ_EXPIRY_NS + BLK_SCHED_BOUND * service_ns);
	assert_true(worst_ns[BLK_WRITE] <=
		    BLK_SCHED_WRITE_EXPIRY_NS + BLK_SCHED_BOUND * service_ns);
}

static void what_has_no_place_goes_in_turns_with_the_others(void **state)
{
	(void)state;
	struct blk_sched *sched = create();
	static const enum blk_op in[] = { BLK_READ, BLK_FLUSH, BLK_READ, BLK_GET_ID,
					  BLK_READ, BLK_FLUSH, BLK_FLUSH };
	static const enum blk_op out[] = { BLK_FLUSH, BLK_READ, BLK_GET_ID, BLK_READ,
					   BLK_FLUSH, BLK_READ, BLK_FLUSH };
	struct rig_request *r[ARRAY_COUNT(in)];

	for (uint32_t i = 0; i < ARRAY_COUNT(in); i++) {
		r[i] = rig_request(in[i], in[i] == BLK_READ ? i * 100 : 700 - i * 100, 8);
		assert_false(insert(sched, r[i]));
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(out); i++)
		assert_int_equal(next(sched)->op, out[i]);
	assert_null(blk_sched_peek(sched, rig_now_tsc));
	/* Oldest first, whatever is in their fields. */
	insert(sched, r[1]);
	insert(sched, r[3]);
	insert(sched, r[5]);
	assert_ptr_equal(next(sched), &r[1]->request);
	assert_ptr_equal(next(sched), &r[3]->request);
	assert_ptr_equal(next(sched), &r[5]->request);
}

static void the_oldest_is_found_held_and_staged(void **state)
{
	(void)state;
	struct blk_sched *sched = create();

	assert_int_equal(blk_sched_oldest_tsc(sched), UINT64_MAX);
	struct rig_request *r = rig_request(BLK_WRITE, 0, 8);
	insert(sched, r);
	insert(sched, rig_request(BLK_WRITE, 100, 8));
	assert_int_equal(blk_sched_oldest_tsc(sched), r->request.submit_tsc);
	assert_ptr_equal(blk_sched_peek(sched, rig_now_tsc), &r->request);
	assert_int_equal(blk_sched_oldest_tsc(sched), r->request.submit_tsc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(requests_go_upwards_by_sector),
		rig_test(a_peek_stands_until_it_is_popped),
		rig_test(neighbours_merge_in_front_and_behind_with_all_segments),
		rig_test(only_adjacent_equals_merge),
		rig_test(a_group_stays_within_the_limits),
		rig_test(without_a_free_group_nothing_merges_and_groups_come_back),
		rig_test(a_full_scheduler_refuses_and_takes_again),
		rig_test(writes_get_their_batch_after_two_of_reads),
		rig_test(reads_alone_never_count_against_writes_that_are_not_there),
		rig_test(an_expired_request_starts_the_next_batch),
		rig_test(no_request_waits_longer_than_the_bound),
		rig_test(what_has_no_place_goes_in_turns_with_the_others),
		rig_test(the_oldest_is_found_held_and_staged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
