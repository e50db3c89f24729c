# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side of the adapter: a card index as the people who work with it see it, for the contract suite.

`tests.edms_adapter.systems.System` says what each method must do.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.build import SystemClock
from gateway.edms_adapter.opening import Surroundings, adapter_called, options_for
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Edms, Failpoint, nothing_fails
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown

NO_SENDING = Lack("a card index sends nothing")
NO_PEOPLE = Lack("a card index knows no people")
ABILITIES = Abilities(
    drafts=Lack("a draft waits"),
    routing=NO_PEOPLE,
    refusing=Lack("what waits is registered or stays"),
    execution=Lack("nobody notes on a card that the work is done"),
    outgoing=NO_SENDING,
    news=NO_SENDING,
    dispatches=NO_SENDING,
    withdrawals=NO_SENDING,
    amendments=NO_SENDING,
    linking=Lack("cards do not name each other"),
    offices=Lack("it is one organisation's"),
    people=NO_PEOPLE,
    import_people=NO_PEOPLE,
)


def opened(home: str, failpoint: Failpoint = nothing_fails) -> Edms:
    """Open the adapter as the gateway does: by the name that its package gives it."""
    adapter = adapter_called("card-index")
    options = options_for(adapter, {"folder": str(Path(home) / "index")})
    return adapter.open(options, Surroundings(Path(home) / "own", ZoneInfo("Europe/Moscow"), SystemClock(), failpoint))


class CardIndexSystem:
    name = "a card index"
    abilities = ABILITIES
    stops = ("card-index:before-commit", "card-index:after-commit")
    attach_stops = ("card-index:adding",)

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home / "index"
        (self.folder / "files").mkdir(parents=True)
        (self.folder / "lock").touch()
        empty: dict[str, Any] = {"last": 0, "made": 0, "cards": {}, "log": [], "exchanges": {}, "follow_ups": {}}
        (self.folder / "index.json").write_text(json.dumps(empty))
        self.recipe: tuple[str, ...] = (f"{__name__}:{opened.__name__}", str(home))
        self.edms = self.open()

    def open(self, failpoint: Failpoint = nothing_fails) -> Edms:
        return opened(str(self.home), failpoint)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.folder.rename(self.home / "elsewhere")
        try:
            yield
        finally:
            (self.home / "elsewhere").rename(self.folder)

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        return len(self._index()["cards"])

    def card(self, ref: CardRef) -> Card:
        row = self._index()["cards"][ref]
        number = Number(row["number"], date.fromisoformat(row["date"]) if row["date"] else None)
        return Card(number, row["subject"], tuple(map(self._seen, row["files"])))

    def snapshot(self) -> object:
        return self._index()

    def stored(self) -> frozenset[str]:
        return frozenset(place.name for place in (self.folder / "files").iterdir())

    def _seen(self, row: dict[str, Any]) -> SeenFile:
        data = (self.folder / "files" / row["path"]).read_bytes()
        return SeenFile(row["name"], len(data), Sha256(sha256(data).hexdigest()))

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        with self._at_work() as index:
            index["last"] += 1
            number = {"number": str(index["last"]), "date": "2026-11-22"}
            index["cards"][ref] |= {**number, "waits": ""}
            self._log(index, ref, what="registered", card=ref, **number)
        return self.card(ref).number

    def forward(self, ref: CardRef, to: str) -> None:
        with self.forwarding(ref, to):
            pass

    @contextmanager
    def forwarding(self, ref: CardRef, to: str) -> Iterator[None]:
        yield  # one hand at a time is on the index, so nobody is inside for long
        with self._at_work() as index:
            self._log(index, ref, what="forwarded", name=to)

    def delete(self, ref: CardRef) -> None:
        with self._at_work() as index:
            del index["cards"][ref]

    def refuse(self, ref: CardRef, words: str) -> None:
        raise NotImplementedError(ABILITIES.refusing)

    def execute(self, ref: CardRef, words: str) -> None:
        raise NotImplementedError(ABILITIES.execution)

    def send(self, subject: str, files: dict[str, bytes], to: str = "") -> str:
        raise NotImplementedError(NO_SENDING)

    def withdraw(self, ref: str, why: str) -> None:
        raise NotImplementedError(NO_SENDING)

    def send_changes(self, ref: str) -> None:
        raise NotImplementedError(NO_SENDING)

    def shown(self, ref: str) -> Shown:
        raise NotImplementedError(NO_SENDING)

    # ----------------------------------------------------------------------------------------------------------------

    def _index(self) -> dict[str, Any]:
        index: dict[str, Any] = json.loads((self.folder / "index.json").read_text(encoding="utf-8"))
        return index

    @contextmanager
    def _at_work(self) -> Iterator[dict[str, Any]]:
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            index = self._index()
            yield index
            (self.folder / "people.part").write_text(json.dumps(index), encoding="utf-8")
            (self.folder / "people.part").rename(self.folder / "index.json")

    @staticmethod
    def _log(index: dict[str, Any], ref: CardRef, **row: str) -> None:
        at = datetime.now(UTC).isoformat()
        index["log"].append({"exchange": index["cards"][ref]["exchange"], "at": at, **row})
