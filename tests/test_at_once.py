"""Two people at one card at one moment, over HTTP on a real port and a real Redis.

What both do at once must come to what it comes to if one of them is first: in the request, in the log, and in what both
read. Then nothing is lost and nothing is done twice, whichever of the two was first.
"""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

import pytest

from ivr.callbacks import another_phone, callback
from ivr.callbacks.another_phone import Phone
from ivr.callbacks.request import CallbackRequest
from ivr.store import Store
from tests.desk import NOW, PASSWORD, ask, hire, spare_code
from tests.line import Line

CARD = "/console/request/CA001-1"


class _Act(NamedTuple):
    """What somebody sends, and to which part of the card."""

    who: str
    what: str
    fields: dict[str, str] = {}  # noqa: RUF012


class _Answer(NamedTuple):
    code: int
    told: tuple[str, ...]


class _Outcome(NamedTuple):
    """What two acts come to: the request, the log, and what each of the two read."""

    request: object
    log: Counter[tuple[str, str]]
    answers: tuple[_Answer, ...]


class _Desk:
    """Somebody's browser, which sends forms over HTTP."""

    def __init__(self, line: Line, store: Store, name: str):
        self._line, self._url = line, line.settings.public_url
        self._http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self._token = ""
        self.send("/console/signin")
        if "signin/code" in self.send("/console/signin", name=name, password=PASSWORD)[1]:
            self.send("/console/signin/code", code=spare_code(store.accounts.find(name)))

    def send(self, path: str, **fields: str) -> tuple[int, str, str]:
        """The status, the address at the end, and the page."""
        form = urllib.parse.urlencode({**fields, "csrf_token": self._token}).encode() if self._token else None
        try:
            answer = self._http.open(self._url + path, form, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        page = answer.read().decode()
        if found := re.search(r'name="csrf_token" value="([^"]+)"', page):
            self._token = found[1]
        return answer.status, answer.url, page

    def do(self, act: _Act, card: str = "CA001-1") -> _Answer:
        """What they read."""
        code, _, page = self.send(f"/console/request/{card}/{act.what}", **act.fields)
        told = re.findall(r'<p class="told told-(?:success|danger|kept|warning)" role="\w+">(.*?)</p>', page)
        return _Answer(code, tuple(told) or tuple(re.findall(r"<h1>(.*?)</h1>", page)))


def _what_it_is(found: CallbackRequest | None) -> object:
    """The request without the moments at which its events were entered, and without their order."""
    if found is None:
        return None
    events = Counter((event.who, event.what, event.note) for event in found.events)
    return found.state, found.claimed_by, found.claim_ends, found.tries, found.number, found.with_whom, events


class _Desks:
    """The browsers of those who are at the desk, signed in once each does something. Each acts in one of two browsers,
    since what is told stands in a cookie that the tabs of one browser share.
    """

    def __init__(self, line: Line, store: Store):
        self._line, self._store = line, store
        self._known: dict[tuple[str, int], _Desk] = {}

    def of(self, name: str, nth: int = 0) -> _Desk:
        if (name, nth) not in self._known:
            self._known[name, nth] = _Desk(self._line, self._store, name)
        return self._known[name, nth]


@pytest.fixture
def desks(served: Line, store: Store) -> _Desks:
    for name in ("asha", "ben", "carol"):
        hire(store, name)
    for name in ("sam", "una"):
        hire(store, name, role="supervisor")
    return _Desks(served, store)


def _play(store: Store, desks: _Desks, begins: str, acts: tuple[_Act, _Act], order: str) -> _Outcome:
    """Begin anew, and let both act: the first before the second, the second before the first, or both at once."""
    browsers = [desks.of(act.who, nth) for nth, act in enumerate(acts)]
    store.requests.delete("CA001-1")
    store.redis.do(lambda client: client.delete("ivr:erased", "ivr:audit"))
    ask(store, 1)
    if begins:
        store.requests.change("CA001-1", lambda r: callback.claim(r, begins, NOW))
    one, two = (lambda by=by, act=act: by.do(act) for by, act in zip(browsers, acts, strict=True))
    if order == "at once":
        answers = _at_once(one, two)
    elif order == "first":
        answers = (one(), two())
    else:
        second = two()
        answers = (one(), second)
    log = Counter((each.who, each.what) for each in store.audit.entries() if each.what != "looked at")
    return _Outcome(_what_it_is(store.requests.get("CA001-1")), log, answers)


def _at_once(one: Callable[[], _Answer], two: Callable[[], _Answer]) -> tuple[_Answer, _Answer]:
    both = Barrier(2)

    def act(how: Callable[[], _Answer]) -> _Answer:
        both.wait()
        return how()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(act, one), pool.submit(act, two)
        return first.result(), second.result()


def _hand(to: str, who: str = "asha") -> _Act:
    return _Act(who, "hand-over", {"to": to, "note": f"For {to}."})


_SPOKE = _Act("asha", "outcome", {"outcome": "spoke", "note": "From asha."})
_BACK = _Act("sam", "take-back", {"whose": "asha"})
PAIRS: dict[str, tuple[str, _Act, _Act]] = {
    "two take it": ("", _Act("asha", "claim"), _Act("ben", "claim")),
    "it is handed to two colleagues from two tabs": ("asha", _hand("ben"), _hand("carol")),
    "it is handed over and taken back": ("asha", _hand("ben"), _BACK),
    "it is handed over while it is saved in another tab": ("asha", _hand("ben"), _SPOKE),
    "it is handed over, and the colleague takes it": ("asha", _hand("ben"), _Act("ben", "claim")),
    "it is handed over and given back": ("asha", _hand("ben"), _Act("asha", "release")),
    "it is handed over, and rung by hand": ("asha", _hand("ben"), _Act("asha", "by-hand")),
    "it is handed over while another number is given": (
        "asha", _hand("ben"), _Act("asha", "another-number", {"other": "07700 900456", "note": "From asha."}),
    ),
    "two supervisors take it back": ("asha", _BACK, _Act("una", "take-back", {"whose": "asha"})),
    "it is taken back while it is saved": ("asha", _SPOKE, _BACK),
    "it is taken back, and rung by hand": ("asha", _Act("asha", "by-hand"), _BACK),
    "it is taken back and given back": ("asha", _Act("asha", "release"), _BACK),
    "it is taken back, and a colleague takes it": ("asha", _BACK, _Act("ben", "claim")),
    "it is given back, and a colleague takes it": ("asha", _Act("asha", "release"), _Act("ben", "claim")),
    "it is taken back while a colleague adds a note": ("asha", _BACK, _Act("ben", "note", {"note": "From ben."})),
    "it is taken back, and it is kept": ("asha", _BACK, _Act("asha", "keep")),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_what_two_do_at_once_is_as_if_one_had_been_first(store: Store, desks: _Desks, name: str) -> None:
    begins, *both = PAIRS[name]
    acts = (both[0], both[1])
    either = [_play(store, desks, begins, acts, order) for order in ("first", "second")]

    for _ in range(3):
        assert _play(store, desks, begins, acts, "at once") in either

    for outcome in either:
        notes = str(outcome.request)
        for act, answer in zip(acts, outcome.answers, strict=True):
            assert answer.code < 500
            assert act.what == "keep" or len(answer.told) >= 1, "whoever was second is told what to do"
            assert act.what == "another-number" or act.fields.get("note", "") in notes, "no word is lost"


def _cards(store: Store) -> tuple[object, ...]:
    """Who waits, by the callers on each card."""
    waiting = store.requests.waiting()
    return tuple(sorted((sorted(a.id for a in r.askers), _what_it_is(r)) for r in waiting))  # type: ignore[type-var]


@pytest.mark.parametrize("what", ["claim", "note", "earlier-number"])
def test_an_undo_while_somebody_is_at_the_card_of_the_others_is_as_if_one_had_been_first(
    store: Store, desks: _Desks, what: str
) -> None:
    """asha was given another number by one of two callers. She puts the earlier one back, and ben is at the others."""

    asha, ben = desks.of("asha"), desks.of("asha", 1) if what == "earlier-number" else desks.of("ben")

    def play(order: str) -> tuple[object, ...]:
        for each in ("CA001-1", "CA002-1"):
            store.requests.delete(each)
        store.redis.do(lambda client: client.delete("ivr:erased", "ivr:audit"))
        ask(store, 1)
        ask(store, 2, number="+447700900001")
        store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
        to = Phone("+447700900456", None, None)
        store.requests.change_phone("CA001-1", lambda r: another_phone.changed(r, "asha", "CA002-1", to, NOW))
        card, fields = ("CA002-1", {}) if what == "earlier-number" else ("CA001-1", {"note": "From ben."})

        def undo() -> _Answer:
            return asha.do(_Act("asha", "earlier-number"), "CA002-1")

        def other() -> _Answer:
            return ben.do(_Act("ben", what, fields), card)

        if order == "at once":
            answers = _at_once(undo, other)
        elif order == "first":
            answers = undo(), other()
        else:
            answers = (other(), undo())[::-1]
        assert all(answer.code < 500 and answer.told for answer in answers)
        log = Counter((each.who, each.what) for each in store.audit.entries() if each.what != "looked at")
        return _cards(store), log, answers

    either = [play(order) for order in ("first", "second")]
    for _ in range(4):
        assert play("at once") in either
    for cards, _log, _answers in either:
        assert what != "note" or "From ben." in str(cards)
        assert len(cards) in ((1, 2) if what == "claim" else (1,))


def test_who_takes_back_what_another_has_by_now_changes_nothing(store: Store, desks: _Desks) -> None:
    """The page is from before: asha had it, and gave it to ben."""
    ask(store, 1)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    desks.of("asha").do(_hand("ben"))

    answer = desks.of("sam").do(_BACK)

    assert answer.told == ("ben has this request now. Look at the card again before you take it back.",)
    found = store.requests.get("CA001-1")
    assert found
    assert found.holder(NOW) == "ben"


def test_a_card_that_is_deleted_meanwhile_is_said_and_the_note_can_be_copied(store: Store, desks: _Desks) -> None:
    ask(store, 1)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    store.requests.delete("CA001-1")

    for act in (
        _hand("ben"),
        _SPOKE,
        _BACK,
        _Act("asha", "another-number", {"other": "07700 900456", "note": "Mine."}),
    ):
        code, _, page = desks.of(act.who).send(f"{CARD}/{act.what}", **act.fields)
        assert (code, "It may have been deleted." in page) == (404, True)
        assert act.fields.get("note", "") in page


def test_nobody_is_handed_a_caller_who_may_not_see_one(store: Store, desks: _Desks) -> None:
    hire(store, "ed", role="editor")
    ask(store, 1)
    store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))

    assert "<bdi>ed</bdi>" not in desks.of("asha").send(f"{CARD}/claim")[2]
    assert desks.of("asha").do(_hand("ed")).told == ("Choose a colleague.",)
    assert "ed" not in re.findall(r"<bdi>(\w+)</bdi></td>", desks.of("sam").send("/console/team")[2])
