# SPDX-License-Identifier: GPL-3.0-or-later
"""A filled «ДЕЛО» look-alike on each database engine: fixtures that conftest.py gives to every test here."""

import shutil
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import create_engine, inspect

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.database import Database
from tests.edms_adapter.systems.lookalike import ZONE
from tests.edms_adapter.systems.lookalike_people import NAME, create, fill


def made(url: str, files: Path) -> str:
    """Make the tables, the gateway's own too, and fill them."""
    create(url)
    with open_edms(NAME, url, files, ZONE) as edms:
        edms.create_own_tables()
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


@pytest.fixture(params=["sqlite", "postgresql"])
def lookalike_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_lookalike"), tmp_path / "delo.sqlite")
        return f"sqlite:///{tmp_path / 'delo.sqlite'}"
    url = str(request.getfixturevalue("postgres_lookalike"))
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    names = ", ".join(inspect(engine).get_table_names())
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"truncate {names} restart identity cascade")  # type: ignore[call-overload]  # our names
    filled(url)
    return url
