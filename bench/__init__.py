# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of the whole gateway, run by ``make bench`` (docs/benchmarks.md).

They work on the outside only: letters go in by SMTP, reports come out by SMTP, memory is what /proc says.
"""
