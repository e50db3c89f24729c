# SPDX-License-Identifier: GPL-3.0-or-later
"""Each trouble at home is named: doors, disks, modes, clocks, the journal, the EDMS, proofs that prove nothing."""

import socket
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from gateway.doctor.clock import compared
from gateway.doctor.finding import Level
from gateway.edms_adapter import registry
from gateway.journal.store import Journal
from tests.doctor.site import BRIEF, Site


def test_a_port_that_another_program_has_is_told_with_its_greeting(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)) as other:
        examined = site.examined(*BRIEF)
        other.close()

    port = examined.about("port 127.0.0.1")
    assert (port["level"], port["said"]) == ("bad", "another program has it")
    assert "ss -ltnp" in port["remedy"]


def test_a_socket_without_a_folder_is_told(site: Site) -> None:
    site.change(f'bind = "127.0.0.1:{site.port}"', f'bind = "unix:{site.home}/run/lmtp.sock"')

    assert site.examined().about("port unix:")["said"] == "No such file or directory"


@pytest.mark.parametrize(
    ("days", "name", "level", "said"),
    [
        (90, "gate.office.example", "good", "is believed until"),
        (3, "gate.office.example", "warning", "(3 days)"),
        (-1, "gate.office.example", "bad", "certificate has expired"),
        (90, "other.example", "warning", "Hostname mismatch"),
    ],
)
def test_our_own_certificate_is_looked_at_as_a_client_would(
    site: Site, days: int, name: str, level: str, said: str
) -> None:
    until = datetime.now(UTC) + timedelta(days=days, hours=1)
    issued = trustme.CA().issue_cert(name, not_before=until - timedelta(days=99), not_after=until)
    issued.private_key_and_cert_chain_pem.write_to_path(str(site.home / "tls.pem"))
    (site.home / "tls.pem").chmod(0o600)
    site.change('name = "door"', 'name = "door"\ntls = "starttls"\ncertificate = "tls.pem"\nkey = "tls.pem"')
    site.change('tls = "starttls"', 'hostname = "gate.office.example"\ntls = "starttls"')

    found = site.examined().about("certificate tls.pem")

    assert found["level"] == level
    assert said in found["said"]


@pytest.fixture
def little_room(tmp_path: Path) -> Path:
    """A file system on which there is no room for letters."""
    place = tmp_path / "volume"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,nr_inodes=500", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system needs root: run the tests as root to see what is said of a full disk")
    return place


def test_a_disk_without_room_and_without_inodes_is_told(site: Site, little_room: Path) -> None:
    try:
        site.change('blobs = "blobs"', f'blobs = "{little_room}"')
        examined = site.examined()
    finally:
        subprocess.run(["umount", "-l", str(little_room)], check=True)

    room, inodes = examined.about("room for the letters"), examined.about("inodes for the letters")
    assert (room["level"], inodes["level"]) == ("bad", "bad")
    assert "below 256 MiB no letter is taken" in room["said"]
    assert "purge" in room["remedy"]


def test_documents_that_everybody_may_read_are_told(site: Site) -> None:
    site.home.chmod(0o755)
    (site.home / "files").chmod(0o755)

    modes = [row for row in site.examined().rows if row["tried"] == "file modes"]

    assert [row["remedy"] for row in modes if "files" in row["said"]] == [f"chmod o-rwx {site.home}/files"]


def test_a_configuration_that_others_may_write_is_bad(site: Site) -> None:
    site.config.chmod(0o662)

    assert site.examined().about("file modes")["remedy"] == f"chmod go-w {site.config}"


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(0, Level.GOOD), (4, Level.GOOD), (-30, Level.WARNING), (30, Level.WARNING), (600, Level.BAD)],
)
def test_a_clock_that_is_apart_is_told(ahead: int, level: Level) -> None:
    here = datetime(2026, 3, 2, 8, tzinfo=UTC)

    (found,) = compared("the EDMS's database", here + timedelta(seconds=ahead), here)

    assert found.level is level


def test_the_clock_of_postgresql_is_compared(site: Site, postgres: Callable[[], str]) -> None:
    url, journal = postgres(), postgres()
    registry.create(url)
    registry.seed(url, registry.Office("EXAMPLE-OFFICE", "O"), [registry.Correspondent("EXAMPLE-PARTNER", "P")])
    site.change("sqlite:///registry.db", url)
    site.change("sqlite:///journal.db", journal)
    Journal.open(journal, site.home / "blobs").close()

    examined = site.examined()

    assert examined.about("clock of the EDMS's database")["level"] == "good"
    assert examined.about("clock of the journal's database")["level"] == "good"
    assert examined.about("schema")["level"] == "good"


def test_a_database_that_is_away_is_told_and_the_rest_goes_on(site: Site) -> None:
    site.change("sqlite:///registry.db", "postgresql://gateway@127.0.0.1:1/edms")

    examined = site.examined()

    (away,) = [row for row in examined.rows if row["group"] == "EDMS"]
    assert (away["level"], away["away"], examined.exit_code) == ("bad", True, 69)
    assert "Connection refused" in away["said"]
    assert away["remedy"]
    assert examined.about("schema")["level"] == "good"


def test_a_journal_of_another_version_names_the_command(site: Site) -> None:
    with closing(sqlite3.connect(site.home / "journal.db")) as line:
        line.execute("update journal_version set version_num = '0000'")
        line.commit()

    schema = site.examined().about("schema")

    assert (schema["level"], schema["remedy"]) == ("bad", "stop the service and type: edms-gateway db upgrade")


def test_what_edms_check_finds_is_told_with_its_remedy(site: Site) -> None:
    with closing(sqlite3.connect(site.home / "registry.db")) as line:
        line.execute("drop table counter")
        line.commit()

    examined = site.examined()

    lacking = [row for row in examined.told("bad") if row["group"] == "EDMS"]
    assert any("counter" in f"{row['tried']} {row['said']}" for row in lacking)
    assert all(row["remedy"] for row in lacking)


@pytest.mark.parametrize(
    ("proof", "level", "said"),
    [
        ('kind = "none"', "warning", "whoever writes exchange@partner.example as sender"),
        ('kind = "network"\npeers = ["10.0.0.0/8"]', "warning", "10.0.0.0/8 holds 16777216 addresses"),
        ('kind = "network"\npeers = ["2001:db8::/32"]', "warning", "2001:db8::/32 holds"),
        ('kind = "network"\npeers = ["192.0.2.0/28"]', "good", "network"),
    ],
)
def test_a_proof_that_proves_nothing_is_a_warning(site: Site, proof: str, level: str, said: str) -> None:
    site.change('kind = "mailbox"', f"{proof}\n#", "partners.toml")
    site.change('name = "door" ', '# name = "door" ', "partners.toml")

    found = site.examined().about('proof of channel "partner-mail"')

    assert found["level"] == level
    assert said in found["said"]
