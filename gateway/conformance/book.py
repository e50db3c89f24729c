# SPDX-License-Identifier: GPL-3.0-or-later
"""All cases of a ground: each situation, in the dialect of the ground."""

from dataclasses import replace
from fnmatch import fnmatchcase

from gateway.conformance.case import Case
from gateway.conformance.ground import Ground
from gateway.conformance.making import Maker, NothingToChange, Situation, is_newest
from gateway.conformance.situations import (
    apart,
    archives,
    containers,
    contents,
    documents,
    gost2010,
    gost2010_files,
    medo,
    medo_files,
    mime,
    odd_reports,
    passports,
    repeats,
    rules,
    sender,
    sev,
    smdo,
    smdo_files,
    sources,
    trust,
)
from gateway.errors import Refused

SITUATIONS: tuple[Situation, ...] = (
    *documents.SITUATIONS,
    *contents.SITUATIONS,
    *passports.SITUATIONS,
    *mime.SITUATIONS,
    *archives.SITUATIONS,
    *apart.SITUATIONS,
    *repeats.SITUATIONS,
    *trust.SITUATIONS,
    *rules.SITUATIONS,
    *sev.SITUATIONS,
    *gost2010.SITUATIONS,
    *gost2010_files.SITUATIONS,
    *smdo.SITUATIONS,
    *smdo_files.SITUATIONS,
    *medo.SITUATIONS,
    *medo_files.SITUATIONS,
    *containers.SITUATIONS,
)


def cases(ground: Ground) -> tuple[Case, ...]:
    """Return every case of *ground*; the same ground gives the same bytes."""
    fitting = ((place, situation) for place, situation in enumerate(SITUATIONS, 1) if situation.fits(ground))
    received = (case for place, situation in fitting if (case := _case(ground, situation, place)) is not None)
    place = len(SITUATIONS) + 1
    made = (*received, *sender.cases(ground, place), *odd_reports.cases(ground, place))
    return tuple(replace(case, source=sources.of(case.name)) for case in made)


def chosen(found: tuple[Case, ...], patterns: tuple[str, ...]) -> tuple[Case, ...]:
    """Return the cases whose name fits one of *patterns*; without patterns: all.

    A pattern is a name, with or without its standard, and then no other case fits it; else it is one such as
    "sev/mime/*", or a part of names.
    """
    if not patterns:
        return found
    names = {pattern for one in found for pattern in patterns if pattern in _names(one)}
    parts = [pattern for pattern in patterns if pattern not in names]
    return tuple(
        one
        for one in found
        if not names.isdisjoint(_names(one)) or any(fnmatchcase(one.name, part) or part in one.name for part in parts)
    )


def _names(one: Case) -> tuple[str, str]:
    return one.name, one.name.partition("/")[2]


def _case(ground: Ground, situation: Situation, place: int) -> Case | None:
    """Return the case of *situation*; None when the standard, or this older version of it, has no message for it."""
    name = f"{ground.dialect}/{situation.name}"
    try:
        steps = tuple(situation.steps(Maker(ground, situation.name, place)))
    except Refused:
        return None
    except NothingToChange:
        if is_newest(ground):
            raise
        return None
    return Case(name, situation.title, steps, ground.dialect, alone=situation.alone)
