# SPDX-License-Identifier: GPL-3.0-or-later
"""Untrusted XML: refused before it can hurt, in whatever encoding, and bounded in time and memory."""

import time
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import by_name
from gateway.dialects.tree import drop_unknown, parse, path, root_of, salvage
from gateway.dialects.wire import Root
from gateway.errors import Reason, Refused
from gateway.model import Severity
from tests.dialects.packages import altered, passport

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<!DOCTYPE DocInfo [<!ENTITY l0 "ha">{LAUGHS}]><DocInfo a="&l11;">&l11;</DocInfo>'
EXTERNAL = '<!DOCTYPE DocInfo [<!ENTITY x SYSTEM "file:///etc/passwd">]><DocInfo>&x;</DocInfo>'
REMOTE = '<!DOCTYPE DocInfo SYSTEM "http://127.0.0.1:9/evil.dtd"><DocInfo/>'
PARAMETER = '<!DOCTYPE DocInfo [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><DocInfo/>'
QUADRATIC = f'<!DOCTYPE DocInfo [<!ENTITY a "{"x" * 50_000}">]><DocInfo>{"&a;" * 20_000}</DocInfo>'
PLAIN = "<!DOCTYPE DocInfo><DocInfo/>"

HOSTILE = {
    "billion laughs": BOMB.encode(),
    "quadratic blow-up": QUADRATIC.encode(),
    "external entity": EXTERNAL.encode(),
    "remote document type": REMOTE.encode(),
    "parameter entity": PARAMETER.encode(),
    "bare document type": PLAIN.encode(),
    "utf-16 with a mark": EXTERNAL.encode("utf-16"),
    "utf-16 without a mark": ('<?xml version="1.0" encoding="UTF-16LE"?>' + EXTERNAL).encode("utf-16-le"),
    "utf-16 big-endian": b"\xfe\xff" + BOMB.encode("utf-16-be"),
    "utf-32": EXTERNAL.encode("utf-32"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>' + EXTERNAL.encode("utf-7"),
    "cp037": '<?xml version="1.0" encoding="cp037"?>'.encode("cp037") + EXTERNAL.encode("cp037"),
    "windows-1251": b'<?xml version="1.0" encoding="windows-1251"?>' + EXTERNAL.encode(),
    "in the second chunk": b"<!--" + b"x" * 200_000 + b"-->" + EXTERNAL.encode(),
    "deep nesting": b"<a>" * 100_000 + b"</a>" * 100_000,
    "100 000 attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>",
    "100 000 namespaces": b"<a " + b" ".join(b'xmlns:a%d="u:%d"' % (n, n) for n in range(100_000)) + b"/>",
    "too many elements": b"<a>" + b"<b/>" * 100_001 + b"</a>",
    "unknown encoding": b'<?xml version="1.0" encoding="x-no-such"?><DocInfo/>',
    "not the declared encoding": b'<?xml version="1.0" encoding="utf-8"?><DocInfo>\xff\xfe</DocInfo>',
    "undefined entity": b"<DocInfo>&x;</DocInfo>",
    "control character": b"<DocInfo>\x01</DocInfo>",
    "character reference to nothing": b"<DocInfo>&#0;</DocInfo>",
    "empty": b"",
    "two roots": b"<DocInfo/><DocInfo/>",
    "cut off": b"<DocInfo><Header",
}
DOCTYPES = {
    name for name, data in HOSTILE.items() if any(word in data for word in (b"DOCTYPE", b"D\0O\0C", b"O\0C\0T"))
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_quickly_and_small(name: str) -> None:
    """CWE-611, CWE-776, CVE-2026-24515."""
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(Refused) as refused:
        parse(HOSTILE[name])
    spent, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.reason in (Reason.DOCTYPE, Reason.BAD_XML)
    assert spent < 3
    assert peak < 64 << 20


@pytest.mark.parametrize("name", sorted(DOCTYPES))
def test_a_document_type_is_refused_by_its_name_in_any_encoding(name: str) -> None:
    """CWE-611."""
    with pytest.raises(Refused) as refused:
        parse(HOSTILE[name])

    assert refused.value.reason is Reason.DOCTYPE


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_never_breaks_a_reading(name: str) -> None:
    reading = by_name("sev").read(HOSTILE[name], [])

    assert reading.refusal is not None
    assert reading.message is None


@pytest.mark.parametrize("name", HOSTILE)
def test_tolerant_looks_never_raise(name: str) -> None:
    root_of(HOSTILE[name])
    saved = salvage(HOSTILE[name])

    assert saved is None or b"root:" not in b"".join(text.encode() for text in saved.itertext())


def test_broken_xml_is_refused_with_line_and_column() -> None:
    with pytest.raises(Refused) as refused:
        parse(b"<DocInfo>\n  <Header>\n</DocInfo>")

    assert refused.value.reason is Reason.BAD_XML
    assert refused.value.place == "line 3, column 11"


def test_a_passport_above_the_limit_is_refused_unread() -> None:
    with pytest.raises(Refused) as refused:
        parse(b"<" * 101, max_bytes=100)

    assert refused.value.reason is Reason.TOO_LARGE


def test_sixty_four_levels_are_read_and_one_more_is_not() -> None:
    assert parse(b"<a>" * 64 + b"</a>" * 64) is not None
    with pytest.raises(Refused):
        parse(b"<a>" * 65 + b"</a>" * 65)


@pytest.mark.parametrize(
    ("data", "root"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?><DocInfo xmlns="urn:x"><Header', Root("urn:x", "DocInfo")),
        (b'\n <!-- <a> --> <?p <b> ?>\n<p:DocInfo xmlns:p="urn:x"/>', Root("urn:x", "DocInfo")),
        (b'<!DOCTYPE a [<!ENTITY b "<c/>">]><a/>', Root("", "a")),
        ('<?xml version="1.0" encoding="windows-1251"?><Пакет/>'.encode("cp1251"), Root("", "Пакет")),
        ('<DocInfo xmlns="urn:x"/>'.encode("utf-16"), Root("urn:x", "DocInfo")),
        (b"<a><b", Root("", "a")),
        (b"Dear colleagues, 1 < 2", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_root_is_found_without_reading_the_rest(data: bytes, root: Root | None) -> None:
    assert root_of(data) == root


def test_the_root_of_a_huge_prolog_is_not_searched_for() -> None:
    assert root_of(b"<!--" + b"x" * (1 << 20) + b"--><a/>") is None


def test_foreign_elements_and_attributes_are_dropped_and_noted_once_each() -> None:
    root = parse(
        b'<a xmlns="urn:known" xmlns:x="urn:other" x:mark="1" own="2"><b>one<x:c><x:d/></x:c>two</b><x:e/>'
        b'<f xmlns="">g</f></a>'
    )
    notes = drop_unknown(root, {"urn:known"})

    assert [(note.code, note.place) for note in notes] == [
        ("unknown-extension", "/a/@mark"),
        ("unknown-extension", "/a/e"),
        ("unknown-extension", "/a/f"),
        ("unknown-extension", "/a/b/c"),
    ]
    assert all(note.severity is Severity.NOTE for note in notes)
    assert root[0].text == "onetwo"
    assert list(root.attrib) == ["own"]
    assert len(root) == 1


def test_a_schema_location_is_never_followed_nor_noted() -> None:
    root = parse(
        b'<a xmlns="urn:known" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xsi:schemaLocation="urn:known file:///etc/passwd" xsi:nil="true"/>'
    )

    assert drop_unknown(root, {"urn:known"}) == ()
    assert not root.attrib


def test_many_foreign_things_make_few_notes() -> None:
    root = parse(b'<a xmlns="urn:known" xmlns:x="urn:other">' + b"<x:e/>" * 5000 + b"</a>")
    notes = drop_unknown(root, {"urn:known"})

    assert len(notes) == 21
    assert notes[-1].text == "ignored: 4980 more"


def test_a_path_has_an_index_only_among_twins() -> None:
    root = parse(b'<p:a xmlns:p="urn:x"><p:b/><p:c><p:d/></p:c><p:b/></p:a>')

    assert [path(element) for element in root.iter()] == ["/a", "/a/b[1]", "/a/c", "/a/c/d", "/a/b[2]"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    root_of(data)
    salvage(data)
    with suppress(Refused):
        parse(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_passport_never_raises(data: st.DataObject) -> None:
    """Cut, doubled or overwritten anywhere: always a reading, with a refusal when there is no message."""
    whole = passport(data.draw(st.sampled_from(["document", "progress", "draft-progress", "failure"])))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(start + 400, len(whole))))
    put = data.draw(
        st.sampled_from([b"", b"<", b"&", b"]]>", b'"', b"\xff", b"<Task/>", whole[start:end] * 2, b"9" * 30])
    )
    reading = by_name("sev").read(whole[:start] + put + whole[end:], [])

    assert reading.message is not None or reading.refusal is not None or reading.kind is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_well_formed_nonsense_never_raises(data: st.DataObject) -> None:
    """Values and element names swapped inside intact XML: wrong in every way but one."""
    sample = data.draw(st.sampled_from(["document", "progress", "draft-progress", "editing", "failure"]))
    text = passport(sample).decode()
    words = sorted(
        {word for word in text.replace("<", " ").replace(">", " ").replace('"', " ").split() if word.isalnum()}
    )
    old, new = data.draw(st.sampled_from(words)), data.draw(st.sampled_from([*words, "0", "-1", "9" * 25, "x"]))
    reading = by_name("sev").read(altered(sample, (old, new)), [])

    assert reading.message is not None or reading.refusal is not None or reading.kind is None


@given(data=st.data())
def test_a_passport_is_read_or_refused_alike_whether_its_octets_show_what_is_in_it_or_not(data: st.DataObject) -> None:
    """CWE-611: what is plain in UTF-8 has to be looked for by a parse in UTF-16, and the answer is the same."""
    pieces = (
        "<a>",
        "</a>",
        "<b/>",
        "<x:y xmlns:x='u'/>",
        "<!--<a>-->",
        "<!DOCTYPE a>",
        "<![CDATA[<a>]]>",
        "&amp;",
        "text",
    )
    deep = data.draw(st.sampled_from((0, 1, 63, 64)))
    said = "".join(data.draw(st.lists(st.sampled_from(pieces), max_size=8)))
    many = " ".join(f"a{n}=''" for n in range(data.draw(st.sampled_from((0, 256, 257)))))
    text = f"<a {many}>" + "<a>" * deep + said + "</a>" * deep + "</a>"

    assert _outcome(text.encode()) == _outcome(text.encode("utf-16"))


def _outcome(data: bytes) -> object:
    try:
        root = parse(data)
    except Refused as refused:
        return refused.reason, refused.detail
    return [(str(element.tag), element.text, element.tail, dict(element.attrib)) for element in root.iter()]
