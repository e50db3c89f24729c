# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener of ours: whether its place is free, or taken by the running service, and its certificate."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gateway.doctor import certificate
from gateway.doctor.finding import Finding, bad, good, skipped
from gateway.running import how_to_reload
from gateway.settings import ListenerSettings, Settings


def examined(
    listener: ListenerSettings, settings: Settings, seconds: float, now: datetime, *, running: bool
) -> tuple[Finding, ...]:
    """Look whether the listener can be opened, or is; *running*: a service of this journal runs here."""
    reload = how_to_reload(settings.journal.blobs, alive=running)
    place = _place(listener, seconds, reload if running else "")
    return (place, *_certificate(listener, now, reload))


def _certificate(listener: ListenerSettings, now: datetime, reload: str) -> Iterator[Finding]:
    if listener.tls != "none" and listener.certificate and listener.key:
        hostname = listener.hostname or socket.gethostname()
        yield certificate.ours(listener.certificate, listener.key, hostname, now, reload)


def _place(listener: ListenerSettings, seconds: float, running: str) -> Finding:
    """*running* is how the service is told of a new configuration; empty: it does not run."""
    tried = f"port {listener.bind}"
    error = _socket_taken(Path(listener.socket)) if listener.socket else _port_taken(listener)
    if error == errno.EADDRINUSE:
        greeting = "" if listener.tls == "implicit" else _greeting(listener, seconds)
        if running:
            return good(tried, f"the service runs and has it{': ' if greeting else ''}{greeting}")
        said = f"another program has it{': ' if greeting else ''}{greeting}"
        return bad(tried, said, f"stop it (ss -ltnp shows which), or mend bind of listener {listener.name}")
    if error:
        words = os.strerror(error)
        remedy = f"mend bind of listener {listener.name}"
        if error == errno.EACCES and not listener.socket:
            remedy = "give the service CAP_NET_BIND_SERVICE, or choose a port above 1023"
        return bad(tried, words, remedy)
    if running and (listener.port or listener.socket):
        remedy = f"{running}; if that does not help, its log says why"
        return bad(tried, "the service runs, and does not listen there", remedy)
    return good(tried, "is free") if listener.port or listener.socket else skipped(tried, "any free port is taken")


def _port_taken(listener: ListenerSettings) -> int:
    """Return why the port cannot be bound, 0 when it can."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((listener.host, listener.port))
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _socket_taken(path: Path) -> int:
    """Return why the socket cannot be made, 0 when it can; one that nobody listens on is replaced at the start."""
    if not path.parent.is_dir():
        return errno.ENOENT
    if not os.access(path.parent, os.W_OK):
        return errno.EACCES
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return 0
    return errno.EADDRINUSE


def _greeting(listener: ListenerSettings, seconds: float) -> str:
    """Return the first line that whoever listens there says; empty when it says nothing."""
    with suppress(OSError):
        if listener.socket:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(seconds)
            line.connect(listener.socket)
        else:
            line = socket.create_connection((listener.host, listener.port), seconds)
        with line:
            line.settimeout(seconds)
            return line.recv(512).decode("utf-8", "replace").partition("\r\n")[0]
    return ""
