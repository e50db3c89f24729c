# SPDX-License-Identifier: GPL-3.0-or-later
"""The same letter again, a resend, a changed document, a refused one sent again: docs/protocol.md, "Identity"."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message as Mail
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gateway.edms_adapter.registry import people
from gateway.errors import Reason
from gateway.journal import entries, mailboxes
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import cards, dispatch, do, news, send_letter
from tests.story.offices import Town, TownOffice, town

SENDER = "edms@moscow.example"


def arrive(office: TownOffice, data: bytes, **how: object) -> int:
    number = office.receive(data, SENDER, **how)  # type: ignore[arg-type]  # passed on as given
    office.work()
    office.work()
    return number


def passports(mails: list[Mail]) -> list[str]:
    return [
        part.get_payload(decode=True).decode("utf-8-sig")  # type: ignore[union-attr]
        for mail in mails
        for part in mail.walk()
        if part.get_content_type() == "application/xml"
    ]


def quiet(offices: Town) -> None:
    """Nobody answers Minsk: the partner of these stories writes its letters by hand."""
    offices.post.delivers = False


# --- the same letter again ----------------------------------------------------------------------------------------


def test_a_duplicate_makes_no_second_card(offices: Town) -> None:
    quiet(offices)
    data = partner.letter(partner.passport())
    arrive(offices.minsk, data)

    again = arrive(offices.minsk, data)

    assert len(cards(offices.minsk)) == 1
    assert offices.minsk.entry(again).state is State.DONE


def test_a_duplicate_hears_the_very_same_answers(offices: Town) -> None:
    quiet(offices)
    data = partner.letter(partner.passport())
    arrive(offices.minsk, data)
    first = [bytes_ for _, _, bytes_ in offices.post.carried]
    offices.clock.advance(minutes=20)

    arrive(offices.minsk, data)

    again = [bytes_ for _, _, bytes_ in offices.post.carried[len(first) :]]
    assert again == first


def test_stored_answers_are_repeated_at_most_once_in_a_quarter_of_an_hour_and_five_times_in_all(offices: Town) -> None:
    quiet(offices)
    data = partner.letter(partner.passport())
    arrive(offices.minsk, data)
    answers = len(offices.post.carried)

    arrive(offices.minsk, data)
    arrive(offices.minsk, data)
    assert len(offices.post.carried) == 2 * answers
    for _ in range(10):
        offices.clock.advance(minutes=16)
        arrive(offices.minsk, data)

    assert len(offices.post.carried) == 6 * answers


def test_a_rescan_is_silent(offices: Town) -> None:
    quiet(offices)
    data = partner.letter(partner.passport())
    arrive(offices.minsk, data)
    answers = len(offices.post.carried)
    offices.clock.advance(hours=2)

    arrive(offices.minsk, data, anew=False, source=entries.imap_source("box", 2, 1))

    assert len(offices.post.carried) == answers
    assert len(cards(offices.minsk)) == 1


def test_a_rescan_parks_nothing_a_second_time(offices: Town) -> None:
    stranger = partner.letter(partner.passport(sender="EX-NOBODY"), sender="who@nowhere.example")
    arrive(offices.minsk, stranger, source=entries.imap_source("box", 1, 7))

    again = arrive(offices.minsk, stranger, anew=False, source=entries.imap_source("box", 2, 1))

    assert [entry.state for entry in offices.minsk.incoming()] == [State.PARKED, State.DONE]
    assert offices.minsk.entry(again).detail == "came before as letter 1"


def test_peoples_mail_stays_peoples_mail_after_a_rescan(offices: Town) -> None:
    lunch = b"From: edms@moscow.example\r\nSubject: Lunch?\r\n\r\nAt noon?\r\n"
    arrive(offices.minsk, lunch, source=entries.imap_source("box", 1, 7))

    arrive(offices.minsk, lunch, anew=False, source=entries.imap_source("box", 2, 1))

    with offices.minsk.parts.journal.read() as tx:
        assert mailboxes.to_flag(tx, "box", 2, 10) == ()


def test_the_same_message_id_with_another_content_is_parked_for_a_person(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    answers = len(offices.post.carried)

    number = arrive(offices.minsk, partner.letter(partner.passport(number="77-2")))

    assert offices.minsk.entry(number).reason is Reason.CONFLICT
    assert len(offices.post.carried) == answers


# --- resends ------------------------------------------------------------------------------------------------------


def resend() -> bytes:
    return partner.letter(partner.passport(message_id="2a" * 16, return_id="2b" * 16))


def test_a_resend_makes_no_second_card_and_hears_the_known_facts_under_its_new_return_id(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    before = len(offices.minsk.sent())

    arrive(offices.minsk, resend())

    receipt, report = passports(offices.minsk.sent()[before:])
    assert len(cards(offices.minsk)) == 1
    assert 'MessageType="Reception"' in receipt
    assert f'ReturnID="{"2b" * 16}"' in report
    assert "<Number>ВХ-1</Number>" in report


def test_later_news_go_to_the_newest_return_id(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    arrive(offices.minsk, resend())
    (card,) = cards(offices.minsk)
    do(offices.minsk, people.forward, card.id, "Озёрный", by="Тихая")

    offices.minsk.work()
    offices.minsk.work()

    assert f'ReturnID="{"2b" * 16}"' in passports(offices.minsk.sent())[-1]


# --- changes ------------------------------------------------------------------------------------------------------


def changed() -> bytes:
    passport = partner.passport(message_id="3a" * 16, return_id="3b" * 16).replace("About it", "About something else")
    return partner.letter(passport, {"letter[1].pdf": partner.PDF + b" mended"})


def test_a_changed_document_waits_for_a_person(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))

    number = arrive(offices.minsk, changed())

    entry = offices.minsk.entry(number)
    assert (entry.state, entry.reason) == (State.WAITING, Reason.CHANGED)
    assert [card.state for card in cards(offices.minsk)] == ["registered", "waiting"]


def test_an_applied_change_is_answered_by_edited_and_number_and_old_files_stay(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\non_change = "add-files"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        (before,) = cards(offices.minsk)

        arrive(offices.minsk, changed())

        (card,) = cards(offices.minsk)
        assert card.number == before.number
        assert 'MessageType="Editing"' in passports(offices.minsk.sent())[-1]
        assert [file.size for file in rows(offices.minsk, "select size from card_file order by id")] == [
            len(partner.PDF),
            len(partner.PDF) + 7,
        ]


def test_a_registered_document_is_never_said_to_be_refused(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\non_change = "refuse"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))

        number = arrive(offices.minsk, changed())

        assert offices.minsk.entry(number).state is State.PARKED
        assert not [told for told in passports(offices.minsk.sent()) if "Failure" in told]


# --- after a refusal ----------------------------------------------------------------------------------------------


def test_a_refused_document_is_judged_afresh_once_the_sender_mended_it(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport(author=False)))

    arrive(offices.minsk, partner.letter(partner.passport(message_id="4a" * 16, return_id="4b" * 16)))

    assert [card.number for card in cards(offices.minsk)] == ["ВХ-1"]
    assert "<Registration" in passports(offices.minsk.sent())[-1]


def test_a_refused_document_is_judged_afresh_once_we_mended_our_directory(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nunknown_addressee = "refuse"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport(addressee="Новый Н. Н.")))
        with people.at_work(offices.minsk.registry) as work:
            work.run(text("insert into person (name) values ('Новый Николай Никитич')"))
            work.run(text("insert into inbox (name, person_id) select name, id from person where name like 'Новый%'"))

        arrive(
            offices.minsk,
            partner.letter(partner.passport(message_id="5a" * 16, return_id="5b" * 16, addressee="Новый Н. Н.")),
        )

        assert [card.state for card in cards(offices.minsk)] == ["registered"]


# --- the same number by another way -------------------------------------------------------------------------------


def test_the_same_number_and_date_under_another_uid_waits_for_a_person(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))

    other = partner.passport(message_id="6a" * 16, return_id="6b" * 16, uid="6c" * 16)
    number = arrive(offices.minsk, partner.letter(other))

    assert offices.minsk.entry(number).state is State.WAITING


def test_a_person_decides_and_the_report_follows_by_itself(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    other = partner.passport(message_id="6a" * 16, return_id="6b" * 16, uid="6c" * 16)
    number = arrive(offices.minsk, partner.letter(other))
    waiting = cards(offices.minsk, "state = 'waiting'")[0]

    do(offices.minsk, people.register_waiting, waiting.id, by="Тихая", to=["Озёрный"])
    for _ in range(4):
        offices.minsk.work()

    assert offices.minsk.entry(number).state is State.DONE
    told = passports(offices.minsk.sent())[-1]
    assert f'ReturnID="{"6b" * 16}"' in told
    assert "<Number>ВХ-2</Number>" in told


# --- additions ----------------------------------------------------------------------------------------------------


def addition() -> bytes:
    passport = partner.passport(
        message_id="7a" * 16, return_id="7b" * 16, kind="AddToDoc", files={"annex[1].pdf": "annex.pdf"}
    )
    return partner.letter(passport, {"annex[1].pdf": b"%PDF annex"})


def test_an_addition_brings_its_files_to_the_registered_card(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))

    arrive(offices.minsk, addition())

    assert len(cards(offices.minsk)) == 1
    names = [file.name for file in rows(offices.minsk, "select name from card_file order by id")]
    assert names == ["letter.pdf", "annex.pdf"]


def test_an_addition_that_comes_first_waits_for_its_document(offices: Town) -> None:
    quiet(offices)
    number = arrive(offices.minsk, addition())
    assert offices.minsk.entry(number).state is State.ACCEPTED

    arrive(offices.minsk, partner.letter(partner.passport()))
    offices.clock.advance(minutes=5)
    offices.minsk.work()

    assert offices.minsk.entry(number).state is State.DONE
    assert len(cards(offices.minsk)) == 1


# --- forgeries ----------------------------------------------------------------------------------------------------

ANOTHER = """
[[channel]]
id = "another"
address = "edms@another.example"
[channel.proof]
kind = "network"
peers = ["192.0.2.0/24"]
[[partner]]
id = "another"
name = "Another"
channel = "another"
indices = ["EX-ANOTHER"]
mode = "live"
"""


def registered_by(sender: str, offices: Town, return_id: str, message_id: str = "8a" * 16) -> bytes:
    uid = offices.minsk.outgoing()[0].message_id
    documents = (
        f'<DocumentList><Document UID="{uid}" DocumentID="5" Type="Incoming" MainDocument="false"><RegistrationInfo>'
        "<Number>FALSE-17</Number><Date>2026-03-11</Date></RegistrationInfo></Document></DocumentList>"
    )
    inside = partner.report(
        message_id=message_id,
        return_id=return_id,
        uid=uid,
        body='<Registration DocumentID="5" SystemDate="2026-03-11T11:00:00"/>',
        sender=sender,
        documents=documents,
    )
    address = "edms@moscow.example" if sender == "EX-MOSCOW" else "edms@another.example"
    return partner.letter(inside, {}, sender=address, name="Report.xml")


def test_a_report_of_another_partner_changes_nothing(tmp_path: Path) -> None:
    """RFC 5321 §7.1: a forged registration."""
    with town(tmp_path, minsk={"partner": ANOTHER}) as offices:
        quiet(offices)
        card = send_letter(offices.minsk)
        offices.settle()
        return_id = return_id_of(offices.minsk)

        number = arrive(offices.minsk, registered_by("EX-ANOTHER", offices, return_id))

        assert offices.minsk.entry(number).reason is Reason.FORGED
        assert dispatch(offices.minsk, card).partner_number is None


def test_the_right_partner_is_believed(offices: Town) -> None:
    quiet(offices)
    card = send_letter(offices.minsk)
    offices.settle()

    arrive(offices.minsk, registered_by("EX-MOSCOW", offices, return_id_of(offices.minsk)))
    offices.settle()

    assert dispatch(offices.minsk, card).partner_number == "FALSE-17"


def test_the_same_report_twice_is_told_once(offices: Town) -> None:
    quiet(offices)
    card = send_letter(offices.minsk)
    offices.settle()
    told = registered_by("EX-MOSCOW", offices, return_id_of(offices.minsk))

    arrive(offices.minsk, told)
    arrive(offices.minsk, told)
    offices.settle()

    assert news(offices.minsk, card) == ["registered"]


def return_id_of(office: TownOffice) -> str:
    return re.findall('ReturnID="([0-9a-f]+)"', passports(office.sent())[0])[0]


def rows(office: TownOffice, sql: str) -> list[Any]:  # Any: rows of the registry
    with people.at_work(office.registry) as work:
        return people.rows(work, sql)


def test_a_change_a_person_took_over_is_answered_by_edited(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    number = arrive(offices.minsk, changed())
    registered, waiting = cards(offices.minsk)

    do(offices.minsk, people.join_waiting, waiting.id, registered.id, by="Тихая")
    for _ in range(4):
        offices.minsk.work()

    assert offices.minsk.entry(number).state is State.DONE
    assert 'MessageType="Editing"' in passports(offices.minsk.sent())[-1]


def test_a_resend_may_wait_for_a_person(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nresend = "wait"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))

        number = arrive(offices.minsk, resend())

        assert offices.minsk.entry(number).state is State.WAITING
        assert cards(offices.minsk)[-1].waits_because == "поступил повторно"


def test_what_a_person_refuses_is_refused_by_mail(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nregister = "wait"'}) as offices:
        quiet(offices)
        number = arrive(offices.minsk, partner.letter(partner.passport()))
        (paper,) = cards(offices.minsk)

        do(offices.minsk, people.refuse_waiting, paper.id, "Не по адресу", by="Тихая")
        for _ in range(4):
            offices.minsk.work()

        assert offices.minsk.entry(number).state is State.DONE
        told = passports(offices.minsk.sent())[-1]
        assert 'MessageType="Failure"' in told
        assert "Не по адресу" in told


# --- second looks -------------------------------------------------------------------------------------------------


def test_a_registration_reaches_the_newest_return_id_when_the_first_letter_had_to_wait(
    offices: Town,
) -> None:
    """The EDMS was away at the first look; meanwhile the sender sent the document again."""
    quiet(offices)
    with away(offices.minsk):
        looked_at(offices.minsk, partner.letter(partner.passport()))
        looked_at(offices.minsk, resend())
    offices.clock.advance(minutes=10)
    for _ in range(4):
        offices.minsk.work()

    registered = [told for told in passports(offices.minsk.sent()) if "<Registration" in told]
    assert len(cards(offices.minsk)) == 1
    assert f'ReturnID="{"2b" * 16}"' in registered[-1]


def test_a_resend_still_waits_for_a_person_when_the_edms_was_away_at_the_first_look(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nresend = "wait"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        with away(offices.minsk):
            number = looked_at(offices.minsk, resend())
        offices.clock.advance(minutes=10)
        offices.minsk.work()

        assert offices.minsk.entry(number).state is State.WAITING


def test_an_old_letter_looked_at_again_never_undoes_a_registration(offices: Town) -> None:
    quiet(offices)
    with away(offices.minsk):
        first = looked_at(offices.minsk, partner.letter(partner.passport()))
    with offices.minsk.parts.journal.write() as tx:
        entries.conclude(tx, first, State.PARKED, now=offices.clock.now(), reason=Reason.DEFECT)
    offices.clock.advance(minutes=10)
    arrive(offices.minsk, resend())
    with offices.minsk.parts.journal.write() as tx:
        entries.reprocess(tx, first, who="night shift", why="looked again", now=offices.clock.now())

    offices.minsk.work()
    offices.minsk.work()

    assert offices.minsk.entry(first).state is State.DONE
    assert len(cards(offices.minsk)) == 1
    assert not [told for told in passports(offices.minsk.sent()) if "Failure" in told]


def test_an_addition_to_a_waiting_document_holds_up_nobody_else(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nregister = "wait"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        arrive(offices.minsk, addition())
        other = partner.passport(message_id="9a" * 16, return_id="9b" * 16, uid="9c" * 16, number="77-9")

        number = arrive(offices.minsk, partner.letter(other))

        assert offices.minsk.entry(number).state is State.WAITING


def looked_at(office: TownOffice, data: bytes) -> int:
    """A letter arrives and a worker looks at it; nobody else does anything."""
    number = office.receive(data, SENDER)
    office.worker.work()
    return number


@contextmanager
def away(office: TownOffice) -> Iterator[None]:
    """The EDMS does not answer."""
    path = Path(office.registry.removeprefix("sqlite:///"))
    office.parts.edms.close()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    try:
        yield
    finally:
        path.rmdir()
        path.with_suffix(".away").rename(path)


def test_a_damaged_copy_of_a_registered_document_is_parked_for_what_it_is(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    before = len(offices.post.carried)

    number = arrive(offices.minsk, partner.letter(partner.passport()[:-40]))

    assert offices.minsk.entry(number).reason is Reason.BAD_XML
    assert len(offices.post.carried) == before


def test_after_a_damaged_copy_was_refused_the_whole_one_is_registered(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()[:-40]))
    assert 'MessageType="Failure"' in passports(offices.minsk.sent())[-1]

    arrive(offices.minsk, partner.letter(partner.passport()))

    assert [card.number for card in cards(offices.minsk)] == ["ВХ-1"]
