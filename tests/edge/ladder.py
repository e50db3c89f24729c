# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole ladder in many pairs of offices at once: people act in their registries, gateways do the rest.

Each step is taken in every conversation before anybody waits for what it brings, so that many cost little more time
than one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from time import monotonic, sleep

from gateway.demo.files import pdf
from gateway.demo.story import moment
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add, do, one, rows
from gateway.edms_adapter.sql.database import Work
from tests.edge.many_offices import REFUSED, Pair, Side, Towns, at_rest

FILES = {"Письмо об обмене.pdf": pdf("On the exchange of documents"), "Приложение № 1.txt": "Перечень\n".encode()}
ANSWER = {"Ответ.pdf": pdf("Answer")}
SUBJECT, REPLY = "Об обмене документами", "Ответ об обмене"
DEADLINE = date(2031, 3, 25)
LATER = DEADLINE + timedelta(days=7)
PATIENCE_SECONDS = 240.0  # LIMIT: for one step in all conversations, on a machine that has much else to do
LOOK_SECONDS = 0.2


@dataclass(slots=True)
class Conversation:
    """A document that *asker* sends, and what is known of it so far."""

    pair: Pair
    asker: str  # "minsk" or "moscow"
    card: int = 0  # the asker's
    refused: int = 0  # the asker's, of the document that is refused
    there: int = 0  # the answerer's
    instruction: int = 0  # the answerer's own
    task: int = 0  # the one that was sent, as the answerer has it
    answer: int = 0  # the answerer's
    reply: int = 0  # the answer, as the asker has it
    heard: dict[str, list[str]] = field(default_factory=dict)  # by step, the kinds of news it brought onto the card

    @property
    def name(self) -> str:
        return self.pair.name if self.asker == "minsk" else f"{self.pair.name}-back"

    @property
    def answerer(self) -> str:
        return "moscow" if self.asker == "minsk" else "minsk"

    @property
    def we(self) -> Side:
        return self.pair.side(self.asker)

    @property
    def they(self) -> Side:
        return self.pair.side(self.answerer)

    @property
    def dialect(self) -> str:
        """What the asker speaks, and so everything that is told of its document."""
        return self.pair.speaks(self.asker)

    @property
    def dialect_of_answer(self) -> str:
        return self.pair.speaks(self.answerer)


Act = Callable[[Work, Conversation], None]
Fact = Callable[[Work, Conversation], bool]
News = Mapping[str, Mapping[str, Sequence[str]]]  # by step and standard, the kinds of news it shall bring


@dataclass(slots=True)
class Ladder:
    """Plays conversations between two towns, step by step."""

    towns: Towns
    talks: Sequence[Conversation]

    def play(self, news: News) -> None:
        """Climb the ladder; each step waits for as many *news* on the asker's card as it shall bring."""
        self.act("asker", write)
        self.heard("send", news)
        self.until("the refusal", "asker", was_refused)
        self.until("the document in an inbox", "answerer", arrived)
        for act in (instruct, move_deadline, report, close, carry_out, answer):
            self.act("answerer", act)
            self.heard(act.__name__, news)
        self.until("the answer", "asker", replied)
        self.until("the news of the answer", "answerer", partial(was_told, news))
        began = monotonic()
        while not at_rest(self.towns):
            assert monotonic() - began < PATIENCE_SECONDS, "letters are still on their way"
            sleep(LOOK_SECONDS)

    def act(self, who: str, act: Act) -> None:
        """Let *who* ("asker", "answerer") act in every conversation."""
        for work, talk in self._each(who):
            act(work, talk)

    def heard(self, step: str, news: News) -> None:
        """Wait for what *step* brings, and keep what it brought."""

        def all_came(work: Work, talk: Conversation) -> bool:
            before = sum(map(len, talk.heard.values()))
            return len(kinds(work, talk.card)) >= before + len(news[step][talk.dialect])

        self.until(f"what {step} brings", "asker", all_came)
        for work, talk in self._each("asker"):
            talk.heard[step] = kinds(work, talk.card)[sum(map(len, talk.heard.values())) :]

    def until(self, what: str, who: str, fact: Fact) -> None:
        """Wait until *fact* is true in every conversation, for *who* of it."""
        began = monotonic()
        while missing := [talk.name for work, talk in self._each(who) if not fact(work, talk)]:
            assert monotonic() - began < PATIENCE_SECONDS, f"{what} never came in {', '.join(missing)}"
            sleep(LOOK_SECONDS)

    def _each(self, who: str) -> Iterator[tuple[Work, Conversation]]:
        """Yield every conversation with the registry in which *who* of it works."""
        for town in ("minsk", "moscow"):
            with people.at_work(self.towns.of(town).registry) as work:
                yield from ((work, talk) for talk in self.talks if getattr(talk, who) == town)


# --- what people do -----------------------------------------------------------------------------------------------


def write(work: Work, talk: Conversation) -> None:
    """The asker: register a document with two files and a task and one that will be refused, and send both."""
    we, they, now = talk.we, talk.they, moment()
    signer, clerk = we.person("Берёзкина"), we.person("Дубов")
    talk.card = people.write_card(
        work,
        SUBJECT,
        FILES,
        signer=signer,
        drafter=clerk,
        now=now,
        deadline=DEADLINE,
        original_follows=False,
    )
    people.instruct(
        work,
        talk.card,
        "Представить сведения",
        author=signer,
        executors=[f"{they.person('Кленов')} П. И."],
        now=now,
        deadline=DEADLINE,
        organisation=they.index,
    )
    people.send(work, talk.card, they.index, clerk=clerk, now=now, to=f"{they.person('Берёзкина')} А. В.")
    talk.refused = people.write_card(work, "Запрос", FILES, signer=signer, drafter=clerk, now=now)
    usual = one(work, "select g.* from doc_group g join card c on c.group_id = g.id where c.id = :c", c=talk.refused)
    group = add(work, "doc_group", name=REFUSED, direction="out", journal_id=usual.journal_id, is_default=False)
    do(work, "update card set group_id = :group where id = :card", group=group, card=talk.refused)
    people.send(work, talk.refused, they.index, clerk=clerk, now=now)


def instruct(work: Work, talk: Conversation) -> None:
    they = talk.they
    talk.instruction = people.instruct(
        work,
        talk.there,
        "Прошу подготовить ответ",
        author=they.person("Берёзкина"),
        executors=[they.person("Кленов")],
        now=moment(),
        deadline=DEADLINE,
    )


def move_deadline(work: Work, talk: Conversation) -> None:
    people.change_deadline(work, talk.instruction, LATER, by=talk.they.person("Берёзкина"), now=moment())


def report(work: Work, talk: Conversation) -> None:
    people.report(work, talk.instruction, "Ответ подготовлен", by=talk.they.person("Кленов"), now=moment())


def close(work: Work, talk: Conversation) -> None:
    people.close(work, talk.instruction, "Исполнено в срок", by=talk.they.person("Берёзкина"), now=moment())


def carry_out(work: Work, talk: Conversation) -> None:
    """The answerer: report on the task that was sent, and close it."""
    people.report(work, talk.task, "Сведения готовы", by=talk.they.person("Кленов"), now=moment())
    people.close(work, talk.task, "Исполнено", by=talk.they.person("Берёзкина"), now=moment())


def answer(work: Work, talk: Conversation) -> None:
    they = talk.they
    talk.answer = people.answer(
        work,
        talk.there,
        REPLY,
        ANSWER,
        signer=they.person("Берёзкина"),
        drafter=they.person("Дубов"),
        now=moment(),
    )


# --- what can be seen ---------------------------------------------------------------------------------------------


def kinds(work: Work, card: int) -> list[str]:
    """Return the kinds of the partner's news on *card*, in the order they came."""
    return [row.event for row in people.news(work, card)]


def was_refused(work: Work, talk: Conversation) -> bool:
    return len(kinds(work, talk.refused)) == 2


def arrived(work: Work, talk: Conversation) -> bool:
    """The answerer's card is there, and in an inbox."""
    talk.there = registered_here(work, talk.they, SUBJECT)
    tasks = rows(work, "select id from instruction where card_id = :card", card=talk.there)
    talk.task = tasks[0].id if tasks else 0
    return bool(talk.there and talk.task)


def replied(work: Work, talk: Conversation) -> bool:
    """The answer is there, and in an inbox."""
    talk.reply = registered_here(work, talk.we, REPLY)
    return bool(talk.reply)


def registered_here(work: Work, side: Side, subject: str) -> int:
    """Return the card of *side* that came with *subject*, is registered and lies in an inbox; 0: there is none."""
    found = rows(
        work,
        "select c.id from card c join office o on o.id = c.office_id join inbox_row r on r.card_id = c.id"
        " where c.direction = 'in' and o.exchange_index = :index and c.subject = :subject and c.number is not null",
        index=side.index,
        subject=subject,
    )
    return int(found[0].id) if found else 0


def was_told(news: News, work: Work, talk: Conversation) -> bool:
    """The answerer knows of the answer all that is told of a document when it was sent: nothing more will come."""
    return len(kinds(work, talk.answer)) == len(news["send"][talk.dialect_of_answer])
