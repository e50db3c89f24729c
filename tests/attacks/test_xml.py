# SPDX-License-Identifier: GPL-3.0-or-later
"""XML made to hurt: the payloads stand in tests/dialects/test_tree.py, here is what a letter does with them."""

import ast
from pathlib import Path

import pytest

from gateway.dialects import by_name
from gateway.dialects.tree import parse, path, root_of, salvage
from gateway.errors import Reason, Refused
from gateway.journal.entries import State
from tests.dialects.packages import passport, resources
from tests.dialects.test_tree import HOSTILE
from tests.story import partner
from tests.story.acts import cards
from tests.story.offices import Town

GATEWAY = Path(__file__).parents[2] / "gateway"
SEV = "http://www.eos.ru/2010/sev"


def test_a_letter_with_hostile_xml_reads_no_file_and_makes_no_card(offices: Town) -> None:
    """CWE-611, CWE-776, Python docs "XML vulnerabilities", CVE-2026-24515: refused before anything is expanded."""
    letters = {what: partner.letter(data, {}) for what, data in HOSTILE.items()}
    numbers = {what: offices.minsk.receive(data, "edms@moscow.example") for what, data in letters.items()}
    offices.settle()

    ended = {what: offices.minsk.entry(number) for what, number in numbers.items()}
    assert cards(offices.minsk) == []
    assert [what for what, entry in ended.items() if entry.state not in (State.PARKED, State.DONE)] == []
    assert [what for what, entry in ended.items() if entry.reason is Reason.DEFECT] == []
    assert not any(b"root:" in data for _, _, data in offices.post.carried)


def test_a_document_type_behind_a_sound_beginning_is_seen_too() -> None:
    """CWE-611: more than one block of the parser's lies before it."""
    data = partner.passport().encode()
    late = data.replace(b"?>", b"?><!--" + b"x" * (1 << 20) + b'--><!DOCTYPE a [<!ENTITY x "y">]>', 1)

    with pytest.raises(Refused) as refused:
        parse(late)
    assert refused.value.reason is Reason.DOCTYPE


def test_nothing_here_runs_stylesheets_includes_or_searches_made_of_words() -> None:
    """CWE-643, CWE-91: no XSLT, no XInclude, no XPath in which anything but a literal stands."""
    called = searches = 0
    for file in GATEWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            assert name not in ("XSLT", "xinclude", "ETXPath", "XMLSchema_file", "parseid"), file
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                searches += node.func.attr in ("xpath", "XPath")
                literal = all(isinstance(argument, ast.Constant) for argument in node.args)
                assert literal or node.func.attr not in ("xpath", "XPath"), file
            called += name in ("xpath", "XPath")
    assert called == searches > 0  # none is handed on under another name


@pytest.mark.parametrize("include", ["file:///etc/passwd", "DocInfo.xml", "http://127.0.0.1:9/x"])
def test_an_include_is_an_unknown_element_and_nothing_more(include: str) -> None:
    """CWE-611 by XInclude: it is noted, dropped, and never followed."""
    xi = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{include}" parse="text"/>'
    reading = by_name("sev").read(partner.passport(tail=xi).encode(), [])

    assert any(problem.code == "unknown-extension" and "include" in problem.text for problem in reading.problems)
    assert "root:" not in repr(reading)


WRAPPED = {
    "a second document list": ("</DocInfo>", "<DocumentList/></DocInfo>"),
    "a second header": ("<DocumentList>", f'<Header MessageID="{"9" * 32}"/><DocumentList>'),
    "a document in a foreign element": (
        "<DocumentList>",
        '<x:Object xmlns:x="urn:x"><DocumentList><Document UID="evil"/></DocumentList></x:Object><DocumentList>',
    ),
}


@pytest.mark.parametrize("what", WRAPPED)
def test_an_element_that_stands_there_twice_or_elsewhere_never_replaces_the_first(what: str) -> None:
    """McIntosh and Austel 2005, signature wrapping: what is wrapped, moved or doubled is not what is read."""
    old, new = WRAPPED[what]
    data = passport("document").decode()
    doubled = data.replace(old, new, 1)
    assert doubled != data

    plain = by_name("sev").read(data.encode(), resources("document")).message
    read = by_name("sev").read(doubled.encode(), resources("document"))

    assert plain is not None
    assert read.message is None or read.message.body == plain.body
    assert read.message is None or read.message.id == plain.id


def test_what_is_saved_of_broken_xml_may_have_names_that_no_xml_has() -> None:
    """Found by fuzzing: a prefix before digits made the place of a problem raise instead of the reading refuse."""
    data = f'<s:{"9" * 300}DocInfo xmlns:s="{SEV}"><s:Header/></s:DocInfo>'.encode()
    saved = salvage(data)
    reading = by_name("sev").read(data, [])

    assert root_of(data) is None or saved is not None
    assert saved is None or len(path(saved)) <= 100
    assert reading.refusal is not None
