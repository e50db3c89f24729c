# SPDX-License-Identifier: GPL-3.0-or-later
"""A clamd that does as it is told: answers anything, hangs, or hangs up in the middle of a file."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ENGINE = b"ClamAV 1.4.6/27000/Mon Mar  9 08:00:00 2026\n"


@dataclass
class Script:
    answer: bytes = b"stream: OK\n"
    engine: bytes = ENGINE
    hangs: bool = False  # says nothing to a file
    reads_at_most: int | None = None  # bytes of a file, then it hangs up; None: all
    asked: int = 0  # how many files came
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def scripted(place: Path, script: Script) -> Iterator[None]:
    """Listen on the Unix socket *place* and play *script*."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()
    thread = threading.Thread(target=_serve, args=(listener, script), daemon=True)
    thread.start()
    try:
        yield
    finally:
        script.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        place.unlink()


def _serve(listener: socket.socket, script: Script) -> None:
    while not script.over.is_set():
        try:
            line, _ = listener.accept()
        except OSError:
            return
        with line, suppress(OSError):
            _answer(line, script)


def _answer(line: socket.socket, script: Script) -> None:
    file = line.makefile("rb")
    with file:
        if file.readline() == b"nVERSION\n":
            line.sendall(script.engine)
            return
        script.asked += 1
        taken = 0
        while size := int.from_bytes(file.read(4), "big"):
            taken += len(file.read(size))
            if script.reads_at_most is not None and taken > script.reads_at_most:
                return
        if script.hangs:
            script.over.wait()
        line.sendall(script.answer)
