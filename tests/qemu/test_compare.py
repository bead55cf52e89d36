# SPDX-License-Identifier: MIT
"""compare and bench from one end to the other: guests, figures, and the page in a browser."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import DARK, look_at, printed_pages
from guests import BUILD, TOOL

JOB = """\
[global]
filename=/dev/vda
ioengine=io_uring
rw=randread
bs=4k
stonewall
[QD1]
number_ios=300
[QD8]
iodepth=8
number_ios=2000
"""
TIMEOUT_S = 500


def run_tool(directory, *words):
    """Its own build directory for what it writes, the built kernel for what it boots."""
    build = directory / "build"
    build.mkdir(exist_ok=True)
    for name in ("kernel.elf", "ringbolt.img", "peer"):
        if not (build / name).exists() and (BUILD / name).exists():
            (build / name).symlink_to((BUILD / name).resolve())
    (directory / "tiny.fio").write_text(JOB)
    return subprocess.run([sys.executable, str(TOOL), *words], cwd=directory,
                          env=dict(os.environ, RINGBOLT_BUILD=str(build)), capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)


class Comparison:
    def __init__(self, directory, *words):
        done = run_tool(directory, *words)
        assert done.returncode == 0, done.stderr + done.stdout
        self.out, self.directory = done.stdout, directory
        self.page = directory / "build" / "report.html"
        self.document = json.loads((directory / "build" / "compare.json").read_text())
        self.markdown = (directory / "build" / "compare.md").read_text()

    def cell(self, side, point):
        return next(cell for cell in self.document["cells"]
                    if (cell["side"], cell["point"]) == (side, point))

    def ratio(self, side, point, kind):
        return next(ratio for ratio in self.document["ratios"]
                    if (ratio["side"], ratio["point"], ratio["kind"], ratio["metric"]) ==
                    (side, point, kind, "iops"))


@pytest.fixture(scope="module")
def modes(tmp_path_factory):
    """Two modes and a floor, two points, two rounds."""
    return Comparison(tmp_path_factory.mktemp("modes"), "compare", "--accel=tcg", "--rounds=2",
                      "--modes=irq,floor-irq,poll", "--placement=one", "tiny.fio")


@pytest.fixture(scope="module", params=[(), (DARK,)], ids=["light", "dark"])
def seen(request, modes, tmp_path_factory):
    return look_at(modes.page, tmp_path_factory.mktemp("browser"), *request.param)


def test_every_side_measured_every_point_in_every_round(modes):
    document = modes.document
    assert [point["depth"] for point in document["points"]] == [1, 8]
    assert len(document["cells"]) == 3 * 2
    for cell in document["cells"]:
        assert len(cell["iops"]["rounds"]) == 2 and min(cell["iops"]["rounds"]) > 0
    # Measured twice, not copied.
    assert any(len(set(cell["iops"]["rounds"])) == 2 for cell in document["cells"])


def test_counters_belong_to_their_point_alone(modes):
    for side in ("irq@one", "poll@one", "floor-irq@one"):
        assert modes.cell(side, "QD1")["doorbells_per_io"]["median"] == pytest.approx(1, abs=.02)
    # How many completions need one is the host's timing, but there is one for each at most.
    assert modes.cell("irq@one", "QD1")["interrupts_per_io"]["median"] < 1.1
    assert modes.cell("poll@one", "QD8")["interrupts_per_io"]["median"] < 0.05
    assert modes.cell("poll@one", "QD8")["idle_share"]["median"] < 0.05


def test_ratios_are_those_of_the_rounds(modes):
    for point in ("QD1", "QD8"):
        mine, floor = (modes.cell(side, point)["iops"]["rounds"]
                       for side in ("irq@one", "floor-irq@one"))
        ratio = modes.ratio("irq@one", point, "floor")
        logs = sorted(math.log(a / b) for a, b in zip(mine, floor))
        assert math.log(ratio["estimate"]) == pytest.approx(sum(logs) / 2)
        assert [math.log(ratio[end]) for end in ("low", "high")] == pytest.approx(logs)


def test_the_equal_machine_is_stated(modes):
    command = modes.document["host"]["command"]
    assert modes.document["host"]["placement"]["name"] == "one"
    assert not any("iothread" in word for word in command)  # though poll alone would have one
    assert "placement one: all of QEMU on one core" in modes.out
    assert "| interrupt" in modes.markdown and "of floor" in modes.markdown


def test_nothing_is_cut_off_or_hidden(seen):
    assert len(seen["panels"]) == 1 + 2 * 5  # IOPS; five plots, a panel per point
    for panel in seen["panels"]:
        assert panel["width"] > 250 and panel["height"] > 60
        assert panel["cut"] == []
    assert seen["overflow"] <= 0


def test_paper_has_panels_beside_each_other_as_the_screen(modes, tmp_path):
    assert 3 <= printed_pages(modes.page, tmp_path) <= 9  # a panel a sheet would be 15


def test_colours_come_from_the_scheme(seen, request):
    page = [int(word) for word in seen["page"][4:-1].split(",")]
    assert (sum(page) < 150) is ("dark" in request.node.name)
    for mark in seen["marks"]:
        assert {mark["fill"], mark["stroke"]} != {"rgb(0, 0, 0)", "none"}, mark


def height_of(panel, value):
    """Where the browser put a value, by the ticks it drew."""
    (low, bottom), (high, top) = min(panel["ticks"]), max(panel["ticks"])
    return bottom + (top - bottom) * math.log(value / low) / math.log(high / low)


def test_plotted_iops_and_percentiles_are_the_documents(modes, seen):
    panels = {panel["id"]: panel for panel in seen["panels"]}
    drawn = [mark for mark in seen["marks"] if mark["section"] in ("iops", "latency")]
    expected = 0
    for cell in modes.document["cells"]:
        expected += 1 + len(cell["percentiles_ns"])
    assert len(drawn) == expected
    for mark in drawn:
        cell = modes.cell(mark["data"]["side"], mark["data"]["point"])
        percentile = mark["data"].get("percentile")
        value = (cell["percentiles_ns"][percentile] if percentile else cell["iops"])["median"]
        assert float(mark["data"]["value"]) == pytest.approx(value, abs=0.1)
        assert mark["y"] == pytest.approx(height_of(panels[mark["panel"]], value), abs=2)


def test_plotted_shares_are_the_documents(modes, seen):
    stages = [mark for mark in seen["marks"] if mark["section"] == "stages"]
    for side in ("irq@one", "poll@one"):
        bars = [mark for mark in stages if mark["data"]["side"] == side
                and mark["data"]["point"] == "QD8"]
        values = modes.cell(side, "QD8")["stages_ns"]
        whole = sum(bar["width"] for bar in bars)
        assert {bar["data"]["stage"] for bar in bars} == set(values)
        for bar in bars:
            assert bar["width"] / whole == pytest.approx(
                values[bar["data"]["stage"]] / sum(values.values()), abs=0.03)
    for mark in seen["marks"]:
        cell = modes.cell(mark["data"]["side"], mark["data"]["point"])
        if mark["section"] == "signals":
            assert float(mark["data"]["value"]) == pytest.approx(
                cell[f"{mark['data']['kind']}_per_io"]["median"], abs=0.01)
        elif mark["section"] == "idle":
            assert float(mark["data"]["value"]) == pytest.approx(
                cell["idle_share"]["median"], abs=1e-4)


def test_the_tables_have_the_figures_of_the_plots(modes, seen):
    rows = {(row[0], row[2]): row for row in seen["tables"]["iops"][1:]}
    labels = {side["key"]: side["label"] for side in modes.document["sides"]}
    for cell in modes.document["cells"]:
        row = rows[labels[cell["side"]], cell["point"]]
        assert row[3:] == [f"{cell['iops'][key]:,.0f}" for key in ("median", "low", "high")]
    assert len(seen["tables"]["timeline"]) == 1 + 2 * 2


def test_two_kernels_are_two_sides(tmp_path):
    copy = tmp_path / "copy.elf"
    copy.write_bytes((BUILD / "kernel.elf").read_bytes())
    found = Comparison(tmp_path, "compare", "--accel=tcg", "--rounds=1", "--placement=one",
                       f"--a=kernel={copy}", "--b=ring=split", "--report=mine.html", "tiny.fio")
    assert [side["key"] for side in found.document["sides"]] == ["a@one", "b@one"]
    assert str(copy) not in found.document["host"]["command"]  # that of the last guest: b's
    assert found.ratio("a@one", "QD8", "base")["confidence"] == 0
    assert (tmp_path / "mine.html").exists() and not found.page.exists()


@pytest.mark.parametrize("a, b, granted", [
    ("ring=split", "ring=packed", ["split", "packed"]),
    ("queue_size=256", "queue_size=1024", ["256", "1024"]),
    ("queues=1", "queues=8", ["1", "8"])])
def test_sides_are_what_they_are_called(tmp_path, a, b, granted):
    """Whatever the disk would have been."""
    found = Comparison(tmp_path, "compare", "--accel=tcg", "--rounds=1", "--placement=one",
                       f"--a={a}", f"--b={b}", "tiny.fio")
    for side, value in zip(found.document["sides"], granted):
        setting, _, asked = side["label"].partition("=")
        assert side["granted"] == [
            {"disk": "vda", "setting": setting, "asked": asked, "granted": value}]
        assert asked == value


def test_a_side_that_did_not_run_as_it_is_called_is_not_compared(tmp_path):
    done = run_tool(tmp_path, "compare", "--accel=tcg", "--placement=one", "--a=interrupts=intx",
                    "--b=interrupts=msix", "--disk=backend=null,vectors=0", "tiny.fio")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "ringbolt: b@one: interrupts=msix was asked for, vda has ")
    assert not list(Path(tmp_path / "build").glob("compare*"))


def test_a_result_says_what_was_asked_and_what_was_granted(tmp_path):
    done = run_tool(tmp_path, "run", "--accel=tcg", "--set=ring=packed", "--set=queues=8",
                    "--disk=backend=null,queues=2", "--json=r.json", "tiny.fio")
    assert done.returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["ringbolt"]["granted"] == [
        {"disk": "vda", "setting": "ring", "asked": "packed", "granted": "split"},
        {"disk": "vda", "setting": "queues", "asked": "8", "granted": "2"}]


def test_linux_is_compared_on_the_same_machine(tmp_path):
    found = Comparison(tmp_path, "compare", "--accel=tcg", "--rounds=1",
                       "--modes=irq,linux-irq", "--placement=one", "tiny.fio")
    linux = found.cell("linux-irq@one", "QD1")
    assert linux["doorbells_per_io"] is None
    assert linux["interrupts_per_io"]["median"] == pytest.approx(1, abs=0.3)
    assert len(linux["timeline"]) > 2 and set(linux["stages_ns"]) == {"slat", "clat"}
    counted = {(one["side"], one["point"]): one["per_io"] for one in
               found.document["instructions"]}
    assert len(counted) == 4
    for point in ("QD1", "QD8"):
        assert counted["linux-irq@one", point] > 5 * counted["irq@one", point] > 500
    goals = {goal["goal"] for goal in found.document["goals"]}
    assert {"p99 no worse than Linux", "40 x fewer guest instructions/IO than Linux"} <= goals


# A QEMU that notes what its disk is asked for, and of whom.
TRACING = """\
#!/bin/sh
for word; do
	case "$word" in name=opt/ringbolt/job,*) cp "${{word#*file=}}" "{place}/$$.job" ;; esac
done
echo "$*" > "{place}/$$.words"
exec qemu-system-x86_64 -trace "enable=virtio_blk_handle_*,file={place}/$$.trace" "$@"
"""
_ASKED = re.compile(r"virtio_blk_handle_(read|write) vdev \S+ req \S+ sector (\d+) nsectors (\d+)")
SEVERAL = """\
[global]
filename=/dev/vda
bs=4k
norandommap
number_ios=200
stonewall
[random]
ioengine=io_uring
iodepth=8
rw=randread
size=256k
io_size=1g
[backwards]
rw=read:-8k
bs=8k
offset=1g
[mixed]
rw=randrw
size=64m
"""


def test_linux_asks_for_what_we_ask_point_by_point(tmp_path):
    """Nothing of one point is left when the next is measured."""
    place = tmp_path / "traces"
    place.mkdir()
    qemu = tmp_path / "qemu"
    qemu.write_text(TRACING.format(place=place))
    qemu.chmod(0o755)
    (tmp_path / "several.fio").write_text(SEVERAL)
    Comparison(tmp_path, "compare", "--accel=tcg", "--rounds=1", "--modes=irq,linux-irq",
               "--placement=split", f"--qemu={qemu}", "several.fio")
    ours, linux = {}, []
    for job in place.glob("*.job"):
        asked = _ASKED.findall(job.with_suffix(".trace").read_text())
        if "-initrd" in job.with_suffix(".words").read_text():
            linux.append(asked)
        else:
            ours[re.findall(r"^\[(\w+)\]", job.read_text(), re.MULTILINE)[-1]] = asked
    wanted = [asked for name in ("random", "backwards", "mixed") for asked in ours[name]]
    assert len(wanted) == 3 * 200 and len(linux) == 2  # with its round of latencies over time
    for asked in linux:
        assert asked[-len(wanted):] == wanted  # before that Linux looks for partitions


VERIFIED = """\
[global]
filename=/dev/vda
rw=randwrite
size=512k
stonewall
[a]
verify=md5
[b]
verify=sha1
"""


def test_verified_jobs_of_few_ios_are_compared_with_linux(tmp_path):
    (tmp_path / "verified.fio").write_text(VERIFIED)
    found = Comparison(tmp_path, "compare", "--accel=tcg", "--rounds=1", "--modes=irq,linux-irq",
                       "--placement=one", "--disk=backend=file,path=disk,size=1M", "verified.fio")
    assert [cell["iops"]["median"] > 0 for cell in found.document["cells"]] == [True] * 4
    assert found.document["instructions"] == []
    assert "guest instructions of a: not counted, its job has too few I/Os" in found.out


def test_what_a_failed_side_said_is_shown_with_its_jobs_name(tmp_path):
    """Nobody has written what the second job verifies."""
    (tmp_path / "unwritten.fio").write_text(VERIFIED.replace("randwrite", "read"))
    for mode in ("irq", "linux-irq"):
        done = run_tool(tmp_path, "compare", "--accel=tcg", f"--modes={mode}", "--placement=one",
                        "--disk=backend=file,path=disk,size=1M", "unwritten.fio")
        assert done.returncode == 3
        said = done.stderr.splitlines()
        assert any(line.startswith(f"ringbolt: {mode}@one, a") and ": job a: " in line
                   and "(error 84)" in line for line in said)
        assert any(line.startswith("  | verify: bad magic header") for line in said)
        (tmp_path / "disk").unlink()


def test_a_wrong_job_is_told_with_its_line_and_nothing_is_written(tmp_path):
    (tmp_path / "bad.fio").write_text("[a]\nfilename=/dev/vda\nnumber_ios=9\n"
                                     "[b]\nstonewall\nfilename=/dev/vda\niodepht=2\n")
    done = run_tool(tmp_path, "compare", "--modes=irq", "--placement=one", "bad.fio")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("ringbolt: bad.fio:7: iodepht: ")
    assert not list(Path(tmp_path / "build").glob("compare*"))


def test_bench_boots_by_uefi_and_measures_all_of_our_modes(tmp_path):
    # On a busy host a guest may not run at all for a while.
    done = run_tool(tmp_path, "bench", "--rounds=1", "--runtime=300ms")
    assert done.returncode == 0, done.stderr
    assert "boot: started by UEFI" in done.stdout
    document = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert {(side["mode"], side["placement"]) for side in document["sides"]} == {
        (floor + mode, placement) for floor in ("", "floor-") for mode, placement in (
            ("poll", "split"), ("adaptive", "split"), ("irq", "split"), ("irq", "one"))}
    assert [point["name"] for point in document["points"]] == ["QD1", "QD32", "QD128"]
    for cell in document["cells"]:
        assert cell["iops"]["median"] > 0 and cell["idle_share"] and cell["doorbells_per_io"]
    assert "of floor" in (tmp_path / "build" / "bench.md").read_text()
