# SPDX-License-Identifier: GPL-3.0-or-later
"""``init``: the first configuration, by asking, from answers, or as a sample that starts as it is."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from gateway.cli.context import PROBLEMS, Ended
from gateway.cli.reaching import by_mapping, opened
from gateway.doctor.trust import mistrusted
from gateway.installation.advice import Section, as_root, for_database, for_dns, for_mail_server, in_order
from gateway.installation.answering import WrongAnswers, answers_in, settle
from gateway.installation.founding import Founded, found, secret_in
from gateway.installation.questions import SQLITE, Machine, Question, has_registry, questions, this_machine


def with_a_question_each(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* an option for every question."""
    for question in reversed(questions(this_machine(Path("DIR")))):
        kind = click.Path(path_type=Path, dir_okay=False) if question.secret else None
        told = question.explained
        if question.secret:
            told += " A file that holds it, its path meant from DIRECTORY."
        if question.trusting:
            told += " Its path is meant from DIRECTORY."
        option = click.option(question.option, f"ask_{question.option[2:].replace('-', '_')}", type=kind, help=told)
        command = option(command)
    return command


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--sample", is_flag=True, help="Ask nothing: write a configuration that starts as it is, every key in it."
)
@click.option(
    "--answers",
    "answers_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Answers as TOML, by the names of the options: [office] name = …; nothing is asked.",
)
@with_a_question_each
def init(directory: Path, sample: bool, answers_file: Path | None, **options: str | Path | None) -> None:
    """Write the first configuration into DIRECTORY; nothing that is there is overwritten.

    On a terminal it asks, and explains each question; what options or --answers say is not asked.
    Without a terminal and without answers it writes the sample.
    Relative paths are meant from DIRECTORY, as those in the configuration are.
    """
    told = any(value is not None for value in options.values()) or answers_file is not None
    terminal = sys.stdin.isatty() and answers_file is None
    if sample and told:
        raise click.UsageError("--sample takes no answers")
    if sample or not (told or terminal):
        write_sample(directory)
        return
    machine = this_machine(directory)
    try:
        given = _given(machine, answers_file, options)
        if terminal:
            click.echo("Enter takes what stands in brackets; Ctrl-C writes nothing.")
            click.echo(f"Relative paths are meant from {machine.directory}.\n")
        settled = settle(machine, given, asked_where_it_matters if terminal else None)
    except WrongAnswers as error:
        raise click.UsageError(f"these answers do not hold, and nothing was written:\n{error}") from error
    try:
        founded = found(machine.directory, settled, program())
    except FileExistsError as error:
        raise Ended(f"{error.filename} exists already; nothing was changed", PROBLEMS) from error
    except PermissionError as error:
        remedy = "run this as root, or name another --system-state"
        raise Ended(f"{error.filename}: {error.strerror}; {remedy}", PROBLEMS) from error
    for path in founded.paths:
        click.echo(f"written  {path}")
    for title, lines in _sections(founded, registry=has_registry(settled)):
        click.echo(f"\n{title}")
        for line in lines:
            click.echo(f"  {line}")


def _given(machine: Machine, answers_file: Path | None, options: dict[str, str | Path | None]) -> dict[str, str]:
    """Return what options and answers file say, secrets read from the files that hold them; raises WrongAnswers."""
    told = answers_in(answers_file.read_text(encoding="utf-8"), machine) if answers_file is not None else {}
    given: dict[str, str] = {}
    for question in questions(machine):
        value = options[f"ask_{question.option[2:].replace('-', '_')}"] or told.get(question.given_as)
        if value is None:
            continue
        if not question.secret:
            given[question.key] = str(value)
            continue
        try:
            given[question.key] = secret_in(machine.directory / value)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text of a password's size"
            place = f"{machine.directory / value} cannot be read: {why}"
            hint = "" if Path(value).is_absolute() else f"; relative paths are meant from {machine.directory}"
            raise WrongAnswers(f"{question.given_as}: {place}{hint}") from error
    return given


def asked_where_it_matters(
    question: Question, default: str, judge: Callable[[str], str], settled: Mapping[str, str]
) -> str:
    """Ask; of an authority only when the server's certificate is not believed without it."""
    if question.trusting:
        host, tls, port = (settled[f"{question.trusting}.{key}"] for key in ("host", "tls", "port"))
        said = mistrusted("imap" if question.trusting == "mailbox" else "smtp", host, int(port), tls, default)
        if not said:
            return default
        click.echo(f"The certificate of {host}:{port} is not believed: {said}.")
    return ask(question, default, judge)


def ask(question: Question, default: str, judge: Callable[[str], str]) -> str:
    """Ask on the terminal until the answer holds."""
    click.echo(question.explained)
    while True:
        answer: str = click.prompt(
            f"  {question.key}",
            default=default,
            hide_input=question.secret,
            show_default=bool(default) and not question.secret,
        )
        said = judge(answer.strip())
        if not said:
            return answer.strip()
        click.echo(f"  {said}")


def program() -> tuple[str, ...]:
    """Return how this very program is called by its whole path."""
    installed = Path(sys.argv[0]).absolute()
    if installed.name == "edms-gateway" and shutil.which(str(installed)):
        return (str(installed),)
    return (sys.executable, "-m", "gateway")


def _sections(founded: Founded, *, registry: bool) -> Iterator[Section]:
    yield as_root(founded)
    yield from for_mail_server(founded)
    yield for_dns(founded, socket.gethostname())
    url = founded.settings.edms.database or ""
    if not registry and not url.startswith(SQLITE):
        yield for_database(_grants(founded))
    yield in_order(founded)


def _grants(founded: Founded) -> tuple[str, ...]:
    """Return the GRANT lines; where the database cannot be looked at yet, the command that prints them."""
    writer, reader = "gateway", "gateway_reader"
    try:
        with opened(founded.settings, None) as system:
            return by_mapping(system).grants(writer, reader)
    except Ended as error:
        command = f"edms-gateway --config {founded.places.configuration} edms grants"
        reason = error.message.splitlines()[0][:200]
        return (f"{command} --writer {writer} --reader {reader}", f"# prints them; not now: {reason}")


def write_sample(directory: Path) -> None:
    """Write the sample, and say what to type."""
    from gateway.starter import write_starter

    try:
        starter = write_starter(directory)
    except FileExistsError as error:
        raise Ended(f"{error.filename} exists already; nothing was changed", PROBLEMS) from error
    for path in starter.paths:
        click.echo(f"written  {path}")
    config = directory / "gateway.toml"
    click.echo("\nNow type:")
    click.echo(f"  edms-gateway --config {config} check-config")
    click.echo(f"  edms-gateway --config {config} run")
    click.echo("and in another terminal:")
    envelope = f"--from {starter.sender} --to {starter.recipient}"
    click.echo(f"  swaks --server 127.0.0.1:2525 {envelope} --data @{directory / 'sample.eml'}")
    click.echo(f"  edms-gateway --config {config} trace 01-17/42")
