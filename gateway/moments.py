# SPDX-License-Identifier: GPL-3.0-or-later
"""How a moment is told to people at the command line: one form, in the time zone of the machine (``TZ``)."""

from datetime import datetime


def local(moment: datetime) -> str:
    """Return *moment* as people here read it, with the offset of the zone: "2026-03-31 14:05:00+03:00"."""
    return moment.astimezone().isoformat(" ", "seconds")
