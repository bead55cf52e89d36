/* SPDX-License-Identifier: MIT */
/*
 * Variables in values: $ncpus, $mb_memory and $pagesize become numbers. Only
 * after such a number was put in, + - * / in the value are calculated, left to
 * right with * and / first. A kernel has no
 * environment: the host tool has replaced each ${NAME} before.
 *
 * Works on copies in the arena.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

struct job_expansion {
	char text[JOB_LINE_BYTES + 1];
	size_t length;
	bool has_number;
};

size_t job_expansion_bytes(void)
{
	return sizeof(struct job_expansion);
}

static struct job_expansion *expansion_of(struct job_parser *p)
{
	if (!p->expansion)
		p->expansion = job_allocate(p, sizeof(*p->expansion));
	if (p->expansion) {
		p->expansion->length = 0;
		p->expansion->has_number = false;
	}
	return p->expansion;
}

static bool append(struct job_parser *p, struct job_expansion *to, struct job_text piece)
{
	if (piece.length > JOB_LINE_BYTES - to->length) {
		job_error(p, "too long once its variables are replaced");
		return false;
	}
	memcpy(to->text + to->length, piece.at, piece.length);
	to->length += piece.length;
	return true;
}

/* rest stands behind the "${". */
static void refuse_variable(struct job_parser *p, struct job_text rest)
{
	char separator;
	struct job_text name = job_text_cut(&rest, "}", &separator);

	if (separator && name.length)
		job_error(p, "variable %.*s is not set", (int)name.length, name.at);
	else
		job_error(p, "${ without a name and }");
}

static bool append_number(struct job_parser *p, struct job_expansion *to, uint64_t number)
{
	char digits[24];

	fmt_print(digits, sizeof(digits), "%llu", (unsigned long long)number);
	to->has_number = true;
	return append(p, to, job_text_of(digits));
}

/* $ncpus and so on, or the '$' itself; *rest stands at the '$'. */
static bool append_keyword(struct job_parser *p, struct job_expansion *to, struct job_text *rest)
{
	const struct job_environment *environment = p->environment;
	const struct {
		const char *name;
		uint64_t value;
	} keywords[] = {
		{ "$ncpus", environment ? environment->cpus : 0 },
		{ "$mb_memory", environment ? environment->memory_mib : 0 },
		{ "$pagesize", PAGE_BYTES },
	};
	struct job_text dollar = { rest->at, 1 };

	for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
		size_t length = strlen(keywords[i].name);

		if (rest->length < length || memcmp(rest->at, keywords[i].name, length) != 0)
			continue;
		rest->at += length;
		rest->length -= length;
		if (keywords[i].value)
			return append_number(p, to, keywords[i].value);
		job_error(p, "%s is not known here", keywords[i].name);
		return false;
	}
	rest->at++;
	rest->length--;
	return append(p, to, dollar);
}

/* --- arithmetic --- */

static bool calculate(struct job_parser *p, char operator, int64_t *left, int64_t right)
{
	bool overflow = false;

	switch (operator) {
	case '+':
		overflow = __builtin_add_overflow(*left, right, left);
		break;
	case '-':
		overflow = __builtin_sub_overflow(*left, right, left);
		break;
	case '*':
		overflow = __builtin_mul_overflow(*left, right, left);
		break;
	default:
		if (right == 0 || (right == -1 && *left == INT64_MIN))
			overflow = true;
		else
			*left /= right;
	}
	if (overflow)
		job_error(p, "cannot be calculated");
	return !overflow;
}

/* A product of numbers; *operator is the sign behind it, 0 at the end. */
static bool read_product(struct job_parser *p, struct job_text *rest, int64_t *product,
			 char *operator)
{
	char times = '*';
	int64_t factor;

	*product = 1;
	do {
		if (!job_value_signed(p, job_text_cut(rest, "+-*/", operator), &factor) ||
		    !calculate(p, times, product, factor))
			return false;
		times = *operator;
	} while (times == '*' || times == '/');
	return true;
}

static char *evaluate(struct job_parser *p, struct job_text rest)
{
	char digits[24], operator = '+', next;
	int64_t sum = 0, product;

	do {
		if (!read_product(p, &rest, &product, &next) ||
		    !calculate(p, operator, &sum, product))
			return NULL;
		operator = next;
	} while (operator);
	fmt_print(digits, sizeof(digits), "%lld", (long long)sum);
	return job_copy_text(p, job_text_of(digits));
}

static bool has_operator(struct job_text text)
{
	char separator;

	job_text_cut(&text, "+-*/", &separator);
	return separator != 0;
}

char *job_expand_value(struct job_parser *p, struct job_text value)
{
	char separator;
	struct job_text rest = value, plain = job_text_cut(&rest, "$", &separator);

	if (!separator)
		return job_copy_text(p, plain);
	struct job_expansion *to = expansion_of(p);
	if (!to)
		return NULL;
	bool good = true;
	for (rest = value; good && rest.length;) {
		if (rest.at[0] == '$' && rest.length > 1 && rest.at[1] == '{') {
			refuse_variable(p, (struct job_text){ rest.at + 2, rest.length - 2 });
			return NULL;
		} else if (rest.at[0] == '$') {
			good = append_keyword(p, to, &rest);
		} else {
			struct job_text one = { rest.at++, 1 };

			rest.length--;
			good = append(p, to, one);
		}
	}
	struct job_text result = { to->text, to->length };
	if (!good)
		return NULL;
	return to->has_number && has_operator(result) ? evaluate(p, result) :
							 job_copy_text(p, result);
}
