/* SPDX-License-Identifier: MIT */
/*
 * \_S5 by its bytes. A full interpreter would be needed only if firmware
 * computed the values, which none does: the object must be static data.
 *
 *   NameOp ['\'] "_S5_" PackageOp PkgLength NumElements value value ...
 *
 * One pass over the bytes; every read is checked against the end. What merely
 * looks like it (the name inside of other code) fails the pattern and the scan
 * goes on. Any context; the bytes are the caller's.
 */
#include "kernel/acpi/acpi_s5.h"

#include "kernel/acpi/acpi_spec.h"
#include "kernel/lib/mem.h"

#define SLP_TYP_MAX 7u /* three bits, ACPI 6.4 table 4.19 */
#define NAME_BYTES 4u

struct aml_cursor {
	const uint8_t *bytes;
	size_t length_bytes;
	size_t position;
};

static bool read_byte(struct aml_cursor *cursor, uint8_t *value)
{
	if (cursor->position >= cursor->length_bytes)
		return false;
	*value = cursor->bytes[cursor->position++];
	return true;
}

/* 20.2.4: the lead byte's top two bits count the bytes that follow. */
static bool skip_package_length(struct aml_cursor *cursor)
{
	uint8_t lead;

	if (!read_byte(cursor, &lead))
		return false;
	cursor->position += lead >> 6;
	return true;
}

/* 20.2.3: a small constant; bytes of value in little endian. */
static bool read_sleep_type(struct aml_cursor *cursor, uint8_t *type)
{
	unsigned value_bytes;
	uint32_t value = 0;
	uint8_t op;

	if (!read_byte(cursor, &op))
		return false;
	switch (op) {
	case AML_ZERO_OP:
	case AML_ONE_OP:
		*type = op;
		return true;
	case AML_BYTE_PREFIX:
		value_bytes = 1;
		break;
	case AML_WORD_PREFIX:
		value_bytes = 2;
		break;
	case AML_DWORD_PREFIX:
		value_bytes = 4;
		break;
	default:
		return false;
	}
	for (unsigned i = 0; i < value_bytes; i++) {
		uint8_t byte;

		if (!read_byte(cursor, &byte))
			return false;
		value |= (uint32_t)byte << (8 * i);
	}
	*type = (uint8_t)value;
	return value <= SLP_TYP_MAX;
}

static bool name_precedes(const uint8_t *aml, size_t position)
{
	if (position >= 1 && aml[position - 1] == AML_NAME_OP)
		return true;
	return position >= 2 && aml[position - 1] == AML_ROOT_CHAR &&
	       aml[position - 2] == AML_NAME_OP;
}

bool acpi_find_s5(const uint8_t *aml, size_t length_bytes, uint8_t *type_a, uint8_t *type_b)
{
	for (size_t i = 0; length_bytes >= NAME_BYTES && i <= length_bytes - NAME_BYTES; i++) {
		struct aml_cursor cursor = { aml, length_bytes, i + NAME_BYTES };
		uint8_t op, element_count, a, b;

		if (memcmp(&aml[i], "_S5_", NAME_BYTES) || !name_precedes(aml, i))
			continue;
		if (!read_byte(&cursor, &op) || op != AML_PACKAGE_OP ||
		    !skip_package_length(&cursor) || !read_byte(&cursor, &element_count) ||
		    element_count < 2)
			continue;
		if (read_sleep_type(&cursor, &a) && read_sleep_type(&cursor, &b)) {
			*type_a = a;
			*type_b = b;
			return true;
		}
	}
	return false;
}
