# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that cannot be taken apart, that hold no message, or in which a file is missing."""

from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.letters import Leaf, Sheaf, letter, multipart
from gateway.conformance.making import TEXT, Situation, situations
from gateway.conformance.situations.mime import Wrap, beside, leaves, nested, parts, passport, refused, silent, whole
from gateway.errors import Reason


def _two_passports(sheaf: Sheaf) -> bytes:
    first = sheaf.leaves[0]
    return letter(replace(sheaf, leaves=(*sheaf.leaves, replace(first, name="2.xml", data=first.data + b"\n"))))


def _too_deep(sheaf: Sheaf) -> bytes:
    return nested(sheaf, 40)


def _headless(sheaf: Sheaf) -> bytes:
    return whole(sheaf, b"\r\nnothing here is MIME\r\n", b"Content-Type: multipart/mixed")


APART = {
    "cut-short": (
        "A letter that ends early is laid aside.",
        silent(lambda s: letter(s)[:-400], reason=Reason.TRUNCATED),
    ),
    "two-passports": ("Two different passports are laid aside.", silent(_two_passports, reason=Reason.AMBIGUOUS)),
    "too-deep": ("Forty levels of multiparts are too many.", silent(_too_deep, reason=Reason.TOO_DEEP)),
    "too-many-parts": (
        "Two thousand parts are too many.",
        silent(
            lambda s: letter(replace(s, leaves=(*s.leaves, *[Leaf("", b"x", names="none")] * 2000))),
            reason=Reason.TOO_MANY_PARTS,
        ),
    ),
    "no-boundary": ("A multipart without a boundary is laid aside.", silent(_headless)),
    "two-types": (
        "A letter with two content types is laid aside.",
        silent(lambda s: whole(s, multipart(parts(s), s.boundary), b"Content-Type: text/plain")),
    ),
    "broken-base64": (
        "Base64 that is none is laid aside.",
        beside(
            silent(
                lambda s: letter(
                    leaves(
                        lambda leaf: replace(leaf, encoding="none", more=(b"Content-Transfer-Encoding: base64",)),
                        only_files=True,
                    )(s)
                )
            )
        ),
    ),
    "unknown-encoding": (
        "An encoding nobody knows is laid aside.",
        silent(
            lambda s: letter(
                leaves(lambda leaf: replace(leaf, encoding="none", more=(b"Content-Transfer-Encoding: x-rot13",)))(s)
            )
        ),
    ),
}

PEOPLE = {
    "words": (
        "People's mail is never answered.",
        silent(lambda s: whole(s, b"\r\nLunch?\r\n"), reason=Reason.NO_PASSPORT),
    ),
    "files": (
        "Files without a passport are people's mail.",
        silent(lambda s: letter(replace(s, leaves=s.leaves[1:])), reason=Reason.NO_PASSPORT),
    ),
    "auto-reply": (
        "An auto-reply is never answered.",
        silent(lambda s: whole(s, b"\r\nI am away.\r\n", b"Auto-Submitted: auto-replied"), reason=Reason.NO_PASSPORT),
    ),
    "unknown-root": (
        "XML of another kind is people's mail.",
        silent(lambda s: letter(passport(data=b"<Invoice/>")(s)), reason=Reason.NO_PASSPORT),
    ),
    "empty-passport": (
        "An empty passport is none.",
        silent(lambda s: letter(passport(data=b"")(s)), reason=Reason.NO_PASSPORT),
    ),
    "passport-in-words": (
        "A passport pasted into the text is none.",
        silent(
            lambda s: letter(replace(s, leaves=(), text=b"see: " + b"\r\n".join(s.leaves[0].data.splitlines()))),
            reason=Reason.NO_PASSPORT,
        ),
    ),
}


def _files(change: Callable[[tuple[Leaf, ...]], tuple[Leaf, ...]]) -> Wrap:
    return lambda sheaf: letter(replace(sheaf, leaves=(sheaf.leaves[0], *change(sheaf.leaves[1:]))))


MISSING = {
    "file": ("A file that is named must come.", refused(_files(lambda files: files[1:]), Reason.MISSING_FILE)),
    "other-file": (
        "Another file is no substitute.",
        refused(_files(lambda files: (Leaf("Совсем другой.txt", TEXT),)), Reason.MISSING_FILE),
    ),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("apart", APART),
    *situations("people-mail", PEOPLE),
    *situations("missing", {name: (title, beside(steps)) for name, (title, steps) in MISSING.items()}),
)
