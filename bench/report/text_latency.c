/* SPDX-License-Identifier: MIT */
/*
 * The text report's lines on latencies: in ns, us or ms by their spread,
 * percentiles in rows of 80 columns, and shares of fio's ranges.
 */
#include "bench/lib/decimal.h"
#include "bench/report/text_impl.h"

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

void report_text_latency(struct line *line, const char *name, const struct stats_latency *s)
{
	if (!s->count)
		return;
	unsigned unit = latency_unit(s, true);
	double divisor = (double)unit_ns[unit];

	line_add(line, "    %s (%s): min=%s, max=%s, avg=", name, unit_names[unit],
		 report_scaled(s->min_ns / unit_ns[unit], 6, false, "").text,
		 report_scaled(s->max_ns / unit_ns[unit], 6, false, "").text);
	line_add_float(line, stats_latency_mean(s) / divisor, 5, 2);
	line_add(line, ", stdev=");
	line_add_float(line, stats_latency_stddev(s) / divisor, 5, 2);
	line_end(line);
}

void report_text_percentiles(struct line *line, const char *name, const struct job *job,
			     const struct stats_latency *s)
{
	char number[DECIMAL_BYTES];

	if (!s->count || !job->percentile_count)
		return;
	unsigned unit = 0, places = job->percentile_places;
	uint64_t least = stats_percentile_ns(s, job->percentiles[0]);
	uint64_t most = stats_percentile_ns(s, job->percentiles[job->percentile_count - 1]);

	if (least > 2000 && most > 99999)
		unit = least > 2000000 && most > 99999999 ? 2 : 1;
	int width = (int)decimal_format_u64(number, (most + unit_ns[unit] - 1) / unit_ns[unit]);

	width = MAX(width, 5);
	const unsigned per_line = (80 - 7) / (places + 10 + (unsigned)width);

	line_add(line, "    %s percentiles (%s):", name, unit_names[unit]);
	line_end(line);
	for (uint32_t i = 0; i < job->percentile_count; i++) {
		uint64_t value = stats_percentile_ns(s, job->percentiles[i]);

		line_add(line, "%s ", i % per_line ? "" : "     |");
		line_add_float(line, job->percentiles[i], (int)places + 3, places);
		line_add(line, "th=[%*lu]%s", width, (value + unit_ns[unit] - 1) / unit_ns[unit],
			 i + 1 < job->percentile_count ? "," : "");
		if (i % per_line == per_line - 1 || i + 1 == job->percentile_count)
			line_end(line);
	}
}

void report_text_ranges(struct line *line, const struct stats_job *stats)
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
