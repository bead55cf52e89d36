/* SPDX-License-Identifier: MIT */
/*
 * The result as JSON: the schema of fio_version=, key for key and in its order, so
 * that existing parsers and dashboards read it, and one further top-level
 * object "ringbolt", whose members the caller writes, for what fio has no word
 * for.
 *
 * Integers never carry a decimal point (typed consumers rely on it). What a
 * kernel does not have (context switches, page faults) is 0. Reads finished
 * statistics only; floating point; loop context, after the run.
 */
#include "bench/lib/decimal.h"
#include "bench/report/report_impl.h"
#include "kernel/lib/fmt.h"

static void write_options(struct json_writer *w, const char *key, const struct report_run *run,
			  const struct job_option *options, uint32_t count)
{
	const bool flags = job_set_fio(run->set)->echoes_flags;

	if (!count)
		return;
	json_object_begin(w, key);
	for (uint32_t i = 0; i < count; i++)
		if (options[i].value || flags)
			json_string(w, options[i].name, options[i].value ? options[i].value : "");
	json_object_end(w);
}

static void write_percentiles(struct json_writer *w, const struct job *job,
			      const struct stats_latency *s)
{
	json_object_begin(w, "percentile");
	for (uint32_t i = 0; i < job->percentile_count; i++) {
		char key[DECIMAL_BYTES];

		decimal_format(key, job->percentiles[i], 6);
		json_uint(w, key, stats_percentile_ns(s, job->percentiles[i]));
	}
	json_object_end(w);
}

static void write_bins(struct json_writer *w, const struct stats_latency *s)
{
	json_object_begin(w, "bins");
	for (unsigned i = 0; i < STATS_BINS; i++) {
		char key[DECIMAL_BYTES];

		if (!s->bins[i])
			continue;
		decimal_format_u64(key, stats_bin_value_ns(i));
		json_uint(w, key, s->bins[i]);
	}
	json_object_end(w);
}

void report_latency(struct json_writer *w, const char *key, const struct stats_latency *s,
		    const struct job *percentiles_of, bool bins)
{
	json_object_begin(w, key);
	json_uint(w, "min", s->count ? s->min_ns : 0);
	json_uint(w, "max", s->count ? s->max_ns : 0);
	json_float(w, "mean", stats_latency_mean(s));
	json_float(w, "stddev", stats_latency_stddev(s));
	json_uint(w, "N", s->count);
	if (percentiles_of && s->count) {
		write_percentiles(w, percentiles_of, s);
		if (bins)
			write_bins(w, s);
	}
	json_object_end(w);
}

static void write_latency(struct json_writer *w, const char *key, const struct report_run *run,
			  const struct job *job, const struct stats_latency *s, bool percentiles)
{
	report_latency(w, key, s, percentiles ? job : NULL, run->json_plus);
}

static void write_samples(struct json_writer *w, const struct report_run *run,
			  const struct job *job, unsigned direction,
			  const struct stats_direction *d)
{
	struct report_group group;

	report_group_totals(run, job->group_id, direction, &group);
	json_uint(w, "bw_min", d->bw_kib.min);
	json_uint(w, "bw_max", d->bw_kib.max);
	double share = report_share(d->bw_kib.mean, (double)group.bw / 1024, 0);

	json_float(w, "bw_agg", MIN(share, 100.0));
	json_float(w, "bw_mean", d->bw_kib.mean);
	json_float(w, "bw_dev", report_samples_stddev(&d->bw_kib));
	json_uint(w, "bw_samples", d->bw_kib.count);
	json_uint(w, "iops_min", d->iops.min);
	json_uint(w, "iops_max", d->iops.max);
	json_float(w, "iops_mean", d->iops.mean);
	json_float(w, "iops_stddev", report_samples_stddev(&d->iops));
	json_uint(w, "iops_samples", d->iops.count);
}

static void write_direction(struct json_writer *w, const char *key, const struct report_run *run,
			    const struct job *job, unsigned direction,
			    const struct stats_direction *d)
{
	uint64_t bw = report_rate(d->io_bytes, d->runtime_ms);

	json_object_begin(w, key);
	json_uint(w, "io_bytes", d->io_bytes);
	json_uint(w, "io_kbytes", d->io_bytes >> 10);
	json_uint(w, "bw_bytes", bw);
	json_uint(w, "bw", bw / 1024);
	json_float(w, "iops",
		   d->runtime_ms ? 1000 * (double)d->total_ios / (double)d->runtime_ms : 0);
	json_uint(w, "runtime", d->runtime_ms);
	json_uint(w, "total_ios", d->total_ios);
	json_uint(w, "short_ios", d->short_ios);
	json_uint(w, "drop_ios", d->drop_ios);
	write_latency(w, "slat_ns", run, job, &d->slat, job->slat_percentiles);
	write_latency(w, "clat_ns", run, job, &d->clat, job->clat_percentiles);
	write_latency(w, "lat_ns", run, job, &d->lat, job->lat_percentiles);
	write_samples(w, run, job, direction, d);
	json_object_end(w);
}

static void write_sync(struct json_writer *w, const struct report_run *run, const struct job *job,
		       const struct stats_job *stats)
{
	json_object_begin(w, "sync");
	json_uint(w, "total_ios", stats->sync_total);
	write_latency(w, "lat_ns", run, job, &stats->sync,
		      job->lat_percentiles || job->clat_percentiles);
	json_object_end(w);
}

static void write_levels(struct json_writer *w, const char *key, const char *const *names,
			 const uint64_t *levels, uint64_t total)
{
	json_object_begin(w, key);
	for (unsigned i = 0; i < STATS_DEPTH_LEVELS; i++)
		json_float(w, names[i], report_share((double)levels[i], (double)total, 0.1));
	json_object_end(w);
}

static void write_depths(struct json_writer *w, const struct stats_job *stats)
{
	uint64_t issued = 0;

	for (unsigned d = 0; d < DIR_COUNT; d++)
		issued += stats->direction[d].total_ios;
	write_levels(w, "iodepth_level", report_depth_names, stats->depth_level, issued);
	write_levels(w, "iodepth_submit", report_batch_names, stats->submit_level,
		     stats->submit_calls);
	write_levels(w, "iodepth_complete", report_batch_names, stats->complete_level,
		     stats->complete_calls);
}

static void write_ranges(struct json_writer *w, const struct stats_job *stats)
{
	static const struct {
		const char *key;
		unsigned count;
	} units[] = {
		{ "latency_ns", REPORT_RANGES_NS },
		{ "latency_us", REPORT_RANGES_US },
		{ "latency_ms", REPORT_RANGES_MS },
	};
	double percent[REPORT_RANGES];
	unsigned range = 0;

	report_latency_ranges(stats, percent);
	for (unsigned u = 0; u < ARRAY_COUNT(units); u++) {
		json_object_begin(w, units[u].key);
		for (unsigned i = 0; i < units[u].count; i++)
			json_float(w, report_range_names[i], percent[range++]);
		json_object_end(w);
	}
}

static void write_processor(struct json_writer *w, const struct stats_job *stats)
{
	double total = (double)stats->total_tsc, system = (double)stats->system_tsc;

	json_uint(w, "job_runtime", stats->job_runtime_ms);
	json_float(w, "usr_cpu", report_share((double)stats->busy_tsc - system, total, 0));
	json_float(w, "sys_cpu", report_share(system, total, 0));
	json_uint(w, "ctx", 0);
	json_uint(w, "majf", 0);
	json_uint(w, "minf", 0);
}

static void write_series(struct json_writer *w, const char *key, const uint64_t *values,
			 uint32_t count)
{
	json_array_begin(w, key);
	for (uint32_t i = 0; i < count; i++)
		json_uint(w, NULL, values[i]);
	json_array_end(w);
}

static void write_steadystate(struct json_writer *w, const struct report_steadystate *ss)
{
	char number[DECIMAL_BYTES], text[2 * DECIMAL_BYTES];
	const char *unit = ss->limit_is_percent ? "%" : "";

	json_object_begin(w, "steadystate");
	decimal_format(number, ss->limit, 6);
	fmt_print(text, sizeof(text), "%s:%s%s", ss->criterion, number, unit);
	json_string(w, "ss", text);
	json_uint(w, "duration", ss->duration_s);
	json_int(w, "attained", ss->attained);
	decimal_format(number, ss->deviation, 6);
	fmt_print(text, sizeof(text), "%s%s", number, unit);
	json_string(w, "criterion", text);
	json_float(w, "max_deviation", ss->max_deviation);
	json_float(w, "slope", ss->slope);
	json_object_begin(w, "data");
	json_uint(w, "bw_mean", report_series_mean(ss->bw_bytes, ss->count));
	json_uint(w, "iops_mean", report_series_mean(ss->iops, ss->count));
	write_series(w, "iops", ss->iops, ss->count);
	write_series(w, "bw", ss->bw_bytes, ss->count);
	json_object_end(w);
	json_object_end(w);
}

static void write_tail(struct json_writer *w, const struct report_entry *entry)
{
	const struct stats_job *stats = entry->stats;
	const struct report_job *last = entry->last;
	const struct job *job = last->job;

	if (job->continue_on_error_set) {
		json_uint(w, "total_err", stats->total_errors);
		json_int(w, "first_error", stats->first_error);
	}
	json_uint(w, "latency_depth", last->latency_depth ? last->latency_depth : job->iodepth);
	json_uint(w, "latency_target", job->latency_target_us * NS_PER_US);
	json_float(w, "latency_percentile", (double)job->latency_percentile_micro / 1e6);
	json_uint(w, "latency_window", job->latency_window_us);
	if (entry->first->job->description)
		json_string(w, "desc", entry->first->job->description);
	if (entry->first->steadystate)
		write_steadystate(w, entry->first->steadystate);
}

static void write_entry(struct json_writer *w, const struct report_run *run,
			const struct report_entry *entry)
{
	static const char *const names[DIR_COUNT] = { "read", "write", "trim" };
	const struct job *job = entry->last->job;
	const struct stats_job *stats = entry->stats;

	json_object_begin(w, NULL);
	json_string(w, "jobname", entry->first->job->name);
	json_uint(w, "groupid", job->group_id);
	if (job_fio(job)->has_job_start)
		json_uint(w, "job_start", entry->first->start_ms);
	json_int(w, "error", stats->error);
	json_uint(w, "eta", 0);
	json_uint(w, "elapsed", entry->first->elapsed_s);
	write_options(w, "job options", run, job->options, job->option_count);
	if (job->unified_mixed) {
		write_direction(w, "mixed", run, job, DIR_COUNT, entry->mixed);
	} else {
		for (unsigned d = 0; d < DIR_COUNT; d++)
			write_direction(w, names[d], run, job, d, &stats->direction[d]);
		write_sync(w, run, job, stats);
	}
	if (job->unified_both)
		write_direction(w, "mixed", run, job, DIR_COUNT, entry->mixed);
	write_processor(w, stats);
	write_depths(w, stats);
	write_ranges(w, stats);
	write_tail(w, entry);
	json_object_end(w);
}

static void write_disks(struct json_writer *w, const struct report_run *run)
{
	if (!run->disk_count)
		return;
	json_array_begin(w, "disk_util");
	for (uint32_t i = 0; i < run->disk_count; i++) {
		const struct report_disk *disk = &run->disks[i];

		json_object_begin(w, NULL);
		json_string(w, "name", disk->name);
		json_uint(w, "read_ios", disk->ios[0]);
		json_uint(w, "write_ios", disk->ios[1]);
		if (job_set_fio(run->set)->has_disk_sectors) {
			json_uint(w, "read_sectors", disk->sectors[0]);
			json_uint(w, "write_sectors", disk->sectors[1]);
		}
		json_uint(w, "read_merges", disk->merges[0]);
		json_uint(w, "write_merges", disk->merges[1]);
		json_uint(w, "read_ticks", disk->ticks_ms[0]);
		json_uint(w, "write_ticks", disk->ticks_ms[1]);
		json_uint(w, "in_queue", disk->in_queue_ms);
		json_float(w, "util", disk->utilisation);
		json_object_end(w);
	}
	json_array_end(w);
}

void report_json(const struct report_run *run, struct json_writer *w)
{
	struct report_entry entry = { 0 };
	char time[32], version[16];

	report_time_format(time, run->timestamp_ms / 1000);
	/* fio's parsers expect this shape; our own version is in "ringbolt". */
	fmt_print(version, sizeof(version), "fio-%s", job_set_fio(run->set)->name);
	json_string(w, "fio version", version);
	json_uint(w, "timestamp", run->timestamp_ms / 1000);
	json_uint(w, "timestamp_ms", run->timestamp_ms);
	json_string(w, "time", time);
	write_options(w, "global options", run, run->set->global_options,
		      run->set->global_option_count);
	json_array_begin(w, "jobs");
	while (report_entry_next(run, &entry))
		write_entry(w, run, &entry);
	json_array_end(w);
	write_disks(w, run);
	if (run->extra) {
		json_object_begin(w, "ringbolt");
		run->extra(w, run->extra_context);
		json_object_end(w);
	}
}
