# SPDX-License-Identifier: GPL-3.0-or-later
"""What the causes are read from: the journal in one transaction, the configuration, and how the EDMS answered."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.journal.store import Journal
from gateway.office import Office
from gateway.ports import Finding
from gateway.running import how_to_reload
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class EdmsLook:
    """How the EDMS answered when it was asked last."""

    words: str = ""  # why it does not answer; empty: it does
    lacking: tuple[Finding, ...] = ()  # what people must prepare in it


@dataclass(frozen=True, slots=True)
class Look:
    """Everything a cause may be read from."""

    office: Office
    journal: Journal
    tx: Connection
    edms: EdmsLook
    now: datetime
    running: bool  # a node of this machine has the journal

    @property
    def settings(self) -> Settings:
        return self.office.settings

    @property
    def reload(self) -> str:
        """What to type so that the service reads its configuration anew."""
        return how_to_reload(self.settings.journal.blobs, alive=self.running)
