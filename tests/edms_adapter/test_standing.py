# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EDMS has for us, and a card that vanished made again under the number that was told."""

from datetime import date
from pathlib import Path

from sqlalchemy import text

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.schema import metadata
from gateway.model import ExchangeId, Number, Organisation, Party
from gateway.ports import OutgoingState, Registration, Waiting
from tests.edms_adapter.desk import BEREG, CLERK, PDF, TODAY, Desk, Hands, intake, letter, to
from tests.edms_adapter.test_foreign import TABLES, run

TOLD = Number("ВХ-3", TODAY)


def ids(*names: str) -> tuple[ExchangeId, ...]:
    return tuple(map(ExchangeId, names))


def lose(desk: Desk, *exchanges: str, ties: bool = True) -> None:
    """Take the cards of *exchanges* away, as a restored backup would; with *ties* what is known of them too."""
    with desk.edms.database.writing() as work:
        for one in desk.edms.standing(ids(*exchanges)):
            for table in reversed(metadata.sorted_tables):
                if "card_id" in table.c:
                    work.run(text(f"delete from {table.name} where card_id = :card"), {"card": int(one.card)})
            work.run(text("delete from card where id = :card"), {"card": int(one.card)})
            if ties:
                work.run(text("delete from edms_gw_exchange where exchange_id = :id"), {"id": one.exchange})


def send(desk: Desk) -> int:
    with desk.at_work() as work:
        card = people.write_card(
            work, "О деле", {}, signer="Родникова", drafter=CLERK, now=desk.clock.at, store=desk.files
        )
        return people.send(work, card, BEREG, clerk=CLERK, now=desk.clock.at)


# --- what stands --------------------------------------------------------------------------------------------------


def test_a_registered_exchange_stands_with_its_card_and_number(desk: Desk) -> None:
    made = desk.registered()

    (one,) = desk.edms.standing(ids("ex-1", "never heard of"))

    assert (one.exchange, one.card, one.number, one.since) == ("ex-1", made.ref, made.number, desk.clock.at)


def test_a_paper_that_waits_stands_without_a_number(desk: Desk) -> None:
    made = desk.register(wait_because="somebody must look")
    assert isinstance(made, Waiting)

    (one,) = desk.edms.standing(ids("ex-1"))

    assert (one.card, one.number) == (made.ref, Number())


def test_a_card_that_was_deleted_is_seen_to_be_gone(desk: Desk) -> None:
    made = desk.registered()
    lose(desk, "ex-1", ties=False)

    (one,) = desk.edms.standing(ids("ex-1"))

    assert (one.card, one.number) == (made.ref, None)


def test_nothing_stands_when_nothing_is_asked_for(desk: Desk) -> None:
    desk.registered()

    assert desk.edms.standing(()) == ()


def test_everything_held_for_us_comes_in_pages(desk: Desk) -> None:
    for place in range(5):
        desk.registered(letter(f"doc-{place}", f"14/{place}"), f"ex-{place}")

    first = desk.edms.holdings(None, 2)
    second = desk.edms.holdings(first[-1].exchange, 2)
    third = desk.edms.holdings(second[-1].exchange, 2)

    assert [one.exchange for one in (*first, *second, *third)] == [f"ex-{place}" for place in range(5)]
    assert desk.edms.holdings(third[-1].exchange, 2) == ()


def test_dispatches_count_from_the_moment_they_were_taken_and_come_in_pages(desk: Desk) -> None:
    refs = [str(send(desk)) for _ in range(4)]
    for ref in refs[:3]:
        desk.edms.mark(ref, OutgoingState.TAKEN)
    desk.edms.mark(refs[1], OutgoingState.SENT)
    desk.edms.mark(refs[2], OutgoingState.REFUSED)

    first = desk.edms.dispatches(None, 1)
    second = desk.edms.dispatches(first[-1], 1)

    assert {*first, *second} == set(refs[:2])
    assert desk.edms.dispatches(second[-1], 1) == ()


# --- a number that was told ---------------------------------------------------------------------------------------


def test_a_card_that_vanished_is_made_again_under_its_number_and_date(desk: Desk) -> None:
    told = Number("ВХ-3", date(2026, 11, 20))

    made = desk.registered(number=told)

    assert made.number == told
    assert [(row.number, str(row.reg_date)) for row in desk.rows("select * from card")] == [("ВХ-3", "2026-11-20")]


def test_the_counter_never_gives_a_number_again_that_was_told(desk: Desk) -> None:
    desk.registered(number=TOLD)

    following = desk.registered(letter("doc-2", "14/4"), "ex-2")

    assert following.number == Number("ВХ-4", TODAY)


def test_a_number_behind_the_counter_leaves_the_counter_alone(desk: Desk) -> None:
    for place in range(3):
        desk.registered(letter(f"doc-{place}", f"14/{place}"), f"ex-{place}")
    lose(desk, "ex-1")

    again = desk.registered(letter("doc-1", "14/1"), "ex-1", number=Number("ВХ-2", TODAY))
    following = desk.registered(letter("doc-9", "14/9"), "ex-9")

    assert (again.number.text, following.number.text) == ("ВХ-2", "ВХ-4")


def test_a_number_that_another_card_has_by_now_is_not_given_twice(desk: Desk) -> None:
    desk.registered(letter("other", "15/1"), "ex-other")

    made = desk.registered(number=Number("ВХ-1", TODAY))

    assert made.number == Number("ВХ-2", TODAY)


def test_a_number_that_no_counter_wrote_is_given_as_it_was_told(desk: Desk) -> None:
    made = desk.registered(number=Number("ДСП-особый", TODAY))

    assert made.number == Number("ДСП-особый", TODAY)
    assert desk.registered(letter("doc-2", "14/4"), "ex-2").number.text == "ВХ-1"


def test_a_card_that_was_deleted_under_its_tie_is_made_again(desk: Desk) -> None:
    first = desk.registered()
    lose(desk, "ex-1", ties=False)

    again = desk.registered(number=first.number)

    assert again.created
    assert again.number == first.number
    assert [one.number for one in desk.edms.standing(ids("ex-1"))] == [first.number]


def test_a_card_that_stands_is_not_made_again_whatever_number_was_told(desk: Desk) -> None:
    first = desk.registered()

    again = desk.registered(number=TOLD)

    assert (again.created, again.number, again.ref) == (False, first.number, first.ref)


def test_a_document_that_must_wait_waits_also_when_its_number_was_told(desk: Desk) -> None:
    made = desk.register(letter(addressees=(to("Никто Н. Н."),)), number=TOLD, unknown_addressee="wait")

    assert isinstance(made, Waiting)


def test_another_system_keeps_the_same_contract(tmp_path: Path) -> None:
    mapping = Path(__file__).with_name("foreign.toml")
    with open_edms(mapping, f"sqlite:///{tmp_path}/foreign.sqlite", tmp_path, "Europe/Moscow", clock=Hands()) as edms:
        run(edms, *TABLES.split(";"))
        edms.prepare()
        given = intake(correspondent=Party(Organisation(index="BEREG-02")), number=Number("2026/00007", TODAY))

        made = edms.register(letter(), {PDF.sha256: PDF}, ExchangeId("ex-1"), given)
        (one,) = edms.holdings(None)
        run(edms, "delete from letter")
        (gone,) = edms.standing(ids("ex-1"))

    assert isinstance(made, Registration)
    assert (made.number.text, one.card, gone.number) == ("2026/00007", "2026/00007", None)
    assert one.number == Number("2026/00007", None)
