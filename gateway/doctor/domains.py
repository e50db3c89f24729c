# SPDX-License-Identifier: GPL-3.0-or-later
"""What the DNS says of the domains that letters go to and come from: MX of ours and of partners, SPF of ours.

None of it stops the gateway: the relay may have routes of its own, and an intranet no DNS of the world's.  So nothing
here is worse than a warning.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import dns.exception
import dns.resolver

from gateway.doctor.finding import Finding, good, skipped, warning
from gateway.settings import Settings
from gateway.settings.values import loopback

NOWHERE = ("example", "invalid", "localhost")  # no DNS knows anything below these (RFC 6761 §6)


def examined(settings: Settings, seconds: float) -> tuple[Finding, ...]:
    """Look up MX of every domain we are written to and write to, and SPF of ours.

    Name servers that give no answer in *seconds* are asked nothing more; all together takes three times that at most.
    The name servers are those of dnspython's default resolver: of /etc/resolv.conf.
    """
    asking = _Asking(seconds, monotonic() + 3 * seconds)
    return tuple(_looked_up(settings, asking))


def _looked_up(settings: Settings, asking: "_Asking") -> Iterator[Finding]:
    ours = dict.fromkeys(_domain(office.address) for office in settings.offices)
    for domain in ours:
        yield _mx(domain, "no mail from outside finds us", "have an MX record made", asking)
        yield _spf(domain, settings, asking)
    for domain in dict.fromkeys(_domain(one.address) for one in settings.channels if one.address):
        if domain not in ours:
            remedy = "see that the relay has a route to it, or ask the partner for its address"
            yield _mx(domain, "letters go by a route of the relay, or nowhere", remedy, asking)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _mx(domain: str, means: str, remedy: str, asking: "_Asking") -> Finding:
    tried = f"MX of {domain}"
    try:
        records = asking.records(domain, "MX")
        itself = not records and (asking.records(domain, "A") or asking.records(domain, "AAAA"))
    except _Untold as untold:
        return untold.finding(tried)
    if itself:  # RFC 5321 §5.1
        return warning(tried, "none; mail goes to the address of the domain itself", remedy)
    if not records:
        return warning(tried, f"none: {means}", remedy)
    hosts = [str(one.exchange).rstrip(".") for one in sorted(records, key=lambda record: int(record.preference))]
    if hosts == [""]:  # RFC 7505 §3
        return warning(tried, "a null MX: the domain says that it takes no mail", remedy)
    return good(tried, ", ".join(hosts))


def _spf(domain: str, settings: Settings, asking: "_Asking") -> Finding:
    tried, relay = f"SPF of {domain}", settings.relay.host
    try:
        texts = [b"".join(record.strings).decode("utf-8", "replace") for record in asking.records(domain, "TXT")]
    except _Untold as untold:
        return untold.finding(tried)
    said = [text for text in texts if text.lower().partition(" ")[0] == "v=spf1"]  # RFC 7208 §4.5
    if not said:
        sender = socket.gethostname() if loopback(relay) else relay
        remedy = f'have a record made: {domain}. TXT "v=spf1 mx a:{sender} ~all"'
        return warning(tried, "none: receivers may take our letters for forged ones", remedy)
    if len(said) > 1:
        return warning(tried, f"{len(said)} records: receivers believe none of them", "have one made of them")
    return good(tried, said[0][:300])


class _Untold(Exception):
    """Nobody says; the argument is why."""

    def __init__(self, why: str, *, wrong: bool = True) -> None:
        super().__init__(why)
        self.wrong = wrong  # False: nobody was asked

    def finding(self, tried: str) -> Finding:
        if not self.wrong:
            return skipped(tried, str(self))
        return warning(tried, str(self), "look at the name servers in /etc/resolv.conf")


@dataclass(slots=True)
class _Asking:
    seconds: float
    until: float  # of `monotonic`
    silent: bool = False  # there was no answer in time: it is not waited for again

    def records(self, domain: str, kind: str) -> list[Any]:  # Any: of each kind its own
        """Return the records of *domain*, none when there is no such name; raises _Untold."""
        if domain.startswith("[") or domain.rpartition(".")[2] in NOWHERE:
            raise _Untold("no DNS knows such a name", wrong=False)
        left = min(self.seconds, self.until - monotonic())
        if self.silent or left <= 0:
            raise _Untold("the name servers do not answer in time", wrong=False)
        try:
            return list(dns.resolver.resolve(domain, kind, lifetime=left, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.Timeout:
            self.silent = True
            raise _Untold(f"no answer in {left:.0f} s") from None
        except (dns.exception.DNSException, UnicodeError, OSError) as error:
            raise _Untold(" ".join(str(error).split())[:200] or type(error).__name__) from error
