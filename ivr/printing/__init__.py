"""Prints everything that the line says: as a tagged PDF, or as one HTML file.

Both are made from the same booklet. Typst, which comes inside the package typst with its fonts, makes the PDF. It fails
if the PDF would break PDF/UA, the standard for PDFs that screen readers can read.

    booklet.typ    the PDF's layout
    booklet.html   the same as a web page
    drawing.py     draws the map, with Graphviz
    sheets.py      sheets for translators, as XLSX
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.language.printed import date
from ivr.machine import equipment
from ivr.overview.booklet import Booklet, BookletEntry, Topic
from ivr.spoken import text_of

_HERE = Path(__file__).parent
#: What each level of urgency means for callers who ask to be rung from a place.
_URGENT = {"": "", "urgent": "Urgent", "today": "Urgent: today"}


class NotPrinted(Exception):
    """The document could not be made. The message says why."""


def html(booklet: Booklet, today: dt.date) -> str:
    """The booklet as one HTML file, which needs nothing from elsewhere."""
    pages = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    return pages.get_template("booklet.html").render(_data(booklet, today))


def pdf(booklet: Booklet, today: dt.date) -> bytes:
    """The booklet as a PDF on A4, with headings, contents and bookmarks. Raises NotPrinted, or OnlyServes."""
    equipment.must_have_all()
    import typst  # a machine that only serves calls does not have it

    data = json.dumps(_data(booklet, today))
    try:
        made = typst.compile(
            _HERE / "booklet.typ", root=_HERE, sys_inputs={"booklet": data}, ignore_system_fonts=True,
            pdf_standards=["ua-1"], timestamp=int(dt.datetime.combine(today, dt.time(12), dt.UTC).timestamp()),
        )  # fmt: skip
    except typst.TypstError as error:
        raise NotPrinted(f"The PDF could not be set: {error}. Print it as HTML instead: -o line.html") from error
    assert isinstance(made, bytes)
    return made


def _data(booklet: Booklet, today: dt.date) -> dict[str, Any]:
    """The booklet as plain values, with its dates in words."""
    places = {entry.id for topic in booklet.topics for entry in topic.entries}
    return {
        "service": booklet.service,
        "revision": booklet.revision,
        "printed": date(today),
        "places": sum(entry.kind != "Phrases" for topic in booklet.topics for entry in topic.entries),
        "confirmed": f"{booklet.confirmed_by} on {date(booklet.confirmed_on)}" if booklet.confirmed_on else "",
        "unconfirmed": [
            {"name": each.name, "value": each.value, "met": list(each.met)} for each in booklet.unconfirmed
        ],
        "notices": [
            {"words": text_of(notice.words), "begins": f"{date(notice.begins)}", "ends": f"{date(notice.ends)}"}
            for notice in booklet.notices
        ],
        "languages": [dataclasses.asdict(language) for language in booklet.languages],
        "topics": [_topic(booklet, topic, places, today) for topic in booklet.topics],
        "texts": [
            {**dataclasses.asdict(text), "offered_at": [_link(booklet, place, places) for place in text.offered_at]}
            for text in booklet.texts
        ],
    }  # fmt: skip


def _topic(booklet: Booklet, topic: Topic, places: set[str], today: dt.date) -> dict[str, Any]:
    return {
        "title": topic.title, "file": topic.file, "owner": topic.owner, "source": topic.source,
        "review_by": date(topic.review_by), "is_late": topic.review_by < today,
        "entries": [
            {
                **dataclasses.asdict(entry),
                "keys": _keys(entry),
                "urgent": _URGENT[entry.urgent],
                "words": [_link(booklet, word, places) for word in entry.words],
                "ways": [
                    {
                        "key": way.key, "label": way.label.rstrip(",."), "said_back": way.said_back,
                        **_link(booklet, way.to, places),
                    }
                    for way in entry.ways
                ],
            }
            for entry in topic.entries
        ],
    }  # fmt: skip


def _keys(entry: BookletEntry) -> str:
    """How callers get there, in words; empty where no choice leads."""
    if entry.keys is None:
        return ""
    return f"Keys {', '.join(entry.keys)}" if entry.keys else "At once"


def _link(booklet: Booklet, place: str, places: set[str]) -> dict[str, str]:
    """A reference to a place; its id is empty if the place has no entry in the document."""
    return {"to": place if place in places else "", "heading": booklet.headings.get(place, place)}
