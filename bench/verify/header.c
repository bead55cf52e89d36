/* SPDX-License-Identifier: MIT */
/*
 * fio's header in both of its layouts (verify_spec.h), as one struct.
 *
 * Which of them a block has follows from the two bytes behind the magic number:
 * a version with its high bit set and a type, or a type of 16 bits, which is
 * small. Bytes that are neither are taken for the layout that is expected: they
 * are damaged, and its checksum will say so.
 *
 * Pure; any context.
 */
#include "bench/verify/verify_impl.h"
#include "kernel/lib/mem.h"

#define TYPES 20u /* fio's, each below */

static uint32_t crc_of(const uint8_t *bytes, enum verify_layout layout)
{
	return checksum_crc32c(CHECKSUM_CRC32C_START, bytes,
			       verify_header_bytes(layout) - sizeof(uint32_t));
}

uint32_t verify_header_bytes(enum verify_layout layout)
{
	return layout == VERIFY_VERSIONED ? sizeof(struct verify_header_versioned) :
					    sizeof(struct verify_header_unversioned);
}

enum verify_layout verify_layout_of(const uint8_t *bytes, enum verify_layout expected)
{
	uint16_t magic;

	memcpy(&magic, bytes, sizeof(magic));
	if (magic != VERIFY_MAGIC)
		return expected;
	if (bytes[2] == VERIFY_VERSION && bytes[3] < TYPES)
		return VERIFY_VERSIONED;
	return bytes[2] < TYPES && !bytes[3] ? VERIFY_UNVERSIONED : expected;
}

static void read_unversioned(const uint8_t *bytes, struct verify_header *header)
{
	struct verify_header_unversioned found;

	memcpy(&found, bytes, sizeof(found));
	*header = (struct verify_header){
		.magic = found.magic, .verify_type = found.verify_type, .len = found.len,
		.rand_seed = found.rand_seed, .offset = found.offset, .thread = found.thread,
		.numberio = found.numberio, .crc32 = found.crc32,
	};
}

static void read_versioned(const uint8_t *bytes, struct verify_header *header)
{
	struct verify_header_versioned found;

	memcpy(&found, bytes, sizeof(found));
	*header = (struct verify_header){
		.magic = found.magic, .version = found.version, .verify_type = found.verify_type,
		.len = found.len, .rand_seed = found.rand_seed, .offset = found.offset,
		.thread = found.thread, .numberio = found.numberio, .crc32 = found.crc32,
	};
}

void verify_header_read(const uint8_t *bytes, enum verify_layout layout,
			struct verify_header *header)
{
	if (layout == VERIFY_VERSIONED)
		read_versioned(bytes, header);
	else
		read_unversioned(bytes, header);
	header->crc32_wanted = crc_of(bytes, layout);
}

static void write_unversioned(uint8_t *bytes, const struct verify_header *header, uint64_t now_ns)
{
	const struct verify_header_unversioned laid = {
		.magic = VERIFY_MAGIC, .verify_type = header->verify_type, .len = header->len,
		.rand_seed = header->rand_seed, .offset = header->offset,
		.time_sec = (uint32_t)(now_ns / NS_PER_S),
		.time_nsec = (uint32_t)(now_ns % NS_PER_S),
		.thread = header->thread, .numberio = (uint16_t)header->numberio,
	};

	memcpy(bytes, &laid, sizeof(laid));
}

static void write_versioned(uint8_t *bytes, const struct verify_header *header, uint64_t now_ns)
{
	struct verify_header_versioned laid = {
		.magic = VERIFY_MAGIC, .version = VERIFY_VERSION,
		.verify_type = (uint8_t)header->verify_type, .len = header->len,
		.rand_seed = header->rand_seed, .offset = header->offset,
		.time_sec = (uint32_t)(now_ns / NS_PER_S),
		.time_nsec = (uint32_t)(now_ns % NS_PER_S),
		.thread = header->thread, .numberio = header->numberio,
	};

	memcpy(&laid.padding, bytes + offsetof(struct verify_header_versioned, padding),
	       sizeof(laid.padding));
	memcpy(bytes, &laid, sizeof(laid));
}

void verify_header_write(uint8_t *bytes, enum verify_layout layout,
			 const struct verify_header *header, uint64_t now_ns)
{
	if (layout == VERIFY_VERSIONED)
		write_versioned(bytes, header, now_ns);
	else
		write_unversioned(bytes, header, now_ns);
	uint32_t crc = crc_of(bytes, layout);
	memcpy(bytes + verify_header_bytes(layout) - sizeof(crc), &crc, sizeof(crc));
}

bool verify_header_lacks_only_magic(const uint8_t *bytes, enum verify_layout layout)
{
	const uint16_t magic = VERIFY_MAGIC;
	uint8_t repaired[sizeof(struct verify_header_versioned)];
	uint32_t crc, at = verify_header_bytes(layout) - (uint32_t)sizeof(crc);

	memcpy(repaired, bytes, verify_header_bytes(layout));
	memcpy(repaired, &magic, sizeof(magic));
	memcpy(&crc, repaired + at, sizeof(crc));
	return crc == crc_of(repaired, layout);
}

const char *verify_layout_writer(enum verify_layout layout)
{
	return layout == VERIFY_VERSIONED ? "fio 3.41 or later" : "fio before 3.41";
}
