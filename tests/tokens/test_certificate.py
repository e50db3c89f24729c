# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate in the place of a secret: what is signed, and what is said when its files cannot be used."""

import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Literal

import pytest

from gateway.ports import TokenRefused
from gateway.tokens.certificate import Certificate
from gateway.tokens.client_credentials import ClientCredentials
from gateway.tokens.endpoint import Endpoint
from tests.servers import tokens as providers
from tests.servers.tokens import CLIENT, Provider, claims
from tests.tokens.keys import made


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        one.public_key = made("client").public
        yield one


def client(provider: Provider, certificate: Certificate) -> ClientCredentials:
    return ClientCredentials(Endpoint(provider.endpoint), CLIENT, certificate, "mail")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_certificate_is_as_good_as_a_secret(
    provider: Provider, tmp_path: Path, algorithm: Literal["RS256", "PS256"]
) -> None:
    """RFC 7523 §3 and RFC 7515 §4.1.8."""
    token = client(provider, Certificate(*made("client").laid(tmp_path), algorithm)).current()

    asked = provider.asked[0]
    signed = asked.pop("client_assertion")
    thumbprint = sha256(PEM_cert_to_DER_cert(made("client").certificate.decode())).digest()
    claimed = claims(signed)
    assert token == provider.given[0]
    assert asked == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": "mail",
    }
    assert claims(signed, 0) == {
        "alg": algorithm,
        "typ": "JWT",
        "x5t#S256": urlsafe_b64encode(thumbprint).decode().rstrip("="),
    }
    assert (claimed["iss"], claimed["sub"], claimed["aud"]) == (CLIENT, CLIENT, provider.endpoint)
    assert int(str(claimed["exp"])) - int(str(claimed["iat"])) == 300


def test_no_two_assertions_are_the_same(provider: Provider, tmp_path: Path) -> None:
    tokens = client(provider, Certificate(*made("client").laid(tmp_path)))
    tokens.rejected(tokens.current())
    tokens.current()

    assert len({claims(form["client_assertion"])["jti"] for form in provider.asked}) == 2


def test_a_certificate_that_was_renewed_is_used_without_a_restart(provider: Provider, tmp_path: Path) -> None:
    tokens = client(provider, Certificate(*made("client").laid(tmp_path)))
    tokens.rejected(tokens.current())
    made("renewed").laid(tmp_path)
    provider.public_key = made("renewed").public

    assert tokens.current() == provider.given[1]


def test_a_certificate_the_provider_does_not_know_is_refused_in_its_words(provider: Provider, tmp_path: Path) -> None:
    tokens = client(provider, Certificate(*made("stranger").laid(tmp_path)))

    with pytest.raises(TokenRefused) as caught:
        tokens.current()

    assert str(caught.value) == "invalid_client: AADSTS700027: The certificate used to sign is not registered: ***"


def test_a_file_that_cannot_be_used_is_named_and_nobody_is_asked(provider: Provider, tmp_path: Path) -> None:
    certificate, key = made("client").laid(tmp_path)
    (tmp_path / "other").mkdir()
    others = made("stranger").laid(tmp_path / "other")[1]
    (tmp_path / "curve").mkdir()
    curve = made("curve", rsa=False).laid(tmp_path / "curve")
    (tmp_path / "text").write_text("no PEM")
    pairs = {
        (tmp_path / "absent", key): f"{tmp_path}/absent cannot be read: No such file or directory",
        (tmp_path / "text", key): f"{tmp_path}/text holds no certificate in PEM",
        (certificate, tmp_path / "text"): f"{tmp_path}/text holds no key without a passphrase in PEM",
        (certificate, others): f"the key in {others} is not the RSA key of the certificate in {certificate}",
        curve: f"the key in {curve[1]} is not the RSA key of the certificate in {curve[0]}",
    }

    said = {}
    for files in pairs:
        with pytest.raises(TokenRefused) as caught:
            client(provider, Certificate(*files)).current()
        said[files] = str(caught.value)

    assert said == pairs
    assert provider.asked == []


def test_without_the_library_it_is_said_what_to_install(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authlib.oauth2.rfc7523", None)

    with pytest.raises(TokenRefused, match=r"pip install 'edms-gateway\[oauth\]'"):
        client(provider, Certificate(*made("client").laid(tmp_path))).current()
