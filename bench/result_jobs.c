/*
 * What fio has no word for, job by job: an array beside fio's own "jobs", with
 * one element for each job, grouped or not.
 *
 *   sequence_digest   of the offsets, lengths and directions, in order
 *   stages_ns         what the latency consists of, from first to last: the
 *                     means of the stages add up to that of lat_ns
 *   scheduled_lat_ns  rated jobs: latency from when an I/O was due, not from
 *                     when it was issued
 *
 * Boot CPU, after the run.
 */
#include "bench/engine_impl.h"
#include "bench/result_impl.h"
#include "kernel/lib/fmt.h"

static void write_mean(struct json_writer *w, const char *key, uint64_t sum_ns, uint64_t count)
{
	json_object_begin(w, key);
	json_float(w, "mean", (double)sum_ns / (double)count);
	json_uint(w, "N", count);
	json_object_end(w);
}

/* The boundaries: engine_impl.h. */
static void write_stages(struct json_writer *w, const struct engine_job *job, bool bins)
{
	static const char *const names[ENGINE_STAGES] = {
		[STAGE_SUBMIT_TO_DOORBELL] = "submit_to_doorbell",
		[STAGE_DOORBELL_TO_SIGNAL] = "doorbell_to_signal",
		[STAGE_SIGNAL_TO_DISCOVERY] = "signal_to_discovery",
		[STAGE_DISCOVERY_TO_DELIVERY] = "discovery_to_delivery",
	};
	const struct engine_stage_sums *sums = &job->stage_sums;

	if (!sums->count)
		return;
	json_object_begin(w, "stages_ns");
	if (job->stages) {
		for (unsigned i = 0; i < ENGINE_STAGES; i++)
			report_latency(w, names[i], &job->stages->stage[i], job->job, bins);
	} else {
		write_mean(w, names[0], sums->submit_to_doorbell_ns, sums->count);
		write_mean(w, names[1], sums->doorbell_to_signal_ns, sums->count);
		write_mean(w, "signal_to_delivery", sums->signal_to_delivery_ns, sums->count);
	}
	json_object_end(w);
}

static void write_job(struct json_writer *w, const struct engine_job *job, bool bins)
{
	const struct stats_job *stats = job->stats;
	char digest[20];

	fmt_print(digest, sizeof(digest), "%016lx", stats->sequence_digest);
	json_object_begin(w, NULL);
	json_string(w, "jobname", job->job->name);
	json_uint(w, "cpu", job->cpu->index);
	json_uint(w, "elapsed_ns", clock_tsc_to_ns(stats->total_tsc));
	json_string(w, "sequence_digest", digest);
	write_stages(w, job, bins);
	if (stats->scheduled.count)
		report_latency(w, "scheduled_lat_ns", &stats->scheduled, job->job, bins);
	json_object_end(w);
}

void result_write_jobs(struct json_writer *w, const struct result *result)
{
	json_array_begin(w, "jobs");
	for (uint32_t i = 0; i < result->set->job_count; i++)
		write_job(w, &engine.jobs[i], result->settings->json_plus);
	json_array_end(w);
}
