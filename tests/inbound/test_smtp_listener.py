# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect, how many, over what, and how a listener stops."""

import asyncio
import inspect
import os
import socket
import ssl
import stat
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import aiosmtpd
import pytest
from aiosmtpd.smtp import SMTP

from gateway.inbound.smtp.listener import allowed
from tests.inbound.smtp_wire import OURS, Accepting, listening, running, talking

# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "networks", "expected"),
    [
        ("127.0.0.1", (), True),
        ("::1", (), True),
        ("unix", (), True),
        ("192.0.2.7", (), False),
        ("192.0.2.7", ("192.0.2.7/32",), True),
        ("192.0.2.8", ("192.0.2.7/32",), False),
        ("127.0.0.1", ("192.0.2.7/32",), False),
        ("2001:db8::7", ("192.0.2.0/24", "2001:db8::/64"), True),
    ],
)
def test_only_listed_peers_may_connect(peer: str, networks: tuple[str, ...], expected: bool):
    assert allowed(peer, listening(peers=tuple(map(ip_network, networks)))) is expected


async def test_a_stranger_is_turned_away_at_once():
    async with (
        running(Accepting(), peers=(ip_network("192.0.2.0/24"),)) as listener,
        talking(listener, greeted=False) as client,
    ):
        assert (await client.reply()).startswith("421 4.7.1")
        assert await client.ended()


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_peer"])
async def test_one_connection_too_many_hears_421_and_a_freed_place_is_given_again(limit: str):
    async with running(Accepting(), **{limit: 2}) as listener, talking(listener):
        async with talking(listener), talking(listener, greeted=False) as third:
            assert (await third.reply()).startswith("421 4.7.0")
        async with asyncio.timeout(5):
            while listener.connections > 1:
                await asyncio.sleep(0)
        async with talking(listener):
            pass


async def test_an_honest_client_gets_through_a_fleet_of_slow_ones():
    accept = Accepting()
    async with running(accept, max_connections=200, max_connections_per_peer=200) as listener:
        fleet = [await asyncio.open_connection(*listener.address) for _ in range(150)]
        for _, writer in fleet:
            writer.write(b"EHLO ")
        async with talking(listener) as client:
            await client.envelope()
            assert (await client.say(b"x\r\n.\r\n")).startswith("250")
        for _, writer in fleet:
            writer.transport.abort()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)


# --- TLS ---------------------------------------------------------------------------------------------------------


async def test_starttls_then_a_letter(server_context: ssl.SSLContext, client_context: ssl.SSLContext):
    accept = Accepting()
    async with (
        running(accept, tls="starttls", ssl_context=server_context, require_tls=True) as listener,
        talking(listener) as client,
    ):
        assert "250 STARTTLS" in await client.say("EHLO client.example")
        assert (await client.say("MAIL FROM:<a@partner.example>")).startswith("530 5.7.0")
        assert (await client.say("STARTTLS")).startswith("220 2.0.0")
        await client.start_tls(client_context, "gate.ministry.example")
        assert (await client.say("MAIL FROM:<a@partner.example>")).startswith("503")
        assert "STARTTLS" not in await client.say("EHLO client.example")
        assert (await client.say("STARTTLS")).startswith("503 5.5.1")
        await client.envelope()

        assert (await client.say(b"x\r\n.\r\n")).startswith("250")
        assert accept.letters == [b"x\r\n"]


async def test_what_was_said_in_one_breath_with_starttls_is_not_heard(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
):
    accept = Accepting()
    async with running(accept, tls="starttls", ssl_context=server_context) as listener, talking(listener) as client:
        await client.say("EHLO client.example")
        injected = f"EHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<{OURS}>\r\n".encode()
        assert (await client.say(b"STARTTLS\r\n" + injected)).startswith("220")
        await client.start_tls(client_context, "gate.ministry.example")

        assert (await client.say("DATA")).startswith("503")
        assert (await client.say("NOOP")) == "250 2.0.0 ok"


async def test_garbage_instead_of_a_handshake_ends_the_connection_and_frees_its_place(server_context: ssl.SSLContext):
    async with (
        running(Accepting(), tls="starttls", ssl_context=server_context) as listener,
        talking(listener) as client,
    ):
        await client.say("EHLO client.example")
        await client.say("STARTTLS")
        client.send(b"this is no handshake at all\r\n" * 10)

        assert await client.ended()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_client_that_never_shakes_hands_is_dismissed_and_frees_its_place(
    tls: str, server_context: ssl.SSLContext
):
    async with (
        running(Accepting(), tls=tls, ssl_context=server_context, command_seconds=0.2) as listener,
        talking(listener, greeted=tls == "starttls") as client,
    ):
        if tls == "starttls":
            await client.say("EHLO client.example")
            await client.say("STARTTLS")

        assert await client.ended()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_stop_does_not_wait_for_a_handshake(tls: str, server_context: ssl.SSLContext):
    async with (
        running(Accepting(), tls=tls, ssl_context=server_context) as listener,
        talking(listener, greeted=tls == "starttls") as client,
    ):
        if tls == "starttls":
            await client.say("EHLO client.example")
            await client.say("STARTTLS")
        async with asyncio.timeout(5):
            await listener.close(timedelta(seconds=0.05))

        assert await client.ended()


async def test_implicit_tls_takes_letters(server_context: ssl.SSLContext, client_context: ssl.SSLContext):
    accept = Accepting()
    async with (
        running(accept, tls="implicit", ssl_context=server_context, require_tls=True) as listener,
        talking(listener, ssl=client_context, server_hostname="gate.ministry.example") as client,
    ):
        assert "STARTTLS" not in await client.say("EHLO client.example")
        await client.envelope()
        client.send(b"x" * 3_000_000 + b"\r\n.\r\n")

        assert (await client.reply()).startswith("250")
        assert accept.deliveries[0].letter.size == 3_000_002


async def test_plain_talk_at_an_implicit_tls_door_ends_and_frees_its_place(server_context: ssl.SSLContext):
    async with (
        running(Accepting(), tls="implicit", ssl_context=server_context) as listener,
        talking(listener, greeted=False) as client,
    ):
        client.send(b"EHLO client.example\r\n")

        assert await client.ended()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)


async def test_a_letter_too_big_over_tls_hears_552(server_context: ssl.SSLContext, client_context: ssl.SSLContext):
    async with (
        running(Accepting(), tls="implicit", ssl_context=server_context, max_bytes=1000) as listener,
        talking(listener, ssl=client_context, server_hostname="gate.ministry.example") as client,
    ):
        await client.envelope()
        client.send(b"x" * 100_000)

        assert (await client.reply()).startswith("552 5.3.4")


@pytest.mark.parametrize(
    "wrong", [{"tls": "starttls"}, {"require_tls": True}, {"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}]
)
def test_a_listener_that_would_silently_do_without_tls_cannot_be_described(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="tls"):
        listening(**wrong)


# --- unix sockets ------------------------------------------------------------------------------------------------


async def test_lmtp_over_a_unix_socket(tmp_path: Path):
    accept = Accepting()
    path = tmp_path / "lmtp"
    async with running(accept, protocol="lmtp", unix=path, unix_mode=0o620) as listener, talking(listener) as client:
        await client.envelope(hello="LHLO")
        await client.say(b"x\r\n.\r\n")

        assert listener.address == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o620
        assert accept.deliveries[0].peer == "unix"
    assert not path.exists()


async def test_a_socket_nobody_listens_on_is_replaced(tmp_path: Path):
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(os.fspath(path))
    async with running(Accepting(), unix=path) as listener, talking(listener):
        pass


async def test_a_socket_somebody_listens_on_is_left_alone(tmp_path: Path):
    path = tmp_path / "lmtp"
    async with running(Accepting(), unix=path) as listener:
        with pytest.raises(OSError, match="listens on"):
            async with running(Accepting(), unix=path):
                pass
        async with talking(listener):
            pass


async def test_a_file_in_the_place_of_the_socket_is_left_alone(tmp_path: Path):
    path = tmp_path / "lmtp"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        async with running(Accepting(), unix=path):
            pass
    assert path.read_text() == "precious"


# --- stopping ----------------------------------------------------------------------------------------------------


async def test_stopping_dismisses_the_idle_and_lets_a_letter_finish():
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as idle, talking(listener) as busy:
        await busy.envelope()
        closing = asyncio.ensure_future(listener.close(timedelta(seconds=5)))

        assert (await idle.reply()).startswith("421 4.3.2")
        assert (await busy.say(b"x\r\n.\r\n")).startswith("250")
        assert (await busy.reply()).startswith("421 4.3.2")
        await closing
        assert accept.letters == [b"x\r\n"]


async def test_stopping_waits_for_a_commit_whose_client_is_gone():
    accept = Accepting()
    accept.go_on.clear()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"x\r\n.\r\n")
        await accept.began.wait()
        client.vanish()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)
        closing = asyncio.ensure_future(listener.close(timedelta(seconds=5)))
        done, _ = await asyncio.wait({closing}, timeout=0.05)
        assert not done
        accept.go_on.set()
        await closing

        assert accept.letters == [b"x\r\n"]


async def test_stopping_does_not_wait_longer_than_told():
    accept = Accepting()
    accept.go_on.clear()
    async with running(accept) as listener, talking(listener) as dripping, talking(listener) as waiting:
        await dripping.envelope()
        await waiting.envelope()
        waiting.send(b"x\r\n.\r\n")
        await accept.began.wait()
        async with asyncio.timeout(5):
            await listener.close(timedelta(seconds=0.05))

        assert await dripping.ended()
        assert await waiting.ended()
        assert accept.letters == []
        assert all(sink.discarded.is_set() for sink in accept.sinks)


async def test_a_stopped_listener_takes_no_more_connections():
    async with running(Accepting()) as listener:
        address = listener.address
        await listener.close(timedelta(0))
        with pytest.raises(OSError):  # noqa: PT011  # refused: the words are the system's
            await asyncio.open_connection(*address)


async def test_one_sessions_command_limits_are_not_anothers():
    SMTP.command_size_limits["MAIL"] = 77
    try:
        async with running(Accepting()) as listener, talking(listener) as client:
            await client.say("EHLO client.example")

        assert SMTP.command_size_limits["MAIL"] == 77
    finally:
        SMTP.command_size_limits.clear()


# --- the library -------------------------------------------------------------------------------------------------


async def test_aiosmtpd_still_has_the_private_names_we_stand_on():
    source = inspect.getsource(SMTP)

    assert aiosmtpd.__version__ == "1.4.6"
    for method in (
        "_cb_client_connected", "_getaddr", "_handle_client", "_reset_timeout", "_set_post_data_state",
        "_set_rset_state", "_timeout_cb", "check_helo_needed", "handle_exception", "push",
    ):  # fmt: skip
        assert callable(getattr(SMTP, method)), method
    for attribute in ("_handler_coroutine", "_original_transport", "_reader", "_tls_protocol", "_writer"):
        assert f"self.{attribute}" in source, attribute
    assert "line: bytes = await self._reader.readuntil()\n" in source  # `StrictReader` judges exactly these
    assert "self.command_size_limits.clear()" in source
    assert "self._reader._buffer.clear()" in inspect.getsource(SMTP.connection_made)
    assert "_handler_coroutine.cancel()" in inspect.getsource(SMTP.eof_received)
    assert isinstance(asyncio.StreamReader()._buffer, bytearray)
