# SPDX-License-Identifier: MIT
"""Child processes that cannot outlive this one."""

import ctypes
import os
import signal
import subprocess

from host.base.errors import UsageError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(command, **keywords):
    """Popen in a process group of its own, killed when this process dies.

    The own group keeps the terminal's Ctrl-C for us alone: we end the children in order.
    """
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                                preexec_fn=_die_with_parent, **keywords)
    except FileNotFoundError:
        raise UsageError(f"{command[0]}: not found; install it (make deps)") from None


def end(process):
    """Ends a child's whole group and waits for the child. Safe to repeat."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
