# SPDX-License-Identifier: GPL-3.0-or-later
"""The attacks that docs/threats.md lists, each through the front door; every docstring names its source."""
