/* SPDX-License-Identifier: MIT */
/*
 * Steady states.
 *
 * The window slides by one second. Its criterion is either the greatest
 * distance of a sample from the mean or the slope of the least-squares line,
 * both in percent of the mean if the limit is. A full window whose criterion
 * is below the limit is steady.
 */
#include "bench/measure/steady.h"

#include "kernel/lib/mem.h"

static uint64_t read_digits(const char **at, double *scale)
{
	uint64_t value = 0;

	for (*scale = 1; **at >= '0' && **at <= '9'; (*at)++, *scale *= 10)
		value = value * 10 + (uint64_t)(**at - '0');
	return value;
}

static double unit_of(char suffix)
{
	switch (suffix | 0x20) {
	case 'k':
		return 0x1p10;
	case 'm':
		return 0x1p20;
	case 'g':
		return 0x1p30;
	default:
		return 1;
	}
}

void steady_init(struct steady *s, const char *option, uint32_t duration_s, uint64_t *iops,
		 uint64_t *bw_bytes)
{
	const char *at = option;
	double scale;

	*s = (struct steady){ .by_bandwidth = option[0] == 'b',
			      .duration_s = duration_s,
			      .iops = iops,
			      .bw_bytes = bw_bytes };
	for (; *at && *at != ':'; at++)
		s->by_slope |= *at == '_';
	if (*at == ':')
		at++;
	s->limit = (double)read_digits(&at, &scale);
	if (*at == '.') {
		at++;
		double fraction = (double)read_digits(&at, &scale);

		s->limit += fraction / scale;
	}
	s->limit_is_percent = *at == '%';
	s->limit *= unit_of(*at);
}

const char *steady_name(const struct steady *s)
{
	if (s->by_bandwidth)
		return s->by_slope ? "bw_slope" : "bw";
	return s->by_slope ? "iops_slope" : "iops";
}

static void push(struct steady *s, uint64_t *series, uint64_t value)
{
	if (s->count == s->duration_s)
		memmove(series, series + 1, (s->duration_s - 1) * sizeof(series[0]));
	series[MIN(s->count, s->duration_s - 1)] = value;
}

static double absolute(double value)
{
	return value < 0 ? -value : value;
}

static void judge(struct steady *s)
{
	const uint64_t *series = s->by_bandwidth ? s->bw_bytes : s->iops;
	double n = s->duration_s, sum = 0, middle = (n - 1) / 2, along = 0, squares = 0;

	for (uint32_t i = 0; i < s->duration_s; i++)
		sum += (double)series[i];
	double mean = sum / n;
	s->max_deviation = 0;
	for (uint32_t i = 0; i < s->duration_s; i++) {
		double distance = (double)series[i] - mean, x = (double)i - middle;

		s->max_deviation = MAX(s->max_deviation, absolute(distance));
		along += x * distance;
		squares += x * x;
	}
	s->slope = squares > 0 ? along / squares : 0;
	s->criterion = s->by_slope ? absolute(s->slope) : s->max_deviation;
	if (s->limit_is_percent)
		s->criterion = mean > 0 ? 100 * s->criterion / mean : 0;
}

bool steady_add(struct steady *s, uint64_t iops, uint64_t bw_bytes)
{
	push(s, s->iops, iops);
	push(s, s->bw_bytes, bw_bytes);
	if (s->count < s->duration_s)
		s->count++;
	if (s->count < s->duration_s)
		return false;
	judge(s);
	s->attained = s->criterion < s->limit;
	return s->attained;
}
