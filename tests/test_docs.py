# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages say what the program does: links lead somewhere, tables are those of the code, examples run."""

import ast
import asyncio
import json
import re
import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway.build import SystemClock, build
from gateway.cli import main
from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, TRY_LATER, UNAVAILABLE
from gateway.cli.officials import COLUMNS
from gateway.content import Held
from gateway.dialects import DIALECTS
from gateway.edms_adapter import open_edms
from gateway.edms_adapter.registry.desk import main as desk_main
from gateway.edms_adapter.registry.people.papers import NOTED, NOTED_CODE
from gateway.edms_adapter.registry.seed import REFUSAL_REASONS
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.intake import WORDS
from gateway.inbound.rules import CODES, OTHER_CODE
from gateway.inbound.worker import Worker
from gateway.journal import mailboxes
from gateway.model import DocumentUid, Event, EventKey, EventKind, ExchangeId, Number
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import OutgoingState, Registration, Waiting, nothing_fails
from gateway.registers.words import ENGLISH, RUSSIAN
from gateway.retry import POST
from gateway.settings import MailboxSettings, RelaySettings
from gateway.settings.source import Source
from gateway.settings_files import load, load_oauth
from gateway.starter import write_starter
from tests import facts
from tests.edms_adapter.desk import MORNING, PDF, TODAY, Hands, intake, letter
from tests.story.offices import HandPost
from tests.tokens.keys import account, made

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md")) + sorted(ROOT.glob("*.md"))
OURS = [page for page in PAGES if page.name != "states.md"]  # that one is generated
SEV = ROOT / "gateway" / "dialects" / "sev"
FENCE = re.compile(r"^```(\w*)[^`\n]*\n(.*?)^```$", re.M | re.S)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(page) if found == language]


def prose(page: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of *page* outside code, tables, lists, headings and comments, with their numbers."""
    inside = False
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("```"):
            inside = not inside
        elif not inside and line.strip() and not re.match(r"\s*(\||#|<!--|[*-] |\d+\. )", line):
            yield number, line


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of every table row under *heading*, up to the next heading; without heads and rules."""
    section = page.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    heads = {position - 1 for position, line in enumerate(lines) if set(line) <= set("|- ")}
    rules = {position + 1 for position in heads}
    kept = [line for position, line in enumerate(lines) if position not in heads | rules]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in kept]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- every page ---------------------------------------------------------------------------------------------------


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            lost.append(target)

    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_the_project_that_is_named_exists(page: Path) -> None:
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))  # what a reader shall write is not there yet
    named = re.findall(r"`((?:gateway|tests|config|docs|templates)/[\w./-]*)`", prose)

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_path_of_somebodys_machine(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users)/\S*", page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_a_line_holds_one_sentence(page: Path) -> None:
    ended = re.compile(r"[a-zа-я)\]`][.!?]\)? +[A-ZА-Я`]")
    several = [
        f"{page.name}:{number}: {line}"
        for number, line in prose(page.read_text(encoding="utf-8"))
        if ended.search(re.sub(r"`[^`]*`", "`x`", line))
    ]

    assert several == []


@pytest.mark.parametrize("example", blocks(text("oauth.md"), "toml"))
def test_the_examples_of_tokens_are_accepted(tmp_path: Path, example: str) -> None:
    made("client").laid(tmp_path)
    (tmp_path / "client.secret").write_text("secret of a sample")
    (tmp_path / "google.json").write_text(account(made("account"), "https://oauth2.googleapis.com/token"))
    for name in ("client.secret", "google.json"):
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "gateway.toml"
    file.write_text(example)

    source = Source(file.name, example, secrets={}, folder=tmp_path)
    users = (*source.many("mailbox", MailboxSettings), *source.many("other_relay", RelaySettings))
    relay = source.one("relay", RelaySettings) if "[relay]" in example else None

    named = {one.name for one in load_oauth(file)}
    assert source.problems == []
    assert {user.value.oauth for user in users if user.value} | ({relay.oauth} if relay else set()) <= named


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8"), "console"):
            typed = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
            found += [(page.name, line) for line in typed if line.startswith(("edms-gateway", "edms-registry"))]
    return found


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_that_is_shown_exists_with_its_options(page: str, line: str) -> None:
    """Raises UsageError when it does not."""
    program, *arguments_given = shlex.split(line.partition(" > ")[0].removesuffix(" &"))
    said = iter(arguments_given)
    command: click.Command = main
    if program == "edms-registry":
        command = desk_main
        next(said)  # the database
    arguments: list[str] = []
    for word in said:
        if word == "--config":
            next(said)
        elif isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            assert found is not None, f"{page}: there is no {word!r}"
            command = found
        else:
            arguments.append(word)
    options = {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}
    wanted = [one for one in command.params if isinstance(one, click.Argument)]
    given = 0
    rest = iter(arguments)
    for word in rest:
        if word.startswith("-"):
            assert word in options, f"{page}: {line}"
            if not options[word].is_flag:
                next(rest)
        else:
            given += 1

    several = any(one.nargs == -1 for one in wanted)
    fewest = sum(one.required for one in wanted)
    fits = given >= fewest if several else given == len(wanted)
    assert fits or isinstance(command, click.Group), f"{page}: {line}"


# --- protocol.md --------------------------------------------------------------------------------------------------


def test_the_refusal_codes_are_those_of_the_code() -> None:
    *listed, other = rows(text("protocol.md"), "## Refusal codes")

    told = [(int(code), words(reason)[0], said) for code, reason, said in listed]
    assert told == [(code, reason.value, WORDS.get(reason, "—")) for reason, code in CODES.items()]
    assert int(other[0]) == OTHER_CODE


def test_no_code_of_a_refusal_means_two_things() -> None:
    codes = [*CODES.values(), OTHER_CODE, NOTED_CODE, *(code for code, _ in REFUSAL_REASONS)]

    assert sorted(codes) == sorted(set(codes))


def test_the_reasons_a_person_chooses_from_are_those_of_the_registry() -> None:
    told = {int(code): said.partition(",")[0] for code, said in rows(text("protocol.md"), "### Refusals by a person")}

    assert told == {**dict(REFUSAL_REASONS), NOTED_CODE: NOTED}


def problem_codes(folder: Path) -> set[str]:
    """Return every literal code that is handed to `note`, `notes.add` or `Problem` in the sources of *folder*."""
    found = set()
    for path in folder.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            position = {"note": 0, "_note": 0, "add": 0, "Problem": 1}.get(name)
            if position is None or len(call.args) <= position:
                continue
            first = call.args[position]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return {code for code in found if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)}


def test_every_problem_code_is_explained_and_none_that_nobody_emits() -> None:
    told = {words(row[0])[0] for row in rows(text("protocol.md"), "## Problem codes")}

    assert told == problem_codes(ROOT / "gateway" / "mail") | problem_codes(ROOT / "gateway" / "dialects")


def degradation_table(dialect: str) -> tuple[str, list[list[str]]]:
    """Return the file that says what *dialect* cannot carry, and the cells of its table."""
    name = f"gateway.dialects.{dialect}"
    module = import_module(f"{name}.degrade" if find_spec(name).submodule_search_locations else name)  # type: ignore[union-attr]  # it is there
    lines = [line for line in (module.__doc__ or "").splitlines() if line.startswith("|")]
    return f"{module.__name__.replace('.', '/')}.py", [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]
    ]


@pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])
def test_a_chapter_has_the_degradation_table_of_each_dialect_or_says_where_it_stands(dialect: str) -> None:
    page = text("protocol.md")
    file, table = degradation_table(dialect)
    chapters = re.findall(r"^## What .+ cannot say$", page, re.M)

    assert table
    told = [rows(page, chapter) for chapter in chapters]
    assert table in told or f"The whole table stands in `{file}`" in page


# --- standards.md -------------------------------------------------------------------------------------------------


def test_the_table_of_facts_is_that_of_the_dialects() -> None:
    page = text("standards.md")

    assert facts.written(page) == page  # python -m tests.facts


def test_every_clause_names_code_that_is_there() -> None:
    lost, here = [], SEV
    for line in text("standards.md").splitlines():
        cells = line.split("|")
        if "code is in `gateway/dialects/" in line:
            here = ROOT / next(word for word in words(line) if word.startswith("gateway/dialects/"))
        if line.startswith("|") and len(cells) > 4:
            code = cells[3] if line.startswith("| RFC") else cells[4]
            named = [word for word in words(code) if "/" in word or word.endswith(".py")]
            lost += [word for word in named if not (ROOT / word).exists() and not (here / word).exists()]

    assert lost == []


# --- operating.md -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """A configuration with a journal in which something of everything lies."""

    config: Path

    def lines(self, *arguments: str) -> list[dict[str, object]]:
        done = CliRunner().invoke(main, ["--config", str(self.config), *arguments, "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """A document that is registered, its answers sent; people's mail that is parked; a mailbox that was heard."""
    home = tmp_path_factory.mktemp("office") / "gw"
    write_starter(home)
    parts = build(load(home / "gateway.toml"), SystemClock())
    now = parts.clock.now()
    people = b"From: exchange@partner.example\r\nSubject: Lunch?\r\n\r\nAt noon?\r\n"
    deliveries = [
        Delivery(
            source=f"smtp:{number}",
            channel="door",
            envelope_sender="exchange@partner.example",
            recipients=("exchange@office.example",),
            peer="192.0.2.1",
            letter=Held(data),
        )
        for number, data in enumerate([(home / "sample.eml").read_bytes(), people])
    ]
    post = HandPost()
    dispatcher = Dispatcher(
        parts.journal,
        lambda entry: post,
        parts.clock.now,
        POST,
        name="here",
        failpoint=nothing_fails,
        told=lambda: None,
    )
    try:
        take(deliveries, parts.journal, parts.office, now, nothing_fails)
        Worker("here", parts.desk(), parts.clock.now, max_seconds=60).work()
        asyncio.run(dispatcher.once())
        with parts.journal.write() as tx:
            mailboxes.heard(tx, "box", now)
    finally:
        parts.close()
    return Printed(home / "gateway.toml")


def documented(name: str) -> set[str]:
    """Return the keys of the object called *name*; a letter in `steps` has those of a letter too."""
    table = {row[0]: set(words(row[1])) for row in rows(text("operating.md"), "## JSON")}
    return table[name] | table["a letter"] if name == "a letter in `steps`" else table[name]


def one(value: object) -> dict[str, object]:
    """Return the first of a list of objects."""
    assert isinstance(value, list)
    assert isinstance(value[0], dict)
    return value[0]


def test_the_exit_codes_are_those_of_the_commands() -> None:
    told = [int(row[0]) for row in rows(text("operating.md"), "## Exit codes")]

    assert told == [0, PROBLEMS, 2, UNAVAILABLE, TRY_LATER, BAD_CONFIGURATION]


def test_the_keys_of_explain_are_the_documented_ones(printed: Printed) -> None:
    (document,) = printed.lines("explain", str(printed.config.parent / "sample.eml"))
    (report,) = printed.lines("explain", str(ROOT / "tests" / "dialects" / "samples" / "progress.xml"))
    about = document["document"]

    assert isinstance(about, dict)
    assert set(document) == set(report) == documented("`explain`")
    assert set(one(document["recipients"])) == documented("a party of `explain`")
    assert set(about) == documented("`document` of `explain`")
    assert set(one(document["files"])) == documented("a file of `explain`")
    assert set(one(report["events"])) == documented("an event of `explain`")
    assert set(one(report["problems"])) == documented("a problem of `explain`")


def test_the_keys_of_status_are_the_documented_ones(printed: Printed) -> None:
    (status,) = printed.lines("status")

    assert set(status) == documented("`status`")
    assert set(one(status["queues"])) == documented("a queue of `status`")
    assert set(one(status["unsettled"])) == documented("an unsettled of `status`")
    assert set(one(status["reasons"])) == documented("a reason of `status`")
    overdue = status["overdue"]
    assert isinstance(overdue, dict)
    assert set(overdue) == documented("`overdue` of `status`")
    assert set(one(status["mailboxes"])) == documented("a mailbox of `status`")


def test_the_keys_of_trace_are_the_documented_ones(printed: Printed) -> None:
    (story,) = printed.lines("trace", "01-17/42")
    steps = story["steps"]

    assert isinstance(steps, list)
    assert set(story) == documented("`trace`")
    letters = {key for step in steps if step["what"] == "letter" for key in step}
    events = {key for step in steps if step["what"] == "event" for key in step}
    assert letters == documented("a letter in `steps`")
    assert events == documented("an event in `steps`")


def test_the_keys_of_the_queues_are_the_documented_ones(printed: Printed) -> None:
    sent = printed.lines("queue", "list", "--state", "sent")
    parked = printed.lines("quarantine", "list")
    shown, attempt = printed.lines("queue", "show", str(sent[-1]["id"]))
    parked_shown, understood = printed.lines("quarantine", "show", str(parked[0]["id"]))

    for row in (*sent, *parked):
        assert set(row) == documented("a letter")
    assert set(shown) == documented("`queue show`") | documented("a letter")
    about = shown["about"]
    assert isinstance(about, dict)
    assert set(about) == documented("`about` of `queue show`")
    assert set(parked_shown) == documented("`quarantine show`") | documented("a letter")
    wrapping = parked_shown["wrapping"]
    assert isinstance(wrapping, dict)
    assert set(wrapping) == documented("`wrapping` of `quarantine show`")
    assert set(one(wrapping["parts"])) == documented("a part of `wrapping`")
    assert set(one(printed.lines("quarantine", "counts"))) == documented("a pile of `quarantine counts`")
    assert set(printed.lines("quarantine", "reasons")[0]) == documented("a reason of `quarantine reasons`")
    assert set(attempt) == documented("an attempt")
    assert set(understood) == documented("`explain`")


def test_the_keys_and_states_of_a_register_are_the_documented_ones(printed: Printed) -> None:
    (line,) = printed.lines("register", "received")
    told = text("operating.md").split("- `state` of a line is ", 1)[1].splitlines()[0]

    assert set(line) == documented("a line of `register`")
    assert words(told) == list(RUSSIAN.states) == list(ENGLISH.states)


def test_the_keys_of_a_finding_are_the_documented_ones(printed: Printed) -> None:
    assert {key for row in printed.lines("edms", "check") for key in row} == documented("a finding")


def test_the_keys_of_a_line_of_doctor_are_the_documented_ones(printed: Printed) -> None:
    assert set(printed.lines("doctor")[0]) == documented("a line of `doctor`")


def test_the_keys_of_a_change_are_the_documented_ones(printed: Printed) -> None:
    shown = printed.lines("edms", "watch", "--since", "2020-01-01", "--once")
    assert {key for row in shown for key in row} == documented("a change of `edms watch`")


def test_the_keys_of_an_official_are_the_documented_ones(printed: Printed) -> None:
    assert {key for row in printed.lines("directory", "export") for key in row} == documented("an official")


def test_the_columns_of_a_directory_are_the_documented_ones() -> None:
    told = [name for row in rows(text("operating.md"), "### Directories of people") for name in words(row[0])]

    assert tuple(told) == COLUMNS


def test_what_explain_is_shown_to_print_is_what_it_prints(printed: Printed) -> None:
    (shown,) = (block for block in blocks(text("operating.md"), "console") if "explain gw/sample.eml" in block)

    done = CliRunner().invoke(main, ["explain", str(printed.config.parent / "sample.eml")])

    def without_moment(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith("sent_at")]

    assert without_moment(done.stdout.splitlines()) == without_moment(shown.splitlines()[1:])


def test_the_header_of_a_letter_is_the_one_shown(printed: Printed) -> None:
    shown = next(block for block in blocks(text("protocol.md"), "") if block.startswith("From:"))
    lines = [line for line in shown.splitlines() if "(reports only)" not in line]

    sent = message_from_bytes((printed.config.parent / "sample.eml").read_bytes())

    assert [found[1] for line in lines if (found := re.match(r"([A-Z][\w-]+): ", line))] == sent.keys()


# --- adding-an-edms.md --------------------------------------------------------------------------------------------


@pytest.fixture
def bureau(tmp_path: Path) -> Path:
    """The made-up EDMS of the page, with its mapping."""
    page = text("adding-an-edms.md")
    (mapping,) = (block for block in blocks(page, "toml") if "[[register]]" in block)
    (tmp_path / "bureau.toml").write_text(mapping, encoding="utf-8")
    (tmp_path / "files").mkdir()
    database = sqlite3.connect(tmp_path / "bureau.db")
    database.executescript(blocks(page, "sql")[0])
    database.executescript(
        """
        insert into employee values (1, 'Лугов Семён Ильич', 'директор', 0);
        insert into employee values (2, 'Ключева Ольга Петровна', 'делопроизводитель', 1);
        """
    )
    database.close()
    return tmp_path


def act(bureau: Path, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(bureau / "bureau.db")
    try:
        with database:
            return list(database.execute(statement))
    finally:
        database.close()


def test_the_example_outbox_tells_what_the_rules_say(bureau: Path) -> None:
    (section,) = (block for block in blocks(text("adding-an-edms.md"), "toml") if "[[outbox.watch]]" in block)
    mapping = (bureau / "bureau.toml").read_text("utf-8").replace("overlap = 120\n", "")
    (bureau / "bureau.toml").write_text(f"{mapping}\n{section}", "utf-8")
    url = f"sqlite:///{bureau / 'bureau.db'}"
    with open_edms(bureau / "bureau.toml", url, bureau / "files", "Europe/Minsk", clock=Hands()) as edms:
        edms.prepare()
        database = sqlite3.connect(bureau / "bureau.db")
        database.executescript(edms.outbox_ddl())
        database.close()
        wrong = [finding for finding in edms.check().findings if not finding.ok]
        edms.register(letter(), {PDF.sha256: PDF}, ExchangeId("one"), intake())
        first = edms.changes(None)
        act(bureau, "update letter set state = 'refused', decided_at = '2020-01-01 10:00:00', note = 'nobody is here'")
        told = edms.changes(first.cursor).events

    assert wrong == []
    assert EventKind.REFUSED in [one.event.kind for one in told]


def test_the_example_mapping_registers_waits_reports_and_sends(bureau: Path) -> None:
    with open_edms(
        bureau / "bureau.toml", f"sqlite:///{bureau / 'bureau.db'}", bureau / "files", "Europe/Minsk", clock=Hands()
    ) as edms:
        edms.prepare()
        health = edms.check()
        contents = {PDF.sha256: PDF}

        registered = edms.register(letter(), contents, ExchangeId("one"), intake())
        again = edms.register(letter(), contents, ExchangeId("one"), intake())
        waiting = edms.register(letter(uid="doc-2"), contents, ExchangeId("two"), intake())
        act(
            bureau,
            "update letter set state = 'registered', number = 'IN-2', registered_on = '2026-11-23',"
            " decided_at = '2026-11-23 10:00:00' where state = 'waiting'",
        )
        told = edms.changes(None).events
        act(
            bureau,
            "insert into letter (direction, state, uid, partner, number, registered_on, subject)"
            " values ('out', 'to send', 'out-1', 'BEREG-02', 'OUT-1', '2026-11-22', 'An answer')",
        )
        (outgoing,) = edms.outgoing()
        edms.mark(outgoing.ref, OutgoingState.TAKEN)
        edms.mark(outgoing.ref, OutgoingState.SENT, "250 ok")
        news = Event(EventKind.REGISTERED, EventKey("registered"), MORNING, number=Number("77", TODAY))
        edms.record(outgoing.ref, [news, news])
        left = edms.outgoing()

    assert [finding for finding in health.findings if not finding.ok] == []
    assert isinstance(registered, Registration)
    assert isinstance(again, Registration)
    assert (registered.number.text, again.number.text, again.created) == ("IN-1", "IN-1", False)
    assert isinstance(waiting, Waiting)
    assert [(one.exchange, one.event.kind.value) for one in told if one.exchange == "two"] == [
        ("two", "forwarded"),
        ("two", "registered"),
    ]
    assert outgoing.document.uid == DocumentUid("out-1")
    assert left == ()
    assert act(bureau, "select state, their_number from letter where uid = 'out-1'") == [("registered there", "77")]
