# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder adapter where it differs from others: half-written and broken files, names, numbers, folders that go."""

import json
import os
import re
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.content import Held, whole
from gateway.edms_adapter.folder import ADAPTER
from gateway.edms_adapter.folder.forms import FORMS, Happened, Incoming, schema
from gateway.edms_adapter.opening import AdapterError, Surroundings, adapter_called, options_for
from gateway.model import (
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Executor,
    Number,
    Party,
    Person,
    Task,
    TaskUid,
)
from gateway.ports import EdmsEvent, NotOffered, Outgoing, OutgoingState, Registration, Waiting, nothing_fails
from tests.edms_adapter.desk import BEREG, MORNING, OURS, PDF, TODAY, Hands, file_of, letter
from tests.edms_adapter.laws import Broken, breaking_at, not_now, registered, swept
from tests.edms_adapter.systems.folder import RECORD, Folder, put
from tests.edms_adapter.systems.process import LARGE, NEWS, PLAN, attach, nth, register

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "gateway" / "edms_adapter" / "folder"
LONG_AGO = (0.0, 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path) as made:
        yield made


@pytest.fixture
def numbered(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path, "ours") as made:
        yield made


def package(folder: Folder, place: int = 0) -> Path:
    """Register a letter and return the folder it lies in."""
    return folder.incoming / register(folder.edms, nth(place), f"ex-{place}").ref


def happened(folder: Folder, number: int = 0) -> list[EventKind]:
    return [one.event.kind for one in swept(folder.edms)[0]]


FORWARDED = {"kind": "forwarded", "at": "2026-11-22T10:00:00+03:00", "to": {"person": {"name": "Полева Н. О."}}}


def write(place: Path, text: str | bytes) -> None:
    """Write a file as a program does that was written long ago."""
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(place, LONG_AGO)


# --- packages -------------------------------------------------------------------------------------------------------


def test_a_package_names_its_files_harmlessly_and_tells_everything_else(folder: Folder) -> None:
    names = ("..\\..\\autoexec.bat", "CON", "a/b.pdf", "письмо.PDF", "nul.txt ", "x" * 300)
    files = tuple(file_of(PDF, name) for name in names)
    place = folder.incoming / register(folder.edms, letter(files=files)).ref

    told = Incoming.model_validate_json((place / "document.json").read_text())
    assert sorted(os.listdir(place)) == sorted(["document.json", *(one.file for one in told.files)])
    assert all(re.fullmatch(r"\d{3}(-\d+)?\.[a-z0-9]{1,8}", one.file) for one in told.files)
    assert re.fullmatch(r"[0-9a-f]{24}-1", place.name)
    assert told.document.files == files
    assert (told.office, told.register_on, told.received_at) == (OURS, TODAY, MORNING)


def test_a_package_is_shown_by_its_json_when_every_file_lies_there(folder: Folder) -> None:
    for stop in folder.stops[: folder.stops.index("folder-register:shown")]:
        with pytest.raises(Broken):
            register(folder.open(breaking_at(stop)), letter(files=(file_of(), file_of(LARGE))))
        assert list(folder.incoming.glob("*/document.json")) == []
    register(folder.edms, letter(files=(file_of(), file_of(LARGE))))

    (shown,) = folder.incoming.glob("*/document.json")
    assert sorted(os.listdir(shown.parent)) == ["001.pdf", "002.pdf", "document.json"]


def test_every_failpoint_of_the_adapter_is_one_that_laws_break() -> None:
    found = {name for path in SOURCES.glob("*.py") for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())}

    assert found == {*Folder.stops, *Folder.attach_stops, *RECORD}


def test_a_folder_that_is_full_is_not_now_and_the_document_comes_when_there_is_room(folder: Folder) -> None:
    with no_file_longer_than(1 << 20):
        error = not_now(lambda: register(folder.edms, letter(files=(file_of(LARGE),))))
    assert isinstance(error, OSError)
    assert list(folder.incoming.glob("*/document.json")) == []

    made = registered(folder, letter(files=(file_of(LARGE),)))
    assert [one.sha256 for one in folder.card(made.ref).files] == [LARGE.sha256]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_is_not_mounted_is_never_made(folder: Folder) -> None:
    with folder.away():
        not_now(lambda: register(folder.edms))
        not_now(lambda: folder.edms.outgoing())
        folder.edms.prepare()
        assert not folder.exchange.exists()


def test_an_addition_says_what_it_adds_to(folder: Folder) -> None:
    made = registered(folder)
    attach(folder.edms)

    (addition,) = (one for one in folder.incoming.iterdir() if one.name != made.ref)
    told = Incoming.model_validate_json((addition / "document.json").read_text())
    assert (told.adds_to, told.exchange, [one.sha256 for one in told.files]) == (made.ref, "ex-1", [PLAN.sha256])
    put(addition, "registered.json", {})
    assert happened(folder) == [EventKind.REGISTERED]  # of the document


# --- answers --------------------------------------------------------------------------------------------------------


def test_event_files_are_told_in_their_order_each_once_by_its_name(folder: Folder) -> None:
    place = package(folder)
    for name in ("event-2.json", "event-1.json", "event-3.json"):
        put(place, name, {**FORWARDED, "text": name})
    first, cursor = swept(folder.edms)
    put(place, "event-0.json", {**FORWARDED, "text": "event-0.json"})
    later, _ = swept(folder.edms, cursor)

    assert [one.event.text for one in first] == ["event-1.json", "event-2.json", "event-3.json"]
    assert [one.event.text for one in later] == ["event-0.json"]
    assert swept(folder.edms, None, 1)[0] == [*first, *later]
    assert [one.event.key for one in later] == [f"{place.name}/event-0"]
    assert first[0].event.at == datetime(2026, 11, 22, 7, tzinfo=UTC)


def test_what_was_heard_is_told_though_the_package_was_taken_away(folder: Folder) -> None:
    place = package(folder)
    put(place, "event-1.json", FORWARDED)
    before, _ = swept(folder.edms)
    for one in place.iterdir():
        one.unlink()
    place.rmdir()

    assert swept(folder.open())[0] == before
    assert isinstance(register(folder.edms, nth(0), "ex-0"), Waiting)


def test_a_file_that_is_still_being_written_is_not_read_and_not_lost(folder: Folder) -> None:
    place = package(folder)
    text = json.dumps(FORWARDED)
    (place / "event-1.json.part").write_text(text)
    (place / "event-2.json").write_text(text[:-20])  # by a program that cannot rename
    put(place, "event-3.json", FORWARDED)
    first, cursor = swept(folder.edms)
    (place / "event-2.json").write_text(text)
    (place / "event-1.json.part").rename(place / "event-1.json")
    later, _ = swept(folder.edms, cursor)

    assert list(place.glob("*.broken*")) == []
    assert [one.event.key for one in first] == [f"{place.name}/event-3"]
    assert [one.event.key for one in later] == [f"{place.name}/event-1", f"{place.name}/event-2"]


BROKEN = {
    "no JSON": "{",
    "no object": "[]",
    "not UTF-8": json.dumps({**FORWARDED, "text": "ж"}, ensure_ascii=False).encode("cp1251"),
    "no such kind": json.dumps({**FORWARDED, "kind": "danced"}),
    "a kind of ours": json.dumps({**FORWARDED, "kind": "registered"}),
    "no addressee": json.dumps({"kind": "forwarded", "at": "2026-11-22T10:00:00+03:00"}),
    "no time zone": json.dumps({**FORWARDED, "at": "2026-11-22T10:00:00"}),
    "too deep": "[" * 100_000,
    "half a pair": '{"kind": "withdrawn", "text": "\\ud800"}',
    "too long": json.dumps({**FORWARDED, "text": "x" * (5 << 20)}),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_file_is_set_aside_with_a_finding_and_the_others_go_on(folder: Folder, wrong: str) -> None:
    place, other = package(folder), package(folder, 1)
    write(place / "event-1.json", BROKEN[wrong])
    put(place, "event-2.json", FORWARDED)
    put(other, "event-1.json", FORWARDED)
    told, cursor = swept(folder.edms)

    assert {one.event.key for one in told} == {f"{place.name}/event-2", f"{other.name}/event-1"}
    assert {"event-1.json.broken", "event-1.json.broken.txt"} <= set(os.listdir(place))
    assert not (place / "event-1.json").exists()
    (finding,) = [one for one in folder.edms.check().findings if not one.ok]
    assert f"{place.name}/event-1.json.broken" in finding.detail
    put(place, "event-1.json", FORWARDED)
    assert [one.event.key for one in swept(folder.edms, cursor)[0]] == [f"{place.name}/event-1"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "link to nothing", "link in a circle"])
def test_what_is_no_plain_file_is_set_aside_and_never_waited_for(folder: Folder, kind: str) -> None:
    place, other = package(folder), package(folder, 1)
    (folder.home / "secret.json").write_text(json.dumps(FORWARDED))
    target = {
        "link": folder.home / "secret.json",
        "link to nothing": Path("nothing"),
        "link in a circle": "event-1.json",
    }
    if kind == "folder":
        (place / "event-1.json").mkdir()
    elif kind == "pipe":
        os.mkfifo(place / "event-1.json")
    else:
        (place / "event-1.json").symlink_to(target[kind])
    os.utime(place / "event-1.json", LONG_AGO, follow_symlinks=False)
    put(other, "event-1.json", FORWARDED)

    assert [one.event.key for one in swept(folder.edms)[0]] == [f"{other.name}/event-1"]
    assert (place / "event-1.json.broken.txt").is_file()


def test_many_who_read_at_once_hear_each_file_once_in_one_order(folder: Folder) -> None:
    places = [package(folder, place) for place in range(4)]
    adapters = [folder.open() for _ in range(4)]

    def act(turn: int) -> list[EdmsEvent]:
        put(places[turn % 4], f"event-{turn}.json", FORWARDED)
        return swept(adapters[turn % 4])[0]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(act, range(32)))
    last, _ = swept(folder.edms)

    assert len(last) == len({one.event.key for one in last}) == 32
    assert all(one == last[: len(one)] for one in told)
    assert all(f"/event-{turn}" in repr([one.event.key for one in seen]) for turn, seen in enumerate(told))


def test_unknown_keys_and_a_mark_before_the_text_do_no_harm(folder: Folder) -> None:
    place = package(folder)
    text = json.dumps({**FORWARDED, "colour": "green", "to": {**FORWARDED["to"], "shoes": 42}})  # type: ignore[dict-item]
    write(place / "event-1.json", b"\xef\xbb\xbf" + text.encode())

    assert happened(folder) == [EventKind.FORWARDED]
    assert (place / "event-1.json").read_bytes() == b"\xef\xbb\xbf" + text.encode()


def test_folders_and_files_that_are_not_ours_are_let_be(folder: Folder) -> None:
    (folder.incoming / "somebody").mkdir()
    write(folder.incoming / "somebody" / "event-1.json", "{")
    write(folder.incoming / "note.txt", "hello")
    write(package(folder) / "other.json", "{")

    assert happened(folder) == []
    assert (folder.incoming / "somebody" / "event-1.json").is_file()
    assert folder.edms.check().ok


def test_a_registration_needs_a_number_and_a_date(folder: Folder) -> None:
    place = package(folder)
    for wrong in (
        {},
        {"number": "ВХ-1"},
        {"number": {"text": "ВХ-1"}},
        {"number": {"text": " ", "date": "2026-11-22"}},
    ):
        write(place / "registered.json", json.dumps(wrong))
        assert isinstance(register(folder.edms, nth(0), "ex-0"), Waiting)
        assert "number" in (place / "registered.json.broken.txt").read_text()
    number = folder.take_up(register(folder.edms, nth(0), "ex-0").ref)

    made = register(folder.edms, nth(0), "ex-0")
    assert isinstance(made, Registration)
    assert made.number == number


def test_what_was_decided_first_stands(folder: Folder) -> None:
    made = registered(folder)
    refused = folder.incoming / register(folder.edms, nth(2), "ex-2").ref
    swept(folder.edms)
    write(folder.incoming / made.ref / "refused.json", '{"text": "не к нам"}')
    put(refused, "refused.json", {"text": "не к нам"})
    swept(folder.edms)
    write(refused / "registered.json", '{"number": {"text": "9", "date": "2026-11-22"}}')
    told = [one.event.kind for one in swept(folder.edms)[0]]

    assert told == [EventKind.REGISTERED, EventKind.REFUSED]
    assert (folder.incoming / made.ref / "refused.json.broken").is_file()
    assert (refused / "registered.json.broken").is_file()


def test_a_crash_between_hearing_and_noting_tells_the_registration_all_the_same(folder: Folder) -> None:
    ref = register(folder.edms).ref
    number = folder.take_up(ref)
    folder.open().journal.settle(ExchangeId("ex-1"), Registration(ref, number, True))  # settled, and not heard

    told = [one.event for one in swept(folder.edms)[0]]
    assert [(one.kind, one.number, one.card) for one in told] == [(EventKind.REGISTERED, number, ref)]


def test_what_waits_longer_than_the_deadline_is_named(folder: Folder) -> None:
    place = package(folder)
    assert folder.edms.check().ok
    assert list(folder.edms.lacking()) == []
    os.utime(place / "document.json", LONG_AGO)
    (lacking,) = folder.edms.lacking()
    assert place.name in lacking.detail
    assert not folder.edms.check().ok
    folder.take_up(register(folder.edms, nth(0), "ex-0").ref)

    assert list(folder.edms.lacking()) == []


# --- numbers of ours --------------------------------------------------------------------------------------------------


def test_our_numbers_are_of_the_form_and_begin_anew_every_year(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    written = {"incoming_folder": str(tmp_path / "in"), "numbers": "ours", "number_format": "ВХ-{n:03}/{year}"}
    edms = ADAPTER.open(
        options_for(ADAPTER, written), Surroundings(tmp_path / "own", ZoneInfo("UTC"), Hands(), nothing_fails)
    )
    days = (TODAY, TODAY, date(2027, 1, 1), TODAY)
    made = [register(edms, nth(place), f"ex-{place}", register_on=on) for place, on in enumerate(days)]
    edms.close()

    assert [one.number for one in made if isinstance(one, Registration)] == [
        Number("ВХ-001/2026", TODAY),
        Number("ВХ-002/2026", TODAY),
        Number("ВХ-001/2027", date(2027, 1, 1)),
        Number("ВХ-003/2026", TODAY),
    ]
    assert json.loads((tmp_path / "own" / "counter-2026.json").read_text())["last"] == 3


def test_a_number_goes_to_its_taker_though_others_came_before_he_noted_it(numbered: Folder) -> None:
    with pytest.raises(Broken):
        register(numbered.open(breaking_at("folder-register:numbered")), nth(1), "ex-1")
    later = registered(numbered, nth(2), "ex-2")
    own = numbered.home / "own"
    notes = numbered.open().journal
    notes.clear("ex-1")  # as if it was killed before the note
    (own / "counter-2026.json").write_text('{"last": 1, "holder": "ex-1"}')
    third = registered(numbered, nth(3), "ex-3")

    assert (later.number.text, third.number.text, notes.noted("ex-1")) == ("2", "2", {"number": "1"})


def test_a_system_that_answers_our_number_with_another_is_told_so(numbered: Folder) -> None:
    place = package(numbered)
    write(place / "registered.json", '{"number": {"text": "other", "date": "2026-11-22"}}')
    assert happened(numbered) == []
    assert "renumbered" in (place / "registered.json.broken.txt").read_text()
    put(place, "registered.json", {})

    assert happened(numbered) == [EventKind.REGISTERED]


@pytest.mark.parametrize("wrong", ["7", "{m}", "{n", "{n.real.x}", "{year}"])
def test_a_form_of_numbers_that_gives_none_is_a_complaint(wrong: str) -> None:
    with pytest.raises(AdapterError, match=r"edms\.options\.number_format: .*; .*"):
        options_for(adapter_called("folder"), {"incoming_folder": "in", "number_format": wrong})


# --- going out --------------------------------------------------------------------------------------------------------


def ready(folder: Folder, **rest: object) -> Path:
    """Let the system put a package with one file, and *rest* in its JSON; return it."""
    ref = folder.send("О сверке", {"Письмо.pdf": b"%PDF"})
    place = folder.outgoing / ref
    whole_json = {**json.loads((place / "document.json").read_text()), **rest}
    write(place / "document.json", json.dumps(whole_json))
    return place


def one_refused(folder: Folder, place: Path) -> str:
    assert list(folder.edms.outgoing()) == []
    state = json.loads((place / "state.json").read_text())
    assert state["state"] == "refused"
    return str(state["detail"])


NOT_IN_THE_PACKAGE = ("../secret", "/etc/hostname", "..\\secret", "sub/1.bin", "nowhere.bin", "", "..", "a:b", "link")


@pytest.mark.parametrize("name", NOT_IN_THE_PACKAGE)
def test_only_files_of_the_package_itself_are_sent(folder: Folder, name: str) -> None:
    (folder.outgoing / "secret").write_text("secret")
    place = ready(folder, files=[{"file": name}])
    (place / "link").symlink_to(folder.outgoing / "secret")

    assert "file" in one_refused(folder, place)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ({"document": {"subject": "x"}}, "document.uid"),
        ({"to": ""}, "to"),
        ({"answers": "nothing"}, "answers"),
        ({"files": [{"file": "1.bin", "sha256": "0" * 64}]}, "sha256"),
        ({"files": [{"file": "1.bin", "size": 3}]}, "size"),
        ({"files": [{"file": "1.bin"}, {"file": "1.bin"}]}, "same name"),
        ({"files": [{"file": "1.bin", "signature_of": "2.bin"}]}, "signature_of"),
    ],
)
def test_a_package_that_is_wrong_is_answered_with_what_is_wrong(
    folder: Folder, rest: dict[str, object], told: str
) -> None:
    place, right = ready(folder, **rest), folder.send("О деле", {"a.pdf": b"%PDF"})
    assert [one.ref for one in folder.edms.outgoing()] == [right]
    assert told in one_refused_beside(folder, place)
    good = json.loads((folder.outgoing / right / "document.json").read_text())
    write(place / "document.json", json.dumps(good))
    (place / "state.json").unlink()

    assert [one.ref for one in folder.edms.outgoing()] == [place.name, right]


def one_refused_beside(folder: Folder, place: Path) -> str:
    return str(json.loads((place / "state.json").read_text())["detail"])


def test_a_package_whose_json_is_half_written_waits_for_the_rest(folder: Folder) -> None:
    place = ready(folder)
    text = (place / "document.json").read_text()
    (place / "document.json").write_text(text[:40])
    assert list(folder.edms.outgoing()) == []
    assert not (place / "state.json").exists()
    (place / "document.json").write_text(text)

    assert [one.ref for one in folder.edms.outgoing()] == [place.name]


def test_an_answer_names_the_package_it_answers_and_files_come_with_their_signatures(folder: Folder) -> None:
    made = registered(folder)
    listed = [{"file": "1.bin", "name": "Ответ.pdf", "role": "text"}, {"file": "s.sig", "signature_of": "1.bin"}]
    place = ready(folder, answers=made.ref, files=listed, card="4711")
    (place / "s.sig").write_bytes(b"signature")

    (one,) = folder.edms.outgoing()
    assert (one.answers, one.card, one.to) == ("ex-1", "4711", BEREG)
    (file,) = one.document.files
    (signature,) = file.signatures
    assert (file.name, bytes_of(one, file.sha256)) == ("Ответ.pdf", b"%PDF")
    assert (signature.name, bytes_of(one, signature.sha256)) == ("s.sig", b"signature")


def bytes_of(one: Outgoing, digest: object) -> bytes:
    return whole(one.contents[digest], 100)  # type: ignore[index]  # a missing one fails here


def test_keys_that_others_wrote_into_the_state_stay(folder: Folder) -> None:
    place = ready(folder)
    put(place, "state.json", {"seen by": "import"})
    folder.edms.mark(place.name, OutgoingState.TAKEN, "", MORNING)

    state = json.loads((place / "state.json").read_text())
    assert (state["seen by"], state["state"], state["at"]) == ("import", "taken", "2026-11-22T06:00:00Z")


def test_what_is_taken_back_and_sent_anew_is_what_the_folder_says(folder: Folder) -> None:
    place = ready(folder)
    put(place, "withdraw.json", {"why": "ошибка"})
    folder.edms.mark(place.name, OutgoingState.CANCELLED, "", MORNING)
    assert list(folder.edms.outgoing()) == []
    (place / "withdraw.json").unlink()
    (place / "state.json").unlink()

    assert [one.ref for one in folder.edms.outgoing()] == [place.name]


def test_news_broken_between_writing_and_noting_are_written_once_and_in_order(folder: Folder) -> None:
    place = ready(folder)
    for _ in range(2):
        with pytest.raises(Broken):
            folder.open(breaking_at(RECORD[0])).record(place.name, NEWS)
    folder.edms.record(place.name, NEWS)

    names = sorted(one.name for one in place.glob("news-*.json"))
    assert [name.split("-")[1] for name in names] == [f"{nth:04}" for nth in range(1, len(NEWS) + 1)]
    assert [json.loads((place / name).read_text())["key"] for name in names] == [one.key for one in NEWS]


def test_news_that_the_system_took_away_do_not_come_again(folder: Folder) -> None:
    place = ready(folder)
    folder.edms.record(place.name, NEWS[:2])
    for one in place.glob("news-*.json"):
        one.unlink()
    folder.edms.record(place.name, NEWS[:3])

    (left,) = place.glob("news-*.json")
    assert left.name.startswith("news-0003-")


def test_files_that_executors_reported_with_lie_beside_the_news(folder: Folder) -> None:
    place = ready(folder)
    person = Party(person=Person("Берегова Т. К."))
    lost = replace(file_of(Held(b"lost")), name="Нет.pdf")
    executor = Executor(person, files=(file_of(PLAN, "Отчёт.pdf"), lost), text="готово")
    task = Task(TaskUid("t-1"), executors=(executor,))
    event = Event(EventKind.EXECUTOR_REPORTED, EventKey("reported"), MORNING, task=task, executor=executor)
    folder.edms.record(place.name, [event], {PLAN.sha256: PLAN})

    (news,) = place.glob("news-*.json")
    (listed,) = json.loads(news.read_text())["files"]
    assert listed["name"] == "Отчёт.pdf"
    assert (place / listed["file"]).read_bytes() == PLAN.data


def test_without_an_outgoing_folder_nothing_goes_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    options = options_for(ADAPTER, {"incoming_folder": str(tmp_path / "in"), "deadline": "2 days"})
    edms = ADAPTER.open(options, Surroundings(tmp_path / "own", ZoneInfo("UTC"), Hands(), nothing_fails))

    assert options.deadline == timedelta(days=2)
    assert (edms.outgoing(), edms.withdrawals(), edms.dispatches(None)) == ((), (), ())
    assert edms.check().ok
    with pytest.raises(NotOffered):
        edms.mark("1", OutgoingState.TAKEN)
    edms.close()


# --- forms ------------------------------------------------------------------------------------------------------------


def test_the_schema_beside_the_page_is_that_of_the_forms() -> None:
    assert (ROOT / "docs" / "edms-folder.schema.json").read_text(encoding="utf-8") == schema()


def test_every_form_is_in_the_schema_and_every_reference_leads_somewhere() -> None:
    found = json.loads(schema())
    assert set(found["forms"]) == set(FORMS)
    named = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(found)))

    assert named == set(found["$defs"])


def test_every_kind_of_event_can_be_written_or_is_written_by_another_file() -> None:
    kinds = set(Happened.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]  # a Literal

    assert kinds == {kind.value for kind in EventKind} - {"received", "registered", "refused", "no_longer_reported"}
