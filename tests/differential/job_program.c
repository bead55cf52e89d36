/* SPDX-License-Identifier: MIT */
/*
 * The job file parser as a program, for test_job_language.py. Parses each file
 * named, as the release of fio named first, and prints what it made of it, as
 * lines of words with tabs between:
 *
 *	file NAME 0|1			begins a file; 1: it was refused
 *	error TEXT
 *	job NAME GROUP
 *	value OPTION NUMBER...		of the latest job, by the table of options
 *	bs MIN*3 MAX*3			likewise
 *
 * --options, in the place of a file, prints the table of that release's options:
 *
 *	option NAME ALIAS TYPE ACCEPT VALUES MINIMUM MAXIMUM ENGINES CHOICE...
 *
 * A choice that is refused is left out; ENGINES has a bit for each, 0 for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/job/job_impl.h"
#include "kernel/lib/assert.h"

static const char *const type_names[] = {
	[TYPE_FLAG] = "flag", [TYPE_BOOL] = "bool", [TYPE_NUMBER] = "number",
	[TYPE_TIME] = "time", [TYPE_SIZE] = "size", [TYPE_CHOICE] = "choice",
	[TYPE_TEXT] = "text", [TYPE_ANY] = "any", [TYPE_HANDLER] = "handler",
};
static const char *const accept_names[] = {
	[ACCEPT_FULL] = "full", [ACCEPT_SILENTLY] = "silent", [ACCEPT_WARN] = "warn",
	[ACCEPT_NEVER] = "never",
};

static void print_error(void *context, const char *line)
{
	(void)context;
	printf("error\t%s\n", line);
}

static void ignore(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static uint64_t number_at(const struct job *job, const struct job_option_rule *rule,
			  unsigned index)
{
	const char *field = (const char *)job + rule->offset + (size_t)rule->width * index;
	uint64_t number = 0;

	memcpy(&number, field, rule->width); /* little endian */
	return number;
}

/* Only fields of struct job, with which a draft begins: other ones are settled by then. */
static bool is_number_of_job(const struct job_option_rule *rule)
{
	return rule->offset < sizeof(struct job) &&
	       (rule->type == TYPE_NUMBER || rule->type == TYPE_TIME || rule->type == TYPE_BOOL ||
		rule->type == TYPE_FLAG);
}

static void print_size(const char *name, const struct job_size *size)
{
	printf("value\t%s\t%llu\t%u\n", name, (unsigned long long)size->bytes, size->percent);
}

static void print_job(const struct job *job)
{
	printf("job\t%s\t%u\n", job->name, job->group_id);
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++) {
		if (!is_number_of_job(rule))
			continue;
		printf("value\t%s", rule->name);
		for (unsigned i = 0; i < rule->count; i++)
			printf("\t%llu", (unsigned long long)number_at(job, rule, i));
		printf("\n");
	}
	print_size("size", &job->size);
	print_size("io_size", &job->io_size);
	print_size("offset", &job->offset);
	print_size("offset_increment", &job->offset_increment);
	printf("value\tstartdelay\t%llu\t%llu\n", (unsigned long long)job->startdelay_us_min,
	       (unsigned long long)job->startdelay_us_max);
	printf("bs");
	for (unsigned d = 0; d < DIR_COUNT; d++)
		printf("\t%llu", (unsigned long long)job->min_bs[d]);
	for (unsigned d = 0; d < DIR_COUNT; d++)
		printf("\t%llu", (unsigned long long)job->max_bs[d]);
	printf("\n");
}

static char *read_file(const char *path, size_t *length_bytes)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		exit(2);
	}
	*length_bytes = fread(text, 1, sizeof(text), file);
	fclose(file);
	return text;
}

static uint32_t release_called(const char *name)
{
	uint32_t release = 0;

	while (release < FIO_VERSION_COUNT && strcmp(fio_versions[release].name, name) != 0)
		release++;
	assert_always(release < FIO_VERSION_COUNT);
	return release;
}

static void parse(const char *path, uint32_t release)
{
	static struct job jobs[JOB_MAX];
	const struct job_environment environment = {
		.cpus = 2, .memory_mib = 1000, .fio_version = release
	};
	const struct job_messages messages = { print_error, ignore, NULL };
	struct job_set set = { .jobs = jobs };
	size_t length_bytes;
	char *text = read_file(path, &length_bytes);

	set.arena_bytes = job_arena_bytes(length_bytes);
	set.arena = malloc(set.arena_bytes);
	assert_always(set.arena);
	int result = job_parse(&set, "job", text, length_bytes, &environment, &messages);
	printf("file\t%s\t%u\n", path, result != 0);
	for (uint32_t i = 0; i < set.job_count; i++)
		print_job(&set.jobs[i]);
	free(set.arena);
}

static void print_options(uint32_t release)
{
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++) {
		if (release < rule->since || (rule->before && release >= rule->before))
			continue;
		printf("option\t%s\t%s\t%s\t%s\t%u\t%llu\t%llu\t%u", rule->name,
		       rule->alias ? rule->alias : "", type_names[rule->type],
		       accept_names[rule->accept], rule->count,
		       (unsigned long long)rule->minimum, (unsigned long long)rule->maximum,
		       rule->engines);
		for (const struct job_choice *choice = rule->choices; choice && choice->name;
		     choice++)
			if (!choice->unsupported)
				printf("\t%s", choice->name);
		printf("\n");
	}
}

int main(int count, char **words)
{
	assert_always(count > 1);
	for (int i = 2; i < count; i++)
		if (!strcmp(words[i], "--options"))
			print_options(release_called(words[1]));
		else
			parse(words[i], release_called(words[1]));
	return 0;
}
