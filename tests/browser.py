"""A real Chromium on the pages of the real app: how tests open, use and judge a page."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import threading
from collections.abc import Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from ivr.machine.config import Settings
from ivr.store import Store
from tests.desk import PASSWORD, SPARE
from tests.line import Line
from tests.needed import CHROMIUM, NODE, needs
from tests.ports import free_port

expect.set_options(timeout=30_000)

AXE = NODE / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Codes of last resort of whoever was hired with a second factor: no test needs as many as there are.
SPARE_CODES = itertools.cycle(SPARE)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
#: What half and a quarter of a window leave: a page enlarged to 200% and to 400%.
HALF, QUARTER = {"width": 640, "height": 400}, {"width": 320, "height": 256}


SIZES = pytest.mark.parametrize("size", [DESKTOP, HALF, PHONE], ids=["desktop", "200%", "phone"])


def looks(**sizes: dict[str, int]) -> pytest.MarkDecorator:
    """Each size once, and with one of the two colour schemes in turn: no rule of the styles depends on both."""
    pairs = zip(sizes.items(), itertools.cycle(["light", "dark"]), strict=False)
    cases = [pytest.param(size, scheme, id=f"{name}-{scheme}") for (name, size), scheme in pairs]
    return pytest.mark.parametrize(("size", "scheme"), cases)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    needs(CHROMIUM, "Chromium is needed for the browser tests")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*quiet, "--disable-component-update", "--disable-sync"]
        )
        yield browser
        browser.close()


@pytest.fixture
def served(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    yield from on_a_port(settings, store)


def on_a_port(settings: Settings, store: Store) -> Iterator[Line]:
    """The real app on a real port."""
    port = free_port()
    address = dataclasses.replace(settings, public_url=f"http://127.0.0.1:{port}")
    with Line(address, store) as line:
        server = make_server("127.0.0.1", port, _whole(line.app), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield line
        server.shutdown()
        thread.join()
        server.server_close()


def _whole(app: WSGIApplication) -> WSGIApplication:
    """Each answer is read and closed before it is sent: werkzeug leaves its file open if the browser goes meanwhile."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        with contextlib.closing(ClosingIterator(app(environ, start))) as parts:
            return list(parts)

    return answer


def page_of(chromium: Browser, line: Line, size: dict[str, int], unheeded: str = "401|ERR_FAILED") -> Iterator[Page]:
    context = chromium.new_context(viewport=size, base_url=line.settings.public_url)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not [error for error in errors if not re.search(unheeded, error)], errors


@pytest.fixture
def page(chromium: Browser, served: Line) -> Iterator[Page]:
    yield from page_of(chromium, served, DESKTOP)


@pytest.fixture
def phone(chromium: Browser, served: Line) -> Iterator[Page]:
    yield from page_of(chromium, served, PHONE)


def sign_in(page: Page, name: str = "asha") -> None:
    page.goto("/console/signin")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    if page.url.endswith("/signin/code"):
        page.get_by_label("Code from your app").fill(next(SPARE_CODES))
        press(page, "Go on")
    expect(page.get_by_role("heading", name="Waiting to be rung")).to_be_visible()


def sign_in_by_keyboard(page: Page) -> None:
    page.goto("/console/signin")
    tab_to(page, "Name")
    page.keyboard.type("asha")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Waiting to be rung")).to_be_visible()


def press(page: Page, button: str) -> None:
    """Once this returns, the line has done what was asked, and the scripts of the next page are running."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def follow(page: Page, name: str) -> None:
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, name: str | re.Pattern[str]) -> None:
    """Press Tab until the thing with this name has the focus, and see that it shows."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const e = document.activeElement, label = e.labels && e.labels[0];
                const name = (label ? label.textContent : e.textContent).replace(/\\s+/g, " ").trim();
                const style = getComputedStyle(e);
                return [name, style.outlineStyle !== "none" || style.boxShadow !== "none"];
            }"""
        )
        if name.search(focused[0]) if isinstance(name, re.Pattern) else focused[0] == name:
            assert focused[1], f"{name} has the focus, and it cannot be seen"
            return
    pytest.fail(f"{name} cannot be come to with Tab")


def enter(page: Page, name: str, typed: str = "", moves: bool = True) -> None:
    """Go there by keyboard, type, and press Enter. Once this returns, the next page is there."""
    tab_to(page, name)
    page.keyboard.type(typed)
    if not moves:
        page.keyboard.press("Enter")
        return
    with page.expect_navigation():
        page.keyboard.press("Enter")


def ring(page: Page, when: str = "2026-11-25T10:30") -> None:
    page.goto("/studio/call")
    page.get_by_label("When you ring").fill(when)
    page.get_by_role("button", name="Ring", exact=True).click()
    expect(page.get_by_text("Hello. This is the automated voice")).to_be_visible()


def sideways(page: Page) -> int:
    """By how many pixels a page is too wide, so that it scrolls sideways. Not above 0 if it fits."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def axe(page: Page) -> None:
    """No violation of WCAG 2.2 AA; and the rule that is off by default has really run."""
    needs(AXE.is_file(), "`npm ci` in tests/ is needed for axe")
    page.wait_for_load_state()  # without its style, a page has other colours and sizes
    found = page.evaluate(f"() => {{ {AXE.read_text(encoding='utf-8')}; return axe.run({{runOnly: {TAGS}}}); }}")
    ran = {rule["id"] for kind in ("passes", "violations", "incomplete", "inapplicable") for rule in found[kind]}
    looked_at = {rule["id"] for kind in ("passes", "violations", "incomplete") for rule in found[kind]}
    faults = [
        f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found["violations"] for node in v["nodes"]
    ]

    assert not faults, "\n".join(faults)
    assert "target-size" in ran
    assert "target-size" in looked_at, "target-size found nothing to look at"
