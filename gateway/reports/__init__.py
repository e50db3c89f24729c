# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder: what stands, what is new in it, what is owed, and how far an exchange has come.

An accumulating dialect tells everything that stands, again and again.  `snapshot` makes such a report from the events
of our people; `news` finds in a partner's report what we did not know yet.  History is append-only.
"""

from gateway.reports.carrying import brought_by, carrying
from gateway.reports.hearing import answered, news
from gateway.reports.ladder import REGISTRATIONS, TASK_KINDS, Rung, registered, rung
from gateway.reports.rule import Audience, ReportRule, wanted
from gateway.reports.telling import owed, owed_again, snapshot

__all__ = [
    "REGISTRATIONS",
    "TASK_KINDS",
    "Audience",
    "ReportRule",
    "Rung",
    "answered",
    "brought_by",
    "carrying",
    "news",
    "owed",
    "owed_again",
    "registered",
    "rung",
    "snapshot",
    "wanted",
]
