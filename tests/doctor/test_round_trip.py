# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter to ourselves: announced, seen where it comes back, and harmless to the gateway that runs meanwhile."""

import sqlite3
from contextlib import closing

from click.testing import CliRunner

from gateway.cli import main
from gateway.journal.entries import Direction, State
from tests.doctor.site import Site
from tests.edge.test_node import Node, eventually, running
from tests.outbound.scripted_relay import relay
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix

OURS = "exchange@office.example"


def test_it_is_announced_and_seen_in_the_mailbox(site: Site, dovecot: Dovecot, postfix: Postfix) -> None:
    dovecot.open_mailbox("exchange")
    postfix.route({"office.example": f"lmtp:inet:127.0.0.1:{dovecot.lmtp_port}"})
    site.relay(postfix.port)
    site.mailbox(dovecot.imap_port, user="exchange", password=dovecot.password)
    words = ["--config", str(site.config), "doctor", "--send-to-self", "--wait", "30"]

    done = CliRunner().invoke(main, words)

    assert f"will send: one letter, subject 'Test letter of the gateway', from {OURS} to {OURS}, by 127" in done.stderr
    assert 'good     the letter\'s return: in mailbox "box", where it may be deleted, after ' in done.stdout
    assert done.exit_code == 0
    assert list(dovecot.flags("exchange").values()) == [frozenset()]


def test_the_running_gateway_lays_it_aside_and_answers_nothing(site: Site, postfix: Postfix) -> None:
    node = Node(site.home.parent / "running")
    postfix.route({"office.example": f"smtp:[127.0.0.1]:{node.port}"})
    site.home, site.config = node.home, node.config
    site.relay(postfix.port)
    site.change('human_address = ""', 'human_address = "people@office.example"')
    with running(node):
        examined = site.examined("--send-to-self", "--wait", "30")
        (parked,) = eventually(lambda: [one for one in node.letters() if one.state is State.PARKED])

    assert examined.about("the letter's return")["said"].startswith(f'at listener "door", as letter {parked.id};')
    assert parked.direction is Direction.IN
    assert node.registered() == []
    with closing(sqlite3.connect(node.home / "journal.db")) as line:
        assert line.execute("select count(*) from entries where direction = 'out'").fetchone() == (0,)


async def test_a_relay_that_refuses_it_is_told(site: Site) -> None:
    async with relay({"RCPT": "550 5.7.1 relaying denied"}) as post:
        site.relay(post.port)
        examined = await site.examined_apart("--send-to-self", "--wait", "5")

    assert "relaying denied" in examined.about(f"letter from {OURS} to itself")["said"]
    assert examined.exit_code == 1


async def test_a_letter_that_does_not_come_back_is_told_with_its_id(site: Site) -> None:
    async with relay() as post:
        site.relay(post.port)
        examined = await site.examined_apart("--send-to-self", "--wait", "1")

    back = examined.about("the letter's return")
    assert (back["level"], back["said"]) == ("bad", "not seen in 1 s")
    (letter,) = post.letters
    message_id = back["remedy"].partition("<")[2].partition(">")[0]
    assert f"Message-ID: <{message_id}>".encode() in letter
    assert b"Auto-Submitted: auto-generated" in letter


async def test_without_being_told_to_it_sends_nothing(site: Site) -> None:
    async with relay() as post:
        site.relay(post.port)
        await site.examined_apart()

    assert post.letters == []
