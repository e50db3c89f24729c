# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter to ourselves: through the relay, back into a mailbox or to a listener.  The only thing here that sends.

The letter is a machine's plain mail without a passport, so the running gateway does with it what it does with any such
letter: in a mailbox it is left alone, at a listener it is laid aside; it is never answered, forwarded or registered.
Nothing in it means anything to the gateway, so nobody gains anything by imitating it; it is known by its Message-ID.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from secrets import token_hex

from sqlalchemy import Connection

from gateway.content import Held
from gateway.doctor.finding import Finding, bad, good, skipped
from gateway.doctor.mailbox import entered
from gateway.doctor.patience import apart
from gateway.doors import relay_of, tokens_of
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import Declined
from gateway.inbound.imap.looking import Look
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry
from gateway.journal.store import Journal, NoJournal, SchemaMismatch
from gateway.mail import address
from gateway.mail.compose import Head, compose
from gateway.outbound.post import SmtpPost
from gateway.ports import Outcome
from gateway.settings import Settings

LOOK_AGAIN_SECONDS = 0.5
LATEST = 20  # letters of the journal that are looked at
HEAD_BYTES = 16 << 10  # LIMIT: of a letter in which its Message-ID is looked for
SUBJECT = "Test letter of the gateway"
TEXT = "edms-gateway doctor sent this letter to see whether it comes back. It may be deleted."


@dataclass(frozen=True, slots=True)
class Errand:
    """What will be sent."""

    settings: Settings
    address: str  # ours, the sender's and the recipient's
    message_id: str  # without angle brackets

    def announced(self) -> str:
        """Say for people what will be sent, to whom and by whom."""
        relay = self.settings.relay
        return f"one letter, subject {SUBJECT!r}, from {self.address} to {self.address}, by {relay.host}:{relay.port}"


def planned(settings: Settings) -> Errand:
    """Return the errand for the first of our organisations; nothing is sent yet."""
    ours = settings.offices[0].address
    return Errand(settings, ours, f"doctor-{token_hex(16)}@{ours.rpartition('@')[2]}")


async def gone(errand: Errand, now: datetime, seconds: float, wait: float) -> tuple[Finding, ...]:
    """Send the letter and look for it for *wait* seconds; *seconds* is the patience with one answer."""
    tried = f"letter from {errand.address} to itself"
    post = SmtpPost(relay_of(errand.settings.relay, tokens_of(errand.settings.oauth)))
    try:
        async with asyncio.timeout(wait):
            posted = await post.send(Held(_letter(errand, now)), errand.address, errand.address)
    except TimeoutError:
        return (bad(tried, f"the relay did not take it in {wait:g} s", "look at its log", away=True),)
    finally:
        await post.close()
    if posted.outcome is not Outcome.SENT:
        return (bad(tried, posted.words, "look at the log of the relay"),)
    sent = good(tried, f"taken by the relay: {posted.words}" if posted.words else "taken by the relay")
    return sent, await _back(errand, now, seconds, wait)


def _letter(errand: Errand, now: datetime) -> bytes:
    ours = address.parse(errand.address)
    head = Head(ours, (ours,), SUBJECT, now, errand.message_id, auto_submitted="auto-generated")
    return b"".join(compose(head, TEXT, (), boundary_token=token_hex(16)))


async def _back(errand: Errand, since: datetime, seconds: float, wait: float) -> Finding:
    """Look into every mailbox and the journal until the letter is seen."""
    tried, loop = "the letter's return", asyncio.get_running_loop()
    if not errand.settings.mailboxes and not errand.settings.listeners:
        return skipped(tried, "no letter of mail comes here: there is neither a mailbox nor a listener")
    began = loop.time()
    async with AsyncExitStack() as stack:
        looks = await _looks(errand.settings, seconds, stack)
        while loop.time() - began < wait:
            if where := await _seen(errand, looks, since, seconds):
                return good(tried, f"{where}, after {loop.time() - began:.1f} s")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
    remedy = f"ask the mail server where <{errand.message_id}> is: its log, its queue, its rules for {errand.address}"
    return bad(tried, f"not seen in {wait:g} s", remedy)


async def _looks(settings: Settings, seconds: float, stack: AsyncExitStack) -> list[tuple[str, Look]]:
    """Open every mailbox for looking; one that cannot be opened was complained of already."""
    looks = []
    for box in settings.mailboxes:
        try:
            look = await stack.enter_async_context(entered(box, settings, seconds))
            await look.folder(box.folder)
        except (ConnectionBroken, Declined):
            continue
        looks.append((box.name, look))
    return looks


async def _seen(errand: Errand, looks: list[tuple[str, Look]], since: datetime, seconds: float) -> str:
    """Return where the letter lies, for people; empty: nowhere yet."""
    for name, look in looks:
        try:
            if await look.holds(f"<{errand.message_id}>"):
                return f'in mailbox "{name}", where it may be deleted'
        except (ConnectionBroken, Declined):
            continue
    try:
        entry = await apart(partial(_journalled, errand, since), seconds)
    except TimeoutError:
        return ""
    if entry is None:
        return ""
    drop = f'edms-gateway quarantine drop {entry.id} --why "a test"'
    return f'at listener "{entry.channel}", as letter {entry.id}; when it is parked: {drop}'


def _journalled(errand: Errand, since: datetime) -> Entry | None:
    """Return the entry of the letter; None when the journal has none, or cannot be looked at."""
    kept = errand.settings.journal
    try:
        journal = Journal.open(kept.url, kept.blobs, create=False)
    except (NoJournal, SchemaMismatch):
        return None
    try:
        with journal.read() as tx:
            lately = entries.select(tx, direction=Direction.IN, since=since, limit=LATEST)
            return next((entry for entry in lately if errand.message_id in _beginning(tx, journal, entry)), None)
    finally:
        journal.close()


def _beginning(tx: Connection, journal: Journal, entry: Entry) -> str:
    """Return the beginning of the letter, as far as it was kept: of what a mailbox still has it is not."""
    try:
        return next(iter(entries.letter(tx, journal.blobs, entry.id).blocks()), b"")[:HEAD_BYTES].decode("latin-1")
    except (LookupError, OSError):
        return ""
