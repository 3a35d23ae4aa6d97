"""The map of the live line in a browser: a picture of every place and choice, and the same as a list.

Each place can be read and played, and a practice call can begin at it.
"""

from __future__ import annotations

from functools import lru_cache

import structlog
from flask import Flask, render_template, request

from ivr import atlas, changes, drawing
from ivr.atlas import Spot
from ivr.drawing import NotDrawn
from ivr.dropoff import Footfall
from ivr.problems import ConfigError
from ivr.store import Store, StoreDown
from ivr.web.console.common import Console, add_pages
from ivr.web.edition import Edition
from ivr.web.live import Live
from ivr.web.studio.dropoff import PERIODS, walked

log = structlog.get_logger()

#: The most letters of a search.
MOST_LETTERS = 100


def add_to(app: Flask, console: Console) -> None:
    """The page of the map."""
    add_pages(app, ("/studio/map", _Pages(console).line_map, "GET"), needs="hear")


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    def line_map(self) -> str:
        store, live = self._console.store, self._console.live
        edition, words = self._console.edition, request.args.get("words", "")[:MOST_LETTERS].strip()
        days = request.args.get("days", 0, type=int)
        seen = walked(store, days, self._console.clock()) if days in PERIODS else ()
        spots = atlas.of(edition.script)
        found = atlas.containing(spots, words) if words else frozenset[str]()
        return render_template(
            "studio/map.html", spots=[spot for spot in spots if not words or spot.id in found], count=len(spots),
            words=words, titles={spot.id: spot.title for spot in spots},
            sounds={spot.id: _sounds(edition, spot) for spot in spots}, changed=_changed(store, live, edition),
            picture=_picture(spots, found, seen), periods=PERIODS, days=days,
            tree=() if words else atlas.tree(edition.script),
            walked=None if seen is None else {each.place: each for each in seen},
        )  # fmt: skip


@lru_cache(maxsize=8)
def _drawn(spots: tuple[Spot, ...], found: frozenset[str], seen: tuple[Footfall, ...]) -> str:
    """The picture. Drawing it takes a moment, so the last ones are kept. Raises NotDrawn."""
    return drawing.svg(spots, found, seen)


def _picture(spots: tuple[Spot, ...], found: frozenset[str], seen: tuple[Footfall, ...] | None) -> str:
    """The picture; empty if it cannot be drawn. The list says the same."""
    try:
        return _drawn(spots, found, seen or ())
    except NotDrawn as error:
        log.error("map", why=str(error))
        return ""


def _sounds(edition: Edition, spot: Spot) -> str:
    """The addresses of what is said at a place, in order; empty if some of it has no sound."""
    urls = [edition.sounds.url(phrase, slow=False) if edition.sounds else None for phrase in spot.phrases]
    return " ".join(url for url in urls if url) if all(urls) else ""


def _changed(store: Store, live: Live, edition: Edition) -> dict[str, list[str]] | None:
    """What the last publication changed, in lines, by place; None if it could not be looked up."""
    try:
        last = next(iter(store.revisions.history()), None)
        before = live.of(last.before) if last and last.before else None
    except (StoreDown, ConfigError):
        return None
    changed: dict[str, list[str]] = {}
    for change in changes.between(before.script, edition.script) if before else ():
        for node in change.nodes:
            changed.setdefault(node, []).extend(change.lines())
    return changed
