# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for servers inside a test: one authority for the whole run, believed only by those who are told to."""

import ssl

import pytest
import trustme

NAMES = ("127.0.0.1", "gate.minsk.example", "gate.ministry.example")  # what the servers can prove to be


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority's certificate as PEM, for those who believe a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """What a server proves itself with, under any of `NAMES`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*NAMES).configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """Of a client that believes the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
