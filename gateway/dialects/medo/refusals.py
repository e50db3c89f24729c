# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a document was not registered: a value of the reasons' list and the words in the comment (§2.7, §2.8).

The comment begins with our code in brackets, so that a gateway of this kind hears the same refusal; whoever else
writes "Приложение отсутствует" and a comment is heard with both.
"""

import re

from gateway.dialects.medo.values import MAX_COMMENT, block, line
from gateway.dialects.medo.vocabulary import NEAREST, NOTED, OTHER_REASON, UNREADABLE, reasons_of
from gateway.model import Refusal

MAX_PLACE = 255  # LIMIT: characters of a place in a comment
_CODED = re.compile(r"\((-?\d{1,10})\)(.*?)(?: \[(/[^\[\]\n]*)\])?", re.DOTALL | re.ASCII)


def unreadable(refusal: Refusal) -> bool:
    """Say whether the document could not even be read: a receipt with accepted = false says so (§5, step 2a)."""
    return refusal.code in UNREADABLE


def nearest(refusal: Refusal, version: str) -> str:
    """Return the value of the list of *version* that is nearest to *refusal*."""
    reasons = reasons_of(version)
    words = line(refusal.text).rstrip(".").casefold()
    for reason in reasons:
        if words == reason.casefold():
            return reason
    short, long = NEAREST.get(refusal.code, (OTHER_REASON, OTHER_REASON))
    return short if version == "2.2" else long


def comment(refusal: Refusal) -> str:
    """Return the words of *refusal*, as `as_told` leaves it, with its code and its place."""
    place = f" [{refusal.place}]" if refusal.place else ""
    return f"({refusal.code}) {refusal.text}".rstrip() + place


def as_told(refusal: Refusal) -> Refusal:
    """Return what a comment says of *refusal*: what was expected and found stands in the text."""
    place = line(refusal.place, MAX_PLACE)
    place = place if re.fullmatch(r"/[^\[\]]*", place) else ""
    words = [refusal.text.strip()]
    if refusal.place.strip() and not place:
        words.append(f"Место: {line(refusal.place, MAX_PLACE)}.")
    if refusal.expected:
        words.append(f"Ожидалось: {refusal.expected}.")
    if refusal.found:
        words.append(f"Получено: {refusal.found}.")
    room = MAX_COMMENT - len(f"({refusal.code})  [{place}]")
    told = Refusal(refusal.code, block(" ".join(one for one in words if one), room), place)
    return heard(comment(told))


def heard(words: str, reason: str = "", version: str = "2.6") -> Refusal:
    """Return the refusal that a comment and a value of the list tell."""
    coded = _CODED.fullmatch(words.strip())
    if coded is None:
        return Refusal(0, ". ".join(_said(reason.rstrip("."), words)))
    code = int(coded[1])
    told = Refusal(code, coded[2].strip(), coded[3] or "", retryable=code != NOTED)
    if reason and reason != nearest(told, version):
        return Refusal(code, ". ".join(_said(reason, told.text)), told.place, retryable=told.retryable)
    return told


def _said(*parts: str) -> list[str]:
    return [part.strip() for part in parts if part.strip()]
