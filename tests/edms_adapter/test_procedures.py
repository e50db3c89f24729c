# SPDX-License-Identifier: GPL-3.0-or-later
"""A vendor's procedures are called, and believed when they say no: on PostgreSQL really, for others as compiled."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.dialects import mssql, mysql, oracle

from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.edms_adapter.sql.procedures import Procedure, compiled
from gateway.errors import Deferred, Reason, Refused
from gateway.model import ExchangeId
from gateway.ports import Registration, Waiting
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import PDF, intake, letter
from tests.edms_adapter.vendor import registered, rows

PROCEDURES = """
create schema delo;
create procedure delo.add_rc(subject text, inout num text, inout isn integer, inout code integer, inout message text)
language plpgsql as $$ begin
  code := 0;
  insert into public.letter (num, about, state) values (num, subject, 'by procedure') returning id into isn;
  if position('forbidden' in subject) > 0 then code := -7; message := 'no right to ' || subject; end if;
  num := num || '/rc';
end $$;
create function delo.next_num(journal text) returns integer language sql as
$$ update public.numbers set n = n + 1 returning n $$;
create function delo.card_of(wanted text, out isn integer, out state text) language sql as
$$ select id, state from public.letter where num = wanted $$
"""
CALLED = """
[[register]]
call = "delo.add_rc"
when = "not reason"
values = { subject = "document.subject", num = "number" }
out = { isn = "integer", code = "integer", message = "text", num = "text" }
as = "rc"
failed = "rc.code < 0"
text = "'the vendor said %s: %s' % (rc.code, rc.message)"
[[register]]
when = "reason"
table = "letter"
key = "id"
as = "paper"
values = { state = "'waiting'", note = "reason" }
"""
CARD = 'card = "rc.isn if rc else paper"\n'
ATTACHMENTS = vendor.ATTACHMENTS.replace('"card"', '"rc.isn if rc else paper"')
FORBIDDEN = letter("doc-2", "2", subject="forbidden things", addressees=())


def mapping(register: str = CALLED + ATTACHMENTS, number: str = vendor.NUMBER) -> str:
    return vendor.mapping_of(number, register).replace('card = "card"\n', CARD, 1)


@pytest.fixture
def open_delo(postgres: Callable[[], str], tmp_path: Path) -> Iterator[Callable[..., SqlEdms]]:
    """Give a function that opens a mapping on a fresh database with the vendor's procedures."""
    open_ones = []

    def open_one(written: str) -> SqlEdms:
        context = vendor.opened(written, postgres(), tmp_path)
        edms = context.__enter__()
        open_ones.append(context)
        vendor.run(edms, *re.split(r";\n(?=create)", PROCEDURES))
        return edms

    yield open_one
    for context in open_ones:
        context.__exit__(None, None, None)


def test_a_procedure_makes_the_card_and_names_it(open_delo: Callable[..., SqlEdms]) -> None:
    edms = open_delo(mapping())

    made = registered(edms)

    (row,) = rows(edms, "select id, num, about, state from letter")
    assert (made.ref, made.number.text) == (str(row.id), "N-1")
    assert (row.num, row.about, row.state) == ("N-1", "О передаче дел", "by procedure")
    assert registered(edms).created is False


def test_a_parameter_that_goes_in_comes_out_too(open_delo: Callable[..., SqlEdms]) -> None:
    noting = '[[register]]\nwhen = "rc"\nsql = "update letter set note = :num where id = :id"\n'
    noting += 'values = { num = "rc.num", id = "rc.isn" }\n'
    edms = open_delo(mapping(CALLED + noting + ATTACHMENTS))

    registered(edms)

    assert [row.note for row in rows(edms, "select note from letter")] == ["N-1/rc"]


def test_parameters_may_be_given_by_place(open_delo: Callable[..., SqlEdms]) -> None:
    by_place = CALLED.replace(
        'values = { subject = "document.subject", num = "number" }',
        'values = { any_name = "document.subject", num = "number" }\n'
        'order = ["any_name", "num", "isn", "code", "message"]',
    )
    edms = open_delo(mapping(by_place + ATTACHMENTS))

    registered(edms)

    assert [row.about for row in rows(edms, "select about from letter")] == ["О передаче дел"]


def test_a_call_that_failed_is_not_now_and_leaves_nothing(open_delo: Callable[..., SqlEdms]) -> None:
    edms = open_delo(mapping())
    with pytest.raises(Deferred, match="the vendor said -7: no right to forbidden things"):
        vendor.register(edms, "ex-2", FORBIDDEN)

    assert rows(edms, "select id from letter") == []
    assert [row.n for row in rows(edms, "select n from numbers")] == [0]
    assert rows(edms, "select exchange_id from edms_gw_exchange") == []


def test_a_call_that_failed_may_lay_the_document_before_a_person(open_delo: Callable[..., SqlEdms]) -> None:
    edms = open_delo(mapping(CALLED.replace('failed = "', 'then = "wait"\nfailed = "') + ATTACHMENTS))

    waits = vendor.register(edms, "ex-2", FORBIDDEN)

    assert isinstance(waits, Waiting)
    assert waits.reason == "the vendor said -7: no right to forbidden things"
    assert [(row.state, row.num) for row in rows(edms, "select state, num from letter")] == [("waiting", None)]
    assert registered(edms).number.text == "N-1"  # the number of the attempt went back with it


def test_a_call_that_failed_may_refuse_and_an_operator_may_accept_it(open_delo: Callable[..., SqlEdms]) -> None:
    refusing = 'then = "refuse"\nreason = "not-allowed"\nfailed = "'
    edms = open_delo(mapping(CALLED.replace('failed = "', refusing) + ATTACHMENTS))
    accepting = replace(intake(), accepted=frozenset({Reason.NOT_ALLOWED}))

    with pytest.raises(Refused) as refused:
        vendor.register(edms, "ex-2", FORBIDDEN)
    after = rows(edms, "select id from letter")
    waits = vendor.register(edms, "ex-2", FORBIDDEN, accepting)

    assert (refused.value.reason, after) == (Reason.NOT_ALLOWED, [])
    assert isinstance(waits, Waiting)


def test_a_rehearsal_shows_the_call_and_nothing_of_one_that_failed(open_delo: Callable[..., SqlEdms]) -> None:
    edms = open_delo(mapping(CALLED.replace('failed = "', 'then = "wait"\nfailed = "') + ATTACHMENTS))
    contents = {PDF.sha256: PDF}

    done = edms.rehearse(letter(addressees=()), contents, ExchangeId("ex-1"), intake())
    failed = edms.rehearse(FORBIDDEN, contents, ExchangeId("ex-2"), intake())

    assert isinstance(done.outcome, Registration)
    calls = [row for row in done.rows if row.verb == "call"]
    assert [(row.table, row.values) for row in calls] == [
        ("delo.add_rc", (("subject", "О передаче дел"), ("num", "N-1")))
    ]
    assert isinstance(failed.outcome, Waiting)
    assert [row.verb for row in failed.rows] == ["insert", "insert"]
    assert rows(edms, "select id from letter") == []


def test_a_function_answers_with_one_value_or_with_several(open_delo: Callable[..., SqlEdms]) -> None:
    asking = """
[[register]]
call = "delo.next_num"
function = true
values = { journal = "'in'" }
out = { given = "integer" }
as = "next"
[[register]]
call = "delo.card_of"
function = true
values = { wanted = "number" }
out = { isn = "integer", state = "text" }
as = "found"
[[register]]
sql = "update letter set note = :note where id = :id"
values = { id = "found.isn", note = "'%s %s' % (found.state, next.given)" }
"""
    edms = open_delo(mapping(CALLED + ATTACHMENTS + asking))

    registered(edms)

    assert [row.note for row in rows(edms, "select note from letter")] == ["by procedure 2"]


def test_an_answer_that_does_not_come_is_told_with_its_key(open_delo: Callable[..., SqlEdms]) -> None:
    misnamed = CALLED.replace("rc.code", "rc.kode").replace("code = ", "kode = ")
    edms = open_delo(mapping(misnamed + ATTACHMENTS))
    with pytest.raises(Exception, match="kode"):
        registered(edms)

    assert rows(edms, "select id from letter") == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('as = "rc"\n', "", "register[1]: Value error, 'out' (what the procedure answers) and 'as'"),
        ('call = "delo.add_rc"', 'call = "delo.add rc"', "register[1].call: String should match pattern"),
        ("{ subject =", '{ "a b" = "1", subject =', "register[1]: Value error, 'a b' is no name of a parameter"),
        ('isn = "integer"', 'isn = "whole"', "register[1].out.isn: Input should be"),
        ('as = "rc"', 'as = "rc"\norder = ["isn"]', "register[1]: Value error, 'order' must name every parameter once"),
        ("text = \"'the vendor", "#", "register[1]: Value error, 'failed' needs 'text'"),
        ('failed = "rc.code < 0"', "", "register[1]: Value error, 'text', 'then' and 'reason' are of a failure"),
        ('failed = "rc', 'then = "refuse"\nfailed = "rc', "register[1]: Value error, then = \"refuse\" and 'reason'"),
        ('failed = "rc.', 'failed = "cr.', "register[1].failed: 'cr.code < 0': nothing here is called 'cr'"),
        (
            "taken = [{ sql = \"update letter set state = 'taken' where id = :ref\", values = { ref = ",
            'taken = [{ call = "p", out = { x = "text" }, as = "y", failed = "y.x", text = "y.x", then = "wait",'
            " values = { ref = ",
            'mark.taken[1].then: only the steps of register, draft, number.take, number.reserve may say "wait"',
        ),
    ],
)
def test_a_wrong_call_is_told_with_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    written = mapping()
    assert old in written
    with (
        pytest.raises(MappingError) as told,
        vendor.opened(written.replace(old, new, 1), "postgresql://127.0.0.1/none", tmp_path, tables=""),
    ):
        pass

    assert complaint in str(told.value)
    assert str(tmp_path / "vendor.toml") in str(told.value)


def test_where_there_are_no_procedures_a_call_is_a_complaint(tmp_path: Path) -> None:
    with (
        pytest.raises(MappingError, match=r"register\[1\]\.call: sqlite has no stored procedures: write"),
        vendor.opened(mapping(), "sqlite://", tmp_path, tables=""),
    ):
        pass


# --- compiled, not run here --------------------------------------------------------------------------------------

ADD = Procedure("delo.add_rc", ("subject", "num"), {"isn": "integer", "num": "text"})
BY_PLACE = replace(ADD, order=("subject", "isn", "num"))
NEXT = Procedure("delo.next_num", ("journal",), {"n": "integer"}, function=True)


@pytest.mark.parametrize(
    ("procedure", "statement"),
    [
        (
            ADD,
            "set nocount on; declare @isn bigint; declare @num nvarchar(max) = :num; "
            "exec delo.add_rc @subject = :subject, @num = @num output, @isn = @isn output; "
            "select @isn as isn, @num as num",
        ),
        (
            BY_PLACE,
            "set nocount on; declare @isn bigint; declare @num nvarchar(max) = :num; "
            "exec delo.add_rc :subject, @isn output, @num output; select @isn as isn, @num as num",
        ),
        (NEXT, "select delo.next_num(:journal) as n"),
        (Procedure("delo.tidy", (), {}), "set nocount on; exec delo.tidy"),
    ],
)
def test_mssql_is_asked_in_one_batch_compiled_not_run_here(procedure: Procedure, statement: str) -> None:
    (made,) = compiled(procedure, "mssql", "register[1]").statements

    assert str(made.compile(dialect=mssql.dialect(paramstyle="named"))) == statement  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("procedure", "statement"),
    [
        (
            ADD,
            "declare o_isn number(38); o_num varchar2(4000) := :num; begin "
            "delo.add_rc(subject => :subject, num => o_num, isn => o_isn); "
            ":out_isn := o_isn; :out_num := o_num; end;",
        ),
        (
            BY_PLACE,
            "declare o_isn number(38); o_num varchar2(4000) := :num; begin "
            "delo.add_rc(:subject, o_isn, o_num); :out_isn := o_isn; :out_num := o_num; end;",
        ),
        (NEXT, "declare o_n number(38); begin o_n := delo.next_num(journal => :journal); :out_n := o_n; end;"),
        (Procedure("delo.tidy", (), {}), "begin delo.tidy(); end;"),
    ],
)
def test_oracle_is_asked_in_a_block_with_out_binds_compiled_not_run_here(procedure: Procedure, statement: str) -> None:
    (made,) = compiled(procedure, "oracle", "register[1]").statements

    assert str(made.compile(dialect=oracle.dialect())) == statement  # type: ignore[no-untyped-call]
    out = {name for name, bind in made._bindparams.items() if bind.isoutparam}
    assert out == {f"out_{name}" for name in procedure.out}


@pytest.mark.parametrize("vendor_name", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("procedure", "statements"),
    [
        (
            ADD,
            [
                "set @edms_gw_num = :num",
                "call delo.add_rc(:subject, @edms_gw_num, @edms_gw_isn)",
                "select @edms_gw_isn as isn, @edms_gw_num as num",
            ],
        ),
        (NEXT, ["select delo.next_num(:journal) as n"]),
        (Procedure("delo.tidy", (), {}), ["call delo.tidy()"]),
    ],
)
def test_mariadb_answers_in_user_variables(vendor_name: str, procedure: Procedure, statements: list[str]) -> None:
    made = compiled(procedure, vendor_name, "register[1]").statements

    dialect = mysql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    assert [str(one.compile(dialect=dialect)) for one in made] == statements


def test_a_function_of_one_value_cannot_give_two() -> None:
    with pytest.raises(ValueError, match="a function of mssql gives one value"):
        compiled(replace(NEXT, out={"n": "integer", "m": "integer"}), "mssql", "register[1]")


def test_a_function_that_answers_otherwise_is_told_with_its_key(open_delo: Callable[..., SqlEdms]) -> None:
    asking = '[[register]]\ncall = "delo.card_of"\nfunction = true\nas = "found"\n'
    asking += 'values = { wanted = "number" }\nout = { isn = "integer", colour = "text" }\n'
    edms = open_delo(mapping(CALLED + ATTACHMENTS + asking))

    with pytest.raises(MappingError, match=r"register\[\d\]: delo.card_of gave no colour; it gave isn, state"):
        registered(edms)
