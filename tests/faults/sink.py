# SPDX-License-Identifier: GPL-3.0-or-later
"""The partner's mail server: takes whatever it is given and writes down what it answered.

Written without a line of the gateway's code.
"""

import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

VERBS = {"EHLO": "250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8", "HELO": "250 sink.example"}


@dataclass(frozen=True, slots=True)
class Got:
    """One letter as it came over the wire."""

    sender: str
    recipient: str
    letter: bytes  # without dot stuffing
    answer: str


@dataclass
class Sink:
    """A running mail server on a loopback port."""

    answer: Callable[[int], str] = lambda number: "250 2.0.0 queued"  # after the dot of letter *number*, from 1
    got: list[Got] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> "Sink":
        sink = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    sink._converse(self)
                except OSError:
                    return  # the client was killed: that is what these tests do

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", self.port), Conversation)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _converse(self, client: socketserver.StreamRequestHandler) -> None:
        sender = recipient = ""

        def say(words: str) -> None:
            client.wfile.write(words.encode() + b"\r\n")

        say("220 sink.example ESMTP")
        while line := client.rfile.readline().decode().strip():
            verb, path = line[:4].upper(), line.partition("<")[2].partition(">")[0]
            if verb == "MAIL":
                sender = path
            elif verb == "RCPT":
                recipient = path
            elif verb == "DATA":
                say("354 go on")
                letter = _letter(client)
                answer = self.answer(len(self.got) + 1)
                self.got.append(Got(sender, recipient, letter, answer))
                say(answer)
                continue
            say(VERBS.get(verb, "221 bye" if verb == "QUIT" else "250 ok"))
            if verb == "QUIT":
                return


def _letter(client: socketserver.StreamRequestHandler) -> bytes:
    lines = []
    while (line := client.rfile.readline()) != b".\r\n":
        if not line:
            raise ConnectionError("the client went away within a letter")
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
