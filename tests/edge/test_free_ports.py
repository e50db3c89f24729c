# SPDX-License-Identifier: GPL-3.0-or-later
"""A port is chosen seconds before its server stands there: nobody else is given it meanwhile."""

import socket

import pytest

from gateway.demo.offices import free_ports


def test_a_port_is_kept_for_the_server_it_was_chosen_for() -> None:
    (port,) = free_ports(1)
    with socket.socket() as anybody, pytest.raises(OSError, match="in use"):
        anybody.bind(("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 30)

    with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port), 30) as caller:
        assert caller.getpeername() == ("127.0.0.1", port)
