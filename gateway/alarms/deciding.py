# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to call about what: pure, from the causes, what is remembered, and the moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from gateway.alarms.memory import Memory, Standing
from gateway.causes import Cause
from gateway.settings import AlarmSettings

UNHEARD = timedelta(minutes=5)  # LIMIT: until it is tried again when no way worked


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to tell."""

    alarm: Literal["wrong", "over", "test"]
    key: str
    what: str
    since: datetime | None = None
    words: str = ""
    remedy: str = ""


def noted(memory: Memory, causes: Iterable[Cause], now: datetime, *, complete: bool = True) -> Memory:
    """Return what is remembered when *causes* are all that is wrong: since when each is, and what is over.

    When they are not *complete*, because nobody could look, what was wrong before is not over.
    """
    wrong = {cause.key: cause for cause in causes}
    standing = {key: _seen(memory.standing.get(key), cause, now) for key, cause in wrong.items()}
    for key, one in memory.standing.items():
        if key not in wrong and not complete:
            standing[key] = one
        elif key not in wrong and (one.called or (one.quiet_until and one.quiet_until > now)):
            standing[key] = replace(one, since=None)
    return replace(memory, looked_at=now, standing=standing)


def _seen(before: Standing | None, cause: Cause, now: datetime) -> Standing:
    if before is None:
        return Standing(cause.what, cause.since or now)
    return replace(before, what=cause.what, since=cause.since or before.since or now, over_again=None)


def calls(memory: Memory, causes: Iterable[Cause], now: datetime, rules: AlarmSettings) -> tuple[Call, ...]:
    """Return what to tell now: what is serious and has lasted, unless it was told lately; and what is over."""
    over = [Call("over", key, one.what) for key, one in memory.standing.items() if _ended(one, now)]
    wrong = [_call(cause, memory.standing[cause.key]) for cause in causes if _due(cause, memory.standing, now, rules)]
    return (*over, *wrong)


def _ended(one: Standing, now: datetime) -> bool:
    """Say whether its end is to be told now: at once, and at most once in a while when nobody hears it."""
    return one.called and one.since is None and (one.over_again is None or now >= one.over_again)


def _due(cause: Cause, standing: Mapping[str, Standing], now: datetime, rules: AlarmSettings) -> bool:
    one = standing[cause.key]
    if not cause.serious or one.since is None or now - one.since < rules.after:
        return False
    return one.quiet_until is None or now >= one.quiet_until


def _call(cause: Cause, standing: Standing) -> Call:
    return Call("wrong", cause.key, cause.what, standing.since, cause.words, cause.remedy)


def told(memory: Memory, call: Call, now: datetime, rules: AlarmSettings, *, heard: bool) -> Memory:
    """Return what is remembered after *call*; when nobody *heard* that it is wrong, it is tried again soon."""
    standing = dict(memory.standing)
    one = standing[call.key]
    if call.alarm == "wrong":
        quiet = now + (rules.again if heard else min(rules.again, UNHEARD))
        standing[call.key] = replace(one, quiet_until=quiet, called=one.called or heard)
    elif heard:
        standing[call.key] = replace(one, called=False, over_again=None)
    else:
        standing[call.key] = replace(one, over_again=now + rules.again)
    return replace(memory, standing=standing)


def as_remembered(causes: Iterable[Cause], memory: Memory) -> tuple[Cause, ...]:
    """Return *causes* with what only the memory knows: since when, and which ways of calling somebody do not work."""
    known = {key: one.since for key, one in memory.standing.items()}
    known["service"] = memory.looked_at
    found = [cause if cause.since else replace(cause, since=known.get(cause.key)) for cause in causes]
    return (*found, *failing(memory))


def failing(memory: Memory) -> tuple[Cause, ...]:
    """Return the ways of calling somebody that failed when they were used last."""
    return tuple(
        Cause(f"alarm:{way}", f"nobody could be called by {way}", None, words, "edms-gateway alarm test")
        for way, words in memory.failed.items()
    )
