/* SPDX-License-Identifier: MIT */
/*
 * Decimal text of doubles.
 *
 * A double is an integer part, which 128 bits hold, and a fraction below one
 * of at most 64 significant bits worth printing. The fraction becomes a 0.64
 * fixed-point number; times 10^places gives the digits in the upper word and
 * the remainder, which decides the rounding, in the lower. Pure functions, any
 * context that may use SSE.
 */
#include "bench/lib/decimal.h"

#include "bench/lib/wide.h"
#include "kernel/lib/assert.h"

#define TWO_127 0x1p127
#define TWO_64 0x1p64

/* Digits of value, at least `least` of them, most significant first. */
static unsigned put_digits(char *text, unsigned __int128 value, unsigned least)
{
	char reversed[40];
	unsigned count = 0;

	while (value > UINT64_MAX) {
		uint64_t high = (uint64_t)(value >> 64), remainder;
		uint64_t low = wide_divide(high % 10, (uint64_t)value, 10, &remainder);

		reversed[count++] = (char)('0' + remainder);
		value = (unsigned __int128)(high / 10) << 64 | low;
	}
	for (uint64_t rest = (uint64_t)value; rest || count < least; rest /= 10)
		reversed[count++] = (char)('0' + rest % 10);
	for (unsigned i = 0; i < count; i++)
		text[i] = reversed[count - 1 - i];
	return count;
}

unsigned decimal_format_u64(char *text, uint64_t value)
{
	unsigned length = put_digits(text, value, 1);

	text[length] = '\0';
	return length;
}

/* value in [0, 2^127] split: *whole, and the fraction as 0.64 fixed point. */
static uint64_t split(double value, unsigned __int128 *whole)
{
	uint64_t high = 0;

	if (value >= TWO_64) {
		high = (uint64_t)(value / TWO_64);
		value -= (double)high * TWO_64;
	}
	uint64_t low = (uint64_t)value;

	*whole = ((unsigned __int128)high << 64) | low;
	return (uint64_t)((value - (double)low) * TWO_64);
}

unsigned decimal_format(char *text, double value, unsigned places)
{
	unsigned length = 0;
	uint64_t scale = 1;
	unsigned __int128 whole;

	assert_always(places <= DECIMAL_PLACES_MAX);
	for (unsigned i = 0; i < places; i++)
		scale *= 10;
	if (value != value || value - value != 0)
		value = 0;
	if (value < 0) {
		text[length++] = '-';
		value = -value;
	}
	if (value > TWO_127)
		value = TWO_127;

	unsigned __int128 digits = (unsigned __int128)split(value, &whole) * scale;
	uint64_t fraction = (uint64_t)(digits >> 64), rest = (uint64_t)digits;
	uint64_t last = places ? fraction : (uint64_t)whole;

	if (places == 0)
		rest = split(value, &whole);
	if (rest > 1ull << 63 || (rest == 1ull << 63 && (last & 1)))
		fraction++;
	if (fraction == scale || (places == 0 && fraction)) {
		fraction = 0;
		whole++;
	}
	length += put_digits(text + length, whole, 1);
	if (places) {
		text[length++] = '.';
		length += put_digits(text + length, fraction, places);
	}
	text[length] = '\0';
	return length;
}
