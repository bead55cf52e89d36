# SPDX-License-Identifier: MIT
"""KVM is used only after a guest has run in it."""

import json

import pytest

from host.base.errors import GuestError, UsageError
from host.guest import accel
from host.guest.guest import run_guest
from host.guest.options import make_options
from host.guest.outcome import Outcome


@pytest.fixture
def machine(bench, monkeypatch):
    """A machine with a /dev/kvm that opens, and nothing remembered."""
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    monkeypatch.setattr(accel.os, "access", lambda path, mode: True)
    monkeypatch.setattr(accel, "_known", {})
    return bench


def runner(status=0, error=None):
    def run(options):
        run.options.append(options)
        if error:
            raise error
        return Outcome(status, [])

    run.options = []
    return run


@pytest.mark.parametrize("status, expected", [(0, "kvm"), (1, "tcg"), (2, "tcg"), (3, "tcg")])
def test_auto_believes_a_guest_that_ran(machine, status, expected):
    run = runner(status)
    assert accel.resolve("auto", "v1", run) == expected
    assert run.options[0].accel == "kvm" and run.options[0].timeout_s <= 3
    assert b"/dev/null0" in run.options[0].job_text


def test_a_qemu_that_fails_is_no_kvm(machine):
    assert accel.resolve("auto", "v1", runner(error=GuestError("no"))) == "tcg"


def test_answer_is_remembered_for_this_qemu_and_this_boot(machine, monkeypatch):
    accel.resolve("auto", "v1", runner(0))
    monkeypatch.setattr(accel, "_known", {})  # another process
    again = runner(3)
    assert accel.resolve("auto", "v1", again) == "kvm" and not again.options
    assert accel.resolve("auto", "v2", again) == "tcg" and again.options
    monkeypatch.setattr(accel, "_known", {})
    monkeypatch.setattr(accel, "_boot_id", lambda: "another boot")
    after = runner(3)
    assert accel.resolve("auto", "v2", after) == "tcg" and after.options


def test_one_process_asks_once(machine, monkeypatch):
    monkeypatch.setattr(accel, "_remember", lambda *words: None)
    run = runner(0)
    assert [accel.resolve("auto", "v1", run) for _ in range(3)] == ["kvm"] * 3
    assert len(run.options) == 1


def test_spoiled_memory_is_not_believed(machine):
    (machine.build / "accel.json").write_text("[]")
    assert accel.resolve("auto", "v1", runner(3)) == "tcg"
    accel._known.clear()
    (machine.build / "accel.json").write_text(
        json.dumps({f"v1 / {accel._boot_id()}": "warp"}))
    assert accel.resolve("auto", "v1", runner(0)) == "kvm"


def test_without_the_device_nothing_is_tried(machine, monkeypatch):
    monkeypatch.setattr(accel.os, "access", lambda path, mode: False)
    run = runner(0)
    assert accel.resolve("auto", "v1", run) == "tcg" and not run.options
    assert accel.resolve("tcg", "v1", run) == "tcg"
    with pytest.raises(UsageError, match="--accel kvm: /dev/kvm cannot be opened"):
        accel.resolve("kvm", "v1", run)


# how QEMU ends where there is no KVM, and what is said
NO_KVM = [
    ({"refuse": "-accel kvm: failed to initialize kvm: No such device"},
     "--accel kvm: failed to initialize kvm: No such device"),
    ({"say": "qemu-system-x86_64: error: failed to set MSR\n"
      "qemu-system-x86_64: kvm.c:1: put: Assertion `x' failed.", "die": 6},
     "--accel kvm: QEMU died (signal 6) before the guest ran: error: failed to set MSR"),
]


@pytest.mark.parametrize("plan, said", NO_KVM)
def test_kvm_that_does_not_work_is_bad_usage(machine, monkeypatch, plan, said):
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    machine.plan(**plan)
    with pytest.raises(UsageError) as caught:
        run_guest(make_options(accel="kvm", placement="none"))
    assert str(caught.value) == said


def test_why_kvm_cannot_be_opened_is_said(machine, monkeypatch):
    monkeypatch.setattr(accel.os, "access", lambda path, mode: False)
    for there, reason in ((True, "permission denied"), (False, "it is not there")):
        monkeypatch.setattr(accel.os.path, "exists", lambda path, there=there: there)
        with pytest.raises(UsageError, match=f"/dev/kvm cannot be opened: {reason}$"):
            accel.resolve("kvm", "v1", runner(0))
