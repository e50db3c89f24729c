# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as scripts meet it: exit codes, stable keys, nothing changed by looking."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from gateway.cli import main
from gateway.cli.context import BAD_CONFIGURATION
from gateway.edms_adapter import BUILT_IN
from gateway.journal.store import Journal
from gateway.node import only_one
from tests.dialects.packages import SAMPLES
from tests.story.partner import PDF, passport

KEYS = {
    "dialect",
    "version",
    "kind",
    "message_id",
    "return_id",
    "sent_at",
    "sender",
    "recipients",
    "document",
    "files",
    "people",
    "events",
    "problems",
    "rules",
}
CORPORA = Path(os.environ.get("GATEWAY_CORPORA", Path(__file__).parents[2].parent / "shared" / "corpora"))


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A configuration that `init` wrote."""
    assert call("init", tmp_path / "d").exit_code == 0
    return tmp_path / "d"


def test_init_writes_a_configuration_that_holds(office: Path) -> None:
    checked = call("--config", office / "gateway.toml", "check-config")

    assert checked.exit_code == 0
    assert (office / "office.secret").stat().st_mode & 0o777 == 0o600


def test_what_only_reads_the_journal_starts_without_the_means_to_reach_an_edms(office: Path) -> None:
    listed = "main(['--config', sys.argv[1], 'queue', 'list'], standalone_mode=False)"
    asked = "sys.exit('gateway.edms_adapter.sql.edms' in sys.modules)"
    code = f"import sys; from gateway.cli import main; {listed}; {asked}"
    Journal.open(f"sqlite:///{office / 'journal.db'}", office / "blobs").close()

    done = subprocess.run([sys.executable, "-c", code, office / "gateway.toml"], capture_output=True, timeout=60)

    assert (done.returncode, done.stderr) == (0, b"")


def test_init_overwrites_nothing(office: Path) -> None:
    before = {path.name: path.read_bytes() for path in office.iterdir() if path.is_file()}

    again = call("init", office)

    assert again.exit_code == 1
    assert {path.name: path.read_bytes() for path in office.iterdir() if path.is_file()} == before


def test_the_mapping_that_init_chose_passes_its_own_check(office: Path) -> None:
    checked = call("--config", office / "gateway.toml", "edms", "check")

    assert checked.exit_code == 0, checked.output


def test_a_broken_configuration_names_every_problem_at_once_and_nothing_starts(office: Path) -> None:
    config = office / "gateway.toml"
    config.write_text(
        config.read_text()
        .replace('bind = "127.0.0.1:2525"', 'bind = "nowhere"\ncolour = "red"')
        .replace("port = 25  ", 'port = "many"  ')
    )

    for command in (["check-config"], ["run"], ["status"]):
        told = call("--config", config, *command)

        assert told.exit_code == 78
        assert "listener" in told.output
        assert "bind" in told.output
        assert "colour" in told.output
        assert "relay.port" in told.output
    assert not (office / "journal.db").exists()


def test_a_missing_configuration_is_78_too(tmp_path: Path) -> None:
    assert call("--config", tmp_path / "none.toml", "status").exit_code == 78


def test_an_unknown_option_is_a_usage_error() -> None:
    assert call("status", "--colour").exit_code == 2


def test_what_nobody_knows_is_a_problem(office: Path) -> None:
    assert call("--config", office / "gateway.toml", "trace", "no-such-thing").exit_code == 1


def test_status_is_well_while_a_node_runs_and_not_otherwise(office: Path) -> None:
    config = office / "gateway.toml"
    Journal.open(f"sqlite:///{office}/journal.db", office / "blobs").close()
    stopped = call("--config", config, "status", "--json")
    lock = only_one(office / "blobs")
    running = call("--config", config, "status", "--json")
    lock.close()

    assert (stopped.exit_code, json.loads(stopped.output)["running"]) == (1, False)
    assert (running.exit_code, json.loads(running.output)["ok"]) == (0, True)


@pytest.mark.parametrize(
    "command",
    [["status"], ["status", "--json"], ["queue", "list"], ["trace", "1"], ["db", "verify"], ["db", "upgrade"]],
    ids=" ".join,
)
def test_only_the_service_makes_a_journal(office: Path, command: list[str]) -> None:
    before = sorted(path.name for path in office.iterdir())

    told = call("--config", office / "gateway.toml", *command)

    assert told.exit_code == 1
    assert "there is no journal yet" in told.output
    assert sorted(path.name for path in office.iterdir()) == before


def test_a_mapping_that_is_not_there_is_a_broken_configuration(office: Path) -> None:
    config = office / "gateway.toml"
    config.write_text(config.read_text().replace('mapping = "registry"', 'mapping = "no-such"'))

    for command in ("check-config", "run"):
        told = call("--config", config, command)

        assert told.exit_code == 78
        assert "no-such" in told.output


def test_looking_makes_no_database_for_the_edms(office: Path) -> None:
    config = office / "gateway.toml"
    config.write_text(config.read_text().replace("registry.db", "typo.db"))

    told = call("--config", config, "edms", "check")

    assert told.exit_code == 69
    assert not (office / "typo.db").exists()


def test_a_journal_of_another_age_is_78_with_what_to_do(office: Path) -> None:
    config = office / "gateway.toml"
    Journal.open(f"sqlite:///{office}/journal.db", office / "blobs").close()
    engine = create_engine(f"sqlite:///{office}/journal.db")
    with engine.begin() as tx:
        tx.execute(text("update journal_version set version_num = 'older'"))
    engine.dispose()

    told = call("--config", config, "status")

    assert told.exit_code == 78
    assert "install that one" in told.output


# --- explain ------------------------------------------------------------------------------------------------------


def explained(path: Path) -> tuple[dict[str, object], int]:
    told = call("explain", "--json", path)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.output
    (line,) = told.output.splitlines()
    return json.loads(line), told.exit_code


def test_explain_understands_the_sample_letter(office: Path) -> None:
    found, code = explained(office / "sample.eml")

    assert code == 0
    assert found["kind"] == "document"
    assert set(found) == KEYS


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_explain_prints_one_object_for_every_sample(sample: Path) -> None:
    found, _ = explained(sample)

    assert set(found) == KEYS
    assert found["dialect"] == "sev"


def test_explain_shows_what_a_passport_names_and_did_not_come() -> None:
    found, code = explained(SAMPLES / "document.xml")

    assert code == 1
    assert [file["sha256"] for file in found["files"]] == [None] * len(found["files"])  # type: ignore[index,call-overload]
    missing = "a listed file did not come, expected Письмо о сроках[1].txt"
    assert [one["text"] for one in found["problems"] if one["code"] == "missing-file"] == [missing]  # type: ignore[index,attr-defined]


def test_explain_takes_a_folder_with_a_passport_and_its_files(tmp_path: Path) -> None:
    (tmp_path / "DocInfo.xml").write_text(passport(), encoding="utf-8")
    (tmp_path / "letter[1].pdf").write_bytes(PDF)

    found, code = explained(tmp_path)

    assert code == 0
    assert [(file["name"], file["size"]) for file in found["files"]] == [("letter.pdf", len(PDF))]  # type: ignore[index,attr-defined]


def test_explain_notes_the_links_that_keep_a_package_from_being_taken(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "DocInfo.xml").write_text(passport(), encoding="utf-8")
    (tmp_path / "letter.pdf").write_bytes(PDF)
    (package / "letter[1].pdf").symlink_to(tmp_path / "letter.pdf")

    found, code = explained(package)

    assert code == 0
    assert found["problems"] == [
        {
            "severity": "note",
            "code": "link",
            "place": "letter[1].pdf",
            "text": "a link keeps a package from being taken through a directory",
        }
    ]


def test_explain_tells_who_was_given_a_task_and_what_they_reported() -> None:
    found, _ = explained(SAMPLES / "progress.xml")

    told = {event["kind"]: event for event in found["events"]}  # type: ignore[index,attr-defined]
    wanted = {"task_text": "Подготовить справку", "executors": ["Ольха Ф. Ф."], "deadline": "2025-06-01"}
    reported = [(event["executor"], event["reported"], event["status"]) for event in found["events"]  # type: ignore[index,attr-defined]
                if event["kind"] == "executor_reported"]  # fmt: skip
    assert wanted.items() <= told["executed"].items()
    assert reported == [("Ольха Ф. Ф.", "Справка готова", None), ("Порт «Тихий»", "Сроки сверены", "Исполнено")]


def test_explain_tells_a_supplement_from_a_document_and_shows_what_is_on_it() -> None:
    added, _ = explained(SAMPLES / "gost2010" / "supplement.xml")
    whole, _ = explained(SAMPLES / "gost2010" / "answer.xml")

    assert added["document"]["supplement"] is True  # type: ignore[index]
    assert whole["document"]["supplement"] is False  # type: ignore[index]
    assert whole["document"]["access"] == "Общий"  # type: ignore[index]
    assert whole["document"]["links"][0]["number"] == "12-34/56"  # type: ignore[index]
    assert [field["value"] for field in whole["document"]["fields"]] == ["2026-02-27"]  # type: ignore[index]


def test_explain_keeps_each_thing_on_its_line_and_has_no_empty_version() -> None:
    told = call("explain", SAMPLES / "gost2010" / "error.xml").output

    assert "\ufffd" not in told
    assert re.match(r"understood as: report \(gost2010( \S+)?\)\n", told)


ENVELOPE = "<Envelop><MessageDir>any</MessageDir><Subject>№ 1</Subject></Envelop>"


@pytest.mark.parametrize(
    ("name", "text", "surplus"),
    [
        ("any.env", ENVELOPE, []),
        ("ANY.ENV", '\ufeff<?xml version="1.0" encoding="utf-8"?><Envelop/>', []),
        ("any.env", "DB_HOST=localhost", ["unlisted-file"]),
        ("any.txt", ENVELOPE, ["unlisted-file"]),
    ],
)
def test_explain_takes_the_sidecar_of_a_package_for_no_file_of_it(
    tmp_path: Path, name: str, text: str, surplus: list[str]
) -> None:
    (tmp_path / "DocInfo.xml").write_text(passport(), encoding="utf-8")
    (tmp_path / "letter[1].pdf").write_bytes(PDF)
    (tmp_path / name).write_text(text, encoding="utf-8")

    found, code = explained(tmp_path)

    assert code == 0
    assert [problem["code"] for problem in found["problems"]] == surplus  # type: ignore[attr-defined]


def test_explain_shows_an_annex_that_is_a_transport_envelope_itself(tmp_path: Path) -> None:
    (tmp_path / "DocInfo.xml").write_text(passport(files={"letter[1].env": "letter.env"}), encoding="utf-8")
    (tmp_path / "letter[1].env").write_text(ENVELOPE, encoding="utf-8")

    found, _ = explained(tmp_path)

    assert [file["sha256"] is None for file in found["files"]] == [False]  # type: ignore[index,attr-defined]


def test_explain_still_names_a_transport_envelope_that_lies_alone(tmp_path: Path) -> None:
    (tmp_path / "any.env").write_text(ENVELOPE, encoding="utf-8")

    found, code = explained(tmp_path)

    assert code == 1
    assert [problem["text"] for problem in found["problems"]] == ["SEV transport envelope"]  # type: ignore[attr-defined]


def test_explain_tells_people_too(office: Path) -> None:
    told = call("explain", office / "sample.eml")

    assert "understood as: document (sev 1.0)" in told.output
    assert "01-17/42" in told.output


@pytest.mark.skipif(not CORPORA.is_dir(), reason=f"no corpora at {CORPORA}; name their folder in GATEWAY_CORPORA")
def test_explain_never_meets_a_letter_it_cannot_speak_of() -> None:
    letters = sorted(
        path
        for path in CORPORA.rglob("*")
        if path.is_file() and path.suffix not in (".json", ".md") and path.stat().st_size
    )
    assert len(letters) > 50

    for letter in letters:
        found, code = explained(letter)

        assert set(found) == KEYS, letter
        assert code in (0, 1)
        assert "defect" not in [problem["code"] for problem in found["problems"]], letter  # type: ignore[index,attr-defined]


@pytest.mark.parametrize("command", [("check-config",), ("run",), ("edms", "check"), ("edms", "dry-run", "LETTER")])
def test_a_mapping_that_does_not_hold_is_told_with_its_line_before_anything_runs(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    home = tmp_path / "d"
    assert call("init", home).exit_code == 0
    mapping = (BUILT_IN / "registry.toml").read_text("utf-8").replace("document.subject", "docment.subject", 1)
    (home / "mine.toml").write_text(mapping, "utf-8")
    config = home / "gateway.toml"
    config.write_text(config.read_text("utf-8").replace('mapping = "registry"', 'mapping = "mine.toml"'), "utf-8")
    told = call("--config", config, *(str(home / "sample.eml") if word == "LETTER" else word for word in command))

    line = next(at for at, words in enumerate(mapping.splitlines(), 1) if "docment" in words)
    assert told.exit_code == BAD_CONFIGURATION
    assert f"{home / 'mine.toml'}:{line}: register[1].values.subject: " in told.stderr
    assert "did you mean document?" in told.stderr
