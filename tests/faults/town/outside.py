# SPDX-License-Identifier: GPL-3.0-or-later
"""The world: people, the post, mailboxes, the clock and chance; one seed is one run.

A `World` is driven by `tick` in a storm, or rule by rule by a hypothesis machine; `calm` ends the storm and waits for
rest; `verdict` has every office judged.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from tests.faults.town.far import FarPartner
from tests.faults.town.inside import Break
from tests.faults.town.invariants import Judge
from tests.faults.town.mailbox import Mailbox
from tests.faults.town.office import Died, Failed, OfficeProcess
from tests.faults.town.oracle import Oracle
from tests.faults.town.papers import Paper
from tests.faults.town.site import INDICES, OFFICES, PROOF, Site
from tests.faults.town.tables import Tables

BEGINNING = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
PAUSES = (1, 60, 300, 1200, 3600, 6 * 3600, 12 * 3600)  # seconds between two looks when it is calm
LONGEST_CALM = 60  # LIMIT: looks until everything must have come to rest
LARGE = 150_000  # bytes of a file that makes its letter a file of its own

ENDS = "SELECT direction, kind, state, reason, count(*) FROM entries GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"

INSTRUCTIONS = (
    "SELECT id, state, (SELECT count(*) FROM execution x WHERE x.instruction_id = i.id)"
    " FROM instruction i WHERE card_id = ? ORDER BY id"
)

COMMITS = ("commit:before", "commit:after")
BLOBS = ("blob:before-fsync", "blob:before-rename", "blob:before-dirsync")
ACCEPTED = ("accept:before-commit", "accept:inserted", "accept:committed")
PLACES = {
    "open": COMMITS,
    "receive": (*ACCEPTED, *COMMITS, *BLOBS),
    "look": (*ACCEPTED, "imap:fetched", "imap:taken", "imap:before-tidying", "imap:tidied", *COMMITS, *BLOBS),
    "work": (
        "worker:claimed",
        "process:acknowledging",
        "process:acknowledged",
        "edms-register:before-commit",
        "edms-register:after-commit",
        "process:acted",
        "process:finishing",
        "process:reported",
        "worker:finished",
        *COMMITS,
        *COMMITS,
    ),
    "collect": (
        "collect:queued",
        "collect:marked",
        "collect:recorded",
        "collect:heard",
        "collect:told-partners",
        *COMMITS,
        *COMMITS,
    ),
    "dispatch": ("dispatch:before-send", "dispatch:sent", "dispatch:noted", *COMMITS),
}


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely what is; all of it a chance between 0 and 1."""

    breaks: float = 0.5  # a command meets a break
    idle_death: float = 0.01  # an office is killed while it rests
    lost: float = 0.01
    doubled: float = 0.05
    delayed: float = 0.15
    later: float = 0.05
    rejected: float = 0.005
    ambiguous: float = 0.03
    mailbox_breaks: float = 0.02
    clock: float = 0.05
    renumbered: float = 0.02
    large: float = 0.01
    two_ways: float = 0.02  # the same letter comes by SMTP and into the mailbox

    @classmethod
    def fair(cls) -> "Weather":
        """Nothing goes wrong."""
        return cls(*(0.0 for _ in cls.__dataclass_fields__))

    @classmethod
    def only(cls, name: str) -> "Weather":
        """Nothing goes wrong but *name*, and that always."""
        return replace(cls.fair(), **{name: 1.0})


@dataclass(slots=True)
class Flying:
    """One physical copy of a letter on its way."""

    due: datetime
    to: str
    sender: str
    data: bytes
    paper: Paper | None  # None: people's mail, a stranger's, a conflict
    of_people: bool = False


@dataclass(slots=True)
class Figures:
    """What a run is counted by."""

    letters: int = 0  # carried into a door
    documents: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    wrongs: list[tuple[str, str]] = field(default_factory=list)
    kibibytes: int = 0  # the most memory the process of an office had, of those alive at the end


class World:
    """Two offices and everything around them."""

    def __init__(self, sites: dict[str, Site], seed: object, weather: Weather, beginning: datetime = BEGINNING) -> None:
        self.sites, self.weather = sites, weather
        self.rng = Random(str(seed))
        self.clock, self._shift = beginning, timedelta()
        self.oracle, self.figures = Oracle(), Figures()
        self.mailboxes = {name: Mailbox() for name in OFFICES}
        self.flight: list[Flying] = []
        self.far = FarPartner(self.rng)
        self.ends: dict[str, list[tuple[Any, ...]]] = {}  # how many letters of each office ended how
        self._copies = 0
        self._uids = 0
        self._in_boxes: dict[str, tuple[str, Paper | None]] = {}  # by digest: what lies, or lay, in a mailbox
        self._journals = {name: Tables(site.journal) for name, site in sites.items()}
        self._registries = {name: Tables(site.registry) for name, site in sites.items()}
        self.offices = {name: OfficeProcess(site, self._asked) for name, site in sites.items()}
        self._born_once: set[str] = set()

    def close(self) -> None:
        for office in self.offices.values():
            office.kill()
        for tables in (*self._journals.values(), *self._registries.values()):
            tables.close()

    # --- commands

    def do(self, name: str, command: str, *arguments: object, planned: Break | None = None) -> int | None:
        """Have office *name* obey; None when it died or failed, and nothing was heard of it."""
        self._alive(name)
        if planned is None and self._chance(self.weather.breaks) and command in PLACES:
            planned = self._some_break(command)
        return self._command(name, planned, command, *arguments)

    def break_next(self, name: str, command: str, planned: Break) -> None:
        """Have *name* do *command* with a break; carrying letters to its door is done with what is in the post."""
        if command == "receive":
            self.bring_all(name, planned)
        elif command == "open":
            self.kill(name)
            self._alive(name, planned)
        else:
            self.do(name, command, planned=planned)

    def in_weather(self, weather: Weather, doing: Callable[[], object]) -> None:
        """Do something while it is another weather."""
        usual, self.weather = self.weather, weather
        try:
            doing()
        finally:
            self.weather = usual

    def _command(self, name: str, planned: Break | None, command: str, *arguments: object) -> int | None:
        office = self.offices[name]
        try:
            answer = office.command(self.clock, planned, command, *arguments)
        except Died:
            self._count_break(planned)
            return None
        except Failed as why:
            if not office.struck and not str(why).startswith("ConnectionBroken"):
                raise AssertionError(f"{name} failed in {command} of itself: {why}") from why
            if office.struck:
                self._count_break(planned)
            if command in ("work", "open"):  # nothing catches that in a worker: its process ends, and is replaced
                office.kill()
            return None
        if answer.struck:
            self._count_break(planned)
        self.clock = max(self.clock, answer.now)
        return int(answer.result or 0)

    def _count_break(self, planned: Break | None) -> None:
        if planned is not None:
            self.figures.faults[f"{planned.action} at {planned.name}"] += 1

    def _some_break(self, command: str) -> Break:
        name = self.rng.choice(PLACES[command])
        hit = 1 + min(int(self.rng.expovariate(1 / 6)), 40)
        return Break(name, hit, self.rng.choice(("kill", "kill", "kill", "raise", "raise", "enospc", "eio")))

    def _alive(self, name: str, planned: Break | None = None) -> None:
        """Have the office's process there; what its dead predecessor held is released by it."""
        office = self.offices[name]
        while not office.alive:
            office.born(again=name in self._born_once)
            if planned is None and self._chance(self.weather.breaks):
                planned = self._some_break("open")
            if self._command(name, planned, "open") is not None:
                self._born_once.add(name)
            planned = None

    def kill(self, name: str) -> None:
        """Kill an office while it rests."""
        if self.offices[name].alive:
            self.offices[name].kill()
            self.figures.faults["kill at rest"] += 1

    def _chance(self, likely: float) -> bool:
        return likely > 0 and self.rng.random() < likely

    # --- what the offices ask

    def _asked(self, name: str, what: str, *question: Any) -> Any:
        return self._post(name, *question) if what == "post" else self._mailbox(name, *question)

    def _post(self, name: str, sender: str, recipient: str, data: bytes) -> tuple[str, str, int | None]:
        """Decide what becomes of a letter that an office hands to its relay."""
        weather, faults = self.weather, self.figures.faults
        to = recipient.partition("@")[2].removesuffix(".example")
        paper = self.oracle.posts(name, to, data)
        if self._chance(weather.later):
            faults["relay: try later"] += 1
            return "try-later", "rcpt", 451
        if self._chance(weather.rejected):
            faults["relay: rejected"] += 1
            return "rejected", "rcpt", 550
        if self._chance(weather.ambiguous):
            delivered = self.rng.random() < 0.5
            faults[f"relay: ambiguous, {'delivered' if delivered else 'not delivered'}"] += 1
            if delivered:
                self.fly(to, name, data, paper)
            return "ambiguous", "dot", None
        if self._chance(weather.lost):
            faults["post: lost"] += 1
        else:
            self.fly(to, name, data, paper)
        return "sent", "replied", 250

    def _mailbox(self, name: str, what: str, *arguments: Any) -> Any:
        mailbox = self.mailboxes[name]
        if self._chance(self.weather.mailbox_breaks):
            self.figures.faults[f"mailbox: connection lost in {what}"] += 1
            if self.rng.random() < 0.5:
                self._mailbox_answer(name, mailbox, what, *arguments)  # done, but the answer is lost
            return "connection lost"
        return self._mailbox_answer(name, mailbox, what, *arguments)

    def _mailbox_answer(self, name: str, mailbox: Mailbox, what: str, *arguments: Any) -> Any:
        before = len(mailbox.done)
        answer = getattr(mailbox, what)(*arguments)
        for _, _, lying in mailbox.done[before:]:
            self._taken(name, lying.data)
        return answer

    def _taken(self, name: str, data: bytes) -> None:
        sender, paper = self._in_boxes.get(sha256(data).hexdigest(), ("", None))
        self.oracle.takes(name, sender, data, paper)

    # --- the post

    def fly(self, to: str, sender: str, data: bytes, paper: Paper | None, *, of_people: bool = False) -> None:
        """Put a letter into the post, which may double and delay it."""
        copies = 1
        while self._chance(self.weather.doubled) and copies < 5:
            copies += 1
            self.figures.faults["post: doubled"] += 1
        for _ in range(copies):
            due = self.clock
            if self._chance(self.weather.delayed):
                due += timedelta(seconds=self.rng.choice((30, 300, 3600, 20_000)))
                self.figures.faults["post: delayed"] += 1
            self.flight.append(Flying(due, to, sender, data, paper, of_people))

    def deliver(self, name: str, most: int = 100) -> int:
        """Carry letters that are due to *name*, in any order; what is not acknowledged stays in the post."""
        due = [one for one in self.flight if one.to == name and one.due <= self.clock]
        self.rng.shuffle(due)
        due = due[:most]
        if name == "far":
            return self._deliver_far(due)
        by_door, by_mailbox = [], []
        for one in due:
            (by_door if self.rng.random() < 0.6 else by_mailbox).append(one)
        for one in by_mailbox:
            self._put(name, one)
        done = len(by_mailbox)
        while by_door:
            size = self.rng.randint(1, 8)
            done += self._bring(name, by_door[:size])
            del by_door[:size]
        return done

    def bring_all(self, name: str, planned: Break | None = None) -> None:
        """Carry everything that is due to *name* to its SMTP door."""
        due = [one for one in self.flight if one.to == name and one.due <= self.clock]
        if due:
            self._bring(name, due, planned)

    def double(self, number: int) -> None:
        """Put another copy of a letter into the post, if there is one of that *number*."""
        if number < len(self.flight):
            self.flight.append(replace(self.flight[number]))

    def _bring(self, name: str, letters: list[Flying], planned: Break | None = None) -> int:
        stamped = [self._stamped(name, one) for one in letters]
        sources = [(f"{name}-{self._copies}-{n}", f"edms@{one.sender}.example") for n, one in enumerate(letters)]
        told = [(source, sender, data) for (source, sender), data in zip(sources, stamped, strict=True)]
        answer = self.do(name, "receive", told, planned=planned)
        if answer is None:  # no 250 was seen: the client tries again, later
            for one in letters:
                one.due = self.clock + timedelta(seconds=self.rng.choice((0, 60)))
            return 0
        for one, data in zip(letters, stamped, strict=True):
            self._leave(one)
            self.figures.letters += 1
            self.oracle.takes(name, one.sender, data, one.paper)
            if self._chance(self.weather.two_ways):
                self.figures.faults["post: by two ways"] += 1
                self._lay(name, one, self._stamped(name, one))
        return len(letters)

    def _leave(self, one: Flying) -> None:
        """Take this very copy out of the post."""
        self.flight = [other for other in self.flight if other is not one]

    def _put(self, name: str, one: Flying) -> None:
        self._leave(one)
        self.figures.letters += 1
        self._lay(name, one, self._stamped(name, one))

    def _lay(self, name: str, one: Flying, data: bytes) -> None:
        self._in_boxes[sha256(data).hexdigest()] = (one.sender, one.paper)
        self.mailboxes[name].put(data, self.clock, of_people=one.of_people)

    def _stamped(self, name: str, one: Flying) -> bytes:
        """Return the copy as our own mail server hands it over: with its trace, and its proof of the sender."""
        self._copies += 1
        trace = f"Received: from relay.example ([192.0.2.1]) by mx.{name}.example with ESMTP id {self._copies}\r\n"
        proof = f"{PROOF}: {one.sender}\r\n" if one.sender in INDICES else ""
        return (trace + proof).encode() + one.data

    def _deliver_far(self, due: list[Flying]) -> int:
        for one in due:
            self._leave(one)
            self.figures.letters += 1
        return len(due)

    # --- people

    def write(self, name: str, *receivers: str) -> None:
        """A clerk of *name* registers documents and marks one for each of *receivers*."""
        wishes = []
        for to in receivers:
            uid, files = self._new_document(name, to)
            wishes.append(("send", uid, to, f"Письмо {self._uids}", files))
        if wishes:
            self.do(name, "people", wishes)
            self.figures.documents += len(wishes)
            self.oracle.caused[name] += len(wishes)

    def _new_document(self, name: str, to: str) -> tuple[str, dict[str, bytes]]:
        """Think up a document of *name* for *to*, and let the oracle know of it."""
        self._uids += 1
        uid = f"{self.rng.getrandbits(96):024x}-{self._uids:06d}"
        files = self._files(f"{name}-{self._uids}")
        digests = frozenset(sha256(one).hexdigest() for one in files.values())
        self.oracle.document(name, to, uid).versions.add(digests)
        return uid, files

    def _files(self, words: str) -> dict[str, bytes]:
        files = {
            f"Файл {n}.pdf": f"%PDF-1.4 CANARY-TEXT {words} {n}".encode() for n in range(self.rng.choice((1, 1, 2)))
        }
        if self._chance(self.weather.large):
            files["Большой.bin"] = self.rng.randbytes(LARGE)
        return files

    def write_from_far(self, to: str) -> None:
        """The partner with another product sends something: most often a document, sometimes what it should not."""
        wrote = self.far.something(to, self.clock)
        if wrote.fresh:
            self.figures.documents += 1
        if wrote.paper is not None and wrote.paper.kind == "document":
            known = self.oracle.document("far", to, wrote.paper.uid)
            known.versions.add(wrote.paper.files)
            known.broken = wrote.broken
        self.fly(to, wrote.sender, wrote.data, wrote.paper, of_people=wrote.of_people)
        if wrote.kind != "document":
            self.figures.faults[f"partner: {wrote.kind}"] += 1

    def act(self, name: str) -> None:
        """An official answers, or instructs, a clerk reports, the official closes: a card that came in lately."""
        found = self._registries[name].rows(
            "SELECT id, sender_index, partner_uid FROM card WHERE direction = 'in' AND state = 'registered'"
            " ORDER BY id DESC LIMIT 30"
        )
        if not found:
            return None
        card, index, uid = self.rng.choice(found)
        sender = next(one for one, its in INDICES.items() if its == index)
        if self.rng.random() < 0.2:
            return self._answer(name, card, sender)
        known = self.oracle.documents.get((sender, name, uid))
        standing = self._registries[name].rows(INSTRUCTIONS, card)
        self._uids += 1
        mark = f"Отметка {name} {self._uids}."
        wish: tuple[object, ...]
        if not standing:
            wish = ("instruct", card, mark, f"task-{name}-{self._uids}")
        elif standing[0][1] == "open" and not standing[0][2]:  # a second one of the same executor would supersede it
            wish = ("report", standing[0][0], mark)
        elif standing[0][1] == "open":
            wish = ("close", standing[0][0], mark)
        else:
            return None
        if self.do(name, "people", [wish]) is not None:
            self.oracle.caused[name] += 1
            if known is not None:
                known.marks.add(mark)
        return None

    def _answer(self, name: str, card: int, to: str) -> None:
        uid, files = self._new_document(name, to)
        self.do(name, "people", [("answer", card, uid, f"Ответ {self._uids}", files)])
        self.figures.documents += 1
        self.oracle.caused[name] += 1

    # --- time

    def advance(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def jump(self) -> None:
        """The clock is set: forward, or back to where it was."""
        by = -self._shift if self._shift else timedelta(hours=self.rng.choice((-24, -1, 1, 24, 47)))
        self._shift += by
        self.clock += by
        self.figures.faults["clock: " + ("forward" if by > timedelta() else "back")] += 1

    # --- a storm

    def tick(self, busy: int = 4) -> None:
        """A little of everything; at most *busy* documents from each side."""
        for name in self.rng.sample(OFFICES, 2):
            others = [other for other in INDICES if other != name]
            self.write(name, *(self.rng.choice(others) for _ in range(self.rng.randint(0, busy))))
            for _ in range(self.rng.randint(0, busy)):
                self.write_from_far(name)
            for _ in range(self.rng.randint(0, 1 + busy // 4)):
                self.act(name)
            self.office_turn(name)
        self.deliver("far", most=1000)
        self.advance(self.rng.expovariate(1 / 20))
        if self._chance(self.weather.clock):
            self.jump()

    def office_turn(self, name: str) -> None:
        for command in ("deliver", "look", "work", "collect", "dispatch"):
            if self.rng.random() < 0.1:
                continue
            if command == "deliver":
                self.deliver(name)
            else:
                self.do(name, command)
        if self._chance(self.weather.renumbered):
            self.mailboxes[name].renumber()
            self.figures.faults["mailbox: new UIDVALIDITY"] += 1
        if self.rng.random() < 0.05:
            self.mailboxes[name].tidy(20)
        if self._chance(self.weather.idle_death):
            self.kill(name)

    def storm(self, letters: int, busy: int = 4) -> None:
        while self.figures.letters < letters:
            self.tick(busy)

    # --- afterwards

    def calm(self) -> None:
        """End every fault and let everybody work until nothing moves, as long as patience lasts."""
        self.weather = Weather.fair()
        if self._shift:
            self.jump()
        for look in range(LONGEST_CALM):
            moved = sum(self._everybody(name) for name in OFFICES) + self.deliver("far", most=100_000)
            moved += sum(self._operator(name) for name in OFFICES)
            if not moved and not self.flight and not self._pending():
                break
            self.advance(PAUSES[min(look // 4, len(PAUSES) - 1)] if moved else PAUSES[min(look // 2, len(PAUSES) - 1)])
        self.advance(timedelta(days=2).total_seconds())
        self.figures.kibibytes = max(self.do(name, "sweep") or 0 for name in OFFICES)

    def _everybody(self, name: str) -> int:
        moved = self.deliver(name, most=100_000)
        for command in ("look", "work", "collect", "dispatch"):
            for _ in range(1000):
                done = self.do(name, command)
                if not done:
                    break
                moved += done
        return moved

    def _operator(self, name: str) -> int:
        """What bad luck parked (its process died three times under it) or the relay refused is tried again."""
        journal = self._journals[name]
        parked = journal.rows("SELECT id FROM entries WHERE state = 'parked' AND reason = 'defect'")
        failed = journal.rows("SELECT id FROM entries WHERE state = 'failed'")
        for act, rows in (("reprocess", parked), ("retry", failed)):
            if rows:
                self.figures.faults[f"operator: {act}"] += len(rows)
                self.do(name, act, [id for (id,) in rows])
        return len(parked) + len(failed)

    def _pending(self) -> int:
        return sum(
            journal.count("SELECT count(*) FROM entries WHERE state IN ('accepted', 'queued')")
            for journal in self._journals.values()
        )

    def verdict(self) -> Figures:
        """Judge every office; what is wrong stands in the figures."""
        for name, site in self.sites.items():
            judge = Judge(site, self.oracle, self.mailboxes[name], self._journals[name], self._registries[name])
            judge.judge()
            ended = (
                "SELECT direction, kind, state, reason, count(*) FROM entries GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
            )
            self.ends[name] = self._journals[name].rows(ended)
        self.figures.wrongs = list(self.oracle.wrongs)
        self.figures.recoveries = [one for office in self.offices.values() for one in office.recoveries]
        return self.figures
