# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts: sent for a visa or a signature, directed, signed, registered; and what becomes of them without a rule."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people import Ask
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import LETTER, cards, dispatch, do, inbox, news
from tests.story.offices import Town, TownOffice, town
from tests.story.test_sending import notices

TAKEN = '[[receive]]\ntype = ["draft"]\n'
VISA = Ask("visa", "EX-MOSCOW", "Берёзкина А. В.")
SIGNATURE = Ask("signature", "EX-MOSCOW", "Берёзкина А. В.")


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    """Minsk and Moscow; Moscow takes drafts."""
    with town(tmp_path, moscow={"partner": TAKEN}) as both:
        yield both


def send_draft(office: TownOffice, asked: Sequence[Ask] = (VISA,), *, to: str = "") -> int:
    """A clerk of Minsk writes a draft and marks it for Moscow; returns its card."""
    files = {"Проект.pdf": LETTER}
    card = do(office, people.write_draft, "О порядке", files, signer="Озёрный", drafter="Тихая", asked=asked)
    do(office, people.send, card, "EX-MOSCOW", clerk="Тихая", to=to)
    return int(card)


def asked_on(office: TownOffice, card: int) -> list[Any]:  # Any: rows of the registry
    with people.at_work(office.registry) as work:
        return people.approvals(work, card)


def lines(office: TownOffice, card: int) -> list[str]:
    """What the sender reads on its card."""
    with people.at_work(office.registry) as work:
        return [row.text for row in people.news(work, card)]


def counters(office: TownOffice) -> list[Any]:  # Any: rows of the registry
    with people.at_work(office.registry) as work:
        return people.rows(work, "select * from counter where last > 0")


def test_the_whole_ladder_of_a_draft_comes_home(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk)
    offices.settle()
    (draft,) = cards(moscow)
    (visa,) = asked_on(moscow, draft.id)
    do(moscow, people.sign, visa.id, "Согласен", "Исправить дату", by="Берёзкина")
    offices.settle()
    signature = do(moscow, people.direct, draft.id, "signature", "Берёзкина", by="Дубов")
    offices.settle()
    do(moscow, people.sign, signature, "Подписано", by="Берёзкина")
    offices.settle()
    do(moscow, people.register_draft, draft.id, signer="Берёзкина", drafter="Дубов")
    offices.settle()

    there = "Исполком, отделение в Москве"
    assert lines(minsk, card) == [
        f"{there}: получено",
        f"{there}: зарегистрировано как проект",
        f"{there}: направлено на визу: Берёзкина Анна Викторовна",
        f"{there}: виза: Берёзкина Анна Викторовна: Согласен; замечание: Исправить дату",
        f"{there}: направлено на подпись: Берёзкина Анна Викторовна",
        f"{there}: подпись: Берёзкина Анна Викторовна: Подписано",
        f"{there}: проект зарегистрирован № ИСХ-1 от 11.03.2026",
    ]
    row = dispatch(minsk, card)
    assert (row.state, row.partner_number, row.partner_date) == ("registered", "ИСХ-1", "2026-03-11")


def test_what_they_decided_stands_on_the_visa_that_was_asked(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk, (VISA, SIGNATURE))
    offices.settle()
    (draft,) = cards(moscow)
    visa, _ = asked_on(moscow, draft.id)

    do(moscow, people.sign, visa.id, "Не согласен", "Исправить дату", by="Берёзкина")
    offices.settle()

    ours, open_one = asked_on(minsk, card)
    assert (ours.uid, ours.kind) == (visa.uid, "visa")
    assert (ours.directed_to, ours.signer) == ("Берёзкина Анна Викторовна",) * 2
    assert (ours.result, ours.remark) == ("Не согласен", "Исправить дату")
    assert (open_one.kind, open_one.directed_to, open_one.result) == ("signature", "Берёзкина Анна Викторовна", None)


def test_a_draft_takes_no_number_on_either_side(offices: Town) -> None:
    card = send_draft(offices.minsk)

    offices.settle()

    (draft,) = cards(offices.moscow)
    (ours,) = cards(offices.minsk, "direction = 'out'")
    assert (draft.state, draft.number, draft.reg_date) == ("draft", None, None)
    assert (ours.state, ours.number, ours.reg_date) == ("draft", None, None)
    assert dispatch(offices.minsk, card).partner_number is None
    assert counters(offices.moscow) == counters(offices.minsk) == []


def test_only_a_draft_that_is_registered_takes_a_number_and_as_a_document_of_its_own(offices: Town) -> None:
    send_draft(offices.minsk)
    offices.settle()
    (draft,) = cards(offices.moscow)

    made = do(offices.moscow, people.register_draft, draft.id, signer="Берёзкина", drafter="Дубов")
    offices.settle()

    (document,) = cards(offices.moscow, "direction = 'out'")
    assert (document.id, document.number, document.subject) == (made, "ИСХ-1", "О порядке")
    (still,) = cards(offices.moscow)
    assert (still.state, still.number, still.draft_status) == ("draft", None, "registered")
    with people.at_work(offices.moscow.registry) as work:
        (file,) = people.rows(work, f"select name, content from card_file where card_id = {made}")
    assert (file.name, file.content) == ("Проект.pdf", LETTER)


def test_who_is_asked_has_the_draft_in_his_inbox_and_nobody_else(offices: Town) -> None:
    send_draft(offices.minsk, to="Дубов О. Ю.")

    offices.settle()

    (draft,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Берёзкина") == [draft.id]
    assert inbox(offices.moscow, "Дубов") == []


def test_a_draft_of_which_nothing_is_asked_lies_before_its_addressee(offices: Town) -> None:
    card = send_draft(offices.minsk, (), to="Кленов П. И.")

    offices.settle()

    (draft,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Кленов") == [draft.id]
    assert news(offices.minsk, card) == ["received", "registered", "forwarded"]


def test_a_visa_of_nobody_in_particular_goes_to_the_default_inbox_which_says_why(offices: Town) -> None:
    send_draft(offices.minsk, (Ask("visa", "EX-MOSCOW"), Ask("visa", "EX-MOSCOW", "Неведомский Н. Н.")))

    offices.settle()

    (draft,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Дубов") == [draft.id, draft.id]
    assert [row.why for row in asked_on(offices.moscow, draft.id)] == [
        "лицо не названо: запрошено у организации в целом",
        "«Неведомский Н. Н.»: такого адресата нет",
    ]


def test_the_files_of_a_visa_come_home_byte_for_byte(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk)
    offices.settle()
    (draft,) = cards(moscow)
    (visa,) = asked_on(moscow, draft.id)
    do(moscow, people.sign, visa.id, "Согласен", "См. файл", by="Берёзкина", files={"Замечания.txt": b"remarks"})

    offices.settle()

    (ours,) = asked_on(minsk, card)
    with people.at_work(minsk.registry) as work:
        (file,) = people.rows(work, f"select name, content from card_file where approval_id = {ours.id}")
    assert (file.name, file.content) == ("Замечания.txt", b"remarks")
    assert lines(minsk, card)[-1].endswith("Согласен; замечание: См. файл; файлы: Замечания.txt")


def test_a_visa_that_is_decided_again_is_told_again(offices: Town) -> None:
    card = send_draft(offices.minsk)
    offices.settle()
    (draft,) = cards(offices.moscow)
    (visa,) = asked_on(offices.moscow, draft.id)
    for result in ("Не согласен", "Согласен"):
        do(offices.moscow, people.sign, visa.id, result, by="Берёзкина")
        offices.settle()

    assert news(offices.minsk, card)[3:] == ["signed", "signed"]
    assert asked_on(offices.minsk, card)[0].result == "Согласен"


def test_the_words_of_a_visa_nobody_outside_asked_for_leave_only_by_agreement(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk)
    offices.settle()
    (draft,) = cards(moscow)
    internal = do(moscow, people.direct, draft.id, "visa", "Кленов", by="Берёзкина")
    do(moscow, people.sign, internal, "Согласен", "Между нами", by="Кленов", files={"Служебное.txt": b"ours"})

    offices.settle()

    assert lines(minsk, card)[-1].endswith("виза: Кленов Пётр Ильич: Согласен")
    assert all("Между нами" not in text for text in passports(moscow))
    assert all("Служебное" not in text for text in passports(moscow))


def passports(office: TownOffice) -> list[str]:
    return [
        part.get_payload(decode=True).decode("utf-8-sig")
        for mail in office.sent()
        for part in mail.walk()
        if part.get_content_type() == "application/xml"
    ]


def test_the_words_of_a_letter_say_that_it_is_about_a_draft(offices: Town) -> None:
    send_draft(offices.minsk)

    offices.settle()

    (there,) = (text for text in words(offices.minsk) if "О порядке" in text)
    home = words(offices.moscow)[-1]
    assert "направляет проект документа" in there
    assert "Версия: 1" in there
    assert "На визу: Берёзкина А. В." in there
    assert "Принят как проект" in home
    assert "Направлен на визу: Берёзкина Анна Викторовна" in home


def words(office: TownOffice) -> list[str]:
    return [
        part.get_payload(decode=True).decode()
        for mail in office.sent()
        for part in mail.walk()
        if part.get_content_type() == "text/plain"
    ]


def test_the_draft_asks_for_all_news_of_drafts_and_a_document_for_none(offices: Town) -> None:
    send_draft(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        now = offices.clock.now()
        letter = people.write_card(work, "Письмо", {"а.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=now)
        people.send(work, letter, "EX-MOSCOW", clerk="Тихая", now=now)

    offices.settle()

    (draft,) = (text for text in passports(offices.minsk) if 'Type="Project"' in text)
    (document,) = (text for text in passports(offices.minsk) if 'Type="Created"' in text)
    for flag in ("VisaDirection", "SignDirection", "VisaInformation", "SignInformation"):
        assert f'<{flag} Include="true"' in draft
        assert f'<{flag} Include="false"' in document
    assert "ProjectRegistrationSubscription" in draft
    assert "ProjectRegistrationSubscription" not in document


def test_what_the_sender_of_a_draft_did_not_ask_for_is_not_told(tmp_path: Path) -> None:
    flags = "visa_direction = false\nsign_information = false\ndraft_registration = false\n"
    with town(tmp_path, minsk={"partner": f"[partner.subscription]\n{flags}"}, moscow={"partner": TAKEN}) as offices:
        card = send_draft(offices.minsk, (VISA, SIGNATURE))
        offices.settle()
        (draft,) = cards(offices.moscow)
        for one in asked_on(offices.moscow, draft.id):
            do(offices.moscow, people.sign, one.id, "Согласен", by="Берёзкина")
        do(offices.moscow, people.register_draft, draft.id, signer="Берёзкина", drafter="Дубов")
        offices.settle()

        told = lines(offices.minsk, card)[2:]
    assert [text.split(": ")[1] for text in told] == ["направлено на подпись", "виза"]


def test_what_the_report_rule_keeps_back_is_not_told(tmp_path: Path) -> None:
    rule = TAKEN + '[[report]]\nevents = ["received", "registered", "signed"]\n'
    with town(tmp_path, moscow={"partner": rule}) as offices:
        card = send_draft(offices.minsk)
        offices.settle()
        (draft,) = cards(offices.moscow)
        (visa,) = asked_on(offices.moscow, draft.id)
        do(offices.moscow, people.sign, visa.id, "Согласен", by="Берёзкина")
        offices.settle()

        assert news(offices.minsk, card) == ["received", "registered", "signed"]


# --- without a rule -----------------------------------------------------------------------------------------------


def test_without_a_rule_a_draft_waits_and_a_person_may_take_it_as_a_draft(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        minsk, moscow = offices.minsk, offices.moscow
        card = send_draft(minsk)
        offices.settle()
        (waiting,) = cards(moscow)
        assert (waiting.state, waiting.number) == ("waiting", None)
        assert waiting.waits_because == "проект документа не регистрируется автоматически"
        assert news(minsk, card) == ["received"]

        do(moscow, people.take_draft, waiting.id, by="Дубов")
        visa = do(moscow, people.direct, waiting.id, "visa", "Берёзкина", by="Дубов")
        do(moscow, people.sign, visa, "Согласен", "Исправить дату", by="Берёзкина")
        moscow.work()
        offices.settle()

        assert news(minsk, card) == ["received", "registered", "directed", "signed"]
        (ours,) = asked_on(minsk, card)
        assert (ours.result, ours.remark) == ("Согласен", "Исправить дату")
        assert counters(moscow) == []
        assert [entry.state for entry in moscow.incoming()] == [State.DONE]


def test_a_rule_may_lay_every_draft_before_a_person_who_refuses_it(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN + 'register = "wait"'}) as offices:
        card = send_draft(offices.minsk)
        offices.settle()
        (waiting,) = cards(offices.moscow)

        do(offices.moscow, people.refuse_waiting, waiting.id, "Сначала согласуйте у себя", by="Дубов")
        offices.settle()

        assert dispatch(offices.minsk, card).refusal == "Сначала согласуйте у себя"


def test_a_rule_may_refuse_drafts_in_plain_words(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN + 'register = "refuse"'}) as offices:
        card = send_draft(offices.minsk)

        offices.settle()

        assert cards(offices.moscow) == []
        assert dispatch(offices.minsk, card).refusal == (
            "Приём документов от этого отправителя не предусмотрен соглашением. Получено: проект документа."
        )
        assert notices(offices.minsk, "Тихая")


def test_a_rule_for_documents_says_nothing_of_drafts(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nregister = "auto"'}) as offices:
        send_draft(offices.minsk)

        offices.settle()

        assert [card.state for card in cards(offices.moscow)] == ["waiting"]


# --- versions -----------------------------------------------------------------------------------------------------


def version_of(office: TownOffice) -> list[tuple[str, int]]:
    return [(card.state, card.draft_version) for card in cards(office)]


def test_a_new_version_waits_for_a_person_who_puts_it_onto_the_draft(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk)
    offices.settle()
    (draft,) = cards(moscow)

    do(minsk, people.write_version, card, {"Проект.pdf": LETTER + b"2"})
    offices.settle()
    assert version_of(moscow) == [("draft", 1), ("waiting", 2)]
    newer = cards(moscow)[1]
    do(moscow, people.take_version, newer.id, draft.id, by="Дубов")
    offices.settle()

    assert version_of(moscow) == [("draft", 2), ("joined", 2)]
    assert news(minsk, card) == ["received", "registered", "directed", "received", "edited"]
    assert dispatch(minsk, card).state == "registered"


def test_every_version_that_was_taken_is_news(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN + 'on_change = "add-files"'}) as offices:
        card = send_draft(offices.minsk)
        offices.settle()
        for content in (b"2", b"3"):
            do(offices.minsk, people.write_version, card, {"Проект.pdf": LETTER + content})
            offices.settle()

        assert version_of(offices.moscow) == [("draft", 3)]
        assert news(offices.minsk, card)[3:] == ["received", "edited"] * 2


def test_what_a_new_version_asks_for_is_directed_by_the_person_who_takes_it(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk, ())
    offices.settle()
    (draft,) = cards(moscow)
    with people.at_work(minsk.registry) as work:
        people.ask(work, card, VISA)
    do(minsk, people.write_version, card, {"Проект.pdf": LETTER + b"2"})
    offices.settle()

    do(moscow, people.take_version, cards(moscow)[1].id, draft.id, by="Дубов")
    key = do(moscow, people.direct, draft.id, "visa", "Берёзкина", by="Дубов")
    do(moscow, people.sign, key, "Согласен", by="Берёзкина")
    moscow.work()
    offices.settle()

    (ours,) = asked_on(minsk, card)
    assert (ours.result, ours.signer) == ("Согласен", "Берёзкина Анна Викторовна")


def test_a_new_version_is_added_by_itself_when_the_rule_says_so(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN + 'on_change = "add-files"'}) as offices:
        minsk, moscow = offices.minsk, offices.moscow
        card = send_draft(minsk)
        offices.settle()
        (draft,) = cards(moscow)

        do(minsk, people.write_version, card, {"Проект.pdf": LETTER + b"2"})
        offices.settle()
        (visa,) = asked_on(moscow, draft.id)
        do(moscow, people.sign, visa.id, "Согласен", by="Берёзкина")
        offices.settle()

        assert version_of(moscow) == [("draft", 2)]
        assert notices(moscow, "Берёзкина") == ["Поступила новая версия проекта: 2"]
        assert news(minsk, card) == ["received", "registered", "directed", "received", "edited", "signed"]
        second = cards(minsk, "direction = 'out'")[0].draft_version_uid
        assert f'VersionUID="{second}"' in passports(moscow)[-1]


def test_a_draft_that_is_not_a_new_version_is_not_sent_twice(offices: Town) -> None:
    card = send_draft(offices.minsk)
    offices.settle()
    sent = len(offices.minsk.sent())

    do(offices.minsk, people.send_again, int(dispatch(offices.minsk, card).id))
    offices.settle()

    assert len(offices.minsk.sent()) == sent


def test_the_registered_document_goes_to_the_same_partner_as_a_document_of_its_own(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    card = send_draft(minsk)
    offices.settle()

    made = do(minsk, people.register_draft, card, signer="Озёрный", drafter="Тихая")
    do(minsk, people.send, made, "EX-MOSCOW", clerk="Тихая")
    offices.settle()

    assert [(one.state, one.number) for one in cards(moscow)] == [("draft", None), ("registered", "ВХ-1")]
    assert dispatch(minsk, made).partner_number == "ВХ-1"


# --- another product ----------------------------------------------------------------------------------------------


def test_what_another_product_says_of_our_draft_is_understood(offices: Town) -> None:
    minsk = offices.minsk
    offices.post.delivers = False
    card = send_draft(minsk)
    minsk.work()
    (ours,) = asked_on(minsk, card)
    (draft,) = cards(minsk, "direction = 'out'")
    organisation = '<Organization UID="EX-MOSCOW"><ShortName>Partner</ShortName></Organization>'
    contact = f"<Contact>{organisation}<OfficialPerson><FIO>Берёзкина А.В.</FIO></OfficialPerson></Contact>"
    number = "<RegistrationInfo><Number>ПР-17</Number><Date>2026-03-11</Date></RegistrationInfo>"
    became = "<RegistrationInfo><Number>01-9</Number><Date>2026-03-12</Date></RegistrationInfo>"
    approval = (
        f'<Approval UID="{ours.uid}" Kind="Visa">{contact}<SignDate>2026-03-11T13:00:00+03:00</SignDate>'
        "<MainInfo>Согласен</MainInfo><AddInfo>С правкой</AddInfo></Approval>"
    )
    body = (
        '<Registration DocumentID="7"/>'
        f'<Direction VisaSign="Visa">{contact}<Date>2026-03-11T12:30:00+03:00</Date></Direction>'
        '<SignInformation DocumentID="7"/>'
        '<e:ProjectRegistrationNotification xmlns:e="http://www.eos.ru/2010/sev/Ext2018" DocumentID="8"/>'
    )
    documents = (
        f'<DocumentList><Document UID="{draft.uid}" DocumentID="7" Type="Project" MainDocument="false">'
        f'{number}{approval}</Document><Document DocumentID="8" Type="Created" MainDocument="false">{became}'
        "</Document></DocumentList>"
    )
    exchange_return_id = return_id_of(passports(minsk)[0])
    for repeat in ("1", "2"):
        told = partner.report(
            message_id=repeat * 32, return_id=exchange_return_id, uid=draft.uid, body=body, documents=documents
        )
        minsk.receive(partner.letter(told, {}, name="Report.xml"), "edms@moscow.example")
        for _ in range(3):
            minsk.work()

    assert news(minsk, card) == ["registered", "directed", "signed", "draft_registered"]
    assert lines(minsk, card)[-1].endswith("проект зарегистрирован № 01-9 от 12.03.2026")
    (ours,) = asked_on(minsk, card)
    assert (ours.directed_to, ours.result, ours.remark) == ("Берёзкина А.В.", "Согласен", "С правкой")
    assert dispatch(minsk, card).partner_number == "01-9"


def return_id_of(passport: str) -> str:
    return passport.split('ReturnID="')[1].split('"')[0]


def test_the_term_of_a_visa_travels(offices: Town) -> None:
    term = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)

    send_draft(offices.minsk, (Ask("visa", "EX-MOSCOW", "Берёзкина А. В.", term=term),))
    offices.settle()

    (draft,) = cards(offices.moscow)
    (visa,) = asked_on(offices.moscow, draft.id)
    assert str(visa.term).startswith("2026-03-20 15:00")
