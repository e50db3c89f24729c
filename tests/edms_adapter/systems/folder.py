# SPDX-License-Identifier: GPL-3.0-or-later
"""A system that imports from a directory, as its import and its people work: all it does is files in the folders."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine

from gateway.build import SystemClock
from gateway.edms_adapter.folder import FolderEdms, Options
from gateway.edms_adapter.opening import Surroundings
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Clock, Edms, Failpoint, nothing_fails
from tests.edms_adapter.desk import BEREG, OURS, TODAY
from tests.edms_adapter.systems import CAN, Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems.tables import contents_of, tree

Numbers = Literal["theirs", "ours"]
NO_STAFF = Lack("a folder knows nobody of the system: its import reads the addressees and finds the inboxes")
THEIR_NUMBERS = Lack("the system gives the number, when its import takes the package")
REGISTER = ("noted", "filled", "numbered", "shown", "settled")
ATTACH = ("noted", "filled", "shown", "added")
RECORD = ("folder-record:written",)


def abilities(numbers: Numbers) -> Abilities:
    return Abilities(
        transactions=Lack("files are written one after another; a repeated call goes on where the last one ended"),
        numbers=CAN if numbers == "ours" else THEIR_NUMBERS,
        told_numbers=Lack("a package is never seen to be gone, so nothing is registered again"),
        drafts=Lack("a draft is handed over as one and waits"),
        routing=NO_STAFF,
        standing=Lack("an import may take packages away, so a package that is gone says nothing of the card"),
        amendments=Lack("a package of the system is written once and never changed"),
        linking=Lack("links stand in document.json, and the system ties what it finds"),
        offices=NO_STAFF,
        people=NO_STAFF,
        import_people=NO_STAFF,
    )


def opened(home: str, numbers: Numbers, failpoint: Failpoint = nothing_fails, clock: Clock | None = None) -> FolderEdms:
    place = Path(home)
    options = Options(
        incoming_folder=place / "exchange" / "incoming",
        outgoing_folder=place / "exchange" / "outgoing",
        numbers=numbers,
    )
    around = Surroundings(place / "own", ZoneInfo("Europe/Moscow"), clock or SystemClock(), failpoint)
    return FolderEdms(options, around)


class Folder:
    """A `System`: two folders, and an import that is done by hand."""

    stops: tuple[str, ...] = tuple(f"folder-register:{moment}" for moment in REGISTER)
    attach_stops: tuple[str, ...] = tuple(f"folder-attach:{moment}" for moment in ATTACH)

    def __init__(self, home: Path, numbers: Numbers = "theirs") -> None:
        self.name = f"a folder, the numbers are {numbers}"
        self.abilities = abilities(numbers)
        self.home, self.numbers = home, numbers
        self.exchange = home / "exchange"
        self.incoming, self.outgoing = self.exchange / "incoming", self.exchange / "outgoing"
        self.incoming.mkdir(parents=True)
        self.outgoing.mkdir()
        self.recipe: tuple[str, ...] = (f"{__name__}:{opened.__name__}", str(home), numbers)
        self._open: list[FolderEdms] = []
        self.edms: Edms = self.open()
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.close()

    def open(self, failpoint: Failpoint = nothing_fails, clock: Clock | None = None) -> FolderEdms:
        made = opened(str(self.home), self.numbers, failpoint, clock)
        self._open.append(made)
        return made

    @contextmanager
    def away(self) -> Iterator[None]:
        """The share is not mounted."""
        kept = self.home / "elsewhere"
        self.exchange.rename(kept)
        try:
            yield
        finally:
            kept.rename(self.exchange)

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        there = (place.parent for place in self.incoming.glob("*/document.json"))
        return sum(not _json(one / "document.json").get("adds_to") for one in there if not _refused(one))

    def card(self, ref: CardRef) -> Card:
        place = self.incoming / ref
        document = _json(place / "document.json")
        number = document.get("number")
        if (place / "registered.json").is_file():
            number = _json(place / "registered.json")["number"]
        files = [one for package in self._packages_of(ref) for one in _seen(package)]
        read = Number(number["text"], datetime.fromisoformat(number["date"]).date()) if number else Number()
        return Card(read, document["document"].get("subject", ""), tuple(files))

    def snapshot(self) -> object:
        files = {name: sha256((self.exchange / name).read_bytes()).hexdigest() for name in tree(self.exchange)}
        tables = []
        for place in sorted((self.home / "own").glob("*.sqlite")):
            engine = create_engine(f"sqlite:///{place}")
            tables.append(contents_of(engine))
            engine.dispose()
        counters = {one.name: one.read_text() for one in (self.home / "own").glob("counter-*.json")}
        return files, tables, counters

    def stored(self) -> frozenset[str]:
        return frozenset()

    def _packages_of(self, ref: CardRef) -> Iterator[Path]:
        yield self.incoming / ref
        for place in sorted(self.incoming.glob("*/document.json")):
            if _json(place).get("adds_to") == ref:
                yield place.parent

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        taken = len(list(self.incoming.glob("*/registered.json")))
        number = Number(f"ВХ-{taken + 1}" if self.numbers == "theirs" else f"особый-{taken + 1}", TODAY)
        told = {"number": {"text": number.text, "date": TODAY.isoformat()}, "at": _now(), "card": 4711 + taken}
        put(self.incoming / ref, "registered.json", told)
        return number

    def refuse(self, ref: CardRef, words: str) -> None:
        put(self.incoming / ref, "refused.json", {"text": words, "at": _now()})

    def forward(self, ref: CardRef, to: str) -> None:
        with self.forwarding(ref, to):
            pass

    @contextmanager
    def forwarding(self, ref: CardRef, to: str) -> Iterator[None]:
        party = {"organisation": {"index": OURS}, "person": {"name": f"{to} Н. О.", "post": "специалист"}}
        with self._happens(ref, {"kind": "forwarded", "at": _now(), "to": party}):
            yield

    def execute(self, ref: CardRef, words: str) -> None:
        executor = {"party": {"person": {"name": "Лугов С. И."}}, "text": words}
        task = {"uid": f"task-{ref}", "text": "Сделать", "executors": [executor]}
        for kind in ("assigned", "executed"):
            with self._happens(ref, {"kind": kind, "at": _now(), "task": task}):
                pass

    def delete(self, ref: CardRef) -> None:
        shutil.rmtree(self.incoming / ref)

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG) -> str:
        self._done += 1
        name = f"out-{self._done:04}"
        place = self.outgoing / name
        place.mkdir()
        listed = []
        for nth, (shown, data) in enumerate(files.items(), 1):
            (place / f"{nth}.bin").write_bytes(data)
            listed.append({"file": f"{nth}.bin", "name": shown})
        number = {"text": f"ИСХ-{self._done}", "date": TODAY.isoformat()}
        document = {"uid": f"uid-{name}", "number": number, "subject": subject}
        put(place, "document.json", {"to": to, "document": document, "files": listed})
        return name

    def withdraw(self, ref: str, why: str) -> None:
        put(self.outgoing / ref, "withdraw.json", {"why": why})

    def send_changes(self, ref: str) -> None:
        raise NotImplementedError(self.abilities.amendments)

    def shown(self, ref: str) -> Shown:
        place = self.outgoing / ref
        state = _json(place / "state.json") if (place / "state.json").is_file() else {}
        news = sorted(place.glob("news-*.json"), key=lambda one: one.name)
        return Shown(_words(state), tuple(_words({**_json(one), "key": ""}) for one in news))

    # ----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _happens(self, ref: CardRef, told: dict[str, Any]) -> Iterator[None]:  # Any: JSON
        self._done += 1
        package = self.incoming / ref if (self.incoming / ref).is_dir() else self.outgoing / ref  # one of its own
        with putting(package, f"event-{self._done:04}.json", told):
            yield


@contextmanager
def putting(package: Path, name: str, content: Any) -> Iterator[None]:  # Any: JSON
    """Write a file as the page asks for it: under another name first, which is changed at the end of the block."""
    temporary = package / f"{name}.part"
    temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    yield
    os.replace(temporary, package / name)


def put(package: Path, name: str, content: Any) -> None:  # Any: JSON
    with putting(package, name, content):
        pass


def _json(place: Path) -> dict[str, Any]:  # Any: JSON
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def _words(node: Any) -> str:  # Any: JSON
    """Return every text and number in a JSON, in order."""
    if isinstance(node, dict):
        return " ".join(_words(one) for one in node.values())
    return " ".join(map(_words, node)) if isinstance(node, list) else str(node)


def _refused(package: Path) -> bool:
    return (package / "refused.json").is_file()


def _seen(package: Path) -> Iterator[SeenFile]:
    for one in _json(package / "document.json").get("files", []):
        data = (package / one["file"]).read_bytes()
        yield SeenFile(one["name"], len(data), Sha256(sha256(data).hexdigest()))


def _now() -> str:
    return datetime.now(UTC).isoformat()
