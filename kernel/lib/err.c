/* SPDX-License-Identifier: MIT */
/* Names of our own error codes, for log lines. Pure; any context. */
#include "kernel/lib/err.h"

#include "kernel/lib/util.h"

static const char *const names[] = {
	[0] = "ok",
	[ERR_INVALID] = "invalid",
	[ERR_NO_MEMORY] = "no memory",
	[ERR_NOT_FOUND] = "not found",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_RANGE] = "out of range",
	[ERR_DEVICE] = "device error",
	[ERR_TIMEOUT] = "timeout",
	[ERR_FULL] = "full",
	[ERR_READ_ONLY] = "read-only",
};

const char *err_name(int code)
{
	/* Unsigned, so that INT_MIN has a magnitude too. */
	unsigned magnitude = code < 0 ? 0u - (unsigned)code : (unsigned)code;

	if (magnitude >= ARRAY_COUNT(names))
		return "unknown error";
	return names[magnitude];
}
