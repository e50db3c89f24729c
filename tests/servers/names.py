# SPDX-License-Identifier: GPL-3.0-or-later
"""A real name server of our own on loopback: it answers what it was told, and NXDOMAIN for every other name."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

Zone = Mapping[str, Mapping[str, tuple[str, ...]]]  # name → kind → records as a zone file has them


@contextmanager
def answering(zone: Zone) -> Iterator[dns.resolver.Resolver]:
    """Serve *zone*; yield a resolver that asks nobody else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        thread = Thread(target=_serve, args=(door, zone), daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], door.getsockname()[1]
        try:
            yield resolver
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", door.getsockname())
            thread.join()


def _serve(door: socket.socket, zone: Zone) -> None:
    while True:
        asked, who = door.recvfrom(4096)
        if not asked:
            return
        question = dns.message.from_wire(asked)
        (wanted,) = question.question
        answer = dns.message.make_response(question)
        known = zone.get(wanted.name.to_text(omit_final_dot=True))
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := known.get(wanted.rdtype.name):
            answer.answer.append(dns.rrset.from_text(wanted.name, 60, "IN", wanted.rdtype.name, *records))
        door.sendto(answer.to_wire(), who)
