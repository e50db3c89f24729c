# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the parts together from the settings; every process of a node does it for itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from errno import ENOENT
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.opening import Surroundings, adapter_called, options_for
from gateway.inbound.desk import Desk
from gateway.journal.store import Journal
from gateway.mail.split import Limits
from gateway.office import Office
from gateway.outbox import Outbox
from gateway.ports import Clock, Edms, Expected, Failpoint, Wanted, nothing_fails
from gateway.scanning import scanner_of
from gateway.screening import Screen
from gateway.sealing import Sealer
from gateway.settings import Settings
from gateway.templates_home import load_templates
from gateway.wording import Wording


class SystemClock:
    """The machine's clock: the one place where a running gateway asks for the time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every process of a node has."""

    settings: Settings
    journal: Journal
    edms: Edms
    office: Office
    outbox: Outbox
    clock: Clock
    failpoint: Failpoint
    screen: Screen

    def desk(self) -> Desk:
        limits = self.settings.limits
        return Desk(
            self.journal,
            self.edms,
            self.office,
            self.outbox,
            Limits(max_parts=limits.parts, max_depth=limits.depth, max_decoded_bytes=limits.letter),
            self.failpoint,
            self.screen,
        )

    @property
    def outgoing_screen(self) -> Screen | None:
        """What looks into what we send; None: nobody does."""
        return self.screen if self.settings.antivirus.outgoing else None

    def close(self) -> None:
        self.journal.close()
        self.edms.close()


def build(settings: Settings, clock: Clock, failpoint: Failpoint = nothing_fails) -> Parts:
    """Open the journal and the EDMS and build the rest on them.

    Raises SchemaMismatch when the journal's schema is not this program's, and what the databases raise.
    """
    journal = Journal.open(settings.journal.url, settings.journal.blobs, failpoint=failpoint)
    outbox = outbox_of(settings, journal)
    edms = edms_of(settings, clock, failpoint)
    screen = Screen(journal, scanner_of(settings.antivirus, journal.blobs.directory), settings.antivirus)
    return Parts(settings, journal, edms, outbox.office, outbox, clock, failpoint, screen)


def outbox_of(settings: Settings, journal: Journal) -> Outbox:
    """Return what decides which reports are due and seals them."""
    office = Office(settings)
    return Outbox(office, Sealer(office, Wording(load_templates()), journal.blobs, settings.secret.encode()))


def edms_of(settings: Settings, clock: Clock, failpoint: Failpoint = nothing_fails) -> Edms:
    """Open the EDMS the settings name; raises AdapterError or MappingError for one that cannot be."""
    edms, zone = settings.edms, ZoneInfo(settings.offices[0].time_zone)
    if edms.mapping is None or edms.database is None:
        adapter = adapter_called(edms.adapter)
        return adapter.open(options_for(adapter, edms.options), Surroundings(edms.files, zone, clock, failpoint))
    kind, _, file = edms.database.partition(":///")
    if kind.startswith("sqlite") and not Path(file).exists():  # else a misspelt name would make an empty one
        raise FileNotFoundError(ENOENT, "the EDMS has no database there", file)
    return open_edms(edms.mapping, edms.database, edms.files, zone=zone, failpoint=failpoint, clock=clock)


def expected_of(settings: Settings) -> tuple[Expected, ...]:
    """Return what *settings* say of our organisations, for the EDMS to agree with."""
    return tuple(Expected(ours.index, ours.default_inbox) for ours in settings.offices)


def wanted_of(settings: Settings) -> tuple[Wanted, ...]:
    """Return what the receive rules of *settings* count on in the EDMS, for each of our organisations they are for."""
    found = []
    for place, (rule, at) in enumerate(zip(settings.receive, settings.receive_at, strict=True), 1):
        said = f'receive[{place}] "{rule.name}"' if rule.name else f"receive[{place}]"
        said += f" ({at})"
        named = (("group", rule.group), ("journal", rule.journal), ("inbox", rule.default_inbox))
        for office in rule.organisation or [ours.index for ours in settings.offices]:
            found += [Wanted(kind, name, said, office) for kind, name in named if name]
    return tuple(found)
