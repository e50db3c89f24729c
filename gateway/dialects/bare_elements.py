# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements without a namespace, found on reading and made in order on writing.

An empty element or attribute and a missing one mean the same.
"""

from collections.abc import Mapping

from lxml import etree

from gateway.dialects.tree import Element


def child(parent: Element | None, name: str) -> Element | None:
    return None if parent is None else next(parent.iterchildren(name), None)


def children(parent: Element | None, *names: str) -> list[Element]:
    """Return the children called one of *names*, in order."""
    return [] if parent is None else list(parent.iterchildren(*names))


def text(element: Element | None) -> str:
    """Return the text of *element* without blanks around it; empty when there is none."""
    return "" if element is None else (element.text or "").strip()


def child_text(parent: Element | None, name: str) -> str:
    return text(child(parent, name))


def attribute(element: Element | None, *names: str) -> str:
    """Return the first of the attributes *names* that says something, without blanks around it; else empty."""
    if element is None:
        return ""
    for name in names:
        if said := element.get(name, "").strip():
            return said
    return ""


def attributes(element: Element | None) -> Mapping[str, str]:
    """Return all attributes at once, without blanks around them: where several are wanted this takes less time."""
    return {} if element is None else {str(name): str(said).strip() for name, said in element.attrib.items()}


def add(parent: Element, name: str, content: str = "", /, **attributes: str | None) -> Element:
    """Append a child to *parent* and return it; attributes that are None are left out."""
    made = etree.SubElement(parent, name)
    made.text = content or None
    for key, value in attributes.items():
        if value is not None:
            made.set(key, value)
    return made


def given(value: str) -> str | None:
    """Return *value*, or None when it is empty: for attributes that are left out then."""
    return value or None
