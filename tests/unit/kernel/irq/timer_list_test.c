/* SPDX-License-Identifier: MIT */
/* The order of armed timers (kernel/irq/timer_list.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/irq/timer_list.h"

#define TIMERS 24u

static struct timer_list list;
static struct timer timers[TIMERS];

static int reset(void **state)
{
	(void)state;
	memset(&list, 0, sizeof(list));
	memset(timers, 0, sizeof(timers));
	return 0;
}

static void insert(unsigned index, uint64_t deadline_tsc)
{
	timers[index].deadline_tsc = deadline_tsc;
	timer_list_insert(&list, &timers[index]);
}

static void earliest_comes_first_whatever_the_order(void **state)
{
	(void)state;
	insert(0, 300);
	insert(1, 100);
	insert(2, 200);
	assert_ptr_equal(list.first, &timers[1]);
	assert_ptr_equal(timer_list_pop(&list, UINT64_MAX), &timers[1]);
	assert_ptr_equal(timer_list_pop(&list, UINT64_MAX), &timers[2]);
	assert_ptr_equal(timer_list_pop(&list, UINT64_MAX), &timers[0]);
	assert_null(timer_list_pop(&list, UINT64_MAX));
	assert_null(list.first);
}

static void equal_deadlines_keep_their_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		insert(i, 50);
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(timer_list_pop(&list, 50), &timers[i]);
}

static void nothing_expires_before_its_time(void **state)
{
	(void)state;
	insert(0, 100);
	assert_null(timer_list_pop(&list, 99));
	assert_true(timers[0].armed);
	assert_ptr_equal(timer_list_pop(&list, 100), &timers[0]);
	assert_false(timers[0].armed);
}

static void removing_an_idle_timer_does_nothing(void **state)
{
	(void)state;
	insert(0, 100);
	timer_list_remove(&list, &timers[1]);
	assert_ptr_equal(list.first, &timers[0]);
	timer_list_remove(&list, &timers[0]);
	timer_list_remove(&list, &timers[0]);
	assert_null(list.first);
}

static void arming_twice_without_removing_is_a_bug(void **state)
{
	(void)state;
	insert(0, 100);
	expect_assert_failure(timer_list_insert(&list, &timers[0]));
}

static void timer_of_another_list_is_a_bug(void **state)
{
	(void)state;
	struct timer_list other = { 0 };
	timer_list_insert(&other, &timers[0]);
	insert(1, 5);
	expect_assert_failure(timer_list_remove(&list, &timers[0]));
}

static void random_use_equals_a_scan(void **state)
{
	(void)state;
	srand(3);
	uint64_t now = 0;
	for (unsigned step = 0; step < 20000; step++) {
		struct timer *timer = &timers[(unsigned)rand() % TIMERS];
		if (rand() % 3) {
			timer_list_remove(&list, timer);
			timer->deadline_tsc = now + (unsigned)rand() % 40;
			timer_list_insert(&list, timer);
		} else {
			timer_list_remove(&list, timer);
		}
		now += (unsigned)rand() % 4;
		for (;;) {
			uint64_t earliest = UINT64_MAX;
			for (unsigned i = 0; i < TIMERS; i++) {
				if (timers[i].armed && timers[i].deadline_tsc < earliest)
					earliest = timers[i].deadline_tsc;
			}
			struct timer *expired = timer_list_pop(&list, now);
			if (!expired) {
				assert_true(earliest > now);
				break;
			}
			assert_int_equal(expired->deadline_tsc, earliest);
			assert_true(earliest <= now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(earliest_comes_first_whatever_the_order, reset),
		cmocka_unit_test_setup(equal_deadlines_keep_their_order, reset),
		cmocka_unit_test_setup(nothing_expires_before_its_time, reset),
		cmocka_unit_test_setup(removing_an_idle_timer_does_nothing, reset),
		cmocka_unit_test_setup(arming_twice_without_removing_is_a_bug, reset),
		cmocka_unit_test_setup(timer_of_another_list_is_a_bug, reset),
		cmocka_unit_test_setup(random_use_equals_a_scan, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
