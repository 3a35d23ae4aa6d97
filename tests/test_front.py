"""The front page: what somebody sees who opens the line's address, here and from outside."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from werkzeug.test import Client, TestResponse

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store
from ivr.web import front
from tests.desk import ask, hire
from tests.line import Line
from tests.rest import show_alive

HERE = "http://127.0.0.1:8000"
OUTSIDE = "https://line.example.org"


@pytest.fixture
def here(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    """A line that is opened from its own machine, and whose worker runs."""
    show_alive(store)
    with Line(dataclasses.replace(settings, public_url=HERE, practice=True), store) as line:
        yield line


def _get(line: Line, path: str = "/", base: str = HERE, address: str = "127.0.0.1", **headers: str) -> TestResponse:
    return Client(line.app).get(path, base_url=base, environ_overrides={"REMOTE_ADDR": address}, headers=headers)


def test_the_front_page_says_what_this_is_how_it_is_and_where_to_go_on(here: Line) -> None:
    page = _get(here)

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "SENDIASS Leicester: the phone line" in page.text
    assert "Hello. This is the automated voice of SENDIASS Leicester." in page.text
    assert "<strong>Yes.</strong>" in page.text
    assert ".venv/bin/ivr call" in page.text
    assert ".venv/bin/ivr connect" in page.text
    links = set(re.findall(r'href="(/[^"]*)"', page.text))
    assert {"/console/", "/handbooks/staff.md", "/handbooks/advisers.md", "/handbooks/operators.md"} <= links
    for link in links:
        assert _get(here, link).status_code in (200, 302, 303, 308), link


def test_the_front_page_says_what_readyz_says(here: Line, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _get(here, "/readyz").text == "ready\n"
    monkeypatch.setattr(store.redis, "_url", "redis://127.0.0.1:1")
    monkeypatch.setattr(store.redis, "_local", type("NoClient", (), {})())

    readyz, page = _get(here, "/readyz"), _get(here)

    assert readyz.status_code == 503
    assert f"<strong>No:</strong> {readyz.text.strip()}." in page.text
    assert page.status_code == 200, "the page itself is there"


@pytest.mark.parametrize(
    ("public_url", "base", "address", "headers"),
    [
        (OUTSIDE, OUTSIDE, "127.0.0.1", {}),
        (OUTSIDE, HERE, "127.0.0.1", {}),  # a proxy that asks us by our own address
        (HERE, "http://192.0.2.7:8000", "192.0.2.9", {}),
        (HERE, "https://abc.tunnel.example", "127.0.0.1", {}),
        (HERE, HERE, "127.0.0.1", {"X-Forwarded-For": "192.0.2.9"}),
        (HERE, HERE, "127.0.0.1", {"Forwarded": "for=192.0.2.9"}),
        (HERE, "http://127.0.0.1.evil.example", "127.0.0.1", {}),
        (HERE, HERE, "", {}),
    ],
)
def test_outside_the_page_tells_no_more_than_that_the_line_answers(
    settings: Settings, store: Store, published: str, public_url: str, base: str, address: str, headers: dict[str, str]
) -> None:
    hire(store)
    ask(store)
    with Line(dataclasses.replace(settings, public_url=public_url), store) as line:
        page = _get(line, base=base, address=address, **headers)

        assert page.status_code == 200
        assert "The line answers." in page.text
        for told in ("Is it working", "readyz", "Redis", "ivr ", "handbooks", published, "asha", "900001", "Twilio"):
            assert told not in page.text, told
        assert _get(line, "/handbooks/operators.md", base, address, **headers).status_code == 404


def test_nothing_about_callers_or_secrets_is_on_the_front_page(here: Line, store: Store) -> None:
    hire(store)
    asked = ask(store, urgent=True)

    page = _get(here).text

    for secret in (*here.settings.auth_tokens, here.settings.secret_key, here.settings.account_sid, str(config.ROOT)):
        assert secret not in page
    for about in (asked.number, "07700 900001", asked.id, "asha", "waiting"):
        assert about not in page


def test_a_practice_line_and_a_line_with_a_token_say_what_is_missing(here: Line, store: Store) -> None:
    assert "<code>TWILIO_AUTH_TOKEN</code> is not set" in _get(here).text
    with Line(dataclasses.replace(here.settings, practice=False), store) as line:
        assert "Set <code>PUBLIC_URL</code>" in _get(line).text


@pytest.mark.parametrize(("speech", "told"), [("audio", True), ("say", False)])
def test_sounds_are_promised_only_where_there_are_any(here: Line, store: Store, speech: str, told: bool) -> None:
    with Line(dataclasses.replace(here.settings, speech=speech), store) as line:
        assert ("with the sounds that callers hear" in _get(line).text) == told
        assert ("Turn your sound on." in _get(line, "/studio/call").text) == told


@pytest.mark.parametrize("path", ["/nothing", "/voices", "/handbooks/", "/handbooks/none.md", "/favicon.ico", "/%00"])
def test_an_address_without_a_page_says_so(here: Line, path: str) -> None:
    page = _get(here, path)

    assert page.status_code == 404
    assert "There is no page at this address." in page.text


@pytest.mark.parametrize("name", ["../README", "..%2fREADME", "Staff", "pictures/x", "operators.md/../../app"])
def test_a_handbook_is_one_of_the_pages_in_docs_and_nothing_else(here: Line, name: str) -> None:
    assert _get(here, f"/handbooks/{name}.md").status_code == 404


@pytest.mark.parametrize("path", ["/", "/nothing", "/handbooks/staff.md"])
def test_every_page_runs_no_script_and_loads_nothing_from_elsewhere(here: Line, path: str) -> None:
    page = _get(here, path)

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in page.text
    assert not re.search(r'(src|href)="(https?:)?//', page.text.split("<main>")[0])


def test_pages_are_got_and_nothing_can_be_sent_to_them(here: Line) -> None:
    client = Client(here.app)
    assert client.head("/", base_url=HERE).status_code == 200
    for path in ("/", "/handbooks/staff.md"):
        assert client.post(path, base_url=HERE).status_code == 405


@pytest.mark.parametrize("name", list(front.books()))
def test_every_handbook_is_a_whole_page_with_its_tables(here: Line, name: str) -> None:
    written = (config.ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")

    page = _get(here, f"/handbooks/{name}.md").text

    assert len(re.findall("<h1[ >]", page)) == 1
    assert len(re.findall("<h2[ >]", page)) == len(re.findall(r"^## ", written, re.MULTILINE))
    assert page.count("<table>") == len(re.findall(r"^\|[-| :]+\|$", written, re.MULTILINE))
    assert "&lt;script" in page or "<script" not in page


@pytest.mark.parametrize("name", list(front.books()))
def test_every_link_in_a_handbook_leads_somewhere(here: Line, name: str) -> None:
    page = _get(here, f"/handbooks/{name}.md").text.split("<main>")[1]

    for link in re.findall(r'href="([^"]*)"', page):
        if link.startswith("https://"):
            continue
        to, _, heading = link.partition("#")
        reached = _get(here, f"/handbooks/{to or name + '.md'}")
        assert reached.status_code == 200, link
        assert not heading or f' id="{heading}"' in reached.text, link


def test_html_in_a_handbook_is_shown_and_not_run(here: Line, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "DOCS", tmp_path)
    front.books.cache_clear()
    (tmp_path / "new.md").write_text("# New\n\n<script>alert(1)</script> [x](javascript:alert(1))\n")  # type: ignore[operator]
    try:
        page = _get(here, "/handbooks/new.md").text
    finally:
        front.books.cache_clear()

    assert "&lt;script&gt;" in page
    assert 'href="javascript' not in page


def test_a_handbook_shows_its_pictures_and_nothing_else_of_the_folder(here: Line) -> None:
    page = _get(here, "/handbooks/staff.md")
    sources = re.findall(r'<img src="([^"]+)"', page.text)

    assert sources, "the page has pictures"
    for source in sources:
        with _get(here, f"/handbooks/{source}") as picture:
            assert (picture.status_code, picture.mimetype) == (200, "image/png")
        assert _get(here, f"/handbooks/{source}", address="192.0.2.1").status_code == 404
    for other in ("../../pyproject", "call-natural", "nothing", "..%2fstaff"):
        assert _get(here, f"/handbooks/pictures/{other}.png").status_code == 404
