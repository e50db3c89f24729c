# SPDX-License-Identifier: GPL-3.0-or-later
"""``status`` and ``trace``: how things stand, and everything about one document."""

import fcntl
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.lateness import came_late, late_now, overdue_now, when_proven
from gateway.cli.output import Row, json_line, local, plain, printable, show
from gateway.cli.rows import act_row, entry_row, finding_row, for_people
from gateway.journal import circuits, entries, events, exchanges, mailboxes, messages
from gateway.journal.entries import Entry
from gateway.model import ExchangeId
from gateway.office import Office
from gateway.reports import registered


@click.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Show queues, partners and mailboxes in one screen; exits 1 when something wants a person."""
    with context.journal() as journal:
        with journal.read() as tx:
            counts = entries.counts(tx)  # walks through the journal: once
            queues, reasons, partners, boxes = _queues(counts), _reasons(counts), _partners(tx), _mailboxes(tx)
            troubled = [entry_row(entry) for entry in entries.troubled(tx, 5)]
            contradictions = events.contradicted(tx)
            unsettled, left_alone = _unsettled(tx, context), _circuits(tx)
        running = is_running(journal.blobs.directory)
        sick = f"{journal.blobs.sick} (look at the disk, then: rm {journal.blobs.mark})" if journal.blobs.sick else ""
        overdue = overdue_now(journal, Office(context.settings()), context.now())
    lacking = _lacking(context)
    ok = not overdue.documents and not any(plain(queue["state"]) in ("parked", "failed") for queue in queues)
    ok = ok and running and not sick and not troubled and not left_alone and not any(box["words"] for box in boxes)
    if as_json:
        lists = {"queues": queues, "reasons": reasons, "mailboxes": boxes, "partners": partners, "troubled": troubled}
        lists |= {"unsettled": unsettled, "circuits": left_alone}
        more = {
            "overdue": asdict(overdue),
            "contradictions": contradictions,
            "lacking": lacking,
            "running": running,
            "sick": sick,
            "ok": ok,
        }
        click.echo(json_line({**lists, **more}))
    else:
        click.echo("the service runs" if running else "the service DOES NOT RUN")
        if sick:
            click.echo(f"NO LETTERS ARE TAKEN, a disk failed: {sick}")
        show(queues, ("direction", "state", "letters", "oldest"), as_json=False, title="Letters", nothing="none yet")
        for rows, title in (
            (reasons, "Why (edms-gateway quarantine list, queue list)"),
            (partners, "Partners"),
            (boxes, "Mailboxes"),
            ([row for row in unsettled if row["letters"]], "Letters of ours that may or may not have arrived"),
            (left_alone, "Left alone for now; letters wait"),
            (lacking, "To be prepared in the EDMS"),
        ):
            if rows:
                show(rows, tuple(rows[0]), as_json=False, title=title)
        if overdue.oldest:
            since = f"the first since {local(overdue.oldest)}"
            click.echo(
                f"documents about which a partner is late: {overdue.documents}, {since} (edms-gateway register overdue)"
            )
        if contradictions:
            click.echo(f"documents about which partners contradicted themselves: {contradictions} (edms-gateway trace)")
        if troubled:
            whose = ("id", "direction", "state", "kind", "office", "partner")
            columns = (*whose, "attempts", "not_before", "detail", "words")
            show(troubled, columns, as_json=False, title="Tried in vain so far (the oldest 5)")
    if not ok:
        raise SystemExit(PROBLEMS)


def _lacking(context: Context) -> list[Row]:
    """Return what people must prepare in the EDMS; nothing while it does not answer, which is said elsewhere."""
    from gateway.build import SystemClock, edms_of

    try:
        system = edms_of(context.settings(), SystemClock())
        try:
            return [finding_row(finding) for finding in system.lacking()]
        finally:
            system.close()
    except Exception:  # an edge: an adapter may raise anything, and the journal's side is shown all the same
        return []


def is_running(blobs: Path) -> bool:
    """Say whether a node of this machine has the journal: it holds the lock in the folder of large letters."""
    try:
        with (blobs / "node.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _queues(counts: entries.Counts) -> list[Row]:
    return [
        {"direction": place[0], "state": place[1], "letters": letters, "oldest": counts.oldest.get(place)}
        for place, letters in counts.by_state.items()
    ]


def _reasons(counts: entries.Counts) -> list[Row]:
    by_reason = counts.by_reason.items()
    return [{"state": state, "reason": reason, "letters": letters} for (state, reason), letters in by_reason]


def _partners(tx: Connection) -> list[Row]:
    return [
        {
            "partner": one.partner,
            "heard_at": one.heard_at,
            "sent_at": one.sent_at,
            "queued": one.queued,
            "failed": one.failed,
            "parked": one.parked,
        }
        for one in entries.partners(tx)
    ]


def _unsettled(tx: Connection, context: Context) -> list[Row]:
    """Return how many letters are perhaps delivered, and how many are delayed on the way."""
    found = entries.unsettled(tx, context.now())
    return [
        {"what": "ambiguous", "letters": found.ambiguous, "oldest": found.ambiguous_oldest},
        {"what": "delayed", "letters": found.delayed, "oldest": found.delayed_oldest},
    ]


def _circuits(tx: Connection) -> list[Row]:
    return [
        {
            "name": one.name,
            "opened_at": one.opened_at,
            "retry_at": one.retry_at,
            "failures": one.failures,
            "words": one.words or None,
        }
        for one in circuits.stand(tx)
    ]


def _mailboxes(tx: Connection) -> list[Row]:
    return [
        {
            "mailbox": box.mailbox,
            "heard_at": box.heard_at,
            "failed_at": box.failed_at,
            "login_refused": box.login_refused,
            "words": box.words or None,
            "vanished": box.vanished,
        }
        for box in mailboxes.states(tx)
    ]


@click.command()
@click.argument("identifier")
@json_option
@pass_context
def trace(context: Context, identifier: str, as_json: bool) -> None:
    """Tell the story of one document, by any of its ids, numbers (of any year) or Message-IDs."""
    with context.journal() as journal, journal.read() as tx:
        ids = exchanges.find(tx, identifier)
        letters = [] if ids else entries.select(tx, text=identifier, limit=20)
        if not ids and not letters:
            raise Ended(f"nothing is known under {identifier!r}", PROBLEMS)
        office, now = Office(context.settings()), context.now()
        stories = [_story(tx, exchange, office, now, as_json=as_json) for exchange in ids]
        for story in stories:
            click.echo(json_line(story) if as_json else _for_people(story))
        if letters:
            rows = [entry_row(entry) for entry in letters]
            columns = ("id", "created_at", "direction", "state", "kind", "office", "reason", "detail")
            show(rows, columns, as_json=as_json)


def _letters(tx: Connection, exchange_id: ExchangeId) -> list[Entry]:
    """Return the letters about a document, the oldest first, also those that are still worked on."""
    found = {entry.id: entry for entry in entries.select(tx, exchange=exchange_id, limit=1000)}
    for number in messages.brought_by(tx, exchange_id):
        entry = entries.get(tx, number)
        if entry is not None:
            found.setdefault(number, entry)
    return [found[number] for number in sorted(found)]


def _story(
    tx: Connection, exchange_id: ExchangeId, office: Office, now: datetime, *, as_json: bool
) -> dict[str, object]:
    exchange = exchanges.get(tx, exchange_id)
    assert exchange is not None
    steps: list[dict[str, object]] = []
    facts = events.history(tx, exchange_id)
    standing = registered([fact.event for fact in facts])
    letters = _letters(tx, exchange_id)
    late = late_now(exchange, letters, office, now) if exchange.direction == "out" else None
    for entry in letters:
        row = entry_row(entry) if as_json else for_people(entry)
        steps.append({"at": entry.created_at, "what": "letter", **row})
        acts = entries.acts(tx, entry.id)
        steps += ({"at": act.at, "what": "act", "letter": entry.id, **act_row(act)} for act in acts)
    for fact in facts:
        event = fact.event
        number = event.number.text if event.number else None
        steps.append(
            {
                "at": fact.at,
                "what": "event",
                "ours": fact.ours,
                "kind": event.kind,
                "happened_at": event.at,
                "number": number,
                "date": event.number.date if event.number else None,
                "to": event.to.name if event.to else None,
                "task": event.task.uid if event.task else None,
                "deadline": event.task.control.deadline if event.task and event.task.control else None,
                "code": event.refusal.code if event.refusal else None,
                "text": event.refusal.text if event.refusal else event.text or None,
                "contradicts": event.contradicts,
                "late": came_late(fact, exchange, letters, office),
            }
        )
    steps.sort(key=lambda step: str(plain(step["at"])))
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
        "proven_at": when_proven(exchange, letters, facts) if exchange.direction == "out" else None,
        "late": late.rung.name.lower() if late else None,
        "due_at": late.due_at if late else None,
        "rule": exchange.rule or None,
        "steps": steps,
    }


def _for_people(story: dict[str, object]) -> str:
    people = (story["partner"], story["office"]) if story["direction"] == "in" else (story["office"], story["partner"])
    lines = [
        f"{story['number']} of {plain(story['date'])}, from {people[0]} to {people[1]}: {story['rung']}"
        + (f", registered as {story['registered']}" if story["registered"] else ""),
        f"  exchange {story['exchange']}  uid {story['document_uid']}",
    ]
    if story["rule"]:
        lines.append(f"  rule: {story['rule']}")
    due_at, proven_at = story["due_at"], story["proven_at"]
    if isinstance(due_at, datetime) and isinstance(proven_at, datetime):
        proven = f"{story['rung'] or 'sent'} at {local(proven_at)}"
        lines.append(f"  OVERDUE: {story['late']}, was due at {local(due_at)}; proven last: {proven}")
    steps = story["steps"]
    for step in steps if isinstance(steps, list) else []:
        lines.append(f"  {local(step['at'])}  {_step(step)}")
    return "\n".join(printable(line) for line in lines)


def _step(step: Row) -> str:
    if step["what"] == "letter":
        way = "in " if plain(step["direction"]) == "in" else "out"
        words = [f"letter {step['id']} {way} {step['kind'] or ''}", str(plain(step["state"]))]
        words += [str(plain(step[key])) for key in ("reason", "detail", "words", "delivery") if step.get(key)]
        return " · ".join(words)
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
    return " ".join(words)
