# SPDX-License-Identifier: GPL-3.0-or-later
"""One change in the text of a passport that its dialect wrote: what a table of one standard's mistakes is made of."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.making import Maker, NothingToChange
from gateway.conformance.situations.passports import Change, body_of, changed, same, utf8
from gateway.errors import Reason
from gateway.model import Message

Steps = Callable[[Maker], list[Step]]


def put(*pairs: tuple[str, str]) -> Change:
    """Return a change that puts the second of each pair for the first match of the first, which must be there."""

    def change(body: str) -> bytes:
        for pattern, instead in pairs:
            body, count = re.subn(pattern, instead, body, count=1, flags=re.DOTALL)
            if not count:
                raise NothingToChange(f"the passport has no {pattern}")
        return utf8(body)

    return change


def without(pattern: str, instead: str = "") -> Change:
    return put((pattern, instead))


def lacking(pattern: str, place: str, instead: str = "", reason: Reason = Reason.MISSING_FIELD) -> Steps:
    """Return the steps of a passport without something it must have; *place* is where SEV's refusal points."""
    return lambda make: [make.refused(make.message(), changed(make, without(pattern, instead)), reason, place)]


def noted(pattern: str, instead: str = "") -> Steps:
    """Return the steps of a passport with a mistake that is understood: the document is registered."""
    return same(without(pattern, instead))


def denied(change: Change, code: int, reason: Reason = Reason.MISSING_FIELD, *, received: bool = False) -> Steps:
    """Return the steps of a passport that is refused with the standard's own *code*, as a partner hears it."""
    return lambda make: [make.refused(make.message(), changed(make, change), reason, received=received, code=code)]


def of(message: Callable[[Maker], Message], change: Change, **expected: object) -> Steps:
    """Return the steps of *message*, which is not the plain one, after *change*."""

    def steps(make: Maker) -> list[Step]:
        said = message(make)
        parcel = make.parcel(said)
        data = make.letter(said, replace(parcel, passport=change(body_of(parcel.passport))))
        return [make.step(said, data, **expected)]  # type: ignore[arg-type]  # what `Maker.step` takes

    return steps


def instead_of_it(passport: str, reason: Reason = Reason.UNSUPPORTED) -> Steps:
    """Return the steps of a letter with another *passport*, which is known by name and laid aside."""

    def steps(make: Maker) -> list[Step]:
        parcel = replace(make.parcel(make.message()), passport=utf8(passport))
        data = make.letter(make.message(), parcel)
        return [make.step(make.message(), data, outcome="parked", reports=(), reason=reason)]

    return steps


def with_files(change: Callable[[str], str], *, passport: Change | None = None, **expected: object) -> Steps:
    """Return the steps of a letter whose files come under other names than the passport says."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        parcel = make.parcel(message)
        body = passport(body_of(parcel.passport)) if passport else parcel.passport
        beside = tuple((change(name), data) for name, data in parcel.beside)
        data = make.letter(message, replace(parcel, passport=body, beside=beside))
        return [make.step(message, data, **expected)]  # type: ignore[arg-type]  # what `Maker.step` takes

    return steps


def bringing(*files: tuple[str, bytes], passport: Change | None = None, drop: bool = False) -> Steps:
    """Return the steps of a letter with further *files*; with *drop* they come instead of its own."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        parcel = make.parcel(message)
        body = passport(body_of(parcel.passport)) if passport else parcel.passport
        beside = (*(() if drop else parcel.beside), *files)
        return [make.step(message, make.letter(message, replace(parcel, passport=body, beside=beside)))]

    return steps


def failing(steps: Steps, reason: Reason, code: int) -> Steps:
    """Return *steps* whose one letter is refused instead."""

    def changed_steps(make: Maker) -> Sequence[Step]:
        (step,) = steps(make)
        return [make.refused(make.message(), step.letter, reason, code=code)]

    return lambda make: list(changed_steps(make))
