# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the pages until told to stop: one process, one door."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gateway.settings import WebSettings

CONNECTIONS = 100  # LIMIT: at once
IDLE_SECONDS = 20  # LIMIT: of a connection on which nothing is asked


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def bound(settings: WebSettings) -> socket.socket:
    """Return the socket to serve on; raises OSError when it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((settings.host, settings.port))
    except OSError:
        door.close()
        raise
    return door


def server(app: ASGIApp, ready: Callable[[], None]) -> uvicorn.Server:
    """Return a server of *app*; it believes no header about where a request comes from."""
    return _Server(
        uvicorn.Config(
            app,
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
        ),
        ready,
    )
