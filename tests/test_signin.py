"""Who gets into the advisers' page, from where, and how that ends."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ivr.authoring.drafts import revision_of
from ivr.machine import passwords
from ivr.machine.config import Settings
from ivr.machine.environment import networks
from ivr.store import Published, Store
from ivr.web.console.tries import FREE_OF_ADDRESS, FREE_OF_NAME, LONGEST_WAIT, SHORTEST_WAIT
from tests.desk import PASSWORD, Browser, ask, hire
from tests.line import Line
from tests.redis_server import RedisServer
from tests.sealed import KEYS

STRANGER, OFFICE = "203.0.113.9", "198.51.100.4"


@pytest.fixture
def behind_proxy(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    """The line behind a proxy on this machine that it was told to trust."""
    with Line(dataclasses.replace(settings, trusted_proxies=networks("127.0.0.1")), store) as line:
        yield line


def _from(line: Line, address: str) -> Browser:
    """A browser that the proxy sees at this address."""
    browser = Browser(line)
    browser.headers = {"X-Forwarded-For": address}
    return browser


def _later(line: Line, seconds: float) -> None:
    line.now += dt.timedelta(seconds=seconds)


# --- wrong passwords --------------------------------------------------------------------------


def test_wrong_tries_cost_more_and_more_time_and_the_right_password_is_taken_after_it(
    browser: Browser, line: Line, store: Store
) -> None:
    hire(store)
    for _ in range(FREE_OF_NAME):
        assert browser.sign_in("asha", "wrong").status_code == 401

    for wait in (SHORTEST_WAIT, 2 * SHORTEST_WAIT, 4 * SHORTEST_WAIT):
        told = browser.sign_in("asha", "wrong")
        assert (told.status_code, f"Wait {wait:.0f} seconds" in told.text) == (429, True)
        assert browser.sign_in().status_code == 429, "the right password has to wait too"
        _later(line, wait)
        assert browser.sign_in("asha", "wrong").status_code == 401

    _later(line, LONGEST_WAIT)
    browser.sign_in()
    _later(line, LONGEST_WAIT)
    assert browser.sign_in().status_code == 200


def test_right_sign_ins_are_not_slowed(browser: Browser, store: Store) -> None:
    hire(store)

    assert [browser.sign_in().status_code for _ in range(FREE_OF_ADDRESS + 2)] == [200] * (FREE_OF_ADDRESS + 2)


def test_strangers_cannot_keep_an_adviser_out_of_a_browser_she_has_used(behind_proxy: Line, store: Store) -> None:
    """Not even from the same address, as many times as they like."""
    hire(store)
    known, stranger = _from(behind_proxy, OFFICE), _from(behind_proxy, OFFICE)
    known.sign_in()
    known.send("/signout")

    for _ in range(2 * FREE_OF_ADDRESS):
        stranger.sign_in("asha", "wrong")

    assert known.sign_in().status_code == 200


def test_strangers_make_an_adviser_wait_in_a_new_browser_once_and_not_for_ever(
    behind_proxy: Line, store: Store
) -> None:
    """They go on trying all the time; her own try is kept for her."""
    hire(store)
    new, strangers = (
        _from(behind_proxy, OFFICE),
        [_from(behind_proxy, f"203.0.113.{nth}") for nth in range(FREE_OF_NAME + 5)],
    )
    for stranger in strangers:
        stranger.sign_in("asha", "wrong")

    assert new.sign_in().status_code == 429
    for stranger in strangers:
        _later(behind_proxy, LONGEST_WAIT / len(strangers))
        stranger.sign_in("asha", "wrong")
    assert new.sign_in().status_code == 200


def test_wrong_tries_from_one_place_keep_nobody_out_elsewhere(behind_proxy: Line, store: Store) -> None:
    hire(store)
    stranger = _from(behind_proxy, STRANGER)
    for nth in range(FREE_OF_ADDRESS + 5):
        stranger.sign_in(f"name{nth}", "wrong")

    assert stranger.sign_in().status_code == 429
    assert _from(behind_proxy, OFFICE).sign_in().status_code == 200


def test_one_known_browser_may_not_guess_for_ever(browser: Browser, store: Store) -> None:
    hire(store)
    browser.sign_in()
    browser.send("/signout")

    statuses = [browser.sign_in("asha", f"wrong {nth}").status_code for nth in range(30)]

    assert statuses.count(401) < 20
    assert statuses[-1] == 429


def test_a_browser_known_for_one_adviser_is_not_known_for_another(browser: Browser, store: Store) -> None:
    """And a cookie that we did not sign makes none known."""
    hire(store)
    hire(store, "bilal")
    browser.sign_in()
    browser.send("/signout")
    cookies = [(cookie.key, cookie.value) for cookie in browser.client._cookies.values() if cookie.key != "adviser"]
    for name, value in cookies:
        browser.client.set_cookie("known-" + name[-12:], value + "x", domain="line.example.org", path="/console/signin")
    for _ in range(FREE_OF_NAME + 1):
        last = browser.sign_in("bilal", "wrong")

    assert last.status_code == 429


@pytest.mark.parametrize(
    ("claimed", "trusted", "counts_as"),
    [
        ("203.0.113.9", "", "127.0.0.1"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("198.51.100.4, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("198.51.100.4, 10.1.2.3", "127.0.0.1,10.0.0.0/8", "198.51.100.4"),
        ("203.0.113.9:51234", "127.0.0.1", "203.0.113.9"),
        ("::ffff:203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "127.0.0.1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:443", "127.0.0.1", "2001:db8:1:2::/64"),
        ("unknown", "127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1", "127.0.0.1"),
        ("198.51.100.4, nonsense", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_claimed_address_counts_only_where_a_trusted_proxy_wrote_it(
    settings: Settings, store: Store, published: str, claimed: str, trusted: str, counts_as: str
) -> None:
    with Line(dataclasses.replace(settings, trusted_proxies=networks(trusted)), store) as line:
        _from(line, claimed).sign_in("asha", "wrong")

    assert next(store.sign_ins.failures()).address == counts_as


def test_failures_do_not_wash_out_the_log_of_who_saw_what(asha: Browser, line: Line, store: Store) -> None:
    """They have a list of their own, in which no password stands that was typed where the name goes."""
    hire(store, "bilal", admin=True)
    before = [entry.what for entry in store.audit.entries()]
    stranger = Browser(line)
    stranger.sign_in("my secret password", "wrong")
    stranger.sign_in("a" * 10_000, "wrong")
    stranger.sign_in("asha", "wrong")

    assert [entry.what for entry in store.audit.entries()] == before
    assert [each.name for each in store.sign_ins.failures()] == ["asha", "", ""]
    boss = Browser(line)
    boss.sign_in("bilal")
    assert "my secret password" not in boss.get("/signins").text
    assert "Wrong names, passwords and codes" in boss.page
    assert "Wrong names, passwords and codes" not in asha.get("/signins").text


# --- sign-ins that end ------------------------------------------------------------------------


def test_signing_out_ends_the_sign_in_for_every_copy_of_the_cookie(asha: Browser, line: Line, store: Store) -> None:
    cookie = next(c.value for c in asha.client._cookies.values() if c.key == "adviser")
    asha.get("/")
    asha.send("/signout")

    thief = Browser(line)
    thief.client.set_cookie("adviser", cookie, domain="line.example.org", path="/console")
    assert thief.get("/").request.path == "/console/signin"
    assert asha.get("/").request.path == "/console/signin"
    assert ("asha", "signed out") in [(entry.who, entry.what) for entry in store.audit.entries()]


def test_an_adviser_sees_where_she_is_signed_in_and_ends_that(asha: Browser, line: Line, store: Store) -> None:
    other = Browser(line)
    other.sign_in()
    page = asha.get("/signins").text
    assert page.count("This browser") == 1

    ends = re.search(r"/signins/\w+/end", page)
    assert ends
    assert "That sign-in is ended." in asha.send(ends[0]).text

    assert other.get("/").request.path == "/console/signin"
    assert asha.get("/").request.path == "/console/"


def test_nobody_but_an_administrator_ends_another_advisers_sign_in(asha: Browser, line: Line, store: Store) -> None:
    hire(store, "bilal", admin=True)
    boss = Browser(line)
    boss.sign_in("bilal")
    of_boss = store.sign_ins.all_of("bilal")[0].id
    of_asha = store.sign_ins.all_of("asha")[0].id
    asha.get("/signins")

    assert asha.send(f"/signins/{of_boss}/end").status_code == 404
    boss.get("/signins")
    assert boss.send(f"/signins/{of_asha}/end").status_code == 200
    assert asha.get("/").request.path == "/console/signin"


def test_redis_holds_nothing_that_would_sign_anybody_in(asha: Browser, store: Store) -> None:
    page = asha.get("/signins").text
    id_ = store.sign_ins.all_of("asha")[0].id
    value = store.redis.do(lambda client: client.get(f"ivr:signedin:{id_}"))

    assert id_ not in page, "one's own sign-in has no button"
    assert store.sign_ins.of(id_) is None
    assert store.sign_ins.of(value.decode(errors="replace")) is None
    assert b"asha" not in value


def test_the_page_that_says_that_redis_is_down_has_its_style(
    settings: Settings, files: dict[str, str], tmp_path: Path
) -> None:
    """Also for an adviser who is signed in."""
    with RedisServer(tmp_path) as own:
        store = Store(own.url, KEYS)
        store.revisions.publish(Published(revision_of(files), 0.0, "tests", ""), files)
        hire(store)
        with Line(dataclasses.replace(settings, redis_url=own.url), store) as line:
            browser = Browser(line)
            browser.sign_in()
            with own.stopped():
                assert browser.get("/").status_code == 503
                assert browser.get("/static/console.css").status_code == 200
        store.close()


# --- links and forms --------------------------------------------------------------------------


def test_a_link_from_an_e_mail_leads_to_the_card_after_signing_in(browser: Browser, store: Store) -> None:
    ask(store)
    hire(store)

    assert browser.get("/request/CA001-1").request.path == "/console/signin"
    response = browser.send("/signin", name="asha", password=PASSWORD)

    assert response.request.path == "/console/request/CA001-1"


def test_a_link_signs_nobody_out_in_another_tab(asha: Browser, store: Store) -> None:
    """The sign-in page, asked for while signed in, leads on; a failed try as somebody else changes nothing."""
    ask(store)
    assert asha.get("/signin").request.path == "/console/"
    asha.send("/signin", name="bilal", password="wrong")

    assert asha.get("/request/CA001-1").request.path == "/console/request/CA001-1"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/%2f%2fevil.example", "/log?then=//evil.example"]
)
def test_signing_in_never_leads_to_another_site(browser: Browser, store: Store, path: str) -> None:
    hire(store)
    browser.client.get(f"/console{path}", base_url="https://line.example.org")
    browser.get("/signin")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
    assert token
    form = {"name": "asha", "password": PASSWORD, "csrf_token": token[1]}
    answer = browser.client.post("/console/signin", data=form, base_url="https://line.example.org")

    assert answer.headers["Location"].startswith("/console/")


def test_no_redirect_names_a_host_or_a_scheme(browser: Browser, line: Line, store: Store) -> None:
    """Only the proxy in front knows those."""
    hire(store)
    for path in ("/console", "/console/", "/console/log", "/console/request/CA001-1"):
        answer = line.client.get(path, base_url="http://10.0.0.7:8000")
        assert (answer.status_code // 100, answer.headers["Location"][:9]) == (3, "/console/")


def test_what_is_too_long_is_refused_as_that(asha: Browser, store: Store) -> None:
    ask(store)
    asha.get("/request/CA001-1")

    refused = asha.send("/request/CA001-1/note", note="x" * 70_000)
    assert (refused.status_code, "it was not saved" in refused.text) == (413, True)


# --- passwords --------------------------------------------------------------------------------


def test_a_password_fits_however_its_accents_were_typed() -> None:
    kept = passwords.hashed("caf\u00e9 orbit harbour lemon")

    assert passwords.fits(kept, "cafe\u0301 orbit harbour lemon")
    assert not passwords.fits(kept, "cafe orbit harbour lemon")


def test_a_password_from_an_older_version_still_fits() -> None:
    """It was hashed as it was typed."""
    old = PasswordHasher().hash("cafe\u0301 old enough")

    assert passwords.fits(old, "cafe\u0301 old enough")


@pytest.mark.parametrize(
    "password",
    [
        "too short", "password12345678", "qwertyuiopasdfgh", "asha asha asha asha", "a" * 40, "Summer2026Summer2026!",
        "asha leicester 1", "1234567890123456", "x" * 201,
    ],
)  # fmt: skip
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    assert passwords.why_too_weak(password, "asha", "leicester")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "pq7 zebra-Kettle plum", "дождь стучит по крыше", "کتاب دریا سبز پنجره"]
)
def test_a_long_password_is_taken_in_any_script(password: str) -> None:
    assert not passwords.why_too_weak(password, "asha", "leicester")
