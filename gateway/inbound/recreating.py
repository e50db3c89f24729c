# SPDX-License-Identifier: GPL-3.0-or-later
"""A card that was registered and is gone: the EDMS was put back to an older day.

It is made again from the letter that brought it, under the number that was told.  Then nobody hears anything; when
another card has that number by now, the partner hears the new one as a correction.
What people did with the old card is lost with it: only its sender's document comes back.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.journal import events, exchanges
from gateway.journal.exchanges import Exchange
from gateway.model import Event, EventKey, EventKind, Number
from gateway.outbox import Outbox
from gateway.ports import Intake, Registration
from gateway.settings import OfficeSettings, Settings


def has_vanished(exchange: Exchange) -> bool:
    """Say whether the document of *exchange* was registered, and an operator found that its card is gone."""
    return exchange.registered is not None and not exchange.subject_card


def under_its_number(
    intake: Intake, exchange: Exchange, ours: OfficeSettings, settings: Settings, now: datetime
) -> Intake:
    """Return *intake* with the number that was told; should that be taken, it is registered as of today.

    It was registered once, so no rule of today lays it before a person or refuses it.
    """
    if not has_vanished(exchange) or exchange.registered == Number():  # a draft has no number to keep
        return intake
    today = settings.registration_date(ours, now)
    took = replace(intake, wait_because="", unknown_addressee="default", same_number="register")
    return replace(took, number=exchange.registered, register_on=today)


def tell_recreated(
    tx: Connection, outbox: Outbox, exchange: Exchange, outcome: Registration, told: Number, now: datetime
) -> None:
    """Note that the card of *exchange* is there again; only a number other than the one *told* is news to anybody.

    *exchange* has its new card and number already.
    """
    events.add(tx, exchange.id, _here_again(tx, exchange, outcome), ours=True, now=now)
    exchanges.advance(tx, exchange)
    if outcome.number != told:
        key = EventKey(f"renumbered:{outcome.number.text}:{outcome.number.date}:{outcome.ref}")
        corrected = Event(EventKind.RENUMBERED, key, now, number=outcome.number, card=outcome.ref)
        outbox.tell(tx, exchange, (corrected,), now)


def _here_again(tx: Connection, exchange: Exchange, outcome: Registration) -> tuple[Event, ...]:
    """Return the facts that are known from now on without being told: what was registered, on its new card."""
    known = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
    first = next((fact for fact in known if fact.kind is EventKind.REGISTERED), None)
    if first is None:
        return outcome.events
    return (replace(first, key=EventKey(f"{first.key}:{outcome.ref}"), card=outcome.ref), *outcome.events)
