# SPDX-License-Identifier: MIT
"""What can go wrong, by exit status.

A message is one line that names the file, option or key at fault; the command line adds
the leading "ringbolt: ".
"""

STATUS_OK = 0
STATUS_JOB_ERROR = 1
STATUS_USAGE = 2
STATUS_CRASH = 3


class RingboltError(Exception):
    """Ends the command with `status` after its message."""

    status = STATUS_CRASH

    def __init__(self, message, guest_said=()):
        super().__init__(message)
        self.guest_said = guest_said  # lines, to be shown below the message


class UsageError(RingboltError):
    """Bad option, configuration or job file: nothing was run."""

    status = STATUS_USAGE


class OutputError(RingboltError):
    """What was found out cannot be written."""

    status = STATUS_USAGE


class GuestError(RingboltError):
    """The guest crashed, hung, or did not say how it ended."""

    status = STATUS_CRASH
