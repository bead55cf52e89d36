/* SPDX-License-Identifier: MIT */
/* trace_events=: what is recorded of jobs, and the text that it becomes. */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "bench/run/recording.h"
#include "kernel/blk/recorder.c"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"

struct runner runner;

static struct settings settings;
static struct job_set set;
static char text[1 << 16];
static size_t used;

void runner_io_done_recorded(struct blk_request *request)
{
	const struct runner_io *io = CONTAINER_OF(request, struct runner_io, request);

	recorder_note_delivery(io->job->queues[0], request, 3, clock_tsc());
}

static void collect(const char *piece, size_t length)
{
	assert_true(used + length < sizeof(text));
	memcpy(text + used, piece, length);
	used += length;
	text[used] = '\0';
}

static int setup(void **state)
{
	memset(waiting_table, 0, sizeof(waiting_table));
	first = NULL;
	end = &first;
	rig_setup(state);
	rig_step_tsc = 10;
	memset(&runner, 0, sizeof(runner));
	memset(&settings, 0, sizeof(settings));
	used = 0;
	settings.trace_events = 64;
	set.job_count = 1;
	runner.set = &set;
	runner.settings = &settings;
	runner.job_file = "job.fio";
	return 0;
}

/* One job of one I/O on a disk of its own. */
static struct runner_io *one_io(void)
{
	static struct runner_job job;
	static struct runner_io io;
	static struct blk_queue *queues[1];
	struct blk_limits limits = rig_limits();
	struct rig *rig = rig_create(1, 1, &limits);

	io = (struct runner_io){ .job = &job, .request = rig_request(BLK_WRITE, 64, 8)->request };
	queues[0] = &rig->queues[0];
	job = (struct runner_job){ .depth = 1, .ios = &io, .queues = { queues[0] } };
	runner.jobs = &job;
	runner.cpus[0].queues = queues;
	runner.cpus[0].queue_count = 1;
	return &io;
}

static void without_it_nothing_is_touched(void **state)
{
	(void)state;
	struct runner_io *io = one_io();

	settings.trace_events = 0;
	assert_int_equal(recording_setup(), 0);
	assert_ptr_not_equal(io->request.done, runner_io_done_recorded);
	assert_ptr_equal(io->job->queues[0]->driver, &rig_driver);
	recording_write(collect);
	assert_int_equal(used, 0);
}

static void what_cannot_be_recorded_is_refused(void **state)
{
	(void)state;
	one_io();
	settings.engine = ENGINE_FLOOR;
	assert_int_equal(recording_setup(), -ERR_INVALID);
	settings.engine = ENGINE_BLK;
	rig_no_memory = true;
	assert_int_equal(recording_setup(), -ERR_NO_MEMORY);
}

static void an_event_is_a_line_of_distances(void **state)
{
	(void)state;
	struct runner_io *io = one_io();
	struct blk_queue *queue = io->job->queues[0];
	struct blk_request *request = &io->request;

	assert_int_equal(recording_setup(), 0);
	assert_ptr_equal(request->done, runner_io_done_recorded);
	runner.start_tsc = request->submit_tsc - 700;
	assert_int_equal(blk_submit(queue, &request, 1), 1);
	rig_complete_all(queue);
	rig_now_tsc = request->doorbell_tsc + 5000;
	blk_note_interrupt(queue);
	assert_int_equal(blk_poll(queue), 1);
	recording_write(collect);

	const struct recorder_event *batch = recorder_at(first, 0);
	const struct recorder_event *delivery = recorder_at(first, 2);
	char expected[1024];
	fmt_print(expected, sizeof(expected),
		  "-----BEGIN RINGBOLT LOG rig0.0.lifecycle-----\n"
		  "lifecycle 1 disk=rig0 queue=0 cpu=0 recorded=3 kept=3 requests=1 completions=1 "
		  "doorbells=1 doorbells_suppressed=0 interrupts=1 merges=0 splits=0\n"
		  "B 0 %d %d %d 1 1\n"
		  "I 0 %d 0 1\n"
		  "D 0 700 %d %d %d %d 6 8 1 0 0 3 64\n"
		  "-----END RINGBOLT LOG-----\n",
		  (int)(batch->tsc[0] - runner.start_tsc), (int)(batch->tsc[1] - batch->tsc[0]),
		  (int)(batch->tsc[2] - batch->tsc[1]),
		  (int)(request->doorbell_tsc + 5000 - runner.start_tsc),
		  (int)(request->doorbell_tsc - request->submit_tsc), 5000,
		  (int)(delivery->tsc[3] - delivery->tsc[2]),
		  (int)(delivery->tsc[4] - delivery->tsc[3]));
	assert_string_equal(text, expected);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(without_it_nothing_is_touched),
		test(what_cannot_be_recorded_is_refused),
		test(an_event_is_a_line_of_distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
