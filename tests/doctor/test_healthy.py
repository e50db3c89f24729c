# SPDX-License-Identifier: GPL-3.0-or-later
"""`doctor` where all is well: real servers, nothing to complain of, and nothing touched."""

from click.testing import CliRunner

from gateway.cli import main
from gateway.node import only_one
from tests.doctor.site import LETTER, Site
from tests.edge.test_node import Node, running
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix


def with_real_servers(site: Site, dovecot: Dovecot, postfix: Postfix) -> str:
    """Let *site* use both; return the user of its mailbox, in which three letters lie."""
    user = dovecot.user()
    dovecot.folder(user, "Archive")
    for _ in range(3):
        dovecot.deliver(user, LETTER)
    site.relay(postfix.port)
    site.mailbox(
        dovecot.imaps_port,
        tls="implicit",
        user=user,
        password=dovecot.password,
        ca_file=str(dovecot.ca_file),
        after="move",
        done_folder="Archive",
    )
    return user


def test_where_all_is_well_nothing_is_bad(site: Site, dovecot: Dovecot, postfix: Postfix) -> None:
    with_real_servers(site, dovecot, postfix)

    examined = site.examined()

    assert (examined.told("bad"), examined.told("warning"), examined.exit_code) == ([], [], 0)
    assert examined.about("folder INBOX")["said"].startswith("3 letters")
    assert "is believed until" in examined.about("TLS certificate")["said"]
    assert {row["group"] for row in examined.rows} == {
        *("this machine", "journal", "EDMS", 'listener "door"', 'mailbox "box"', "relay", "DNS", "partners")
    }


def test_looking_touches_no_letter_and_sends_none(site: Site, dovecot: Dovecot, postfix: Postfix) -> None:
    user = with_real_servers(site, dovecot, postfix)
    before = dovecot.flags(user), dovecot.uidvalidity(user), dovecot.doveadm("mailbox", "list", "-u", user)
    sent = postfix.log.count("from=<")

    site.examined()

    assert (dovecot.flags(user), dovecot.uidvalidity(user), dovecot.doveadm("mailbox", "list", "-u", user)) == before
    assert len(before[0]) == 3
    assert postfix.log.count("from=<") == sent
    assert postfix.queue() == []


def test_looking_makes_no_file(site: Site) -> None:
    (site.home / "journal.db").unlink()
    before = sorted(path.name for path in site.home.rglob("*"))

    examined = site.examined()

    assert sorted(path.name for path in site.home.rglob("*")) == before
    assert "there is no journal yet" in examined.about("schema")["said"]


def test_the_port_of_the_running_service_is_no_trouble(site: Site) -> None:
    node = Node(site.home.parent / "running")
    with running(node):
        site.config = node.config
        examined = site.examined()

    assert examined.about(f"port 127.0.0.1:{node.port}")["said"].startswith("the service runs and has it: 220 ")


def test_a_service_that_does_not_listen_where_it_should_is_told(site: Site) -> None:
    with only_one(site.home / "blobs"):
        examined = site.examined()

    port = examined.about(f"port 127.0.0.1:{site.port}")
    assert (port["level"], port["said"]) == ("bad", "the service runs, and does not listen there")
    assert "kill -HUP" in port["remedy"]


def test_people_read_groups_with_the_remedy_below_what_is_wrong(site: Site) -> None:
    site.relay(1)
    done = CliRunner().invoke(main, ["--config", str(site.config), "doctor"])

    assert "relay\n  good     address of 127.0.0.1: 127.0.0.1\n" in done.output
    assert (
        "  bad      TCP connection to 127.0.0.1:1: Connection refused\n"
        "           → start the server, or mend relay.host and relay.port\n"
    ) in done.output
    assert done.exit_code == 69


def test_a_broken_configuration_prints_what_check_config_says(site: Site) -> None:
    site.change('index = "EXAMPLE-OFFICE"', 'indx = "EXAMPLE-OFFICE"')

    words = [
        CliRunner().invoke(main, ["--config", str(site.config), command]) for command in ("doctor", "check-config")
    ]

    assert words[0].output == words[1].output
    assert [one.exit_code for one in words] == [78, 78]
