"""Whether the stories of config/ come true, and what the line says where they do not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ivr.practice import playing, story, transcript
from ivr.practice.effects import PracticeHandler
from ivr.practice.story import Untrue
from ivr.problems import ConfigError, Problem, kind
from ivr.script import Script

_EXPECTS_NOTHING = kind(
    "story-expects-nothing", "This story passes whatever the line says.", "Write what must be heard, as LINE.",
    severity="warning",
)  # fmt: skip


def play_stories(script: Script, stories: Mapping[str, str]) -> list[Problem]:
    """Play every story, and report where the line does something else.

    A notice comes and goes, so a story may be written with or without it.
    """
    problems = []
    for name, text in stories.items():
        found = _play_story(script, name, text)
        if found and script.notices:
            found = _play_story(_without_notices(script), name, text)
        problems += found
    return problems


def _without_notices(script: Script) -> Script:
    return replace(script, notices=())


def _play_story(script: Script, name: str, text: str) -> list[Problem]:
    try:
        wanted = transcript.read(text, f"config/{name}")
    except ConfigError as error:
        return list(error.problems)
    caller = playing.Caller(script, PracticeHandler())
    heard = caller.follow(wanted)
    problems = list(story.first(caller.problems, story.differences(wanted, heard)))
    if all(entry.put_in for entry in wanted.entries):
        problems.append(_EXPECTS_NOTHING().at(wanted.where(wanted.entries[0])))
    return problems


# --- what the line says now -----------------------------------------------------------------------


def untrue_stories(script: Script, stories: Mapping[str, str]) -> Iterator[Untrue]:
    """Those of the stories that do not come true."""
    for name, text in stories.items():
        if found := play_stories(script, {name: text}):
            after = accepted_story(script, name, text)
            left = play_stories(script, {name: after})
            yield Untrue(name, found[0], after, left[0] if left else None)


def accepted_story(script: Script, name: str, text: str) -> str:
    """The story with what the line says now; unchanged if it cannot be read.

    A notice that the story does not have is not written into it, because a notice ends and the story stays.
    """
    try:
        wanted = transcript.read(text, f"config/{name}")
    except ConfigError:
        return text
    scripts = (script, _without_notices(script)) if script.notices else (script,)
    calls = [playing.play(each, wanted, PracticeHandler()) for each in scripts]
    return story.accepted(wanted, min(calls, key=lambda heard: len(story.differences(wanted, heard))))


# --- all of them ----------------------------------------------------------------------------------


def unreadable_stories(stories: Mapping[str, str]) -> list[Problem]:
    """Problems of stories that cannot be read, when there is no script to play them on."""
    problems: list[Problem] = []
    for name, text in stories.items():
        try:
            transcript.read(text, f"config/{name}")
        except ConfigError as error:
            problems += error.problems
    return problems


def unvisited(script: Script, stories: Mapping[str, str]) -> list[str]:
    """The nodes that no story visits."""
    visited: set[str] = set()
    for name, text in stories.items():
        caller = playing.Caller(script, PracticeHandler())
        with contextlib.suppress(ConfigError):  # a story that cannot be read is reported elsewhere
            caller.follow(transcript.read(text, name))
        visited |= caller.visited
    return sorted(set(script.nodes) - visited)
