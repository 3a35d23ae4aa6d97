"""The map of the line in a browser: a picture of every place and choice, and the same as a list; live, or the draft.

Each place can be read and played, and a practice call can begin at it. What the check finds, and what changed, is shown
at its place. The draft process (`drafting.py`) reads the draft, and it checks what is live, because that takes seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import structlog
from flask import Flask, Response, render_template, request, url_for

from ivr.overview import atlas, changes
from ivr.overview.atlas import Branch, Spot
from ivr.printing import drawing
from ivr.printing.drawing import NotDrawn, Note
from ivr.problems import ConfigError, Problem, counted
from ivr.reporting.dropoff import Footfall
from ivr.store import StoreDown
from ivr.web.console.common import Console, add_pages
from ivr.web.edition import Edition
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.dropoff import PERIODS, walked
from ivr.web.studio.phone import wav

log = structlog.get_logger()

#: The most characters of a search.
MOST_LETTERS = 100


def add_to(app: Flask, console: Console) -> None:
    """The page of the map, and the sound of a place of the draft."""
    pages = _Pages(console)
    add_pages(
        app, ("/studio/map", pages.line_map, "GET"), ("/studio/draft/place/<place>.wav", pages.place_sound, "GET"),
        needs="hear",
    )  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """The line as the map shows it: what is live, or the draft."""

    spots: tuple[Spot, ...] = ()
    tree: tuple[Branch, ...] = ()
    #: The addresses of what is said at each place, in order; none if it has no sound.
    sounds: Mapping[str, str] = field(default_factory=dict)
    #: What changed, in lines, by place; None if it could not be looked up.
    changed: Mapping[str, Sequence[str]] | None = field(default_factory=dict)
    #: Why it cannot be shown; empty if it can. And the draft's errors, if they are the reason.
    away: str = ""
    errors: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Found:
    """What the check finds, or why it could not look."""

    #: The problems by place; under "" those that are at no place.
    at: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    away: str = ""


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    def line_map(self) -> str:
        is_draft, with_check = request.args.get("of") == "draft", "check" in request.args
        line = self._draft() if is_draft else self._live()
        found = self._checked(is_draft=is_draft) if with_check and line.spots else _Found()
        words, days = request.args.get("words", "")[:MOST_LETTERS].strip(), request.args.get("days", 0, type=int)
        seen = walked(self._console.store, days, self._console.clock()) if days in PERIODS else ()
        has_words = atlas.containing(line.spots, words) if words else frozenset[str]()
        return render_template(
            "studio/map.html", line=line, found=found, with_check=with_check, is_draft=is_draft,
            shown=[spot for spot in line.spots if not words or spot.id in has_words], words=words,
            titles={spot.id: spot.title for spot in line.spots}, periods=PERIODS, days=days,
            picture=_picture(line.spots, has_words, seen, _notes(line, found)),
            tree=() if words else line.tree,
            walked=None if seen is None else {each.place: each for each in seen},
        )  # fmt: skip

    def place_sound(self, place: str) -> Response:
        """What a place of the draft says, as one sound."""

        def made() -> bytes:
            spot = next((each for each in self._console.draft.spots().spots if each.id == place), None)
            return self._console.draft.sound(" ".join(spot.phrases) if spot else "")

        return wav(made)

    # --- what is live, and the draft --------------------------------------------------------

    def _live(self) -> _Line:
        edition = self._console.edition
        spots = atlas.of(edition.script)
        tree = atlas.tree(edition.script)
        return _Line(spots, tree, {spot.id: _sounds(edition, spot) for spot in spots}, self._last_changes(edition))

    def _draft(self) -> _Line:
        try:
            seen = self._console.draft.spots()
            changed = self._console.draft.differences(dict(self._console.edition.files)).changes
        except NotDone as reason:
            return _Line(away=str(reason), errors=reason.problems)
        except DraftAway as reason:
            return _Line(away=str(reason))
        speaking = {spot.id: url_for("place_sound", place=spot.id) for spot in seen.spots if spot.phrases}
        return _Line(seen.spots, seen.tree, speaking, _by_place(changed))

    def _last_changes(self, edition: Edition) -> dict[str, list[str]] | None:
        """What the last publication changed."""
        try:
            last = next(iter(self._console.store.revisions.history()), None)
            before = self._console.live.of(last.before) if last and last.before else None
        except (StoreDown, ConfigError):
            return None
        found = changes.between(before.script, edition.script) if before else ()
        return _by_place((change.nodes, tuple(change.lines())) for change in found)

    def _checked(self, *, is_draft: bool) -> _Found:
        live = dict(self._console.edition.files)
        try:
            checked = self._console.draft.checked(None if is_draft else live, live)
        except (DraftAway, NotDone) as reason:
            return _Found(away=str(reason))
        at: dict[str, list[Problem]] = {}
        for place, problem in zip(checked.at, checked.problems, strict=True):
            if is_draft or not problem.where.file.startswith("config/stories"):  # the stories belong to the draft
                at.setdefault(place, []).append(problem)
        return _Found(at)


def _by_place(found: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, list[str]]:
    """Changes in lines, by place."""
    changed: dict[str, list[str]] = {}
    for places, lines in found:
        for place in places:
            changed.setdefault(place, []).extend(lines)
    return changed


# --- the picture ------------------------------------------------------------------------------


def _notes(line: _Line, found: _Found) -> tuple[tuple[str, tuple[Note, ...]], ...]:
    """What the picture shows at each place besides its words."""
    return tuple((spot.id, notes) for spot in line.spots if (notes := tuple(_notes_at(spot.id, line, found))))


def _notes_at(place: str, line: _Line, found: _Found) -> Iterable[Note]:
    severities = Counter(problem.severity for problem in found.at.get(place, ()))
    for severity in ("error", "warning"):
        if count := severities[severity]:
            yield severity, counted(count, severity)
    if line.changed and place in line.changed:
        yield "changed", "changed"


@lru_cache(maxsize=8)
def _drawn(
    spots: tuple[Spot, ...],
    found: frozenset[str],
    seen: tuple[Footfall, ...],
    notes: tuple[tuple[str, tuple[Note, ...]], ...],
) -> str:
    """The picture. Drawing it takes a moment, so the last ones are kept. Raises NotDrawn."""
    return drawing.svg(spots, found, seen, dict(notes))


def _picture(
    spots: tuple[Spot, ...],
    found: frozenset[str],
    seen: tuple[Footfall, ...] | None,
    notes: tuple[tuple[str, tuple[Note, ...]], ...],
) -> str:
    """The picture; empty if it cannot be drawn. The list says the same."""
    try:
        return _drawn(spots, found, seen or (), notes) if spots else ""
    except NotDrawn as error:
        log.error("map", why=str(error))
        return ""


def _sounds(edition: Edition, spot: Spot) -> str:
    """The addresses of what is said at a place, in order; empty if some of it has no sound."""
    urls = [edition.sounds.url(phrase, slow=False) if edition.sounds else None for phrase in spot.phrases]
    return " ".join(url for url in urls if url) if all(urls) else ""
