#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands for qemu-system-x86_64: speaks QMP, prints, writes a result, ends as told.

FAKE_QEMU names a JSON file: {"console": text, "result": text, "code": N, "hang": bool,
"linger_s": N, "refuse": text, "say": text, "die": signal, "die_late": signal}. What it was started
with goes to FAKE_QEMU_LOG.
"""

import json
import os
import socket
import sys
import time


def words(option):
    """Values of every occurrence of a long option."""
    return [value for name, value in zip(sys.argv, sys.argv[1:]) if name == option]


def key_of(text, key):
    for word in text.split(","):
        name, _, value = word.partition("=")
        if name == key:
            return value
    return None


def chardev(name):
    return next(text for text in words("-chardev") if key_of(text, "id") == name)


def serve(threads):
    """QMP until the guest is let run."""
    sock = socket.socket(fileno=int(key_of(chardev("qmp"), "fd")))
    stream = sock.makefile("rwb")

    def say(message):
        stream.write(json.dumps(message).encode() + b"\r\n")
        stream.flush()

    say({"QMP": {"version": {}, "capabilities": []}})
    while True:
        command = json.loads(stream.readline())["execute"]
        answer = {}
        if command == "query-cpus-fast":
            answer = [{"cpu-index": 0, "thread-id": thread} for thread in threads]
        if command == "query-iothreads":  # one that has gone: nobody measures a busy host by us
            answer = [{"id": "gone", "thread-id": 1 << 30}]
        say({"event": "NOISE", "data": {}})
        say({"return": answer})
        if command == "cont":
            return


def main():
    if "--version" in sys.argv:
        print("QEMU emulator version 7.2.0 (fake)")
        return 0
    with open(os.environ["FAKE_QEMU"], encoding="utf-8") as file:
        plan = json.load(file)
    texts = {key_of(text, "name"): open(key_of(text, "file"), encoding="utf-8",
                                          errors="surrogateescape").read()
             for text in words("-fw_cfg")}
    with open(os.environ["FAKE_QEMU_LOG"], "a", encoding="utf-8") as file:
        json.dump({"argv": sys.argv, "texts": texts, "pid": os.getpid(),
                   "directory": os.path.dirname(key_of(chardev("result"), "path"))}, file)
        file.write("\n")
    if plan.get("refuse"):
        print(f"qemu-system-x86_64: {plan['refuse']}", file=sys.stderr)
        return 1
    if plan.get("die"):
        print(plan.get("say", ""), file=sys.stderr, flush=True)
        os.kill(os.getpid(), plan["die"])
    serve([os.getpid()])
    if plan.get("say"):
        print(plan["say"], file=sys.stderr)
    sys.stdout.write(plan.get("console", ""))
    sys.stdout.flush()
    if plan.get("cores"):
        print("cores", sorted(os.sched_getaffinity(0)), flush=True)
    with open(key_of(chardev("result"), "path"), "w", encoding="utf-8") as file:
        file.write(plan.get("result", ""))
    if plan.get("die_late"):
        os.kill(os.getpid(), plan["die_late"])
    if plan.get("hang"):
        time.sleep(600)
    time.sleep(plan.get("linger_s", 0))
    return plan.get("code", 0)


sys.exit(main())
