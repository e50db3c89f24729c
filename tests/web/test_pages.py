# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clerk sees: the story of two offices on their pages, in both languages."""

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from sqlalchemy import select, text

from gateway.errors import Reason
from gateway.journal import exchanges, schema
from gateway.journal.entries import State
from gateway.model import EventKind, ExchangeId, Number
from gateway.web import lists
from gateway.web.words import WORDS
from gateway.web.words.language import Words
from tests.journal.givens import exchange
from tests.story.offices import Town
from tests.web.conftest import Page, Site

HOSTILE = '"><script>alert(1)</script><a href=javascript:alert(1)> & \u202egpj.exe {{ 7*7 }} \x1b[31m'


def words(page: Page) -> str:
    """Return what people read, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2])).split())


def rows(page: Page) -> list[str]:
    """Return the lines of the first table."""
    assert page.status == 200
    body = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in body.split("<tr>")[1:]]


def numbers(page: Page) -> list[str]:
    return [found for row in rows(page) for found in re.findall(r"ИСХ-\d+", row)[:1]]


def link(page: Page, number: str) -> str:
    """Return the address of the document of that number."""
    return next(
        unescape(href) for href, bdi in re.findall(r'<a href="([^"]+)"><bdi>([^<]+)', page.text) if bdi == number
    )


def test_each_list_holds_what_its_name_says(minsk: Site, moscow: Site) -> None:
    assert numbers(minsk.get("/sent")) == ["ИСХ-4", "ИСХ-3", "ИСХ-2", "ИСХ-1"]
    assert numbers(minsk.get("/received")) == ["ИСХ-1"]
    assert numbers(moscow.get("/received")) == ["ИСХ-3", "ИСХ-2", "ИСХ-1"]
    assert numbers(moscow.get("/waiting")) == ["ИСХ-2"]
    assert numbers(minsk.get("/overdue")) == ["ИСХ-2", "ИСХ-4"]
    assert numbers(minsk.get("/refused")) == numbers(moscow.get("/refused?by=us")) == ["ИСХ-3"]
    assert rows(minsk.get("/refused?by=us")) == []


def test_what_waits_says_why_and_what_is_late_says_what_is_missing(minsk: Site, moscow: Site) -> None:
    (waits,) = rows(moscow.get("/waiting?lang=ru"))
    late = rows(minsk.get("/overdue?lang=en"))

    assert "ждёт решения сотрудника «Неведомский Н. Н.»: такого адресата нет" in waits
    assert ["not registered" in late[0], "no receipt" in late[1]] == [True, True]


def test_a_document_shows_both_numbers_the_ladder_and_the_partners_words(minsk: Site) -> None:
    listed = minsk.get("/sent?lang=en")
    answered, refused = words(minsk.get(link(listed, "ИСХ-1"))), words(minsk.get(link(listed, "ИСХ-3")))

    assert "Number at the sender ИСХ-1 of" in answered
    assert "Number at the receiver ВХ-1 of" in answered
    assert re.search(r"Registered done \d{4}-\d\d-\d\d \d\d:\d\d \+03:00", answered)
    assert "Partner: gave an instruction (deadline: 2026-12-25 )" in answered
    assert "Executed not yet" in answered
    assert "Partner: refused to register Адресат не установлен (code 1016)" in refused


def test_what_is_overdue_is_said_on_the_document(minsk: Site) -> None:
    page = minsk.get(link(minsk.get("/sent?lang=en"), "ИСХ-4"))

    assert "Overdue: no receipt. It was due by" in words(page)


def test_a_partner_is_judged_by_what_it_confirmed_and_refused(minsk: Site) -> None:
    page = minsk.get("/partners/moscow?lang=en")

    assert rows(page) == ["Receipt 3 0 1 0 75 % 1 s", "Registration or refusal 2 0 2 0 50 % 2 s"]
    assert "Адресат не установлен 1016 they refused ours 1" in words(page)
    assert "Nothing is wrong with the clocks." in words(page)


def test_the_page_about_mail_tells_the_servers_words(minsk: Site) -> None:
    page = words(minsk.get("/mail?lang=en"))

    assert "exchange never" in page
    assert "NO [AUTHENTICATIONFAILED]" in page


def test_more_questions_than_a_page_has_are_none(minsk: Site) -> None:
    assert minsk.get("/search?" + "&".join(f"q{number}=1" for number in range(60))).status == 200


@pytest.mark.parametrize("sought", ["ВХ-1", "ИСХ-4", " ИСХ-4 "])
def test_a_number_leads_to_its_document(minsk: Site, sought: str) -> None:
    found = minsk.get(f"/search?q={quote(sought)}&lang=en")
    target = unquote(found.headers.get("location", ""))

    assert (found.status, sought.strip() in words(found)) in ((303, False), (200, True))
    assert found.status == 200 or minsk.get(found.headers["location"]).status == 200
    assert found.status == 200 or target.startswith("/documents/")


def test_what_is_not_known_is_said_so(minsk: Site) -> None:
    assert "Nothing is known under this number." in words(minsk.get("/search?q=%D0%9D%D0%95%D0%A2&lang=en"))
    assert [minsk.get(path).status for path in ("/documents/nothing", "/partners/nobody", "/sent/", "/x")] == [404] * 4


def test_no_file_and_no_letter_is_served(minsk: Site) -> None:
    page = minsk.get(link(minsk.get("/sent"), "ИСХ-1"))

    assert "Письмо.pdf" not in page.text
    assert set(re.findall(r'href="/(\w*)', page.text)) <= {
        "", "style", *lists.LISTS, "partners", "mail", "documents"
    }  # fmt: skip


def test_the_language_is_the_askers(minsk: Site) -> None:
    said = [
        minsk.get("/", Accept_Language=liked).headers["content-language"]
        for liked in ("en", "ru", "en-GB,en;q=0.9,ru;q=0.2", "de,ru;q=0.3,en;q=0.1", "de", "en;q=x", "")
    ]

    assert said == ["en", "ru", "en", "ru", "ru", "ru", "ru"]
    assert '<html lang="en">' in minsk.get("/?lang=en", Accept_Language="ru").text
    assert 'href="/sent?lang=en"' in minsk.get("/?lang=en").text


@pytest.mark.parametrize(
    "query", ["?from=x&to=9999-99-99", "?after=nothing", "?after=parked.x.y", "?partner=nobody", "?a" * 4000]
)
def test_nonsense_in_an_address_is_nothing_said(minsk: Site, moscow: Site, query: str) -> None:
    assert [site.get(f"/{name}{query}").status for site in (minsk, moscow) for name in lists.LISTS] == [200] * 10


def test_a_period_and_a_partner_narrow_a_list(minsk: Site) -> None:
    day = re.search(r'datetime="([\d-]+)', minsk.get("/sent").text.partition("ИСХ-3")[0].rpartition("<tr>")[2])
    assert day is not None

    assert numbers(minsk.get(f"/sent?from={day[1]}&to={day[1]}&partner=moscow")) == ["ИСХ-3", "ИСХ-2"]


def test_a_long_list_goes_on_where_its_page_ended(minsk: Site, offices: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE", 1)
    found = {}
    for name in ("sent", "overdue"):
        page, seen = minsk.get(f"/{name}"), []
        while len(seen) < 10:
            seen += numbers(page)
            following = re.search(r'<a href="([^"]+)" rel="next">', page.text)
            if following is None:
                break
            page = minsk.get(unescape(following[1]))
        found[name] = seen

    assert found == {"sent": ["ИСХ-4", "ИСХ-3", "ИСХ-2", "ИСХ-1"], "overdue": ["ИСХ-2", "ИСХ-4"]}


def test_strangers_words_are_only_words(minsk: Site, offices: Town) -> None:
    journal = offices.minsk.parts.journal
    given = exchange(
        id=ExchangeId("hostile"), office="EX-MINSK", direction="out", number=Number(HOSTILE), rung="refused",
        opened_at=offices.clock.now(),
    )  # fmt: skip
    with journal.write() as tx:
        exchanges.open_(tx, given)
    try:
        pages = [minsk.get(path) for path in ("/sent", "/documents/hostile", f"/search?q={quote(HOSTILE)}&lang=en")]
        pages.append(minsk.get(f"/sent?from={quote(HOSTILE)}&office={quote(HOSTILE)}&lang={quote(HOSTILE)}"))
    finally:
        with journal.write() as tx:
            tx.execute(schema.exchanges.delete().where(schema.exchanges.c.id == "hostile"))

    for page in pages:
        assert "<script" not in page.text
        assert "<a href=javascript" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
    assert "&lt;script&gt;" in pages[1].text
    assert "{{ 7*7 }}" in pages[1].text


def test_what_may_still_be_answered_is_not_overdue(minsk: Site, offices: Town) -> None:
    given = exchange(
        id=ExchangeId("young"),
        office="EX-MINSK",
        direction="out",
        opened_at=offices.clock.now(),
        number=Number("ИСХ-9"),
    )
    journal = offices.minsk.parts.journal
    with journal.write() as tx:
        exchanges.open_(tx, given)
    try:
        sent, overdue = numbers(minsk.get("/sent")), numbers(minsk.get("/overdue"))
    finally:
        with journal.write() as tx:
            tx.execute(schema.exchanges.delete().where(schema.exchanges.c.id == "young"))

    assert ("ИСХ-9" in sent, "ИСХ-9" in overdue) == (True, False)


def test_a_journal_that_is_away_is_said_in_plain_words(minsk: Site, offices: Town) -> None:
    journal = offices.minsk.parts.journal
    with journal.write() as tx:
        tx.execute(text("alter table mailboxes rename to gone"))
    try:
        page = minsk.get("/mail?lang=en")
    finally:
        with journal.write() as tx:
            tx.execute(text("alter table gone rename to mailboxes"))

    assert page.status == 503
    assert "The journal does not answer." in words(page)
    assert "sqlite" not in page.text.lower()


def test_looking_changes_nothing(minsk: Site, offices: Town) -> None:
    def everything() -> list[object]:
        with offices.minsk.parts.journal.read() as tx:
            return [tuple(row) for table in schema.metadata.sorted_tables for row in tx.execute(select(table))]

    before = everything()
    for path in ("/", "/mail", "/partners/moscow", link(minsk.get("/sent"), "ИСХ-1")):
        minsk.get(path)

    assert everything() == before


@pytest.mark.parametrize("language", WORDS.values(), ids=WORDS.keys())
def test_every_state_event_and_reason_has_plain_words(language: Words) -> None:
    assert {state.value for state in State} <= set(language.states)
    assert {kind.value for kind in EventKind} == set(language.events)
    assert {reason.value for reason in Reason} == set(language.reasons)


def test_both_languages_say_the_same_things() -> None:
    russian, english = WORDS["ru"], WORDS["en"]

    for part in ("texts", "states", "rungs", "events", "letters", "acts", "kinds", "reasons"):
        assert set(getattr(russian, part)) == set(getattr(english, part)), part
