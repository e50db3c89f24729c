# SPDX-License-Identifier: GPL-3.0-or-later
"""The receive rules of an office: the first that fits says what becomes of a document, and can be asked afterwards."""

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add
from gateway.edms_adapter.sql.addressees import NO_INBOX
from gateway.journal import exchanges
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import answer, cards, inbox, send_letter
from tests.story.offices import Town, TownOffice, town

SENDER = "edms@moscow.example"


def minsk_with(rules: str, *, top: str = "") -> dict[str, str]:
    return {"partner": rules, "top": top}


def passport(access: str = "", group: str = "Letters", tasks: str = "", **rest: Any) -> str:
    """Return a partner's passport with an access level, a kind and tasks; *rest* goes to `partner.passport`."""
    made = partner.passport(**rest).replace("<Group>Letters</Group>", f"<Group>{group}</Group>")
    if access:
        made = made.replace("<Consists>", f"<Access>{access}</Access><Consists>")
    if tasks:
        made = made.replace("</DocumentList>", f"</DocumentList><TaskList>{tasks}</TaskList>")
    return made


def task(uid: str, executor: str, place: int) -> str:
    """Return a task for somebody of the organisation with that index; empty: of none."""
    organisation = f'<Organization UID="{executor}"><ShortName>X</ShortName></Organization>' if executor else ""
    return (
        f'<Task UID="{uid}" TaskID="T{place}" Type="Resolution" Privacy="false"><Text>Do it</Text>'
        f'<Executor Responsible="true"><Contact>{organisation}<OfficialPerson><FIO>Тихая Д. М.</FIO></OfficialPerson>'
        '</Contact></Executor><Parent DocumentID="9"/></Task>'
    )


def arrive(office: TownOffice, inside: str, files: dict[str, bytes] | None = None) -> int:
    number = office.receive(partner.letter(inside, files), SENDER)
    office.work()
    return number


def open_group(office: TownOffice, name: str, prefix: str) -> None:
    """People of the office make a group of documents with a journal of its own."""
    with people.at_work(office.registry) as work:
        journal = add(work, "journal", name=f"Журнал: {name}", prefix=prefix)
        add(work, "doc_group", name=name, direction="in", journal_id=journal, is_default=False)


def refusals(office: TownOffice) -> list[bytes]:
    """Return the Failure elements this office sent."""
    found = []
    for _, _, data in office.post.carried:
        for part in message_from_bytes(data).walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and b"<Failure" in payload:
                found.append(payload)
    return found


# --- which rule ---------------------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_says_group_journal_and_inbox(tmp_path: Path) -> None:
    rules = """
[[receive]]
name = "orders"
kind = ["Orders"]
group = "Приказы"
default_inbox = "Канцелярия"
[[receive]]
name = "letters"
journal = "Журнал: Письма"
"""
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        open_group(offices.minsk, "Приказы", "ПР-")
        open_group(offices.minsk, "Письма", "П-")
        arrive(offices.minsk, passport(group="orders"))
        other = {"message_id": "1a" * 16, "return_id": "1b" * 16, "uid": "1c" * 16, "number": "77-2"}
        arrive(offices.minsk, passport(**other))

        assert [card.number for card in cards(offices.minsk)] == ["ПР-1", "П-1"]
        assert inbox(offices.minsk, "Канцелярия") == [cards(offices.minsk)[0].id]


def test_the_rule_that_applied_is_kept_with_the_document(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('[[receive]]\nname = "letters"')) as offices:
        number = arrive(offices.minsk, passport())

        exchange = offices.minsk.entry(number).exchange
        assert exchange is not None
        with offices.minsk.parts.journal.read() as tx:
            kept = exchanges.get(tx, exchange)
        assert kept is not None
        assert kept.rule == "letters"


def test_a_document_that_comes_again_changed_is_judged_by_the_rule_of_the_new_message(tmp_path: Path) -> None:
    rules = '[[receive]]\nname = "orders"\nkind = ["Orders"]\n[[receive]]\nname = "letters"\n'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        first = arrive(offices.minsk, passport())
        arrive(offices.minsk, passport(message_id="1a" * 16, return_id="1b" * 16, group="Orders"))

        exchange = offices.minsk.entry(first).exchange
        assert exchange is not None
        with offices.minsk.parts.journal.read() as tx:
            kept = exchanges.get(tx, exchange)
        assert kept is not None
        assert kept.rule == "orders"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('group = "Нет такой"', "нет группы документов «Нет такой» для входящих"),
        ('journal = "Нет такого"', "нет журнала «Нет такого»"),
        ('default_inbox = "Нет такой"', NO_INBOX % " «Нет такой»"),
    ],
)
def test_a_group_journal_or_inbox_the_registry_does_not_have_makes_the_document_wait(
    tmp_path: Path, rule: str, reason: str
) -> None:
    with town(tmp_path, minsk=minsk_with(f"[[receive]]\n{rule}")) as offices:
        number = arrive(offices.minsk, passport())

        (card,) = cards(offices.minsk)
        assert (card.state, card.waits_because, card.number) == ("waiting", reason, None)
        assert offices.minsk.entry(number).state is State.WAITING


def test_a_rule_may_refuse_and_the_sender_hears_so(tmp_path: Path) -> None:
    rules = '[[receive]]\nkind = ["Adverts"]\nregister = "refuse"\n[[receive]]\n'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        arrive(offices.minsk, passport(group="adverts"))
        offices.settle()

        assert cards(offices.minsk) == []
        (failure,) = refusals(offices.minsk)
        assert b">1007<" in failure or b'"1007"' in failure


# --- files --------------------------------------------------------------------------------------------------------

PROGRAM = {"letter[1].pdf": "letter.pdf", "setup[2].exe": "setup.EXE"}
PROGRAM_BYTES = {"letter[1].pdf": partner.PDF, "setup[2].exe": b"MZ" + b"x" * 5000}


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('file_types = ["pdf", ".tif"]', "файл «setup.EXE»: такой вид файлов автоматически не принимается"),
        ('max_file = "1 KiB"', "файл «setup.EXE» больше, чем принимается автоматически"),
    ],
)
def test_a_file_of_another_kind_or_size_is_laid_before_a_person(tmp_path: Path, rule: str, reason: str) -> None:
    with town(tmp_path, minsk=minsk_with(f"[[receive]]\n{rule}")) as offices:
        arrive(offices.minsk, passport(files=PROGRAM), PROGRAM_BYTES)

        (card,) = cards(offices.minsk)
        assert (card.state, card.waits_because) == ("waiting", reason)


def test_a_file_that_is_refused_is_named_to_the_sender_with_code_1019(tmp_path: Path) -> None:
    rules = '[[receive]]\nfile_types = ["pdf"]\non_bad_file = "refuse"'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        number = arrive(offices.minsk, passport(files=PROGRAM), PROGRAM_BYTES)
        offices.settle()

        assert cards(offices.minsk) == []
        entry = offices.minsk.entry(number)
        assert (entry.reason and entry.reason.value, entry.place) == ("bad-file", "setup.EXE")
        (failure,) = refusals(offices.minsk)
        assert b"1019" in failure
        assert b"setup.EXE" in failure


def test_files_that_are_welcome_are_registered(tmp_path: Path) -> None:
    rules = '[[receive]]\nfile_types = ["PDF", "exe"]\nmax_file = "8 KiB"\non_bad_file = "refuse"'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        arrive(offices.minsk, passport(files=PROGRAM), PROGRAM_BYTES)

        assert [card.state for card in cards(offices.minsk)] == ["registered"]


def test_a_file_of_a_task_nobody_takes_does_not_matter(tmp_path: Path) -> None:
    file = (
        '<File UID="e1" ResourceID="2" Size="1"><Description>setup.exe</Description><Extension>.exe</Extension></File>'
    )
    foreign = task("2b" * 16, "EX-BREST", 2).replace("</Text>", f"</Text>{file}")
    resource = '<Resource UID="2" UniqueName="setup[2].exe"/>'
    for wanted, state in (("own", "registered"), ("all", "waiting")):
        rules = f'[[receive]]\nfile_types = ["pdf"]\ntasks = "{wanted}"'
        with town(tmp_path / wanted, minsk=minsk_with(rules)) as offices:
            inside = passport(tasks=foreign).replace("</ResourceList>", f"{resource}</ResourceList>")
            arrive(offices.minsk, inside, PROGRAM_BYTES)

            assert [card.state for card in cards(offices.minsk)] == [state]


def test_a_change_that_brings_an_unwelcome_file_waits_although_changes_are_applied(tmp_path: Path) -> None:
    rules = '[[receive]]\non_change = "add-files"\nfile_types = ["pdf"]'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        arrive(offices.minsk, passport())
        arrive(offices.minsk, passport(message_id="1a" * 16, return_id="1b" * 16, files=PROGRAM), PROGRAM_BYTES)

        assert [card.state for card in cards(offices.minsk)] == ["registered", "waiting"]
        with people.at_work(offices.minsk.registry) as work:
            names = [row.name for row in people.rows(work, "select name from card_file where card_id = 1")]
        assert names == ["letter.pdf"]


# --- tasks and links ----------------------------------------------------------------------------------------------

TASKS = task("2a" * 16, "EX-MINSK", 1) + task("2b" * 16, "EX-BREST", 2) + task("2c" * 16, "", 3)


@pytest.mark.parametrize(
    ("wanted", "taken"), [("all", ["2a" * 16, "2b" * 16, "2c" * 16]), ("own", ["2a" * 16, "2c" * 16]), ("none", [])]
)
def test_of_the_tasks_those_are_taken_that_the_rule_wants(tmp_path: Path, wanted: str, taken: list[str]) -> None:
    with town(tmp_path, minsk=minsk_with(f'[[receive]]\ntasks = "{wanted}"')) as offices:
        arrive(offices.minsk, passport(tasks=TASKS))

        with people.at_work(offices.minsk.registry) as work:
            rows = people.rows(work, "select uid from instruction order by id")
        assert [row.uid for row in rows] == taken


def test_links_that_are_ignored_tie_no_cards(tmp_path: Path) -> None:
    for links, linked in (("take", 1), ("ignore", 0)):
        rules = minsk_with(f'[[receive]]\nlinks = "{links}"')
        with town(tmp_path / links, minsk=rules) as offices:
            first = answered(offices)

            with people.at_work(offices.minsk.registry) as work:
                assert len(people.linked(work, first)) == linked


def answered(offices: Town) -> int:
    """Minsk writes, Moscow answers; return Minsk's card."""
    card = send_letter(offices.minsk)
    offices.settle()
    answer(offices.moscow, cards(offices.moscow)[0].id)
    offices.settle()
    return card
