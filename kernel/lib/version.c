/* SPDX-License-Identifier: MIT */
/*
 * Which build this is. The build defines both words, and compiles this file
 * again when one of them changes (Makefile).
 */
#include "kernel/lib/version.h"

const char version_release[] = VERSION_RELEASE;
const char version_commit[VERSION_COMMIT_BYTES] = VERSION_COMMIT;

#ifdef RINGBOLT_DEBUG
const bool version_is_debug = true;
#else
const bool version_is_debug = false;
#endif

_Static_assert(sizeof(VERSION_COMMIT) <= VERSION_COMMIT_BYTES, "it ends with a zero");
