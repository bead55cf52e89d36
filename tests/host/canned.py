# SPDX-License-Identifier: MIT
"""Results as guests send them, without a guest."""

PERCENTILE = {"50.000000": 1500, "90.000000": 1800, "99.000000": 2500, "99.900000": 123456}
HOST = {"accel": "tcg", "qemu": "QEMU emulator version 7.2 (Debian)", "cores": 2, "machine": "q35",
        "cpu": "A <Fast> CPU @ 3 GHz", "kernel": "Linux 6.1", "tool": "0.9.0 0123456789ab",
        "date": "2026-11-30 21:16:38 UTC", "firmware": "SeaBIOS of this QEMU",
        "load": {"elapsed_ns": 10**9, "lost_share": 0.004, "busy": False, "places": []}}


def document(iops=1000.0, ios=500, depth=1, slower=1, **members):
    """`slower` multiplies the latencies; `members` replace those of "ringbolt"."""
    queue = {"index": 0, "cpu": 0, "completions": ios, "doorbells": ios // 4,
             "interrupts": ios // 10}
    percentile = {key: value * slower for key, value in PERCENTILE.items()}
    job = {"jobname": "a", "error": 0, "job options": {"iodepth": str(depth)}, "read": {
        "iops": iops, "total_ios": ios, "slat_ns": {"mean": 100.0},
        "lat_ns": {"mean": 1700.0 * slower},
        "clat_ns": {"mean": 1600.0, "percentile": percentile}}}
    stages = {"submit_to_doorbell": {"mean": 100.0, "N": ios},
              "doorbell_to_signal": {"mean": 1000.0 * slower, "N": ios},
              "signal_to_delivery": {"mean": 600.0, "N": ios}}
    ringbolt = {"version": "0.9.0", "commit": "0123456789ab", "granted": [],
                "jobs": [{"elapsed_ns": 500, "stages_ns": stages}],
                "cpus": [{"idle_share": 0.25}],
                "devices": [{"name": "vda", "queues": [queue]},
                            {"name": "null0", "queues": [{"index": 0, "completions": 0}]}],
                "host": HOST}
    return {"jobs": [job], "ringbolt": {**ringbolt, **members}}
