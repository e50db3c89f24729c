# SPDX-License-Identifier: GPL-3.0-or-later
"""Saying in the log what people must still prepare in the EDMS: at the start, and once a day."""

from collections.abc import Callable
from datetime import date, datetime

import structlog

from gateway.office import Office
from gateway.ports import Edms, Finding

log = structlog.get_logger(__name__)


class Lacking:
    """Looks at most once a day of the office: a look takes longer than all else that the EDMS is asked.

    While something is lacking it looks each time, to see when it is there.
    """

    def __init__(self, edms: Edms, office: Office, now: Callable[[], datetime]) -> None:
        self._edms, self._office, self._now = edms, office, now
        self._said: date | None = None
        self.found: tuple[Finding, ...] = ()  # at the last look

    def say(self) -> None:
        """Say what is lacking, unless it was said today; raises whatever the EDMS raises when it cannot be asked."""
        today = self._office.here(self._now()).date()
        if today == self._said and not self.found:
            return
        self.found = tuple(self._edms.lacking())
        for one in self.found if today != self._said else ():
            words = {"what": one.what, "detail": one.detail, "remedy": one.remedy, "place": one.place}
            log.error("the EDMS lacks something", **words)
        self._said = today
