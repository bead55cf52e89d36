/* SPDX-License-Identifier: MIT */
/* Finds the power-off values in a DSDT's bytes, without an AML interpreter. */
#ifndef KERNEL_ACPI_ACPI_S5_H
#define KERNEL_ACPI_ACPI_S5_H

#include "kernel/lib/util.h"

/*
 * Looks for Name (\_S5, Package {SLP_TYPa, SLP_TYPb, ...}) (ACPI 6.4, 7.4.2)
 * in AML code. True with both values (0..7) filled in.
 */
bool acpi_find_s5(const uint8_t *aml, size_t length_bytes, uint8_t *type_a, uint8_t *type_b);

#endif
