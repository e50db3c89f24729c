# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a configuration, said so that an administrator can mend it: where, what, and the remedy.

Values of passwords, secrets and database addresses never appear in a message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from json import dumps
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

SECRET_KEYS = frozenset({"password", "secret", "service_account", "database", "url"})
EXAMPLE = "the annotated example configuration"
SHOWN = 60  # LIMIT: characters of a wrong value that are shown

Path = tuple[str | int, ...]  # ("mailbox", 0, "port"): keys and places in lists, from 0


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One complaint; *line* counts from 1, 0 when the complaint is about the file as a whole."""

    file: str
    line: int
    key: str  # "mailbox[2].port", lists counted from 1; empty for the whole file
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: " + (f"{self.key}: " if self.key else "") + f"{self.what}; {self.remedy}"


class ConfigurationError(Exception):
    """The configuration cannot be used; every problem found is in `problems`, in the order of the files."""

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def wrong(what: str, remedy: str, key: str = "") -> PydanticCustomError:
    """Return what a validator of a shape raises; *key* names the field when the whole table is being checked."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "remedy": remedy, "key": key})


def dotted(path: Path) -> str:
    """Return *path* as people read it."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: object) -> str:
    """Return *value* on one line, cut to what a message can hold."""
    text = dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def one_of(words: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return the allowed words as a phrase."""
    *rest, last = [shown(word) for word in words]
    return f"{', '.join(rest)} or {last}" if rest else last


def unknown_key(key: str, known: tuple[str, ...]) -> tuple[str, str]:
    """Return what is wrong with *key* and the remedy, guessing which of *known* was meant."""
    close = get_close_matches(key.lower(), known, 1, 0.6)
    remedy = f"did you mean {close[0]}?" if close else f"remove it; known here: {', '.join(known)}"
    return "is not known", remedy


def explained(error: ValidationError, shape: type[BaseModel]) -> Iterator[tuple[Path, str, str]]:
    """Yield for each fault of a table of *shape* its path within that table, what is wrong, and the remedy."""
    details = error.errors(include_url=False)
    for detail in details:
        path, model = _located(detail["loc"], shape)
        if detail["type"] == "too_short" and any(other["loc"][:-1] == detail["loc"] for other in details):
            continue  # a list is called too short when something in it is wrong
        what, remedy = _said(detail, path, model)
        key = detail.get("ctx", {}).get("key")
        yield (*path, key) if key else path, what, remedy


def remedy_of(detail: ErrorDetails, shape: type[BaseModel], page: str) -> str:
    """Return the remedy for one fault of a table of *shape*; empty when the fault's own words say it.

    *page* is where people read what each key means.
    """
    if detail["type"] == "value_error":
        return ""
    path, model = _located(detail["loc"], shape)
    return _said(detail, path, model)[1].replace(EXAMPLE, page)


def _located(loc: Path, shape: type[BaseModel]) -> tuple[Path, type[BaseModel]]:
    """Return the path without pydantic's tags of unions, and the shape of the table the last step is a key of."""
    path: list[str | int] = []
    model = shape
    candidates: tuple[type[BaseModel], ...] = (shape,)
    for step in loc:
        if isinstance(step, str) and len(candidates) > 1:  # the tag of a union, not a key
            model = next(one for one in candidates if step in get_args(one.model_fields["kind"].annotation))
            candidates = (model,)
            continue
        path.append(step)
        if isinstance(step, str):
            model = candidates[0] if candidates else model
            field = _field(step, model)
            candidates = tuple(_models(field.annotation)) if field else ()
    return tuple(path), model


def _field(key: str, model: type[BaseModel]) -> FieldInfo | None:
    """Return the field of *model* that is written as *key*."""
    named = {field.alias or name: field for name, field in model.model_fields.items()}
    return named.get(key)


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _words(key: str, model: type[BaseModel]) -> tuple[str, ...]:
    """Return the words that *key* allows; empty when it takes others too."""
    field = _field(key, model)
    words = get_args(field.annotation) if field else ()
    return words if all(isinstance(word, str) for word in words) else ()


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _said(detail: ErrorDetails, path: Path, model: type[BaseModel]) -> tuple[str, str]:
    kind, ctx = detail["type"], detail.get("ctx", {})
    if kind == "wrong":
        return str(ctx["what"]), str(ctx["remedy"])
    if kind == "extra_forbidden":
        return unknown_key(str(path[-1]), _keys(model))
    if kind == "missing":
        words = _words(str(path[-1]), model)
        return "is missing", f"add it: {one_of(words)}" if words else f"add it; {EXAMPLE} says what it means"
    if kind == "union_tag_not_found":
        return "does not say its kind", f"add kind = …; {EXAMPLE} lists the kinds"
    secret = SECRET_KEYS.intersection(str(step) for step in path)
    found = "" if secret else f", found {shown(_innermost(detail))}"
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return f"expected {_allowed(detail)}{found}", "write one of these words"
    if kind in BOUNDS:
        expected, bound, remedy = BOUNDS[kind]
        return f"expected a number {expected} {ctx[bound]}{found}", f"write {ctx[bound]} or {remedy}"
    what, remedy = EXPECTED.get(kind, ("", f"see {EXAMPLE}"))
    return (f"expected {what}" if what else detail["msg"]) + found, remedy


def _innermost(detail: ErrorDetails) -> Any:  # Any: whatever stands in the file
    value = detail["input"]
    return value.get("kind") if detail["type"] == "union_tag_invalid" and isinstance(value, dict) else value


def _allowed(detail: ErrorDetails) -> str:
    ctx = detail.get("ctx", {})
    return str(ctx.get("expected_tags") or ctx.get("expected")).replace("'", '"')


# the type of a pydantic error → which numbers were expected, where pydantic says the bound, and the remedy
BOUNDS: Mapping[str, tuple[str, str, str]] = {
    "greater_than_equal": ("from", "ge", "more"),
    "less_than_equal": ("up to", "le", "less"),
}

# the type of a pydantic error → what was expected, and the remedy
EXPECTED: Mapping[str, tuple[str, str]] = {
    "string_type": ("a text", 'put it in quotes: "…"'),
    "int_type": ("a whole number", "write it in digits, without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "tuple_type": ("a list", "put it in brackets: […]"),
    "model_type": ("a table", "write its keys under a heading in brackets"),
    "model_attributes_type": ("a table", "write its keys under a heading in brackets"),
    "dict_type": ("a table", "write its keys under a heading in brackets"),
    "string_too_short": ("a text that is not empty", "fill it in, or remove the key"),
    "too_short": ("at least one value", "fill the list, or remove the key"),
    "string_pattern_mismatch": ("a plain name", "write letters, digits and underscores, and no digit first"),
}
