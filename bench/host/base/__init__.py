# SPDX-License-Identifier: MIT
"""What all the others stand on: errors, values, tables, figures, statistics. It knows no guest."""
