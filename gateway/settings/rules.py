# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of [[receive]] and [[report]] in partners.toml: the rules of the office, the first that fits counts.

What each key means to an administrator is written once, in config/partners.toml.  Which rule fits a document is
`gateway.policy`'s business.
"""

from typing import Annotated, Literal
from warnings import catch_warnings, simplefilter

from pydantic import BeforeValidator, Field

from gateway.model import EventKind, TaskField
from gateway.settings.problems import unknown_key, wrong
from gateway.settings.values import MaxBytes, Name, Shape, Text

ALL_EVENTS = tuple(kind for kind in EventKind if kind is not EventKind.NO_LONGER_REPORTED)


def _event(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = tuple(kind.value for kind in EventKind)
    if value not in words:
        _, remedy = unknown_key(value, words)
        raise wrong(f'there is no event "{value}"', remedy)
    return EventKind(value)


EventName = Annotated[EventKind, BeforeValidator(_event)]


def _field(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = tuple(field.value for field in TaskField)
    if value not in words:
        _, remedy = unknown_key(value, words)
        raise wrong(f'there is no field "{value}"', remedy)
    return TaskField(value)


FieldName = Annotated[TaskField, BeforeValidator(_field)]


class RuleSettings(Shape):
    """When a rule applies: every condition that is given must hold; a rule without conditions always applies."""

    name: Text = ""  # how people call it; empty: by its place
    partner: tuple[Name, ...] = ()  # their ids
    organisation: tuple[Name, ...] = ()  # of ours, by exchange index
    kind: tuple[Name, ...] = ()  # the sender's kind of document: its word or its exchange index
    access: tuple[Text, ...] = ()  # the sender's access level: its word or its index; "" when none is said


with catch_warnings():  # "register" is also a name of abc.ABCMeta, which no instance ever sees
    simplefilter("ignore", UserWarning)

    class ReceiveSettings(RuleSettings):
        """What becomes of documents that come."""

        type: tuple[Literal["document", "draft"], ...] = ("document",)
        register: Literal["auto", "wait", "refuse"] = "auto"
        group: Text = ""  # our kind of document; empty: the mapping's
        journal: Text = ""  # ours, its counter with it; empty: the group's
        default_inbox: Text = ""  # empty: the office's
        unknown_addressee: Literal["default", "wait", "refuse"] = "default"
        on_change: Literal["wait", "add-files", "edit-tasks", "refuse"] = "wait"
        same_number: Literal["wait", "attach", "register"] = "wait"
        resend: Literal["answer", "wait"] = "answer"
        require_files: bool = False
        require_author: bool = True
        file_types: tuple[Name, ...] = ()  # extensions, with or without the dot; empty: any
        max_file: MaxBytes | None = None  # of one file; None: what a letter can hold
        on_bad_file: Literal["wait", "refuse"] = "wait"
        links: Literal["take", "ignore"] = "take"
        tasks: Literal["all", "own", "none"] = "all"
        access_levels: tuple[Name, ...] = ()  # registered without a person; empty: [access].open
        access_default: Text = ""  # what a document counts as that names no level; empty: [access].missing


class ReportSettings(RuleSettings):
    """What a partner may hear of what people do with its documents."""

    events: tuple[EventName, ...] = ALL_EVENTS
    forwarded: Literal["all", "first"] = "all"
    assigned: Literal["all", "first"] = "all"  # of the instructions our own people give
    fields: tuple[FieldName, ...] = ()
    executors: Literal["all", "responsible"] = "all"
    decides: Literal["each", "responsible", "all"] = "each"
    days: int = Field(default=0, ge=0, le=999)  # 0: as long as the subscription says
