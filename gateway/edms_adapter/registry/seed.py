# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry to begin with: an office or several, their people and inboxes, correspondents, two journals for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.engines import engine


@dataclass(frozen=True, slots=True)
class Office:
    index: str  # exchange index
    short_name: str
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody with an inbox; people of one department name it alike."""

    name: str
    post: str = ""
    department: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Correspondent:
    index: str  # exchange index
    short_name: str
    full_name: str = ""
    tax_id: str = ""


PEOPLE = (
    Staff("Родникова Алла Юрьевна", "Председатель", "Руководство", "R-01"),
    Staff("Лугов Семён Ильич", "Начальник отдела", "Отдел учёта", "R-02"),
    Staff("Полева Нина Олеговна", "Главный специалист", "Отдел учёта", "R-03"),
    Staff("Ключевой Пётр Савельевич", "Делопроизводитель", "Канцелярия", "R-04"),
)
LINK_KINDS = (
    ("В ответ на", "Ответ"),
    ("Во исполнение", "Исполнен документом"),
    ("В дополнение к", "Дополнен документом"),
    ("Взамен", "Заменён документом"),
    ("В связи с", "Упомянут в"),
)
IN_JOURNAL, OUT_JOURNAL = "Входящие", "Исходящие"
# Why a clerk refuses: the code for the wire, and the words the sender reads (docs/protocol.md, "Refusal codes").
REFUSAL_REASONS = (
    (1016, "Отказано в регистрации"),
    (1031, "Документ адресован другой организации"),
    (1032, "Вопрос не относится к компетенции организации"),
    (1033, "Документ не подписан или подписан неуполномоченным лицом"),
    (1034, "Приложения представлены не полностью"),
    (1035, "Файл документа не открывается или не читается"),
    (1036, "Не указаны обязательные реквизиты документа"),
    (1037, "Документ поступил повторно"),
)


def seed(
    url: str,
    office: Office,
    correspondents: Sequence[Correspondent],
    people: Sequence[Staff] = PEOPLE,
    *,
    prefixes: tuple[str, str] = ("ВХ-", "ИСХ-"),
) -> None:
    """Fill an empty registry; the last of *people* is the clerk whose inbox takes what nobody is named for.

    Every department gets an inbox of its own; *prefixes* stand before incoming and outgoing numbers.
    """
    made = engine(url)
    try:
        with made.begin() as connection:
            key = _add_office(connection, office)
            _add_people(connection, key, people)
            for one in correspondents:
                add_correspondent(connection, one)
            _add_journals(connection, key, prefixes)
            for word, reverse in LINK_KINDS:
                _add(connection, "link_kind", word=word, reverse=reverse)
            reasons = [{"code": code, "text": text} for code, text in REFUSAL_REASONS]
            connection.execute(insert(metadata.tables["refusal_reason"]), reasons)
    finally:
        made.dispose()


def add_office(url: str, office: Office, people: Sequence[Staff], *, prefixes: tuple[str, str] = ("", "")) -> None:
    """Give a registry one more organisation of ours: its people and inboxes, its own groups, journals and counters.

    The last of *people* is its clerk.  It shares the correspondents.
    """
    made = engine(url)
    try:
        with made.begin() as connection:
            key = _add_office(connection, office)
            _add_people(connection, key, people)
            _add_journals(connection, key, prefixes, f", {office.short_name}")
    finally:
        made.dispose()


def add_correspondent(connection: Connection, one: Correspondent) -> int:
    """Add an organisation we correspond with; returns its key."""
    return _add(
        connection,
        "correspondent",
        exchange_index=one.index,
        short_name=one.short_name,
        full_name=one.full_name or one.short_name,
        tax_id=one.tax_id or None,
    )


def _add_office(connection: Connection, office: Office) -> int:
    full_name = office.full_name or office.short_name
    return _add(connection, "office", exchange_index=office.index, short_name=office.short_name, full_name=full_name)


def _add_people(connection: Connection, office: int, people: Sequence[Staff]) -> None:
    departments: dict[str, int] = {}
    for place, name in enumerate(dict.fromkeys(one.department for one in people if one.department), 1):
        departments[name] = _add(connection, "department", office_id=office, name=name, number=f"{place:02}")
        _add(connection, "inbox", name=name, department_id=departments[name])
    for place, one in enumerate(people, 1):
        person = _add(
            connection,
            "person",
            office_id=office,
            name=one.name,
            post=one.post or None,
            department_id=departments.get(one.department),
            exchange_index=one.index or None,
        )
        _add(connection, "inbox", name=one.name, person_id=person, is_default=place == len(people))


def _add_journals(connection: Connection, office: int, prefixes: tuple[str, str], whose: str = "") -> None:
    incoming = _add(connection, "journal", office_id=office, name=IN_JOURNAL + whose, prefix=prefixes[0])
    outgoing = _add(connection, "journal", office_id=office, name=OUT_JOURNAL + whose, prefix=prefixes[1])
    groups = (
        ("Входящие письма", "in", incoming, True),
        ("Обращения", "in", incoming, False),
        ("Исходящие письма", "out", outgoing, True),
    )
    for name, direction, journal, is_default in groups:
        _add(connection, "doc_group", name=name, direction=direction, journal_id=journal, is_default=is_default)


def _add(connection: Connection, name: str, /, **values: object) -> int:
    table = metadata.tables[name]
    return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
