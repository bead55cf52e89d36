/*
 * The result as text for people and for parsers of fio's "normal" output: the
 * line shapes of fio 3.33.
 *
 * Every line is built in a fixed buffer and printed whole. Numbers are scaled
 * as fio scales them: four significant digits with a prefix for rates and
 * sizes, latencies in ns, us or ms by their spread. Loop context, after the
 * run; not reentrant (report_entry_next()).
 */
#include <stdarg.h>

#include "bench/decimal.h"
#include "bench/report_impl.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

typedef void (*print_line)(const char *format, ...);

struct line {
	char text[320];
	size_t used;
	print_line print;
};

static void line_add(struct line *line, const char *format, ...) PRINTF_LIKE(2, 3);
static void line_add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = fmt_vprint(line->text + line->used, sizeof(line->text) - line->used, format,
				arguments);
	va_end(arguments);
	line->used = MIN(line->used + (size_t)length, sizeof(line->text) - 1);
}

/* "%*.*f" */
static void line_add_float(struct line *line, double value, int width, unsigned places)
{
	char number[DECIMAL_BYTES];

	decimal_format(number, value, places);
	line_add(line, "%*s", width, number);
}

static void line_end(struct line *line)
{
	line->print("%s\n", line->text);
	line->used = 0;
	line->text[0] = '\0';
}

struct scaled {
	char text[32];
};

/*
 * A number with a prefix, in at most `digits` digits: whole thousands are taken
 * off until it fits, and the last of them come back as decimals where there is
 * room for a point and a digit.
 */
static struct scaled scale(uint64_t value, unsigned digits, bool binary, const char *unit)
{
	static const char *const prefixes[2][7] = {
		{ "", "k", "M", "G", "T", "P", "E" },
		{ "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" },
	};
	const unsigned thousand = binary ? 1024 : 1000;
	char number[DECIMAL_BYTES], fraction[DECIMAL_BYTES] = "0";
	unsigned prefix = 0, rest = 0, length;
	struct scaled out;

	while ((length = decimal_format_u64(number, value)) > digits && prefix < 6) {
		rest = (unsigned)(value % thousand);
		value /= thousand;
		prefix++;
	}
	if (prefix && length + 2 <= digits) {
		unsigned places = digits - 1 - length;

		decimal_format(fraction, (double)rest / thousand, places);
		if (fraction[0] == '1') /* rounded up to the next whole */
			decimal_format_u64(number, value + 1);
		fmt_print(out.text, sizeof(out.text), "%s%s%s%s", number, fraction + 1,
			  prefixes[binary][prefix], unit);
		return out;
	}
	if (prefix && rest >= thousand / 2)
		decimal_format_u64(number, value + 1);
	fmt_print(out.text, sizeof(out.text), "%s%s%s", number, prefixes[binary][prefix], unit);
	return out;
}

/* Which unit shows a latency best: 0 ns, 1 us, 2 ms; fio's thresholds. */
static unsigned latency_unit(const struct stats_latency *s, bool use_deviation)
{
	double deviation = stats_latency_stddev(s);
	unsigned unit = 0;

	if (s->min_ns > 2000 && s->max_ns > 99999 && (!use_deviation || deviation > 1000))
		unit = 1;
	if (unit && s->min_ns / 1000 > 2000 && s->max_ns / 1000 > 99999 &&
	    (!use_deviation || deviation / 1000 > 1000))
		unit = 2;
	return unit;
}

static const char *const unit_names[] = { "nsec", "usec", "msec" };
static const uint64_t unit_ns[] = { 1, NS_PER_US, NS_PER_MS };

static void print_latency(struct line *line, const char *name, const struct stats_latency *s)
{
	if (!s->count)
		return;
	unsigned unit = latency_unit(s, true);
	double divisor = (double)unit_ns[unit];

	line_add(line, "    %s (%s): min=%s, max=%s, avg=", name, unit_names[unit],
		 scale(s->min_ns / unit_ns[unit], 6, false, "").text,
		 scale(s->max_ns / unit_ns[unit], 6, false, "").text);
	line_add_float(line, stats_latency_mean(s) / divisor, 5, 2);
	line_add(line, ", stdev=");
	line_add_float(line, stats_latency_stddev(s) / divisor, 5, 2);
	line_end(line);
}

/* Decimals that the percentages need. */
static unsigned percentile_places(const struct job *job)
{
	unsigned places = 0;

	for (uint32_t i = 0; i < job->percentile_count; i++)
		for (uint32_t unit = 1000000, p = 0; unit > 1; unit /= 10, p++)
			if (job->percentiles_micro[i] % unit && p + 1 > places)
				places = p + 1;
	return places;
}

static void print_percentiles(struct line *line, const char *name, const struct job *job,
			      const struct stats_latency *s)
{
	char number[DECIMAL_BYTES];

	if (!s->count || !job->percentile_count)
		return;
	unsigned unit = 0, places = percentile_places(job);
	uint64_t least = stats_percentile_ns(s, job->percentiles_micro[0]);
	uint64_t most = stats_percentile_ns(s, job->percentiles_micro[job->percentile_count - 1]);

	if (least > 2000 && most > 99999)
		unit = least > 2000000 && most > 99999999 ? 2 : 1;
	int width = (int)decimal_format_u64(number, (most + unit_ns[unit] - 1) / unit_ns[unit]);

	width = MAX(width, 5);
	const unsigned per_line = (80 - 7) / (places + 10 + (unsigned)width);

	line_add(line, "    %s percentiles (%s):", name, unit_names[unit]);
	line_end(line);
	for (uint32_t i = 0; i < job->percentile_count; i++) {
		uint64_t value = stats_percentile_ns(s, job->percentiles_micro[i]);

		line_add(line, "%s ", i % per_line ? "" : "     |");
		line_add_float(line, (double)job->percentiles_micro[i] / 1e6, (int)places + 3,
			       places);
		line_add(line, "th=[%*lu]%s", width, (value + unit_ns[unit] - 1) / unit_ns[unit],
			 i + 1 < job->percentile_count ? "," : "");
		if (i % per_line == per_line - 1 || i + 1 == job->percentile_count)
			line_end(line);
	}
}

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
		 scale(report_rate(d->total_ios, d->runtime_ms), 4, false, "").text,
		 scale(bw, 4, binary, "B/s").text, scale(bw, 4, !binary, "B/s").text,
		 scale(d->io_bytes, 4, binary, "B").text, d->runtime_ms,
		 direction == DIR_WRITE ? "; 0 zone resets" : "");
	line_end(line);
	print_latency(line, "slat", &d->slat);
	print_latency(line, "clat", &d->clat);
	print_latency(line, " lat", &d->lat);
	if (job->slat_percentiles)
		print_percentiles(line, "slat", job, &d->slat);
	if (job->clat_percentiles)
		print_percentiles(line, "clat", job, &d->clat);
	if (job->lat_percentiles)
		print_percentiles(line, "lat", job, &d->lat);
	print_samples(line, run, job, direction, d);
}

static void print_ranges(struct line *line, const struct stats_job *stats)
{
	static const unsigned counts[] = { REPORT_RANGES_NS, REPORT_RANGES_US, REPORT_RANGES_MS };
	double percent[REPORT_RANGES];
	const double *range = percent;

	report_latency_ranges(stats, percent);
	for (unsigned unit = 0; unit < ARRAY_COUNT(counts); range += counts[unit++]) {
		unsigned shown = 0;

		for (unsigned i = 0; i < counts[unit]; i++) {
			if (!(range[i] > 0))
				continue;
			if (shown % 5 == 0)
				line_add(line, "  lat (%s)   : ", unit_names[unit]);
			else
				line_add(line, ", ");
			line_add(line, "%s=", report_range_names[i]);
			line_add_float(line, range[i], 3, 2);
			line_add(line, "%%");
			if (++shown % 5 == 0)
				line_end(line);
		}
		if (shown % 5)
			line_end(line);
	}
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
		 ss->attained ? "yes" : "no", scale(bw, 4, binary, "B/s").text,
		 scale(bw, 4, !binary, "B/s").text,
		 scale(report_series_mean(ss->iops, ss->count), 4, false, "").text,
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
	print_ranges(line, stats);
	if (stats->sync.count) {
		line_add(line, "  fsync/fdatasync/sync_file_range:");
		line_end(line);
		print_latency(line, "sync", &stats->sync);
		if (job->clat_percentiles || job->lat_percentiles)
			print_percentiles(line, "sync", job, &stats->sync);
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
		 names[direction], scale(g.bw, 4, binary, "B/s").text,
		 scale(g.bw, 4, !binary, "B/s").text, scale(g.min_bw, 4, binary, "B/s").text,
		 scale(g.max_bw, 4, binary, "B/s").text, scale(g.min_bw, 4, !binary, "B/s").text,
		 scale(g.max_bw, 4, !binary, "B/s").text, scale(g.io_bytes, 4, binary, "B").text,
		 scale(g.io_bytes, 4, !binary, "B").text, g.min_run_ms,
		 g.max_run_ms);
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

		line_add(line, "  %s: ios=%lu/%lu, merge=%lu/%lu, ", disk->name, disk->ios[0],
			 disk->ios[1], disk->merges[0], disk->merges[1]);
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
