# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a letter when the relay refuses, fails, stalls or talks nonsense, step by step: a table.

Dispatcher, post and journal are the real ones; the relay does what the row says, then it is a good relay again.
"""

import asyncio
import shutil
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.journal import entries, store
from gateway.journal.entries import State
from gateway.journal.store import Journal
from gateway.outbound.dispatch import Dispatcher
from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Patience, Relay
from gateway.ports import Outcome, Phase, nothing_fails
from gateway.retry import POST
from gateway.tls import Trust
from tests.journal.givens import NOW, outbound, stands
from tests.outbound.scripted_relay import DROP, GARBAGE, QUICK, STALL, ScriptedRelay, relay

# step      what the relay does   outcome     phase     then     next attempt  code it is remembered with
TABLE = """
connect     nobody is there       try-later   connect   queued   1 min         -
greeting    421                   try-later   connect   queued   1 min         421
greeting    554                   try-later   connect   queued   1 min         554
greeting    250                   try-later   connect   queued   1 min         250
greeting    drop                  try-later   connect   queued   1 min         -
greeting    stall                 try-later   connect   queued   1 min         -
greeting    garbage               try-later   connect   queued   1 min         -
EHLO        421                   try-later   connect   queued   1 min         421
EHLO        550                   sent        replied   sent     -             250
EHLO        354                   sent        replied   sent     -             250
EHLO        drop                  try-later   connect   queued   1 min         -
EHLO        stall                 try-later   connect   queued   1 min         -
EHLO        garbage               try-later   connect   queued   1 min         -
STARTTLS    454                   try-later   tls       queued   1 min         454
STARTTLS    554                   try-later   tls       queued   1 min         554
STARTTLS    250                   try-later   tls       queued   1 min         250
STARTTLS    drop                  try-later   tls       queued   1 min         -
STARTTLS    stall                 try-later   tls       queued   1 min         -
STARTTLS    garbage               try-later   tls       queued   1 min         -
AUTH        454                   try-later   auth      queued   1 min         454
AUTH        535                   try-later   auth      queued   1 min         535
AUTH        250                   try-later   auth      queued   1 min         250
AUTH        drop                  try-later   auth      queued   1 min         -
AUTH        stall                 try-later   auth      queued   1 min         -
AUTH        garbage               try-later   auth      queued   1 min         -
MAIL        451                   try-later   mail      queued   1 min         451
MAIL        421                   try-later   mail      queued   1 min         421
MAIL        530                   try-later   mail      queued   1 min         530
MAIL        553                   rejected    mail      failed   -             553
MAIL        354                   try-later   mail      queued   1 min         354
MAIL        drop                  try-later   mail      queued   1 min         -
MAIL        stall                 try-later   mail      queued   1 min         -
MAIL        garbage               try-later   mail      queued   1 min         -
RCPT        450                   try-later   rcpt      queued   1 min         450
RCPT        550                   rejected    rcpt      failed   -             550
RCPT        354                   try-later   rcpt      queued   1 min         354
RCPT        drop                  try-later   rcpt      queued   1 min         -
RCPT        stall                 try-later   rcpt      queued   1 min         -
RCPT        garbage               try-later   rcpt      queued   1 min         -
DATA        451                   try-later   data      queued   1 min         451
DATA        554                   rejected    data      failed   -             554
DATA        250                   try-later   data      queued   1 min         250
DATA        drop                  try-later   data      queued   1 min         -
DATA        stall                 try-later   data      queued   1 min         -
DATA        garbage               try-later   data      queued   1 min         -
body        451                   try-later   data      queued   1 min         451
body        552                   rejected    data      failed   -             552
body        250                   try-later   data      queued   1 min         -
body        drop                  try-later   data      queued   1 min         -
body        stall                 try-later   data      queued   1 min         -
body        garbage               try-later   data      queued   1 min         -
dot         451                   try-later   replied   queued   1 min         451
dot         421                   try-later   replied   queued   1 min         421
dot         554                   rejected    replied   failed   -             554
dot         354                   ambiguous   dot       queued   15 min        354
dot         drop                  ambiguous   dot       queued   15 min        -
dot         stall                 ambiguous   dot       queued   15 min        -
dot         garbage               ambiguous   dot       queued   15 min        -
dot         250                   sent        replied   sent     -             250
"""
WORDS = {"drop": DROP, "stall": STALL, "garbage": GARBAGE}
LARGE = (b"x" * 900 + b"\r\n") * (16 << 10)  # more than sockets hold, so the relay can speak up before the dot has left
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    step: str
    action: str
    outcome: Outcome
    phase: Phase
    state: State
    wait: timedelta | None  # None: it does not go again
    code: int | None

    @property
    def script(self) -> dict[str, str]:
        """What a scripted relay is told, once."""
        word = WORDS.get(self.action, f"{self.action} said by the relay")
        script = {"EHLO": "250-relay.example\r\n250-STARTTLS\r\n250 AUTH PLAIN"} if self.step == "STARTTLS" else {}
        return script | {self.step: word}


def rows() -> Iterator[Row]:
    for line in TABLE.strip().splitlines():
        step, rest = line.split(maxsplit=1)
        action, outcome, phase, state, *wait, code = rest.replace("nobody is there", "nobody").split()
        yield Row(
            step,
            action,
            Outcome(outcome),
            Phase(phase),
            State(state),
            int(wait[0]) * MINUTE if wait != ["-"] else None,
            int(code) if code != "-" else None,
        )


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "journal.sqlite"
    store.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def journal(empty: Path, tmp_path: Path) -> Iterator[Journal]:
    shutil.copy(empty, tmp_path / "journal.sqlite")
    opened = Journal.open(f"sqlite:///{tmp_path}/journal.sqlite", tmp_path / "blobs")
    yield opened
    opened.close()


class Sending:
    """A dispatcher, its journal and a clock that a test moves."""

    def __init__(self, journal: Journal, **relay_settings: object) -> None:
        self.journal = journal
        self.moment: datetime = NOW
        self.post = self.post_to(**relay_settings)
        self.dispatcher = Dispatcher(
            journal,
            lambda entry: self.post,
            lambda: self.moment,
            POST,
            name="post",
            failpoint=nothing_fails,
            told=lambda: None,
        )

    @staticmethod
    def post_to(**settings: object) -> SmtpPost:
        usual = {"host": "127.0.0.1", "tls": "none"}
        return SmtpPost(Relay(**usual | settings))  # type: ignore[arg-type]  # what a test wants differently

    def queue(self, octets: bytes) -> int:
        with self.journal.write() as tx:
            letter = outbound(self.journal, letter=self.journal.blobs.keep(Held(octets)))
            return entries.queue(tx, letter, NOW)

    async def at(self, moment: datetime) -> int:
        """Send what is due at *moment*; return how many letters were tried."""
        self.moment = moment
        return await self.dispatcher.once()

    async def close(self) -> None:
        await self.post.close()
        await asyncio.sleep(0)


def differences(row: Row, scripted: ScriptedRelay, ca_file: str) -> dict[str, object]:
    """Return how we are set up for *row*: TLS and login only where they are the step."""
    settings: dict[str, object] = {"port": 1 if row.step == "connect" else scripted.port}
    settings["patience"] = QUICK if row.action == "stall" else Patience()
    if row.step == "STARTTLS":
        settings |= {"tls": "starttls", "trust": Trust(ca_file)}
    if row.step == "AUTH":
        settings |= {"user": "gateway", "password": "hunter2-canary"}
    return settings


@pytest.mark.parametrize("row", tuple(rows()), ids=lambda row: f"{row.step}-{row.action}")
async def test_what_becomes_of_a_letter_is_written_in_the_table(
    row: Row, journal: Journal, server_context: ssl.SSLContext, ca_file: str
) -> None:
    """F21: mail.md §9.4; nothing is given up for a temporary cause, nothing counts as sent without the relay's 250."""
    octets = b"Subject: sealed once\r\nMessage-ID: <m@south.example>\r\n\r\n.dot\r\n"
    octets += LARGE if row.step == "body" else b""
    context = server_context if row.step == "STARTTLS" else None
    async with AsyncExitStack() as stack:
        scripted = await stack.enter_async_context(relay(row.script, context=context))
        sending = Sending(journal, **differences(row, scripted, ca_file))
        stack.push_async_callback(sending.close)
        number = sending.queue(octets)

        await sending.at(NOW)

        entry = stands(journal, number)
        assert (entry.state, entry.phase, entry.attempts) == (row.state, row.phase.value, 1)
        assert attempts(journal, number) == [(row.outcome.value, row.phase.value, row.code)]
        assert (entry.ambiguous_since == NOW) is (row.outcome is Outcome.AMBIGUOUS)
        assert entry.words
        assert "canary" not in entry.words
        assert entry.not_before == (NOW + row.wait if row.wait else None)
        # and when the relay is well again: not a moment earlier, and the very same bytes
        before = list(scripted.letters)
        scripted.script.clear()
        scripted.script |= {"EHLO": row.script["EHLO"]} if "EHLO" in row.script and row.step != "EHLO" else {}
        await sending.post.close()
        well = {"port": scripted.port, "patience": Patience()}
        sending.post = sending.post_to(**differences(row, scripted, ca_file) | well)
        if row.wait:
            assert await sending.at(NOW + row.wait - timedelta(milliseconds=1)) == 0
        assert await sending.at(NOW + (row.wait or timedelta(days=6))) == (1 if row.wait else 0)

        assert stands(journal, number).state is (State.SENT if row.wait else row.state)
        assert scripted.letters == before + ([octets] if row.wait else [])
        assert stands(journal, number).ambiguous_since is None


@pytest.mark.parametrize(
    ("step", "burst"),
    [
        ("greeting", "220 relay.example\r\n250 early"),
        ("MAIL", "250 ok\r\n250 early"),
        ("RCPT", "250 ok\r\n250 early"),
        ("RCPT", "250 ok\r\n354 go on\r\n250 early"),
        ("DATA", "354 go on\r\n250 early"),
    ],
)
async def test_a_250_that_came_before_the_dot_had_left_is_no_250_for_the_letter(
    step: str, burst: str, journal: Journal
) -> None:
    """F21, "250 for a different phase": whoever is ahead of us by one answer cannot have taken the letter."""
    async with relay({step: burst, "dot": DROP}) as scripted:
        sending = Sending(journal, port=scripted.port)
        number = sending.queue(b"Subject: sealed once\r\n\r\n")
        try:
            await sending.at(NOW)
        finally:
            await sending.close()

        assert stands(journal, number).state is State.QUEUED


def attempts(journal: Journal, number: int) -> list[tuple[str, str, int | None]]:
    with journal.read() as tx:
        return [
            (one["outcome"], one["phase"], one["code"])
            for one in tx.exec_driver_sql(
                f"select outcome, phase, code from attempts where entry = {number} order by at"
            ).mappings()
        ]
