/* SPDX-License-Identifier: MIT */
/*
 * sqrt, log and pow.
 *
 * log and pow work in 64-bit fixed point, not in doubles: an absolute error of
 * 2^-62 in log2(x) is less than a hundredth of an ulp in x^y, and integer
 * multiplications are cheap where floating point is emulated. The logarithm of
 * a mantissa m comes from the series of 2 artanh((m - 1) / (m + 1)), 2^f from
 * that of exp(f ln 2), both by Horner's rule. Pure functions.
 *
 * Deliberately without subnormals, errno and NaN: the callers have positive
 * normal numbers only.
 */
#include "bench/lib/math.h"

#include "bench/lib/wide.h"

#define LN2_Q64 0xb17217f7d1cf79acull /* ln 2 */
#define LOG2_E_LESS_1_Q64 0x71547652b82fe177ull /* 1 / ln 2 - 1 */
#define SQRT2_Q63 0xb504f333f9de6484ull /* sqrt 2 */

double math_sqrt(double x)
{
	double root;

	if (!(x > 0))
		return 0;
	__asm__("sqrtsd %1, %0" : "=x"(root) : "x"(x));
	return root;
}

static uint64_t multiply_high(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* x as mantissa * 2^(*exponent - 63), the mantissa's top bit set. */
static uint64_t decompose(double x, int *exponent)
{
	union {
		double value;
		uint64_t bits;
	} in = { x };

	*exponent = (int)(in.bits >> 52 & 0x7ff) - 1023;
	return in.bits << 11 | 1ull << 63;
}

/* The reverse, rounded to even. */
static double compose(uint64_t mantissa, int exponent)
{
	union {
		uint64_t bits;
		double value;
	} result;
	uint64_t rest = mantissa & 0x7ff, kept = mantissa >> 11;

	if (exponent < -1022)
		return 0;
	if (exponent > 1023)
		return __builtin_inf();
	if (rest > 0x400 || (rest == 0x400 && (kept & 1)))
		kept++; /* a carry moves on into the exponent, as it should */
	result.bits = ((uint64_t)(exponent + 1022) << 52) + kept;
	return result.value;
}

/* A logarithm of a mantissa scaled into [sqrt 1/2, sqrt 2]. */
struct log_part {
	uint64_t magnitude; /* |ln m| = magnitude * 2^-(62 + shift) */
	unsigned shift; /* 1..63 */
	bool negative; /* m < 1: the mantissa was halved */
};

static struct log_part log_mantissa(uint64_t mantissa)
{
	static const uint64_t coefficient[] = {
		UINT64_MAX / 3, UINT64_MAX / 5, UINT64_MAX / 7, UINT64_MAX / 9, UINT64_MAX / 11,
		UINT64_MAX / 13, UINT64_MAX / 15, UINT64_MAX / 17, UINT64_MAX / 19,
		UINT64_MAX / 21, UINT64_MAX / 23, UINT64_MAX / 25, UINT64_MAX / 27,
	};
	struct log_part part = { .negative = mantissa > SQRT2_Q63, .shift = 63 };
	/* |m - 1| and (m + 1) / 2 in units of 2^-63; exact: 11 low bits are zero */
	uint64_t difference = part.negative ? 0 - mantissa : mantissa - (1ull << 63);
	uint64_t half_sum = (mantissa >> 1) + (part.negative ? 1ull << 63 : 1ull << 62);
	uint64_t remainder, sum = 0;

	if (!difference)
		return part;
	part.shift = (unsigned)__builtin_clzll(difference);
	difference <<= part.shift;

	uint64_t z = wide_divide(difference >> 1, difference << 63, half_sum, &remainder);
	uint64_t square = part.shift < 32 ? multiply_high(z, z) >> (2 * part.shift) : 0;

	for (unsigned i = ARRAY_COUNT(coefficient); i-- > 0;)
		sum = multiply_high(sum, square) + coefficient[i];
	sum = multiply_high(sum, square);
	part.magnitude = (z >> 1) + multiply_high(z >> 1, sum);
	return part;
}

/* part's ln in 0.64 fixed point; below 0.35. */
static uint64_t log_part_q64(struct log_part part)
{
	return part.shift < 2 ? part.magnitude << 1 : part.magnitude >> (part.shift - 2);
}

double math_log(double x)
{
	int exponent;
	struct log_part part = log_mantissa(decompose(x, &exponent));

	if (part.negative)
		exponent++;
	if (exponent == 0) { /* close to one: keep the relative precision */
		if (!part.magnitude)
			return 0;
		unsigned shift = (unsigned)__builtin_clzll(part.magnitude);
		double value = compose(part.magnitude << shift, 1 - (int)(part.shift + shift));

		return part.negative ? -value : value;
	}
	bool negative = exponent < 0;
	unsigned __int128 value = (unsigned __int128)LN2_Q64 *
				  (unsigned)(negative ? -exponent : exponent);
	if (negative == part.negative)
		value += log_part_q64(part);
	else
		value -= log_part_q64(part);

	uint64_t high = (uint64_t)(value >> 64);
	int top = high ? 63 - __builtin_clzll(high) : -1 - __builtin_clzll((uint64_t)value);
	double result = compose((uint64_t)(value << (63 - top) >> 64), top);

	return negative ? -result : result;
}

/* 2^(whole + fraction / 2^64). */
static double exp2_fixed(int64_t whole, uint64_t fraction)
{
	static const uint64_t reciprocal[] = {
		0, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX / 3, UINT64_MAX / 4, UINT64_MAX / 5,
		UINT64_MAX / 6, UINT64_MAX / 7, UINT64_MAX / 8, UINT64_MAX / 9, UINT64_MAX / 10,
		UINT64_MAX / 11, UINT64_MAX / 12, UINT64_MAX / 13, UINT64_MAX / 14,
		UINT64_MAX / 15, UINT64_MAX / 16, UINT64_MAX / 17, UINT64_MAX / 18,
		UINT64_MAX / 19,
	};
	uint64_t t = multiply_high(fraction, LN2_Q64), sum = 0;

	if (whole > 1023)
		return __builtin_inf();
	if (whole < -1022)
		return 0;
	/* exp(t) - 1 = t/1 (1 + t/2 (1 + t/3 (...))) */
	for (unsigned k = ARRAY_COUNT(reciprocal) - 1; k > 1; k--)
		sum = multiply_high(t + multiply_high(t, sum), reciprocal[k]);
	sum = t + multiply_high(t, sum);
	return compose((1ull << 63) + (sum >> 1), (int)whole);
}

double math_pow(double x, double y)
{
	int exponent, y_exponent;
	struct log_part part = log_mantissa(decompose(x, &exponent));
	uint64_t y_mantissa = decompose(y < 0 ? -y : y, &y_exponent) >> 11;
	uint64_t fraction = log_part_q64(part);

	if (part.negative)
		exponent++;
	fraction += multiply_high(fraction, LOG2_E_LESS_1_Q64); /* ln to log2 */
	bool negative = exponent < 0 || (exponent == 0 && part.negative);
	unsigned whole_part = (unsigned)(exponent < 0 ? -exponent : exponent);
	unsigned __int128 magnitude = (unsigned __int128)whole_part << 64;

	if (exponent && negative != part.negative)
		magnitude -= fraction;
	else
		magnitude += fraction;

	/* times y: 75 by 53 bits */
	if (!magnitude || y == 0)
		return 1;
	if (y < 0)
		negative = !negative;
	if (y_exponent > 10)
		return negative ? 0 : __builtin_inf();
	magnitude *= y_mantissa;
	magnitude = 52 - y_exponent < 128 ? magnitude >> (52 - y_exponent) : 0;

	int64_t whole = (int64_t)(magnitude >> 64);
	fraction = (uint64_t)magnitude;
	if (negative) {
		whole = fraction ? -whole - 1 : -whole;
		fraction = 0 - fraction;
	}
	return exp2_fixed(whole, fraction);
}
