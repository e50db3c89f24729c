# SPDX-License-Identifier: GPL-3.0-or-later
"""Which question would read a whole table every time, and the index that spares it.

Looked at is what runs for every letter and at every asking for news.  A missing index is advice while the table is
small, and not ok when it has grown.
"""

from collections.abc import Iterator

from sqlalchemy import func, literal, select, table

from gateway.edms_adapter.sql.check.look import Look
from gateway.edms_adapter.sql.check.queries import Compared, Query, Source, best
from gateway.ports import Finding

SMALL = 10_000  # LIMIT: rows that are read through quickly
OFTEN = ("lookup[", "same_number", "outgoing.", "withdrawal.", "link.find", "record.find", "read.", "files.of")

Wanted = dict[tuple[str, str], str]  # table and column → the key of the first statement that asks by it


def indexes(look: Look) -> Iterator[Finding]:
    """Yield every index that is missing, each once; one finding that none is."""
    wanted: Wanted = {}
    for place, query in look.queries:
        if place.startswith("changes["):
            _of_change(look, place, query, wanted)
        elif place.startswith(OFTEN):
            _beside(look, place, _sources(look, query), query, wanted)
    missing = [(table, column, place) for (table, column), place in wanted.items()]
    for name, column, place in missing:
        yield _finding(look, name, column, place)
    yield from _ours(look)
    if not missing:
        yield Finding(True, "indexes")


def _of_change(look: Look, place: str, query: Query, wanted: Wanted) -> None:
    """News are found by `cur`, and for one card by `card`; tables beside are found by what joins them."""
    sources = _sources(look, query)
    driving = set()
    for name in ("cur", "card"):
        for qualifier, column in query.origins(name):
            for source in _owners(look, sources, qualifier, column):
                driving.add(source.alias)
                if not _leads(look, source.table, {column}):
                    wanted.setdefault((source.table, column), place)
    _beside(look, place, [one for one in sources if one.alias not in driving], query, wanted)


def _beside(look: Look, place: str, sources: list[Source], query: Query, wanted: Wanted) -> None:
    for source in sources:
        compared = [one for one in query.compared() if source in _owners(look, sources, one.qualifier, one.column)]
        if compared and not _leads(look, source.table, {one.column for one in compared}):
            wanted.setdefault((source.table, _column(compared)), place)


def _column(compared: list[Compared]) -> str:
    return best(compared).column


def _sources(look: Look, query: Query) -> list[Source]:
    return [one for one in query.sources() if one.verb != "insert" and look.columns(one.table) is not None]


def _owners(look: Look, sources: list[Source], qualifier: str, column: str) -> list[Source]:
    """Return which of *sources* a column belongs to; none when it is not plain which."""
    named = [one for one in sources if not qualifier or qualifier in (one.alias, one.table)]
    found = [one for one in named if column in (look.columns(one.table) or {})]
    return found if len({one.table for one in found}) == 1 else []


def _leads(look: Look, name: str, columns: set[str]) -> bool:
    """Say whether an index, or a key, of the table begins with one of *columns*; a view is asked through its tables."""
    schema, _, bare = name.rpartition(".")
    inspector = look.inspector
    if bare in inspector.get_view_names(schema or None):
        return True
    first: list[tuple[str | None, ...]] = [look.keys(name)[:1]]
    first += [tuple(one["column_names"][:1]) for one in inspector.get_indexes(bare, schema or None)]
    first += [tuple(one["column_names"][:1]) for one in inspector.get_unique_constraints(bare, schema or None)]
    return any(one and one[0] in columns for one in first)


def _ours(look: Look) -> Iterator[Finding]:
    for ours in look.plan.association.metadata.sorted_tables:
        for index in ours.indexes if look.columns(ours.fullname) is not None else ():
            (column,) = index.columns.keys()
            if not _leads(look, ours.fullname, {column}):
                yield _finding(look, ours.fullname, column, "claim")


def _finding(look: Look, name: str, column: str, key: str) -> Finding:
    small = _rows(look, name) <= SMALL
    detail = f"no index begins with it: the whole table is read each time, {'few' if small else 'many'} rows by now"
    index = look.quote(f"{look.plan.source.claim.prefix}{name.replace('.', '_')}_{column}"[:60])
    remedy = f"create index {index} on {look.quoted(name)} ({look.quote(column)});"
    return Finding(small, f"{key}: index of {name} by {column}", detail, remedy, look.places.where(key), advice=True)


def _rows(look: Look, name: str) -> int:
    """Return how many rows there are, at most one more than `SMALL`."""
    schema, _, bare = name.rpartition(".")
    some = select(literal(1).label("one")).select_from(table(bare, schema=schema or None)).limit(SMALL + 1).subquery()
    with look.database.reading() as work:
        return int(work.connection.execute(select(func.count()).select_from(some)).scalar_one())
