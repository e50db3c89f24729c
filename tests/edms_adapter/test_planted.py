# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes an administrator makes, planted one by one: each is found with its line, and the remedy mends it.

The remedy is applied as it is written, so words that cannot be followed are a mistake of ours.
"""

import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from gateway.edms_adapter import BUILT_IN, MappingError, open_edms
from gateway.edms_adapter.registry import create, people
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.ports import Finding
from tests.edms_adapter.desk import Hands, fill


@dataclass
class Office:
    """A mapping of our own beside a registry, both open to mistakes."""

    mapping: Path
    url: str
    files: Path
    planted: str = ""  # words of the line that is wrong

    @classmethod
    def at(cls, url: str, home: Path) -> "Office":
        mapping = home / "mine.toml"
        mapping.write_text((BUILT_IN / "registry.toml").read_text("utf-8"), "utf-8")
        (home / "files").mkdir()
        return cls(mapping, url, home / "files")

    def edit(self, old: str, new: str) -> None:
        source = self.mapping.read_text("utf-8")
        assert old in source
        self.mapping.write_text(source.replace(old, new, 1), "utf-8")

    def line(self, words: str) -> int:
        return next(at for at, line in enumerate(self.mapping.read_text("utf-8").splitlines(), 1) if words in line)

    def open(self) -> SqlEdms:
        return open_edms(self.mapping, self.url, self.files, "Europe/Moscow", clock=Hands())

    def type(self, *statements: str) -> None:
        with self.open() as edms, edms.database.writing() as work:
            for statement in statements:
                work.run(text(statement))

    def found(self) -> list[Finding]:
        """Return what is wrong, advice too; a mapping that cannot be read is one finding."""
        try:
            with self.open() as edms:
                return [one for one in edms.check().findings if one.level != "ok"]
        except MappingError as error:
            place, key, detail = str(error).split(": ", 2)
            return [Finding(False, key, detail, detail, place)]


def guess(office: Office, one: Finding) -> None:
    """Write what "did you mean" guesses, on the line that is named, in place of the word that is like it."""
    meant = re.search(r"did you mean (\w+)\?", one.remedy)
    assert meant is not None
    wrong = next(word for word in re.findall(r"\w+", f"{one.what} {one.detail}") if is_misspelt(word, meant[1]))
    lines = office.mapping.read_text("utf-8").split("\n")
    number = int(one.place.rpartition(":")[2]) - 1
    here = next(at for at in range(number, number + 8) if wrong in lines[at])  # a text of several lines begins there
    lines[here] = re.sub(rf"\b{wrong}\b", meant[1], lines[here])
    office.mapping.write_text("\n".join(lines), "utf-8")


def is_misspelt(word: str, meant: str) -> bool:
    return word != meant and sorted(word.replace("q", "")) == sorted(meant)


def add(office: Office, one: Finding) -> None:
    """Put the line that the remedy shows under the heading that is named."""
    lines = office.mapping.read_text("utf-8").split("\n")
    lines.insert(int(one.place.rpartition(":")[2]), one.remedy.partition("for example ")[2])
    office.mapping.write_text("\n".join(lines), "utf-8")


def replace(old: str, new: str) -> Callable[[Office, Finding], None]:
    def mend(office: Office, one: Finding) -> None:
        office.edit(old, new)

    return mend


def typed(office: Office, one: Finding) -> None:
    office.type(one.remedy)


def in_a_shell(office: Office, one: Finding) -> None:
    command = shlex.split(one.remedy)
    assert command[0] == "sudo"
    subprocess.run(command[1:], check=True)


def opened_by_hand(office: Office, one: Finding) -> None:
    assert "open the year 2026 in the journal" in one.remedy
    with office.open() as edms, edms.database.writing() as work:
        people.open_year(work, one.remedy.rpartition("journal ")[2], 2026)


@dataclass(frozen=True)
class Mistake:
    name: str
    what: str  # a part of it
    remedy: str  # a part of it
    mend: Callable[[Office, Finding], None]
    edits: tuple[tuple[str, str], ...] = ()
    typed: tuple[str, ...] = ()
    line: str = ""  # words of the line that is named; empty: it is not about one
    store: str = ""  # another folder of files
    spoils: int = field(default=1)  # how many findings it makes


MISTAKES = (
    Mistake(
        "misspelt table",
        "register[2]: table inbox_qrow",
        "did you mean inbox_row?",
        guess,
        edits=(('table = "inbox_row"\n', 'table = "inbox_qrow"\n'),),
        line="inbox_qrow",
    ),
    Mistake(
        "misspelt column",
        "register[1]: table card: column subqject",
        "did you mean subject?",
        guess,
        edits=(('\nsubject = "document.subject"', '\nsubqject = "document.subject"'),),
        line="subqject",
    ),
    Mistake(
        "misspelt column in a statement",
        "same_number: statement",
        "did you mean partner_date?",
        guess,
        edits=(("= :correspondent and partner_date = :date", "= :correspondent and partner_dateq = :date"),),
        line="[same_number]",
    ),
    Mistake(
        "not null column unmapped",
        "register[1]: table card: column direction",
        "add direction to register[1].values",
        add,
        edits=(("direction = \"'in'\"\n", ""),),
        line="[register.values]",
    ),
    Mistake(
        "unknown name in an expression",
        "register[1].values.subject",
        "did you mean document?",
        guess,
        edits=(('\nsubject = "document.subject"', '\nsubject = "documqent.subject"'),),
        line="documqent",
    ),
    Mistake(
        "bind without value",
        "files.of_card",
        "there are: card",
        replace(":kard", ":card"),
        edits=(('where card_id = :card"\nreferenced', 'where card_id = :kard"\nreferenced'),),
        line=":kard",
    ),
    Mistake(
        "lookup without outcome",
        "lookup[1].missing",
        'add it: "default", "wait" or "refuse"',
        replace("text = \"'корреспондента с", 'missing = "wait"\ntext = "\'корреспондента с'),
        edits=(('missing = "wait"\n', ""),),
        line="[[lookup]]",
    ),
    Mistake(
        "missing index",
        "index of card_change by card_id",
        "create index edms_gw_card_change_card_id on card_change (card_id);",
        typed,
        typed=("drop index ix_card_change_card_id",),
        line="",
    ),
    Mistake(
        "missing counter for the year",
        "counter of Входящие for 2026",
        "open the year 2026 in the journal Входящие",
        opened_by_hand,
        edits=(('start = "insert into counter', '# "insert into counter'),),
        line='missing = """',
        spoils=2,
    ),
    Mistake(
        "unknown time zone",
        "database.time_zone",
        "write a name such as 'Europe/Moscow'",
        replace('"Mars/Olympus"', '"Europe/Moscow"'),
        edits=(('time_zone = "UTC"', 'time_zone = "Mars/Olympus"'),),
        line="Mars",
    ),
    Mistake("file store not writable", "file store", "sudo install -d -m 700 -o ", in_a_shell, store="absent"),
    Mistake(
        "changes without cur",
        "changes[1].sql: column cur",
        "select the moment of the change, or a growing number, as cur",
        replace("decided_at as moment, state", "decided_at as cur, state"),
        edits=(("decided_at as cur, state", "decided_at as moment, state"),),
        line="as moment",
    ),
    Mistake(
        "expression reads a column that the query does not give",
        ".fields.to: row.qpost",
        "did you mean post?",
        guess,
        edits=(("row.card), row.department, row.name, row.post)", "row.card), row.department, row.name, row.qpost)"),),
        line="qpost",
    ),
    Mistake(
        "key of the wrong type",
        "database.key for the key id of card",
        'write key = "integer" under [database]',
        replace('key = "text"', 'key = "integer"'),
        edits=(('key = "integer"', 'key = "text"'),),
        line='key = "text"',
        spoils=2,
    ),
    Mistake(
        "dropped column",
        "register[1]: table card: column pages",
        "there is no such column",
        lambda office, one: office.type("alter table card add column pages integer"),
        typed=("alter table card drop column pages",),
        line="pages =",
        spoils=0,
    ),
)


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Office:
    return Office.at(sqlite_url, tmp_path)


def test_without_a_mistake_nothing_is_found_and_nothing_advised(office: Office) -> None:
    assert office.found() == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_a_planted_mistake_is_found_with_its_line_and_the_remedy_mends_it(office: Office, mistake: Mistake) -> None:
    office.type(*mistake.typed)
    for old, new in mistake.edits:
        office.edit(old, new)
    if mistake.store:
        office.files = office.files / mistake.store
    found = office.found()
    (one,) = [one for one in found if mistake.what in one.what]
    line = office.line(mistake.line) if mistake.line else 0

    assert mistake.remedy in f"{one.remedy} {one.detail}"
    assert not line or one.place == f"{office.mapping}:{line}"
    assert not mistake.spoils or len(found) == mistake.spoils
    for each in found if mistake.spoils == 2 and mistake.mend is opened_by_hand else [one]:
        mistake.mend(office, each)
    assert office.found() == []


# --- accounts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def postgres_office(postgres: Callable[[], str], tmp_path: Path) -> Office:
    url = postgres()
    create(url)
    fill(url)
    return Office.at(url, tmp_path)


def as_role(office: Office, role: str) -> Office:
    """Return *office* seen by a new account that may nothing."""
    owner(office, f"create role {role} login")
    return Office(office.mapping, str(make_url(office.url).set(username=role)), office.files)


def owner(office: Office, *statements: str) -> None:
    url = make_url(office.url).set(username="gateway")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]  # what the check told us to type


@pytest.mark.thorough
def test_every_right_that_an_account_lacks_is_a_grant_to_type(postgres_office: Office) -> None:
    writer = as_role(postgres_office, "writer1")
    lacking = [one for one in writer.found() if one.what.startswith("rights on")]

    assert any(
        one.remedy == "grant select, insert, update, delete on table edms_gw_told to writer1;" for one in lacking
    )
    assert all(one.place for one in lacking)
    owner(writer, *(one.remedy for one in lacking))
    assert writer.found() == []


@pytest.mark.thorough
def test_a_single_right_that_was_taken_is_found_with_its_table_and_line(postgres_office: Office) -> None:
    writer = as_role(postgres_office, "writer2")
    with writer.open() as edms:
        owner(writer, *edms.grants("writer2", "public"))
    owner(writer, "revoke select, insert on inbox_row from writer2, public", "grant select on inbox_row to writer2")
    (one,) = [one for one in writer.found() if one.what.startswith("rights")]

    assert (one.what, one.detail) == ("rights on table inbox_row", "writer2 may not insert")
    number = int(one.place.removeprefix(f"{writer.mapping}:"))
    heading, *inside = writer.mapping.read_text("utf-8").splitlines()[number - 1 :]
    assert heading == "[[register]]"
    assert 'table = "inbox_row"' in inside[:3]
    assert one.remedy == "grant insert on table inbox_row to writer2;"
    statements = [one for one in writer.found() if "statement" in one.what]
    assert {each.remedy for each in statements} == {one.remedy}
    owner(writer, one.remedy)
    assert writer.found() == []


def test_what_is_printed_for_two_accounts_makes_one_that_writes_and_one_that_only_reads(
    postgres_office: Office,
) -> None:
    writer, reader = as_role(postgres_office, "writer3"), as_role(postgres_office, "reader3")
    with postgres_office.open() as edms:
        owner(postgres_office, *edms.grants("writer3", "reader3"))

    assert writer.found() == []
    with reader.open() as edms:
        assert [one for one in edms.check(reader=True).findings if one.level != "ok"] == []
        assert not edms.check().ok
        with pytest.raises(Exception, match="permission denied"), edms.database.writing() as work:
            work.run(text("insert into counter (journal_id, year, last) values (1, 1999, 0)"))


def test_a_sequence_a_function_and_a_schema_that_are_closed_are_found(postgres_office: Office) -> None:
    owner(
        postgres_office,
        "create schema inner_part",
        "create function inner_part.half(n integer) returns integer language sql as 'select n / 2'",
        "create table inner_part.slip (id serial primary key, card integer not null)",
        "revoke execute on function inner_part.half from public",
    )
    postgres_office.edit(
        "[waiting]\n",
        '[[attach]]\ntable = "inner_part.slip"\nvalues = { card = "read.half(n=4)" }\n'
        '[read.half]\nsql = "select inner_part.half(cast(:n as integer)) as n"\nvalue = "row.n"\nsingle = true\n'
        "[waiting]\n",
    )
    writer = as_role(postgres_office, "writer4")
    with postgres_office.open() as edms:
        printed = edms.grants("writer4", "public")
    owner(writer, *(one for one in printed if "inner_part" not in one))
    closed = [one for one in writer.found() if one.what.startswith("rights on")]

    assert {one.remedy for one in closed} == {
        "grant usage on schema inner_part to writer4;",
        "grant insert on table inner_part.slip to writer4;",
        "grant usage on sequence inner_part.slip_id_seq to writer4;",
        "grant execute on function inner_part.half(integer) to writer4;",
    }
    owner(writer, *(one.remedy for one in closed))
    assert writer.found() == []
    assert {one.remedy for one in closed} <= set(printed)


def test_a_text_that_is_cut_to_more_than_its_column_holds_is_found(postgres_office: Office) -> None:
    office = postgres_office
    owner(office, "drop view waiting_paper", "alter table card alter column subject type varchar(80)")
    (one,) = [one for one in office.found() if one.what.startswith("register[1].values.subject")]
    assert (one.level, one.remedy) == ("advice", "add cut = { subject = 80 } to the step")
    office.edit('table = "card"\n', 'table = "card"\ncut = { subject = 100 }\n')
    (one,) = [one for one in office.found() if one.what.startswith("register[1].values.subject")]
    assert (one.level, one.remedy) == ("wrong", "cut it to 80")
    office.edit("subject = 100", "subject = 80")

    assert [one for one in office.found() if one.what.startswith("register[1].values.subject")] == []


# --- advice ---------------------------------------------------------------------------------------------------------


def test_a_missing_index_is_advice_while_the_table_is_small_and_wrong_when_it_has_grown(office: Office) -> None:
    office.type("drop index ix_card_change_card_id")
    with office.open() as edms:
        assert edms.check().ok
    with sqlite3.connect(make_url(office.url).database or "") as connection:  # which does not look at foreign keys
        row = (1, "renumbered", "2026-01-01 10:00:00.000000")
        connection.executemany("insert into card_change (card_id, kind, at) values (?, ?, ?)", [row] * 10_001)
    with office.open() as edms:
        assert not edms.check().ok
    (one,) = office.found()

    assert one.level == "advice"
    assert "many rows" in one.detail
