# SPDX-License-Identifier: GPL-3.0-or-later
"""Each trouble a relay can have is named in its own words, with what to do; no letter is ever begun."""

import ssl

import pytest

from tests.doctor.site import Site
from tests.outbound.scripted_relay import relay


async def test_a_relay_that_takes_less_than_a_channel_may_send_is_a_warning(site: Site) -> None:
    async with relay({"EHLO": "250-relay.example\r\n250 SIZE 1000000"}) as post:
        site.relay(post.port)
        examined = await site.examined_apart()

    size = examined.about("SIZE")
    assert size["level"] == "warning"
    assert size["said"] == '1000000 bytes, but channel "partner-mail" may send 26214400'
    assert size["remedy"].startswith('set max_letter = 1000000 in channel "partner-mail"')
    assert examined.exit_code == 0


async def test_a_relay_that_refuses_the_login_is_told_in_its_words(site: Site) -> None:
    async with relay({"AUTH": "535 5.7.8 the password expired"}) as post:
        site.relay(post.port, user="gateway", password="4711")
        login = (await site.examined_apart()).about("login as gateway")

    assert login["level"] == "bad"
    assert login["said"] == "535 5.7.8 the password expired"
    assert "relay.password_file" in login["remedy"]
    assert "4711" not in str(login)


async def test_a_relay_that_offers_no_login_is_told(site: Site) -> None:
    async with relay({"EHLO": "250 relay.example"}) as post:
        site.relay(post.port, user="gateway", password="4711")
        login = (await site.examined_apart()).about("login as gateway")

    assert login["level"] == "bad"


async def test_a_relay_without_the_tls_that_was_asked_for_is_told(site: Site) -> None:
    async with relay() as post:
        site.relay(post.port, tls="starttls")
        tls = (await site.examined_apart()).about("TLS (starttls)")

    assert tls["level"] == "bad"
    assert "relay.tls" in tls["remedy"]


@pytest.mark.parametrize(("tls", "trusted", "level"), [("starttls", True, "good"), ("starttls", False, "bad")])
async def test_the_chain_of_a_relay_is_proven(
    site: Site, server_context: ssl.SSLContext, ca_file: str, tls: str, trusted: bool, level: str
) -> None:
    offering = {"EHLO": "250-relay.example\r\n250 STARTTLS"}
    async with relay(offering, context=server_context) as post:
        site.relay(post.port, tls=tls, **({"ca_file": ca_file} if trusted else {}))
        chain = (await site.examined_apart()).about("TLS certificate")

    assert chain["level"] == level
    assert ("relay.ca_file" in chain["remedy"]) == (not trusted)


async def test_a_relay_that_takes_nothing_from_us_is_told_and_no_letter_is_begun(site: Site) -> None:
    async with relay({"MAIL": "530 5.7.0 authentication required"}) as post:
        site.relay(post.port)
        examined = await site.examined_apart()

    assert examined.about("MAIL FROM")["said"] == "530 5.7.0 authentication required"
    assert examined.exit_code == 1
    assert not [line for line in post.commands if line.startswith((b"RCPT", b"DATA"))]
    assert b"RSET" in post.commands
    assert post.letters == []
