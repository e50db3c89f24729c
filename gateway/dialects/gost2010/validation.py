# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of GOST R 53898-2010, and what of a message it does not know."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice

from lxml import etree

from gateway.dialects import schemas
from gateway.dialects.gost2010.vocabulary import NAME
from gateway.dialects.tree import MAX_NOTES, MAX_VERBATIM, Element, has_more, path
from gateway.model import Problem, Severity

_XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def _source() -> Element:
    return schemas.tree(schemas.source(NAME, "gost2010.xsd"))


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
    """Return where *root* is not as the schema wants it, as line and words."""
    return schemas.deviations(root, _schema())


def deviation_notes(root: Element) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes, and what it has that the standard does not know, with its words."""
    notes = schemas.deviation_notes(root, _schema())
    if not notes or has_more(root, schemas.MAX_ELEMENTS):
        return notes
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
