# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters as documents of Mayan: what is made, read and found of them.

A letter is one document; its text, annexes and signatures are files of it.  The exchange it came from is stamped into
the description by the very call that makes the document, and into the comment of every file by the call that brings it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.edms_adapter.mayan.catalogue import Catalogue, Workflow
from gateway.edms_adapter.mayan.wire import PAGE, Json, Missing, moment_of
from gateway.edms_adapter.remote.papers import Paper, clean, stamp
from gateway.edms_adapter.remote.telling import Act
from gateway.model import CardRef, ExchangeId, Sha256

MAX_LABEL = 255  # characters; Mayan's own limit
MAX_VALUE = 255  # characters of a metadata value: Mayan's own limit
ALONE, WITH = "replace", "keep"  # what a file does to the pages that Mayan shows: they are its own, or stay
LIGHT = "id,description,datetime_created"


@dataclass(frozen=True, slots=True)
class Card:
    """A document as it stands."""

    id: int
    description: str
    made: datetime

    @property
    def ref(self) -> CardRef:
        return CardRef(str(self.id))

    def is_of(self, exchange: ExchangeId) -> bool:
        """Say whether we made it for *exchange*."""
        return self.description.splitlines()[-1:] == [stamp(exchange)]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a document."""

    id: int
    name: str
    mark: str  # which file of which exchange it is, as we wrote it into the comment
    checksum: Sha256 | None  # of what Mayan stored; None: it is still working on it


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a workflow's log: a transition."""

    act: Act
    origin: str  # the label of the state it led out of
    login: str
    comment: str


@dataclass(frozen=True, slots=True)
class Course:
    """Where a document stands in its workflow."""

    id: int  # of the workflow's instance
    state: int
    label: str  # of that state


class Archive:
    """The documents of one Mayan; keeps nothing."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.server, self.catalogue = catalogue.server, catalogue

    # --- documents --------------------------------------------------------------------------------------------------

    def make(self, exchange: ExchangeId, label: str, words: str) -> Card:
        """Make a document without files."""
        values = {"label": _line(label), "description": _described(words, exchange)}
        kind, language = self.catalogue.document_type(), self.server.options.language
        return _card(self.server.post("/documents/", **values, document_type_id=kind, language=language))

    def card(self, key: int) -> Card | None:
        """Return the document; None when it is not there, or lies in the trash."""
        try:
            return _card(self.server.get(f"/documents/{key}/", _fields_only=LIGHT))
        except Missing:
            return None

    def newest(self) -> int:
        """Return the key of the newest document, 0 when there is none."""
        found = self.server.get("/documents/", _ordering="-datetime_created", page_size=1, _fields_only=LIGHT)
        return max((row["id"] for row in found["results"]), default=0)

    def made_after(self, key: int, exchange: ExchangeId) -> list[Card]:
        """Return the documents of *exchange* that are newer than the one of that *key*, oldest first."""
        ours, page = [], 1
        while True:
            asked = {"_ordering": "-datetime_created", "_fields_only": LIGHT, "page_size": PAGE, "page": page}
            found = self.server.get("/documents/", **asked)
            cards = [_card(row) for row in found["results"]]
            ours += [card for card in cards if card.id > key and card.is_of(exchange)]
            if not found["next"] or all(card.id <= key for card in cards):
                return sorted(ours, key=lambda card: card.id)
            page += 1

    def searched(self, fact: str, value: str) -> list[int]:
        """Return documents that Mayan's index finds by a metadata value: some may lack, and some may be others."""
        where = "/search/advanced/documents.documentsearchresult/"
        if fact not in self.server.options.metadata_of:
            return []
        found = self.server.get(where, metadata__value=f'"{value}"', page_size=PAGE)
        return sorted(int(row["id"]) for row in found["results"])

    def rename(self, key: int, label: str, words: str, exchange: ExchangeId) -> None:
        values = {"label": _line(label), "description": _described(words, exchange)}
        self.server.patch(f"/documents/{key}/", **values)

    def discard(self, key: int) -> None:
        """Put a document into the trash."""
        self.server.delete(f"/documents/{key}/")

    # --- files ------------------------------------------------------------------------------------------------------

    def bring(self, key: int, paper: Paper, pages: str) -> None:
        """Hand a file to Mayan, which will store it, or not."""
        values = {"action_name": pages, "filename": clean(paper.name), "comment": paper.mark}
        self.server.upload(f"/documents/{key}/files/", values, "file_new", paper.content)

    def files(self, key: int) -> list[Stored]:
        """Return the files that are there, oldest first."""
        rows = self.server.every(f"/documents/{key}/files/")
        made = [Stored(row["id"], row["filename"], row["comment"], row["checksum"] or None) for row in rows]
        return sorted(made, key=lambda one: one.id)

    def remove(self, key: int, file: int) -> None:
        """Take a file away, unless it has gone already: Mayan takes its time."""
        with suppress(Missing):
            self.server.delete(f"/documents/{key}/files/{file}/")

    # --- what is said of one ----------------------------------------------------------------------------------------

    def facts(self, key: int) -> dict[str, tuple[int, str]]:
        """Return the metadata of a document: name of the type → key and value."""
        rows = self.server.every(f"/documents/{key}/metadata/")
        return {row["metadata_type"]["name"]: (row["id"], row["value"] or "") for row in rows}

    def tell(self, key: int, facts: Mapping[str, str], *, fresh: bool = False) -> None:
        """Write *facts* into metadata, what is there already not again; a *fresh* document has none."""
        there = {} if fresh else self.facts(key)
        for fact, name in self.server.options.metadata_of.items():
            value = " ".join(facts.get(fact, "").split())[:MAX_VALUE]
            known = there.get(name)
            if not value or (known and known[1] == value):
                continue
            if known:
                self.server.patch(f"/documents/{key}/metadata/{known[0]}/", value=value)
            else:
                kind = self.catalogue.metadata_type(name)
                self.server.post(f"/documents/{key}/metadata/", metadata_type_id=kind, value=value)

    def note(self, key: int, words: str) -> None:
        """Write a comment onto a document, unless it is there."""
        words = words.replace("\0", "").strip()
        if all(row["text"] != words for row in self.server.every(f"/documents/{key}/comments/")):
            self.server.post(f"/documents/{key}/comments/", text=words)

    def put_into(self, key: int, cabinets: Iterable[int], *, fresh: bool = False) -> None:
        """Put a document into cabinets; a *fresh* one lies in none."""
        there = set() if fresh else {row["id"] for row in self.server.every(f"/documents/{key}/cabinets/")}
        for cabinet in cabinets:
            if cabinet not in there:
                self.server.post(f"/cabinets/{cabinet}/documents/add/", document=key)

    # --- workflow ---------------------------------------------------------------------------------------------------

    def course(self, key: int) -> Course | None:
        """Return where a document stands in the workflow of letters; None: Mayan has not begun it yet."""
        workflow = self.catalogue.workflow()
        for row in self.server.every(f"/documents/{key}/workflow_instances/"):
            if row["workflow_template"]["id"] == workflow.id:
                return Course(row["id"], row["current_state"]["id"], row["current_state"]["label"])
        return None

    def move(self, key: int, course: Course, workflow: Workflow, target: str) -> None:
        """Bring a document into the state called *target*; raises LookupError when no transition leads there."""
        way = workflow.way(course.state, target)
        if way is None:
            raise LookupError(f"no transition leads from {course.label!r} to {target!r}")
        where = f"/documents/{key}/workflow_instances/{course.id}/log_entries/"
        self.server.post(where, transition_id=way)

    def entries(self, key: int, course: int) -> list[Entry]:
        """Return the transitions of a document, oldest first; none when it is gone."""
        try:
            rows = list(self.server.every(f"/documents/{key}/workflow_instances/{course}/log_entries/"))
        except Missing:
            return []
        made = [_entry(key, row) for row in rows if row["transition"] is not None]
        return sorted(made, key=lambda one: one.act.id)


def _card(row: Json) -> Card:
    return Card(row["id"], row["description"] or "", moment_of(row["datetime_created"]))


def _entry(key: int, row: Json) -> Entry:
    user, way = row["user"] or {}, row["transition"]
    name = f"{user.get('last_name', '')} {user.get('first_name', '')}".strip()
    login = user.get("username", "")
    act = Act(row["id"], key, way["destination_state"]["label"], name or login, moment_of(row["datetime"]))
    return Entry(act, way["origin_state"]["label"], login, row["comment"] or "")


def _described(words: str, exchange: ExchangeId) -> str:
    return f"{words}\n\n{stamp(exchange)}".replace("\0", "")


def _line(label: str) -> str:
    line = " ".join(label.replace("\0", "").split())
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"
