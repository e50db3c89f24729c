# SPDX-License-Identifier: GPL-3.0-or-later
"""Mayan, beyond what the contract asks: files that are not stored, limits, numbers, late calls, what is told."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.edms_adapter.mayan import MayanEdms
from gateway.edms_adapter.mayan.check import PERMISSIONS
from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.opening import AdapterError, Surroundings, adapter_called, options_for
from gateway.edms_adapter.remote.papers import stamp
from gateway.edms_adapter.remote.web import Unreachable
from gateway.errors import Deferred
from gateway.model import CardRef, Event, EventKind, ExchangeId, Number, Signature, Term
from gateway.ports import Expected, Failpoint, Finding, Original, Registration, Waiting, nothing_fails
from tests.edms_adapter.desk import OURS, PDF, TODAY, letter
from tests.edms_adapter.desk import file_of as file
from tests.edms_adapter.laws import Broken, breaking_at, registered, swept
from tests.edms_adapter.systems.mayan import WORKER, Mayan, Now, opened
from tests.edms_adapter.systems.process import EMPTY, LARGE, PLAN, SIGNATURE, nth, register
from tests.servers.mayan import ADMIN, GATEWAY, HOUSE, SEQUENCE, STATES, TRANSITIONS, MayanOffice, password_of, running


@pytest.fixture
def system(mayan: MayanOffice, tmp_path: Path) -> Iterator[Mayan]:
    with Mayan(mayan, tmp_path) as made:
        yield made


@contextmanager
def configured(
    system: Mayan, failpoint: Failpoint = nothing_fails, **options: Any
) -> Iterator[MayanEdms]:  # Any: fields of Options
    """Open one more adapter, with other *options*."""
    url = options.pop("url", system.line.url)
    edms = opened(url, str(system.folder), failpoint, **options)
    try:
        yield edms
    finally:
        edms.close()


def told(system: Mayan, kind: EventKind) -> list[Event]:
    return [one.event for one in swept(system.edms)[0] if one.event.kind is kind]


def tables(system: Mayan, statement: str) -> None:
    """Change the database behind everybody's back."""
    with closing(sqlite3.connect(system.office.database, timeout=60)) as there:
        there.execute(statement)
        there.commit()


def registered_by(edms: MayanEdms) -> Registration:
    made = register(edms)
    assert isinstance(made, Registration)
    return made


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_file_that_mayan_accepts_and_does_not_store_leaves_the_letter_for_later(tmp_path: Path) -> None:
    with (
        running(SIGNATURES_BACKEND_ARGUMENTS="{'gpg_path': '/nowhere/gpg'}") as server,
        Mayan(server.office, tmp_path) as system,
    ):
        with (
            configured(system, patience=timedelta(seconds=1)) as edms,
            pytest.raises(Deferred, match=r"accepted 1 files.*CRITICAL"),
        ):
            register(edms)
        standing = system.edms.standing([ExchangeId("ex-1")])
        server.stop()
        server.settings.clear()
        server.start()
        made = registered(system)

        assert standing == ()
        assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]
        assert (system.cards(), made.number.text) == (1, "1")


def test_a_file_that_mayan_stored_differently_is_not_taken_for_registered(system: Mayan) -> None:
    def damage(name: str) -> None:
        if name == "mayan:file-brought":
            tables(system, f"update documents_documentfile set checksum = '{PLAN.sha256}'")

    with pytest.raises(OSError, match="differently from what was sent"):
        register(system.open(damage))
    made = registered(system)

    assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]
    assert system.cards() == 1


def test_files_that_came_before_a_crash_do_not_come_again(system: Mayan) -> None:
    signed = replace(file(), signatures=(Signature("Письмо.sig", SIGNATURE.size, SIGNATURE.sha256),))
    many = letter("doc-2", "14/4", files=(signed, file(LARGE, "План.tif"), file(PLAN, "План 2.tif")))
    brought = "select seq from sqlite_sequence where name = 'documents_documentfile'"
    registered(system)
    ((before,),) = system.rows(brought)
    for _ in range(3):
        with pytest.raises(Broken):
            register(system.open(breaking_at("mayan:file-brought")), many, "ex-2")
    made = registered(system, many, "ex-2")

    assert len(system.card(made.ref).files) == 4
    assert system.rows(brought) == [(before + 4,)]


def test_a_second_copy_of_an_upload_that_came_through_late_is_removed(system: Mayan) -> None:
    with pytest.raises(Broken):
        register(system.open(breaking_at("mayan:files-stored")))
    ((key, mark),) = system.rows("select document_id, comment from documents_documentfile")
    values = {"action_name": "keep", "filename": "Письмо.pdf", "comment": mark}
    system.edms.server.upload(f"/documents/{key}/files/", values, "file_new", PDF)
    made = registered(system)

    assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]


def test_an_empty_file_is_named_where_the_letter_is_described(system: Mayan) -> None:
    made = registered(system, letter(files=(file(), file(EMPTY, "Пустой.txt"))))

    assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]
    assert "Пустые файлы, которых Mayan не хранит: Пустой.txt" in described(system, made.ref)


def described(system: Mayan, ref: str) -> str:
    return str(system.office.person(WORKER).get(f"/documents/{ref}/")["description"])


# --- limits ---------------------------------------------------------------------------------------------------------


def test_a_mayan_that_wants_fewer_calls_is_waited_for_and_check_names_its_setting(tmp_path: Path) -> None:
    with (
        running(REST_API_THROTTLING_ENABLED="true", REST_API_THROTTLING_RATE_USER="5/second") as server,
        Mayan(server.office, tmp_path) as system,
    ):
        made = registered_by(system.edms)
        (advice,) = [one for one in system.edms.check([Expected(OURS)]).findings if one.advice]

        assert (made.number.text, system.cards()) == ("1", 1)
        assert "429" in advice.detail
        assert "MAYAN_REST_API_THROTTLING_RATE_USER" in advice.remedy


def test_a_mayan_that_wants_us_to_wait_longer_than_a_call_may_take_is_not_now(tmp_path: Path) -> None:
    with (
        running(REST_API_THROTTLING_ENABLED="true", REST_API_THROTTLING_RATE_USER="8/minute") as server,
        Mayan(server.office, tmp_path) as system,
        configured(system, timeout=timedelta(seconds=20)) as edms,
    ):
        with pytest.raises(Unreachable, match=r"429.*MAYAN_REST_API_THROTTLING_RATE_USER"):
            register(edms)
        server.stop()
        server.settings["REST_API_THROTTLING_ENABLED"] = "false"
        server.start()
        made = registered_by(edms)

        assert (made.number.text, system.cards()) == ("1", 1)


def test_a_token_that_is_no_longer_valid_is_asked_for_anew(system: Mayan) -> None:
    first = registered(system)
    tables(system, f"delete from authtoken_token where user_id = (select id from auth_user where username='{GATEWAY}')")

    assert registered(system, nth(2), "ex-2").ref != first.ref


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"url": "http://mayan.office.example"}, "password would cross the network in the clear"),
        ({"url": "ftp://localhost"}, "is not the address of a server"),
        ({"password": ""}, "password_file"),
        ({"number": "{year}"}, "has no place for the number"),
        ({"metadata": ("nomer: register_number",)}, "names no metadata type"),
        ({"inboxes": ("Комитет",)}, "names no organisation"),
    ],
)
def test_options_that_cannot_work_are_complained_about(written: dict[str, object], complaint: str) -> None:
    whole = {
        "url": "https://mayan.office.example",
        "login": "gateway",
        "password": "word",
        "document_type": "Letter",
        "workflow": "incoming_letter",
        "inboxes": ("SVETLY-01: Committee",),
    }
    adapter = adapter_called("mayan")
    assert options_for(adapter, whole)
    with pytest.raises(AdapterError, match=complaint):
        options_for(adapter, {**whole, **written})


# --- what an administrator got wrong --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mistake:
    options: dict[str, object]
    said: str  # in the one finding
    remedy: str


MISTAKES = {
    "nobody answers": Mistake({"url": "http://127.0.0.1:1"}, "does not answer", "server runs"),
    "another account": Mistake({"login": "gatewey", "password": "x"}, "gatewey", "login"),
    "another password": Mistake({"password": "not the secret"}, "password is no good", "password_file"),
    "no such document type": Mistake({"document_type": "Письмо"}, "Письмо", "Document types"),
    "no such metadata type": Mistake({"metadata": ("number: nomer",)}, "nomer", "Metadata types"),
    "no such sequence": Mistake({"sequence": "outgoing"}, "outgoing", "Sequences"),
    "no such workflow": Mistake({"workflow": "outgoing"}, "outgoing", "Workflows"),
    "no such state": Mistake({"executed": "Сделан"}, "Сделан", "States"),
    "no such transition": Mistake({"refused": "Исполнен"}, "no transition leads", "Transitions"),
    "no such person": Mistake({"default_inbox": "никто"}, "никто", "make the cabinet"),
    "no default inbox": Mistake({"default_inbox": ""}, "there is none", "default_inbox"),
    "no such cabinet": Mistake({"inboxes": (f"{OURS}: Комитет",)}, "Комитет", "make the cabinet"),
    "an organisation without a cabinet": Mistake({"inboxes": (f"X: {HOUSE}",)}, OURS, "inboxes ="),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_the_administrator_is_named_with_its_remedy(system: Mayan, name: str) -> None:
    mistake = MISTAKES[name]
    with configured(system, **mistake.options) as edms:
        (wrong,) = _wrong(edms)

    assert mistake.said in wrong.what + wrong.detail
    assert mistake.remedy in wrong.remedy
    assert "not the secret" not in repr(wrong)


@pytest.mark.parametrize(
    "permission", ["sequences.sequence_use", "cabinets.cabinet_add_document", "events.events_view"]
)
def test_a_right_that_is_missing_is_named(system: Mayan, permission: str) -> None:
    with _changed(system, "permissions", permission):
        (wrong,) = _wrong(system.edms)

    assert permission in wrong.what
    assert f"grant {permission}" in wrong.remedy


# what only a letter that is gone on with, added to or taken off needs
LATER = (
    *("documents.document_properties_edit", "documents.document_trash", "documents.document_file_delete"),
    *("metadata.metadata_document_edit", "metadata.metadata_document_view"),
    *("comments.comment_create", "comments.comment_view"),
)


@pytest.mark.parametrize("permission", [one for one in PERMISSIONS if one not in LATER])
def test_without_a_right_of_the_page_a_letter_comes_later_and_then_once(system: Mayan, permission: str) -> None:
    with _changed(system, "permissions", permission), configured(system, patience=timedelta(seconds=1)) as edms:
        tried = [_tried(edms) for _ in range(2)]
    made = tried[-1]
    if isinstance(made, Waiting):  # for somebody to set it right
        system.act(made.ref, "Зарегистрировать")
        system.edms.changes(None)

    assert not any(isinstance(one, Registration) for one in tried)
    assert registered_by(system.edms).number.text == "1"
    assert system.rows("select count(*) from documents_document") == [(1,)]


def _tried(edms: MayanEdms) -> object:
    """Return what came of registering a letter and hearing of it, if only an error."""
    try:
        made = register(edms)
        edms.changes(None)
    except Exception as error:
        return error
    return made


def test_a_metadata_type_that_is_not_attached_is_named(system: Mayan) -> None:
    admin = system.office.person(ADMIN)
    admin.post("/metadata_types/", name="loose", label="loose")
    with configured(system, metadata=("number: loose",)) as edms:
        (wrong,) = _wrong(edms)

    assert "is not attached" in wrong.detail
    assert "add it" in wrong.remedy


def test_a_workflow_that_is_not_launched_by_itself_is_named_and_its_letters_come_later(system: Mayan) -> None:
    admin = system.office.person(ADMIN)
    ((key,),) = system.rows("select id from document_states_workflow")
    admin.patch(f"/workflow_templates/{key}/", auto_launch=False)
    try:
        (wrong,) = _wrong(system.edms)
        with configured(system, patience=timedelta(seconds=1)) as edms, pytest.raises(Deferred, match="not begun"):
            register(edms)
    finally:
        admin.patch(f"/workflow_templates/{key}/", auto_launch=True)

    assert "Auto launch" in wrong.remedy


def test_clocks_that_differ_are_a_finding(system: Mayan) -> None:
    class Fast:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=10)

    around = Surroundings(system.folder, ZoneInfo("Europe/Moscow"), Fast(), nothing_fails)
    edms = MayanEdms(system.edms.options, around)
    (wrong,) = _wrong(edms)
    edms.close()

    assert wrong.what == "clock of the server"


def test_next_years_sequence_is_lacking_until_somebody_makes_it(system: Mayan) -> None:
    with configured(system, sequence="incoming_{year}") as edms:
        (wrong, *_) = edms.lacking()
        made = register(edms)

    assert str(datetime.now(UTC).year) in wrong.what
    assert isinstance(made, Waiting)
    assert "incoming_2026" in made.reason


def _wrong(edms: MayanEdms) -> list[Finding]:
    return [one for one in edms.check([Expected(OURS)]).findings if not one.ok]


@contextmanager
def _changed(system: Mayan, what: str, permission: str) -> Iterator[None]:
    """Take a permission away from the gateway's role for a while."""
    admin = system.office.person(ADMIN)
    (role,) = [row["id"] for row in admin.every("/roles/") if row["label"] == "Mail gateway"]
    admin.post(f"/roles/{role}/{what}/remove/", permission=permission)
    try:
        yield
    finally:
        admin.post(f"/roles/{role}/{what}/add/", permission=permission)


# --- numbers --------------------------------------------------------------------------------------------------------


def test_a_number_that_people_take_at_that_very_moment_is_never_given_twice(system: Mayan) -> None:
    with pytest.raises(Broken):
        register(system.open(breaking_at("mayan:number-noted")))
    _take(system)
    numbers = [registered(system, nth(place), f"ex-{place}").number.text for place in (1, 2)]

    assert numbers == ["2", "3"]


def test_a_number_whose_taking_was_interrupted_goes_to_its_letter(system: Mayan) -> None:
    registered(system, nth(1))
    post = system.edms.server.post

    def interrupted(path: str, /, **values: Any) -> Any:  # Any: as `Server.post`
        post(path, **values)
        raise Broken("the answer never came")

    with configured(system) as edms:
        edms.server.post = interrupted  # type: ignore[method-assign]  # the line breaks after the call
        with pytest.raises(Broken):
            register(edms, nth(2), "ex-2")
    following = registered(system, nth(3), "ex-3")

    assert (following.number.text, registered(system, nth(2), "ex-2").number.text) == ("3", "2")


def test_without_a_sequence_the_number_is_the_documents_own(system: Mayan) -> None:
    with configured(system, sequence="") as edms:
        made = registered_by(edms)
        assert registered_by(edms) == replace(made, created=False)

    assert made.number.text == made.ref
    assert system.card(made.ref).number == made.number
    assert described(system, made.ref).startswith(f"Зарегистрирован: № {made.ref} ")


def test_a_number_is_written_as_the_office_wants_it_and_a_told_one_is_never_given_again(system: Mayan) -> None:
    with configured(system, number="{year}/{n}-вх") as edms:
        first = registered_by(edms)
        system.delete(first.ref)
        tables(system, "update sequences_sequence set position = 0")  # Mayan came back from an older backup
        again = register(edms, number=first.number)
        following = register(edms, nth(2), "ex-2")

    assert isinstance(again, Registration)
    assert isinstance(following, Registration)
    assert [one.number.text for one in (first, again, following)] == ["2026/1-вх", "2026/1-вх", "2026/2-вх"]


def test_a_told_number_that_another_document_has_by_now_is_not_given_twice(system: Mayan) -> None:
    first = registered(system)
    other = registered(system, nth(2), "ex-2", number=Number(first.number.text, TODAY))

    assert other.number.text != first.number.text


def _take(system: Mayan) -> None:
    worker = system.office.person(WORKER)
    ((key,),) = system.rows(f"select id from sequences_sequence where internal_name = '{SEQUENCE}'")
    worker.post(f"/sequences/{key}/value/next/", count=1)


# --- steps ----------------------------------------------------------------------------------------------------------


def test_a_second_document_of_a_call_that_came_through_late_goes_into_the_trash(system: Mayan) -> None:
    with pytest.raises(Broken):
        register(system.open(breaking_at("mayan:making-document")))

    def late(name: str) -> None:
        if name == "mayan:document-noted":
            system.edms.archive.make(ExchangeId("ex-1"), "поздно", "поздно")

    made = registered_by(system.open(late))

    assert system.cards() == 1
    assert system.rows("select id from documents_document where not in_trash") == [(int(made.ref),)]


def test_a_lost_journal_makes_no_second_document(system: Mayan, tmp_path: Path) -> None:
    made = registered(system)
    system.folder = tmp_path / "new"
    with configured(system) as edms:
        again = registered_by(edms)

    assert (again.ref, again.number, system.cards()) == (made.ref, made.number, 1)
    assert len(system.card(made.ref).files) == 1
    assert system.card(made.ref).inboxes == ("Лугов Семён Ильич",)
    assert registered(system, nth(2), "ex-2").number.text == "2"


def test_the_same_outgoing_number_of_the_same_partner_waits(system: Mayan) -> None:
    first = registered(system)
    again = register(system.edms, letter("doc-2"), "ex-2")

    assert isinstance(again, Waiting)
    assert first.number.text in again.reason


def test_what_the_letter_says_stands_in_its_metadata(system: Mayan) -> None:
    made = registered(system)

    facts = system.edms.archive.facts(int(made.ref))
    assert {name: value for name, (_, value) in facts.items()} == {
        "exchange_id": "ex-1",
        "register_number": "1",
        "register_date": "2026-11-22",
        "correspondent": "BEREG-02",
        "sender_number": "14/3 от 20.11.2026",
    }
    assert described(system, made.ref).endswith(stamp(ExchangeId("ex-1")))


# --- what is told ---------------------------------------------------------------------------------------------------


def test_comments_that_are_not_meant_for_the_sender_stay_in_the_house(system: Mayan) -> None:
    made = registered(system)
    system.act(made.ref, "Исполнить", "между нами: отказать")

    (event,) = told(system, EventKind.EXECUTED)
    assert event.text == "Обработан"
    assert "между нами" not in repr(swept(system.edms))
    with configured(system, words="") as edms:
        assert "между нами: отказать" in repr(swept(edms))


def test_who_executed_a_document_and_when_is_told_as_mayan_keeps_it(system: Mayan) -> None:
    made = registered(system)
    system.execute(made.ref, "опись готова")

    (event,) = told(system, EventKind.EXECUTED)
    ((kept,),) = system.rows(
        "select datetime from document_states_workflowinstancelogentry where comment like 'Отправителю%'"
    )
    assert event.at == datetime.fromisoformat(kept).replace(tzinfo=UTC)
    assert event.who is not None
    assert event.who.name == "Лугов Семён Ильич"
    assert event.text == "опись готова"


def test_a_registered_document_that_people_take_off_is_told(system: Mayan) -> None:
    made = registered(system)
    system.act(made.ref, "Снять с регистрации", "Отправителю: ошибочно")

    (event,) = told(system, EventKind.DEREGISTERED)
    assert (event.number, event.card, event.text) == (made.number, made.ref, "ошибочно")


def test_what_the_audit_log_has_lost_is_told_nevertheless(system: Mayan) -> None:
    made = [registered(system, nth(place), f"ex-{place}") for place in range(5)]
    _, cursor = swept(system.edms)
    system.execute(made[4].ref, "готово")
    tables(system, "delete from actstream_action where verb like 'document_states%'")
    found = []
    for _ in range(3):
        events, cursor = swept(system.edms, cursor)
        found += [one.exchange for one in events if one.event.kind is EventKind.EXECUTED]

    assert "ex-4" in found


def test_what_is_looked_at_is_what_the_audit_log_names(system: Mayan) -> None:
    made = [registered(system, nth(place), f"ex-{place}") for place in range(5)]
    _, cursor = swept(system.edms)
    tables(system, "update actstream_action set timestamp = datetime(timestamp, '-1 hour')")
    system.execute(made[4].ref, "готово")
    events, _ = swept(system.edms, cursor)

    assert "ex-4" in [one.exchange for one in events if one.event.kind is EventKind.EXECUTED]


def test_an_audit_log_that_was_cut_means_that_every_document_is_looked_at(system: Mayan) -> None:
    made = [registered(system, nth(place), f"ex-{place}") for place in range(5)]
    _, cursor = swept(system.edms)
    system.execute(made[4].ref, "готово")
    tables(system, "delete from actstream_action")
    events, _ = swept(system.edms, cursor)

    assert "ex-4" in [one.exchange for one in events if one.event.kind is EventKind.EXECUTED]


def test_what_people_do_before_a_registration_is_settled_is_told_afterwards(system: Mayan) -> None:
    for place in range(8):  # more than are looked at besides
        registered(system, nth(place), f"ex-{place}")
    with pytest.raises(Broken):
        register(system.open(breaking_at("mayan:moved")), nth(9), "ex-9")
    ((key,),) = system.rows("select max(id) from documents_document")
    _, cursor = swept(system.edms)
    system.act(CardRef(str(key)), "Исполнить", "Отправителю: быстро")
    events, cursor = swept(system.edms, cursor)
    assert "ex-9" not in {one.exchange for one in events}
    tables(system, "update actstream_action set timestamp = datetime(timestamp, '-1 hour')")  # longer than any overlap
    registered(system, nth(9), "ex-9")

    kinds = [one.event.kind for one in swept(system.edms, cursor)[0] if one.exchange == "ex-9"]
    assert EventKind.EXECUTED in kinds


def test_a_senders_own_words_never_come_back_as_those_of_our_people(system: Mayan) -> None:
    made = registered(system)
    assert not system.edms.link(ExchangeId("ex-1"), Original(kind=Term("Отправителю"), description="всё решено"))
    system.act(made.ref, "Исполнить")

    assert [event.text for event in told(system, EventKind.EXECUTED)] == ["Обработан"]
    ((words,),) = system.rows("select text from document_comments_comment")
    assert words == "Отправителю: всё решено"


# --- the page -------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs/edms-mayan.md").read_text(encoding="utf-8")


def column(heading: str) -> list[str]:
    """Return the first column of the table on the page whose first heading is *heading*."""
    table = PAGE[PAGE.index(f"\n| {heading} |") + 1 :].partition("\n\n")[0].splitlines()[2:]
    return [line.split("|")[1].strip() for line in table]


def test_the_page_names_every_option_permission_state_and_transition() -> None:
    assert {one.strip("`") for one in column("option")} == set(Options.model_fields) - {"password"}
    assert [one.strip("`") for one in column("permission")] == list(PERMISSIONS)
    assert [re.findall("`(.+)`", one)[0] for one in column("state")] == list(STATES)
    assert column("transition") == [label for label, _, _ in TRANSITIONS]


def test_the_configuration_on_the_page_is_one_that_opens(tmp_path: Path) -> None:
    written = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.S)[0])["edms"]
    options = {**written["options"], "password": "word", "inboxes": tuple(written["options"]["inboxes"])}
    adapter = adapter_called(written["adapter"])
    around = Surroundings(tmp_path, ZoneInfo("Europe/Moscow"), Now(), nothing_fails)
    edms = adapter.open(options_for(adapter, options), around)
    edms.close()


def test_a_password_is_never_shown(system: Mayan) -> None:
    assert password_of(GATEWAY) not in repr(system.edms.options)
