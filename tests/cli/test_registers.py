# SPDX-License-Identifier: GPL-3.0-or-later
"""The registers a clerk prints: on paper, in a spreadsheet, for a program."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from gateway.cli.registers.page import Heading, printed, wrapped
from gateway.journal import entries, events, exchanges
from gateway.journal.entries import Direction, State
from gateway.journal.exchanges import Exchange
from gateway.journal.registers import Asked
from gateway.journal.store import Journal
from gateway.model import (
    Document,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Message,
    Number,
    Organisation,
    PartnerId,
    Party,
    Person,
    Refusal,
    Subscription,
)
from gateway.office import Office
from gateway.registers.items import PAGE, WAITS, Which, items
from gateway.registers.words import LANGUAGES, Words
from gateway.reports import Rung
from gateway.settings import OfficeSettings
from gateway.settings_files import load
from tests.cli.test_commands import call
from tests.journal import givens
from tests.journal.givens import REJECTED

SUBJECT = "О предоставлении сведений о состоянии мостов и путепроводов"
BEGINNING = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)


class Clerk:
    """An office's journal, written by hand, and its command line."""

    def __init__(self, home: Path) -> None:
        assert call("init", home).exit_code == 0
        self.config = home / "gateway.toml"
        self.journal = Journal.open(f"sqlite:///{home}/journal.db", home / "blobs")

    def configure(self, old: str, new: str) -> None:
        before = self.config.read_text(encoding="utf-8")
        assert old in before
        self.config.write_text(before.replace(old, new, 1), encoding="utf-8")

    def opened(self, name: str, at: datetime = BEGINNING, **more: Any) -> Exchange:
        """Write a document that came, unless *more* says otherwise."""
        given = exchange(name, at, **more)
        with self.journal.write() as tx:
            return exchanges.open_(tx, given)

    def sent(self, name: str, at: datetime = BEGINNING, **more: Any) -> int:
        """Write a document that went out with a letter; return the letter."""
        self.opened(name, at, direction="out", subscription=Subscription(days=30), **more)
        with self.journal.write() as tx:
            return entries.queue(tx, givens.outbound(self.journal, exchange=ExchangeId(name), kind="document"), at)

    def posted(self, name: str, at: datetime = BEGINNING, **more: Any) -> None:
        letter = self.sent(name, at, **more)
        givens.tried(self.journal, letter, givens.SENT, now=at)

    def waits(self, name: str, why: str, **more: Any) -> None:
        self.opened(name)
        (letter,) = givens.accepted(self.journal)
        with self.journal.write() as tx:
            state = more.pop("state", State.WAITING)
            about = {"exchange": ExchangeId(name), "kind": "document", "detail": why, **more}
            entries.conclude(tx, letter, state, now=BEGINNING, **about)

    def print(self, *arguments: str) -> str:
        told = call("--config", self.config, "register", *arguments)
        assert told.exit_code == 0, told.output
        return told.output

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.print(*arguments, "--json").splitlines()]

    def usage(self, *arguments: str) -> str:
        """Type what is wrong and return what is said of it."""
        told = call("--config", self.config, "register", *arguments)
        assert told.exit_code == 2, told.output
        return " ".join(told.output.split())

    @property
    def office(self) -> tuple[Office, OfficeSettings]:
        office = Office(load(self.config))
        return office, office.settings.offices[0]


def exchange(name: str, at: datetime, **more: Any) -> Exchange:
    subject = more.pop("subject", SUBJECT)
    person = Person("Полева Н. О.")
    message = Message(
        id=givens.message().id,
        return_id=givens.message().return_id,
        sent_at=at,
        sender=Party(Organisation("Partner, as it calls itself")),
        recipients=(Party(Organisation("Example Office"), person=person),),
        body=Document(uid=DocumentUid(name), subject=subject),
        dialect="sev",
    )
    given = givens.exchange(
        id=ExchangeId(name),
        partner=PartnerId("partner"),
        office="EXAMPLE-OFFICE",
        document_uid=DocumentUid(name),
        opened_at=at,
        number=Number(f"01-17/{name}", date(2026, 3, 10)),
        message=message,
    )
    return replace(given, **more)


MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")
UNTIL_NOW = ("--from", "2026-01-01")  # the last hours may have been last month


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[Clerk]:
    made = Clerk(tmp_path / "d")
    yield made
    made.journal.close()


# --- what stands in a register ------------------------------------------------------------------------------------


def test_the_register_of_documents_sent_shows_the_partners_number_and_the_state(clerk: Clerk) -> None:
    registered = Number("ВХ-7", date(2026, 3, 12))
    clerk.posted("1", registered=registered, rung="executed")

    (row,) = clerk.rows("sent", *MARCH)

    assert row == {
        "register": "sent",
        "line": 1,
        "office": "EXAMPLE-OFFICE",
        "at": "2026-03-11T07:00:00Z",
        "date": "2026-03-11",
        "partner": "partner",
        "correspondent": "Example Partner",
        "to": ["Полева Н. О."],
        "number": "01-17/1",
        "number_date": "2026-03-10",
        "subject": SUBJECT,
        "registered": "ВХ-7",
        "registered_date": "2026-03-12",
        "state": "executed",
        "rung": "executed",
        "late": None,
        "due_at": None,
        "note": "",
        "exchange": "1",
    }


def test_a_document_sent_stands_where_its_letter_is_until_the_partner_speaks(clerk: Clerk) -> None:
    clerk.sent("1 queued")
    held, failed = clerk.sent("2 held"), clerk.sent("3 failed")
    with clerk.journal.write() as tx:
        entries.set_held(tx, held, True, now=BEGINNING, who="olga", why="they asked to wait")
    givens.tried(clerk.journal, failed, REJECTED)
    clerk.posted("4 sent")
    clerk.posted("5 received", rung="received")

    found = [(row["state"], row["rung"], row["note"]) for row in clerk.rows("sent", *MARCH)]

    assert found == [
        ("queued", None, ""),
        ("held", None, ""),
        ("failed", None, "5.1.1 nobody of that name"),
        ("sent", "sent", ""),
        ("received", "received", ""),
    ]


def test_a_refusal_is_noted_in_the_words_of_the_refusing_side(clerk: Clerk) -> None:
    clerk.posted("1", rung="refused")
    refusal = Event(EventKind.REFUSED, EventKey("refused"), BEGINNING, refusal=Refusal(39, "Не указан автор"))
    with clerk.journal.write() as tx:
        events.add(tx, ExchangeId("1"), [refusal], ours=False, now=BEGINNING)

    (row,) = clerk.rows("sent", *MARCH)

    assert (row["state"], row["note"], row["registered"]) == ("refused", "Не указан автор", None)


def test_the_register_of_documents_received_shows_sender_number_and_ours(clerk: Clerk) -> None:
    clerk.opened("1", registered=Number("ВХ-1", date(2026, 3, 11)), rung="registered")
    clerk.opened("2", registered=Number("ВХ-2", date(2026, 3, 11)), rung="assigned")
    clerk.opened("3", rung="received")
    clerk.waits("4", "нет такого адресата")

    rows = clerk.rows("received", *MARCH)

    assert [(row["number"], row["registered"], row["state"], row["note"]) for row in rows] == [
        ("01-17/1", "ВХ-1", "registered", ""),
        ("01-17/2", "ВХ-2", "assigned", ""),
        ("01-17/3", None, "received", ""),
        ("01-17/4", None, "waiting", "нет такого адресата"),
    ]
    assert {row["correspondent"] for row in rows} == {"Example Partner"}


def test_a_partner_that_speaks_for_several_is_called_as_the_message_has_it(clerk: Clerk) -> None:
    partners = clerk.config.with_name("partners.toml")
    words = partners.read_text(encoding="utf-8")
    partners.write_text(words.replace('indices = ["EXAMPLE-PARTNER"]', 'indices = ["EXAMPLE-PARTNER", "OTHER"]'))
    clerk.opened("1")

    (row,) = clerk.rows("received", *MARCH)

    assert row["correspondent"] == "Partner, as it calls itself"


def test_of_a_document_for_several_of_ours_each_lists_its_own_people(clerk: Clerk) -> None:
    given = exchange("1", BEGINNING)
    assert given.message is not None
    parties = [Party(Organisation(index=index), person=Person(index)) for index in ("SECOND", "Example-Office")]
    clerk.opened("1", message=replace(given.message, recipients=tuple(parties)))

    (row,) = clerk.rows("received", *MARCH)

    assert row["to"] == ["Example-Office"]


def test_what_waits_is_listed_with_its_reason_for_people_first_however_old(clerk: Clerk) -> None:
    clerk.waits("1", "came before with another content", state=State.PARKED)
    clerk.waits("2", "нет такого адресата")
    clerk.opened("3", registered=Number("ВХ-3"), rung="registered")

    rows = clerk.rows("waiting")

    assert [(row["line"], row["number"], row["state"], row["note"], row["at"]) for row in rows] == [
        (1, "01-17/2", "waiting", "нет такого адресата", "2026-03-11T07:00:00Z"),
        (2, "01-17/1", "parked", "came before with another content", "2026-03-11T07:00:00Z"),
    ]
    assert clerk.rows("waiting", "--from", "2026-03-12") == []


def test_what_is_late_says_which_rung_since_when_and_what_was_proven_last(clerk: Clerk) -> None:
    now = datetime.now(UTC)
    clerk.posted("nothing heard", now - timedelta(hours=3))
    clerk.posted("in time", now - timedelta(minutes=3))
    clerk.posted("not registered", now - timedelta(days=2), rung="received")
    clerk.posted("registered", now - timedelta(days=2), rung="registered")
    clerk.sent("not sent", now - timedelta(days=2))
    clerk.posted("nobody waits", now - timedelta(days=2), until=now - timedelta(days=1))

    rows = clerk.rows("overdue")

    assert [(row["number"], row["late"], row["rung"]) for row in rows] == [
        ("01-17/not registered", "registered", "received"),
        ("01-17/nothing heard", "received", "sent"),
    ]
    assert [datetime.fromisoformat(row["at"]) for row in rows] == [
        now - timedelta(days=1),
        now - timedelta(hours=2),
    ]
    assert [row["line"] for row in rows] == [1, 2]


def test_the_register_of_documents_sent_says_too_what_is_late(clerk: Clerk) -> None:
    clerk.posted("1", datetime.now(UTC) - timedelta(hours=3))

    assert "подтверждения" in clerk.print("sent", *UNTIL_NOW)
    assert clerk.rows("sent", *UNTIL_NOW)[0]["late"] == "received"


def test_nothing_is_late_when_nobody_waits_for_it_any_more(clerk: Clerk) -> None:
    now = datetime.now(UTC)
    clerk.posted("1", now - timedelta(hours=3), until=now - timedelta(hours=1))

    assert clerk.rows("sent", *UNTIL_NOW)[0]["late"] is None


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_rung_and_every_way_out_has_a_word(words: Words) -> None:
    ways = [state.value for state in State if state.direction is Direction.OUT]

    assert {*(rung.name.lower() for rung in Rung), *ways, *WAITS.values()} <= set(words.states)


# --- the period ---------------------------------------------------------------------------------------------------


def test_days_are_the_offices_own_and_both_inclusive(clerk: Clerk) -> None:
    assert clerk.office[1].time_zone == "Europe/Minsk"
    clerk.opened("1", datetime(2026, 2, 28, 20, 59, tzinfo=UTC))
    clerk.opened("2", datetime(2026, 2, 28, 21, 0, tzinfo=UTC))
    clerk.opened("3", datetime(2026, 3, 31, 20, 59, tzinfo=UTC))
    clerk.opened("4", datetime(2026, 3, 31, 21, 0, tzinfo=UTC))

    rows = clerk.rows("received", *MARCH)

    assert [(row["number"], row["date"]) for row in rows] == [("01-17/2", "2026-03-01"), ("01-17/3", "2026-03-31")]


def test_without_days_the_register_is_of_this_month(clerk: Clerk) -> None:
    now = datetime.now(UTC)
    clerk.opened("now", now)
    clerk.opened("long ago", now - timedelta(days=32))

    assert [row["exchange"] for row in clerk.rows("received")] == ["now"]


def test_a_last_day_alone_means_its_month(clerk: Clerk) -> None:
    clerk.opened("february", BEGINNING - timedelta(days=20))
    clerk.opened("march")

    assert [row["exchange"] for row in clerk.rows("received", "--to", "2026-03-31")] == ["march"]


def test_a_wrong_period_is_a_usage_error_in_words(clerk: Clerk) -> None:
    assert "2026-13-01' is no date; write year, month and day: 2026-03-31" in clerk.usage(
        "sent", "--from", "2026-13-01"
    )
    backwards = clerk.usage("sent", "--from", "2026-03-02", "--to", "2026-03-01")
    assert "begin on 2026-03-02 and end before it, on 2026-03-01" in backwards
    assert "no day a register can begin or end with" in clerk.usage("sent", "--to", "9999-12-31")


def test_an_unknown_office_or_partner_is_a_usage_error_that_names_the_known(clerk: Clerk) -> None:
    assert "there are: EXAMPLE-OFFICE" in clerk.usage("sent", "--office", "NOBODY")
    assert "there are: partner" in clerk.usage("sent", "--partner", "nobody")
    assert "choose one" in clerk.usage("sent", "--csv", "--json")


def test_every_office_has_a_register_of_its_own(clerk: Clerk) -> None:
    second = '[[office]]\nindex = "SECOND"\nname = "Second Office"\naddress = "b@office.example"\nlanguage = "en"\n\n'
    clerk.configure("[journal]", second + "[journal]")
    clerk.opened("1")
    clerk.opened("2", office="SECOND")

    assert [(row["office"], row["line"]) for row in clerk.rows("received", *MARCH)] == [
        ("EXAMPLE-OFFICE", 1),
        ("SECOND", 1),
    ]
    assert [row["exchange"] for row in clerk.rows("received", *MARCH, "--office", "second")] == ["2"]
    page = clerk.print("received", *MARCH)
    assert page.index("РЕЕСТР ПОЛУЧЕННЫХ") < page.index("REGISTER OF DOCUMENTS RECEIVED")


# --- on paper -----------------------------------------------------------------------------------------------------


def test_a_page_has_its_title_its_period_its_columns_and_its_total(clerk: Clerk) -> None:
    clerk.posted("1", registered=Number("ВХ-7", date(2026, 3, 12)), rung="registered")

    page = clerk.print("sent", *MARCH).splitlines()

    assert page[0] == "РЕЕСТР ОТПРАВЛЕННЫХ ДОКУМЕНТОВ"
    assert page[1] == "Example Office (EXAMPLE-OFFICE)"
    assert page[2].startswith("за период с 01.03.2026 по 31.03.2026, составлен ")
    rows = [" ".join(line.split()) for line in page]
    assert rows[4] == "№ п/п Дата Кому Наш № и дата Краткое № и дата у Состояние Примечание"
    assert rows[7] == "1 11.03.2026 Example Partner: 01-17/1 от О предоставлении ВХ-7 от зарегистрирован"
    assert rows[8] == "Полева Н. О. 10.03.2026 сведений о 12.03.2026"
    assert page[-2] == "Итого документов: 1"


@pytest.mark.parametrize("which", [which.value for which in Which])
def test_every_page_fits_120_columns_whatever_it_holds(clerk: Clerk, which: str) -> None:
    long = "О " + "я" * 300 + " и 漢字" * 40
    now = datetime.now(UTC) - timedelta(hours=3)
    clerk.posted("9" * 60, now, subject=long, registered=Number("8" * 60, date(2026, 3, 12)))
    clerk.waits("7" * 60, long)

    page = clerk.print(which, "--from", "2026-01-01")

    assert max(map(cell_len, page.splitlines())) == 120
    assert "\x1b" not in page


def test_what_strangers_write_breaks_no_page(clerk: Clerk) -> None:
    clerk.opened("1", subject="one\nline\x1b[31m\tonly\u202e")

    page = clerk.print("received", *MARCH)

    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "one line�[31m" in page


def test_an_empty_register_says_so(clerk: Clerk) -> None:
    page = clerk.print("sent", *MARCH)

    assert page.splitlines()[-3:-1] == ["документов нет", "Итого документов: 0"]


def test_a_long_cell_is_broken_between_words_and_inside_words_that_are_longer() -> None:
    assert wrapped("one two  three", 7) == ["one two", "three"]
    assert wrapped("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrapped("漢字漢字", 5) == ["漢字", "漢字"]
    assert wrapped("", 5) == [""]


# --- in a spreadsheet ---------------------------------------------------------------------------------------------


def sheet(clerk: Clerk, *arguments: str) -> tuple[bytes, list[list[str]]]:
    done = call("--config", clerk.config, "register", *arguments, "--csv")
    assert done.exit_code == 0, done.output
    data = done.stdout_bytes
    return data, list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_a_sheet_is_what_a_russian_spreadsheet_opens(clerk: Clerk) -> None:
    clerk.posted("1", registered=Number("ВХ-7", date(2026, 3, 12)), rung="registered", subject='О "мостах"; срочно')

    data, rows = sheet(clerk, "sent", *MARCH)

    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 2
    assert [row[1:] for row in rows] == [
        [
            "№ п/п",
            "Дата",
            "Корреспондент",
            "Адресат",
            "Исх. №",
            "Дата документа",
            "Краткое содержание",
            "Рег. № получателя",
            "Дата регистрации",
            "Состояние",
            "Примечание",
        ],
        [
            "1",
            "2026-03-11",
            "Example Partner",
            "Полева Н. О.",
            "01-17/1",
            "2026-03-10",
            'О "мостах"; срочно',
            "ВХ-7",
            "2026-03-12",
            "зарегистрирован",
            "",
        ],
    ]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", " \t=1", "＝1"])
def test_no_cell_is_a_formula(clerk: Clerk, formula: str) -> None:
    clerk.opened("1", subject=formula, number=Number(formula))

    _, rows = sheet(clerk, "received", *MARCH)

    assert (rows[1][5], rows[1][7]) == (f"'{formula.strip()}", f"'{formula.strip()}")


# --- any size, any time -------------------------------------------------------------------------------------------


def test_a_register_holds_one_page_in_memory_and_not_the_journal(clerk: Clerk) -> None:
    documents = [exchange(f"{place:05}", BEGINNING, subject="о" * 8000) for place in range(4 * PAGE)]
    with clerk.journal.write() as tx:
        for document in documents:
            exchanges.open_(tx, document)
    del documents
    office, ours = clerk.office
    asked = Asked(ours.index, BEGINNING, BEGINNING + timedelta(days=1))
    tracemalloc.start()
    try:
        lines = sum(1 for _ in items(clerk.journal, Which.RECEIVED, asked, office, ours, BEGINNING))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    everything = 4 * PAGE * 8000 * 2
    assert lines == 4 * PAGE
    assert peak < everything * 0.8


def test_a_register_is_printed_line_by_line_as_it_is_read(clerk: Clerk) -> None:
    for place in range(9):
        clerk.opened(str(place))
    office, ours = clerk.office
    asked = Asked(ours.index, BEGINNING, BEGINNING + timedelta(days=1))
    heading = Heading(Which.RECEIVED, ours, None, date(2026, 3, 31), BEGINNING)
    found = items(clerk.journal, Which.RECEIVED, asked, office, ours, BEGINNING)
    said: list[str] = []
    page = printed((said.append("read") or item for item in found), heading)  # type: ignore[func-returns-value]
    for line in page:
        said.append(line)

    taken = [place for place, what in enumerate(said) if what == "read"]
    assert len(taken) == 9
    assert all(later - earlier > 1 for earlier, later in pairwise(taken))  # something is printed before the next one


def test_a_register_is_printed_while_the_edms_is_down(clerk: Clerk) -> None:
    clerk.opened("1")
    clerk.config.with_name("registry.db").unlink()

    assert [row["exchange"] for row in clerk.rows("received", *MARCH)] == ["1"]
