# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that came beside a message, found by the names it gives them (§4.2).

In this order: the exact name, the name with its type behind it, the same without case and composition, the same without
a counter like ``[1]``, the place in the envelope.  What could be several files is nobody's guess, and what another
element names is no stand-in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from lxml import etree

from gateway.dialects.medo.elements import attribute, child_text
from gateway.dialects.medo.names import ending_of, is_signature
from gateway.dialects.medo.sidecar import Named, is_envelope, named_by
from gateway.dialects.names import LIKENESSES, caseless, exact, normalised
from gateway.dialects.tree import Element
from gateway.dialects.wire import Resource
from gateway.model import Content, Sha256

TEXT = "annotation.txt"  # §3: what the text of the letter is called
# Names a message XML may have (§4.1), and that one
NOT_PAYLOAD = frozenset(
    f"{name}.xml" for name in ("document", "passport", "notification", "acknowledgment", "communication", "message")
) | {TEXT}


@dataclass(frozen=True, slots=True)
class Found:
    """What a name led to."""

    resource: Resource | None = None
    loose: str = ""  # how, when not by the exact name
    several: bool = False  # it could be more than one file


class Shelf:
    """The payload of one package; every file that is taken is kept for the message."""

    def __init__(self, resources: Sequence[Resource], named: Collection[str], *, envelopes: bool = True) -> None:
        """*named*: what the elements of the message call their files; *envelopes*: whether one may lie among them."""
        self._named: Mapping[Callable[[str], str], set[str]] = {
            likeness: {likeness(name) for name in named} for likeness in LIKENESSES
        }
        found = [
            place
            for place, resource in enumerate(resources)
            if envelopes and not self._claimed(resource, exact, ()) and is_envelope(resource)
        ]
        self._payload = [resource for place, resource in enumerate(resources) if place not in found]
        envelope = named_by(resources[found[0]]) if found else Named()
        letter = caseless(envelope.text or TEXT)
        self._listed = [
            name
            for name in envelope.files
            if name.casefold() not in NOT_PAYLOAD and caseless(name) != letter and not is_signature(name)
        ]
        listed = {caseless(name) for name in (*envelope.files, envelope.text)} & {letter}
        self._letters = {
            place
            for place, resource in enumerate(self._payload)
            if listed.intersection(map(caseless, resource.names)) and not self._claimed(resource, exact, ())
        }
        self._indices: dict[Callable[[str], str], Mapping[str, list[int]]] = {}  # by likeness, once one is asked for
        self._taken: dict[int, None] = {}
        self.contents: dict[Sha256, Content] = {}

    def _claimed(self, resource: Resource, likeness: Callable[[str], str], own: Collection[str]) -> bool:
        """Say whether elements other than the one that calls its file *own* name *resource*, or alike."""
        called, theirs = self._named[likeness], {likeness(name) for name in own}
        return any((name := likeness(each)) in called and name not in theirs for each in resource.names)

    def _called(self, name: str, likeness: Callable[[str], str]) -> list[int]:
        """Return the places of the files called *name*, or alike, that nothing has taken."""
        if likeness not in self._indices:
            self._indices[likeness] = self._indexed(likeness)
        places = self._indices[likeness].get(likeness(name), ())
        return [place for place in places if place not in self._taken]

    def _indexed(self, likeness: Callable[[str], str]) -> Mapping[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, resource in enumerate(self._payload):
            for key in dict.fromkeys(likeness(name) for name in resource.names):
                places[key].append(place)
        return places

    @property
    def unlisted(self) -> tuple[Resource, ...]:
        """Files that came and that nothing took, but for the text of the letter."""
        free = self._letters.union(self._taken)
        return tuple(resource for place, resource in enumerate(self._payload) if place not in free)

    def find(self, names: Sequence[str], position: int | None = None) -> Found:
        """Return the file called one of *names*, the first best; *position*: its place among the envelope's files."""
        for likeness in LIKENESSES:
            for order, name in enumerate(names):
                found = self._called(name, likeness)
                if likeness is not exact:
                    found = [place for place in found if not self._claimed(self._payload[place], exact, names)]
                if len({self._payload[place].content.sha256 for place in found}) > 1:
                    return Found(several=True)
                if found:
                    strict = likeness in (exact, normalised) and order == 0
                    return self._take(found[0], "" if strict else "its name differs")
        if position is not None and 0 <= position < len(self._listed):
            name = self._listed[position]
            for likeness in LIKENESSES:
                found = self._called(name, likeness)
                if len(found) == 1 and self._may_stand_in(self._payload[found[0]], names):
                    return self._take(found[0], "by its place in the envelope")
        return Found()

    def _may_stand_in(self, resource: Resource, names: Sequence[str]) -> bool:
        """Say whether a file of another name may be the one called one of *names*: no other element names it, its
        ending is the same, and it is no signature.
        """
        endings = {ending_of(name) for name in names} - {""}
        return (
            not any(self._claimed(resource, likeness, ()) for likeness in LIKENESSES)
            and any(ending_of(name) in endings for name in resource.names)
            and not any(is_signature(name) for name in resource.names)
        )

    def beside(self, is_it: Callable[[str], bool]) -> list[Resource]:
        """Return and take the files nobody named whose name *is_it*."""
        found = []
        for place, resource in enumerate(self._payload):
            if place not in self._taken and any(is_it(name) for name in resource.names):
                self._take(place, "")
                found.append(resource)
        return found

    def take(self, resource: Resource) -> None:
        """Note that *resource* was understood as something else than a file of the document."""
        self._taken.update((place, None) for place, each in enumerate(self._payload) if each is resource)

    def _take(self, place: int, loose: str) -> Found:
        resource = self._payload[place]
        self._taken[place] = None
        self.contents[resource.content.sha256] = resource.content
        return Found(resource, loose)


_naming = etree.XPath("//*[@localName or @signature]")  # a walk over all elements takes ten times as long


def named_in(root: Element) -> frozenset[str]:
    """Return every name of a file that the message, or the passport of a container, below *root* gives."""
    found = {child_text(root, "container", "body"), child_text(root, "container", "signature")}
    found.add(child_text(root, "acknowledgment", "errorFileMessage"))
    for element in cast("list[Element]", _naming(root)):
        local, kind = attribute(element, "localName"), attribute(element, "type")
        found |= {local, f"{local}.{kind}" if local and kind else "", attribute(element, "signature")}
    return frozenset(found - {""})
