/* SPDX-License-Identifier: MIT */
/*
 * blk_wait(): each mode's promises, and adaptive against the better of the
 * others on model machines.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

static struct blk_queue *queue_in(enum setting_completion mode)
{
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(1, 1, &limits);

	blk_set_queue_completion(&rig->queues[0], mode);
	return &rig->queues[0];
}

static void submit_reads(struct blk_queue *queue, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_true(rig_submit(queue, rig_request(BLK_READ, i * 8, 8)));
}

/* Spins that fail until adaptive no longer tries. */
static void discourage(struct blk_queue *queue)
{
	rig_step_tsc = 10000;
	for (int i = 0; i < 4; i++)
		blk_wait(&queue, 1, 1);
	rig_step_tsc = 1;
	rig_sleeps = rig_timer_arms = 0;
}

/* Sleeps that bring so many completions each; how many of the last 16 were held back. */
static uint32_t sleeps_bring(struct blk_queue *queue, uint32_t completions)
{
	uint32_t held_back = 0;

	for (int i = 0; i < 200; i++) {
		blk_wait(&queue, 1, 1);
		held_back += i >= 184 && rig_fake(queue)->last_ahead > 1;
		for (uint32_t k = 0; k < completions; k++)
			rig_complete(queue, 0, BLK_OK);
		blk_poll(queue);
		submit_reads(queue, completions);
	}
	rig_sleeps = rig_timer_arms = 0;
	return held_back;
}

/* --- what holds in every mode --- */

static const enum setting_completion modes[] = { COMPLETION_IRQ, COMPLETION_POLL,
						 COMPLETION_ADAPTIVE };

static void what_is_there_already_ends_the_wait_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct blk_queue *queue = queue_in(modes[i]);

		submit_reads(queue, 2);
		rig_complete(queue, 0, BLK_OK);
		blk_wait(&queue, 1, 1);
		assert_int_equal(rig_sleeps, 0);
	}
}

static void an_answer_of_the_layer_itself_ends_the_wait_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct blk_queue *queue = queue_in(modes[i]);

		submit_reads(queue, 1);
		assert_true(rig_submit(queue, rig_request(BLK_READ, UINT64_MAX, 8)));
		blk_wait(&queue, 1, 1);
		assert_int_equal(rig_sleeps, 0);
		assert_int_equal(rig_fake(queue)->arms, 0);
	}
}

static void the_wake_flag_ends_the_wait_and_is_cleared(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct blk_queue *queue = queue_in(modes[i]);

		submit_reads(queue, 1);
		cpu_table[0].wake = 1;
		blk_wait(&queue, 1, 1);
		assert_int_equal(rig_sleeps, 0);
		assert_int_equal(cpu_table[0].wake, 0);
	}
}

static void with_nothing_in_flight_no_queue_is_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct blk_queue *queue = queue_in(modes[i]);

		blk_wait(&queue, 1, 1);
		assert_int_equal(rig_sleeps, i + 1);
		assert_int_equal(rig_fake(queue)->arms, 0);
		assert_int_equal(rig_fake(queue)->disarms, 0);
	}
}

/* --- irq --- */

static void irq_arms_sleeps_once_and_silences(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_IRQ);

	submit_reads(queue, 4);
	blk_wait(&queue, 1, 1);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig_fake(queue)->arms, 1);
	assert_int_equal(rig_fake(queue)->last_ahead, 1);
	assert_int_equal(rig_fake(queue)->disarms, 1);
	assert_int_equal(queue->counters.arms, 1);
	assert_int_equal(rig_timer_arms, 0);
}

static struct blk_queue *interrupted_queue;

static void interrupt_comes(void)
{
	blk_note_interrupt(interrupted_queue);
}

static void irq_silences_no_event_that_has_passed(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_IRQ);

	queue->event_disarms_itself = true;
	submit_reads(queue, 4);
	blk_wait(&queue, 1, 1); /* woken by something else: the event is to come */
	assert_int_equal(rig_fake(queue)->disarms, 1);
	interrupted_queue = queue;
	rig_on_sleep = interrupt_comes;
	blk_wait(&queue, 1, 1);
	assert_int_equal(rig_sleeps, 2);
	rig_complete(queue, 0, BLK_OK);
	blk_wait(&queue, 1, 1); /* there already: passed, too */
	assert_int_equal(rig_sleeps, 2);
	assert_int_equal(rig_fake(queue)->arms, 3);
	assert_int_equal(rig_fake(queue)->disarms, 1);
}

static void irq_holds_back_no_more_than_the_caller_can_use(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_IRQ);

	submit_reads(queue, 16);
	blk_wait(&queue, 1, 8);
	assert_int_equal(rig_fake(queue)->last_ahead, 8);
	blk_wait(&queue, 1, 100); /* never more than will come */
	assert_int_equal(rig_fake(queue)->last_ahead, 16);
	blk_wait(&queue, 1, 0);
	assert_int_equal(rig_fake(queue)->last_ahead, 1);
	assert_int_equal(rig_timer_arms, 0);
}

static void no_more_is_waited_for_than_is_in_flight(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct blk_queue *queue = queue_in(modes[i]);

		if (modes[i] == COMPLETION_POLL)
			continue;
		discourage(queue);
		submit_reads(queue, 3);
		blk_wait(&queue, 1, 10);
		assert_in_range(rig_fake(queue)->last_ahead, 1, 3);
	}
}

static void a_flush_is_not_held_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		if (modes[i] == COMPLETION_POLL)
			continue;
		struct blk_queue *queue = queue_in(modes[i]);

		submit_reads(queue, 16);
		discourage(queue);
		sleeps_bring(queue, 1);
		assert_true(rig_submit(queue, rig_request(BLK_FLUSH, 0, 0)));
		blk_wait(&queue, 1, 8);
		assert_int_equal(rig_fake(queue)->last_ahead, 1);
		assert_int_equal(rig_timer_arms, 0);
	}
}

static void what_waits_for_room_is_not_held_back(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_IRQ);

	rig_fake(queue)->depth = 4;
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 20 * 2048)));
	assert_int_equal(queue->in_flight, 4);
	blk_wait(&queue, 1, 4);
	assert_int_equal(rig_fake(queue)->last_ahead, 1);
}

static void two_queues_are_both_armed_for_the_first_that_comes(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(1, 3, &limits);
	struct blk_queue *queues[] = { &rig->queues[0], &rig->queues[1], &rig->queues[2] };

	submit_reads(queues[0], 8);
	submit_reads(queues[2], 8);
	blk_wait(queues, 3, 8);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig->fakes[0].last_ahead, 1);
	assert_int_equal(rig->fakes[1].arms, 0);
	assert_int_equal(rig->fakes[2].last_ahead, 1);
	assert_int_equal(rig->fakes[0].disarms + rig->fakes[1].disarms + rig->fakes[2].disarms, 2);

	/* The second has something: no sleep, and what was armed is silenced. */
	rig_complete_all(queues[2]);
	blk_wait(queues, 3, 8);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig->fakes[0].disarms, 2);
	assert_int_equal(rig->fakes[2].disarms, 2);
}

static void a_broken_queue_is_not_waited_for(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_POLL);

	submit_reads(queue, 4);
	blk_break(queue);
	blk_wait(&queue, 1, 1);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig_fake(queue)->arms, 0);
}

/* --- poll --- */

static uint32_t looks, looks_until_there;

static bool counting_has_completions(const struct blk_queue *queue)
{
	(void)queue;
	return ++looks == looks_until_there;
}

static struct blk_queue *counted_queue(enum setting_completion mode)
{
	static struct blk_driver driver;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .completion = mode,
				     .spin_max_us = 200,
				     .coalesce_max_us = 50 };

	driver = rig_driver;
	driver.has_completions = counting_has_completions;
	looks = looks_until_there = 0;
	return &rig_create_with(1, 1, &limits, &settings, &driver)->queues[0];
}

static void poll_never_arms_and_sees_what_comes(void **state)
{
	(void)state;
	struct blk_queue *queue = counted_queue(COMPLETION_POLL);

	submit_reads(queue, 1);
	looks_until_there = 77;
	blk_wait(&queue, 1, 1);
	assert_int_equal(looks, 77);
	assert_int_equal(rig_fake(queue)->arms, 0);
	assert_int_equal(rig_sleeps, 0);
}

static void poll_lets_the_callers_loop_run_now_and_then(void **state)
{
	(void)state;
	struct blk_queue *queue = counted_queue(COMPLETION_POLL);

	submit_reads(queue, 1);
	blk_wait(&queue, 1, 1);
	assert_in_range(looks, 100, 100000);
	assert_int_equal(rig_sleeps, 0);
}

static void a_queue_without_interrupts_is_polled_whatever_the_mode(void **state)
{
	(void)state;
	struct blk_queue *queue = counted_queue(COMPLETION_IRQ);

	queue->polled_only = true;
	blk_set_queue_completion(queue, COMPLETION_IRQ);
	submit_reads(queue, 1);
	looks_until_there = 5;
	blk_wait(&queue, 1, 1);
	assert_int_equal(looks, 5);
	assert_int_equal(rig_fake(queue)->arms, 0);
}

/* --- adaptive: holding back --- */

static void timer_is_armed_now(void)
{
	assert_non_null(rig_timer);
	assert_in_range(rig_timer->deadline_tsc, rig_now_tsc, rig_now_tsc + 50 * NS_PER_US);
	rig_timer->expired(rig_timer->context);
	assert_int_equal(cpu_table[0].wake, 1);
}

static void adaptive_under_load_wakes_at_half_and_a_timer_bounds_it(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_ADAPTIVE);

	submit_reads(queue, 32);
	discourage(queue);
	assert_int_equal(sleeps_bring(queue, 1), 15);
	for (int i = 0; i < 2; i++) { /* an ordinary sleep may be due */
		blk_wait(&queue, 1, 1);
		if (rig_fake(queue)->last_ahead > 1)
			break;
	}
	rig_sleeps = rig_timer_arms = 0;
	rig_on_sleep = timer_is_armed_now;
	blk_wait(&queue, 1, 1);
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig_fake(queue)->last_ahead, 16);
	assert_int_equal(rig_timer_arms, 1);
	assert_null(rig_timer); /* cancelled */
	/* What the caller cannot use anyway needs no timer. */
	rig_on_sleep = NULL;
	blk_wait(&queue, 1, 24);
	assert_int_equal(rig_fake(queue)->last_ahead, 24);
	assert_int_equal(rig_timer_arms, 1);
}

static void where_sleeps_bring_many_nothing_is_held_back(void **state)
{
	(void)state;
	struct blk_queue *queue = queue_in(COMPLETION_ADAPTIVE);

	submit_reads(queue, 32);
	discourage(queue);
	assert_int_equal(sleeps_bring(queue, 8), 0);
	/* It changes, and that is noticed; then it changes back. */
	assert_int_equal(sleeps_bring(queue, 1), 15);
	assert_int_equal(sleeps_bring(queue, 8), 0);
}

static void several_queues_are_not_held_back(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(1, 2, &limits);
	struct blk_queue *queues[] = { &rig->queues[0], &rig->queues[1] };

	for (unsigned i = 0; i < 2; i++)
		blk_set_queue_completion(queues[i], COMPLETION_ADAPTIVE);
	submit_reads(queues[0], 32);
	discourage(queues[0]);
	sleeps_bring(queues[0], 1);
	submit_reads(queues[1], 32);
	blk_wait(queues, 2, 1);
	assert_int_equal(rig->fakes[0].last_ahead, 1);
	assert_int_equal(rig->fakes[1].last_ahead, 1);
	assert_int_equal(rig_timer_arms, 0);
}

static void adaptive_holds_back_neither_a_lone_request_nor_a_few(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= 3; count++) {
		struct blk_queue *queue = queue_in(COMPLETION_ADAPTIVE);

		submit_reads(queue, count);
		discourage(queue);
		sleeps_bring(queue, 1);
		blk_wait(&queue, 1, 1);
		assert_int_equal(rig_fake(queue)->last_ahead, 1);
		assert_int_equal(rig_timer_arms, 0);
	}
}

static void without_coalescing_nothing_is_held_back(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .completion = COMPLETION_ADAPTIVE };
	struct blk_queue *queue =
		&rig_create_with(1, 1, &limits, &settings, &rig_driver)->queues[0];

	submit_reads(queue, 32);
	sleeps_bring(queue, 1);
	blk_wait(&queue, 1, 1); /* spin_max_us=0: sleeps at once */
	assert_int_equal(rig_sleeps, 1);
	assert_int_equal(rig_fake(queue)->last_ahead, 1);
	assert_int_equal(rig_timer_arms, 0);
}

/* --- adaptive: learning, on model machines --- */

/*
 * One request at a time. The device needs service_ns; where CPU and device
 * share a core it does not get to run while the CPU spins, but for a time slice
 * every slice_ns. A CPU that sleeps wakes wake_ns after the completion.
 */
struct machine {
	uint64_t service_ns, wake_ns, slice_ns;
	uint32_t jitter; /* 1 in so many takes a hundred times as long; 0: none */
};

static const struct machine *machine;
static uint64_t wait_start_tsc, service_left_ns;
static uint64_t longest_spin_ns; /* of those that failed */
static struct blk_queue *model_queue;

static bool model_has_completions(const struct blk_queue *queue)
{
	struct rig_queue *fake = queue->driver_data;
	uint64_t needed = machine->slice_ns ? machine->slice_ns : service_left_ns;

	rig_now_tsc += 30;
	if (fake->published && rig_now_tsc - wait_start_tsc >= needed)
		rig_complete(model_queue, 0, BLK_OK);
	return fake->completed_count != 0;
}

static void model_sleep(void)
{
	uint64_t spun = rig_now_tsc - wait_start_tsc;
	uint64_t done = machine->slice_ns || spun > service_left_ns ? 0 : spun;

	longest_spin_ns = MAX(longest_spin_ns, spun);
	rig_now_tsc += service_left_ns - done + machine->wake_ns;
	rig_complete(model_queue, 0, BLK_OK);
}

static uint64_t run_model(const struct machine *m, enum setting_completion mode, uint32_t count)
{
	static struct blk_driver driver;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .completion = mode,
				     .spin_max_us = 200,
				     .coalesce_max_us = 50 };

	rig_setup(NULL);
	driver = rig_driver;
	driver.has_completions = model_has_completions;
	model_queue = &rig_create_with(1, 1, &limits, &settings, &driver)->queues[0];
	machine = m;
	rig_on_sleep = model_sleep;
	struct rig_request *r = rig_request(BLK_READ, 0, 8);
	uint64_t start = rig_now_tsc;

	for (uint32_t i = 0; i < count; i++) {
		if (i == count / 2)
			longest_spin_ns = 0;
		bool slow = m->jitter && rig_random_below(m->jitter) == 0;

		assert_true(rig_submit(model_queue, r));
		service_left_ns = m->service_ns * (slow ? 100 : 1);
		wait_start_tsc = rig_now_tsc;
		for (uint32_t waits = 0; !blk_poll(model_queue); waits++) {
			assert_true(waits < 100000);
			blk_wait(&model_queue, 1, 1);
		}
	}
	uint64_t took = rig_now_tsc - start;
	rig_teardown(NULL);
	return took;
}

static void adaptive_is_within_a_tenth_of_the_better(const struct machine *m)
{
	uint64_t poll_ns = run_model(m, COMPLETION_POLL, 5000);
	uint64_t irq_ns = run_model(m, COMPLETION_IRQ, 5000);
	uint64_t adaptive_ns = run_model(m, COMPLETION_ADAPTIVE, 5000);

	assert_true(adaptive_ns <= MIN(poll_ns, irq_ns) * 110 / 100);
}

static void adaptive_spins_where_the_device_has_a_core_of_its_own(void **state)
{
	(void)state;
	static const struct machine split = { .service_ns = 1300, .wake_ns = 130000 };
	static const struct machine jittery = { .service_ns = 1300, .wake_ns = 130000,
						.jitter = 100 };
	static const struct machine flash = { .service_ns = 20000, .wake_ns = 40000 };

	adaptive_is_within_a_tenth_of_the_better(&split);
	adaptive_is_within_a_tenth_of_the_better(&jittery);
	adaptive_is_within_a_tenth_of_the_better(&flash);
}

static void adaptive_sleeps_where_spinning_keeps_the_device_from_working(void **state)
{
	(void)state;
	static const struct machine one_core = { .service_ns = 20000, .wake_ns = 5000,
						 .slice_ns = 700000 };

	adaptive_is_within_a_tenth_of_the_better(&one_core);
	/* What a sleep takes is the most that a spin may be worth. */
	run_model(&one_core, COMPLETION_ADAPTIVE, 5000);
	assert_in_range(longest_spin_ns, 1, 30000);
}

static void adaptive_sleeps_where_the_device_is_slow(void **state)
{
	(void)state;
	static const struct machine disk = { .service_ns = 4000000, .wake_ns = 50000 };

	adaptive_is_within_a_tenth_of_the_better(&disk);
	run_model(&disk, COMPLETION_ADAPTIVE, 5000);
	assert_true(rig_sleeps == 5000);
}

static void adaptive_follows_a_device_that_changes(void **state)
{
	(void)state;
	static struct machine changing = { .service_ns = 20000, .wake_ns = 5000,
					   .slice_ns = 700000 };
	struct blk_limits limits = rig_limits();
	struct settings settings = { .completion = COMPLETION_ADAPTIVE, .spin_max_us = 200 };
	static struct blk_driver driver;

	driver = rig_driver;
	driver.has_completions = model_has_completions;
	model_queue = &rig_create_with(1, 1, &limits, &settings, &driver)->queues[0];
	machine = &changing;
	rig_on_sleep = model_sleep;
	struct rig_request *r = rig_request(BLK_READ, 0, 8);
	for (uint32_t i = 0; i < 4000; i++) {
		if (i == 1000) /* the device moves to a core of its own */
			changing = (struct machine){ .service_ns = 1300, .wake_ns = 130000 };
		if (i == 2000)
			rig_sleeps = 0;
		assert_true(rig_submit(model_queue, r));
		service_left_ns = changing.service_ns;
		wait_start_tsc = rig_now_tsc;
		while (!blk_poll(model_queue))
			blk_wait(&model_queue, 1, 1);
	}
	assert_int_equal(rig_sleeps, 0);
}

/* --- adaptive: what it has learned, to the tick --- */

#define FIND_TSC 1000u
#define SLACK_TSC 100u /* looks at the clock around a spin */

static uint64_t there_tsc; /* from when on something is there */
static uint64_t spun_tsc; /* before the last sleep */

static bool is_there_by_now(const struct blk_queue *queue)
{
	(void)queue;
	return rig_now_tsc >= there_tsc;
}

static void note_spin(void)
{
	spun_tsc = rig_now_tsc - wait_start_tsc;
}

static struct blk_queue *timed_queue(void)
{
	static struct blk_driver driver;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .completion = COMPLETION_ADAPTIVE, .spin_max_us = 200 };

	driver = rig_driver;
	driver.has_completions = is_there_by_now;
	rig_step_tsc = 10;
	rig_on_sleep = note_spin;
	struct rig *rig = rig_create_with(1, 1, &limits, &settings, &driver);
	submit_reads(&rig->queues[0], 1);
	return &rig->queues[0];
}

/* Returns how long the CPU spun before it slept; 0: it did not sleep. */
static uint64_t wait_until(struct blk_queue *queue, uint64_t after_tsc)
{
	uint32_t sleeps = rig_sleeps;

	wait_start_tsc = rig_now_tsc;
	there_tsc = after_tsc == UINT64_MAX ? UINT64_MAX : rig_now_tsc + after_tsc;
	blk_wait(&queue, 1, 1);
	return rig_sleeps > sleeps ? spun_tsc : 0;
}

/* Spins that fail, then sleeps of no time; the next wait probes. Returns sleeps at once. */
static uint32_t sleep_until_a_probe_is_due(struct blk_queue *queue)
{
	uint32_t at_once = 0;

	for (uint32_t i = 0; i < 1000 && at_once < 255; i++)
		at_once += wait_until(queue, UINT64_MAX) < SLACK_TSC;
	return at_once;
}

static void a_spin_is_worth_four_times_what_those_before_took(void **state)
{
	(void)state;
	struct blk_queue *queue = timed_queue();

	for (int i = 0; i < 100; i++)
		assert_int_equal(wait_until(queue, FIND_TSC), 0);
	for (int i = 0; i < 100; i++) /* there at the first look: teaches nothing */
		assert_int_equal(wait_until(queue, 0), 0);
	assert_int_equal(sleep_until_a_probe_is_due(queue), 255);
	assert_in_range(wait_until(queue, UINT64_MAX), 4 * FIND_TSC, 4 * FIND_TSC + SLACK_TSC);
	assert_in_range(wait_until(queue, UINT64_MAX), 0, SLACK_TSC); /* not twice */
}

static void a_probe_that_finds_something_pays_for_one_that_does_not(void **state)
{
	(void)state;
	struct blk_queue *queue = timed_queue();

	for (int i = 0; i < 100; i++)
		assert_int_equal(wait_until(queue, FIND_TSC), 0);
	assert_int_equal(sleep_until_a_probe_is_due(queue), 255);
	assert_int_equal(wait_until(queue, FIND_TSC), 0);
	assert_int_equal(wait_until(queue, FIND_TSC), 0);
	/* Credit of 5: the first failure leaves 1, the second nothing. */
	assert_true(wait_until(queue, UINT64_MAX) >= 4 * FIND_TSC);
	assert_true(wait_until(queue, UINT64_MAX) >= 4 * FIND_TSC);
	assert_in_range(wait_until(queue, UINT64_MAX), 0, SLACK_TSC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(what_is_there_already_ends_the_wait_at_once),
		rig_test(an_answer_of_the_layer_itself_ends_the_wait_at_once),
		rig_test(the_wake_flag_ends_the_wait_and_is_cleared),
		rig_test(with_nothing_in_flight_no_queue_is_touched),
		rig_test(irq_arms_sleeps_once_and_silences),
		rig_test(irq_silences_no_event_that_has_passed),
		rig_test(irq_holds_back_no_more_than_the_caller_can_use),
		rig_test(no_more_is_waited_for_than_is_in_flight),
		rig_test(a_flush_is_not_held_back),
		rig_test(what_waits_for_room_is_not_held_back),
		rig_test(two_queues_are_both_armed_for_the_first_that_comes),
		rig_test(a_broken_queue_is_not_waited_for),
		rig_test(poll_never_arms_and_sees_what_comes),
		rig_test(poll_lets_the_callers_loop_run_now_and_then),
		rig_test(a_queue_without_interrupts_is_polled_whatever_the_mode),
		rig_test(adaptive_under_load_wakes_at_half_and_a_timer_bounds_it),
		rig_test(where_sleeps_bring_many_nothing_is_held_back),
		rig_test(several_queues_are_not_held_back),
		rig_test(adaptive_holds_back_neither_a_lone_request_nor_a_few),
		rig_test(without_coalescing_nothing_is_held_back),
		rig_test(adaptive_spins_where_the_device_has_a_core_of_its_own),
		rig_test(adaptive_sleeps_where_spinning_keeps_the_device_from_working),
		rig_test(adaptive_sleeps_where_the_device_is_slow),
		rig_test(adaptive_follows_a_device_that_changes),
		rig_test(a_spin_is_worth_four_times_what_those_before_took),
		rig_test(a_probe_that_finds_something_pays_for_one_that_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
