# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up EDMS of docs/adding-an-edms.md: tables and mapping as they stand on the page, in a file of SQLite."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Self

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Edms, Failpoint, nothing_fails
from tests.edms_adapter.desk import BEREG, STAFF, TODAY
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems.tables import contents_of, out_of_reach, tree

PAGE = Path(__file__).parents[3] / "docs" / "adding-an-edms.md"
CANNOT = Abilities(
    cutting=Lack("SQLite: a file on this machine does not go away in the middle of a call"),
    told_numbers=Lack("the mapping of the page has no number.taken"),
    standing=Lack("the mapping of the page has no [standing]"),
    drafts=Lack("the mapping of the page has no [draft]"),
    execution=Lack("the bureau has no instructions"),
    words=Lack("a card of the bureau shows a partner's number, not his words"),
    dispatches=Lack("the mapping of the page has no standing.dispatches"),
    withdrawals=Lack("the mapping of the page has no [withdrawal]"),
    amendments=Lack("the mapping of the page has no outgoing.fields.change"),
    offices=Lack("the mapping of the page has no [office]: the bureau is one organisation's"),
    people=Lack("the mapping of the page has no [people]"),
    import_people=Lack("the mapping of the page has no [partner_people]"),
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def opened(folder: str, failpoint: Failpoint = nothing_fails) -> SqlEdms:
    place = Path(folder)
    return open_edms(place / "bureau.toml", f"sqlite:///{place}/bureau.db", place / "files", "Europe/Minsk", failpoint)


class Bureau:
    """A `System`."""

    name = "the bureau of docs/adding-an-edms.md"
    abilities = CANNOT
    stops: tuple[str, ...] = ("edms-register:before-commit", "edms-register:after-commit")
    attach_stops: tuple[str, ...] = ("edms-attach:before-commit",)

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, folder / "files"
        self.files.mkdir()
        (mapping,) = (block for block in blocks("toml") if "[[register]]" in block)
        (folder / "bureau.toml").write_text(mapping, encoding="utf-8")
        self._fill()
        self.recipe: tuple[str, ...] = (f"{__name__}:{opened.__name__}", str(folder))
        self._adapter = opened(str(folder))
        self._adapter.prepare()
        self.edms: Edms = self._adapter
        self._open = [self._adapter]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def open(self, failpoint: Failpoint = nothing_fails) -> SqlEdms:
        self._open.append(opened(str(self.folder), failpoint))
        return self._open[-1]

    def away(self) -> AbstractContextManager[None]:
        return out_of_reach(f"sqlite:///{self.folder}/bureau.db", self._let_go)

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        return int(str(self._rows("select count(*) from letter where direction = 'in'")[0][0]))

    def card(self, ref: CardRef) -> Card:
        ((number, date, subject, desk),) = self._rows(
            "select coalesce(number, ''), registered_on, subject, e.name from letter l left join employee e"
            " on e.id = l.desk where l.id = ?",
            ref,
        )
        files = self._rows("select name, size, path, content from attachment where letter_id = ? order by id", ref)
        registered = Number(str(number), TODAY if date == str(TODAY) else None)
        return Card(registered, str(subject), tuple(map(self._seen, files)), (str(desk),) if desk else ())

    def snapshot(self) -> object:
        return contents_of(self._adapter.database.engine)

    def stored(self) -> frozenset[str]:
        return tree(self.files)

    def _seen(self, row: tuple[object, ...]) -> SeenFile:
        name, size, path, content = row
        data = content if isinstance(content, bytes) else (self.files / str(path)).read_bytes()
        return SeenFile(str(name), int(str(size)), Sha256(sha256(data).hexdigest()))

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        given = Number(f"IN-{ref}/by-hand", TODAY)
        self._rows(
            "update letter set state = 'registered', number = ?, registered_on = ?, decided_at = ? where id = ?",
            *(given.text, str(TODAY), self._now(), ref),
        )
        return given

    def refuse(self, ref: CardRef, words: str) -> None:
        self._rows(
            "update letter set state = 'refused', note = ?, decided_at = ? where id = ?", words, self._now(), ref
        )

    def forward(self, ref: CardRef, to: str) -> None:
        self._forward(ref, to, self._now())

    @contextmanager
    def forwarding(self, ref: CardRef, to: str) -> Iterator[None]:
        moment = self._now()
        yield
        self._forward(ref, to, moment)

    def _forward(self, ref: CardRef, to: str, moment: str) -> None:
        self._rows(
            "update letter set laid_at = ?, desk = (select id from employee where name like ?) where id = ?",
            *(moment, f"{to}%", ref),
        )

    def execute(self, ref: CardRef, words: str) -> None:
        raise NotImplementedError(self.abilities.execution)

    def delete(self, ref: CardRef) -> None:
        self._rows("delete from attachment where letter_id = ?", ref)
        self._rows("delete from letter where id = ?", ref)

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG) -> str:
        ((ref,),) = self._rows(
            "insert into letter (direction, state, uid, partner, number, registered_on, subject)"
            " select 'out', 'to send', 'ours-' || count(*), ?, 'OUT-' || count(*), ?, ? from letter returning id",
            *(to, str(TODAY), subject),
        )
        for name, data in files.items():
            self._rows(
                "insert into attachment (letter_id, name, size, sha256, content) values (?, ?, ?, ?, ?)",
                *(ref, name, len(data), sha256(data).hexdigest(), data),
            )
        return str(ref)

    def withdraw(self, ref: str, why: str) -> None:
        raise NotImplementedError(self.abilities.withdrawals)

    def send_changes(self, ref: str) -> None:
        raise NotImplementedError(self.abilities.amendments)

    def shown(self, ref: str) -> Shown:
        ((state, words, number),) = self._rows(
            "select state, coalesce(sent_words, ''), their_number from letter where id = ?", ref
        )
        return Shown(f"{state} {words}", (str(number),) if number else ())

    # ----------------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        with closing(sqlite3.connect(self.folder / "bureau.db")) as database, database:
            database.executescript(blocks("sql")[0])
            database.executemany(
                "insert into employee (name, post, is_clerk) values (?, ?, ?)",
                [(one.name, one.post, one is STAFF[-1]) for one in STAFF],
            )

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "bureau.db", timeout=30)) as database, database:
            return list(database.execute(sql, values))

    def _now(self) -> str:
        """Return the moment as the bureau writes it: in Minsk."""
        return str(self._rows("select strftime('%Y-%m-%d %H:%M:%f', 'now', '+3 hours')")[0][0])

    def _let_go(self) -> None:
        for one in self._open:
            one.close()
