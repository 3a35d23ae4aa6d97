"""The second factor: codes of an app, codes of last resort, and who must have one."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable

import pyotp
import pytest
from werkzeug.test import TestResponse

from ivr.advising.adviser import Adviser, Factor
from ivr.authoring import drafts
from ivr.machine import factors
from ivr.store import Published, Store
from ivr.usecases import staffing
from ivr.web.console.account import MOST_WRONG
from ivr.web.console.signin import CODE_SECONDS, CONFIRMED_SECONDS, MANY_CODES
from ivr.web.console.tries import FREE_OF_CODES, LONGEST_WAIT_FOR_CODE, SHORTEST_WAIT
from tests.desk import NOW, PASSWORD, SECRET, SPARE, Browser, ask, hire
from tests.line import OPEN, Line

SPARE_PAGE = re.compile(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>")


def _code(at: float, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(int(at))


def _later(line: Line, seconds: float) -> None:
    line.now += dt.timedelta(seconds=seconds)


def _half_in(line: Line, name: str = "asha") -> Browser:
    """A browser in which the right password was given."""
    browser = Browser(line)
    browser.get("/signin")
    assert "Code from your app" in browser.send("/signin", name=name, password=PASSWORD).text
    return browser


def _with_factor(store: Store, **facts: object) -> Adviser:
    return hire(store, factor=Factor(SECRET, NOW, factors.hashed(SECRET, SPARE)), **facts)


# --- codes, as pure functions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """The vectors of RFC 6238, appendix B, in six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert factors.step_of(secret, code, at) == at // 30


@pytest.mark.parametrize("spelling", ["{} ", " {}\n", "{:.3} {:.0}", "\u200e{}", "{}\t"])
def test_a_code_fits_however_it_was_pasted(spelling: str) -> None:
    code = _code(NOW)
    pasted = f"{code[:3]} {code[3:]}" if ":" in spelling else spelling.format(code)

    assert factors.step_of(SECRET, pasted, NOW) is not None


@pytest.mark.parametrize("zero", ["٠", "۰", "०", "０"])
def test_a_code_fits_in_the_digits_of_any_script(zero: str) -> None:
    code = "".join(chr(ord(zero) + int(digit)) for digit in _code(NOW))

    assert factors.step_of(SECRET, code, NOW) is not None


@pytest.mark.parametrize(("away", "fits"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)])
def test_a_clock_may_be_wrong_by_one_step(away: float, fits: bool) -> None:
    assert (factors.step_of(SECRET, _code(NOW + away), NOW) is not None) == fits


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\ud800", "0" * 100_000, "²²²²²²"])
def test_what_is_no_code_fits_nowhere(code: str) -> None:
    assert factors.step_of(SECRET, code, NOW) is None
    assert factors.without(Factor(SECRET, NOW, factors.hashed(SECRET, SPARE)), code) is None


# --- signing in -------------------------------------------------------------------------------


def test_a_password_alone_lets_nobody_in_who_has_a_second_factor(line: Line, store: Store) -> None:
    _with_factor(store)
    browser = _half_in(line)

    assert browser.get("/").request.path == "/console/signin"
    browser.get("/signin/code")
    assert "Waiting to be rung" in browser.send("/signin/code", code=_code(NOW)).text


def test_a_code_works_once(line: Line, store: Store) -> None:
    _with_factor(store)
    first, second = _half_in(line), _half_in(line)
    first.send("/signin/code", code=_code(NOW))

    refused = second.send("/signin/code", code=_code(NOW))

    assert (refused.status_code, "was used already" in refused.text) == (401, True)
    _later(line, 30)
    assert "Waiting to be rung" in second.send("/signin/code", code=_code(NOW + 30)).text


def test_a_code_of_last_resort_works_once_and_says_how_many_are_left(line: Line, store: Store) -> None:
    _with_factor(store)

    told = _half_in(line).send("/signin/code", code=SPARE[3].upper().replace("-", " ")).text

    assert f"You used a code of last resort. {len(SPARE) - 1} are left." in told
    assert _half_in(line).send("/signin/code", code=SPARE[3]).status_code == 401


def test_a_code_that_comes_too_late_or_without_a_password_begins_anew(
    browser: Browser, line: Line, store: Store
) -> None:
    _with_factor(store)
    assert browser.get("/signin/code").request.path == "/console/signin"
    late = _half_in(line)
    _later(line, CODE_SECONDS + 1)

    assert late.send("/signin/code", code=_code(NOW + CODE_SECONDS + 1)).request.path == "/console/signin"
    assert late.get("/").request.path == "/console/signin"


def test_no_code_is_not_a_try(line: Line, store: Store) -> None:
    _with_factor(store)
    browser = _half_in(line)

    assert {browser.send("/signin/code", code=" ").status_code for _ in range(FREE_OF_CODES + 2)} == {422}


def test_wrong_codes_cost_more_and_more_time_and_the_right_one_is_taken_after_it(line: Line, store: Store) -> None:
    _with_factor(store)
    browser = _half_in(line)
    for _ in range(FREE_OF_CODES):
        assert browser.send("/signin/code", code="000000").status_code == 401

    wait = SHORTEST_WAIT
    told = browser.send("/signin/code", code=_code(NOW))
    assert (told.status_code, f"Wait {wait:.0f} seconds" in told.text) == (429, True)
    _later(line, wait)

    text = browser.send("/signin/code", code=_code(line.now.timestamp())).text
    assert "Waiting to be rung" in text, "four are mistakes, and are not told"
    assert "wrong codes with your password" not in text


def test_whoever_knows_a_password_has_few_codes_a_day_and_keeps_nobody_out_of_a_known_browser(
    line: Line, store: Store
) -> None:
    """They try as soon as they may, for a day, from new browsers. Asha is told when she signs in next."""
    _with_factor(store)
    known = _half_in(line)
    known.send("/signin/code", code=SPARE[0])
    known.send("/signout")
    tries, ends = 0, line.now + dt.timedelta(days=1)
    stranger = _half_in(line)
    while line.now < ends:
        answer = stranger.send("/signin/code", code="000000")
        if answer.request.path == "/console/signin":
            stranger = _half_in(line)
            continue
        if answer.status_code == 429:
            wait = re.search(r"Wait (\d+) (\w+)", answer.text)
            assert wait
            _later(line, min(int(wait[1]) * (60 if wait[2] == "minutes" else 1), LONGEST_WAIT_FOR_CODE))
        tries += answer.status_code == 401
    assert MANY_CODES < tries < 60

    known.get("/signin")
    assert "Code from your app" in known.send("/signin", name="asha", password=PASSWORD).text
    told = known.send("/signin/code", code=_code(line.now.timestamp())).text
    assert f"There were {tries} wrong codes with your password" in told


def test_another_name_or_password_voids_what_was_half_signed_in(line: Line, store: Store) -> None:
    _with_factor(store)
    half = _half_in(line)
    staffing.rename(store, "asha", "Asha Patel", "ann at the terminal", NOW)

    assert half.send("/signin/code", code=_code(NOW)).request.path == "/console/signin"


# --- who must have one ------------------------------------------------------------------------


def test_whoever_must_have_one_sees_nothing_else_before_it_is_set_up(line: Line, store: Store) -> None:
    ask(store)
    hire(store, "ren", "supervisor", factor=None)
    browser = Browser(line)
    browser.get("/signin")

    assert "Set up your second factor" in browser.send("/signin", name="ren", password=PASSWORD).text
    for path in ("/", "/team", "/account", "/request/CA001-1"):
        assert browser.get(path).request.path == "/console/account/factor"
    refused = browser.send("/request/CA001-1/note", note="The letter is dated the third.")
    assert (refused.status_code, "The letter is dated the third." in refused.text) == (403, True)

    codes = _set_up(browser, store, "ren", NOW)
    assert len(codes) == factors.SPARE_CODES
    assert browser.get("/team").status_code == 200


def test_the_service_decides_for_which_roles(
    line: Line, store: Store, edited: Callable[[str, str, str], dict[str, str]]
) -> None:
    hire(store, "ren", "administrator", factor=None)
    files = edited("line.yaml", "second_factor: [supervisor, approver, administrator]", "second_factor: [adviser]")
    store.revisions.publish(Published(drafts.revision_of(files), 1.0, "tests", "", store.revisions.live() or ""), files)
    line.app._live.look()
    hire(store)
    asha, ren = Browser(line), Browser(line)
    asha.get("/signin")
    ren.get("/signin")

    assert "Set up your second factor" in asha.send("/signin", name="asha", password=PASSWORD).text
    assert "Waiting to be rung" in ren.send("/signin", name="ren", password=PASSWORD).text


# --- saying once more who one is ----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/people", "/phone", "/log", "/paper"])
def test_a_page_that_can_do_harm_asks_again_who_it_is_after_half_an_hour(line: Line, store: Store, path: str) -> None:
    """Once for all of them; the list does not ask."""
    hire(store, "ren", "administrator")
    ren = Browser(line)
    ren.sign_in("ren")
    assert ren.get(path).request.path == f"/console{path}"
    _later(line, CONFIRMED_SECONDS + 1)

    assert ren.get("/").request.path == "/console/"
    assert ren.get(path).request.path == "/console/again"
    assert "That code does not fit" in ren.send("/again", code="000000").text
    assert ren.get(path).request.path == "/console/again"
    assert ren.send("/again", code=_code(line.now.timestamp())).request.path == f"/console{path}"
    assert ren.get("/people").request.path == "/console/people"


def test_a_form_that_comes_too_late_changes_nothing_and_goes_on_after_the_code(line: Line, store: Store) -> None:
    hire(store, "ren", "administrator")
    ren = Browser(line)
    ren.sign_in("ren")
    ask(store)
    ren.get("/request/CA001-1")
    _later(line, CONFIRMED_SECONDS + 1)

    late = ren.send("/request/CA001-1/delete", sure="yes")

    assert (late.status_code, "Nothing was changed yet." in late.text) == (403, True)
    assert store.requests.get("CA001-1")
    wrong = ren.send("/again", code="000000", **_hidden(late))
    thanks = ren.send("/again", code=SPARE[30], **_hidden(wrong))
    assert 'action="/console/request/CA001-1/delete"' in thanks.text
    assert 'href="/console/request/CA001-1"' in thanks.text
    assert store.requests.get("CA001-1")
    assert ren.send("/request/CA001-1/delete", **_hidden(thanks)).status_code == 200
    assert store.requests.get("CA001-1") is None


@pytest.mark.parametrize("page", ["/studio/publish", "/people"])
def test_what_was_typed_into_a_form_that_comes_too_late_is_not_lost(line: Line, store: Store, page: str) -> None:
    hire(store, "ren", "administrator")
    ren = Browser(line)
    ren.sign_in("ren")
    ren.get(page)
    _later(line, CONFIRMED_SECONDS + 1)
    typed = {"why": 'kinder "words" & ‘more’', "name": "Bea <b>", "role": "adviser"}

    late = ren.send(page, **typed)
    thanks = ren.send("/again", code=SPARE[30], **_hidden(late))

    assert _hidden(thanks) == typed
    leave = re.search(r'href="([^"]+)">Leave it', thanks.text)
    assert leave
    assert ren.client.get(leave[1], base_url=line.settings.public_url, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("carried", ["", "x", "[]", "{}", '["none", {}, []]', '["delete", {}, []]', "[1, 2, 3]"])
def test_whatever_else_is_carried_leads_nowhere(line: Line, store: Store, carried: str) -> None:
    hire(store, "ren", "administrator")
    ren = Browser(line)
    ren.sign_in("ren")
    ren.get("/again")

    assert ren.send("/again", code=SPARE[30], carried=carried).request.path == "/console/account"


def _hidden(response: TestResponse) -> dict[str, str]:
    """The hidden fields of a form that the page shows, but the token."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.text.split("<main", 1)[1])
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


# --- setting it up ------------------------------------------------------------------------------


def _set_up(browser: Browser, store: Store, name: str, now: float) -> list[str]:
    browser.get("/account/factor")
    person = store.accounts.get(name)
    assert person
    page = browser.send("/account/factor", code=_code(now, person.new_secret), password=PASSWORD)
    return SPARE_PAGE.findall(page.text)


def test_an_adviser_sets_one_up_and_signs_in_with_it(asha: Browser, line: Line, store: Store) -> None:
    page = asha.get("/account/factor").text
    person = store.accounts.get("asha")
    assert person
    assert factors.in_groups(person.new_secret) in page
    assert "<svg" in page
    assert "style=" not in page[page.index("<svg") : page.index("</svg>")], "the policy allows none"

    codes = _set_up(asha, store, "asha", NOW)

    assert "Waiting to be rung" in _half_in(line).send("/signin/code", code=codes[0]).text
    assert codes[1] not in asha.get("/account").text, "they are shown once"
    assert f"{factors.SPARE_CODES - 1} codes of last resort left" in asha.get("/account").text
    assert ("asha", "set up a second factor") in [(each.who, each.what) for each in store.audit.entries()]


def test_the_code_that_confirmed_the_app_signs_nobody_in(asha: Browser, line: Line, store: Store) -> None:
    _set_up(asha, store, "asha", NOW)
    person = store.accounts.get("asha")
    assert person
    assert person.factor

    assert _half_in(line).send("/signin/code", code=_code(NOW, person.factor.secret)).status_code == 401


def test_two_tabs_show_one_key_and_only_the_first_confirms_it(asha: Browser, line: Line, store: Store) -> None:
    first = asha.get("/account/factor").text
    second = asha.get("/account/factor").text
    key = re.search(r'class="key"[^>]*>([^<]+)<', first)
    assert key
    assert key[1] in second
    codes = _set_up(asha, store, "asha", NOW)

    person = store.accounts.get("asha")
    assert person
    assert person.factor
    late = asha.send("/account/factor", code=_code(NOW, person.factor.secret), password=PASSWORD)
    assert (late.status_code, "was set up already" in late.text) == (409, True)
    assert factors.without(person.factor, codes[0]), "the codes that were shown still count"


@pytest.mark.parametrize(
    ("away", "says"),
    [(4 * 60, "about 4 minutes fast"), (-10 * 60, "about 10 minutes slow"), (None, "That code does not fit."),
     ("", "Type the code that your app shows.")],
)  # fmt: skip
def test_a_wrong_clock_of_the_phone_is_told_while_it_is_set_up(
    asha: Browser, store: Store, away: float | str | None, says: str
) -> None:
    asha.get("/account/factor")
    person = store.accounts.get("asha")
    assert person
    code = _code(NOW + away, person.new_secret) if isinstance(away, int) else "" if away == "" else "abcdef"

    answer = asha.send("/account/factor", code=code, password=PASSWORD)

    assert (answer.status_code, says in answer.text) == (422, True)
    assert store.accounts.get("asha").factor is None  # type: ignore[union-attr]


def test_a_browser_left_open_changes_nothing_without_the_password(asha: Browser, store: Store) -> None:
    asha.get("/account/factor")
    person = store.accounts.get("asha")
    assert person

    for _ in range(MOST_WRONG):
        refused = asha.send("/account/factor", code=_code(NOW, person.new_secret), password="wrong")
        assert refused.status_code == 422
    asha.send("/account/factor", code=_code(NOW, person.new_secret), password=PASSWORD)

    assert store.accounts.get("asha").factor is None  # type: ignore[union-attr]
    assert asha.get("/").request.path == "/console/signin", "after five wrong ones it is signed out"


def test_new_codes_of_last_resort_void_the_earlier_ones(line: Line, store: Store) -> None:
    _with_factor(store)
    browser = Browser(line)
    browser.sign_in()
    browser.get("/account")

    codes = SPARE_PAGE.findall(browser.send("/account/codes", password=PASSWORD).text)

    assert _half_in(line).send("/signin/code", code=SPARE[5]).status_code == 401
    assert _half_in(line).send("/signin/code", code=codes[5]).status_code == 200


def test_it_is_switched_off_where_the_service_allows_that(line: Line, store: Store) -> None:
    _with_factor(store)
    hire(store, "ren", "supervisor")
    asha, ren = Browser(line), Browser(line)
    asha.sign_in()
    ren.sign_in("ren")
    for browser in (asha, ren):
        browser.get("/account")
        browser.send("/account/factor/off", password=PASSWORD)

    assert "The service wants a second factor for your role." in ren.page
    assert store.accounts.get("asha").factor is None  # type: ignore[union-attr]
    assert store.accounts.get("ren").factor is not None  # type: ignore[union-attr]


def test_nothing_stored_shows_a_key_or_a_code(asha: Browser, store: Store) -> None:
    codes = _set_up(asha, store, "asha", NOW)
    person = store.accounts.get("asha")
    assert person
    assert person.factor

    stored = store.redis.do(lambda client: client.get("ivr:adviser:asha"))

    assert person.factor.secret.encode() not in stored
    assert not any(code in "".join(person.factor.codes) for code in codes)
    assert OPEN.timestamp() == NOW
