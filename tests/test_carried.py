"""A form that came too late: after its sign-in had ended, from an earlier one, or while Redis was down."""

from __future__ import annotations

import datetime as dt
import html
import re
import time

import pytest
from playwright.sync_api import Page, expect
from werkzeug.test import TestResponse

from ivr.store import Store
from ivr.web.console.signin import IDLE_SECONDS
from tests.browser import axe, press, sign_in
from tests.desk import NOW, PASSWORD, Browser, ask, hire, spare_code
from tests.line import OPEN, Line


def _go_on(browser: Browser) -> TestResponse:
    """Press the button of the page that carries a form."""
    (address, inner) = re.findall(
        r'<form method="post" action="([^"]+)"[^>]* data-carried>(.*?)</form>', browser.page, re.S
    )[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', inner):
        fields.setdefault(html.unescape(name), []).append(html.unescape(value))
    del fields["csrf_token"]
    return browser.send(address, **fields)  # type: ignore[arg-type]


#: What is typed in from paper, as the page sends it: two rows.
_FROM_PAPER = {
    "day": OPEN.date().isoformat(), "opened": str(NOW), "call": ["4271", "5382"], "at": ["", ""],
    "outcome": ["spoke", "no answer"], "note": ["The appeal is sent.", ""],
}  # fmt: skip


def _two_on_paper(store: Store) -> None:
    for nth, reference in ((1, "4271"), (2, "5382")):
        store.requests.new_reference = lambda reference=reference: reference  # type: ignore[misc]
        ask(store, nth)


@pytest.mark.parametrize("who", ["asha", "sam"], ids=["by password", "by password and code"])
def test_whatever_was_filled_in_before_the_session_ended_goes_on_after_the_sign_in(line: Line, who: str) -> None:
    """All rows, and also after a wrong password. Nothing is sent by itself."""
    hire(line.store, who, role="adviser" if who == "asha" else "supervisor")
    _two_on_paper(line.store)
    late = Browser(line)
    late.sign_in(who)
    late.get("/paper/back")
    line.now += dt.timedelta(seconds=IDLE_SECONDS + 60)

    assert late.send("/paper/back", **_FROM_PAPER).status_code == 401  # type: ignore[arg-type]
    carried = re.search(r'name="carried" value="([^"]+)"', late.page)
    assert carried
    late.send("/signin", name=who, password="wrong", carried=html.unescape(carried[1]))
    page = late.send("/signin", name=who, password=PASSWORD, carried=html.unescape(carried[1]))
    if who == "sam":
        page = late.send(
            "/signin/code", code=spare_code(line.store.accounts.find(who)), carried=html.unescape(carried[1])
        )

    assert "What you had filled in is kept." in page.text
    assert "<li><bdi>The appeal is sent.</bdi></li>" in page.text
    assert {each.tries for each in line.store.requests.waiting()} == {0}
    assert "2 saved." in _go_on(late).text


def test_a_page_of_an_earlier_sign_in_loses_nothing(asha: Browser, line: Line) -> None:
    """Somebody signed out and in again in another tab. A form from elsewhere is not carried."""
    _two_on_paper(line.store)
    asha.get("/paper/back")
    old = asha.page
    asha.get("/")
    asha.send("/signout")
    asha.sign_in()

    asha.page = old
    assert "Go on with what" not in asha.send("/paper/back", **_FROM_PAPER).text  # type: ignore[arg-type]
    asha.page, asha.headers = old, {"Sec-Fetch-Site": "same-origin"}
    refused = asha.send("/paper/back", **_FROM_PAPER)  # type: ignore[arg-type]

    assert (refused.status_code, "That page was too old" in refused.text) == (400, True)
    assert "2 saved." in _go_on(asha).text


def test_a_form_that_came_while_redis_was_down_can_be_sent_again(asha: Browser, line: Line) -> None:
    _two_on_paper(line.store)
    asha.get("/paper/back")
    line.store.redis._shut_until = time.monotonic() + 60

    assert asha.send("/paper/back", **_FROM_PAPER).status_code == 503  # type: ignore[arg-type]
    line.store.redis._shut_until = 0.0

    assert "2 saved." in _go_on(asha).text


def test_a_password_is_carried_by_no_page(asha: Browser, line: Line) -> None:
    asha.get("/account")
    line.store.redis._shut_until = time.monotonic() + 60

    assert (
        "words of hers"
        not in asha.send("/account/password", password="x", new="words of hers", again="words of hers").text
    )


def test_a_note_that_goes_on_after_the_sign_in_is_saved_once_and_waits_in_no_field(
    page: Page, served: Line, store: Store
) -> None:
    """What is typed on a card is also kept in the browser, until it is saved."""
    hire(store)
    asked = ask(store)
    sign_in(page)
    page.goto(f"/console/request/{asked.id}")
    page.get_by_label("Add a note").fill("They have till Friday")
    served.now += dt.timedelta(seconds=IDLE_SECONDS + 60)
    press(page, "Add")
    expect(page.get_by_label(re.compile("Sign in on this page"))).to_have_value("They have till Friday")
    page.get_by_label("Name").fill("asha")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    page.wait_for_load_state()
    axe(page)
    press(page, "Go on with what you began")

    expect(page.locator(".events").get_by_text("They have till Friday")).to_have_count(1)
    page.goto(f"/console/request/{asked.id}")
    expect(page.locator(".events").get_by_text("They have till Friday")).to_have_count(1)
    expect(page.get_by_label("Add a note")).to_have_value("")
