# SPDX-License-Identifier: MIT
"""The host side of Ringbolt: standard library only. One room per matter, each with those above it:

base      errors, values, tables, figures, statistics
guest     one QEMU from start to result
trace     each I/O's life
compare   sides that take turns, and what one I/O costs
regress   the gate
cli       command line -> one of them; exit status
"""
