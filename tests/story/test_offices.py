# SPDX-License-Identifier: GPL-3.0-or-later
"""Several organisations of ours behind one gateway, and several behind one partner's server."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Office as RegistryOffice
from gateway.edms_adapter.registry import Staff, people
from gateway.errors import Reason
from gateway.inbound.worker import Worker
from gateway.journal import exchanges
from gateway.journal.entries import Entry, State
from gateway.model import Number
from tests.story import partner
from tests.story.acts import LETTER, cards, do, inbox, news
from tests.story.offices import BEGINNING, Town, TownOffice, settings_of, town

SENDER = "edms@moscow.example"
EAST_ADDRESS = "edms@east.example"
EAST_TITLE = "Исполком, восточное отделение"
EAST = f"""
[[office]]
index = "EX-EAST"
name = "{EAST_TITLE}"
address = "{EAST_ADDRESS}"
time_zone = "Asia/Vladivostok"
"""
EAST_PEOPLE = (
    Staff("Маячная Ольга Львовна", "Директор", "Руководство", "E-01"),
    Staff("Пристанский Юрий Ильич", "Делопроизводитель", "Канцелярия", "E-02"),
)


@contextmanager
def two_of_ours(home: Path, *, rules: str = "", also: str = EAST) -> Iterator[Town]:
    """Open Minsk with a second organisation in the east, and Moscow, which knows both at one address."""
    moscow = {"indices": '"EX-MINSK", "EX-EAST"', "channel": f'senders = ["edms@minsk.example", "{EAST_ADDRESS}"]'}
    with town(home, minsk={"also": also, "partner": rules}, moscow=moscow) as offices:
        east = RegistryOffice("EX-EAST", EAST_TITLE)
        registry.add_office(offices.minsk.registry, east, EAST_PEOPLE, prefixes=("В-", "ИВ-"))
        with people.at_work(offices.moscow.registry) as work:
            work.run(text(f"insert into correspondent (exchange_index, short_name) values ('EX-EAST', '{EAST_TITLE}')"))
        offices.post.doors[EAST_ADDRESS] = offices.minsk
        yield offices


@pytest.fixture
def branches(tmp_path: Path) -> Iterator[Town]:
    with two_of_ours(tmp_path) as offices:
        offices.post.delivers = False  # Moscow writes its letters by hand
        yield offices


def contact(index: str, person: str = "") -> str:
    official = f"<OfficialPerson><FIO>{person}</FIO></OfficialPerson>" if person else ""
    return f'<Contact><Organization UID="{index}"><ShortName>Us</ShortName></Organization>{official}</Contact>'


def for_(*addressees: tuple[str, str], **rest: str) -> bytes:
    """Return a letter of Moscow's for *addressees*, each an index and a person (or empty)."""
    return partner.letter(passport_for(*addressees, **rest))


def passport_for(*addressees: tuple[str, str], **rest: str) -> str:
    inside = partner.passport(**rest)  # type: ignore[arg-type]  # passed on as given
    contacts = [contact(*one) for one in addressees]
    for old, new in (
        (f"<Recipient>{contact('EX-MINSK')}</Recipient>", f"<Recipient>{''.join(contacts)}</Recipient>"),
        (
            f"<Addressee>{contact('EX-MINSK')}</Addressee>",
            "".join(f"<Addressee>{one}</Addressee>" for one in contacts),
        ),
    ):
        assert old in inside
        inside = inside.replace(old, new)
    return inside


BOTH = (("EX-MINSK", "Озёрный Г. Р."), ("EX-EAST", "Маячная О. Л."))


def arrive(offices: Town, data: bytes, **how: object) -> list[Entry]:
    """Let a letter come and everybody work; return every entry it made, in order."""
    before = len(offices.minsk.incoming())
    offices.minsk.receive(data, SENDER, **how)  # type: ignore[arg-type]  # passed on as given
    offices.settle()
    return offices.minsk.incoming()[before:]


def told(offices: Town, sender: str, kind: str = "") -> list[str]:
    """Return the passports that organisation *sender* mailed, of one MessageType or all."""
    passports = []
    for _, _, data in offices.post.carried:
        for part in message_from_bytes(data, policy=SMTP).walk():
            if part.get_content_type() == "application/xml":
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                passports.append(payload.decode("utf-8-sig"))
    return [one for one in passports if said_by(one) == sender and f'MessageType="{kind}' in one]


def said_by(passport: str) -> str:
    (index,) = re.findall('Organization UID="([^"]+)"', passport.partition("<Sender>")[2].partition("</Sender>")[0])
    return str(index)


def kinds(offices: Town, sender: str) -> list[str]:
    return [re.findall('MessageType="([^"]+)"', one)[0] for one in told(offices, sender)]


def cards_of(offices: Town, index: str) -> list[tuple[str, str | None]]:
    """Return state and number of every incoming card of one organisation of ours."""
    where = f"direction = 'in' and office_id = (select id from office where exchange_index = '{index}')"
    return [(card.state, card.number) for card in cards(offices.minsk, where)]


# --- a letter for two of ours -----------------------------------------------------------------------------------------


def test_a_letter_for_two_organisations_of_ours_is_registered_by_each_under_its_own_number(branches: Town) -> None:
    first, second = arrive(branches, for_(*BOTH))

    assert [(one.office, one.state) for one in (first, second)] == [("EX-MINSK", State.DONE), ("EX-EAST", State.DONE)]
    assert first.exchange != second.exchange
    assert cards_of(branches, "EX-MINSK") == [("registered", "ВХ-1")]
    assert cards_of(branches, "EX-EAST") == [("registered", "В-1")]


def test_each_organisations_addressee_gets_that_organisations_card(branches: Town) -> None:
    arrive(branches, for_(*BOTH))

    ((ours,), (theirs,)) = inbox(branches.minsk, "Озёрный"), inbox(branches.minsk, "Маячная")
    assert [card.id for card in cards(branches.minsk)] == [ours, theirs]


def test_receipt_and_registration_come_from_each_organisation_with_its_address_and_number(branches: Town) -> None:
    arrive(branches, for_(*BOTH))

    for index, address, number in (
        ("EX-MINSK", "edms@minsk.example", "ВХ-1"),
        ("EX-EAST", EAST_ADDRESS, "В-1"),
    ):
        assert kinds(branches, index) == ["Reception", "Report"]
        assert f"<Number>{number}</Number>" in told(branches, index, "Report")[0]
        letters = [message_from_bytes(data) for sender, _, data in branches.post.carried if sender == address]
        assert [letter["From"] for letter in letters] == [address, address]
        assert all('ReturnID="' + "0b" * 16 in one for one in told(branches, index))


def test_each_organisation_registers_on_the_date_of_its_own_zone(branches: Town) -> None:
    branches.clock.moment = BEGINNING + timedelta(hours=9)  # 19:00 in Minsk, two o'clock of the next day in the east

    arrive(branches, for_(*BOTH))

    assert [str(card.reg_date) for card in cards(branches.minsk)] == ["2026-03-11", "2026-03-12"]
    assert "<Date>2026-03-11</Date>" in told(branches, "EX-MINSK", "Report")[0].partition("<RegistrationInfo>")[2]
    assert "<Date>2026-03-12</Date>" in told(branches, "EX-EAST", "Report")[0].partition("<RegistrationInfo>")[2]


def test_a_refusal_by_one_organisation_does_not_touch_the_other(tmp_path: Path) -> None:
    rule = '[[receive]]\norganisation = ["EX-EAST"]\nunknown_addressee = "refuse"\n'
    with two_of_ours(tmp_path, rules=rule) as offices:
        offices.post.delivers = False

        first, second = arrive(offices, for_(("EX-MINSK", "Озёрный Г. Р."), ("EX-EAST", "Нездешний Х. Х.")))

        assert [one.reason for one in (first, second)] == [None, Reason.UNKNOWN_ADDRESSEE]
        assert kinds(offices, "EX-MINSK") == ["Reception", "Report"]
        assert kinds(offices, "EX-EAST") == ["Reception", "Failure"]
        assert (cards_of(offices, "EX-MINSK"), cards_of(offices, "EX-EAST")) == ([("registered", "ВХ-1")], [])


def test_a_letter_that_cannot_be_read_is_refused_by_each_organisation_that_it_names(branches: Town) -> None:
    broken = for_(*BOTH).replace(b"letter[1].pdf", b"another[1].pdf")  # the file it lists did not come

    first, second = arrive(branches, broken)

    assert first.reason is second.reason is Reason.MISSING_FILE
    assert [kinds(branches, index) for index in ("EX-MINSK", "EX-EAST")] == [["Failure"], ["Failure"]]


def test_one_organisations_people_report_for_their_card_alone(branches: Town) -> None:
    arrive(branches, for_(*BOTH))
    (card,) = inbox(branches.minsk, "Маячная")

    do(branches.minsk, people.instruct, card, "Подготовить", author="Маячная", executors=["Пристанский"])
    branches.settle()

    assert kinds(branches, "EX-MINSK") == ["Reception", "Report"]
    assert kinds(branches, "EX-EAST") == ["Reception", "Report", "Report"]
    assert set(re.findall('Organization UID="([^"]+)"', told(branches, "EX-EAST", "Report")[1])) == {
        "EX-EAST",  # who forwarded, instructed and works
        "EX-MOSCOW",
    }


def test_an_index_that_is_nobodys_is_left_alone_when_another_one_is_ours(branches: Town) -> None:
    (only,) = arrive(branches, for_(("EX-ELSEWHERE", ""), ("EX-EAST", "Маячная О. Л."), ("EX-EAST", "")))

    assert (only.office, only.state, only.letter_of) == ("EX-EAST", State.DONE, None)
    assert (len(cards(branches.minsk)), kinds(branches, "EX-MINSK")) == (1, [])


def test_a_letter_for_none_of_ours_is_refused_once(branches: Town) -> None:
    (only,) = arrive(branches, for_(("EX-ELSEWHERE", ""), ("EX-NOWHERE", "")))

    assert (only.office, only.reason) == ("", Reason.NOT_FOR_US)
    assert kinds(branches, "EX-MINSK") + kinds(branches, "EX-EAST") == ["Reception", "Failure"]


def test_a_crash_after_sharing_out_repeats_nothing(branches: Town) -> None:
    minsk = branches.minsk
    minsk.receive(for_(*BOTH), SENDER)
    crash_at(minsk, "process:shared")
    crash_at(minsk, "process:acknowledged")
    branches.clock.advance(hours=1)

    branches.settle()

    assert [one.office for one in minsk.incoming()] == ["EX-MINSK", "EX-EAST"]
    assert [cards_of(branches, index) for index in ("EX-MINSK", "EX-EAST")] == [
        [("registered", "ВХ-1")],
        [("registered", "В-1")],
    ]
    assert kinds(branches, "EX-MINSK") == kinds(branches, "EX-EAST") == ["Reception", "Report"]


def crash_at(office: TownOffice, where: str) -> None:
    """Let a worker die at *where*, on whatever it has in hand there."""

    def die(name: str) -> None:
        if name == where:
            raise KeyboardInterrupt

    dying = Worker("dying", replace(office.parts.desk(), failpoint=die), office.clock.now, max_seconds=60)
    with pytest.raises(KeyboardInterrupt):
        dying.work()
    office.clock.advance(minutes=11)  # its lease runs out


def test_an_organisation_that_is_ours_no_longer_gets_nothing(tmp_path: Path) -> None:
    with two_of_ours(tmp_path) as offices:
        offices.minsk.receive(for_(*BOTH), SENDER)
        crash_at(offices.minsk, "process:shared")
        home, clock, post = offices.minsk.home, offices.clock, offices.post
        offices.minsk.close()
        offices.minsk = TownOffice(home, "minsk", settings_of(home, "minsk", "moscow"), clock, post)
        offices.post.delivers = False
        offices.settle()

        first, second = offices.minsk.incoming()
        assert (first.state, second.state, second.reason) == (State.DONE, State.PARKED, Reason.NOT_FOR_US)
        assert kinds(offices, "EX-MINSK") == ["Reception", "Report"]


# --- the same letter again, for each by itself ------------------------------------------------------------------------


def test_a_duplicate_makes_no_second_card_and_hears_the_answers_of_both(branches: Town) -> None:
    arrive(branches, for_(*BOTH))
    before = kinds(branches, "EX-MINSK"), kinds(branches, "EX-EAST")
    branches.clock.advance(hours=1)

    again = arrive(branches, for_(*BOTH))

    assert [(one.kind, one.office) for one in again] == [("duplicate", "EX-MINSK"), ("duplicate", "EX-EAST")]
    assert len(cards(branches.minsk)) == 2
    assert kinds(branches, "EX-MINSK") == before[0] * 2
    assert kinds(branches, "EX-EAST") == before[1] * 2


def test_a_rescan_repeats_the_answers_of_neither(branches: Town) -> None:
    arrive(branches, for_(*BOTH))
    before = len(branches.post.carried)
    branches.clock.advance(hours=1)

    again = arrive(branches, for_(*BOTH), anew=False)

    assert [(one.kind, one.arrived_anew) for one in again] == [("duplicate", False), ("duplicate", False)]
    assert len(branches.post.carried) == before


def test_a_message_that_came_for_one_and_then_for_both_is_new_to_the_other_alone(branches: Town) -> None:
    arrive(branches, for_(BOTH[0]))

    first, second = arrive(branches, for_(*BOTH))

    assert first.office == "EX-MINSK"
    assert (second.office, second.kind, second.state) == ("EX-EAST", "document", State.DONE)
    assert [len(cards_of(branches, index)) for index in ("EX-MINSK", "EX-EAST")] == [1, 1]


def test_a_conflict_with_what_one_organisation_knows_is_none_for_the_other(branches: Town) -> None:
    arrive(branches, for_(BOTH[0]))

    first, second = arrive(branches, for_(*BOTH, number="77-2"))

    assert (first.state, first.reason) == (State.PARKED, Reason.CONFLICT)
    assert (second.state, second.reason) == (State.DONE, None)


def test_a_resend_for_both_is_answered_by_both_under_the_new_return_id(branches: Town) -> None:
    arrive(branches, for_(*BOTH))

    again = arrive(branches, for_(*BOTH, message_id="2a" * 16, return_id="2b" * 16))

    assert [one.kind for one in again] == ["resend", "resend"]
    for index in ("EX-MINSK", "EX-EAST"):
        assert 'ReturnID="' + "2b" * 16 in told(branches, index, "Report")[-1]


def test_a_change_waits_where_the_document_stands_and_is_registered_where_it_does_not(branches: Town) -> None:
    arrive(branches, for_(BOTH[0]))

    first, second = arrive(branches, for_(*BOTH, message_id="2a" * 16, return_id="2b" * 16, number="77-2"))

    assert (first.state, first.reason) == (State.WAITING, Reason.CHANGED)
    assert (second.state, second.reason) == (State.DONE, None)


def test_what_a_person_decides_for_one_organisation_says_nothing_about_the_other(tmp_path: Path) -> None:
    with two_of_ours(tmp_path, rules='[[receive]]\nregister = "wait"\n') as offices:
        offices.post.delivers = False
        arrive(offices, for_(*BOTH))
        mine, theirs = cards(offices.minsk)

        do(offices.minsk, people.refuse_waiting, mine.id, "не к нам", by="Тихая")
        number = do(offices.minsk, people.register_waiting, theirs.id, by="Пристанский", to=["Канцелярия"])
        offices.settle()

        assert number == "В-1"
        assert kinds(offices, "EX-MINSK") == ["Reception", "Failure"]
        assert set(kinds(offices, "EX-EAST")) == {"Reception", "Report"}
        with people.at_work(offices.minsk.registry) as work:
            (row,) = people.rows(work, "select i.* from inbox i join inbox_row r on r.inbox_id = i.id")
            (east,) = people.rows(work, "select d.* from department d where d.office_id = 2 and name = 'Канцелярия'")
        assert row.department_id == east.id


def test_an_organisation_the_edms_does_not_know_lets_its_documents_wait_and_holds_up_nobody(tmp_path: Path) -> None:
    nowhere = EAST.replace("EX-EAST", "EX-NORTH").replace("east.example", "north.example")
    with two_of_ours(tmp_path, also=nowhere) as offices:
        offices.post.delivers = False

        first, second = arrive(offices, for_(BOTH[0], ("EX-NORTH", "")))

        assert first.state is State.DONE
        assert second.state is State.WAITING
        assert "нашей организации с индексом EX-NORTH нет в картотеке" in second.detail


def test_a_damaged_copy_is_refused_where_the_document_does_not_stand_and_parked_where_it_does(branches: Town) -> None:
    arrive(branches, for_(BOTH[0]))
    damaged = for_(*BOTH, message_id="2a" * 16, return_id="2b" * 16).replace(b"letter[1].pdf", b"another[1].pdf")

    first, second = arrive(branches, damaged)

    assert (first.state, second.state) == (State.PARKED, State.DONE)
    assert "Failure" not in kinds(branches, "EX-MINSK")
    assert kinds(branches, "EX-EAST") == ["Failure"]


def test_what_can_neither_be_read_nor_dated_gets_the_date_of_the_organisation_that_refuses_it(branches: Town) -> None:
    branches.clock.moment = BEGINNING + timedelta(hours=9)  # 19:00 in Minsk, two o'clock of the next day in the east
    inside = passport_for(*BOTH).replace("<Date>2026-03-10</Date>", "")[:-40]  # cut off

    arrive(branches, partner.letter(inside))

    dates = [
        re.findall("<Date>([^<]+)</Date>", told(branches, index, "Failure")[0]) for index in ("EX-MINSK", "EX-EAST")
    ]
    assert dates == [["2026-03-11"], ["2026-03-12"]]


# --- from either of ours ----------------------------------------------------------------------------------------------


def send(office: TownOffice, signer: str, drafter: str, to: Sequence[str] = ("EX-MOSCOW",)) -> int:
    now = office.clock.now()
    with people.at_work(office.registry) as work:
        card = people.write_card(work, "О деле", {"Письмо.pdf": LETTER}, signer=signer, drafter=drafter, now=now)
        for index in to:
            people.send(work, card, index, clerk=drafter, now=now)
        return card


def test_a_document_is_sent_by_the_organisation_whose_card_it_is(tmp_path: Path) -> None:
    with two_of_ours(tmp_path) as offices:
        ours, theirs = send(offices.minsk, "Озёрный", "Тихая"), send(offices.minsk, "Маячная", "Пристанский")
        offices.settle()

        assert kinds(offices, "EX-MINSK")[0] == kinds(offices, "EX-EAST")[0] == "MainDoc"
        senders = {sender for sender, to, _ in offices.post.carried if to == SENDER}
        assert senders == {"edms@minsk.example", EAST_ADDRESS}
        with people.at_work(offices.moscow.registry) as work:
            known = people.rows(
                work,
                "select t.exchange_index, c.partner_number from card c"
                " join correspondent t on t.id = c.correspondent_id",
            )
        assert {(row.exchange_index, row.partner_number) for row in known} == {
            ("EX-MINSK", "ИСХ-1"),
            ("EX-EAST", "ИВ-1"),
        }
        for card in (ours, theirs):
            assert news(offices.minsk, card) == ["received", "registered", "forwarded"]


def test_an_answer_comes_to_the_organisation_that_asked(tmp_path: Path) -> None:
    with two_of_ours(tmp_path) as offices:
        card = send(offices.minsk, "Маячная", "Пристанский")
        offices.settle()
        (incoming,) = cards(offices.moscow)

        do(
            offices.moscow,
            people.answer,
            incoming.id,
            "Ответ",
            {"Ответ.pdf": LETTER},
            signer="Берёзкина",
            drafter="Дубов",
        )
        offices.settle()

        assert cards_of(offices, "EX-EAST") == [("registered", "В-1")]
        assert cards_of(offices, "EX-MINSK") == []
        with people.at_work(offices.minsk.registry) as work:
            assert [one.link for one in people.linked(work, card)] == ["Ответ"]


def test_nobody_sends_in_another_organisations_name_by_chance(tmp_path: Path) -> None:
    with two_of_ours(tmp_path) as offices:
        with people.at_work(offices.minsk.registry) as work:
            work.run(text("update office set exchange_index = 'EX-RENAMED' where exchange_index = 'EX-EAST'"))
        card = send(offices.minsk, "Маячная", "Пристанский")
        offices.settle()

        with people.at_work(offices.minsk.registry) as work:
            (row,) = people.ladder(work, card)
        assert row.state == "failed"
        assert "EX-RENAMED" in row.trouble
        assert offices.minsk.outgoing() == []


# --- several organisations behind one partner's server ----------------------------------------------------------------

TVER = """
[[partner]]
id = "tver"
name = "Исполком, отделение в Москве"
channel = "moscow"
indices = ["EX-TVER"]
mode = "live"
[[channel]]
id = "distant"
address = "edms@distant.example"
[channel.proof]
kind = "network"
peers = ["192.0.2.0/24"]
[[partner]]
id = "distant"
name = "Дальние"
channel = "distant"
indices = ["EX-DISTANT"]
mode = "live"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Town]:
    """Minsk, to whom one server of Moscow's speaks for Moscow and Tver, namesakes with one tax number."""
    with town(tmp_path, minsk={"partner": TVER}) as offices:
        with people.at_work(offices.minsk.registry) as work:
            work.run(text("update correspondent set tax_id = '7700000001'"))
            twin = (
                "select 'EX-TVER', short_name, full_name, tax_id from correspondent where exchange_index = 'EX-MOSCOW'"
            )
            work.run(text(f"insert into correspondent (exchange_index, short_name, full_name, tax_id) {twin}"))
        offices.post.delivers = False
        yield offices


def from_(index: str, **rest: str) -> bytes:
    return partner.letter(partner.passport(sender=index, **rest))  # type: ignore[arg-type]  # passed on as given


def correspondents(offices: Town) -> list[str]:
    with people.at_work(offices.minsk.registry) as work:
        return [
            row.exchange_index
            for row in people.rows(
                work,
                "select t.exchange_index from card c join correspondent t on t.id = c.correspondent_id order by c.id",
            )
        ]


def test_organisations_behind_one_server_that_share_name_and_tax_number_are_told_apart_by_index(server: Town) -> None:
    arrive(server, from_("EX-MOSCOW"))
    arrive(server, from_("EX-TVER"))  # the same message id and document uid: another organisation's are its own

    assert correspondents(server) == ["EX-MOSCOW", "EX-TVER"]
    assert [one.partner for one in server.minsk.incoming()] == ["moscow", "tver"]
    recipients = [one.partition("<Recipient>")[2].partition("</Recipient>")[0] for one in told(server, "EX-MINSK")]
    assert [re.findall('UID="(EX-[^"]+)"', one) for one in recipients] == [
        ["EX-MOSCOW"],
        ["EX-MOSCOW"],
        ["EX-TVER"],
        ["EX-TVER"],
    ]


def test_an_index_that_belongs_to_another_channel_is_parked_in_silence(server: Town) -> None:
    (entry,) = arrive(server, from_("EX-DISTANT"))

    assert (entry.state, entry.reason) == (State.PARKED, Reason.UNKNOWN_PARTNER)
    assert server.minsk.outgoing() == []


def test_a_neighbour_on_the_same_server_cannot_report_for_the_one_we_wrote_to(server: Town) -> None:
    card = send(server.minsk, "Озёрный", "Тихая", ["EX-TVER"])
    server.settle()
    (return_id,) = re.findall('ReturnID="([0-9a-f]+)"', told(server, "EX-MINSK", "MainDoc")[0])

    (forged,) = arrive(server, receipt("EX-MOSCOW", "6a" * 16, return_id))
    before = news(server.minsk, card)
    (believed,) = arrive(server, receipt("EX-TVER", "6b" * 16, return_id))

    assert (forged.reason, before) == (Reason.FORGED, [])
    assert (believed.reason, believed.office, news(server.minsk, card)) == (None, "EX-MINSK", ["received"])


def receipt(sender: str, message_id: str, return_id: str) -> bytes:
    body = "<Reception>2026-03-11T12:00:00+03:00</Reception>"
    ids = {"message_id": message_id, "return_id": return_id, "uid": "x"}
    return partner.letter(partner.report(body=body, kind="Reception", sender=sender, **ids), {}, name="Report.xml")


def test_one_document_to_two_organisations_of_one_server_has_two_letters_and_two_ladders(server: Town) -> None:
    card = send(server.minsk, "Озёрный", "Тихая", ["EX-MOSCOW", "EX-TVER"])
    server.settle()

    passports = told(server, "EX-MINSK", "MainDoc")
    assert len({re.findall('ReturnID="([0-9a-f]+)"', one)[0] for one in passports}) == 2
    recipients = [one.partition("<Recipient>")[2].partition("</Recipient>")[0] for one in passports]
    assert sorted(re.findall('UID="(EX-[^"]+)"', "".join(recipients))) == ["EX-MOSCOW", "EX-TVER"]
    with server.minsk.parts.journal.read() as tx:
        found = [exchanges.get(tx, id) for id in exchanges.find(tx, "ИСХ-1")]
    assert sorted(one.partner for one in found if one and one.number == Number("ИСХ-1", date(2026, 3, 11))) == [
        "moscow",
        "tver",
    ]
    with people.at_work(server.minsk.registry) as work:
        assert {row.exchange_index: row.state for row in people.ladder(work, card)} == {
            "EX-MOSCOW": "sent",
            "EX-TVER": "sent",
        }


def test_organisations_of_ours_that_share_name_and_tax_number_are_told_apart_by_index(tmp_path: Path) -> None:
    twin = EAST.replace(EAST_TITLE, "Исполком, отделение в Минске").replace("Asia/Vladivostok", "Europe/Minsk")
    with two_of_ours(tmp_path, also=twin + 'tax_id = "100000001"\n') as offices:
        with people.at_work(offices.minsk.registry) as work:
            work.run(text("update office set short_name = 'Исполком', full_name = 'Исполком'"))
        offices.post.delivers = False

        arrive(offices, for_(BOTH[1]))
        send(offices.minsk, "Маячная", "Пристанский")
        offices.settle()

        assert (cards_of(offices, "EX-EAST"), cards_of(offices, "EX-MINSK")) == ([("registered", "В-1")], [])
        assert kinds(offices, "EX-EAST") == ["Reception", "Report", "MainDoc"]
        assert kinds(offices, "EX-MINSK") == []
