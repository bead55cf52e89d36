/* SPDX-License-Identifier: MIT */
/*
 * What a bad block looks like: the difference between a bit that tipped over, a
 * write that got lost, one that went elsewhere and one that was cut short.
 *
 * A header is whole if its own checksum is right: then what is wrong about it
 * is what the device did with it. The payload is judged sector by sector. With
 * a pattern, or with the seed that a whole header tells, it is known what each
 * sector has to hold. Without, a sector of seeded payload still shows its
 * build: within a step its words are 1, 2, 3 and 5 times the same number, and
 * from step to step they grow by a constant factor. So the sector of another
 * write can be told from a damaged one.
 *
 * Runs only once something was found to be wrong.
 */
#include "bench/verify/verify_impl.h"
#include "kernel/lib/mem.h"

#define FORWARD_NUMBERS 0x8000u /* half of numberio's range */

struct sectors {
	uint32_t count, right, zero, other; /* of those not right: of another seed */
};

static bool is_zero(const uint8_t *data, uint32_t length_bytes)
{
	for (uint32_t i = 0; i < length_bytes; i++)
		if (data[i])
			return false;
	return true;
}

static uint64_t load_word(const uint8_t *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Whether bytes [from, to) of the block are the payload of some seed. */
static bool is_seeded(const struct verify_block *block, uint32_t from, uint32_t to)
{
	static const uint64_t factors[VERIFY_LANES] = VERIFY_LANE_FACTORS;
	uint32_t into = block->io->into_bytes + block->at;
	uint64_t base = 0;
	bool first = true;
	/* To the first step of the I/O that lies within. */
	from += (VERIFY_STEP_BYTES - (into + from) % VERIFY_STEP_BYTES) % VERIFY_STEP_BYTES;
	for (; from + VERIFY_STEP_BYTES <= to; from += VERIFY_STEP_BYTES, first = false) {
		uint64_t word = load_word(block->data + from);
		for (uint32_t lane = 1; lane < VERIFY_LANES; lane++)
			if (load_word(block->data + from + 8 * lane) != word * factors[lane])
				return false;
		if (!first && word != base * VERIFY_PAYLOAD_FACTOR)
			return false;
		base = word;
	}
	return !first;
}

static uint64_t seed_after(uint64_t seed, uint32_t steps)
{
	for (uint64_t power = VERIFY_PAYLOAD_FACTOR; steps; steps >>= 1, power *= power)
		if (steps & 1)
			seed *= power;
	return seed;
}

/* What the I/O put at a byte of the block, by its seed or the pattern. */
static uint8_t expected_byte(const struct verify_block *block, const uint8_t *pattern, uint32_t at)
{
	static const uint64_t factors[VERIFY_LANES] = VERIFY_LANE_FACTORS;
	uint32_t into = block->io->into_bytes + block->at + at;
	if (block->job->verify_pattern_bytes)
		return pattern[into % block->job->verify_pattern_bytes];
	uint64_t word = seed_after(block->header.rand_seed, into / VERIFY_STEP_BYTES) *
			factors[into / 8 % VERIFY_LANES];
	return (uint8_t)(word >> into % 8 * 8);
}

static uint32_t count_bad(const struct verify_block *block, const uint8_t *pattern, uint32_t from,
			  uint32_t to, uint32_t *first_bad)
{
	uint32_t bad = 0;
	for (uint32_t at = from; at < to; at++)
		if (block->data[at] != expected_byte(block, pattern, at) && !bad++)
			*first_bad = at;
	return bad;
}

static void judge_sector(const struct verify_block *block, uint32_t from, uint32_t to,
			 uint32_t bad_bytes, struct sectors *sectors)
{
	sectors->count++;
	if (!bad_bytes)
		sectors->right++;
	else if (is_zero(block->data + from, to - from))
		sectors->zero++;
	else if (bad_bytes > (to - from) / 2)
		sectors->other += is_seeded(block, from, to);
}

static struct sectors judge_payload(const struct verify_block *block,
				    struct verify_failure *failure)
{
	struct sectors sectors = { 0 };
	uint8_t pattern[JOB_PATTERN_BYTES];
	verify_pattern_for(block->job, block->io->offset_bytes - block->io->into_bytes, pattern);
	for (uint32_t from = block->payload_at, to; from < block->length_bytes; from = to) {
		uint32_t first_bad = 0;
		to = MIN((from / SECTOR_BYTES + 1) * SECTOR_BYTES, block->length_bytes);
		uint32_t bad = count_bad(block, pattern, from, to, &first_bad);
		if (bad && !failure->bad_bytes)
			failure->first_bad_byte = first_bad;
		failure->bad_bytes += bad;
		judge_sector(block, from, to, bad, &sectors);
	}
	return sectors;
}

const char *verify_classify_payload(const struct verify_block *block,
				    struct verify_failure *failure)
{
	struct sectors sectors = judge_payload(block, failure);
	uint32_t wrong = sectors.count - sectors.right;
	bool header_was_read = block->payload_at != 0;
	if (header_was_read && block->header.verify_type != block->job->verify)
		return "written with another verify type";
	if (!wrong)
		return "checksum corrupted";
	if (sectors.zero == wrong)
		return sectors.right || header_was_read ? "torn: partly never written" :
							  "never written";
	if (sectors.zero + sectors.other == wrong)
		return "torn: partly of another write";
	/* Nothing is as the seed demands: the writer filled its blocks otherwise. */
	if (!sectors.right && sectors.count > 1 && !block->job->verify_pattern_bytes)
		failure->bad_bytes = 0;
	return header_was_read || sectors.right ? "payload corrupted" : "not the pattern";
}

/* The header is not whole: is it damaged, or was there never one? */
static const char *classify_broken_header(const struct verify_block *block)
{
	if (is_zero(block->data, block->length_bytes))
		return "never written";
	if (verify_header_lacks_only_magic(block->data, block->layout))
		return "header corrupted";
	if (is_zero(block->data, MIN(block->length_bytes, SECTOR_BYTES)))
		return "torn: partly never written";
	if (block->header.magic == VERIFY_MAGIC)
		return "header corrupted";
	if (is_seeded(block, block->payload_at, block->length_bytes))
		return "header overwritten";
	return "foreign data";
}

const char *verify_classify_header(const struct verify_block *block, enum verify_result result)
{
	const struct verify_header *header = &block->header;
	if (header->crc32 != header->crc32_wanted || header->magic != VERIFY_MAGIC)
		return classify_broken_header(block);
	uint16_t behind = (uint16_t)(block->io->number - header->numberio);
	switch (result) {
	case VERIFY_BAD_VERSION:
		return "stale: of another run";
	case VERIFY_BAD_LENGTH:
		return "written with another interval";
	case VERIFY_BAD_OFFSET:
		return "written for another offset";
	default:
		break;
	}
	if (header->offset != block->io->offset_bytes + block->at)
		return "written for another offset";
	if (header->thread != (uint16_t)block->job->thread_number)
		return "written by another job";
	if (result == VERIFY_BAD_SEED && !block->io->check_number)
		return "stale: of another run";
	return behind && behind < FORWARD_NUMBERS ? "stale: of an earlier write" :
						    "of another write";
}
