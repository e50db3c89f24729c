# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty exchange tables on each database engine: fixtures that conftest.py gives to every test here."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.engines import engine
from tests.edms_adapter.systems.exchange_tables import NAME, ZONE
from tests.edms_adapter.systems.lookalike_people import create
from tests.servers.mariadb import empty as empty_mariadb


def made(url: str, files: Path) -> str:
    """Make the tables, the gateway's own too."""
    create(url, NAME)
    with open_edms(NAME, url, files, ZONE) as edms:
        edms.prepare()
    return url


@pytest.fixture(scope="session")
def sqlite_exchange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exchange")
    made(f"sqlite:///{folder / 'template.sqlite'}", folder)
    return folder / "template.sqlite"


@pytest.fixture(scope="session")
def postgres_exchange(postgres: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(postgres(), tmp_path_factory.mktemp("exchange"))


@pytest.fixture(scope="session")
def mariadb_exchange(mariadb: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(mariadb(), tmp_path_factory.mktemp("exchange"))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def exchange_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_exchange"), tmp_path / "exchange.sqlite")
        return f"sqlite:///{tmp_path / 'exchange.sqlite'}"
    name = {"postgresql": "postgres_exchange", "mariadb": "mariadb_exchange"}[request.param]
    url = str(request.getfixturevalue(name))
    database = engine(url)
    tables = inspect(database).get_table_names()
    database.dispose()
    if request.param == "mariadb":
        empty_mariadb(url, tables)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            names = ", ".join(tables)
            connection.execute(f"truncate {names} restart identity cascade")  # type: ignore[call-overload]  # our names
    return url
