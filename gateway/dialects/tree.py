# SPDX-License-Identifier: GPL-3.0-or-later
"""Untrusted XML made into a tree, or refused: no document type, no entity, no network, everything bounded.

Before a tree is built, it is known that there is no document type and that there are not too many elements: of most
passports by their octets alone, of the others by a parse that builds nothing.  Knows XML and its attacks, and nothing
of any passport.  Source: the attack catalogue, XXE and entity bombs.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import cache

from lxml import etree

from gateway.dialects.wire import Root
from gateway.errors import Reason, Refused
from gateway.model import Problem, Severity

Element = etree._Element

MAX_BYTES = 16 << 20  # LIMIT: a passport; files travel beside it
MAX_DEPTH = 64  # LIMIT: nesting of elements
MAX_ATTRIBUTES = 256  # LIMIT: of one element, and namespace declarations of the whole
MAX_ELEMENTS = 100_000  # LIMIT: of the whole
MAX_NOTES = 20  # LIMIT: dropped things noted one by one
MAX_VERBATIM = 200  # LIMIT: characters of a dropped thing kept for display
PROLOG_BYTES = 256 << 10  # LIMIT: how far the root element is searched
SALVAGE_BYTES = 1 << 20  # LIMIT: how much of a broken passport is looked at

INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


class _Limits:
    """Watches a parse go by and stops it at the first thing a passport never has."""

    def __init__(self) -> None:
        self._depth = 0
        self._elements = 0
        self._namespaces = 0

    def doctype(self, name: str | None, public: str | None, system: str | None) -> None:
        raise Refused(Reason.DOCTYPE, "a document type declaration is not allowed", place="prolog")

    def start_ns(self, prefix: str, uri: str) -> None:
        self._namespaces += 1
        if self._namespaces > MAX_ATTRIBUTES:
            raise _too_much("namespace declarations", MAX_ATTRIBUTES)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise _too_much("levels of elements", MAX_DEPTH)
        if self._elements > MAX_ELEMENTS:
            raise _too_much("elements", MAX_ELEMENTS)
        if len(attributes) > MAX_ATTRIBUTES:
            raise _too_much("attributes of one element", MAX_ATTRIBUTES)

    def end(self, tag: str) -> None:
        self._depth -= 1

    def close(self) -> None:
        return None


def _too_much(what: str, limit: int) -> Refused:
    return Refused(Reason.BAD_XML, f"more than {limit} {what}", expected=f"at most {limit}")


def parse(data: bytes, max_bytes: int = MAX_BYTES) -> Element:
    """Return the root element of *data*, without comments and processing instructions.

    Raises Refused: TOO_LARGE above *max_bytes*, DOCTYPE for any document type declaration in whatever encoding,
    BAD_XML (with line and column as place) for the rest, the limits of this module included.
    """
    if len(data) > max_bytes:
        raise Refused(Reason.TOO_LARGE, "the passport is too large", expected=f"at most {max_bytes} bytes")
    try:
        if (root := _plain(data)) is not None:
            return root
        etree.fromstring(data, _parser(target=_Limits()))
        return etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = "the XML is broken: " + (error.msg or "no text at all").partition(", line ")[0]
        raise Refused(Reason.BAD_XML, detail, place=f"line {line}, column {column}") from error
    except (LookupError, ValueError) as error:
        raise Refused(Reason.BAD_XML, f"the XML cannot be decoded: {error}") from error


# A beginning that no parser can read in two ways: each octet below 128 is that letter of ASCII, and no other octet is.
_ASCII = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml[ ]version=(["'])1\.0\1"""
    rb"""(?:[ ]encoding=(["'])(?i:utf-8|windows-125[0-8]|koi8-[ru]|iso-8859-\d{1,2}|us-ascii)\2)?"""
    rb"""(?:[ ]standalone=(["'])(?:yes|no)\3)?[ ]?\?>)?\s*<[A-Za-z_!]"""
)


def _harmless(data: bytes) -> bool:
    """Say whether the octets of *data* show that a tree of it is small and free of entities; False: who knows."""
    return (
        _ASCII.match(data) is not None
        and b"<!DOCTYPE" not in data
        and data.count(b"xmlns") <= MAX_ATTRIBUTES
        and data.count(b"<") <= MAX_ELEMENTS
    )


_excessive = etree.XPath(  # anything on the 65th level, or a 257th attribute
    "boolean(/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*"
    "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/* | //*/@*[257])"
)


def _plain(data: bytes) -> Element | None:
    """Return the root element of what is harmless and in order; None: a parse that builds nothing has to tell."""
    if not _harmless(data):
        return None
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, LookupError, ValueError):
        return None
    return None if _excessive(root) else root


def _parser(*, target: _Limits | None = None, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        target=target,  # type: ignore[arg-type]  # lxml calls only what a target has; its stubs ask for everything
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


# --- tolerant looks -----------------------------------------------------------------------------------------------


def root_of(data: bytes) -> Root | None:
    """Return the name of the root element, also of broken or hostile XML; None when this is no XML.

    Looks at the first 256 KiB only, and never at a document type declaration.
    """
    text = _from_root(_decoded(data[:PROLOG_BYTES]))
    if text is None:
        return None
    parser = etree.XMLPullParser(
        events=("start",), recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    octets = text.encode()
    try:
        root = None
        for start in range(0, len(octets), _LOOK):
            parser.feed(octets[start : start + _LOOK])
            if (root := _first(parser)) is not None:
                return root
        parser.close()  # a very short text is looked at only when it ends
        root = _first(parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


_LOOK = 2048  # bytes in which a root element is usually found


def _first(parser: etree.XMLPullParser) -> Root | None:
    for _, element in parser.read_events():
        assert isinstance(element, Element)  # a start
        name = etree.QName(element)
        said = {etree.QName(key).localname: str(value) for key, value in element.attrib.items()}
        return Root(name.namespace or "", name.localname, said)
    return None


def salvage(data: bytes) -> Element | None:
    """Return what can be saved of broken XML, or None: enough to know whom to tell, never to act upon.

    Looks at the first MiB; the prolog, and with it every document type declaration, is cut off before parsing.
    """
    text = _from_root(_decoded(data[:SALVAGE_BYTES]))
    if text is None:
        return None
    try:
        return etree.fromstring(text.encode(), _parser(recover=True))  # None when nothing could be saved
    except (etree.XMLSyntaxError, ValueError):
        return None


_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_BLANK = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_IN_DOCTYPE = re.compile(r"""<!--.*?-->|<\?.*?\?>|"[^"]*"|'[^']*'|[\[\]>]""", re.DOTALL)
_START_TAG = re.compile(r"<[^\W\d]")


def _decoded(data: bytes) -> str:
    """Return *data* as text by its mark, its declaration or else UTF-8; what cannot be decoded is replaced."""
    marks = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
    for mark, encoding in marks:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for start, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if data.startswith(start):
            return data.decode(encoding, "replace")
    declared = _DECLARED.match(data)
    try:
        return data.decode(declared[1].decode("ascii") if declared else "utf-8", "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


def _from_root(text: str) -> str | None:
    """Return *text* from its first start tag on, the prolog cut off; None when there is no start tag."""
    position = _after_blank(text, 0)
    if text.startswith("<!DOCTYPE", position):
        position = _after_blank(text, _after_doctype(text, position))
    found = _START_TAG.match(text, position)
    return text[position:] if found else None


def _after_blank(text: str, position: int) -> int:
    while blank := _BLANK.match(text, position):
        position = blank.end()
    return position


def _after_doctype(text: str, position: int) -> int:
    depth = 0
    for found in _IN_DOCTYPE.finditer(text, position):
        if found[0] == "[":
            depth += 1
        elif found[0] == "]":
            depth -= 1
        elif found[0] == ">" and depth <= 0:
            return found.end()
    return len(text)


# --- work on a tree -----------------------------------------------------------------------------------------------


def path(element: Element) -> str:
    """Return the place of *element* for people: ``/DocInfo/DocumentList/Document[1]``, without namespaces.

    An index stands only where several siblings share the name.  What was saved of broken XML may have names that no
    XML allows; each is shown by its last 80 characters.
    """
    steps = []
    here: Element | None = element
    while here is not None:
        parent = here.getparent()
        twins = [] if parent is None else [twin for twin in parent if twin.tag == here.tag]
        steps.append(local_name(here)[-80:] + (f"[{twins.index(here) + 1}]" if len(twins) > 1 else ""))
        here = parent
    return "/" + "/".join(reversed(steps))


def local_name(element: Element) -> str:
    """Return the name of *element* without its namespace, also when XML would not allow it."""
    return str(element.tag).rpartition("}")[2]


def drop_unknown(root: Element, known: Collection[str | None]) -> tuple[Problem, ...]:
    """Remove from below *root* every element and every namespaced attribute outside the *known* namespaces.

    None among them stands for elements in no namespace.

    Returns one note per dropped thing, with its beginning verbatim, at most 20 and a last one with the count.
    Attributes of the schema-instance namespace (``xsi:``) go without a note: they name no content, and
    a validator must never follow a ``schemaLocation``.
    """
    if not _any_foreign(root, known):
        return ()
    notes: list[Problem] = []
    dropped = 0
    for element in list(root.iter(etree.Element)):
        for name in [str(name) for name in element.attrib if _foreign(str(name), known, attribute=True)]:
            if etree.QName(name).namespace != INSTANCE:
                dropped += 1
                if len(notes) < MAX_NOTES:
                    notes.append(_note(f"{path(element)}/@{etree.QName(name).localname}", str(element.attrib[name])))
            del element.attrib[name]
    for element in _foreign_tops(root, known):
        dropped += 1
        if len(notes) < MAX_NOTES:
            notes.append(_note(path(element), etree.tostring(element, encoding="unicode", with_tail=False)))
        _cut_out(element)
    if dropped > len(notes):
        notes.append(_note(path(root), f"{dropped - len(notes)} more"))
    return tuple(notes)


def _any_foreign(root: Element, known: Collection[str | None]) -> bool:
    """Say whether anything at or below *root* is foreign: most passports have nothing, and no element is looked at."""
    return bool(_foreign_below(frozenset(known))(root, bare=None in known))


@cache
def _foreign_below(known: frozenset[str | None]) -> Callable[..., object]:
    """Return what finds elements and qualified attributes outside the *known* namespaces, four at most.

    ``$bare`` says whether elements in no namespace are known.  The names of namespaces stand beside the expression,
    the last again where there are fewer.
    """
    uris = sorted(filter(None, known))
    if not uris:
        return etree.XPath("boolean(//*[namespace-uri() != '' or not($bare)] | //@*[namespace-uri() != ''])")
    named = dict(zip("abcd", uris + uris[-1:] * 3, strict=False))
    if len(uris) > len(named):
        raise ValueError(f"{len(uris)} namespaces: {len(named)} are looked for")
    return etree.XPath(
        "count(//*) != count(//a:* | //b:* | //c:* | //d:* | //*[$bare and namespace-uri() = ''])"
        " or count(//@*[namespace-uri() != '']) != count(//@a:* | //@b:* | //@c:* | //@d:*)",
        namespaces=named,
    )


_count = etree.XPath("count(//*)")


def has_more(root: Element, most: int) -> bool:
    """Say whether the tree of *root* has more than *most* elements."""
    return float(_count(root)) > most  # type: ignore[arg-type]  # a count is a number


def _foreign(name: str, known: Collection[str | None], *, attribute: bool = False) -> bool:
    namespace = name[1:].partition("}")[0] if name.startswith("{") else None
    return (not attribute if namespace is None else True) and namespace not in known


def _foreign_tops(root: Element, known: Collection[str | None]) -> list[Element]:
    """Return the foreign elements below *root* that lie in no other foreign element, in order."""
    found: list[Element] = []
    waiting = [root]
    while waiting:
        for child in waiting.pop():
            (found if _foreign(child.tag, known) else waiting).append(child)
    return found


def _cut_out(element: Element) -> None:
    """Remove *element* but leave the text behind it where it stands."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail
    assert parent is not None
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _note(place: str, verbatim: str) -> Problem:
    return Problem(Severity.NOTE, "unknown-extension", place, f"ignored: {verbatim[:MAX_VERBATIM]}")
