# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens: asked for once, renewed in time, never said aloud, and the provider's refusal in its own words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.ports import NoToken, TokenRefused
from gateway.tokens.client_credentials import ClientCredentials
from gateway.tokens.endpoint import Endpoint
from tests.servers import tokens as providers
from tests.servers.tokens import CLIENT, SECRET, Provider, refusal

SCOPE = "https://outlook.office365.com/.default"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


class Seconds:
    """A clock that counts."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def client(provider: Provider, secret: str = SECRET, monotonic: Seconds | None = None) -> ClientCredentials:
    return ClientCredentials(Endpoint(provider.endpoint), CLIENT, secret, SCOPE, monotonic=monotonic or Seconds())


def test_a_client_asks_as_the_standard_says(provider: Provider) -> None:
    """RFC 6749 §4.4.2."""
    token = client(provider).current()

    assert token == provider.given[0]
    assert provider.asked == [
        {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}
    ]


def test_a_token_is_used_until_a_fifth_of_its_life_is_left(provider: Provider) -> None:
    seconds = Seconds()
    tokens = client(provider, monotonic=seconds)
    used = []
    for moment in (0, 2879, 2880, 2881):
        seconds.now = moment
        used.append(provider.given.index(tokens.current()))

    assert used == [0, 0, 1, 1]


def test_many_who_need_a_token_at_once_ask_once(provider: Provider) -> None:
    tokens = client(provider)
    with ThreadPoolExecutor(8) as threads:
        given = {one.result() for one in [threads.submit(tokens.current) for _ in range(32)]}

    assert given == {provider.given[0]}
    assert len(provider.asked) == 1


def test_a_rejected_token_is_never_given_out_again(provider: Provider) -> None:
    tokens = client(provider)
    first = tokens.current()
    tokens.rejected(first)
    second = tokens.current()
    tokens.rejected(first)

    assert second == tokens.current() != first


def test_the_providers_own_error_is_told_once_and_holds_no_secret(provider: Provider) -> None:
    with pytest.raises(TokenRefused) as caught:
        client(provider, secret="another-secret").current()

    assert str(caught.value) == "invalid_client: AADSTS7000215: Invalid client secret provided: ***"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal("unauthorized_client", "AADSTS700016: Application not found\nTrace"), "AADSTS700016: Application not"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "HTTP 302"),
        ((200, {}, b"<html>log in</html>"), "HTTP 200"),
        ((200, {}, b'{"access_token": "a\\r\\nb"}'), "HTTP 200"),
        ((200, {}, b"[]"), "HTTP 200"),
        ((400, {}, b"\xff"), "HTTP 400"),
    ],
)
def test_an_answer_without_a_token_is_a_refusal(
    provider: Provider, answer: tuple[int, dict[str, str], bytes], words: str
) -> None:
    provider.answer = answer

    with pytest.raises(TokenRefused) as caught:
        client(provider).current()

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        ((429, {"Retry-After": "17"}, b"{}"), timedelta(seconds=17)),
        ((429, {"Retry-After": "99999999"}, b"{}"), timedelta(hours=1)),
        ((503, {}, b"later"), None),
        (refusal("temporarily_unavailable", "AADSTS90033: A transient error"), None),
    ],
)
def test_a_provider_that_is_busy_is_left_alone_as_long_as_it_says(
    provider: Provider, answer: tuple[int, dict[str, str], bytes], wait: timedelta | None
) -> None:
    provider.answer = answer

    with pytest.raises(NoToken) as caught:
        client(provider).current()

    assert caught.value.wait == wait


def test_while_a_provider_wants_to_be_left_alone_nobody_asks_it(provider: Provider) -> None:
    seconds = Seconds()
    tokens = client(provider, monotonic=seconds)
    provider.answer = (429, {"Retry-After": "17"}, b"{}")
    waits = []
    for seconds.now in (0, 7, 16):
        with pytest.raises(NoToken) as caught:
            tokens.current()
        waits.append(caught.value.wait)
    asked = len(provider.asked)
    provider.answer, seconds.now = None, 17

    assert tokens.current() == provider.given[0]
    assert waits == [timedelta(seconds=17), timedelta(seconds=10), timedelta(seconds=1)]
    assert asked == 1


def test_a_provider_that_is_not_there_is_no_refusal() -> None:
    tokens = ClientCredentials(Endpoint("http://127.0.0.1:1/token"), CLIENT, SECRET)

    with pytest.raises(NoToken, match=r"the token endpoint 127\.0\.0\.1:1 does not answer: .*refused"):
        tokens.current()


@pytest.mark.parametrize("lifetime", [None, "soon", -1, "NaN", "Infinity"])
def test_a_lifetime_that_is_none_is_a_short_one(provider: Provider, lifetime: object) -> None:
    provider.lifetime = lifetime
    seconds = Seconds()
    tokens = client(provider, monotonic=seconds)
    first = tokens.current()
    seconds.now = 86_400.0

    assert tokens.current() != first
