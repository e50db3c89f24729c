# SPDX-License-Identifier: GPL-3.0-or-later
"""STARTTLS of a mailbox: TLS or nothing, and nothing that was said in the clear is believed (RFC 3501 §6.2.1)."""

import asyncio
import ssl
from datetime import timedelta

import pytest

from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.guard import ConnectionBroken, Patience
from gateway.inbound.imap.login import Account, enter
from gateway.tls import Trust
from tests.inbound.imap_script import Script, Talk, says, stays_silent

USUAL = Patience()
SHORT = Patience(
    connecting=timedelta(seconds=0.5), silence=timedelta(seconds=0.5), command=timedelta(seconds=1)
)  # where a line is dead, we give up soon
SYSTEM = Trust()


def server(context: ssl.SSLContext | None = None, behind: bytes = b"", **acts) -> Script:
    """Return a server that offers STARTTLS with *context*, and says *behind* in one breath with its OK."""

    async def starttls(talk: Talk, tag: str, rest: str) -> None:
        await talk.raw(f"{tag} OK begin\r\n".encode() + behind)
        script.capabilities = "IMAP4rev1 UIDPLUS"
        await talk.writer.start_tls(context)

    script = Script(**{"starttls": starttls, **acts})
    script.capabilities = "IMAP4rev1 STARTTLS LOGINDISABLED MOVE"
    return script


async def entered(script: Script, trust: Trust, patience: Patience = USUAL, **more) -> GuardedClient:
    async with asyncio.timeout(10):
        account = Account("127.0.0.1", script.port, "starttls", "us", "canary", trust=trust, **more)
        return await enter(account, patience=patience)


async def refused(script: Script, trust: Trust = SYSTEM, patience: Patience = USUAL, **more) -> str:
    with pytest.raises(ConnectionBroken) as caught:
        await entered(script, trust, patience, **more)
    assert not any("LOGIN" in line for line in script.heard)
    return str(caught.value)


async def test_the_password_travels_under_tls_and_capabilities_are_asked_anew(
    server_context: ssl.SSLContext, ca_file: str
) -> None:
    async with server(server_context).serving() as script:
        client = await entered(script, Trust(ca_file))
        can = {name for name in ("MOVE", "UIDPLUS", "STARTTLS", "LOGINDISABLED") if client.has_capability(name)}
        await client.hang_up()

    assert [line.partition(" ")[0] for line in script.heard] == [
        "CAPABILITY",
        "STARTTLS",
        "CAPABILITY",
        "LOGIN",
        "CAPABILITY",
    ]
    assert can == {"UIDPLUS"}


async def test_a_server_that_offers_no_starttls_hears_no_password() -> None:
    async with Script().serving() as script:
        said = await refused(script)

    assert said == "the server does not offer STARTTLS"
    assert script.heard == ["CAPABILITY"]


async def test_a_server_that_refuses_starttls_hears_no_password() -> None:
    async with server(starttls=says("{tag} NO not today")).serving() as script:
        assert "not today" in await refused(script)


@pytest.mark.parametrize("behind", [b"* CAPABILITY IMAP4rev1 MOVE\r\n", b"* 7 EXISTS\r\n* O", b"\r", b"x1 OK done\r\n"])
async def test_what_is_said_in_the_clear_behind_starttls_ends_the_connection(
    behind: bytes, server_context: ssl.SSLContext, ca_file: str
) -> None:
    """CVE-2011-0411: a man in the middle lays his answers where they would be read under TLS."""
    async with server(server_context, behind).serving() as script:
        said = await refused(script, Trust(ca_file))

    assert said == "something was said in the clear behind STARTTLS"


async def test_a_connection_that_claims_to_be_logged_in_already_is_no_way_around_tls() -> None:
    """CVE-2020-14093: PREAUTH leaves no room for STARTTLS."""
    async with server().serving() as script:
        script.greeting = "* PREAUTH welcome"
        said = await refused(script, allow_preauth=True)

    assert said == "greeting refused: * PREAUTH welcome"


async def test_a_server_that_cannot_prove_itself_hears_no_password(server_context: ssl.SSLContext) -> None:
    async with server(server_context).serving() as script:
        assert "cannot begin TLS: [SSL: CERTIFICATE_VERIFY_FAILED]" in await refused(script)


async def test_a_server_that_says_ok_and_never_begins_tls_is_left(ca_file: str) -> None:
    async def silent(talk: Talk, tag: str, rest: str) -> None:
        await talk.say(f"{tag} OK begin")
        await stays_silent(talk, tag, rest)

    async with server(starttls=silent).serving() as script:
        assert "cannot begin TLS" in await refused(script, Trust(ca_file), SHORT)
