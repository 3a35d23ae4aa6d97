"""What is wrong with a whole script: rules about callers, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.reading import Problem
from ivr.script import Draft, Script


@dataclass(frozen=True)
class Extras:
    stories: Mapping[str, str] = field(default_factory=dict)


def check(draft: Draft, script: Script, extras: Extras) -> list[Problem]:
    return []
