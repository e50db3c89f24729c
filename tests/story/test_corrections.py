# SPDX-License-Identifier: GPL-3.0-or-later
"""People correct themselves, and the sender's card shows the latest with the history behind it."""

from datetime import date
from email import message_from_bytes
from email.encoders import encode_base64
from email.policy import SMTP
from pathlib import Path
from typing import Any

from gateway.edms_adapter.registry import people
from gateway.journal import exchanges
from tests.story.acts import cards, dispatch, do, instruct, news
from tests.story.offices import Town, TownOffice
from tests.story.test_tasks import reported, send_task, there, told_last
from tests.story.test_telling import EVERY_FIELD, arrived, passport, readable, telling


def lines(office: TownOffice, card: int, event: str) -> list[str]:
    """The news of one kind on a card, as people read them."""
    with people.at_work(office.registry) as work:
        return [row.text for row in people.news(work, card) if row.event == event]


def sent_card(offices: Town) -> int:
    (card,) = cards(offices.minsk, "direction = 'out'")
    return int(card.id)


def ours(office: TownOffice) -> Any:  # Any: a row of the registry
    """The one instruction of an office."""
    with people.at_work(office.registry) as work:
        (task,) = people.rows(work, "select * from instruction")
    return task


# --- instructions -------------------------------------------------------------------------------------------------


def test_every_correction_of_a_sent_task_is_told_and_the_card_shows_the_latest(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        minsk, moscow = offices.minsk, offices.moscow
        card, _ = send_task(offices)
        task = there(offices)
        seen = []
        for act, word, arguments in (
            (people.change_deadline, "due_changed", (date(2026, 4, 4),)),
            (people.note_progress, "progress", ("начато",)),
            (people.change_executors, "executor_changed", (["Дубов"],)),
            (people.close, "executed", ("Исполнено",)),
            (people.reopen, "reopened", ("рано",)),
            (people.cancel, "no_longer_reported", ("не нужно",)),
        ):
            do(moscow, act, task, *arguments, by="Берёзкина")
            offices.settle()
            row = told_last(minsk, card)
            seen.append((word, row.deadline, row.state, row.progress, row.executors, ours(minsk).progress))

        office, both = "Исполком, отделение в Москве", "Кленов П. И., Дубов О. Ю."
        one = "Дубов Олег Юрьевич"
        assert seen == [
            ("due_changed", "2026-04-04", "open", None, both, f"{office}: изменён срок 04.04.2026"),
            ("progress", "2026-04-04", "open", "начато", both, f"{office}: ход исполнения: начато"),
            ("executor_changed", "2026-04-04", "open", "начато", one, f"{office}: сменён исполнитель"),
            ("executed", "2026-04-04", "executed", "начато", one, f"{office}: исполнено; Исполнено"),
            ("reopened", "2026-04-04", "open", "начато", one, f"{office}: возобновлено"),
            ("no_longer_reported", "2026-04-04", "not reported", "начато", one, f"{office}: больше не сообщается"),
        ]
        assert news(minsk, card)[3:] == ["assigned", *(word for word, *_ in seen)]
        assert str(ours(minsk).deadline) == "2026-03-25"  # the sender's own deadline is the sender's


def test_corrections_of_our_own_instruction_are_told_and_the_card_shows_the_latest(offices: Town) -> None:
    card = arrived(offices)
    one = instruct(offices.moscow, card.id)
    offices.settle()
    do(offices.moscow, people.change_deadline, one, date(2026, 4, 4), by="Берёзкина")
    do(offices.moscow, people.change_executors, one, ["Дубов"], by="Берёзкина")
    offices.settle()

    row = told_last(offices.minsk, sent_card(offices))
    assert (row.deadline, row.executors, row.instruction_id) == ("2026-04-04", "Дубов Олег Юрьевич", None)
    assert news(offices.minsk, sent_card(offices))[3:] == ["assigned", "due_changed", "executor_changed"]


def test_a_corrected_report_is_told_again_and_the_first_words_stay_in_the_history(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        card, task = send_task(offices)
        report = do(offices.moscow, people.report, there(offices), "Сделал всё", by="Кленов")
        offices.settle()
        do(offices.moscow, people.edit_report, report, "Сделал половину", by="Кленов")
        offices.settle()

        assert [row.text for row in reported(offices.minsk, task)] == ["Сделал всё", "Сделал половину"]
        told = lines(offices.minsk, card, "executor_reported")
        assert [line.rpartition(": ")[2] for line in told] == ["Сделал всё", "Сделал половину"]
        assert "Сделал всё" not in passport(offices.moscow)


def test_a_corrected_report_is_no_news_to_whom_no_words_are_told(offices: Town) -> None:
    card, _ = send_task(offices)
    report = do(offices.moscow, people.report, there(offices), "Сделал всё", by="Кленов")
    offices.settle()
    letters = len(offices.moscow.outgoing())
    do(offices.moscow, people.edit_report, report, "Сделал половину", by="Кленов")
    offices.settle()

    assert len(offices.moscow.outgoing()) == letters
    assert news(offices.minsk, card).count("executor_reported") == 1


# --- the registration ---------------------------------------------------------------------------------------------


def test_a_renumbered_card_is_told_and_the_senders_card_shows_the_new_number(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.renumber, card.id, "ВХ-99", date(2026, 3, 12), by="Дубов")
    offices.settle()

    row = dispatch(offices.minsk, sent_card(offices))
    assert (row.state, row.partner_number, row.partner_date) == ("registered", "ВХ-99", "2026-03-12")
    assert news(offices.minsk, sent_card(offices)) == ["received", "registered", "forwarded", "renumbered"]


def test_a_renumbered_card_is_found_by_its_new_number(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.renumber, card.id, "ВХ-99", date(2026, 3, 12), by="Дубов")
    offices.settle()

    with offices.moscow.parts.journal.read() as tx:
        assert len(exchanges.find(tx, "ВХ-99")) == 1


def test_a_card_off_the_register_is_told_in_words_and_leaves_the_senders_card_without_a_number(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.deregister, card.id, "ошибочно", by="Дубов")
    offices.settle()

    row = dispatch(offices.minsk, sent_card(offices))
    assert (row.state, row.partner_number, row.partner_date) == ("deregistered", None, None)
    assert news(offices.minsk, sent_card(offices))[3:] == ["edited", "no_longer_reported"]
    (edited,) = lines(offices.minsk, sent_card(offices), "edited")
    (gone,) = lines(offices.minsk, sent_card(offices), "no_longer_reported")
    assert edited.endswith("№ ВХ-1 от 11.03.2026; Документ снят с регистрации.")
    assert gone.endswith("больше не сообщается № ВХ-1 от 11.03.2026")
    (first,) = lines(offices.minsk, sent_card(offices), "registered")
    assert "№ ВХ-1" in first
    assert "<Registration" not in passport(offices.moscow)


def test_a_card_that_is_put_back_is_told_again(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.deregister, card.id, "ошибочно", by="Дубов")
    offices.settle()
    offices.clock.advance(minutes=1)
    do(offices.moscow, people.renumber, card.id, "ВХ-1", date(2026, 3, 11), by="Дубов")
    offices.settle()

    row = dispatch(offices.minsk, sent_card(offices))
    assert (row.state, row.partner_number) == ("registered", "ВХ-1")
    assert news(offices.minsk, sent_card(offices))[3:] == ["edited", "no_longer_reported", "registered"]


def resent(office: TownOffice, offices: Town) -> None:
    """The sender's program sends the same document as a new message, by hand."""
    with office.parts.journal.write() as tx:
        (exchange,) = (found for id in exchanges.find(tx, "ИСХ-1") if (found := exchanges.get(tx, id)))
    sender, _, data = next(one for one in offices.post.carried if one[0] == office.address)
    message = exchange.message
    assert message is not None
    again = data.decode("utf-8", "surrogateescape")
    offices.moscow.receive(_renamed(again, message.id, message.return_id), sender)
    offices.settle()


def _renamed(letter: str, message_id: str, return_id: str) -> bytes:
    """The same letter with other ids in its passport."""
    mail = message_from_bytes(letter.encode("utf-8", "surrogateescape"), policy=SMTP)
    for part in mail.walk():
        if part.get_content_type() == "application/xml":
            text = part.get_payload(decode=True).decode("utf-8-sig")  # type: ignore[union-attr]
            text = text.replace(message_id, "9" * 32).replace(return_id, "8" * 32)
            part.set_payload(text.encode("utf-8-sig"))
            del part["Content-Transfer-Encoding"]
            encode_base64(part)
    del mail["Message-ID"]
    mail["Message-ID"] = "<again@minsk.example>"
    return mail.as_bytes()


def test_a_document_sent_again_hears_that_its_card_is_off_the_register(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.deregister, card.id, "ошибочно", by="Дубов")
    offices.settle()
    letters = len(offices.moscow.sent())

    resent(offices.minsk, offices)

    answers = [readable(mail) for mail in offices.moscow.sent()[letters:]]
    assert len(cards(offices.moscow)) == 1
    assert len(answers) == 3  # the receipt, the words, what stands
    assert ["8" * 32 in answer for answer in answers] == [True, True, True]
    assert "снят с регистрации" in answers[1]
    assert [answer for answer in answers if "<Registration " in answer] == []


def test_a_document_sent_again_hears_the_number_as_it_is_now(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.renumber, card.id, "ВХ-99", date(2026, 3, 12), by="Дубов")
    offices.settle()

    resent(offices.minsk, offices)

    assert "ВХ-99" in passport(offices.moscow)
    assert "ВХ-1<" not in passport(offices.moscow)


def test_work_goes_on_with_a_card_that_is_off_the_register(offices: Town) -> None:
    card = arrived(offices)
    do(offices.moscow, people.deregister, card.id, "ошибочно", by="Дубов")
    offices.settle()
    instruct(offices.moscow, card.id)
    offices.settle()

    assert news(offices.minsk, sent_card(offices))[-1] == "assigned"
    assert dispatch(offices.minsk, sent_card(offices)).partner_number is None
