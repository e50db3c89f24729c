# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways a document gets its number: a counter, a sequence, a reservation, and the EDMS itself."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.errors import Deferred, Refused
from gateway.model import ExchangeId, Number
from gateway.ports import Registration, Waiting
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import PDF, Breaking, Hands, intake, letter
from tests.edms_adapter.vendor import registered, rows

SEQUENCE = """
[number]
take = { sql = "select nextval('letters')", as = "next" }
taken = "select id from letter where num = :number"
format = "'S-%s' % n"
"""
# a pool of numbers as a vendor's: a number is free, or given to whoever asks, the lowest first
POOL = """
create table pool (n integer primary key, journal varchar(10) not null, free integer not null);
insert into pool values (1, 'in', 1);
insert into pool values (2, 'in', 1);
insert into pool values (3, 'in', 1);
insert into pool values (71, 'out', 1)
"""
RESERVED = """
[number]
values = { journal = "'out' if intake.journal == 'out' else 'in'" }
taken = "select id from letter where num = :number and :journal <> ''"
text = "'the journal %s is full' % ('out' if intake.journal == 'out' else 'in')"
format = "'R-%s' % got.n"
[number.reserve]
values = { journal = "'out' if intake.journal == 'out' else 'in'" }
as = "got"
[number.reserve.sql]
sqlite = '''
update pool set free = 0 where n = (select min(n) from pool where free = 1 and journal = :journal) returning n, journal
'''
postgresql = '''
update pool set free = 0 where n =
  (select n from pool where free = 1 and journal = :journal order by n limit 1 for update skip locked)
returning n, journal
'''
[[number.return]]
sql = "update pool set free = 1 where n = :n"
values = { n = "got.n" }
"""
ASSIGNED = """
[number]
[number.assigned]
sql = "select 'E-' || id as num, '2026-11-21' as given_on from letter where id = :card"
values = { card = "card" }
number = "row.num"
date = "row.given_on"
"""
Open = Callable[..., SqlEdms]


@pytest.fixture(params=["sqlite", "postgresql"])
def open_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Give a function that opens a mapping of numbers on a fresh database."""
    contexts = []
    url = f"sqlite:///{tmp_path}/office.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")()

    def open_one(number: str, failpoint: Breaking | None = None, register: str = "", tables: str = "") -> SqlEdms:
        register = register or vendor.REGISTER + vendor.ATTACHMENTS
        mapping = vendor.mapping_of(number, register)
        context = vendor.opened(mapping, url, tmp_path, failpoint or Breaking(), vendor.TABLES + ";" + (tables or POOL))
        edms = context.__enter__()
        contexts.append(context)
        return edms

    yield open_one
    for context in contexts:
        context.__exit__(None, None, None)


def free(edms: SqlEdms) -> list[int]:
    return [row.n for row in rows(edms, "select n from pool where free = 1 order by n")]


def remembered(edms: SqlEdms) -> list[str]:
    return [row.exchange_id for row in rows(edms, "select exchange_id from edms_gw_reserved")]


# --- a sequence --------------------------------------------------------------------------------------------------


@pytest.fixture
def sequence(postgres: Callable[[], str], tmp_path: Path) -> Iterator[SqlEdms]:
    with vendor.opened(vendor.mapping_of(SEQUENCE), postgres(), tmp_path, breaking := Breaking()) as edms:
        assert breaking.where == ""
        vendor.run(edms, "create sequence letters")
        yield edms


def test_a_sequence_gives_the_next_number_and_passes_over_those_that_cards_have(sequence: SqlEdms) -> None:
    vendor.run(sequence, "insert into letter (num) values ('S-2')")

    assert [registered(sequence, name).number.text for name in ("ex-1", "ex-2")] == ["S-1", "S-3"]


def test_a_sequence_loses_the_number_of_what_rolled_back(sequence: SqlEdms) -> None:
    failpoint = sequence._registrar.failpoint
    assert isinstance(failpoint, Breaking)
    failpoint.where = "edms-register:before-commit"
    with pytest.raises(RuntimeError):
        registered(sequence)
    failpoint.where = ""

    assert registered(sequence).number.text == "S-2"


def test_a_number_that_was_told_is_given_again_whatever_the_sequence_says(sequence: SqlEdms) -> None:
    told = replace(intake(), number=Number("S-9", date(2026, 11, 20)))

    made = vendor.register(sequence, given=told)

    assert isinstance(made, Registration)
    assert made.number == Number("S-9", date(2026, 11, 20))


# --- reserved numbers --------------------------------------------------------------------------------------------


def test_a_reserved_number_is_used_with_its_card(open_office: Open) -> None:
    edms = open_office(RESERVED)

    assert [registered(edms, name).number.text for name in ("ex-1", "ex-2")] == ["R-1", "R-2"]
    assert (free(edms), remembered(edms)) == ([3, 71], [])
    assert registered(edms, "ex-1").created is False
    assert free(edms) == [3, 71]


def test_a_reserved_number_goes_back_when_the_card_is_not_made(open_office: Open) -> None:
    edms = open_office(RESERVED, breaking := Breaking("edms-register:before-commit"))
    with pytest.raises(RuntimeError):
        registered(edms)

    assert (free(edms), remembered(edms)) == ([1, 2, 3, 71], [])
    breaking.where = ""
    assert registered(edms).number.text == "R-1"


def test_a_paper_that_waits_takes_no_number(open_office: Open) -> None:
    edms = open_office(RESERVED)

    waits = vendor.register(edms, given=replace(intake(), wait_because="so decided"))

    assert isinstance(waits, Waiting)
    assert (free(edms), remembered(edms)) == ([1, 2, 3, 71], [])


def test_when_nothing_can_be_reserved_the_document_waits_for_a_person(open_office: Open) -> None:
    edms = open_office(RESERVED)
    registered(edms, "ex-1", letter("ex-1", "1", addressees=()))
    given = replace(intake(), journal="out")
    first = vendor.register(edms, "ex-2", given=given)

    second = vendor.register(edms, "ex-3", given=given)

    assert isinstance(first, Registration)
    assert (first.number.text, second) == ("R-71", Waiting(second.ref, "the journal out is full"))


def test_a_reserved_number_that_a_card_has_already_is_passed_over_and_never_given_back(open_office: Open) -> None:
    edms = open_office(RESERVED)
    vendor.run(edms, "insert into letter (num) values ('R-1')")

    assert registered(edms).number.text == "R-2"
    assert free(edms) == [3, 71]


def test_many_at_once_get_a_number_each_and_nothing_stays_reserved(open_office: Open) -> None:
    edms = open_office(RESERVED)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda place: registered(edms, f"ex-{place % 3}"), range(12)))

    assert {one.number.text for one in made} == {"R-1", "R-2", "R-3"}
    assert len([one for one in made if one.created]) == 3
    assert (free(edms), remembered(edms)) == ([71], [])
    assert len(rows(edms, "select id from letter")) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
from gateway.edms_adapter import open_edms
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import Hands
def kill(name):
    if name == "edms-register:before-commit":
        os.kill(os.getpid(), signal.SIGKILL)
with open_edms(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[1]).parent, "Europe/Moscow", kill, Hands()) as edms:
    vendor.register(edms)
"""


def killed(edms: SqlEdms) -> None:
    """Let another process register ex-1 and die after the number was reserved and before the card is committed."""
    url = edms.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, str(edms.files / "vendor.toml"), url]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr


def test_a_number_that_a_crash_left_reserved_is_used_by_the_next_attempt(open_office: Open) -> None:
    edms = open_office(RESERVED)
    killed(edms)
    assert (free(edms), remembered(edms)) == ([2, 3, 71], ["ex-1"])

    assert registered(edms, "ex-2").number.text == "R-2"
    assert registered(edms, "ex-1").number.text == "R-1"
    assert (free(edms), remembered(edms)) == ([3, 71], [])


def test_a_number_that_a_crash_left_reserved_goes_back_when_another_is_wanted(open_office: Open) -> None:
    edms = open_office(RESERVED)
    killed(edms)

    made = vendor.register(edms, given=replace(intake(), journal="out"))

    assert isinstance(made, Registration)
    assert made.number.text == "R-71"
    assert (free(edms), remembered(edms)) == ([1, 2, 3], [])


def test_a_number_that_a_crash_left_reserved_goes_back_when_nobody_comes_for_it(open_office: Open) -> None:
    edms = open_office(RESERVED)
    killed(edms)
    assert isinstance(edms.clock, Hands)

    edms.sweep()
    young = free(edms)
    edms.clock.later(days=2)
    edms.sweep()

    assert young == [2, 3, 71]
    assert (free(edms), remembered(edms)) == ([1, 2, 3, 71], [])


def test_a_rehearsal_says_the_number_and_reserves_none(open_office: Open) -> None:
    edms = open_office(RESERVED)

    rehearsal = edms.rehearse(letter(addressees=()), {PDF.sha256: PDF}, ExchangeId("ex-1"), intake())

    assert isinstance(rehearsal.outcome, Registration)
    assert rehearsal.outcome.number.text == "R-1"
    assert (free(edms), remembered(edms)) == ([1, 2, 3, 71], [])


def test_our_table_of_reserved_numbers_is_there_only_when_numbers_are_reserved(open_office: Open) -> None:
    edms = open_office(RESERVED)
    reserving = [finding.what for finding in edms.check().findings if finding.what.startswith("our table")]
    edms.plan.association.metadata.tables["edms_gw_reserved"].drop(edms.database.engine)

    assert "our table edms_gw_reserved" in reserving
    assert "our table edms_gw_reserved" in [one.what for one in edms.check().findings if not one.ok]
    assert len(reserving) == 4


PROCEDURES = """
create procedure reserve_num(journal text, inout num integer, inout code integer) language plpgsql as $$ begin
  code := 0;
  update pool set free = 0 where n = (select min(n) from pool where free = 1 and pool.journal = reserve_num.journal)
  returning n into num;
  if num is null then code := -3; end if;
end $$;
create procedure return_num(num integer) language sql as $$ update pool set free = 1 where n = num $$
"""
BY_CALL = """
[number]
format = "'P-%s' % n"
[number.reserve]
call = "reserve_num"
values = { journal = "'in'" }
out = { num = "integer", code = "integer" }
as = "got"
failed = "got.code < 0"
text = "'no number: %s' % got.code"
[[number.return]]
call = "return_num"
values = { num = "got.num" }
"""


@pytest.mark.parametrize("then", ["not now", "wait", "refuse"])
def test_a_procedure_may_reserve_and_say_that_it_would_not(
    postgres: Callable[[], str], tmp_path: Path, then: str
) -> None:
    reason = '\nreason = "not-allowed"' if then == "refuse" else ""
    number = BY_CALL.replace("failed =", f'then = "{then}"{reason}\nfailed =')
    breaking = Breaking("edms-register:before-commit")
    with vendor.opened(vendor.mapping_of(number), postgres(), tmp_path, breaking, f"{vendor.TABLES};{POOL}") as edms:
        vendor.run(edms, *PROCEDURES.split(";\ncreate ")[:1], "create " + PROCEDURES.split(";\ncreate ")[1])
        with pytest.raises(RuntimeError):
            registered(edms)
        breaking.where = ""
        made = [registered(edms, f"ex-{place}").number.text for place in range(3)]
        assert made == ["P-1", "P-2", "P-3"]

        if then == "wait":
            assert vendor.register(edms, "ex-9") == Waiting(vendor.register(edms, "ex-9").ref, "no number: -3")
        else:
            with pytest.raises(Refused if then == "refuse" else Deferred, match="no number: -3"):
                vendor.register(edms, "ex-9")
        assert (free(edms), remembered(edms)) == ([71], [])


# --- the EDMS numbers by itself -----------------------------------------------------------------------------------

UNNUMBERED = vendor.REGISTER.replace('num = "number"\n', "") + vendor.ATTACHMENTS


def test_a_number_that_the_edms_gave_is_read_back_from_the_card(open_office: Open) -> None:
    edms = open_office(ASSIGNED, register=UNNUMBERED)

    made = registered(edms)

    assert made.number == Number(f"E-{made.ref}", date(2026, 11, 21))
    assert registered(edms).number == made.number


def test_a_card_to_which_the_edms_gave_no_number_is_not_now(open_office: Open) -> None:
    edms = open_office(ASSIGNED.replace("'E-' || id", "null"), register=UNNUMBERED)
    with pytest.raises(Deferred, match="gave the card no number"):
        registered(edms)

    assert rows(edms, "select id from letter") == []


def test_a_number_that_was_told_cannot_be_given_again_where_the_edms_numbers(open_office: Open) -> None:
    edms = open_office(ASSIGNED, register=UNNUMBERED)

    made = vendor.register(edms, given=replace(intake(), number=Number("E-77", date(2026, 11, 20))))

    assert isinstance(made, Registration)
    assert made.number.text == f"E-{made.ref}"


# --- complaints ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "complaint"),
    [
        ("[number]\nformat = \"'x'\"", "number: Value error, give one way: 'advance' and 'read', 'take', 'reserve'"),
        (SEQUENCE.replace("taken", 'advance = "x"\nread = "x"\ntaken'), "number: Value error, give one way"),
        (vendor.NUMBER.replace("read", "#"), "number: Value error, 'advance' and 'read' go together"),
        (SEQUENCE.replace("format", "#"), "number: Value error, 'format' writes a number out of n"),
        (ASSIGNED.replace("[number]\n", "[number]\nformat = \"'x'\"\n"), "number: Value error, 'format' writes"),
        (SEQUENCE.replace("format", 'start = "x"\nformat'), "number: Value error, 'start' is of a counter"),
        (RESERVED[: RESERVED.index("[[number.return]]")], "number: Value error, 'reserve' and 'return' go together"),
        (SEQUENCE.replace(', as = "next"', ""), "number: Value error, 'take' is one 'sql' or 'call' with 'as'"),
        (RESERVED.replace('got.n" }', 'gut.n" }'), "number.return[1].values.n: 'gut.n': nothing here is called"),
        (ASSIGNED.replace("row.num", "raw.num"), "number.assigned.number: 'raw.num': nothing here is called 'raw'"),
    ],
)
def test_a_wrong_way_to_a_number_is_told_with_its_key(tmp_path: Path, number: str, complaint: str) -> None:
    with (
        pytest.raises(MappingError) as told,
        vendor.opened(vendor.mapping_of(number), "sqlite://", tmp_path, tables=""),
    ):
        pass

    assert complaint in str(told.value)
