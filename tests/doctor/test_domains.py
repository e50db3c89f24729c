# SPDX-License-Identifier: GPL-3.0-or-later
"""`doctor` and the DNS: a real name server on loopback answers, and nobody else is asked."""

import socket
from typing import Any

import dns.resolver
import pytest

from tests.doctor.site import BRIEF, Site
from tests.servers.names import Zone, answering

OURS = {
    "MX": ("20 second.office.test.", "10 mx.office.test.", "40 d.office.test.", "30 c.office.test."),
    "TXT": ('"v=spf1 mx" " ~all"', '"other"'),
}
THEIRS = {"MX": ("10 mx.partner.test.",)}


@pytest.fixture
def office(site: Site) -> Site:
    """Organisations whose names may stand in the DNS of an intranet."""
    for file in ("gateway.toml", "partners.toml"):
        path = site.home / file
        path.write_text(
            path.read_text().replace("office.example", "office.test").replace("partner.example", "partner.test")
        )
    return site


def told(office: Site, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:  # Any: JSON
    """Return what is said under DNS when the name server knows *zone*."""
    with answering(zone) as resolver:
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        rows = office.examined().rows
    return {row["tried"]: row for row in rows if row["group"] == "DNS"}


def test_mx_and_spf_are_told_as_they_stand_in_the_dns(office: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(office, {"office.test": OURS, "partner.test": THEIRS}, monkeypatch)

    assert {tried: (row["level"], row["said"]) for tried, row in found.items()} == {
        "MX of office.test": ("good", "mx.office.test, second.office.test, c.office.test, d.office.test"),
        "SPF of office.test": ("good", "v=spf1 mx ~all"),
        "MX of partner.test": ("good", "mx.partner.test"),
    }


def test_what_is_missing_is_a_warning_with_a_remedy_and_never_an_error(
    office: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = told(office, {"office.test": {}}, monkeypatch)

    assert [row["level"] for row in found.values()] == ["warning"] * 3
    assert found["MX of partner.test"]["said"] == "none: letters go by a route of the relay, or nowhere"
    assert "have an MX record made" in found["MX of office.test"]["remedy"]
    assert f'office.test. TXT "v=spf1 mx a:{socket.gethostname()} ~all"' in found["SPF of office.test"]["remedy"]


@pytest.mark.parametrize(
    ("zone", "tried", "said"),
    [
        ({"partner.test": {"A": ("192.0.2.1",)}}, "MX of partner.test", "none; mail goes to the address of the domain"),
        ({"partner.test": {"MX": ("0 .",)}}, "MX of partner.test", "a null MX: the domain says that it takes no mail"),
        ({"office.test": {"TXT": ('"v=spf1 mx"', '"v=spf1 -all"')}}, "SPF of office.test", "2 records: receivers"),
    ],
)
def test_what_stands_there_and_does_not_help_is_told(
    office: Site, monkeypatch: pytest.MonkeyPatch, zone: Zone, tried: str, said: str
) -> None:
    found = told(office, zone, monkeypatch)[tried]

    assert found["level"] == "warning"
    assert found["said"].startswith(said)


def test_a_name_server_that_is_silent_is_waited_for_once(office: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], silent.getsockname()[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        rows = [row for row in office.examined(*BRIEF).rows if row["group"] == "DNS"]

    assert [row["level"] for row in rows] == ["warning", "skipped", "skipped"]
    assert "/etc/resolv.conf" in rows[0]["remedy"]
    assert not any(row["away"] for row in rows)


def test_names_that_no_dns_knows_are_not_asked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(site, {}, monkeypatch)

    assert {row["said"] for row in found.values()} == {"no DNS knows such a name"}
