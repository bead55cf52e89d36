# SPDX-License-Identifier: MIT
"""Which release this tree leads to, and the commit that it is.

The words are those of the file VERSION; an archive of the tree has its commit there, a checkout
has a history to ask (as in the Makefile, which tells the kernel the same).
"""

import subprocess

from host.guest.options import ROOT


COMMIT_BYTES = 32  # kernel/lib/version.h


def unsigned(kernel):
    """The bytes of a kernel.elf without the commit that it was built from: build/version, beside
    it, says which."""
    data = kernel.read_bytes()
    built = kernel.parent / "version"
    if built.exists():
        commit = built.read_text(encoding="utf-8").split()[-1].encode()
        data = data.replace(commit.ljust(COMMIT_BYTES, b"\0"), bytes(COMMIT_BYTES))
    return data


def _described():
    """What git says of the tree; None without a history of its own."""
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty",
                               "--abbrev=12", "--exclude=*"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None


def version():
    """(release, commit); the latter may be "unknown"."""
    release, *rest = (ROOT / "VERSION").read_text(encoding="utf-8").split()
    archived = rest[0] if rest and not rest[0].startswith("$") else None
    return release, _described() or archived or "unknown"
