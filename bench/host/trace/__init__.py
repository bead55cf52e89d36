# SPDX-License-Identifier: MIT
"""`ringbolt trace`: each I/O's life, for Perfetto and for blktrace's tools."""
