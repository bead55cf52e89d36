# SPDX-License-Identifier: MIT
"""The kernel of another commit, built beside this tree's.

    commit -> build/revisions/HASH/, its files without a history -> make -> kernel.elf

A directory is filled at once or not at all, and make does nothing in one that is built: asking
for the same commit again costs a moment. The tree itself and its index are left alone.
"""

import os
import shutil
import subprocess
import tempfile

from host.base.errors import UsageError
from host.guest.options import ROOT, build_directory

KERNEL = "build/kernel.elf"


def _git(*words, **keywords):
    try:
        return subprocess.run(["git", "-C", str(ROOT), *words], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=True, **keywords)
    except FileNotFoundError:
        raise UsageError("git: not found; install it (make deps)") from None


def commit_of(ref):
    """The full hash of what a name stands for."""
    try:
        answer = _git("rev-parse", "--verify", "--quiet", "--end-of-options",
                      f"{ref}^{{commit}}", stdout=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError:
        raise UsageError(f"{ref}: no such commit") from None
    return answer.stdout.strip()


def _unpack(commit, directory):
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = tempfile.mkdtemp(dir=directory.parent, prefix=".unpack-")
    try:
        archive = os.path.join(fresh, "archive.tar")
        _git("archive", f"--output={archive}", commit)
        tree = os.path.join(fresh, "tree")
        os.mkdir(tree)
        subprocess.run(["tar", "-xf", archive, "-C", tree], check=True)
        os.rename(tree, directory)
    finally:
        shutil.rmtree(fresh)


def _make(directory, *words):
    """make in a place of its own: the variables of a make above us are not its business."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "RINGBOLT_BUILD")}
    return subprocess.run(["make", "-C", str(directory), f"-j{os.cpu_count()}", *words, KERNEL],
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace", check=False)


def is_stale():
    """Whether the tree's kernel is older than its sources; of a build elsewhere none knows."""
    if os.environ.get("RINGBOLT_BUILD") or not (ROOT / KERNEL).exists():
        return False
    return _make(ROOT, "-q").returncode == 1


def check_fresh():
    """UsageError: what would be measured is not what the sources say."""
    if is_stale():
        raise UsageError(f"{build_directory()}/kernel.elf: older than its sources; run make")


def last_change(path):
    """The last commit that changed a file of the tree; None where no history is at hand."""
    try:
        answer = _git("log", "-1", "--format=%H", "--", str(path), stdout=subprocess.PIPE,
                      text=True)
    except (UsageError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip() or None


def build_revision(ref):
    """(commit, path of its kernel.elf). UsageError: unknown, or it does not build."""
    commit = commit_of(ref)
    directory = build_directory() / "revisions" / commit[:12]
    if not directory.exists():
        _unpack(commit, directory)
    made = _make(directory)
    if made.returncode != 0:
        errors = [line for line in made.stderr.splitlines() if "rror" in line]
        raise UsageError(f"{ref}: {commit[:12]} does not build: {(errors or ['?'])[0].strip()}")
    return commit, directory / KERNEL
