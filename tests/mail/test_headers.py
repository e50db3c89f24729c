# SPDX-License-Identifier: GPL-3.0-or-later
"""What header fields say: encoded words, raw 8-bit, identifiers, machines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.address import addresses
from gateway.mail.charsets import decode, guess
from gateway.mail.headers import is_auto_reply, message_ids
from gateway.mail.parameters import structured
from gateway.mail.words import decode_address_words, decode_words, encode_words, header_text
from tests.mail.letters import crlf, read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("=?utf-8?b?0J/RgNC40LLQtdGC?=", "Привет"),
        ("=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
        ("=?KOI8-R?B?8NLJ18XU?= all", "Привет all"),
        ("=?utf-8?B?0J/R?= =?UTF-8?B?gNC40LI=?=", "Прив"),
        ("=?utf-8?q?a?=   =?koi8-r?q?=C1?=", "aа"),
        ("a =?utf-8?q?b_c?= d", "a b c d"),
        ("=?utf-8*ru?q?x?=", "x"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?no-such-charset?q?=D0=9F?=", "П"),
        ("=?zlib?q?x?=", "x"),
        ("=?us-ascii?q?=D0=9F?=", "П"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?utf-8?b?0J8?=", "П"),
        ("=?utf-8?x?y?=", "=?utf-8?x?y?="),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        ("=?utf-8?q?=FF?=", "\ufffd"),
    ],
)
def test_encoded_words_are_decoded_and_never_raise(written: str, meant: str) -> None:
    assert decode_words(written) == meant


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_what_is_written_as_encoded_words_is_read_back(text: str) -> None:
    words = encode_words(text)

    assert all(len(word) <= 75 for word in words)
    assert decode_words(" ".join(words)) == text


@pytest.mark.parametrize(
    ("written", "decoded"),
    [
        ("=?utf-8?q?alice?=@north.example", "=?utf-8?q?alice?=@north.example"),
        ("alice@=?utf-8?q?north?=.example", "alice@=?utf-8?q?north?=.example"),
        ("x <=?utf-8?q?alice?=@north.example>", "x <=?utf-8?q?alice?=@north.example>"),
        ("=?utf-8?q?Ann?= <a@x.example>", "Ann <a@x.example>"),
        ("=?utf-8?q?Other=2C_Ann?=<a@x.example>", '"Other, Ann"<a@x.example>'),
        ('"=?utf-8?q?=22a=22?=" <a@x.example>', '"\\"a\\"" <a@x.example>'),
        ("a@x.example (=?utf-8?q?=29=2C_b=40y.example_=28?=)", "a@x.example (\\), b@y.example \\()"),
    ],
)
def test_an_encoded_word_is_decoded_as_a_name_and_never_as_an_address(written: str, decoded: str) -> None:
    assert decode_address_words(written) == decoded


_SIGNS = st.sampled_from(
    [
        *("=?utf-8?q?", "=?koi8-r?b?", "?=", "=2C", "=40", "=3E", "=29", "=22"),
        *("a", "@x.example", '"', "(", ")", "<", ">", ",", " "),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_SIGNS, max_size=16).map("".join))
def test_decoding_names_never_adds_or_moves_an_address(value: str) -> None:
    decoded = addresses(decode_address_words(value))

    assert decoded in ((), addresses(value))


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r"])
@pytest.mark.parametrize(
    "text",
    ["Договор", "ПРИКАЗ", "Письмо о проведении проверки.docx", "Акт сверки №5", "Иванов И.И.", "входящие", "Щука"],
)
def test_raw_russian_is_recognised(text: str, charset: str) -> None:
    raw = text.encode(charset, "ignore")

    assert header_text(raw) == raw.decode(charset)


def test_a_declared_cyrillic_charset_decides_over_frequency() -> None:
    assert guess("Договор".encode("cp866"), "cp866") == "Договор"
    assert guess("Договор".encode("windows-1251"), "iso-8859-1") == "Договор"


@given(st.binary(max_size=40), st.text(max_size=20))
def test_no_charset_name_raises(octets: bytes, charset: str) -> None:
    assert isinstance(decode(octets, charset), str)


@pytest.mark.parametrize(
    ("text", "value", "name", "readings"),
    [
        ("text/plain", "text/plain", "charset", ()),
        ("Text/Plain; CHARSET=utf-8", "text/plain", "charset", ("utf-8",)),
        ("text/plain (a comment; charset=no); charset=yes", "text/plain", "charset", ("yes",)),
        ('a/b; x="y;z=\\"1\\""; w=2', "a/b", "x", ('y;z="1"',)),
        ("a/b; x=1; x=2", "a/b", "x", ("1", "2")),
        ("a/b; x = 1 ;; ; =3; ;y", "a/b", "x", ("1",)),
        ("a/b; x*=koi8-r''%F0; x=old", "a/b", "x", ("П", "old")),
        ("a/b; x*0=ab; x*1=cd; x*3=no", "a/b", "x", ("abcd",)),
        ("a/b; x*1*=%9F; x*0*=utf-8'ru'%D0; x*2=!", "a/b", "x", ("П!",)),
        ("a/b; x*0=a; x*0=b", "a/b", "x", ("a", "b")),
        ("a/b; x*1=b", "a/b", "x", ()),
        ("a/b; x*=%D0%9F", "a/b", "x", ("П",)),
        ("a/b; x=y z", "a/b", "x", ("y z",)),
        ("a/b; x=y (z)", "a/b", "x", ("y", "y (z)")),
        ("a/b; x=y(1).z", "a/b", "x", ("y(1).z", "y.z")),
        ("a/b; x=y(1.z; w=2", "a/b", "x", ("y(1.z",)),
        ('a/b; x="c:\\in\\f"', "a/b", "x", ("c:inf", "c:\\in\\f")),
        ('a/b; x="open; w=2', "a/b", "x", ("open; w=2",)),
    ],
)
def test_parameters_keep_every_reading(text: str, value: str, name: str, readings: tuple[str, ...]) -> None:
    parsed = structured(text)

    assert (parsed.value, parsed.readings(name)) == (value, readings)


@settings(deadline=None)
@given(st.text("ab*0=;\"()\\' %<", max_size=60))
def test_no_parameters_raise(text: str) -> None:
    parsed = structured(text)

    assert isinstance(parsed.readings("a"), tuple)


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x.example>", ("a@x.example",)),
        ("<a@x.example> (note)\t<b@y.example><c>", ("a@x.example", "b@y.example", "c")),
        ("a@x.example", ("a@x.example",)),
        ("Your letter of Monday", ()),
        ("<a b@x.example>", ()),
        ("", ()),
    ],
)
def test_message_identifiers_come_without_brackets(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value) == ids


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Subject: hello", False),
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: No (a person)", False),
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: auto-generated; type=x", True),
        ("Precedence: Bulk", True),
        ("Precedence: first-class", False),
        ("List-Id: <news.north.example>", True),
        ("X-Auto-Response-Suppress: OOF, AutoReply", True),
        ("X-Auto-Response-Suppress: None", False),
        ("Return-Path: <>", True),
        ("Return-Path: <a@north.example>", False),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b--", True),
    ],
)
def test_what_a_machine_wrote_is_told_from_what_a_person_wrote(header: str, automatic: bool) -> None:
    assert is_auto_reply(read(crlf(header, ""))) is automatic
