# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes and relays that take tokens: a real Dovecot that asks the provider about them, and a scripted relay."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest

from gateway.content import Held
from gateway.inbound.imap.login import AFTER_ALARM, Account, LoginRefused, Throttled, enter
from gateway.inbound.imap.watch import Watching
from gateway.outbound.post import SmtpPost
from gateway.ports import Outcome, Phase, Posted
from gateway.tls import Trust
from gateway.tokens.client_credentials import ClientCredentials
from gateway.tokens.endpoint import Endpoint
from tests.inbound.imap_kit import Watch
from tests.inbound.imap_script import Script, says
from tests.outbound.scripted_relay import posting, relay
from tests.servers import dovecot as dovecots
from tests.servers import tokens as providers
from tests.servers.dovecot import Dovecot
from tests.servers.tokens import CLIENT, SECRET, Provider

XOAUTH2 = """
auth_mechanisms = plain login xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}
"""
LETTER = Held(b"From: a@partner.example\r\nTo: b@ministry.example\r\nSubject: sample\r\n\r\ntext\r\n")


class Town(NamedTuple):
    """A provider, and a mail server that asks it about every token."""

    provider: Provider
    dovecot: Dovecot


@pytest.fixture(scope="module")
def _town() -> Iterator[Town]:
    with providers.running() as provider, dovecots.running(XOAUTH2, _oauth2(provider)) as dovecot:
        yield Town(provider, dovecot)


def _oauth2(provider: Provider) -> dict[str, str]:
    return {
        "oauth2.conf": f"introspection_mode = auth\nintrospection_url = {provider.introspection}\n"
        "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    }


@pytest.fixture
def town(_town: Town) -> Town:
    """The town with a new user, for whom tokens are."""
    _town.provider.user = _town.dovecot.user()
    _town.provider.answer = None
    return _town


def tokens_of(provider: Provider, secret: str = SECRET) -> ClientCredentials:
    return ClientCredentials(Endpoint(provider.endpoint), CLIENT, secret)


def account(town: Town, tokens: ClientCredentials) -> Account:
    dovecot = town.dovecot
    trust = Trust(str(dovecot.ca_file))
    return Account("localhost", dovecot.imap_port, "starttls", town.provider.user, "", trust=trust, tokens=tokens)


async def entered(account: Account) -> str:
    async with asyncio.timeout(30):
        client = await enter(account)
        state: str = client.get_state()
        await client.hang_up()
        return state


async def test_a_mailbox_is_entered_with_a_token(town: Town) -> None:
    assert await entered(account(town, tokens_of(town.provider))) == "AUTH"


async def test_a_token_that_was_revoked_meanwhile_is_replaced_at_once(town: Town) -> None:
    tokens = tokens_of(town.provider)
    await entered(account(town, tokens))
    town.provider.revoke_all()
    before = len(town.provider.given)

    assert await entered(account(town, tokens)) == "AUTH"
    assert len(town.provider.given) == before + 1


async def test_a_mailbox_that_takes_no_token_of_ours_refuses_the_login_and_does_not_time_out(town: Town) -> None:
    """The error challenge is answered: without that the server would wait, and we for it."""
    ours = account(town, tokens_of(town.provider))
    town.provider.user = "somebody.else"

    with pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED"):
        await entered(ours)


async def test_a_secret_the_provider_refuses_is_a_refused_login_in_the_providers_words(town: Town) -> None:
    with pytest.raises(LoginRefused) as caught:
        await entered(account(town, tokens_of(town.provider, "not the secret of tests")))

    assert str(caught.value) == "no token: invalid_client: AADSTS7000215: Invalid client secret provided: ***"


async def test_a_busy_provider_is_left_alone_as_long_as_it_says(town: Town) -> None:
    town.provider.answer = (429, {"Retry-After": "40"}, b"{}")

    with pytest.raises(Throttled) as caught:
        await entered(account(town, tokens_of(town.provider)))

    assert caught.value.wait == timedelta(seconds=40)


async def test_a_server_that_is_busy_is_not_asked_again_with_another_token(town: Town) -> None:
    """Microsoft: the token is good, the mailbox is throttled."""
    busy = "{tag} NO Request is throttled. Suggested Backoff Time: 31500 milliseconds"
    before = len(town.provider.given)
    async with Script(authenticate=says(busy)).serving() as script:
        script.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        ours = Account("127.0.0.1", script.port, "none", "us", "", tokens=tokens_of(town.provider))
        with pytest.raises(Throttled) as caught:
            await entered(ours)

    assert caught.value.wait == timedelta(seconds=31.5)
    assert len(town.provider.given) == before + 1


async def test_a_server_without_xoauth2_is_shown_no_token(town: Town) -> None:
    async with Script().serving() as script:
        ours = Account("127.0.0.1", script.port, "none", "us", "", tokens=tokens_of(town.provider))
        with pytest.raises(LoginRefused, match="does not offer AUTH=XOAUTH2"):
            await entered(ours)

    assert script.heard == ["CAPABILITY"] * len(script.heard)


async def test_a_refused_token_is_remembered_as_a_refused_login_in_the_providers_words(town: Town) -> None:
    """What `status` shows; after three refusals the mailbox is left alone for half an hour."""
    ours = account(town, tokens_of(town.provider, "not the secret of tests"))
    watching = Watching(
        name="exchange",
        host=ours.host,
        port=ours.port,
        tls="starttls",
        trust=ours.trust,
        tokens=ours.tokens,
        user=ours.user,
        password="",
    )
    ours_now = Watch(lasts=lambda pause: pause == AFTER_ALARM)
    async with ours_now.running(watching):
        told = await ours_now.memory.failures_told(3)
        await ours_now.sleeping.until(lambda: AFTER_ALARM in ours_now.sleeping.pauses)

    assert told == [("no token: invalid_client: AADSTS7000215: Invalid client secret provided: ***", True)] * 3


# --- relays

OFFERS = "250-relay.example\r\n250-8BITMIME\r\n250 AUTH LOGIN XOAUTH2"
CHALLENGE = "334 " + b64encode(b'{"status":"400"}').decode()


async def posted(post: SmtpPost) -> Posted:
    async with asyncio.timeout(30):
        return await post.send(LETTER, "a@partner.example", "b@ministry.example")


@pytest.fixture
def provider(town: Town) -> Provider:
    return town.provider


async def test_a_relay_is_shown_a_token(provider: Provider) -> None:
    async with (
        relay({"EHLO": OFFERS}) as scripted,
        posting(scripted, user="us@office.example", tokens=tokens_of(provider)) as post,
    ):
        result = await posted(post)

    shown = b64encode(f"user=us@office.example\1auth=Bearer {provider.given[-1]}\1\1".encode())
    assert result.outcome is Outcome.SENT
    assert b"AUTH XOAUTH2 " + shown in scripted.commands


async def test_a_relay_that_refuses_a_token_is_shown_another_one_once(provider: Provider) -> None:
    tokens = tokens_of(provider)
    before = len(provider.given)
    script = {"EHLO": OFFERS, "AUTH": [CHALLENGE, "235 welcome"]}
    async with relay(script) as scripted, posting(scripted, user="us", tokens=tokens) as post:
        scripted.refuses_challenged = 1
        result = await posted(post)

    assert result.outcome is Outcome.SENT
    assert len(provider.given) == before + 2


async def test_a_relay_that_takes_no_token_of_ours_is_no_fault_of_the_letter(provider: Provider) -> None:
    script = {"EHLO": OFFERS, "AUTH": "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled"}
    async with relay(script) as scripted, posting(scripted, user="us", tokens=tokens_of(provider)) as post:
        result = await posted(post)

    assert (result.outcome, result.phase, result.code) == (Outcome.TRY_LATER, Phase.AUTH, 535)
    assert "SmtpClientAuthentication is disabled" in result.words
    assert sum(line.startswith(b"AUTH") for line in scripted.commands) == 2


async def test_a_relay_that_is_busy_is_not_shown_another_token(provider: Provider) -> None:
    script = {"EHLO": OFFERS, "AUTH": "454 4.7.0 Temporary authentication failure"}
    async with relay(script) as scripted, posting(scripted, user="us", tokens=tokens_of(provider)) as post:
        result = await posted(post)

    assert (result.outcome, result.phase, result.code) == (Outcome.TRY_LATER, Phase.AUTH, 454)
    assert sum(line.startswith(b"AUTH") for line in scripted.commands) == 1


async def test_without_a_token_nothing_is_sent_and_the_provider_is_quoted(provider: Provider) -> None:
    async with (
        relay({"EHLO": OFFERS}) as scripted,
        posting(scripted, user="us", tokens=tokens_of(provider, "not the secret of tests")) as post,
    ):
        result = await posted(post)

    assert (result.outcome, result.phase) == (Outcome.TRY_LATER, Phase.AUTH)
    assert result.words == "invalid_client: AADSTS7000215: Invalid client secret provided: ***"
    assert scripted.letters == []
