"""Draws the map of the line as a picture. Graphviz, which comes inside the package pygraphviz, finds the layout.

Each place is a box: its subject, the first words, and a line for each choice, with the key in front. A choice leads
from its line to the box of its target. Boxes link to the place's address, so that a page can show more of it.

Graphviz runs in a process of its own: it needs memory that callers' processes should not hold, and if it crashes, no
call ends.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

from ivr.machine import equipment
from ivr.overview import atlas
from ivr.overview.atlas import Spot, SpotKind
from ivr.problems import counted
from ivr.reporting.dropoff import TOO_FEW, Footfall

#: The colour of each kind of place: of its head, and of its border. Words say the kind too.
COLOURS: dict[SpotKind, tuple[str, str]] = {
    "menu": ("#d5e5f5", "#1d4f80"),
    "guidance": ("#e3f1dd", "#2f5d1e"),
    "word": ("#f4ecd2", "#6b5413"),
    "step": ("#e9e1f2", "#513a73"),
}
#: Letters in a row of a box, and rows of what is said in it.
_ROW, _ROWS = 38, 3
#: Seconds that drawing may take. The shipped line takes one.
_MOST_SECONDS = 30
_DRAW = (
    "import sys, pygraphviz; graph = pygraphviz.AGraph(sys.stdin.read()); "
    "sys.stdout.buffer.write(graph.draw(format='svg', prog='dot'))"
)
_STYLE = """rankdir=LR; nodesep=0.15; ranksep=1.1; bgcolor=transparent; tooltip=" ";
node [shape=plain, fontname=Arial, fontsize=11]; edge [color="#5a6370", arrowsize=0.6, tooltip=" "];"""
#: From no visit in trouble to four in ten and more, a colour for each tenth.
_SHADES = ("#ffffff", "#fdeee6", "#fad6c3", "#f5b493", "#ee8f63")
_BEGIN = re.compile(r"<svg[^>]*>")
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)


class NotDrawn(Exception):
    """The picture could not be drawn. The message says why."""


#: What is noted at a place, in few words, and how much it matters.
Note = tuple[Literal["error", "warning", "changed"], str]
#: The colour behind each. The words say it too.
_NOTED = {"error": "#f6c6c9", "warning": "#fff0c2", "changed": "#d9f0f2"}


def file(spots: tuple[Spot, ...], found: Iterable[str], title: str) -> str:
    """The map as a file of its own, in which a box links to itself. Raises NotDrawn."""
    drawn = svg(spots, found, links_to="box-")
    named = _BEGIN.sub(lambda begin: f"{begin.group()}\n<title>{escape(title)}</title>", drawn, count=1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{named}'


def svg(
    spots: tuple[Spot, ...],
    found: Iterable[str] = (),
    walked: Iterable[Footfall] = (),
    notes: Mapping[str, Sequence[Note]] | None = None,
    links_to: str = "place-",
) -> str:
    """The map as an SVG element. Raises NotDrawn.

    The places in `found` have a thick border. `walked`: how many visits of each place were in trouble, which its box
    says. `notes`: what else to say at some places. A box links to the id that is `links_to` and the name of its place.
    """
    if equipment.only_serves():
        raise NotDrawn(f"The map is not drawn here. {equipment.ONLY_SERVES}")
    by_place = {each.place: each for each in walked}
    boxes = _boxes(spots, frozenset(found), by_place, notes or {}, links_to)
    graph = "\n".join(("digraph {", _STYLE, *boxes, *_lines(spots), "}"))
    try:
        done = subprocess.run(  # noqa: S603  a fixed program; the graph is its input
            [sys.executable, "-c", _DRAW], input=graph, capture_output=True, text=True, encoding="utf-8",
            timeout=_MOST_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotDrawn(f"Graphviz did not draw the map: {error}") from error
    if done.returncode or "<svg" not in done.stdout:
        raise NotDrawn(
            f"Graphviz did not draw the map: {done.stderr.strip()[-300:] or f'it ended with {done.returncode}'}"
        )
    return _PROLOGUE.sub("", done.stdout, count=1)


def _boxes(
    spots: tuple[Spot, ...],
    found: frozenset[str],
    walked: Mapping[str, Footfall],
    notes: Mapping[str, Sequence[Note]],
    links_to: str,
) -> Iterable[str]:
    named, titles = atlas.crowded(spots), {spot.id: spot.title for spot in spots}
    for spot in spots:
        kinds = f"{spot.kind} found" if spot.id in found else spot.kind
        more = [*_walked(walked.get(spot.id)), *((_NOTED[kind], words) for kind, words in notes.get(spot.id, ()))]
        box = _box(spot, titles, named, spot.id in found, more)
        yield (
            f'"{spot.id}" [label={box}, URL="#{links_to}{spot.id}", '
            f'tooltip="{_quoted(f"{spot.title}: {spot.id}")}", class="{kinds}", id="box-{spot.id}"];'
        )


def _lines(spots: tuple[Spot, ...]) -> Iterable[str]:
    """A line from each choice to its target, if the target is drawn and not only named."""
    drawn = {spot.id for spot in spots} - atlas.crowded(spots)
    for spot in spots:
        yield from (f'"{spot.id}":w{i}:e -> "{way.to}":head:w;' for i, way in enumerate(spot.ways) if way.to in drawn)


def _walked(walked: Footfall | None) -> Iterable[tuple[str, str]]:
    """What happened at a place, with a colour for how much trouble there was."""
    if walked:
        shade = _SHADES[min(int(walked.trouble * 10), len(_SHADES) - 1)] if walked.visits >= TOO_FEW else _SHADES[0]
        yield shade, walked.in_words


def _way_there(spot: Spot) -> str:
    """How many keys lead to a place, and which are left there."""
    keys = "no key leads here" if spot.keys is None else counted(len(spot.keys), "key") if spot.keys else "at once"
    return f"{keys}; free: {', '.join(spot.free)}" if spot.free else keys


def _box(
    spot: Spot, titles: dict[str, str], named: frozenset[str], is_found: bool, more: Iterable[tuple[str, str]]
) -> str:
    """A box as a table in Graphviz' own HTML. `more`: rows at the top, each with its colour."""
    head, border = COLOURS[spot.kind]
    said = textwrap.wrap(" ".join(spot.says), _ROW, max_lines=_ROWS, placeholder=" …")
    rows = [f'<tr><td port="head" bgcolor="{head}" align="left"><b>{_text(spot.title)}</b>  {_text(spot.id)}</td></tr>']
    rows.append(f'<tr><td align="left"><font point-size="9" color="#4a525c">{_text(_way_there(spot))}</font></td></tr>')
    rows += [f'<tr><td bgcolor="{colour}" align="left">{_text(words)}</td></tr>' for colour, words in more]
    if said:
        rows.append('<tr><td align="left" balign="left">' + "<br/>".join(map(_text, said)) + "</td></tr>")
    for i, way in enumerate(spot.ways):
        leads = f" → {titles.get(way.to, way.to)}" if way.to in named else ""
        words = textwrap.shorten(f"{way.label}{leads}", _ROW, placeholder=" …")
        rows.append(f'<tr><td port="w{i}" align="left"><b>{way.key or "·"}</b> {_text(words)}</td></tr>')
    style = f'border="{3 if is_found else 1}" cellborder="0" cellspacing="0" cellpadding="3" color="{border}"'
    return f'<<table {style} bgcolor="#ffffff">{"".join(rows)}</table>>'


def _text(words: str) -> str:
    """Words in Graphviz' HTML. A backslash would begin one of its codes, so a sign that looks like it stands there."""
    return escape(words, quote=False).replace("\\", "\N{REVERSE SOLIDUS OPERATOR}")


def _quoted(words: str) -> str:
    """Words in a string of Graphviz, which reads character references there too."""
    return _text(words).replace('"', "&quot;")
