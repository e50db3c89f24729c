# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters we write: strict in what goes out, and read back as meant."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import Held
from gateway.mail.address import addresses, parse
from gateway.mail.compose import Attachment, Head, NameEncoding, compose
from gateway.mail.headers import is_auto_reply, message_ids
from tests.mail.letters import bytes_of, read

_MOMENT = datetime(2030, 3, 4, 9, 5, 6, tzinfo=timezone(timedelta(hours=3)))


def _head(
    subject: str = "Report",
    *,
    sender_name: str = "",
    message_id: str = "m1@north.example",
    extra: tuple[tuple[str, str], ...] = (),
    date: datetime = _MOMENT,
) -> Head:
    return Head(
        parse("gate@north.example"),
        (parse("gate@south.test"), parse("copy@south.test")),
        subject,
        date,
        message_id,
        sender_name=sender_name,
        extra=extra,
    )


def _written(
    head: Head, text: str = "", members: tuple[Attachment, ...] = (), name_encoding: NameEncoding = "both"
) -> bytes:
    return b"".join(compose(head, text, members, boundary_token="T1", name_encoding=name_encoding))


def test_a_small_letter_is_written_to_the_last_byte() -> None:
    octets = _written(_head(), "Hi\n", (Attachment("Report.xml", Held(b"<a/>"), "application/xml"),))

    assert octets.decode("ascii").split("\r\n") == [
        "From: gate@north.example",
        "To: gate@south.test,",
        " copy@south.test",
        "Subject: Report",
        "Date: Mon, 04 Mar 2030 09:05:06 +0300",
        "Message-ID: <m1@north.example>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed;",
        ' boundary="=_T1"',
        "",
        "--=_T1",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        "SGkNCg==",
        "--=_T1",
        "Content-Type: application/xml;",
        ' name="Report.xml"',
        "Content-Disposition: attachment;",
        ' filename="Report.xml"',
        "Content-Transfer-Encoding: base64",
        "",
        "PGEvPg==",
        "--=_T1--",
        "",
    ]


# What no header may hold is left out here; that it is refused is a law of its own below.
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60)
_NAMES = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1, max_size=100)
    | st.sampled_from(["Договор № 5 (копия).docx", "a" * 255, "я" * 255, "=?utf-8?q?a?=", 'a"b\\c;d', "x'y%41", " a "])
    | st.text("аЯ№ .%'\"\\;=?", min_size=1, max_size=120)
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    _TEXT,
    _TEXT,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.lists(st.tuples(_NAMES, st.binary(max_size=300)), max_size=4),
)
def test_what_is_composed_is_split_into_the_same(
    subject: str, sender_name: str, text: str, files: list[tuple[str, bytes]]
) -> None:
    members = tuple(Attachment(name, Held(octets)) for name, octets in files)
    octets = _written(_head(subject, sender_name=sender_name), text, members)
    letter = read(octets)

    assert letter.problems == ()
    assert letter.first("Subject") == subject.strip()
    assert addresses(letter.first("From")) == ("gate@north.example",)
    assert bytes_of(letter.parts[0]).decode() == "\r\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert [(each.names, bytes_of(each)) for each in letter.parts[1:]] == [((name,), octets) for name, octets in files]
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert octets.count(b"\n") == octets.count(b"\r\n")


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("both", (True, True)), ("rfc2047", (True, False)), ("rfc2231", (False, True))],
)
def test_the_partner_chooses_how_names_are_encoded(encoding: NameEncoding, written: tuple[bool, bool]) -> None:
    octets = _written(_head(), "", (Attachment("Акт.pdf", Held(b"x")),), encoding)

    assert (b"=?UTF-8?B?" in octets, b"filename*=UTF-8''" in octets) == written
    assert read(octets).parts[1].names == ("Акт.pdf",)


def test_every_header_given_is_written_and_read_back() -> None:
    head = Head(
        parse("gate@north.example"),
        (parse("gate@south.test"),),
        "Отчет",
        _MOMENT,
        "m2@north.example",
        sender_name="Канцелярия, \"Север\" <x@evil.example>",
        in_reply_to="q1@south.test",
        references=("q0@south.test", "q1@south.test"),
        auto_submitted="auto-replied",
        extra=(("X-Exchange", "№ 7"),),
    )  # fmt: skip
    letter = read(_written(head))

    assert letter.first("From").startswith('"Канцелярия, ')
    assert addresses(letter.first("From")) == ("gate@north.example",)
    assert message_ids(letter.first("In-Reply-To")) == ("q1@south.test",)
    assert message_ids(letter.first("References")) == ("q0@south.test", "q1@south.test")
    assert is_auto_reply(letter)
    assert letter.first("X-Exchange") == "№ 7"


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@evil.example", "a\nb", "a\rb", "a\0b"])
def test_no_value_can_start_a_header_of_its_own(evil: str) -> None:
    """CWE-93, CVE-2024-6923, CVE-2026-1299."""
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _written(_head(evil))
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _written(_head(sender_name=evil))
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _written(_head(extra=(("X-A", evil),)))
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _written(_head(), "", (Attachment(evil, Held(b"")),))
    with pytest.raises(ValueError, match="identifier"):
        _written(_head(message_id=evil + "@north.example"))
    with pytest.raises(ValueError, match="media type"):
        _written(_head(), "", (Attachment("a", Held(b""), evil),))


@pytest.mark.parametrize("name", ["Bcc x", "X-A\r\nBcc", "", "Content-Type", "from", "X-A:", "Ж"])
def test_an_extra_header_cannot_take_the_place_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be an extra header"):
        _head(extra=((name, "x"),))


def test_a_mistake_is_told_before_the_first_byte() -> None:
    with pytest.raises(ValueError, match="token"):
        compose(_head(), "", (), boundary_token="a b")
    with pytest.raises(ValueError, match="file name"):
        compose(_head(), "", (Attachment("", Held(b"")),), boundary_token="a")
    with pytest.raises(ValueError, match="file name"):
        compose(_head(), "", (Attachment("я" * 256, Held(b"")),), boundary_token="a")
    with pytest.raises(ValueError, match="time zone"):
        _head(date=datetime(2030, 1, 1))


def test_the_same_input_gives_the_same_bytes_wherever_contents_are_cut() -> None:
    class Crumbs(Held):
        def blocks(self):  # type: ignore[no-untyped-def]  # a Held in other blocks
            return (self.data[start : start + 7] for start in range(0, len(self.data), 7))

    data = bytes(range(256)) * 5
    whole = _written(_head(date=_MOMENT.astimezone(UTC)), "", (Attachment("a", Held(data)),))

    assert _written(_head(date=_MOMENT.astimezone(UTC)), "", (Attachment("a", Crumbs(data)),)) == whole
    assert max(map(len, whole.split(b"\r\n"))) == 76
