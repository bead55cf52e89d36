/* SPDX-License-Identifier: MIT */
/*
 * What the PCI standards say, and nothing else. Sections: PCI Local Bus 3.0
 * unless marked; B: PCI-to-PCI Bridge Architecture 1.2; E: PCI Express 5.0.
 */
#ifndef KERNEL_PCI_PCI_SPEC_H
#define KERNEL_PCI_PCI_SPEC_H

#include "kernel/lib/util.h"

#define PCI_BUSES 256u
#define PCI_DEVICES_PER_BUS 32u
#define PCI_FUNCTIONS_PER_DEVICE 8u
#define PCI_BARS 6u
#define PCI_CONFIG_BYTES 256u
#define PCI_EXPRESS_CONFIG_BYTES 4096u /* E 7.2.2 */

/* Configuration mechanism #1 (3.2.2.3.2). */
#define PCI_CONFIG_ADDRESS 0xcf8u
#define PCI_CONFIG_DATA 0xcfcu
#define PCI_CONFIG_ADDRESS_ENABLE (1u << 31)
#define PCI_CONFIG_ADDRESS_BUS_SHIFT 16
#define PCI_CONFIG_ADDRESS_DEVICE_SHIFT 11
#define PCI_CONFIG_ADDRESS_FUNCTION_SHIFT 8

/* Enhanced configuration access mechanism (E 7.2.2). */
#define PCI_ECAM_BUS_SHIFT 20
#define PCI_ECAM_DEVICE_SHIFT 15
#define PCI_ECAM_FUNCTION_SHIFT 12

/* Offsets of the header (6.1), all types. */
#define PCI_VENDOR_ID 0x00u
#define PCI_DEVICE_ID 0x02u
#define PCI_COMMAND 0x04u
#define PCI_STATUS 0x06u
#define PCI_REVISION_ID 0x08u /* then programming interface, subclass, class */
#define PCI_HEADER_TYPE 0x0eu
#define PCI_BASE_ADDRESS_0 0x10u
#define PCI_INTERRUPT_LINE 0x3cu
#define PCI_INTERRUPT_PIN 0x3du
/* Type 00h. */
#define PCI_SUBSYSTEM_ID 0x2eu
#define PCI_CAPABILITIES_POINTER 0x34u
/* Type 01h (B 3.2). */
#define PCI_PRIMARY_BUS 0x18u
#define PCI_SECONDARY_BUS 0x19u
#define PCI_SUBORDINATE_BUS 0x1au

#define PCI_VENDOR_NONE 0xffffu /* 6.1: nobody answered */
#define PCI_INTERRUPT_LINE_NONE 0xffu /* 6.2.4 */

/* Command (6.2.2). */
#define PCI_COMMAND_IO (1u << 0)
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_COMMAND_INTERRUPT_DISABLE (1u << 10)

/* Status (6.2.3). */
#define PCI_STATUS_CAPABILITIES (1u << 4)

/* Header type (6.2.1). */
#define PCI_HEADER_TYPE_MASK 0x7fu
#define PCI_HEADER_TYPE_NORMAL 0x00u
#define PCI_HEADER_TYPE_BRIDGE 0x01u
#define PCI_HEADER_TYPE_MULTIFUNCTION 0x80u

/* Base addresses (6.2.5.1). */
#define PCI_BASE_ADDRESS_IO (1u << 0)
#define PCI_BASE_ADDRESS_TYPE_MASK (3u << 1)
#define PCI_BASE_ADDRESS_TYPE_32 (0u << 1)
#define PCI_BASE_ADDRESS_TYPE_1M (1u << 1) /* of PCI 2.1, reserved since 2.2 */
#define PCI_BASE_ADDRESS_TYPE_64 (2u << 1)
#define PCI_BASE_ADDRESS_MEMORY_MASK 0xfffffff0u

/* Capability lists (6.7, appendix H). */
#define PCI_CAPABILITY_FIRST 0x40u
#define PCI_CAPABILITY_POINTER_MASK 0xfcu
#define PCI_CAP_ID_VNDR 0x09u
#define PCI_CAP_ID_MSIX 0x11u
/* At most this many fit: each takes a dword. */
#define PCI_CAPABILITIES_MAX ((PCI_CONFIG_BYTES - PCI_CAPABILITY_FIRST) / 4)

/* MSI-X capability (6.8.2). */
#define PCI_MSIX_CAPABILITY_BYTES 12u
#define PCI_MSIX_CONTROL 2u
#define PCI_MSIX_CONTROL_TABLE_SIZE 0x7ffu /* N - 1 */
#define PCI_MSIX_CONTROL_FUNCTION_MASK (1u << 14)
#define PCI_MSIX_CONTROL_ENABLE (1u << 15)
#define PCI_MSIX_TABLE 4u
#define PCI_MSIX_PBA 8u
#define PCI_MSIX_BIR_MASK 7u

struct pci_msix_entry { /* 6.8.2.6 to 6.8.2.9 */
	uint32_t message_address;
	uint32_t message_upper_address;
	uint32_t message_data;
	uint32_t vector_control;
};
_Static_assert(sizeof(struct pci_msix_entry) == 16, "6.8.2");
_Static_assert(offsetof(struct pci_msix_entry, message_address) == 0, "6.8.2");
_Static_assert(offsetof(struct pci_msix_entry, message_upper_address) == 4, "6.8.2");
_Static_assert(offsetof(struct pci_msix_entry, message_data) == 8, "6.8.2");
_Static_assert(offsetof(struct pci_msix_entry, vector_control) == 12, "6.8.2");

#define PCI_MSIX_VECTOR_MASK (1u << 0)

#endif
