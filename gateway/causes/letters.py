# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that lie where a person must look: parked, failed, tried in vain, perhaps delivered, before a person."""

from collections.abc import Iterator
from datetime import datetime

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.doors import Posts
from gateway.errors import Reason
from gateway.journal import circuits, entries, scans
from gateway.journal.entries import Direction, Entry, State
from gateway.outbound.circuits import names_of
from gateway.screening import DOWN

MOST = 100  # LIMIT: letters tried in vain that are looked at


def letters(look: Look) -> Iterator[Cause]:
    yield from _in_vain(look)
    yield from _piles(look)
    yield from _unsettled(look)
    number, oldest = entries.held(look.tx)
    if number:
        remedy = "edms-gateway queue list; edms-gateway queue release N --why …"
        yield Cause("held", f"{_number(number)} held back until released", oldest, "", remedy, serious=False)


_WAY = {  # of a state: what is said of it, what to type, whether somebody is called
    State.PARKED: ("parked", "edms-gateway quarantine list", True),
    State.FAILED: ("not delivered", "edms-gateway queue list --state failed", True),
    State.WAITING: ("before a person in the EDMS", "edms-gateway quarantine list --waiting", False),
}

_DIRECTORIES = ("to be applied or declined by an administrator", "edms-gateway directory received", False)


def _piles(look: Look) -> Iterator[Cause]:
    """One cause for each state and reason, whosever the letters are."""
    numbers: dict[tuple[State, str], tuple[int, datetime]] = {}
    for pile in entries.piles(look.tx, _WAY):
        if pile.reason is Reason.OBSERVED:
            continue  # nothing is wrong: of that partner letters are only looked at
        place = (pile.state, pile.reason.value if pile.reason else "")
        number, oldest = numbers.get(place, (0, pile.oldest))
        numbers[place] = (number + pile.letters, min(oldest, pile.oldest))
    for (state, reason), (number, oldest) in numbers.items():
        said, remedy, serious = _DIRECTORIES if reason == Reason.DIRECTORY.value else _WAY[state]
        what = f"{_number(number)} {said}" + (f": {reason}" if reason else "")
        yield Cause(f"{state.value}:{reason}".rstrip(":"), what, oldest, "", remedy, serious)


def _in_vain(look: Look) -> Iterator[Cause]:
    """Letters that are tried again and again; what waits for a relay or for the scanner is told with that."""
    alone = {one.name for one in circuits.stand(look.tx)}
    posts = Posts(look.settings)
    tried = entries.troubled(look.tx, MOST)
    coming = [entry for entry in tried if entry.direction is Direction.IN]
    if scans.pause(look.tx) is not None:
        coming = [entry for entry in coming if not entry.detail.startswith(DOWN)]
    going = [entry for entry in tried if entry.direction is Direction.OUT]
    going = [entry for entry in going if alone.isdisjoint(names_of(posts.relay_of(entry), entry.lane))]
    if coming:
        yield _vain("in", "that came cannot be worked on", "edms-gateway quarantine show", coming)
    if going:
        yield _vain("out", "could not be sent so far", "edms-gateway queue show", going)


def _vain(way: str, said: str, command: str, tried: list[Entry]) -> Cause:
    first = tried[0]
    remedy = f"{command} {first.id}; they are tried again by themselves"
    what = f"{_number(len(tried))} {said}"
    return Cause(f"in-vain:{way}", what, first.created_at, first.words or first.detail, remedy)


def _unsettled(look: Look) -> Iterator[Cause]:
    found = entries.unsettled(look.tx, look.now)
    remedy = "edms-gateway queue list --state queued --state failed --state sent"
    if found.ambiguous:
        what = f"{_number(found.ambiguous)} perhaps delivered: the server took it and did not answer"
        yield Cause("ambiguous", what, found.ambiguous_oldest, "", remedy, serious=False)
    if found.delayed:
        what = f"{_number(found.delayed)} delayed on the way"
        yield Cause("delayed", what, found.delayed_oldest, "", remedy, serious=False)


def _number(letters: int) -> str:
    return f"{letters} letter" if letters == 1 else f"{letters} letters"
