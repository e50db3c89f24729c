# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of the columns we make ourselves, so that they hold the same on every kind of database.

Texts compare exactly, in any alphabet and of any length a column of the kind can have; moments keep microseconds.
SQLite and PostgreSQL need nothing said.  LIMIT: MariaDB and Oracle treat trailing spaces and the empty text their own
way (docs/adding-an-edms.md, "Databases"); no key of ours has the one or is the other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import DateTime, Inspector, LargeBinary, String, Table, Text
from sqlalchemy.dialects import mssql, mysql, oracle
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import TypeEngine

UNPROTECTED = {"myisam", "aria", "memory", "csv", "archive", "mrg_myisam"}  # kinds of tables of MariaDB
MYSQL_BINARY = "utf8mb4_bin"
MSSQL_BINARY = "Latin1_General_100_BIN2"


def exact(length: int) -> TypeEngine[str]:
    """A key of at most *length* characters, told from every other, also from one in capitals."""
    return _named(String(length), length, mssql.NVARCHAR(length, collation=MSSQL_BINARY))


def foreign(length: int) -> TypeEngine[str]:
    """A key of the EDMS: on MS SQL Server in its own collation, which could not be joined with another one."""
    return _named(String(length), length, mssql.NVARCHAR(length))


def indexed(length: int) -> TypeEngine[str]:
    """A text with an index: of any length where an index may have it, else of at most *length* characters."""
    return _named(Text(), length, mssql.NVARCHAR(length, collation=MSSQL_BINARY))


def words() -> TypeEngine[str]:
    """A text of any length."""
    return (
        Text()
        .with_variant(mysql.LONGTEXT(charset="utf8mb4", collation=MYSQL_BINARY), "mysql")
        .with_variant(mssql.NVARCHAR(), "mssql")
        .with_variant(oracle.NCLOB(), "oracle")
    )


def moment() -> TypeEngine[datetime]:
    """A moment; without a zone (in the database's) but on PostgreSQL."""
    return (
        DateTime(timezone=True)
        .with_variant(mysql.DATETIME(fsp=6), "mysql")
        .with_variant(mssql.DATETIME2(6), "mssql")  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it without
        .with_variant(oracle.TIMESTAMP(), "oracle")
    )


def content() -> TypeEngine[bytes]:
    """The bytes of a file."""
    return LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")


def transactional(table: Table) -> None:
    """Have *table* made as one that transactions protect, and with a key that fits, whatever the server's defaults."""
    table.dialect_options["mysql"]["engine"] = "InnoDB"
    table.primary_key.dialect_options["mssql"]["clustered"] = False  # 1700 bytes of a key instead of 900


def outside_transactions(inspector: Inspector, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each of *tables* that no transaction protects, with its kind: half a card could stay in it."""
    if inspector.dialect.name != "mysql":
        return
    for whole in tables:
        schema, _, name = whole.rpartition(".")
        try:
            kind = str(inspector.get_table_options(name, schema or None).get("mysql_engine", ""))
        except NoSuchTableError:
            continue  # said already
        if kind.lower() in UNPROTECTED:
            yield whole, kind


def _named(plain: TypeEngine[str], length: int, on_mssql: TypeEngine[str]) -> TypeEngine[str]:
    return (
        plain.with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation=MYSQL_BINARY), "mysql")
        .with_variant(on_mssql, "mssql")
        .with_variant(oracle.NVARCHAR2(length), "oracle")
    )
