/* SPDX-License-Identifier: MIT */
/*
 * The CMOS clock: six registers that count, two that say how.
 *
 * The chip updates the registers one after the other, once a second. While it
 * does, or is about to, a flag is set; and it may begin between the look at
 * the flag and the last read. So a date counts when two readings in a row are
 * equal, each begun with the flag clear. What is read may be any byte: every
 * field is checked before it is used.
 *
 * Deliberately absent: the century, whose register differs between machines.
 * Years below 70 are those after 2000.
 */
#include "kernel/cpu/rtc.h"

#include "kernel/cpu/clock.h"
#include "kernel/lib/mem.h"

#define STATUS_A 0x0au
#define STATUS_A_UPDATING 0x80u
#define STATUS_B 0x0bu
#define STATUS_B_24_HOURS 0x02u
#define STATUS_B_BINARY 0x04u
#define HOUR_PM 0x80u

#define WAIT_NS (20 * NS_PER_MS) /* an update takes 2 ms at most */

enum field { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

struct reading {
	uint8_t field[FIELDS];
	uint8_t status_b;
};

/* False: an update is in progress. */
static bool read_once(uint8_t (*read)(uint8_t index), struct reading *out)
{
	static const uint8_t indices[FIELDS] = { 0x00, 0x02, 0x04, 0x07, 0x08, 0x09 };

	if (read(STATUS_A) & STATUS_A_UPDATING)
		return false;
	for (unsigned i = 0; i < FIELDS; i++)
		out->field[i] = read(indices[i]);
	out->status_b = read(STATUS_B);
	return true;
}

static bool read_stable(uint8_t (*read)(uint8_t index), struct reading *out)
{
	const uint64_t end_tsc = clock_tsc() + clock_ns_to_tsc(WAIT_NS);
	struct reading before;
	bool has_before = false;

	do {
		bool was_read = read_once(read, out);

		if (was_read && has_before && !memcmp(&before, out, sizeof(before)))
			return true;
		has_before = was_read;
		before = *out;
	} while (clock_tsc() < end_tsc);
	return false;
}

/* UINT32_MAX: not a number in binary-coded decimal. */
static uint32_t number(uint8_t value, bool is_binary)
{
	if (is_binary)
		return value;
	if (value >> 4 > 9 || (value & 15) > 9)
		return UINT32_MAX;
	return (value >> 4) * 10u + (value & 15);
}

/* Days from 1970-01-01; year below 2100, month from 1. */
static uint32_t days_before(uint32_t year, uint32_t month)
{
	static const uint16_t of_year[] = { 0,	 31,  59,  90,	120, 151,
					    181, 212, 243, 273, 304, 334 };
	uint32_t leap_days = (year - 1968) / 4; /* every fourth year, also 2000 */

	if (year % 4 == 0 && month <= 2)
		leap_days--;
	return (year - 1970) * 365 + leap_days + of_year[month - 1];
}

static bool is_date(const uint32_t n[FIELDS])
{
	if (n[SECOND] > 59 || n[MINUTE] > 59 || n[HOUR] > 23 || n[YEAR] > 99 || n[MONTH] - 1 > 11)
		return false;
	uint32_t year = n[YEAR] + (n[YEAR] < 70 ? 2000 : 1900);
	uint32_t next = n[MONTH] == 12 ? days_before(year + 1, 1) : days_before(year, n[MONTH] + 1);
	return n[DAY] - 1 < next - days_before(year, n[MONTH]);
}

uint64_t rtc_seconds(uint8_t (*read)(uint8_t index))
{
	struct reading reading = { 0 };
	uint32_t n[FIELDS];

	if (!read_stable(read, &reading))
		return 0;
	bool is_binary = reading.status_b & STATUS_B_BINARY;
	bool has_24_hours = reading.status_b & STATUS_B_24_HOURS;
	bool is_pm = !has_24_hours && (reading.field[HOUR] & HOUR_PM);
	if (is_pm)
		reading.field[HOUR] &= (uint8_t)~HOUR_PM;
	for (unsigned i = 0; i < FIELDS; i++)
		n[i] = number(reading.field[i], is_binary);
	if (!has_24_hours && n[HOUR] - 1 > 11)
		return 0;
	if (!has_24_hours)
		n[HOUR] = n[HOUR] % 12 + (is_pm ? 12 : 0);
	if (!is_date(n))
		return 0;
	uint32_t year = n[YEAR] + (n[YEAR] < 70 ? 2000 : 1900);
	uint64_t days = days_before(year, n[MONTH]) + n[DAY] - 1;
	return ((days * 24 + n[HOUR]) * 60 + n[MINUTE]) * 60 + n[SECOND];
}
