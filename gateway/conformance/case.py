# SPDX-License-Identifier: GPL-3.0-or-later
"""A case as a value and as a folder: letters, and in `case.json` what must come of them.

sev/mime/nested/case.json     what it is, what is sent, what is expected
                1.eml         the letter of step 1, byte for byte
sev/sender/forwarded/1.xml    a report on a document of theirs: ids of that document stand as @UID@ and the like
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

CASE_FILE = "case.json"


@dataclass(frozen=True, slots=True)
class Told:
    """One report that must come."""

    tells: str  # "received", "registered", "refused", "edited": an event kind of docs/protocol.md
    code: int | None = None  # of a refusal; None: any
    place: str = ""  # of a refusal: what stands in its place; empty: anything


@dataclass(frozen=True, slots=True)
class Step:
    """One letter, and what must come of it."""

    letter: bytes  # of a receiver's case: the letter; of a sender's: the passport of a report
    outcome: str  # "registered", "refused", "waiting", "parked", "duplicate", "resend", "noted", "ignored"
    reports: tuple[Told, ...] = ()  # in order; empty: they hear nothing
    envelope_sender: str = ""
    letter_id: str = ""  # the Message-ID, without angle brackets; empty: it has none
    return_id: str = ""  # what answers quote; empty: whatever they can make out
    uid: str = ""
    number: str = ""  # of the document; empty: it is in no letter
    files: tuple[str, ...] = ()  # the SHA-256 of what must lie on its card
    reason: str = ""  # why it is parked, waits or is refused, a word of docs/states.md; empty: not said
    # of a sender's case: the facts that it puts on their card, with a number when that counts ("registered ВХ-1"), or
    # that it must not put there ("no renumbered")
    events: tuple[str, ...] = ()
    sent_at: datetime | None = None  # of a sender's case: when the report says it was made


@dataclass(frozen=True, slots=True)
class Case:
    """One situation, in one dialect."""

    name: str  # "sev/mime/nested": also its folder
    title: str
    steps: tuple[Step, ...]
    dialect: str = "sev"
    role: str = "receiver"  # what the gateway under test is: "receiver", or "sender" of the document
    alone: bool = False  # its answers may name nothing: no other such case runs at the same time
    document: int = 0  # of a sender's case: on which of their documents, from 1
    source: str = ""  # where it stands what must come of it: a clause, a page
    checks: tuple[str, ...] = field(default=())  # of a sender's case: what their document must be, see `judging`


# --- as folders ---------------------------------------------------------------------------------------------------


def write(cases: Iterable[Case], folder: Path) -> int:
    """Write each case into a folder of its own below *folder*; return how many.  The same cases give the same bytes."""
    written = list(cases)
    for case in written:
        home = folder / case.name
        home.mkdir(parents=True, exist_ok=True)
        for name, data in files(case).items():
            (home / name).write_bytes(data)
    return len(written)


def files(case: Case) -> Mapping[str, bytes]:
    """Return what the folder of *case* holds, by name."""
    ending = "xml" if case.role == "sender" else "eml"
    letters = {f"{place}.{ending}": step.letter for place, step in enumerate(case.steps, 1)}
    said = {
        "title": case.title,
        "dialect": case.dialect,
        "role": case.role,
        **({"source": case.source} if case.source else {}),
        **({"alone": True} if case.alone else {}),
        **({"document": case.document} if case.document else {}),
        **({"checks": list(case.checks)} if case.checks else {}),
        "steps": [_step(name, step) for name, step in zip(letters, case.steps, strict=True)],
    }
    text = json.dumps(said, ensure_ascii=False, indent=2) + "\n"
    return {CASE_FILE: text.encode(), **letters}


def _step(letter: str, step: Step) -> dict[str, object]:
    said = {name: getattr(step, name) for name in ("envelope_sender", "letter_id", "return_id", "uid", "number")}
    said["sent_at"] = step.sent_at.isoformat() if step.sent_at else ""
    expected: dict[str, object] = {"outcome": step.outcome}
    if step.reason:
        expected["reason"] = step.reason
    if step.files:
        expected["files"] = list(step.files)
    if step.events:
        expected["events"] = list(step.events)
    expected["reports"] = [_told(told) for told in step.reports]
    return {"letter": letter, **{key: value for key, value in said.items() if value}, "expected": expected}


def _told(told: Told) -> dict[str, object]:
    said: dict[str, object] = {"tells": told.tells}
    if told.code is not None:
        said["code"] = told.code
    if told.place:
        said["place"] = told.place
    return said


def read(folder: Path) -> tuple[Case, ...]:
    """Return the cases in *folder*, by name; raises ValueError naming the file that is none."""
    return tuple(_read(file, folder) for file in sorted(folder.rglob(CASE_FILE)))


def _read(file: Path, folder: Path) -> Case:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        steps = tuple(_read_step(one, file.parent) for one in said["steps"])
        return Case(
            name=file.parent.relative_to(folder).as_posix(),
            title=said["title"],
            steps=steps,
            dialect=said["dialect"],
            role=said["role"],
            alone=said.get("alone", False),
            document=said.get("document", 0),
            source=said.get("source", ""),
            checks=tuple(said.get("checks", ())),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ValueError(f"{file}: no case: {error!r}") from error


def _read_step(said: dict[str, Any], home: Path) -> Step:  # Any: JSON
    expected = said["expected"]
    return Step(
        letter=(home / Path(said["letter"]).name).read_bytes(),
        outcome=expected["outcome"],
        reports=tuple(Told(**told) for told in expected["reports"]),
        envelope_sender=said.get("envelope_sender", ""),
        letter_id=said.get("letter_id", ""),
        return_id=said.get("return_id", ""),
        uid=said.get("uid", ""),
        number=said.get("number", ""),
        reason=expected.get("reason", ""),
        files=tuple(expected.get("files", ())),
        events=tuple(expected.get("events", ())),
        sent_at=datetime.fromisoformat(said["sent_at"]) if said.get("sent_at") else None,
    )
