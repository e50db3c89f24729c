# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder: what stands, what is new in it, what is owed, and how far an exchange has come.

An accumulating dialect tells everything that stands, again and again.  `snapshot` makes such a report from the events
of our people; `news` finds in a partner's report what we did not know yet.  History is append-only.
"""

from gateway.reports.carrying import carrying
from gateway.reports.hearing import news
from gateway.reports.ladder import TASK_KINDS, Rung, registered, rung
from gateway.reports.telling import ReportRule, owed, snapshot, wanted

__all__ = ["TASK_KINDS", "ReportRule", "Rung", "carrying", "news", "owed", "registered", "rung", "snapshot", "wanted"]
