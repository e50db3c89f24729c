# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive rules: where a document goes is decided by its kind, and the commands say which rule it was and why."""

import re
from base64 import b64encode
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import SMTP
from pathlib import Path
from uuid import uuid4

from gateway.demo.rules import letters
from gateway.demo.rules.looks import came, folder, registered
from gateway.demo.rules.stage import Command, Scene, Stage
from gateway.edms_adapter.registry import people

RULES = """
[[receive]]
name = "requests"
kind = ["Запросы"]
group = "Запросы ведомств"
default_inbox = "Управление связи"

[[receive]]
name = "invitations"
kind = ["Приглашения"]
group = "Приглашения"
default_inbox = "Канцелярия"

[[receive]]
name = "contracts"
kind = ["Договоры"]
register = "wait"
"""
NEXT = "01-17/999"  # the number of a letter that nobody has sent yet
# of what a letter would write, the rows and columns that tell where it goes
COLUMNS = ("group_id", "journal_id", "inbox_id", "number ", "subject", "name ")
ROWS = ("rule:", "value", "──", "update", "insert", *COLUMNS, "nothing was written")


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    kinds = ("Запросы", "Приглашения", "Договоры")
    subjects = ("О числе линий связи", "На совещание о связи", "О содержании линий")
    numbers = [letters.send(stage, subject, "", kind=kind)[1] for subject, kind in zip(subjects, kinds, strict=True)]
    request, invitation, contract = numbers
    said = ", ".join(f"{number} ({kind})" for number, kind in zip(numbers, kinds, strict=True))
    stage.say(minsk, f"Тихая sends {said} to nobody by name; Moscow has a rule for each kind")
    for number, group, inbox in (
        (request, "Запросы ведомств", "Управление связи"),
        (invitation, "Приглашения", "Канцелярия"),
    ):
        where = f"group «{group}», journal «{group}», inbox of {inbox}"
        stage.shows(moscow, f"{number} stands in the registry", registered(number), where)
    stage.shows(moscow, "the folder of papers that wait shows", folder, f"{contract} [Письмо.pdf]: ")

    _ask(stage, invitation)
    waits = letters.incoming(stage, contract)
    ours = stage.act(moscow, people.register_waiting, waits, by="Дубов", to=["Берёзкина"], now=stage.now())
    stage.say(moscow, f"Дубов reads {contract} and registers it as {ours}")
    stage.shows(moscow, "the card shows", came(contract), f"registered, № {ours}")


def _ask(stage: Stage, invitation: str) -> None:
    """Moscow's administrator asks which rule it was, why, and what the next letter like it would write."""
    moscow = stage.moscow
    asked = Command(
        moscow, ("trace", invitation), ("rule: invitations",), only=("from minsk", "rule", "letter", "told")
    )
    (told,) = stage.type(asked)
    entry = next(found[1] for line in told if (found := re.search(r"letter (\d+) +in ", line)))
    letter, another = moscow.home / f"letter-{entry}.eml", moscow.home / f"letter-{entry}-like-it.eml"
    stage.type(Command(moscow, ("quarantine", "export", entry, str(letter)), ("written",)))
    _like(letter, another, invitation)
    stage.say(moscow, f"why is it that rule, and what would a letter like it write that has the number {NEXT}?")
    stage.type(
        Command(
            moscow,
            ("explain", str(letter)),
            ("receive rule: invitations", "not requests: kind is Приглашения, not Запросы"),
            only=("partner:", "rule: ", "  not "),
        ),
        Command(
            moscow,
            ("edms", "dry-run", str(another)),
            ("rule: invitations", NEXT, "nothing was written"),
            only=ROWS,
        ),
    )


def _like(letter: Path, another: Path, number: str) -> None:
    """Write a letter like *letter* that never went: about another document, with another number."""
    mail: Mail = message_from_bytes(letter.read_bytes(), policy=SMTP)
    for part in mail.walk():
        if part.get_content_type() == "application/xml":
            passport = bytes(part.get_payload(decode=True)).decode()
            for uid in set(re.findall(r'(?:Message|Return|Document U)ID="([^"]+)"', passport)):
                passport = passport.replace(uid, uuid4().hex)
            part.set_payload(b64encode(passport.replace(number, NEXT).encode()).decode())
    another.write_bytes(mail.as_bytes())


SCENE = Scene("Receive rules: group, journal and inbox by the kind of document", play, {"moscow": RULES})
