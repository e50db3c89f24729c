# SPDX-License-Identifier: GPL-3.0-or-later
"""Every standard with every other one, from registry to registry: the whole ladder by real SMTP and real directories.

Two gateways run as processes of their own, as in service: their listeners, relays, folders and workers are what is
tested, and one pair of processes carries all conversations, which costs less than offices assembled one by one.
"""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, fields
from email import message_from_bytes
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree

from gateway.cli import main
from gateway.dialects import by_name
from gateway.edms_adapter import BUILT_IN
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import one, rows
from gateway.journal import entries, exchanges
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.exchanges import Exchange
from gateway.model import Document, EventKind
from tests.edge.ladder import ANSWER, DEADLINE, FILES, REPLY, SUBJECT, Conversation, Ladder
from tests.edge.many_offices import Pair, Towns, found, journal_of, open_doors

ROOTS = {
    "sev": {"DocInfo", "Report"},
    "medo": {"communication"},
    "smdo": {"Envelop"},
    "gost2010": {"Header"},
}  # the root elements of each standard
STANDARDS = tuple(sorted(ROOTS))
BY_MAIL = tuple(
    Pair(f"{minsk}-{moscow}", minsk, moscow, place)
    for place, (minsk, moscow) in enumerate(product(STANDARDS, STANDARDS))
)
BY_FOLDER = tuple(
    Pair(f"folder-{layout}", layout, layout, len(BY_MAIL) + place, layout)
    for place, layout in enumerate(("medo", "sev"))
)
PAIRS = (*BY_MAIL, *BY_FOLDER)
# in the plain run every standard is asked in once and answered in once, and the folders
PLAIN = frozenset(
    (
        *(f"{minsk}-{moscow}" for minsk, moscow in zip(STANDARDS, (*STANDARDS[1:], STANDARDS[0]), strict=True)),
        *(pair.name for pair in BY_FOLDER),
    )
)
IN_WORDS = ("progress",)
NEWS = {  # what each step brings onto the card of who asked, by the standard he asked in
    "send": {
        "sev": ("received", "registered", "forwarded"),
        "medo": ("received", "registered", "progress"),
        "smdo": ("received", "registered", "progress"),
        "gost2010": ("received", "registered", "progress"),
    },
    "instruct": {"sev": ("assigned",), "medo": ("assigned",), "smdo": IN_WORDS, "gost2010": IN_WORDS},
    "move_deadline": {"sev": ("due_changed",), "medo": ("due_changed",), "smdo": IN_WORDS, "gost2010": IN_WORDS},
    "report": {"sev": ("executor_reported",), "medo": IN_WORDS, "smdo": IN_WORDS, "gost2010": IN_WORDS},
    "close": {"sev": ("executed",), "medo": IN_WORDS, "smdo": IN_WORDS, "gost2010": IN_WORDS},
    "carry_out": {  # in SEV a task that was sent is seen as given when it is told of first
        "sev": ("assigned", "executor_reported", "executed"),
        "medo": ("progress", "progress"),
        "smdo": ("progress", "progress"),
        "gost2010": ("progress", "progress"),
    },
    "answer": {  # where it is told in words, the answering document proves it
        "sev": ("answered",),
        "medo": ("answered",),
        "smdo": ("answered", "progress"),
        "gost2010": ("answered", "progress"),
    },
}


@dataclass(frozen=True)
class Sent:
    """A letter that a town sent, as its journal keeps it."""

    entry: Entry
    standard: str  # what it is written in, by its root element


@dataclass(frozen=True)
class Played:
    """Both towns after the whole ladder; their gateways have ended."""

    home: Path
    towns: Towns
    talks: dict[str, Conversation]
    exchanges: dict[tuple[str, str, str, str], Exchange]  # by town, direction, partner and subject
    sent: dict[str, list[Sent]]  # by exchange
    letters: list[Entry]  # all, of both towns
    stories: dict[tuple[str, str], Any]  # what `trace` says, by town and exchange; Any: JSON

    def of(self, town: str, talk: Conversation, subject: str) -> Exchange:
        """Return the exchange about the document with *subject*, as *town* has it; the asker's own goes out there."""
        theirs = (town == talk.asker) is (subject == REPLY)
        return self.exchanges[town, "in" if theirs else "out", talk.pair.name, subject]

    def traced(self, town: str, talk: Conversation, subject: str) -> Any:
        """Return what `trace` says in *town* of the document with *subject*."""
        return self.stories[town, self.of(town, talk, subject).id]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play all conversations; those that only the thorough run looks at in that one."""
    home = tmp_path_factory.mktemp("towns")
    pairs = [pair for pair in PAIRS if pair.name in PLAIN or os.environ.get("GATEWAY_TESTS") == "thorough"]
    towns = found(home, pairs)
    talks = [Conversation(pair, "minsk") for pair in pairs]
    talks += [Conversation(pair, "moscow") for pair in pairs if pair.folder]
    with open_doors(towns):
        Ladder(towns, talks).play(NEWS)
    played = Played(home, towns, {talk.name: talk for talk in talks}, {}, {}, [], {})
    for town in ("minsk", "moscow"):
        remember(played, town)
        trace(played, town)
    return played


def remember(played: Played, town: str) -> None:
    """Read the journal of *town*."""
    journal = journal_of(played.towns.of(town))
    try:
        with journal.read() as tx:
            letters = entries.select(tx, limit=1000)
            ids = {letter.exchange for letter in letters if letter.exchange}
            played.letters.extend(letters)
            for letter in letters:
                if letter.direction is Direction.OUT and letter.exchange:
                    data = b"".join(entries.letter(tx, journal.blobs, letter.id).blocks())
                    played.sent.setdefault(letter.exchange, []).append(Sent(letter, standard_of(data)))
            for exchange in exchanges.several(tx, ids):
                subject = body(exchange).subject
                played.exchanges[town, exchange.direction, exchange.partner, subject] = exchange
    finally:
        journal.close()


def trace(played: Played, town: str) -> None:
    """Let `trace` tell every document in *town*: organisations count alike, so a few numbers name all of them."""
    config = str(played.towns.of(town).config)
    for number in {exchange.number.text for exchange in played.exchanges.values()}:
        said = CliRunner().invoke(main, ["--config", config, "trace", number, "--json"])
        assert said.exit_code == 0, said.output
        stories = map(json.loads, said.stdout.splitlines())
        played.stories.update({(town, story["exchange"]): story for story in stories})


def body(exchange: Exchange) -> Document:
    assert exchange.message is not None
    assert isinstance(exchange.message.body, Document)
    return exchange.message.body


def standard_of(data: bytes) -> str:
    """Return in which standard a letter is written: by its root element, as an independent reader finds it."""
    for part in message_from_bytes(data).walk():
        if part.get_content_type() in ("application/xml", "text/xml"):
            root = etree.QName(etree.fromstring(bytes(part.get_payload(decode=True)))).localname
            return next(standard for standard, roots in ROOTS.items() if root in roots)
    raise AssertionError("a letter without a passport")


@pytest.fixture(
    params=[
        *(pair.name if pair.name in PLAIN else pytest.param(pair.name, marks=pytest.mark.thorough) for pair in PAIRS),
        *(f"{pair.name}-back" for pair in BY_FOLDER),
    ]
)
def talk(request: pytest.FixtureRequest, played: Played) -> Conversation:
    return played.talks[request.param]


def test_every_rung_comes_home_as_the_standard_of_the_question_says_it(played: Played, talk: Conversation) -> None:
    expected = {step: sorted(by_standard[talk.dialect]) for step, by_standard in NEWS.items()}

    assert {step: sorted(kinds) for step, kinds in talk.heard.items()} == expected
    assert played.of(talk.asker, talk, SUBJECT).rung == "answered"
    assert played.of(talk.answerer, talk, SUBJECT).rung == "answered"


def test_the_document_is_registered_there_and_its_number_stands_on_the_card(played: Played, talk: Conversation) -> None:
    with people.at_work(played.towns.of(talk.asker).registry) as work:
        ours, row = people.card(work, talk.card), people.ladder(work, talk.card)[0]
    with people.at_work(played.towns.of(talk.answerer).registry) as work:
        theirs = people.card(work, talk.there)
        files = rows(
            work,
            "select name, content from card_file where card_id = :card and execution_id is null order by position",
            card=talk.there,
        )
        sender = one(work, "select * from correspondent where id = :key", key=theirs.correspondent_id)
        where = [row.inbox for row in people.inboxes(work, talk.there)]
        task = people.instruction(work, talk.task)
        who = [executor.who for executor in people.executors(work, talk.task)]

    assert (row.state, row.partner_number, str(row.partner_date)) == ("registered", theirs.number, str(theirs.reg_date))
    assert (theirs.partner_number, str(theirs.partner_date)) == (ours.number, str(ours.reg_date))
    assert {file.name: file.content for file in files} == FILES
    assert sender.exchange_index == talk.we.index
    assert any(inbox.startswith(talk.they.person("Берёзкина")) for inbox in where)
    assert (task.text, str(task.deadline)) == ("Представить сведения", str(DEADLINE))
    assert [name.startswith(talk.they.person("Кленов")) for name in who] == [True]


def test_a_refusal_comes_home_as_one_with_its_words(played: Played, talk: Conversation) -> None:
    with people.at_work(played.towns.of(talk.asker).registry) as work:
        row, news = people.ladder(work, talk.refused)[0], people.news(work, talk.refused)

    assert row.state == "refused"
    assert sorted(each.event for each in news) == ["received", "refused"]
    assert "Приём документов" in row.refusal


def test_the_answer_is_registered_and_tied_to_the_question_on_both_sides(played: Played, talk: Conversation) -> None:
    with people.at_work(played.towns.of(talk.asker).registry) as work:
        here = [linked.id for linked in people.linked(work, talk.card)]
        reply = people.card(work, talk.reply)
        back = [linked.id for linked in people.linked(work, talk.reply)]
        files = rows(work, "select name, content from card_file where card_id = :card", card=talk.reply)
    with people.at_work(played.towns.of(talk.answerer).registry) as work:
        there = [linked.id for linked in people.linked(work, talk.there)]
        row, answer = people.ladder(work, talk.answer)[0], people.card(work, talk.answer)

    assert (here, back, there) == ([talk.reply], [talk.card], [talk.answer])
    assert {file.name: file.content for file in files} == ANSWER
    assert (row.state, row.partner_number) == ("registered", reply.number)
    assert reply.partner_number == answer.number


def test_whoever_asks_hears_all_of_it_in_the_standard_he_asked_in(played: Played, talk: Conversation) -> None:
    for town, subject, standard in (
        (talk.asker, SUBJECT, talk.dialect),
        (talk.answerer, REPLY, talk.dialect_of_answer),
    ):
        other = talk.answerer if town == talk.asker else talk.asker
        asked = played.sent[played.of(town, talk, subject).id]
        told = played.sent[played.of(other, talk, subject).id]

        assert {letter.standard for letter in asked} == {standard}
        assert {letter.standard for letter in told} == {standard}
        assert {letter.entry.kind for letter in told} == {"receipt", "report"}


def test_trace_says_of_every_fact_what_becomes_of_it_and_so_it_comes(played: Played, talk: Conversation) -> None:
    standard = by_name(talk.dialect)
    story = played.traced(talk.answerer, talk, SUBJECT)
    ours = [step for step in story["steps"] if step["what"] == "event" and step["ours"]]
    heard = Counter(kind for kinds in talk.heard.values() for kind in kinds)

    for step in ours:
        row = standard.carries[EventKind(step["kind"])]
        words = {"whole": None, "as": f"{talk.dialect} says it as {row.words}"}
        assert step["carried"] == words.get(row.how, f"{talk.dialect} cannot say it: {row.words}")
    whole = Counter(step["kind"] for step in ours if step["carried"] is None)
    in_words = [step["kind"] for step in ours if step["carried"] and " says it as " in step["carried"]]
    assert whole - heard == Counter()
    assert len(in_words) == (heard - whole).total() - IMPLIED[talk.dialect]


NO_PLACE = {"control", "original_follows"}  # when the whole document is due; that no paper follows
LOST = {"sev": set[str](), "medo": NO_PLACE, "smdo": NO_PLACE, "gost2010": NO_PLACE}
IMPLIED = {"sev": 1, "medo": 0, "smdo": 1, "gost2010": 1}  # facts heard that nobody told in a report; see NEWS


def test_trace_names_the_parts_of_a_document_that_do_not_arrive_and_no_others(
    played: Played, talk: Conversation
) -> None:
    for town, subject in ((talk.asker, SUBJECT), (talk.answerer, REPLY)):
        other = talk.answerer if town == talk.asker else talk.asker
        said, read = (body(played.of(who, talk, subject)) for who in (town, other))
        empty = Document()
        gone = {
            each.name
            for each in fields(Document)
            if getattr(said, each.name) != getattr(empty, each.name)
            and getattr(read, each.name) == getattr(empty, each.name)
        }

        lost = {part for part in played.traced(town, talk, subject)["lost"] if part.isidentifier()}  # whole
        assert lost - {"subscription"} == gone - {"card", "linked"}
        assert subject == REPLY or gone - {"card", "linked"} == LOST[talk.dialect]


def test_nothing_is_left_over_or_contradicts_itself(played: Played) -> None:
    assert {letter.state for letter in played.letters} == {State.DONE, State.SENT}
    facts = [step for story in played.stories.values() for step in story["steps"] if step["what"] == "event"]
    assert not any(fact["contradicts"] or fact["late"] for fact in facts)


# --- ways ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", BY_FOLDER, ids=lambda pair: pair.name)
def test_what_goes_by_folders_goes_by_nothing_else_and_each_package_once(played: Played, pair: Pair) -> None:
    letters = [letter for letter in played.letters if letter.partner == pair.name]
    sent = [letter for letter in letters if letter.direction is Direction.OUT]
    taken = [letter for letter in letters if letter.direction is Direction.IN]

    assert {letter.recipient.partition(" ")[0] for letter in sent} == {"folder"}
    assert {letter.source.partition(":")[0] for letter in taken} == {"folder"}
    assert len(sent) == len(taken)
    exchange = played.home / "exchange"
    for town in ("minsk", "moscow"):
        assert [path.name for path in (exchange / f"{pair.name}-to-{town}").iterdir()] == [".edms-gateway"]
    sidecar = "*/*.env" if pair.folder == "sev" else "*/*/envelope.ini"
    assert len(list(exchange.glob(f"{pair.name}-taken-in-*/{sidecar}"))) == len(taken)


# --- the EDMS -----------------------------------------------------------------------------------------------------


def test_the_mapping_of_the_edms_is_one_file_that_knows_no_standard(played: Played) -> None:
    for town in ("minsk", "moscow"):
        assert 'mapping = "registry"' in played.towns.of(town).config.read_text()
    mapping = (BUILT_IN / "registry.toml").read_text()
    assert not re.search(rf"\b({'|'.join(STANDARDS)})\b", mapping.casefold())
