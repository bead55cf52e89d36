# SPDX-License-Identifier: MIT
"""Changes that make I/O slower, as data: what is inserted where, and who has to say so.

An insertion goes right behind its anchor, a regular expression that has to match exactly once
in its file: code that moved fails the test until the mutation moves with it.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Insertion:
    path: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Mutation:
    name: str
    insertions: tuple
    caught_by: frozenset  # figures that have to fail
    spared: frozenset  # figures that have nothing to do with it


def apply(mutation, root):
    """Changes the tree, or leaves it as it is where an anchor fails; {path: text as it was}."""
    before, after = {}, {}
    for insertion in mutation.insertions:
        path = root / insertion.path
        text = after.get(path) or before.setdefault(path, path.read_text())
        found = list(re.finditer(insertion.anchor, text))
        assert len(found) == 1, f"{insertion.path}: {len(found)} times: {insertion.anchor}"
        end = found[0].end()
        after[path] = text[:end] + insertion.text + text[end:]
    for path, text in after.items():
        path.write_text(text)
    return before


# Per completed request, between finding it and giving it to its job.
COMPLETION = Mutation(
    "30 instructions per completion",
    (Insertion("kernel/blk/blk_plain.h", r"static inline void blk_deliver\([^)]*\)\n{\n",
               '\t__asm__ volatile(".rept 30; nop; .endr");\n'),),
    frozenset({"irq qd1: instructions/IO", "irq qd1: signal_to_delivery",
               "irq qd32: instructions/IO", "irq qd128: instructions/IO",
               "poll qd1: busy instructions/IO", "poll qd1: signal_to_delivery"}),
    frozenset({"irq qd1: submit_to_doorbell", "irq qd1: doorbell_to_signal",
               "irq qd1: doorbells/IO", "irq qd32: doorbells/IO", "irq qd1: interrupts/IO",
               "poll qd1: submit_to_doorbell"}))

DOORBELL = Mutation(
    "a doorbell per request",
    (Insertion("kernel/blk/blk.h", r"static inline unsigned blk_submit\([^)]*\)\n{\n", """\
	if (count > 1) {
		unsigned taken = 0;
		while (taken < count &&
		       load_once(&queue->submit)(queue, &requests[taken], 1))
			taken++;
		return taken;
	}
"""),
     Insertion("kernel/blk/drivers/virtio_blk_io.c", r"\? (?=virtqueue_packed_publish)", "true | "),
     Insertion("kernel/blk/drivers/virtio_blk_io.c", r" (?=virtqueue_split_publish)", "true | ")),
    frozenset({"irq qd32: instructions/IO", "irq qd32: doorbells/IO",
               "irq qd128: instructions/IO", "irq qd128: doorbells/IO",
               "poll qd32: doorbells/IO"}),
    frozenset({"irq qd1: doorbells/IO", "irq qd1: interrupts/IO", "poll qd1: doorbells/IO"}))

INTERRUPT = Mutation(
    "10 us per interrupt",
    (Insertion("kernel/irq/irq.c", r'#include "kernel/irq/irq.h"\n',
               '#include "kernel/cpu/clock.h"\n'),
     Insertion("kernel/irq/irq.c", r"void irq_dispatch\([^)]*\)\n{\n", """\
	for (uint64_t begin = clock_tsc(); clock_tsc() - begin < clock_ns_to_tsc(10000);)
		;
""")),
    frozenset({"irq qd1: instructions/IO", "irq qd1: doorbell_to_signal",
               "irq qd32: instructions/IO", "irq qd128: instructions/IO"}),
    frozenset({"irq qd1: submit_to_doorbell", "irq qd1: doorbells/IO",
               "poll qd1: busy instructions/IO", "poll qd1: signal_to_delivery",
               "poll qd1: interrupts/IO"}))

MUTATIONS = (COMPLETION, DOORBELL, INTERRUPT)
