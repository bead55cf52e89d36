/* SPDX-License-Identifier: MIT */
/*
 * What fio has no word for, job by job: an array beside fio's own "jobs", with
 * one element for each job, grouped or not.
 *
 *   sequence_digest   of the offsets, lengths and directions, in order
 *   stages_ns         what the latency consists of, from first to last: the
 *                     means of the stages add up to that of lat_ns
 *   measuring_ns      what stamps, sums and histograms take (run/overhead.c),
 *                     and measuring_share: of the job's time
 *   scheduled_lat_ns  rated jobs: latency from when an I/O was due, not from
 *                     when it was issued
 *
 * Boot CPU, after the run.
 */
#include "bench/lib/decimal.h"
#include "bench/core/core.h"
#include "bench/result/result_impl.h"
#include "bench/run/run.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"

/* A job's stages, whichever are known. */
struct stage {
	const char *name;
	double mean_ns;
	const struct stats_latency *full; /* NULL: no more than its mean */
};

/* The boundaries: core/core.h. Returns the count. */
static unsigned list_stages(const struct runner_job *job, struct stage stages[STAGE_COUNT])
{
	static const char *const names[STAGE_COUNT] = {
		[STAGE_SUBMIT_TO_DOORBELL] = "submit_to_doorbell",
		[STAGE_DOORBELL_TO_SIGNAL] = "doorbell_to_signal",
		[STAGE_SIGNAL_TO_DISCOVERY] = "signal_to_discovery",
		[STAGE_DISCOVERY_TO_DELIVERY] = "discovery_to_delivery",
	};
	const struct runner_stage_sums *sums = &job->stage_sums;
	double count = (double)sums->count;

	for (unsigned i = 0; job->stages && i < STAGE_COUNT; i++) {
		const struct stats_latency *full = &job->stages->stage[i];

		stages[i] = (struct stage){ names[i], stats_latency_mean(full), full };
	}
	if (job->stages)
		return STAGE_COUNT;
	stages[0] = (struct stage){ names[0], (double)sums->submit_to_doorbell_ns / count, NULL };
	stages[1] = (struct stage){ names[1], (double)sums->doorbell_to_signal_ns / count, NULL };
	stages[2] = (struct stage){ "signal_to_delivery",
				    (double)sums->signal_to_delivery_ns / count, NULL };
	return 3;
}

static void write_stages(struct json_writer *w, const struct runner_job *job, bool bins)
{
	struct stage stages[STAGE_COUNT];
	unsigned count = list_stages(job, stages);

	json_object_begin(w, "stages_ns");
	for (unsigned i = 0; i < count; i++) {
		if (stages[i].full) {
			report_latency(w, stages[i].name, stages[i].full, job->options, bins);
			continue;
		}
		json_object_begin(w, stages[i].name);
		json_float(w, "mean", stages[i].mean_ns);
		json_uint(w, "N", job->stage_sums.count);
		json_object_end(w);
	}
	json_object_end(w);
}

static void write_measuring(struct json_writer *w, const struct runner_job *job)
{
	json_object_begin(w, "measuring_ns");
	json_float(w, "per_io", job->measuring.io_ns);
	json_float(w, "per_batch", job->measuring.batch_ns);
	json_object_end(w);
	json_float(w, "measuring_share", runner_measuring_share(job));
}

static void write_job(struct json_writer *w, const struct runner_job *job, bool bins)
{
	const struct stats_job *stats = job->stats;
	char digest[20];

	fmt_print(digest, sizeof(digest), "%016lx", stats->sequence_digest);
	json_object_begin(w, NULL);
	json_string(w, "jobname", job->options->name);
	json_uint(w, "cpu", job->cpu->index);
	json_uint(w, "elapsed_ns", clock_tsc_to_ns(stats->total_tsc));
	json_string(w, "sequence_digest", digest);
	if (job->stage_sums.count) {
		write_stages(w, job, bins);
		write_measuring(w, job);
	}
	if (stats->scheduled.count)
		report_latency(w, "scheduled_lat_ns", &stats->scheduled, job->options, bins);
	json_object_end(w);
}

void result_write_jobs(struct json_writer *w, const struct result *result)
{
	json_array_begin(w, "jobs");
	for (uint32_t i = 0; i < result->set->job_count; i++)
		write_job(w, &runner.jobs[i], result->settings->json_plus);
	json_array_end(w);
}

static void print_job(const struct runner_job *job)
{
	struct stage stages[STAGE_COUNT];
	unsigned count = list_stages(job, stages);
	char number[DECIMAL_BYTES], percent[DECIMAL_BYTES];

	log_raw("  %s: stages (nsec): ", job->options->name);
	for (unsigned i = 0; i < count; i++) {
		decimal_format(number, stages[i].mean_ns, 1);
		log_raw("%s%s=%s", i ? ", " : "", stages[i].name, number);
	}
	double share = runner_measuring_share(job);
	double elapsed_ns = (double)clock_tsc_to_ns(job->stats->total_tsc);
	decimal_format(number, share * elapsed_ns / (double)job->stage_sums.count, 1);
	decimal_format(percent, 100 * share, 2);
	log_raw("\n  %s: measuring took %s nsec per I/O, %s%% of the time\n", job->options->name,
		number, percent);
}

/* Of the job's time, and of all that its queues did in it. */
static void print_counts(const struct runner_job *job)
{
	const struct runner_counts *counts = &job->counts;
	const struct stats_job *stats = job->stats;
	double requests = (double)counts->requests;
	char doorbells[DECIMAL_BYTES], interrupts[DECIMAL_BYTES], idle[DECIMAL_BYTES];

	decimal_format(doorbells, (double)counts->doorbells / requests, 2);
	decimal_format(interrupts, (double)counts->interrupts / requests, 2);
	decimal_format(idle, 100 - 100 * (double)stats->busy_tsc / (double)stats->total_tsc, 2);
	log_raw("  %s: per I/O: doorbells=%s, interrupts=%s; CPU idle=%s%%\n", job->options->name,
		doorbells, interrupts, idle);
}

static void print_all_counts(const struct result *result)
{
	bool any = false;
	for (uint32_t i = 0; i < result->set->job_count; i++) {
		if (!runner.jobs[i].counts.requests)
			continue;
		if (!any)
			log_raw("\nWhat the disks' queues and the CPU did meanwhile:\n");
		any = true;
		print_counts(&runner.jobs[i]);
	}
}

void result_print_jobs(const struct result *result)
{
	bool any = false;
	print_all_counts(result);
	for (uint32_t i = 0; i < result->set->job_count; i++) {
		if (!runner.jobs[i].stage_sums.count)
			continue;
		if (!any)
			log_raw("\nWhat the mean latency consists of:\n");
		any = true;
		print_job(&runner.jobs[i]);
	}
}
