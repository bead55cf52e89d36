# SPDX-License-Identifier: MIT
"""TCG or KVM. That /dev/kvm opens proves nothing: a guest has to have run in it."""

import json
import os
import subprocess

from host.base.errors import RingboltError, UsageError
from host.guest.options import QEMU, build_directory, make_options

PROBE_TIMEOUT_S = 3
_PROBE_JOB = b"[probe]\nfilename=/dev/null0\nrw=read\nbs=4k\nnumber_ios=1\n"

_known = {}  # of this process: key -> accelerator


def qemu_version(qemu=QEMU):
    """What it says of itself, which also proves that it is a QEMU."""
    try:
        answer = subprocess.run([qemu, "--version"], capture_output=True, text=True,
                                errors="replace", stdin=subprocess.DEVNULL, timeout=20,
                                check=False)
    except FileNotFoundError:
        raise UsageError(f"{qemu}: not found"
                         + ("; install it (make deps)" if qemu == QEMU else "")) from None
    except OSError as error:
        raise UsageError(f"{qemu}: does not run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{qemu}: does not run: no answer to --version") from None
    said = answer.stdout.strip().partition("\n")[0].strip()
    if not said.startswith("QEMU emulator"):
        raise UsageError(f"{qemu}: not a QEMU: --version ends with status {answer.returncode} and "
                         f'says "{said}"')
    return said


def _boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "unknown"


def _probe(run, qemu):
    options = make_options(sets=["status_interval_ms=0"], accel="kvm", placement="none",
                           timeout_s=PROBE_TIMEOUT_S, qemu=qemu)
    options.job_path, options.job_text = "probe", _PROBE_JOB
    try:
        return "kvm" if run(options).status == 0 else "tcg"
    except RingboltError:
        return "tcg"


def _recall(path):
    try:
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        known = None
    return known if isinstance(known, dict) else {}


def _remember(path, key, accel):
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({key: accel}, file)
    except OSError:
        pass  # a cache only: the next run proves it again


def resolve(wanted, version, run, qemu=QEMU):
    """The accelerator for -accel. `run(options)` runs a guest; only auto uses it."""
    usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
    if wanted == "kvm" and not usable:
        reason = "permission denied" if os.path.exists("/dev/kvm") else "it is not there"
        raise UsageError(f"--accel kvm: /dev/kvm cannot be opened: {reason}")
    if wanted != "auto":
        return wanted
    if not usable:
        return "tcg"
    key = f"{version} / {_boot_id()}"
    path = build_directory() / "accel.json"
    accel = _known.get(key) or _recall(path).get(key)
    if accel not in ("tcg", "kvm"):
        accel = _probe(run, qemu)
        _remember(path, key, accel)
    _known[key] = accel
    return accel
