/* SPDX-License-Identifier: MIT */
/*
 * The tables of settings and of fio's options as a program: docs/generate makes
 * docs/settings.md and docs/jobs.md of what it prints, a row a line, with tabs between:
 *
 *	setting KEY VALUES DEFAULT HELP
 *	option NAME ALIAS ACCEPT ON RELEASES REASON ELSEWHERE [CHOICE REASON]...
 *
 * ON is 1 where an option is refused only when it is not 0. ELSEWHERE is 1 for an option
 * of an engine that does not exist here. A CHOICE is one that is refused, with the reason.
 * It includes settings.c, whose table nothing else may see.
 */
#include "kernel/lib/settings.c"

#include <stdio.h>
#include <stdlib.h>

#include "bench/job/job_impl.h"

static const char *const accept_names[] = {
	[ACCEPT_FULL] = "works", [ACCEPT_SILENTLY] = "silent", [ACCEPT_WARN] = "warned",
	[ACCEPT_NEVER] = "refused",
};

/* Only assertions of the sources that are linked call it. */
void panic(const char *format, ...)
{
	fprintf(stderr, "%s\n", format);
	abort();
}

static void print_value(const struct setting *setting, uint32_t value)
{
	if (setting->words)
		printf("%s", setting->words[value]);
	else
		printf("%u", value);
}

static void print_setting(const struct setting *setting)
{
	printf("setting\t%s\t", setting->key);
	for (uint32_t i = 0; setting->words && i <= setting->max; i++)
		printf("%s%s", i ? ", " : "", setting->words[i]);
	if (!setting->words)
		printf("%u to %u%s%s", setting->min, setting->max,
		       setting->or_zero ? ", or 0" : "", setting->more ? "; a list" : "");
	printf("\t");
	print_value(setting, setting->fallback);
	printf("\t%s\n", setting->help);
}

static void print_releases(const struct job_option_rule *rule)
{
	if (rule->since)
		printf("from %s on", fio_versions[rule->since].name);
	if (rule->before)
		printf("%sbefore %s", rule->since ? ", " : "", fio_versions[rule->before].name);
}

static void print_option(const struct job_option_rule *rule)
{
	bool elsewhere = rule->engines & (1u << NAMED_ABSENT);

	printf("option\t%s\t%s\t%s\t%u\t", rule->name, rule->alias ? rule->alias : "",
	       accept_names[rule->accept], rule->accept == ACCEPT_NEVER && rule->type != TYPE_ANY);
	print_releases(rule);
	printf("\t%s\t%u", rule->reason ? rule->reason : "", elsewhere);
	for (const struct job_choice *choice = rule->choices; choice && choice->name; choice++)
		if (choice->unsupported)
			printf("\t%s\t%s", choice->name, choice->unsupported);
	printf("\n");
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_COUNT(setting_table); i++)
		print_setting(&setting_table[i]);
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++)
		print_option(rule);
	return 0;
}
