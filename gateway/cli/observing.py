# SPDX-License-Identifier: GPL-3.0-or-later
"""``report observe``: what would have become of the letters of observed partners, beside what people did by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from textwrap import fill
from zoneinfo import ZoneInfo

import click

from gateway.cli.choosing import Sought, known_partner, moment_of, moment_typed
from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.output import json_line, printable
from gateway.cli.reaching import opened
from gateway.cli.ruling import Ruling, ruling_of
from gateway.envelope import unseal
from gateway.errors import Deferred, Reason, Refused
from gateway.inbound.intake import understood
from gateway.inbound.rehearsing import rehearsed
from gateway.journal import entries
from gateway.journal.blobs import Blobs
from gateway.journal.entries import Entry, State
from gateway.journal.store import Journal
from gateway.model import DirectoryUpdate, PartnerId
from gateway.office import Office
from gateway.ports import Edms, Registration, Rehearsal, Waiting

Day = date  # `Observed.date` hides the name
REGISTERED, WAITING, REFUSED, REPEAT, REPORT, DIRECTORY, UNREADABLE = (
    *("registered", "waiting", "refused"),
    *("repeat", "report", "directory", "unreadable"),
)
# LIMIT: characters of a line and of what stands in its columns; what is longer stands whole on a line of its own below
WIDTH = 100
LONGEST = {"letter": 8, "received": 10, "partner": 14, "number": 18, "would": 10, "inbox": WIDTH, "by_hand": 14}
GAP, INDENT = "  ", " " * 4


@dataclass(frozen=True, slots=True)
class Observed:
    """One letter, and what would have become of it."""

    letter: int
    received: datetime
    partner: str
    number: str | None = None  # the sender's; None: no document
    date: Day | None = None
    would: str = UNREADABLE  # REGISTERED, WAITING, REFUSED; REPEAT: the document came before; REPORT: onto a card
    inbox: str | None = None  # whose it would lie in
    why: str | None = None  # it would wait or be refused
    by_hand: str | None = None  # the number it stands registered under; "": it does not; None: nobody can say
    by_hand_on: Day | None = None


@click.group()
def report() -> None:
    """Reports for administrators."""


@report.command()
@click.option("--partner", type=PartnerId, help="Only this partner's letters.")
@click.option("--since", callback=moment_typed, metavar="WHEN", help="Came then or later: a date, or date and time.")
@json_option
@pass_context
def observe(context: Context, partner: PartnerId | None, since: date | datetime | None, as_json: bool) -> None:
    """Compare what would have been registered for observed partners with what people registered by hand.

    Every letter is tried in the EDMS as it is now and rolled back: nothing is written, and nobody hears anything.
    """
    settings = context.settings()
    if partner is not None:
        known_partner(context, partner)
    sought = Sought(Reason.OBSERVED, partner, since=moment_of(since, ZoneInfo(settings.offices[0].time_zone)))
    with context.journal() as journal, opened(settings, None) as system:
        rows = list(_observed(journal, sought, Office(settings), system, context.now()))
    if as_json:
        for row in rows:
            click.echo(json_line(asdict(row)))
        return
    if not rows:
        click.echo("no letter of an observed partner came")
    for line in (*table_of(rows), *_summary(rows)):
        click.echo(line)


def _observed(journal: Journal, sought: Sought, office: Office, system: Edms, now: datetime) -> Iterator[Observed]:
    """Yield every observed letter in the order in which they came."""
    with journal.read() as tx:
        letters = list(sought.all(tx, (State.PARKED,)))[::-1]
    seen: set[tuple[str, str]] = set()
    for entry in letters:
        row, ruling = Observed(entry.id, entry.created_at, entry.partner or ""), None
        with TemporaryDirectory() as folder:
            try:
                row, ruling, rehearsal = _tried(journal, entry, Path(folder), office, system)
            except (Refused, Deferred, LookupError) as why:
                yield replace(row, why=str(why))
                continue
        if ruling is None or rehearsal is None:
            yield row
            continue
        name = (row.partner, ruling.case.document.uid)
        yield replace(row, would=REPEAT) if all(name) and name in seen else _beside(row, ruling, rehearsal)
        seen.add(name)


def _tried(
    journal: Journal, entry: Entry, folder: Path, office: Office, system: Edms
) -> tuple[Observed, Ruling | None, Rehearsal | None]:
    """Return *entry* as a row, and the rules for the document in it with what the EDMS would do; None: no document."""
    row = Observed(entry.id, entry.created_at, entry.partner or "")
    with journal.read() as tx:
        letter = entries.letter(tx, journal.blobs, entry.id)
    unsealed = unseal(letter.blocks(), Blobs(folder).sink, spool=TemporaryFile)
    if unsealed.reading is None:
        return row, None, None
    message, unreadable = understood(unsealed.reading, unsealed.letter, office.here(entry.created_at, entry.office))
    ruling = ruling_of(message, office, unreadable, entry.office)
    if ruling is None:
        listed = message is not None and isinstance(message.body, DirectoryUpdate)
        return replace(row, would=DIRECTORY if listed else REPORT), None, None
    document = ruling.case.document
    row = replace(row, number=document.number.text, date=document.number.date)
    # people's own registration of it is what we compare with: it must not stop ours
    receive = ruling.case.receive.model_copy(update={"same_number": "register"})
    case, contents = replace(ruling.case, receive=receive), unsealed.reading.contents
    return row, ruling, rehearsed(case, unsealed.letter, contents, office, system, entry.created_at)


def _beside(row: Observed, ruling: Ruling, rehearsal: Rehearsal) -> Observed:
    """Return *row* with what the EDMS would do, and what stands there already."""
    if (stands := rehearsal.stands) is not None:
        row = replace(row, by_hand=stands.text, by_hand_on=stands.date)
    match ruling.refused or rehearsal.outcome:
        case Registration(routed=routed):
            strays = "; ".join(one.why for one in routed if not one.found)
            return replace(
                row, would=REGISTERED, inbox=", ".join(one.name for one in routed) or None, why=strays or None
            )
        case Waiting(reason=why):
            return replace(row, would=WAITING, why=why)
        case refused:
            return replace(row, would=REFUSED, why=refused.detail)


def table_of(rows: Sequence[Observed]) -> Iterator[str]:
    """Yield a table that fits `WIDTH`: a line for each letter, and below it why, and whole what was too long for it."""
    if not rows:
        return
    cells = [{name: _cell(getattr(row, name)) for name in LONGEST} for row in rows]
    widths = {name: min(limit, max(len(name), *(len(cell[name]) for cell in cells))) for name, limit in LONGEST.items()}
    others = sum(width for name, width in widths.items() if name != "inbox")
    widths["inbox"] = min(widths["inbox"], WIDTH - others - len(GAP) * (len(widths) - 1))
    yield GAP.join(name.ljust(width) for name, width in widths.items()).rstrip()
    yield "─" * (sum(widths.values()) + len(GAP) * (len(widths) - 1))
    for row, cell in zip(rows, cells, strict=True):
        yield GAP.join(_cut(cell[name], width).ljust(width) for name, width in widths.items()).rstrip()
        said = [f"{name}: {cell[name]}" for name, width in widths.items() if len(cell[name]) > width]
        for words in (*said, *([printable(row.why)] if row.why else ())):
            yield fill(words, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone().date().isoformat()
    return "" if value is None else printable(str(value))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _summary(rows: Sequence[Observed]) -> Iterator[str]:
    documents = [row for row in rows if row.would in (REGISTERED, WAITING, REFUSED)]
    if not documents:
        return
    ours = [row for row in documents if row.would == REGISTERED]
    yield f"{len(documents)} document(s): {len(ours)} would be registered without a person"
    if any(row.by_hand is None for row in documents):
        yield "this EDMS cannot be asked what people registered: compare with its own journal"
        return
    both, only_ours = sum(bool(row.by_hand) for row in ours), sum(not row.by_hand for row in ours)
    only_people = sum(bool(row.by_hand) for row in documents if row.would != REGISTERED)
    yield f"of these people registered {both} by hand, and {only_ours} not"
    if only_people:
        yield f"{only_people} that would wait or be refused were registered by people"
