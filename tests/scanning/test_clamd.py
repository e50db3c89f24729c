# SPDX-License-Identifier: GPL-3.0-or-later
"""What clamd says is taken for clean only when it says so; a real one, and one that is scripted."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from gateway.content import Held
from gateway.model import Sha256
from gateway.ports import ScannerTrouble, Verdict
from gateway.scanning.clamd import Clamd
from tests.scanning.scripted import Script, scripted
from tests.servers.clamd import EICAR, SIGNATURE
from tests.servers.clamd import Clamd as Server

PATIENCE = timedelta(seconds=60)
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("clamd"))
    yield running
    running.stop()


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


class Zeros:
    """Many bytes that lie nowhere."""

    sha256 = Sha256("0" * 64)

    def __init__(self, size: int) -> None:
        self.size = size

    def blocks(self) -> Iterator[bytes]:
        block = bytes(MIB)
        for _ in range(self.size // MIB):
            yield block


# --- a real one -----------------------------------------------------------------------------------------------------


def test_a_virus_is_found_and_the_scanner_says_who_it_is(server: Server) -> None:
    found = Clamd(str(server.socket)).scan(Held(EICAR), PATIENCE)

    assert found.verdict is Verdict.VIRUS
    assert found.words.startswith(SIGNATURE)
    assert found.engine.startswith("ClamAV ")


def test_a_virus_is_found_in_a_zip_in_a_zip(server: Server) -> None:
    wrapped = zipped("papers.zip", zipped("eicar.com", EICAR))

    assert Clamd(str(server.socket)).scan(Held(wrapped), PATIENCE).verdict is Verdict.VIRUS


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4 harmless", zipped("a.txt", b"harmless")])
def test_what_is_clean_is_clean(server: Server, data: bytes) -> None:
    assert Clamd(str(server.socket)).scan(Held(data), PATIENCE).verdict is Verdict.CLEAN


def test_an_encrypted_archive_is_neither_clean_nor_a_virus(server: Server) -> None:
    archive = bytearray(zipped("a.txt", b"harmless" * 100))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(mark) + flags] |= 1

    assert Clamd(str(server.socket)).scan(Held(bytes(archive)), PATIENCE).verdict is Verdict.ENCRYPTED


def test_200_mib_are_streamed_in_bounded_memory(server: Server) -> None:
    tracemalloc.start()
    found = Clamd(str(server.socket)).scan(Zeros(200 * MIB), PATIENCE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.verdict is Verdict.CLEAN
    assert most < 12 * MIB


def test_a_scanner_that_is_started_again_is_asked_again(tmp_path: Path) -> None:
    server = Server(tmp_path)
    scanner = Clamd(str(server.socket))
    server.stop()
    with pytest.raises(ScannerTrouble, match="Error connecting"):
        scanner.scan(Held(EICAR), PATIENCE)
    server.start()

    assert scanner.scan(Held(EICAR), PATIENCE).verdict is Verdict.VIRUS
    server.stop()


def test_what_is_larger_than_clamd_takes_is_never_clean(tmp_path: Path) -> None:
    server = Server(tmp_path, stream_max="1M")

    with pytest.raises(ScannerTrouble, match="is its StreamMaxLength below our max_size"):
        Clamd(str(server.socket)).scan(Zeros(50 * MIB), PATIENCE)

    server.stop()


# --- one that does not behave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"OK\n",
        b"stream: \n",
        b"stream: nonsense OK\n",
        b"other: OK\n",
        b"stream: OK\nstream: Test FOUND\n",
        b"stream: FOUND\n",
        b"stream: Can't allocate memory ERROR\n",
        b"UNKNOWN COMMAND\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xfe\x00OK\n",
        b"x" * 200_000,
    ],
)
def test_an_answer_that_is_no_verdict_is_trouble(tmp_path: Path, answer: bytes) -> None:
    place = tmp_path / "clamd.ctl"

    with scripted(place, Script(answer)), pytest.raises(ScannerTrouble) as trouble:
        Clamd(str(place)).scan(Held(b"harmless"), PATIENCE)

    assert "\n" not in str(trouble.value)
    assert len(str(trouble.value)) < 600


def test_somebody_else_at_its_place_is_never_shown_a_file(tmp_path: Path) -> None:
    place, script = tmp_path / "clamd.ctl", Script(engine=b"220 mail.example ESMTP\n")

    with scripted(place, script), pytest.raises(ScannerTrouble, match="does not say who it is"):
        Clamd(str(place)).scan(Held(b"secret"), PATIENCE)

    assert script.asked == 0


def test_a_scanner_that_hangs_is_waited_for_no_longer_than_was_said(tmp_path: Path) -> None:
    place, began = tmp_path / "clamd.ctl", monotonic()

    with scripted(place, Script(hangs=True)), pytest.raises(ScannerTrouble, match="did not answer in time"):
        Clamd(str(place)).scan(Held(b"harmless"), timedelta(seconds=0.3))

    assert monotonic() - began < 10


def test_a_scanner_that_hangs_up_in_the_middle_of_a_file_is_trouble(tmp_path: Path) -> None:
    place = tmp_path / "clamd.ctl"

    with scripted(place, Script(reads_at_most=MIB)), pytest.raises(ScannerTrouble, match="clamd at"):
        Clamd(str(place)).scan(Zeros(20 * MIB), PATIENCE)


def test_nobody_at_its_place_is_trouble() -> None:
    with pytest.raises(ScannerTrouble, match="Error connecting"):
        Clamd("127.0.0.1", 1).scan(Held(b"harmless"), PATIENCE)
