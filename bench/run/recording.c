/* SPDX-License-Identifier: MIT */
/*
 * From trace_events= to recorders on queues, and from those to text.
 *
 * Boot CPU, before and after the run. During it the runner's done() notes
 * deliveries (step.c), with the very stamp that its statistics take: what
 * is computed from the events equals what the result says.
 */
#include "bench/run/recording.h"
#include "bench/run/run_impl.h"

#include "kernel/blk/recorder.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"

#define LINE_BYTES 400u

static const char letters[RECORDER_KINDS] = {
	[RECORDER_DELIVERY] = 'D', [RECORDER_PIECE] = 'P', [RECORDER_BATCH] = 'B',
	[RECORDER_INTERRUPT] = 'I', [RECORDER_POLL] = 'L', [RECORDER_SLEEP] = 'S',
};

/* Their jobs go the full way (step.c). */
static void record_deliveries(const struct runner_job *job)
{
	for (uint32_t i = 0; i < job->depth; i++)
		job->ios[i].request.done = runner_io_done_recorded;
}

int recording_setup(void)
{
	uint32_t events = runner.settings->trace_events;
	if (!events)
		return 0;
	if (runner.settings->engine != ENGINE_BLK) {
		log_raw("%s:1: trace_events: only engine=blk has lifecycles to record\n",
			runner.job_file);
		return -ERR_INVALID;
	}
	for (uint32_t c = 0; c < cpu_count; c++) {
		for (uint32_t q = 0; q < runner.cpus[c].queue_count; q++) {
			if (!recorder_start(runner.cpus[c].queues[q], events))
				continue;
			log_raw("%s:1: trace_events: not enough memory for %u events per queue\n",
				runner.job_file, events);
			return -ERR_NO_MEMORY;
		}
	}
	for (uint32_t i = 0; i < runner.set->job_count; i++)
		record_deliveries(&runner.jobs[i]);
	return 0;
}

/* --- text --- */

static uint64_t since_start_ns(uint64_t tsc)
{
	return clock_tsc_to_ns(tsc - runner.start_tsc);
}

static void write_event(const struct recorder_event *event,
			void (*emit)(const char *text, size_t length))
{
	char line[LINE_BYTES];
	uint64_t before_ns = since_start_ns(event->tsc[0]);
	size_t used = (size_t)fmt_print(line, sizeof(line), "%c %u %lu", letters[event->kind],
					event->cpu, before_ns);
	for (unsigned i = 1; i < recorder_stamp_count(event->kind); i++) {
		uint64_t ns = since_start_ns(event->tsc[i]);
		used += (size_t)fmt_print(line + used, sizeof(line) - used, " %ld",
					  (int64_t)(ns - before_ns));
		before_ns = ns;
	}
	used += (size_t)fmt_print(line + used, sizeof(line) - used, " %u %u", event->marks,
				  event->count);
	if (event->kind == RECORDER_DELIVERY || event->kind == RECORDER_PIECE)
		used += (size_t)fmt_print(line + used, sizeof(line) - used, " %u %u %u %u %lu",
					  event->op, event->flags, event->status,
					  event->submitter, event->sector);
	line[used++] = '\n';
	emit(line, used);
}

/*
 * What the queue counted while it was recorded, for checking what is kept. A device
 * may still interrupt in vain.
 */
static void write_head(const struct recorder *l, void (*emit)(const char *text, size_t length))
{
	const struct blk_queue *queue = l->queue;
	const struct blk_counters *now = &queue->counters, *before = &l->before;
	char line[LINE_BYTES];
	int used = fmt_print(line, sizeof(line),
			     "-----BEGIN RINGBOLT LOG %s.%u.lifecycle-----\n"
			     "lifecycle 1 disk=%s queue=%u cpu=%u recorded=%lu kept=%u "
			     "requests=%lu completions=%lu doorbells=%lu "
			     "doorbells_suppressed=%lu interrupts=%lu merges=%lu splits=%lu\n",
			     queue->device->name, queue->index, queue->device->name, queue->index,
			     queue->cpu->index, l->recorded, recorder_kept(l),
			     now->requests - before->requests,
			     now->completions - before->completions,
			     now->doorbells - before->doorbells,
			     now->doorbells_suppressed - before->doorbells_suppressed,
			     l->interrupts_seen - before->interrupts,
			     now->merges - before->merges, now->splits - before->splits);
	emit(line, (size_t)used);
}

void recording_write(void (*emit)(const char *text, size_t length))
{
	static const char end[] = "-----END RINGBOLT LOG-----\n";

	recorder_end();
	for (const struct recorder *l = recorder_first(); l; l = l->next) {
		write_head(l, emit);
		for (uint32_t i = 0; i < recorder_kept(l); i++)
			write_event(recorder_at(l, i), emit);
		emit(end, sizeof(end) - 1);
	}
}
