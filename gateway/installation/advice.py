# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays to be typed by others than the gateway: by root, by who keeps the DNS, by who runs the mail server."""

from collections.abc import Iterator, Sequence
from shlex import quote

from gateway.installation.founding import Founded
from gateway.installation.unit import UNIT
from gateway.settings.values import loopback

Section = tuple[str, tuple[str, ...]]  # a title, and lines to type or to show to somebody


def as_root(founded: Founded) -> Section:
    """Return what root types so that the service can run under its account; it is started later, see `in_order`."""
    places = founded.places
    folder, state, user = str(places.configuration.parent), str(places.state), quote(places.user)
    own = f"{user}:{user}"
    folders = " ".join(quote(path) for path in dict.fromkeys((folder, state)))
    return "as root:", (
        f"getent passwd {user} >/dev/null || "
        f"useradd --system --user-group --home-dir {quote(state)} --no-create-home --shell /usr/sbin/nologin {user}",
        f"chown -R {own} {folders}",
        f"install -m 644 {quote(folder + '/' + UNIT)} /etc/systemd/system/{UNIT}",
        "systemctl daemon-reload",
        "# without systemd the last two are left out",
    )


def in_order(founded: Founded) -> Section:
    """Return what is typed when the others are done: nothing starts at boot before a letter went the whole way."""
    places, name = founded.places, UNIT.removesuffix(".service")
    gateway = f"edms-gateway --config {quote(str(places.configuration))}"
    foreground = f"runuser -u {quote(places.user)} -- {gateway} run"
    return "then, in this order:", (
        f"{gateway} check-config",
        f"{gateway} doctor",
        f"systemctl start {name}    # without systemd: {foreground}",
        f"{gateway} self-test",
        f"systemctl enable {name}   # so that it starts with the machine",
        f"{gateway} report observe",
        '# the partner is only observed until partners.toml says mode = "hold" or "live"',
    )


def for_dns(founded: Founded, machine: str) -> Section:
    """Return the records that receivers of our letters look for (RFC 7208, 6376, 7489)."""
    relay = founded.settings.relay.host
    sender = machine if loopback(relay) else relay
    domains = dict.fromkeys(office.address.rpartition("@")[2] for office in founded.settings.offices)
    return "in the DNS, where they are not there yet (the relay signs with DKIM, the gateway does not):", tuple(
        line
        for domain in domains
        for line in (
            f'{domain}. TXT "v=spf1 mx a:{sender} ~all"',
            f"SELECTOR._domainkey.{domain}. TXT: what the relay's administrator names",
            f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
        )
    )


def for_mail_server(founded: Founded) -> Iterator[Section]:
    """Yield what the mail server must be told that brings us letters, for each door; Postfix's words."""
    for door in founded.settings.listeners:
        place = f"unix:{door.socket}" if door.socket else f"inet:{door.host}:{door.port}"
        if door.protocol == "smtp":
            place = f"[{door.host}]:{door.port}"
        yield (
            "in the mail server; Postfix, transport_maps:",
            tuple(f"{office.address} {door.protocol}:{place}" for office in founded.settings.offices),
        )


def for_database(lines: Sequence[str]) -> Section:
    return "as the owner of the EDMS's tables:", tuple(lines)
