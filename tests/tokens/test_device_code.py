# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of a person's consent: a refresh token that is rotated is stored before anything else can go wrong."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.ports import NoToken, TokenRefused
from gateway.tokens.device_code import Client, DeviceCode
from gateway.tokens.endpoint import Endpoint, Invitation
from tests.servers import tokens as providers
from tests.servers.tokens import CLIENT, Provider, refusal

LOGIN = "type: edms-gateway oauth login office"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The file of the refresh token; no canary of the suite is in it."""
    return tmp_path / "tokens" / "office.secret"


def tokens_of(provider: Provider, store: Path) -> DeviceCode:
    endpoint = Endpoint(provider.endpoint, device_url=provider.devices)
    return DeviceCode(endpoint, Client(CLIENT, scope="mail offline_access"), store, LOGIN)


class Person:
    """Sees where to consent, and how long the device waits between its questions."""

    def __init__(self) -> None:
        self.shown: list[Invitation] = []
        self.pauses: list[timedelta] = []


def consented(provider: Provider, store: Path) -> Person:
    person = Person()
    tokens_of(provider, store).log_in(person.shown.append, person.pauses.append)
    return person


def test_a_person_consents_once_and_a_new_start_has_tokens(provider: Provider, store: Path) -> None:
    person = consented(provider, store)

    assert person.shown[0].page == "https://login.provider.example/common/oauth2/deviceauth"
    assert person.shown[0].user_code == "ABCD-EFGH"
    assert person.pauses == [timedelta(seconds=5)] * 3
    assert tokens_of(provider, store).current() == provider.given[-1]


def test_a_rotated_refresh_token_is_stored_for_our_user_alone_each_time(provider: Provider, store: Path) -> None:
    consented(provider, store)
    stored = []
    for _ in range(3):
        tokens_of(provider, store).current()
        stored.append(store.read_text().strip())

    assert stored == ["canary-refresh-1", "canary-refresh-2", "canary-refresh-3"]
    assert store.stat().st_mode & 0o777 == 0o600
    assert store.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in store.parent.iterdir()) == [".office.secret.lock", "office.secret"]


def test_a_revoked_consent_says_what_the_provider_says_and_what_to_type(provider: Provider, store: Path) -> None:
    consented(provider, store)
    provider.refresh_token = "another"

    with pytest.raises(TokenRefused) as caught:
        tokens_of(provider, store).current()

    assert str(caught.value) == f"invalid_grant: AADSTS700082: The refresh token has expired: ***; {LOGIN}"


def test_without_any_consent_nobody_is_asked(provider: Provider, store: Path) -> None:
    with pytest.raises(TokenRefused, match=f"nobody has consented yet: {LOGIN}"):
        tokens_of(provider, store).current()

    assert provider.asked == []


def test_a_busy_provider_costs_no_consent(provider: Provider, store: Path) -> None:
    consented(provider, store)
    tokens = tokens_of(provider, store)
    provider.answer = (503, {}, b"")
    with pytest.raises(NoToken):
        tokens.current()
    provider.answer = None

    assert tokens_of(provider, store).current() == provider.given[-1]


def test_a_store_that_cannot_be_written_is_named(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(NoToken, match=r"file/office\.secret cannot be used: Not a directory|File exists"):
        tokens_of(provider, tmp_path / "file" / "office.secret").current()


def test_a_provider_that_is_asked_too_often_is_asked_more_seldom(provider: Provider, store: Path) -> None:
    """RFC 8628 §3.5."""
    provider.before_consent = "slow_down"

    person = consented(provider, store)

    assert person.pauses == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=15)]


def test_a_person_who_says_no_is_believed(provider: Provider, store: Path) -> None:
    provider.consents_after = -1

    with pytest.raises(TokenRefused, match="access_denied"):
        consented(provider, store)

    assert not store.exists()


def test_nobody_waits_longer_than_the_code_is_good(provider: Provider, store: Path) -> None:
    provider.consents_after = 1_000_000
    person = Person()

    with pytest.raises(TokenRefused, match="nobody consented in time"):
        tokens_of(provider, store).log_in(person.shown.append, person.pauses.append)

    assert sum(person.pauses, timedelta()) == timedelta(minutes=15)


def test_a_provider_that_knows_no_such_client_is_quoted(provider: Provider, store: Path) -> None:
    provider.answer = refusal("invalid_client", "AADSTS7000218: The request body must contain client_secret")
    provider.consents_after = 0

    with pytest.raises(TokenRefused, match="AADSTS7000218"):
        consented(provider, store)
