# SPDX-License-Identifier: MIT
"""Our reports against the real fio's: its own results, put through our code, must come out alike.

fio runs a tiny job and prints JSON (json+) and text. What its JSON says is handed to the report
program (the kernel's bench/report/*.c on the host), and its two reports are compared with fio's:
key for key in order, value for value, line for line.
"""

import json
import re
import subprocess
from pathlib import Path

import installed_fio
import pytest

from fakes import HANG_S

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["tests/differential/report_program.c", "kernel/lib/fmt.c",
           "bench/job/fio_version.c"] + [
    f"bench/{name}.c" for name in ("report/group", "report/json", "report/line", "report/text",
                                   "report/text_latency", "lib/json", "lib/decimal",
                                   "measure/stats", "lib/math")]
DIRECTIONS = ("read", "write", "trim")
NULL = ["--ioengine=null", "--size=8m", "--name=a"]

# What a kernel does not have, or what differs by its nature.
IGNORED = {"timestamp", "timestamp_ms", "time", "eta", "ctx", "majf", "minf",
           "ringbolt"}

JOBS = {
    "read": NULL + ["--rw=randread"],
    "mixed directions": NULL + ["--rw=randrw", "--rwmixread=70"],
    "queue": NULL + ["--rw=randread", "--iodepth=32", "--iodepth_batch=8", "--size=80m"],
    "all percentiles": NULL + ["--rw=write", "--iodepth=4", "--slat_percentiles=1",
                               "--lat_percentiles=1"],
    "own percentiles": NULL + ["--rw=read", "--percentile_list=99.9:50:99.99:0.1:12.5"],
    "whole percentiles": NULL + ["--rw=read", "--percentile_list=1:50:99:100"],
    "many decimals": NULL + ["--rw=read", "--size=80m",
                             "--percentile_list=99.9999999:50.000:99.99999:0.12345678"],
    "thousand": NULL + ["--rw=read", "--number_ios=1000", "--percentile_list=0.1:99.9:99.5:33.3"],
    "flushes": NULL + ["--rw=write", "--fsync=4"],
    "trim": NULL + ["--rw=trim"],
    "no clocks": NULL + ["--rw=read", "--gtod_reduce=1"],
    "two jobs": NULL + ["--rw=read", "--name=b", "--ioengine=null", "--size=1m", "--rw=write"],
    "group": NULL + ["--rw=randrw", "--numjobs=3", "--group_reporting"],
    "groups": NULL + ["--rw=read", "--name=b", "--ioengine=null", "--size=1m", "--rw=write",
                      "--stonewall", "--numjobs=2"],
    "unified": NULL + ["--rw=randrw", "--unified_rw_reporting=mixed"],
    "errors": NULL + ["--rw=read", "--continue_on_error=all"],
    "description": NULL + ["--rw=read", "--description=what it is"],
    "samples": NULL + ["--rw=randrw", "--size=100g", "--time_based", "--runtime=2",
                       "--norandommap"],
    "group samples": NULL + ["--rw=randread", "--size=100g", "--time_based", "--runtime=2",
                             "--norandommap", "--numjobs=2", "--group_reporting"],
    "slow": ["--name=a", "--ioengine=psync", "--filename=file", "--size=256k", "--rw=write",
             "--sync=1"],
    "steady": NULL + ["--rw=randread", "--size=100g", "--time_based", "--runtime=4",
                      "--norandommap", "--steadystate=iops:99%", "--steadystate_duration=2"],
    "rated": NULL + ["--rw=read", "--rate_iops=200", "--size=1m", "--latency_target=5ms",
                     "--latency_window=100ms", "--latency_percentile=99.9"],
    "decimal units": NULL + ["--rw=read", "--kb_base=1000"],
}


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report"
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-I.", "-DRINGBOLT_HOST",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall",
                    "-Wextra", "-Werror", *SOURCES, "-o", path], cwd=ROOT, check=True)
    return path


class Results:
    """What fio printed for one job."""

    def __init__(self, arguments, directory):
        done = subprocess.run(["fio", "--output-format=json+,normal", *arguments], cwd=directory,
                              stdout=subprocess.PIPE, text=True, check=True, timeout=HANG_S)
        output = done.stdout
        begin, end = output.index("\n{\n") + 1, output.index("\n}\n") + 3
        self.json_text = output[begin:end]
        self.document = json.loads(self.json_text)
        self.text = output[end:]


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Each job runs once, whatever is compared."""
    cache = {}

    def get(name):
        if name not in cache:
            cache[name] = Results(JOBS[name], tmp_path_factory.mktemp("fio"))
        return cache[name]
    return get


def latency_lines(where, kind, latency):
    yield "latency", where, kind, *(latency[key] for key in ("N", "min", "max", "mean", "stddev"))
    for ns, count in latency.get("bins", {}).items():
        yield "bin", ns, count


def direction_lines(index, direction):
    yield ("dir", index, direction["io_bytes"], direction["total_ios"], direction["runtime"],
           direction["short_ios"], direction["drop_ios"])
    for kind in ("slat", "clat", "lat"):
        yield from latency_lines(index, kind, direction[f"{kind}_ns"])
    for kind, deviation in (("bw", "bw_dev"), ("iops", "iops_stddev")):
        count = direction[f"{kind}_samples"]
        yield ("samples", index, kind, count, direction[f"{kind}_min"], direction[f"{kind}_max"],
               direction[f"{kind}_mean"], direction[deviation] ** 2 * max(0, count - 1))


def level_lines(job):
    """Shares become counts again: of a million calls, or of the I/Os issued."""
    issued = sum(job[d]["total_ios"] for d in (*DIRECTIONS, "mixed") if d in job)
    for kind, total in (("depth", issued), ("submit", 10**6), ("complete", 10**6)):
        key = {"depth": "iodepth_level"}.get(kind, f"iodepth_{kind}")
        yield "level", kind, total, *(round(s * total / 100) for s in job[key].values())


def job_lines(job, options):
    given = {**options, **job.get("job options", {})}
    yield "job", job["jobname"]
    for name, value in job.get("job options", {}).items():
        yield "option", name, value
    settings = {
        "group": job["groupid"], "error": job["error"], "elapsed": job["elapsed"],
        "job_start": job.get("job_start", 0),
        "thread": 1, "iodepth": job["latency_depth"],
        "unified_mixed": int("mixed" in job and "read" not in job),
        "continue_on_error": int("total_err" in job), "total_errors": job.get("total_err", 0),
        "first_error": job.get("first_error", 0),
        "slat_percentiles": int(given.get("slat_percentiles", 0)),
        "clat_percentiles": int(given.get("clat_percentiles", 1)),
        "lat_percentiles": int(given.get("lat_percentiles", 0)),
        "kb_base": int(given.get("kb_base", 1024)),
        "latency_target_us": job["latency_target"] // 1000,
        "latency_window_us": job["latency_window"],
        "latency_percentile_micro": round(job["latency_percentile"] * 10**6),
        "job_runtime_ms": job["job_runtime"], "total_tsc": 10**12,
        "system_tsc": round(job["sys_cpu"] * 10**10),
        "busy_tsc": round((job["usr_cpu"] + job["sys_cpu"]) * 10**10),
    }
    if "desc" in job:
        settings["description"] = job["desc"]
    for key, value in settings.items():
        yield "set", key, value
    percentiles = given.get("percentile_list", "1:5:10:20:30:40:50:60:70:80:90:95:99:99.5:99.9:"
                            "99.95:99.99").split(":")
    yield ("percentiles", max(len(p.partition(".")[2]) for p in percentiles),
           *sorted(percentiles, key=float))
    for index, name in enumerate(DIRECTIONS):
        if name in job:
            yield from direction_lines(index, job[name])
    if "read" not in job:
        yield from direction_lines(0, job["mixed"])
    if "sync" in job:
        yield "set", "sync_total", job["sync"]["total_ios"]
        yield from latency_lines("sync", "lat", job["sync"]["lat_ns"])
    yield from level_lines(job)
    yield from steadystate_lines(job.get("steadystate"))


def steadystate_lines(found):
    if not found:
        return
    criterion, limit = found["ss"].split(":")
    yield ("steadystate", criterion, limit.rstrip("%"), int(limit.endswith("%")),
           found["attained"], found["criterion"].rstrip("%"), found["max_deviation"],
           found["slope"], found["duration"])
    for iops, bw in zip(found["data"]["iops"], found["data"]["bw"]):
        yield "second", iops, bw


def lines_of(document):
    yield "run", document["timestamp_ms"], 1, installed_fio.release()
    options = document.get("global options", {})
    for name, value in options.items():
        yield "global", name, value
    for job in document["jobs"]:
        yield from job_lines(job, options)
    for disk in document.get("disk_util", []):
        yield ("disk", disk["name"], disk["read_ios"], disk["write_ios"],
               disk.get("read_sectors", 0), disk.get("write_sectors", 0), disk["read_merges"],
               disk["write_merges"], disk["read_ticks"], disk["write_ticks"], disk["in_queue"],
               disk["util"])


def report(program, document, form):
    lines = "".join("\t".join(str(word) for word in line) + "\n" for line in lines_of(document))
    return subprocess.run([program, form], input=lines, stdout=subprocess.PIPE, text=True,
                          check=True, timeout=HANG_S).stdout


def differences(theirs, ours, path=""):
    """Keys and their order, types, values (floats as printed, up to rounding)."""
    if type(theirs) is not type(ours):
        yield f"{path}: {theirs!r}, ours {ours!r}"
    elif isinstance(theirs, dict):
        keys = [key for key in ours if key not in IGNORED or key in theirs]
        if list(theirs) != keys:
            yield f"{path}: keys {list(theirs)}, ours {keys}"
        for key in theirs.keys() & ours.keys() - IGNORED:
            yield from differences(theirs[key], ours[key], f"{path}/{key}")
    elif isinstance(theirs, list):
        if len(theirs) != len(ours):
            yield f"{path}: {len(theirs)} elements, ours {len(ours)}"
        for index, (their, our) in enumerate(zip(theirs, ours)):
            yield from differences(their, our, f"{path}[{index}]")
    elif isinstance(theirs, float):
        if abs(theirs - ours) > 2e-6 + abs(theirs) * 2e-6:
            yield f"{path}: {theirs}, ours {ours}"
    elif theirs != ours:
        yield f"{path}: {theirs!r}, ours {ours!r}"


def cut_bins(document):
    """Percent of a job's I/Os in bins that the bound of a latency range cuts: our shares divide
    such a bin, fio counted them apart."""
    bounds = [base * unit for unit in (1, 1000, 10**6)
              for base in (2, 4, 10, 20, 50, 100, 250, 500, 750, 1000, 2000)]
    worst = 0
    for job in document["jobs"]:
        counts = {}
        for name in (*DIRECTIONS, "mixed"):
            for ns, count in job.get(name, {}).get("clat_ns", {}).get("bins", {}).items():
                counts[int(ns)] = counts.get(int(ns), 0) + count
        cut = sum(count for ns, count in counts.items()
                  if any(abs(ns - bound) <= ns / 128 and ns > 512 for bound in bounds))
        worst = max(worst, 100 * cut / max(1, sum(counts.values())))
    return worst


@pytest.mark.parametrize("name", JOBS)
def test_json_has_fios_keys_types_and_values(name, program, results):
    theirs = results(name).document
    ours = json.loads(report(program, theirs, "json"))
    slack = cut_bins(theirs) + 0.011
    for their, our in zip(theirs["jobs"], ours["jobs"]):
        for unit in ("latency_ns", "latency_us", "latency_ms"):
            assert list(their[unit]) == list(our[unit])
            for key, share in their[unit].items():
                assert abs(share - our[unit].pop(key)) <= slack, f"{unit}/{key}"
            their[unit] = {}
    assert not list(differences(theirs, ours))


def without_particulars(text):
    """From the first job on; process numbers, dates and what a kernel has not, made equal."""
    text = text[text.index("(groupid=") - len(text.split("(groupid=")[0].splitlines()[-1]):]
    text = re.sub(r"pid=.*", "pid", text)
    text = re.sub(r"ctx=.*", "ctx", text)
    # fio takes its KiB/s for kB/s here, and nowhere else.
    text = re.sub(r"(  steadystate  : .*?) \(.*?\)", r"\1", text)
    lines = [line.rstrip() for line in text.splitlines()]
    return [line for line in lines if not re.match(r"  lat \(.sec\)   :", line)]


MEAN = re.compile(r"(?:avg|stdev)= *([\d.]+)")


@pytest.mark.parametrize("name", JOBS)
def test_text_has_fios_lines(name, program, results):
    theirs = without_particulars(results(name).text)
    ours = without_particulars(report(program, results(name).document, "text"))
    assert [MEAN.sub("mean", line) for line in ours] == [MEAN.sub("mean", line) for line in theirs]
    # A value lies on the border of two printed ones now and then; fio's running mean falls to
    # either side of it.
    means, wanted = (list(map(float, MEAN.findall("\n".join(lines)))) for lines in (ours, theirs))
    assert means == pytest.approx(wanted, abs=0.0101)


def test_latency_ranges_are_printed_like_fios(program, results):
    pattern = re.compile(r"  lat \(.sec\)   : (?:[0-9>=]+=[0-9.]+%(?:, )?){1,5}")
    for text in (results("slow").text, report(program, results("slow").document, "text")):
        lines = [line for line in text.splitlines() if line.startswith("  lat (")]
        assert lines and all(pattern.fullmatch(line) for line in lines)


def test_fios_own_converter_accepts_the_document(program, results, tmp_path):
    """fio_jsonplus_clat2csv --validate reads its CSV back and compares it with the bins."""
    path = tmp_path / "result.json"
    path.write_text(report(program, results("all percentiles").document, "json"))
    converter = ["/usr/bin/fio_jsonplus_clat2csv", path, tmp_path / "out.csv"]
    subprocess.run(converter, check=True, timeout=HANG_S)
    done = subprocess.run([*converter, "--validate"], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=HANG_S)
    assert "out_job0.csv validated" in done.stdout


def test_the_text_form_of_the_document_is_fios(program, results):
    """Indents, blanks around colons, digits of floats: only our object is more."""
    theirs = results("read")
    ours = report(program, theirs.document, "json")
    shape = re.compile(r"(?<=: )[0-9.]+|(?<=: )\".*\"")
    our_lines = [shape.sub("", line) for line in ours.splitlines()]
    begin = our_lines.index('  "ringbolt" : {')
    assert our_lines[:begin - 1] == [
        shape.sub("", line) for line in theirs.json_text.splitlines()[:begin - 1]]


def test_bad_characters_in_names_do_not_break_the_document(program):
    lines = 'run\t0\t0\t3.41\njob\ta"b\\c\x01\npercentiles\t0\t1\n'
    done = subprocess.run([program, "json"], input=lines, stdout=subprocess.PIPE, text=True,
                          check=True, timeout=HANG_S)
    document = json.loads(done.stdout)
    assert document["jobs"][0]["jobname"] == 'a"b\\c\x01'
    assert document["time"] == "Thu Jan  1 00:00:00 1970"
