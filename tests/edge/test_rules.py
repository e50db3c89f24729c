# SPDX-License-Identifier: GPL-3.0-or-later
"""``make story``: two gateways run, and every rule is seen; what is not seen is said, and fails."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.offices import set_up
from gateway.demo.rules import SCENES
from gateway.demo.rules.stage import Scene, Stage
from gateway.demo.rules.story import play, run_rules

SECONDS = 600  # LIMIT: for all scenes on a machine that has much else to do
EXPECTED = {
    "Receive rules": (
        "group «Запросы ведомств», journal «Запросы ведомств», inbox of Управление связи",
        "receive rule: invitations",
        "  not requests: kind is Приглашения, not Запросы",
        "registered as ВХ-П/2; nothing was written",
    ),
    "Report rules": ("Объёмы сверены, расхождений нет", "Исполнительный комитет, Москва: дано поручение; срок "),
    "Papers that wait": (
        "Исполнительный комитет, Москва: registered, № ВХ-М-100/А от",
        "put onto № ВХ-М-100/А",
        "Исполнительный комитет, Москва: refused, Вопрос не относится к компетенции организации",
        "Исполнительный комитет, Москва: refused, Принят к сведению без регистрации",
    ),
    "Tasks sent": ("Кленов П. И.: Справка готова (Исполнено)", "Исполнительный комитет, Москва: исполнено; "),
    "People correct themselves": ("изменён срок", "сменён исполнитель", "возобновлено", "больше не сообщается"),
    "The sender changes his mind": (
        "cancelled, отменено, не отправлялось",
        "| Отзыв: зарегистрировано у получателя № ВХ-М-",
        "sent, дополнение: файлов 1, поручений 0",
        ": Приложение.pdf, ",
    ),
    "One document for two organisations": (
        "| Дирекция дорог, Москва: waiting: «Согласовать прокладку вдоль дорог»",
        "|   отказано в регистрации: Вопрос не относится к компетенции организации",
        "|   исполнено: Представить схему линий связи",
    ),
    "Confidentiality": (
        "failed, Не отправлено: Документ ограниченного доступа, а канал связи с этой организацией не защищён: ДСП",
        ": no card",
        "документы с уровнем доступа «Для членов комиссии» регистрирует человек",
        ": registered, «общий»",
    ),
    "Dates": ("нет счётчика журнала «Запросы организаций» за", "registered, № З-М-1 от", "registered as З-М-2"),
    "Paper:": ("бумажный подлинник следует; the original came on", "1 card of", "подлинник получен"),
    "Answers and links": ("В ответ на: № 01-17/", "Во исполнение: № 01-17/", "В связи с: № М-04/", "Ответ: № ВХ-"),
    "Directories": (
        "changed    W-04  Ольховская Вера Львовна",
        "Ольховская Вера Львовна: «Рябинина Вера Львовна",
        "замещает Кленов Пётр Ильич",
        "направлено: Кленов Пётр Ильич",
    ),
    "Drafts": ("зарегистрировано как проект", "замечание: Исправить дату", "проект зарегистрирован № М-04/"),
    "Registers on paper": ("РЕЕСТР ОТПРАВЛЕННЫХ ДОКУМЕНТОВ", "нет регистрации", "Итого документов: 1"),
}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the whole story once; give what it printed, which says also what was missed."""
    home = tmp_path_factory.mktemp("story")
    command = [sys.executable, "-m", "gateway", "demo", "--rules", "--directory", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize(("place", "scene"), list(enumerate(SCENES, 1)), ids=[scene.title for scene in SCENES])
def test_every_scene_is_seen(story: str, place: int, scene: Scene) -> None:
    told, table = story.rsplit("\n\n", 1)
    scenes = re.split(r"^\d+\. ", told, flags=re.M)[1:]

    assert re.search(rf"^ *{place}\. {re.escape(scene.title)} +[0-9.]+ s +seen$", table, re.M)
    assert re.match(rf"{re.escape(scene.title)}\n  (Minsk: |Moscow:) ", scenes[place - 1])


@pytest.mark.thorough
@pytest.mark.parametrize(("title", "lines"), EXPECTED.items())
def test_a_scene_shows_what_the_cards_show(story: str, title: str, lines: tuple[str, ...]) -> None:
    (scene,) = (one for one in re.split(r"^\d+\. ", story, flags=re.M) if one.startswith(title))

    for words in lines:
        assert words in scene


# --- what is not seen -------------------------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two offices nobody serves, and no patience."""
    minsk, moscow = set_up(tmp_path)
    return Stage(minsk, moscow, (), patience_seconds=0)


def test_what_does_not_come_is_printed_with_what_was_seen_instead(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene("never", lambda stage: print(stage.shows(stage.minsk, "the card", lambda work: ["a", "b"], "b", "a")))

    played = play(1, scene, stage)

    assert not played.seen
    printed = capsys.readouterr().out
    assert "MISSING Minsk: the card: this should be seen\n          + b\n          + a\n" in printed
    assert "but this was\n          | a\n          | b\n" in printed


def test_what_should_not_be_seen_is_said_and_fails(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene("secret", lambda stage: stage.hides(stage.minsk, "the card", ["№ 1", "every word"], "word", "deed"))

    played = play(1, scene, stage)

    assert not played.seen
    assert "MISSING Minsk: the card: this should not be seen: word\n" in capsys.readouterr().out


@pytest.fixture
def signals() -> Iterator[None]:
    """Give back what the story does with SIGTERM."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("signals")
def test_one_scene_that_is_not_seen_fails_the_story_and_the_others_play(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hears_nothing(stage: Stage) -> None:
        Stage(stage.minsk, stage.moscow, stage.gateways, patience_seconds=0).shows(
            stage.minsk, "the card", lambda work: [], "anything"
        )

    def says(stage: Stage) -> None:
        stage.say(stage.minsk, "nothing to wait for")

    code = run_rules(tmp_path, keep=False, scenes=(Scene("one", hears_nothing), Scene("two", says)))

    assert code == 1
    table = capsys.readouterr().out.rsplit("\n\n", 1)[1]
    assert re.findall(r"(\w+) +[0-9.]+ s +(\w+)", table) == [("one", "MISSING"), ("two", "seen")]
