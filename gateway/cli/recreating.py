# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a card again that vanished from the EDMS: ``quarantine reprocess`` of a letter that is done."""

from gateway.cli.context import PROBLEMS, UNAVAILABLE, Context, Ended
from gateway.journal import entries, messages
from gateway.journal.entries import Entry
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import ExchangeId, Number


def recreate(context: Context, journal: Journal, entry: Entry, by: str, why: str) -> str:
    """Have *entry*, which is DONE, make its card again, and return what to say of it.

    Ends the command when the card stands, when another letter brought the document, or when the bytes are gone.
    Raises ValueError when it registered nothing.
    """
    with journal.write() as tx:
        exchange = entries.exchange_of(tx, entry.id)
        entries.letter(tx, journal.blobs, entry.id)  # raises when its bytes are not there
        noted = messages.of_entry(tx, entry.id)
    if noted is None or noted.digest != exchange.digest:
        raise Ended(f"letter {entry.id} is done, and did not bring the document of its card", PROBLEMS)
    if exchange.registered == Number():
        raise Ended(f"letter {entry.id} brought a draft, which has no number: ask its sender to send it anew", PROBLEMS)
    if _stands(context, exchange.id):
        raise Ended(f"letter {entry.id} is done, and its card {exchange.subject_card} stands in the EDMS", PROBLEMS)
    with journal.write() as tx:
        entries.recreate(tx, entry.id, now=context.now(), who=by, why=why)
    return f"letter {entry.id} makes its card again, {_number(exchange)}; what people did with the old card is lost"


def _stands(context: Context, exchange: ExchangeId) -> bool:
    from gateway.build import SystemClock, edms_of

    try:
        system = edms_of(context.settings(), SystemClock())
        try:
            return any(one.number is not None for one in system.standing((exchange,)))
        finally:
            system.close()
    except Exception as error:  # an edge: whatever a database driver raises is shown in one line
        raise Ended(f"the EDMS is not available: {type(error).__name__}: {error}", UNAVAILABLE) from error


def _number(exchange: Exchange) -> str:
    told = exchange.registered
    return f"under {told.text} of {told.date} if nobody has it by now" if told and told.text else "as a draft"
