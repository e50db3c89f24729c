# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing a sealed letter to a relay by SMTP: one recipient, one attempt, an honest account of how it ended.

We drive MAIL, RCPT and DATA ourselves, so we know whether the final dot had left: before it nothing can have been
delivered, after it without an answer the letter is perhaps delivered.  The letter is streamed and never changed but
for its dots.  A refusal before MAIL (greeting, TLS, login) is about the relay and us, never about the letter: TRY_LATER
whatever its code, and so are the codes by which a relay asks for TLS or a login at MAIL.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from aiosmtplib import SMTPException, SMTPResponseException
from aiosmtplib.response import SMTPResponse

from gateway.model import Content
from gateway.outbound.noticed import Asked
from gateway.outbound.relay import WANTS_TLS_OR_LOGIN, Patience, Relay
from gateway.outbound.relay_pool import TROUBLE, Connection, NoConnection, RelayPool
from gateway.outbound.stuffing import NotWhole, Stuffing
from gateway.ports import Outcome, Phase, Posted

MAX_WORDS = 500
IN_THREAD = 1 << 18  # letters above this size are read in a thread

__all__ = ["Patience", "Relay", "SmtpPost"]


@dataclass(slots=True)
class _Attempt:
    """How far this attempt came."""

    phase: Phase = Phase.MAIL


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is to be brought to whom."""

    letter: Content
    sender: str
    recipient: str
    asked: Asked | None  # None: no word about notices


class _Answered(Exception):
    """The relay answered something else than the command hoped for."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class _Unsayable(Exception):
    """What we were asked to send cannot be said to this relay; the words are ours."""


class SmtpPost:
    """A `Post` by way of one relay."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._pool = RelayPool(relay)
        self._secrets = _secrets(relay)

    async def send(self, letter: Content, sender: str, recipient: str, asked: Asked | None = None) -> Posted:
        """Try once to deliver *letter* to *recipient*; an empty *sender* is the null sender.

        The notices *asked* for are those of a relay that offers them; None leaves it to the relay.
        A connection that turns out dead at MAIL after it had been idle is replaced once, at once.
        """
        errand = _Errand(letter, sender, recipient, asked if sender and self._relay.dsn else None)
        posted, stale = await self._attempt(errand, fresh=False)
        if stale:
            posted, _ = await self._attempt(errand, fresh=True)
        return posted

    def noticed(self, asked: Asked) -> "NoticedPost":
        """Return this post for one letter, of which notices are *asked*."""
        return NoticedPost(self, asked)

    async def close(self) -> None:
        await self._pool.close()

    async def _attempt(self, errand: _Errand, *, fresh: bool) -> tuple[Posted, bool]:
        """Return what became of it, and whether an idle connection had gone stale."""
        attempt = _Attempt()
        try:
            async with self._pool.connection(fresh=fresh) as connection:
                posted = await self._deliver(connection, attempt, errand)
                stale = connection.reused and posted.phase is Phase.MAIL and posted.code in (None, 421)
                connection.letters += 1
                return posted, stale and posted.outcome is Outcome.TRY_LATER
        except NoConnection as error:
            return self._not_connected(error), False

    async def _deliver(self, connection: Connection, attempt: _Attempt, errand: _Errand) -> Posted:
        try:
            answer = await self._converse(connection, attempt, errand)
        except _Answered as answered:
            await self._forget(connection, attempt.phase, answered.code)
            return self._refused(attempt.phase, answered.code, answered.words)
        except (_Unsayable, NotWhole) as unsayable:
            connection.usable = attempt.phase is Phase.MAIL
            return Posted(Outcome.REJECTED, attempt.phase, None, f"not sent: {unsayable}"[:MAX_WORDS])
        except TROUBLE as error:
            lost = Outcome.AMBIGUOUS if attempt.phase is Phase.DOT else Outcome.TRY_LATER
            return Posted(lost, attempt.phase, None, self._one_line(_words(error)))
        connection.usable = answer.code // 100 in (2, 4, 5) and answer.code != 421
        return self._refused(Phase.REPLIED, answer.code, answer.message)

    async def _converse(self, connection: Connection, attempt: _Attempt, errand: _Errand) -> SMTPResponse:
        """Bring the letter as far as the answer to its dot, noting the phase."""
        smtp, patience = connection.smtp, self._relay.patience
        options = await _mail_options(smtp.esmtp_extensions, errand.letter, errand.sender + errand.recipient)
        from_, to = b"FROM:<" + _path(errand.sender) + b">", b"TO:<" + _path(errand.recipient) + b">"
        asked = errand.asked if "dsn" in smtp.esmtp_extensions else None
        of_recipient = asked.rcpt_options(errand.recipient) if asked else []
        options += asked.mail_options() if asked else []
        _want(2, await smtp.execute_command(b"MAIL", from_, *options, timeout=patience.command))
        attempt.phase = Phase.RCPT
        _want(2, await smtp.execute_command(b"RCPT", to, *of_recipient, timeout=patience.command))
        attempt.phase = Phase.DATA
        _want(3, await smtp.execute_command(b"DATA", timeout=patience.data))
        assert smtp.protocol is not None
        # asked for before a block leaves: the library drops what nobody waits for, and a relay may refuse midway
        answer = asyncio.ensure_future(smtp.protocol.read_response())
        try:
            await self._stream(connection, attempt, errand.letter, answer)
            return await asyncio.wait_for(answer, patience.dot)
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def _stream(
        self, connection: Connection, attempt: _Attempt, letter: Content, answer: "asyncio.Future[SMTPResponse]"
    ) -> None:
        stuffing = Stuffing()
        async for block in _blocks(letter):
            try:
                await self._write(connection, stuffing.feed(block))
            except OSError:
                _heed(answer)  # what it said before it hung up
                raise
            _heed(answer)
        end = stuffing.end()
        attempt.phase = Phase.DOT
        await self._write(connection, end)

    async def _write(self, connection: Connection, block: bytes) -> None:
        connection.writer.write(block)
        async with asyncio.timeout(self._relay.patience.block):
            await connection.writer.drain()

    async def _forget(self, connection: Connection, phase: Phase, code: int) -> None:
        """Bring the session back to its start after a refusal, if it can be."""
        if phase in (Phase.MAIL, Phase.RCPT) and 400 <= code < 600 and code != 421:
            try:
                await connection.smtp.rset(timeout=self._relay.patience.goodbye)
                connection.usable = True
            except TROUBLE:
                pass  # it will be cut

    def _refused(self, phase: Phase, code: int, words: str) -> Posted:
        """Judge a reply that came in *phase*."""
        if phase is Phase.REPLIED and 200 <= code < 300:
            outcome = Outcome.SENT
        elif 500 <= code < 600 and code not in WANTS_TLS_OR_LOGIN:
            outcome = Outcome.REJECTED
        elif phase is Phase.REPLIED and not 400 <= code < 600:
            return Posted(Outcome.AMBIGUOUS, Phase.DOT, code, self._one_line(words))
        else:
            outcome = Outcome.TRY_LATER
        return Posted(outcome, phase, code if 200 <= code < 600 else None, self._one_line(words))

    def _not_connected(self, error: NoConnection) -> Posted:
        cause = error.cause
        code = cause.code if isinstance(cause, SMTPResponseException) and 200 <= cause.code < 600 else None
        return Posted(Outcome.TRY_LATER, error.phase, code, self._one_line(_words(cause)))

    def _one_line(self, words: str) -> str:
        """Return the server's words on one line without control characters and without our secrets."""
        for secret in self._secrets:
            words = words.replace(secret, "***")
        line = " ".join("".join(char if char.isprintable() else " " for char in words).split())
        return line[:MAX_WORDS]


@dataclass(frozen=True, slots=True)
class NoticedPost:
    """A `Post` for one letter, about which the relay is asked to tell."""

    post: SmtpPost
    asked: Asked

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        return await self.post.send(letter, sender, recipient, self.asked)

    async def close(self) -> None:
        """Whoever made the post closes it."""


def _want(first_digit: int, answer: SMTPResponse) -> None:
    if answer.code // 100 != first_digit:
        raise _Answered(answer.code, answer.message)


def _heed(answer: "asyncio.Future[SMTPResponse]") -> None:
    """Stop when the relay answered, or went away, before it had the whole letter."""
    if answer.done():
        early = answer.result()
        raise _Answered(early.code if early.code >= 400 else 0, early.message)


def _words(error: Exception) -> str:
    """Return what *error* says, or its name when it says nothing."""
    return (error.message if isinstance(error, SMTPException) else str(error)) or type(error).__name__


async def _mail_options(offered: dict[str, str], letter: Content, addresses: str) -> list[bytes]:
    """Return the options of MAIL that this letter needs; raises _Unsayable when the relay does not offer them."""
    options = []
    if "size" in offered:
        limit = offered["size"].strip()
        if limit.isdecimal() and 0 < int(limit) < letter.size:  # 0 and nothing: no limit (RFC 1870 §4)
            raise _Unsayable(f"the letter has {letter.size} bytes, the relay takes {limit}")
        options.append(f"SIZE={letter.size}".encode())
    if "8bitmime" in offered:
        options.append(b"BODY=8BITMIME")
    elif not await _seven_bit(letter):
        raise _Unsayable("the letter has 8-bit text and the relay does not offer 8BITMIME")
    if not addresses.isascii():
        if "smtputf8" not in offered:
            raise _Unsayable("an address is not ASCII and the relay does not offer SMTPUTF8")
        options.append(b"SMTPUTF8")
    return options


async def _seven_bit(letter: Content) -> bool:
    async for block in _blocks(letter):
        if not block.isascii():
            return False
    return True


async def _blocks(letter: Content) -> AsyncIterator[bytes]:
    """Yield the blocks of *letter*; large ones are read in a thread."""
    blocks: Iterator[bytes] = letter.blocks()
    if letter.size <= IN_THREAD:
        for block in blocks:
            yield block
        return

    def following() -> bytes | None:
        return next(blocks, None)

    while (block_read := await asyncio.to_thread(following)) is not None:
        yield block_read


_ADDRESS = re.compile(r'(?:"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"|[^\s<>"\x00-\x1f\x7f@]+)@[^\s<>"\x00-\x1f\x7f@]+|')


def _path(address: str) -> bytes:
    """Return *address* for MAIL or RCPT; raises _Unsayable when it would say more than an address."""
    if not _ADDRESS.fullmatch(address):
        raise _Unsayable(f"{address[:100]!r} cannot be an address")
    try:
        return address.encode()
    except UnicodeEncodeError as error:
        raise _Unsayable(f"{address[:100]!r} cannot be an address") from error


def _secrets(relay: Relay) -> tuple[str, ...]:
    """Return the forms in which a relay might echo our password, longest first."""
    if not relay.password:
        return ()
    user, password = relay.user.encode(), relay.password.encode()
    encoded = (b64encode(b"\0" + user + b"\0" + password), b64encode(password))
    return (*(one.decode() for one in encoded), relay.password)
