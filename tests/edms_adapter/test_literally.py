# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sender writes appears literally: no step takes it for SQL, for a bind, or for an expression."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.mail.names import clean_name
from gateway.model import Event, EventKey, EventKind, ExchangeId, Number, Task, TaskUid
from gateway.ports import Original, OutgoingState, Waiting
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import PDF, file_of, intake, letter, to
from tests.edms_adapter.vendor import registered, rows

HOSTILE = (
    "'); drop table letter; --",
    '" or 1=1; delete from letter where ""="',
    "{{ 7 * 7 }}{% set reason = 1 %}{# gone #}",
    "{{ ''.__class__.__mro__ }}",
    ":num :id ::text \\:about",
    "%s %(num)s %% ? $1 @isn",
    "\\' \\\\ \\x27; $$ drop table letter $$",
    "/* a comment */ -- another",
)
TABLES = f"{vendor.TABLES};\ncreate table said (id {{key}}, how varchar(40), words varchar(2000))"
STEPS = """
[[register]]
table = "said"
values = { how = "'table'", words = "document.subject" }
[[register]]
sql = "insert into said (how, words) values ('sql', :words)"
values = { words = "document.subject" }
[[register]]
each = "document.tasks"
table = "said"
key = "id"
as = "one"
when = "task.text"
values = { how = "'each'", words = "task.text" }
[[register.steps]]
sql = "update said set words = words || :more where id = :id"
values = { more = "task.text", id = "one" }
[[register]]
table = "said"
values = { how = "'cut'", words = "document.subject" }
cut = { words = 5 }
[[register]]
sql = "select words from said where words = :words and how = 'table'"
values = { words = "document.subject" }
as = "read_again"
[[register]]
table = "said"
values = { how = "'read'", words = "read_again.words" }
[[register]]
table = "said"
values = { how = "'reader'", words = "read.words(how='table', like=document.subject)" }
[[register]]
table = "said"
values = { how = "'lookup'", words = "sought" }
"""
MORE = """
[[lookup]]
name = "sought"
sql = "select cast(:words as varchar(2000)) as words"
values = { words = "document.subject" }
missing = "wait"
text = "'nobody'"
[[lookup]]
name = "wanted"
sql = "select id from clerk where name = :name"
values = { name = "document.note" }
missing = "wait"
text = "'nobody is called ' ~ document.note"
[read.words]
sql = "select words from said where how = :how and words = :like"
value = "row.words"
single = true
[same_number]
sql = "select id as card, num as number, null as date from letter where num = :num"
values = { num = "document.number.text" }
"""
RECORDED = """steps = [{ table = "said", values = { how = "'record'", words = "event.text" } }]"""
MARKED = """failed = [{ table = "said", values = { how = "'mark'", words = "detail" } }]"""
LINKED = """missing = [{ table = "said", values = { how = "'link'", words = "original.description" } }]"""
REST = (
    vendor.REST.replace("steps = []\n\n[mark]", f"{RECORDED}\n\n[mark]")
    .replace("failed = []", MARKED)
    .replace("steps = []\n", f"steps = []\n{LINKED}\n")
)
CALLED = """
[[register]]
call = "echo"
values = { words = "document.subject" }
out = { back = "text" }
as = "heard"
[[register]]
table = "said"
values = { how = "'call'", words = "heard.back" }
"""
ECHO = "create procedure echo(words text, inout back text) language plpgsql as 'begin back := words; end'"


@pytest.fixture(params=["sqlite", "postgresql"])
def edms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlEdms]:
    url, calls = f"sqlite:///{tmp_path}/said.sqlite", ""
    if request.param == "postgresql":
        url, calls = request.getfixturevalue("postgres")(), CALLED
    register = vendor.REGISTER + vendor.ATTACHMENTS + STEPS + calls
    with vendor.opened(
        vendor.mapping_of(register=register, more=MORE, rest=REST), url, tmp_path, tables=TABLES
    ) as made:
        if calls:
            vendor.run(made, ECHO)
        yield made


def said(edms: SqlEdms, how: str) -> list[str]:
    return [row.words for row in rows(edms, f"select words from said where how = '{how}' order by id")]


@pytest.mark.parametrize("words", HOSTILE)
def test_what_a_sender_writes_appears_literally_in_every_step(edms: SqlEdms, words: str) -> None:
    document = letter(
        number=words,
        subject=words,
        note="Канцелярия",
        addressees=(to(words, words),),
        tasks=(Task(TaskUid(words), text=words),),
        files=(file_of(name=words),),
    )
    registered(edms, document=document)

    whole = ["table", "sql", "read", "reader", "lookup"]
    if edms.database.engine.dialect.name == "postgresql":
        whole.append("call")
    assert {how: said(edms, how) for how in whole} == {how: [words] for how in whole}
    assert (said(edms, "each"), said(edms, "cut")) == ([words * 2], [words[:5]])
    assert [row.about for row in rows(edms, "select about from letter")] == [words]
    assert [row.title for row in rows(edms, "select title from attachment")] == [clean_name(words)]


@pytest.mark.parametrize("words", HOSTILE)
def test_it_appears_literally_in_why_a_document_waits(edms: SqlEdms, words: str) -> None:
    waits = vendor.register(edms, document=letter(subject="x", note=words, addressees=()))

    assert isinstance(waits, Waiting)
    assert waits.reason == f"nobody is called {words}"
    assert [row.note for row in rows(edms, "select note from letter")] == [waits.reason]


@pytest.mark.parametrize("words", HOSTILE)
def test_it_appears_literally_in_what_is_said_of_a_dispatch_and_of_a_link(edms: SqlEdms, words: str) -> None:
    registered(edms, document=letter(subject=words, note="Канцелярия", addressees=()))
    vendor.run(edms, "update letter set state = 'to send'")
    (outgoing,) = edms.outgoing()

    edms.record(outgoing.ref, [Event(EventKind.RECEIVED, EventKey(words), None, text=words)])
    edms.mark(outgoing.ref, OutgoingState.FAILED, words)
    found = edms.link(ExchangeId("ex-1"), Original(number=Number(words), description=words))

    assert outgoing.document.subject == words
    assert found is False
    assert [said(edms, how) for how in ("record", "mark", "link")] == [[words]] * 3


@pytest.mark.parametrize("words", HOSTILE)
def test_no_exchange_id_and_no_same_number_is_taken_for_sql(edms: SqlEdms, words: str) -> None:
    given = replace(intake(), same_number="attach", message_id=words, return_id=words)
    document = letter(number=words, subject="x", note="Канцелярия", addressees=())
    made = edms.register(document, {PDF.sha256: PDF}, ExchangeId(words), given)
    again = edms.register(document, {PDF.sha256: PDF}, ExchangeId(words), given)

    assert (made.ref, again.ref) == ("1", "1")
    assert len(rows(edms, "select id from letter")) == 1
