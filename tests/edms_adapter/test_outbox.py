# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox whose statements we print: people's saves never suffer by it, and whatever befalls it is noticed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.edms_adapter import MappingError, open_edms
from gateway.edms_adapter.sql.mapping import load
from gateway.ports import Finding
from tests.edms_adapter.desk import Hands
from tests.edms_adapter.outboxes import rows, run
from tests.edms_adapter.test_foreign import TABLES
from tests.edms_adapter.test_races import FOREIGN, OUTBOX, SERIAL, WATCHED, Bureau, Ours, bureau, mapping, register


@pytest.fixture(scope="module")
def database(postgres: Callable[[], str]) -> str:
    return postgres()


@pytest.fixture
def empty(database: str) -> str:
    """Give a PostgreSQL without tables."""
    run(database, "drop schema public cascade; create schema public")
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Give an empty database of either engine, and the tables of the foreign EDMS for it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/foreign.sqlite", TABLES
    return str(request.getfixturevalue("empty")), SERIAL


@pytest.fixture
def watched(place: tuple[str, str], tmp_path: Path) -> Iterator[Bureau]:
    with bureau(WATCHED, *place, tmp_path) as made:
        yield made


@pytest.fixture
def on_postgres(empty: str, tmp_path: Path) -> Iterator[Bureau]:
    with bureau(WATCHED, empty, SERIAL, tmp_path) as made:
        yield made


def wrong(made: Bureau, path: Path | None = None) -> list[Finding]:
    """Return what an administrator hears who checks now, with the mapping at *path* or the bureau's own."""
    path = path or made.edms.files / f"{WATCHED}.toml"
    with open_edms(path, made.url, made.edms.files, "Europe/Moscow", clock=Hands()) as edms:
        return [finding for finding in edms.check().findings if not finding.ok]


def told(made: Bureau, cursor: str | None) -> tuple[list[str], str]:
    """Return what is told from *cursor* on, and the cursor after it."""
    reader = Ours(made.edms, cursor)
    heard = list(reader.read())
    assert reader.cursor is not None
    return heard, reader.cursor


# --- noticing -----------------------------------------------------------------------------------------------------


def test_checking_finds_nothing_wrong_with_what_was_printed(watched: Bureau) -> None:
    assert wrong(watched) == []
    assert watched.edms.lacking() == ()


def test_the_statements_may_be_run_again(watched: Bureau) -> None:
    before = rows(watched.url, "select count(*) from our_outbox")
    run(watched.url, watched.edms.outbox_ddl())
    run(watched.url, watched.did("once"))

    assert wrong(watched) == []
    assert rows(watched.url, "select count(*) from our_outbox where source = 'deed.id'") == [(1,)]
    assert before == [(1,)]


def test_an_upgrade_that_made_the_table_anew_is_noticed_and_nothing_done_meanwhile_is_lost(watched: Bureau) -> None:
    _, cursor = told(watched, None)
    serial = "serial" if not watched.url.startswith("sqlite") else "integer"
    run(
        watched.url,
        f"""
        alter table deed rename to deed_of_old;
        create table deed (id {serial} primary key, letter text, deed text, at timestamp, said text);
        """,
    )
    run(watched.url, watched.did("unseen", id=50))
    heard, cursor = told(watched, cursor)
    found = {finding.what: finding.remedy for finding in wrong(watched)}
    daily = [finding.what for finding in watched.edms.lacking()]
    run(watched.url, watched.edms.outbox_ddl())

    assert heard == []
    assert (
        list(found) == daily == ["trigger after insert on deed for deed.id", "trigger after update on deed for deed.id"]
    )
    assert all("edms outbox-ddl" in remedy for remedy in found.values())
    assert wrong(watched) == []
    assert told(watched, cursor)[0] == ["unseen"]


def test_a_trigger_that_somebody_switched_off_is_noticed(on_postgres: Bureau) -> None:
    run(on_postgres.url, "alter table deed disable trigger user")

    assert len(wrong(on_postgres)) == 2


def test_triggers_of_an_older_mapping_are_noticed_and_replaced(watched: Bureau) -> None:
    folder = watched.edms.files / "newer"
    folder.mkdir()
    newer = mapping(WATCHED, folder, OUTBOX.replace('["deed", "said"]', '["deed", "said", "at"]'))
    found = wrong(watched, newer)
    with open_edms(newer, watched.url, watched.edms.files, "Europe/Moscow", clock=Hands()) as edms:
        run(watched.url, edms.outbox_ddl())

    assert len(found) == 2
    assert wrong(watched, newer) == []
    assert len(wrong(watched)) == 2  # the triggers of the older mapping are gone


def test_a_missing_outbox_is_noticed_and_reading_waits_for_it(watched: Bureau) -> None:
    _, cursor = told(watched, None)
    run(watched.url, "drop table our_outbox")

    assert [finding.what for finding in wrong(watched)] == ["our table our_outbox"]
    with pytest.raises(Exception, match="our_outbox"):
        watched.edms.changes(cursor)


def test_an_outbox_made_anew_has_another_life(watched: Bureau) -> None:
    """Its places say nothing about the first one's, so everything is read once more."""
    run(watched.url, "".join(f"{watched.did(f'first-{number}')};" for number in range(5)))
    _, cursor = told(watched, None)
    run(watched.url, f"drop table our_outbox; {watched.edms.outbox_ddl()}")
    run(watched.url, watched.did("after"))

    assert "after" in told(watched, cursor)[0]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('table = "deed"', 'table = "deeds"', "outbox.watch[1]: table deeds"),
        ('"said"]', '"words"]', "outbox.watch[1]: column deed.words"),
        ('executed = "id"', 'executed = "deed_id"', "outbox: column deed_id of the rule 'executed'"),
    ],
)
def test_a_watch_of_what_is_not_there_is_found(
    place: tuple[str, str], tmp_path: Path, old: str, new: str, what: str
) -> None:
    with bureau(WATCHED, *place, tmp_path) as made:
        found = wrong(made, mapping(WATCHED, tmp_path, OUTBOX.replace(old, new)))

    assert what in [finding.what for finding in found]
    assert all(finding.remedy for finding in found)


# --- people's saves -----------------------------------------------------------------------------------------------


def test_people_save_though_the_outbox_is_gone_and_are_told_when_it_is_back(on_postgres: Bureau) -> None:
    _, cursor = told(on_postgres, None)
    run(on_postgres.url, "drop table our_outbox")
    run(on_postgres.url, on_postgres.did("saved all the same"))
    run(on_postgres.url, on_postgres.edms.outbox_ddl())

    assert told(on_postgres, cursor)[0] == ["saved all the same"]


def test_people_need_no_rights_on_the_outbox(on_postgres: Bureau) -> None:
    run(
        on_postgres.url,
        "drop role if exists clerk; create role clerk login; grant usage on schema public to clerk;"
        "grant insert on deed to clerk; grant usage on deed_id_seq to clerk",
    )
    with psycopg.connect(on_postgres.url, user="clerk", autocommit=True) as line:
        line.execute(on_postgres.did("by a clerk"))  # type: ignore[call-overload]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            line.execute("select * from our_outbox")

    assert told(on_postgres, None)[0] == ["by a clerk"]
    assert rows(on_postgres.url, "select count(*) from our_outbox where source = 'deed.id'") == [(1,)]
    run(on_postgres.url, "drop owned by clerk; drop role clerk")


def test_the_statements_find_the_tables_whatever_path_their_reader_has(empty: str, tmp_path: Path) -> None:
    elsewhere = "drop schema if exists bureau cascade; create schema bureau; set search_path = bureau;"
    source = mapping(WATCHED, tmp_path).read_text("utf-8")
    path = tmp_path / "elsewhere.toml"
    path.write_text(source.replace("[database]\n", '[database]\nsearch_path = "bureau"\n'), "utf-8")
    with open_edms(path, empty, tmp_path, "Europe/Moscow", clock=Hands()) as edms:
        run(empty, elsewhere + SERIAL)
        edms.prepare()
        run(empty, edms.outbox_ddl())
        made = Bureau(empty, edms, register(edms, "ex-1"))
        _, cursor = told(made, None)
        run(empty, f"set search_path = bureau; {made.did('elsewhere')}")

        assert wrong(made, path) == []
        assert told(made, cursor)[0] == ["elsewhere"]
    run(empty, "drop schema bureau cascade")


# --- keys ---------------------------------------------------------------------------------------------------------

BY_LETTER = """
[outbox]
[[outbox.watch]]
table = "deed"
key = "letter"
type = "text"
on = ["insert", "update", "delete"]
tells = { executed = "card", progress = "card" }
"""


def test_a_row_that_moves_or_goes_tells_of_where_it_was_and_where_it_is(place: tuple[str, str], tmp_path: Path) -> None:
    with bureau(WATCHED, *place, tmp_path, BY_LETTER) as made:
        run(made.url, made.did("first"))
        run(made.url, "insert into deed (id, letter, deed, at, said) values (90, 'other', 'done', null, '')")
        _, cursor = told(made, None)
        run(made.url, "delete from our_outbox where source <> ''")
        run(made.url, "update deed set letter = 'elsewhere' where id = 90")
        moved = rows(made.url, "select row_key from our_outbox where source <> '' order by row_key")
        heard_nothing, cursor = told(made, cursor)
        run(made.url, f"update deed set letter = '{made.card}' where id = 90; delete from deed where id = 90")
        heard, cursor = told(made, cursor)

    assert moved == [("elsewhere",), ("other",)]
    assert (heard_nothing, heard) == ([], ["first"])  # the card's rows are read again: the key is the card's


def test_keys_may_be_uuids(empty: str, tmp_path: Path) -> None:
    tables = SERIAL.replace("deed (id serial primary key", "deed (id uuid primary key default gen_random_uuid()")
    section = OUTBOX.replace('key = "id"', 'key = "id"\ntype = "uuid"')
    source = FOREIGN.read_text("utf-8").replace("id as cur, said", "1 as cur, said")
    path = tmp_path / "uuids.toml"
    path.write_text(source.replace("overlap = 2\n", "", 1) + section, "utf-8")
    with (
        bureau(WATCHED, empty, tables, tmp_path, section) as made,
        open_edms(path, empty, tmp_path, "Europe/Moscow", clock=Hands()) as edms,
    ):
        page = edms.changes(None)
        run(empty, made.did("by uuid"))
        page = edms.changes(page.cursor)

    assert [one.event.text for one in page.events] == ["by uuid"]


# --- the section --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("tells = { executed =", "tells = { excuted =", "outbox.watch[1].tells: there is no rule 'excuted'"),
        ("[[outbox.watch]]\n", "", "outbox.watch"),
        ('table = "deed"', 'table = "deed; drop table deed"', "outbox.watch[1].table"),
        ('key = "id"', 'key = "id"\non = ["truncate"]', "outbox.watch[1].on"),
        ('key = "id"', 'key = "id"\ntype = "money"', "outbox.watch[1].type"),
        ("tells = { executed =", "tells = { progress =", "changes[1].overlap: is missing"),
        ("tells =", "tell =", "outbox.watch[1].tell"),
        (
            "[[outbox.watch]]",
            '[[outbox.watch]]\ntable = "deed"\nkey = "id"\ntells = { progress = "id" }\n[[outbox.watch]]',
            "outbox.watch[2]: deed.id is watched already",
        ),
    ],
)
def test_a_wrong_outbox_is_a_complaint_with_file_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    section = OUTBOX.replace(', progress = "id"', "").replace(old, new)
    path = mapping(WATCHED, tmp_path, section)

    with pytest.raises(MappingError) as found:
        load(path, "sqlite")
    assert str(path) in str(found.value)
    assert complaint in str(found.value)
