# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one message: those that were cut out of it, and those it points to beside it."""

import re
from binascii import Error, a2b_base64
from collections.abc import Callable, Mapping, Sequence

from gateway.content import Held
from gateway.dialects.gost2010.vocabulary import POINTER
from gateway.dialects.names import caseless, exact, normalised
from gateway.dialects.wire import Body, Resource
from gateway.model import Content, Sha256

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_LIKENESSES: tuple[Callable[[str], str], ...] = (exact, normalised, caseless)
MAX_POINTER = 4096  # LIMIT: characters of a pointer to a file


def is_body(name: str, attributes: Mapping[str, str]) -> bool:
    """Say whether an element holds a file: every DocTransfer but one that only points to a file (2A.5)."""
    return name == "DocTransfer" and attributes.get("transfertype", "").strip() != POINTER


class Shelf:
    """Finds files, and keeps the bytes of every one that was found."""

    def __init__(self, bodies: Sequence[Body] = (), came: Sequence[Resource] = ()) -> None:
        self._bodies = bodies
        self._came = list(came)
        self._free = list(came)
        self.contents: dict[Sha256, Content] = {}

    @property
    def unnamed(self) -> tuple[Resource, ...]:
        """The files that came beside the message and that nothing points to."""
        return tuple(self._free)

    def inside(self, text: str) -> Content | None:
        """Return the file that stood where *text* (its number) stands now; None when that was no base64."""
        if not text:
            return self._kept(Held(b""))
        number = int(text) if _NUMBER.fullmatch(text) else len(self._bodies)
        body = self._bodies[number] if number < len(self._bodies) else None
        return self._kept(body) if body else None

    def pointed(self, text: str) -> Resource | None:
        """Return the file that a pointer names; never followed as a path or an address, only matched by its name."""
        names = pointed_names(text)
        for likeness in _LIKENESSES:
            wanted = {likeness(name) for name in names}
            found = [each for each in self._came if wanted & {likeness(name) for name in each.names}]
            if len({each.content.sha256 for each in found}) == 1:
                self._free = [each for each in self._free if each not in found]
                self._kept(found[0].content)
                return found[0]
        return None

    def _kept(self, content: Content) -> Content:
        self.contents[content.sha256] = content
        return content


def pointed_names(text: str) -> tuple[str, ...]:
    """Return the names a pointer may mean: the bytes of a name in base64; QUIRK: or the name as it is.

    Of a path or an address only the last step counts.
    """
    text = text[:MAX_POINTER].strip()
    found = [text]
    try:
        octets = a2b_base64("".join(text.split()), strict_mode=True)
    except (Error, ValueError):
        pass
    else:
        for encoding in ("utf-8", "windows-1251"):
            try:
                found.insert(len(found) - 1, octets.decode(encoding).strip("\ufeff\0 "))
            except UnicodeError:
                continue
    steps = [re.split(r"[/\\]", name)[-1].strip() for name in found]
    return tuple(dict.fromkeys(step for step in steps if step))
