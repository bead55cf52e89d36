/* SPDX-License-Identifier: MIT */
/* Verified data: what was filled passes, and every single changed byte is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bench/lib/checksum.h"
#include "bench/verify/verify.h"

#define BLOCK 4096u

static uint8_t buffer[4 * BLOCK];

static struct job a_job(uint32_t type)
{
	return (struct job){ .rw = JOB_RW_WRITE,
			     .min_bs = { BLOCK, BLOCK, BLOCK },
			     .verify = type,
			     .verify_interval = BLOCK,
			     .thread_number = 3 };
}

static struct verify_io an_io(uint32_t length_bytes)
{
	return (struct verify_io){ .offset_bytes = 40 * BLOCK,
				   .length_bytes = length_bytes,
				   .seed = 0x123456789abcdef1ull,
				   .number = 70000,
				   .seed_mask = UINT64_MAX,
				   .check_number = true };
}

/* The first failure from the buffer's start on. */
static enum verify_result check(const struct job *job, const struct verify_io *io,
				struct verify_failure *failure)
{
	uint32_t at = 0;
	return verify_check(job, io, buffer, &at, failure);
}

static enum verify_result result_of(const struct job *job, const struct verify_io *io)
{
	struct verify_failure failure;
	return check(job, io, &failure);
}

static const char *looks_like(const struct job *job, const struct verify_io *io)
{
	struct verify_failure failure;
	assert_int_not_equal(check(job, io, &failure), VERIFY_OK);
	return failure.looks_like;
}

static void header_lies_where_fio_puts_it(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(2 * BLOCK);
	struct verify_header_unversioned header;
	(void)state;
	verify_fill(&job, &io, 7 * NS_PER_S + 5, buffer);
	memcpy(&header, buffer + BLOCK, sizeof(header));
	assert_int_equal(buffer[BLOCK], 0xca);
	assert_int_equal(buffer[BLOCK + 1], 0xac);
	assert_int_equal(header.verify_type, 5);
	assert_int_equal(header.len, BLOCK);
	assert_int_equal(header.rand_seed, io.seed);
	assert_int_equal(header.offset, 41 * BLOCK);
	assert_int_equal(header.time_sec, 7);
	assert_int_equal(header.time_nsec, 5);
	assert_int_equal(header.thread, 3);
	assert_int_equal(header.numberio, 70000 & 0xffff);
}

static void payload_is_four_lanes_of_the_seed(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	uint64_t lanes[4] = { io.seed, io.seed * 2, io.seed * 3, io.seed * 5 };
	for (unsigned word = 0; word < BLOCK / 8; word++) {
		uint64_t found;
		memcpy(&found, buffer + 8 * word, 8);
		if (word >= 6) /* behind header and checksum */
			assert_int_equal(found, lanes[word % 4]);
		lanes[word % 4] *= VERIFY_PAYLOAD_FACTOR;
	}
}

/* Types whose checksum, or pattern, covers all of a block. */
static const struct covering_type {
	uint32_t type, verify_offset;
	const char *pattern;
} covering_types[] = {
	{ JOB_VERIFY_MD5, 0, "" },	{ JOB_VERIFY_CRC64, 0, "" },
	{ JOB_VERIFY_CRC32, 0, "" },	{ JOB_VERIFY_CRC32C, 0, "" },
	{ JOB_VERIFY_CRC16, 0, "" },	{ JOB_VERIFY_CRC7, 0, "" },
	{ JOB_VERIFY_XXHASH, 0, "" },	{ JOB_VERIFY_SHA1, 0, "" },
	{ JOB_VERIFY_SHA512, 0, "" },	{ JOB_VERIFY_CRC32C, 0, "" },
	{ JOB_VERIFY_META, 0, "abc" },	{ JOB_VERIFY_PATTERN, 0, "abcdefg" },
	{ JOB_VERIFY_SHA1, 1001, "" },	{ JOB_VERIFY_CRC32C, 44, "" },
	{ JOB_VERIFY_CRC32C, 900, "x" }, { JOB_VERIFY_PATTERN_NO_HEADER, 0, "abcdefg" },
	{ JOB_VERIFY_PATTERN, 600, "abcdefg" },
};

static struct job covering_job(const struct covering_type *type)
{
	struct job job = a_job(type->type);
	job.verify_offset = type->verify_offset;
	job.verify_pattern_bytes = (uint32_t)strlen(type->pattern);
	memcpy(job.verify_pattern, type->pattern, job.verify_pattern_bytes);
	return job;
}

static void every_changed_byte_is_found_by_every_type(void **state)
{
	struct verify_io io = an_io(2 * BLOCK);
	struct verify_failure failure;
	(void)state;
	for (size_t t = 0; t < ARRAY_COUNT(covering_types); t++) {
		struct job job = covering_job(&covering_types[t]);
		job.fio_version = t % 2 ? FIO_3_33 : FIO_3_41;
		/* All but META and the patterns cost more: fewer bytes in the middle. */
		unsigned step = covering_types[t].type == JOB_VERIFY_CRC32C ? 1 : 7;
		verify_fill(&job, &io, 99, buffer);
		assert_int_equal(check(&job, &io, &failure), VERIFY_OK);
		for (unsigned i = 0; i < 2 * BLOCK; i += i % BLOCK < 70 ? 1 : step) {
			buffer[i] ^= (uint8_t)(1 << i % 8);
			assert_int_not_equal(check(&job, &io, &failure), VERIFY_OK);
			assert_int_equal(failure.offset_bytes, io.offset_bytes + i / BLOCK * BLOCK);
			buffer[i] ^= (uint8_t)(1 << i % 8);
		}
		assert_int_equal(check(&job, &io, &failure), VERIFY_OK);
	}
}

static void nothing_passes_once_it_is_spoilt(void **state)
{
	struct verify_io io = an_io(2 * BLOCK);
	(void)state;
	for (size_t t = 0; t < ARRAY_COUNT(covering_types); t++) {
		struct job job = covering_job(&covering_types[t]);
		struct verify_failure failure;
		uint32_t at = 0;
		verify_fill(&job, &io, 99, buffer);
		verify_spoil(&job, buffer, 2 * BLOCK);
		for (unsigned i = 0; i < 2; i++)
			assert_int_not_equal(verify_check(&job, &io, buffer, &at, &failure),
					     VERIFY_OK);
		assert_int_equal(verify_check(&job, &io, buffer, &at, &failure), VERIFY_OK);
	}
}

static void checking_goes_on_behind_a_failure(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(4 * BLOCK);
	struct verify_failure failure;
	uint32_t at = 0;
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	buffer[100] ^= 1;
	buffer[2 * BLOCK + 100] ^= 1;
	assert_int_equal(verify_check(&job, &io, buffer, &at, &failure), VERIFY_BAD_CHECKSUM);
	assert_int_equal(failure.offset_bytes, io.offset_bytes);
	assert_int_equal(verify_check(&job, &io, buffer, &at, &failure), VERIFY_BAD_CHECKSUM);
	assert_int_equal(failure.offset_bytes, io.offset_bytes + 2 * BLOCK);
	assert_int_equal(verify_check(&job, &io, buffer, &at, &failure), VERIFY_OK);
}

static void a_part_of_an_io_is_checked_like_the_whole(void **state)
{
	static const uint32_t types[] = { JOB_VERIFY_CRC32C, JOB_VERIFY_PATTERN,
					  JOB_VERIFY_PATTERN_NO_HEADER };
	(void)state;
	for (size_t t = 0; t < ARRAY_COUNT(types); t++) {
		struct job job = a_job(types[t]);
		struct verify_io io = an_io(4 * BLOCK);
		/* Neither its length nor %o divide a block. */
		memcpy(job.verify_pattern, "abc........", 11);
		job.verify_pattern_has_offset[3] = true;
		job.verify_pattern_bytes = 11;
		verify_fill(&job, &io, 0, buffer);
		memmove(buffer, buffer + 2 * BLOCK, 2 * BLOCK);
		io.offset_bytes += 2 * BLOCK;
		io.length_bytes = 2 * BLOCK;
		io.into_bytes = 2 * BLOCK;
		assert_int_equal(result_of(&job, &io), VERIFY_OK);
		io.into_bytes = 0;
		if (types[t] != JOB_VERIFY_CRC32C)
			assert_int_equal(result_of(&job, &io), VERIFY_BAD_PATTERN);
	}
}

static void fields_are_told_apart(void **state)
{
	static const struct {
		unsigned byte;
		enum verify_result result;
	} rows[] = {
		{ 0, VERIFY_BAD_MAGIC },	{ 2, VERIFY_BAD_HEADER_CRC },
		{ 4, VERIFY_BAD_LENGTH },	{ 8, VERIFY_BAD_SEED },
		{ 16, VERIFY_BAD_OFFSET },	{ 24, VERIFY_BAD_HEADER_CRC },
		{ 28, VERIFY_BAD_HEADER_CRC },	{ 32, VERIFY_BAD_HEADER_CRC },
		{ 34, VERIFY_BAD_NUMBER },	{ 36, VERIFY_BAD_HEADER_CRC },
		{ 40, VERIFY_BAD_CHECKSUM },	{ 44, VERIFY_BAD_CHECKSUM },
		{ 4095, VERIFY_BAD_CHECKSUM },
	};
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buffer[rows[i].byte] ^= 0x10;
		assert_int_equal(result_of(&job, &io), rows[i].result);
		if (rows[i].byte < 40)
			assert_string_equal(looks_like(&job, &io), "header corrupted");
		buffer[rows[i].byte] ^= 0x10;
	}
}

static void bad_bytes_are_counted_and_placed(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(2 * BLOCK);
	struct verify_failure failure;
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	buffer[BLOCK + 2000] ^= 1;
	buffer[BLOCK + 2003] ^= 1;
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_CHECKSUM);
	assert_int_equal(failure.first_bad_byte, 2000);
	assert_int_equal(failure.bad_bytes, 2);
}

static void failures_of_the_payload_are_told_apart(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(BLOCK), other = io;
	static uint8_t older[BLOCK];
	(void)state;
	other.seed++;
	verify_fill(&job, &other, 0, buffer);
	memcpy(older, buffer, BLOCK);

	for (unsigned byte = 44; byte < BLOCK; byte += byte < 64 ? 1 : 400) {
		verify_fill(&job, &io, 0, buffer);
		buffer[byte] ^= 1;
		assert_string_equal(looks_like(&job, &io), "payload corrupted");
	}

	verify_fill(&job, &io, 0, buffer);
	memcpy(buffer + BLOCK / 2, older + BLOCK / 2, BLOCK / 2);
	assert_string_equal(looks_like(&job, &io), "torn: partly of another write");

	verify_fill(&job, &io, 0, buffer);
	memset(buffer + BLOCK / 2, 0, BLOCK / 2);
	assert_string_equal(looks_like(&job, &io), "torn: partly never written");

	verify_fill(&job, &io, 0, buffer);
	buffer[41] ^= 1;
	assert_string_equal(looks_like(&job, &io), "checksum corrupted");

	/* Regular, but the payload of no seed. */
	verify_fill(&job, &io, 0, buffer);
	for (unsigned at = 1024 + 32; at < 1536; at += 32)
		memcpy(buffer + at, buffer + 1024, 32);
	assert_string_equal(looks_like(&job, &io), "payload corrupted");

	/* Somebody else's payload: nobody knows which byte is wrong. */
	struct verify_failure failure;
	verify_fill(&job, &io, 0, buffer);
	memset(buffer + 44, 'x', BLOCK - 44);
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_CHECKSUM);
	assert_string_equal(failure.looks_like, "payload corrupted");
	assert_int_equal(failure.bad_bytes, 0);

	struct job md5_job = a_job(JOB_VERIFY_MD5);
	verify_fill(&md5_job, &io, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "written with another verify type");
}

static void failures_of_the_header_are_told_apart(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C), longer = job;
	struct verify_io io = an_io(BLOCK), other = io;
	static uint8_t whole[BLOCK];
	(void)state;
	verify_fill(&job, &io, 0, whole);

	memset(buffer, 0, BLOCK);
	assert_string_equal(looks_like(&job, &io), "never written");

	memset(buffer, 'x', BLOCK);
	assert_string_equal(looks_like(&job, &io), "foreign data");

	memcpy(buffer, whole, BLOCK);
	memset(buffer, 0, BLOCK / 2);
	assert_string_equal(looks_like(&job, &io), "torn: partly never written");

	memcpy(buffer, whole, BLOCK);
	memset(buffer, 'x', 40);
	assert_string_equal(looks_like(&job, &io), "header overwritten");

	other.offset_bytes += BLOCK;
	verify_fill(&job, &other, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "written for another offset");

	other.seed++; /* is checked first */
	verify_fill(&job, &other, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "written for another offset");

	longer.verify_interval = 2 * BLOCK;
	other = io;
	other.length_bytes = 2 * BLOCK;
	verify_fill(&longer, &other, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "written with another interval");
}

static void stale_blocks_are_told_apart(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C), other_job = job;
	struct verify_io io = an_io(BLOCK), other = io;
	(void)state;
	other.number--;
	verify_fill(&job, &other, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "stale: of an earlier write");

	other.number = io.number - 65536; /* only the seed tells */
	other.seed++;
	verify_fill(&job, &other, 0, buffer);
	assert_int_equal(result_of(&job, &io), VERIFY_BAD_SEED);
	assert_string_equal(looks_like(&job, &io), "of another write");
	io.check_number = false;
	assert_string_equal(looks_like(&job, &io), "stale: of another run");

	other_job.thread_number++;
	verify_fill(&other_job, &other, 0, buffer);
	assert_string_equal(looks_like(&job, &io), "written by another job");
}

static void seed_and_number_are_ignored_unless_known(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	io.number++;
	assert_int_equal(result_of(&job, &io), VERIFY_BAD_NUMBER);
	io.check_number = false;
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
	io.seed ^= 1ull << 40;
	assert_int_equal(result_of(&job, &io), VERIFY_BAD_SEED);
	io.seed_mask = (1ull << 40) - 1;
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
}

static void meta_checks_the_header_alone(void **state)
{
	struct job job = a_job(JOB_VERIFY_META);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	buffer[100] ^= 1;
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
	buffer[39] ^= 1;
	assert_int_equal(result_of(&job, &io), VERIFY_BAD_HEADER_CRC);
}

static void null_checks_nothing(void **state)
{
	struct job job = a_job(JOB_VERIFY_NULL);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	memset(buffer, 'x', BLOCK);
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
}

/* As fio: %o is the I/O's offset, and the pattern runs through all its intervals. */
static void pattern_runs_through_the_whole_io(void **state)
{
	struct job job = a_job(JOB_VERIFY_PATTERN_NO_HEADER);
	struct verify_io io = an_io(2 * BLOCK);
	(void)state;
	memcpy(job.verify_pattern, "\xde\xad\xbe........x", 12);
	job.verify_pattern_has_offset[3] = true;
	job.verify_pattern_bytes = 12;
	io.offset_bytes = 0x4000;
	verify_fill(&job, &io, 0, buffer);
	assert_memory_equal(buffer, "\xde\xad\xbe\0\x40\0\0\0\0\0\0x\xde\xad\xbe\0\x40", 17);
	assert_memory_equal(buffer + BLOCK, "\x40\0\0\0\0\0\0x\xde\xad\xbe\0\x40", 13);
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
}

static char printed[1024];

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	size_t used = strlen(printed);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(printed + used, sizeof(printed) - used, format, arguments);
	va_end(arguments);
}

static void assert_printed(const struct job *job, const struct verify_io *io, const char *text)
{
	struct verify_failure failure;
	printed[0] = '\0';
	assert_int_not_equal(check(job, io, &failure), VERIFY_OK);
	verify_print_failure(job, "/dev/vda", io, &failure, print);
	assert_string_equal(printed, text);
}

static void messages_are_those_of_fio_and_say_more(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C), pattern = a_job(JOB_VERIFY_PATTERN);
	struct verify_io io = an_io(2 * BLOCK);
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	buffer[BLOCK + 16] ^= 1;
	assert_printed(&job, &io,
		       "verify: bad header offset 167937, wanted 167936 at file /dev/vda offset "
		       "167936, length 4096 (requested block: offset=163840, length=8192): "
		       "header corrupted\n");
	memset(buffer, 0, 2 * BLOCK);
	assert_printed(&job, &io,
		       "verify: bad magic header 0, wanted acca at file /dev/vda offset 163840, "
		       "length 4096 (requested block: offset=163840, length=8192): "
		       "never written\n");
	verify_fill(&job, &io, 0, buffer);
	memset(buffer + 40, 0, 4);
	buffer[BLOCK - 1] ^= 1;
	assert_printed(&job, &io,
		       "crc32c: verify failed at file /dev/vda offset 163840, length 4096 "
		       "(requested block: offset=163840, length=8192): payload corrupted, "
		       "first at byte 4095, 1 in all\n"
		       "       Expected CRC: 00000000\n"
		       "       Received CRC: 23cf8a60\n");
	pattern.verify_pattern[0] = 0xab;
	pattern.verify_pattern_bytes = 1;
	verify_fill(&pattern, &io, 0, buffer);
	buffer[100] = 0xcd;
	assert_printed(&pattern, &io,
		       "pattern: verify failed at file /dev/vda offset 163840, length 4096 "
		       "(requested block: offset=163840, length=8192): payload corrupted, "
		       "first at byte 100, 1 in all\n"
		       "fio: got pattern 'cd', wanted 'ab'\n");
}

static void unusable_offsets_and_types_are_refused(void **state)
{
	static const struct {
		uint32_t type, verify_offset;
		bool refused;
	} rows[] = {
		{ JOB_VERIFY_NONE, 0, false },	  { JOB_VERIFY_SHA1, 0, false },
		{ JOB_VERIFY_SHA1, 59, true },	  { JOB_VERIFY_SHA1, 60, false },
		{ JOB_VERIFY_META, 40, false },	  { JOB_VERIFY_CRC32C, 43, true },
		{ JOB_VERIFY_META, 4056, false }, { JOB_VERIFY_META, 4057, true },
		{ 6, 0, true },			  { 13, 0, true },
		{ 20, 0, true },		  { JOB_VERIFY_PATTERN_NO_HEADER, 1, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct job job = a_job(rows[i].type);
		job.verify_offset = rows[i].verify_offset;
		assert_int_equal(verify_refusal(&job) != NULL, rows[i].refused);
	}
}

static void offset_at_the_end_of_the_longest_pattern_stays_inside(void **state)
{
	struct job job = a_job(JOB_VERIFY_PATTERN_NO_HEADER);
	struct verify_io io = an_io(BLOCK);
	(void)state;
	job.verify_pattern_bytes = JOB_PATTERN_BYTES;
	job.verify_pattern_has_offset[JOB_PATTERN_BYTES - 8] = true;
	verify_fill(&job, &io, 0, buffer);
	assert_int_equal(buffer[JOB_PATTERN_BYTES - 6], io.offset_bytes >> 16);
	assert_int_equal(result_of(&job, &io), VERIFY_OK);
}

static int init(void **state)
{
	(void)state;
	checksum_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_lies_where_fio_puts_it),
		cmocka_unit_test(payload_is_four_lanes_of_the_seed),
		cmocka_unit_test(every_changed_byte_is_found_by_every_type),
		cmocka_unit_test(nothing_passes_once_it_is_spoilt),
		cmocka_unit_test(checking_goes_on_behind_a_failure),
		cmocka_unit_test(a_part_of_an_io_is_checked_like_the_whole),
		cmocka_unit_test(fields_are_told_apart),
		cmocka_unit_test(bad_bytes_are_counted_and_placed),
		cmocka_unit_test(failures_of_the_payload_are_told_apart),
		cmocka_unit_test(failures_of_the_header_are_told_apart),
		cmocka_unit_test(stale_blocks_are_told_apart),
		cmocka_unit_test(seed_and_number_are_ignored_unless_known),
		cmocka_unit_test(meta_checks_the_header_alone),
		cmocka_unit_test(null_checks_nothing),
		cmocka_unit_test(pattern_runs_through_the_whole_io),
		cmocka_unit_test(messages_are_those_of_fio_and_say_more),
		cmocka_unit_test(unusable_offsets_and_types_are_refused),
		cmocka_unit_test(offset_at_the_end_of_the_longest_pattern_stays_inside),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
