/* SPDX-License-Identifier: MIT */
/*
 * Random blocks with a shape.
 *
 * zipf is Gray's method ("Quickly generating billion-record synthetic
 * databases", SIGMOD 1994): block k with probability ~ 1/k^theta, by a closed
 * formula over zeta(n, theta), whose sum is cut after 10^7 terms. pareto raises
 * a uniform number to ln h / ln (1 - h). normal is the mean of twelve uniform
 * numbers, moved at random by up to half the deviation. All three scatter their
 * result over the region by a multiplicative hash and rotate it by the stream's
 * first number, so that hot blocks are not neighbours.
 *
 * The order of the floating-point operations is fio's; changing it changes
 * which block comes next.
 */
#include "bench/sequence/distribution.h"

#include "bench/lib/math.h"
#include "kernel/lib/mem.h"

#define SCATTER 0x61c8864680b583ebull /* 2^64 / golden ratio */
#define ZETA_TERMS_MAX 10000000ull
#define U32_AS_DOUBLE 4294967295.0
#define NORMAL_DRAWS 12u
#define HASH_START 0x61c88647u /* 2^32 / golden ratio */

static uint32_t rotate_word(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static uint32_t load_le32(const uint8_t *bytes, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < MIN(count, 4u); i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

/* Jenkins' lookup3 of the name, with fio's start and fio's reading of long names. */
uint32_t distribution_seed(const char *file_name, uint32_t thread)
{
	const uint8_t *bytes = (const uint8_t *)file_name;
	size_t left = strlen(file_name);
	uint32_t a, b, c;

	a = b = c = HASH_START + (uint32_t)left;
	for (; left > 12; bytes += 12, left -= 12) {
		a += bytes[0]; /* one byte of four, unlike the last block */
		b += bytes[4];
		c += bytes[8];
		a = (a - c) ^ rotate_word(c, 4), c += b;
		b = (b - a) ^ rotate_word(a, 6), a += c;
		c = (c - b) ^ rotate_word(b, 8), b += a;
		a = (a - c) ^ rotate_word(c, 16), c += b;
		b = (b - a) ^ rotate_word(a, 19), a += c;
		c = (c - b) ^ rotate_word(b, 4), b += a;
	}
	if (left) {
		a += load_le32(bytes, left);
		b += left > 4 ? load_le32(bytes + 4, left - 4) : 0;
		c += left > 8 ? load_le32(bytes + 8, left - 8) : 0;
		c = (c ^ b) - rotate_word(b, 14);
		a = (a ^ c) - rotate_word(c, 11);
		b = (b ^ a) - rotate_word(a, 25);
		c = (c ^ b) - rotate_word(b, 16);
		a = (a ^ c) - rotate_word(c, 4);
		b = (b ^ a) - rotate_word(a, 14);
		c = (c ^ b) - rotate_word(b, 24);
	}
	return c * thread;
}

static void zipf_init(struct distribution *d, double theta)
{
	uint64_t terms = MIN(d->ranges, ZETA_TERMS_MAX);
	double half = math_pow(0.5, theta);

	d->zeta = 0;
	for (uint64_t i = 1; i <= terms; i++)
		d->zeta += math_pow(1.0 / (double)i, theta);
	d->second = 1.0 + half;
	d->alpha = 1.0 / (1.0 - theta);
	d->eta = (1.0 - math_pow(2.0 / (double)d->ranges, 1.0 - theta)) /
		 (1.0 - d->second / d->zeta);
}

static uint64_t zipf_next(struct distribution *d)
{
	double uniform = (double)random_next_32(&d->random) / U32_AS_DOUBLE;
	double z = uniform * d->zeta;

	if (z < 1.0)
		return 0;
	if (z < d->second)
		return 1;
	return (uint64_t)((double)d->ranges * math_pow(d->eta * uniform - d->eta + 1.0, d->alpha));
}

static uint64_t pareto_next(struct distribution *d)
{
	double uniform = (double)random_next_32(&d->random) / U32_AS_DOUBLE;

	return uniform > 0 ? (uint64_t)((double)(d->ranges - 1) * math_pow(uniform, d->power)) : 0;
}

static void normal_init(struct distribution *d, double deviation_percent)
{
	double exact = (double)d->ranges * deviation_percent / 100.0;

	d->spread = (uint64_t)exact + ((double)(uint64_t)exact < exact);
	d->spread = MIN(d->spread, d->ranges / 2);
}

static uint64_t normal_next(struct distribution *d)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < NORMAL_DRAWS; i++)
		sum += random_next_32(&d->random) % (d->ranges + 1);
	sum = (sum + NORMAL_DRAWS - 1) / NORMAL_DRAWS;
	if (d->spread) {
		uint64_t moved = (uint64_t)((double)d->spread *
					    ((double)random_next_32(&d->random) * 0x1p-32));
		int32_t by = (int32_t)(moved - d->spread / 2);

		while (by && (uint64_t)(int64_t)by + sum >= d->ranges)
			by /= 2;
		sum += (uint64_t)(int64_t)by;
	}
	return sum;
}

/*
 * What is added to scattered results: a random rotation, or what centres the
 * most likely block; normal numbers are centred by themselves.
 */
static uint64_t choose_rotation(struct distribution *d, const struct job *job)
{
	double center = job->distribution_center, ranges = (double)d->ranges;

	if (d->kind == JOB_NORMAL)
		return job->distribution_center_set ?
			       (uint32_t)(int64_t)(ranges * (center - 0.5)) :
			       0;
	uint64_t rotation = random_next_32(&d->random);

	return job->distribution_center_set ? (uint64_t)(ranges * center) : rotation;
}

void distribution_rewind(struct distribution *d, const struct job *job)
{
	random_seed(&d->random, false, d->seed);
	d->rotation = choose_rotation(d, job);
}

void distribution_init(struct distribution *d, const struct job *job, uint64_t ranges,
		       uint32_t seed)
{
	d->kind = job->distribution;
	d->ranges = ranges;
	d->seed = seed;
	distribution_rewind(d, job);
	if (d->kind == JOB_ZIPF)
		zipf_init(d, job->distribution_value);
	else if (d->kind == JOB_PARETO)
		d->power = math_log(job->distribution_value) /
			   math_log(1.0 - job->distribution_value);
	else
		normal_init(d, job->distribution_value);
}

uint64_t distribution_next(struct distribution *d)
{
	uint64_t value;

	if (d->kind == JOB_ZIPF)
		value = zipf_next(d);
	else if (d->kind == JOB_PARETO)
		value = pareto_next(d);
	else
		value = normal_next(d);
	return (value * SCATTER + d->rotation) % d->ranges;
}
