# SPDX-License-Identifier: GPL-3.0-or-later
"""What the desk shows: plain tables and one page for a card; what strangers wrote never moves the cursor."""

from collections.abc import Iterable, Sequence
from datetime import UTC

import click

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record, moment

CELL = 80  # LIMIT: characters of a cell of a table
LAST = 400  # LIMIT: characters of the last one of its line, where words of people stand


def waiting(papers: Sequence[Record]) -> None:
    _table(
        ("card", "sender", "index", "number", "date", "files", "since", "subject", "reason"),
        (
            (p.card, p.sender, p.sender_index, p.number, p.date, p.files, _when(p.since), p.subject, p.reason)
            for p in papers
        ),
    )


def reasons(found: Sequence[Record]) -> None:
    _table(("code", "text"), ((row.code, row.text) for row in found))


def cards(found: Sequence[Record]) -> None:
    _table(
        ("card", "direction", "state", "number", "date", "partner", "their number", "subject"),
        ((c.id, c.direction, c.state, c.number, c.reg_date, c.partner, c.partner_number, c.subject) for c in found),
    )


def inbox(found: Sequence[Record]) -> None:
    _table(
        ("card", "number", "kind", "since", "subject", "words"),
        ((r.card_id, r.number, r.kind, _when(r.at), r.subject, r.text or r.why) for r in found),
    )


def officials(found: Sequence[Record]) -> None:
    _table(
        ("index", "name", "post", "department", "state"),
        ((o.exchange_index, o.name, o.post, o.department, "dismissed" if o.dismissed else "") for o in found),
    )


def journals(found: Sequence[Record]) -> None:
    _table(
        ("journal", "prefix", "opened", "year", "last number"),
        ((j.name, j.prefix, "by hand" if j.opened_by_hand else "by itself", j.year, j.last) for j in found),
    )


def card(work: Work, key: int) -> None:
    """Show everything about a card; LookupError when there is none."""
    found = people.card(work, key)
    _facts(found)
    _section(
        "files",
        ("name", "bytes", "role"),
        (
            (("  signature: " if file.signs_id else "") + file.name, file.size, file.role)
            for file in people.files(work, key)
        ),
    )
    _section(
        "inboxes",
        ("inbox", "kind", "since", "by", "words"),
        ((r.inbox, r.kind, _when(r.at), r.person, r.text or r.why) for r in people.inboxes(work, key)),
    )
    links = ((o.link, o.id, o.number, o.subject) for o in people.linked(work, key))
    _section("links", ("link", "card", "number", "subject"), links)
    _section(
        "dispatches",
        ("partner", "index", "state", "sent", "received", "registered", "number", "date", "words"),
        (
            (
                *(d.partner, d.exchange_index, d.state, _when(d.sent_at), _when(d.received_at)),
                *(_when(d.registered_at), d.partner_number, d.partner_date),
                d.withdrawal or (d.state == "refused" and d.refusal) or d.trouble or d.changes_words,
            )
            for d in people.ladder(work, key)
        ),
    )
    _section(
        "partner's news",
        ("happened", "written", "event", "words"),
        ((_when(n.happened_at), _when(n.written_at), n.event, n.text) for n in people.news(work, key)),
    )
    for instruction in people.instructions(work, key):
        _instruction(work, instruction)


def _facts(found: Record) -> None:
    state = {"joined": f"joined to card {found.joined_to}"}.get(found.state, found.state)
    original = f"received {_when(found.original_at)}" if found.original_at else None
    if original is None and found.original_follows:
        original = "follows"
    facts = (
        ("card", f"{found.id}, {found.direction}, {state}"),
        ("number", _number(found.number, found.reg_date)),
        ("subject", found.subject),
        ("sender", " ".join(filter(None, (found.sender, found.sender_index)))),
        ("their number", _number(found.partner_number, found.partner_date)),
        ("signed by", found.partner_signer),
        ("access", found.access),
        ("deadline", found.deadline),
        ("paper original", original),
        ("of the exchange", found.exchange_mark),
        ("way", found.route),
        ("waits because", found.waits_because if found.state == "waiting" else None),
        ("waited because", found.waits_because if found.state != "waiting" else None),
        ("decided", _when(found.decided_at)),
        ("words", f"({found.refusal_code}) {found.refusal}" if found.refusal else None),
    )
    for name, value in facts:
        if value:
            click.echo(f"{name + ':':<17}{clean(value)}")


def _instruction(work: Work, found: Record) -> None:
    until = f", until {found.deadline}" if found.deadline else ""
    came = ", came with the document" if found.external else ""
    closed = f": {found.fact_date} {found.resume or ''}" if found.state == "closed" else ""
    click.echo(f"\ninstruction {found.id} of {clean(found.author)}{until}{came}: {found.state}{clean(closed)}")
    click.echo(f"  {clean(found.text)}")
    if found.progress:
        click.echo(f"  progress: {clean(found.progress)}")
    for one in people.executors(work, found.id):
        click.echo(f"  executor: {clean(one.who)}{', responsible' if one.responsible else ''}")
    for one in people.executions(work, found.id):
        click.echo(f"  {_when(one.at)} {clean(one.who)}: {clean(one.text)} {clean(one.status)}".rstrip())


def clean(value: object) -> str:
    """Return *value* on one line without control characters."""
    words = " ".join(str("" if value is None else value).split())
    return "".join(letter if letter.isprintable() else "�" for letter in words)


def _section(title: str, heads: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Show a table under *title*; nothing when there is nothing in it."""
    found = list(lines)
    if found:
        click.echo(f"\n{title}")
        _table(heads, found)


def _table(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    cells = [[*map(_cell, line[:-1]), _cell(line[-1], LAST)] for line in lines]
    if not cells:
        click.echo("nothing")
        return
    widths = [max(len(line[place]) for line in [list(heads), *cells]) for place in range(len(heads))]
    for line in [list(heads), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object, limit: int = CELL) -> str:
    words = clean(value)
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _number(number: object, day: object) -> str:
    return f"{number or 'б/н'} of {day}" if number or day else ""


def _when(value: object) -> str:
    """Return a moment as people at this machine read it."""
    at = moment(value, UTC)
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else ""
