/* SPDX-License-Identifier: MIT */
/*
 * Every job file of Debian's package fio-examples, read as the release of fio
 * that is installed: those that make sense on a disk are accepted with as many
 * jobs as fio starts, all others are refused with their reason
 * (tests/data/fio_examples.txt). And our own job files.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

#define EXAMPLES "/usr/share/doc/fio/examples"
#define SHIPPED "configs/jobs"
#define LIST "tests/data/fio_examples.txt"

struct example {
	char name[64], class, outcome[16], jobs[16], reason[128];
};

static FILE *open_or_fail(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("cannot read %s", path);
	return file;
}

/* enum setting_fio_version of a name; FIO_VERSION_COUNT: of none that we follow. */
static uint32_t release_called(const char *name)
{
	uint32_t release = 0;

	while (release < FIO_VERSION_COUNT && strcmp(fio_versions[release].name, name) != 0)
		release++;
	return release;
}

static uint32_t installed_release(void)
{
	char name[32] = "";
	FILE *fio = popen("fio --version", "r");

	if (!fio || fscanf(fio, "fio-%31s", name) != 1)
		fail_msg("fio is not installed");
	pclose(fio);
	if (release_called(name) == FIO_VERSION_COUNT)
		fail_msg("fio %s is installed, which fio_version.c does not know", name);
	return release_called(name);
}

/* "== from 3.39" or "== before 3.39": is what follows of the parser's release? */
static bool is_of_release(const char *line)
{
	char which[16], name[16];

	assert_int_equal(sscanf(line, "== %15s %15s", which, name), 2);
	assert_true(release_called(name) < FIO_VERSION_COUNT);
	return (rig_environment.fio_version >= release_called(name)) == !strcmp(which, "from");
}

/* A list that is read from its start. */
struct list {
	FILE *file;
	bool is_left_out; /* what follows is of other releases */
};

/* The next example of the list; false at its end. */
static bool next_example(struct list *list, struct example *example)
{
	char line[512];

	while (fgets(line, sizeof(line), list->file)) {
		if (!strncmp(line, "==", 2))
			list->is_left_out = !is_of_release(line);
		if (line[0] == '#' || line[0] == '=' || list->is_left_out)
			continue;
		example->reason[0] = '\0';
		assert_true(sscanf(line, "%63s %c %15s %15s %127[^\n]", example->name,
				   &example->class, example->outcome, example->jobs,
				   example->reason) >= 4);
		return true;
	}
	return false;
}

static bool sets(const char *line, const char *key)
{
	line += strspn(line, " \t");
	size_t length = strlen(key);
	if (strncmp(line, key, length) != 0)
		return false;
	line += length;
	return line[strspn(line, " \t")] == '=';
}

/* The file's text with a disk of ours in place of its files. */
static const char *on_a_disk(const char *name)
{
	static char text[65536];
	char path[256], line[8192];
	size_t used = (size_t)sprintf(text, "[global]\nfilename=/dev/vda\n");

	snprintf(path, sizeof(path), EXAMPLES "/%s.fio", name);
	FILE *file = open_or_fail(path);
	while (fgets(line, sizeof(line), file)) {
		if (sets(line, "filename") || sets(line, "directory"))
			continue;
		assert_true(used + strlen(line) < sizeof(text));
		used += (size_t)sprintf(text + used, "%s", line);
	}
	fclose(file);
	return text;
}

static void check(const struct example *example)
{
	char wanted[256];
	int result = rig_parse(on_a_disk(example->name));

	if (strcmp(example->outcome, "accept") == 0) {
		if (result)
			fail_msg("%s: refused: %s", example->name, rig_errors);
		if (rig_set.job_count != strtoul(example->jobs, NULL, 10))
			fail_msg("%s: %u jobs", example->name, rig_set.job_count);
		return;
	}
	assert_string_equal(example->outcome, "refuse");
	assert_true(example->reason[0]);
	snprintf(wanted, sizeof(wanted), ": %s", example->reason);
	if (!result)
		fail_msg("%s: accepted", example->name);
	if (!strstr(rig_errors, wanted))
		fail_msg("%s: \"%s\" is missing in:\n%s", example->name, wanted, rig_errors);
}

static void every_example_has_its_outcome(void **state)
{
	static const unsigned wanted[FIO_VERSION_COUNT][3] = {
		[FIO_3_33] = { 31, 13, 42 },
		[FIO_3_39] = { 31, 17, 50 },
		[FIO_3_41] = { 31, 18, 50 },
	};
	const uint32_t release = rig_environment.fio_version = installed_release();
	struct list list = { open_or_fail(LIST), false };
	struct example example;
	unsigned of_class[3] = { 0 };

	(void)state;
	while (next_example(&list, &example)) {
		assert_in_range(example.class, 'A', 'C');
		of_class[example.class - 'A']++;
		if (example.class == 'A')
			assert_string_equal(example.outcome, "accept");
		if (example.class == 'C')
			assert_string_equal(example.outcome, "refuse");
		check(&example);
	}
	fclose(list.file);
	for (unsigned i = 0; i < ARRAY_COUNT(of_class); i++)
		assert_int_equal(of_class[i], wanted[release][i]);
}

static bool is_listed(const char *name)
{
	struct list list = { open_or_fail(LIST), false };
	struct example example;
	bool found = false;

	while (!found && next_example(&list, &example))
		found = strcmp(example.name, name) == 0;
	fclose(list.file);
	return found;
}

static void no_example_is_left_out(void **state)
{
	DIR *folder = opendir(EXAMPLES);
	struct dirent *entry;

	(void)state;
	assert_non_null(folder);
	rig_environment.fio_version = installed_release();
	while ((entry = readdir(folder))) {
		char *end = strstr(entry->d_name, ".fio");
		if (!end || end[4])
			continue;
		*end = '\0';
		if (!is_listed(entry->d_name))
			fail_msg("%s is not in " LIST, entry->d_name);
	}
	closedir(folder);
}

static void check_shipped(const char *name)
{
	static char text[16384];
	char path[300];

	snprintf(path, sizeof(path), SHIPPED "/%s", name);
	FILE *file = open_or_fail(path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	if (rig_parse(text))
		fail_msg("%s: refused: %s", name, rig_errors);
	if (rig_warnings[0])
		fail_msg("%s: %s", name, rig_warnings);
}

static void our_own_job_files_are_without_fault(void **state)
{
	DIR *folder = opendir(SHIPPED);
	struct dirent *entry;
	unsigned count = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		check_shipped(entry->d_name);
		count++;
	}
	closedir(folder);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(every_example_has_its_outcome),
		RIG_TEST(no_example_is_left_out),
		RIG_TEST(our_own_job_files_are_without_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
