# SPDX-License-Identifier: MIT
"""fio's JSON as a typed language reads it: consumers in Go decode it into structures, and stop
at a fraction where they expect an integer, or at a number beyond its type.

A type is "int32", "int64", "float", "string", a list of one type, or a dictionary: of names in
fio's order ("name?": may be absent), or {ANY: type}.
"""

import json

ANY = object()
RANGES = {"int32": range(-2**31, 2**31), "int64": range(-2**63, 2**63)}


def _levels(*names):
    return {name: "float" for name in names}


LATENCY = {"min": "int64", "max": "int64", "mean": "float", "stddev": "float", "N": "int64",
           "percentile?": {ANY: "int64"}, "bins?": {ANY: "int64"}}
DIRECTION = {
    "io_bytes": "int64", "io_kbytes": "int64", "bw_bytes": "int64", "bw": "int64",
    "iops": "float", "runtime": "int64", "total_ios": "int64", "short_ios": "int64",
    "drop_ios": "int64", "slat_ns": LATENCY, "clat_ns": LATENCY, "lat_ns": LATENCY,
    "bw_min": "int64", "bw_max": "int64", "bw_agg": "float", "bw_mean": "float",
    "bw_dev": "float", "bw_samples": "int32", "iops_min": "int32", "iops_max": "int32",
    "iops_mean": "float", "iops_stddev": "float", "iops_samples": "int32"}
BATCH = _levels("0", "4", "8", "16", "32", "64", ">=64")
SHORT = _levels("2", "4", "10", "20", "50", "100", "250", "500", "750", "1000")
STEADY = {
    "ss": "string", "duration": "int32", "attained": "int32", "criterion": "string",
    "max_deviation": "float", "slope": "float",
    "data": {"bw_mean": "int64", "iops_mean": "int64", "iops": ["int64"], "bw": ["int64"]}}
JOB = {
    "jobname": "string", "groupid": "int32", "job_start?": "int64", "error": "int32",
    "eta": "int32", "elapsed": "int32", "job options?": {ANY: "string"}, "read?": DIRECTION,
    "write?": DIRECTION, "trim?": DIRECTION, "sync?": {"total_ios": "int64", "lat_ns": LATENCY},
    "mixed?": DIRECTION, "job_runtime": "int32",
    "usr_cpu": "float", "sys_cpu": "float", "ctx": "int32", "majf": "int32", "minf": "int32",
    "iodepth_level": _levels("1", "2", "4", "8", "16", "32", ">=64"), "iodepth_submit": BATCH,
    "iodepth_complete": BATCH, "latency_ns": SHORT, "latency_us": SHORT,
    "latency_ms": {**SHORT, **_levels("2000", ">=2000")}, "total_err?": "int32",
    "first_error?": "int32", "latency_depth": "int32", "latency_target": "int32",
    "latency_percentile": "float", "latency_window": "int32", "desc?": "string",
    "steadystate?": STEADY}
DISK = {"name": "string", "read_ios": "int64", "write_ios": "int64", "read_sectors?": "int64",
        "write_sectors?": "int64", "read_merges": "int64",
        "write_merges": "int64", "read_ticks": "int64", "write_ticks": "int64",
        "in_queue": "int64", "util": "float"}
DOCUMENT = {"fio version": "string", "timestamp": "int64", "timestamp_ms": "int64",
            "time": "string", "global options?": {ANY: "string"}, "jobs": [JOB],
            "disk_util?": [DISK]}


def _misfits_of_object(value, wanted, path):
    if ANY in wanted:
        for key, part in value.items():
            yield from misfits(part, wanted[ANY], f"{path}/{key}")
        return
    names = [name.rstrip("?") for name in wanted]
    if list(value) != [name for name in names if name in value]:
        yield f"{path}: other keys, or in another order: {list(value)}"
    for name, kind in wanted.items():
        if name.rstrip("?") in value:
            yield from misfits(value[name.rstrip("?")], kind, f"{path}/{name.rstrip('?')}")
        elif not name.endswith("?"):
            yield f"{path}/{name}: missing"


def misfits(value, wanted, path=""):
    """Where a decoder of this type would stop."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        yield from _misfits_of_object(value, wanted, path)
    elif isinstance(wanted, list) and isinstance(value, list):
        for index, part in enumerate(value):
            yield from misfits(part, wanted[0], f"{path}[{index}]")
    elif wanted in ("int32", "int64") and type(value) is int:
        if value not in RANGES[wanted]:
            yield f"{path}: {value} is no {wanted}"
    elif not (wanted == "float" and type(value) is float or
              wanted == "string" and isinstance(value, str)):
        yield f"{path}: {value!r} is no {wanted if isinstance(wanted, str) else 'such thing'}"


def _unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), f"twice in one object: {keys}"
    return dict(pairs)


def _no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def read(text):
    """As strictly as JSON has it: no key twice, no NaN."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
