/* SPDX-License-Identifier: MIT */
/*
 * Both of fio's headers: what either release wrote passes for whoever follows
 * any, is told, and is no excuse for what this run wrote itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bench/verify/verify_impl.h"

#define BLOCK 4096u
#define SEED 0x88bb0a8cf6db562eull

static uint8_t buffer[BLOCK];

/*
 * Header and checksum of the second block that fio wrote (rw=write bs=4k); the
 * payload follows from the seed.
 */
static const struct recorded {
	uint32_t type;
	bool is_versioned;
	uint32_t length_bytes;
	const char *bytes;
} recorded[] = {
	/* fio 3.33 */
	{ JOB_VERIFY_CRC32C, false, 44,
	  "\xca\xac\x05\x00\x00\x10\x00\x00\x2e\x56\xdb\xf6\x8c\x0a\xbb\x88\x00\x10\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\x96\xa5\x54\x07\x01\x00\x01\x00\x19\x73\x26\x50"
	  "\x0b\x5c\x4c\xb7" },
	/* fio 3.41 */
	{ JOB_VERIFY_CRC32C, true, 52,
	  "\xca\xac\x81\x05\x00\x10\x00\x00\x2e\x56\xdb\xf6\x8c\x0a\xbb\x88\x00\x10\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\xa6\x29\xe0\x06\x01\x00\x00\x00\x00\x00\x00\x00"
	  "\x01\x00\xef\x8d\x4c\x7b\xe6\x77\x1a\xb6\x8a\x36" },
	/* fio 3.39 */
	{ JOB_VERIFY_SHA512, false, 168,
	  "\xca\xac\x0a\x00\x00\x10\x00\x00\x2e\x56\xdb\xf6\x8c\x0a\xbb\x88\x00\x10\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\xee\x43\xf6\x06\x01\x00\x01\x00\xc7\xa8\xdd\xb8"
	  "\x56\xc3\x9b\xdc\x38\x9d\xa9\x79\xbc\x46\x90\x4f\x48\xa7\xbf\x83\xb6\xac\xce\xe6"
	  "\x57\xee\x70\x3e\x8c\x59\x05\x49\x66\x39\x43\x32\x9e\x62\xa3\x38\x8d\xc8\xb9\xc8"
	  "\x47\x6c\xc3\x7a\x21\xbd\xa3\x78\x84\xa3\x42\x9d\x4b\x5c\xd2\xe0\xcf\x4c\x0d\x3e"
	  "\x32\xbe\x13\xf4\x14\x92\x17\xd2\x53\xb4\xda\x79\x1e\x5b\x23\xbb\x7d\x0e\xc8\x36"
	  "\x32\xed\x3a\x8d\xd1\xc2\xa2\xb0\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x7a\xc0" },
	/* fio 3.41 */
	{ JOB_VERIFY_SHA512, true, 176,
	  "\xca\xac\x81\x0a\x00\x10\x00\x00\x2e\x56\xdb\xf6\x8c\x0a\xbb\x88\x00\x10\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\x0b\xed\x2c\x07\x01\x00\x00\x00\x00\x00\x00\x00"
	  "\x01\x00\xef\x8d\x40\x6f\xff\x96\x33\x7c\xf8\xe6\xba\x6b\x50\x17\xa3\x80\xcf\xdf"
	  "\x59\x6a\x43\x62\xd6\xb4\x9d\xcf\xd2\x80\x59\x02\x63\xd9\xd1\xec\xb0\xa5\x77\x08"
	  "\x80\x4b\xd8\xa1\x27\x4e\xa3\xae\xe2\x4c\x2b\x5b\xca\xeb\x8d\x3b\x0a\x7e\xd5\x01"
	  "\x37\x20\xca\x37\xc8\x9c\x28\x20\xe7\xd1\x3b\xb2\x1e\x5b\x23\xbb\x7d\x0e\xc8\x36"
	  "\x32\xed\x3a\x8d\xd1\xc2\xa2\xb0\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	  "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7a\x80" },
};

static struct job a_job(uint32_t type, uint32_t fio_version)
{
	return (struct job){ .rw = JOB_RW_WRITE,
			     .min_bs = { BLOCK, BLOCK, BLOCK },
			     .verify = type,
			     .fio_version = fio_version,
			     .thread_number = 1 };
}

static struct verify_io an_io(void)
{
	return (struct verify_io){ .offset_bytes = BLOCK, .length_bytes = BLOCK, .seed = SEED,
				   .number = 1, .seed_mask = UINT64_MAX, .check_number = true };
}

static void lay(const struct recorded *block)
{
	verify_fill_random(SEED, buffer, BLOCK);
	memcpy(buffer, block->bytes, block->length_bytes);
}

static enum verify_result check(const struct job *job, const struct verify_io *io,
				struct verify_failure *failure)
{
	uint32_t at = 0;
	return verify_check(job, io, buffer, &at, failure);
}

static bool follows_versioned(uint32_t fio_version)
{
	return fio_versions[fio_version].header_bytes == 48;
}

static void what_fio_wrote_passes_whoever_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(recorded); i++)
		for (uint32_t version = 0; version < FIO_VERSION_COUNT; version++) {
			struct job job = a_job(recorded[i].type, version);
			struct verify_io io = an_io();
			struct verify_failure failure;
			bool is_foreign = follows_versioned(version) != recorded[i].is_versioned;
			const char *writer = recorded[i].is_versioned ? "fio 3.41 or later" :
									"fio before 3.41";
			lay(&recorded[i]);
			assert_int_equal(check(&job, &io, &failure), VERIFY_OK);
			if (is_foreign)
				assert_string_equal(verify_foreign_writer(&job, buffer), writer);
			else
				assert_null(verify_foreign_writer(&job, buffer));
		}
}

static void every_changed_byte_of_a_header_is_found_and_its_writer_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(recorded); i++)
		for (uint32_t version = 0; version < FIO_VERSION_COUNT; version++)
			for (uint32_t byte = 0; byte < recorded[i].length_bytes * 8; byte++) {
				struct job job = a_job(recorded[i].type, version);
				struct verify_io io = an_io();
				struct verify_failure failure;
				bool is_foreign = follows_versioned(version) !=
						  recorded[i].is_versioned;
				lay(&recorded[i]);
				buffer[byte / 8] ^= (uint8_t)(1 << byte % 8);
				assert_int_not_equal(check(&job, &io, &failure), VERIFY_OK);
				if (byte / 8 >= 4) /* else the layout may be beyond recognition */
					assert_int_equal(failure.written_by != NULL, is_foreign);
			}
}

static void what_this_run_wrote_has_the_header_of_its_release(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(recorded); i++)
		for (uint32_t version = 0; version < FIO_VERSION_COUNT; version++) {
			struct job job = a_job(recorded[i].type, version);
			struct verify_io io = an_io();
			struct verify_failure failure;
			bool is_foreign = follows_versioned(version) != recorded[i].is_versioned;
			lay(&recorded[i]);
			io.is_own = true;
			assert_int_equal(check(&job, &io, &failure),
					 is_foreign ? VERIFY_BAD_VERSION : VERIFY_OK);
			if (is_foreign)
				assert_string_equal(failure.looks_like, "stale: of another run");
		}
}

/* But for time and checksum of the header, and with the payload in its padding. */
static void what_we_write_is_what_fio_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(recorded); i++) {
		uint32_t version = recorded[i].is_versioned ? FIO_3_41 : FIO_3_39;
		struct job job = a_job(recorded[i].type, version);
		struct verify_io io = an_io();
		uint32_t crc_at = fio_versions[version].header_bytes - 4u;
		const uint8_t *wanted = (const uint8_t *)recorded[i].bytes;
		verify_fill(&job, &io, 7 * NS_PER_S + 5, buffer);
		assert_int_equal(verify_refusal(&job), NULL);
		for (uint32_t byte = 0; byte < recorded[i].length_bytes; byte++)
			if ((byte < 24 || byte >= 32) && (byte < crc_at || byte >= crc_at + 4))
				assert_int_equal(buffer[byte], wanted[byte]);
	}
}

static void a_moved_header_is_found_in_either_layout(void **state)
{
	static const uint32_t offsets[] = { 68, 1000, BLOCK - 68 };
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(offsets); i++)
		for (uint32_t writer = 0; writer < FIO_VERSION_COUNT; writer++)
			for (uint32_t reader = 0; reader < FIO_VERSION_COUNT; reader++) {
				struct job job = a_job(JOB_VERIFY_SHA1, writer);
				struct verify_io io = an_io();
				struct verify_failure failure;
				job.verify_offset = offsets[i];
				verify_fill(&job, &io, 0, buffer);
				job.fio_version = reader;
				assert_int_equal(check(&job, &io, &failure), VERIFY_OK);
			}
}

static void a_version_that_nobody_knows_is_told(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C, FIO_3_41);
	struct verify_io io = an_io();
	struct verify_failure failure;
	(void)state;
	verify_fill(&job, &io, 0, buffer);
	buffer[2] = 0x82;
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_VERSION);
	assert_int_equal(failure.found, 0x82);
	assert_int_equal(failure.wanted, 0x81);
	assert_string_equal(failure.looks_like, "header corrupted");
}

/* Numbers have 64 bits there; of what was written, 16 are remembered. */
static void long_numbers_are_written_and_their_end_is_checked(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C, FIO_3_41);
	struct verify_header_versioned header;
	struct verify_io io = an_io();
	struct verify_failure failure;
	(void)state;
	io.number = 70000;
	verify_fill(&job, &io, 0, buffer);
	memcpy(&header, buffer, sizeof(header));
	assert_int_equal(header.numberio, 70000);
	io.number = 70000 & 0xffff;
	assert_int_equal(check(&job, &io, &failure), VERIFY_OK);
	io.number++;
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_NUMBER);
}

static char printed[512];

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(printed, sizeof(printed), format, arguments);
	va_end(arguments);
}

static void a_message_says_whose_header_it_is(void **state)
{
	struct job job = a_job(JOB_VERIFY_CRC32C, FIO_3_39);
	struct verify_io io = an_io();
	struct verify_failure failure;
	(void)state;
	lay(&recorded[1]);
	buffer[16] ^= 1;
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_OFFSET);
	verify_print_failure(&job, "/dev/vda", &io, &failure, print);
	assert_string_equal(printed,
			    "verify: bad header offset 4097, wanted 4096 at file /dev/vda offset "
			    "4096, length 4096 (requested block: offset=4096, length=4096): "
			    "header corrupted, header of fio 3.41 or later\n");
	lay(&recorded[1]);
	io.is_own = true;
	assert_int_equal(check(&job, &io, &failure), VERIFY_BAD_VERSION);
	verify_print_failure(&job, "/dev/vda", &io, &failure, print);
	assert_string_equal(printed,
			    "verify: bad header version 81, wanted 0 at file /dev/vda offset "
			    "4096, length 4096 (requested block: offset=4096, length=4096): "
			    "stale: of another run, header of fio 3.41 or later\n");
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
		cmocka_unit_test(what_fio_wrote_passes_whoever_is_followed),
		cmocka_unit_test(every_changed_byte_of_a_header_is_found_and_its_writer_told),
		cmocka_unit_test(what_this_run_wrote_has_the_header_of_its_release),
		cmocka_unit_test(what_we_write_is_what_fio_writes),
		cmocka_unit_test(a_moved_header_is_found_in_either_layout),
		cmocka_unit_test(a_version_that_nobody_knows_is_told),
		cmocka_unit_test(long_numbers_are_written_and_their_end_is_checked),
		cmocka_unit_test(a_message_says_whose_header_it_is),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
