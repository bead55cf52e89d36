# SPDX-License-Identifier: MIT
"""`ringbolt compare`, `bench` and `insns`: sides that take turns, what they reach, the report."""
