/* SPDX-License-Identifier: MIT */
/*
 * A failed check in words: fio's line for it, so that a search of logs finds ours
 * too, and behind it what the block looks like.
 */
#include "bench/verify/verify.h"
#include "kernel/lib/fmt.h"

#define LINE_BYTES 320u

static const struct {
	const char *name;
	bool hexadecimal;
} fields[] = {
	[VERIFY_BAD_MAGIC] = { "magic header", true },
	[VERIFY_BAD_VERSION] = { "header version", true },
	[VERIFY_BAD_LENGTH] = { "header length", false },
	[VERIFY_BAD_SEED] = { "header rand_seed", false },
	[VERIFY_BAD_OFFSET] = { "header offset", false },
	[VERIFY_BAD_NUMBER] = { "header numberio", false },
	[VERIFY_BAD_HEADER_CRC] = { "header crc", true },
};

static void describe(const struct job *job, const struct verify_failure *failure, char *text,
		     size_t size)
{
	const char *name = failure->result < ARRAY_COUNT(fields) ? fields[failure->result].name :
								   NULL;
	if (!name)
		fmt_print(text, size, "%s: verify failed", verify_type_name(job->verify));
	else if (fields[failure->result].hexadecimal)
		fmt_print(text, size, "verify: bad %s %lx, wanted %lx", name, failure->found,
			  failure->wanted);
	else
		fmt_print(text, size, "verify: bad %s %lu, wanted %lu", name, failure->found,
			  failure->wanted);
}

static void print_checksum(const char *label, const uint8_t *sum, uint32_t length_bytes,
			   verify_print *print)
{
	char digits[2 * VERIFY_CHECKSUM_BYTES_MAX + 1] = "";
	for (uint32_t i = 0; i < length_bytes; i++)
		fmt_print(digits + (size_t)2 * i, 3, "%02x", sum[i]);
	print("       %s: %s\n", label, digits);
}

void verify_print_failure(const struct job *job, const char *file, const struct verify_io *io,
			  const struct verify_failure *failure, verify_print *print)
{
	char what[LINE_BYTES], extent[64] = "";
	describe(job, failure, what, sizeof(what));
	if (failure->bad_bytes)
		fmt_print(extent, sizeof(extent), ", first at byte %u, %u in all",
			  failure->first_bad_byte, failure->bad_bytes);
	print("%s at file %s offset %lu, length %u (requested block: offset=%lu, length=%u): "
	      "%s%s%s%s\n",
	      what, file, failure->offset_bytes, verify_interval_bytes(job), io->offset_bytes,
	      io->length_bytes, failure->looks_like, extent,
	      failure->written_by ? ", header of " : "",
	      failure->written_by ? failure->written_by : "");
	if (failure->result == VERIFY_BAD_PATTERN)
		print("fio: got pattern '%02lx', wanted '%02lx'\n", failure->found,
		      failure->wanted);
	if (failure->result != VERIFY_BAD_CHECKSUM)
		return;
	uint32_t length_bytes = verify_checksum_bytes(job->verify);
	print_checksum("Expected CRC", failure->checksum_wanted, length_bytes, print);
	print_checksum("Received CRC", failure->checksum_found, length_bytes, print);
}
