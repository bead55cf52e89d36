/* SPDX-License-Identifier: MIT */
/*
 * Which build this is: the release that it leads to, and the commit that it was built from.
 * Constant; any context.
 */
#ifndef KERNEL_LIB_VERSION_H
#define KERNEL_LIB_VERSION_H

#include <stdbool.h>

#define VERSION_COMMIT_BYTES 32 /* of every build, so that kernels differ in nothing else by it */

extern const char version_release[]; /* "0.9.0", of the file VERSION */
/* "bf338ed1234", "-dirty" after it with changes not committed; "unknown" without a history. */
extern const char version_commit[VERSION_COMMIT_BYTES];
extern const bool version_is_debug; /* it asserts who owns what: not to be measured */

#endif
