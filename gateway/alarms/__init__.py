# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling somebody when something is wrong, and once more when it is over.

Every minute the causes are read; what to call about is decided by pure rules (`deciding`), remembered in a file that
survives the journal (`memory`), and told by every way that is configured (`ways`).  Nothing here stops anything else.
"""
