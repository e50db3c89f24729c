# SPDX-License-Identifier: GPL-3.0-or-later
"""The records system: the findings of its own adapter, in our words."""

from datetime import datetime

from gateway.build import SystemClock, edms_of, expected_of, wanted_of
from gateway.doctor.finding import Finding, Level, good
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.ports import Finding as Noticed
from gateway.settings import Settings

TRIED = "rights, tables, counters and file store (edms check)"


def looked_at(settings: Settings) -> tuple[Finding, ...]:
    """Return what ``edms check`` finds; raises what the adapter raises when the EDMS is away."""
    system = edms_of(settings, SystemClock())
    try:
        health = system.check(expected_of(settings), wanted_of(settings))
    finally:
        system.close()
    fine = sum(one.level == "ok" for one in health.findings)
    passed = (good(TRIED, f"{fine} of {len(health.findings)} checks passed"),) if fine else ()
    return (*passed, *(_told(one, away=not fine) for one in health.findings if one.level != "ok"))


def _told(one: Noticed, *, away: bool) -> Finding:
    """Return what the adapter noticed, with the line of the mapping it is about; *away*: it could look at nothing."""
    tried = f"{one.place}: {one.what}" if one.place else one.what
    return Finding(tried, Level.WARNING if one.level == "advice" else Level.BAD, one.detail, one.remedy, away)


def moment_of(settings: Settings) -> datetime | None:
    """Return what time it is at the server of the EDMS's database; None when it has no server of its own."""
    if settings.edms.database is None or settings.edms.database.startswith("sqlite"):
        return None
    system = edms_of(settings, SystemClock())
    try:
        return system.database.now() if isinstance(system, SqlEdms) else None
    finally:
        system.close()
