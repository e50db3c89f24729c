# SPDX-License-Identifier: GPL-3.0-or-later
"""One letter on a screen, safely: nothing of it is rendered, values are stripped of what moves a cursor, and cut.

The text and the files of a letter are never printed: who wants them exports the letter.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from textwrap import fill, wrap

import click
from sqlalchemy import Connection

from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.explaining import explained_letter, for_people
from gateway.cli.output import Row, json_line, local, printable
from gateway.cli.quarantine.comparing import SHORT, Compared, compared, counterpart
from gateway.cli.quarantine.opening import opened, wrapping
from gateway.cli.quarantine.remedies import REMEDIES, can_accept
from gateway.cli.rows import act_row, entry_row, found, scan_row, scan_words
from gateway.journal import entries, scans
from gateway.journal.blobs import Scratch
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.states import REASON_WORDS
from gateway.journal.store import Journal
from gateway.model import Content
from gateway.office import Office

LONG = 500  # LIMIT: characters of one value that people are shown
NARROW = 72  # characters below which two versions are shown one below the other


@click.command("show")
@click.argument("number", type=int)
@json_option
@pass_context
def show_(context: Context, number: int, as_json: bool) -> None:
    """Show one letter: why it lies here, what can be done, what is understood of it, and what it differs from."""
    office = Office(context.settings())
    with context.journal() as journal, journal.blobs.scratch() as scratch:
        with journal.read() as tx:
            entry = found(tx, number, Direction.IN)
            acts = [act_row(act) for act in entries.acts(tx, number)]
            looks = [scan_row(scan) for scan in scans.of(tx, number)]
            standing = counterpart(tx, entry)
            letter, before = _bytes(tx, journal, entry), _bytes(tx, journal, standing) if standing else None
        looked = _looked(entry, acts, looks, standing, letter, before, scratch)
        understood = explained_letter(letter, scratch.sink, office) if letter else None
    if as_json:
        click.echo(json_line(looked))
        if understood is not None:
            click.echo(json_line(understood))
        return
    for line in _for_people(entry, looked):
        click.echo(line)
    told = for_people(understood).splitlines() if understood is not None else ["its bytes were given up"]
    for line in told:
        click.echo(_folded(line))


def _bytes(tx: Connection, journal: Journal, entry: Entry) -> Content | None:
    """Return the bytes of a letter; None when they were given up."""
    try:
        return entries.letter(tx, journal.blobs, entry.id)
    except LookupError:
        return None


def _looked(
    entry: Entry,
    acts: list[Row],
    looks: list[Row],
    standing: Entry | None,
    letter: Content | None,
    before: Content | None,
    scratch: Scratch,
) -> dict[str, object]:
    """Return everything about a letter but what `explain` says of it, in the keys of docs/operating.md."""
    inside = opened(letter, scratch.sink) if letter else None
    rows: tuple[Compared, ...] = ()
    if inside is not None and before is not None:
        rows = compared(opened(before, scratch.sink), inside)
    versions = [{"field": r.field, "standing": r.standing, "this": r.this, "differs": r.differs} for r in rows]
    reason = entry.reason
    return {
        **entry_row(entry),
        "peer": entry.peer or None,
        "means": REASON_WORDS[reason] if reason else None,
        "remedy": REMEDIES[reason] if reason else None,
        "accept": can_accept(reason),
        "acts": acts,
        "scans": looks,
        "wrapping": wrapping(inside.letter) if inside and inside.letter else None,
        "standing": standing.id if standing else None,
        "versions": versions,
    }


# --- for people ---------------------------------------------------------------------------------------------------


def _for_people(entry: Entry, looked: Mapping[str, object]) -> Iterator[str]:
    reason = f": {entry.reason.value}" if entry.reason else ""
    yield _folded(f"letter {entry.id} is {entry.state.value}{reason}")
    if looked["means"]:
        yield _folded(f"  means     {looked['means']}")
    facts = {
        "detail": entry.detail,
        "place": entry.place,
        "can do": re.sub(r" N\b", f" {entry.id}", str(looked["remedy"] or ""))
        if entry.state is not State.WAITING
        else "",
        "came": f"{local(entry.created_at)} by {entry.channel} from {entry.peer or 'a mailbox'}",
        "sender": entry.envelope_sender,
        "partner": entry.partner or "nobody proved who they are",
        "office": entry.office,
        "document": f"exchange {entry.exchange}" if entry.exchange else "",
        "size": f"{entry.size} bytes",
    }
    yield from (_folded(f"  {name:9} {value}") for name, value in facts.items() if value)
    yield from _outside(looked["wrapping"])
    looks = looked["scans"]
    for look in looks if isinstance(looks, list) else ():
        yield _folded(f"  {local(look['at'])}  {scan_words(look)}")
    acts = looked["acts"]
    for act in acts if isinstance(acts, list) else ():
        chosen = f" ({act['accepts']} accepted)" if act["accepts"] else ""
        chosen += f" («{act['addressee']}» to {act['instead']})" if act["instead"] else ""
        yield _folded(f"  {local(act['at'])}  {act['act']} by {act['who']}: {act['why']}{chosen}")
    yield from _side_by_side(looked)


def _outside(wrapping: object) -> Iterator[str]:
    if isinstance(wrapping, dict):
        for name in ("from", "to", "subject", "date"):
            if wrapping[name]:
                yield _folded(f"  {name:9} {wrapping[name]}  (as it says)")
        for part in wrapping["parts"]:
            yield _folded(
                f"  part      {part['type']}, {part['size']} bytes{', ' + part['name'] if part['name'] else ''}"
            )
        if wrapping["more_parts"]:
            yield f"  part      … and {wrapping['more_parts']} more"


def _side_by_side(looked: Mapping[str, object]) -> Iterator[str]:
    """Yield both versions field by field; what differs is marked with ≠ and stands first."""
    versions = looked["versions"]
    if not isinstance(versions, list) or not versions:
        return
    differing = sum(bool(row["differs"]) for row in versions)
    yield f"compared with letter {looked['standing']}, which stands: {differing} field(s) differ"
    width = _width()
    side = (width - 26) // 2
    if width >= NARROW:
        yield f"    {'':18} {'letter ' + str(looked['standing']):{side}}  letter {looked['id']}"
    for row in versions:
        if row["differs"]:
            one, other = (_cut(_shortened(str(row[key]))) or "—" for key in ("standing", "this"))
            yield from _beside(row["field"], one, other, side) if width >= NARROW else _below(row["field"], one, other)
    same = [row["field"] for row in versions if not row["differs"]]
    if same:
        yield _folded(f"  = the same: {', '.join(same)}")


def _beside(field: str, one: str, other: str, side: int) -> Iterator[str]:
    """Yield the lines of one field, each version in a column of *side* characters."""
    columns = [wrap(text, size, break_on_hyphens=False) for text, size in ((field, 18), (one, side), (other, side))]
    for place in range(max(map(len, columns))):
        name, left, right = (lines[place] if place < len(lines) else "" for lines in columns)
        yield f"  {'≠' if place == 0 else ' '} {name:18} {left:{side}}  {right}".rstrip()


def _below(field: str, one: str, other: str) -> Iterator[str]:
    yield from (_folded(f"  ≠ {field}: {one}"), _folded(f"      {other}"))


def _shortened(value: str) -> str:
    """Return the words about a file with the beginning of its digest only: a whole one is for `--json`."""
    said, mark, digest = value.rpartition("sha256 ")
    return f"{said}{mark}{digest[:SHORT]}…" if mark and len(digest) == 64 else value


def _folded(line: str) -> str:
    """Return *line* cleaned, cut, and wrapped to the terminal under its first words."""
    return fill(_cut(printable(line)), _width(), subsequent_indent=" " * 12, break_on_hyphens=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def _width() -> int:
    return get_terminal_size().columns if sys.stdout.isatty() else 120
