# SPDX-License-Identifier: GPL-3.0-or-later
"""``status``: how things stand, in one screen."""

import fcntl
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from sqlalchemy import Connection

from gateway.cli.context import PROBLEMS, Context, json_option, pass_context
from gateway.cli.lateness import Overdue, overdue_now
from gateway.cli.left_alone import for_people as alone_for_people
from gateway.cli.left_alone import left_alone
from gateway.cli.output import Row, json_line, local, plain, show
from gateway.cli.rows import entry_row, finding_row
from gateway.journal import entries, events, mailboxes
from gateway.office import Office


@dataclass(frozen=True, slots=True)
class _Standing:
    """How things stand, in the order in which programs get it."""

    queues: list[Row]
    reasons: list[Row]
    mailboxes: list[Row]
    partners: list[Row]
    troubled: list[Row]  # letters tried in vain so far, the oldest first
    unsettled: list[Row]  # letters that are perhaps delivered, or delayed
    circuits: list[Row]  # relays and partners that are left alone for now
    overdue: Overdue
    contradictions: int  # documents about which a partner contradicted itself
    lacking: list[Row]
    running: bool
    sick: str  # why no letters are taken; empty: they are

    @property
    def ok(self) -> bool:
        """Say whether nothing wants a person."""
        if self.overdue.documents or any(plain(queue["state"]) in ("parked", "failed") for queue in self.queues):
            return False
        if not self.running or self.sick or self.troubled or self.lacking:
            return False
        if any(row["letters"] for row in self.circuits):  # nobody need get up for a server that nothing waits for
            return False
        return not any(box["words"] for box in self.mailboxes)


@click.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Show queues, partners and mailboxes in one screen; exits 1 when something wants a person."""
    standing = _looked_at(context)
    if as_json:
        click.echo(json_line({**asdict(standing), "ok": standing.ok}))
    else:
        _print(standing)
    if not standing.ok:
        raise SystemExit(PROBLEMS)


def _looked_at(context: Context) -> _Standing:
    with context.journal() as journal:
        with journal.read() as tx:
            counts = entries.counts(tx)  # walks through the journal: once
            partners, boxes, alone = _partners(tx), _mailboxes(tx), left_alone(tx, context.settings())
            troubled = [entry_row(entry) for entry in entries.troubled(tx, 5)]
            unsettled, contradictions = _unsettled(tx, context), events.contradicted(tx)
        running = is_running(journal.blobs.directory)
        sick = f"{journal.blobs.sick} (look at the disk, then: rm {journal.blobs.mark})" if journal.blobs.sick else ""
        overdue = overdue_now(journal, Office(context.settings()), context.now())
    return _Standing(
        queues=_queues(counts),
        reasons=_reasons(counts),
        mailboxes=boxes,
        partners=partners,
        troubled=troubled,
        unsettled=unsettled,
        circuits=alone,
        overdue=overdue,
        contradictions=contradictions,
        lacking=_lacking(context),
        running=running,
        sick=sick,
    )


# --- for people -----------------------------------------------------------------------------------------------------


def _print(standing: _Standing) -> None:
    click.echo("the service runs" if standing.running else "the service DOES NOT RUN")
    if standing.sick:
        click.echo(f"NO LETTERS ARE TAKEN, a disk failed: {standing.sick}")
    show(
        standing.queues, ("direction", "state", "letters", "oldest"), as_json=False, title="Letters", nothing="none yet"
    )
    for rows, title in (
        (standing.reasons, "Why (edms-gateway quarantine list, queue list)"),
        (standing.partners, "Partners"),
        (standing.mailboxes, "Mailboxes"),
        ([row for row in standing.unsettled if row["letters"]], "Letters of ours that may or may not have arrived"),
        ([alone_for_people(row) for row in standing.circuits], "Left alone for now"),
        (standing.lacking, "To be prepared in the EDMS"),
    ):
        if rows:
            show(rows, tuple(rows[0]), as_json=False, title=title)
    _print_what_wants_a_look(standing)


def _print_what_wants_a_look(standing: _Standing) -> None:
    overdue = standing.overdue
    if overdue.oldest:
        since = f"the first since {local(overdue.oldest)}"
        click.echo(
            f"documents about which a partner is late: {overdue.documents}, {since} (edms-gateway register overdue)"
        )
    if standing.contradictions:
        number = standing.contradictions
        click.echo(f"documents about which partners contradicted themselves: {number} (edms-gateway trace)")
    if standing.troubled:
        whose = ("id", "direction", "state", "kind", "office", "partner")
        columns = (*whose, "attempts", "not_before", "detail", "words")
        show(standing.troubled, columns, as_json=False, title="Tried in vain so far (the oldest 5)")


# --- where it is read -----------------------------------------------------------------------------------------------


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
