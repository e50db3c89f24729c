# SPDX-License-Identifier: GPL-3.0-or-later
"""MS SQL Server and Oracle: compiled, not run here.

What an adapter says in its own words while it works (the words of a mapping are its author's) is gathered on SQLite
and translated for both; so are our three tables.
"""

import re
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
from sqlalchemy import Dialect, Executable, TextClause, event
from sqlalchemy.dialects.mssql import pyodbc
from sqlalchemy.dialects.oracle import oracledb
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import NullType

from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.edms_adapter.sql.engines import NOW, engine
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection, MappingError
from gateway.model import Event, EventKey, EventKind, ExchangeId
from gateway.ports import OutgoingState
from tests.edms_adapter import test_foreign
from tests.edms_adapter.desk import PDF, letter
from tests.edms_adapter.test_foreign import edms, register

__all__ = ["edms"]  # a fixture

OF_NOBODY_HERE = re.compile(r"\bLIMIT\b|ON CONFLICT|::|\btrue\b|\bfalse\b")


def _mssql() -> Dialect:
    """As it is after a connection to MS SQL Server 2019."""
    made: Dialect = pyodbc.dialect()  # type: ignore[no-untyped-call]
    made.server_version_info = (15, 0, 2000, 5)
    made._setup_version_attributes()  # type: ignore[attr-defined]
    return made


def _oracle() -> Dialect:
    """As it is after a connection to Oracle 19c."""
    made: Dialect = oracledb.dialect()  # type: ignore[no-untyped-call]
    made.server_version_info = (19, 0, 0, 0, 0)
    return made


@pytest.fixture(params=[_mssql, _oracle], ids=["mssql", "oracle"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    made: Callable[[], Dialect] = request.param
    return made()


@pytest.fixture
def said(edms: SqlEdms) -> Iterator[list[Executable]]:
    """Give every statement of ours that was executed when the test looks."""
    statements: list[Executable] = []

    def note(_connection: object, statement: Executable, *_rest: object) -> None:
        statements.append(statement)

    event.listen(edms.database.engine, "before_execute", note)
    yield statements
    event.remove(edms.database.engine, "before_execute", note)


def work_through(edms: SqlEdms) -> None:
    """Do what an adapter is asked: register, tell of changes page by page, look what stands, add, send, record."""
    for name in ("ex-1", "ex-2", "ex-3"):
        card = register(edms, name).ref
        for deed in ("done", "note"):
            row = f"insert into deed (letter, deed, at, said) values ('{card}', '{deed}', '2026-11-22 15:00:00', 'x')"
            test_foreign.run(edms, row)
    cursor, more = None, True
    while more:
        page = edms.changes(cursor, 1)
        cursor, more = page.cursor, page.more
    edms.changes(cursor, 1)
    edms.attach(ExchangeId("ex-1"), letter("ex-9", "9"), {PDF.sha256: PDF}, ExchangeId("follow-1"))
    edms.standing([ExchangeId("ex-1"), ExchangeId("ex-2")])
    edms.holdings(edms.holdings(None, 1)[0].exchange, 1)
    test_foreign.run(edms, "insert into letter values ('out-1', 'О деле', '2026-11-22 11:00:00', null, 'nobody')")
    edms.mark(edms.outgoing()[0].ref, OutgoingState.TAKEN)
    edms.withdrawals()
    edms.record("out-1", [Event(EventKind.RECEIVED, EventKey("k"), None)])


def own(edms: SqlEdms, said: list[Executable]) -> list[Executable]:
    """Return the adapter's statements, those of `Association` that no call above came to too."""
    work_through(edms)
    prepared = list(edms.database._prepared)
    tables = list(vars(edms.plan.association._statements).values())
    every = [*said, *prepared, *tables]
    return [statement for statement in every if not isinstance(statement, TextClause)]


def test_every_statement_of_ours_can_be_said_to_them(edms: SqlEdms, said: list[Executable], dialect: Dialect) -> None:
    texts = {str(statement.compile(dialect=dialect)) for statement in own(edms, said)}  # type: ignore[attr-defined]

    assert len(texts) > 20
    assert [one for one in texts if OF_NOBODY_HERE.search(one)] == []


def test_a_page_is_cut_off_in_their_own_words(edms: SqlEdms, said: list[Executable], dialect: Dialect) -> None:
    cut = "OFFSET 0 ROWS FETCH FIRST :limit ROWS ONLY" if dialect.name == "mssql" else "FETCH FIRST :limit ROWS ONLY"
    pages = {
        " ".join(text.split())
        for text in (str(one.compile(dialect=dialect)) for one in own(edms, said))  # type: ignore[attr-defined]
        if "ORDER BY fact." in text
    }

    assert len(pages) > 3
    assert [page for page in pages if not (page.endswith(cut) and page.startswith("SELECT fact.*"))] == []


def test_the_key_of_a_new_row_comes_back_in_their_own_words(
    edms: SqlEdms, said: list[Executable], dialect: Dialect
) -> None:
    words = "OUTPUT inserted.code" if dialect.name == "mssql" else "RETURNING letter.code INTO :ret_0"
    texts = [str(one.compile(dialect=dialect)) for one in own(edms, said)]  # type: ignore[attr-defined]

    assert {words in text for text in texts if text.startswith("INSERT INTO letter")} == {True}


def test_oracle_is_told_the_type_of_the_key_that_comes_back(edms: SqlEdms, said: list[Executable]) -> None:
    compiled = [one.compile(dialect=_oracle()) for one in own(edms, said)]  # type: ignore[attr-defined]
    given_back = [bind.type for one in compiled for bind in one.binds.values() if bind.isoutparam]

    assert len(given_back) > 0
    assert [type_ for type_ in given_back if isinstance(type_, NullType)] == []


def test_a_claim_is_a_plain_insert_that_its_primary_key_may_forbid(edms: SqlEdms, dialect: Dialect) -> None:
    claims = edms.plan.association._statements
    texts = [str(one.compile(dialect=dialect)) for one in (claims.claim, claims.follow, claims.tell)]

    assert [re.sub(r"\(.*", "", text).strip() for text in texts] == [
        "INSERT INTO our_exchange",
        "INSERT INTO our_follow_up",
        "INSERT INTO our_told",
    ]
    assert [key.name for key in edms.plan.association.told.primary_key] == ["outgoing_ref", "event_key"]


def test_our_tables_hold_every_alphabet_whole_moments_and_ids_that_differ_in_case_only(dialect: Dialect) -> None:
    made = Association(ClaimSection(), DatabaseSection(key="text"))
    ddl = "\n".join(str(CreateTable(one).compile(dialect=dialect)) for one in made.metadata.sorted_tables)
    indexes = [str(CreateIndex(one).compile(dialect=dialect)) for one in made.exchange.indexes]

    expected = {
        "mssql": (
            "exchange_id NVARCHAR(100) COLLATE Latin1_General_100_BIN2 NOT NULL",
            "card NVARCHAR(200) NULL",
            "number NVARCHAR(max)",
            "number_date DATE NULL",
            "known_at DATETIME2(6) NOT NULL",
            "PRIMARY KEY NONCLUSTERED (outgoing_ref, event_key)",
        ),
        "oracle": (
            "exchange_id NVARCHAR2(100) NOT NULL",
            "card NVARCHAR2(200)",
            '"number" NCLOB',
            "number_date DATE",
            "known_at TIMESTAMP NOT NULL",
            "PRIMARY KEY (outgoing_ref, event_key)",
        ),
    }
    assert [line for line in expected[dialect.name] if line not in ddl] == []
    assert len(indexes) == 2


def test_no_page_begins_after_the_empty_text_which_oracle_takes_for_nothing(
    edms: SqlEdms, said: list[Executable]
) -> None:
    register(edms)
    del said[:]
    found = edms.holdings(None, 1)

    assert (len(found), len(said)) == (1, 1)
    assert "after" not in str(said[0])


def test_no_name_of_ours_is_longer_than_theirs_may_be() -> None:
    metadata = Association(ClaimSection(), DatabaseSection()).metadata
    tables = metadata.sorted_tables
    names = [table.name for table in tables] + [str(index.name) for table in tables for index in table.indexes]

    assert max(map(len, names)) <= 30  # of Oracle before 12.2; 128 since


def loads(driver: str) -> bool:
    try:
        import_module(driver)
    except ImportError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "driver"),
    [
        ("mssql://gateway@db.example/edms?driver=ODBC+Driver+18+for+SQL+Server", "mssql+pyodbc"),
        ("mssql+pyodbc://gateway@db.example/edms", "mssql+pyodbc"),
        ("oracle://gateway@db.example/?service_name=edms", "oracle+oracledb"),
        ("mariadb://gateway@db.example/edms", "mysql+pymysql"),
        ("mysql://gateway@db.example/edms", "mysql+pymysql"),
        ("postgres://gateway@db.example/edms", "postgresql+psycopg"),
    ],
)
def test_an_address_names_the_database_and_we_know_the_driver(address: str, driver: str) -> None:
    if not loads(driver.partition("+")[2]):  # an optional driver that this machine does not have
        with pytest.raises(MappingError, match=r"type: pip install 'edms-gateway\["):
            engine(address)
        return
    made = engine(address)
    assert made.url.drivername == driver
    assert made.dialect.name in NOW


def test_a_database_nobody_knows_is_a_complaint_that_names_those_we_know() -> None:
    with pytest.raises(MappingError, match=r"a database firebird: is not known here; .* oracle:"):
        engine("firebird://gateway@db.example/edms")
