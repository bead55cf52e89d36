/* SPDX-License-Identifier: MIT */
/*
 * What "Virtual I/O Device (VIRTIO) Version 1.2" (OASIS, 1 July 2022) says,
 * and nothing else: names as in the standard, sections in parentheses.
 * Feature names are bit numbers, as there; VIRTIO_FEATURE() makes the mask.
 * All fields are little endian, which is the CPU's order.
 */
#ifndef KERNEL_VIRTIO_VIRTIO_SPEC_H
#define KERNEL_VIRTIO_VIRTIO_SPEC_H

#include "kernel/lib/util.h"

#define VIRTIO_FEATURE(bit) (1ull << (bit))

/* Device status field (2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_DEVICE_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED 128u

/* Device types (5). */
#define VIRTIO_ID_BLOCK 2u

/* Reserved feature bits (6); 24 and 27 are legacy (6.3). */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24
#define VIRTIO_F_ANY_LAYOUT 27
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_ORDER_PLATFORM 36
#define VIRTIO_F_SR_IOV 37
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_NOTIF_CONFIG_DATA 39
#define VIRTIO_F_RING_RESET 40

/*
 * ---- Split virtqueues (2.7) ----
 */

#define VIRTQ_SIZE_MAX 32768u /* both formats (2.7, 2.8) */
#define VIRTQ_DESC_ALIGN 16u /* 2.7 */
#define VIRTQ_AVAIL_ALIGN 2u
#define VIRTQ_USED_ALIGN 4u

/* Descriptor flags (2.7.5), of both formats. */
#define VIRTQ_DESC_F_NEXT 1u
#define VIRTQ_DESC_F_WRITE 2u /* the device writes */
#define VIRTQ_DESC_F_INDIRECT 4u

struct virtq_desc { /* 2.7.5 */
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "2.7.5");
_Static_assert(offsetof(struct virtq_desc, addr) == 0, "2.7.5");
_Static_assert(offsetof(struct virtq_desc, len) == 8, "2.7.5");
_Static_assert(offsetof(struct virtq_desc, flags) == 12, "2.7.5");
_Static_assert(offsetof(struct virtq_desc, next) == 14, "2.7.5");

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u

struct virtq_avail { /* 2.7.6 */
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
	/* uint16_t used_event after ring[queue size]: VIRTIO_F_EVENT_IDX */
};
_Static_assert(sizeof(struct virtq_avail) == 4, "2.7.6");
_Static_assert(offsetof(struct virtq_avail, flags) == 0, "2.7.6");
_Static_assert(offsetof(struct virtq_avail, idx) == 2, "2.7.6");
_Static_assert(offsetof(struct virtq_avail, ring) == 4, "2.7.6");

struct virtq_used_elem { /* 2.7.8 */
	uint32_t id;
	uint32_t len;
};
_Static_assert(sizeof(struct virtq_used_elem) == 8, "2.7.8");
_Static_assert(offsetof(struct virtq_used_elem, id) == 0, "2.7.8");
_Static_assert(offsetof(struct virtq_used_elem, len) == 4, "2.7.8");

#define VIRTQ_USED_F_NO_NOTIFY 1u

struct virtq_used { /* 2.7.8 */
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];
	/* uint16_t avail_event after ring[queue size]: VIRTIO_F_EVENT_IDX */
};
_Static_assert(sizeof(struct virtq_used) == 4, "2.7.8");
_Static_assert(offsetof(struct virtq_used, flags) == 0, "2.7.8");
_Static_assert(offsetof(struct virtq_used, idx) == 2, "2.7.8");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "2.7.8");

/*
 * ---- Packed virtqueues (2.8) ----
 */

#define PVIRTQ_DESC_ALIGN 16u /* 2.8.10.1 */
#define PVIRTQ_EVENT_SUPPRESS_ALIGN 4u

/* Beside VIRTQ_DESC_F_NEXT, _WRITE and _INDIRECT (2.8.1). */
#define VIRTQ_DESC_F_AVAIL (1u << 7)
#define VIRTQ_DESC_F_USED (1u << 15)

struct pvirtq_desc { /* 2.8.13 */
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};
_Static_assert(sizeof(struct pvirtq_desc) == 16, "2.8.13");
_Static_assert(offsetof(struct pvirtq_desc, addr) == 0, "2.8.13");
_Static_assert(offsetof(struct pvirtq_desc, len) == 8, "2.8.13");
_Static_assert(offsetof(struct pvirtq_desc, id) == 12, "2.8.13");
_Static_assert(offsetof(struct pvirtq_desc, flags) == 14, "2.8.13");

/* Values of desc_event_flags (2.8.14); DESC only with VIRTIO_F_EVENT_IDX. */
#define RING_EVENT_FLAGS_ENABLE 0x0u
#define RING_EVENT_FLAGS_DISABLE 0x1u
#define RING_EVENT_FLAGS_DESC 0x2u
#define RING_EVENT_FLAGS_MASK 0x3u

#define RING_EVENT_OFF_MASK 0x7fffu /* desc_event_off */
#define RING_EVENT_WRAP_SHIFT 15 /* desc_event_wrap */

struct pvirtq_event_suppress { /* 2.8.14 */
	uint16_t desc; /* desc_event_off : 15, desc_event_wrap : 1 */
	uint16_t flags; /* desc_event_flags : 2, reserved : 14 */
};
_Static_assert(sizeof(struct pvirtq_event_suppress) == 4, "2.8.14");
_Static_assert(offsetof(struct pvirtq_event_suppress, desc) == 0, "2.8.14");
_Static_assert(offsetof(struct pvirtq_event_suppress, flags) == 2, "2.8.14");

/*
 * ---- PCI transport (4.1) ----
 */

/* PCI device discovery (4.1.2). */
#define VIRTIO_PCI_VENDOR_ID 0x1af4u
#define VIRTIO_PCI_TRANSITIONAL_FIRST 0x1000u /* types: table of 4.1.2.1 */
#define VIRTIO_PCI_TRANSITIONAL_LAST 0x103fu
#define VIRTIO_PCI_MODERN_FIRST 0x1040u /* plus the device type */
#define VIRTIO_PCI_MODERN_LAST 0x107fu

/* virtio_pci_cap.cfg_type (4.1.4). */
#define VIRTIO_PCI_CAP_COMMON_CFG 1u
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2u
#define VIRTIO_PCI_CAP_ISR_CFG 3u
#define VIRTIO_PCI_CAP_DEVICE_CFG 4u
#define VIRTIO_PCI_CAP_PCI_CFG 5u
#define VIRTIO_PCI_CAP_SHARED_MEMORY_CFG 8u
#define VIRTIO_PCI_CAP_VENDOR_CFG 9u

struct virtio_pci_cap { /* 4.1.4 */
	uint8_t cap_vndr; /* PCI_CAP_ID_VNDR */
	uint8_t cap_next;
	uint8_t cap_len; /* of the whole capability */
	uint8_t cfg_type;
	uint8_t bar;
	uint8_t id;
	uint8_t padding[2];
	uint32_t offset; /* within the BAR */
	uint32_t length; /* of the structure, in bytes */
};
_Static_assert(sizeof(struct virtio_pci_cap) == 16, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, cap_vndr) == 0, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, cap_next) == 1, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, cap_len) == 2, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, cfg_type) == 3, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, bar) == 4, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, id) == 5, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, offset) == 8, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap, length) == 12, "4.1.4");

struct virtio_pci_cap64 { /* 4.1.4: shared memory */
	struct virtio_pci_cap cap;
	uint32_t offset_hi;
	uint32_t length_hi;
};
_Static_assert(sizeof(struct virtio_pci_cap64) == 24, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap64, offset_hi) == 16, "4.1.4");
_Static_assert(offsetof(struct virtio_pci_cap64, length_hi) == 20, "4.1.4");

struct virtio_pci_notify_cap { /* 4.1.4.4 */
	struct virtio_pci_cap cap;
	uint32_t notify_off_multiplier;
};
_Static_assert(sizeof(struct virtio_pci_notify_cap) == 20, "4.1.4.4");
_Static_assert(offsetof(struct virtio_pci_notify_cap, notify_off_multiplier) == 16, "4.1.4.4");

struct virtio_pci_cfg_cap { /* 4.1.4.9 */
	struct virtio_pci_cap cap;
	uint8_t pci_cfg_data[4];
};
_Static_assert(sizeof(struct virtio_pci_cfg_cap) == 20, "4.1.4.9");
_Static_assert(offsetof(struct virtio_pci_cfg_cap, pci_cfg_data) == 16, "4.1.4.9");

/* Packed: the standard's layout ends after 60 bytes, without tail padding. */
struct virtio_pci_common_cfg { /* 4.1.4.3 */
	uint32_t device_feature_select;
	uint32_t device_feature;
	uint32_t driver_feature_select;
	uint32_t driver_feature;
	uint16_t config_msix_vector;
	uint16_t num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_msix_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_off;
	uint64_t queue_desc;
	uint64_t queue_driver;
	uint64_t queue_device;
	uint16_t queue_notify_data; /* there with VIRTIO_F_NOTIF_CONFIG_DATA */
	uint16_t queue_reset; /* there with VIRTIO_F_RING_RESET */
} PACKED;
_Static_assert(sizeof(struct virtio_pci_common_cfg) == 60, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, device_feature_select) == 0, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, device_feature) == 4, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, driver_feature_select) == 8, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, driver_feature) == 12, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, config_msix_vector) == 16, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, num_queues) == 18, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, device_status) == 20, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, config_generation) == 21, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_select) == 22, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_size) == 24, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_msix_vector) == 26, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_enable) == 28, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_notify_off) == 30, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_desc) == 32, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_driver) == 40, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_device) == 48, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_notify_data) == 56, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_reset) == 58, "4.1.4.3");

/* config_msix_vector and queue_msix_vector (4.1.5.1.2). */
#define VIRTIO_MSI_NO_VECTOR 0xffffu

/* ISR status (4.1.4.5). */
#define VIRTIO_PCI_ISR_QUEUE 1u
#define VIRTIO_PCI_ISR_CONFIG 2u

/*
 * ---- Block device (5.2) ----
 */

/* Feature bits (5.2.3); 0 and 7 are legacy (5.2.3.1). */
#define VIRTIO_BLK_F_BARRIER 0
#define VIRTIO_BLK_F_SIZE_MAX 1
#define VIRTIO_BLK_F_SEG_MAX 2
#define VIRTIO_BLK_F_GEOMETRY 4
#define VIRTIO_BLK_F_RO 5
#define VIRTIO_BLK_F_BLK_SIZE 6
#define VIRTIO_BLK_F_SCSI 7
#define VIRTIO_BLK_F_FLUSH 9
#define VIRTIO_BLK_F_TOPOLOGY 10
#define VIRTIO_BLK_F_CONFIG_WCE 11
#define VIRTIO_BLK_F_MQ 12
#define VIRTIO_BLK_F_DISCARD 13
#define VIRTIO_BLK_F_WRITE_ZEROES 14
#define VIRTIO_BLK_F_LIFETIME 15
#define VIRTIO_BLK_F_SECURE_ERASE 16

struct virtio_blk_geometry { /* 5.2.4 */
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
};
_Static_assert(sizeof(struct virtio_blk_geometry) == 4, "5.2.4");

struct virtio_blk_topology { /* 5.2.4 */
	uint8_t physical_block_exp; /* logical blocks per physical one: log2 */
	uint8_t alignment_offset; /* of the first aligned logical block */
	uint16_t min_io_size; /* in logical blocks */
	uint32_t opt_io_size; /* in logical blocks */
};
_Static_assert(sizeof(struct virtio_blk_topology) == 8, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_topology, physical_block_exp) == 0, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_topology, alignment_offset) == 1, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_topology, min_io_size) == 2, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_topology, opt_io_size) == 4, "5.2.4");

struct virtio_blk_config { /* 5.2.4; sectors are of 512 bytes */
	uint64_t capacity; /* in sectors */
	uint32_t size_max; /* VIRTIO_BLK_F_SIZE_MAX: bytes of one segment */
	uint32_t seg_max; /* VIRTIO_BLK_F_SEG_MAX: segments of one request */
	struct virtio_blk_geometry geometry; /* VIRTIO_BLK_F_GEOMETRY */
	uint32_t blk_size; /* VIRTIO_BLK_F_BLK_SIZE: bytes */
	struct virtio_blk_topology topology; /* VIRTIO_BLK_F_TOPOLOGY */
	uint8_t writeback; /* VIRTIO_BLK_F_CONFIG_WCE */
	uint8_t unused0;
	uint16_t num_queues; /* VIRTIO_BLK_F_MQ */
	uint32_t max_discard_sectors; /* VIRTIO_BLK_F_DISCARD */
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors; /* VIRTIO_BLK_F_WRITE_ZEROES */
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	uint32_t max_secure_erase_sectors; /* VIRTIO_BLK_F_SECURE_ERASE */
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
};
_Static_assert(sizeof(struct virtio_blk_config) == 72, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, capacity) == 0, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, size_max) == 8, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, seg_max) == 12, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, geometry) == 16, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, topology) == 24, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_discard_seg) == 40, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, discard_sector_alignment) == 44, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_write_zeroes_sectors) == 48, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_write_zeroes_seg) == 52, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, write_zeroes_may_unmap) == 56, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_secure_erase_sectors) == 60, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_secure_erase_seg) == 64, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, secure_erase_sector_alignment) == 68, "5.2.4");

/* virtio_blk_req.type (5.2.6). */
#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_T_GET_ID 8u
#define VIRTIO_BLK_T_GET_LIFETIME 10u
#define VIRTIO_BLK_T_DISCARD 11u
#define VIRTIO_BLK_T_WRITE_ZEROES 13u
#define VIRTIO_BLK_T_SECURE_ERASE 14u

/* The part that the device reads; data and the status byte follow it. */
struct virtio_blk_req { /* 5.2.6 */
	uint32_t type;
	uint32_t reserved;
	uint64_t sector; /* IN and OUT; else 0 */
};
_Static_assert(sizeof(struct virtio_blk_req) == 16, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_req, type) == 0, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_req, reserved) == 4, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_req, sector) == 8, "5.2.6");

/* virtio_blk_req.status (5.2.6). */
#define VIRTIO_BLK_S_OK 0u
#define VIRTIO_BLK_S_IOERR 1u
#define VIRTIO_BLK_S_UNSUPP 2u

/* flags of the following: unmap : 1, reserved : 31; unmap for WRITE_ZEROES only. */
#define VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP 1u

/* Data of DISCARD, WRITE_ZEROES and SECURE_ERASE: one or more. */
struct virtio_blk_discard_write_zeroes { /* 5.2.6 */
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};
_Static_assert(sizeof(struct virtio_blk_discard_write_zeroes) == 16, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_discard_write_zeroes, sector) == 0, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_discard_write_zeroes, num_sectors) == 8, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_discard_write_zeroes, flags) == 12, "5.2.6");

#define VIRTIO_BLK_ID_BYTES 20u /* GET_ID: NUL padded, not terminated (5.2.6) */

/* virtio_blk_lifetime.pre_eol_info (5.2.6). */
#define VIRTIO_BLK_PRE_EOL_INFO_UNDEFINED 0u
#define VIRTIO_BLK_PRE_EOL_INFO_NORMAL 1u
#define VIRTIO_BLK_PRE_EOL_INFO_WARNING 2u
#define VIRTIO_BLK_PRE_EOL_INFO_URGENT 3u

struct virtio_blk_lifetime { /* 5.2.6: data of GET_LIFETIME */
	uint16_t pre_eol_info;
	uint16_t device_lifetime_est_typ_a;
	uint16_t device_lifetime_est_typ_b;
};
_Static_assert(sizeof(struct virtio_blk_lifetime) == 6, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_lifetime, pre_eol_info) == 0, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_lifetime, device_lifetime_est_typ_a) == 2, "5.2.6");
_Static_assert(offsetof(struct virtio_blk_lifetime, device_lifetime_est_typ_b) == 4, "5.2.6");

#endif
