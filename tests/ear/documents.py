"""What the ear listens to: whole replies, as a call plays them, with each of the words that matter in several."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from ivr.places import reply
from ivr.places.reading import Reading
from ivr.script import Script
from ivr.script.place import Here
from ivr.script.session import At, Session
from ivr.spoken import Speech, text_of

#: In so many replies each word is listened to, if it occurs in as many.
OFTEN = 10
NOW = dt.datetime(2026, 12, 1, 10, 0, tzinfo=dt.UTC)


def replies(script: Script) -> Iterator[tuple[str, Speech]]:
    """Every reply of staff's places as a first-time caller hears it, with a name."""
    for name, node in script.nodes.items():
        for part in range(len(node.parts) if isinstance(node, Reading) else 1):
            here = Here(script, Session("", script.revision, At(name, part), trail=(At("main_menu"),)), NOW)
            yield f"{name}.{part}", reply.turn(here).says


def tokens(text: str) -> list[str]:
    """The words of a text, without signs; letters that are spelled stand alone."""
    text = re.sub(r"\b([A-Z]{2,})\b(?<!SENDIASS)(?<!SENCO)(?<!IPSEA)(?<!SEND)", lambda found: " ".join(found[1]), text)
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())


def occurs(word: Sequence[str], said: Sequence[str]) -> list[int]:
    """Where a word, which may be several tokens, begins."""
    return [i for i in range(len(said) - len(word) + 1) if tuple(said[i : i + len(word)]) == tuple(word)]


def chosen(script: Script, words: Sequence[str]) -> dict[str, Speech]:
    """The fewest replies that have each word often enough: the rarest words first, with the reply that has most."""
    every = {name: (said, tokens(text_of(said))) for name, said in replies(script)}
    wanted = {word: tuple(tokens(word)) for word in words}
    has = {w: [name for name, (_, said) in every.items() if occurs(t, said)] for w, t in wanted.items()}
    found: dict[str, Speech] = {}
    for word in sorted(words, key=lambda word: (len(has[word]), word)):
        missing = OFTEN - sum(name in found for name in has[word])
        others = [name for name in has[word] if name not in found]
        scarce = [w for w in words if sum(name in found for name in has[w]) < OFTEN]
        worth = {name: sum(name in has[w] for w in scarce) for name in others}
        for name in sorted(others, key=lambda name: (-worth[name], name))[: max(0, missing)]:
            found[name] = every[name][0]
    return dict(sorted(found.items()))
