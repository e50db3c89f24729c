# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner that contradicts itself: the written rules decide what stands, and people are shown the rest."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from gateway.journal import events, exchanges
from gateway.model import Event
from gateway.reports import registered
from tests.story import partner
from tests.story.acts import dispatch, news, send_letter
from tests.story.offices import BEGINNING, Town

DOCUMENT = (
    '<DocumentList><Document UID="{uid}" DocumentID="5" Type="Created"><RegistrationInfo><Number>{number}</Number>'
    "<Date>2026-03-12</Date></RegistrationInfo><Group>Letters</Group><Consists>1</Consists><Annotation>x</Annotation>"
    "</Document></DocumentList>"
)


class Partner:
    """Moscow has another product: it writes its reports by hand."""

    def __init__(self, offices: Town) -> None:
        self.offices, self.minsk = offices, offices.minsk
        offices.post.delivers = False
        self.card = send_letter(self.minsk)
        offices.settle()
        with self.minsk.parts.journal.read() as tx:
            self.exchange = exchanges.get(tx, exchanges.find(tx, "ИСХ-1")[0])
        assert self.exchange is not None
        self.letters = 0

    def says(self, minute: int, body: str, *, documents: str = "", kind: str = "Report") -> None:
        """Moscow's report, made *minute* minutes after the beginning, reaches Minsk."""
        assert self.exchange is not None
        self.letters += 1
        uid, return_id = self.exchange.document_uid, self.exchange.return_id
        written = partner.report(
            message_id=f"{self.letters:032x}",
            return_id=return_id,
            uid=uid,
            body=body,
            kind=kind,
            documents=documents,
        )
        made = (BEGINNING + timedelta(minutes=minute)).isoformat()
        written = written.replace("2026-03-11T12:00:00+03:00", made)
        self.minsk.receive(partner.letter(written, {}, name="Report.xml"), "edms@moscow.example")
        self.offices.settle()

    def registers(self, minute: int, number: str, *, made: int = 1) -> None:
        assert self.exchange is not None
        at = (BEGINNING + timedelta(minutes=made)).isoformat()
        document = DOCUMENT.format(uid=self.exchange.document_uid, number=number)
        self.says(minute, f'<Registration DocumentID="5" SystemDate="{at}"/>', documents=document)

    def refuses(self, minute: int) -> None:
        self.says(minute, '<Failure Code="39">Нет автора</Failure>', kind="Failure")

    # --- what Minsk has of it

    @property
    def row(self) -> Any:  # Any: a row of the registry
        return dispatch(self.minsk, self.card)

    @property
    def news(self) -> list[str]:
        """The kinds of news on the card, without what became of our own letter."""
        return news(self.minsk, self.card)

    def contradictions(self) -> tuple[list[str], list[str]]:
        """What people read of it: on the card, and in the clerk's inbox."""
        with people.at_work(self.minsk.registry) as work:
            on_card = [row.text for row in people.news(work, self.card) if row.text.startswith("Противоречие: ")]
            notices = [row.text for row in people.inbox(work, "Тихая") if row.kind == "notice"]
        return on_card, [text for text in notices if text.startswith("Противоречие: ")]

    def history(self) -> list[Event]:
        assert self.exchange is not None
        with self.minsk.parts.journal.read() as tx:
            return [fact.event for fact in events.history(tx, self.exchange.id)]

    def counted(self) -> int:
        with self.minsk.parts.journal.read() as tx:
            return events.contradicted(tx)


@pytest.fixture
def moscow(offices: Town) -> Partner:
    return Partner(offices)


def test_a_refusal_after_the_registration_changes_nothing_and_is_shown_to_people(moscow: Partner) -> None:
    moscow.registers(1, "77")
    moscow.refuses(2)

    on_card, notices = moscow.contradictions()
    assert (moscow.row.state, moscow.row.partner_number, moscow.row.refusal) == ("registered", "77", None)
    assert moscow.news == ["registered", "refused"]
    assert len(on_card) == len(notices) == 1
    assert "отказано в регистрации" in on_card[0]
    assert "Нет автора" in notices[0]
    assert notices[0].endswith("на карточке остаётся № 77")
    assert moscow.counted() == 1


def test_a_refusal_that_overtook_an_earlier_registration_is_shown_too_and_the_registration_stands(
    moscow: Partner,
) -> None:
    moscow.refuses(5)
    assert moscow.row.state == "refused"
    moscow.registers(2, "77")

    on_card, notices = moscow.contradictions()
    assert (moscow.row.state, moscow.row.partner_number, moscow.row.refusal) == ("registered", "77", None)
    assert (len(on_card), len(notices)) == (1, 1)


def test_a_registration_after_a_refusal_contradicts_nothing(moscow: Partner) -> None:
    moscow.refuses(1)
    moscow.registers(9, "77", made=5)

    assert (moscow.row.state, moscow.row.partner_number, moscow.row.refusal) == ("registered", "77", None)
    assert moscow.contradictions() == ([], [])
    assert moscow.counted() == 0


def test_a_refusal_that_comes_late_takes_no_registration_away(moscow: Partner) -> None:
    moscow.registers(9, "77", made=5)
    moscow.refuses(1)

    with people.at_work(moscow.minsk.registry) as work:
        notices = [row.text for row in people.inbox(work, "Тихая") if row.kind == "notice"]
    assert (moscow.row.state, moscow.row.refusal) == ("registered", None)
    assert moscow.contradictions() == ([], [])
    assert notices == []  # it was overtaken before the clerk heard of it


def test_a_newer_number_renumbers_and_says_so(moscow: Partner) -> None:
    moscow.registers(1, "77")
    moscow.registers(2, "78")

    assert (moscow.row.partner_number, moscow.news) == ("78", ["registered", "renumbered"])
    assert moscow.contradictions() == ([], [])


def test_an_older_number_that_comes_late_never_overwrites(moscow: Partner) -> None:
    moscow.registers(2, "78")
    moscow.registers(1, "77")

    assert (moscow.row.partner_number, moscow.news) == ("78", ["registered"])


def test_two_numbers_of_one_moment_are_shown_and_the_first_heard_stands(moscow: Partner) -> None:
    moscow.registers(1, "77")
    moscow.registers(1, "78")

    on_card, notices = moscow.contradictions()
    assert moscow.row.partner_number == "77"
    assert ["№ 78" in text for text in (*on_card, *notices)] == [True, True]
    standing = registered(moscow.history())
    assert standing is not None
    assert standing.number is not None
    assert standing.number.text == "77"


def test_a_later_report_decides_between_two_numbers(moscow: Partner) -> None:
    moscow.registers(1, "77")
    moscow.registers(1, "78")
    moscow.registers(2, "78")

    assert moscow.row.partner_number == "78"


def test_a_registration_that_is_told_no_more_leaves_the_row_without_a_number(moscow: Partner) -> None:
    moscow.registers(1, "77")
    moscow.says(2, "")

    assert (moscow.row.state, moscow.row.partner_number) == ("deregistered", None)
    moscow.registers(3, "77")
    assert (moscow.row.state, moscow.row.partner_number) == ("registered", "77")
    assert moscow.news == ["registered", "no_longer_reported", "registered"]


def test_an_edited_card_overtaking_the_report_before_it_makes_nothing_late(moscow: Partner) -> None:
    document = DOCUMENT.format(uid="0e" * 16, number="77")
    editing = '<e:Editing xmlns:e="http://www.eos.ru/2010/sev/Ext2016" DocumentID="5">поправка</e:Editing>'
    moscow.says(9, editing, documents=document, kind="Editing")
    moscow.registers(5, "77")

    assert moscow.row.partner_number == "77"
    assert "no_longer_reported" not in moscow.news


def test_a_report_of_an_unknown_task_assigns_it(moscow: Partner) -> None:
    moment = datetime(2026, 3, 12, 9).isoformat()
    task = (
        '<TaskList><Task UID="t-1" TaskID="T1" Type="Resolution" Privacy="false"><Text>x</Text>'
        '<Executor Responsible="true"><Contact><OfficialPerson><FIO>К.</FIO></OfficialPerson></Contact>'
        f"<Text>Готово</Text><Date>{moment}+03:00</Date></Executor><IsProject>false</IsProject></Task></TaskList>"
    )
    moscow.says(1, '<Consideration TaskID="T1"/>', documents=task)

    assert moscow.news == ["assigned", "executor_reported"]
