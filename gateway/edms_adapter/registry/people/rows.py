# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground everything else stands on: the transaction, and rows found by what people call them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from sqlalchemy import bindparam, insert, text

from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.association import untyped
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.values import Record


@contextmanager
def at_work(url: str) -> Iterator[Work]:
    """Open a transaction of the registry's users; what they did is there for others when the block ends."""
    database = Database(url, UTC)
    try:
        with database.writing() as work:
            yield work
    finally:
        database.close()


def rows(work: Work, sql: str, **values: object) -> list[Record]:
    """Return the rows of a query of the user's own, with *values* bound by name."""
    return work.ask(text(sql), values)


def one(work: Work, sql: str, **values: object) -> Record:
    row = next(iter(work.ask(text(sql), values)), None)
    if row is None:
        raise LookupError(f"nothing found: {values}")
    return row


def add(work: Work, table: str, /, **values: object) -> int:
    target = untyped(metadata.tables[table])
    statement = insert(target).values({name: bindparam(name) for name in values}).returning(target.c.id)
    return int(work.run(statement, values).scalar_one())


def do(work: Work, sql: str, **values: object) -> None:
    work.run(text(sql), values)


def changed(work: Work, sql: str, **values: object) -> int:
    """Run a statement and return how many rows it changed."""
    return int(work.run(text(sql), values).rowcount)


def office_key(work: Work, person: str) -> int | None:
    """Return which of our organisations somebody works for; None: for every one."""
    found = one(work, "select office_id from person where id = :key", key=person_key(work, person))
    return None if found.office_id is None else int(found.office_id)


def default_group(work: Work, direction: str, office: int | None) -> Record:
    """Return the group (with its journal's prefix) for documents of *office* that go in *direction*; None: any's."""
    return one(
        work,
        "select g.*, j.prefix from doc_group g join journal j on j.id = g.journal_id"
        " where g.direction = :direction and g.is_default and (j.office_id is null or j.office_id = coalesce(:office,"
        " j.office_id)) order by case when j.office_id is null then 1 else 0 end, g.id",
        direction=direction,
        office=office,
    )


def group_of(work: Work, key: int) -> Record:
    """Return a group with its journal's prefix."""
    return one(
        work, "select g.*, j.prefix from doc_group g join journal j on j.id = g.journal_id where g.id = :key", key=key
    )


def person_key(work: Work, name: str) -> int:
    """Return the key of a person; LookupError when nobody is called so."""
    found = rows(work, "select id from person where lower(name) like lower(:name) || '%' order by id", name=name)
    if not name or not found:
        raise LookupError(f"nobody here is called {name!r}")
    return int(found[0].id)


def inbox_key(work: Work, name: str, card_key: int = 0) -> int:
    """Return the key of the inbox that `inbox_of` finds."""
    return int(inbox_of(work, name, card_key).id)


def inbox_of(work: Work, name: str, card_key: int = 0) -> Record:
    """Return key and name of the inbox of a person or department; LookupError when there is none.

    Of two of one name it is that of the organisation whose card *card_key* is.
    """
    found = rows(
        work,
        "select i.id, i.name from inbox i left join person p on p.id = i.person_id"
        " left join department d on d.id = i.department_id"
        " left join card c on c.id = :card and c.office_id = coalesce(p.office_id, d.office_id)"
        " where lower(i.name) like lower(:name) || '%' order by case when c.id is null then 1 else 0 end, i.id",
        card=card_key,
        name=name,
    )
    if not name or not found:
        raise LookupError(f"there is no inbox of {name!r}")
    return found[0]


def correspondent_key(work: Work, index: str) -> int:
    """Return the key of an organisation by its exchange index; LookupError when it is not in the directory."""
    found = rows(
        work, "select id from correspondent where lower(trim(exchange_index)) = lower(trim(:index))", index=index
    )
    if not found:
        raise LookupError(f"no correspondent has the exchange index {index!r}")
    return int(found[0].id)
