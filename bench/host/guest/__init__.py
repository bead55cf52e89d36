# SPDX-License-Identifier: MIT
"""One QEMU from start to result: what it is made of, its command, its disks, its result."""
