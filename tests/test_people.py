"""The people at the desk: invited, changed, gone and back; and everything of one phone, for administrators."""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import re
import threading
import zipfile

import pytest
from msgspec.structs import replace

from ivr.advising import adviser
from ivr.advising.adviser import INVITED_SECONDS, Adviser, sounds, written
from ivr.callbacks import callback, talks
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.store import Store
from ivr.usecases import staffing
from ivr.web.console import personal_data
from tests.desk import HOUR, NOW, PASSWORD, Browser, ask, hire
from tests.line import Line

TERMINAL = "ann at the terminal"
NEW = "purple kettle river moss"


@pytest.fixture
def boss(line: Line, store: Store) -> Browser:
    """A browser with an administrator signed in."""
    hire(store, "Zoë", "administrator")
    browser = Browser(line)
    browser.sign_in("Zoë")
    return browser


def _address(page: str) -> str:
    found = re.search(r">https?://[^/]+/console(/welcome/[^<\s]+)<", page)
    assert found, page
    return found[1]


def _invite(boss: Browser, name: str, role: str = "adviser", phone: str = "") -> str:
    """Invite somebody, and return the address that the page shows."""
    boss.get("/people")
    return _address(boss.send("/people", name=name, role=role, phone=phone).text)


def _page_of(boss: Browser, name: str) -> str:
    """The address of somebody's page, as the table links to it."""
    page = html.unescape(boss.get("/people").text)
    found = re.search(rf'href="/console(/people/\w+)"><bdi>{re.escape(name)}<', page)
    assert found, page
    return found[1]


def _do(boss: Browser, who: str, what: str, **fields: str) -> str:
    """Send a form of somebody's page, and return the page that answers, as it is read."""
    path = _page_of(boss, who)
    boss.get(path)
    return html.unescape(boss.send(f"{path}/{what}", **fields).text)


def _person(store: Store, name: str) -> Adviser:
    found = store.accounts.get(name)
    assert found, name
    return found


def _request(store: Store, id_: str) -> CallbackRequest:
    found = store.requests.get(id_)
    assert found
    return found


def _log(store: Store) -> list[tuple[str, str]]:
    return [(entry.who, entry.what) for entry in store.audit.entries()]


# --- names ------------------------------------------------------------------------------------

NAMES = [
    "Siân O’Neill-Nguyễn", "أسماء بنت عبد الله", "李小龍", "Ὀδυσσεύς", "प्रिया शर्मा", "Мария-Луиза", "a/l Muthu", "O",
    "Björk Guðmundsdóttir", "יעל", "ᐃᓄᒃ", "Nn" * 50,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_that_a_person_has_is_invited_signs_in_and_stands_on_the_card(
    boss: Browser, line: Line, store: Store, name: str
) -> None:
    guest = Browser(line)
    guest.get(_invite(boss, name))
    assert name in html.unescape(guest.page)
    guest.send(guest_path(guest), new=NEW, again=NEW)
    guest.send("/signout")
    ask(store)

    assert "Waiting to be rung" in guest.sign_in(name, NEW).text
    guest.get("/request/CA001-1")
    guest.send("/request/CA001-1/claim")
    assert _request(store, "CA001-1").claimed_by == name
    assert f"{name} has it" in html.unescape(boss.get("/request/CA001-1").text)


def guest_path(guest: Browser) -> str:
    found = re.search(r'action="(/console/welcome/[^"]+)"', guest.page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Asha\u00a0\n Patel ", "Asha Patel"), ("Zoe\u0301", "Zo\u00e9"), ("Asha\u202e\u0000", "Asha"),
     ("می\u200cنا", "می\u200cنا")],
)  # fmt: skip
def test_a_name_is_kept_as_it_is_written_and_without_what_nobody_sees(typed: str, kept: str) -> None:
    assert written(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "   ", "07700 900123", "...", "\u202e", "x" * 101, "caller", "The Line", "ann at the terminal"]
)
def test_what_is_no_name_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(Refused):
        written(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Siân", "sian"), ("Łukasz", "lukasz"), ("O\u02bcNeill", "o neill"),
      ("O'Neill", "O’NEILL"), ("Mary Ann", "mary-ann"), ("Zoë", "Zoe\u0308"), ("ＡＳＨＡ", "asha"),
     ("أَسْمَاء", "أسماء")],
)  # fmt: skip
def test_two_spellings_of_one_name_are_one_name(store: Store, one: str, other: str) -> None:
    staffing.add(store, one, "adviser", "", TERMINAL, NOW)

    with pytest.raises(Refused, match="would be taken for each other"):
        staffing.add(store, other, "adviser", "", TERMINAL, NOW)
    assert store.accounts.find(other) == store.accounts.get(one)
    assert sounds(one) == sounds(other)


def test_a_name_typed_without_its_accents_signs_in(browser: Browser, store: Store) -> None:
    hire(store, "Siân O’Neill")

    assert "Signed in as" in browser.sign_in("sian oneill").text
    assert _log(store) == [("Siân O’Neill", "signed in")]


def test_names_of_1_4_that_sound_alike_stay_two_people(store: Store) -> None:
    """Nothing kept them apart then."""
    for name in ("sian", "siân", "s.ian"):
        hire(store, name)

    assert [store.accounts.find(name) for name in ("sian", "siân", "s.ian")] == [
        store.accounts.get(name) for name in ("sian", "siân", "s.ian")
    ]
    assert len(store.accounts.all()) == 3


# --- coming in --------------------------------------------------------------------------------


def test_whoever_is_invited_sees_by_whom_sets_a_password_and_is_in(boss: Browser, line: Line, store: Store) -> None:
    address = _invite(boss, "Carol", phone="0116 496 0123")
    guest = Browser(line)

    page = guest.get(address).text
    assert all(words in page for words in ("Welcome", "Carol", "Zoë", "invited you", "as an adviser"))
    guest.get(address)  # mail programs look, too
    assert "You are in." in guest.send(guest_path(guest), new=NEW, again=NEW).text

    assert guest.get("/").status_code == 200
    assert (_person(store, "Carol").phone, _person(store, "Carol").role) == ("+441164960123", "adviser")
    assert ("Zoë", "invited Carol as adviser") in _log(store)
    assert ("Carol", "came in by the invitation of Zoë") in _log(store)


def test_an_address_works_once(boss: Browser, line: Line, store: Store) -> None:
    """Also if two tabs have it open."""
    address = _invite(boss, "Carol")
    first, second = Browser(line), Browser(line)
    first.get(address)
    second.get(address)
    first.send(guest_path(first), new=NEW, again=NEW)

    late = second.send(guest_path(second), new="other words than hers", again="other words than hers")

    assert (late.status_code, "was used already, or replaced by a newer one" in late.text) == (410, True)
    assert second.get("/").request.path == "/console/signin"
    assert second.get(address).status_code == 410
    assert "Waiting to be rung" in Browser(line).sign_in("Carol", NEW).text


def test_of_two_who_use_an_address_at_one_moment_one_is_in(store: Store) -> None:
    _, secret = staffing.add(store, "Carol", "adviser", "", TERMINAL, NOW)
    done: list[str] = []

    def use(hash_: str) -> None:
        try:
            done.append(staffing.join(store, secret, hash_, NOW).password_hash)
        except Refused:
            done.append("refused")

    threads = [threading.Thread(target=use, args=(f"hash {nth}",)) for nth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done.count("refused") == 3
    assert _person(store, "Carol").password_hash in done


def test_an_address_ends_after_a_week_and_says_whom_to_ask(boss: Browser, line: Line) -> None:
    address = _invite(boss, "Carol")
    line.now += dt.timedelta(seconds=INVITED_SECONDS + 1)

    late = Browser(line).get(address)

    assert (late.status_code, "This address is too old. Ask Zoë for a new one." in late.text) == (410, True)


@pytest.mark.parametrize("secret", ["x", "x" * 43, "%00", "a b", "é", "..", "x" * 5000])
def test_an_address_that_is_incomplete_says_so(browser: Browser, secret: str) -> None:
    answer = browser.get(f"/welcome/{secret}")

    assert answer.status_code in (404, 410) or answer.request.path == "/console/signin"
    assert browser.get("/").request.path == "/console/signin"


def test_a_newer_address_voids_the_one_before(boss: Browser, line: Line) -> None:
    first = _invite(boss, "Carol")
    second = _address(_do(boss, "Carol", "way-in"))

    assert Browser(line).get(first).status_code == 410
    assert Browser(line).get(second).status_code == 200


@pytest.mark.parametrize(
    ("new", "again", "says"),
    [(NEW, NEW + "x", "not the same"), ("short", "short", "at least 15 characters"),
     ("carol carol carol", "carol carol carol", "among the first")],
)  # fmt: skip
def test_a_password_that_is_refused_uses_nothing_up(boss: Browser, line: Line, new: str, again: str, says: str) -> None:
    guest = Browser(line)
    guest.get(_invite(boss, "Carol"))

    refused = guest.send(guest_path(guest), new=new, again=again)

    assert (refused.status_code, says in refused.text) == (422, True)
    assert guest.send(guest_path(guest), new=NEW, again=NEW).status_code == 200


def test_redis_holds_no_address_and_no_log_of_ours_does(boss: Browser, store: Store) -> None:
    secret = _invite(boss, "Carol").removeprefix("/welcome/")

    keys = store.redis.do(lambda client: list(client.scan_iter()))
    kept = [key for key in keys if b":invitation:" in key]
    values = b"".join(store.redis.do(lambda client: client.mget(kept)))

    assert not any(secret.encode() in key for key in keys)
    assert values
    assert b"Carol" not in values
    assert not any(secret in what for _, what in _log(store))


def test_an_invitation_that_is_refused_keeps_what_was_typed(boss: Browser, store: Store) -> None:
    boss.get("/people")

    page = html.unescape(boss.send("/people", name="Carol", role="supervisor", phone="999").text)

    assert "That phone cannot be rung." in page
    assert 'value="Carol"' in page
    assert re.search(r'value="supervisor" checked', page)
    assert store.accounts.get("Carol") is None


def test_the_sign_in_page_says_how_the_first_administrator_comes_in(browser: Browser, store: Store) -> None:
    told = "ivr adviser invite NAME --role administrator"
    hire(store)
    assert told in browser.get("/signin").text

    hire(store, "Zoë", "administrator")

    assert told not in browser.get("/signin").text


# --- one's own password -----------------------------------------------------------------------


def test_an_adviser_changes_her_password_and_stays_in_only_here(asha: Browser, line: Line, store: Store) -> None:
    other = Browser(line)
    other.sign_in()
    asha.get("/account")

    done = asha.send("/account/password", password=PASSWORD, new=NEW, again=NEW)

    assert "Your password is changed." in done.text
    assert asha.get("/").status_code == 200
    assert other.get("/").request.path == "/console/signin"
    assert other.sign_in().status_code == 401
    assert "Waiting to be rung" in other.sign_in("asha", NEW).text
    assert ("asha", "changed their own password") in _log(store)


@pytest.mark.parametrize(
    ("password", "new", "again", "says"),
    [("wrong", NEW, NEW, "That is not your present password."), (PASSWORD, NEW, "x", "are not the same"),
     (PASSWORD, "asha asha asha asha", "asha asha asha asha", "among the first"), ("", "", "", "not your present")],
)  # fmt: skip
def test_a_password_is_changed_only_with_the_present_one_and_to_a_good_one(
    asha: Browser, store: Store, password: str, new: str, again: str, says: str
) -> None:
    before = _person(store, "asha")
    asha.get("/account")

    refused = asha.send("/account/password", password=password, new=new, again=again)

    assert (refused.status_code, says in refused.text) == (422, True)
    assert _person(store, "asha") == before


def test_all_other_sign_ins_are_ended_at_once(asha: Browser, line: Line) -> None:
    others = [Browser(line) for _ in range(2)]
    for other in others:
        other.sign_in()
    assert "and in 2 others" in asha.get("/account").text

    asha.send("/signins/end-others")

    assert [other.get("/").request.path for other in others] == ["/console/signin"] * 2
    assert "In this browser only." in asha.get("/account").text


# --- renamed, changed, gone and back ----------------------------------------------------------


def test_whoever_is_renamed_keeps_what_they_have_and_signs_in_by_the_new_name(
    boss: Browser, line: Line, store: Store
) -> None:
    hire(store)
    asha = Browser(line)
    asha.sign_in()
    ask(store)
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")

    told = _do(boss, "asha", "name", name="Asha O’Brien")

    assert "They sign in by their new name" in told
    assert _request(store, "CA001-1").claimed_by == "Asha O’Brien"
    assert asha.get("/").request.path == "/console/signin"
    assert asha.sign_in("asha").status_code == 401
    assert "Waiting to be rung" in asha.sign_in("Asha O’Brien").text
    assert "07700 900001" in asha.get("/request/CA001-1").text
    assert ("Zoë", "renamed asha: now Asha O’Brien") in _log(store)
    assert "Earlier names" in boss.get(_page_of(boss, "Asha O’Brien")).text


def test_nobody_gets_a_name_that_somebody_else_has_or_had(boss: Browser, store: Store) -> None:
    """Else the log would say that it was somebody else."""
    hire(store)
    _do(boss, "asha", "name", name="Asha Khan")
    hire(store, "bilal")

    for name in ("ASHA", "asha-khan"):
        assert "would be taken for each other" in _do(boss, "bilal", "name", name=name)
    assert "Asha" in _do(boss, "Asha Khan", "name", name="Asha"), "their own earlier name is theirs"
    assert _person(store, "asha").name == "Asha"


def test_what_somebody_had_who_leaves_is_everybodys_at_once(boss: Browser, line: Line, store: Store) -> None:
    hire(store)
    asha = Browser(line)
    asha.sign_in()
    for nth in (1, 2, 3):
        ask(store, nth)
    for nth in (1, 2):
        store.requests.change(f"CA00{nth}-1", lambda r: callback.claim(r, "asha", NOW))
    store.requests.change("CA002-1", lambda r: talks.by_hand(r, "asha", NOW))
    store.requests.change("CA003-1", lambda r: replace(r, with_whom="asha"))

    told = _do(boss, "asha", "leave", sure="yes")

    assert "asha is signed out and cannot sign in any more. What they had is everybody's now: 3 requests." in told
    assert asha.get("/").request.path == "/console/signin"
    assert asha.sign_in().status_code == 401
    first, talking, appointment = (_request(store, f"CA00{nth}-1") for nth in (1, 2, 3))
    assert (first.state, first.claimed_by, first.events[-1].note) == ("waiting", "", "from asha, who left")
    assert appointment.with_whom == ""
    assert not callback.claimable(talking, NOW, "bilal"), "the talk that is going on is not disturbed"
    assert callback.claimable(talking, NOW + 2 * HOUR, "bilal")
    gone = _person(store, "asha")
    assert (gone.disabled, gone.password_hash, gone.phone, gone.factor) == (True, "", "", None)


def test_whoever_returns_gets_a_new_address_and_their_name_back(boss: Browser, line: Line, store: Store) -> None:
    hire(store, role="supervisor")
    _do(boss, "asha", "leave", sure="yes")
    boss.get("/people")
    assert "would be taken for each other" in html.unescape(boss.send("/people", name="Asha", role="adviser").text)

    address = _address(_do(boss, "asha", "way-in"))
    asha = Browser(line)
    asha.get(address)
    asha.send(guest_path(asha), new=NEW, again=NEW)

    assert "Set up your second factor" in asha.page, "the role is the one that they had"
    assert ("Zoë", "invited asha back") in _log(store)


def test_a_new_address_for_a_forgotten_password_voids_it_at_once(boss: Browser, line: Line, store: Store) -> None:
    hire(store)
    asha = Browser(line)
    asha.sign_in()

    _do(boss, "asha", "way-in")

    assert asha.get("/").request.path == "/console/signin"
    assert asha.sign_in().status_code == 401
    assert "Invited by Zoë, until" in html.unescape(boss.get("/people").text)


def test_a_lost_phone_is_reset_by_an_administrator(boss: Browser, line: Line, store: Store) -> None:
    hire(store, role="supervisor")

    told = _do(boss, "asha", "factor")

    assert "Their second factor is reset" in told
    asha = Browser(line)
    asha.get("/signin")
    assert "Set up your second factor" in asha.send("/signin", name="asha", password=PASSWORD).text
    assert ("Zoë", "reset the second factor of asha") in _log(store)


def test_a_role_changes_what_one_may_do_after_signing_in_anew(boss: Browser, line: Line, store: Store) -> None:
    hire(store)
    asha = Browser(line)
    asha.sign_in()
    assert asha.get("/team").status_code == 403

    _do(boss, "asha", "role", role="supervisor")

    assert asha.get("/").request.path == "/console/signin"
    assert _person(store, "asha").role == "supervisor"
    assert "Choose a role." in _do(boss, "asha", "role", role="king")


def test_the_last_administrator_cannot_leave_nor_change_their_own_role(boss: Browser, store: Store) -> None:
    hire(store)
    assert "is the only administrator who can sign in" in _do(boss, "Zoë", "leave", sure="yes")
    assert "Nobody changes their own role." in _do(boss, "Zoë", "role", role="adviser")
    assert "Change your own password under 'Account'." in _do(boss, "Zoë", "way-in")
    assert "Set up your own new phone" in _do(boss, "Zoë", "factor")
    assert "Nothing was changed. First tick the box" in _do(boss, "asha", "leave")

    staffing.add(store, "Ren", "administrator", "", TERMINAL, NOW)
    assert "is the only administrator" in _do(boss, "Zoë", "leave", sure="yes"), "Ren was invited, and is not here yet"
    for how in (lambda: staffing.leave(store, "Zoë", TERMINAL, NOW),
                lambda: staffing.set_role(store, "Zoë", "adviser", TERMINAL, NOW)):  # fmt: skip
        with pytest.raises(Refused, match="only administrator"):
            how()
    assert adviser.is_administrator(_person(store, "Zoë"))


def test_two_administrators_who_let_each_other_go_at_one_moment_leave_one(store: Store) -> None:
    hire(store, "Zoë", "administrator")
    hire(store, "Ren", "administrator")
    refused: list[str] = []

    def let_go(who: str, by: str) -> None:
        try:
            staffing.leave(store, who, by, NOW)
        except Refused as why:
            refused.append(str(why))

    threads = [threading.Thread(target=let_go, args=pair) for pair in (("Zoë", "Ren"), ("Ren", "Zoë"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert sum(adviser.is_administrator(each) for each in store.accounts.all()) == 1


def test_an_administrator_sees_and_ends_the_sign_ins_of_a_person(boss: Browser, line: Line, store: Store) -> None:
    hire(store)
    asha = Browser(line)
    asha.sign_in()
    page = boss.get(_page_of(boss, "asha")).text
    end = re.search(r"/console(/signins/\w+/end)", page)
    assert end

    boss.send(end[1])

    assert asha.get("/").request.path == "/console/signin"
    assert "Nowhere." in boss.get(_page_of(boss, "asha")).text


def test_a_phone_for_one_click_is_set_and_removed(boss: Browser, line: Line, store: Store) -> None:
    hire(store)

    assert "The phone is changed." in _do(boss, "asha", "phone", phone="0116 496 0124")
    assert _person(store, "asha").phone == "+441164960124"
    assert "own number" in _do(boss, "asha", "phone", phone=line.settings.our_number)
    assert "cannot be rung" in _do(boss, "asha", "phone", phone="999")
    _do(boss, "asha", "phone", phone="")
    assert _person(store, "asha").phone == ""


def test_a_page_of_somebody_who_is_renamed_meanwhile_is_not_there(boss: Browser, store: Store) -> None:
    hire(store)
    path = _page_of(boss, "asha")
    boss.get(path)
    staffing.rename(store, "asha", "Carol", TERMINAL, NOW)

    gone = boss.send(f"{path}/leave", sure="yes")

    assert (gone.status_code, "does not exist" in gone.text) == (404, True)
    assert not _person(store, "Carol").disabled


# --- everything of one phone ------------------------------------------------------------------


def test_everything_of_a_phone_is_shown_saved_and_deleted_once_somebody_is_sure(
    boss: Browser, line: Line, store: Store
) -> None:
    ask(store, 1, messages=(SpokenMessage("RE1", 9),))
    boss.get("/phone")

    shown = boss.send("/phone", number="07700 900001").text
    assert "1 callback requests (1 of them wait to be rung)" in shown
    assert "Not deleted here: backups" in shown

    saved = boss.send("/phone/export", number="07700 900001")
    with zipfile.ZipFile(io.BytesIO(saved.data)) as files:
        assert json.loads(files.read("person.json"))["number"] == "+447700900001"
    assert saved.headers["Cache-Control"] == "no-store"

    boss.get("/phone")
    unsure = boss.send("/phone/forget", number="07700 900001")
    assert (unsure.status_code, "First tick the box" in unsure.text) == (422, True)
    assert store.requests.get("CA001-1")
    done = boss.send("/phone/forget", number="07700 900001", sure="yes").text
    assert "Deleted" in done
    assert "Not deleted here: backups" in done
    assert store.requests.get("CA001-1") is None

    what = [what for who, what in _log(store) if who == "Zoë"]
    assert [each for each in what if "everything" in each] == [
        "deleted everything of a phone", "looked for everything of a phone", "exported everything of a phone",
        "looked for everything of a phone",
    ]  # fmt: skip
    assert not any("900001" in each for each in what)


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [("", 422, "is not a phone number"), ("hello", 422, "is not a phone number"), ("0000", 422, "No call has"),
     ("07700 900999", 404, "Nothing is kept of this number."), ("1" * 5000, 422, "is not a phone number")],
)  # fmt: skip
def test_what_finds_nothing_says_what_to_do(boss: Browser, typed: str, code: int, says: str) -> None:
    boss.get("/phone")

    answer = boss.send("/phone", number=typed)

    assert (answer.status_code, says in html.unescape(answer.text)) == (code, True)


def test_a_phone_is_found_by_the_number_of_a_call_and_searches_are_limited(boss: Browser, store: Store) -> None:
    asked = ask(store, 1)
    boss.get("/phone")

    assert "Kept of 07700 900001" in boss.send("/phone", number=asked.askers[0].reference).text
    for _ in range(personal_data.MOST_SEARCHES):
        last = boss.send("/phone", number="07700 900001")

    assert last.status_code == 429
    assert ("Zoë", "searched too often for everything of a phone") in _log(store)
