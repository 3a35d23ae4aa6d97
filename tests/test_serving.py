"""A machine that only serves calls, without the packages that check, draw and speak words: what it does and says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ivr.audio import Sounds, engines
from ivr.audio.clips import RENDERED, clip, clips
from ivr.authoring import drafts
from ivr.compiling import building
from ivr.machine import config, equipment
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Published, Store
from tests import serving
from tests.ports import free_port
from tests.redis_server import soon
from tests.test_deploy import answers
from tests.test_start import an_environment

ROOT = config.ROOT


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return serving.python(tmp_path_factory.mktemp("serving") / "venv")


@pytest.fixture
def place(tmp_path: Path, files: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a line that another machine has published."""
    place = {**an_environment(tmp_path), "IVR_SPEECH": "audio"}
    settings = config.settings(place)
    with server.redis(settings):
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)
        yield place


def _ivr(python: Path, place: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "ivr", *words]
    return subprocess.run(command, env=place, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def _lines(path: str) -> set[str]:
    return set((ROOT / path).read_text(encoding="utf-8").splitlines())


def test_it_has_the_versions_that_everything_was_tested_with() -> None:
    assert _lines(serving.LOCK) <= _lines("requirements.lock") <= _lines("tests/requirements.lock")


def test_only_what_publishes_is_missing(python: Path) -> None:
    code = (
        "from importlib.util import find_spec; from ivr.machine import equipment\n"
        "print(equipment.only_serves(), [n for n in equipment.PUBLISHING if find_spec(n)], find_spec('twilio') is None)"
    )
    told = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.split("\n")[0] == "True [] False"
    assert not equipment.only_serves(), "here, everything is installed"


def test_nothing_that_serves_needs_what_publishes() -> None:
    """Also where everything is installed, the processes that answer calls leave the libraries for sound alone."""
    served = "ivr.cli, ivr.processes.web_server, ivr.processes.pool"
    code = f"import sys, {served}; print(*{{name.split('.')[0] for name in sys.modules}})"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not set(told.stdout.split()) & set(equipment.PUBLISHING)


@pytest.mark.parametrize(
    "words", [("check",), ("publish", "-m", "why"), ("notice", "We are closed."), ("render",), ("say", "Hello."),
              ("record", "list"), ("call", "--hear", "call.wav"), ("print", "-o", "line.pdf"), ("demo", "--port")],
    ids=" ".join,
)  # fmt: skip
def test_what_it_cannot_do_is_refused_with_what_to_do(
    python: Path, place: dict[str, str], words: tuple[str, ...]
) -> None:
    if words[0] == "demo":
        words = (*words, str(free_port()))
    refused = _ivr(python, place, *words)

    assert refused.returncode == 1
    assert refused.stderr.strip() == f"{equipment.ONLY_SERVES} {equipment.ELSEWHERE}"


def test_it_answers_calls_and_says_at_its_start_what_is_missing(python: Path, place: dict[str, str]) -> None:
    port = free_port()
    command = [python, "-m", "ivr", "web", "--port", str(port)]
    with subprocess.Popen(command, env=place, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert soon(lambda: answers(port))
        finally:
            running.terminate()
            told = running.communicate(timeout=20)[0]

    assert equipment.ONLY_SERVES in told
    assert "sounds are missing, and Twilio's voice reads them" in told


def test_its_doctor_says_so(python: Path, place: dict[str, str]) -> None:
    told = _ivr(python, place, "doctor", "--no-mail").stdout

    assert f"LOOK    packages: {equipment.ONLY_SERVES}" in told
    assert "render them where all is installed, and copy them here" in told


def test_it_plays_the_sounds_of_the_machine_that_made_them(
    python: Path, place: dict[str, str], files: dict[str, str]
) -> None:
    """The names of sounds have the voice's version in them, which it does not know by itself."""
    made, audio = building.load(files, config.bank_holidays()), Path(place["IVR_AUDIO"])
    rendered = audio / RENDERED
    rendered.mkdir(parents=True)
    choice = engines.choices(made.line.speech)[0]
    for each in clips(made):
        (rendered / each.name(choice.identity, made.respelt)).touch()
    engines.note_who_speaks(made, rendered)
    words = next(iter(made.every_prompt()))
    code = (
        "import json, sys; from pathlib import Path; from ivr.audio import Sounds\n"
        "from ivr.compiling import building; from ivr.machine import config\n"
        "files, words = json.load(sys.stdin)\n"
        "made = building.load(files, config.bank_holidays())\n"
        f"print(Sounds(Path({str(audio)!r}), made, 'x').url(words, False))"
    )

    told = subprocess.run(
        [python, "-c", code], input=json.dumps([files, words]), cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == f"x/audio/{clip(made, words, False).name(choice.identity, made.respelt)}"
    assert Sounds(audio, made, "x").url(words, slow=False) == told.stdout.strip()


def test_every_message_goes_to_an_adviser(python: Path) -> None:
    """A silence too: it has no way to tell one from a caller."""
    code = "from ivr.processes.worker import _may_hold_speech; print(_may_hold_speech(b'no sound at all'))"
    told = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout == "True\n"
