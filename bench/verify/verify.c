/* SPDX-License-Identifier: MIT */
/*
 * Filling and checking of verified data; the format is in verify_spec.h.
 *
 *   | header | checksum | payload ...            | header | ...
 *   |<----------- verify_interval -------------->|
 *
 * Filling lays the payload over the whole I/O first, then a header and the
 * checksum of the payload behind it over the start of each interval. With
 * verify_offset= header and checksum then change places with the data there;
 * checking changes them back, and once more when it is done.
 *
 * The header is that of the release of fio which the job follows. What this run
 * has not written may have either.
 *
 * Lengths of I/Os are whole sectors. What a failure looks like is
 * handled in classify.c.
 */
#include "bench/lib/hash.h"
#include "bench/verify/verify_impl.h"
#include "kernel/lib/mem.h"

#define FILL_BYTES (4 * VERIFY_STEP_BYTES) /* at a time */
_Static_assert(SECTOR_BYTES % FILL_BYTES == 0, "whole sectors are filled");

/* --- types --- */

static void sum_crc32c(const void *data, size_t length_bytes, uint8_t *sum)
{
	uint32_t crc = checksum_crc32c(CHECKSUM_CRC32C_START, data, length_bytes);
	memcpy(sum, &crc, sizeof(crc));
}

static void sum_crc32(const void *data, size_t length_bytes, uint8_t *sum)
{
	uint32_t crc = checksum_crc32(data, length_bytes);
	memcpy(sum, &crc, sizeof(crc));
}

static void sum_crc16(const void *data, size_t length_bytes, uint8_t *sum)
{
	uint16_t crc = checksum_crc16(data, length_bytes);
	memcpy(sum, &crc, sizeof(crc));
}

static void sum_crc7(const void *data, size_t length_bytes, uint8_t *sum)
{
	*sum = checksum_crc7(data, length_bytes);
}

static void sum_crc64(const void *data, size_t length_bytes, uint8_t *sum)
{
	uint64_t crc = checksum_crc64(data, length_bytes);
	memcpy(sum, &crc, sizeof(crc));
}

static void sum_xxhash(const void *data, size_t length_bytes, uint8_t *sum)
{
	uint32_t hash = hash_xxh32(data, length_bytes, VERIFY_XXH32_SEED);
	memcpy(sum, &hash, sizeof(hash));
}

static const struct verify_type {
	const char *name;
	bool has_header;
	uint8_t sum_bytes;
	void (*sum)(const void *data, size_t length_bytes, uint8_t *sum);
} types[] = {
	[JOB_VERIFY_META] = { "meta", true, 0, NULL },
	[JOB_VERIFY_MD5] = { "md5", true, HASH_MD5_BYTES, hash_md5 },
	[JOB_VERIFY_CRC64] = { "crc64", true, 8, sum_crc64 },
	[JOB_VERIFY_CRC32] = { "crc32", true, 4, sum_crc32 },
	[JOB_VERIFY_CRC32C] = { "crc32c", true, 4, sum_crc32c },
	[JOB_VERIFY_CRC16] = { "crc16", true, 2, sum_crc16 },
	[JOB_VERIFY_CRC7] = { "crc7", true, 1, sum_crc7 },
	[JOB_VERIFY_SHA512] = { "sha512", true, HASH_SHA512_BYTES, hash_sha512 },
	[JOB_VERIFY_XXHASH] = { "xxhash", true, 4, sum_xxhash },
	[JOB_VERIFY_SHA1] = { "sha1", true, HASH_SHA1_BYTES, hash_sha1 },
	[JOB_VERIFY_PATTERN] = { "pattern", true, 0, NULL },
	[JOB_VERIFY_PATTERN_NO_HEADER] = { "pattern", false, 0, NULL },
	[JOB_VERIFY_NULL] = { "null", false, 0, NULL },
};

static const struct verify_type *type_of(const struct job *job)
{
	return &types[job->verify];
}

const char *verify_type_name(uint32_t type)
{
	return type < ARRAY_COUNT(types) && types[type].name ? types[type].name : "unknown";
}

uint32_t verify_checksum_bytes(uint32_t type)
{
	return types[type].sum_bytes;
}

static enum verify_layout own_layout(const struct job *job)
{
	return job_fio(job)->header_bytes == sizeof(struct verify_header_versioned) ?
		       VERIFY_VERSIONED :
		       VERIFY_UNVERSIONED;
}

static bool has_pattern(const struct job *job)
{
	return job->verify_pattern_bytes != 0;
}

uint32_t verify_interval_bytes(const struct job *job)
{
	uint64_t block = job->min_bs[job->rw & JOB_RW_WRITE ? DIR_WRITE : DIR_READ];
	return job->verify_interval ? job->verify_interval : (uint32_t)block;
}

const char *verify_refusal(const struct job *job)
{
	if (job->verify == JOB_VERIFY_NONE)
		return NULL;
	if (job->verify >= ARRAY_COUNT(types) || !type_of(job)->name)
		return "this type is not supported here";
	uint32_t header_bytes = verify_header_bytes(own_layout(job)) + type_of(job)->sum_bytes;
	if (!type_of(job)->has_header)
		return NULL;
	if (header_bytes >= verify_interval_bytes(job))
		return "verify_interval= leaves no room for the header";
	if (!job->verify_offset)
		return NULL;
	if (job->verify_offset < header_bytes)
		return "verify_offset= lies within the header";
	if (job->verify_offset + header_bytes > verify_interval_bytes(job))
		return "verify_offset= leaves no room for the header";
	return NULL;
}

/* --- filling --- */

static inline void store64(uint8_t *bytes, uint64_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

/* Returns the seed for the next step. */
static inline uint64_t fill_step(uint64_t seed, uint8_t *buffer)
{
	static const uint64_t factors[VERIFY_LANES] = VERIFY_LANE_FACTORS;
	/* Else every word of several steps becomes a multiplication of its own. */
	__asm__("" : "+r"(seed));
	store64(buffer, seed * factors[0]);
	store64(buffer + 8, seed * factors[1]);
	store64(buffer + 16, seed * factors[2]);
	store64(buffer + 24, seed * factors[3]);
	return seed * VERIFY_PAYLOAD_FACTOR;
}

void verify_fill_random(uint64_t seed, uint8_t *buffer, uint32_t length_bytes)
{
	const uint8_t *end = buffer + length_bytes / FILL_BYTES * FILL_BYTES;
	for (; buffer != end; buffer += FILL_BYTES) {
		seed = fill_step(seed, buffer);
		seed = fill_step(seed, buffer + VERIFY_STEP_BYTES);
		seed = fill_step(seed, buffer + 2 * VERIFY_STEP_BYTES);
		seed = fill_step(seed, buffer + 3 * VERIFY_STEP_BYTES);
	}
}

static void fill_pattern(const struct job *job, const struct verify_io *io, uint8_t *buffer)
{
	uint8_t pattern[JOB_PATTERN_BYTES];
	uint32_t length = io->length_bytes, done = MIN(job->verify_pattern_bytes, length);
	verify_pattern_for(job, io->offset_bytes, pattern);
	memcpy(buffer, pattern, done);
	for (; done < length; done += MIN(done, length - done))
		memcpy(buffer + done, buffer, MIN(done, length - done));
}

/* verify_offset=: header and checksum change places with the data there, or back. */
static void swap_header(const struct job *job, uint8_t *block, uint32_t bytes)
{
	uint8_t moved[VERIFY_HEADER_BYTES_MAX];
	memcpy(moved, block, bytes);
	memcpy(block, block + job->verify_offset, bytes);
	memcpy(block + job->verify_offset, moved, bytes);
}

/* block: the interval at byte `at` of the I/O. */
static void write_header(const struct job *job, const struct verify_io *io, uint64_t now_ns,
			 uint32_t at, uint32_t interval, uint8_t *block)
{
	const struct verify_type *type = type_of(job);
	uint32_t sum_at = verify_header_bytes(own_layout(job));
	uint32_t payload_at = sum_at + type->sum_bytes;
	const struct verify_header header = {
		.verify_type = (uint16_t)job->verify,
		.len = interval,
		.rand_seed = has_pattern(job) ? 0 : io->seed,
		.offset = io->offset_bytes + at,
		.thread = (uint16_t)job->thread_number,
		.numberio = io->number,
	};
	verify_header_write(block, own_layout(job), &header, now_ns);
	if (type->sum)
		type->sum(block + payload_at, interval - payload_at, block + sum_at);
	if (job->verify_offset)
		swap_header(job, block, payload_at);
}

void verify_fill(const struct job *job, const struct verify_io *io, uint64_t now_ns,
		 uint8_t *buffer)
{
	uint32_t interval = verify_interval_bytes(job);
	if (has_pattern(job))
		fill_pattern(job, io, buffer);
	else
		verify_fill_random(io->seed, buffer, io->length_bytes);
	if (!type_of(job)->has_header)
		return;
	for (uint32_t at = 0; at + interval <= io->length_bytes; at += interval)
		write_header(job, io, now_ns, at, interval, buffer + at);
}

void verify_spoil(const struct job *job, uint8_t *buffer, uint32_t length_bytes)
{
	uint32_t interval = verify_interval_bytes(job);
	uint8_t no_pattern = (uint8_t)~job->verify_pattern[0];
	for (uint32_t at = 0; at + interval <= length_bytes; at += interval) {
		if (type_of(job)->has_header)
			memset(buffer + at + job->verify_offset, 0, sizeof(uint64_t));
		else
			memset(buffer + at, no_pattern, VERIFY_STEP_BYTES);
	}
}

/* --- checking --- */

static enum verify_result differs(struct verify_failure *failure, enum verify_result result,
				  uint64_t wanted, uint64_t found)
{
	failure->wanted = wanted;
	failure->found = found;
	return result;
}

static uint8_t version_of(enum verify_layout layout)
{
	return layout == VERIFY_VERSIONED ? VERIFY_VERSION : 0;
}

static enum verify_result check_header(const struct verify_block *block,
				       struct verify_failure *failure)
{
	const struct verify_header *header = &block->header;
	const struct verify_io *io = block->io;
	const enum verify_layout own = own_layout(block->job);
	uint64_t offset = io->offset_bytes + block->at;
	uint64_t seed = has_pattern(block->job) ? 0 : io->seed;
	if (header->magic != VERIFY_MAGIC)
		return differs(failure, VERIFY_BAD_MAGIC, VERIFY_MAGIC, header->magic);
	if ((io->is_own && block->layout != own) || header->version != version_of(block->layout))
		return differs(failure, VERIFY_BAD_VERSION, version_of(own), header->version);
	if (header->len != block->length_bytes)
		return differs(failure, VERIFY_BAD_LENGTH, block->length_bytes, header->len);
	if ((header->rand_seed ^ seed) & io->seed_mask)
		return differs(failure, VERIFY_BAD_SEED, seed & io->seed_mask,
			       header->rand_seed & io->seed_mask);
	if (header->offset != offset)
		return differs(failure, VERIFY_BAD_OFFSET, offset, header->offset);
	if (io->check_number && (uint16_t)header->numberio != (uint16_t)io->number)
		return differs(failure, VERIFY_BAD_NUMBER, (uint16_t)io->number, header->numberio);
	if (header->crc32 != header->crc32_wanted)
		return differs(failure, VERIFY_BAD_HEADER_CRC, header->crc32_wanted,
			       header->crc32);
	return VERIFY_OK;
}

static enum verify_result check_checksum(const struct verify_block *block,
					 struct verify_failure *failure)
{
	const struct verify_type *type = type_of(block->job);
	uint8_t sum[VERIFY_CHECKSUM_BYTES_MAX];
	type->sum(block->data + block->payload_at, block->length_bytes - block->payload_at, sum);
	if (memcmp(sum, block->data + block->sum_at, type->sum_bytes) == 0)
		return VERIFY_OK;
	memcpy(failure->checksum_wanted, block->data + block->sum_at, type->sum_bytes);
	memcpy(failure->checksum_found, sum, type->sum_bytes);
	return VERIFY_BAD_CHECKSUM;
}

static enum verify_result check_pattern(const struct verify_block *block,
					struct verify_failure *failure)
{
	const struct verify_io *io = block->io;
	uint8_t pattern[JOB_PATTERN_BYTES];
	uint32_t length = block->job->verify_pattern_bytes, at = block->payload_at;
	uint32_t phase = (io->into_bytes + block->at + at) % length;
	verify_pattern_for(block->job, io->offset_bytes - io->into_bytes, pattern);
	while (at < block->length_bytes) {
		uint32_t step = MIN(length - phase, block->length_bytes - at);
		if (memcmp(block->data + at, pattern + phase, step) != 0)
			break;
		at += step;
		phase = 0;
	}
	if (at >= block->length_bytes)
		return VERIFY_OK;
	for (; block->data[at] == pattern[phase]; at++)
		phase++;
	return differs(failure, VERIFY_BAD_PATTERN, pattern[phase], block->data[at]);
}

static enum verify_result check_payload(const struct verify_block *block,
					struct verify_failure *failure)
{
	if (type_of(block->job)->sum)
		return check_checksum(block, failure);
	/* verify=meta checks a pattern too, where one is given. */
	return has_pattern(block->job) ? check_pattern(block, failure) : VERIFY_OK;
}

static enum verify_result check_block(struct verify_block *block, struct verify_failure *failure)
{
	enum verify_result result = VERIFY_OK;
	if (type_of(block->job)->has_header) {
		verify_header_read(block->data, block->layout, &block->header);
		result = check_header(block, failure);
	}
	bool header_is_good = result == VERIFY_OK;
	if (header_is_good)
		result = check_payload(block, failure);
	if (LIKELY(result == VERIFY_OK))
		return VERIFY_OK;
	failure->result = result;
	failure->offset_bytes = block->io->offset_bytes + block->at;
	failure->media_type = block->header.verify_type;
	failure->written_by = type_of(block->job)->has_header &&
					      block->layout != own_layout(block->job) ?
				      verify_layout_writer(block->layout) :
				      NULL;
	failure->first_bad_byte = failure->bad_bytes = 0;
	failure->looks_like = header_is_good ? verify_classify_payload(block, failure) :
					       verify_classify_header(block, result);
	return result;
}

/* Of an interval as it was read. One for which there is no room is none. */
static enum verify_layout found_layout(const struct job *job, const uint8_t *block)
{
	const enum verify_layout own = own_layout(job);
	enum verify_layout found = verify_layout_of(block + job->verify_offset, own);
	uint32_t bytes = verify_header_bytes(found) + type_of(job)->sum_bytes;
	uint32_t interval = verify_interval_bytes(job), offset = job->verify_offset;
	bool fits = bytes < interval && offset + bytes <= interval && (!offset || offset >= bytes);
	return fits ? found : own;
}

const char *verify_foreign_writer(const struct job *job, const uint8_t *buffer)
{
	if (!type_of(job)->has_header || found_layout(job, buffer) == own_layout(job))
		return NULL;
	return verify_layout_writer(found_layout(job, buffer));
}

static enum verify_result check_interval(const struct job *job, const struct verify_io *io,
					 uint8_t *data, uint32_t at, struct verify_failure *failure)
{
	const struct verify_type *type = type_of(job);
	bool is_moved = job->verify_offset && type->has_header;
	struct verify_block block = { .job = job, .io = io, .data = data, .at = at,
				      .length_bytes = verify_interval_bytes(job) };
	if (type->has_header) {
		block.layout = found_layout(job, data);
		block.sum_at = verify_header_bytes(block.layout);
		block.payload_at = block.sum_at + type->sum_bytes;
	}
	if (is_moved)
		swap_header(job, data, block.payload_at);
	enum verify_result result = check_block(&block, failure);
	if (is_moved)
		swap_header(job, data, block.payload_at);
	return result;
}

enum verify_result verify_check(const struct job *job, const struct verify_io *io, uint8_t *buffer,
				uint32_t *at, struct verify_failure *failure)
{
	uint32_t interval = verify_interval_bytes(job);
	enum verify_result result = VERIFY_OK;
	if (!job_verify_is_checked(job))
		return VERIFY_OK;
	for (; result == VERIFY_OK && *at + interval <= io->length_bytes; *at += interval)
		result = check_interval(job, io, buffer + *at, *at, failure);
	return result;
}
