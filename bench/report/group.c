/* SPDX-License-Identifier: MIT */
/*
 * Groups and derived figures for the reports.
 *
 * Jobs are walked in creation order; a job with group_reporting whose group id
 * equals that of the job before it is merged into the entry before. A merged
 * entry is built in one static scratch (a stats_job is too large for a stack),
 * which makes the reports non-reentrant; the jobs' own statistics are never
 * changed, so a run can be reported more than once.
 */
#include "bench/report/report_impl.h"

#include "bench/lib/math.h"
#include "bench/lib/wide.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

const char *const report_range_names[REPORT_RANGES_MS] = {
	"2", "4", "10", "20", "50", "100", "250", "500", "750", "1000", "2000", ">=2000",
};
const char *const report_depth_names[STATS_DEPTH_LEVELS] = {
	"1", "2", "4", "8", "16", "32", ">=64",
};
const char *const report_batch_names[STATS_DEPTH_LEVELS] = {
	"0", "4", "8", "16", "32", "64", ">=64",
};

static struct stats_job merged_stats;
static struct stats_direction merged_directions;

/* All directions as one, as unified_rw_reporting wants them. */
static void merge_directions(const struct stats_job *stats)
{
	struct stats_direction *into = &merged_directions;

	memset(into, 0, sizeof(*into));
	for (unsigned d = 0; d < DIR_COUNT; d++)
		stats_direction_merge(into, &stats->direction[d]);
}

uint64_t report_rate(uint64_t amount, uint64_t ms)
{
	unsigned __int128 scaled = (unsigned __int128)amount * 1000;
	uint64_t remainder, high = (uint64_t)(scaled >> 64);

	if (!ms)
		return 0;
	return high < ms ? wide_divide(high, (uint64_t)scaled, ms, &remainder) : UINT64_MAX;
}

static void group_add(struct report_group *out, uint64_t io_bytes, uint64_t run_ms)
{
	uint64_t bw = report_rate(io_bytes, run_ms);

	if (!run_ms)
		return;
	if (!out->max_run_ms || run_ms < out->min_run_ms)
		out->min_run_ms = run_ms;
	if (!out->max_run_ms || bw < out->min_bw)
		out->min_bw = bw;
	out->max_run_ms = MAX(out->max_run_ms, run_ms);
	out->max_bw = MAX(out->max_bw, bw);
	out->io_bytes += io_bytes;
}

/* Index of the first job behind the entry that begins with job `index`. */
static uint32_t entry_end(const struct report_run *run, uint32_t index)
{
	uint32_t group_id = run->jobs[index].job->group_id;

	do
		index++;
	while (index < run->set->job_count && run->jobs[index].job->group_reporting &&
	       run->jobs[index].job->group_id == group_id);
	return index;
}

bool report_entry_next(const struct report_run *run, struct report_entry *entry)
{
	uint32_t index = entry->next;

	if (index >= run->set->job_count)
		return false;
	entry->first = &run->jobs[index];
	entry->stats = entry->first->stats;
	entry->next = entry_end(run, index);
	entry->last = &run->jobs[entry->next - 1];
	entry->members = entry->next - index;
	if (entry->members > 1) {
		merged_stats = *entry->stats;
		while (++index < entry->next)
			stats_job_merge(&merged_stats, run->jobs[index].stats);
		entry->stats = &merged_stats;
	}
	entry->mixed = NULL;
	if (entry->last->job->unified_mixed || entry->last->job->unified_both) {
		merge_directions(entry->stats);
		entry->mixed = &merged_directions;
	}
	return true;
}

void report_group_totals(const struct report_run *run, uint32_t group_id, unsigned direction,
			 struct report_group *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0, end; i < run->set->job_count; i = end) {
		uint64_t io_bytes = 0, run_ms = 0;

		end = entry_end(run, i);
		if (run->jobs[i].job->group_id != group_id)
			continue;
		for (uint32_t j = i; j < end; j++) {
			for (unsigned d = 0; d < DIR_COUNT; d++) {
				const struct stats_direction *from =
					&run->jobs[j].stats->direction[d];

				if (d == direction || direction == DIR_COUNT) {
					io_bytes += from->io_bytes;
					run_ms = MAX(run_ms, from->runtime_ms);
				}
			}
		}
		group_add(out, io_bytes, run_ms);
	}
	out->bw = report_rate(out->io_bytes, out->max_run_ms);
}

uint64_t report_series_mean(const uint64_t *values, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += values[i];
	return count ? sum / count : 0;
}

double report_samples_stddev(const struct stats_samples *s)
{
	return s->count > 1 ? math_sqrt(s->sum_squared_deviation / ((double)s->count - 1)) : 0;
}

double report_share(double part, double total, double floor)
{
	double percent;

	if (!(part > 0) || !(total > 0))
		return 0;
	percent = 100 * part / total;
	return percent < floor ? floor : percent;
}

/* Upper bound, exclusive, of a range in ns. */
static uint64_t range_limit_ns(unsigned range)
{
	static const uint64_t bound[] = { 2, 4, 10, 20, 50, 100, 250, 500, 750, 1000, 2000 };
	static const uint64_t unit_ns[] = { 1, NS_PER_US, NS_PER_MS };
	unsigned unit = MIN(range / 10, 2u), index = range - 10 * unit;

	return index < ARRAY_COUNT(bound) ? bound[index] * unit_ns[unit] : UINT64_MAX;
}

/*
 * Above 512 ns the ranges' bounds lie within bins; a bin that a bound cuts is
 * divided in proportion.
 */
void report_latency_ranges(const struct stats_job *stats, double percent[REPORT_RANGES])
{
	double count[REPORT_RANGES] = { 0 }, total = 0;
	unsigned range = 0;

	for (unsigned bin = 0; bin < STATS_BINS; bin++) {
		unsigned shift = bin < 128 ? 0 : bin / 64 - 1;
		uint64_t low = bin < 128 ? bin : (64ull + bin % 64) << shift;
		uint64_t end = low + (1ull << shift);
		double density = 0;

		for (unsigned d = 0; d < DIR_COUNT; d++)
			density += (double)stats->direction[d].clat.bins[bin];
		total += density;
		density /= (double)(1ull << shift);
		while (low < end) {
			uint64_t limit = range_limit_ns(range), cut = MIN(end, limit);

			count[range] += density * (double)(cut - low);
			low = cut;
			range += cut == limit;
		}
	}
	for (unsigned i = 0; i < REPORT_RANGES; i++)
		percent[i] = report_share(count[i], total, 0.01);
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since the epoch as year, month 0..11 and day 1..31. */
static void civil_date(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	static const uint8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned length;

	for (*year = 1970; *year < 9999; ++*year) {
		length = is_leap(*year) ? 366 : 365;
		if (days < length)
			break;
		days -= length;
	}
	for (*month = 0; *month < 11; ++*month) {
		length = (*month == 1 && is_leap(*year)) ? 29 : month_days[*month];
		if (days < length)
			break;
		days -= length;
	}
	*day = (unsigned)(days % 31) + 1;
}

void report_time_format(char *text, uint64_t seconds)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned year, month, day, rest = (unsigned)(seconds % 86400);

	civil_date(seconds / 86400, &year, &month, &day);
	fmt_print(text, 32, "%.3s %.3s %2u %02u:%02u:%02u %u", weekdays + seconds / 86400 % 7 * 3,
		  months + month * 3, day, rest / 3600, rest / 60 % 60, rest % 60, year);
}
