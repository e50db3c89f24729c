# SPDX-License-Identifier: GPL-3.0-or-later
"""Tryton, beyond what the contract asks: sessions, numbers that others take too, late calls, what is told."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.edms_adapter.opening import AdapterError, Surroundings, adapter_called, options_for
from gateway.edms_adapter.remote.papers import stamp
from gateway.edms_adapter.remote.web import Unreachable
from gateway.edms_adapter.tryton import TrytonEdms
from gateway.edms_adapter.tryton.check import RIGHTS
from gateway.edms_adapter.tryton.numbers import Sequence
from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.wire import TrytonRefuses
from gateway.model import Event, EventKind, ExchangeId, Number, Signature, Term
from gateway.ports import Expected, Failpoint, Finding, Original, Registration, Waiting, nothing_fails
from tests.edms_adapter.desk import OURS, PDF, letter
from tests.edms_adapter.desk import file_of as file
from tests.edms_adapter.laws import Broken, breaking_at, registered, swept
from tests.edms_adapter.systems.process import LARGE, PLAN, SIGNATURE, nth, register
from tests.edms_adapter.systems.tryton import WORKER, Now, Tryton, opened
from tests.servers.tryton import ADMIN, GATEWAY, SEQUENCE, TrytonOffice, password_of


@pytest.fixture
def system(tryton: TrytonOffice, tmp_path: Path) -> Iterator[Tryton]:
    with Tryton(tryton, tmp_path) as made:
        yield made


@contextmanager
def configured(
    system: Tryton, failpoint: Failpoint = nothing_fails, **options: Any
) -> Iterator[TrytonEdms]:  # Any: fields of Options
    """Open one more adapter, with other *options*."""
    rest = {key: options.pop(key) for key in ("url", "database") if key in options}
    place = {"url": system.line.url, "database": system.office.database, **rest}
    edms = opened(**place, folder=str(system.folder), failpoint=failpoint, **options)
    try:
        yield edms
    finally:
        edms.close()


def told(system: Tryton, kind: EventKind) -> list[Event]:
    return [one.event for one in swept(system.edms)[0] if one.event.kind is kind]


def tables(system: Tryton, statement: str) -> None:
    """Change the database behind everybody's back."""
    with closing(sqlite3.connect(system.office.file, timeout=60)) as there:
        there.execute(statement)
        there.commit()


# --- the wire -------------------------------------------------------------------------------------------------------


def test_a_session_that_ended_is_begun_anew(system: Tryton) -> None:
    first = registered(system)
    tables(system, "delete from ir_session")

    assert registered(system, nth(2), "ex-2").ref != first.ref


def test_a_password_that_is_not_accepted_is_said_without_it(system: Tryton) -> None:
    with configured(system, password="not the secret") as edms:
        with pytest.raises(TrytonRefuses, match="'gateway' or its password is not accepted") as refused:
            register(edms)
        (wrong,) = [one for one in edms.check().findings if not one.ok]

    assert "login" in wrong.remedy
    assert "not the secret" not in str(refused.value) + repr(wrong)
    assert password_of(GATEWAY) not in repr(system.edms.options)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"url": "http://tryton.office.example"}, "password would cross the network in the clear"),
        ({"url": "ftp://localhost"}, "is not the address of a server"),
        ({"url": "https://gateway:word@tryton.office.example"}, "is not the address of a server"),
        ({"password": ""}, "password_file"),
        ({"executed": "perhaps"}, "executed"),
        ({"companies": ("Комитет",)}, "names no organisation"),
    ],
)
def test_options_that_cannot_work_are_complained_about(written: dict[str, object], complaint: str) -> None:
    whole = {"url": "https://tryton.office.example", "database": "office", "login": "gateway", "password": "word"}
    adapter = adapter_called("tryton")
    assert options_for(adapter, whole)
    with pytest.raises(AdapterError, match=complaint):
        options_for(adapter, {**whole, **written})


def test_a_server_that_is_no_tryton_is_unreachable(system: Tryton) -> None:
    with configured(system, url=f"{system.line.url}/elsewhere") as edms, pytest.raises(Unreachable, match=r"404|405"):
        register(edms)


# --- what an administrator got wrong --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mistake:
    options: dict[str, object]
    said: str  # in the one finding
    remedy: str


MISTAKES = {
    "nobody answers": Mistake({"url": "http://127.0.0.1:1"}, "does not answer", "server runs"),
    "another database": Mistake({"database": "offise"}, "offise|404|Tryton", "database"),
    "another account": Mistake({"login": "gatewey", "password": "x"}, "gatewey", "login"),
    "no such sequence": Mistake({"sequence": "Исходящие"}, "Исходящие", "strict sequence"),
    "no such user": Mistake({"default_user": "nobody"}, "nobody", "make the user"),
    "no default user": Mistake({"default_user": ""}, "there is none", "default_user"),
    "no such company": Mistake({"companies": (f"{OURS}: Комитет",)}, "Комитет", "as Tryton shows it"),
    "an organisation without a company": Mistake({"companies": ("X: Комитет",)}, OURS, "companies ="),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_the_administrator_is_the_one_finding_with_its_remedy(system: Tryton, name: str) -> None:
    mistake = MISTAKES[name]
    with configured(system, **mistake.options) as edms:
        (wrong,) = _wrong(edms)

    assert any(word in wrong.what + wrong.detail for word in mistake.said.split("|"))
    assert mistake.remedy in wrong.remedy


def test_a_right_that_is_missing_is_named_with_the_model(system: Tryton) -> None:
    admin = system.office.person(ADMIN)
    (access,) = admin.call("model.ir.model.access.search", _OF_GROUP, 0, None, None)
    admin.call("model.ir.model.access.write", [access], {"perm_create": False})
    try:
        (wrong,) = _wrong(system.edms)
    finally:
        admin.call("model.ir.model.access.write", [access], {"perm_create": True})

    assert (wrong.what, wrong.detail) == ("rights on res.notification", "no create")
    assert "group of gateway" in wrong.remedy


def test_clocks_that_differ_are_a_finding(system: Tryton) -> None:
    class Fast:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=10)

    around = Surroundings(system.folder, ZoneInfo("Europe/Moscow"), Fast(), nothing_fails)
    edms = TrytonEdms(system.edms.options, around)
    (wrong,) = _wrong(edms)
    edms.close()

    assert wrong.what == "clock of the server"


def test_next_years_sequence_is_lacking_until_somebody_makes_it(system: Tryton) -> None:
    with configured(system, sequence="Входящие {year}") as edms:
        (wrong, *_) = edms.lacking()
        made = register(edms)

    assert str(datetime.now(UTC).year) in wrong.what
    assert isinstance(made, Waiting)
    assert "Входящие 2026" in made.reason


_OF_GROUP = [["model", "=", "res.notification"], ["group.name", "=", "Mail gateway"]]


def _wrong(edms: TrytonEdms) -> list[Finding]:
    return [one for one in edms.check([Expected(OURS)]).findings if not one.ok]


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", ["tryton:number-noted", "tryton:number-taken"])
def test_a_number_that_people_take_meanwhile_is_never_given_twice(system: Tryton, stop: str) -> None:
    with pytest.raises(Broken):
        register(system.open(breaking_at(stop)))
    _set_next(system, 5)
    numbers = [registered(system, nth(place), f"ex-{place}").number.text for place in (1, 2)]

    assert numbers == ["2026/5", "2026/6"]


def test_a_number_whose_taking_was_interrupted_goes_to_its_letter(system: Tryton) -> None:
    registered(system, nth(1))
    with pytest.raises(Broken):
        register(system.open(breaking_at("tryton:number-taken")), nth(2), "ex-2")
    following = registered(system, nth(3), "ex-3")

    assert (following.number.text, registered(system, nth(2), "ex-2").number.text) == ("2026/3", "2026/2")


def test_a_number_taken_by_people_at_that_very_moment_is_left_to_them(system: Tryton) -> None:
    once: list[str] = []

    def people(name: str) -> None:
        if name == "tryton:number-noted" and not once:
            once.append(name)
            _set_next(system, 2)

    assert registered_by(system.open(people)).number == Number("2026/2", date(2026, 11, 22))


def test_without_a_sequence_the_number_is_the_cards_own(system: Tryton) -> None:
    with configured(system, sequence="") as edms:
        made = registered_by(edms)
        assert registered_by(edms) == replace(made, created=False)

    assert made.number.text == made.ref
    assert system.card(made.ref).number == made.number


def test_a_told_number_beyond_the_sequence_is_never_given_again(system: Tryton) -> None:
    first = registered(system)
    system.delete(first.ref)
    _set_next(system, 1)  # Tryton came back from an older backup
    again = registered(system, number=first.number)

    assert again.number == first.number
    assert registered(system, nth(2), "ex-2").number.text == "2026/2"


@pytest.mark.parametrize(
    ("affixes", "text"),
    [(("${year}/", ""), "2026/007"), (("", "-${date_m_Y}"), "007-112026"), (("№${nothing} ", ""), "№${nothing} 007")],
)
def test_a_number_is_written_as_tryton_writes_it(affixes: tuple[str, str], text: str) -> None:
    sequence = Sequence(1, 7, 1, *affixes, 3, 1, "")

    assert sequence.text(7, date(2026, 11, 22)) == text
    assert sequence.number(text, date(2026, 11, 22)) == 7


def _set_next(system: Tryton, number: int) -> None:
    admin = system.office.person(ADMIN)
    found = admin.call("model.ir.sequence.strict.search", [["name", "=", SEQUENCE]], 0, None, None)
    admin.call("model.ir.sequence.strict.write", found, {"number_next": number})


def registered_by(edms: TrytonEdms) -> Registration:
    made = register(edms)
    assert isinstance(made, Registration)
    return made


# --- steps ----------------------------------------------------------------------------------------------------------


def test_files_that_came_before_a_crash_do_not_come_again(system: Tryton) -> None:
    signed = replace(file(), signatures=(Signature("Письмо.sig", SIGNATURE.size, SIGNATURE.sha256),))
    many = letter(files=(signed, file(LARGE, "План.tif"), file(PLAN, "План 2.tif")))
    for _ in range(3):
        with pytest.raises(Broken):
            register(system.open(breaking_at("tryton:file-attached")), many)
    made = registered(system, many)

    assert len(system.card(made.ref).files) == 4
    assert system.cards() == 1


def test_a_file_that_tryton_reads_back_differently_is_not_taken_for_registered(system: Tryton) -> None:
    def damage(name: str) -> None:
        if name == "tryton:card-noted":
            for stored in (system.office.home / system.office.database).rglob("*"):
                if stored.is_file() and stored.stat().st_size == PDF.size:
                    stored.write_bytes(b"!" * PDF.size)

    with pytest.raises(OSError, match="reads back differently"):
        register(system.open(damage))
    made = registered(system)

    assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]
    assert system.cards() == 1


def test_a_second_card_of_a_call_that_came_through_late_is_taken_away(system: Tryton) -> None:
    def late(name: str) -> None:
        if name == "tryton:card-noted":
            system.edms.cabinet.make(ExchangeId("ex-1"), "поздно.pdf", PLAN, {"company": _company(system)})

    made = registered_by(system.open(late))

    assert system.cards() == 1
    assert [one.ref for one in system.edms.cabinet.of_exchange(ExchangeId("ex-1"))] == [made.ref]


def test_a_lost_journal_makes_no_second_card(system: Tryton, tmp_path: Path) -> None:
    made = registered(system)
    system.folder = tmp_path / "new"
    with configured(system) as edms:
        again = registered_by(edms)

    assert (again.ref, again.number, system.cards()) == (made.ref, made.number, 1)
    assert len(system.edms.cabinet.notes([int(made.ref)])) == 1
    assert system.card(made.ref).inboxes == ("Лугов Семён Ильич",)
    assert registered(system, nth(2), "ex-2").number.text == "2026/2"


def test_the_same_outgoing_number_of_the_same_partner_waits(system: Tryton) -> None:
    first = registered(system)
    again = register(system.edms, letter("doc-2"), "ex-2")

    assert isinstance(again, Waiting)
    assert first.number.text in again.reason
    assert isinstance(register(system.edms, letter("doc-3"), "ex-3", same_number="register"), Registration)


def _company(system: Tryton) -> int:
    company = system.edms.staff.company(OURS)
    assert company is not None
    return company


# --- what is told ---------------------------------------------------------------------------------------------------


def test_notes_that_are_not_meant_for_the_sender_stay_in_the_house(system: Tryton) -> None:
    made = registered(system)
    worker = system.office.person(WORKER)
    worker.create("ir.note", {"message": "между нами: отказать", "resource": f"document.incoming,{made.ref}"})
    system.execute(made.ref, "опись готова")

    (event,) = told(system, EventKind.EXECUTED)
    assert event.text == "опись готова"
    assert "между нами" not in repr(swept(system.edms))


def test_a_senders_own_words_never_come_back_as_those_of_our_people(system: Tryton) -> None:
    made = registered(system)
    system.edms.link(ExchangeId("ex-1"), Original(kind=Term("Отправителю"), description="всё уже решено"))
    system.execute(made.ref, "опись готова")
    other = registered(system, nth(2), "ex-2")
    system.edms.link(ExchangeId("ex-2"), Original(kind=Term("Отправителю"), description="всё уже решено"))
    system.process(other.ref)

    assert [event.text for event in told(system, EventKind.EXECUTED)] == ["опись готова", "Обработан"]


def test_who_processed_a_document_and_when_is_told_as_tryton_keeps_it(system: Tryton) -> None:
    made = registered(system)
    system.execute(made.ref, "")

    (event,) = told(system, EventKind.EXECUTED)
    with closing(sqlite3.connect(system.office.file)) as there:
        ((kept,),) = there.execute("select create_date from ir_model_log where target = 'state:done'")
    assert event.at == datetime.fromisoformat(kept).replace(tzinfo=UTC)
    assert event.who is not None
    assert event.who.name == "Лугов Семён Ильич"
    assert event.task is not None
    assert event.task.control is not None
    assert event.task.control.fact_date == event.at.astimezone(ZoneInfo("Europe/Moscow")).date()


def test_a_registered_card_that_people_cancel_is_told_as_taken_off(system: Tryton) -> None:
    made = registered(system)
    system.refuse(made.ref, "ошибочно")

    (event,) = told(system, EventKind.DEREGISTERED)
    assert (event.number, event.card, event.text) == (made.number, made.ref, "ошибочно")


def test_what_became_an_incoming_document_again_is_not_executed_where_results_count(system: Tryton) -> None:
    made = registered(system)
    system.execute(made.ref, "разобрано")

    with configured(system, executed="result") as edms:
        kinds = {one.event.kind for one in swept(edms)[0]}
    assert kinds == {EventKind.FORWARDED}


def test_a_copy_that_people_make_is_nobodys_card(system: Tryton) -> None:
    registered(system)
    worker = system.office.person(WORKER)
    copy = worker.create("document.incoming", {"name": "Копия", "source": stamp(ExchangeId("ex-1"))}, PLAN)
    worker.call("model.document.incoming.cancel", [copy])

    assert told(system, EventKind.DEREGISTERED) == []


def test_what_people_do_before_a_registration_is_settled_is_told_afterwards(system: Tryton) -> None:
    with pytest.raises(Broken):
        register(system.open(breaking_at("tryton:sheet-written")))
    (card,) = system.edms.cabinet.of_exchange(ExchangeId("ex-1"))
    system.execute(card.ref, "быстро")
    # an hour ago: longer than any overlap
    earlier = "strftime('%Y-%m-%d %H:%M:%f', {0}, '-1 hour') || '000'"
    columns = ", ".join(f"{one} = {earlier.format(one)}" for one in ("create_date", "write_date"))
    tables(system, f"update document_incoming set {columns}")
    events, cursor = swept(system.edms)
    assert events == []
    for place in range(2, 4):
        registered(system, nth(place), f"ex-{place}")
    cursor = swept(system.edms, cursor)[1]
    registered(system)

    kinds = [one.event.kind for one in swept(system.edms, cursor)[0] if one.exchange == "ex-1"]
    assert EventKind.EXECUTED in kinds


def test_the_stamp_is_the_exchange_and_survives_processing(system: Tryton) -> None:
    made = registered(system)
    system.execute(made.ref, "")

    (card,) = system.edms.cabinet.with_ids([int(made.ref)])
    assert (stamp(card.exchange), card.state) == ("edms-gw:ex-1", "done")
    assert card.result.startswith("document.incoming,")


# --- the page -------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs/edms-tryton.md").read_text(encoding="utf-8")


def column(heading: str) -> list[str]:
    """Return the first column of the table on the page whose first heading is *heading*."""
    table = PAGE[PAGE.index(f"\n| {heading} |") + 1 :].partition("\n\n")[0].splitlines()[2:]
    return [line.split("|")[1].strip().strip("`") for line in table]


def test_the_page_names_every_option_and_every_right() -> None:
    assert set(column("option")) == set(Options.model_fields) - {"password"}
    assert set(column("model")) == set(RIGHTS)


def test_the_configuration_on_the_page_is_one_that_opens(tmp_path: Path) -> None:
    written = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.S)[0])["edms"]
    options = {**written["options"], "password": "word", "companies": tuple(written["options"]["companies"])}
    adapter = adapter_called(written["adapter"])
    around = Surroundings(tmp_path, ZoneInfo("Europe/Moscow"), Now(), nothing_fails)
    edms = adapter.open(options_for(adapter, options), around)
    edms.close()
