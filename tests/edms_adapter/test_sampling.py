# SPDX-License-Identifier: GPL-3.0-or-later
"""A starter mapping from somebody's database: it loads as it is, and what it leaves open is named, until it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from gateway.cli import main
from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import ExchangeId, Organisation, Party
from gateway.ports import Expected, Registration
from tests.edms_adapter.desk import PDF, Hands, intake, letter

# a records system as vendors make them: Russian words in Latin letters, keys that say nothing, NOT NULL everywhere
TABLES = """
create table docgroup_cl (due varchar(48) primary key, classif_name varchar(100) not null);
create table organiz_cl (due varchar(48) primary key, classif_name varchar(255) not null, medo_index varchar(40));
create table user_cl (isn_lclassif {key}, surname_patron varchar(64) not null, dolzhnost varchar(100));
create table num_counter (year integer primary key, last_num integer not null);
create table doc_rc (
  isn_doc {key}, due_docgroup varchar(48) not null references docgroup_cl (due), free_num varchar(64) not null,
  doc_date date not null, annotat varchar(40), due_organiz varchar(48) references organiz_cl (due),
  corresp_num varchar(64), corresp_date date, consists varchar(20) not null, sec_level integer default 1 not null);
create table forward (
  isn_forward {key}, isn_doc integer not null references doc_rc (isn_doc),
  isn_user integer not null references user_cl (isn_lclassif), send_date timestamp not null);
create table ref_file (
  isn_ref_file {key}, isn_ref_doc integer not null references doc_rc (isn_doc), descript varchar(255) not null,
  file_size integer, path varchar(400), sha256 varchar(64));
create table prot_log (id {key}, table_id varchar(10), operation varchar(10));
insert into docgroup_cl values ('0.IN', 'Входящие');
insert into organiz_cl values ('0.1', 'Берег', 'BEREG-02');
insert into user_cl (surname_patron, dolzhnost) values ('Экспедиция', 'канцелярия');
insert into num_counter values (2026, 0)
"""
KEYS = {
    "sqlite": "integer primary key",
    "postgresql": "serial primary key",
    "mariadb": "integer auto_increment primary key",
}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/delo.db"
    if request.param == "postgresql":
        made = request.getfixturevalue("postgres")().replace("postgresql:", "postgresql+psycopg:")
    elif request.param == "mariadb":
        made = request.getfixturevalue("mariadb")()
    run(made, TABLES.format(key=KEYS[request.param]))
    return made


def run(url: str, statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(text(statement))
    engine.dispose()


def sampled(url: str, *more: str) -> Result:
    return CliRunner().invoke(main, ["edms", "sample", "--database", url, *more])


def opened(mapping: Path, url: str) -> SqlEdms:
    return open_edms(mapping, url, mapping.parent, "Europe/Moscow", clock=Hands())


def found(mapping: Path, url: str) -> dict[str, str]:
    """Return what is wrong with its remedy, but for our own tables and default inboxes."""
    with opened(mapping, url) as edms:
        edms.prepare()
        wrong = [one for one in edms.check([Expected("", "Экспедиция")]).findings if one.level == "wrong"]
    return {one.what: one.remedy for one in wrong}


def test_it_knows_cards_files_people_and_counters_by_names_and_by_what_points_where(url: str) -> None:
    written = sampled(url).stdout

    for role, table in (("cards", "doc_rc"), ("files", "ref_file"), ("people", "user_cl"), ("counters", "num_counter")):
        assert f"#   {role}: {table} (" in written
    assert 'isn_ref_doc = "card"' in written
    assert 'due_organiz = "correspondent"' in written
    assert 'annotat = "document.subject | clip(40)"' in written
    assert "# consists = \"'…'\"   # varchar(20), must be filled: decide" in written
    assert "prot_log" not in written.partition("[database]")[2]


def test_it_loads_as_it_is_and_everything_left_open_is_named_with_its_line(url: str, tmp_path: Path) -> None:
    mapping = tmp_path / "starter.toml"
    assert sampled(url, "-o", str(mapping)).exit_code == 0
    wrong = found(mapping, url)
    undecided = {what.partition(": ")[0] for what in wrong if "to be decided" in what}

    assert undecided == {"lookup[1]", "lookup[2]", "routing.default", "outgoing.sql", "record.find", "link.find"}
    assert set(wrong) - {f"{place}: to be decided" for place in undecided} == {
        "register[1]: table doc_rc: column consists"
    }
    with opened(mapping, url) as edms:
        places = {one.place for one in edms.check().findings if one.level == "wrong" and "decided" in one.what}
    assert len(places) == len(undecided)


def test_once_everything_is_decided_a_letter_is_registered(url: str, tmp_path: Path) -> None:
    mapping = tmp_path / "starter.toml"
    assert sampled(url, "-o", str(mapping)).exit_code == 0
    lines = [line.split(" -- decide:")[0] for line in mapping.read_text("utf-8").splitlines()]
    made = "\n".join(lines).replace("from docgroup_cl where 1 = 0", "from docgroup_cl where due = '0.IN'")
    made = made.replace("# consists = \"'…'\"", "consists = \"'1 л.'\"")
    mapping.write_text(made, "utf-8")
    assert found(mapping, url) == {}

    with opened(mapping, url) as edms:
        given = intake(correspondent=Party(Organisation(index="BEREG-02")), default_inbox="Экспедиция")
        done = edms.register(letter("u-1"), {PDF.sha256: PDF}, ExchangeId("ex-1"), given)
        assert isinstance(done, Registration)
        with edms.database.reading() as work:
            (row,) = work.rows(text("select * from doc_rc"))
    assert (done.number.text, row.free_num, row.due_organiz, row.consists) == ("1", "1", "0.1", "1 л.")


def test_another_table_of_cards_may_be_named_and_one_that_is_not_there_is_told(url: str) -> None:
    assert 'table = "prot_log"' in sampled(url, "--cards", "prot_log").stdout
    told = sampled(url, "--cards", "absent")

    assert (told.exit_code, told.stderr) == (1, "there is no table absent with a key of one column\n")


def test_a_file_that_is_there_is_never_overwritten(url: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("mine")
    told = sampled(url, "-o", str(mine))

    assert (told.exit_code, mine.read_text()) == (1, "mine")


def test_tables_of_another_schema_are_found_there(postgres: Callable[[], str], tmp_path: Path) -> None:
    url = postgres().replace("postgresql:", "postgresql+psycopg:")
    run(url, "create schema delo; set search_path = delo;" + TABLES.format(key=KEYS["postgresql"]))
    mapping = tmp_path / "starter.toml"
    assert sampled(url).exit_code == 1
    assert sampled(url, "--schema", "delo", "-o", str(mapping)).exit_code == 0

    assert 'search_path = "delo"' in mapping.read_text("utf-8")
    assert len(found(mapping, url)) == 7


@pytest.mark.parametrize("address", ["sqlite:///absent.db", "nonsense", "postgresql://gateway@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_asked_is_told_in_one_line(address: str) -> None:
    told = sampled(address)

    assert told.exit_code in (1, 69)
    assert len(told.stderr.splitlines()) == 1
