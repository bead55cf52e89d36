/* SPDX-License-Identifier: MIT */
/*
 * The reports as a program, for test_report_schema.py: reads what a run measured
 * as lines of words with tabs between on standard input and prints the report
 * named by the argument, "json" or "text".
 *
 *	run TIMESTAMP_MS JSON_PLUS RELEASE
 *	global NAME [VALUE]		option NAME [VALUE] of the latest job
 *	job NAME			begins a job
 *	set KEY VALUE			see keys[]
 *	percentiles MICRO...
 *	dir D IO_BYTES TOTAL_IOS RUNTIME_MS SHORT DROP
 *	samples D bw|iops COUNT MIN MAX MEAN SQUARED_DEVIATION
 *	latency D|sync slat|clat|lat COUNT MIN MAX MEAN STDDEV
 *	bin NS COUNT			of the latest latency
 *	level depth|submit|complete CALLS COUNT*7
 *	steadystate CRITERION LIMIT IS_PERCENT ATTAINED DEVIATION MAX SLOPE DURATION
 *	second IOPS BW			of the latest steadystate
 *	disk NAME IOS*2 SECTORS*2 MERGES*2 TICKS*2 IN_QUEUE UTILISATION
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/report.h"
#include "kernel/lib/assert.h"

#define JOBS 16
#define WORDS 32

static struct job jobs[JOBS];
static struct stats_job stats[JOBS];
static struct report_job report_jobs[JOBS];
static struct job_set set = { .jobs = jobs };
static struct report_steadystate steady[JOBS];
static uint64_t seconds[JOBS][2][64];
static struct report_disk disks[4];
static struct report_run run = { .set = &set, .jobs = report_jobs, .disks = disks };

static char *words[WORDS];
static unsigned word_count;
static struct stats_latency *latency;

static const struct {
	const char *name;
	size_t offset, size;
	bool in_stats;
} keys[] = {
#define JOB_KEY(name, field) { name, offsetof(struct job, field), sizeof(jobs[0].field), false }
#define STATS_KEY(name, field) \
	{ name, offsetof(struct stats_job, field), sizeof(stats[0].field), true }
	JOB_KEY("group", group_id), JOB_KEY("group_reporting", group_reporting),
	JOB_KEY("thread", thread_number), JOB_KEY("iodepth", iodepth),
	JOB_KEY("unified_mixed", unified_mixed), JOB_KEY("unified_both", unified_both),
	JOB_KEY("continue_on_error", continue_on_error_set), JOB_KEY("kb_base", kb_base),
	JOB_KEY("slat_percentiles", slat_percentiles),
	JOB_KEY("clat_percentiles", clat_percentiles), JOB_KEY("lat_percentiles", lat_percentiles),
	JOB_KEY("latency_target_us", latency_target_us),
	JOB_KEY("latency_window_us", latency_window_us),
	JOB_KEY("latency_percentile_micro", latency_percentile_micro),
	STATS_KEY("error", error), STATS_KEY("total_errors", total_errors),
	STATS_KEY("first_error", first_error), STATS_KEY("sync_total", sync_total),
	STATS_KEY("job_runtime_ms", job_runtime_ms), STATS_KEY("busy_tsc", busy_tsc),
	STATS_KEY("system_tsc", system_tsc), STATS_KEY("total_tsc", total_tsc),
};

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	abort();
}

static uint64_t number(unsigned word)
{
	assert_always(word < word_count);
	return strtoull(words[word], NULL, 10);
}

static double real(unsigned word)
{
	assert_always(word < word_count);
	return strtod(words[word], NULL);
}

static uint32_t release_called(const char *name)
{
	uint32_t release = 0;

	while (release < FIO_VERSION_COUNT && strcmp(fio_versions[release].name, name) != 0)
		release++;
	assert_always(release < FIO_VERSION_COUNT);
	return release;
}

static void read_set(uint32_t job)
{
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		char *base = keys[i].in_stats ? (char *)&stats[job] : (char *)&jobs[job];
		uint64_t value = number(2);

		if (strcmp(keys[i].name, words[1]))
			continue;
		memcpy(base + keys[i].offset, &value, keys[i].size);
		return;
	}
	if (!strcmp(words[1], "elapsed"))
		report_jobs[job].elapsed_s = number(2);
	else if (!strcmp(words[1], "job_start"))
		report_jobs[job].start_ms = number(2);
	else if (!strcmp(words[1], "description"))
		jobs[job].description = strdup(words[2]);
	else
		panic("set %s", words[1]);
}

static void read_option(struct job_option *options, uint32_t *count)
{
	options[*count].name = strdup(words[1]);
	options[(*count)++].value = word_count > 2 ? strdup(words[2]) : NULL;
}

static void read_latency(struct stats_job *s, struct stats_direction *d)
{
	double mean = real(6), deviation = real(7);

	latency = !d			    ? &s->sync :
		  words[2][0] == 's'	    ? &d->slat :
		  words[2][0] == 'c'	    ? &d->clat :
					      &d->lat;
	latency->count = number(3);
	latency->min_ns = number(4);
	latency->max_ns = number(5);
	latency->sum_ns = (uint64_t)(mean * (double)latency->count + 0.5);
	/* Both are whole numbers; what was printed is enough to find them. */
	long double sum = latency->sum_ns;
	latency->sum_squares = (unsigned __int128)(
		(latency->count ? sum * sum / latency->count : 0) +
		(long double)deviation * deviation * (latency->count - 1.0L) + 0.5L);
}

static void read_samples(struct stats_direction *d)
{
	struct stats_samples *s = words[2][0] == 'b' ? &d->bw_kib : &d->iops;

	*s = (struct stats_samples){ number(3), number(4), number(5), real(6), real(7) };
}

static void read_level(struct stats_job *s)
{
	uint64_t *levels = words[1][0] == 'd' ? s->depth_level :
			   words[1][0] == 's' ? s->submit_level :
						s->complete_level;

	if (words[1][0] == 's')
		s->submit_calls = number(2);
	if (words[1][0] == 'c')
		s->complete_calls = number(2);
	for (unsigned i = 0; i < STATS_DEPTH_LEVELS; i++)
		levels[i] = number(3 + i);
}

static void read_steadystate(uint32_t job)
{
	steady[job] = (struct report_steadystate){
		strdup(words[1]), real(2), number(3), number(4), real(5), real(6), real(7),
		seconds[job][0],  seconds[job][1], 0, number(8),
	};
	report_jobs[job].steadystate = &steady[job];
}

static void read_disk(void)
{
	struct report_disk *disk = &disks[run.disk_count++];

	*disk = (struct report_disk){ strdup(words[1]),	      { number(2), number(3) },
				      { number(4), number(5) }, { number(6), number(7) },
				      { number(8), number(9) }, number(10),
				      real(11) };
}

static void begin_job(uint32_t job)
{
	snprintf(jobs[job].name, sizeof(jobs[job].name), "%s", words[1]);
	jobs[job].kb_base = 1024;
	jobs[job].fio_version = set.fio_version;
	report_jobs[job].job = &jobs[job];
	report_jobs[job].stats = &stats[job];
}

static void read_line(void)
{
	const uint32_t job = set.job_count ? set.job_count - 1 : 0;
	const char *what = words[0];
	struct stats_direction *d =
		word_count > 1 && words[1][0] >= '0' && words[1][0] < '0' + DIR_COUNT ?
			&stats[job].direction[words[1][0] - '0'] :
			NULL;

	if (!strcmp(what, "run")) {
		run.timestamp_ms = number(1);
		run.json_plus = number(2);
		set.fio_version = release_called(words[3]);
	} else if (!strcmp(what, "global")) {
		read_option(set.global_options, &set.global_option_count);
	} else if (!strcmp(what, "job")) {
		begin_job(set.job_count++);
	} else if (!strcmp(what, "option")) {
		read_option(jobs[job].options, &jobs[job].option_count);
	} else if (!strcmp(what, "set")) {
		read_set(job);
	} else if (!strcmp(what, "percentiles")) {
		jobs[job].percentile_places = (uint32_t)number(1);
		for (unsigned i = 2; i < word_count; i++)
			jobs[job].percentiles[jobs[job].percentile_count++] =
				strtod(words[i], NULL);
	} else if (!strcmp(what, "dir")) {
		d->io_bytes = number(2);
		d->total_ios = number(3);
		d->runtime_ms = number(4);
		d->short_ios = number(5);
		d->drop_ios = number(6);
	} else if (!strcmp(what, "samples")) {
		read_samples(d);
	} else if (!strcmp(what, "latency")) {
		read_latency(&stats[job], d);
	} else if (!strcmp(what, "bin")) {
		latency->bins[stats_bin(number(1))] += number(2);
	} else if (!strcmp(what, "level")) {
		read_level(&stats[job]);
	} else if (!strcmp(what, "steadystate")) {
		read_steadystate(job);
	} else if (!strcmp(what, "second")) {
		seconds[job][0][steady[job].count] = number(1);
		seconds[job][1][steady[job].count++] = number(2);
	} else if (!strcmp(what, "disk")) {
		read_disk();
	} else {
		panic("%s?", what);
	}
}

static void sink(void *context, const char *text, size_t length_bytes)
{
	fwrite(text, 1, length_bytes, context);
}

static void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
}

static void extra(struct json_writer *w, void *context)
{
	(void)context;
	json_string(w, "version", "test");
}

int main(int argc, char **argv)
{
	static char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line;

		for (word_count = 0; word_count < WORDS; word_count++)
			if (!(words[word_count] = strtok_r(rest, "\t\n", &rest)))
				break;
		if (word_count)
			read_line();
	}
	if (argc > 1 && !strcmp(argv[1], "text")) {
		report_text(&run, print);
		return 0;
	}
	struct json_writer w;

	run.extra = extra;
	json_begin(&w, sink, stdout);
	report_json(&run, &w);
	json_end(&w);
	return 0;
}
