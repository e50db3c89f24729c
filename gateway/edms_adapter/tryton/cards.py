# SPDX-License-Identifier: GPL-3.0-or-later
"""Incoming documents in Tryton: what is made, read and found of them.

A card is a ``document.incoming``; the exchange it came from is stamped into its ``source`` by the very call that makes
it.  Tryton copies that stamp when people process, split or duplicate a card; the copies it makes itself have a parent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.edms_adapter.remote.papers import STAMP, clean, stamp
from gateway.edms_adapter.remote.telling import Act
from gateway.edms_adapter.tryton.wire import Json, Server, moment_of, written
from gateway.model import CardRef, Content, ExchangeId, Sha256

MODEL = "document.incoming"
FIELDS = ("name", "source", "state", "parent", "result", "last_modified_at", "create_date", "create_uid")
EVERY = {"active_test": False}  # a processed card is no longer active
MAX_NAMESAKES = 100  # LIMIT: cards; in a pattern % and _ stand for anything, so some may be no namesakes


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it stands."""

    id: int
    name: str
    exchange: ExchangeId
    state: str  # "draft" | "processing" | "done" | "cancelled"
    parent: int | None  # a card this one was made from by Tryton
    result: str  # what it became: "model,id"; empty: nothing yet
    changed: datetime
    made: datetime
    maker: int  # the id of the user who made it

    @property
    def ref(self) -> CardRef:
        return CardRef(str(self.id))


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a card."""

    id: int
    card: int
    message: str
    user: int
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attached:
    """A file on a card, beside the main one."""

    id: int
    name: str
    mark: str  # which file of which exchange it is, as we wrote it into the description


class Cabinet:
    """The cards of one Tryton; keeps nothing."""

    def __init__(self, server: Server) -> None:
        self.server = server

    # --- cards ------------------------------------------------------------------------------------------------------

    def make(self, exchange: ExchangeId, name: str, main: Content, more: Mapping[str, Json]) -> int:
        """Make a card with *main* as its file, and return its id."""
        return self.server.create(MODEL, {"name": clean(name), "source": stamp(exchange), **more}, main)

    def of_exchange(self, exchange: ExchangeId) -> list[Card]:
        """Return the cards that were made for *exchange* and not cancelled, oldest first; usually one."""
        domain = [["source", "=", stamp(exchange)], ["parent", "=", None], ["state", "!=", "cancelled"]]
        return self._cards(domain, [["id", "ASC"]], 10)

    def with_ids(self, ids: Iterable[int]) -> list[Card]:
        """Return those of the cards that are there."""
        wanted = sorted(ids)
        return self._cards([["id", "in", wanted]], [["id", "ASC"]], len(wanted)) if wanted else []

    def changed_since(self, since: datetime | None, after: tuple[datetime, int] | None, limit: int) -> list[Card]:
        """Return stamped cards, their copies too, in the order of (changed, id), beyond *after* and not before *since*.

        At most *limit*; None for either means from the beginning.
        """
        domain: list[Json] = [["source", "like", STAMP + "%"]]
        if since is not None:
            domain.append(["last_modified_at", ">=", written(since)])
        if after is not None:
            at, card = written(after[0]), after[1]
            later = ["OR", ["last_modified_at", ">", at], [["last_modified_at", "=", at], ["id", ">", card]]]
            domain.append(later)
        return self._cards(domain, [["last_modified_at", "ASC"], ["id", "ASC"]], limit)

    def named(self, beginning: str, but: ExchangeId) -> bool:
        """Say whether a card of another exchange has a name that begins so."""
        domain = [["name", "like", beginning + "%"], ["source", "like", STAMP + "%"], ["source", "!=", stamp(but)]]
        return any(card.name.startswith(beginning) for card in self._cards(domain, None, MAX_NAMESAKES))

    def delete(self, card: int) -> None:
        self.server.call(f"model.{MODEL}.delete", [card])

    def name_of(self, result: str) -> str:
        """Return what people call the record *result*, "model,id"; its own words when we may not read it."""
        model, _, key = result.partition(",")
        (found,) = self.server.call(f"model.{model}.read", [int(key)], ["rec_name"], context=EVERY)
        return str(found["rec_name"])

    def _cards(self, domain: Json, order: Json, limit: int) -> list[Card]:
        rows = self.server.call(f"model.{MODEL}.search_read", domain, 0, limit, order, [*FIELDS], context=EVERY)
        return [_card(row) for row in rows]

    # --- files ------------------------------------------------------------------------------------------------------

    def attach(self, card: int, name: str, content: Content, mark: str) -> int:
        values = {"name": clean(name), "type": "data", "resource": resource(card), "description": mark}
        return self.server.create("ir.attachment", values, content)

    def detach(self, attachment: int) -> None:
        self.server.call("model.ir.attachment.delete", [attachment])

    def attached(self, card: int) -> list[Attached]:
        """Return the files on a card, the main one not among them, in the order they came."""
        rows = self._of_card("ir.attachment", [card], ("name", "description"))
        return [Attached(row["id"], row["name"], row["description"] or "") for row in rows]

    def digest(self, record: int, model: str = "ir.attachment") -> Sha256:
        """Return the SHA-256 of a file as Tryton reads it back."""
        seen = sha256()
        for block in self.server.data(model, record):
            seen.update(block)
        return Sha256(seen.hexdigest())

    # --- words ------------------------------------------------------------------------------------------------------

    def note(self, card: int, message: str, *, fresh: bool = False) -> None:
        """Write a note onto a card, unless it is there; on a *fresh* card there is none."""
        message = message.replace("\0", "")  # a database may refuse it
        if fresh or all(one.message != message for one in self.notes([card])):
            self.server.create("ir.note", {"message": message, "resource": resource(card)})

    def notes(self, cards: Sequence[int]) -> list[Note]:
        rows = self._of_card("ir.note", cards, ("message", "create_uid", "create_uid.rec_name", "create_date"))
        return [
            Note(row["id"], _card_id(row), row["message"] or "", row["create_uid"], _by(row, "create_uid"), _at(row))
            for row in rows
        ]

    def notify(self, user: int, card: int, label: str, description: str, *, fresh: bool = False) -> None:
        """Put a card before a user, unless that was done; a *fresh* card is before nobody."""
        records = json.dumps([card])
        before = [["user", "=", user], ["model", "=", MODEL], ["records", "=", records]]
        if not fresh and self.server.call("model.res.notification.search", before, 0, 1, None):
            return
        values = {"user": user, "label": clean(label), "description": clean(description)}
        values |= {"model": MODEL, "records": records, "unread": True}
        self.server.create("res.notification", values)

    def acts(self, cards: Sequence[int]) -> list[Act]:
        """Return what the log says of changes of state, oldest first."""
        if not cards:
            return []
        rows = self._of_card(
            "ir.model.log", cards, ("target", "user.rec_name", "create_date"), [["event", "=", "transition"]]
        )
        return [
            Act(row["id"], _card_id(row), row["target"].removeprefix("state:"), _by(row, "user"), _at(row))
            for row in rows
        ]

    def _of_card(self, model: str, cards: Sequence[int], fields: Sequence[str], more: Sequence[Json] = ()) -> Json:
        # Tryton lets a plain user look for such records only by naming what they belong to
        domain = [["resource", "in", [resource(card) for card in cards]], *more]
        order, wanted = [["id", "ASC"]], ["resource", *fields]
        return self.server.call(f"model.{model}.search_read", domain, 0, None, order, wanted) if cards else []


def resource(card: int) -> str:
    return f"{MODEL},{card}"


def _card(row: Json) -> Card:
    changed, made = moment_of(row["last_modified_at"]), moment_of(row["create_date"])
    assert changed is not None  # Tryton fills both itself
    assert made is not None
    source = str(row["source"] or "")
    exchange = ExchangeId(source.removeprefix(STAMP)) if source.startswith(STAMP) else ExchangeId("")
    result, maker = row["result"] or "", row["create_uid"]
    return Card(row["id"], row["name"], exchange, row["state"], row["parent"], result, changed, made, maker)


def _by(row: Json, field: str) -> str:
    return str((row.get(f"{field}.") or {}).get("rec_name") or "")


def _card_id(row: Json) -> int:
    return int(row["resource"].partition(",")[2])


def _at(row: Json) -> datetime:
    at = moment_of(row["create_date"])
    assert at is not None  # Tryton fills it itself
    return at
