"""The phone in the browser, as its page speaks with the line. What it looks and sounds like is in test_browser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from werkzeug.test import Client, TestResponse

from ivr.authoring import drafts
from ivr.machine.config import Settings
from ivr.script import HELP, Script
from ivr.store import Published, Store
from ivr.web.studio.practice import MOST_INPUTS
from tests.desk import Browser, hire
from tests.line import Line

HERE = "http://127.0.0.1:8000"
LOOPBACK = {"REMOTE_ADDR": "127.0.0.1"}
OPEN, CLOSED = "2026-11-25T10:30", "2026-11-25T22:30"


@pytest.fixture
def here(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    """A line that is opened from its own machine."""
    with Line(dataclasses.replace(settings, public_url=HERE), store) as line:
        yield line


def _reply(line: Line, *did: tuple[str, str], when: str = OPEN, **so_far: Any) -> TestResponse:
    call = {"when": when, "caller": "07700 900123", "did": did, **so_far}
    return Client(line.app).post("/studio/call/reply", base_url=HERE, json=call, environ_overrides=LOOPBACK)


def _spoken(reply: TestResponse) -> str:
    document = ElementTree.fromstring(reply.json["twiml"])
    return " ".join(" ".join("".join(say.itertext()).split()) for say in document.iter("Say"))


def test_a_reply_is_the_twiml_that_a_real_call_gets(here: Line) -> None:
    real = here.call().press("2").replies[-1]

    practice = ElementTree.fromstring(_reply(here, ("CALLER", "2")).json["twiml"])

    def plain(document: ElementTree.Element) -> str:
        return re.sub(r"/voice/turn/\d+[^<\"]*", "", ElementTree.tostring(document, encoding="unicode"))

    assert plain(practice) == plain(real)


def test_a_call_to_a_person_ends_with_what_the_caller_got(here: Line) -> None:
    rings = _reply(here, ("CALLER", "0")).json
    assert "<Dial" in rings["twiml"]
    assert rings["whisper"].startswith("hears: A caller from the phone line.")

    over = _reply(here, ("CALLER", "0"), ("ADVISER", "(talks)"), ("CALLER", "(hangs up)")).json

    assert (over["twiml"], over["got"]) == ("", ["a person"])


def test_what_is_written_down_is_shown_and_nothing_is_kept(here: Line, store: Store) -> None:
    did = []
    while "<Record" not in _reply(here, *did, when=CLOSED).json["twiml"]:
        did.append(("CALLER", "(says nothing)"))
    asked = _reply(here, *did, ("CALLER", "(leaves a message)"), when=CLOSED).json

    assert any("callback request" in noted for noted in asked["noted"])
    assert store.requests.waiting() == []


def test_a_call_goes_on_with_the_words_that_it_began_with(here: Line) -> None:
    revision = _reply(here).json["revision"]

    assert _reply(here, ("CALLER", "1"), revision=revision).json["revision"] == revision
    assert _reply(here, ("CALLER", "1"), revision="0" * 12).json["revision"] == revision, "what is live stands in"


@pytest.mark.parametrize(
    ("did", "told"),
    [
        ([("ADVISER", "(talks)")], "Nobody is being rung here."),
        ([("CALLER", "shouts")], "Write keys"),
        ([("CALLER", "12")], "No number is asked for here"),
        ([("CALLER", "(hangs up)"), ("CALLER", "1")], "The call is over here."),
        ([("NOTED", "1")], "not a call"),
        ([("CALLER", "(says nothing)")] * (MOST_INPUTS + 1), "not a call"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(here: Line, did: list[tuple[str, str]], told: str) -> None:
    refused = _reply(here, *did)

    assert refused.status_code == 400
    assert told in refused.json["problem"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"when": 7}', b'{"when": "2026-11-25T10:30"}', b"\xff"])
def test_a_body_that_is_no_call_is_refused_in_words(here: Line, body: bytes) -> None:
    refused = Client(here.app).post("/studio/call/reply", base_url=HERE, data=body, environ_overrides=LOOPBACK)

    assert refused.status_code == 400
    assert "Reload the page" in refused.json["problem"]


@pytest.mark.parametrize("when", ["", "soon", "2026-11-31T10:30", "2026-02-30T25:00"])
def test_a_time_that_does_not_exist_is_asked_for_again(here: Line, when: str) -> None:
    assert _reply(here, when=when).json == {"problem": "Enter the day and the time at which you ring."}


@pytest.mark.parametrize("path", ["/studio/call", "/studio/call/reply"])
def test_from_elsewhere_the_phone_needs_a_sign_in(here: Line, path: str) -> None:
    ask: dict[str, Any] = {
        "environ_overrides": LOOPBACK,
        "base_url": "https://line.example.org",
        "headers": {"X-Forwarded-For": "192.0.2.9"},
    }
    client = Client(here.app)

    answer = client.get(path, **ask) if path == "/studio/call" else client.post(path, json={}, **ask)

    assert answer.location == "/console/signin" if path == "/studio/call" else answer.status_code == 401


def test_whoever_may_hear_rings_from_elsewhere_once_signed_in(line: Line, store: Store) -> None:
    hire(store, "ren", "editor")
    browser = Browser(line)

    assert browser.get("/studio/call").request.path == "/console/signin"
    assert "Press Ring to begin." in browser.sign_in("ren").text


def test_the_studio_has_one_address(line: Line) -> None:
    moved = line.client.get("/console/studio/map?words=a%20b", base_url=line.settings.public_url)

    assert (moved.status_code, moved.location) == (308, "/studio/map?words=a%20b")


# --- what is chosen before a call ---------------------------------------------------------------


def test_a_call_at_the_slow_pace_begins_with_the_keys_that_set_it(here: Line, shipped: Script) -> None:
    begun = _reply(here, slow=True).json

    keys = [text for _, text in begun["did"]]
    assert keys == ["9", next(o.key for o in shipped.places[HELP].options_written() if o.goto == "slower")]
    assert "I will speak more slowly from now on." in begun["twiml"]
    assert _reply(here, *map(tuple, begun["did"])).json["twiml"] == begun["twiml"], "the page goes on from there"


def test_a_place_to_begin_at_comes_before_the_pace(here: Line) -> None:
    begun = _reply(here, to="school_menu", slow=True).json

    assert begun["place"] == "school_menu"
    assert [text for _, text in begun["did"]][-2] == "9"


def test_with_every_promised_time_full_no_time_is_held(here: Line) -> None:
    """After the closing time: key 0, and then what is offered first, until a time is chosen."""
    did = [("CALLER", "0"), *[("CALLER", "1")] * 5]

    with_places, full = (_reply(here, *did, when=CLOSED, full=each).json["noted"] for each in (False, True))

    assert any("place held" in noted for noted in with_places)
    assert not any("place held" in noted for noted in full)


@pytest.mark.parametrize("language", ["pl", "xx"])
def test_a_language_that_this_caller_is_not_offered_is_refused(here: Line, language: str) -> None:
    refused = _reply(here, language=language)

    assert refused.status_code == 400
    assert "This caller is not offered that language." in refused.json["problem"]


def test_a_test_phone_begins_in_a_language_that_is_a_draft(
    settings: Settings, store: Store, edited: Callable[[str, str, str], dict[str, str]]
) -> None:
    files = edited("line.yaml", "test_phones: []", 'test_phones: ["07700 900555"]')
    store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", "for the tests"), files)
    with Line(dataclasses.replace(settings, public_url=HERE), store) as line:
        edition = line.app.console.extensions["draft"]  # not asked: what is live is played here
        assert edition._child is None
        begun = _reply(line, language="pl", caller="07700 900555").json

    assert [text for _, text in begun["did"]] == ["8", "1"]
    assert "pl-PL" in begun["twiml"]


# --- from this machine --------------------------------------------------------------------------


def test_without_a_sign_in_this_machine_hears_and_changes_nothing(here: Line) -> None:
    client = Client(here.app)
    ask: dict[str, Any] = {"base_url": HERE, "environ_overrides": LOOPBACK}

    for path in ("/studio/call", "/studio/map", "/studio/drop-off"):
        assert client.get(path, **ask).status_code == 200
    assert client.get("/studio/sent", **ask).location == "/console/signin"
    for path in ("/studio/draft/keep", "/studio/sent"):
        assert client.post(path, data={"name": "x", "about": "x"}, **ask).status_code in (400, 401)
    assert client.get("/console/", **ask).location == "/console/signin"
