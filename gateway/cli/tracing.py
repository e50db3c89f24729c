# SPDX-License-Identifier: GPL-3.0-or-later
"""``trace``: everything about one document, in the order in which it happened."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import click
from sqlalchemy import Connection

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.output import Row, json_line, local, plain, printable, show
from gateway.cli.rows import act_row, entry_row, for_people, scan_row, scan_words
from gateway.dialects import by_name
from gateway.dialects.losses import lost, untold
from gateway.journal import entries, events, exchanges, scans
from gateway.journal.entries import Direction, Entry
from gateway.journal.entry import SERVERS
from gateway.journal.events import Recorded
from gateway.journal.exchanges import Exchange
from gateway.model import ExchangeId
from gateway.office import Office
from gateway.registers.items import NOT_TOLD, on_its_way
from gateway.registers.lateness import came_late, late_now, when_proven
from gateway.registers.letters import letters_about
from gateway.reports import registered

STATES = {  # of a document of ours that its partner has said nothing about
    "sent": "sent, waiting for the partner's receipt",
    "queued": "queued, not sent yet",
    "held": "held, not sent yet",
    "failed": "not delivered",
    "cancelled": "cancelled, not sent",
}


@click.command()
@click.argument("identifier")
@json_option
@pass_context
def trace(context: Context, identifier: str, as_json: bool) -> None:
    """Tell the story of one document, by any of its ids, numbers (of any year) or Message-IDs."""
    with context.journal() as journal, journal.read() as tx:
        ids = exchanges.find(tx, identifier)
        letters = [] if ids else entries.called(tx, identifier)
        if not ids and not letters:
            raise Ended(f"nothing is known under {identifier!r}: `quarantine list --search` looks for words", PROBLEMS)
        office, now = Office(context.settings()), context.now()
        stories = [_story(tx, exchange, office, now, as_json=as_json) for exchange in ids]
        for story in stories:
            click.echo(json_line(story) if as_json else _for_people(story))
        if letters:
            rows = [entry_row(entry) for entry in letters]
            columns = ("id", "created_at", "direction", "state", "kind", "office", "reason", "detail")
            show(rows, columns, as_json=as_json)


def _story(
    tx: Connection, exchange_id: ExchangeId, office: Office, now: datetime, *, as_json: bool
) -> dict[str, object]:
    exchange = exchanges.get(tx, exchange_id)
    assert exchange is not None
    letters, facts = letters_about(tx, exchange_id), events.history(tx, exchange_id)
    steps = [step for letter in letters for step in _letter_steps(tx, letter, as_json=as_json)]
    steps += [
        {**_event_step(fact, late=came_late(fact, exchange, letters, office)), "carried": _carried(fact, exchange)}
        for fact in facts
    ]
    steps.sort(key=lambda step: str(plain(step["at"])))
    late = late_now(exchange, letters, office, now) if exchange.direction == "out" else None
    return {
        **_heading(exchange, facts, letters),
        "proven_at": when_proven(exchange, letters, facts) if exchange.direction == "out" else None,
        "late": late.rung.name.lower() if late else None,
        "due_at": late.due_at if late else None,
        "rule": exchange.rule or None,
        "lost": _lost(exchange),
        "steps": steps,
    }


def _heading(exchange: Exchange, facts: Sequence[Recorded], letters: Sequence[Entry]) -> Row:
    """Return which document it is, and how it stands after *facts*."""
    standing = registered([fact.event for fact in facts])
    return {
        "exchange": exchange.id,
        "direction": exchange.direction,
        "partner": exchange.partner,
        "office": exchange.office,
        "document_uid": exchange.document_uid,
        "number": exchange.number.text,
        "date": exchange.number.date,
        "return_id": exchange.return_id,
        "registered": standing.number.text if standing and standing.number else None,
        "rung": exchange.rung,
        "state": _state(exchange, letters),
    }


def _lost(exchange: Exchange) -> list[str]:
    """Return which parts of a document of ours its partner's standard cannot say."""
    message = exchange.message
    return list(lost(by_name(message.dialect), message)) if message and exchange.direction == "out" else []


_PARTS = {
    "subscription": "which reports we want",
    "recipients": "who else gets it",
    "control": "when it is due",
    "original_follows": "whether paper follows",
    "fields": "additional fields",
}


def _part(lost: str) -> str:
    """Return for people what is *lost*: "post of person of addressees" for ``addressees.person.post``."""
    count, _, path = lost.rpartition(" ")
    steps = [_PARTS.get(step, step.replace("_", " ")) for step in path.split(".") if step != "party"]
    return f"{count} {' of '.join(reversed(steps))}".strip()


def _carried(fact: Recorded, exchange: Exchange) -> str | None:
    """Return what becomes of a fact of ours in the partner's standard, unless it is told as it is."""
    if not fact.ours or exchange.message is None or exchange.direction != "in":
        return None
    return untold(by_name(exchange.message.dialect), fact.event) or None


def _state(exchange: Exchange, letters: Sequence[Entry]) -> str:
    """Return how the document stands; while its partner has said nothing, where the letter is that carries it."""
    if exchange.direction == "in" or exchange.rung not in NOT_TOLD:
        return exchange.rung
    carried = [one for one in letters if one.direction is Direction.OUT and one.kind == "document" and not one.change]
    return on_its_way(carried[-1] if carried else None)


def _letter_steps(tx: Connection, letter: Entry, *, as_json: bool) -> Iterator[Row]:
    """Yield one letter, and what operators did about it."""
    row = entry_row(letter) if as_json else for_people(letter)
    yield {"at": letter.created_at, "what": "letter", **row}
    for scan in scans.of(tx, letter.id):
        yield {"at": scan.at, "what": "scan", "letter": letter.id, **scan_row(scan)}
    for act in entries.acts(tx, letter.id):
        yield {"at": act.at, "what": "act", "letter": letter.id, **act_row(act)}


def _event_step(fact: Recorded, *, late: bool) -> Row:
    """Return one fact that was told, by us or to us; *late*: after the limit for it."""
    event = fact.event
    return {
        "at": fact.at,
        "what": "event",
        "ours": fact.ours,
        "kind": event.kind,
        "happened_at": event.at,
        "number": event.number.text if event.number else None,
        "date": event.number.date if event.number else None,
        "to": event.to.name if event.to else None,
        "task": event.task.uid if event.task else None,
        "deadline": event.task.control.deadline if event.task and event.task.control else None,
        "code": event.refusal.code if event.refusal else None,
        "text": event.refusal.text if event.refusal else event.text or None,
        "contradicts": event.contradicts,
        "late": late,
    }


def _for_people(story: dict[str, object]) -> str:
    people = (story["partner"], story["office"]) if story["direction"] == "in" else (story["office"], story["partner"])
    states = [STATES.get(str(story["state"]), str(story["state"]))]
    if story["registered"]:
        states = [state for state in states if state != "registered"] + [f"registered as {story['registered']}"]
    lines = [
        f"{story['number']} of {plain(story['date'])}, from {people[0]} to {people[1]}: {', '.join(states)}",
        f"  exchange {story['exchange']}  uid {story['document_uid']}",
    ]
    if story["rule"]:
        lines.append(f"  rule: {story['rule']}")
    if isinstance(story["lost"], list) and story["lost"]:
        lines.append(f"  goes without, for their standard has no place for it: {', '.join(map(_part, story['lost']))}")
    due_at, proven_at = story["due_at"], story["proven_at"]
    if isinstance(due_at, datetime) and isinstance(proven_at, datetime):
        proven = f"{story['rung'] or 'sent'} at {local(proven_at)}"
        lines.append(f"  OVERDUE: {story['late']}, was due at {local(due_at)}; proven last: {proven}")
    steps = story["steps"]
    for step in steps if isinstance(steps, list) else []:
        lines.append(f"  {local(step['at'])}  {_step(step)}")
    return "\n".join(printable(line) for line in lines)


def _kind(kind: str) -> str:
    """Return what kind of letter it is; of one that a mail server wrote, what it told."""
    what, _, told = kind.partition("-")
    if what not in SERVERS:
        return kind
    return f"notice of a mail server: {told}" if told else "notice of a mail server"


def _step(step: Row) -> str:
    if step["what"] == "letter":
        way = "in " if plain(step["direction"]) == "in" else "out"
        words = [f"letter {step['id']} {way} {_kind(str(step['kind'] or ''))}", str(plain(step["state"]))]
        words += [str(plain(step[key])) for key in ("reason", "detail", "words", "delivery") if step.get(key)]
        return " · ".join(words)
    if step["what"] == "scan":
        return f"letter {step['letter']} {scan_words(step)}"
    if step["what"] == "act":
        chosen = f" ({step['accepts']} accepted)" if step["accepts"] else ""
        chosen += f" («{step['addressee']}» to {step['instead']})" if step["instead"] else ""
        return f"letter {step['letter']} {step['act']} by {step['who']}: {step['why']}{chosen}"
    words = ["we told" if step["ours"] else "they told", str(plain(step["kind"]))]
    words += [
        f"{key} {plain(step[key])}" for key in ("number", "date", "to", "task", "deadline", "code", "text") if step[key]
    ]
    if step["late"]:
        words.append("LATE")
    if step["contradicts"]:
        words.append("CONTRADICTS what stands")
    if step["carried"]:
        words.append(f"({step['carried']})")
    return " ".join(words)
