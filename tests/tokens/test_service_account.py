# SPDX-License-Identifier: GPL-3.0-or-later
"""A service account of Google: what google-auth signs, for whom, and what is said when Google says no."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.ports import NoToken, TokenRefused
from gateway.tokens.service_account import ServiceAccount
from tests.servers import tokens as providers
from tests.servers.tokens import Provider, claims, refusal
from tests.tokens.keys import account, made

SCOPE = "https://mail.google.com/"
MAILBOX = "exchange@office.example"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        one.public_key = made("account").public
        yield one


def tokens_of(provider: Provider, who: str = "account") -> ServiceAccount:
    return ServiceAccount(account(made(who), provider.endpoint), MAILBOX, SCOPE)


def test_the_account_asks_for_the_mailbox_it_acts_for(provider: Provider) -> None:
    """RFC 7523 §2.1; the audience is Google's wherever it is asked."""
    token = tokens_of(provider).current()

    (asked,) = provider.asked
    claimed = claims(asked["assertion"])
    assert token == provider.given[0]
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert {key: claimed[key] for key in ("iss", "sub", "scope", "aud")} == {
        "iss": "gateway@exchange-sample.iam.example",
        "sub": MAILBOX,
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
    }


def test_it_is_asked_once_until_the_token_is_rejected(provider: Provider) -> None:
    tokens = tokens_of(provider)
    first = tokens.current()
    again = tokens.current()
    tokens.rejected(first)

    assert (again, tokens.current()) == (provider.given[0], provider.given[1])


def test_a_key_google_does_not_know_is_refused_in_its_words(provider: Provider) -> None:
    with pytest.raises(TokenRefused) as caught:
        tokens_of(provider, "stranger").current()

    assert "is not registered: ***" in str(caught.value)


def test_a_delegation_that_is_missing_is_told_as_google_tells_it(provider: Provider) -> None:
    words = "Client is unauthorized to retrieve access tokens using this method"
    provider.answer = refusal("unauthorized_client", words, 401)

    with pytest.raises(TokenRefused, match=f"^unauthorized_client: {words}$"):
        tokens_of(provider).current()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_google_is_asked_once_and_left_alone_as_long_as_it_says(provider: Provider, status: int) -> None:
    provider.answer = (status, {"Retry-After": "17"}, b"{}")

    with pytest.raises(NoToken) as caught:
        tokens_of(provider).current()

    assert caught.value.wait == timedelta(seconds=17)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("kind", ["no key", "no RSA key"])
def test_a_key_that_is_none_is_said_without_its_words(provider: Provider, kind: str) -> None:
    private_key = "canary of a key" if kind == "no key" else made("curve", rsa=False).private.decode()
    told = json.loads(account(made("account"), provider.endpoint)) | {"private_key": private_key}

    with pytest.raises(TokenRefused, match=r"^the key of the service account cannot be used: ") as caught:
        ServiceAccount(json.dumps(told), MAILBOX, SCOPE).current()

    assert not any(line in str(caught.value) for line in private_key.splitlines())
    assert provider.asked == []


def test_without_the_library_it_is_said_what_to_install(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.oauth2.service_account", None)

    with pytest.raises(TokenRefused, match=r"pip install 'edms-gateway\[oauth\]'"):
        tokens_of(provider).current()
