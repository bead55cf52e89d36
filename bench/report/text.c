/* SPDX-License-Identifier: MIT */
/*
 * The result as text for people and for parsers of fio's "normal" output: the
 * line shapes of fio_version=. Loop context, after the run; not reentrant
 * (report_entry_next()).
 */
#include "bench/report/text_impl.h"
#include "kernel/lib/mem.h"

static void print_samples(struct line *line, const struct report_run *run, const struct job *job,
			  unsigned direction, const struct stats_direction *d)
{
	struct report_group group;

	if (d->bw_kib.count) {
		const struct stats_samples *s = &d->bw_kib;
		bool mega = s->mean > 1024 * 1024;
		double divisor = mega ? 1024 : 1;
		double share;

		report_group_totals(run, job->group_id, direction, &group);
		share = report_share(s->mean, (double)group.bw / 1024, 0);
		line_add(line, "   bw (%5s/s): min=%5lu, max=%5lu, per=", mega ? "MiB" : "KiB",
			 (uint64_t)(s->min / (uint64_t)divisor),
			 (uint64_t)(s->max / (uint64_t)divisor));
		line_add_float(line, MIN(share, 100.0), 3, 2);
		line_add(line, "%%, avg=");
		line_add_float(line, s->mean / divisor, 5, 2);
		line_add(line, ", stdev=");
		line_add_float(line, report_samples_stddev(s) / divisor, 5, 2);
		line_add(line, ", samples=%lu", s->count);
		line_end(line);
	}
	if (d->iops.count) {
		const struct stats_samples *s = &d->iops;

		line_add(line, "   iops        : min=%5lu, max=%5lu, avg=",
			 s->min, s->max);
		line_add_float(line, s->mean, 5, 2);
		line_add(line, ", stdev=");
		line_add_float(line, report_samples_stddev(s), 5, 2);
		line_add(line, ", samples=%lu", s->count);
		line_end(line);
	}
}

static bool has_zone_resets(const struct job *job, unsigned direction)
{
	return direction == DIR_WRITE ||
	       (direction == DIR_TRIM && job_fio(job)->has_zone_resets_of_trims);
}

static void print_direction(struct line *line, const struct report_run *run,
			    const struct job *job, unsigned direction,
			    const struct stats_direction *d)
{
	static const char *const names[] = { "read", "write", "trim", "mixed" };
	const bool binary = job->kb_base != 1000;
	uint64_t bw = report_rate(d->io_bytes, d->runtime_ms);

	if (!d->runtime_ms)
		return;
	line_add(line, "  %s: IOPS=%s, BW=%s (%s)(%s/%lumsec)%s", names[direction],
		 report_scaled(report_rate(d->total_ios, d->runtime_ms), 4, false, "").text,
		 report_scaled(bw, 4, binary, "B/s").text,
		 report_scaled(bw, 4, !binary, "B/s").text,
		 report_scaled(d->io_bytes, 4, binary, "B").text, d->runtime_ms,
		 has_zone_resets(job, direction) ? "; 0 zone resets" : "");
	line_end(line);
	report_text_latency(line, "slat", &d->slat);
	report_text_latency(line, "clat", &d->clat);
	report_text_latency(line, " lat", &d->lat);
	if (job->slat_percentiles)
		report_text_percentiles(line, "slat", job, &d->slat);
	if (job->clat_percentiles)
		report_text_percentiles(line, "clat", job, &d->clat);
	if (job->lat_percentiles)
		report_text_percentiles(line, "lat", job, &d->lat);
	print_samples(line, run, job, direction, d);
}

static void print_levels(struct line *line, const char *title, const char *const *names,
			 const uint64_t *levels, uint64_t total)
{
	line_add(line, "%s", title);
	for (unsigned i = 0; i < STATS_DEPTH_LEVELS; i++) {
		line_add(line, "%s%s=", i ? ", " : "", names[i]);
		line_add_float(line, report_share((double)levels[i], (double)total, 0.1), 3, 1);
		line_add(line, "%%");
	}
	line_end(line);
}

static void print_processor(struct line *line, const struct stats_job *stats)
{
	double total = (double)stats->total_tsc, system = (double)stats->system_tsc;

	line_add(line, "  cpu          : usr=");
	line_add_float(line, report_share((double)stats->busy_tsc - system, total, 0), 3, 2);
	line_add(line, "%%, sys=");
	line_add_float(line, report_share(system, total, 0), 3, 2);
	line_add(line, "%%, ctx=0, majf=0, minf=0");
	line_end(line);
}

static void print_depths(struct line *line, const struct stats_job *stats)
{
	const struct stats_direction *d = stats->direction;
	uint64_t issued = d[DIR_READ].total_ios + d[DIR_WRITE].total_ios + d[DIR_TRIM].total_ios;

	print_levels(line, "  IO depths    : ", report_depth_names, stats->depth_level, issued);
	print_levels(line, "     submit    : ", report_batch_names, stats->submit_level,
		     stats->submit_calls);
	print_levels(line, "     complete  : ", report_batch_names, stats->complete_level,
		     stats->complete_calls);
	line_add(line, "     issued rwts: total=%lu,%lu,%lu,%lu short=%lu,%lu,%lu,0",
		 d[DIR_READ].total_ios, d[DIR_WRITE].total_ios,
		 d[DIR_TRIM].total_ios, stats->sync_total,
		 d[DIR_READ].short_ios, d[DIR_WRITE].short_ios,
		 d[DIR_TRIM].short_ios);
	line_add(line, " dropped=%lu,%lu,%lu,0", d[DIR_READ].drop_ios,
		 d[DIR_WRITE].drop_ios, d[DIR_TRIM].drop_ios);
	line_end(line);
}

static void print_steadystate(struct line *line, const struct job *job,
			      const struct report_steadystate *ss)
{
	const bool binary = job->kb_base != 1000, slope = strchr(ss->criterion, '_') != NULL;
	uint64_t bw = report_series_mean(ss->bw_bytes, ss->count);

	line_add(line, "  steadystate  : attained=%s, bw=%s (%s), iops=%s, %.*s%s=",
		 ss->attained ? "yes" : "no", report_scaled(bw, 4, binary, "B/s").text,
		 report_scaled(bw, 4, !binary, "B/s").text,
		 report_scaled(report_series_mean(ss->iops, ss->count), 4, false, "").text,
		 ss->criterion[0] == 'b' ? 2 : 4, ss->criterion, slope ? " slope" : " mean dev");
	line_add_float(line, ss->deviation, 0, 3);
	line_add(line, "%s", ss->limit_is_percent ? "%" : "");
	line_end(line);
}

static const char *error_text(int error)
{
	static const struct {
		int number;
		const char *text;
	} known[] = {
		{ 5, "Input/output error" },
		{ 22, "Invalid argument" },
		{ 28, "No space left on device" },
		{ 30, "Read-only file system" },
		{ 84, "Invalid or incomplete multibyte or wide character" },
		{ 95, "Operation not supported" },
		{ 110, "Connection timed out" },
	};

	for (unsigned i = 0; i < ARRAY_COUNT(known); i++)
		if (known[i].number == error)
			return known[i].text;
	return error ? "Unknown error" : "Success";
}

static void print_header(struct line *line, const struct report_run *run,
			 const struct report_entry *entry)
{
	const struct job *job = entry->first->job;
	int error = entry->stats->error;
	char time[32];

	report_time_format(time, run->timestamp_ms / 1000);
	line_add(line, "%s: (groupid=%u, jobs=%u): err=%2d", job->name, job->group_id,
		 entry->members, error);
	if (error)
		line_add(line, " (error=%s)", error_text(error));
	line_add(line, ": pid=%u: %s", job->thread_number, time);
	line_end(line);
	if (job->description) {
		line_add(line, "  Description  : [%s]", job->description);
		line_end(line);
	}
}

static void print_entry(struct line *line, const struct report_run *run,
			const struct report_entry *entry)
{
	const struct job *job = entry->last->job;
	const struct stats_job *stats = entry->stats;

	print_header(line, run, entry);
	for (unsigned d = 0; d < DIR_COUNT && !job->unified_mixed; d++)
		print_direction(line, run, job, d, &stats->direction[d]);
	if (entry->mixed)
		print_direction(line, run, job, DIR_COUNT, entry->mixed);
	report_text_ranges(line, stats);
	if (stats->sync.count) {
		line_add(line, "  fsync/fdatasync/sync_file_range:");
		line_end(line);
		report_text_latency(line, "sync", &stats->sync);
		if (job->clat_percentiles || job->lat_percentiles)
			report_text_percentiles(line, "sync", job, &stats->sync);
	}
	print_processor(line, stats);
	print_depths(line, stats);
	if (job->continue_on_error_set) {
		line_add(line, "     errors    : total=%lu, first_error=%d/<%s>",
			 stats->total_errors, stats->first_error,
			 error_text(stats->first_error));
		line_end(line);
	}
	line_add(line, "     latency   : target=%lu, window=%lu, percentile=",
		 (uint64_t)(job->latency_target_us * NS_PER_US),
		 job->latency_window_us);
	line_add_float(line, (double)job->latency_percentile_micro / 1e6, 3, 2);
	line_add(line, "%%, depth=%u",
		 entry->last->latency_depth ? entry->last->latency_depth : job->iodepth);
	line_end(line);
	if (entry->first->steadystate)
		print_steadystate(line, job, entry->first->steadystate);
}

static void print_group_direction(struct line *line, const struct report_run *run,
				  const struct job *job, unsigned direction)
{
	static const char *const names[] = { "READ", "WRITE", "TRIM", "MIXED" };
	const bool binary = job->kb_base != 1000;
	struct report_group g;

	report_group_totals(run, job->group_id, direction, &g);
	if (!g.max_run_ms)
		return;
	line_add(line, "%7s: bw=%s (%s), %s-%s (%s-%s), io=%s (%s), run=%lu-%lumsec",
		 names[direction], report_scaled(g.bw, 4, binary, "B/s").text,
		 report_scaled(g.bw, 4, !binary, "B/s").text,
		 report_scaled(g.min_bw, 4, binary, "B/s").text,
		 report_scaled(g.max_bw, 4, binary, "B/s").text,
		 report_scaled(g.min_bw, 4, !binary, "B/s").text,
		 report_scaled(g.max_bw, 4, !binary, "B/s").text,
		 report_scaled(g.io_bytes, 4, binary, "B").text,
		 report_scaled(g.io_bytes, 4, !binary, "B").text, g.min_run_ms, g.max_run_ms);
	line_end(line);
}

static void print_groups(struct line *line, const struct report_run *run)
{
	for (uint32_t i = 0; i < run->set->job_count; i++) {
		const struct job *job = run->jobs[i].job;

		if (i && run->jobs[i - 1].job->group_id == job->group_id)
			continue;
		line_end(line);
		line_add(line, "Run status group %u (all jobs):", job->group_id);
		line_end(line);
		for (unsigned d = 0; d < DIR_COUNT && !job->unified_mixed; d++)
			print_group_direction(line, run, job, d);
		if (job->unified_mixed || job->unified_both)
			print_group_direction(line, run, job, DIR_COUNT);
	}
}

static void print_disks(struct line *line, const struct report_run *run)
{
	if (!run->disk_count)
		return;
	line_end(line);
	line_add(line, "Disk stats (read/write):");
	line_end(line);
	for (uint32_t i = 0; i < run->disk_count; i++) {
		const struct report_disk *disk = &run->disks[i];

		line_add(line, "  %s: ios=%lu/%lu, ", disk->name, disk->ios[0], disk->ios[1]);
		if (job_set_fio(run->set)->has_disk_sectors)
			line_add(line, "sectors=%lu/%lu, ", disk->sectors[0], disk->sectors[1]);
		line_add(line, "merge=%lu/%lu, ", disk->merges[0], disk->merges[1]);
		line_add(line, "ticks=%lu/%lu, in_queue=%lu, util=", disk->ticks_ms[0],
			 disk->ticks_ms[1], disk->in_queue_ms);
		line_add_float(line, disk->utilisation, 3, 2);
		line_add(line, "%%");
		line_end(line);
	}
}

void report_text(const struct report_run *run, void (*print)(const char *format, ...))
{
	struct line line = { .print = print };
	struct report_entry entry = { 0 };

	line_end(&line);
	while (report_entry_next(run, &entry))
		print_entry(&line, run, &entry);
	print_groups(&line, run);
	print_disks(&line, run);
}
