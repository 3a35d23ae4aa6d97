"""A caller who waits gives another number: on which it is rung, what may be said there, and who else waits."""

from __future__ import annotations

import playwright.sync_api as playwright
import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from ivr.callbacks import another_phone, callback
from ivr.callbacks.another_phone import Phone
from ivr.callbacks.callback import Refused
from ivr.callbacks.diary import Window
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.machine.config import Settings
from ivr.script.session import FindRequest, SaveRequest
from ivr.store import Spool, Store, TextState
from ivr.usecases import personal_data
from tests.browser import DESKTOP, SIZES, axe, page_of, press, sideways, sign_in
from tests.desk import DIARY, NOW, Browser, ask, hire, request
from tests.line import CALLER, OPEN, Line

#: The number from which the first caller asked, and the one that they give.
FIRST, OTHER, SPOKEN = "+447700900001", "+447700900456", "07700 900 456"


def _stored(store: Store, request_id: str = "CA001-1") -> CallbackRequest:
    found = store.requests.get(request_id)
    assert found
    return found


def _take(adviser: Browser, request_id: str = "CA001-1") -> None:
    adviser.get(f"/request/{request_id}")
    adviser.send(f"/request/{request_id}/claim")


def _give(adviser: Browser, number: str = SPOKEN, request_id: str = "CA001-1", **fields: str) -> str:
    return adviser.send(f"/request/{request_id}/another-number", other=number, **fields).text


def _moved(store: Store, who: str = "asha", **facts: object) -> CallbackRequest:
    """A request that is rung on another phone by now."""
    asked = ask(store, 1, **facts)
    store.requests.change(asked.id, lambda r: callback.claim(r, who, NOW))
    to = Phone(OTHER, None, None)
    return store.requests.change_phone(asked.id, lambda r: another_phone.changed(r, who, "CA001-1", to, NOW)).theirs


# --- on the card ----------------------------------------------------------------------------


def test_another_number_is_read_back_and_rung_for_the_call_that_is_agreed(asha: Browser, store: Store) -> None:
    ask(store, 1)
    _take(asha)

    card = _give(asha, outcome="spoke", again="2026-11-26 morning", by="me", note="Send the form", other_name="yes")

    assert '<a class="number" href="tel:+447700900456">07700 900 456</a>' in card
    assert "Read it back to the caller." in card
    for kept in ('value="spoke" data-key="1" checked', '"2026-11-26 morning" selected', ">Send the form</textarea>"):
        assert kept in card, "what was chosen and typed stays"
    told = asha.send("/request/CA001-1/outcome", outcome="spoke", again="2026-11-26 morning", by="me").text
    assert "Say: we ring you on the number that you gave me on Thursday 26 November, in the morning." in told
    agreed = _stored(store)
    assert (agreed.number, agreed.number_by, agreed.with_whom) == (OTHER, "asha", "asha")
    assert [each.number for each in agreed.before] == [FIRST]
    assert agreed.askers[0].reference == "4271"


def test_nobody_but_its_holder_sees_either_number_and_no_log_has_one(asha: Browser, line: Line, store: Store) -> None:
    hire(store, "ben", role="supervisor")
    ask(store, 1)
    _take(asha)
    _give(asha)
    ben = Browser(line)
    ben.sign_in("ben")

    pages = [ben.get(path).text for path in ("/", "/request/CA001-1", "/team", "/ended")]
    told = " ".join([*pages, *(entry.what for entry in store.audit.entries()), str(_stored(store).events)])

    assert "changed the number" in told
    for digits in ("900456", "900 456", "900001", "900 001"):
        assert digits not in told


def test_what_was_allowed_on_one_phone_says_nothing_of_another(asha: Browser, store: Store) -> None:
    ask(store, 1, message_ok=True, say_who=True)
    _take(asha)
    assert "leave NO message" in _give(asha)
    careful = _stored(store)

    _give(asha, "07700 900457", other_message="yes", other_name="no")

    allowed = _stored(store)
    assert (careful.may_leave_message(), careful.may_say_who()) == (False, False)
    assert (allowed.may_leave_message(), allowed.may_say_who()) == (True, False)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("0770", "That is not a complete phone number."),
        ("0116 496 0170 ext 12", "An extension cannot be dialled: leave it out, and write it into the note."),
        ("999", "That is an emergency number, which we never ring."),
        ("0909 879 0000", "That is a premium-rate number, so we do not ring it."),
        ("+33 1 42 68 53 00", "That is a foreign number, and we ring only UK numbers."),
        ("0116 496 0000", "That number is never rung: it is ours, or on the list of the service."),
    ],
)
def test_a_number_that_we_do_not_ring_changes_nothing_and_all_that_is_typed_stays(
    asha: Browser, store: Store, number: str, says: str
) -> None:
    ask(store, 1)
    _take(asha)
    before = _stored(store)

    card = _give(asha, number, note="Ask for the letter", other_name="yes")

    assert says in card
    assert f'value="{number}"' in card
    assert ">Ask for the letter</textarea>" in card
    assert _stored(store) == before


def test_a_number_that_is_typed_and_not_changed_is_not_lost_with_the_outcome(asha: Browser, store: Store) -> None:
    ask(store, 1)
    _take(asha)

    card = asha.send("/request/CA001-1/outcome", outcome="spoke", other=SPOKEN, note="Send the form").text

    assert "You typed another number. Press Change the number first" in card
    assert f'value="{SPOKEN}"' in card
    assert _stored(store).state == "claimed"
    store.requests.change("CA001-1", lambda r: callback.claim(callback.release(r, "asha", NOW), "ben", NOW))
    card = asha.send("/request/CA001-1/outcome", outcome="spoke", other=SPOKEN, note="Send the form").text
    assert f"The number {SPOKEN} was not saved." in card
    assert _stored(store).events[-1].note.endswith("Send the form")


def test_a_blocked_phone_can_be_given_since_a_block_is_for_what_nobody_asked(asha: Browser, store: Store) -> None:
    store.blocked.add(OTHER, "asha", NOW, "a pocket")
    ask(store, 1)
    _take(asha)

    _give(asha)

    assert _stored(store).number == OTHER


def test_whoever_does_not_have_it_changes_nothing_and_reads_what_was_not_saved(asha: Browser, store: Store) -> None:
    ask(store, 1)
    _take(asha)
    store.requests.change("CA001-1", lambda r: callback.claim(callback.release(r, "asha", NOW), "ben", NOW))

    card = _give(asha, note="Send the form")

    says = f"The number {SPOKEN} was not saved. What you wrote is kept as a note."
    assert f"ben has this request now. Talk to them first. {says}" in card
    assert (_stored(store).number, _stored(store).events[-1].note) == (FIRST, "Send the form")


# --- the slip of a pen ----------------------------------------------------------------------


def test_the_earlier_number_comes_back_with_what_was_allowed_there(asha: Browser, store: Store) -> None:
    asked = ask(store, 1, message_ok=True, say_who=True)
    _take(asha)
    _give(asha)

    card = asha.send("/request/CA001-1/earlier-number").text

    back = _stored(store)
    assert "The earlier number is back" in card
    assert (back.number, back.number_by, back.before) == (FIRST, "", ())
    assert (back.askers, back.may_leave_message(), back.may_say_who()) == (asked.askers, True, True)
    assert store.requests.known_of(OTHER) == [], "the number of a stranger is kept nowhere"
    assert store.requests.find(FindRequest(FIRST, "4271")).request == back


def test_a_number_that_was_mistyped_is_not_kept(asha: Browser, store: Store) -> None:
    ask(store, 1)
    _take(asha)
    _give(asha, "07700 900455")
    assert "That is the number of this request already." in _give(asha, "07700 900455")

    _give(asha)

    assert _stored(store).numbers == (OTHER, FIRST)
    assert store.requests.known_of("+447700900455") == []


def test_who_types_the_first_number_again_after_a_slip_has_what_there_was(asha: Browser, store: Store) -> None:
    asked = ask(store, 1, message_ok=True, say_who=True)
    _take(asha)
    _give(asha)

    _give(asha, "07700 900001")

    back = _stored(store)
    assert (back.numbers, back.number_by, back.askers) == ((FIRST,), "", asked.askers)
    assert store.requests.known_of(OTHER) == []


def test_without_an_earlier_number_none_is_put_back() -> None:
    taken = callback.claim(request(), "asha", NOW)
    with pytest.raises(Refused, match="There is no earlier number"):
        another_phone.put_back(taken, "asha", NOW)
    hidden = callback.claim(request(number=""), "asha", NOW)
    with pytest.raises(Refused, match="The number is not known yet"):
        another_phone.changed(hidden, "asha", "CA001-1", Phone(OTHER, None, None), NOW)


# --- both phones ----------------------------------------------------------------------------


def test_it_is_found_by_either_number_and_changed_by_its_caller_from_the_new_one(asha: Browser, store: Store) -> None:
    moved = _moved(store)
    asha.get("/search")

    for number in (FIRST, OTHER):
        assert "1 found" in asha.send("/search", number=number).text
    assert store.requests.find(FindRequest(OTHER, "4271")).request == moved
    assert store.requests.find(FindRequest(FIRST, "4271")).request is None
    assert store.requests.open_of(FIRST) == []


def test_who_asks_from_the_earlier_phone_joins_nothing_and_both_cards_lead_to_each_other(
    asha: Browser, store: Store
) -> None:
    moved = _moved(store)

    again = ask(store, 2, number=FIRST)

    assert again.id == "CA002-1"
    assert _stored(store, moved.id) == moved
    _take(asha, again.id)
    cards = asha.get(f"/request/{again.id}").text, asha.get(f"/request/{moved.id}").text
    assert "Somebody has asked from this phone already." in cards[0]
    assert f'href="/console/request/{moved.id}">Read that card before you ring.' in cards[0]
    assert "They gave another number since." in cards[0]
    assert f'href="/console/request/{again.id}">Read that card before you ring.' in cards[1]


def test_who_asks_from_the_new_phone_makes_it_no_freer(store: Store) -> None:
    moved = _moved(store)

    joined = ask(store, 2, number=OTHER, message_ok=True, say_who=True)

    assert joined.id == moved.id
    assert (joined.number, joined.times_asked) == (OTHER, 2)
    back = another_phone.put_back(joined, "asha", NOW)
    assert back.others
    assert [(each.number, [asker.id for asker in each.askers]) for each in (back.theirs, back.others)] == [
        (FIRST, ["CA001-1"]), (OTHER, ["CA002-1"]),
    ]  # fmt: skip


THIRD = "+447700900457"


@pytest.mark.parametrize("who", ["put back", "CA001-1", "CA002-1"])
def test_whoever_joined_from_the_new_phone_has_nothing_to_do_with_the_first(
    store: Store, settings: Settings, who: str
) -> None:
    moved, spool = _moved(store), Spool(settings.spool_dir, settings.keys)
    ask(store, 2, number=OTHER)

    store.requests.change_phone(
        moved.id,
        lambda r: (
            another_phone.put_back(r, "asha", NOW)
            if who == "put back"
            else another_phone.changed(r, "asha", who, Phone(THIRD, None, None), NOW)
        ),
    )

    assert [each.id for each in store.requests.known_of(FIRST)] == ["CA001-1"]
    personal_data.forget(settings, store, spool, personal_data.find(store, spool, FIRST, NOW), NOW)
    assert [each.id for each in store.requests.waiting()] == ["CA002-1"]


@pytest.mark.parametrize("number", [FIRST, OTHER])
def test_it_is_deleted_by_either_number_and_comes_back_by_none(store: Store, settings: Settings, number: str) -> None:
    moved, spool = _moved(store), Spool(settings.spool_dir, settings.keys)
    found = personal_data.find(store, spool, number, NOW)
    assert [each.id for each in found.requests] == [moved.id]

    personal_data.forget(settings, store, spool, found, NOW)

    assert store.requests.get(moved.id) is None
    for each in (FIRST, OTHER):
        assert store.requests.known_of(each) == []
        assert store.limits.counted_of(each) == []


def test_what_a_restore_brings_back_of_an_earlier_number_is_erased_again(store: Store, settings: Settings) -> None:
    moved, spool = _moved(store), Spool(settings.spool_dir, settings.keys)
    backup = store.copying.all()
    store.erasing.note(NOW + 60, FIRST)
    personal_data.keep_erased(settings, store, spool, NOW + 60)
    store.redis.do(lambda client: client.flushall())
    store.copying.load(backup, NOW)

    assert personal_data.keep_erased(settings, store, spool, NOW + 120) == 1

    assert store.requests.get(moved.id) is None


def test_a_card_that_is_deleted_takes_the_texts_to_both_phones_with_it(asha: Browser, store: Store) -> None:
    _moved(store)
    hire(store, admin=True)
    for nth, number in enumerate((FIRST, OTHER, "+447700900999")):
        store.texts.add(TextState(f"CA00{nth}.7", number, "letter", "Words.", NOW))
    asha.sign_in()
    asha.get("/request/CA001-1")

    asha.send("/request/CA001-1/delete", sure="yes")

    assert [each.to for each in store.texts.all()] == ["+447700900999"]


def test_the_text_about_the_next_call_goes_to_the_new_phone_too(asha: Browser, store: Store) -> None:
    ask(store, 1)
    _take(asha)
    asha.send("/request/CA001-1/text", text="appointment")
    _give(asha, other_message="yes")

    asha.send("/request/CA001-1/text", text="appointment")
    asha.send("/request/CA001-1/text", text="appointment")

    assert sorted(each.to for each in store.texts.all()) == [FIRST, OTHER]


# --- several who wait -----------------------------------------------------------------------


def test_only_whoever_gave_the_number_is_rung_there_and_the_others_as_before(asha: Browser, store: Store) -> None:
    first, second = ask(store, 1), ask(store, 2, number=FIRST)
    assert first.id == second.id
    message = SpokenMessage("RE1", 4, wish="CA002-1")
    store.requests.change(first.id, lambda r: callback.note(r, "ben", "Two people.", NOW))
    store.requests.with_message(first.id, message, NOW)
    _take(asha)
    assert "Choose who gave the number." in _give(asha)

    card = _give(asha, whose="CA002-1")

    theirs, others = _stored(store, "CA002-1"), _stored(store)
    assert "07700 900 456" in card
    assert "Others who asked from the earlier phone are still rung there" in card
    assert (theirs.number, [each.id for each in theirs.askers], theirs.claimed_by) == (OTHER, ["CA002-1"], "asha")
    assert (others.number, [each.id for each in others.askers], others.state) == (FIRST, ["CA001-1"], "waiting")
    assert (theirs.messages, others.messages) == ((message,), ())
    assert all(any(event.note == "Two people." for event in each.events) for each in (theirs, others))
    assert {each.id for each in store.requests.waiting()} == {"CA001-1", "CA002-1"}
    assert store.requests.of_wish("CA002-1") == theirs
    assert len(store.requests.known_of(FIRST)) == 2
    assert callback.record(theirs, "asha", "done", "", NOW, DIARY).state == "done"


def test_a_caller_whose_wish_named_the_request_keeps_it(store: Store) -> None:
    ask(store, 1)
    both = callback.claim(ask(store, 2, number=FIRST), "asha", NOW)

    parted = another_phone.changed(both, "asha", "CA001-1", Phone(OTHER, None, None), NOW)

    assert parted.others
    assert (parted.theirs.id, parted.others.id) == ("CA001-1", "CA002-1")


# --- what parted, put together again --------------------------------------------------------

BOTH = pytest.mark.parametrize("wish", ["CA001-1", "CA002-1"], ids=["whose wish named it", "who joined it"])


def _part(store: Store, wish: str, number: str = OTHER) -> CallbackRequest:
    """Two ask from one phone, and asha, who has their request, is given another number by one. The request of both."""
    ask(store, 1, message_ok=True, say_who=True)
    ask(store, 2, number=FIRST, message_ok=True, asked_at=NOW - 500)
    message = SpokenMessage("RE1", 4, at=NOW - 600, wish="CA002-1")
    store.requests.with_message("CA001-1", message, NOW)
    both = store.requests.change("CA001-1", lambda r: callback.claim(r, "asha", NOW))
    store.requests.change_phone(
        both.id, lambda r: another_phone.changed(r, "asha", wish, Phone(number, None, None), NOW)
    )
    return both


def _undo(store: Store, wish: str) -> another_phone.Parted:
    return store.requests.change_phone(wish, lambda r: another_phone.put_back(r, "asha", NOW))


def _others_of(wish: str) -> str:
    return "CA001-1" if wish == "CA002-1" else "CA002-1"


@BOTH
@pytest.mark.parametrize("slips", [0, 2])
def test_an_undo_puts_together_what_parted_with_nothing_lost_and_one_card(
    asha: Browser, store: Store, wish: str, slips: int
) -> None:
    both = _part(store, wish, "+447700900455" if slips else OTHER)
    asha.get(f"/request/{wish}")
    for _ in range(slips):
        _give(asha, request_id=wish)
        _give(asha, "07700 900457", request_id=wish)

    card = asha.send(f"/request/{wish}/earlier-number", outcome="spoke", note="Send the form").text

    (one,) = store.requests.waiting()
    assert "Those who asked from the same phone are on this card again." in card
    assert ">Send the form</textarea>" in card
    assert "another card of this phone" not in card
    told = tuple(event for event in one.events if event not in both.events)
    assert replace(one, id=both.id, events=both.events) == both
    assert [event.what for event in told] == ["changed the number"] * (2 * slips + 1) + ["put the earlier number back"]
    assert store.requests.slots_taken(one.window, NOW) == 1  # type: ignore[arg-type]
    assert store.requests.open_of(FIRST) == [one]
    assert store.requests.known_of(OTHER) == []
    assert [entry.what for entry in store.audit.entries(2)][-1] == "put the earlier number back"


@BOTH
def test_every_page_and_call_of_a_card_that_is_part_of_another_by_now_leads_there(
    asha: Browser, line: Line, store: Store, wish: str
) -> None:
    hire(store, "ben", admin=True)
    _part(store, wish)
    asha.get(f"/request/{wish}")
    about, own = f"request={wish}&adviser=asha", {"CallSid": "CA" + "5" * 32, "From": "+441164960000"}
    line.post(f"/voice/join?{about}", {**own, "Digits": "1"})
    one = _undo(store, wish).theirs
    ben = Browser(line)
    ben.sign_in("ben")

    for each in ("CA001-1", "CA002-1"):
        assert "asha is talking to this caller" in ben.get(f"/request/{each}").text
        ben.send(f"/request/{each}/note", note=f"Seen at {each}.")
        assert f"Seen at {each}." in ben.page
    line.post(f"/voice/rang?{about}", {**own, "DialCallStatus": "completed", "DialCallSid": "CA" + "6" * 32})

    (found,) = store.requests.waiting()
    assert found.talk
    assert found.talk.ended
    assert [event.note for event in found.events[-3:]] == [
        "Seen at CA001-1.", "Seen at CA002-1.", "By one click: somebody picked up.",
    ]  # fmt: skip
    assert "looked at" in ben.get(f"/request/{one.id}").text
    assert len([each for each in store.audit.entries_of(found.ids) if each.who == "asha"]) >= 1
    assert f'href="/console/request/{wish}">call 4271, 4272</a>' in ben.get("/log").text
    ben.get(f"/request/{wish}")
    ben.send(f"/request/{wish}/delete", sure="yes")
    assert [store.requests.get(each) for each in ("CA001-1", "CA002-1")] == [None, None]
    assert store.audit.entries_of(found.ids)[1:] == [], "only that it was deleted"


def test_a_note_on_either_card_keeps_nobody_from_the_undo_and_is_kept(store: Store) -> None:
    _part(store, "CA002-1")
    store.requests.change("CA001-1", lambda r: callback.note(r, "ben", "Of the others.", NOW + 1))
    store.requests.change("CA002-1", lambda r: callback.note(r, "asha", "Of theirs.", NOW + 2))

    one = _undo(store, "CA002-1").theirs

    notes = [event.note for event in one.events if event.what == "note"]
    assert (store.requests.waiting(), notes) == ([one], ["Of the others.", "Of theirs."])


def _meanwhile(store: Store, what: str) -> None:
    """Something comes of the others (CA001-1), or of the caller who gave the number (CA002-1)."""
    claim = {"CA001-1": "ben", "CA002-1": "asha"}
    if what == "they ask again":
        ask(store, 3, number=FIRST)
    elif what == "somebody asks from the new phone":
        ask(store, 3, number=OTHER)
    elif what == "they cancel":
        store.requests.change("CA001-1", lambda r: callback.cancel(r, "4271", NOW))
    else:
        request_id, how = what.split(": ")
        store.requests.change(request_id, lambda r: callback.claim(r, claim[request_id], NOW))
        if how == "tried":
            store.requests.change(
                request_id, lambda r: callback.record(r, claim[request_id], "no answer", "", NOW, DIARY)
            )
            if request_id == "CA002-1":
                store.requests.change(request_id, lambda r: callback.claim(r, "asha", NOW))


@pytest.mark.parametrize(
    ("what", "cards"),
    [
        ("CA001-1: taken", 2), ("CA001-1: tried", 2), ("CA002-1: tried", 2), ("they ask again", 2),
        ("somebody asks from the new phone", 3), ("they cancel", 1),
    ],
)  # fmt: skip
def test_what_something_came_of_meanwhile_stays_apart_and_the_page_says_what_to_do(
    asha: Browser, store: Store, what: str, cards: int
) -> None:
    store.requests.new_reference = iter(["4271", "4272", "4273"]).__next__
    _part(store, "CA002-1")
    _meanwhile(store, what)
    before = store.requests.get("CA001-1")
    asha.get("/request/CA002-1")

    card = asha.send("/request/CA002-1/earlier-number").text

    assert "The earlier number is back" in card
    assert (len(store.requests.waiting()), store.requests.get("CA001-1")) == (cards, before)
    back = _stored(store, "CA002-1")
    assert (back.number, [each.id for each in back.askers], back.claimed_by) == (FIRST, ["CA002-1"], "asha")
    is_linked = "There is another card of this phone, which stays apart: read it before you ring." in card
    assert is_linked == (what != "they cancel")
    assert ('href="/console/request/CA001-1">Read that card before you ring.' in card) == is_linked


def test_two_who_never_parted_stay_apart_on_one_phone(store: Store) -> None:
    """Both cards tell of another number at the same second, and have nothing else in common."""
    for first, second in ((1, 2), (3, 4)):
        ask(store, first)
        both = ask(store, second, number=f"+447700900{first:03}")
        store.requests.change(both.id, lambda r: callback.claim(r, "asha", NOW + 1))
        to = Phone(f"+4477009004{first:02}", None, None)
        store.requests.change_phone(
            both.id,
            lambda r, to=to, wish=f"CA{second:03}-1": another_phone.changed(r, "asha", wish, to, NOW),  # type: ignore[misc]
        )
    theirs, others = _stored(store, "CA002-1"), _stored(store, "CA003-1")

    assert another_phone.together(theirs, _stored(store)) is not None
    assert another_phone.together(theirs, replace(others, events=others.events[-1:])) is None
    assert another_phone.together(theirs, theirs) is None


# --- the same wish once more ----------------------------------------------------------------

LATE = pytest.mark.parametrize("entry", ["", "1.saved"], ids=["a late webhook", "the spool of another machine"])


@LATE
def test_a_wish_that_comes_once_more_allows_nothing_on_the_new_phone(store: Store, entry: str) -> None:
    moved = _moved(store, message_ok=True, say_who=True)

    store.requests.save(SaveRequest(request(1, message_ok=True, say_who=True)), entry)

    again = _stored(store)
    assert store.requests.waiting() == [again]
    assert (again.number, again.may_leave_message(), again.may_say_who()) == (OTHER, False, False)
    assert again.events == moved.events


@LATE
def test_a_wish_that_comes_once_more_leaves_those_alone_with_whom_its_caller_asked(store: Store, entry: str) -> None:
    ask(store, 1)
    both = ask(store, 2, number=FIRST)
    store.requests.change(both.id, lambda r: callback.claim(r, "asha", NOW))
    to = Phone(OTHER, None, None)
    store.requests.change_phone(both.id, lambda r: another_phone.changed(r, "asha", "CA002-1", to, NOW))
    others = _stored(store)

    store.requests.save(SaveRequest(request(2, number=FIRST, message_ok=True)), entry)

    theirs = _stored(store, "CA002-1")
    assert _stored(store) == others
    assert (theirs.number, [each.id for each in theirs.askers], theirs.may_leave_message()) == (
        OTHER, ["CA002-1"], False,
    )  # fmt: skip


@LATE
def test_a_wish_that_comes_once_more_after_its_caller_was_helped_is_not_rung_with_the_others(
    store: Store, entry: str
) -> None:
    ask(store, 1)
    both = ask(store, 2, number=FIRST)
    store.requests.change(both.id, lambda r: callback.claim(r, "asha", NOW))
    to = Phone(OTHER, None, None)
    store.requests.change_phone(both.id, lambda r: another_phone.changed(r, "asha", "CA002-1", to, NOW))
    helped = store.requests.change("CA002-1", lambda r: callback.record(r, "asha", "done", "", NOW, DIARY))
    others = _stored(store)

    store.requests.save(SaveRequest(request(2, number=FIRST)), entry)

    assert (_stored(store), _stored(store, "CA002-1")) == (others, helped)


def test_a_wish_that_comes_once_more_makes_no_second_request_of_a_caller_who_was_left_alone(store: Store) -> None:
    """The request has the name of somebody who asked from the same phone, and does not wait any more."""
    ask(store, 1)
    both = ask(store, 2, number=FIRST)
    store.requests.change(both.id, lambda r: callback.claim(replace(r, askers=r.askers[1:]), "asha", NOW))
    to = Phone(OTHER, None, None)
    store.requests.change_phone(both.id, lambda r: another_phone.changed(r, "asha", "CA002-1", to, NOW))

    store.requests.save(SaveRequest(request(2, number=FIRST)))

    assert [each.id for each in store.requests.known_of(FIRST)] == ["CA001-1"]


# --- whether it is safe ---------------------------------------------------------------------


def test_a_call_in_another_part_of_the_day_is_agreed_only_if_they_said_that_it_is_safe(
    asha: Browser, store: Store
) -> None:
    ask(store, 1, when="afternoon")
    _take(asha)
    agreed = {"outcome": "spoke", "again": "2026-11-26 morning", "note": "Send the form"}

    card = asha.send("/request/CA001-1/outcome", **agreed).text

    assert "They chose the afternoon. Ask whether another part of the day is safe. Nothing was saved." in card
    assert ">Send the form</textarea>" in card
    asha.send("/request/CA001-1/outcome", **agreed, safe="yes")
    assert _stored(store).when == "morning"
    _take(asha)
    card = asha.send("/request/CA001-1/outcome", outcome="spoke", again="2026-11-27 afternoon").text
    assert "They chose the morning." in card


def test_a_call_in_the_part_of_the_day_that_they_chose_needs_no_question(asha: Browser, store: Store) -> None:
    ask(store, 1, when="afternoon")
    _take(asha)

    asha.send("/request/CA001-1/outcome", outcome="spoke", again="2026-11-26 afternoon")

    assert _stored(store).state == "waiting"


# --- in a browser ---------------------------------------------------------------------------


@SIZES
def test_an_adviser_changes_the_number_while_the_next_call_is_agreed_and_puts_a_slip_right(
    chromium: playwright.Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    hire(store)
    asked = ask(store, number=CALLER)
    for tab in page_of(chromium, served, size, "401|422|ERR_FAILED"):
        sign_in(tab)
        tab.goto(f"/console/request/{asked.id}")
        press(tab, "Take this request")
        tab.get_by_label("Spoke").check()
        tab.get_by_label("Ring again").select_option(label="Thursday 26 November, in the morning: 12 left")
        tab.get_by_label("Note (optional)").fill("Send the form first")
        tab.get_by_text("They gave another number").click()
        tab.get_by_label("Ring this number from now on").fill("0770")
        tab.get_by_label("Ring this number from now on").press("Enter")  # it is the form of the outcome, and saves none
        expect(tab.get_by_role("alert")).to_contain_text("That is not a complete phone number.")
        expect(tab.get_by_label("Ring this number from now on")).to_have_value("0770")

        tab.get_by_label("Ring this number from now on").fill(SPOKEN)
        tab.get_by_label("May we say there who rings?").select_option("Yes")
        press(tab, "Change the number")
        expect(tab.get_by_text("Read it back to the caller.")).to_be_visible()
        expect(tab.locator("#ring .number")).to_have_text(SPOKEN)
        expect(tab.get_by_label("Spoke")).to_be_checked()
        expect(tab.get_by_label("Note (optional)")).to_have_value("Send the form first")
        tab.get_by_text("Another number, or the earlier one").click()
        axe(tab)
        assert sideways(tab) <= 0

        press(tab, "Put the earlier number back")
        expect(tab.locator("#ring .number")).to_have_text("07700 900123")
        tab.get_by_text("They gave another number").click()
        tab.get_by_label("Ring this number from now on").fill(SPOKEN)
        press(tab, "Change the number")
        press(tab, "Save")
        expect(tab.get_by_text("Say: we ring you on the number that you gave me on Thursday")).to_be_visible()
        assert _stored(store, asked.id).number == OTHER


@SIZES
def test_a_phone_of_several_callers_fits_on_every_screen(
    chromium: playwright.Browser, served: Line, store: Store, size: dict[str, int]
) -> None:
    """The bar says which number of a call is whose, and the fields beside each other stand on one line."""
    hire(store)
    asked = ask(store, number=CALLER)
    ask(store, 2, number=CALLER, window=Window(OPEN.date(), "morning"))
    for tab in page_of(chromium, served, size):
        sign_in(tab)
        tab.goto(f"/console/request/{asked.id}")
        press(tab, "Take this request")
        tab.get_by_text("They gave another number").click()
        expect(tab.get_by_role("group", name="Who gave it")).to_be_visible()

        assert sideways(tab) <= 0
        fields = [
            tab.get_by_label(name).bounding_box() for name in ("Ring this number", "a message there?", "who rings?")
        ]
        feet = {round(box["y"] + box["height"]) for box in fields if box}
        assert size != DESKTOP or len(feet) == 1
