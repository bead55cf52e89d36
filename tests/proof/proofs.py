# SPDX-License-Identifier: MIT
"""What is proved, and what has to make it fail, as data.

A mutant's pattern is a regular expression that has to match exactly once in its file: code that
moved fails the test until the mutant moves with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    name: str
    path: str
    defines: tuple = ()
    options: tuple = ()  # Eva's
    reached: int = 0  # so many assertions, of a harness in parts; 0: all


@dataclass(frozen=True)
class Mutant:
    proof: Proof
    name: str
    path: str
    pattern: str
    text: str
    caught_by: str  # an assertion's label, or the kind of an alarm


def ring(name, packed, event_idx, indirect, size, steps):
    """The counters start shortly before the end of 16 or of 32 bits."""
    start = "65534u" if event_idx else "0xfffffffeu"
    return Proof(f"ring, {name}, {steps} calls", "tests/proof/ring_proof.c",
                 (f"PACKED_RING={packed}", f"EVENT_IDX={event_idx}", f"INDIRECT={indirect}",
                  f"SIZE={size}", f"STEPS={steps}", f"START={start}"),
                 # Every path by itself; indeterminate memory is copied on purpose.
                 ("-eva-slevel", "1000000", "-eva-warn-copy-indeterminate=-device_writes_anything"))


def disk(name, first_class):
    return Proof(f"disk's configuration, {name}", "tests/proof/disk_proof.c",
                 (f"FIRST_CLASS={first_class}",),
                 # Paths by themselves in the three functions that decide, else joined.
                 ("-warn-unsigned-overflow", "-eva-domains", "bitwise,equality",
                  "-eva-partition-value", "block_class,with_block_size",
                  "-eva-slevel-function",
                  "virtio_blk_read_limits:5000,blk_limits_settle:5000,main:5000"))


def pci(name, part, bar_bytes, reached):
    return Proof(f"PCI, {name}", "tests/proof/pci_proof.c",
                 (f"PART={part}", f"BAR_BYTES={bar_bytes}"), ("-eva-slevel", "1000000"), reached)


NEED_EVENT = Proof("need_event, 2^48 inputs", "tests/proof/need_event_proof.c")


PCI_LISTS = pci("capability lists", "LISTS", 32, 3)
PCI_STRUCTURES = pci("virtio's structures", "STRUCTURES", 128, 5)
PCI_TABLE = pci("MSI-X table", "TABLE", 32, 5)
PCI_DOORBELL = pci("doorbells", "DOORBELL", 4096, 1)

CUT = Proof("cutting discards", "tests/proof/cut_proof.c", (),
            ("-eva-slevel", "1000000", "-eva-domains", "equality,symbolic-locations"))

PROOFS = (
    NEED_EVENT,
    ring("split of 8, direct", 0, 1, 0, 8, 10),
    ring("packed of 7, direct", 1, 1, 0, 7, 10),
    ring("packed of 3, indirect", 1, 0, 1, 3, 6),
    ring("split of 8, direct, no event_idx", 0, 0, 0, 8, 8),
    ring("split of 4, indirect", 0, 1, 1, 4, 5),
    ring("split of 16, direct", 0, 0, 0, 16, 5),
    ring("packed of 3, direct", 1, 0, 0, 3, 14),
    ring("packed of 4, indirect, event_idx", 1, 1, 1, 4, 5),
    disk("any block size", 0),
    CUT,
    PCI_LISTS,
    PCI_STRUCTURES,
    PCI_TABLE,
    PCI_DOORBELL,
)

# For mutants that a few calls show.
SPLIT_SHORT = ring("split of 8, direct", 0, 1, 0, 8, 4)
PACKED_SHORT = ring("packed of 7, direct", 1, 1, 0, 7, 4)
PACKED_TABLES_SHORT = ring("packed of 3, indirect", 1, 0, 1, 3, 6)
PACKED_WRAPS = ring("packed of 3, direct", 1, 0, 0, 3, 5)

DISK_SHORT = disk("blocks above 65,536", 16)
DISK_BLOCKS = disk("blocks above 32,768", 14)

IMPL = "kernel/virtio/virtqueue_impl.h"
SPLIT_IMPL = "kernel/virtio/virtqueue_split_impl.h"
PACKED_IMPL = "kernel/virtio/virtqueue_packed_impl.h"
CONFIG = "kernel/blk/drivers/virtio_blk_config.c"
CAPABILITY = "kernel/pci/capability.c"

MUTANTS = (
    Mutant(NEED_EVENT, "one too far", IMPL,
           r"(new_index - event - 1\)) <", r"\1 <=", "trying"),
    Mutant(NEED_EVENT, "compares more than 16 bits", IMPL,
           r"return \(uint16_t\)(\(new_index - event)", r"return \1", "invariance"),
    Mutant(SPLIT_SHORT, "the id is not compared with the limit", IMPL,
           r"id >= vq->id_limit", "id > vq->id_limit", "out of bounds read"),
    Mutant(SPLIT_SHORT, "what is not in flight is yielded", IMPL,
           r"UNLIKELY\(!\*writable_bytes\)", "0", "was_in_flight"),
    Mutant(SPLIT_SHORT, "a popped slot stays in flight", IMPL,
           r"\n\tchain->writable_bytes = 0;", "", "was_in_flight"),
    Mutant(SPLIT_SHORT, "a pop is not counted", IMPL, r"\n\tvq->popped\+\+;", "", "counts_agree"),
    Mutant(SPLIT_SHORT, "breaking has no effect on ids", "kernel/virtio/virtqueue_end.c",
           r"\n\tvq->id_limit = 0;", "", "broken_yields_nothing"),
    Mutant(SPLIT_SHORT, "a break leaves no reason", "kernel/virtio/virtqueue_end.c",
           r"\n\tif \(!vq->broken_reason\)\n\t\tvq->broken_reason = reason;", "",
           "result_is_known"),
    Mutant(SPLIT_SHORT, "used.idx is believed", SPLIT_IMPL,
           r"UNLIKELY\(fresh > vq->published - vq->popped\)", "0", "no_more_than_added"),
    Mutant(SPLIT_SHORT, "used.idx is read twice", SPLIT_IMPL,
           r"\treturn \(int\)fresh;",
           "\treturn (uint16_t)(load_once(&vq->used->idx) - vq->popped);", "no_more_than_added"),
    Mutant(SPLIT_SHORT, "the id is read twice", SPLIT_IMPL,
           r"return virtqueue_retire\(vq, id, writable_bytes\)",
           "struct virtqueue_chain *chain = virtqueue_retire(vq, id, writable_bytes);\n"
           "\treturn chain ? &vq->chains[load_once(&element->id)] : NULL", "was_in_flight"),
    Mutant(SPLIT_SHORT, "the id is read plainly", SPLIT_IMPL,
           r"load_once\(&element->id\)", "element->id", "accessing uninitialized left-value"),
    Mutant(SPLIT_SHORT, "waits for the device", SPLIT_IMPL,
           r"\tif \(!fresh\)\n",
           "\twhile (!fresh)\n"
           "\t\tfresh = (uint16_t)(load_acquire(&vq->used->idx) - vq->popped);\n"
           "\tif (!fresh)\n", "call_ends"),
    Mutant(SPLIT_SHORT, "the device's length is believed", "kernel/virtio/virtqueue.c",
           r"MIN\(length_bytes, writable_bytes\)", "length_bytes", "length_fits"),
    Mutant(PACKED_SHORT, "nothing in flight is not noticed", PACKED_IMPL,
           r"UNLIKELY\(vq->popped == vq->published\)", "0", "no_more_than_added"),
    Mutant(PACKED_SHORT, "the device says how far to skip", PACKED_IMPL,
           r"vq->next_used, chain->ring_entries,", "vq->next_used, load_once(&used->len),",
           "looks_at_the_devices"),
    Mutant(PACKED_TABLES_SHORT, "a chain is written behind the ring", PACKED_IMPL,
           r"adder->position == adder->size", "adder->position == adder->size + 1", "ring_ends"),
    Mutant(PACKED_WRAPS, "the position does not come round", PACKED_IMPL,
           r"UNLIKELY\(position >= vq->size\)", "UNLIKELY(position > vq->size)",
           "looks_at_the_devices"),
    Mutant(DISK_SHORT, "blocks of any power of two", CONFIG,
           r" && claimed <= 65536", "", "block_size"),
    Mutant(DISK_BLOCKS, "blocks of any size", CONFIG,
           r"is_power_of_two\(claimed\) && ", "", "block_is_a_power"),
    Mutant(DISK_SHORT, "segments shorter than a block", CONFIG,
           r"if \(!limits->max_segment_bytes\)", "if (!size_max)", "segment_holds_a_block"),
    Mutant(DISK_SHORT, "no segments", CONFIG,
           r"MAX\(1u, (MIN\(seg_max, DATA_SEGMENTS_WANTED\))\)", r"\1", "segments"),
    Mutant(DISK_SHORT, "a physical block of any size", CONFIG,
           r"physical_block_exp <= 8", "physical_block_exp <= 32", "invalid RHS operand for shift"),
    Mutant(DISK_SHORT, "an optimal transfer of any size", CONFIG,
           r"opt_io_size <= UINT32_MAX / limits->block_bytes", "opt_io_size", "unsigned overflow"),
    Mutant(DISK_SHORT, "any capacity", CONFIG,
           r"if \(config.capacity > UINT64_MAX / SECTOR_BYTES\)", "if (!config.capacity)",
           "capacity"),
    Mutant(DISK_BLOCKS, "requests of less than a block", "kernel/blk/blk_limits.c",
           r"(limits->max_sectors &=) ~\(sectors - 1\)", r"\1 sectors - 1",
           "request_holds_a_block"),
    Mutant(PCI_LISTS, "a place is never taken for visited", CAPABILITY,
           r"return was_visited;", "return was_visited && false;", "walk_ends"),
    Mutant(PCI_LISTS, "a capability may be cut off", CAPABILITY,
           r" && at \+ length_bytes <= PCI_CONFIG_BYTES\)", ")", "leaves_length"),
    Mutant(PCI_STRUCTURES, "structures of any alignment", "kernel/virtio/virtio_pci.c",
           r"capability->offset % rule->alignment", "0", "maps_aligned"),
    Mutant(PCI_STRUCTURES, "structures of any length", "kernel/virtio/virtio_pci.c",
           r"capability->length < rule->min_bytes", "0", "maps_no_more"),
    Mutant(PCI_TABLE, "a table that leaves its BAR", "kernel/pci/bar.c",
           r"length_bytes <= whole->length_bytes - offset_bytes",
           "length_bytes <= whole->length_bytes", "maps_no_more"),
    Mutant(PCI_TABLE, "a BAR that is none", "kernel/pci/bar.c",
           r"bar >= PCI_BARS", "bar > PCI_BARS + 1", "out of bounds read"),
    Mutant(PCI_DOORBELL, "a doorbell half outside", "kernel/virtio/virtio_pci.c",
           r"offset \+ sizeof\(uint16_t\) > device->notify_bytes",
           "offset > device->notify_bytes", "doorbell_is_mapped"),
    Mutant(CUT, "an alignment of 0 is used", "kernel/blk/parts_cut.c",
           r"alignment < 2", "alignment == 1", "division by zero"),
    Mutant(CUT, "a part may end up empty", "kernel/blk/parts_cut.c",
           r"return aligned \? aligned : count;", "return aligned;", "cut_when_allowed"),
    Mutant(CUT, "a part may end before it begins", "kernel/blk/parts_cut.c",
           r"beyond >= count", "beyond == count", "no_more_than_left"),
    Mutant(CUT, "discards are not limited", "kernel/blk/parts_cut.c",
           r"return limits->max_discard_sectors;", "return UINT32_MAX;", "no_more_than_allowed"),
    Mutant(CUT, "nothing is cut as if it were something", "kernel/blk/parts_cut.c",
           r"if \(!most\)\n\t\treturn false;\n", "", "has_a_sector"),
)
