# SPDX-License-Identifier: GPL-3.0-or-later
"""Outgoing rows without those for organisations that get nothing now, however many of these lie before the others.

Where the field `to` is a column of the query, the statement leaves them out itself.  What only an expression can tell
is read past, a page in each call, so that no call reads all of it; the next one goes on where this one stopped, and
after the last row begins anew.
"""

from collections.abc import Collection
from typing import Any

from jinja2 import nodes
from sqlalchemy import ColumnElement, Select, Unicode, bindparam, cast, collate, column, func, or_

from gateway.edms_adapter.sql.columns import MSSQL_BINARY, MYSQL_BINARY
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.expression import Expression, Scope
from gateway.edms_adapter.sql.values import Record, text
from gateway.model import folded

PAGE = 500  # LIMIT: rows read in one call
NAMED = 500  # LIMIT: indices that a statement names; databases take from 1000 on
LONGEST = 400  # LIMIT: characters of an index that a statement compares
EXACTLY = {"mysql": MYSQL_BINARY, "mssql": MSSQL_BINARY}  # elsewhere texts compare exactly by themselves


class Passing:
    """Reads the rows that wait to be sent; keeps how many of those that are left out it has passed."""

    def __init__(self, to: Expression, vendor: str) -> None:
        self._to, self._column, self._vendor = to, column_of(to), vendor
        self._passed = 0

    def rows(
        self,
        work: Work,
        query: Select[Any],  # Any: whatever columns the query has
        scope: Scope,
        limit: int,
        exclude: Collection[str],
    ) -> list[Record]:
        """Return at most *limit* rows of *query* that go to none of *exclude*."""
        left_out = frozenset(map(folded, exclude))
        if not left_out:
            return work.ask(query.limit(bindparam("limit")), {"limit": limit})
        if self._column is not None:
            query = query.where(self._others(sorted(left_out)[:NAMED]))
        page, place = max(limit, PAGE), self._passed
        query = query.limit(bindparam("limit")).offset(bindparam("offset"))
        rows = work.ask(query, {"limit": page, "offset": place})
        found: list[Record] = []
        for row in rows:
            if folded(text(self._to({**scope, "row": row}))) in left_out:
                place += 1
            elif len(found) < limit:
                found.append(row)
            else:
                break
        else:
            place = place if len(rows) == page else 0
        self._passed = place
        return found

    def _others(self, left_out: list[str]) -> ColumnElement[bool]:
        """Say of a row that it goes to none of *left_out*; it may say so of one too many, never of one too few."""
        index: ColumnElement[Any] = column(self._column or "")  # Any: of whatever type it is
        compared: ColumnElement[str] = func.lower(func.ltrim(func.rtrim(cast(index, Unicode(LONGEST)))))
        if self._vendor in EXACTLY:
            compared = collate(compared, EXACTLY[self._vendor])
        return or_(index.is_(None), compared.not_in(left_out))


def column_of(to: Expression) -> str | None:
    """Return the column of the query that *to* is; None: it is worked out."""
    tree = to.tree
    if isinstance(tree, nodes.Call) and isinstance(tree.node, nodes.Name) and tree.node.name == "text":
        (tree,) = tree.args
    match tree:
        case nodes.Getattr(node=nodes.Name(name="row"), attr=str(name)):
            return name
    return None
