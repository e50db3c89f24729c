# SPDX-License-Identifier: GPL-3.0-or-later
"""A mapping file: what is wrong with it is said with its key, before anything is registered."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import meta

from gateway.edms_adapter import BUILT_IN, MappingError, open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.edms_adapter.sql.expression import Expression, environment
from gateway.model import Document

Edit = Callable[[str, str], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Give a function that copies the registry's mapping with one passage replaced."""

    def edit(old: str, new: str) -> Path:
        source = (BUILT_IN / "registry.toml").read_text("utf-8")
        assert old in source
        path = tmp_path / "edited.toml"
        path.write_text(source.replace(old, new, 1), "utf-8")
        return path

    return edit


def opened(path: Path | str) -> SqlEdms:
    return open_edms(path, "sqlite://", Path("/nonexistent"), "Europe/Moscow")


def test_the_built_in_mapping_is_right() -> None:
    opened("registry").close()


@pytest.mark.parametrize(
    "text",
    ["a.b + c[d] * 2", "f(x, y=z)|clip(n) ~ 'q'", "{k: [v, (w,)]} if p is none else not q", "items[lo:hi]", "3"],
)
def test_an_expression_asks_its_scope_for_what_the_library_would_look_up(text: str) -> None:
    sandbox = environment()

    asked = Expression(sandbox, text, "here").names

    assert asked == meta.find_undeclared_variables(sandbox.parse("{{ (" + text + ") }}"))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[files]", "[files", "is not TOML"),
        ("[files]", "[files]\ncolour = 'red'", "files.colour: Extra inputs"),
        (
            'time_zone = "UTC"',
            'time_zone = "Mars/Olympus"',
            "database.time_zone: Value error, 'Mars/Olympus' is no time",
        ),
        (
            '[[draft]]\ntable = "card"\nkey = "id"\nas = "card"',
            '[[draft]]\ntable = "card"',
            "draft[2].values.card_id: 'card'",
        ),
        ('missing = "wait"', 'missing = "guess"', "lookup[1].missing: Input should be"),
        ('missing = "default"\ndefault = "none"', 'missing = "default"', "lookup[3]: Value error"),
        ('subject = "document.subject"', 'subject = "document.subject +"', "register[1].values.subject: 'document.sub"),
        ('subject = "document.subject"', 'subject = "docment.subject"', "subject: 'docment.subject': nothing here is"),
        (
            'subject = "document.subject"',
            'subject = "document.subjct"',
            "register[1].values.subject: 'document.subjct': a Document has no 'subjct'; did you mean subject?",
        ),
        (
            'subject = "document.subject"',
            'subject = "document.authors[0].party.persn.name"',
            "a Party has no 'persn'; did you mean person?",
        ),
        ('uid = "task.uid"', 'uid = "task.uidd"', "a Task has no 'uidd'; did you mean uid?"),
        ('"task.executors"', '"task.executers"', "a Task has no 'executers'; did you mean executors?"),
        ("resolve(executor.party)", "resolve(executor.patry)", "a Executor has no 'patry'"),
        ('subject = "document.subject"', 'subject = "document.subject|klip(9)"', "No filter named 'klip'"),
        ('subject = "document.subject"', 'subject = "1 if document.subject is klip"', "No test named 'klip'"),
        (
            'subject = "document.subject"',
            'subject = "1) }} x {{ (2"',
            "register[1].values.subject: '1) }} x {{ (2' is more",
        ),
        (
            'where card_id = :card"\nreferenced',
            'where card_id = :kard"\nreferenced',
            "files.of_card: nothing gives :kard",
        ),
        (
            'exchange_index = "intake',
            'spare = "1", exchange_index = "intake',
            "lookup[1].values.spare: the statement has",
        ),
        ('table = "card"\n', 'call = "add_rc"\n', "register[1]: Value error, 'out' (what the procedure answers) and"),
        (
            "[[mark.taken]]",
            '[[mark.taken]]\ncall = "p"\n[[mark.taken]]',
            "mark.taken[1].call: sqlite has no stored",
        ),
        (
            'table = "card"\n',
            'table = "card"\nsql = "select 1"\n',
            "register[1]: Value error, give either 'table', 'sql' or",
        ),
        ('table = "card"\n', 'table = "card; drop table card"\n', "register[1].table: String should match pattern"),
        ('event = "forwarded"', 'event = "sold"', "changes[4].event: Input should be"),
        ('name = "joined"\n', "", "two rules are called registered"),
        ('fields = { at = "moment(row.cur)", who', 'fields = { whom = "1", who', "changes[3].fields.whom: is no field"),
        ('strategies = ["index"', 'strategies = ["telepathy"', "routing.strategies[1]: Input should be"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_key(edited: Edit, old: str, new: str, complaint: str) -> None:
    path = edited(old, new)
    with pytest.raises(MappingError) as told:
        opened(path)

    assert str(path) in str(told.value)
    assert complaint in str(told.value)


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="there is no mapping"):
        opened(tmp_path / "absent.toml")


def test_what_is_undefined_is_never_a_silent_nothing() -> None:
    expression = Expression(environment(), "document.colour", "register[1].values.subject")

    with pytest.raises(MappingError, match=r"register\[1\]\.values\.subject: 'document\.colour'"):
        expression({"document": Document()})


@pytest.mark.parametrize("text", ["document.__class__", "document.subject.__class__.__mro__", "''.__class__"])
def test_expressions_do_not_leave_the_sandbox(text: str) -> None:
    with pytest.raises(MappingError):
        Expression(environment(), text, "place")({"document": Document()})


def test_values_are_bound_never_pasted(tmp_path: Path) -> None:
    expression = Expression(environment(), "document.subject", "place")
    hostile = "'); drop table card; --"

    assert expression({"document": Document(subject=hostile)}) == hostile


@pytest.mark.parametrize("state", ["cancelled", "stands", "changes_taken", "changes_none", "changes_failed"])
def test_a_wish_that_the_mapping_shows_must_be_answerable(tmp_path: Path, state: str) -> None:
    lines = Path(__file__).with_name("foreign.toml").read_text("utf-8").splitlines()
    path = tmp_path / "edited.toml"
    path.write_text("\n".join(line for line in lines if not line.startswith(f"{state} = ")), "utf-8")

    with pytest.raises(MappingError, match=f"mark.{state}: is missing"):
        opened(path)


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ("[files]", "[files]\nreferencd = '1'", "files.referencd: ", "did you mean referenced?"),
        (
            'as = "card"\n[register.values]',
            'as = "card"\nvalus = 1\n[register.values]',
            "register[1].valus: ",
            "values?",
        ),
        ('subject = "document.subject"', 'subject = "docment.subject"', "register[1].values.subject: ", "document?"),
        ('where card_id = :card"\nref', 'where card_id = :kard"\nref', "files.of_card: ", "there are: card"),
        ('missing = "wait"', 'missing = "guess"', "lookup[1].missing: ", "write one of these words"),
        ('time_zone = "UTC"', 'time_zone = "Mars/Olympus"', "database.time_zone: ", "such as 'Europe/Moscow'"),
        ('[database]\ntime_zone = "UTC"', "[database]\ntime_zone = 3", "database.time_zone: ", "put it in quotes"),
    ],
)
def test_a_complaint_names_the_line_to_go_to_and_the_remedy(
    edited: Edit, old: str, new: str, key: str, remedy: str
) -> None:
    path = edited(old, new)
    wrong = next(line for line in new.splitlines() if line not in old)
    number = next(at for at, line in enumerate(path.read_text("utf-8").splitlines(), 1) if wrong in line)
    with pytest.raises(MappingError) as told:
        opened(path)

    (said,) = str(told.value).splitlines()
    assert said.startswith(f"{path}:{number}: {key}")
    assert remedy in said
