# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting and reading what IMAP servers send, and writing what they are sent."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.imap.answers import Fetched, Garbled, copied, fetched, searched, selected
from gateway.inbound.imap.framing import Framer, LimitExceeded, Limits, Piece
from gateway.inbound.imap.names import keyword, mailbox, modified_utf7, quoted, uid_set


def framed(*blocks: bytes, limits: Limits | None = None) -> list[tuple[Piece, ...]]:
    framer = Framer(limits or Limits())
    return [response for block in blocks for response in framer.feed(block)]


# --- framing

_TEXT = st.binary(max_size=30).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").rstrip(b"}"))
_RESPONSE = st.lists(st.tuples(_TEXT, st.binary(max_size=40)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_RESPONSE, _TEXT), max_size=4), st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_however_the_bytes_are_split_the_responses_are_the_same(
    wanted: list[tuple[list[tuple[bytes, bytes]], bytes]], cuts: list[int]
) -> None:
    stream, expected = b"", []
    for literals, last in wanted:
        pieces: list[Piece] = []
        for text, literal in literals:
            line = b"* X " + text + b"{%d}" % len(literal)
            stream += line + b"\r\n" + literal
            pieces += [line, bytearray(literal)]
        stream += b"* X " + last + b"\r\n"
        expected.append((*pieces, b"* X " + last))
    blocks, at, turn = [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        blocks.append(stream[at : at + step])
        at, turn = at + step, turn + 1

    assert framed(*blocks) == framed(stream) == expected


def test_braces_at_the_end_of_words_announce_nothing() -> None:
    assert framed(b"* OK see {5}\r\nA1 NO {7}\r\n+ {3}\r\n") == [(b"* OK see {5}",), (b"A1 NO {7}",), (b"+ {3}",)]


@pytest.mark.parametrize(
    "stream",
    [b"x" * 101, b"* 1 FETCH {51}\r\n", b"* OK\r\n" * 11, b"{0}\r\n" * 11, b"* OK " + b"x" * 60 + b"\r\n" + b"y" * 140],
)
def test_a_limit_is_kept(stream: bytes) -> None:
    limits = Limits(line_bytes=100, literal_bytes=50, answer_bytes=200, answer_pieces=10)

    with pytest.raises(LimitExceeded):
        framed(stream, limits=limits)


def test_a_line_of_just_the_limit_is_taken_though_its_end_comes_in_two() -> None:
    line, limits = b"* OK " + b"x" * 95, Limits(line_bytes=100)

    assert framed(line + b"\r", b"\n", limits=limits) == framed(line + b"\r\n", limits=limits) == [(line,)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_framed_or_refused_and_nothing_else(blocks: list[bytes]) -> None:
    try:
        responses = framed(*blocks, limits=Limits(literal_bytes=20))
    except LimitExceeded:
        return

    assert all(isinstance(response[0], bytes) for response in responses)


# --- answers


def test_a_fetch_response_is_read_with_everything_we_ask_for() -> None:
    line = b'1 FETCH (UID 5 FLAGS (\\Seen $Word) RFC822.SIZE 44827 INTERNALDATE " 7-Jul-2026 02:44:25 -0700" X (1 (2)))'

    assert list(fetched([line])) == [
        Fetched(
            5, frozenset({"\\seen", "$word"}), 44827, datetime(2026, 7, 7, 9, 44, 25, tzinfo=UTC), None, False, None
        )
    ]


def test_a_body_is_read_from_a_literal_a_quoted_string_and_nil() -> None:
    lines: list[Piece] = [
        b"1 FETCH (UID 5 BODY[]<7> {3}",
        bytearray(b"a)b"),
        b" FLAGS ())",
        b'2 FETCH (BODY[]<0> "q\\"\\\\" UID 6)',
        b"3 FETCH (UID 7 BODY[] NIL)",
        b"done",
    ]

    assert [(one.uid, one.body, one.has_body, one.offset) for one in fetched(lines)] == [
        (5, b"a)b", True, 7),
        (6, b'q"\\', True, 0),
        (7, None, True, None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"1 FETCH (UID 1",
        b"1 FETCH (UID 1))",
        b'1 FETCH (UID "1)',
        b"1 FETCH (UID)",
        b"1 FETCH (" + b"(" * 100 + b")" * 101,
        b'1 FETCH ("\\',
    ],
)
def test_what_is_no_list_is_garbled(line: bytes) -> None:
    with pytest.raises(Garbled):
        list(fetched([line]))


@pytest.mark.parametrize(
    "when", [b"yesterday", b"31-Feb-2026 00:00:00 +0000", b"01-Xxx-2026 00:00:00 +0000", b"01-Jan-0001 00:00:00 +2359"]
)
def test_a_moment_that_is_none_is_absent(when: bytes) -> None:
    assert [one.arrived_at for one in fetched([b'1 FETCH (UID 1 INTERNALDATE "%s")' % when])] == [None]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(bytearray)), max_size=5))
def test_any_answer_is_read_or_garbled_and_nothing_else(lines: list[Piece]) -> None:
    try:
        list(fetched([b"1 FETCH (" + bytes(line) if isinstance(line, bytes) else line for line in lines]))
        searched(lines, 1, 100)
        copied(lines)
        selected(lines)
    except Garbled:
        pass


def test_a_bracket_storm_is_read_in_linear_time() -> None:
    with pytest.raises(Garbled):
        list(fetched([b"1 FETCH (" + b"[" * 60_000]))


def test_a_folder_says_how_it_stands() -> None:
    folder = selected(
        [
            b"FLAGS (\\Seen)",
            b"12 EXISTS",
            b"0 RECENT",
            b"OK [PERMANENTFLAGS (\\Deleted \\*)] Flags permitted.",
            b"OK [UIDVALIDITY 1699999999] UIDs valid",
            b"OK [UIDNEXT 4294967295] Predicted next UID",
            b"[READ-ONLY] Select completed.",
        ]
    )

    assert (folder.uidvalidity, folder.uidnext, folder.exists, folder.read_only) == (1699999999, 4294967295, 12, True)
    assert not folder.keeps("$EdmsExchange")


@pytest.mark.parametrize("uidvalidity", [b"0", b"-1", b"4294967296", b"x", b"9" * 5000])
def test_a_folder_without_identity_is_garbled(uidvalidity: bytes) -> None:
    with pytest.raises(Garbled):
        selected([b"OK [UIDVALIDITY " + uidvalidity + b"] valid", b"[READ-WRITE] done"])


def test_a_copyuid_set_is_not_expanded() -> None:
    runs = copied([b"[COPYUID 1 4294967295:1,7 1:2] done"])

    assert [uid in run for run in runs for uid in (5, 7)] == [True, True, False, True]


# --- names


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", "INBOX"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("R&D", "R&-D"),
        ("Входящие", "&BBIERQQ+BDQETwRJBDgENQ-"),
        ("😀", "&2D3eAA-"),
        ("line\nbreak", "line&AAo-break"),
    ],
)
def test_a_folder_name_is_written_in_modified_utf7(name: str, written: str) -> None:
    assert modified_utf7(name) == written


def back(written: str) -> str:
    """Read modified UTF-7, plainly."""
    out, rest = "", written
    while rest:
        plain, amp, rest = rest.partition("&")
        out += plain
        if amp:
            coded, _, rest = rest.partition("-")
            padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
            out += base64.b64decode(padded).decode("utf-16-be") if coded else "&"
    return out


@settings(max_examples=80, deadline=None)
@given(st.text())
def test_every_folder_name_can_be_written_and_read_back(name: str) -> None:
    assert back(modified_utf7(name)) == name
    assert mailbox(name).isascii()
    assert not set("\r\n\0") & set(mailbox(name))


def test_quotes_and_backslashes_are_escaped() -> None:
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'


@pytest.mark.parametrize("word", ["", "two words", "a)", "{5}", "a\r\nb", "%", "*", '"'])
def test_what_is_no_keyword_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="keyword"):
        keyword(word)


def test_uids_are_written_in_runs() -> None:
    assert uid_set([9, 3, 4, 5, 5, 11]) == "3:5,9,11"
