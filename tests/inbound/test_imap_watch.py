# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a mailbox whose server misbehaves, is busy, or does not let us in."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from gateway.content import MemorySink
from gateway.inbound.imap.framing import Limits
from gateway.inbound.imap.guard import Patience
from gateway.inbound.imap.login import retreat
from gateway.inbound.imap.watch import Watching
from gateway.journal.entries import imap_source
from tests.inbound.imap_kit import Watch
from tests.inbound.imap_script import Act, Hangup, Script, Talk, closes, described, says, stays_silent

POLL = timedelta(minutes=2)
HALF_AN_HOUR = timedelta(minutes=30)
LETTER = b"Subject: one\r\n\r\nTo file.\r\n"
OTHER = b"Subject: two\r\n\r\nTo file.\r\n"


def watched(script: Script, **more: Any) -> Watching:
    settings: dict[str, Any] = {"name": "exchange", "user": "registry", "password": "canary", "start": "all"} | more
    return Watching(host="localhost", port=script.port, tls="none", **settings)


def once(act: Act, otherwise: Callable[..., Any]) -> Act:
    """Return an act that is *act* the first time and *otherwise* later."""
    done: list[bool] = []

    async def either(talk: Talk, tag: str, rest: str) -> None:
        if done:
            await otherwise(talk, tag, rest)
        else:
            done.append(True)
            await act(talk, tag, rest)

    return either


def body_only(act: Act, script: Script) -> Act:
    """Return an act for FETCH that is *act* where a letter is read, and good where it is described."""

    async def either(talk: Talk, tag: str, rest: str) -> None:
        await (act if "BODY" in rest else script.do_fetch)(talk, tag, rest)

    return either


# --- the connection


@pytest.mark.parametrize("verb", ["capability", "login", "select", "search", "fetch", "idle"])
async def test_a_connection_lost_at_any_step_is_made_again_and_the_letter_taken_once(verb: str) -> None:
    script = Script({1: LETTER})
    script.acts[verb] = once(closes, getattr(script, f"do_{verb}"))
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.accepting.count(1)
        await watch.memory.failures_told(1)
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)

    assert watch.accepting.letters() == [LETTER]
    assert script.connections == 2


async def test_a_goodbye_while_idling_is_told_and_followed_by_a_new_connection() -> None:
    script = Script({1: LETTER})

    async def goodbye(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("+ idling", "* BYE going down for the night")
        raise Hangup

    script.acts["idle"] = once(goodbye, script.do_idle)
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.memory.rounds_done(2)

    assert "going down for the night" in watch.memory.failures[0][0]
    assert not watch.memory.failures[0][1]


async def test_a_literal_cut_off_is_never_taken_for_a_letter() -> None:
    script = Script({1: LETTER})

    async def cut_off(talk: Talk, tag: str, rest: str) -> None:
        await talk.raw(b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\nSubject" % len(LETTER))
        raise Hangup

    script.acts["fetch"] = body_only(once(cut_off, script.do_fetch), script)
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.accepting.count(1)

    assert watch.accepting.letters() == [LETTER]


async def test_a_server_that_falls_silent_is_left() -> None:
    script = Script({1: LETTER})
    script.acts["search"] = once(stays_silent, script.do_search)
    watch = Watch()

    async with (
        script.serving(),
        watch.running(watched(script), patience=Patience(silence=timedelta(seconds=0.5))),
    ):
        await watch.accepting.count(1)

    assert any("no answer to SEARCH in time" in words for words, _ in watch.memory.failures)


async def test_a_letter_that_breaks_the_connection_every_time_does_not_stop_the_others() -> None:
    script = Script({1: b"poison", 2: LETTER})

    async def poisoned(talk: Talk, tag: str, rest: str) -> None:
        if rest.startswith("1 "):
            await talk.say("* 1 FETCH (UID 1 BODY[]<0> {99999999999}")
            await talk.silence()
        await script.do_fetch(talk, tag, rest)

    script.acts["fetch"] = body_only(poisoned, script)
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.accepting.count(1)
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        script.acts.clear()
        watch.clock.moment += timedelta(hours=2)
        watch.wake.set()
        await watch.accepting.count(2)

    assert watch.accepting.letters() == [LETTER, b"poison"]
    assert script.connections == 4


def test_retreat_grows_from_a_second_to_five_minutes_and_is_jittered_in_full() -> None:
    drawn = {failures: [retreat(failures, Random(seed)) for seed in range(300)] for failures in (1, 5, 9, 1000)}

    assert all(min(waits) < max(waits) * 0.1 for waits in drawn.values())
    assert [max(drawn[f]).total_seconds() for f in (1, 5, 9, 1000)] == pytest.approx([1, 16, 256, 300], rel=0.05)


# --- getting in


async def test_a_refused_password_is_tried_three_times_and_then_every_half_hour() -> None:
    script = Script(login=says("{tag} NO [AUTHENTICATIONFAILED] wrong, my friend"))
    watch = Watch(lasts=lambda pause: pause == HALF_AN_HOUR)

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: HALF_AN_HOUR in watch.sleeping.pauses)
        tries = script.connections
        watch.wake.set()
        watch.sleeping.over()
        await watch.sleeping.until(lambda: watch.sleeping.pauses.count(HALF_AN_HOUR) == 2)

    assert tries == 3
    assert script.connections == 4
    assert watch.memory.failures == [("[AUTHENTICATIONFAILED] wrong, my friend", True)] * 4


async def test_a_password_is_asked_for_at_every_login() -> None:
    script = Script(login=says("{tag} NO no"))
    passwords = iter(["first", "second", "third", "fourth"])
    watch = Watch(lasts=lambda pause: pause == HALF_AN_HOUR)

    async with script.serving(), watch.running(watched(script, password=lambda: next(passwords))):
        await watch.sleeping.until(lambda: HALF_AN_HOUR in watch.sleeping.pauses)

    logins = [command for command in script.heard if command.startswith("LOGIN")]
    assert logins == [f'LOGIN "registry" "{word}"' for word in ("first", "second", "third")]


@pytest.mark.parametrize(
    ("verb", "words", "wait"),
    [
        ("login", "NO [UNAVAILABLE] Temporary authentication failure", None),
        ("login", "NO [INUSE] somebody is there", None),
        ("login", "NO [ALERT] Too many simultaneous connections. (Failure)", None),
        ("select", "BAD User is authenticated but not connected.", None),
        ("select", "BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds", 92.415),
        ("search", "BAD Request is throttled. Suggested Backoff Time: 7000", 7),
        ("select", "NO Suggested Backoff Time: 99999999 milliseconds", 3600),
    ],
)
async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks_and_no_password_is_blamed(
    verb: str, words: str, wait: float | None
) -> None:
    script = Script({1: LETTER}, **{verb: says("{tag} " + words)})
    watch = Watch(lasts=lambda pause: True)

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: bool(watch.sleeping.pauses))

    told, refused = watch.memory.failures[0]
    assert words.partition(" ")[2] in told
    assert not refused
    assert wait is None or watch.sleeping.pauses[0] == timedelta(seconds=wait)


async def test_a_goodbye_for_too_many_connections_is_a_busy_server() -> None:
    script = Script()
    script.greeting = "* BYE Too many connections, Suggested Backoff Time: 5000"
    watch = Watch(lasts=lambda pause: True)

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: bool(watch.sleeping.pauses))

    assert watch.sleeping.pauses == [timedelta(seconds=5)]


async def test_no_password_is_sent_where_the_server_forbids_it() -> None:
    script = Script()
    script.capabilities = "IMAP4rev1 LOGINDISABLED"
    watch = Watch(lasts=lambda pause: True)

    async with script.serving(), watch.running(watched(script)):
        failures = await watch.memory.failures_told(1)

    assert failures[0][1]
    assert "canary" not in str(script.heard)


@pytest.mark.parametrize("host", ["mail.example", "192.0.2.7"])
def test_a_password_in_the_clear_beyond_this_machine_has_to_be_meant(host: str) -> None:
    settings: dict[str, Any] = {"name": "x", "host": host, "tls": "none", "user": "u", "password": "canary"}

    with pytest.raises(ValueError, match="allow_plain"):
        Watching(**settings)
    assert "canary" not in repr(Watching(**settings, allow_plain=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle": timedelta(minutes=10)},
        {"poll": timedelta(0)},
        {"after": "move"},
        {"after": "move", "done_folder": "INBOX"},
        {"keyword": "two words"},
        {"keyword": "x)\r\nA1 DELETE INBOX"},
        {"per_cycle": 0},
    ],
)
def test_a_watching_that_cannot_work_cannot_be_built(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Watching(**({"name": "x", "host": "localhost", "user": "u", "password": "p"} | wrong))


# --- letters


async def settle(script: Script, watch: Watch, **more: Any) -> None:
    """Watch until everything has been done and the watch waits."""
    async with script.serving(), watch.running(watched(script, **more)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)


@pytest.mark.parametrize(
    "answer",
    [
        '* 1 FETCH (UID 2 BODY[]<0> "Subject: another")',
        '* 1 FETCH (UID 1 BODY[]<5> "Subject: from byte five")',
        '* 1 FETCH (UID 1 BODY[] "Subject: from who knows where")',
        '* 1 FETCH (UID 1 BODY[]<0> "")',
        "* 1 FETCH (UID 1 BODY[]<0> NIL)",
        "* 1 FETCH (UID 1 FLAGS ())",
        "* OK nothing at all",
    ],
)
async def test_what_is_not_surely_the_letter_is_not_taken_and_complained_of(answer: str) -> None:
    script = Script({1: LETTER})
    script.acts["fetch"] = body_only(says(answer, "{tag} OK done"), script)
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.deliveries == []
    assert "letter 1" in watch.memory.failures[0][0]
    assert watch.memory.gone == set()


async def test_a_block_longer_than_asked_for_is_not_taken() -> None:
    script = Script({1: LETTER})
    too_long = says(f"* 1 FETCH (UID 1 BODY[]<0> {{{(1 << 20) + 1}}}\r\n{'x' * ((1 << 20) + 1)})", "{tag} OK done")
    script.acts["fetch"] = body_only(too_long, script)
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.deliveries == []


async def test_nil_for_a_letter_that_is_gone_is_recorded_as_vanished() -> None:
    script = Script({1: LETTER, 2: OTHER})

    async def gone(talk: Talk, tag: str, rest: str) -> None:
        if rest.startswith("1 "):
            script.letters.pop(1, None)
            await talk.say("* 1 FETCH (UID 1 BODY[] NIL)", f"{tag} OK [EXPUNGEISSUED] some are gone")
        else:
            await script.do_fetch(talk, tag, rest)

    script.acts["fetch"] = body_only(gone, script)
    watch = Watch()

    await settle(script, watch)

    assert watch.memory.gone == {("exchange", 1, 1)}
    assert watch.accepting.letters() == [OTHER]


@pytest.mark.parametrize("believed", [1, len(LETTER) - 1, len(LETTER) + 1, 10_000_000])
async def test_a_wrong_size_from_the_server_neither_cuts_nor_pads_a_letter(believed: int) -> None:
    script = Script({1: LETTER})

    async def fetch(talk: Talk, tag: str, rest: str) -> None:
        if "BODY" in rest:
            await script.do_fetch(talk, tag, rest)
        else:
            await talk.say(described(1, believed), f"{tag} OK done")

    script.acts["fetch"] = fetch
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.letters() == [LETTER]


async def test_blocks_shorter_than_asked_for_do_not_cut_a_letter() -> None:
    script = Script({1: LETTER})

    async def stingy(talk: Talk, tag: str, rest: str) -> None:
        await script.do_fetch(talk, tag, rest.replace(".1048576>", ".7>"))

    script.acts["fetch"] = stingy
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.letters() == [LETTER]


async def test_news_of_other_letters_in_between_change_nothing() -> None:
    script = Script({1: LETTER})

    async def chatty(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("* 9 EXPUNGE", "* 3 FETCH (FLAGS (\\Seen))", "* 1 FETCH (UID 7 BODY[]<0> {3}\r\nxyz)")
        await script.do_fetch(talk, tag, rest)

    script.acts["fetch"] = chatty
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.letters() == [LETTER]


@pytest.mark.parametrize("admitted", [True, False])
async def test_a_letter_over_the_limit_is_left_there_and_complained_of_in_every_round(admitted: bool) -> None:
    script = Script({1: b"x" * 3_000_000, 2: LETTER})

    async def fetch(talk: Talk, tag: str, rest: str) -> None:
        if "BODY" in rest:
            await script.do_fetch(talk, tag, rest)
        else:
            await talk.say(described(1, 3_000_000 if admitted else 10), described(2, len(LETTER)), f"{tag} OK done")

    script.acts["fetch"] = fetch
    watch = Watch()

    async with script.serving(), watch.running(watched(script, max_letter_bytes=2_000_000)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        watch.sleeping.over()
        failures = await watch.memory.failures_told(2)

    assert watch.accepting.letters() == [LETTER]
    assert all("letter 1 has" in words and "max_letter_bytes" in words for words, _ in failures)
    asked = [command for command in script.heard if command.startswith("UID FETCH 1 (UID BODY")]
    assert bool(asked) != admitted


async def test_nobody_complains_of_a_letter_that_is_no_longer_there() -> None:
    script = Script({1: b"x" * 100, 2: LETTER})
    watch = Watch()

    async with script.serving(), watch.running(watched(script, max_letter_bytes=50)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        del script.letters[1]
        watch.sleeping.over()
        await watch.sleeping.until(lambda: watch.sleeping.pauses.count(POLL) == 2)

    assert len(watch.memory.failures) == 1


async def test_after_a_new_uidvalidity_letters_older_than_the_first_start_stay_ignored() -> None:
    script = Script({1: OTHER})
    watch = Watch()

    async def fetch(talk: Talk, tag: str, rest: str) -> None:
        if "BODY" in rest:
            await script.do_fetch(talk, tag, rest)
        else:
            later = described(2, len(LETTER)).replace("08:00:00", "10:00:00")
            await talk.say(described(1, len(OTHER)), later, f"{tag} OK done")

    script.acts["fetch"] = fetch
    async with script.serving(), watch.running(watched(script, start="now")):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        script.uidvalidity = 2
        script.letters[2] = LETTER
        watch.sleeping.over()
        await watch.accepting.count(1)
        await watch.sleeping.until(lambda: watch.sleeping.pauses.count(POLL) == 2)

    assert watch.accepting.letters() == [LETTER]
    assert not watch.accepting.deliveries[0].arrived_anew


async def test_a_careless_answer_to_search_brings_nothing_that_was_not_asked_for() -> None:
    script = Script({5: LETTER})
    script.acts["search"] = says("* SEARCH 5 5 99 4294967295 99999999999999999999 -1 x", "{tag} OK done")
    watch = Watch()

    await settle(script, watch)

    assert [delivery.source for delivery in watch.accepting.deliveries] == [imap_source("exchange", 1, 5)]
    assert watch.memory.failures == []


async def test_a_letter_that_a_search_left_out_is_found_within_the_hour() -> None:
    script = Script({1: LETTER})
    script.acts["search"] = once(says("* SEARCH", "{tag} OK done"), script.do_search)
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        before = list(watch.accepting.deliveries)
        watch.clock.moment += timedelta(hours=1)
        watch.sleeping.over()
        await watch.accepting.count(1)

    assert before == []
    assert watch.accepting.letters() == [LETTER]
    assert script.connections == 1


@pytest.mark.parametrize("letters", [{}, {3: LETTER}])
async def test_a_server_without_uidnext_is_read_all_the_same(letters: dict[int, bytes]) -> None:
    script = Script(letters)
    script.acts["select"] = says(f"* {len(letters)} EXISTS", "* OK [UIDVALIDITY 1] valid", "{tag} OK selected")
    if not letters:
        script.acts["search"] = says("* SEARCH", "{tag} OK done")
    watch = Watch()

    await settle(script, watch)

    assert watch.accepting.letters() == list(letters.values())


async def test_a_folder_without_uidvalidity_is_not_read() -> None:
    script = Script({1: LETTER}, select=says("* 1 EXISTS", "{tag} OK selected"))
    watch = Watch(lasts=lambda pause: True)

    async with script.serving(), watch.running(watched(script)):
        failures = await watch.memory.failures_told(1)

    assert "UIDVALIDITY" in failures[0][0]


async def test_a_large_folder_is_searched_in_windows_that_fit_a_line() -> None:
    script = Script({10_000: LETTER})
    script.acts["select"] = says(
        "* 5000 EXISTS", "* OK [UIDVALIDITY 1] v", "* OK [UIDNEXT 10001] n", "{tag} OK [READ-WRITE] selected"
    )
    watch = Watch()

    await settle(script, watch)

    searches = [command for command in script.heard if command.startswith("UID SEARCH")]
    assert searches == ["UID SEARCH UID 1:4000", "UID SEARCH UID 4001:8000", "UID SEARCH UID 8001:10000"]
    assert watch.accepting.letters() == [LETTER]


async def test_announcements_without_a_letter_do_not_make_a_busy_loop() -> None:
    script = Script()

    async def crying_wolf(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("+ idling", "* 1 EXISTS")
        assert await talk.hear() == "DONE"
        await talk.say(f"{tag} OK done")

    script.acts["idle"] = crying_wolf
    watch = Watch(lasts=lambda pause: pause == timedelta(seconds=1))

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: timedelta(seconds=1) in watch.sleeping.pauses)

    assert watch.memory.rounds == 2


async def test_a_server_that_offers_idle_and_refuses_it_is_polled() -> None:
    script = Script({1: LETTER}, idle=says("{tag} BAD what is that"))
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        script.letters[2] = OTHER
        watch.sleeping.over()
        await watch.accepting.count(2)

    assert script.connections == 1
    assert script.heard.count("IDLE") == 1


async def test_a_server_that_cannot_idle_is_polled() -> None:
    script = Script()
    script.capabilities = "IMAP4rev1"
    watch = Watch()

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
        script.letters[1] = LETTER
        watch.sleeping.over()
        await watch.accepting.count(1)

    assert "IDLE" not in script.heard


# --- those who accept


async def test_nothing_is_fetched_while_letters_cannot_be_taken() -> None:
    script = Script({1: LETTER})
    watch = Watch(lasts=lambda pause: True)
    watch.accepting.opened = "disk"

    async with script.serving(), watch.running(watched(script)):
        await watch.sleeping.until(lambda: bool(watch.sleeping.pauses))
        fetched = [command for command in script.heard if "BODY" in command]
        watch.accepting.opened = True
        watch.sleeping.over()
        await watch.accepting.count(1)

    assert fetched == []


@pytest.mark.parametrize("where", ["sink", "write", "accept"])
async def test_a_letter_that_could_not_be_made_durable_is_fetched_again_and_forgotten_in_between(where: str) -> None:
    script = Script({1: LETTER})
    watch = Watch()
    discarded: list[bool] = []

    class Full(MemorySink):
        def write(self, block: bytes) -> None:
            if where == "write":
                raise OSError(28, "no space")
            super().write(block)

        def discard(self) -> None:
            discarded.append(True)

    def broken_sink() -> MemorySink:
        watch.accepting.new_sink = MemorySink
        if where == "sink":
            raise OSError(28, "no space")
        return Full()

    async def recover() -> None:
        await watch.memory.failures_told(1)
        watch.accepting.fail = None

    watch.accepting.new_sink = broken_sink
    watch.accepting.fail = OSError("the journal is down at canary") if where == "accept" else None

    async with script.serving(), watch.running(watched(script)):
        await recover()
        await watch.accepting.count(1)

    assert watch.accepting.letters() == [LETTER]
    assert discarded == ([] if where == "sink" else [True])
    assert "canary" not in str(watch.memory.failures)


async def test_a_memory_that_is_down_does_not_end_the_watch() -> None:
    script = Script({1: LETTER})
    watch = Watch()
    enter, failed = watch.memory.enter, watch.memory.failed

    async def down(*_: Any, **__: Any) -> None:
        watch.memory.enter, watch.memory.failed = enter, failed
        raise RuntimeError("the journal is down")

    async def down_too(*_: Any, **__: Any) -> None:
        watch.memory.failed = failed
        raise RuntimeError("the journal is down")

    watch.memory.enter, watch.memory.failed = down, down_too

    async with script.serving(), watch.running(watched(script)):
        await watch.accepting.count(1)

    assert watch.accepting.letters() == [LETTER]


async def test_a_letter_accepted_before_is_not_fetched_again() -> None:
    script = Script({1: LETTER})
    watch = Watch()

    for _ in range(2):
        watch.sleeping.pauses.clear()
        await settle(script, watch)

    assert len([command for command in script.heard if "BODY" in command]) == 1


async def test_cancelling_the_watch_does_not_tear_a_commit() -> None:
    script = Script({1: LETTER})
    watch = Watch()
    watch.accepting.gate = asyncio.Event()

    async with script.serving():
        context = watch.running(watched(script))
        await context.__aenter__()
        await watch.accepting.entered.wait()
        task = watch.task
        task.cancel()
        await asyncio.sleep(0)
        watch.accepting.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert watch.accepting.letters() == [LETTER]


async def test_not_more_than_a_portion_is_taken_before_flagging_has_its_turn() -> None:
    script = Script(dict.fromkeys(range(1, 8), LETTER))
    watch = Watch()

    await settle(script, watch, per_cycle=3)

    assert len(watch.accepting.deliveries) == 7
    assert watch.memory.rounds == 3


# --- flags and folders


async def tidied(script: Script, wanted: set[int], **more: Any) -> Watch:
    """Let a watch run with *wanted* concluded; return it when it waits."""
    watch = Watch()
    watch.memory.wanted_flags = wanted
    await settle(script, watch, **more)
    return watch


def orders(script: Script) -> list[str]:
    """Return the commands that change something."""
    words = ("STORE", "MOVE", "COPY", "EXPUNGE", "CREATE", "CLOSE")
    return [command for command in script.heard if any(word in command for word in words)]


async def test_only_what_the_memory_names_is_flagged_and_seen_is_never_touched() -> None:
    script = Script({1: LETTER, 2: OTHER})

    watch = await tidied(script, {2})

    assert orders(script) == ["UID STORE 2 +FLAGS.SILENT ($EdmsExchange)"]
    assert all("PEEK" in command for command in script.heard if "BODY" in command)
    assert watch.memory.was_flagged == set()  # the server said OK and did nothing: not believed


async def test_a_flag_is_believed_when_it_is_there() -> None:
    script = Script({1: LETTER})

    async def fetch(talk: Talk, tag: str, rest: str) -> None:
        if rest == "1 (UID FLAGS)":
            await talk.say("* 1 FETCH (UID 1 FLAGS (\\Seen $edmsexchange))", f"{tag} OK done")
        else:
            await script.do_fetch(talk, tag, rest)

    script.acts["fetch"] = fetch

    watch = await tidied(script, {1})

    assert watch.memory.was_flagged == {1}


@pytest.mark.parametrize("permanent", ["()", r"(\Seen \Deleted)"])
async def test_a_folder_that_keeps_no_keyword_is_left_alone_and_complained_of(permanent: str) -> None:
    script = Script({1: LETTER})
    script.permanent = permanent

    watch = await tidied(script, {1})

    assert orders(script) == []
    assert "keeps no keyword" in watch.memory.failures[0][0]


async def test_without_move_and_uidplus_letters_stay_where_they_are() -> None:
    script = Script({1: LETTER})
    script.capabilities = "IMAP4rev1"

    watch = await tidied(script, {1}, after="move", done_folder="Done")

    assert orders(script) == []
    assert "UIDPLUS" in watch.memory.failures[0][0]


@pytest.mark.parametrize("answer", ["OK copied", "OK [COPYUID 9 7:4294967295 1:9] copied"])
async def test_a_copy_that_is_not_proven_deletes_nothing(answer: str) -> None:
    script = Script({1: LETTER}, copy=says("{tag} " + answer))
    script.capabilities = "IMAP4rev1 UIDPLUS"

    watch = await tidied(script, {1}, after="move", done_folder="Done")

    assert orders(script) == ['UID COPY 1 "Done"']
    assert watch.memory.was_flagged == set()


async def test_a_move_whose_answer_was_lost_is_settled_after_the_next_connection() -> None:
    script = Script({1: LETTER, 2: OTHER})

    async def moves_and_dies(talk: Talk, tag: str, rest: str) -> None:
        script.letters.pop(1)
        raise Hangup

    script.acts["move"] = once(moves_and_dies, says("* OK nothing to move", "{tag} OK No messages found"))

    watch = await tidied(script, {1}, after="move", done_folder="Done")

    assert orders(script) == ['UID MOVE 1 "Done"'] * 2
    assert watch.memory.was_flagged == {1}
    assert sorted(watch.accepting.letters()) == sorted([LETTER, OTHER])


async def test_a_server_that_refuses_to_flag_is_read_on() -> None:
    script = Script({1: LETTER}, store=says("{tag} NO [NOPERM] not you"))

    watch = await tidied(script, {1})

    assert watch.accepting.letters() == [LETTER]
    assert "not you" in watch.memory.failures[0][0]
    assert script.connections == 1


async def test_leave_leaves_everything() -> None:
    script = Script({1: LETTER})

    await tidied(script, {1}, after="leave")

    assert orders(script) == []


async def test_a_flood_of_expunges_costs_a_session_not_a_letter() -> None:
    script = Script({1: LETTER})

    async def flood(talk: Talk, tag: str, rest: str) -> None:
        await talk.say(*["* 1 EXPUNGE"] * 60)
        await script.do_search(talk, tag, rest)

    script.acts["search"] = once(flood, script.do_search)
    watch = Watch()

    async with script.serving(), watch.running(watched(script), limits=Limits(answer_pieces=50)):
        await watch.accepting.count(1)

    assert watch.accepting.letters() == [LETTER]
