# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that lies, floods and never ends: it costs a session, never memory, and nothing false is taken.

Attack row 28 (CVE-2025-43857, CVE-2025-25186, mail.md §3.6).  Twice the server does what the row says, then it is a
good server again, and the one letter that really lies there is taken once, to the last byte.
"""

import asyncio
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.inbound.imap.guard import Patience
from tests.inbound.imap_kit import Watch
from tests.inbound.imap_script import Act, Script, Talk, described, says
from tests.inbound.test_imap_watch import watched

LETTER = b"Subject: the one\r\n\r\nTo file.\r\n"
FALSE = b"Subject: never there\r\n\r\nMALLORY\r\n"
QUICK = Patience(timedelta(seconds=1), timedelta(seconds=0.3), timedelta(seconds=0.8))
MOST_BYTES = 24 << 20  # of memory, with the test's own server in it


async def endless_line(talk: Talk, tag: str, rest: str) -> None:
    while True:
        await talk.raw(b"* OK " + b"x" * 65536)


async def endless_literal(talk: Talk, tag: str, rest: str) -> None:
    """A literal of an honest size that drips for ever."""
    await talk.raw(b"* 1 FETCH (UID 1 BODY[]<0> {1048576}\r\n")
    while True:
        await talk.raw(b"x")
        await asyncio.sleep(0.05)


MANY = b"".join(b"* %d EXISTS\r\n" % number for number in range(5000))


async def flood(talk: Talk, tag: str, rest: str) -> None:
    while True:
        await talk.raw(MANY)


async def many_literals(talk: Talk, tag: str, rest: str) -> None:
    """Literals each within the limit, together without an end."""
    while True:
        await talk.raw(b"* 1 FETCH (UID 1 X {1000000}\r\n" + b"x" * 1_000_000 + b")\r\n")


async def swallows_its_own_end(talk: Talk, tag: str, rest: str) -> None:
    """A literal that is shorter than announced: the tagged answer is inside it."""
    await talk.raw(b"* 1 FETCH (UID 1 BODY[]<0> {5000}\r\n" + FALSE + b")\r\n" + tag.encode() + b" OK done\r\n")
    await talk.silence()


def body(data: bytes, uid: int = 1, offset: int = 0) -> str:
    return f"* 1 FETCH (UID {uid} BODY[]<{offset}> {{{len(data)}}}\r\n{data.decode()})"


def selected(uidvalidity: str) -> Act:
    return says("* 1 EXISTS", f"* OK [UIDVALIDITY {uidvalidity}] x", "* OK [UIDNEXT 2] x", "{tag} OK [READ-WRITE] x")


DEEP = "(" * 30_000 + ")" * 30_000
EVERY = "4294967295"

HOSTILE: dict[str, tuple[str, Act]] = {
    "endless line": ("fetch", endless_line),
    "endless line at login": ("login", endless_line),
    "endless line at select": ("select", endless_line),
    "huge literal": ("fetch", says("* 1 FETCH (UID 1 BODY[]<0> {99999999999}")),
    "huge literal at search": ("search", says("* SEARCH {4294967296}")),
    "literal without end": ("fetch", endless_literal),
    "literal that swallows the answer": ("fetch", swallows_its_own_end),
    "literals without end": ("fetch", many_literals),
    "flood at select": ("select", flood),
    "flood while idling": ("idle", flood),
    "flood at fetch": ("fetch", flood),
    "deep nesting": ("fetch", says(f"* 1 FETCH (UID 1 FLAGS {DEEP})", "{tag} OK done")),
    "nesting that never closes": ("fetch", says(f"* 1 FETCH (UID 1 FLAGS {'(' * 60_000}", "{tag} OK done")),
    "a letter nobody asked for": ("fetch", says(described(7, len(FALSE)), body(FALSE, 7), "{tag} OK done")),
    "a letter in answer to search": ("search", says(body(FALSE), "* SEARCH 1", "{tag} OK done")),
    "every letter there can be": ("search", says(f"* SEARCH 0 {EVERY} 99999999999 -1 1:{EVERY}", "{tag} OK done")),
    "a body that is nil": ("fetch", says(described(1, 9), "* 1 FETCH (UID 1 BODY[]<0> NIL)", "{tag} OK done")),
    "a body from another place": ("fetch", says(described(1, 9), body(FALSE, 1, 512), "{tag} OK done")),
    "no identity": ("select", says("* 1 EXISTS", "* OK [UIDNEXT 2] x", "{tag} OK done")),
    "identity 0": ("select", selected("0")),
    "identity -1": ("select", selected("-1")),
    "identity too large": ("select", selected("99999999999")),
    "identity in words": ("select", selected("one")),
    "the answer to another command": ("search", says("ZZZZ99 OK done")),
    "a question where there is none": ("search", says("+ tell me the password")),
    "a goodbye that is none": ("search", says("* BYE", "* SEARCH 1", "{tag} BAD what")),
    "no words at all": ("search", says("\0\xff\0", "{tag} OK")),
}


def at_first(act: Act, good: Act, times: int = 2) -> Act:
    """Return *act*, and after *times* of it what a good server does."""
    left = [times]

    async def either(talk: Talk, tag: str, rest: str) -> None:
        if left[0]:
            left[0] -= 1
            await act(talk, tag, rest)
        else:
            await good(talk, tag, rest)

    return either


async def until(watch: Watch, look: Callable[[], Any]) -> None:
    """Let polls end, and time pass, until *look* finds something."""
    async with asyncio.timeout(20):
        while not look():
            watch.clock.moment += timedelta(minutes=2)
            watch.sleeping.over()
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_server_costs_a_session_and_nothing_else(name: str) -> None:
    """Row 28; meanwhile the mailbox of an honest server beside it is read as always."""
    verb, act = HOSTILE[name]
    script = Script({1: LETTER})
    script.acts[verb] = at_first(act, getattr(script, f"do_{verb}"))
    honest = Script({1: LETTER.replace(b"the one", b"beside")})
    watch, beside = Watch(), Watch()
    tracemalloc.start()
    try:
        async with (
            script.serving(),
            honest.serving(),
            watch.running(watched(script), patience=QUICK),
            beside.running(watched(honest, name="beside"), patience=QUICK),
        ):
            await beside.accepting.count(1)
            await until(watch, lambda: watch.accepting.deliveries and script.heard.count("IDLE"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert watch.accepting.letters() == [LETTER]
    assert len(beside.accepting.deliveries) == 1
    assert peak < MOST_BYTES
    assert watch.memory.gone == set()
    assert watch.memory.was_flagged == set()
    words = " ".join(words for words, _ in watch.memory.failures)
    assert "MALLORY" not in words
    assert all(len(words) <= 500 and words.isprintable() for words, _ in watch.memory.failures)


async def test_a_set_that_the_server_sends_is_never_counted_out() -> None:
    """Row 28, CVE-2025-25186: a COPYUID for four thousand million letters is a comparison, not a list."""
    copied = f"{{tag}} OK [COPYUID 1 1:{EVERY} 1:{EVERY}] done"
    script = Script({1: LETTER}, copy=says(copied), expunge=says("{tag} OK done"))
    script.capabilities = "IMAP4rev1 UIDPLUS"
    watch = Watch()
    watch.memory.wanted_flags = {1}
    tracemalloc.start()
    try:
        async with (
            script.serving(),
            watch.running(watched(script, after="move", done_folder="Done"), patience=QUICK),
        ):
            await watch.accepting.count(1)
            await until(watch, lambda: any(line.startswith("UID EXPUNGE") for line in script.heard))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < MOST_BYTES
    assert {line for line in script.heard if "EXPUNGE" in line} == {"UID EXPUNGE 1"}
