# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices on this machine: a document travels from Minsk to Moscow by real SMTP, and everything comes home.

Two gateways run as processes of their own, each with its journal and its registry database.  People act only in their
own registry; what is done here on their behalf is plain SQL (`gateway.edms_adapter.registry.people`).
"""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import click

from gateway.build import SystemClock
from gateway.demo.files import pdf
from gateway.demo.offices import DemoOffice, set_up
from gateway.edms_adapter.registry import people

PATIENCE_SECONDS = 120.0  # LIMIT: for the whole story, after set-up
STOP_SECONDS = 15.0  # LIMIT: for a gateway to end
LOOK_SECONDS = 0.05  # between looks at the sender's card


class Missing(Exception):
    """A rung of the ladder did not come."""


@dataclass(slots=True)
class Story:
    """Prints each step with the seconds since the beginning, and waits for facts, not for time."""

    began: float
    gateways: tuple["subprocess.Popen[bytes]", ...]
    patience_seconds: float = PATIENCE_SECONDS

    def say(self, words: str) -> None:
        click.echo(f"{time.monotonic() - self.began:6.2f} s  {words}")

    def until(self, what: str, fact: Callable[[], str | None]) -> None:
        """Wait until *fact* has words and print them; raises Missing when the patience is over."""
        while time.monotonic() - self.began < self.patience_seconds:
            if words := fact():
                self.say(f"{what}: {words}")
                return
            if any(gateway.poll() is not None for gateway in self.gateways):
                raise Missing(f"{what}, because a gateway ended by itself")
            time.sleep(LOOK_SECONDS)
        raise Missing(what)


def run_demo(directory: Path | None, *, keep: bool) -> int:
    """Play the story in *directory* (without: a temporary one, which goes when all was seen); return the exit code.

    0 only when every rung arrived on the sender's card and the answer is registered there.
    """
    home = (directory or Path(mkdtemp(prefix="edms-demo-"))).absolute()
    click.echo(f"setting up two offices in {home}")
    minsk, moscow = set_up(home)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # the gateways end with us
    with running(minsk) as one, running(moscow) as other:
        for office, gateway in ((minsk, one), (moscow, other)):
            wait_for_door(office, gateway)
        story = Story(time.monotonic(), (one, other))
        try:
            play(minsk, moscow, story)
        except Missing as missing:
            click.echo(f"MISSING: {missing}.  The logs are {home}/*/gateway.log", err=True)
            return 1
        story.say("every rung arrived, and the answer is registered")
        if keep:
            stay(minsk, moscow)
    if directory is None and not keep:
        shutil.rmtree(home)
    return 0


def play(minsk: DemoOffice, moscow: DemoOffice, story: Story) -> None:
    """A letter goes to Moscow, its ladder comes home to Minsk, an answer comes back."""
    card = write_letter(minsk, moscow)
    on_card = partial(card_number, minsk, card)
    story.say(f"Minsk    a clerk registers {on_card()} with two files and marks it for Moscow, to Берёзкина А. В.")
    story.until("Minsk    queued", partial(step, minsk, card, "queued_at"))
    story.until("Minsk    handed to mail", partial(step, minsk, card, "sent_at"))
    story.until("Minsk    received in Moscow", partial(step, minsk, card, "received_at"))
    story.until("Minsk    registered in Moscow", partial(number_there, minsk, card))
    story.until("Moscow   in the inbox of", partial(inbox_of, moscow, on_card()))
    story.until("Minsk    forwarded", partial(news, minsk, card, "forwarded"))

    incoming, instruction, deadline = issue_instruction(moscow, on_card())
    story.say(f"Moscow   Берёзкина instructs Кленов П. И. to prepare an answer by {deadline}")
    story.until("Minsk    assigned", partial(news, minsk, card, "assigned"))
    move_deadline(moscow, instruction, deadline + timedelta(days=7))
    story.say(f"Moscow   the deadline moves to {deadline + timedelta(days=7)}")
    story.until("Minsk    deadline moved", partial(news, minsk, card, "due_changed"))
    report_execution(moscow, instruction)
    story.say("Moscow   Кленов reports execution")
    story.until("Minsk    reported by the executor", partial(news, minsk, card, "executor_reported"))
    close_instruction(moscow, instruction)
    story.say("Moscow   Берёзкина closes the instruction")
    story.until("Minsk    executed", partial(news, minsk, card, "executed"))

    answer = write_answer(moscow, incoming)
    story.say(f"Moscow   an answer is registered as {card_number(moscow, answer)} and goes to Minsk")
    story.until("Minsk    answered", partial(news, minsk, card, "answered"))
    story.until("Minsk    the answer is registered", partial(answer_here, minsk, card))
    story.until("Moscow   registered in Minsk", partial(number_there, moscow, answer))


# --- what people do -----------------------------------------------------------------------------------------------


def write_letter(minsk: DemoOffice, moscow: DemoOffice) -> int:
    """Minsk: register a letter with a PDF and a text file, and mark it for Moscow."""
    files = {
        "Письмо об обмене.pdf": pdf("On the exchange of documents", ("From: Minsk", "To: Moscow")),
        "Приложение № 1.txt": "Перечень документов, подлежащих обмену.\n".encode(),
    }
    with people.at_work(minsk.registry) as work:
        card = people.write_card(
            work, "Об обмене документами", files, signer="Озёрный", drafter="Тихая", now=moment(), store=minsk.files
        )
        people.send(work, card, moscow.index, clerk="Тихая", now=moment(), to="Берёзкина А. В.")
        return card


def issue_instruction(moscow: DemoOffice, number: str) -> tuple[int, int, date]:
    """Moscow: the official instructs a specialist; returns the card, the instruction and its deadline."""
    deadline = moment().date() + timedelta(days=14)
    with people.at_work(moscow.registry) as work:
        card = int(people.card_of(work, number).id)
        instruction = people.instruct(
            work,
            card,
            "Прошу подготовить ответ",
            author="Берёзкина",
            executors=["Кленов"],
            now=moment(),
            deadline=deadline,
        )
        return card, instruction, deadline


def move_deadline(moscow: DemoOffice, instruction: int, deadline: date) -> None:
    with people.at_work(moscow.registry) as work:
        people.change_deadline(work, instruction, deadline, by="Берёзкина", now=moment())


def report_execution(moscow: DemoOffice, instruction: int) -> None:
    with people.at_work(moscow.registry) as work:
        people.report(work, instruction, "Ответ подготовлен", by="Кленов", now=moment())


def close_instruction(moscow: DemoOffice, instruction: int) -> None:
    with people.at_work(moscow.registry) as work:
        people.close(work, instruction, "Исполнено в срок", by="Берёзкина", now=moment())


def write_answer(moscow: DemoOffice, incoming: int) -> int:
    """Moscow: register an answer with its own file; it goes back to the sender."""
    files = {"Ответ.pdf": pdf("Answer", ("We agree.",))}
    with people.at_work(moscow.registry) as work:
        return people.answer(
            work, incoming, "Ответ об обмене документами", files, signer="Берёзкина", drafter="Дубов", now=moment(),
            store=moscow.files,
        )  # fmt: skip


# --- what can be seen in the registries ---------------------------------------------------------------------------


def card_number(office: DemoOffice, card: int) -> str:
    with people.at_work(office.registry) as work:
        return str(people.card(work, card).number)


def step(office: DemoOffice, card: int, column: str) -> str | None:
    """Return when the dispatch came to this step, and what the relay said, or None."""
    with people.at_work(office.registry) as work:
        row = people.ladder(work, card)[0]
        at = getattr(row, column)
        words = f" ({row.relay_words})" if column == "sent_at" and row.relay_words else ""
        return f"{str(at)[11:19]} UTC{words}" if at else None


def number_there(office: DemoOffice, card: int) -> str | None:
    """Return the number and date that stand on the sender's own dispatch row."""
    with people.at_work(office.registry) as work:
        row = people.ladder(work, card)[0]
        return f"№ {row.partner_number} of {row.partner_date}" if row.partner_number else None


def inbox_of(office: DemoOffice, number: str) -> str | None:
    """Return whose inbox the document lies in, and why."""
    with people.at_work(office.registry) as work:
        card = people.card_of(work, number)
        found = [
            name.name for name in office.people if any(row.card_id == card.id for row in people.inbox(work, name.name))
        ]
        return f"{', '.join(found)} ({card.route})" if found else None


def news(office: DemoOffice, card: int, event: str) -> str | None:
    """Return the partner's news of this kind on the sender's card."""
    with people.at_work(office.registry) as work:
        return next((str(row.text) for row in people.news(work, card) if row.event == event), None)


def answer_here(office: DemoOffice, card: int) -> str | None:
    """Return the answer's registration in the first sender's registry, once its card is linked to the original's."""
    with people.at_work(office.registry) as work:
        for other in people.linked(work, card):
            return f"{other.number}, linked to {people.card(work, card).number}"
        return None


def moment() -> datetime:
    """The people's clock."""
    return SystemClock().now()


# --- the gateways -------------------------------------------------------------------------------------------------


@contextmanager
def running(office: DemoOffice) -> Iterator["subprocess.Popen[bytes]"]:
    """Run *office*'s gateway as a process of its own."""
    with (office.home / "gateway.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "--config", str(office.config), "run"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        office.process.write_text(f"{process.pid}\n")
        try:
            yield process
        finally:
            office.process.unlink(missing_ok=True)
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_door(office: DemoOffice, gateway: "subprocess.Popen[bytes]") -> None:
    """Return when the gateway's listener answers, or when it never will."""
    began = time.monotonic()
    while gateway.poll() is None and time.monotonic() - began < PATIENCE_SECONDS:
        with suppress(OSError), socket.create_connection(("127.0.0.1", office.port), 1):
            return
        time.sleep(LOOK_SECONDS)


def stay(minsk: DemoOffice, moscow: DemoOffice) -> None:
    """Leave both offices running until Ctrl-C, and say what to type."""
    click.echo("\nBoth offices go on running.  In another terminal:")
    for office in (minsk, moscow):
        click.echo(f"  {sys.executable} -m gateway --config {office.config} status")
    click.echo(f"  {sys.executable} -m gateway --config {minsk.config} trace 01-17/1")
    click.echo(f"  sqlite3 {minsk.home}/registry.db 'select event, text from card_news'")
    click.echo("Ctrl-C ends them.")
    with suppress(KeyboardInterrupt):
        signal.pause()
