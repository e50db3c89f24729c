# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: registration dates, time limits and certificates depend on it."""

import subprocess
from datetime import datetime, timedelta

from gateway.doctor.finding import Finding, bad, good, skipped, warning

ALLOWED = timedelta(seconds=5)
WRONG = timedelta(minutes=5)
REMEDY = "let both machines ask the same time server: apt-get install chrony"


def compared(whose: str, there: datetime | None, here: datetime) -> tuple[Finding, ...]:
    """Compare the clock of *whose* server with ours; None there: it has no clock of its own, so nothing to say."""
    if there is None:
        return ()
    tried, apart = f"clock of {whose}", abs(there - here)
    way = "ahead of" if there > here else "behind"
    said = f"{apart.total_seconds():.0f} s {way} ours"
    if apart > WRONG:
        return (bad(tried, said, REMEDY),)
    if apart > ALLOWED:
        return (warning(tried, said, REMEDY),)
    return (good(tried, "the same as ours"),)


def kept(seconds: float) -> Finding:
    """Ask this machine whether its clock is kept by a time server."""
    tried = "clock of this machine"
    asking = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
    try:
        done = subprocess.run(asking, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return skipped(tried, "timedatectl does not answer here")
    said = done.stdout.strip()
    if said == "yes":
        return good(tried, "is kept by a time server")
    if said == "no":
        return warning(tried, "is kept by no time server (NTPSynchronized=no)", "apt-get install chrony")
    return skipped(tried, (done.stderr.strip().splitlines() or ["timedatectl says nothing"])[0])
