# SPDX-License-Identifier: GPL-3.0-or-later
"""``status``: how things stand, in one screen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway.alarms.deciding import as_remembered, failing
from gateway.alarms.memory import load
from gateway.causes import Cause, EdmsLook, Look, causes
from gateway.causes.machine import is_running
from gateway.cli.causes import print_causes
from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.left_alone import for_people as alone_for_people
from gateway.cli.left_alone import left_alone
from gateway.cli.output import Row, json_line, local, show
from gateway.cli.rows import entry_row, finding_row
from gateway.journal import entries, events, mailboxes, scans
from gateway.journal.entries import PartnerTraffic
from gateway.journal.scans import Pause
from gateway.journal.store import Journal
from gateway.model import PartnerId
from gateway.office import Office
from gateway.registers.lateness import Overdue, overdue_now
from gateway.running import Unlike, how_to_reload, how_to_start, read, unlike
from gateway.settings import Settings
from gateway.settings_files import load_journal

NOT_TOLD = (
    "not told before the configuration holds: the EDMS, certificates, disks, modes of partners, who is late, "
    "who is left alone"
)
NOTHING_TOLD = "nothing else can be told: the journal cannot be read, or the configuration does not say where it lies"


@dataclass(frozen=True, slots=True)
class _Standing:
    """How things stand, in the order in which programs get it."""

    causes: tuple[Cause, ...]  # what is wrong and what to type, what is serious first
    queues: list[Row]
    reasons: list[Row]
    mailboxes: list[Row]
    partners: list[Row]
    troubled: list[Row]  # letters tried in vain so far, the oldest first
    unsettled: list[Row]  # letters that are perhaps delivered, or delayed
    circuits: list[Row]  # relays and partners that are left alone for now
    scanner: Pause | None  # why it is left alone, while it does not work
    overdue: Overdue
    contradictions: int  # documents about which a partner contradicted itself
    lacking: list[Row]
    running: bool
    configuration: Unlike | None  # how the one on disk differs from the one that runs; None: it does not, or none runs
    sick: str  # why no letters are taken; empty: they are

    @property
    def ok(self) -> bool:
        """Say whether nothing wants a person."""
        return not any(cause.serious for cause in self.causes)


@click.command()
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Show queues, partners and mailboxes in one screen; exits 1 when something wants a person."""
    settings, problems = context.judged()
    wrong = "\n".join(problems)
    if settings is None or wrong:
        click.echo(wrong, err=True)
        standing = _without_configuration(context, wrong)
    else:
        standing = _looked_at(context, settings)
    if as_json and standing is not None:
        click.echo(json_line({**asdict(standing), "ok": standing.ok}))
    elif standing is not None:
        _print(standing)
    if wrong and not as_json:
        click.echo(NOT_TOLD if standing else NOTHING_TOLD)
    if wrong or standing is None:
        raise SystemExit(BAD_CONFIGURATION)
    if not standing.ok:
        raise SystemExit(PROBLEMS)


def _without_configuration(context: Context, wrong: str) -> _Standing | None:
    """Return what the journal alone tells while the configuration does not hold; None: there is no way to it."""
    kept = load_journal(Path(context.config))
    if kept is None:
        return None
    running = is_running(kept.blobs)
    stands = read(kept.blobs) if running else None
    what = "the configuration on disk does not hold"
    if running:
        since = f" of {local(stands.since)}" if stands and stands.since else " it had"
        what += f": the service goes on with the one{since}"
    remedy = "edms-gateway check-config; once it is mended: "
    remedy += how_to_reload(kept.blobs, alive=True) if running else how_to_start(kept.blobs)
    refused_at = stands.refused_at if stands else None
    cause = Cause("configuration", what, refused_at, "; ".join(wrong.splitlines()), remedy)
    try:
        with context.journal(kept) as journal, journal.read() as tx:
            counts = entries.counts(tx)
            return _Standing(
                causes=(cause, *failing(load(journal.blobs.directory))),
                queues=_queues(counts),
                reasons=_reasons(counts),
                mailboxes=_mailboxes(tx),
                partners=_partners(tx, {}),
                troubled=[entry_row(entry) for entry in entries.troubled(tx, 5)],
                unsettled=_unsettled(tx, context),
                circuits=[],
                scanner=scans.pause(tx),
                overdue=Overdue(0, None),
                contradictions=events.contradicted(tx),
                lacking=[],
                running=running,
                configuration=Unlike((), refused_at, wrong),
                sick=_sick(journal),
            )
    except (Ended, SQLAlchemyError):
        return None


def _sick(journal: Journal) -> str:
    blobs = journal.blobs
    return f"{blobs.sick} (look at the disk, then: rm {blobs.mark})" if blobs.sick else ""


def _looked_at(context: Context, settings: Settings) -> _Standing:
    now, asked = context.now(), _asked(settings)
    office = Office(settings)
    with context.journal() as journal:
        running = is_running(journal.blobs.directory)
        configuration = unlike(settings) if running else None
        with journal.read() as tx:
            wrong = causes(Look(office, journal, tx, asked, now, running))
            counts = entries.counts(tx)  # walks through the journal: once
            partners, boxes, alone = _partners(tx, _modes(settings)), _mailboxes(tx), left_alone(tx, settings)
            troubled = [entry_row(entry) for entry in entries.troubled(tx, 5)]
            scanner = scans.pause(tx) if settings.antivirus.enabled else None
            unsettled, contradictions = _unsettled(tx, context), events.contradicted(tx)
        sick = _sick(journal)
        overdue = overdue_now(journal, office, now)
    return _Standing(
        causes=as_remembered(wrong, load(journal.blobs.directory)),
        queues=_queues(counts),
        reasons=_reasons(counts),
        mailboxes=boxes,
        partners=partners,
        troubled=troubled,
        unsettled=unsettled,
        circuits=alone,
        scanner=scanner,
        overdue=overdue,
        contradictions=contradictions,
        lacking=[finding_row(finding) for finding in asked.lacking],
        running=running,
        configuration=configuration,
        sick=sick,
    )


# --- for people -----------------------------------------------------------------------------------------------------


def _print(standing: _Standing) -> None:
    print_causes(standing.causes)
    click.echo("the service runs" if standing.running else "the service DOES NOT RUN")
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


def _asked(settings: Settings) -> EdmsLook:
    """Ask the EDMS what people must prepare in it, or hear why it does not answer."""
    from gateway.build import SystemClock, edms_of

    try:
        system = edms_of(settings, SystemClock())
        try:
            return EdmsLook(lacking=tuple(system.lacking()))
        finally:
            system.close()
    except Exception as error:  # an edge: an adapter may raise anything, and the journal's side is shown all the same
        return EdmsLook(words=f"{type(error).__name__}: {error}".splitlines()[0][:300])


def _queues(counts: entries.Counts) -> list[Row]:
    return [
        {"direction": place[0], "state": place[1], "letters": letters, "oldest": counts.oldest.get(place)}
        for place, letters in counts.by_state.items()
    ]


def _reasons(counts: entries.Counts) -> list[Row]:
    by_reason = counts.by_reason.items()
    return [{"state": state, "reason": reason, "letters": letters} for (state, reason), letters in by_reason]


def _modes(settings: Settings) -> dict[PartnerId, str]:
    return {PartnerId(partner.id): partner.mode for partner in settings.partners}


def _partners(tx: Connection, modes: Mapping[PartnerId, str]) -> list[Row]:
    """Return every partner that the configuration names, here with its mode, or that there was traffic with."""
    traffic = {one.partner: one for one in entries.partners(tx)}
    silent = PartnerTraffic(PartnerId(""), None, None, 0, 0, 0)
    found = [(name, traffic.get(name, silent)) for name in sorted({*modes, *traffic})]
    return [
        {
            "partner": name,
            "mode": modes.get(name),  # None: it is a partner no more
            "heard_at": one.heard_at,
            "sent_at": one.sent_at,
            "queued": one.queued,
            "failed": one.failed,
            "parked": one.parked,
        }
        for name, one in found
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
