/* SPDX-License-Identifier: MIT */
/*
 * What a disk's configuration space becomes: virtio_blk_read_limits(), then
 * blk_limits_settle(). Any content, of any length, with any set of features, and
 * any failure to read it. What the block layer's arithmetic asks of the limits holds, and
 * no product or sum on the way is cut off.
 *
 * By the command line: FIRST_CLASS, 0 for all block sizes.
 */
#include "tests/proof/alone.h"

#include "kernel/blk/blk_limits.c"

#include "kernel/blk/drivers/virtio_blk_config.c"

static struct virtio_blk disk;

/*@ assigns \nothing; */
void log_write(enum log_level level, const char *unit, const char *format, ...);

/*
 * Block sizes that can be right, and what lies between two of them, below and above: the
 * analyser keeps these classes apart (-eva-partition-value).
 */
static unsigned block_class;
static bool with_block_size;
#define LAST_CLASS 16u

static uint32_t any_block_bytes(void)
{
	uint32_t power = 256u << (block_class + 1) / 2;
	if (block_class % 2)
		return power;
	return any_between(block_class ? power + 1 : 0,
			   block_class < LAST_CLASS ? 2 * power - 1 : UINT32_MAX);
}

int virtio_pci_read_config(const struct virtio_pci *device, uint32_t offset_bytes, void *out,
			   uint32_t length_bytes)
{
	(void)device;
	Frama_C_make_unknown(out, length_bytes);
	if (!offset_bytes) /* more than the device may have: 0 is one of the values */
		((struct virtio_blk_config *)out)->blk_size = any_block_bytes();
	return any_bool() ? 0 : -ERR_DEVICE;
}

static void check(const struct blk_limits *limits)
{
	//@ assert block_size: 512 <= limits->block_bytes <= 65536;
	uint32_t rest = limits->block_bytes & (limits->block_bytes - 1);
	//@ assert block_is_a_power: rest == 0;
	//@ assert segment_holds_a_block: limits->max_segment_bytes >= limits->block_bytes;
	//@ assert segments: 1 <= limits->max_segments <= BLK_SEGMENTS_MAX;
	//@ assert physical_block: limits->physical_block_bytes >= limits->block_bytes;
	//@ assert capacity: limits->capacity_sectors <= UINT64_MAX / SECTOR_BYTES;
}

int main(void)
{
	with_block_size = any_bool();
	block_class = with_block_size ? any_between(FIRST_CLASS, LAST_CLASS) : 0;
	disk.transport.features = any64();
	if (with_block_size)
		disk.transport.features |= VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE);
	else
		disk.transport.features &= ~VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE);
	disk.transport.device_bytes = any_between(0, 4096);
	if (virtio_blk_read_limits(&disk))
		return 0;
	check(&disk.device.limits);
	if (blk_limits_settle(&disk.device.limits))
		return 0;
	check(&disk.device.limits);
	uint64_t most_bytes = (uint64_t)disk.device.limits.max_sectors * SECTOR_BYTES;
	//@ assert request_holds_a_block: most_bytes >= disk.device.limits.block_bytes;
	return 0;
}
