"""Another service in another town, about another subject: a line of its own files, with nothing changed in ivr/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ivr import web
from ivr.authoring.drafts import read_draft, revision_of
from ivr.check import Context, check
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.processes import server
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import publishing
from tests.conftest import ENVIRONMENT
from tests.desk import hire
from tests.line import OPEN, Call, Line

TOWN = config.ROOT / "tests" / "another_town"
#: What only the shipped line may say, and where: in its own files and not in the program.
OURS = re.compile(r"\b(?i:leicester|sendias\w*|special (educational )?needs|senco|ipsea)\b|\bSEND?\b|\bEHC\b|\bE H C\b")
#: How a voice is asked to say words stands with the voice (ivr/audio/respelling.py); the shipped words with the program
#: are written from config/ (ivr/authoring/shipped.py), and stand in for a service's own until it has written them.
NOT_JUDGED = {"respelling.py"}


@pytest.fixture
def town(tmp_path: Path) -> Settings:
    told = {**ENVIRONMENT, "IVR_DATA": str(tmp_path), "IVR_CONFIG": str(TOWN), "IVR_AUDIO": str(tmp_path / "audio")}
    return config.settings(told)


@pytest.fixture
def line(town: Settings) -> Iterator[Line]:
    """The line of that town, published and running."""
    with server.redis(town), closing(Store(town.redis_url, town.keys, PATIENT_SECONDS)) as store:
        publishing.put_live(store, publishing.gate(town), "tests", "the first", "")
        with Line(town, store) as running:
            yield running


def _script() -> Script:
    return building.load(configfiles.script_files(TOWN), config.bank_holidays())


def test_nothing_in_the_program_knows_our_town_or_our_subject() -> None:
    found = [
        f"{path.relative_to(config.ROOT)}:{number}: {row.strip()}"
        for path in sorted((config.ROOT / "ivr").rglob("*"))
        if path.suffix in (".py", ".html", ".js", ".css") and path.name not in NOT_JUDGED
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if OURS.search(row)
    ]

    assert found == []


def test_its_words_pass_the_check_with_no_error() -> None:
    draft = read_draft(configfiles.script_files(TOWN))
    made = building.build(draft, revision_of(draft.files), config.bank_holidays())

    found = [str(each) for each in check(Context(draft, made, OPEN.date())) if each.severity == "error"]

    assert found == []


def test_no_prompt_and_no_text_is_ours() -> None:
    made = _script()

    said = [*made.every_prompt(), *made.texts.values()]
    assert [words for words in said if OURS.search(str(words))] == []


def test_it_is_rung_and_a_caller_is_on_its_list(line: Line) -> None:
    """From the greeting through its own guidance to a promise, and to the card that its advisers see."""
    call = line.call("+447700900456")
    assert "Harbour Housing Advice. We help people to keep their home." in call.words

    call.press("1")
    assert "Keep the letter" in call.words
    call.press("0")
    assert any("1134960001" in (each.text or "") for each in call.reply.iter()), "its own helpline rings"
    call.put_in(DialCallStatus="busy")
    _asks_to_be_rung(call)

    (asked,) = line.store.requests.waiting()
    assert (asked.number, asked.urgent) == ("+447700900456", True)


def _asks_to_be_rung(call: Call) -> None:
    heard = []
    for _ in range(12):
        call.press("1")
        heard.append(call.words)
        if "We will call you" in call.words:
            return
    raise AssertionError(heard)


def test_its_front_page_and_its_advisers_page_have_its_name(line: Line) -> None:
    hire(line.store)
    front = line.client.get("/").text
    signin = line.client.get("/console/signin").text

    assert "Harbour Housing Advice" in front
    assert not OURS.search(front)
    assert not OURS.search(signin)


def test_its_fallback_rings_its_own_helpline() -> None:
    told = web.put_through(_script(), "")

    assert "1134960001" in told
    assert not OURS.search(told)
