# SPDX-License-Identifier: MIT
"""`ringbolt regress` and `baseline`: the gate."""
