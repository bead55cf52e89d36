/* SPDX-License-Identifier: MIT */
/*
 * Any text as a job file: no memory error, no endless loop, no memory beyond
 * what job_arena_bytes() demands, and what is accepted keeps its promises. The
 * mutator knows the option names and typical values, else few inputs would get
 * past the names.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/job/job_impl.h"
#include "kernel/lib/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#define SMALL_ARENA 0x80u /* in the first byte: the arena is probably too small */

struct report {
	unsigned errors;
};

static void count_error(void *context, const char *line)
{
	struct report *report = context;

	assert_always(strlen(line) < JOB_MESSAGE_BYTES && !strchr(line, '\n'));
	report->errors++;
}

static void ignore_warning(void *context, const char *line)
{
	(void)context;
	assert_always(strlen(line) < JOB_MESSAGE_BYTES && !strchr(line, '\n'));
}

static void check_directions(const struct job *job)
{
	for (unsigned d = 0; d < DIR_COUNT; d++) {
		uint64_t low = UINT64_MAX, high = 0;

		assert_always(job->min_bs[d] >= 1 && job->min_bs[d] <= job->max_bs[d]);
		assert_always(job->max_bs[d] <= JOB_BS_MAX);
		assert_always(job->blockalign[d] >= 1);
		assert_always(job->bssplit_count[d] <= JOB_BSSPLIT_MAX);
		assert_always(job->zone_count[d] <= JOB_BSSPLIT_MAX);
		assert_always(job->percentage_random[d] <= 100);
		for (uint32_t i = 0; i < job->bssplit_count[d]; i++) {
			low = MIN(low, job->bssplit[d][i].bytes);
			high = MAX(high, job->bssplit[d][i].bytes);
			assert_always(!i || job->bssplit[d][i - 1].percent <=
						    job->bssplit[d][i].percent);
		}
		if (job->bssplit_count[d])
			assert_always(low >= 1 && high <= JOB_BS_MAX);
	}
}

static void check_pointers(const struct job_set *set, const struct job *job)
{
	const char *start = set->arena, *end = set->arena + set->arena_used;

	for (uint32_t i = 0; i < job->file_count; i++)
		assert_always(job->files[i] >= start && job->files[i] < end);
	for (uint32_t i = 0; i < job->option_count; i++) {
		const char *value = job->options[i].value;

		assert_always(job->options[i].name);
		assert_always(!value || (value >= start && value + strlen(value) < end));
	}
	if (job->wait_for)
		assert_always(job->wait_for >= start && job->wait_for < end);
	if (job->bw_log)
		assert_always(job->bw_log >= start && job->bw_log < end);
}

static void check_job(const struct job_set *set, uint32_t index)
{
	const struct job *job = &set->jobs[index];

	assert_always(memchr(job->name, '\0', sizeof(job->name)));
	assert_always(job->thread_number == index + 1);
	assert_always(!index || job->group_id - job[-1].group_id <= 1);
	assert_always(job->file_count >= 1 && job->file_count <= JOB_FILES_MAX);
	assert_always(job->option_count <= JOB_OPTIONS_MAX);
	assert_always(job->iodepth >= 1 && job->iodepth_low <= job->iodepth);
	assert_always(job->iodepth_batch >= 1 && job->iodepth_batch <= job->iodepth);
	assert_always(job->iodepth_batch_complete_min <= job->iodepth_batch_complete_max);
	assert_always(job->iodepth_batch_complete_min <= job->iodepth);
	assert_always(job->engine != IOENGINE_SYNC || job->iodepth == 1);
	assert_always(job->rw & (JOB_RW_READ | JOB_RW_WRITE | JOB_RW_TRIM));
	assert_always(!job->time_based || job->runtime_us);
	assert_always(job->rwmixread <= 100 && job->size.percent <= 100);
	assert_always(job->percentile_count <= JOB_PERCENTILES_MAX);
	assert_always(job->verify_pattern_bytes <= JOB_PATTERN_BYTES);
	assert_always(job->buffer_pattern_bytes <= JOB_PATTERN_BYTES);
	assert_always(job->kb_base == 1000 || job->kb_base == 1024);
	check_directions(job);
	check_pointers(set, job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct job jobs[JOB_MAX];
	const struct job_environment environment = {
		.cpus = 4, .memory_mib = 1000, .fio_version = size % FIO_VERSION_COUNT
	};
	struct report report = { 0 };
	const struct job_messages messages = { count_error, ignore_warning, &report };
	struct job_set set = { .jobs = jobs };

	if (!size)
		return 0;
	set.arena_bytes = job_arena_bytes(size);
	if (data[0] & SMALL_ARENA)
		set.arena_bytes = (data[0] & 0x7fu) * 512u;
	set.arena = malloc(set.arena_bytes + 1);
	int result = job_parse(&set, "f", (const char *)data + 1, size - 1, &environment,
			       &messages);
	assert_always((result != 0) == (report.errors != 0));
	assert_always((result != 0) == (set.job_count == 0));
	assert_always(set.arena_used <= set.arena_bytes);
	for (uint32_t i = 0; i < set.job_count; i++)
		check_job(&set, i);
	free(set.arena);
	return 0;
}

/* --- the mutator --- */

static const char *const values[] = {
	"",	    "=0",	   "=1",	  "=4k",	     "=4k,8k",	       "=1-2",
	"=50%",	    "=x",	   "=4k/50:8k/50", "=zipf:1.2",	     "=zoned:50/5:50",
	"=0xff\"a\"%o",
	"=crc32c",  "=10s",	   "=1:2:3",	  "=libaio",	     "=io_uring",      "=null",
	"=/dev/a",  "=/dev/a:/b",  "=randrw",	  "=iops:20%",	     "=${x}",	       "=$ncpus*2",
	"=8191kib", "=strided",	   "=1000",	  "=pattern",	     "=normal:5:0.5",  "=0-3",
};

static size_t append(char *line, size_t used, const char *text)
{
	strcpy(line + used, text);
	return used + strlen(text);
}

static size_t make_line(char *line, unsigned seed)
{
	size_t count = 0, used = 0;

	if (seed % 13 == 0)
		return append(line, used, seed % 2 ? "\n[a]\nfilename=/dev/a\n" : "\n[global]\n");
	if (seed % 31 == 0)
		return append(line, used, "\ninclude x\n");
	while (job_option_table[count].name)
		count++;
	used = append(line, used, "\n");
	used = append(line, used, job_option_table[seed / 7 % count].name);
	used = append(line, used, values[seed / 5003 % ARRAY_COUNT(values)]);
	return append(line, used, "\n");
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	char line[256];
	size_t length, at;

	if (seed % 3 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	length = make_line(line, seed / 3);
	if (size + length > max_size || !size)
		return LLVMFuzzerMutate(data, size, max_size);
	/* At the start of a line, behind the first byte. */
	at = 1 + seed / 11 % size;
	while (at < size && data[at] != '\n')
		at++;
	memmove(data + at + length, data + at, size - at);
	memcpy(data + at, line, length);
	return size + length;
}
