# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to a server that can be cut, for systems that are reached over a network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """The way to the server, one connection after another; it can be cut."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._server, self._whole = (host, int(port)), True
        self._door = socket.create_server((host, 0))
        self.url = f"http://{host}:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._whole = False
        try:
            yield
        finally:
            self._whole = True

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                ours, _ = self._door.accept()
                if not self._whole:
                    ours.close()
                    continue
                theirs = socket.create_connection(self._server)
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=_carry, args=pair, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either end hung up
        while block := source.recv(1 << 16):
            target.sendall(block)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
