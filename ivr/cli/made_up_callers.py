"""A queue of made-up callers, to show the advisers' page in use.

Each caller uses the real engine, and the live handler saves their requests, so every card looks as after a real call.
Their numbers are from the ranges that Ofcom reserves for drama, and belong to nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ivr import roles
from ivr.callbacks import callback, came, kept
from ivr.callbacks.callback import Outcome
from ivr.callbacks.request import CallbackRequest, SpokenMessage
from ivr.compiling.building import CHANGE
from ivr.hours import Hours
from ivr.machine.config import Settings
from ivr.machine.passwords import hashed
from ivr.practice.playing import Caller
from ivr.practice.transcript import HANGS_UP, SPEAKS, TranscriptEntry
from ivr.reporting import demand
from ivr.script import MAIN_MENU, Script
from ivr.script.session import Record, Transfer
from ivr.store import Adviser, Spool, Store, TextState
from ivr.usecases.jobs import Jobs, keep_recording
from ivr.usecases.phoned import PhonedTakes
from ivr.web.effects import LiveHandler

#: The adviser to sign in as, and a colleague.
NAME, PASSWORD, COLLEAGUE = "demo", "made-up-callers", "sam"

#: The keys that most callers press, by place.
_ANSWERS = {
    "ring_back": "1", "ring_number": "01164960170#", "ring_check": "1", "ring_who": "1", "ring_agreed": "1",
    "ring_whose": "1", "ring_out": "2", "ring_urgent": "2",
    "ring_when": "3", "ring_message": "1", "ring_safe": "1", "ring_needs": "1",
    "letter_date": "0311", "letter_check": "1",
}  # fmt: skip
#: The keys at `ring_when` and at `ring_needs`.
MORNING, AFTERNOON = "1", "2"
RELAY, INTERPRETER, SLOWLY = "2", "3", "4"
#: A limit above the keys that any of these calls needs.
_MOST_KEYS = 40


@dataclass(frozen=True)
class Rings:
    """One call of a made-up caller."""

    number: str
    #: The time of the call, in opening hours before now.
    hours_ago: float
    #: Keys pressed to listen to guidance, before asking for a person.
    listens: str = ""
    #: Answers that differ from _ANSWERS, by place.
    answers: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    #: The place where the caller hangs up.
    stops_at: str = ""
    #: The words of the message after the tone.
    message: str = ""
    #: The key pressed for an existing request: to move it, or to cancel it. Empty for a new request.
    later: str = ""


@dataclass(frozen=True)
class Tried:
    """What an adviser did with a request. Without an outcome, the adviser holds it now."""

    number: str
    hours_ago: float = 0.0
    outcome: Outcome | None = None
    note: str = ""


_MOVES, _CANCELS = "1", "2"
_HELD_BACK = {"ring_message": "2", "ring_safe": "2"}

#: Everything that happens, oldest first.
STORY: tuple[Rings | Tried, ...] = (
    Rings("07700 900101", 30, "31"),
    Tried("07700 900101", 24, "spoke", "Explained what the letter means. Sends us a copy."),
    Rings("07700 900102", 29, "24"),
    Tried("07700 900102", 26, "wrong number", "A shop. They know nobody there."),
    Rings("0116 496 0103", 28, "2", {"ring_message": "2"}),
    Tried("0116 496 0103", 25, "no answer"),
    Tried("0116 496 0103", 20, "no answer"),
    Tried("0116 496 0103", 15, "no answer"),
    Rings("07700 900104", 14, "32", {"ring_when": AFTERNOON}),
    Rings("07700 900104", 12, later=_CANCELS),
    Rings("07700 900105", 11, "33"),
    Rings("0116 496 0106", 7, "11", _HELD_BACK),
    Rings("07700 900107", 6, "21", {"ring_when": MORNING}),
    Tried("07700 900107", 3, "no answer", "Rang twice."),
    Rings("07700 900108", 5, "31", {"ring_message": "2"}, (INTERPRETER,)),
    Rings("0116 496 0109", 4, "9132", {"ring_when": MORNING}, (RELAY, SLOWLY)),
    Rings("07700 900110", 3.5, "22", {"ring_when": MORNING, **_HELD_BACK}),
    Rings("07700 900111", 3, "33", {"ring_when": MORNING, "ring_safe": "2"}),
    Rings("07700 900111", 0.95, "2", {"ring_when": AFTERNOON}),
    Rings("07700 900112", 2.5, "23", {"ring_when": MORNING}, message=(
        "Hello. It is about my son. The letter came on Friday, and I do not understand it. "
        "Please ring after I have taken him to school. Thank you."
    )),
    Rings("", 2, "31", {"ring_when": AFTERNOON}),
    Rings("07700 900114", 1.5, "2", stops_at="ring_urgent"),
    Rings("07700 900115", 1.2, "33", {"ring_out": "3"}),
    Rings("07700 900116", 1.1, "31", {"ring_when": MORNING}),
    Rings("07700 900116", 0.9, later=_MOVES),
    Rings("07700 900117", 0.8, "21"),
    Tried("07700 900117"),
    Rings("07700 900118", 0.5, "11", {"ring_safe": "2"}, (SLOWLY,)),
)  # fmt: skip


#: How often the first answers of each question about a talk were chosen.
CHOSEN = (31, 12, 3)
#: How many calls came in each hour of the days from Monday on.
_BY_HOUR = {
    8: (9, 3, 2, 5, 1), 9: (19, 14, 11, 12, 8), 10: (16, 12, 13, 9, 9), 11: (11, 9, 8, 8, 6), 12: (7, 6, 5, 6, 4),
    13: (8, 9, 7, 6, 5), 14: (9, 8, 8, 7, 5), 15: (12, 11, 10, 9, 7), 16: (8, 9, 6, 7, 3), 17: (5, 4, 2, 3, 1),
}  # fmt: skip
#: What the report counts of this month so far, and how often.
COUNTED: tuple[tuple[tuple[str, ...], int], ...] = (
    (("outcome:spoke",), sum(CHOSEN)),
    (("outcome:no answer",), 17),
    (("outcome:wrong number",), 2),
    (("ended:reached", kept.helped("1")), 29),
    (("ended:reached", kept.helped("2")), 11),
    (("ended:gave-up",), 6),
    ((demand.CANCELLED,), 5),
    ((demand.PUT_THROUGH,), 83),
    ((demand.ASKED,), 64),
    ((demand.TEXTED,), 22),
    ((demand.LEFT,), 19),
    ((demand.LEFT_ASKING,), 7),
    ((demand.NOBODY_HERE,), 31),
    ((demand.NOBODY_TOOK,), 14),
    ((demand.LATER,), 9),
    *(
        ((demand.CAME, demand.hour(day, hour)), times)
        for hour, calls in _BY_HOUR.items()
        for day, times in enumerate(calls)
    ),
    (("promise:kept", "wait:4", "need:none", "about:child"), 41),
    (("promise:kept", "wait:2", "need:interpreter", "about:me"), 9),
    (("promise:broken", "wait:16", "need:slow", "about:other"), 6),
)


def fill(settings: Settings, store: Store, script: Script, now: dt.datetime) -> int:
    """Add the advisers and play all calls. Returns how many callers wait.

    `store` must be empty except for the script.
    """
    for name, role in ((NAME, roles.ALL[-1]), (COLLEAGUE, roles.ALL[0])):
        store.accounts.save(Adviser(name, hashed(PASSWORD), role=role, stamp="demo"))
    queue = _Queue(settings, store, script)
    for nth, each in enumerate(STORY, 1):
        at = _before(script.hours, now, each.hours_ago)
        if isinstance(each, Rings):
            queue.ring(f"CADEMO{nth:03}", each, at)
        else:
            queue.tried(each, at.timestamp())
    _text_that_failed(store, script, now)
    for counts, times in (*COUNTED, *_chosen(script)):
        store.counts.add(now.timestamp(), counts, times)
    return len(store.requests.waiting())


def _chosen(script: Script) -> Iterator[tuple[list[str], int]]:
    """What advisers chose after talks, and how often: the first answers of each question, as in CHOSEN."""
    for question, asked in script.line.after_a_talk.items():
        for answer, times in zip(asked.answers, CHOSEN, strict=False):
            yield [came.counted(question, answer)], times


class _Queue:
    """Plays the story, and remembers the request and call number of each caller."""

    def __init__(self, settings: Settings, store: Store, script: Script):
        self._settings, self._store, self._script = settings, store, script
        self._handler = LiveHandler(
            store, Jobs(settings, store), Spool(settings.spool_dir, settings.keys), PhonedTakes(settings)
        )
        #: By the phone number in the story: the id of the request, and the call number.
        self._asked: dict[str, tuple[str, str]] = {}

    def ring(self, call_sid: str, rings: Rings, at: dt.datetime) -> None:
        """Play one call from beginning to end."""
        phone = Caller(self._script, self._handler, call_sid)
        phone.ring(at, rings.number)
        for key in rings.listens:
            _press(phone, key)
        if rings.later:
            _press(phone, self._key_to_change())
        else:
            _press(phone, "0")
            while phone.turn and isinstance(phone.turn.then, Transfer):
                phone.do(TranscriptEntry("ADVISER", "(busy)"))
            _press(phone, "1")
        self._answer(phone, rings)
        phone.do(TranscriptEntry("CALLER", HANGS_UP))

    def _answer(self, phone: Caller, rings: Rings) -> None:
        """Answer the questions until the request is saved or changed, or the caller hangs up."""
        needs = list(rings.needs)
        for _ in range(_MOST_KEYS):
            assert phone.turn
            place, wishes = phone.turn.session.place.node, phone.turn.session.wishes
            answers = {**_ANSWERS, **(self._to_change(rings) if rings.later else rings.answers)}
            if place == "ring_done":
                self._asked[rings.number] = (wishes.request, wishes.reference)
                self._leave_message(phone, rings, wishes.request)
                return
            if place not in answers or place == rings.stops_at:
                return
            _press(phone, needs.pop(0) if place == "ring_needs" and needs else answers[place])

    def _key_to_change(self) -> str:
        """The key of the first menu that leads to changing a promised call."""
        return next(option.key for option in self._script.places[MAIN_MENU].options_written() if option.goto == CHANGE)

    def _to_change(self, rings: Rings) -> dict[str, str]:
        _, reference = self._asked[rings.number]
        return {"ring_reference": reference, "ring_found": rings.later, "ring_sure": "1"}

    def _leave_message(self, phone: Caller, rings: Rings, request_id: str) -> None:
        """Leave a message.

        Its sound is rendered here, because Twilio records nothing, and stored as the worker does it.
        """
        from ivr.audio.hearing import Ear, as_file
        from ivr.audio.telephone import TELEPHONE_RATE

        if not rings.message:
            return
        _press(phone, "1")
        if not (phone.turn and isinstance(phone.turn.then, Record)):
            return
        phone.do(TranscriptEntry("CALLER", SPEAKS))
        sound = Ear(self._script, self._settings.audio_dir).speech((rings.message,))
        message = SpokenMessage(f"RE{request_id}", round(len(sound) / TELEPHONE_RATE), at=phone.now.timestamp())
        keep_recording(self._settings, message.name, as_file(sound))
        self._store.requests.with_message(request_id, message, phone.now.timestamp())

    def tried(self, tried: Tried, at: float) -> None:
        """Let an adviser take a request and record its outcome, or still hold it."""
        known = self._asked.get(tried.number)
        if known is None:
            return
        request_id, _ = known
        diary, requests = self._script.diary, self._store.requests
        requests.change(request_id, lambda request: callback.claim(request, COLLEAGUE, at))
        if outcome := tried.outcome:

            def recorded(request: CallbackRequest) -> CallbackRequest:
                return callback.record(request, COLLEAGUE, outcome, tried.note, at + 300, diary)

            requests.change(request_id, recorded)


def _press(phone: Caller, keys: str) -> None:
    """Press keys one after another, if the call waits for keys."""
    entry = TranscriptEntry("CALLER", keys)
    if not phone.cannot(entry):
        phone.do(entry)


def _before(hours: Hours, now: dt.datetime, opening_hours: float) -> dt.datetime:
    """The time that is this many opening hours before now."""
    step, left, moment = dt.timedelta(minutes=6), opening_hours, now
    for _ in range(60 * 24 * 10):
        if left <= 0:
            break
        moment -= step
        left -= 0.1 * hours.is_open(moment)
    return moment


def _text_that_failed(store: Store, script: Script, now: dt.datetime) -> None:
    """Add one text that a caller asked for and that was not delivered."""
    name, body = next(iter(script.texts.items()))
    text = TextState("demo", "+447700900105", name, body, now.timestamp() - 3600)
    store.texts.add(text)
    store.texts.became(text.id, "failed", code="30003")
