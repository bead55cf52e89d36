# SPDX-License-Identifier: MIT
"""The gate on real kernels: it catches what it has to, names it, and leaves the rest alone.

Its tree is a copy of this one with a history of a single commit and a baseline of its own,
so that nothing here depends on how far the tree has moved from the committed baseline.
"""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
from guests import ROOT, vhost_user_server
from mutations import INTERRUPT, MUTATIONS, apply

CASES = ("irq qd1", "irq qd32", "irq qd128", "poll qd1", "poll qd32")
COUNTED = ["--only=counted", *(f"--case={case}" for case in CASES)]
# Enough for the smallest p-value that suspects; what is tried by the clock costs many times more.
TIMED = ["--only=timed", "--case=irq qd1", "--rounds=8"]
SAME_COMMIT_RUNS = 10
# The reports of tests that run at the same time come and go.
NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", "tests", "unit", "thread", "fuzz",
                                    "peer", "revisions", "*.img")

# Adds words to QEMU's arguments of one kind: null disks, or virtio-blk devices.
WRAPPER = """\
#!/bin/sh
for word; do
	shift
	case "$word" in
	{pattern}*) word="$word,{words}" ;;
	esac
	set -- "$@" "$word"
done
exec qemu-system-x86_64 "$@"
"""


class Tree:
    def __init__(self, root, reports):
        self.root = root
        self.reports = reports
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ("RINGBOLT_BUILD", "MAKEFLAGS", "MAKELEVEL")}

    def command(self, *words):
        return subprocess.run(words, cwd=self.root, env=self.environment, capture_output=True,
                              text=True, timeout=900, check=False)

    def good(self, *words):
        done = self.command(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def build(self):
        self.good("make", "-s", "build/kernel.elf")

    def regress(self, *words):
        """(status, {figure: state}, the run)"""
        report = self.reports / "verdicts.json"
        report.unlink(missing_ok=True)
        done = self.command(sys.executable, "bench/ringbolt", "regress", f"--json={report}",
                            *words)
        assert report.exists(), done.stdout + done.stderr
        return done.returncode, {f"{row['case']}: {row['figure']}": row["state"]
                                 for row in json.loads(report.read_text())["verdicts"]}, done


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree") / "tree"
    shutil.copytree(ROOT, root, ignore=NOT_COPIED, symlinks=True)
    tree = Tree(root, tmp_path_factory.mktemp("reports"))
    tree.build()
    tree.good(sys.executable, "bench/ringbolt", "baseline")
    tree.good("git", "init", "-q")
    tree.good("git", "add", ".")
    tree.good("git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "tree")
    tree.build()  # the kernel names its commit
    return tree


@pytest.fixture
def mutated(tree):
    """mutated(MUTATION): the tree with it, built."""
    changed = {}

    def mutate(mutation):
        changed.update(apply(mutation, tree.root))
        tree.build()
        return tree

    yield mutate
    for path, text in changed.items():
        path.write_text(text)
    tree.build()


def slower(states):
    return {name for name, state in states.items() if state == "SLOWER"}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_a_slower_kernel_is_caught_and_the_right_figure_named(mutated, mutation):
    status, states, done = mutated(mutation).regress(*COUNTED)
    assert status == 1
    assert mutation.caught_by <= slower(states), done.stdout
    assert not mutation.spared & slower(states), done.stdout
    for name in mutation.caught_by:
        assert f"SLOWER: {name}: " in done.stdout


def test_the_same_kernel_is_never_flagged(tree):
    for _ in range(SAME_COMMIT_RUNS):
        status, states, done = tree.regress(*COUNTED)
        assert (status, set(states.values())) == (0, {"pass"}), done.stdout


def test_all_figures_of_the_same_kernel_pass_and_time_is_not_spent_on_it(tree):
    status, states, done = tree.regress()
    assert (status, slower(states)) == (0, set()), done.stdout
    assert len(states) > 50
    assert "skipped: all cases: the kernel of" in done.stdout


def test_the_clock_sees_ten_microseconds_per_interrupt(mutated):
    status, states, done = mutated(INTERRUPT).regress(*TIMED)
    assert status == 1 and "irq qd1: p50 ns" in slower(states), done.stdout


def test_reports_of_a_real_run_are_read_by_others(tree, tmp_path):
    status, states, _ = tree.regress("--only=counted", "--case=irq qd1",
                                     f"--junit={tmp_path}/a.xml", f"--tap={tmp_path}/a.tap")
    assert status == 0
    names = {case.get("name") for case in xml.parse(tmp_path / "a.xml").iter("testcase")}
    assert names == set(states)
    tree.good("prove", "--exec", "cat", f"{tmp_path}/a.tap")


@pytest.fixture
def wrapper(tmp_path):
    def make(pattern, words):
        path = tmp_path / "qemu"
        path.write_text(WRAPPER.format(pattern=pattern, words=words))
        path.chmod(0o755)
        return f"--qemu={path}"

    return make


BASELINE_QEMU = "--baseline-qemu=qemu-system-x86_64"


def test_a_device_that_answers_late_is_caught(tree, wrapper):
    late = wrapper("driver=null-co", "latency-ns=200000")
    status, states, done = tree.regress(BASELINE_QEMU, late, *TIMED)
    assert status == 1 and "irq qd1: p50 ns" in slower(states), done.stdout


def test_a_device_that_lost_msi_x_is_caught_by_counting(tree, wrapper):
    poorer = wrapper("virtio-blk-pci", "vectors=0")
    status, states, done = tree.regress(BASELINE_QEMU, poorer, "--only=counted",
                                        "--case=irq qd1")
    assert status == 1 and "irq qd1: instructions/IO" in slower(states), done.stdout


def test_the_same_device_twice_is_not_flagged(tree, wrapper):
    status, states, done = tree.regress(BASELINE_QEMU, wrapper("nothing", ""), "--case=irq qd1",
                                        "--rounds=8")
    assert (status, slower(states)) == (0, set()), done.stdout
    assert any(name.endswith("p99 ns") for name in states)


NULL = "driver=null-co,read-zeroes=off,size=8589934592"


def test_a_vhost_user_daemon_that_answers_late_is_caught(tree, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    with vhost_user_server(NULL, old), vhost_user_server(f"{NULL},latency-ns=300000", new):
        status, states, done = tree.regress(
            f"--disk=backend=vhost-user,socket={new}",
            f"--baseline-disk=backend=vhost-user,socket={old}", *TIMED)
    assert status == 1 and "irq qd1: p50 ns" in slower(states), done.stdout


def test_a_device_that_does_not_start_is_bad_usage(tree, wrapper):
    done = tree.command(sys.executable, "bench/ringbolt", "regress", BASELINE_QEMU,
                        wrapper("virtio-blk-pci", "no-such=on"), *TIMED)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "no-such" in done.stderr
