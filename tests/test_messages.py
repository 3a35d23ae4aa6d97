"""Spoken messages, from the tone to an adviser's ear: fetched, judged, listened to, and the number in them rung."""

from __future__ import annotations

import dataclasses
import io
import time

import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from ivr.advising import briefing, messages
from ivr.audio import engines, telephone
from ivr.authoring import drafts
from ivr.callbacks import asking, callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import CallbackRequest, Event, SpokenMessage
from ivr.processes import worker
from ivr.processes.tools import Tools
from ivr.processes.worker import NotYet
from ivr.script import Script
from ivr.store import Published, Store
from ivr.store.blocked import BLOCKED_SECONDS
from ivr.store.once import HIDDEN_ALERT_SECONDS
from ivr.usecases.jobs import MESSAGES, TRY_AGAIN, read_recording, recording_path
from tests.desk import DIARY, HOUR, HOURS, NOW, Browser, ask, hire, request
from tests.line import CALLER, OPEN, Line
from tests.rest import Twilio, work
from tests.sealed import KEYS
from tests.test_rest import RECORDING

CALL = "CA" + "1" * 32
WISH = f"{CALL}-message"
#: What `ivr.places` asks to be written down for somebody who pressed nothing and spoke.
SPOKEN: dict[str, object] = {
    "id": WISH, "urgent": True, "pressed_nothing": True, "message_only": True, "message_ok": False, "say_who": False,
    "window": None, "heard": (), "opens": NOW - HOUR, "due": NOW + 6 * HOUR,
}  # fmt: skip


def _wav(samples: telephone.Samples) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, telephone.TELEPHONE_RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


@pytest.fixture(scope="session")
def speech(shipped: Script) -> bytes:
    """Somebody who says that they want to be rung, as Twilio keeps it."""
    said = engines.say(
        engines.choice_of("pyttsx3", shipped.line.speech).ready(), "Please ring me.", shipped.line.pace, slow=False
    )
    return _wav(telephone.telephone(*said)[0])


SILENCE = _wav(np.zeros(5 * telephone.TELEPHONE_RATE, np.float32))


def _message(name: str = "RE1", **facts: object) -> SpokenMessage:
    return replace(SpokenMessage(name, 9, at=NOW, wish=WISH), **facts)


def _spoken(nth: int = 1, **facts: object) -> CallbackRequest:
    return asking.saved(None, request(nth, **{**SPOKEN, **facts}), "4271")


def _leave(store: Store, nth: int = 1, **facts: object) -> CallbackRequest:
    return ask(store, nth, **{**SPOKEN, **facts})


def _get(store: Store, request_id: str = WISH) -> CallbackRequest:
    found = store.requests.get(request_id)
    assert found
    return found


# --- what a message does to its request -------------------------------------------------------


def test_a_message_with_speech_is_kept_once_and_unheard() -> None:
    once = messages.added(_spoken(), _message(), NOW)
    twice = messages.added(messages.listened(once, "RE1", "asha", NOW), _message(), NOW)

    assert messages.unheard(once) == (_message(),)
    assert [message.heard_by for message in twice.messages] == ["asha"], "fetched again, it is not unheard again"


def test_a_wish_that_is_a_message_without_speech_is_put_aside_and_can_be_put_back() -> None:
    dropped = messages.added(_spoken(), _message(speech=False), NOW)

    assert (dropped.state, dropped.open, dropped.end) == (
        "put aside", False, Event(NOW, callback.LINE, messages.WITHOUT_SPEECH),
    )  # fmt: skip
    assert dropped.messages, "its sound is kept, for whoever doubts it"
    assert callback.reopen(dropped, "asha", NOW, DIARY).state == "waiting"


def test_a_pocket_call_takes_nothing_from_whoever_asked_by_keys_on_the_same_phone() -> None:
    """Nor does it make them be rung at another time than the one they chose."""
    chosen = asking.saved(None, request(opens=NOW + HOUR, due=NOW + 9 * HOUR), "4271")
    both = asking.saved(chosen, request(**SPOKEN), "5555")
    assert both.opens < chosen.opens

    left = messages.added(both, _message(speech=False), NOW)

    assert left.state == "waiting"
    assert (left.askers, left.promise, left.urgency, left.pressed_nothing) == (chosen.askers, chosen.promise, "", False)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (asking.saved(None, request(id=WISH), "4271"), _message(speech=False)),
        (callback.claim(_spoken(), "asha", NOW), _message(speech=False)),
        (messages.added(_spoken(), _message("RE2"), NOW), _message(speech=False)),
        (_spoken(), _message(speech=False, wish="CA9-1")),
    ],
    ids=["keys were pressed", "an adviser is at work on it", "another message has speech", "of another call"],
)
def test_a_request_that_is_more_than_silence_is_not_put_aside(before: CallbackRequest, message: SpokenMessage) -> None:
    after = messages.added(before, message, NOW)

    assert (after.state, after.askers) == (before.state, before.askers)
    assert after.messages[-1] == message


def test_a_recording_without_speech_keeps_nobody_waiting_to_listen() -> None:
    """Of a request that was asked for with keys: it can be played on the card."""
    found = messages.added(asking.saved(None, request(id=WISH), "4271"), _message(speech=False), NOW)

    assert found.open
    assert messages.unheard(found) == ()
    assert messages.to_listen_to([found], HOURS) == []


def test_playing_is_not_listening_and_the_first_who_listened_is_kept() -> None:
    found = messages.added(_spoken(), _message(), NOW)
    for who in ("asha", "asha", "bilal"):
        found = messages.played(found, "RE1", who, NOW)
    assert messages.unheard(found)

    for who in ("bilal", "asha"):
        found = messages.listened(found, "RE1", who, NOW + 60)

    (message,) = found.messages
    assert (message.played_by, message.heard_by, message.heard_at) == (("asha", "bilal"), "bilal", NOW + 60)
    assert [(event.who, event.what) for event in found.events[1:]] == [
        ("asha", messages.PLAYED), ("bilal", messages.PLAYED), ("bilal", messages.LISTENED),
    ]  # fmt: skip
    with pytest.raises(Refused):
        messages.listened(found, "RE9", "asha", NOW)


def test_messages_of_the_night_come_first_and_have_until_an_hour_after_opening() -> None:
    """Callers who cannot wait come before them."""
    night, day = OPEN.timestamp() - 12 * HOUR, NOW
    asked = [
        messages.added(_spoken(1), _message("by day", at=day), NOW),
        messages.added(_spoken(2), _message("at night", at=night), NOW),
        messages.added(_spoken(3, today=True), _message("for today", at=day), NOW),
        messages.added(_spoken(4), _message("heard", heard_by="asha"), NOW),
    ]

    found = messages.to_listen_to(asked, HOURS)

    assert [(each.message.name, each.is_closed) for each in found] == [
        ("for today", False), ("at night", True), ("by day", False),
    ]  # fmt: skip
    assert [briefing.moment(each.listen_by, NOW) for each in found] == ["11:30", "10:00", "11:30"]


# --- fetched, before and after its wish is written down ---------------------------------------


def _fetch(tools: Tools, store: Store, twilio: Twilio, sound: bytes, wish: str = WISH) -> None:
    """Twilio reports a recording, and the worker runs its jobs."""
    twilio.answers = [(200, sound), (204, b"")]
    tools.jobs.fetch_recording(wish, RECORDING, 9)
    work(tools)


def _again(tools: Tools, store: Store, times: int = 1) -> None:
    """As if the time until the next try were over."""
    for _ in range(times):
        for job in store.redis.do(lambda client: client.zrange(f"rq:scheduled:{MESSAGES}", 0, -1)):
            store.redis.do(lambda client, job=job: client.zrem(f"rq:scheduled:{MESSAGES}", job))
            store.redis.do(lambda client, job=job: client.rpush(f"rq:queue:{MESSAGES}", job))
        work(tools)


def test_a_message_of_which_twilio_tells_before_its_wish_is_written_down_waits_for_it(
    tools: Tools, store: Store, twilio: Twilio, speech: bytes
) -> None:
    _fetch(tools, store, twilio, speech)
    assert twilio.asked == [], "it is left where it is"
    _leave(store)

    _again(tools, store)

    assert [(message.name, message.speech) for message in _get(store).messages] == [(RECORDING, True)]
    assert twilio.asked == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]


def test_a_message_finds_the_request_of_another_call_that_its_wish_joined(
    tools: Tools, store: Store, twilio: Twilio, speech: bytes
) -> None:
    """Twilio was told the id of the wish, before anybody knew what it would join."""
    first = ask(store, 1)
    joined = _leave(store, number=first.number)
    assert joined.id == first.id

    _fetch(tools, store, twilio, speech)

    (message,) = _get(store, first.id).messages
    assert (message.name, message.wish, message.at) == (RECORDING, WISH, joined.askers[1].asked_at)


def test_a_message_whose_wish_was_never_written_down_is_listened_to_all_the_same(
    tools: Tools, store: Store, twilio: Twilio, speech: bytes
) -> None:
    """The line went down in the middle of the turn. Nobody knows the number; the message may say it."""
    _fetch(tools, store, twilio, speech)

    _again(tools, store, times=len(TRY_AGAIN))

    found = _get(store)
    assert (found.number, found.urgent, found.state) == ("", True, "waiting")
    assert found.may_leave_message() is found.may_say_who() is False
    assert messages.unheard(found)
    assert read_recording(tools.settings, RECORDING) == speech


def test_silence_for_which_nothing_was_written_down_is_deleted_at_twilio(
    tools: Tools, store: Store, twilio: Twilio
) -> None:
    """The caller was told that there was nothing to hear."""
    _fetch(tools, store, twilio, SILENCE)

    _again(tools, store, times=len(TRY_AGAIN))

    assert twilio.asked == [f"GET {RECORDING}.wav", f"DELETE {RECORDING}.json"]
    assert store.requests.waiting() == store.requests.ended() == []
    assert not recording_path(tools.settings, RECORDING).exists()


def test_a_message_without_speech_is_put_aside_counted_and_its_sound_kept(
    tools: Tools, store: Store, twilio: Twilio
) -> None:
    _leave(store)

    _fetch(tools, store, twilio, SILENCE)

    assert _get(store).state == "put aside"
    assert [found.id for found in store.requests.ended()] == [WISH]
    assert read_recording(tools.settings, RECORDING) == SILENCE
    assert store.health.counts()["messages_put_aside", ""] == 1


def test_a_message_that_cannot_be_read_is_for_an_adviser_to_judge(tools: Tools, store: Store, twilio: Twilio) -> None:
    _leave(store)

    _fetch(tools, store, twilio, b"RIFF sound")

    assert _get(store).state == "waiting"
    assert messages.unheard(_get(store))


def test_a_message_is_kept_though_another_request_of_its_call_was_deleted(
    tools: Tools, store: Store, twilio: Twilio, speech: bytes
) -> None:
    first = ask(store, 1, id=f"{CALL}-1", number="+447700900005")
    _leave(store)
    store.requests.delete(first.id)

    _fetch(tools, store, twilio, speech)

    assert messages.unheard(_get(store))
    assert read_recording(tools.settings, RECORDING) == speech


def test_a_wish_that_is_not_there_yet_is_no_fault_of_twilios(tools: Tools, store: Store) -> None:
    assert not issubclass(NotYet, worker.RestFailed)


# --- who is told ------------------------------------------------------------------------------


@pytest.fixture
def told(tools: Tools, store: Store, files: dict[str, str], twilio: Twilio) -> Tools:
    """A worker whose line.yaml names a webhook."""
    hook = f'webhook: "http://127.0.0.1:{twilio.server_port}/hook"'
    live = {**files, "line.yaml": files["line.yaml"].replace("email_to: []", f"email_to: []\n  {hook}")}
    store.revisions.publish(Published(drafts.revision_of(live), 0.0, "tests", ""), live)
    return tools


def _told(twilio: Twilio) -> int:
    return twilio.asked.count("POST hook")


def test_nobody_is_told_of_a_message_before_it_is_known_that_somebody_speaks(
    told: Tools, store: Store, twilio: Twilio, speech: bytes
) -> None:
    saved = _leave(store, asked_at=time.time(), due=time.time() + HOUR)
    worker.look(told, time.time())
    work(told)
    assert _told(twilio) == 0

    _fetch(told, store, twilio, speech)

    assert _told(twilio) == 1
    assert saved.urgency == "urgent"


def test_of_a_message_that_does_not_come_somebody_is_told_without_it(told: Tools, store: Store, twilio: Twilio) -> None:
    """That it could not be fetched does not mean that nobody spoke."""
    _leave(store, asked_at=NOW)

    worker.look(told, NOW + messages.AWAITED_SECONDS)
    work(told)

    assert _told(twilio) == 1


def test_of_one_phone_there_is_one_alert_a_day_and_of_hidden_ones_one_an_hour(
    told: Tools, store: Store, twilio: Twilio
) -> None:
    """Pockets ring again and again. A request made with keys raises an alert each time."""
    for nth, number in enumerate(("+447700900001", "+447700900001", "", "", "+447700900002"), 1):
        saved = _leave(store, nth, id=f"CA{nth}-message", number=number, messages=(_message(),))
        told.jobs.alert_if_urgent(saved, NOW)
        work(told)
        if number:
            store.requests.change(saved.id, lambda found: callback.cancel(found, found.askers[0].reference, NOW))
    assert _told(twilio) == 3, "two phones, and one that is hidden"
    assert store.redis.do(lambda client: client.ttl("ivr:alerted:hidden:webhook")) <= HIDDEN_ALERT_SECONDS

    by_keys = ask(store, 9, number="+447700900001", urgent=True)
    told.jobs.alert_if_urgent(by_keys, NOW)
    work(told)

    assert _told(twilio) == 4


def test_of_a_message_that_nobody_listened_to_in_time_somebody_is_told_once(
    told: Tools, store: Store, twilio: Twilio
) -> None:
    """However many there are. It is told no more once somebody has listened."""
    for nth in (1, 2):
        ask(store, nth, due=time.time() + HOUR, messages=(_message(f"RE{nth}", at=NOW),))
    worker.look(told, NOW + HOUR - 60)
    work(told)
    assert _told(twilio) == 0

    for _ in range(2):
        worker.look(told, NOW + HOUR)
        work(told)

    assert _told(twilio) == 1


def test_an_alert_says_how_urgent_it_is(told: Tools, store: Store, twilio: Twilio) -> None:
    """A request that becomes more urgent raises another alert."""
    urgent = ask(store, 1, urgent=True)
    told.jobs.alert_if_urgent(urgent, NOW)
    work(told)
    today = ask(store, 1, id="CA9-1", today=True)
    told.jobs.alert_if_urgent(today, NOW)
    worker.look(told, NOW)
    work(told)

    assert _told(twilio) == 2
    assert today.id == urgent.id


# --- at the desk ------------------------------------------------------------------------------


def _kept(line: Line, sound: bytes, name: str = "RE1") -> None:
    path = recording_path(line.settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound)


def test_the_list_of_messages_comes_first_in_the_morning(
    asha: Browser, line: Line, store: Store, speech: bytes
) -> None:
    _leave(store, number="", messages=(_message(at=OPEN.timestamp() - 12 * HOUR),))
    _kept(line, speech)

    assert "1 message to listen to</a>, the first should have been listened to by 10:00." in asha.get("/").text
    page = asha.get("/messages").text

    for words in ("Left yesterday 22:30, 9 seconds, number hidden.", "Left while we were closed",
                  "Pressed no key", "Should have been listened to by 10:00"):  # fmt: skip
        assert words in page
    assert f'action="/console/request/{WISH}/claim"' in page
    assert "Take it and listen" in page
    assert f'src="/console/request/{WISH}/message/0"' in asha.send(f"/request/{WISH}/claim").text


def test_whoever_has_the_request_listens_and_who_did_is_in_the_log_and_on_the_card(
    asha: Browser, line: Line, store: Store, speech: bytes
) -> None:
    _leave(store, messages=(_message(),))
    _kept(line, speech)
    asha.get("/messages")
    assert asha.send(f"/request/{WISH}/message/0/listened").status_code == 403
    _take(asha)

    sound = asha.get(f"/request/{WISH}/message/0")
    assert (sound.data, sound.headers["Cache-Control"]) == (speech, "no-store")
    page = asha.get(f"/request/{WISH}").text
    assert "<bdi>asha</bdi> played it. Nobody has marked it as listened to." in page
    asha.send(f"/request/{WISH}/message/0/listened")
    asha.send(f"/request/{WISH}/release")

    assert "There are no messages to listen to." in asha.get("/messages").text
    assert "message to listen to" not in asha.get("/").text
    card = asha.get(f"/request/{WISH}").text
    assert "<bdi>asha</bdi> listened to it, 10:30." in card
    logged = [(entry.who, entry.what) for entry in store.audit.entries()]
    assert {("asha", "played the message"), ("asha", "listened to the message")} <= set(logged)
    assert CALLER[3:] not in card, "listening shows no number"


def test_a_browser_that_fetches_a_sound_in_pieces_has_played_it_once(
    asha: Browser, line: Line, store: Store, speech: bytes
) -> None:
    _leave(store, messages=(_message(),))
    _kept(line, speech)
    _take(asha)

    for piece in ("bytes=0-", "bytes=1000-", "bytes=2000-2999"):
        asha.client.get(
            f"/console/request/{WISH}/message/0",
            base_url=line.settings.public_url,
            headers={"Range": piece},
            buffered=True,
        )

    assert [entry.what for entry in store.audit.entries()].count("played the message") == 1


def test_what_was_put_aside_can_be_heard_and_put_back(asha: Browser, line: Line, store: Store, tools: Tools,
                                                      twilio: Twilio) -> None:  # fmt: skip
    _leave(store)
    tools.settings = dataclasses.replace(tools.settings, data_dir=line.settings.data_dir)
    _fetch(tools, store, twilio, SILENCE)

    page = asha.get("/messages").text
    assert "Put aside: no sound like speech" in page
    assert "There are no messages to listen to." in page
    assert asha.get(f"/request/{WISH}/message/0").status_code == 403
    assert "This request is yours." in asha.send(f"/request/{WISH}/claim").text
    assert asha.get(f"/request/{WISH}/message/0").data == SILENCE

    assert (_get(store).state, _get(store).claimed_by) == ("claimed", "asha")
    asha.send(f"/request/{WISH}/outcome", outcome="done")
    assert asha.get(f"/request/{WISH}/message/0").data == SILENCE, "whoever had it can listen once more"


# --- the number as heard ----------------------------------------------------------------------


def _take(asha: Browser, request_id: str = WISH) -> str:
    asha.get(f"/request/{request_id}")
    return asha.send(f"/request/{request_id}/claim").text


def _type(asha: Browser, number: str) -> str:
    return asha.send(f"/request/{WISH}/number", number=number).text


def test_a_number_as_heard_is_typed_read_once_more_and_then_rung(asha: Browser, line: Line, store: Store) -> None:
    _leave(store, number="", messages=(_message(),))
    card = _take(asha)
    assert "Number as heard in the message" in card
    assert "Ring by one click" not in card
    assert "The number is not known yet." in asha.send(f"/request/{WISH}/ring").text

    card = _type(asha, "07700 900 123")
    assert "07700 900 123" in card
    assert "Ring by one click" not in card, "it has not been read once more"
    assert _get(store).number == ""
    asha.send(f"/request/{WISH}/number/confirm", number="+447700900123")

    card = asha.get(f"/request/{WISH}").text
    assert "<bdi>asha</bdi> heard this number in the message." in card
    assert "Ring by one click" in card
    assert "Your phone will ring in a moment." in asha.send(f"/request/{WISH}/ring").text
    assert _get(store).number == CALLER
    assert not any("7700" in event.what + event.note for event in _get(store).events), "what is noted has no number"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("07700 900 12", "That is not a complete phone number."),
        ("hello", "That is not a complete phone number."),
        ("", "That is not a phone number."),
        ("999", "That is an emergency number, which we never ring."),
        ("0909 879 0000", "That is a premium-rate number"),
        ("+33 1 42 68 53 00", "That is a foreign number"),
        ("0116 496 0000", "That number is never rung: it is ours"),
        ("{helpline}", "That number is never rung: it is ours"),
    ],
)
def test_a_number_that_we_do_not_ring_is_refused_with_words_and_not_lost(
    asha: Browser, store: Store, shipped: Script, typed: str, told: str
) -> None:
    _leave(store, number="", messages=(_message(),))
    _take(asha)
    typed = typed.format(helpline=shipped.line.phones["helpline_phone"])

    page = _type(asha, typed)

    assert told in page
    assert f'value="{typed}"' in page
    assert (_get(store).number, _get(store).number_typed) == ("", "")


def test_a_wrong_number_is_corrected_and_both_are_in_the_history(asha: Browser, store: Store) -> None:
    _leave(store, number="", messages=(_message(),))
    _take(asha)
    for number in ("07700900123", "07700900124"):
        _type(asha, number)
        asha.send(f"/request/{WISH}/number/confirm", number=f"+44{number[1:]}")

    found = _get(store)
    assert found.number == "+447700900124"
    assert [event.what for event in found.events][-4:] == [
        "typed the number as heard", "confirmed the number", "typed the number as heard", "corrected the number",
    ]  # fmt: skip
    phones = store.redis.do(lambda client: client.keys("ivr:phone:*"))
    assert phones == [f"ivr:phone:{KEYS.name('+447700900124')}".encode()], "nothing points to the wrong one any more"


def test_only_the_number_that_was_read_is_confirmed(asha: Browser, store: Store) -> None:
    """Another window of the same adviser typed another meanwhile."""
    _leave(store, number="", messages=(_message(),))
    _take(asha)
    _type(asha, "07700900123")
    _type(asha, "07700900124")

    page = asha.send(f"/request/{WISH}/number/confirm", number="+447700900123").text

    assert "The number was changed meanwhile." in page
    assert _get(store).number == ""


def test_a_number_is_typed_by_whoever_has_the_request_and_never_over_the_callers_own(
    asha: Browser, store: Store
) -> None:
    _leave(store, number="", messages=(_message(),))
    asha.get(f"/request/{WISH}")
    assert "You no longer hold this request." in _type(asha, "07700900123")

    own = ask(store, 2)
    card = _take(asha, own.id)
    assert "as heard" not in card
    page = asha.send(f"/request/{own.id}/number", number="07700900123").text
    assert "so it cannot be changed by hand." in page
    assert _get(store, own.id).number == own.number


def test_a_number_that_has_asked_already_is_told_with_a_link_and_the_two_stay_apart(
    asha: Browser, store: Store
) -> None:
    """They may be two people, and the other may have chosen the only time that is safe."""
    other = ask(store, 5, number=CALLER, opens=NOW + HOUR)
    _leave(store, number="", messages=(_message(),))
    _take(asha)
    _type(asha, "07700900123")
    asha.send(f"/request/{WISH}/number/confirm", number=CALLER)

    card = asha.get(f"/request/{WISH}").text
    assert "Somebody has asked from this phone already." in card
    assert f'href="/console/request/{other.id}"' in card
    assert "Ring from 11:30" in card
    assert len(store.requests.waiting()) == 2


def test_a_caller_without_a_number_was_not_rung_so_nobody_can_say_that_they_did_not_answer(
    asha: Browser, store: Store
) -> None:
    _leave(store, number="", messages=(_message(),))
    card = _take(asha)
    assert "No answer" not in card

    page = asha.send(f"/request/{WISH}/outcome", outcome="no answer", note="tried").text

    assert "The number is not known, so nobody can have been rung. What you wrote is kept as a note." in page
    assert _get(store).tries == 0


# --- blocked ----------------------------------------------------------------------------------


def test_an_adviser_blocks_a_phone_with_a_reason_and_an_administrator_lifts_it(
    asha: Browser, line: Line, store: Store
) -> None:
    _leave(store, number=CALLER, messages=(_message(),))
    asha.get(f"/request/{WISH}")
    assert "Write why first." in asha.send(f"/request/{WISH}/block", why=" ").text
    asha.send(f"/request/{WISH}/block", why="A pocket, every night")

    page = asha.get("/blocked").text
    assert "number ending 123" in page
    assert "A pocket, every night" in page
    assert "7700" not in page
    (block,) = store.blocked.all(NOW)
    assert asha.send(f"/blocked/{block.id}/lift").status_code == 403
    hire(store, admin=True)
    asha.get("/blocked")
    assert "The block is lifted." in asha.send(f"/blocked/{block.id}/lift").text

    assert store.blocked.all(NOW) == []
    logged = [entry.what for entry in store.audit.entries()]
    assert {"blocked the phone", "lifted the block of a phone that asha had blocked"} <= set(logged)


def test_only_a_phone_that_left_a_message_without_keys_can_be_blocked(asha: Browser, store: Store) -> None:
    ask(store, 1)
    card = asha.get("/request/CA001-1").text
    assert "Block this phone" not in card

    assert "can be blocked." in asha.send("/request/CA001-1/block", why="x").text
    assert store.blocked.all(NOW) == []


def test_a_call_knows_from_its_start_whether_its_number_is_blocked(line: Line, store: Store) -> None:
    store.blocked.add(CALLER, "asha", NOW, "a pocket")

    line.call(CALLER, "CA1")
    line.call("+447700900124", "CA2")
    line.call("anonymous", "CA3")

    assert [store.sessions.get(call).blocked for call in ("CA1", "CA2", "CA3")] == [True, False, False]  # type: ignore[union-attr]


def test_a_block_runs_out_and_is_forgotten(store: Store) -> None:
    store.blocked.add(CALLER, "asha", NOW, "a pocket")

    assert store.blocked.has(CALLER, NOW + BLOCKED_SECONDS - 1)
    assert not store.blocked.has(CALLER, NOW + BLOCKED_SECONDS)
    assert store.blocked.all(NOW + BLOCKED_SECONDS) == []
    assert store.redis.do(lambda client: client.hlen("ivr:blocked")) == 0
