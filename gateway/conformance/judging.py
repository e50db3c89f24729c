# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what came is what had to come: the verdict on one case, from what was heard and what was expected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.conformance.answers import Heard
from gateway.conformance.case import Case, Step, Told
from gateway.conformance.ground import Ground
from gateway.model import Event, Number, folded

NOT = "no "  # before a fact that must not come onto a card


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    case: Case
    complaints: tuple[str, ...]  # empty: it passed
    notes: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()  # what came, in order
    seconds: float = 0.0
    story: tuple[str, ...] = ()  # what was sent and what came, in order
    played: bool = True  # False: the run was stopped before

    @property
    def passed(self) -> bool:
        return self.played and not self.complaints


@dataclass(frozen=True, slots=True)
class _Due:
    """One report that must come."""

    step: Step
    told: Told


def complaints(case: Case, heard: Sequence[Heard], *, strict: bool) -> tuple[list[str], list[str]]:
    """Return what is wrong with what was *heard* of *case*, and what is only noted.

    Without *strict* a refusal may have any code and name any place: those of other products are their own.
    """
    due = [_Due(step, told) for step in case.steps for told in step.reports]
    wrong: list[str] = []
    notes: list[str] = []
    numbers: dict[tuple[str, str], Number] = {}
    for one in heard:
        found = _met(due, one)
        if found is not None:
            due.remove(found)
            (wrong if strict else notes).extend(_refusal_faults(found.told, one))
        elif not _is_news(one, numbers):
            wrong.append(f"nobody asked for “{one.tells}”" + _of(one))
        wrong.extend(_number_faults(one, _uid(case, one), numbers))
        wrong.extend(_about_faults(case, one))
        wrong.extend(one.wrong)
        notes.extend(one.odd)
    wrong.extend(f"“{missing.told.tells}” never came" for missing in due)
    return wrong, notes


def _met(due: Sequence[_Due], heard: Heard) -> _Due | None:
    """Return which expectation *heard* meets: the next one of a step, when it quotes that step's return id."""
    said = heard.message.return_id if heard.message else ""
    seen: list[Step] = []
    for one in due:
        if any(one.step is step for step in seen):
            continue  # reports of one step come in order: an earlier one is still due
        seen.append(one.step)
        # MEDO before 2.6 names the document alone
        quoted = said in ("", "unknown", one.step.uid) or not one.step.return_id or said == one.step.return_id
        if quoted and one.told.tells == heard.tells:
            return one
    return None


def _is_news(heard: Heard, numbers: Mapping[tuple[str, str], Number]) -> bool:
    """Say whether *heard* only tells more of what stands registered already."""
    if heard.report is None or heard.tells in ("received", "refused", "edited"):
        return False
    return (any(to == heard.recipient for to, _ in numbers) and heard.report.fact is not None) or (
        heard.number is not None
        and heard.number in numbers.values()
        and bool(heard.report.forwardings or heard.report.considerations or heard.report.answers)
    )


def _uid(case: Case, heard: Heard) -> str:
    """Return the uid of the document that *heard* is about: some standards name it by the return id alone."""
    said = heard.message.return_id if heard.message else ""
    known = (step.uid for step in case.steps if step.return_id == said)
    return next(known, heard.report.about.uid if heard.report else "")


def _number_faults(heard: Heard, uid: str, numbers: dict[tuple[str, str], Number]) -> list[str]:
    """A document has one number, however often it is told; each side of the kit and each uid on its own."""
    if heard.number is None or heard.report is None:
        return []
    if not heard.number.text or heard.number.date is None:
        return ["a registration without a number or a date"]
    key = (heard.recipient, uid)
    first = numbers.setdefault(key, heard.number)
    return [] if first == heard.number else [f"registered as {first.text}, and again as {heard.number.text}"]


NO_NUMBER = "б/н"  # of a document whose number could not be read


def _about_faults(case: Case, heard: Heard) -> list[str]:
    """A report names the document by the number its sender gave it, and the registration by another one."""
    ours = {step.number for step in case.steps if step.number}
    named = heard.report.about.number.text if heard.report else ""
    found = [f"the document is called {named}"] if ours and named not in (*ours, "", NO_NUMBER) else []
    if heard.number is not None and heard.number.text in ours:
        found.append(f"registered under the number of its sender, {heard.number.text}")
    return found


def _refusal_faults(told: Told, heard: Heard) -> list[str]:
    refusal = heard.report.refusal if heard.report else None
    if refusal is None:
        return []
    found = []
    if told.code is not None and refusal.code != told.code:
        found.append(f"refused with code {refusal.code}, not {told.code}")
    if told.place and told.place not in refusal.place:
        found.append(f"refused at “{refusal.place}”, not at “{told.place}”")
    return found if refusal.text.strip() else [*found, "a refusal without words"]


def _of(heard: Heard) -> str:
    refusal = heard.report.refusal if heard.report else None
    return f": {refusal.code} {refusal.text.strip()[:120]} {refusal.place}" if refusal else ""


# --- their card ---------------------------------------------------------------------------------------------------


def card_faults(step: Step, facts: Sequence[Event]) -> list[str]:
    """Return which facts the report of *step* put on their card, or did not put there, against expectation."""
    here = [one for one in facts if step.sent_at is None or one.told_at == step.sent_at]
    said = {f"{one.kind.value} {one.number.text}" for one in here if one.number} | {one.kind.value for one in here}
    found = [f"“{name}” is not on the card" for name in step.events if not name.startswith(NOT) and name not in said]
    refused = (name.removeprefix(NOT) for name in step.events if name.startswith(NOT))
    return found + [f"“{name}” is on the card" for name in refused if name in said]


# --- documents of theirs ------------------------------------------------------------------------------------------


def _schema(heard: Heard, ground: Ground) -> str:
    faults = [one.text for one in heard.reading.problems if one.code == "schema"] if heard.reading else []
    return "; ".join(faults)


def _ids(heard: Heard, ground: Ground) -> str:
    message, document = heard.message, heard.document
    if message is None or document is None:
        return "no message"
    lacking = {"message id": message.id, "return id": message.return_id, "uid": document.uid}
    return ", ".join(f"no {name}" for name, value in lacking.items() if not value or value == "unknown")


def _sender(heard: Heard, ground: Ground) -> str:
    index = heard.message.sender.index if heard.message else ""
    return "" if folded(index) == folded(ground.theirs.wire) else f"the sender is “{index}”"


def _recipient(heard: Heard, ground: Ground) -> str:
    named = [party.index for party in heard.message.recipients] if heard.message else []
    ours = {folded(side.wire) for side in ground.ours_all}
    return "" if any(folded(index) in ours for index in named) else f"the recipients are {named}"


def _number(heard: Heard, ground: Ground) -> str:
    number = heard.document.number if heard.document else Number()
    return "" if number.text and number.date else "no number or no date"


def _author(heard: Heard, ground: Ground) -> str:
    return "" if heard.document and heard.document.authors else "no author"


def _files(heard: Heard, ground: Ground) -> str:
    files = heard.document.files if heard.document else ()
    absent = [file.name for file in files if file.sha256 is None]
    return ("; ".join(f"{name} did not come" for name in absent) if files else "no files") if heard.document else "none"


def _letter(heard: Heard, ground: Ground) -> str:
    if heard.sender.casefold() != ground.theirs.address.casefold():
        return f"it is from “{heard.sender}”"
    return "; ".join(one for one in heard.wrong if one.startswith("the letter"))


def _readable(heard: Heard, ground: Ground) -> str:
    return "; ".join(heard.wrong) or ("" if heard.document else "no document")


CHECKS: Mapping[str, Callable[[Heard, Ground], str]] = {
    "readable": _readable,
    "schema": _schema,
    "ids": _ids,
    "sender": _sender,
    "recipient": _recipient,
    "number": _number,
    "author": _author,
    "files": _files,
    "letter": _letter,
}


def faults_of(case: Case, documents: Sequence[Heard], ground: Ground) -> list[str]:
    """Return what the checks of *case* find in the documents that came."""
    found = [fault for name in case.checks for one in documents if (fault := CHECKS[name](one, ground))]
    if "ids" in case.checks:
        for what in ("id", "return_id"):
            said = [getattr(one.message, what) for one in documents if one.message]
            found += [f"two messages have one {what}"] if len(set(said)) < len(said) else []
    return found
