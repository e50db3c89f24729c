# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two offices have agreed for the scenes: the demo's offices, with every rule that a scene needs.

Minsk has more kinds of documents here, Moscow more journals, and a second organisation behind its gateway.
"""

from collections.abc import Sequence

from gateway.demo.offices import PARTNERS, DemoOffice
from gateway.demo.rules.stage import Scene
from gateway.edms_adapter.registry import Office, Staff, add_office, people
from gateway.edms_adapter.sql.database import Work

REGISTERED_SECONDS = 3  # between the sending and the registration there; seconds in the place of a day

LIMITS = f"""
[partner.time_limits]
registered = "{REGISTERED_SECONDS} s"
"""
# What stands in [[partner]] itself, by the office's name.
AGREED = {"moscow": 'links = "all-in-words"\n'}
# What an office adds to its gateway.toml.
OWN_WAYS = {
    "minsk": """
[access]
open = ["общий", "для членов комиссии"]
"""
}
# After the rules of the scenes, because the first that fits counts.
FOR_ALL = """
[[receive]]
name = "an addressee nobody knows"
unknown_addressee = "wait"

[[report]]
name = "everything"
fields = ["text", "note", "category", "controller", "progress", "resume", "executor_text", "status", "files"]
"""

# Minsk's kinds of documents beside its letters, numbered in the journal of the letters.
KINDS = ("Запросы", "Приглашения", "Договоры", "Совместные планы", "Жалобы")
# Moscow's journals beside its own: what one is called, and what stands before its numbers; each has a group of its own.
JOURNALS = (("Запросы ведомств", "ВХ-З/"), ("Приглашения", "ВХ-П/"))

# The second organisation behind Moscow's gateway.
ROADS = Office("EX-ROADS", "Дирекция дорог, Москва")
ROADS_ADDRESS = "roads@moscow.example"
ROADS_PEOPLE = (
    Staff("Мостовой Игнат Львович", "директор", "Дирекция", "D-01"),
    Staff("Перевалова Вера Ильинична", "делопроизводитель", "Приёмная", "D-02"),
)
SECOND_OFFICE = """
[[office]]
index = "{office.index}"
name = "{office.short_name}"
address = "{address}"
time_zone = "{time_zone}"
"""


def agree(us: DemoOffice, them: DemoOffice, scenes: Sequence[Scene]) -> None:
    """Write *us*'s partners.toml with the rules of *scenes*, and add its own ways to a fresh gateway.toml."""
    partner = PARTNERS.partition("[[report]]")[0].format(them=them)
    own = "".join(f"\n# {scene.title}\n{scene.rules[us.name]}" for scene in scenes if us.name in scene.rules)
    agreed = partner + AGREED.get(us.name, "") + LIMITS
    (us.home / "partners.toml").write_text(agreed + own + FOR_ALL, encoding="utf-8")
    with us.config.open("a", encoding="utf-8") as config:
        config.write(OWN_WAYS.get(us.name, ""))


def furnish(minsk: DemoOffice, moscow: DemoOffice) -> None:
    """Give both offices what the scenes need beyond the demo; a registry that has it already is left as it is."""
    second = SECOND_OFFICE.format(office=ROADS, address=ROADS_ADDRESS, time_zone=moscow.time_zone)
    with moscow.config.open("a", encoding="utf-8") as config:  # written anew at each set-up
        config.write(second)
    with people.at_work(minsk.registry) as work:
        if people.rows(work, "select id from correspondent where exchange_index = :index", index=ROADS.index):
            return
        for kind in KINDS:
            _add_kind(work, kind)
        _add_correspondent(work, ROADS)
    with people.at_work(moscow.registry) as work:
        for name, prefix in JOURNALS:
            _add_journal(work, name, prefix)
    add_office(moscow.registry, ROADS, ROADS_PEOPLE, prefixes=("ДД-", "ДД-И/"))


def _add_kind(work: Work, name: str) -> None:
    """Add a group of outgoing documents to the journal of the letters."""
    people.rows(
        work,
        "insert into doc_group (name, direction, journal_id, is_default) select :name, 'out', journal_id, false"
        " from doc_group where direction = 'out' and is_default returning id",
        name=name,
    )


def _add_journal(work: Work, name: str, prefix: str) -> None:
    """Add a journal and its group of incoming documents."""
    people.rows(
        work,
        "insert into journal (office_id, name, prefix) select min(id), :name, :prefix from office returning id",
        name=name,
        prefix=prefix,
    )
    people.rows(
        work,
        "insert into doc_group (name, direction, journal_id, is_default) select name, 'in', id, false from journal"
        " where name = :name returning id",
        name=name,
    )


def _add_correspondent(work: Work, one: Office) -> None:
    people.rows(
        work,
        "insert into correspondent (exchange_index, short_name, full_name) values (:index, :name, :name) returning id",
        index=one.index,
        name=one.short_name,
    )
