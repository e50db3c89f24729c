# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of a mapping: sandboxed, strict about what is undefined, compiled once."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.edms_adapter.sql.complaint import MappingError

KEPT = 4096  # LIMIT: expressions that are remembered; a large mapping has 700, and its neighbours share many
Scope = Mapping[str, object]
# what a wrong expression raises; errors of the database and of the disk are none of it and pass through
WRONG = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def _clip(text: object, limit: int) -> str:
    """Return *text* cut to *limit* characters, an ellipsis showing that it was cut."""
    words = "" if text is None else str(text)
    return words if len(words) <= limit else words[: limit - 1] + "…"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Judges an attribute once for each type that has it: the library looks at nothing else, and takes long over it."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined)
        self._judged: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # Any: as the library has it
        key = (type(obj), attr)
        judged = self._judged.get(key)
        if judged is None:
            judged = self._judged[key] = super().is_safe_attribute(obj, attr, value)
        return judged


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the sandbox: expressions see nothing but their scope."""
    made = _Sandbox()
    made.globals.clear()
    made.filters["clip"] = _clip
    return made


@lru_cache(KEPT)
def _runner(sandbox: ImmutableSandboxedEnvironment, text: str) -> Callable[[Scope], Any]:  # Any: see Expression
    """Return *text* as a function of its scope.

    The scope is the template's own context (``shared``): copying globals would cost more than most expressions.
    """
    template = sandbox.from_string("{% set result = (" + text + ") %}")

    def evaluate(scope: Scope) -> Any:  # Any: see Expression
        context = template.new_context(dict(scope), shared=True)
        deque(template.root_render_func(context), maxlen=0)
        return context.vars["result"]

    return evaluate


def _asked(sandbox: ImmutableSandboxedEnvironment, tree: nodes.Template) -> frozenset[str]:
    """Return the names that *tree* asks its scope for; raises TemplateSyntaxError for a filter or test unknown to us.

    An expression binds no names, so every one in it is asked for; `jinja2.meta` would translate the whole into Python
    to find that, and every process of a node reads its mapping when it starts.
    """
    for one in tree.find_all((nodes.Filter, nodes.Test)):
        kind, known = ("filter", sandbox.filters) if isinstance(one, nodes.Filter) else ("test", sandbox.tests)
        if one.name not in known:
            raise TemplateSyntaxError(f"No {kind} named {one.name!r}.", one.lineno)
    return frozenset(name.name for name in tree.find_all(nodes.Name))


@lru_cache(KEPT)
def _parsed(sandbox: ImmutableSandboxedEnvironment, text: str) -> tuple[nodes.Expr, frozenset[str]]:
    """Return *text* and what it asks its scope for; raises MappingError when it is not exactly one expression."""
    try:
        tree = sandbox.parse("{{ (" + text + ") }}")
        names = _asked(sandbox, tree)
    except TemplateSyntaxError as error:  # a filter that is not there is told as one, too
        raise MappingError(f"{text!r} is no expression: {error.message}") from error
    match tree.body:
        case [nodes.Output(nodes=[whole])] if not isinstance(whole, nodes.TemplateData):
            return whole, names
    raise MappingError(f"{text!r} is more than one expression")


class Expression:
    """One expression, compiled when it is first needed; calling it with a scope gives its value.

    Raises MappingError with the key; errors of the database and of files pass through.
    """

    __slots__ = ("_run", "_sandbox", "names", "place", "text", "tree")

    def __init__(self, sandbox: ImmutableSandboxedEnvironment, text: str, place: str) -> None:
        self.text, self.place = text, place
        try:
            self.tree, self.names = _parsed(sandbox, text)
        except MappingError as error:
            raise MappingError(f"{place}: {error}") from error.__cause__
        self._sandbox = sandbox
        self._run: Callable[[Scope], Any] | None = None

    def __call__(self, scope: Scope) -> Any:  # Any: an expression may give whatever its column or field takes
        if self._run is None:
            self._run = _runner(self._sandbox, self.text)
        try:
            value = self._run(scope)
        except WRONG as error:
            raise MappingError(f"{self.place}: {self.text!r}: {error}", self.place) from error
        if isinstance(value, Undefined):
            raise MappingError(f"{self.place}: {self.text!r} is undefined", self.place)
        return value


class Expressions:
    """Several expressions evaluated together, as the columns of one row: one compiled dictionary."""

    __slots__ = ("_all", "_each", "_sandbox")

    def __init__(self, sandbox: ImmutableSandboxedEnvironment, texts: Mapping[str, str], place: str) -> None:
        self._each = {name: Expression(sandbox, text, f"{place}.{name}") for name, text in texts.items()}
        self._sandbox = sandbox
        self._all: Callable[[Scope], Any] | None = None

    @property
    def each(self) -> tuple[Expression, ...]:
        return tuple(self._each.values())

    def __getitem__(self, name: str) -> Expression:
        return self._each[name]

    def __call__(self, scope: Scope) -> dict[str, Any]:  # Any: see Expression
        if not self._each:
            return {}
        if self._all is None:
            literal = ", ".join(f"{name!r}: ({one.text})" for name, one in self._each.items())
            self._all = _runner(self._sandbox, "{" + literal + "}")
        try:
            values: dict[str, Any] = self._all(scope)
        except WRONG:  # told again below, with the key of the one that failed
            values = {}
        if len(values) == len(self._each) and not any(isinstance(value, Undefined) for value in values.values()):
            return values
        return {name: expression(scope) for name, expression in self._each.items()}
