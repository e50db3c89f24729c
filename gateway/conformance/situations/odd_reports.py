# SPDX-License-Identifier: GPL-3.0-or-later
"""Every odd report of a ground, as cases."""

from datetime import timedelta

from gateway.conformance.case import Case, Step
from gateway.conformance.ground import Ground
from gateway.conformance.making import RECEIVED, Maker, NothingToChange, is_newest
from gateway.conformance.situations import odd_gost2010, odd_medo, odd_smdo
from gateway.conformance.situations.odd import EVERYWHERE, SEV, Odd, Telling
from gateway.conformance.situations.sender import LADDER, MARKS, NUMBER, RETURN_ID, Stands, shown
from gateway.errors import Reason
from gateway.model import EventKind

TABLES = {"sev": SEV, "gost2010": odd_gost2010.TABLE, "smdo": odd_smdo.TABLE, "medo": odd_medo.TABLE}
TELLING_MARKS = tuple(mark.encode() for text, mark in MARKS if text in (RETURN_ID, NUMBER))
FIRST_MINUTE = len(LADDER) + 10


def cases(ground: Ground, place: int) -> tuple[Case, ...]:
    """Return the cases of odd reports; *place* is the first of them in the book."""
    stands = Stands(Maker(ground, "sender", place))
    table = {**EVERYWHERE, **TABLES.get(ground.dialect, {})}
    carries = stands.make.dialect.carries
    said = [
        (name, odd)
        for name, odd in table.items()
        if (ground.strict or not odd.by_strict) and carries[odd.tells].how != "no"
    ]
    made = (_case(stands, name, odd, minute) for minute, (name, odd) in enumerate(said, FIRST_MINUTE))
    return tuple(one for one in made if one is not None)


def _case(stands: Stands, name: str, odd: Odd, minute: int) -> Case | None:
    """Return the case of *odd*; None when this older version of the standard has nothing of the kind."""
    try:
        return _made(stands, name, odd, minute)
    except NothingToChange:
        if is_newest(stands.make.ground):
            raise
        return None


def _made(stands: Stands, name: str, odd: Odd, minute: int) -> Case:
    make = stands.make
    ground = make.ground
    telling = Telling(stands, name, minute if odd.minute is None else odd.minute)
    side = ground.strict if odd.by_strict and ground.strict else ground.ours
    confirmed = make.dialect.confirms_reports and odd.outcome == "noted" and not odd.receipt
    letter = odd.write(telling)
    # of somebody else's document an older version of MEDO says the uid alone, which tells nobody whose it is
    nameless = odd.reason is Reason.FORGED and not any(mark in letter for mark in TELLING_MARKS)
    step = Step(
        letter=letter,
        outcome=odd.outcome,
        reports=(RECEIVED,) if confirmed else (),
        return_id=make.id(name) if confirmed else "",
        envelope_sender=side.address,
        letter_id=f"{make.id(name)}@{side.address.rpartition('@')[2]}",
        reason=odd.reason.value if odd.reason and not nameless else "",
        events=tuple(_told(make, one) for one in odd.events),
        sent_at=ground.at + timedelta(minutes=telling.minute),
    )
    return Case(f"{ground.dialect}/sender/{name}", odd.title, (step,), ground.dialect, "sender", document=odd.document)


def _told(make: Maker, fact: str) -> str:
    """Return *fact* as this standard can tell it."""
    return shown(make, EventKind(fact)).value if fact in {one.value for one in EventKind} else fact
