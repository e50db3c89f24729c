# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters made to hurt: each is refused or read within its time, whatever its size."""

import time
import tracemalloc
from collections.abc import Iterator

import pytest

from gateway.content import MemorySink
from gateway.errors import Reason, Refused
from gateway.mail.address import addresses
from gateway.mail.headers import message_ids
from gateway.mail.parameters import structured
from gateway.mail.split import split
from gateway.mail.words import decode_address_words, decode_words
from gateway.model import Letter
from tests.mail.letters import crlf, multipart, part

_BUDGET_SECONDS = 5.0  # of processor time; linear takes a tenth of it on an idle machine, quadratic minutes


def _nested(depth: int) -> bytes:
    lines = ["Content-Type: multipart/mixed; boundary=b0", ""]
    for level in range(1, depth):
        lines += [f"--b{level - 1}", f"Content-Type: multipart/mixed; boundary=b{level}", ""]
    return crlf(*lines)


_IN = "Content-Type: multipart/mixed; boundary=b"


@pytest.mark.parametrize(
    ("reason", "octets"),
    [
        (Reason.TOO_DEEP, _nested(2000)),
        (Reason.TOO_MANY_PARTS, multipart(*[b"\r\n"] * 1000)),
        (Reason.TOO_MANY_PARTS, crlf(_IN, "") + b"--b\n" * 100_000),
        (Reason.TOO_LARGE, crlf("Subject: x") + b"X-A: " + b"y" * 65536),
        (Reason.TOO_LARGE, crlf("Content-Type: text/plain" + ";" * 100_000, "")),
        (Reason.TOO_LARGE, crlf("Content-Type: text/plain" + ";" * 5_000, "")),
        (Reason.TOO_LARGE, b"A: b" * 1_000_000),
        (Reason.TOO_LARGE, crlf("Subject: x", *["a:"] * 10_000, "")),
        (Reason.TOO_LARGE, crlf("Subject: x", *[" ="] * 30_000, "")),
        (Reason.TOO_LARGE, multipart(part("x"), boundary="b" * 1500)),
        (Reason.AMBIGUOUS, crlf(_IN, "") + b"--b?\r\n" * 200_000 + b"--b--"),
        (Reason.AMBIGUOUS, crlf(_IN, "", "--b", "", "--b--") + b"--b\n" * 200_000),
        (Reason.TRUNCATED, crlf(_IN, "") + b"\r\n" * 500_000),
        (Reason.TRUNCATED, crlf(_IN, "") + b"\n--" * 500_000),
        (Reason.TRUNCATED, crlf(_IN, "") + b"\n-" * 500_000),
        (Reason.BAD_ENCODING, crlf("Content-Transfer-Encoding: quoted-printable", "") + b" " * 2_000_000),
        (Reason.BAD_ENCODING, crlf("Content-Transfer-Encoding: base64", "") + b"====A" * 500_000),
    ],
)
def test_a_hostile_letter_is_refused_in_time(reason: Reason, octets: bytes) -> None:
    before = time.process_time()
    with pytest.raises(Refused) as caught:
        split([octets], MemorySink)
    seconds = time.process_time() - before

    assert caught.value.reason is reason
    assert seconds < _BUDGET_SECONDS


@pytest.mark.parametrize(
    "octets",
    [
        crlf("Subject: " + "=?utf-8?q?" * 800, ""),
        crlf("Subject: " + "=?" * 4000, ""),
        crlf("To: " + "(" * 8000, ""),
        crlf("To: " + '"' * 7999, ""),
        crlf("To: " + "\\" * 8000, ""),
        crlf('Content-Type: text/plain; x="' + ";" * 1900, ""),
        crlf("Content-Type: text/plain; x=" + "(" * 1900, ""),
        crlf("Content-Disposition: attachment" + "".join(f"; filename*{n}*=a" for n in range(100)), ""),
        crlf("Subject: x", "") + b"x" * 3_000_000,
        crlf("Content-Transfer-Encoding: quoted-printable", "") + b"=" * 900_000,
        crlf("Content-Transfer-Encoding: quoted-printable", "") + b"=\n" * 500_000,
        crlf("Content-Transfer-Encoding: quoted-printable", "") + b" \n" * 500_000,
        crlf("Content-Transfer-Encoding: base64", "") + b"\r\n" * 500_000 + b"=" * 500_000,
        multipart(part(b"\r" * 1_000_000), part(b"-" * 1_000_000), part(b"\n" * 1_000_000)),
    ],
)
def test_an_odd_letter_is_read_in_time(octets: bytes) -> None:
    before = time.process_time()
    letter = split([octets], MemorySink)
    seconds = time.process_time() - before

    assert letter.parts
    assert seconds < _BUDGET_SECONDS


@pytest.mark.parametrize("read", [structured, addresses, message_ids, decode_words, decode_address_words])
@pytest.mark.parametrize(
    "value",
    [
        *(";" * 100_000, 's="' + ";" * 100_000, "(" * 100_000, "=?a?q?" * 20_000, "<" * 100_000, '"' * 100_001),
        *('"\\' * 50_000, "a*0=b;" * 20_000, ",:" * 50_000, "()" * 50_000, "=?a?q?b?= " * 10_000, " " * 100_000),
    ],
)
def test_every_reader_of_headers_takes_linear_time(read: object, value: str) -> None:
    """cpython #136063, #87075."""
    assert callable(read)
    before = time.process_time()
    read(value)
    seconds = time.process_time() - before

    assert seconds < _BUDGET_SECONDS


def test_memory_does_not_grow_with_the_letter() -> None:
    """cpython #75630, #81642."""

    def blocks(mebibytes: int) -> Iterator[bytes]:
        yield crlf(_IN, "", "--b", "Content-Transfer-Encoding: base64", "")
        line = crlf("QUJD" * 19) * 840
        for _ in range(mebibytes * 16):
            yield line
        yield crlf("--b--")

    small, large = _peak(blocks(2)), _peak(blocks(16))

    assert large < 8 << 20
    assert large < small + (1 << 20)


def _peak(blocks: Iterator[bytes]) -> int:
    tracemalloc.start()
    try:
        letter: Letter = split(blocks, _Nowhere)
        assert letter.parts
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class _Nowhere(MemorySink):
    def write(self, block: bytes) -> None:
        """Forget it."""
