# SPDX-License-Identifier: GPL-3.0-or-later
"""What is away comes back: databases at the worst moment, clients that hang up, leases that ran out, signals.

Nobody restarts or repairs anything by hand here: the gateway goes on by itself, or is started again as it died.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.faults import errands
from tests.faults.errands import Errand, a_file, document, ids
from tests.faults.house import OURS, PARTNER, House, house

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
DELAY = "delay:0.8"


@contextmanager
def while_standing(office: House, errand: Errand, number: int, name: str, delay: str = DELAY) -> Iterator[None]:
    """Run *errand* beside, and give control when it stands at the failpoint *name*; its end must be good."""
    office.breaks.arm((name, 1, delay))
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(errand, office, number)
        end = time.monotonic() + 90
        while not office.breaks.fired():
            assert time.monotonic() < end, f"it never comes to {name}"
            if running.done():
                running.result()
            time.sleep(0.01)
        yield
        running.result()
    office.breaks.arm()
    office.rest()
    office.ledger.check()


# --- F8: who brings the letter goes away ------------------------------------------------------------------------------

MOMENTS = ("blob:before-fsync", "blob:before-rename", "blob:before-dirsync", "accept:inserted", "accept:committed")


def test_a_client_that_hangs_up_within_the_commit_gets_a_whole_letter_or_none(tmp_path: Path) -> None:
    with house(tmp_path / "office") as office:
        for number, name in enumerate(MOMENTS, 1):
            office.breaks.arm((name, 1, "delay:0.5"))
            content = a_file(number, errands.LARGE)
            letter = document(number, content)
            with dotted(office, letter):
                office.eventually(office.breaks.fired, name)
            office.ledger.expects(ids(number)["uid"], ids(number)["return_id"], [content])
            office.deliver(letter)
            office.rest()
            office.ledger.check()

        assert office.deaths == 0
        assert office.ledger.orphans() == set()


@contextmanager
def dotted(office: House, letter: bytes) -> Iterator[None]:
    """Bring *letter* up to its dot; the line is cut at the end of the block, whatever was answered."""
    with socket.create_connection(("127.0.0.1", office.port), 30) as line:
        said = line.makefile("rb")
        said.readline()
        for command in (f"HELO moscow.example\r\nMAIL FROM:<{PARTNER}>\r\nRCPT TO:<{OURS[0]}>\r\nDATA\r\n",):
            line.sendall(command.encode())
        while not said.readline().startswith(b"354"):
            pass
        line.sendall(letter.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        yield
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, no farewell


# --- F17: a database goes away and comes back -----------------------------------------------------------------------

OF_THE_JOURNAL: tuple[tuple[Errand, str], ...] = (
    (errands.small, "accept:inserted"),
    (errands.small, "process:acknowledging"),
    (errands.small, "process:finishing"),
    (errands.small, "dispatch:sent"),
    (errands.sent, "process:reported"),
    (errands.sent, "collect:marked"),
)
OF_THE_REGISTRY: tuple[tuple[Errand, str], ...] = (
    (errands.small, "edms-register:before-commit"),
    (errands.small, "edms-register:after-commit"),
    (errands.changed, "edms-attach:before-commit"),
    (errands.sent, "collect:queued"),
)


@pytest.mark.thorough
def test_databases_whose_connections_are_cut_at_any_statement_are_found_again(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    journal, registry = postgres(), postgres()
    loop = [*((journal, *one) for one in OF_THE_JOURNAL), *((registry, *one) for one in OF_THE_REGISTRY)]
    with house(tmp_path / "office", journal=journal, registry=registry) as office:
        for number, (url, errand, name) in enumerate(loop, 1):
            with while_standing(office, errand, number, name):
                cut(url)

        assert office.deaths == 0


def test_without_its_databases_nothing_is_promised_and_everything_goes_on_by_itself(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    journal, registry = postgres(), postgres()
    with house(tmp_path / "office", journal=journal, registry=registry) as office:
        with away(registry):
            errands_without_rest(office, 1)  # accepted: the records system may be away
        with away(journal):
            assert office.attempt(document(2, a_file(2))).startswith("451")
        office.rest()
        errands.small(office, 2)
        with crowded(journal):
            assert office.attempt(document(3, a_file(3))).startswith("451")
        errands.small(office, 3)

        office.ledger.check()
        assert office.deaths == 0


def errands_without_rest(office: House, number: int) -> None:
    content = a_file(number)
    office.ledger.expects(ids(number)["uid"], ids(number)["return_id"], [content])
    office.deliver(document(number, content))


def cut(url: str) -> None:
    """End every connection to a database, as its server's restart does."""
    with control(url) as connection:
        terminate(connection, url)


@contextmanager
def away(url: str) -> Iterator[None]:
    """Take a database away from everybody, and give it back."""
    name = url.rpartition("/")[2]
    with control(url) as connection:
        connection.execute(f'alter database "{name}" allow_connections false')  # type: ignore[arg-type]  # no literal
        try:
            terminate(connection, url)
            yield
        finally:
            connection.execute(f'alter database "{name}" allow_connections true')  # type: ignore[arg-type]  # as above


@contextmanager
def crowded(url: str) -> Iterator[None]:
    """Let others have every connection the server gives."""
    name = url.rpartition("/")[2]
    with ExitStack() as others, control(url) as connection:
        while True:
            crowd(others, url)
            if connection.execute(FULL_WITHOUT, (name,)).fetchone() == (True,):
                break
            terminate(connection, url)  # one that is told to go goes when it can, and may come again before the crowd
        yield


# every place is taken by somebody who can be seen, so nobody is still coming or going, and *name* has none
FULL_WITHOUT = """
select count(*) = current_setting('max_connections')::int
    and not bool_or(datname = %s and application_name <> 'ledger')
from pg_stat_activity where backend_type = 'client backend'
"""


def crowd(others: ExitStack, url: str) -> None:
    elsewhere = url.rpartition("/")[0] + "/template1"
    with suppress(psycopg.OperationalError):
        while True:
            others.enter_context(psycopg.connect(elsewhere))


def terminate(connection: "psycopg.Connection[tuple[object, ...]]", url: str) -> None:
    sql = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and application_name <> 'ledger'"
    connection.execute(sql, (url.rpartition("/")[2],))


def control(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True)


# --- F23: a lease that ran out ----------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_worker_whose_lease_ran_out_writes_nothing_over_the_one_who_has_the_letter_now(tmp_path: Path) -> None:
    with house(tmp_path / "office", workers=2) as office:
        # long enough for the other worker, which may still be loading, to find the letter
        with while_standing(office, errands.small, 1, "process:acted", "delay:15"):
            office.pass_time(11 * 60)
        office.eventually(lambda: office.said("somebody else finished the letter"), "the late worker's word")

        office.rest()
        office.ledger.check()


# --- F26: signals -----------------------------------------------------------------------------------------------------

PHASES: tuple[tuple[Errand, str], ...] = (
    (errands.large, "smtp:block"),
    (errands.small, "accept:inserted"),
    (errands.small, "process:acted"),
    (errands.small, "dispatch:sent"),
    (errands.sent, "collect:queued"),
    (errands.small, "worker:claimed"),
    (errands.small, "edms-register:before-commit"),
    (errands.sent, "collect:marked"),
)


@pytest.mark.thorough
def test_told_to_stop_in_any_phase_it_ends_in_order_and_killed_while_it_stops_it_loses_nothing(tmp_path: Path) -> None:
    short = (PHASES[1], PHASES[2])
    with house(tmp_path / "office") as office:
        for number, (errand, name) in enumerate(PHASES if LONG else short, 1):
            process = office.process
            assert process is not None
            with while_standing(office, errand, number, name):
                process.terminate()
                assert process.wait(60) == 0, name
        for number, (errand, name) in enumerate(PHASES if LONG else short[1:], 1001):
            process = office.process
            assert process is not None
            with while_standing(office, errand, number, name):
                process.terminate()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)


@pytest.fixture(autouse=True)
def _no_line_is_left(tmp_path: Path) -> Iterator[None]:
    """When a test fails, what the gateway said stands in the report."""
    yield
    log = tmp_path / "office" / "gateway.log"
    if log.exists():
        print(log.read_text()[-3000:])
