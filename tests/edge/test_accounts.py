# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail accounts as they are, against real servers: STARTTLS, own certificates, old TLS, an address to come from."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from gateway.content import Held
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import Account, LoginRefused, enter
from gateway.inbound.imap.session import Session
from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Relay
from gateway.ports import Outcome, Phase, Posted
from gateway.tls import Trust
from tests.inbound.imap_script import Script
from tests.outbound import scripted_relay
from tests.servers import dovecot as dovecots
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix

WANTS_A_CERTIFICATE = """
ssl_ca = <{home}/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes
"""
LETTER = b"From: a@partner.example\r\nTo: b@ministry.example\r\nSubject: sample\r\n\r\ntext\r\n"


async def exists(account: Account) -> int:
    """Log in, open the inbox, and return how many letters are there."""
    async with asyncio.timeout(30):
        session = Session(await enter(account), "INBOX")
        try:
            return (await session.select()).exists
        finally:
            await session.close()


def account(server: Dovecot, tls: str, trust: Trust, **more: str) -> Account:
    port = server.imaps_port if tls == "implicit" else server.imap_port
    return Account("localhost", port, tls, server.user(), server.password, trust=trust, **more)  # type: ignore[arg-type]


# --- mailboxes


@pytest.fixture(scope="module")
def strict() -> Iterator[Dovecot]:
    """A Dovecot that lets nobody in without a certificate."""
    with dovecots.running(WANTS_A_CERTIFICATE) as server:
        yield server


@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
async def test_a_mailbox_is_read_over_starttls(dovecot: Dovecot, minimum: str) -> None:
    ours = account(dovecot, "starttls", Trust(str(dovecot.ca_file), minimum))
    dovecot.deliver(ours.user, LETTER)

    assert await exists(ours) == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_mailbox_that_asks_for_our_certificate_is_shown_it(strict: Dovecot, tls: str) -> None:
    mine = str(strict.home / "client.pem")

    assert await exists(account(strict, tls, Trust(str(strict.ca_file), "1.2", mine, mine))) == 0


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_without_a_certificate_such_a_mailbox_stays_closed(strict: Dovecot, tls: str) -> None:
    with pytest.raises((LoginRefused, ConnectionBroken)):
        await exists(account(strict, tls, Trust(str(strict.ca_file))))


async def test_a_certificate_that_cannot_be_read_is_named(strict: Dovecot, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")

    with pytest.raises(ConnectionBroken, match=rf"the certificates cannot be used .*{absent}.*No such file"):
        await exists(account(strict, "implicit", Trust(str(strict.ca_file), "1.2", absent, absent)))


def offering(authority: trustme.CA, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Return the context of a server that knows nothing newer."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    return context


OLD = [("1.3", ssl.TLSVersion.TLSv1_2), ("1.2", ssl.TLSVersion.TLSv1_1)]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("minimum", "newest"), OLD)
async def test_a_mailbox_with_old_tls_only_hears_nothing(
    authority: trustme.CA, ca_file: str, minimum: str, newest: ssl.TLSVersion
) -> None:
    trust = Trust(ca_file, minimum)  # type: ignore[arg-type]
    async with Script().serving(offering(authority, newest)) as script:
        with pytest.raises(ConnectionBroken, match="perhaps it has only older TLS than tls_min"):
            await exists(Account("127.0.0.1", script.port, "implicit", "us", "canary", trust=trust))

    assert script.heard == []


async def test_a_mailbox_is_reached_from_the_address_we_are_told_to_use(dovecot: Dovecot) -> None:
    ours = account(dovecot, "starttls", Trust(str(dovecot.ca_file)), source="127.0.0.3")

    client = await enter(ours)
    came_from = client.protocol.transport.get_extra_info("sockname")[0]
    await client.hang_up()

    assert came_from == "127.0.0.3"


# --- relays


@asynccontextmanager
async def posting(**settings):
    post = SmtpPost(Relay(**settings))
    try:
        yield post
    finally:
        await post.close()
        await asyncio.sleep(0)


async def posted(post: SmtpPost) -> Posted:
    async with asyncio.timeout(60):
        return await post.send(Held(LETTER), "a@partner.example", "b@ministry.example")


@pytest.fixture
def strict_postfix(postfix: Postfix, authority: trustme.CA, ca_file: str) -> Iterator[Postfix]:
    """A Postfix that takes nothing without TLS and a certificate of ours."""
    chain = postfix.home / "etc" / "tls.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
    (postfix.home / "etc" / "ca.pem").write_bytes(Path(ca_file).read_bytes())
    postfix.route({"ministry.example": "virtual:"})
    postfix.set(
        {
            "smtpd_tls_chain_files": str(chain),
            "smtpd_tls_security_level": "encrypt",
            "smtpd_tls_CAfile": str(postfix.home / "etc" / "ca.pem"),
            "smtpd_tls_req_ccert": "yes",
        }
    )
    yield postfix
    postfix.set(
        {
            "smtpd_tls_chain_files": "",
            "smtpd_tls_security_level": "none",
            "smtpd_tls_CAfile": "",
            "smtpd_tls_req_ccert": "no",
        }
    )


async def test_a_relay_that_asks_for_our_certificate_is_shown_it(
    strict_postfix: Postfix, authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    mine = str(tmp_path / "mine.pem")
    authority.issue_cert("gateway.example").private_key_and_cert_chain_pem.write_to_path(mine)
    where = {"host": strict_postfix.host, "port": strict_postfix.port, "tls": "starttls"}

    async with posting(**where, trust=Trust(ca_file, "1.2", mine, mine), source="127.0.0.3") as post:
        with_it = await posted(post)
    async with posting(**where, trust=Trust(ca_file)) as post:
        without = await posted(post)

    assert (with_it.outcome, with_it.phase) == (Outcome.SENT, Phase.REPLIED)
    assert without.outcome is Outcome.TRY_LATER
    assert without.phase in (Phase.TLS, Phase.MAIL)
    assert "[127.0.0.3]" in strict_postfix.log


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(("minimum", "newest"), OLD)
async def test_a_relay_with_old_tls_only_gets_no_letter(
    authority: trustme.CA, ca_file: str, minimum: str, newest: ssl.TLSVersion, tls: str
) -> None:
    context = offering(authority, newest)
    async with (
        scripted_relay.relay(context=context, implicit=tls == "implicit") as scripted,
        scripted_relay.posting(scripted, tls=tls, trust=Trust(ca_file, minimum)) as post,  # type: ignore[arg-type]
    ):
        result = await posted(post)

    assert result.outcome is Outcome.TRY_LATER
    assert result.phase in (Phase.CONNECT, Phase.TLS)
    assert scripted.letters == []
