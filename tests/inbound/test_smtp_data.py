# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a letter and what does not, whatever way its bytes are cut."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.smtp.transfer import DataScanner
from tests.inbound.smtp_wire import Accepting, running, talking

BREAKS = (b"\r\n", b"\n", b"\r", b"\0", b"\r\r\n", b"\n\r", b"\r\0\n", b"\x85", b"\x0b", b"\x0c", b"\xe2\x80\xa8")
FALSE_ENDS = tuple(
    before + b"." + after
    for before, after in itertools.product(BREAKS, BREAKS)
    if not (before.endswith(b"\r\n") and after.startswith(b"\r\n"))
)


def scan(*blocks: bytes) -> tuple[bytes, DataScanner]:
    scanner = DataScanner()
    letter = bytearray()
    for block in blocks:
        letter += scanner.feed(block)
        if scanner.ended:
            break
    return bytes(letter), scanner


@pytest.mark.parametrize(
    ("wire", "letter", "rest"),
    [
        (b".\r\n", b"", b""),
        (b"..\r\n.\r\n", b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n", b""),
        (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
        (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n", b""),
        (b".a\r\n.\r\n", b"a\r\n", b""),
        (b"\r\n\r\n.\r\n.\r\n", b"\r\n\r\n", b".\r\n"),
        ("Привет\r\n.\r\n".encode(), "Привет\r\n".encode(), b""),
    ],
)
def test_a_letter_comes_out_without_its_stuffing_and_what_follows_is_kept(wire: bytes, letter: bytes, rest: bytes):
    seen, scanner = scan(wire)

    assert (seen, scanner.rest, scanner.ended, scanner.sound) == (letter, rest, True, True)


@pytest.mark.parametrize("false_end", FALSE_ENDS)
def test_nothing_but_crlf_dot_crlf_ends_a_letter_wherever_it_is_cut(false_end: bytes):
    wire = b"a" + false_end + b"MAIL FROM:<x@y.example>\r\n.\r\nrest"

    for cut in range(1, len(wire) - len(b"rest")):
        _, scanner = scan(wire[:cut], wire[cut:])

        assert scanner.ended
        assert scanner.rest == b"rest"
        spoilt = any(byte in false_end.replace(b"\r\n", b"") for byte in (b"\r", b"\n", b"\0"))
        assert scanner.sound is not spoilt


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(st.lists(st.sampled_from([b".", b"..", b"a", b"\xff", b" "]), max_size=4).map(b"".join), max_size=8),
    cuts=st.lists(st.integers(0, 80), max_size=12),
)
def test_any_letter_survives_the_wire_cut_anywhere(lines: list[bytes], cuts: list[int]):
    letter = b"".join(line + b"\r\n" for line in lines)
    wire = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\nRSET\r\n"
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})

    scanner = DataScanner()
    seen = b""
    for start, end in itertools.pairwise(edges):
        if scanner.ended:
            scanner.rest += wire[start:end]
        else:
            seen += scanner.feed(wire[start:end])

    assert (seen, scanner.rest, scanner.sound) == (letter, b"RSET\r\n", True)


@settings(max_examples=300, deadline=None)
@given(
    wire=st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\0", b"\r\n", b"\r\n.\r\n"]), max_size=20).map(b"".join),
    cut=st.integers(0, 60),
)
def test_the_cut_changes_nothing_about_any_bytes(wire: bytes, cut: int):
    whole, one = scan(wire)
    parts, two = scan(wire[:cut], wire[cut:])

    assert (parts, two.sound, two.ended) == (whole, one.sound, one.ended)
    assert one.ended == (b"\r\n.\r\n" in b"\r\n" + wire)


@pytest.mark.parametrize(
    "false_end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\r\n.\0\r\n", b"\r\r\n.\r\r\n"]
)
async def test_a_smuggled_letter_is_refused_with_the_one_that_carries_it(false_end: bytes):
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"Subject: outer\r\n\r\nbody" + false_end)
        client.send(b"MAIL FROM:<admin@ministry.example>\r\nRCPT TO:<documents@ministry.example>\r\nDATA\r\n")
        client.send(b"Subject: smuggled\r\n\r\nx\r\n.\r\n")

        assert (await client.reply()).startswith("550 5.6.0")
        assert await client.say("NOOP") == "250 2.0.0 ok"
        assert accept.letters == []
        assert accept.sinks[0].discarded.is_set()


async def test_the_end_is_found_when_every_byte_comes_alone():
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        for byte in b"..a\r\n.b\r\n\r\n.\r\n":
            client.send(bytes([byte]))
            await client.writer.drain()

        assert (await client.reply()).startswith("250")
        assert accept.letters == [b".a\r\nb\r\n\r\n"]
