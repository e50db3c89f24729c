# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries and attempts as rows: stable keys for programs (docs/operating.md), columns for people."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from sqlalchemy import Connection

from gateway.cli.context import PROBLEMS, Ended
from gateway.cli.output import Row, local, plain, printable
from gateway.inbound.fixing import called
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry
from gateway.journal.scans import Scan
from gateway.journal.values import from_json
from gateway.model import Party
from gateway.ports import Finding

COLUMNS_IN = ("id", "created_at", "reason", "partner", "detail")
COLUMNS_OUT = (
    *("id", "created_at", "state", "held", "kind", "office", "partner", "recipient", "attempts", "not_before"),
    "delivery",
    "words",
)


def entry_row(entry: Entry) -> Row:
    """Return *entry* under its stable keys."""
    return {
        "id": entry.id,
        "direction": entry.direction,
        "state": entry.state,
        "kind": entry.kind,
        "created_at": entry.created_at,
        "concluded_at": entry.concluded_at,
        "channel": entry.channel,
        "office": entry.office or None,
        "partner": entry.partner,
        "exchange": entry.exchange,
        "message_id": entry.message_id or None,
        "rfc_message_id": entry.rfc_message_id or None,
        "envelope_sender": entry.envelope_sender,
        "recipient": entry.recipient or None,
        "size": entry.size,
        "reason": entry.reason,
        "detail": entry.detail or None,
        "place": entry.place or None,
        "attempts": entry.attempts,
        "not_before": entry.not_before,
        "held": entry.held,
        "sent_at": entry.sent_at,
        "ambiguous_since": entry.ambiguous_since,
        "delayed_since": entry.delayed_since,
        "delivered_at": entry.delivered_at,
        "words": entry.words or None,
    }


def delivery_of(entry: Entry) -> str:
    """Return in words what is known of a letter's arrival beside its state; empty: nothing."""
    said = []
    if entry.ambiguous_since is not None:
        said.append(f"perhaps delivered ({local(entry.ambiguous_since)})")
    if entry.delayed_since is not None:
        said.append(f"delayed on the way since {local(entry.delayed_since)}")
    if entry.delivered_at is not None:
        said.append(f"in the mailbox ({local(entry.delivered_at)})")
    return ", ".join(said)


def for_people(entry: Entry) -> Row:
    """Return *entry* with what people read of its delivery."""
    return {**entry_row(entry), "delivery": delivery_of(entry) or None}


def act_row(act: entries.Act) -> Row:
    """Return what an operator did; of a fix also what was decided."""
    return {
        "at": act.at,
        "act": act.act,
        "who": act.who,
        "why": act.why,
        "accepts": act.accepts or None,
        "addressee": act.addressee or None,
        "instead": called(from_json(Party, act.instead)) if act.instead else None,
    }


def scan_row(scan: Scan) -> Row:
    """Return what a scanner said of one file."""
    return {
        "at": scan.at,
        "file": scan.name or None,
        "sha256": scan.sha256,
        "size": scan.size,
        "verdict": scan.verdict,
        "signature": scan.signature or None,
        "engine": scan.engine or None,
    }


def scan_words(row: Row) -> str:
    """Return in words what a scanner said of one file."""
    said = " ".join(str(plain(row[key])) for key in ("verdict", "signature") if row[key])
    by = f" ({row['engine']})" if row["engine"] else ""
    return f"file {row['file'] or str(row['sha256'])[:8]}: {said}{by}"


def attempt_row(attempt: entries.Attempt) -> Row:
    return {
        "at": attempt.at,
        "outcome": attempt.outcome,
        "phase": attempt.phase,
        "code": attempt.code,
        "words": attempt.words,
    }


def finding_row(finding: Finding) -> Row:
    """Return *finding* of an EDMS under its stable keys."""
    return {
        "ok": finding.ok,
        "level": finding.level,
        "place": finding.place,
        "what": finding.what,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }


def finding_words(row: Row) -> str:
    """Return a finding for people: where and what on one line, the remedy below."""
    place, level = str(row["place"]), row["level"]
    here = f"{Path.cwd()}/"
    said = ": ".join(str(part) for part in (place.removeprefix(here), row["what"], row["detail"]) if part)
    remedy = f"\n        {row['remedy']}" if row["remedy"] else ""
    return f"{level:<7} {printable(said)}{remedy}"


@contextmanager
def acting() -> Iterator[None]:
    """End the command in words when an act is not possible in the letter's present state."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise Ended(str(error), PROBLEMS) from error


def found(tx: Connection, number: int, direction: Direction) -> Entry:
    """Return entry *number*; ends the command when there is none in this direction."""
    entry = entries.get(tx, number)
    if entry is None or entry.direction is not direction:
        raise Ended(f"there is no {'incoming' if direction is Direction.IN else 'outgoing'} letter {number}", PROBLEMS)
    return entry


def who(command: Callable[..., Any], *, required: bool = True) -> Callable[..., Any]:
    """Ask who acts and why: every act of an operator is recorded."""
    unsaid: Any = {} if required else {"default": ""}  # Any: option's own; a default of None would count as said
    why = click.option("--why", required=required, callback=_said, help="The reason, for the record.", **unsaid)
    by = click.option("--by", default=getpass.getuser, callback=_said, help="Who acts, for the record.")
    return by(why(command))


def _said(context: click.Context, option: click.Parameter, value: str) -> str:
    """Return what was typed; nothing but blanks is none, and a usage error as if the option were missing."""
    typed = context.get_parameter_source(option.name or "") is not ParameterSource.DEFAULT
    if typed and not value.strip():
        raise click.BadParameter("say it in words: it is kept for the record", param=option)
    return value.strip()
