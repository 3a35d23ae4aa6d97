"""The draft process: what it answers, that it costs no call, and that nothing of it is left."""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.authoring import drafts
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.practice import transcript
from ivr.web.studio import drafting
from ivr.web.studio.draft import DraftClient, NotDone
from ivr.web.studio.practice import SoFar

OPEN = "2026-11-25T10:30"
CALL = SoFar(OPEN, "07700 900123", [])
GREETING = "This is the automated voice"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped config/, to be edited."""
    return Path(shutil.copytree(config.ROOT / "config", tmp_path_factory.mktemp("staff") / "config"))


@pytest.fixture(scope="module")
def draft(machine: Settings, folder: Path) -> Iterator[DraftClient]:
    draft = DraftClient(dataclasses.replace(machine, config_dir=folder))
    yield draft
    draft.close()


def _pid(draft: DraftClient) -> int:
    assert draft._child
    assert draft._child._process
    return draft._child._process.pid


def test_the_draft_is_what_is_in_the_files_now(draft: DraftClient, folder: Path, files: dict[str, str]) -> None:
    before = draft.compiled()
    assert before.is_usable
    assert before.revision == drafts.revision_of(files)
    assert GREETING in draft.reply(CALL).twiml

    welcome = folder / "menus" / "welcome.yaml"
    welcome.write_text(files["menus/welcome.yaml"].replace(GREETING, "This is the new voice"), encoding="utf-8")

    assert draft.compiled().revision != before.revision
    assert "This is the new voice" in draft.reply(CALL).twiml
    (change,) = draft.differences(files).changes
    assert change[0] == ("greeting",)
    welcome.write_text(files["menus/welcome.yaml"], encoding="utf-8")


def test_files_that_are_not_written_yet_can_be_asked_about(draft: DraftClient, files: dict[str, str]) -> None:
    new = {**files, "menus/welcome.yaml": files["menus/welcome.yaml"].replace(GREETING, "This is the new voice")}

    assert "This is the new voice" in draft.reply(CALL, new).twiml
    assert GREETING in draft.reply(CALL).twiml


def test_a_draft_that_does_not_compile_says_where(draft: DraftClient, files: dict[str, str]) -> None:
    broken = {**files, "menus/welcome.yaml": files["menus/welcome.yaml"].replace("goto: contact_us", "goto: nowhere")}

    compiled = draft.compiled(broken)

    assert not compiled.is_usable
    first = compiled.problems[0]
    assert (first.where.file, "nowhere" in first.says, "nowhere" in first.where.excerpt) == (
        "config/menus/welcome.yaml", True, True,
    )  # fmt: skip
    for ask in (draft.reply, lambda call, files: draft.checked(files)):
        with pytest.raises(NotDone) as refused:
            ask(CALL, broken)
        assert first in refused.value.problems


def test_findings_of_the_check_come_with_their_place_in_the_line(draft: DraftClient, files: dict[str, str]) -> None:
    long = "You are not alone. " + "And this goes on without an end in sight, on and on and on. " * 6
    new = {
        **files,
        "menus/welcome.yaml": files["menus/welcome.yaml"].replace("You are not alone.", long),
    }

    checked = draft.checked(new)

    found = [place for place, problem in zip(checked.at, checked.problems, strict=True) if "welcome" in str(problem)]
    assert "helpers_menu" in found


def test_a_call_goes_on_while_a_check_runs(draft: DraftClient, files: dict[str, str]) -> None:
    """They do not wait for each other: the check is asked first, and answered last."""
    answered = []
    new = {**files, "texts.yaml": files["texts.yaml"] + "\n# Something else to check.\n"}
    draft.reply(CALL, new)
    checking = threading.Thread(target=lambda: (draft.checked(new), answered.append("check")))
    checking.start()
    draft.reply(CALL, new)
    answered.append("call")
    checking.join()

    assert answered == ["call", "check"]


def test_words_are_heard_as_callers_would_hear_them(draft: DraftClient) -> None:
    with wave.open(io.BytesIO(draft.sound("This is {service_name}."))) as short:
        seconds = short.getnframes() / short.getframerate()
    with wave.open(io.BytesIO(draft.sound("This is {service_name}. We help with special needs."))) as long:
        assert long.getnframes() / long.getframerate() > seconds > 0.5


@pytest.mark.parametrize(
    ("words", "why"), [("...", "no words"), ("{nothing}", "no spoken setting {nothing}"), ("a " * 2000, "characters")]
)
def test_words_that_cannot_be_said_are_refused_in_a_sentence(draft: DraftClient, words: str, why: str) -> None:
    with pytest.raises(NotDone, match=why):
        draft.sound(words)


def test_a_call_is_kept_as_a_story_that_chooses_by_words(draft: DraftClient) -> None:
    call = _after(CALL, ("CALLER", "2"), ("CALLER", "0"), ("ADVISER", "(talks)"), ("CALLER", "(hangs up)"))

    story = draft.story(call, ["Somebody whose child is sent home."])

    read = transcript.read(story, "config/stories/x.call")
    assert read.about == ("# Somebody whose child is sent home.",)
    assert "CALLER  (chooses " in story
    assert "GOT     a person" in story


def _after(call: SoFar, *did: tuple[str, str]) -> SoFar:
    return SoFar(call.when, call.caller, list(did))  # type: ignore[arg-type]


def test_a_process_that_was_killed_is_started_again(draft: DraftClient) -> None:
    draft.compiled()
    first = _pid(draft)
    os.kill(first, signal.SIGKILL)
    draft._child._process.wait()  # type: ignore[union-attr]

    assert draft.compiled().is_usable
    assert _pid(draft) != first


def test_it_runs_at_the_lowest_priority_and_has_no_secret(draft: DraftClient, machine: Settings) -> None:
    draft.compiled()

    process = Path(f"/proc/{_pid(draft)}")
    assert os.getpriority(os.PRIO_PROCESS, _pid(draft)) == drafting.NICENESS
    environment = process.joinpath("environ").read_text()
    for secret in (*machine.auth_tokens, machine.secret_key, machine.key_words):
        assert secret not in environment


def test_it_ends_with_the_process_that_started_it(machine: Settings, folder: Path) -> None:
    """Whatever that dies of: then nobody is left to ask."""
    code = (
        "import os, pickle, sys; from ivr.web.studio.draft import DraftClient; "
        "draft = DraftClient(pickle.loads(sys.stdin.buffer.read())); draft.compiled(); "
        "print(draft._child._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    settings = pickle.dumps(dataclasses.replace(machine, config_dir=folder))
    ended = subprocess.run([sys.executable, "-c", code], input=settings, capture_output=True, cwd=config.ROOT)

    child = Path(f"/proc/{int(ended.stdout)}")
    for _ in range(100):
        if not child.exists() or " Z " in child.joinpath("stat").read_text():
            break
        time.sleep(0.1)
    assert not child.exists() or " Z " in child.joinpath("stat").read_text()
