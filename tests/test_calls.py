"""Golden calls: the engine gives the same words directly, and through HTTP, Redis and TwiML."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.practice import playing, transcript
from ivr.practice.transcript import Transcript
from ivr.script import Script
from tests.line import Line, play_over_http

FOLDER = Path(__file__).parent / "calls"
CALLS = sorted(FOLDER.glob("*.call"))
every_call = pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)


def _golden(path: Path) -> Transcript:
    return transcript.read(path.read_text(encoding="utf-8"), path.name)


@every_call
def test_the_engine_says_what_the_call_says(path: Path, shipped: Script, request: pytest.FixtureRequest) -> None:
    """Each golden call comes out of the engine word for word, its session saved and reloaded between turns."""
    wanted = _golden(path)

    played = playing.play(shipped, wanted)

    if request.config.getoption("--accept-calls"):
        path.write_text(transcript.write(played), encoding="utf-8")
    else:
        assert transcript.write(played) == transcript.write(wanted)


@every_call
def test_a_phone_hears_what_the_engine_says(path: Path, shipped: Script, line: Line) -> None:
    """The same call over signed webhooks gives the same words. What is kept is another test's."""
    wanted = playing.play(shipped, _golden(path))
    audible = Transcript(
        wanted.when,
        wanted.caller,
        tuple(e for e in wanted.entries if e.who not in ("NOTED", "GOT")),
        wanted.about,
        wanted.name,
    )

    heard = play_over_http(line, audible)

    assert transcript.write(heard) == transcript.write(audible)


def test_a_call_is_written_as_it_is_read() -> None:
    """Writing a call that was read changes nothing in it."""
    for path in CALLS:
        text = path.read_text(encoding="utf-8")

        assert transcript.write(transcript.read(text, path.name)) == text
