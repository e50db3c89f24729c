# SPDX-License-Identifier: GPL-3.0-or-later
"""Minsk sends its people, Moscow's administrator looks and decides, Minsk sees what came of it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.build import build
from gateway.cli import main
from gateway.content import Held
from gateway.dialects import by_name
from gateway.directories import MAX_IN_MESSAGE, index_of, updates_of
from gateway.edms_adapter import BUILT_IN
from gateway.edms_adapter.registry import people
from gateway.envelope import Wrapping, seal, unseal
from gateway.errors import Reason
from gateway.inbound.worker import Worker
from gateway.journal import entries, schema
from gateway.journal.entries import Entry, State
from gateway.model import (
    Content,
    Department,
    DirectoryUpdate,
    Listing,
    Message,
    MessageId,
    Organisation,
    Party,
    Person,
    ReturnId,
)
from gateway.ports import Official
from tests.story.offices import BEGINNING, HandPost, Town, TownOffice, town

MINSK = Organisation("Исполком, отделение в Минске", index="EX-MINSK")
MOSCOW = Organisation("Исполком, отделение в Москве", index="EX-MOSCOW")
GUID = ("5f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", "6a1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0")
OZYORNY, TIKHAYA = "Озёрный Глеб Романович", "Тихая Дарья Марковна"
WHERE = (
    *(pytest.param(f"directory:{name}", marks=pytest.mark.thorough) for name in ("waiting", "planned", "finishing")),
    "directory:applied",
)
SEND = ("directory", "send", "--partner", "moscow")


def typed(office: TownOffice, *words: str) -> Result:
    """Type a command in *office*, by its own configuration."""
    return CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), *words])


def done(office: TownOffice, *words: str) -> str:
    """Type a command that succeeds; return what it printed."""
    result = typed(office, *words)
    assert result.exit_code == 0, result.output
    return result.output


def theirs(office: TownOffice, index: str = "EX-MINSK") -> dict[str, tuple[str, str, bool]]:
    """Return whom *office* knows at its partner: name, post and whether they left, by index."""
    with people.at_work(office.registry) as work:
        found = people.partner_people(work, index)
    return {one.exchange_index: (one.name, one.post or "", bool(one.dismissed)) for one in found}


def waiting(office: TownOffice) -> list[Entry]:
    return [one for one in office.incoming() if one.state is State.WAITING]


def line(
    index: str, name: str, post: str = "", *, deleted: bool = False, of: Organisation = MINSK, department: str = ""
) -> Listing:
    where = Department(department) if department else None
    return Listing(Party(of, where, Person(name, post, index=index)), deleted)


def update(*listings: Listing, id: str = "a" * 32, at: datetime = BEGINNING) -> bytes:
    """Return a letter with a directory of Minsk's, as its gateway would write it."""
    body = DirectoryUpdate(listings)
    message = Message(MessageId(id), ReturnId(id), at, Party(MINSK), (Party(MOSCOW),), body, "sev")
    return sealed(message)


def sealed(message: Message) -> bytes:
    ends = ("edms@minsk.example", "edms@moscow.example")
    wrapping = Wrapping(*ends, message.sent_at, f"{message.id}@minsk.example", "", "", automatic=False)
    return b"".join(seal(by_name("sev").write(message), {}, wrapping, NoSink))


def NoSink() -> Any:  # stands for a class; Any: nothing is put there
    raise AssertionError("a directory has no files")


def received(office: TownOffice, letter: bytes, **how: Any) -> Entry:
    number = office.receive(letter, "edms@minsk.example", **how)
    office.work()
    return office.entry(number)


def passports(office: TownOffice) -> list[str]:
    """Return the names of the passports *office* put into the post, in order."""
    return [part.get_filename() or "" for mail in office.sent() for part in mail.walk() if part.get_filename()]


# --- the conversation ---------------------------------------------------------------------------------------------


def test_minsk_sends_its_people_moscow_applies_them_and_minsk_sees_what_came_of_it(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    assert "2 people, 0 who left" in done(minsk, *SEND)
    offices.settle()
    (entry,) = waiting(moscow)
    assert (entry.reason, entry.partner, theirs(moscow)) == (Reason.DIRECTORY, "minsk", {})
    assert "minsk" in done(moscow, "directory", "received")
    assert "edms-gateway directory received" in typed(moscow, "status").output
    shown = done(moscow, "directory", "show", str(entry.id))
    assert f"added      M-01  {OZYORNY}" in shown
    assert f"directory apply {entry.id}" in shown
    assert (theirs(moscow), passports(moscow)) == ({}, [])

    done(moscow, "directory", "apply", str(entry.id))
    offices.settle()

    assert theirs(moscow) == {
        "M-01": (OZYORNY, "Заместитель председателя", False),
        "M-02": (TIKHAYA, "Делопроизводитель", False),
    }
    assert (moscow.entry(entry.id).state, waiting(moscow)) == (State.DONE, [])
    assert "added 2, changed 0, dismissed 0" in done(minsk, "directory", "sent")
    assert (passports(minsk), passports(moscow)) == (["SyncInfo.xml"], ["SyncReport.xml"])
    assert done(moscow, "directory", "received").strip() == "no partner's directory waits"
    assert "apply by" in done(moscow, "quarantine", "show", str(entry.id))


def test_who_left_is_told_and_what_was_not_said_of_the_others_stays(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    known = Official("M-02", TIKHAYA, "Делопроизводитель", "Канцелярия", "M-01", True)
    moscow.parts.edms.import_people("EX-MINSK", (Official("M-01", OZYORNY), known, Official("M-09", "Давний И. И.")))
    done(minsk, *SEND)
    offices.settle()
    done(moscow, "directory", "apply", str(waiting(moscow)[0].id))
    offices.settle()
    with people.at_work(minsk.registry) as work:
        people.dismiss(work, "Озёрный", date(2026, 3, 1))
        people.rename(work, "Тихая", "Громкая Дарья Марковна")
    assert "1 people, 1 who left" in done(minsk, *SEND)
    offices.settle()
    (entry,) = waiting(moscow)
    shown = done(moscow, "directory", "show", str(entry.id))

    done(moscow, "directory", "apply", str(entry.id))
    offices.settle()

    assert f"changed    M-02  Громкая Дарья Марковна: name {TIKHAYA} → Громкая Дарья Марковна\n" in shown
    assert {index: (name, left) for index, (name, _, left) in theirs(moscow).items()} == {
        "M-01": (OZYORNY, True),
        "M-02": ("Громкая Дарья Марковна", False),
        "M-09": ("Давний И. И.", False),
    }
    with people.at_work(moscow.registry) as work:
        (clerk,) = (one for one in people.partner_people(work, "EX-MINSK") if one.exchange_index == "M-02")
    assert (clerk.deputy_index, bool(clerk.is_head)) == ("M-01", True)
    assert "added 0, changed 1, dismissed 1" in done(minsk, "directory", "sent")


def test_a_declined_directory_changes_nothing_and_its_sender_hears_that_alone(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    done(minsk, *SEND)
    offices.settle()

    done(moscow, "directory", "decline", str(waiting(moscow)[0].id), "--why", "не согласовано с кадрами")
    offices.settle()

    assert theirs(moscow) == {}
    assert "declined, or nothing to change there" in done(minsk, "directory", "sent")
    assert passports(moscow) == ["SyncReport.xml"]
    said = b"".join(data for sender, _, data in offices.post.carried if sender == moscow.address)
    opened = unseal([said], lambda: moscow.parts.journal.blobs.sink())
    assert not any(
        "кадрами" in b"".join(part.content.blocks()).decode("utf-8", "replace") for part in opened.letter.parts
    )


# --- order and repetition -----------------------------------------------------------------------------------------


def test_updates_are_applied_in_the_order_in_which_they_were_sent(offices: Town) -> None:
    moscow = offices.moscow
    later = received(moscow, update(line("M-01", "Новая А. А."), id="b" * 32, at=BEGINNING + timedelta(hours=1)))
    earlier = received(moscow, update(line("M-01", "Старая А. А."), line("M-02", "Вторая Б. Б.")))
    refused = typed(moscow, "directory", "apply", str(later.id))
    assert (refused.exit_code, f"letter {earlier.id} was sent before it" in refused.output) == (1, True)

    for entry in (earlier, later):
        done(moscow, "directory", "apply", str(entry.id))
        offices.settle()

    assert {index: name for index, (name, _, _) in theirs(moscow).items()} == {
        "M-01": "Новая А. А.",
        "M-02": "Вторая Б. Б.",
    }


def test_an_old_update_never_overwrites_a_newer_one(offices: Town) -> None:
    moscow = offices.moscow
    later = received(moscow, update(line("M-01", "Новая А. А."), id="b" * 32, at=BEGINNING + timedelta(hours=1)))
    done(moscow, "directory", "apply", str(later.id))
    offices.settle()
    earlier = received(moscow, update(line("M-01", "Старая А. А.")))
    refused = typed(moscow, "directory", "apply", str(earlier.id))
    with moscow.parts.journal.write() as tx:  # two administrators at once: the second was not yet told
        entries.decide(tx, earlier.id, apply=True, who="somebody", why="in a hurry", now=moscow.clock.now())
    offices.settle()

    assert "a newer one was applied" in refused.output
    assert theirs(moscow)["M-01"][0] == "Новая А. А."
    assert moscow.entry(earlier.id).state is State.WAITING
    done(moscow, "directory", "decline", str(earlier.id), "--why", "came too late")
    offices.settle()
    assert moscow.entry(earlier.id).state is State.DONE


def test_a_repeated_letter_is_a_duplicate_and_hears_the_very_same_answer(offices: Town) -> None:
    moscow = offices.moscow
    letter = update(line("M-01", "Первая А. А."))
    entry = received(moscow, letter)
    assert received(moscow, letter).kind == "duplicate"
    assert passports(moscow) == []
    done(moscow, "directory", "apply", str(entry.id))
    offices.settle()
    offices.clock.advance(hours=1)

    again = received(moscow, letter)
    offices.settle()

    assert (again.state, again.kind, len(waiting(moscow))) == (State.DONE, "duplicate", 0)
    first, second = (data for sender, _, data in offices.post.carried if sender == moscow.address)
    assert first == second


def test_another_directory_under_an_id_that_came_before_is_a_conflict(offices: Town) -> None:
    received(offices.moscow, update(line("M-01", "Первая А. А.")))
    other = received(offices.moscow, update(line("M-01", "Другая А. А.")))
    assert (other.state, other.reason) == (State.PARKED, Reason.CONFLICT)

    done(offices.moscow, "quarantine", "fix", str(other.id), "--accept", "--why", "asked them")
    offices.settle()

    assert (offices.moscow.entry(other.id).state, len(waiting(offices.moscow))) == (State.WAITING, 2)


@pytest.mark.parametrize(
    "where", ["directory:waiting", "directory:planned", "directory:applied", "directory:finishing"]
)
def test_a_crash_at_any_moment_changes_neither_what_is_applied_nor_what_is_told(offices: Town, where: str) -> None:
    moscow = offices.moscow
    died = []

    def die(name: str) -> None:
        if name == where:
            died.append(name)
            raise KeyboardInterrupt

    def let_die() -> None:
        dying = Worker("dying", replace(moscow.parts.desk(), failpoint=die), offices.clock.now, max_seconds=60)
        try:
            dying.work()
        except KeyboardInterrupt:
            offices.clock.advance(minutes=11)  # the dead worker's lease runs out
        offices.settle()

    moscow.parts.edms.import_people("EX-MINSK", (Official("M-02", "Была Б. Б."), Official("M-03", "Ушла В. В.")))
    moscow.receive(
        update(line("M-01", "Новая А. А."), line("M-02", "Есть Б. Б."), line("M-03", "", deleted=True)),
        "edms@minsk.example",
    )
    let_die()
    done(moscow, "directory", "apply", str(waiting(moscow)[0].id))
    let_die()

    assert died == [where]
    found = {index: (name, left) for index, (name, _, left) in theirs(moscow).items()}
    assert found == {"M-01": ("Новая А. А.", False), "M-02": ("Есть Б. Б.", False), "M-03": ("Ушла В. В.", True)}
    assert passports(moscow) == ["SyncReport.xml"]
    (told,) = (one for one in offices.minsk.incoming() if one.kind == "directory_result")
    assert told.state is State.PARKED  # nobody in Minsk sent one: it is only looked at
    assert results_of(offices.post) == [["Добавлен"], ["Изменено поле ФИО"], ["Лог. удален/восстановлен"]]


def results_of(post: HandPost) -> list[list[str]]:
    """Return the results of the only SyncReport in the post, line by line."""
    (data,) = (data for sender, _, data in post.carried if sender == "edms@moscow.example")
    contents: list[bytes] = []

    class Sink:
        def __init__(self) -> None:
            self.data = b""

        def write(self, block: bytes) -> None:
            self.data += block

        def close(self) -> Content:
            contents.append(self.data)
            return Held(self.data)

        def discard(self) -> None:
            return

    unseal([data], Sink)
    (xml,) = (content.decode("utf-8-sig") for content in contents if b"SyncReport" in content)
    return [
        [word.split("</Result>")[0] for word in entry.split("<Result>")[1:]]
        for entry in xml.split("<ResultContact>")[1:]
    ]


# --- who may, and what cannot -------------------------------------------------------------------------------------


def test_a_stranger_hears_nothing_and_waits_nowhere(offices: Town) -> None:
    entry = received(offices.moscow, update(line("M-01", "Чужая А. А.")), peer="203.0.113.7")
    offices.settle()

    assert (entry.state, waiting(offices.moscow), offices.post.carried) == (State.PARKED, [], [])
    assert entry.reason in (Reason.NO_PROOF, Reason.STRANGER)


def test_of_an_observed_partner_a_directory_is_only_looked_at(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"mode": "observe"}) as offices:
        entry = received(offices.moscow, update(line("M-01", "Первая А. А.")))
        offices.settle()

        assert (entry.state, entry.reason, entry.kind) == (State.PARKED, Reason.OBSERVED, "directory")
        assert (theirs(offices.moscow), offices.post.carried) == ({}, [])
        assert '"would": "directory"' in done(offices.moscow, "report", "observe", "--json")


def test_lines_that_nobody_can_be_made_of_are_named_and_left_out(offices: Town) -> None:
    moscow = offices.moscow
    department = Listing(Party(MINSK, Department("Канцелярия", index="D-1")))
    entry = received(
        moscow,
        update(
            line("M-01", "Первая А. А."),
            line("", "Без Индекса И. И."),
            line("M-02", "Одна О. О."),
            line(" m-02 ", "Другая Д. Д."),
            line("M-03", "Никто Н. Н.", deleted=True),
            line("X-01", "Чужой Ч. Ч.", of=Organisation("Чужие", index="EX-OTHER")),
            line("M-04", "", "Секретарь"),
            line("M-05", "Д" * 300),
            department,
        ),
    )
    shown = done(moscow, "directory", "show", str(entry.id))
    assert "Без Индекса И. И.: has no exchange index" in shown
    assert shown.count("stands there more than once") == 2
    assert "EX-OTHER, which is not this partner's" in shown
    assert "name has 300 characters" in shown
    assert "departments are not kept" in shown

    done(moscow, "directory", "apply", str(entry.id))
    offices.settle()

    assert theirs(moscow) == {"M-01": ("Первая А. А.", "", False), "M-04": ("Секретарь", "Секретарь", False)}
    assert results_of(offices.post) == [["Добавлен"], ["Добавлен"]]


def test_an_edms_that_takes_no_directories_in_says_so_and_the_directory_waits(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        moscow = offices.moscow
        entry = received(moscow, update(line("M-01", "Первая А. А.")))
        with people.at_work(moscow.registry) as work:
            people.rows(work, "update correspondent set exchange_index = 'OTHER-INDEX' returning id")
        refused = typed(moscow, "directory", "apply", str(entry.id))
        assert (refused.exit_code, "EX-MINSK" in refused.output) == (1, True)
        with moscow.parts.journal.write() as tx:  # as if it had vanished after the administrator looked
            entries.decide(tx, entry.id, apply=True, who="somebody", why="approved", now=moscow.clock.now())
        offices.settle()

        left = moscow.entry(entry.id)
        assert (left.state, left.reason, passports(moscow)) == (State.WAITING, Reason.DIRECTORY, [])
        assert "knows no correspondent" in left.detail


def test_a_directory_for_somebody_else_is_parked(offices: Town) -> None:
    message = Message(
        MessageId("c" * 32), ReturnId("c" * 32), BEGINNING, Party(MINSK),
        (Party(Organisation("Другие", index="EX-OTHER")),), DirectoryUpdate((line("M-01", "А"),)), "sev",
    )  # fmt: skip
    wrapping = Wrapping(
        "edms@minsk.example", "edms@moscow.example", BEGINNING, "c@minsk.example", "", "", automatic=False
    )
    letter = b"".join(seal(by_name("sev").write(message), {}, wrapping, NoSink))
    entry = received(offices.moscow, letter)

    assert (entry.state, entry.reason) == (State.PARKED, Reason.NOT_FOR_US)


@pytest.mark.parametrize("dialect", ["gost2010", "medo", "smdo"])
def test_a_partner_whose_standard_has_no_directories_is_sent_none(tmp_path: Path, dialect: str) -> None:
    codes = {"office": f'codes = {{ medo = "{GUID[0]}" }}', "partner": f'codes = {{ "EX-MOSCOW" = "{GUID[1]}" }}'}
    of_medo = codes if dialect == "medo" else {}
    with town(tmp_path, minsk={"channel": f'dialect = "{dialect}"', **of_medo}) as offices:
        result = typed(offices.minsk, *SEND)

        assert (result.exit_code, "has no message for a directory of people" in result.output) == (1, True)
        assert offices.minsk.outgoing() == []


def test_nobody_with_an_index_is_nobody_to_send(offices: Town) -> None:
    with people.at_work(offices.minsk.registry) as work:
        people.rows(work, "update person set exchange_index = '' returning id")
    result = typed(offices.minsk, *SEND)

    assert (result.exit_code, "nobody in EX-MINSK has an exchange index" in result.output) == (1, True)


def test_a_result_of_a_directory_that_another_partner_was_sent_is_forged(offices: Town) -> None:
    done(offices.minsk, *SEND)
    (sent,) = offices.minsk.outgoing()
    offices.settle()
    done(offices.moscow, "directory", "apply", str(waiting(offices.moscow)[0].id))
    with offices.minsk.parts.journal.write() as tx:
        tx.execute(schema.entries.update().where(schema.entries.c.id == sent.id).values(partner="somebody"))
    offices.settle()

    (told,) = (one for one in offices.minsk.incoming() if one.kind == "directory_result")
    assert (told.state, told.reason) == (State.PARKED, Reason.FORGED)


def test_an_edms_without_partners_people_has_the_directory_wait_and_says_what_is_missing(offices: Town) -> None:
    moscow = offices.moscow
    mapping = moscow.home / "without.toml"
    whole = BUILT_IN.joinpath("registry.toml").read_text("utf-8")
    before, _, rest = whole.partition("[partner_people]")
    mapping.write_text(before + rest[rest.index("# --- a registered document") :], "utf-8")
    config = moscow.home / "gateway.toml"
    config.write_text(config.read_text("utf-8").replace('"registry"', f'"{mapping}"'), "utf-8")
    entry = received(moscow, update(line("M-01", "Первая А. А.")))
    refused = typed(moscow, "directory", "show", str(entry.id))
    with moscow.parts.journal.write() as tx:  # as if the mapping had lost it after the administrator looked
        entries.decide(tx, entry.id, apply=True, who="somebody", why="approved", now=moscow.clock.now())
    edms = moscow.settings.edms.model_copy(update={"mapping": str(mapping)})
    parts = build(moscow.settings.model_copy(update={"edms": edms}), offices.clock)
    try:
        Worker("other", parts.desk(), offices.clock.now, max_seconds=60).work()
    finally:
        parts.close()

    assert (refused.exit_code, "the mapping has no [partner_people]" in refused.output) == (78, True)
    left = moscow.entry(entry.id)
    assert (left.state, "takes no directories in: the mapping has no [partner_people]" in left.detail) == (
        State.WAITING,
        True,
    )


def test_two_of_ours_with_one_index_are_named_and_nothing_goes(offices: Town) -> None:
    with people.at_work(offices.minsk.registry) as work:
        people.rows(work, "update person set exchange_index = 'M-01' returning id")
    result = typed(offices.minsk, *SEND)

    assert (result.exit_code, "have the same index M-01" in result.output) == (1, True)
    assert offices.minsk.outgoing() == []


@pytest.mark.thorough
def test_many_people_go_in_several_messages_and_are_all_there() -> None:
    many = [Official(f"N-{number}", f"Человек {number}") for number in range(MAX_IN_MESSAGE + 1)]
    parts = updates_of(Party(MINSK), many, {"N-GONE": "Ушёл У. У.", "n-0 ": "Человек 0"})

    assert [len(part.listings) for part in parts] == [MAX_IN_MESSAGE, 2]
    assert [index_of(listing) for part in parts for listing in part.listings if listing.deleted] == ["N-GONE"]
    message = Message(MessageId("m"), ReturnId("m"), BEGINNING, Party(MINSK), (Party(MOSCOW),), parts[0], "sev")
    assert by_name("sev").read(by_name("sev").write(message).passport, ()).message == message


@pytest.mark.thorough
def test_more_people_than_a_directory_may_hold_are_not_sent(offices: Town) -> None:
    hundreds = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50001)"
    with people.at_work(offices.minsk.registry) as work:
        people.rows(
            work,
            f"{hundreds} insert into person (office_id, department_id, name, post, exchange_index)"
            " select office_id, department_id, 'Человек ' || i, post, 'N-' || i from n, (select * from person limit 1)"
            " returning id",
        )
    result = typed(offices.minsk, *SEND)

    assert (result.exit_code, "more than 50000 people" in result.output) == (1, True)
    assert offices.minsk.outgoing() == []
