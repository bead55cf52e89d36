# SPDX-License-Identifier: MIT
"""What a side's settings need of its disks, and what the disks said of it."""

import pytest
from canned import document

from host.base.errors import UsageError
from host.compare import measure
from host.compare.points import Point
from host.compare.sides import ab_sides, mode_sides
from host.guest import guest
from host.guest.granted import grants, refusal
from host.guest.guest import Outcome
from host.guest.jobfile import Line
from host.guest.options import make_options

POINT = Point("x", (((Line("[x]", "a.fio:1"),), False),))

# one side, the other, words for both -> what the disks of each are made with beyond that
NEEDS = [
    (["ring=split"], ["ring=packed"], [], [], ["packed=on"]),
    (["queue_size=256"], ["queue_size=1024"], [], [], ["queue-size=1024"]),
    (["queue_size=300"], ["queue_size=16"], [], ["queue-size=512"], []),
    (["queues=1"], ["queues=8"], [], [], ["queues=8"]),
    (["queues=2"], ["queues=8"], ["--smp=4"], [], ["queues=8"]),
    (["queues=2"], ["queues=4"], ["--disk=backend=null,queues=4"], [], []),
    (["chain=direct"], ["chain=indirect"], [], [], ["indirect=on"]),
    (["event_idx=off"], ["event_idx=on"], [], [], ["event-idx=on"]),
    (["spin_max_us=1"], ["spin_max_us=2"], ["--set=ring=packed"], ["packed=on"], ["packed=on"]),
    (["queue_size=200"], ["queue_size=100"], ["--disk=backend=vhost-user"],
     ["queue-size=256"], []),
]


def plan_of(sides, words=()):
    settings = [word for word in words if word.startswith("--set=")]
    return measure.Plan("a.fio", sides, [POINT], 1,
                        machine=[word for word in words if word not in settings],
                        settings=settings)


@pytest.mark.parametrize("a, b, words, with_a, with_b", NEEDS)
def test_disks_have_what_their_side_is_called_after(a, b, words, with_a, with_b):
    plan = plan_of(ab_sides(a, b, ["one"]), words)
    assert [measure.disks_with(plan, side) for side in plan.sides] == [with_a, with_b]
    for side, extra in zip(plan.sides, (with_a, with_b)):
        disk, = measure.side_options(plan, side).disks
        assert disk.spec.endswith(",".join(extra))


def test_the_settings_of_all_of_our_modes_are_linuxs_disks_too():
    plan = plan_of(mode_sides("irq,linux-irq", ["one"]), ["--set=ring=packed"])
    assert [measure.side_options(plan, side).disks[0].packed for side in plan.sides] == [True] * 2


CONTRADICTIONS = [
    (["ring=packed"], ["--disk=backend=null,packed=off"],
     "--disk backend=null,packed=off: packed=off contradicts ring=packed"),
    (["queues=8"], ["--disk=backend=null", "--disk=backend=null,queues=4"],
     "--disk backend=null,queues=4: queues=4 contradicts queues=8"),
    (["queue_size=1024"], ["--disk=backend=null,queue-size=128"],
     "--disk backend=null,queue-size=128: queue-size=128 contradicts queue_size=1024"),
    (["event_idx=on"], ["--disk=backend=null,event-idx=off"], "event-idx=off contradicts"),
    (["queue_size=2048"], [], "queue_size=2048: a ring of QEMU's disks has 1024 entries at most"),
    (["cpus=2"], [], "cpus=2: the machine has 1; use --smp"),
]


@pytest.mark.parametrize("side, words, complaint", CONTRADICTIONS)
def test_what_no_disk_could_be_is_refused(side, words, complaint):
    plan = plan_of(ab_sides(["log=info"], side, ["one"]), words)
    with pytest.raises(UsageError) as caught:
        measure.side_options(plan, plan.sides[1])
    assert complaint in str(caught.value)


DISK = {"name": "vda", "features": "INDIRECT_DESC VERSION_1", "ring": "split", "chain": "indirect",
        "interrupts": "msix", "queue_size": 256,
        "queues": [{"completion": "irq"}, {"completion": "poll"}]}

# what was asked -> what was granted, None: nobody asked
GRANTED = [
    ("ring=packed", "split"), ("ring=split", "split"), ("ring=auto", None),
    ("chain=direct", "indirect"), ("interrupts=intx", "msix"), ("indirect=on", "on"),
    ("event_idx=on", "off"), ("queues=8", "2"), ("queues=0", None), ("queue_size=1024", "256"),
    ("completion=irq", "irq+poll"), ("spin_max_us=5", None),
]


@pytest.mark.parametrize("setting, granted", GRANTED)
def test_what_was_asked_stands_beside_what_was_granted(setting, granted):
    key, _, asked = setting.partition("=")
    result = {"ringbolt": {"devices": [DISK, {"name": "null0", "queues": []}]}}
    found = grants(make_options(sets=[setting]), result)
    assert found == ([] if granted is None else [
        {"disk": "vda", "setting": key, "asked": asked, "granted": granted}])
    result["ringbolt"]["granted"] = found
    assert (refusal(result) is None) is (granted in (None, asked))


def test_linux_polls_only_where_it_has_queues_for_it():
    result = {"ringbolt": {"devices": [{"name": "vda", "polls": True},
                                       {"name": "vdb", "polls": False}]}}
    found = grants(make_options(guest="linux-poll"), result)
    assert [one["granted"] for one in found] == ["on", "off"]
    assert grants(make_options(guest="linux"), result) == []


def test_a_side_that_is_not_what_it_is_called_ends_the_comparison(monkeypatch):
    asked = {"disk": "vda", "setting": "ring", "asked": "packed", "granted": "split"}
    monkeypatch.setattr(guest, "run_guest", lambda *_: Outcome(
        0, [], result=document(granted=[{**asked, "granted": "packed"}, asked])))
    plan = plan_of(ab_sides(["ring=packed"], ["ring=split"], ["one"]))
    with pytest.raises(UsageError, match="^a@one: ring=packed was asked for, vda has split: "):
        measure.run_rounds(plan, lambda *what: None)
