# SPDX-License-Identifier: GPL-3.0-or-later
"""The passport as XML: every way to write the same, and everything that is broken or hostile.

The changes are made in the text of a passport that its dialect wrote, so they are the same for every dialect.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.making import Maker, Situation, situations
from gateway.errors import Reason

_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>\s*")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
Change = Callable[[str], bytes]


def body_of(passport: bytes) -> str:
    """Return *passport* as text from its root element on."""
    declared = re.search(rb"encoding=[\"']([\w-]+)", passport[:200])
    encoding = declared[1].decode() if declared else "utf-8"
    return _DECLARATION.sub("", passport.decode("utf-8-sig" if encoding.lower() == "utf-8" else encoding))


def root_name(body: str) -> str:
    found = _ROOT.match(body)
    assert found is not None
    return found[1]


def utf8(body: str, before: str = "", *, declaration: str = '<?xml version="1.0" encoding="utf-8"?>') -> bytes:
    return f"{declaration}{before}{body}".encode()


def inside(body: str, more: str) -> str:
    """Return *body* with *more* before the end of its root element."""
    end = body.rindex("</")
    return body[:end] + more + body[end:]


def after_root(body: str, more: str) -> str:
    """Return *body* with *more* right behind the start of its root element."""
    end = body.index(">") + 1
    return body[:end] + more + body[end:]


def same(change: Change) -> Callable[[Maker], list[Step]]:
    """Return the steps of a passport that says the same after *change*: the document is registered."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        return [make.step(message, changed(make, change))]

    return steps


def changed(make: Maker, change: Change) -> bytes:
    """Return the plain letter of a case with the text of its passport changed."""
    message = make.message()
    parcel = make.parcel(message)
    return make.letter(message, replace(parcel, passport=change(body_of(parcel.passport))))


def refused(change: Change, reason: Reason = Reason.BAD_XML) -> Callable[[Maker], list[Step]]:
    """Return the steps of a passport that *change* breaks."""
    return lambda make: [make.refused(make.message(), changed(make, change), reason)]


def _encoded(encoding: str, bom: bytes = b"", *, codec: str = "") -> Change:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    return lambda body: bom + (declaration + body).encode(codec or encoding, "xmlcharrefreplace")


def _indented(body: str) -> bytes:
    return utf8(body.replace("><", ">\r\n\t<"))


def _prefixed(body: str) -> bytes:
    """Put the default namespace under a prefix."""
    namespace = re.search(r'\sxmlns="([^"]*)"', body)
    if namespace is None:
        return utf8(body)
    body = body.replace(namespace[0], f' xmlns:q="{namespace[1]}"', 1)
    return utf8(re.sub(r"<(/?)(?=[A-Za-z_][\w.-]*[\s/>])", r"<\1q:", body))


def _references(body: str) -> bytes:
    """Write every letter beyond ASCII as a character reference."""
    return ('<?xml version="1.0"?>' + body).encode("ascii", "xmlcharrefreplace")


SAME = {
    "no-mark": ("UTF-8 needs no byte order mark.", same(utf8)),
    "mark": ("UTF-8 may have a byte order mark.", same(lambda body: b"\xef\xbb\xbf" + utf8(body))),
    "no-declaration": ("Without a declaration a passport is UTF-8.", same(lambda body: utf8(body, declaration=""))),
    "mark-alone": (
        "A mark without a declaration says UTF-8.",
        same(lambda b: b"\xef\xbb\xbf" + utf8(b, declaration="")),
    ),
    "utf-16-le": ("UTF-16 is read by its mark.", same(_encoded("utf-16", b"\xff\xfe", codec="utf-16-le"))),
    "utf-16-be": ("The other UTF-16 is read, too.", same(_encoded("utf-16", b"\xfe\xff", codec="utf-16-be"))),
    "windows-1251": ("A declared 8-bit encoding is read.", same(_encoded("windows-1251"))),
    "koi8-r": ("So is another one.", same(_encoded("koi8-r"))),
    "declared-otherwise": (
        "UTF-8 that is declared as windows-1251 is read as it is written.",
        same(lambda body: utf8(body, declaration='<?xml version="1.0" encoding="windows-1251"?>')),
    ),
    "declared-loud": ("An encoding may be written in capitals.", same(_encoded("UTF-8"))),
    "single-quotes": (
        "The declaration may stand in single quotes.",
        same(lambda body: utf8(body, declaration="<?xml version='1.0' encoding='utf-8' standalone='yes'?>")),
    ),
    "indented": ("A passport may be indented.", same(_indented)),
    "line-after-declaration": ("A line may end behind the declaration.", same(lambda body: utf8("\r\n" + body))),
    "trailing-lines": ("Lines may follow the end.", same(lambda body: utf8(body + "\r\n\r\n"))),
    "comments": ("Comments say nothing.", same(lambda b: utf8(after_root(b, "<!-- a > b -->"), "<!-- before -->"))),
    "instructions": (
        "Processing instructions say nothing.",
        same(lambda b: utf8(b, '<?xml-stylesheet href="x.xsl"?>')),
    ),
    "references": ("Any letter may be a character reference.", same(_references)),
    "foreign-element": (
        "An element of a namespace nobody knows is left out.",
        same(lambda body: utf8(inside(body, '<k:More xmlns:k="urn:kit.example"><k:A>1</k:A></k:More>'))),
    ),
    "foreign-attribute": (
        "So is an attribute.",
        same(lambda body: utf8(re.sub(r"^<([^\s>]+)", r'<\1 xmlns:k="urn:kit.example" k:more="1"', body))),
    ),
    "schema-location": (
        "A schema that the passport points to is never fetched.",
        same(
            lambda body: utf8(
                re.sub(
                    r"^<([^\s>]+)",
                    r'<\1 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd"',
                    body,
                )
            )
        ),
    ),
}

ONE_DIALECT = {
    "prefixed": ("A namespace may have any prefix.", same(_prefixed)),
    "unknown-element": (
        "An element nobody knows is noted.",
        same(lambda body: utf8(inside(body, "<Novelty>1</Novelty>"))),
    ),
    "unknown-attribute": (
        "So is an attribute.",
        same(lambda body: utf8(re.sub(r"^<([^\s>]+)", r'<\1 novelty="1"', body))),
    ),
}

DOCTYPE = "<!DOCTYPE {} [{}]>"


def _declared(inner: str, body: str) -> bytes:
    return utf8(body, DOCTYPE.format(root_name(body), inner))


def _billion(body: str) -> bytes:
    bombs = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))
    return _declared('<!ENTITY b0 "ha">' + bombs, inside(body, "<Expansion>&b9;</Expansion>"))


HOSTILE = {
    "doctype": (
        "A document type declaration is refused.",
        refused(lambda b: utf8(b, f"<!DOCTYPE {root_name(b)}>"), Reason.DOCTYPE),
    ),
    "doctype-external": (
        "An external document type is never fetched.",
        refused(lambda b: utf8(b, f'<!DOCTYPE {root_name(b)} SYSTEM "http://127.0.0.1:9/x.dtd">'), Reason.DOCTYPE),
    ),
    "entity": ("An entity is refused.", refused(lambda b: _declared('<!ENTITY a "1">', b), Reason.DOCTYPE)),
    "entity-of-a-file": (
        "A file of the reader never gets into a passport.",
        refused(lambda b: _declared('<!ENTITY a SYSTEM "file:///etc/hostname">', inside(b, "&a;")), Reason.DOCTYPE),
    ),
    "billion-laughs": ("An entity bomb does not go off.", refused(_billion, Reason.DOCTYPE)),
    "parameter-entity": (
        "A parameter entity is refused.",
        refused(lambda b: _declared('<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;', b), Reason.DOCTYPE),
    ),
    "doctype-in-utf-16": (
        "No encoding hides a document type declaration.",
        refused(
            lambda b: b"\xff\xfe" + utf8(b, f"<!DOCTYPE {root_name(b)}>", declaration="").decode().encode("utf-16-le"),
            Reason.DOCTYPE,
        ),
    ),
    "deep": ("A hundred levels are too many.", refused(lambda b: utf8(inside(b, "<a>" * 100 + "</a>" * 100)))),
    "many-elements": ("101 000 elements are too many.", refused(lambda b: utf8(inside(b, "<a/>" * 101_000)))),
    "many-attributes": (
        "300 attributes of one element are too many.",
        refused(lambda b: utf8(inside(b, "<a " + " ".join(f'a{n}="1"' for n in range(300)) + "/>"))),
    ),
}


def _cut(share: float) -> Change:
    """Return a change that keeps this share of what follows the header's ids, so that the answer can name them."""
    return lambda body: utf8(body)[: int(len(utf8(body)) * share)]


BROKEN = {
    "cut-short": ("A passport that ends early is refused.", refused(_cut(0.97))),
    "cut-in-half": ("So is one of which half is there.", refused(_cut(0.7))),
    "no-end": ("An end that is missing is missed.", refused(lambda b: utf8(b[: b.rindex("</")]))),
    "wrong-end": ("An end of another element is none.", refused(lambda b: utf8(b[: b.rindex("</")] + "</Other>"))),
    "two-roots": ("A second root is one too many.", refused(lambda b: utf8(b + "<More/>"))),
    "text-after": ("Text behind the end is refused.", refused(lambda b: utf8(b + "more"))),
    "bare-ampersand": ("A bare ampersand is no text.", refused(lambda b: utf8(inside(b, "<Note>a & b</Note>")))),
    "bare-less-than": ("Nor is a bare less-than sign.", refused(lambda b: utf8(inside(b, "<Note>a < b</Note>")))),
    "unknown-entity": (
        "An entity nobody declared is refused.",
        refused(lambda b: utf8(inside(b, "<Note>&nbsp;</Note>"))),
    ),
    "nul": ("A NUL is refused.", refused(lambda b: utf8(inside(b, "<Note>a\x00b</Note>")))),
    "control-character": ("So is a control character.", refused(lambda b: utf8(inside(b, "<Note>a\x08b</Note>")))),
    "control-reference": ("Also as a reference.", refused(lambda b: utf8(inside(b, "<Note>&#8;</Note>")))),
    "half-a-letter": (
        "Bytes that are no UTF-8 are refused.",
        refused(lambda b: utf8(inside(b, "<Note>@</Note>")).replace(b"@</Note>", b"\xd0</Note>")),
    ),
    "latin-1-as-utf-8": (
        "An encoding that was declared wrongly is refused.",
        refused(lambda b: ('<?xml version="1.0" encoding="utf-8"?>' + b).encode("windows-1251", "xmlcharrefreplace")),
    ),
    "repeated-attribute": (
        "An attribute that stands twice is refused.",
        refused(lambda b: utf8(inside(b, '<Note a="1" a="2"/>'))),
    ),
    "unbound-prefix": (
        "A prefix that is bound to nothing is refused.",
        refused(lambda b: utf8(inside(b, "<x:Note/>"))),
    ),
    "unquoted-attribute": ("A value without quotes is refused.", refused(lambda b: utf8(inside(b, "<Note a=1/>")))),
    "late-declaration": (
        "Nothing stands before the declaration.",
        refused(lambda b: b"\r\n" + utf8(b)),
    ),
    "bad-reference": (
        "A reference beyond Unicode is refused.",
        refused(lambda b: utf8(inside(b, "<Note>&#x110000;</Note>"))),
    ),
    "open-comment": ("A comment that never ends is refused.", refused(lambda b: utf8(inside(b, "<!-- never")))),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("xml", SAME),
    *situations("xml", ONE_DIALECT, dialects=("sev",)),
    *situations("hostile", HOSTILE),
    *situations("broken", BROKEN),
)
