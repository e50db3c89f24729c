# SPDX-License-Identifier: GPL-3.0-or-later
"""A filled «ДЕЛО» look-alike on each database engine: fixtures that conftest.py gives to every test here."""

import shutil
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import inspect

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.engines import engine
from tests.edms_adapter.systems.lookalike import ZONE
from tests.edms_adapter.systems.lookalike_people import NAME, create, fill
from tests.servers.mariadb import empty as empty_mariadb


def made(url: str, files: Path) -> str:
    """Make the tables, the gateway's own too, and fill them."""
    create(url)
    with open_edms(NAME, url, files, ZONE) as edms:
        edms.prepare()
    filled(url)
    return url


def filled(url: str) -> None:
    database = Database(url, ZoneInfo(ZONE))
    with database.writing() as work:
        fill(work)
    database.close()


@pytest.fixture(scope="session")
def sqlite_lookalike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lookalike")
    made(f"sqlite:///{folder / 'template.sqlite'}", folder)
    return folder / "template.sqlite"


@pytest.fixture(scope="session")
def postgres_lookalike(postgres: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(postgres(), tmp_path_factory.mktemp("lookalike"))


@pytest.fixture(scope="session")
def mariadb_lookalike(mariadb: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(mariadb(), tmp_path_factory.mktemp("lookalike"))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def lookalike_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_lookalike"), tmp_path / "delo.sqlite")
        return f"sqlite:///{tmp_path / 'delo.sqlite'}"
    url = str(
        request.getfixturevalue({"postgresql": "postgres_lookalike", "mariadb": "mariadb_lookalike"}[request.param])
    )
    database = engine(url)
    tables = inspect(database).get_table_names()
    database.dispose()
    if request.param == "mariadb":
        empty_mariadb(url, tables)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            names = ", ".join(tables)
            connection.execute(f"truncate {names} restart identity cascade")  # type: ignore[call-overload]  # our names
    filled(url)
    return url
