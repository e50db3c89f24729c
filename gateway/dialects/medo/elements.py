# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements by their names: read without namespaces once these are known to be ours, written in that of their parent.

Elements and attributes are both qualified on the wire (§1).  An empty element and a missing one mean the same.
"""

from collections.abc import Collection, Mapping
from functools import cache
from itertools import islice

from lxml import etree

from gateway.dialects.medo.values import MAX_COMMENT, word
from gateway.dialects.tree import Element

MAX_READ = 1 << 20  # LIMIT: characters of a text of one line that came
MAX_PARTS = 1000  # LIMIT: texts of one element that are noted together

# --- reading ------------------------------------------------------------------------------------------------------


def strip(root: Element, known: Collection[str]) -> None:
    """Take the *known* namespaces off every element and attribute of *root*.

    QUIRK: attributes that are not qualified are taken for those that are.
    """
    bare = cache(lambda name: _bare(name, known))  # a message has many elements and few names
    for element in root.iter(etree.Element):
        try:
            element.tag = bare(str(element.tag))
            for key, said in element.items():
                if (name := bare(key)) != key:
                    element.set(name, said)
                    del element.attrib[key]
        except ValueError:  # what was saved of broken XML may have names and values that no XML allows
            continue


def _bare(name: str, known: Collection[str]) -> str:
    namespace, closed, local = name.removeprefix("{").partition("}")
    return local if closed and namespace in known else name


def child(parent: Element | None, *steps: str) -> Element | None:
    """Return the first element down the path *steps*, or None."""
    here = parent
    for step in steps:
        if here is None:
            return None
        here = next(here.iterchildren(step), None)  # several times as fast as find()
    return here


def children(parent: Element | None, name: str) -> list[Element]:
    return [] if parent is None else list(parent.iterchildren(name))


def first(parent: Element | None) -> Mapping[str, Element]:
    """Return the first child of each name, all at once: where several are wanted this is several times as fast."""
    return {} if parent is None else {str(each.tag): each for each in reversed(parent)}


def text(element: Element | None) -> str:
    """Return the text of *element* without blanks around it; empty when there is none."""
    return "" if element is None else (element.text or "").strip()


def child_text(parent: Element | None, *steps: str) -> str:
    return text(child(parent, *steps))


def value(parent: Element | None, *steps: str) -> str:
    """Return a text of one line; the mark of nothing is nothing."""
    return word(child_text(parent, *steps), MAX_READ)


def written_in(element: Element) -> str:
    """Return what is written in *element*, as much as a comment holds, on one line; without the marks of nothing."""
    parts = (word(str(each)[:MAX_COMMENT], MAX_COMMENT) for each in islice(element.itertext(), MAX_PARTS))
    return " ".join(said for said in parts if said)[:MAX_COMMENT]


def attribute(element: Element | None, name: str) -> str:
    """Return attribute *name* on one line; empty when there is none."""
    return "" if element is None else " ".join(element.get(name, "").split())


# --- writing ------------------------------------------------------------------------------------------------------


def root(name: str, namespace: str, prefix: str) -> Element:
    return etree.Element(f"{{{namespace}}}{name}", nsmap={prefix: namespace})


def add(parent: Element, name: str, content: str = "", /, **attributes: str) -> Element:
    """Append a child to *parent* and return it; attributes that are empty are left out."""
    made = etree.SubElement(parent, _beside(parent, name))
    made.text = content or None
    put(made, **attributes)
    return made


def add_given(parent: Element, name: str, content: str, /, **attributes: str) -> None:
    """Append a child only when there is something to say: empty elements are forbidden (§1)."""
    if content:
        add(parent, name, content, **attributes)


def put(element: Element, /, **attributes: str) -> None:
    for name, said in attributes.items():
        if said:
            element.set(_beside(element, name), said)


def _beside(element: Element, name: str) -> str:
    return f"{{{etree.QName(element).namespace}}}{name}"
