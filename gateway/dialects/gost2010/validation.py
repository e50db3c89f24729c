# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of GOST R 53898-2010: what we write must obey it, what we read may deviate and is noted."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from threading import Lock

from lxml import etree

from gateway.dialects.tree import MAX_NOTES, MAX_VERBATIM, Element, has_more, path
from gateway.model import Problem, Severity

MAX_DEVIATIONS = 20  # LIMIT: deviations named one by one
MAX_ELEMENTS = 10_000  # LIMIT: of what strangers send; beyond, only the time to name deviations would matter
MAX_TEXT = 300  # LIMIT: characters of one

_XS = "{http://www.w3.org/2001/XMLSchema}"
_lock = Lock()  # a compiled schema has one error log: one validation at a time


@cache
def _source() -> Element:
    data = files("gateway.dialects.gost2010").joinpath("schema", "gost2010.xsd").read_bytes()
    return etree.fromstring(data, etree.XMLParser(no_network=True, resolve_entities=False))


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(_source())


@cache
def _children() -> Mapping[str, frozenset[str]]:
    """Return which elements stand in which, by name: in this standard a name has the same content everywhere."""
    types = {each.get("name", ""): each for each in _source().iter(f"{_XS}complexType") if each.get("name")}
    groups = {each.get("name", ""): each for each in _source().iter(f"{_XS}group") if each.get("name")}

    def inside(element: Element) -> Iterator[str]:
        for each in element.iter(f"{_XS}element", f"{_XS}group", f"{_XS}extension"):
            if each.tag == f"{_XS}element":
                yield each.get("name", "")
            elif each.tag == f"{_XS}group" and each.get("ref"):
                yield from inside(groups[each.get("ref", "")])
            elif each.get("base", "") in types:
                yield from inside(types[each.get("base", "")])

    found: dict[str, frozenset[str]] = {}
    for each in _source().iter(f"{_XS}element"):
        name = each.get("name", "")
        content = types.get(each.get("type", ""), each)
        names = frozenset(inside(content)) - ({name} if content is each else set())
        found[name] = found.get(name, frozenset()) | names
    return found


def deviations(root: Element) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema wants it, as line and words; at most 20."""
    with _lock:
        schema = _schema()
        if schema.validate(root):
            return ()
        log = islice(schema.error_log, MAX_DEVIATIONS)  # type: ignore[call-overload]  # the stubs forget it iterates
        return tuple((entry.line, _words(entry.message)) for entry in log)


def deviation_notes(root: Element) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes, and what it has that the standard does not know, with its words."""
    if has_more(root, MAX_ELEMENTS):
        return (Problem(Severity.NOTE, "schema", "line 1", f"not checked: more than {MAX_ELEMENTS} elements"),)
    wrong = deviations(root)
    if not wrong:
        return ()
    notes = [Problem(Severity.NOTE, "schema", f"line {line}", text) for line, text in wrong]
    return (*notes, *islice(_strange(root), MAX_NOTES))


def _strange(root: Element) -> Iterator[Problem]:
    known = _children()
    waiting = [root]
    while waiting:
        here = waiting.pop(0)
        for each in here:
            if each.tag in known.get(str(here.tag), frozenset()):
                waiting.append(each)
            elif here.tag not in ("Expansion", "AnyData"):
                words = etree.tostring(each, encoding="unicode", with_tail=False)[:MAX_VERBATIM]
                yield Problem(Severity.NOTE, "unknown-element", path(each), f"ignored: {words}")


def _words(message: str) -> str:
    return re.sub(r"\{http[^}]*\}", "", message)[:MAX_TEXT]
