# SPDX-License-Identifier: GPL-3.0-or-later
"""Too much, too deep, too many: work grows no faster than the input, and one partner's flood is its own.

Work is counted in calls and in bytes written, never in seconds; what costs time inside the regular expressions of the
library is held by tests/mail/test_hostile.py, and every letter by the worker's limits of time and memory.
"""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from gateway.content import MemorySink
from gateway.dialects import by_name
from gateway.envelope import unseal
from gateway.errors import Reason, Refused
from gateway.inbound.bounces import read_bounce
from gateway.journal.entries import State
from gateway.mail.address import addresses
from gateway.mail.limits import DEFAULT
from gateway.mail.parameters import structured
from gateway.mail.results import vouches
from gateway.mail.split import Limits, split
from gateway.mail.words import decode_words
from tests.mail.letters import crlf, multipart, part
from tests.story import partner
from tests.story.acts import cards
from tests.story.offices import Town


def calls(work: Callable[[], object]) -> int:
    """Return how many Python functions *work* calls."""
    counted = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        work()
    except Refused:
        pass
    finally:
        sys.setprofile(None)
    return counted


def nested(depth: int) -> bytes:
    lines = ["Content-Type: multipart/mixed; boundary=b0", ""]
    for level in range(1, depth):
        lines += [f"--b{level - 1}", f"Content-Type: multipart/mixed; boundary=b{level}", ""]
    return crlf(*lines)


def read(octets: bytes) -> object:
    return split([octets], MemorySink, Limits(max_parts=100_000, max_depth=100))


def dsn(octets: bytes) -> object:
    return read_bounce(split([octets], MemorySink))


def report(fields: str, times: int) -> bytes:
    status = part(fields * times, "Content-Type: message/delivery-status")
    return multipart(status, part("Message-ID: <a@b>\r\n" * times, "Content-Type: text/rfc822-headers"))


def understood(text: str) -> object:
    return by_name("sev").read(text.encode(), [])


GROWING: dict[str, Callable[[int], object]] = {
    "empty parts": lambda n: read(multipart(*[b"\r\n"] * n)),
    "parts with a header": lambda n: read(multipart(*[part("x", "Subject: x")] * n)),
    "lines that look like delimiters": lambda n: read(
        crlf("Content-Type: multipart/mixed; boundary=b", "") + b"--bx\r\n" * n
    ),
    "headers": lambda n: read(crlf(*["A: b"] * min(n, 190), "")),
    "parameters": lambda n: structured("a/b" + "; x=y" * n),
    "semicolons": lambda n: structured("a/b" + ";" * n),
    "sections of one name": lambda n: structured("a/b" + "".join(f"; name*{i % 999}*=a" for i in range(n))),
    "comments inside one another": lambda n: structured("a/b" + "(" * n),
    "addresses": lambda n: addresses("a@b.example, " * n),
    "groups": lambda n: addresses("g: a@b.example; " * n),
    "encoded words": lambda n: decode_words("=?utf-8?q?a?= " * n),
    "words of two charsets": lambda n: decode_words("=?utf-8?q?a?= =?koi8-r?q?b?= " * n),
    "verdicts": lambda n: vouches("mx; " + 'dkim=pass header.d=x (c) "q"; ' * n, "y"),
    "fields of a delivery report": lambda n: dsn(report("Diagnostic-Code: x\r\n y\r\n", n)),
    "files of a passport": lambda n: understood(partner.passport(files={f"a[{i}].b": "a.b" for i in range(1, n // 4)})),
    "foreign elements": lambda n: understood(partner.passport(tail="<x:a xmlns:x='u'><x:b/></x:a>" * n)),
    "tasks": lambda n: understood(partner.passport(tail="<TaskList>" + "<Task TaskID='1'/>" * n + "</TaskList>")),
}


@pytest.mark.parametrize("what", GROWING)
def test_twice_the_input_is_at_most_twice_the_work(what: str) -> None:
    """cpython #136063, #87075, #75630, #81642; CVE-2023-27043's kin: what grows with the square is found here."""
    work = GROWING[what]
    calls(lambda: work(50))

    once, twice = calls(lambda: work(200)), calls(lambda: work(400))

    assert twice <= 2.2 * once + 2_000


TOO_MUCH = {
    "parts": (Reason.TOO_MANY_PARTS, multipart(*[b"\r\n"] * 1000)),
    "depth": (Reason.TOO_DEEP, nested(2000)),
    "headers": (Reason.TOO_LARGE, crlf(*["a: b"] * 10_000, "")),
    "one header block": (Reason.TOO_LARGE, crlf("Subject: x") + b"A: " + b"y" * 65_536),
    "a boundary": (Reason.TOO_LARGE, multipart(part("x"), boundary="b" * 1500)),
    "parameters": (Reason.TOO_LARGE, crlf("Content-Type: text/plain" + ";" * 100_000, "")),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_letter_beyond_its_bounds_is_parked_unread_and_its_neighbour_registered(offices: Town, what: str) -> None:
    """cpython #75630, #81642, RFC 2046 §5.1.1: with all the work of a sound letter, and no more."""
    reason, octets = TOO_MUCH[what]
    data = b"From: edms@moscow.example\r\n" + octets
    number = offices.minsk.receive(data, "edms@moscow.example")
    offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")
    offices.minsk.work()

    entry = offices.minsk.entry(number)
    assert (entry.state, entry.reason) == (State.PARKED, reason)
    assert len(cards(offices.minsk)) == 1


def test_what_a_letter_decodes_to_is_counted_while_it_is_decoded() -> None:
    """CWE-400: what is written is at most the bound and a window, whatever comes behind."""
    written = []

    class Counted(MemorySink):
        def write(self, block: bytes) -> None:
            written.append(len(block))

    body = multipart(*[part("x" * 100_000)] * 200)
    with pytest.raises(Refused) as refused:
        split([body], Counted, Limits(max_decoded_bytes=1 << 20))

    assert refused.value.reason is Reason.TOO_LARGE
    assert sum(written) <= (1 << 20) + 2 * DEFAULT.window_bytes


def test_nothing_is_read_from_a_letter_after_it_was_refused() -> None:
    """CWE-400: the blocks of a hopeless letter are left where they are."""
    taken = 0

    def blocks() -> object:
        nonlocal taken
        yield crlf("Content-Type: multipart/mixed; boundary=b", "") + b"--b\r\n\r\n\r\n" * 2000
        for _ in range(1000):
            taken += 1
            yield b"x" * (1 << 18)

    with pytest.raises(Refused):
        unseal(blocks(), MemorySink)  # type: ignore[arg-type]  # a generator is an iterable

    assert taken <= 2


def test_a_flood_of_one_sender_takes_one_lanes_turn(offices: Town) -> None:
    """CWE-770: many letters of a stranger's do not put off a partner's only one, which came last."""
    for number in range(60):
        offices.minsk.receive(b"From: who@nowhere.example\r\n\r\n%d" % number, "who@nowhere.example")
    offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")

    offices.minsk.worker.work()

    assert len(cards(offices.minsk)) == 1
    assert sum(entry.state is State.ACCEPTED for entry in offices.minsk.incoming()) > 50
