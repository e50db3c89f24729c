# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter around the message: every way of MIME to carry the same files, and what cannot be taken apart."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.letters import Encoding, Leaf, Names, Sheaf, leaf_bytes, letter, lines, multipart
from gateway.conformance.making import Maker, Situation, Steps, situations
from gateway.errors import Reason, Refused
from gateway.model import Message

DATA = "Письмо, у которого нет конца строки.".encode()  # so that it may travel as 8-bit text
Change = Callable[[Sheaf], Sheaf]
Wrap = Callable[[Sheaf], bytes]


def _plain(make: Maker) -> tuple[Message, Sheaf]:
    message = make.message(make.document(files=(make.file("Письмо о сроках.txt", DATA),)))
    return message, make.sheaf(message, make.parcel(message))


def beside(steps: Steps) -> Steps:
    """Return *steps* for standards whose files lie beside the passport; in others they stand inside it."""

    def checked(make: Maker) -> Sequence[Step]:
        if len(_plain(make)[1].leaves) == 1:
            raise Refused(Reason.UNSUPPORTED, "no file lies beside the passport")
        return steps(make)

    return checked


def same(change: Change | None = None, wrap: Wrap = letter) -> Callable[[Maker], list[Step]]:
    """Return the steps of a letter that says the same after *change*, or as *wrap* writes it: it is registered."""

    def steps(make: Maker) -> list[Step]:
        message, sheaf = _plain(make)
        return [make.step(message, wrap(change(sheaf) if change else sheaf))]

    return steps


def silent(wrap: Wrap, outcome: str = "parked", reason: Reason | None = None) -> Callable[[Maker], list[Step]]:
    """Return the steps of a letter about which nobody hears anything."""

    def steps(make: Maker) -> list[Step]:
        message, sheaf = _plain(make)
        return [make.step(message, wrap(sheaf), outcome=outcome, reports=(), reason=reason)]

    return steps


def refused(wrap: Wrap, reason: Reason) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        message, sheaf = _plain(make)
        return [make.refused(message, wrap(sheaf), reason)]

    return steps


def leaves(change: Callable[[Leaf], Leaf], *, only_files: bool = False) -> Change:
    """Return a change of every file of a letter."""
    return lambda sheaf: replace(
        sheaf, leaves=tuple(one if only_files and not place else change(one) for place, one in enumerate(sheaf.leaves))
    )


def passport(**given: object) -> Change:
    return lambda sheaf: replace(sheaf, leaves=(replace(sheaf.leaves[0], **given), *sheaf.leaves[1:]))  # type: ignore[arg-type]


def _coded(encoding: Encoding) -> Change:
    return leaves(lambda leaf: replace(leaf, encoding=encoding))


def _named(names: Names, charset: str = "utf-8") -> Change:
    return leaves(lambda leaf: replace(leaf, names=names, charset=charset), only_files=True)


def parts(sheaf: Sheaf) -> list[bytes]:
    human = lines(b"Content-Type: text/plain; charset=utf-8", b"") + b"\r\n"
    return [human, *(leaf_bytes(leaf) for leaf in sheaf.leaves)]


def whole(sheaf: Sheaf, part: bytes, *more: bytes) -> bytes:
    """Return the head of *sheaf* and one part as the whole letter."""
    return lines(*sheaf.head, *more) + part


def nested(sheaf: Sheaf, levels: int = 3) -> bytes:
    part = multipart(parts(sheaf), sheaf.boundary)
    for level in range(levels):
        part = multipart([part], f"{sheaf.boundary}.{level}")
    return whole(sheaf, part)


def _scattered(sheaf: Sheaf) -> bytes:
    """Each file in a multipart of its own."""
    made = [multipart([part], f"{sheaf.boundary}.{place}", "related") for place, part in enumerate(parts(sheaf))]
    return whole(sheaf, multipart(made, sheaf.boundary))


def _alternative(sheaf: Sheaf) -> bytes:
    plain, html = (lines(b"Content-Type: text/" + kind, b"") + b"text" for kind in (b"plain", b"html"))
    words = multipart([plain, html], f"{sheaf.boundary}.words", "alternative")
    return whole(sheaf, multipart([words, *parts(sheaf)[1:]], sheaf.boundary))


def _dropped(field: bytes) -> Change:
    return lambda sheaf: replace(sheaf, head=tuple(one for one in sheaf.head if not one.startswith(field)))


def _headed(*more: bytes) -> Change:
    return lambda sheaf: replace(sheaf, head=(*more, *sheaf.head))


def _from(field: str) -> Change:
    """Return a change of the From field; *field* has {} for the address."""

    def change(sheaf: Sheaf) -> Sheaf:
        address = next(one for one in sheaf.head if one.startswith(b"From: "))[6:].decode()
        head = tuple(field.format(address).encode() if one.startswith(b"From: ") else one for one in sheaf.head)
        return replace(sheaf, head=head)

    return change


CARRIED = {
    "one-line-base64": ("Base64 may stand on one line.", same(_coded("base64-one-line"))),
    "quoted-printable": ("Quoted-printable is read.", same(_coded("quoted-printable"))),
    "8bit": ("8-bit parts are read.", same(_coded("8bit"))),
    "no-encoding-said": ("Without an encoding a part is taken as it is.", same(_coded("none"))),
    "reversed": ("The files may stand in any order.", same(lambda s: replace(s, leaves=s.leaves[::-1]))),
    "no-text": ("The part for people may be missing.", same(lambda s: replace(s, text=None))),
    "empty-text": ("The part for people may be empty.", same(lambda s: replace(s, text=b""))),
    "html-text": (
        "The part for people may be HTML.",
        same(lambda s: replace(s, text_type=b"text/html", text=b"<p>x</p>")),
    ),
    "long-text": ("The part for people may be long.", same(lambda s: replace(s, text=b"many words\r\n" * 5000))),
    "alternative": ("The part for people may have two forms.", same(wrap=_alternative)),
    "nested": ("Multiparts may nest.", same(wrap=nested)),
    "scattered": ("Each file may lie in a multipart of its own.", same(wrap=_scattered)),
    "related": ("Any kind of multipart will do.", same(lambda s: replace(s, subtype="related"))),
    "preamble": ("A preamble says nothing.", same(lambda s: replace(s, preamble=b"This is MIME.\r\n"))),
    "epilogue": ("An epilogue says nothing.", same(lambda s: replace(s, epilogue=b"A disclaimer.\r\n"))),
    "odd-boundary": ("A boundary may have blanks and signs.", same(lambda s: replace(s, boundary="a b'()+_,-./:=?c"))),
    "inline": ("A file may be shown inline.", same(leaves(lambda leaf: replace(leaf, disposition="inline")))),
    "no-disposition": ("A file needs no disposition.", same(leaves(lambda leaf: replace(leaf, disposition="")))),
    "content-ids": (
        "Content ids are no obstacle.",
        same(leaves(lambda leaf: replace(leaf, more=(b"Content-ID: <1@kit.example>",)))),
    ),
    "text-xml": ("A passport may be text/xml.", same(passport(media_type="text/xml"))),
    "octet-stream": ("A passport may be called mere bytes.", same(passport(media_type="application/octet-stream"))),
    "other-passport-name": ("A passport is known by its root, not its name.", same(passport(name="passport-17.dat"))),
    "passport-without-name": ("A passport needs no name.", same(passport(names="none", disposition=""))),
    "upper-case-types": (
        "Types are compared without case.",
        same(leaves(lambda leaf: replace(leaf, media_type=leaf.media_type.upper()))),
    ),
    "surplus-file": (
        "A file that nothing names is noted.",
        same(lambda s: replace(s, leaves=(*s.leaves, Leaf("image001.png", b"\x89PNG logo", "image/png")))),
    ),
    "same-passport-twice": (
        "The same passport twice is one.",
        same(lambda s: replace(s, leaves=(*s.leaves, replace(s.leaves[0], name="copy.xml")))),
    ),
    "foreign-xml": (
        "Another XML file is a file.",
        same(lambda s: replace(s, leaves=(*s.leaves, Leaf("data.xml", b"<data/>", "text/xml")))),
    ),
}

NAMES = {
    "rfc2231": ("Names are read by RFC 2231 alone.", same(_named("rfc2231"))),
    "rfc2231-sections": ("Names of several sections are put together.", same(_named("rfc2231-sections"))),
    "rfc2231-windows-1251": ("RFC 2231 may name another charset.", same(_named("rfc2231", "windows-1251"))),
    "rfc2047": ("Names are read as encoded words.", same(_named("rfc2047"))),
    "rfc2047-windows-1251": ("Encoded words may be in another charset.", same(_named("rfc2047", "windows-1251"))),
    "rfc2047-koi8-r": ("Also in this one.", same(_named("rfc2047", "koi8-r"))),
    "raw-utf-8": ("Raw UTF-8 in a name is read.", same(_named("raw"))),
    "raw-windows-1251": ("So is a raw 8-bit charset.", same(_named("raw", "windows-1251"))),
    "type-only": ("A name in Content-Type alone is a name.", same(_named("type-only"))),
    "disposition-only": ("So is one in Content-Disposition alone.", same(_named("disposition-only"))),
}

HEADS = {
    "no-message-id": ("A letter needs no Message-ID.", same(_dropped(b"Message-ID"))),
    "no-date": ("A letter needs no Date.", same(_dropped(b"Date"))),
    "no-subject": ("A letter needs no subject.", same(_dropped(b"Subject"))),
    "no-to": ("A letter needs no To.", same(_dropped(b"To"))),
    "no-mime-version": ("A letter need not say its MIME version.", same(_dropped(b"MIME-Version"))),
    "from-name": ("The sender may have a name.", same(_from('From: "Gateway, the" <{}>'))),
    "from-words": ("The name may be an encoded word.", same(_from("From: =?utf-8?B?0KjQu9GO0Lc=?= <{}>"))),
    "from-loud": (
        "Addresses are compared without case.",
        same(lambda s: _from("From: " + next(o for o in s.head if o.startswith(b"From: "))[6:].decode().upper())(s)),
    ),
    "from-folded": ("A field may be folded.", same(_from("From:\r\n <{}>"))),
    "trace": (
        "Fields of servers on the way are no obstacle.",
        same(_headed(*[b"Received: from a.example by b.example; Wed, 11 Mar 2026 07:00:00 +0000"] * 12)),
    ),
    "list-fields": (
        "Fields of mailing lists are no obstacle.",
        same(_headed(b"List-Id: <x.kit.example>", b"Precedence: bulk")),
    ),
    "raw-subject": ("A subject in raw UTF-8 harms nobody.", same(_headed("X-Note: письмо".encode()))),
    "long-field": ("A field of 900 letters is a field.", same(_headed(b"X-Long: " + b"x" * 900))),
    "auto-submitted": (
        "A document that a program sent is a document.",
        same(_headed(b"Auto-Submitted: auto-generated")),
    ),
    "read-receipt": (
        "A wish for a read receipt is left alone.",
        same(_headed(b"Disposition-Notification-To: kit@kit.example")),
    ),
}


SITUATIONS: tuple[Situation, ...] = (
    *situations("mime", CARRIED),
    *situations("names", {name: (title, beside(steps)) for name, (title, steps) in NAMES.items()}),
    *situations("heads", HEADS),
)
