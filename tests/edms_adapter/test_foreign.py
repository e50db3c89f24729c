# SPDX-License-Identifier: GPL-3.0-or-later
"""The mapping alone connects another system: text keys, local times, integer cursors, all files in the store."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.errors import Reason, Refused
from gateway.model import CardRef, Event, EventKey, EventKind, ExchangeId, Number, Organisation, Party, Term
from gateway.ports import Expected, Official, Original, OutgoingState, Registration, Waiting, Wanted, Withdrawal
from tests.edms_adapter.desk import OURS, PDF, Hands, intake, letter

TABLES = """
create table register (n integer not null);
create table sender (code varchar(20) primary key);
create table staff (login varchar(20) primary key, fio varchar(100) not null);
create table letter (code varchar(20) primary key, about text, came timestamp not null, source text, holder text);
create table attachment (letter text, title text, length integer, digest text, place text not null);
create table deed (id integer primary key, letter text, deed text, at timestamp, said text);
create table contact (sender text, code text, fio text, gone integer);
insert into register values (0);
insert into sender values ('BEREG-02');
insert into staff values ('lugov', 'Лугов Семён Ильич');
insert into staff values ('desk', 'Экспедиция')
"""


@pytest.fixture
def edms(tmp_path: Path) -> Iterator[SqlEdms]:
    mapping = Path(__file__).with_name("foreign.toml")
    with open_edms(mapping, f"sqlite:///{tmp_path}/foreign.sqlite", tmp_path, "Europe/Moscow", clock=Hands()) as made:
        run(made, *TABLES.split(";"))
        made.prepare()
        yield made


def run(edms: SqlEdms, *statements: str) -> None:
    with edms.database.writing() as work:
        for statement in statements:
            work.run(text(statement))


def register(edms: SqlEdms, exchange: str = "ex-1", index: str = "BEREG-02") -> Registration:
    given = intake(correspondent=Party(Organisation(index=index)))
    made = edms.register(letter(exchange, exchange), {PDF.sha256: PDF}, ExchangeId(exchange), given)
    assert isinstance(made, Registration)
    return made


def test_checking_finds_nothing_wrong(edms: SqlEdms) -> None:
    assert [finding for finding in edms.check().findings if not finding.ok] == []


def test_checking_finds_an_organisation_of_ours_that_it_does_not_know(edms: SqlEdms) -> None:
    (one,) = [finding for finding in edms.check([Expected(OURS), Expected("VOSTOK-09")]).findings if not finding.ok]

    assert one.what == "organisation VOSTOK-09"


def test_what_the_mapping_cannot_ask_for_is_not_said_to_be_missing(edms: SqlEdms) -> None:
    wanted = [Wanted("group", "Orders", "receive[1]"), Wanted("inbox", "nobody", "receive[1]")]

    found = [finding for finding in edms.check((), wanted).findings if "receive[1]" in finding.what]

    assert [(one.ok, one.what) for one in found] == [(False, "inbox 'nobody' of receive[1]")]


def test_it_registers_by_its_own_rules(edms: SqlEdms) -> None:
    made = register(edms)

    assert (made.ref, made.number.text) == ("2026/00001", "2026/00001")
    assert register(edms).created is False
    with edms.database.reading() as work:
        (row,) = work.rows(
            text("select l.came, l.holder, a.place from letter l join attachment a on a.letter = l.code")
        )
    assert (row.came, row.holder) == ("2026-11-22 11:00:00.000000", "lugov")
    assert (edms.files / row.place).read_bytes() == PDF.data


def test_a_lookup_may_refuse_and_leaves_no_trace(edms: SqlEdms) -> None:
    with pytest.raises(Refused) as refused:
        register(edms, index="NOBODY")

    assert refused.value.reason is Reason.UNKNOWN_CORRESPONDENT
    assert register(edms).number.text == "2026/00001"
    assert [path.name for path in edms.files.rglob("*.part")] == []


WAITING = """
[waiting]
card = "letter"
[[waiting.steps]]
table = "letter"
key = "code"
as = "letter"
values = { code = "exchange", about = "document.subject", came = "now", source = "source", holder = "'desk'" }
[[waiting.steps]]
each = "files"
table = "attachment"
values = { letter = "letter", title = "file.name", length = "file.size", digest = "file.sha256", place = "file.path" }
"""


def test_what_a_lookup_refuses_waits_for_a_person_once_an_operator_has_accepted_it(tmp_path: Path) -> None:
    mapping = tmp_path / "with-a-folder.toml"
    mapping.write_text(Path(__file__).with_name("foreign.toml").read_text() + WAITING)
    with open_edms(mapping, f"sqlite:///{tmp_path}/f.sqlite", tmp_path, "Europe/Moscow", clock=Hands()) as edms:
        run(edms, *TABLES.split(";"))
        edms.prepare()
        given = intake(correspondent=Party(Organisation(index="NOBODY")))
        accepted = replace(given, accepted=frozenset({Reason.UNKNOWN_CORRESPONDENT}))
        other = replace(given, accepted=frozenset({Reason.BAD_FILE}))

        with pytest.raises(Refused):
            edms.register(letter("ex-1", "ex-1"), {PDF.sha256: PDF}, ExchangeId("ex-1"), other)
        made = edms.register(letter("ex-1", "ex-1"), {PDF.sha256: PDF}, ExchangeId("ex-1"), accepted)

        assert made == Waiting(CardRef("ex-1"), "нет такого отправителя")


def test_local_times_and_integer_cursors_are_told_once_per_key(edms: SqlEdms) -> None:
    card = register(edms).ref
    run(
        edms,
        f"insert into deed values (7, '{card}', 'done', '2026-11-22 15:00:00', 'готово')",
        f"insert into deed values (8, '{card}', 'note', '2026-11-22 15:30:00', 'начато')",
        "insert into deed values (9, 'another', 'done', '2026-11-22 15:30:00', 'не наше')",
    )

    assert isinstance(edms.clock, Hands)
    edms.clock.later(days=3)
    register(edms, "ex-2")
    page = edms.changes(None)
    assert [(one.event.kind, one.event.at, one.event.text) for one in page.events] == [
        (EventKind.EXECUTED, datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "готово"),
        (EventKind.PROGRESS, datetime(2026, 11, 22, 10, 30, tzinfo=UTC), "начато"),
    ]
    run(edms, f"insert into deed values (6, '{card}', 'done', '2026-11-22 15:00:00', 'записано позже')")
    assert "записано позже" in [one.event.text for one in edms.changes(page.cursor).events]


def test_it_takes_back_and_sends_what_changed(edms: SqlEdms) -> None:
    run(
        edms,
        "insert into letter values ('out-1', 'О деле', '2026-11-22 11:00:00', 'ошибка', 'back')",
        "insert into letter values ('out-2', 'О деле', '2026-11-22 12:00:00', null, 'once more')",
    )
    wishes, (changed,) = edms.withdrawals(), edms.outgoing()
    edms.mark("out-1", OutgoingState.CANCELLED, "не ушло")
    edms.mark("out-2", OutgoingState.CHANGES_TAKEN)

    assert wishes == (Withdrawal("out-1", "ошибка"),)
    assert (changed.ref, changed.change) == ("out-2", "1")
    assert (edms.withdrawals(), edms.outgoing()) == ((), ())
    with edms.database.reading() as work:
        assert [row.holder for row in work.rows(text("select holder from letter order by code"))] == [
            "не ушло",
            "added",
        ]


def test_a_corrected_note_a_new_number_and_a_struck_letter_are_told(edms: SqlEdms) -> None:
    card = register(edms).ref
    run(edms, f"insert into deed values (1, '{card}', 'note', '2026-11-22 15:30:00', 'начато')")
    page = edms.changes(None)
    run(
        edms,
        "update deed set said = 'закончено' where id = 1",
        f"insert into deed values (2, '{card}', 'renumber', '2026-11-22 15:31:00', '2026/77')",
        f"insert into deed values (3, '{card}', 'strike', '2026-11-22 15:32:00', '')",
    )

    told = [(one.event.kind, one.event.text, one.event.number) for one in edms.changes(page.cursor).events]
    assert told == [
        (EventKind.PROGRESS, "закончено", None),
        (EventKind.RENUMBERED, "", Number("2026/77")),
        (EventKind.DEREGISTERED, "", None),
    ]


def test_what_contradicts_is_written_as_such(edms: SqlEdms) -> None:
    run(edms, "insert into letter values ('out-1', 'О деле', '2026-11-22 11:00:00', null, 'nobody')")
    edms.record("out-1", [Event(EventKind.REFUSED, EventKey("k"), None, text="нет", contradicts=EventKey("r"))])

    with edms.database.reading() as work:
        assert [row.said for row in work.rows(text("select said from deed"))] == ["!нет"]


def test_it_sends_and_hears(edms: SqlEdms) -> None:
    run(edms, "insert into letter values ('out-1', 'О деле', '2026-11-22 11:00:00', null, 'nobody')")
    (outgoing,) = edms.outgoing()
    edms.mark(outgoing.ref, OutgoingState.TAKEN)
    edms.record("out-1", [Event(EventKind.RECEIVED, EventKey("k"), None, text="дошло")] * 2)

    assert (outgoing.document.subject, outgoing.to, edms.outgoing()) == ("О деле", "X", ())
    with edms.database.reading() as work:
        assert [row.said for row in work.rows(text("select said from deed"))] == ["дошло"]


def test_a_link_finds_what_its_own_way_of_finding_finds_and_two_are_never_a_guess(edms: SqlEdms) -> None:
    first, second, third = (register(edms, exchange).ref for exchange in ("ex-1", "ex-2", "ex-3"))
    run(edms, f"update letter set about = 'same' where code in ('{first}', '{second}')")
    run(edms, f"update letter set about = 'only' where code = '{third}'")
    register(edms, "ex-4")
    told = [
        edms.link(ExchangeId("ex-4"), Original(number=Number(words), kind=Term("See"), description="the letter"))
        for words in ("same", "only", "none")
    ]

    assert told == [False, True, False]
    with edms.database.reading() as work:
        said = [(row.deed, row.said) for row in work.rows(text("select deed, said from deed order by id"))]
    assert said == [("named", "the letter"), ("tied", f"See {third}"), ("named", "the letter")]


def test_its_people_go_out_and_a_partners_come_in_by_its_own_rules(edms: SqlEdms) -> None:
    ours = [(one.index, one.name) for one in edms.people("X")]
    edms.import_people("BEREG-02", [Official("b1", "Берегова Т."), Official("b2", "Бухтин И.")])
    done = edms.import_people("BEREG-02", [Official("B1", "Берегова-Речная Т.")])

    assert ours == [("desk", "Экспедиция"), ("lugov", "Лугов Семён Ильич")]
    assert ([one.now.index for one in done.renewed], [one.index for one in done.dismissed]) == (["b1"], ["b2"])
    with edms.database.reading() as work:
        said = [(row.code, row.fio, row.gone) for row in work.rows(text("select * from contact order by code"))]
    assert said == [("b1", "Берегова-Речная Т.", 0), ("b2", "Бухтин И.", 1)]
