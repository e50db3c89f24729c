# SPDX-License-Identifier: GPL-3.0-or-later
"""A clerk's desk on the command line: every act of the papers, in words, in the registry's database only."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.desk import main
from gateway.model import Event, EventKey, EventKind, Number, Organisation, Party, Task, TaskUid
from gateway.ports import OutgoingState, Waiting
from tests.edms_adapter.desk import BEREG, MORNING, TODAY, Desk, letter, to


def at(desk: Desk, *words: str | int | Path) -> Result:
    """Type a command at the desk of that registry."""
    return CliRunner().invoke(main, [desk.url, *map(str, words)])


def said(desk: Desk, *words: str | int | Path) -> str:
    done = at(desk, *words)
    assert done.exit_code == 0, done.output
    return done.output


def paper(desk: Desk, uid: str = "doc-1", number: str = "14/3") -> int:
    """A document comes and waits; return its card."""
    made = desk.register(letter(uid, number), f"ex-{uid}", wait_because="так решено")
    assert isinstance(made, Waiting)
    return int(made.ref)


# --- papers that wait ---------------------------------------------------------------------------------------------


def test_the_folder_shows_sender_number_reason_and_files(desk: Desk) -> None:
    card = paper(desk)

    heads, line = said(desk, "waiting").splitlines()
    assert heads.split()[:5] == ["card", "sender", "index", "number", "date"]
    assert line.split()[0] == str(card)
    for word in ("Архив «Берег»", BEREG, "14/3", "2026-11-20", "О передаче дел", "так решено"):
        assert word in line


def test_an_empty_folder_says_so(sqlite_desk: Desk) -> None:
    assert said(sqlite_desk, "waiting") == "nothing\n"


def test_a_paper_is_registered_under_a_number_and_a_date_of_ones_own(desk: Desk) -> None:
    card = paper(desk)

    words = said(desk, "register", card, "--number", "Ж-7", "--date", "21.11.2026", "--to", "Полева", "--to", "Лугов")

    assert words == f"card {card} is registered: № Ж-7 of 2026-11-21\n"
    (row,) = desk.rows("select * from card")
    assert (row.state, row.number, str(row.reg_date)) == ("registered", "Ж-7", "2026-11-21")
    assert [one.why for one in desk.rows("select * from inbox_row")] == [None, None]
    (event,) = desk.events(EventKind.REGISTERED)
    assert event.number is not None
    assert (event.number.text, str(event.number.date)) == ("Ж-7", "2026-11-21")


def test_a_paper_takes_the_counters_next_number_and_the_clerk_is_whoever_was_entered_last(desk: Desk) -> None:
    card = paper(desk)

    assert "№ ВХ-1 of " in said(desk, "register", card)
    (event,) = desk.events(EventKind.REGISTERED)
    assert event.who is not None
    assert event.who.name == "Ключевой Пётр Савельевич"


@pytest.mark.parametrize("place", ["before", "behind"])
def test_somebody_else_may_act(sqlite_desk: Desk, place: str) -> None:
    card = paper(sqlite_desk)
    who = ("--as", "Лугов")

    before, behind = (who, ()) if place == "before" else ((), who)
    done = CliRunner().invoke(main, [*before, sqlite_desk.url, "note", str(card), *behind])
    assert done.exit_code == 0, done.output

    (event,) = sqlite_desk.events(EventKind.REFUSED)
    assert event.who is not None
    assert event.who.name == "Лугов Семён Ильич"


def test_a_number_another_card_of_the_year_has_is_not_given_twice(desk: Desk) -> None:
    first = desk.card(letter("doc-0", "0"), "ex-0")
    card = paper(desk)

    done = at(desk, "register", card, "--number", "ВХ-1", "--date", TODAY.isoformat())

    assert (done.exit_code, f"card {first}" in done.output) == (1, True)
    assert said(desk, "register", card, "--number", "ВХ-1", "--date", "2027-01-11")


def test_a_paper_is_put_onto_a_card_with_what_is_new_in_it(desk: Desk) -> None:
    first = desk.card(letter("doc-0", tasks=(Task(TaskUid("t-1"), text="Сверить"),)), "ex-0")
    tasks = (Task(TaskUid("t-1"), text="Сверить до обеда"), Task(TaskUid("t-2"), text="Описать"))
    made = desk.register(letter("doc-1", tasks=tasks), "ex-1", wait_because="так решено")

    assert said(desk, "attach", made.ref, first) == f"card {made.ref} is put onto card {first}: № ВХ-1\n"
    shown = desk.rows(f"select text from instruction where card_id = {first} order by id")
    assert [row.text for row in shown] == ["Сверить до обеда", "Описать"]
    assert len(desk.rows(f"select id from card_file where card_id = {first}")) == 1  # the same file is there once
    with desk.at_work() as work:
        assert people.inbox(work, "Лугов")[-1].text == "добавлено поступившее: О передаче дел"


def test_a_paper_is_put_onto_registered_incoming_cards_only(desk: Desk) -> None:
    card, other = paper(desk), paper(desk, "doc-2", "15")

    done = at(desk, "attach", card, other)

    assert (done.exit_code, done.output) == (1, f"Error: card {other} is no registered incoming document\n")


def test_a_paper_is_refused_for_a_reason_of_the_list(desk: Desk) -> None:
    card = paper(desk)
    assert "1034  Приложения представлены не полностью" in said(desk, "reasons").splitlines()

    said(desk, "refuse", card, "--reason", 1034, "--words", "нет описи")

    (event,) = desk.events(EventKind.REFUSED)
    assert event.refusal is not None
    assert (event.refusal.code, event.refusal.text, event.refusal.retryable) == (
        1034,
        "Приложения представлены не полностью: нет описи",
        True,
    )


def test_a_paper_is_taken_note_of(desk: Desk) -> None:
    card = paper(desk)

    assert said(desk, "note", card) == f"card {card} is taken note of\n"
    (event,) = desk.events(EventKind.REFUSED)
    assert event.refusal is not None
    assert (event.refusal.code, event.refusal.text, event.refusal.retryable) == (
        1020,
        "Принят к сведению без регистрации",
        False,
    )
    assert desk.register(letter(), "ex-doc-1").ref != str(card)  # sent again, it is judged afresh


def test_a_sender_who_was_entered_meanwhile_is_on_the_registered_card(desk: Desk) -> None:
    new = Party(Organisation("Новая", index="NEW-9"))
    made = desk.register(letter(), correspondent=new)
    desk.rows("insert into correspondent (exchange_index, short_name) values ('NEW-9', 'Новая') returning id")

    assert "Новая" in said(desk, "waiting")
    said(desk, "register", made.ref)

    (row,) = desk.rows("select t.short_name from card c join correspondent t on t.id = c.correspondent_id")
    assert row.short_name == "Новая"


def test_an_original_is_entered(desk: Desk) -> None:
    card = desk.card(letter(original_follows=True))
    assert "paper original:  follows" in said(desk, "card", card)

    entered = said(desk, "enter-paper", BEREG.lower(), " 14/3 ", "20.11.2026")

    assert entered == f"the original is noted on card {card}: № ВХ-1\n"
    assert "paper original:  received " in said(desk, "card", card)
    other = said(desk, "enter-paper", BEREG, "15", "2026-11-20", "--subject", "Опись", "--to", "Полева")
    assert other.startswith("the paper has a card of its own, card 2: № ВХ-")
    assert "Опись" in said(desk, "inbox", "Полева")


# --- looking and working ------------------------------------------------------------------------------------------


def test_a_card_shows_its_files_and_the_ladder_with_its_history(desk: Desk, tmp_path: Path) -> None:
    annex = tmp_path / "Опись.txt"
    annex.write_text("опись", encoding="utf-8")
    words = ("--subject", "О делах", "--file", annex, "--official", "Берегова Т. К.")
    assert "№ ИСХ-1" in said(desk, "send", BEREG, *words)
    (outgoing,) = desk.edms.outgoing()
    news = (
        Event(EventKind.RECEIVED, EventKey("a"), MORNING),
        Event(EventKind.REGISTERED, EventKey("b"), MORNING, number=Number("Б-1", TODAY)),
        Event(EventKind.RENUMBERED, EventKey("c"), MORNING, number=Number("Б-2", TODAY)),
    )
    desk.edms.record(outgoing.ref, news)

    page = said(desk, "card", outgoing.card)

    for words in ("Опись.txt", "О делах", "Архив «Берег»", "зарегистрировано № Б-1", "перерегистрировано № Б-2"):
        assert words in page
    assert "registered" in page.split("dispatches")[1].splitlines()[2]


def test_an_instruction_is_issued_reported_and_closed(desk: Desk) -> None:
    card = desk.card()
    said(desk, "forward", card, "Родникова")
    who = ("--as", "Родникова")
    said(desk, "instruct", card, "Разобрать", *who, "--executor", "Лугов", "--deadline", "2026-12-01")
    said(desk, "report", 1, "Разобрано", "--as", "Лугов")
    said(desk, "close", 1, "Принято", "--date", "30.11.2026")

    kinds = {event.kind for event in desk.events()}
    assert kinds >= {EventKind.FORWARDED, EventKind.ASSIGNED, EventKind.EXECUTOR_REPORTED, EventKind.EXECUTED}
    page = said(desk, "card", card)
    assert "instruction 1 of Родникова Алла Юрьевна, until 2026-12-01: closed: 2026-11-30 Принято" in page
    assert "executor: Лугов Семён Ильич, responsible" in page
    assert "Лугов Семён Ильич: Разобрано Исполнено" in page
    assert "О передаче дел" in said(desk, "cards", "--in")
    assert said(desk, "cards", "--out") == "nothing\n"


def test_paper_that_follows_is_said_when_sending(desk: Desk) -> None:
    said(desk, "send", BEREG, "--subject", "О делах", "--paper-follows")

    (outgoing,) = desk.edms.outgoing()
    assert outgoing.document.original_follows is True


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("card", 99), "there is no card 99"),
        (("register", 99), "there is no card 99"),
        (("register", 1), "card 1 does not wait: it is registered"),
        (("register", 2, "--to", "Нетакого"), "there is no inbox of 'Нетакого'"),
        (("refuse", 2, "--reason", 7), "the list has no reason 7"),
        (("attach", 2, 99), "there is no card 99"),
        (("note", 2, "--as", "Нетакого"), "nobody here is called 'Нетакого'"),
        (("inbox", "Нетакого"), "there is no inbox of 'Нетакого'"),
        (("send", "NOBODY", "--subject", "О делах"), "no correspondent has the exchange index 'NOBODY'"),
        (("send", BEREG, "--card", 1), "card 1 is no outgoing document"),
        (("enter-paper", "NOBODY", "1", "2026-11-20"), "no correspondent has the exchange index 'NOBODY'"),
        (("forward", 99, "Лугов"), "there is no card 99"),
        (("instruct", 99, "Разобрать", "--executor", "Лугов"), "there is no card 99"),
        (("report", 99, "Разобрано"), "there is no instruction 99"),
        (("close", 99, "Принято"), "there is no instruction 99"),
    ],
)
def test_what_is_not_there_is_said_in_words_and_changes_nothing(
    desk: Desk, words: tuple[str | int, ...], complaint: str
) -> None:
    desk.card()
    paper(desk, "doc-2", "15")
    before = [desk.count(table) for table in ("card", "inbox_row", "counter", "dispatch", "instruction")]

    done = at(desk, *words)

    assert (done.exit_code, done.output) == (1, f"Error: {complaint}\n")
    assert [desk.count(table) for table in ("card", "inbox_row", "counter", "dispatch", "instruction")] == before
    assert [row.state for row in desk.rows("select state from card order by id")] == ["registered", "waiting"]


def test_a_date_that_is_none_is_a_mistake_of_usage(sqlite_desk: Desk) -> None:
    assert at(sqlite_desk, "register", 1, "--date", "31.02.2026").exit_code == 2


def test_a_registry_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path / "none.db"), "waiting"])

    assert (done.exit_code, "there is no registry" in done.output) == (1, True)
    assert not (tmp_path / "none.db").exists()


def test_a_database_that_is_no_registry_is_said_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    done = CliRunner().invoke(main, [str(tmp_path / "empty.db"), "waiting"])

    assert done.exit_code == 1
    assert done.output.startswith("Error: the registry cannot be used: ")


def test_what_a_stranger_wrote_never_moves_the_cursor(sqlite_desk: Desk) -> None:
    sqlite_desk.register(letter(subject="О\x1b[2Jделах\nи о другом"), wait_because="так решено")

    page = said(sqlite_desk, "waiting")
    assert "\x1b" not in page
    assert len(page.splitlines()) == 2


def test_it_runs_as_a_module(sqlite_desk: Desk) -> None:
    card = sqlite_desk.card(letter(addressees=(to("Лугов С. И."),)))
    path = sqlite_desk.url.removeprefix("sqlite:///")

    done = subprocess.run(
        [sys.executable, "-m", "gateway.edms_adapter.registry", path, "inbox", "Лугов"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith(f"{card} ")


# --- corrections --------------------------------------------------------------------------------------------------


def test_a_refused_document_is_completed_and_sent_again(desk: Desk, tmp_path: Path) -> None:
    annex = tmp_path / "Опись.txt"
    annex.write_text("опись", encoding="utf-8")
    said(desk, "send", BEREG, "--subject", "О делах")
    (first,) = desk.edms.outgoing()
    desk.edms.mark(first.ref, OutgoingState.FAILED, "нет связи")

    said(desk, "add-file", first.card, "--file", annex)
    said(desk, "send-again", first.card, BEREG)

    (again,) = desk.edms.outgoing()
    assert [file.name for file in again.document.files] == ["Опись.txt"]


def test_a_document_is_wanted_back_from_one_organisation_with_the_reason(desk: Desk) -> None:
    said(desk, "send", BEREG, "--subject", "О делах", "--access", "ДСП")
    said(desk, "withdraw", 1, BEREG, "не тому")

    (row,) = desk.rows("select d.withdraw_why, c.access from dispatch d join card c on c.id = d.card_id")
    assert (row.withdraw_why, row.access) == ("не тому", "ДСП")


def test_a_year_is_opened_by_hand_and_seen(desk: Desk) -> None:
    said(desk, "open-by-hand", "Входящие")
    said(desk, "open-year", "Входящие", 2030, "--first", 101)

    (line,) = [line for line in said(desk, "journals").splitlines() if "2030" in line]
    assert line.split() == ["Входящие", "ВХ-", "by", "hand", "2030", "100"]
