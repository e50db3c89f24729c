# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices that both speak SMDO, with the EDMS mapping unchanged: every rung the standard can say comes home."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add
from gateway.errors import Reason
from gateway.journal import exchanges
from gateway.journal.entries import State
from tests.story.acts import ANNEX, LETTER, answer, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town, TownOffice, town

CODES = {"minsk": "OrgA001", "moscow": "OrgB002"}
SMDO = {
    "minsk": {
        "channel": 'dialect = "smdo"',
        "office": f'codes = {{ smdo = "{CODES["minsk"]}" }}',
        "partner": f'codes = {{ EX-MOSCOW = "{CODES["moscow"]}" }}',
    },
    "moscow": {
        "channel": 'dialect = "smdo"',
        "office": f'codes = {{ smdo = "{CODES["moscow"]}" }}',
        "partner": f'codes = {{ EX-MINSK = "{CODES["minsk"]}" }}',
    },
}


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, **SMDO) as both:
        yield both


def xml_of(mail: Message) -> str:
    (found,) = [part for part in mail.walk() if part.get_content_type() == "application/xml"]
    data = found.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.decode()


def told(office: TownOffice, card: int) -> list[tuple[str, str]]:
    """The news on *card* with their words."""
    with people.at_work(office.registry) as work:
        return [(row.event, row.text or "") for row in people.news(work, card)]


def words(office: TownOffice, card: int) -> list[str]:
    """What was told in words only."""
    return [text.partition("; ")[2] for kind, text in told(office, card) if kind == "progress"]


def test_the_whole_ladder_comes_home_each_rung_as_the_table_says(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    assert incoming.number == "ВХ-1"
    assert inbox(offices.moscow, "Берёзкина") == [incoming.id]
    row = dispatch(offices.minsk, card)
    assert (row.state, row.partner_number, row.partner_date) == ("registered", "ВХ-1", "2026-03-11")

    instruction = instruct(offices.moscow, incoming.id)
    offices.settle()
    do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
    offices.settle()
    do(offices.moscow, people.report, instruction, "Ответ подготовлен", by="Кленов")
    offices.settle()
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина")
    offices.settle()
    answer(offices.moscow, incoming.id)
    offices.settle()

    assert news(offices.minsk, card)[:2] == ["received", "registered"]
    assert sorted(news(offices.minsk, card)[2:]) == ["answered", *["progress"] * 6]
    with offices.minsk.parts.journal.read() as tx:
        letter = offices.minsk.outgoing()[0]
        standing = exchanges.get(tx, letter.exchange) if letter.exchange else None
    assert standing is not None
    assert standing.rung == "answered"
    heads = [text.partition(":")[0].partition(";")[0] for text in words(offices.minsk, card)]
    assert heads == [
        "Документ направлен",
        "Дано поручение",
        "Изменён срок поручения",
        "Отчёт исполнителя по поручению",
        "Поручение исполнено",
        "Направлен ответ",
    ]
    assert "Берёзкина" in words(offices.minsk, card)[0]
    assert "срок 01.04.2026" in words(offices.minsk, card)[2]


def test_the_files_and_the_other_card_are_what_they_were(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()

    with people.at_work(offices.moscow.registry) as work:
        files = people.rows(work, "select name, content from card_file order by position")
    assert [(file.name, file.content) for file in files] == [("Письмо.pdf", LETTER), ("Приложение № 1.txt", ANNEX)]


def test_the_letter_is_as_the_mail_profile_has_it(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()

    document, receipt = offices.minsk.sent()[0], offices.moscow.sent()[0]
    names = [part.get_filename() for part in document.walk() if part.get_filename()]
    assert names[:2] == ["attach1", "attach2"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}_data\.xml", names[2])
    assert document["Organization"] == CODES["minsk"]
    (ack,) = [part.get_filename() for part in receipt.walk() if part.get_filename()]
    assert ack.endswith("_ack.xml")


def test_an_answer_names_the_message_it_answers_and_both_cards_are_linked(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    answer(offices.moscow, incoming.id)
    offices.settle()

    (reply,) = cards(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        links = people.rows(work, "select card_id, other_id from card_link order by card_id")
    assert [(link.card_id, link.other_id) for link in links] == [(card, reply.id), (reply.id, card)]
    asked = re.search(r'msg_id="([^"]+)"', xml_of(offices.minsk.sent()[0]))
    answers = [xml for mail in offices.moscow.sent() if "<DocParent" in (xml := xml_of(mail))]
    assert asked is not None
    assert len(answers) == 1
    assert 'delivery_type="1"' in answers[0]
    assert f'lastmsg_id="{asked[1]}" parmsg_id="{asked[1]}" parorg_id="{CODES["minsk"]}"' in answers[0]


def test_the_answer_to_an_answer_names_the_first_message_of_the_chain(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    answer(offices.moscow, cards(offices.moscow)[0].id)
    offices.settle()

    (reply,) = cards(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        people.answer(
            work,
            reply.id,
            "Ещё раз",
            {"Ответ.pdf": LETTER},
            signer="Озёрный",
            drafter="Тихая",
            now=offices.clock.now(),
        )
    offices.settle()

    first = re.search(r'msg_id="([^"]+)"', xml_of(offices.minsk.sent()[0]))
    (second,) = [xml for mail in offices.moscow.sent() if "<DocParent" in (xml := xml_of(mail))]
    asked = re.search(r' msg_id="([^"]+)"', second)
    (third,) = [xml for mail in offices.minsk.sent() if "<DocParent" in (xml := xml_of(mail))]
    assert first is not None
    assert asked is not None
    assert f'lastmsg_id="{asked[1]}" parmsg_id="{first[1]}"' in third


def test_a_task_that_is_sent_is_the_other_sides_task(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    with people.at_work(minsk.registry) as work:
        card = people.write_card(
            work, "С поручением", {"Письмо.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=minsk.clock.now()
        )
        people.instruct(
            work,
            card,
            "Подготовить ответ",
            author="Озёрный",
            executors=["Кленов П. И."],
            now=minsk.clock.now(),
            deadline=date(2026, 3, 25),
            organisation="Исполком, отделение в Москве",
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=minsk.clock.now(), to="Берёзкина А. В.")
    offices.settle()

    with people.at_work(moscow.registry) as work:
        (theirs,) = people.rows(work, "select * from instruction")
    with people.at_work(minsk.registry) as work:
        (ours,) = people.rows(work, "select * from instruction")
    assert theirs.uid == ours.uid

    do(moscow, people.report, theirs.id, "Ответ готов", by="Кленов")
    do(moscow, people.close, theirs.id, "Исполнено", by="Берёзкина")
    offices.settle()

    assert [text for text in words(minsk, card) if text.startswith("Поручение исполнено")]


def test_an_acknowledgement_has_the_senders_number_first_and_the_receivers_apart(offices: Town) -> None:
    """The other way round than GOST R 53898-2010: RegNumber is the sender's, IncNumber the receiver's."""
    send_letter(offices.minsk)
    offices.settle()

    (registration,) = [xml for mail in offices.moscow.sent() if 'ack_type="2"' in (xml := xml_of(mail))]
    assert '<RegNumber regdate="2026-03-11">ИСХ-1</RegNumber><IncNumber regdate="2026-03-11">ВХ-1</IncNumber>' in (
        registration
    )


REFUSING = '[[receive]]\nregister = "refuse"\n'


def test_a_refusal_comes_home_as_one(tmp_path: Path) -> None:
    moscow = {**SMDO["moscow"], "partner": SMDO["moscow"]["partner"] + "\n" + REFUSING}
    with town(tmp_path, minsk=SMDO["minsk"], moscow=moscow) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        row = dispatch(offices.minsk, card)
        assert news(offices.minsk, card) == ["received", "refused"]
        assert row.state == "refused"
        (refusal,) = [
            xml
            for mail in offices.moscow.sent()
            if "AckResult errorcode=" in (xml := xml_of(mail)) and 'ack_type="2"' in xml
        ]
        assert 'errorcode="2"' in refusal
        assert ">Отказ в регистрации</IncNumber>" in refusal


# --- written by hand ----------------------------------------------------------------------------------------------

MESSAGE = "8c1d2e3f-0000-4000-8000-00000000000a"


def letter(xml: str, sender: str = "edms@moscow.example", **files: bytes) -> bytes:
    """A letter of another product."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "edms@minsk.example", "x"
    mail["Message-ID"] = f"<{abs(hash(xml))}@router.example>"
    mail.set_content("")
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    mail.add_attachment(xml.encode(), maintype="text", subtype="xml", filename=f"{MESSAGE}_data.xml")
    return mail.as_bytes(policy=SMTP)


def envelop(body: str, *, sender: str = CODES["moscow"], kind: str = "1", id: str = MESSAGE) -> str:
    return (
        f'<Envelop type="SDIP-2.1.1" msg_id="{id}" dtstamp="2026-03-11T12:00:00+03:00" subject="x">'
        f'<Header msg_type="{kind}" msg_acknow="2"><Sender id="{sender}" name="Сосед" sys_id="" system="" '
        f'system_details=""/><Receiver id="{CODES["minsk"]}" name="Мы"/></Header><Body>{body}</Body></Envelop>'
    )


def document(uid: str = "D1", data: str = '<Data referenceid="attach1"/>', signature: str = "") -> str:
    return (
        f'<Document idnumber="{uid}" type="0" kind="Письмо" pages="1" title="О деле">'
        f'<RegNumber regdate="2026-03-10">7-{uid}</RegNumber><Confident flag="0">Общий</Confident>'
        f'<DocTransfer name="Дело.pdf">{data}{signature}</DocTransfer>'
        '<Author><OrganizationWithSign organization_string="Сосед"><OfficialPersonWithSign><Name>Рогозов А.А.</Name>'
        "</OfficialPersonWithSign></OrganizationWithSign></Author></Document>"
    )


def arrive(office: TownOffice, data: bytes, sender: str = "edms@moscow.example") -> int:
    number = office.receive(data, sender)
    for _ in range(4):
        office.work()
    return number


def test_a_package_without_its_file_is_refused_in_the_words_of_the_standard(offices: Town) -> None:
    offices.post.delivers = False

    arrive(offices.minsk, letter(envelop(document())))

    (refusal,) = [xml_of(mail) for mail in offices.minsk.sent()]
    assert f'msg_id="{MESSAGE}" ack_type="1"' in refusal
    assert 'errorcode="-21"' in refusal
    assert not cards(offices.minsk)


def test_a_broken_package_is_refused_as_far_as_its_sender_can_be_read(offices: Town) -> None:
    offices.post.delivers = False

    arrive(offices.minsk, letter(envelop(document()).replace("</Body>", ""), attach1=b"x"))

    (refusal,) = [xml_of(mail) for mail in offices.minsk.sent()]
    assert f'msg_id="{MESSAGE}" ack_type="1"' in refusal
    assert 'errorcode="-1"' in refusal


def test_what_comes_once_more_makes_no_second_card_and_hears_its_number_again(offices: Town) -> None:
    offices.post.delivers = False
    again = MESSAGE[:-1] + "b"
    arrive(offices.minsk, letter(envelop(document()), attach1=LETTER))
    before = len(offices.minsk.sent())

    arrive(offices.minsk, letter(envelop(document(), id=again), attach1=LETTER))

    (card,) = cards(offices.minsk)
    answers = [xml_of(mail) for mail in offices.minsk.sent()[before:]]
    assert all(f'<Acknowledgement msg_id="{again}"' in xml for xml in answers)
    kinds = [re.search('ack_type="(.)"', xml) for xml in answers]
    assert [found[1] for found in kinds if found] == ["1", "2", "4"]
    assert f">{card.number}</IncNumber>" in answers[1]


def test_what_the_network_could_not_carry_is_sent_again_by_the_clerk(offices: Town) -> None:
    card, _ = network(offices, "104", 1)

    do(offices.minsk, people.send_again, int(dispatch(offices.minsk, card).id))
    offices.settle()

    first, second = (re.search(r' msg_id="([^"]+)"', xml_of(mail)) for mail in offices.minsk.sent())
    assert first is not None
    assert second is not None
    assert first[1] != second[1]


def test_signatures_are_kept_with_their_file_and_no_signature_is_no_refusal(offices: Town) -> None:
    offices.post.delivers = False
    signed = f'<Signature signer="Рогозов А.А.">{b64encode(b"CMS of somebody").decode()}</Signature>'

    arrive(offices.minsk, letter(envelop(document(signature=signed)), attach1=LETTER))
    arrive(offices.minsk, letter(envelop(document("D2"), id=MESSAGE[:-1] + "b"), attach1=LETTER))

    assert len(cards(offices.minsk)) == 2
    with people.at_work(offices.minsk.registry) as work:
        held = people.rows(work, "select content from card_file where signs_id is not null")
    assert [bytes(row.content) for row in held] == [b"CMS of somebody"]


# --- the network --------------------------------------------------------------------------------------------------


def acknowledgement(of: str, kind: str, code: int = 0) -> str:
    return (
        f'<Acknowledgement msg_id="{of}" ack_type="{kind}"><RegNumber regdate="2026-03-11">ИСХ-1</RegNumber>'
        f'<AckResult errorcode="{code}"/></Acknowledgement>'
    )


def network(offices: Town, kind: str, code: int = 0) -> tuple[int, int]:
    """The router tells something of the one letter Minsk sent; return its card and the router's entry."""
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    sent = re.search(r'msg_id="([^"]+)"', xml_of(offices.minsk.sent()[0]))
    assert sent is not None
    xml = envelop(acknowledgement(sent[1], kind, code), sender="SMDO_DISPATCHER", kind="0")
    entry = arrive(offices.minsk, letter(xml))
    offices.settle()
    return card, entry


def test_delivered_to_the_core_is_no_receipt(offices: Town) -> None:
    card, _ = network(offices, "100")

    assert words(offices.minsk, card) == ["Сеть СМДО: пакет доставлен в ядро СМДО."]
    assert news(offices.minsk, card) == ["progress"]
    assert dispatch(offices.minsk, card).received_at is None
    with offices.minsk.parts.journal.read() as tx:
        (letter,) = offices.minsk.outgoing()
        assert letter.exchange is not None
        exchange = exchanges.get(tx, letter.exchange)
    assert exchange is not None
    assert exchange.rung == "sent"


def test_what_the_network_could_not_carry_is_told_as_its_refusal_not_the_addressees(offices: Town) -> None:
    card, _ = network(offices, "104", 1)

    ((kind, text),) = told(offices.minsk, card)
    assert kind == "refused"
    assert "Сеть СМДО, не адресат: доступ адресата к СМДО заблокирован" in text


def test_the_network_is_believed_only_about_letters_that_went_its_way(offices: Town) -> None:
    offices.post.delivers = False
    xml = envelop(acknowledgement(MESSAGE, "104"), sender="SMDO_DISPATCHER", kind="0")

    entry = offices.minsk.entry(arrive(offices.minsk, letter(xml)))

    assert entry.state is State.PARKED
    assert entry.reason is Reason.UNKNOWN_EXCHANGE


ELSEWHERE = """
[[channel]]
id = "elsewhere"
address = "router@elsewhere.example"
dialect = "smdo"
proof = { kind = "network", peers = ["192.0.2.0/24"] }
[[partner]]
id = "elsewhere"
name = "Не тот маршрут"
channel = "elsewhere"
indices = ["EX-ELSEWHERE"]
mode = "live"
"""


def test_another_channels_network_is_not_believed_about_a_letter_that_went_this_way(tmp_path: Path) -> None:
    minsk = {**SMDO["minsk"], "partner": SMDO["minsk"]["partner"] + ELSEWHERE}
    with town(tmp_path, minsk=minsk, moscow=SMDO["moscow"]) as offices:
        offices.post.delivers = False
        card = send_letter(offices.minsk)
        offices.settle()
        sent = re.search(r'msg_id="([^"]+)"', xml_of(offices.minsk.sent()[0]))
        assert sent is not None
        xml = envelop(acknowledgement(sent[1], "104", 1), sender="SMDO_DISPATCHER", kind="0")
        stranger = "router@elsewhere.example"

        entry = offices.minsk.entry(arrive(offices.minsk, letter(xml, stranger), stranger))

        assert (entry.state, entry.reason) == (State.PARKED, Reason.UNKNOWN_EXCHANGE)
        assert news(offices.minsk, card) == []


def test_nothing_is_answered_to_an_acknowledgement(offices: Town) -> None:
    network(offices, "101")

    assert [entry.kind for entry in offices.minsk.outgoing()] == ["document"]


# --- one channel for all ------------------------------------------------------------------------------------------

NEIGHBOUR = """
[[partner]]
id = "neighbour"
name = "Соседи"
channel = "moscow"
indices = ["EX-NEIGHBOUR"]
codes = { EX-NEIGHBOUR = "OrgC003" }
mode = "live"
"""


def test_the_router_speaks_for_several_partners_on_one_channel(tmp_path: Path) -> None:
    minsk = {**SMDO["minsk"], "partner": SMDO["minsk"]["partner"] + NEIGHBOUR}
    with town(tmp_path, minsk=minsk, moscow=SMDO["moscow"]) as offices:
        offices.post.delivers = False
        with people.at_work(offices.minsk.registry) as work:
            add(work, "correspondent", exchange_index="EX-NEIGHBOUR", short_name="Соседи")

        arrive(offices.minsk, letter(envelop(document()), attach1=LETTER))
        arrive(offices.minsk, letter(envelop(document(), sender="OrgC003", id=MESSAGE[:-1] + "c"), attach1=LETTER))
        arrive(offices.minsk, letter(envelop(document(), sender="OrgX999", id=MESSAGE[:-1] + "d"), attach1=LETTER))

        entries = offices.minsk.incoming()
        assert [(entry.partner, entry.state) for entry in entries] == [
            ("moscow", State.DONE),
            ("neighbour", State.DONE),
            (None, State.PARKED),
        ]
        receivers = [re.search(r'<Receiver id="([^"]+)"', xml_of(mail)) for mail in offices.minsk.sent()]
        assert {found[1] for found in receivers if found} == {"OrgB002", "OrgC003"}
        assert {recipient for _, recipient, _ in offices.post.carried} == {"edms@moscow.example"}
