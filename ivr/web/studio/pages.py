"""All pages of the studio, and the navigation between them."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect

from ivr.roles import Right
from ivr.web.console.common import Console
from ivr.web.studio import dropoff, edit, keeping, line_map, phone, publish, record, stories, things

#: The pages in the navigation: the name of the view, what the link says, and the right that the page needs.
NAVIGATION: tuple[tuple[str, str, Right], ...] = (
    ("ring_line", "Ring", "hear"),
    ("ring_draft", "Ring the draft", "hear"),
    ("line_map", "Map", "hear"),
    ("drop_off", "Where callers give up", "hear"),
    ("edit_index", "Change", "words"),
    ("record_index", "Record", "words"),
    ("publish_page", "Publish", "words"),
)


def add_to(app: Flask, console: Console, csrf: CSRFProtect) -> None:
    """The pages of the studio."""
    app.register_blueprint(
        Blueprint(
            "studio", __name__, static_folder="static", static_url_path="/studio/static", template_folder="templates"
        )
    )
    app.jinja_env.globals.update(studio_pages=NAVIGATION)
    phone.add_to(app, console, csrf)
    keeping.add_to(app, console, csrf)
    line_map.add_to(app, console)
    dropoff.add_to(app, console)
    edit.add_to(app, console)
    things.add_to(app, console)
    stories.add_to(app, console)
    record.add_to(app, console)
    publish.add_to(app, console)
