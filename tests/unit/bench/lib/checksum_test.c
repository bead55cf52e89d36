/* SPDX-License-Identifier: MIT */
/* Checksums and hashes: published check values, and every way gives the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bench/lib/checksum.h"
#include "bench/lib/hash.h"
#include "kernel/cpu/clock.h"

/* Time as the code under test sees it: the way tried first costs more, or less. */
static uint64_t time_now, time_step;
static int time_calls;

uint64_t clock_tsc(void)
{
	uint64_t now = time_now;
	time_now += time_calls++ < 6 ? time_step : 100;
	return now;
}

static void init(uint64_t first_way_cost)
{
	time_calls = 0;
	time_step = first_way_cost;
	checksum_init();
}

static const char digits[] = "123456789";

static void crcs_have_the_published_check_values(void **state)
{
	(void)state;
	init(1);
	/* CRC-32C ("iSCSI") with its final inversion taken back. */
	assert_int_equal(checksum_crc32c(CHECKSUM_CRC32C_START, digits, 9), ~0xe3069283u);
	/* CRC-16/ARC */
	assert_int_equal(checksum_crc16(digits, 9), 0xbb3d);
	/* CRC-7/MMC */
	assert_int_equal(checksum_crc7(digits, 9), 0x75);
	/* CRC-64 of Redis, which is Jones' from 0 */
	assert_true(checksum_crc64(digits, 9) == 0xe9c6d914c4b8d9caull);
}

/* CRC-32/BZIP2 differs by start and inversion; so the definition itself is the judge. */
static void crc32_divides_by_its_polynomial(void **state)
{
	uint64_t rest = 0;
	(void)state;
	init(1);
	for (int bit = 0; bit < 9 * 8; bit++) {
		uint32_t in = (uint32_t)digits[bit / 8] >> (7 - bit % 8) & 1;
		rest = (rest << 1) ^ ((rest >> 31 & 1) ^ in ? 0x04c11db7u : 0);
		rest &= 0xffffffffu;
	}
	assert_int_equal(checksum_crc32(digits, 9), rest);
}

static void crc32c_is_the_same_by_tables_and_by_instruction(void **state)
{
	uint8_t data[200];
	uint32_t first[sizeof(data)];
	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + i / 7);
	init(1);
	for (unsigned i = 0; i < sizeof(data); i++)
		first[i] = checksum_crc32c(i, data + i, sizeof(data) - i);
	init(1000);
	for (unsigned i = 0; i < sizeof(data); i++)
		assert_int_equal(checksum_crc32c(i, data + i, sizeof(data) - i), first[i]);
}

static void crc32c_continues_at_any_split(void **state)
{
	uint8_t data[64];
	(void)state;
	init(1);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	uint32_t whole = checksum_crc32c(CHECKSUM_CRC32C_START, data, sizeof(data));
	for (unsigned cut = 0; cut <= sizeof(data); cut++) {
		uint32_t crc = checksum_crc32c(CHECKSUM_CRC32C_START, data, cut);
		assert_int_equal(checksum_crc32c(crc, data + cut, sizeof(data) - cut), whole);
	}
}

static void assert_hash(const uint8_t *found, size_t length, const char *hex)
{
	static const char letters[] = "0123456789abcdef";
	char text[64] = "";
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = letters[found[i] >> 4];
		text[2 * i + 1] = letters[found[i] & 15];
	}
	assert_string_equal(text, hex);
}

/* RFC 1321, A.5; the last two need one and two closing blocks. */
static void md5_has_the_published_values(void **state)
{
	static const struct {
		const char *text, *hash;
	} rows[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890"
		  "1234567890", "57edf4a22be3c955ac49da2e2107b67a" },
	};
	uint8_t found[HASH_MD5_BYTES];
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		hash_md5(rows[i].text, strlen(rows[i].text), found);
		assert_hash(found, sizeof(found), rows[i].hash);
	}
}

/* FIPS 180's examples, each word's bytes turned round. */
static void sha1_has_the_published_values_with_words_little_endian(void **state)
{
	static const struct {
		const char *text;
		uint32_t words[5];
	} rows[] = {
		{ "abc", { 0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d } },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  { 0x84983e44, 0x1c3bd26e, 0xbaae4aa1, 0xf95129e5, 0xe54670f1 } },
	};
	uint32_t found[5];
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		hash_sha1(rows[i].text, strlen(rows[i].text), (uint8_t *)found);
		assert_memory_equal(found, rows[i].words, sizeof(found));
	}
}

static void xxh32_has_the_published_values(void **state)
{
	(void)state;
	assert_int_equal(hash_xxh32("", 0, 0), 0x02cc5d05u);
	assert_int_equal(hash_xxh32("", 0, 1), 0x0b2cb792u);
	assert_int_equal(hash_xxh32("a", 1, 0), 0x550d7456u);
	assert_int_equal(hash_xxh32("abc", 3, 0), 0x32d153ffu);
	assert_int_equal(hash_xxh32("Nobody inspects the spammish repetition", 39, 0),
			 0xe2293b2fu);
}

/* FIPS 180-4's examples, and lengths on both sides of where a block more is needed. */
static void sha512_has_the_published_values_and_the_end_of_the_last_block(void **state)
{
	static char xs[112 + 1];
	static const struct {
		const char *text, *digest;
	} rows[] = {
		{ "abc",
		  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnop"
		  "jklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
		  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
		{ xs + 1,
		  "9a2a120825c2319867758ec277924f6faa254968bf752046dacdd948d8ad299b"
		  "10359fd04bfd7d3810b5fa1b16a294236138baff981cbb85248478053ac4d3dd" },
		{ xs,
		  "a3722b515ef40c910f2419f6e0da8ca51d410114ce6272faae64045f9e9f630e"
		  "7fa8dd5a3243c9860b899d148c3da4bc0f9e07454542604d030bb55531fe0d5b" },
	};
	uint8_t found[HASH_SHA512_BYTES];
	char text[129];
	(void)state;
	memset(xs, 'x', 112);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		hash_sha512(rows[i].text, strlen(rows[i].text), found);
		for (unsigned k = 0; k < 64; k++)
			snprintf(text + (size_t)2 * k, 3, "%02x", found[k]);
		assert_string_equal(text, rows[i].digest);
		/* The length in bits ends the last block, and what fio stores. */
		assert_int_equal(found[126] << 8 | found[127], strlen(rows[i].text) * 8);
	}
	hash_sha512(xs, 112, found);
	for (unsigned k = 64; k < 120; k++) /* a block of zeroes and the length */
		assert_int_equal(found[k], 0);
	hash_sha512(xs + 1, 111, found);
	assert_int_equal(found[64 + 46], 'x');
	assert_int_equal(found[64 + 47], 0x80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crcs_have_the_published_check_values),
		cmocka_unit_test(crc32_divides_by_its_polynomial),
		cmocka_unit_test(crc32c_is_the_same_by_tables_and_by_instruction),
		cmocka_unit_test(crc32c_continues_at_any_split),
		cmocka_unit_test(md5_has_the_published_values),
		cmocka_unit_test(sha1_has_the_published_values_with_words_little_endian),
		cmocka_unit_test(sha512_has_the_published_values_and_the_end_of_the_last_block),
		cmocka_unit_test(xxh32_has_the_published_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
