# SPDX-License-Identifier: GPL-3.0-or-later
"""Yesterday's backup under today's world: nothing registered twice, nothing told twice, nothing told wrong.

Laws of docs/protocol.md, "Identity", over every half of an office that may be put back to an older day.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work
from gateway.errors import Reason
from gateway.journal import entries
from gateway.journal.entries import State
from gateway.office import Office
from tests.faults.restoring import EDMS, JOURNAL, call, letters_to, put_away, put_back, replay, rows
from tests.story.acts import ANNEX, LETTER, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town, TownOffice, settings_of, town

BOTH = pytest.mark.parametrize("mailbox", [True, False], ids=["rescanned mailbox", "mail server's archive"])


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as both:
        yield both


def numbers(office: TownOffice) -> list[str]:
    return [card.number for card in cards(office)]


def message_ids(office: TownOffice, since: int = 0) -> list[str]:
    return [mail["Message-ID"] for mail in office.sent()[since:]]


def files(office: TownOffice, card: int) -> set[bytes]:
    with people.at_work(office.registry) as work:
        return {
            bytes(row.content) for row in people.rows(work, f"select content from card_file where card_id = {card}")
        }


# --- the receiving side -------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("lost_wholly", [False, True], ids=["yesterday's journal", "no journal"])
def test_a_restored_journal_registers_nothing_twice_and_the_sender_learns_nothing_new(
    offices: Town, mailbox: bool, lost_wholly: bool
) -> None:
    backup = put_away(offices.moscow, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    before, told, ladder = numbers(offices.moscow), news(offices.minsk, card), dispatch(offices.minsk, card)
    answered = message_ids(offices.moscow)
    put_back(offices.moscow, None if lost_wholly else backup, JOURNAL)
    offices.clock.advance(hours=20)

    replay(offices.moscow, letters_to(offices.moscow, offices), mailbox=mailbox)
    offices.settle()

    assert numbers(offices.moscow) == before == ["ВХ-1"]
    assert news(offices.minsk, card) == told
    assert dispatch(offices.minsk, card).__dict__ == ladder.__dict__
    assert set(message_ids(offices.moscow, len(answered))) <= set(answered)


@BOTH
def test_what_people_did_before_the_crash_is_told_under_the_ids_it_had(offices: Town, mailbox: bool) -> None:
    backup = put_away(offices.moscow, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = [row.id for row in cards(offices.moscow)]
    instruct(offices.moscow, incoming)
    offices.settle()
    told, ladder = news(offices.minsk, card), dispatch(offices.minsk, card)
    answered = message_ids(offices.moscow)
    put_back(offices.moscow, backup, JOURNAL)

    replay(offices.moscow, letters_to(offices.moscow, offices), mailbox=mailbox)
    offices.settle()

    assert news(offices.minsk, card) == told
    assert dispatch(offices.minsk, card).__dict__ == ladder.__dict__
    assert set(message_ids(offices.moscow, len(answered))) <= set(answered)


def test_a_journal_that_knows_the_letter_stays_silent_when_the_mailbox_is_read_again(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    backup = put_away(offices.moscow, offices)
    put_back(offices.moscow, backup, JOURNAL)
    carried = len(offices.post.carried)

    replay(offices.moscow, letters_to(offices.moscow, offices), mailbox=True)
    offices.settle()

    assert len(offices.post.carried) == carried
    assert numbers(offices.moscow) == ["ВХ-1"]


def test_reports_that_were_due_at_the_backup_go_again_as_the_very_same_bytes(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.minsk.work()
    offices.moscow.worker.work()  # registered, its answers queued and not sent
    backup = put_away(offices.moscow, offices)
    offices.settle()
    told, ladder = news(offices.minsk, card), dispatch(offices.minsk, card)
    sent = [data for sender, _, data in offices.post.carried if sender == offices.moscow.address]
    put_back(offices.moscow, backup, JOURNAL)

    offices.settle()

    again = [data for sender, _, data in offices.post.carried if sender == offices.moscow.address][len(sent) :]
    assert again == sent
    assert news(offices.minsk, card) == told
    assert dispatch(offices.minsk, card).__dict__ == ladder.__dict__


# --- the EDMS of yesterday ----------------------------------------------------------------------------------------


def vanished(office: TownOffice) -> list[tuple[object, object]]:
    return [(row["what"], row["entry"]) for row in rows(office, "db", "verify")]


def reprocess(office: TownOffice, entry: object) -> str:
    told = call(office, "quarantine", "reprocess", str(entry), "--why", "the EDMS was put back", "--by", "Дубов")
    assert told.exit_code == 0, told.output
    return told.output


def test_a_card_that_vanished_is_listed_and_made_again_under_the_number_that_was_told(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    ladder, carried = dispatch(offices.minsk, card), len(offices.post.carried)
    put_back(offices.moscow, backup, EDMS)

    assert vanished(offices.moscow) == [("card vanished", 1)]
    reprocess(offices.moscow, 1)
    offices.settle()

    assert numbers(offices.moscow) == ["ВХ-1"]
    assert rows(offices.moscow, "db", "verify") == []
    assert len(offices.post.carried) == carried  # nobody heard anything
    assert dispatch(offices.minsk, card).__dict__ == ladder.__dict__


@pytest.mark.parametrize("rule", ['register = "refuse"', 'file_types = ["odt"]', 'unknown_addressee = "refuse"'])
def test_no_rule_of_today_bars_a_card_that_was_registered_from_coming_back(tmp_path: Path, rule: str) -> None:
    with town(tmp_path) as offices:
        backup = put_away(offices.moscow, offices)
        send_letter(offices.minsk, to="Никто Н. Н.")
        offices.settle()
        put_back(offices.moscow, backup, EDMS)
        stricter = settings_of(offices.moscow.home, "moscow", "minsk", partner=f"[[receive]]\n{rule}")
        offices.moscow.worker = replace(
            offices.moscow.worker, desk=replace(offices.moscow.worker.desk, office=Office(stricter))
        )

        reprocess(offices.moscow, 1)
        offices.settle()

        assert numbers(offices.moscow) == ["ВХ-1"]


def test_a_card_made_again_has_the_files_and_the_inbox_of_the_first(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    send_letter(offices.minsk)
    offices.settle()
    put_back(offices.moscow, backup, EDMS)

    reprocess(offices.moscow, 1)
    offices.settle()

    (made,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Берёзкина") == [made.id]
    assert files(offices.moscow, made.id) == {LETTER, ANNEX}


def test_the_counter_goes_on_after_the_numbers_that_were_told(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    for _ in range(3):
        send_letter(offices.minsk)
        offices.settle()
    put_back(offices.moscow, backup, EDMS)

    reprocess(offices.moscow, offices.moscow.incoming()[-1].id)
    send_letter(offices.minsk)
    offices.settle()

    assert numbers(offices.moscow) == ["ВХ-3", "ВХ-4"]


def test_when_somebody_has_the_number_by_now_the_partner_hears_the_correction(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    first = send_letter(offices.minsk)
    offices.settle()
    put_back(offices.moscow, backup, EDMS)
    second = send_letter(offices.minsk)
    offices.settle()  # the counter of yesterday gives ВХ-1 once more

    reprocess(offices.moscow, 1)
    offices.settle()

    assert numbers(offices.moscow) == ["ВХ-1", "ВХ-2"]
    assert dispatch(offices.minsk, second).partner_number == "ВХ-1"
    assert dispatch(offices.minsk, first).partner_number == "ВХ-2"
    assert "renumbered" in news(offices.minsk, first)
    assert rows(offices.moscow, "db", "verify") == []


@pytest.mark.parametrize(("number", "told"), [("01-1", []), ("02-2", ["renumbered"])], ids=["the same", "another"])
def test_a_card_put_back_before_a_person_is_listed_and_its_sender_hears_only_another_number(
    tmp_path: Path, number: str, told: list[str]
) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nregister = "wait"'}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        backup = put_away(offices.moscow, offices)
        register_by_hand(offices, "01-1")
        before = news(offices.minsk, card)
        put_back(offices.moscow, backup, EDMS)
        listed = vanished(offices.moscow)

        register_by_hand(offices, number)

        assert listed == [("number gone", 1)]
        assert dispatch(offices.minsk, card).partner_number == number
        assert news(offices.minsk, card) == before + told
        assert rows(offices.moscow, "db", "verify") == []


def register_by_hand(offices: Town, number: str) -> None:
    (waiting,) = cards(offices.moscow, "state = 'waiting'")
    do(offices.moscow, people.register_waiting, waiting.id, number=number, to=["Берёзкина"], by="Дубов")
    offices.settle()
    offices.clock.advance(minutes=2)  # the EDMS is asked again
    offices.settle()


def test_what_people_do_with_the_card_made_again_is_told(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    put_back(offices.moscow, backup, EDMS)
    reprocess(offices.moscow, 1)
    offices.settle()

    instruct(offices.moscow, cards(offices.moscow)[0].id)
    offices.settle()

    assert "assigned" in news(offices.minsk, card)


def test_a_letter_whose_card_stands_is_not_processed_a_second_time(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()

    told = call(offices.moscow, "quarantine", "reprocess", "1", "--why", "by mistake", "--by", "Дубов")

    assert told.exit_code == 1
    assert "stands in the EDMS" in told.output
    assert offices.moscow.entry(1).state is State.DONE


def test_the_act_is_written_down_with_who_and_why(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    send_letter(offices.minsk)
    offices.settle()
    put_back(offices.moscow, backup, EDMS)

    reprocess(offices.moscow, 1)

    with offices.moscow.parts.journal.read() as tx:
        (act,) = entries.acts(tx, 1)
    assert (act.act, act.who, act.why) == ("reprocess", "Дубов", "the EDMS was put back")


# --- both of yesterday --------------------------------------------------------------------------------------------


@BOTH
def test_an_office_put_back_whole_registers_what_is_replayed_once_and_corrects_what_it_told(
    offices: Town, mailbox: bool
) -> None:
    backup = put_away(offices.moscow, offices)
    first, second = send_letter(offices.minsk), send_letter(offices.minsk)
    offices.settle()
    put_back(offices.moscow, backup, (*JOURNAL, *EDMS))

    replay(offices.moscow, letters_to(offices.moscow, offices)[::-1], mailbox=mailbox)  # in another order
    offices.settle()

    assert sorted(numbers(offices.moscow)) == ["ВХ-1", "ВХ-2"]
    stand = {card.partner_uid: card.number for card in cards(offices.moscow)}
    sent = {card.id: card.uid for card in cards(offices.minsk, "direction = 'out'")}
    for card in (first, second):
        assert dispatch(offices.minsk, card).partner_number == stand[sent[card]]
    assert rows(offices.moscow, "db", "verify") == []


# --- the sending side ---------------------------------------------------------------------------------------------


def test_a_document_sent_after_the_backup_is_not_sent_again(offices: Town) -> None:
    backup = put_away(offices.minsk, offices)
    send_letter(offices.minsk)
    offices.settle()
    put_back(offices.minsk, backup, JOURNAL)
    carried = len(offices.post.carried)

    offices.settle()

    assert len(offices.post.carried) == carried
    assert numbers(offices.moscow) == ["ВХ-1"]


def test_a_document_queued_at_the_backup_and_sent_since_goes_again_as_the_very_same_letter(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.minsk.collector.round()
    backup = put_away(offices.minsk, offices)
    offices.settle()
    told = news(offices.minsk, card)
    put_back(offices.minsk, backup, JOURNAL)

    replay(offices.minsk, letters_to(offices.minsk, offices), mailbox=True)
    offices.settle()

    first, again = [data for sender, _, data in offices.post.carried if b"DocInfo.xml" in data]
    assert first == again
    assert numbers(offices.moscow) == ["ВХ-1"]
    assert news(offices.minsk, card) == told


def test_a_sender_put_back_whole_sends_the_document_under_its_old_ids_and_hears_its_number(offices: Town) -> None:
    card = send_letter(offices.minsk)
    backup = put_away(offices.minsk, offices)
    offices.settle()
    put_back(offices.minsk, backup, (*JOURNAL, *EDMS))
    offices.clock.advance(hours=1)

    offices.settle()

    documents = [mail["Message-ID"] for mail in offices.minsk.sent()]
    assert len(documents) == 2
    assert len(set(documents)) == 1
    assert numbers(offices.moscow) == ["ВХ-1"]
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"


def test_reports_about_a_document_the_restored_journal_never_saw_wait_for_a_person(offices: Town) -> None:
    backup = put_away(offices.minsk, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    put_back(offices.minsk, backup, JOURNAL)
    instruct(offices.moscow, cards(offices.moscow)[0].id)

    offices.settle()

    assert {(entry.state, entry.reason) for entry in offices.minsk.incoming()} == {
        (State.PARKED, Reason.UNKNOWN_EXCHANGE)
    }
    assert "assigned" not in news(offices.minsk, card)


def dispatch_unknown(office: TownOffice) -> list[str]:
    return [row["detail"] for row in rows(office, "db", "verify") if row["what"] == "dispatch unknown"]


def test_a_document_taken_and_lost_with_the_journal_is_named_and_goes_when_it_is_marked_again(offices: Town) -> None:
    backup = put_away(offices.minsk, offices)
    card = send_letter(offices.minsk)
    offices.minsk.collector.round()  # taken, and not sent
    put_back(offices.minsk, backup, JOURNAL)
    offices.settle()
    ref = dispatch(offices.minsk, card).id
    assert dispatch_unknown(offices.minsk) == [f"dispatch {ref} is marked as taken, or as sent"]

    do(offices.minsk, people.send_again, ref)
    offices.settle()

    assert numbers(offices.moscow) == ["ВХ-1"]
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"
    assert dispatch_unknown(offices.minsk) == []


def test_a_document_the_restored_journal_never_saw_is_sent_again_under_its_ids_and_its_reports_are_heard(
    offices: Town,
) -> None:
    backup = put_away(offices.minsk, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    put_back(offices.minsk, backup, JOURNAL)
    instruct(offices.moscow, cards(offices.moscow)[0].id)
    offices.settle()
    parked = [entry.id for entry in offices.minsk.incoming()]
    sent = message_ids(offices.minsk)

    do(offices.minsk, people.send_again, dispatch(offices.minsk, card).id)
    offices.clock.advance(hours=1)
    offices.settle()
    for number in parked:
        reprocess(offices.minsk, number)
    offices.settle()

    assert set(message_ids(offices.minsk)) == set(sent)
    assert numbers(offices.moscow) == ["ВХ-1"]
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"
    assert "assigned" in news(offices.minsk, card)
    assert rows(offices.minsk, "db", "verify") == []


def a_card_of_ones_own(work: Work, now: datetime) -> None:
    people.write_card(work, "Справка", {}, signer="Берёзкина", drafter="Дубов", now=now, store=Path())


def test_a_card_made_again_under_other_keys_tells_nobody_of_its_inbox_a_second_time(offices: Town) -> None:
    backup = put_away(offices.moscow, offices)
    card = send_letter(offices.minsk)
    offices.settle()
    told = news(offices.minsk, card)
    put_back(offices.moscow, backup, EDMS)
    offices.clock.advance(hours=3)
    do(offices.moscow, a_card_of_ones_own)  # takes the key that the lost card had
    carried = len(offices.post.carried)

    reprocess(offices.moscow, 1)
    offices.settle()

    assert numbers(offices.moscow) == ["ВХ-1"]
    assert len(offices.post.carried) == carried
    assert news(offices.minsk, card) == told
