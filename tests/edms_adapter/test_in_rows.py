# SPDX-License-Identifier: GPL-3.0-or-later
"""Larger files in rows: written, read back and read again one row at a time, never believed without their digest."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.chunks import Chunks
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import ExchangeId, File, Sha256
from gateway.ports import Registration
from tests.edms_adapter import in_rows, vendor
from tests.edms_adapter.desk import file_of, intake, letter
from tests.edms_adapter.in_rows import MIB, Made
from tests.edms_adapter.vendor import rows

MORE_MIB = 25  # a few chunks and the database's cache, not the file


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/rows.sqlite"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def edms(url: str, tmp_path: Path) -> Iterator[SqlEdms]:
    with vendor.opened(in_rows.mapping(), url, tmp_path, tables=in_rows.tables(url)) as made:
        yield made


def pieces(edms: SqlEdms) -> list[tuple[int, int]]:
    return [(row.n, row.size) for row in rows(edms, "select n, length(body) as size from piece order by n")]


def test_a_large_file_lies_in_rows_and_a_small_one_on_its_own(edms: SqlEdms) -> None:
    large, small = Held(b"x" * (2 * MIB + 5)), Held(b"small")
    both = letter(files=(file_of(large, "a.tif"), file_of(small, "b.txt")), addressees=())

    edms.register(both, {large.sha256: large, small.sha256: small}, ExchangeId("ex-1"), intake())

    assert pieces(edms) == [(1, MIB), (2, MIB), (3, 5)]
    assert [bytes(row.body) if row.body else None for row in rows(edms, "select body from attachment order by id")] == [
        None,
        b"small",
    ]
    assert [path.name for path in edms.files.rglob("*") if path.is_file() and "." not in path.name] == []


def test_what_lies_in_rows_goes_out_again(edms: SqlEdms) -> None:
    in_rows.register(edms, content := Made(3))
    vendor.run(edms, "update letter set state = 'to send'")

    (outgoing,) = edms.outgoing()
    (file,) = outgoing.document.files
    sent = outgoing.contents[file.sha256 or Sha256("")]

    assert file.sha256 == content.sha256
    assert b"".join(sent.blocks()) == b"".join(content.blocks())
    assert max(len(block) for block in sent.blocks()) == MIB


@pytest.mark.parametrize(
    "spoil",
    [
        "update piece set body = (select p.body from piece p where p.n = 1) where n = 2",
        "delete from piece where n = 3",
    ],
)
def test_rows_that_were_changed_are_an_error_not_a_document(edms: SqlEdms, spoil: str) -> None:
    in_rows.register(edms, Made(3))
    vendor.run(edms, "update letter set state = 'to send'", spoil)
    (outgoing,) = edms.outgoing()
    (content,) = outgoing.contents.values()

    with pytest.raises(OSError, match="SHA-256 differs"):
        list(content.blocks())


def test_a_document_whose_rows_are_gone_holds_up_no_other(edms: SqlEdms) -> None:
    in_rows.register(edms, Made(2))
    vendor.run(edms, "update letter set state = 'to send'", "delete from piece")

    assert edms.outgoing() == ()


@pytest.mark.parametrize("trigger_at", [1, 3])
def test_a_row_that_the_edms_keeps_otherwise_is_no_registration(url: str, tmp_path: Path, trigger_at: int) -> None:
    keeping = in_rows.mapping().replace(
        'body = "chunk.bytes"', f"body = \"chunk.bytes if chunk.number != {trigger_at} else 'x'.encode()\""
    )
    with vendor.opened(keeping, url, tmp_path, tables=in_rows.tables(url)) as edms:
        with pytest.raises(OSError, match="SHA-256 differs"):
            in_rows.register(edms, Made(3))

        assert (pieces(edms), rows(edms, "select id from letter")) == ([], [])


def test_bytes_that_are_not_what_they_are_said_to_be_are_never_registered(edms: SqlEdms) -> None:
    content = Made(2)
    lie = File("a.tif", size=content.size, sha256=Sha256("0" * 64))
    with pytest.raises(ValueError, match="have SHA-256"):
        edms.register(letter(files=(lie,), addressees=()), {Sha256("0" * 64): content}, ExchangeId("ex-1"), intake())

    assert (pieces(edms), rows(edms, "select id from letter")) == ([], [])


def test_an_addition_lies_in_rows_too(edms: SqlEdms) -> None:
    made = in_rows.register(edms, Made(1))
    more = Made(2)
    document = letter(files=(File("more.tif", size=more.size, sha256=more.sha256),))

    again = edms.attach(ExchangeId("ex-1"), document, {more.sha256: more}, ExchangeId("ex-2"))

    assert again == replace(made, created=True, routed=again.routed)
    assert pieces(edms) == [(1, MIB), (1, MIB), (2, MIB)]


def test_chunks_begin_at_1_and_are_as_long_as_asked_whatever_the_blocks(tmp_path: Path) -> None:
    held = Held(bytes(range(256)) * 10)

    chunks = list(Chunks(held, held.sha256, 1024))

    assert [(one.number, len(one.bytes)) for one in chunks] == [(1, 1024), (2, 1024), (3, 512)]
    assert b"".join(one.bytes for one in chunks) == held.data


def test_a_rehearsal_keeps_no_bytes(edms: SqlEdms) -> None:
    content = Made(2)
    file = File("a.tif", size=content.size, sha256=content.sha256)

    rehearsal = edms.rehearse(
        letter(files=(file,), addressees=()), {file.sha256: content}, ExchangeId("ex-1"), intake()
    )

    assert isinstance(rehearsal.outcome, Registration)
    said = [dict(row.values)["body"] for row in rehearsal.rows if row.table == "piece"]
    assert said == [f"({MIB} bytes)"] * 2
    assert pieces(edms) == []


def test_a_larger_file_needs_no_more_memory(url: str, tmp_path: Path) -> None:
    most = []
    for megabytes in (2, 60):
        folder = tmp_path / str(megabytes)
        folder.mkdir()
        place = url.replace("/rows.sqlite", f"/{megabytes}/rows.sqlite")
        made = in_rows.tables(url) if megabytes == 2 or place != url else ""
        with vendor.opened(in_rows.mapping(), place, folder, tables=made):
            command = [sys.executable, "-m", "tests.edms_adapter.in_rows", place, str(folder), str(megabytes)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        most.append(int(done.stdout.split()[1]))

    assert most[1] - most[0] < MORE_MIB


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("chunk_bytes = 1048576\n", "", "files: Value error, 'chunk_bytes' and 'chunk'"),
        ("chunk_bytes = 1048576", "chunk_bytes = 10", "files.chunk_bytes: Input should be greater than or equal"),
        ("chunk_bytes = 1048576", "chunk_bytes = 9000000", "files.chunk_bytes: Input should be less than or equal"),
        ("n = :number", "n = :place", "files.chunk: nothing gives :place"),
        ('"chunk.number"', '"piece.number"', "steps[1].values.n: 'piece.number': nothing here is called 'piece'"),
    ],
)
def test_a_wrong_way_into_rows_is_told_with_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with (
        pytest.raises(MappingError) as told,
        vendor.opened(in_rows.mapping().replace(old, new, 1), "sqlite://", tmp_path, tables=""),
    ):
        pass

    assert complaint in str(told.value)
