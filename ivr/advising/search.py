"""Finding a caller again: by their phone or by the number of their call, and what is known of that phone.

Several people may share a phone. So what is found says when somebody asked and what came of it, and never the number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ivr.advising import briefing, ranking
from ivr.callbacks.request import CallbackRequest
from ivr.script import Script

#: The most requests that a search shows. The card of a phone's latest request shows the others.
MOST_FOUND = 20


@dataclass(frozen=True)
class Found:
    """One request that was found, in words."""

    request: CallbackRequest
    #: Who has it or how it ended.
    state: str
    #: When it is to be rung; empty once it has ended.
    when: str
    numbers: str
    about: str


def in_words(requests: Iterable[CallbackRequest], me: str, now: float, script: Script) -> list[Found]:
    """The requests that were found, in words: first those that wait, then the latest."""
    order = sorted(requests, key=lambda each: (not each.open, -each.last_heard))
    return [_in_words(each, me, now, script) for each in order[:MOST_FOUND]]


def _in_words(request: CallbackRequest, me: str, now: float, script: Script) -> Found:
    row = ranking.row(request, now, script)
    numbers = ", ".join(asker.reference for asker in request.everybody if asker.reference)
    when = row.when if request.open else ""
    return Found(request, briefing.bar_in_words(request, me, now), when, numbers, row.about)
