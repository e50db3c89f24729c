# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking letters apart: what is understood, what is noted, what is refused."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import MemorySink
from gateway.errors import Reason, Refused
from gateway.mail.split import Limits, split
from tests.mail.letters import Sinks, bytes_of, crlf, multipart, part, pieces, read

_NESTED = multipart(
    part("Preface\r\n--bb\r\n--\r\n-", "Content-Type: text/plain; charset=KOI8-R"),
    crlf("Content-Type: multipart/alternative; boundary=b_in", "", "preamble", "--b_in", "", "one", "--b_in", "")
    + crlf("two", "--b_in--", "epilogue"),
    part("AAEC/w==", "Content-Type: application/octet-stream; name=x.bin", "Content-Transfer-Encoding: base64"),
    part("caf=C3=A9 =\r\nend  ", "Content-Transfer-Encoding: Quoted-Printable"),
)


def test_a_letter_without_mime_headers_is_one_plain_text() -> None:
    letter = read(crlf("From: a@north.example", "Subject: hello", "", "Good day", ""))

    (only,) = letter.parts
    assert (only.path, only.media_type, only.charset, only.name) == ("1", "text/plain", "", "")
    assert bytes_of(only) == b"Good day\r\n\r\n"
    assert letter.headers == (("From", "a@north.example"), ("Subject", "hello"))
    assert letter.problems == ()


def test_a_letter_is_flattened_to_its_leaves_with_their_places() -> None:
    letter = read(_NESTED)

    assert [(each.path, each.media_type, bytes_of(each)) for each in letter.parts] == [
        ("1", "text/plain", b"Preface\r\n--bb\r\n--\r\n-"),
        ("2.1", "text/plain", b"one"),
        ("2.2", "text/plain", b"two"),
        ("3", "application/octet-stream", b"\x00\x01\x02\xff"),
        ("4", "text/plain", b"caf\xc3\xa9 end"),
    ]
    assert letter.parts[0].charset == "koi8-r"
    assert letter.parts[3].name == "x.bin"
    assert letter.size == len(_NESTED)


@pytest.mark.parametrize("window_bytes", [1, 2, 3, 7, 64, 1 << 18])
@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_where_blocks_are_cut_changes_nothing(size: int, window_bytes: int, line_end: bytes) -> None:
    octets = _NESTED.replace(b"\r\n", line_end)

    assert split(pieces(octets, [size]), MemorySink, Limits(window_bytes=window_bytes)) == read(octets)


_FRAGMENTS = (
    b"--b",
    b"--b--",
    b"--",
    b"-",
    b"\r",
    b"\n",
    b"\r\n",
    b"b",
    b" ",
    b"=",
    b"=3D",
    b"AAAA",
    b"\t",
    b"begin 644 a",
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["7bit", "quoted-printable", "base64"]),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=30).map(b"".join),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_neither_blocks_nor_windows_change_what_a_letter_says(encoding: str, body: bytes, sizes: list[int]) -> None:
    octets = multipart(part(body, f"Content-Transfer-Encoding: {encoding}"))
    outcome = _outcome(iter([octets]))

    assert _outcome(pieces(octets, sizes)) == outcome
    assert _outcome(pieces(octets, sizes), window_bytes=sizes[0]) == outcome


def _outcome(blocks: Iterator[bytes], window_bytes: int = 1 << 18) -> object:
    try:
        return split(blocks, MemorySink, Limits(window_bytes=window_bytes))
    except Refused as refused:
        return (refused.reason, refused.place)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"From: a\n", b"Content-Type: multipart/x; boundary=a\n\n--a\n"]))
def test_any_bytes_are_a_letter_or_refused(octets: bytes, before: bytes) -> None:
    sinks = Sinks()
    refused = False
    try:
        split([before + octets], sinks)
    except Refused:
        refused = True

    assert sinks.left == (0 if refused else len(sinks.made))


@pytest.mark.parametrize(
    ("code", "octets"),
    [
        ("duplicate-header", crlf("From: a@north.example", "From: b@north.example", "")),
        ("blank-before-colon", crlf("Subject : x", "")),
        ("bad-header-name", crlf("From: a@north.example", "not a name: x", "")),
        ("header-too-long", crlf("From: a@north.example", "X-Long: " + "x" * 9000, "")),
        ("lone-cr", crlf("Subject: a\rb", "")),
        ("mbox-line", crlf("From a@north.example Mon Jan 1 00:00:00 2024", "Subject: x", "")),
        ("byte-order-mark", b"\xef\xbb\xbf" + crlf("Subject: x", "")),
        ("bad-content-type", crlf("Content-Type: text", "")),
        ("no-encoding", crlf("Content-Transfer-Encoding:", "")),
        ("nul-in-text", crlf("Subject: x", "", "a\0b")),
        ("bad-escape", crlf("Content-Transfer-Encoding: quoted-printable", "", "a=ZZ")),
        ("base64-padding", multipart(part("AAE", "Content-Transfer-Encoding: base64"))),
        ("encoded-message", crlf("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", "AAAA")),
        ("tnef", crlf("Content-Type: application/ms-tnef", "", "x")),
        ("uuencode", crlf("Subject: x", "", "see below", "begin 644 a.txt")),
        ("long-boundary", multipart(part("x"), boundary="b" * 71)),
        ("odd-boundary", multipart(part("x"), boundary="b#1")),
        ("odd-delimiter", multipart(part("x\r\n--bcd"))),
        ("odd-delimiter", multipart(part("x")) + crlf("--b", "", "after the end", "--b--")),
        ("empty-multipart", multipart()),
        ("not-closed", multipart(crlf("Content-Type: multipart/mixed; boundary=in", "", "--in", "", "x"))),
        ("ambiguous-name", multipart(part("x", "Content-Disposition: attachment; filename=a; filename*=UTF-8''b"))),
        ("repeated-name", multipart(part("x", "Content-Disposition: attachment; filename=a; filename=a"))),
        ("broken-parameters", multipart(part("x", 'Content-Disposition: attachment; filename="a'))),
    ],
)
def test_a_leniency_is_noted_and_the_letter_read(code: str, octets: bytes) -> None:
    letter = read(octets)

    assert code in [problem.code for problem in letter.problems]


_IN = "Content-Type: multipart/mixed; boundary=b"


@pytest.mark.parametrize(
    ("reason", "place", "octets"),
    [
        (Reason.NOT_MIME, "letter", b""),
        (Reason.NOT_MIME, "letter", crlf("", "no header at all")),
        (Reason.NOT_MIME, "letter", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        (Reason.NOT_MIME, "letter", crlf("just some words", "without a colon")),
        (Reason.AMBIGUOUS, "letter", crlf("Subject: x", "Subj\0ect: y", "")),
        (Reason.AMBIGUOUS, "letter", crlf("Subject: x", "no header", "", "body")),
        (Reason.AMBIGUOUS, "letter, content-type", crlf("Content-Type: text/plain", "Content-Type: text/html", "")),
        (
            Reason.AMBIGUOUS,
            "letter, content-transfer-encoding",
            crlf("Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64", ""),
        ),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf(_IN + "; boundary=c", "", "--b", "", "--b--")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf(_IN + "; boundary*=UTF-8''c", "", "--b", "", "--b--")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf("Content-Type: multipart/mixed", "", "--b", "", "--b--")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf('Content-Type: multipart/mixed; boundary=""', "", "--")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf('Content-Type: multipart/mixed; boundary="b', "", "--b")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf("Content-Type: multipart/mixed; boundary=b (c)", "", "--b")),
        (Reason.AMBIGUOUS, "letter, Content-Type", crlf("Content-Type: text/plain;\rcharset=x", "")),
        (Reason.AMBIGUOUS, "letter, Content-Transfer-Encoding", crlf(_IN, "Content-Transfer-Encoding: base64", "")),
        (Reason.AMBIGUOUS, "part 1", multipart(crlf(_IN, "", "--b", "", "x"))),
        (Reason.AMBIGUOUS, "part 1, Content-Type", multipart(part("", "Content-Type: message/external-body"))),
        (Reason.TRUNCATED, "part 1, Content-Type", multipart(part("", "Content-Type: message/partial; id=x"))),
        (Reason.TRUNCATED, "letter", crlf(_IN, "")),
        (Reason.TRUNCATED, "letter", crlf(_IN, "", "--b", "", "x")),
        (Reason.TRUNCATED, "letter", crlf(_IN, "", "--b", "", "x") + b"--b-"),
        (Reason.TRUNCATED, "letter", crlf("Content-Transfer-Encoding: base64", "", "AAE")),
        (Reason.BAD_ENCODING, "letter, Content-Transfer-Encoding", crlf("Content-Transfer-Encoding: uuencode", "")),
        (Reason.BAD_ENCODING, "part 1", multipart(part("AA*A", "Content-Transfer-Encoding: base64"))),
        # Four foreign characters at once: whoever skips them finds whole groups left.
        (Reason.BAD_ENCODING, "part 1", multipart(part("AAAA****", "Content-Transfer-Encoding: base64"))),
        (Reason.BAD_ENCODING, "part 1", multipart(part("AA-_", "Content-Transfer-Encoding: base64"))),
        (Reason.BAD_ENCODING, "part 1", multipart(part("AA==\r\nAAAA", "Content-Transfer-Encoding: base64"))),
        (Reason.BAD_ENCODING, "part 1", multipart(part("AAAAA", "Content-Transfer-Encoding: base64"))),
        (Reason.TOO_LARGE, "letter, Content-Type", crlf("Content-Type: text/plain; x=" + "y" * 2048, "")),
        (Reason.TOO_LARGE, "letter", crlf(*["X: y"] * 201, "")),
        (Reason.TOO_LARGE, "letter, Content-Type", multipart(part("x"), boundary="b" * 201)),
    ],
)
def test_what_two_programs_would_read_differently_is_refused_with_its_place(
    reason: Reason, place: str, octets: bytes
) -> None:
    with pytest.raises(Refused) as caught:
        read(octets)

    assert (caught.value.reason, caught.value.place) == (reason, place)


def test_embedded_messages_and_delivery_reports_stay_one_part() -> None:
    inner = multipart(part("inside"), boundary="in")
    letter = read(
        multipart(
            part(inner, "Content-Type: message/rfc822"),
            part("Reporting-MTA: dns; mx.example\r\n\r\nAction: failed", "Content-Type: message/delivery-status"),
            part("Subject: x", "Content-Type: text/rfc822-headers"),
            kind="report",
        )
    )

    assert [each.media_type for each in letter.parts] == [
        "message/rfc822",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert bytes_of(letter.parts[0]) == inner


def test_a_part_of_a_digest_is_a_message_unless_it_says_otherwise() -> None:
    letter = read(multipart(part("Subject: x\r\n\r\n"), part("", "Content-Type: text/html"), kind="digest"))

    assert [each.media_type for each in letter.parts] == ["message/rfc822", "text/html"]


def test_a_delimiter_ends_a_part_that_has_only_headers() -> None:
    letter = read(crlf(_IN, "", "--b", "Content-Type: text/html", "--b", "--b--"))

    assert [(each.media_type, each.content.size) for each in letter.parts] == [("text/html", 0), ("text/plain", 0)]


def test_blanks_behind_a_delimiter_are_transport_padding() -> None:
    letter = read(crlf(_IN, "", "--b \t", "", "x", "--b-- ", "epilogue"))

    assert [bytes_of(each) for each in letter.parts] == [b"x"]
    assert letter.problems == ()


def test_the_last_delimiter_needs_no_line_end() -> None:
    letter = read(crlf(_IN, "", "--b", "", "x") + b"--b--")

    assert [bytes_of(each) for each in letter.parts] == [b"x"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"=41=4a=4A", b"AJJ"),
        (b"a = \t\r\nb", b"a b"),
        (b"a  \r\nb\t\r\n", b"a\r\nb\r\n"),
        (b"a=\nb  \nc=", b"ab\nc"),
        (b"a==\r\nb", b"a=b"),
        (b"a=4\r\nb=\rc", b"a=4\r\nb=\rc"),
        (b"=D0=9F_ ", b"\xd0\x9f_"),
    ],
)
def test_quoted_printable_is_read_as_written(written: bytes, meant: bytes) -> None:
    letter = read(multipart(part(written, "Content-Transfer-Encoding: quoted-printable")))

    assert bytes_of(letter.parts[0]) == meant


def test_headers_are_unfolded_and_decoded_without_inventing_addresses() -> None:
    letter = read(
        crlf(
            "From: =?utf-8?q?alice=40north.example=2C?= <mallory@evil.example>",
            "Subject: =?koi8-r?B?8NLJ18XU?=",
            " =?koi8-r?B?Lg==?=",
            "",
        )
    )

    assert letter.headers == (
        ("From", '"alice@north.example," <mallory@evil.example>'),
        ("Subject", "Привет."),
    )


def test_a_header_over_its_limit_is_left_out_rather_than_cut() -> None:
    letter = read(crlf("To: a@north.example", "From: " + "x" * 8200, ""))

    assert letter.headers == (("To", "a@north.example"),)


def test_a_header_block_over_its_limit_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        read(crlf(*[f"X-{number}: " + "x" * 700 for number in range(100)], ""))

    assert caught.value.reason is Reason.TOO_LARGE


def test_content_over_the_limit_is_refused_and_counted_decoded() -> None:
    octets = multipart(part("AAAA" * 10, "Content-Transfer-Encoding: base64"))

    assert read(octets, Limits(max_decoded_bytes=30)).parts[0].content.size == 30
    with pytest.raises(Refused) as caught:
        read(octets, Limits(max_decoded_bytes=29))
    assert (caught.value.reason, caught.value.place) == (Reason.TOO_LARGE, "part 1")


def test_a_refused_letter_leaves_no_sink_behind() -> None:
    sinks = Sinks()
    with pytest.raises(Refused):
        split([multipart(part("one"), part("AA*A", "Content-Transfer-Encoding: base64"))], sinks)

    assert len(sinks.made) == 2
    assert sinks.left == 0


def test_a_full_disk_leaves_no_sink_behind() -> None:
    sinks = Sinks(failing=2)
    with pytest.raises(OSError, match="no space"):
        split([multipart(part("one"), part("two"))], sinks)

    assert sinks.left == 0


def test_a_source_that_fails_leaves_no_sink_behind() -> None:
    def broken() -> Iterator[bytes]:
        yield crlf(_IN, "", "--b", "", "x" * 100, "--b", "", "y" * 100)
        raise ConnectionResetError

    sinks = Sinks()
    with pytest.raises(ConnectionResetError):
        split(broken(), sinks, Limits(window_bytes=64))

    assert len(sinks.made) == 2
    assert sinks.left == 0


def test_a_good_letter_closes_every_sink() -> None:
    sinks = Sinks()
    split([_NESTED], sinks)

    assert [(sink.closed, sink.discarded) for sink in sinks.made] == [(True, False)] * 5


def test_the_digest_is_the_same_by_whatever_route() -> None:
    sent = crlf("From: a@north.example", "Subject: a long", " subject", "", "text", "", "more")
    came = (
        crlf("Return-Path: <a@north.example>", "Received: from mx.example", "\tby other.example", "X-Spam: no")
        + crlf("Authentication-Results: mx.example; dkim=pass", "DKIM-Signature: v=1", "ARC-Seal: i=1")
        + crlf("FROM: a@north.example", "Subject: a long subject", "", "text", "", "more", "", "")
    ).replace(b"\r\n", b"\n")

    assert read(came).digest == read(sent).digest


@pytest.mark.parametrize(
    "changed",
    [
        crlf("From: b@north.example", "Subject: s", "", "text", "more"),
        crlf("From: a@north.example", "Subject: s", "", "text", "", "more"),
        crlf("From: a@north.example", "Subject: s", "", "text", "more."),
        crlf("From: a@north.example", "Subject: s", "", "text\rmore"),
        crlf("From: a@north.example", "Subject: s", "In-Reply-To: <x@y.example>", "", "text", "more"),
    ],
)
def test_another_letter_has_another_digest(changed: bytes) -> None:
    assert read(changed).digest != read(crlf("From: a@north.example", "Subject: s", "", "text", "more")).digest
