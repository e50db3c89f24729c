# SPDX-License-Identifier: GPL-3.0-or-later
"""Column types that mean the same in SQLite and in PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from gateway.model import utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_HAND = EPOCH - timedelta(days=1)  # when a letter was ready that a person wants tried: before all others
_MICROSECOND = timedelta(microseconds=1)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# SQLite gives only INTEGER keys an automatic value.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware moment: ``timestamptz`` in PostgreSQL, microseconds since 1970 UTC in SQLite.  Comes back in UTC."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # Any: differs by engine
        if value is None:
            return None
        if dialect.name == "postgresql":
            return utc(value)
        return (utc(value) - EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # Any: differs by engine
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text that strangers may have written.

    NUL and lone surrogates, which a database refuses, become U+FFFD: one odd envelope must not fail a commit
    that carries other people's letters too.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", _REPLACEMENT)
