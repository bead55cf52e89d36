/* SPDX-License-Identifier: MIT */
/* What the files of this folder share; not for callers. */
#ifndef KERNEL_PCI_PCI_IMPL_H
#define KERNEL_PCI_PCI_IMPL_H

#include "kernel/pci/pci.h"
#include "kernel/pci/pci_spec.h"

#define PCI_PHYSICAL_END (1ull << 52) /* SDM vol. 3A 4.1.4: MAXPHYADDR is at most 52 */

/* Maps the ranges that can be right; NULL when there is none (config_ecam.c). */
const struct pci_access *pci_ecam_access(const struct pci_bus_range *ranges, unsigned count);

/* Segment 0 through I/O ports (config_port.c). */
extern const struct pci_access pci_port_access;

/* True when the part, not empty, lies inside a usable memory BAR (bar.c). */
bool pci_bar_contains(const struct pci_function *f, unsigned bar, uint64_t offset_bytes,
		      uint64_t length_bytes);

#endif
