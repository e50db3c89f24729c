# SPDX-License-Identifier: GPL-3.0-or-later
"""File names: every reading kept, and what is shown is harmless."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.mail.names import MAX_NAME_BYTES, clean_name
from gateway.model import Part
from tests.mail.letters import multipart, part, read

_RAW_1251 = "Договор.doc".encode("windows-1251")


def _only(*headers: bytes) -> tuple[Part, list[str]]:
    letter = read(multipart(b"\r\n".join(headers) + b"\r\n\r\nx"))
    return letter.parts[0], [problem.code for problem in letter.problems]


@pytest.mark.parametrize(
    ("disposition", "names"),
    [
        (b"filename*=UTF-8''%D0%90%D0%BA%D1%82.pdf", ("Акт.pdf",)),
        (b"filename*=windows-1251''%C0%EA%F2.pdf", ("Акт.pdf",)),
        (b"filename*0*=UTF-8''%D0%90%D0; filename*1*=%BA%D1%82; filename*2=.pdf", ("Акт.pdf",)),
        (b'filename="=?windows-1251?B?wOryLnBkZg==?="', ("Акт.pdf",)),
        (b'filename="=?koi8-r?Q?=E1=CB=D4.pdf?="', ("Акт.pdf",)),
        (b"filename==?utf-8?B?0JDQutGCLnBkZg==?=", ("Акт.pdf",)),
        (b'filename="=?utf-8?B?0JDQutE=?=\r\n =?utf-8?B?gi5wZGY=?="', ("Акт.pdf",)),
        (b'filename="' + "Акт.pdf".encode() + b'"', ("Акт.pdf",)),
        (b'filename="' + _RAW_1251 + b'"', ("Договор.doc",)),
        (b'filename="' + "Договор.doc".encode("koi8-r") + b'"', ("Договор.doc",)),
        (b"filename=safe.txt; filename*=UTF-8''evil.exe", ("evil.exe", "safe.txt")),
        (b"filename=a.txt; filename=b.exe", ("a.txt", "b.exe")),
        (b"filename=a.txt (comment)", ("a.txt", "a.txt (comment)")),
        (b"filename=../../etc/passwd", ("../../etc/passwd",)),
        (b'filename=""', ()),
        (b"size=3", ()),
    ],
)
def test_a_name_is_read_in_every_way_it_may_be_meant(disposition: bytes, names: tuple[str, ...]) -> None:
    found, problems = _only(b"Content-Disposition: attachment; " + disposition)

    assert found.names == names
    assert found.name == (names[0] if names else "")
    assert ("ambiguous-name" in problems) == (len(names) > 1)


def test_the_disposition_names_a_file_before_its_type_does() -> None:
    found, problems = _only(b"Content-Type: a/b; name=second", b"Content-Disposition: attachment; filename=first")

    assert found.names == ("first", "second")
    assert problems == ["ambiguous-name"]


def test_the_same_name_in_both_encodings_is_no_problem() -> None:
    found, problems = _only(
        b'Content-Type: a/b; name="=?UTF-8?B?0JDQutGC?="',
        b"Content-Disposition: attachment; filename*=UTF-8''%D0%90%D0%BA%D1%82",
    )

    assert found.names == ("Акт",)
    assert problems == []


def test_a_declared_charset_helps_to_read_a_raw_name() -> None:
    found, _ = _only(b"Content-Type: text/plain; charset=cp866; name=" + "Акт.txt".encode("cp866"))

    assert found.name == "Акт.txt"


def test_an_extended_name_is_not_decoded_twice() -> None:
    letter = read(multipart(part("x", "Content-Disposition: a; filename*=UTF-8''%3D%3Futf-8%3Fq%3Fa%3F%3D")))

    assert letter.parts[0].names == ("=?utf-8?q?a?=",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Акт сверки (2).pdf", "Акт сверки (2).pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\a.txt", "C__temp_a.txt"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\u200bb\u2066c\u061cd\ufeff.txt", "abcd.txt"),
        ("a\0b\r\nc\x7f\x85.txt", "abc.txt"),
        ("a\u2028b\u00a0c.txt", "a b c.txt"),
        ("и\u0306.txt", "й.txt"),
        ("...hidden", "hidden"),
        ("name. . .", "name"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Lpt1.a.b", "_Lpt1.a.b"),
        ("console.txt", "console.txt"),
        ("", "unnamed"),
        (" ... ", "unnamed"),
        ("\u202e", "unnamed"),
        ("я" * 150 + ".docx", "я" * 97 + ".docx"),
        ("x" * 300, "x" * 200),
        ("a." + "x" * 300, "a." + "x" * 198),
    ],
)
def test_a_shown_name_is_harmless(name: str, shown: str) -> None:
    """CWE-22, UTR #36, CVE-2021-42574."""
    assert clean_name(name) == shown


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=230) | st.text("aя. /:\u202eCON", max_size=230))
@example(" .CON")
@example("x" * 199 + " y")
@example("\ud800")
def test_cleaning_a_name_leaves_nothing_to_clean(name: str) -> None:
    """CWE-22, UTR #36."""
    shown = clean_name(name)

    assert clean_name(shown) == shown
    assert 0 < len(shown.encode()) <= MAX_NAME_BYTES
    assert not set(shown) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(character).startswith("C") for character in shown)
