"""Calls of the draft that are kept as a story, or sent as a link: what is kept, who can open it, and when it ends."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import MOST_SENT, SentCall, Store, packed
from tests.desk import Browser, hire
from tests.line import Line

OUTSIDE = {"REMOTE_ADDR": "192.0.2.9"}
CALL = {
    "when": "2026-11-25T10:30", "caller": "07700 900123",
    "did": [["CALLER", "2"], ["CALLER", "0"], ["ADVISER", "(talks)"], ["CALLER", "(hangs up)"]],
}  # fmt: skip
GREETING = "This is the automated voice"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config folder of one's own, for a draft."""
    return Path(shutil.copytree(config.ROOT / "config", tmp_path / "config"))


@pytest.fixture
def drafted(settings: Settings, store: Store, published: str, folder: Path) -> Iterator[Line]:
    with Line(dataclasses.replace(settings, config_dir=folder), store) as line:
        yield line


@pytest.fixture
def ren(drafted: Line, store: Store) -> Browser:
    """An editor, signed in."""
    hire(store, "ren", "editor")
    browser = Browser(drafted)
    browser.sign_in("ren")
    return browser


def _change_the_draft(folder: Path) -> None:
    welcome = folder / "menus" / "welcome.yaml"
    welcome.write_text(welcome.read_text().replace(GREETING, "This is the new voice"))


def _send(ren: Browser, **fields: str) -> str:
    """Make a link. Returns its path."""
    ren.get("/studio/draft")
    page = ren.send("/studio/sent", **{"about": "Is the greeting clear?", "call": json.dumps(CALL), **fields})
    assert page.status_code == 200, page.text
    address = page.text.split("</textarea>")[0].rsplit(">", 1)[1]
    assert address.startswith(ren.line.settings.public_url)
    return address.removeprefix(ren.line.settings.public_url)


def _open(line: Line, path: str, **more: Any) -> TestResponse:
    """As somebody elsewhere, who has no sign-in."""
    client, base = Client(line.app), line.settings.public_url
    if more:
        return client.post(path, base_url=base, json=more, environ_overrides=OUTSIDE)
    return client.get(path, base_url=base, environ_overrides=OUTSIDE)


# --- as a story -------------------------------------------------------------------------------


def test_a_call_becomes_a_story_that_comes_true(ren: Browser, folder: Path, store: Store) -> None:
    ren.get("/studio/draft")

    kept = ren.send("/studio/draft/keep", name="sent_home", about="Their child was sent home", call=json.dumps(CALL))

    assert "The call is kept in config/stories/sent_home.call." in kept.text
    story = (folder / "stories" / "sent_home.call").read_text()
    assert story.startswith("# Their child was sent home\nWhen    Wed 25 November 2026, 10:30\n")
    assert "(chooses " in story
    assert ("ren", "kept the story sent_home") in [(entry.who, entry.what) for entry in store.audit.entries()]
    checked = ren.line.app.console.extensions["draft"].checked()  # type: ignore[attr-defined]
    assert not [problem for problem in checked.problems if "sent_home" in problem.where.file]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"name": "../line"}, "A name has small letters"),
        ({"name": "Two Words"}, "A name has small letters"),
        ({"name": "a_letter"}, "There is a story a_letter already."),
        ({"about": "  "}, "Write what the call is for"),
        ({"call": ""}, "Ring first"),
        ({"call": json.dumps({**CALL, "did": [["CALLER", "shouts"]]})}, "Write keys"),
    ],
)
def test_what_cannot_be_a_story_says_why_and_loses_nothing(
    ren: Browser, folder: Path, typed: dict[str, str], why: str
) -> None:
    (folder / "stories" / "a_letter.call").write_text("before")
    before = {path: path.read_text() for path in (folder / "stories").iterdir()}
    fields = {"name": "sent_home", "about": "Their child was sent home", "call": json.dumps(CALL), **typed}
    ren.get("/studio/draft")

    refused = ren.send("/studio/draft/keep", **fields)

    assert refused.status_code == 422
    assert why in refused.text
    assert (
        f'name="name" class="form-control" maxlength="60" required autocomplete="off" value="{fields["name"]}"'
        in refused.text
    )
    assert {path: path.read_text() for path in (folder / "stories").iterdir()} == before


# --- as a link --------------------------------------------------------------------------------


def test_whoever_has_the_link_hears_the_draft_as_it_was_without_a_sign_in(ren: Browser, folder: Path) -> None:
    path = _send(ren)
    _change_the_draft(folder)

    page = _open(ren.line, path)

    assert page.status_code == 200
    assert "<strong>This is a draft.</strong>" in page.text
    assert "Is the greeting clear?" in page.text
    assert "Play the call as" in page.text
    reply = _open(ren.line, f"{path}/reply", when="2026-11-25T10:30", caller="", did=[])
    assert GREETING in reply.json["twiml"]


def test_a_link_opens_nothing_else(ren: Browser) -> None:
    path = _send(ren)
    page = _open(ren.line, path).text

    assert "/studio/map" not in page
    assert "config/" not in page
    for other in ("/studio/draft", "/studio/sent", "/console/", "/studio/map"):
        assert _open(ren.line, other).location == "/console/signin"


def test_a_link_ends_after_fourteen_days(ren: Browser) -> None:
    path = _send(ren)
    ren.line.now += dt.timedelta(days=13, hours=23)
    assert _open(ren.line, path).status_code == 200

    ren.line.now += dt.timedelta(hours=1)

    ended = _open(ren.line, path)
    assert ended.status_code == 404
    assert "This link has ended, or it is not complete." in ended.text
    assert _open(ren.line, f"{path}/reply", when="2026-11-25T10:30", caller="", did=[]).status_code == 404


def test_whoever_sent_it_sees_it_and_ends_it_and_a_colleague_does_not(ren: Browser, store: Store) -> None:
    path = _send(ren)
    (link_id, sent), *more = store.sent.all(ren.line.now.timestamp())
    assert (sent.by, more) == ("ren", [])
    hire(store, "Bo", "editor")
    bo = Browser(ren.line)
    bo.sign_in("Bo")

    assert "There is no link that can be used." in bo.get("/studio/sent").text
    assert bo.send(f"/studio/sent/{link_id}/end").status_code == 404
    assert _open(ren.line, path).status_code == 200

    assert "Is the greeting clear?" in ren.get("/studio/sent").text
    assert "The link is ended" in ren.send(f"/studio/sent/{link_id}/end").text
    assert _open(ren.line, path).status_code == 404


def test_an_administrator_ends_the_links_of_others(ren: Browser, store: Store) -> None:
    path = _send(ren)
    hire(store, "Zoe", admin=True)
    zoe = Browser(ren.line)
    zoe.sign_in("Zoe")

    assert "Is the greeting clear?" in zoe.get("/studio/sent").text
    zoe.send(f"/studio/sent/{store.sent.all(0.0)[0][0]}/end")

    assert _open(ren.line, path).status_code == 404


def test_neither_the_address_nor_what_was_sent_can_be_read_in_redis(ren: Browser, store: Store) -> None:
    secret = _send(ren).rsplit("/", 1)[1]

    names = store.redis.do(lambda client: client.keys("*"))
    values = store.redis.do(lambda client: [client.get(name) for name in names if b"ivr:sent:" in name])

    assert len(values) == 1
    assert not any(secret.encode() in name for name in names)
    assert b"greeting" not in values[0]
    assert b"ren" not in values[0]


def test_there_is_a_most_of_links(ren: Browser, store: Store, files: dict[str, str]) -> None:
    now = ren.line.now.timestamp()
    for _ in range(MOST_SENT):
        store.sent.add(SentCall("ren", now, "About", packed(files)))
    ren.get("/studio/draft")

    refused = ren.send("/studio/sent", about="One more", call="")

    assert refused.status_code == 422
    assert f"There are {MOST_SENT} links already" in refused.text
    assert len(store.sent.all(now)) == MOST_SENT


def test_a_draft_with_errors_is_sent_to_nobody(ren: Browser, folder: Path, store: Store) -> None:
    line_yaml = folder / "line.yaml"
    ren.get("/studio/draft")
    line_yaml.write_text(line_yaml.read_text().replace("opening_hours:", "opening_ours:"))

    refused = ren.send("/studio/sent", about="Listen", call="")

    assert refused.status_code == 422
    assert "The draft has errors" in refused.text
    assert "cannot be rung: it has" in ren.get("/studio/draft").text
    assert store.sent.all(0.0) == []


@pytest.mark.parametrize("secret", ["x", "%00", "a" * 5000, "\u00e9"])
def test_an_address_that_was_never_given_out_is_a_clear_page(drafted: Line, secret: str) -> None:
    page = _open(drafted, f"/studio/link/{secret}")

    assert page.status_code == 404
    assert "Traceback" not in page.text


# --- the draft in the meantime ----------------------------------------------------------------


def test_a_call_ends_when_the_draft_is_changed_in_the_middle_of_it(ren: Browser, folder: Path) -> None:
    client, base = ren.client, ren.line.settings.public_url
    begun = client.post("/studio/draft/reply", base_url=base, json={**CALL, "did": []}).json

    _change_the_draft(folder)
    told = client.post(
        "/studio/draft/reply", base_url=base, json={**CALL, "did": [["CALLER", "2"]], "revision": begun["revision"]}
    )

    assert told.status_code == 400
    assert told.json["problem"] == "The draft was changed while you rang. Ring again to hear it as it is now."
