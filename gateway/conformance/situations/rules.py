# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals by receive rule: what docs/conformance.md asks to agree with the strict side of the kit."""

from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.making import Maker, Situation, situations
from gateway.errors import Reason
from gateway.model import DocumentType, DraftState, Party, Person

Given = Callable[[Maker], dict[str, object]]


def refused(given: Given, reason: Reason, place: str = "") -> Callable[[Maker], list[Step]]:
    """Return the steps of a document of the strict side with the fields *given*: it came, and it is refused."""

    def steps(make: Maker) -> list[Step]:
        message = make.from_strict(make.telling(make.document(**given(make))))
        return [make.refused(message, None, reason, place, received=True, side=make.ground.strict)]

    return steps


def registered(given: Given) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        message = make.from_strict(make.message(make.document(**given(make))))
        return [make.step(message, side=make.ground.strict)]

    return steps


def _nobody(make: Maker) -> Party:
    return replace(make.organisation(make.ground.theirs), person=Person("Неведомский Ю. Ю."))


def _draft(make: Maker) -> dict[str, object]:
    return {"type": DocumentType.DRAFT, "draft": DraftState("at_sight", 1, make.id("version"))}


STRICT = {
    "plain": ("What obeys the strict rules is registered.", registered(lambda make: {})),
    "no-files": ("A document without files is refused.", refused(lambda m: {"files": ()}, Reason.MISSING_FILE)),
    "bad-file": (
        "A file of another kind is refused.",
        refused(lambda m: {"files": (m.file(), m.file("program.exe"))}, Reason.BAD_FILE),
    ),
    "large-file": (
        "A file beyond the agreed size is refused.",
        refused(lambda m: {"files": (m.file("large.txt", b"x" * (65 << 10)),)}, Reason.BAD_FILE),
    ),
    "unknown-addressee": (
        "An unknown addressee is refused.",
        refused(lambda m: {"addressees": (_nobody(m),)}, Reason.UNKNOWN_ADDRESSEE),
    ),
    "draft": ("A draft is refused.", refused(_draft, Reason.NOT_ALLOWED)),
}

SITUATIONS: tuple[Situation, ...] = situations("strict", STRICT, needs="strict")
