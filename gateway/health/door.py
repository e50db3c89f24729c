# SPDX-License-Identifier: GPL-3.0-or-later
"""The port itself: a small server in threads of its own, so that it answers when all else hangs."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from gateway.health.numbers import Numbers
from gateway.settings.ourselves import split_endpoint
from gateway.settings.values import called_locally

PATIENCE = 10  # LIMIT: seconds for one question, and for our loop to answer
Answer = Callable[[], str]  # why not; empty: yes


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """As the original, without asking the network for our name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asks and goes away is no news."""


class _Six(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, *_: object) -> None:
        """A question is no news."""


class HealthDoor:
    """Answers until closed; raises OSError when the port is taken."""

    def __init__(self, bind: str, numbers: Numbers, live: Answer, ready: Answer) -> None:
        host, port, _ = split_endpoint(bind)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(numbers)
        self._metrics = make_wsgi_app(registry)
        self._answers = {"/livez": live, "/readyz": ready}
        self._server = (_Six if ":" in host else _Server)((host, int(port)), _Quiet)
        self._server.set_app(self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:  # Any: as WSGI has it
        path = environ["PATH_INFO"]
        if not called_locally(environ.get("HTTP_HOST", "localhost")):
            return _said(start, "421 Misdirected Request", "call this machine by its own name, localhost")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _said(start, "405 Method Not Allowed", "GET only")
        if path in self._answers:
            why = self._answers[path]()
            return _said(start, "503 Service Unavailable" if why else "200 OK", why or "ok")
        if path != "/metrics":
            return _said(start, "404 Not Found", "/metrics, /livez, /readyz")
        try:
            found: Iterable[bytes] = self._metrics(environ, start)
        except Exception as error:  # an edge: the journal may be away
            return _said(start, "503 Service Unavailable", f"the journal does not answer: {type(error).__name__}")
        return found


def _said(start: Callable[..., Any], status: str, words: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{words}\n".encode()]


def turning(loop: asyncio.AbstractEventLoop, seconds: float = PATIENCE / 2) -> str:
    """Ask from another thread whether *loop* turns; return why not after *seconds*, or nothing."""
    turned = threading.Event()
    try:
        loop.call_soon_threadsafe(turned.set)
    except RuntimeError:
        return "the service has stopped"
    return "" if turned.wait(seconds) else f"the loop did not turn for {seconds:g} s"
