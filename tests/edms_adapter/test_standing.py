# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EDMS has for us, and a card that vanished made again under the number that was told."""

from datetime import date
from pathlib import Path

from sqlalchemy import text

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.registry.schema import metadata
from gateway.model import ExchangeId, Number, Organisation, Party
from gateway.ports import Registration, Waiting
from tests.edms_adapter.desk import PDF, TODAY, Desk, Hands, intake, letter, to
from tests.edms_adapter.test_foreign import TABLES, run

TOLD = Number("ВХ-3", TODAY)


def ids(*names: str) -> tuple[ExchangeId, ...]:
    return tuple(map(ExchangeId, names))


def lose(desk: Desk, *exchanges: str) -> None:
    """Take the cards of *exchanges* away and what is known of them, as a restored backup would."""
    with desk.edms.database.writing() as work:
        for one in desk.edms.standing(ids(*exchanges)):
            for table in reversed(metadata.sorted_tables):
                if "card_id" in table.c:
                    work.run(text(f"delete from {table.name} where card_id = :card"), {"card": int(one.card)})
            work.run(text("delete from card where id = :card"), {"card": int(one.card)})
            work.run(text("delete from edms_gw_exchange where exchange_id = :id"), {"id": one.exchange})


# --- what stands --------------------------------------------------------------------------------------------------


def test_a_registered_exchange_stands_with_its_card_and_number(desk: Desk) -> None:
    made = desk.registered()

    (one,) = desk.edms.standing(ids("ex-1", "never heard of"))

    assert (one.exchange, one.card, one.number, one.since) == ("ex-1", made.ref, made.number, desk.clock.at)


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
