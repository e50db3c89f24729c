# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose inbox an addressee means, name by name; two candidates are never a guess."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.edms_adapter.sql.routing import Inbox, find, same_name
from gateway.model import Department, Organisation, Party, Person

STEPS = ("index", "name and post", "initials", "post", "department")
PEOPLE = (
    Inbox("1", "Родникова Алла Юрьевна", "Председатель", "Руководство", "R-01"),
    Inbox("2", "Лугов Семён Ильич", "Начальник отдела", "Отдел учёта", "R-02"),
    Inbox("3", "Озёров Илья Петрович", "Советник", "Руководство", "R-03"),
    Inbox("4", "Озёров Иван Павлович", "Советник", "Отдел учёта", "R-04"),
    Inbox("5", "Холмов-Дальний Юрий Юрьевич", "Эксперт", "Отдел учёта"),
    Inbox("6", department="Отдел учёта", index="D-02", number="02"),
    Inbox("7", department="Канцелярия", index="D-03", number="03"),
    Inbox("8", "Тихая Вера Львовна", "Начальник отдела", "Канцелярия"),
)


def route(
    name: str = "", post: str = "", index: str = "", department: str = "", number: str = "", code: str = ""
) -> tuple[str | None, str]:
    person = Person(name, post, index=index) if name or post or index else None
    unit = Department(department, number, code) if department or number or code else None
    found = find(Party(Organisation(index="X"), unit, person), PEOPLE, STEPS)
    return (found.inbox.key if found.inbox else None), found.name


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        # the index, whatever else is said
        ({"index": "R-01"}, ("1", "index")),
        ({"index": "r-01  ", "name": "Лугов С. И."}, ("1", "index")),
        ({"index": "R-99", "name": "Лугов С. И."}, ("2", "initials")),
        # full name and post
        ({"name": "Лугов Семён Ильич", "post": "Начальник отдела"}, ("2", "name and post")),
        ({"name": "ЛУГОВ СЕМЕН  ИЛЬИЧ", "post": "начальник  отдела"}, ("2", "name and post")),
        # surname and initials, any spacing and order, ё = е
        ({"name": "Лугов С. И."}, ("2", "initials")),
        ({"name": "Лугов С.И."}, ("2", "initials")),
        ({"name": "лугов с и"}, ("2", "initials")),
        ({"name": "Лугов\u00a0С.\u00a0И."}, ("2", "initials")),
        ({"name": "С. И. Лугов"}, ("2", "initials")),
        ({"name": "Лугов С."}, ("2", "initials")),
        ({"name": "Лугов Семен Ильич"}, ("2", "initials")),
        ({"name": "Холмов - Дальний Ю.Ю."}, ("5", "initials")),
        ({"name": "Родникова А.Ю.", "post": "Директор"}, ("1", "initials")),
        # two fit: narrowed by what else is said, else nobody
        ({"name": "Озеров И.П."}, (None, "")),
        ({"name": "Озёров И. П.", "department": "Отдел учёта"}, ("4", "initials")),
        ({"name": "Озёров Иван"}, ("4", "initials")),
        # somebody else's initials are nobody's
        ({"name": "Лугов П. И."}, (None, "")),
        ({"name": "Лугов"}, (None, "")),
        ({"name": "Нездешний Х. Х."}, (None, "")),
        # the post, when it is one person's
        ({"post": "Председатель"}, ("1", "post")),
        ({"post": "Советник"}, (None, "")),
        ({"post": "начальник отдела", "department": "канцелярия"}, ("8", "post")),
        ({"name": "Нездешний Х. Х.", "post": "Председатель"}, ("1", "post")),
        # the department's own inbox: by index, name or number
        ({"department": "отдел учета"}, ("6", "department")),
        ({"code": "d-03 "}, ("7", "index")),
        ({"number": "02"}, ("6", "department")),
        ({"name": "Нездешний Х. Х.", "department": "«Канцелярия»"}, ("7", "department")),
        # nothing said
        ({}, (None, "")),
    ],
)
def test_an_addressee_is_found(hint: dict[str, str], expected: tuple[str | None, str]) -> None:
    assert route(**hint) == expected


def test_the_reason_for_finding_nobody_names_the_candidates() -> None:
    found = find(Party(person=Person("Озёров И. П.")), PEOPLE, STEPS)

    assert "Озёров Илья Петрович" in found.why
    assert "Озёров Иван Павлович" in found.why


def test_the_order_of_steps_is_the_offices() -> None:
    hint = Party(department=Department("Отдел учёта"), person=Person("Родникова А. Ю."))

    assert find(hint, PEOPLE, ("department", "initials")).name == "department"


LEFT = "2026-11-01"


def inbox(key: str, **rest: str) -> Inbox:
    return Inbox(key, **{"name": f"Лесной {key.upper()}.", "post": "Советник", "index": f"I-{key}", **rest})


@pytest.mark.parametrize(
    ("everybody", "expected"),
    [
        # away: the deputy, else the deputy's deputy, else it waits in the own inbox
        ((inbox("a", deputy_key="b"), inbox("b")), "b"),
        ((inbox("a", deputy_key="b"), inbox("b", deputy_key="c"), inbox("c")), "c"),
        ((inbox("a", deputy_key="b"), inbox("b", deputy_key="a")), "a"),
        ((inbox("a", deputy_key="b", head_key="c"), inbox("b", left_on=LEFT), inbox("c")), "a"),
        # left: the deputy, else the head, else whoever does for them; never back to who has left
        ((inbox("a", left_on=LEFT, deputy_key="b", head_key="c"), inbox("b"), inbox("c")), "b"),
        ((inbox("a", left_on=LEFT, head_key="c"), inbox("c")), "c"),
        ((inbox("a", left_on=LEFT, deputy_key="b", head_key="c"), inbox("b", left_on=LEFT), inbox("c")), "c"),
        ((inbox("a", left_on=LEFT, head_key="c"), inbox("c", deputy_key="d"), inbox("d")), "d"),
        ((inbox("a", left_on=LEFT, deputy_key="b"), inbox("b", left_on=LEFT, deputy_key="a")), None),
        ((inbox("a", left_on=LEFT, head_key="a"),), None),
        ((inbox("a", left_on=LEFT),), None),
    ],
)
def test_papers_of_who_is_not_there_go_to_deputy_or_head(everybody: tuple[Inbox, ...], expected: str | None) -> None:
    found = find(Party(person=Person("Лесной А.", index="I-a")), everybody, STEPS)

    assert (found.inbox.key if found.inbox else None) == expected
    assert found.vacant == (expected is None)
    assert "Лесной A." in found.why


def test_a_successor_takes_over_the_index_and_the_post_but_never_the_name() -> None:
    gone = Inbox("1", "Озёров Илья Петрович", "Советник", index="S-1", left_on=LEFT, head_key="3")
    new = Inbox("2", "Озёров Иван Павлович", "Советник", index="s-1")
    everybody = (gone, new, Inbox("3", "Родникова Алла Юрьевна", "Председатель"))

    def key(person: Person) -> str:
        found = find(Party(person=person), everybody, STEPS)
        return found.inbox.key if found.inbox else ""

    assert key(Person("Озёров И. П.", index="S-1")) == "2"
    assert key(Person(post="Советник")) == "2"
    assert key(Person("Озёров И. П.")) == ""
    assert key(Person("Озёров Илья")) == "3"


NAMES = st.text(st.sampled_from("абвёя АБ.-И"), max_size=20)


@settings(max_examples=150)
@given(NAMES, NAMES)
def test_being_the_same_name_works_both_ways_and_never_raises(one: str, other: str) -> None:
    assert same_name(one, other) == same_name(other, one)


@settings(max_examples=50)
@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_sender_writes_is_answered(name: str, post: str) -> None:
    find(Party(person=Person(name, post)), PEOPLE, STEPS)
