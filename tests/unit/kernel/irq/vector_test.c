/* SPDX-License-Identifier: MIT */
/* The vectors of one CPU (kernel/irq/vector.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- in place of kernel/cpu/barrier.h: an interrupt comes behind every store --- */

#define KERNEL_CPU_BARRIER_H
#define store_once(pointer, value) (*(pointer) = (value), interrupt())
#define store_release(pointer, value) store_once(pointer, value)
#define atomic_swap(pointer, value) (*(pointer)) /* cpu_take_wake(), not called here */

static void interrupt(void);

#include "kernel/irq/vector.c"

#define ALLOCATABLE (VECTOR_LAST - VECTOR_FIRST + 1)

static struct vector_table table;
static unsigned strays;
static unsigned interrupting; /* a vector; 0: none */

static void stray(void *context)
{
	(void)context;
	strays++;
}

static void note(void *context)
{
	(*(unsigned *)context)++;
}

static void raise(unsigned vector)
{
	table.entries[vector].handler(table.entries[vector].context);
}

static void interrupt(void)
{
	if (interrupting)
		raise(interrupting);
}

static int reset(void **state)
{
	(void)state;
	interrupting = 0;
	memset(&table, 0xa5, sizeof(table));
	strays = 0;
	vector_init(&table, stray);
	return 0;
}

static void every_free_vector_calls_the_stray_handler(void **state)
{
	(void)state;
	for (unsigned vector = 0; vector < VECTOR_COUNT; vector++)
		raise(vector);
	assert_int_equal(strays, VECTOR_COUNT);
}

static void allocated_vectors_are_distinct_and_in_range(void **state)
{
	(void)state;
	unsigned counts[ALLOCATABLE] = { 0 };
	for (unsigned i = 0; i < ALLOCATABLE; i++) {
		int vector = vector_allocate(&table, note, &counts[i]);
		assert_in_range(vector, VECTOR_FIRST, VECTOR_LAST);
		raise((unsigned)vector);
	}
	for (unsigned i = 0; i < ALLOCATABLE; i++)
		assert_int_equal(counts[i], 1);
	assert_int_equal(vector_allocate(&table, note, counts), -ERR_FULL);
	assert_int_equal(strays, 0);
}

/* No new handler with an old context. */
static void an_interrupt_meanwhile_sees_all_of_a_pair_or_none(void **state)
{
	(void)state;
	unsigned count = 0;
	interrupting = VECTOR_FIRST;
	assert_int_equal(vector_allocate(&table, note, &count), VECTOR_FIRST);
	assert_int_equal(strays, 1); /* the context was there, the handler was not */
	assert_int_equal(count, 1);
}

static void own_vectors_are_never_given_away(void **state)
{
	(void)state;
	unsigned wakes = 0, other = 0;
	vector_set(&table, VECTOR_WAKE, note, &wakes);
	while (vector_allocate(&table, note, &other) > 0)
		;
	raise(VECTOR_WAKE);
	assert_int_equal(wakes, 1);
	assert_int_equal(other, 0);
}

static void wrong_use_is_a_bug(void **state)
{
	(void)state;
	unsigned count = 0;
	expect_assert_failure(vector_set(&table, VECTOR_FIRST, note, &count));
	expect_assert_failure(vector_set(&table, VECTOR_LAST, note, &count));
	expect_assert_failure(vector_set(&table, 0, note, &count));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_free_vector_calls_the_stray_handler, reset),
		cmocka_unit_test_setup(allocated_vectors_are_distinct_and_in_range, reset),
		cmocka_unit_test_setup(an_interrupt_meanwhile_sees_all_of_a_pair_or_none, reset),
		cmocka_unit_test_setup(own_vectors_are_never_given_away, reset),
		cmocka_unit_test_setup(wrong_use_is_a_bug, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
