# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server's certificate is believed, asked before there is a configuration: `init` does, for one question."""

import socket
import ssl
from typing import Literal

SECONDS = 5.0  # LIMIT: for each step; whoever does not answer is the doctor's business later
MAX_LINE = 4096  # LIMIT: bytes of a line, and lines of an answer, that are listened to
MOST_LINES = 100
UPGRADES = {"imap": (b"a STARTTLS", b"a OK"), "smtp": (b"STARTTLS", b"220")}  # RFC 3501 §6.2.1, RFC 3207 §4


def mistrusted(speech: Literal["imap", "smtp"], host: str, port: int, tls: str, ca_file: str = "") -> str:
    """Return why the certificate at *host* is not believed, in OpenSSL's words; empty: it is, or nobody can tell."""
    context = ssl.create_default_context(cafile=ca_file or None)
    try:
        with socket.create_connection((host, port), SECONDS) as line:
            if tls == "starttls":
                _upgrade(line, speech)
            with context.wrap_socket(line, server_hostname=host):
                return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):  # nobody answers, no TLS there, or no host name
        return ""


def _upgrade(line: socket.socket, speech: Literal["imap", "smtp"]) -> None:
    """Ask for TLS; raises OSError when it is not granted."""
    with line.makefile("rb", buffering=0) as heard:
        _until(heard, b"220 " if speech == "smtp" else b"* ")
        if speech == "smtp":
            line.sendall(b"EHLO localhost\r\n")
            _until(heard, b"250 ")
        asked, granted = UPGRADES[speech]
        line.sendall(asked + b"\r\n")
        _until(heard, granted)


def _until(heard: socket.SocketIO, beginning: bytes) -> None:
    for _ in range(MOST_LINES):
        said = heard.readline(MAX_LINE)
        if said.startswith(beginning):
            return
        if not said:
            break
    raise OSError("the server does not offer TLS")
