"""What an adviser reads about a request, in words: what was promised, what may be said, who has it, how it ended."""

from __future__ import annotations

import datetime as dt

from ivr import dialling
from ivr.callbacks import callback, talks
from ivr.callbacks.callback import MOST_TRIES, claimable
from ivr.callbacks.diary import Diary, Promise, Window
from ivr.callbacks.request import LONGEST_BY_HAND, Asker, CallbackRequest, Talk
from ivr.dialling import Verdict
from ivr.hours import LONDON
from ivr.script import Script

NEEDS = {
    "relay": "uses a text relay: wait for 'go ahead', and ring 18002 before the number",
    "interpreter": "wants help in their language: have an interpreter on the line first",
    "slow": "wants you to speak slowly",
}
#: Short forms for the list.
SHORT_NEEDS = {"relay": "Text relay", "interpreter": "Interpreter", "slow": "Speak slowly"}


def capital(words: str) -> str:
    """The words with a capital at their beginning. The rest stays as it is, with the capitals of abbreviations."""
    return words[:1].upper() + words[1:]


def in_groups(e164: str) -> str:
    """A number in groups that can be read aloud: '07700 900 123'."""
    code, _, rest = dialling.national(e164).partition(" ")
    rest = rest.replace(" ", "")
    return " ".join(filter(None, (code, rest[:3], rest[3:])))


#: Messages for an adviser who typed a number that we do not ring.
_NOT_RUNG: dict[Verdict, str] = {
    "hidden": "That is not a phone number.",
    "malformed": "That is not a complete phone number. It begins with 0 and has ten or eleven digits.",
    "more": "That is more than a number. An extension cannot be dialled: leave it out, and write it into the note.",
    "premium": "That is a premium-rate number, so we do not ring it.",
    "emergency": "That is an emergency number, which we never ring.",
    "foreign": "That is a foreign number, and we ring only UK numbers.",
    "freephone": "That is a freephone number, so it is no family's own phone.",
    "body": "That is a number of a public body or a charity, so it is no family's own phone.",
}


def why_not_rung(verdict: Verdict, *, is_ours: bool) -> str:
    """Why a number that an adviser typed cannot be rung; empty if it can."""
    never = "That number is never rung: it is ours, or on the list of the service."
    return never if is_ours else _NOT_RUNG.get(verdict, "")


#: The `now` of words on paper, which somebody may read on another day: each moment has its day.
ANOTHER_DAY = 0.0


def moment(at: float, now: float) -> str:
    """'14:30', 'tomorrow 09:00', 'yesterday 16:10' or 'Tue 1 December, 09:00', in UK time.

    `at` and `now` are POSIX seconds.
    """
    when, today = dt.datetime.fromtimestamp(at, LONDON), dt.datetime.fromtimestamp(now, LONDON).date()
    days = (when.date() - today).days
    if days == 0:
        return f"{when:%H:%M}"
    near = {1: "tomorrow", -1: "yesterday"}.get(days)
    return f"{near} {when:%H:%M}" if near else f"{when:%a} {when.day} {when:%B}, {when:%H:%M}"


def at_moment(at: float, now: float) -> str:
    """A moment as it follows a verb: 'at 14:30', 'yesterday 16:10', 'on Tue 1 December, 09:00'."""
    when = moment(at, now)
    return f"at {when}" if when[0].isdigit() else f"on {when}" if "," in when else when


def in_length(seconds: float) -> str:
    """A length of time, rounded down: '1 minute', '25 minutes', '3 hours', '2 days'."""
    minutes = int(seconds // 60)
    minutes -= minutes % 5 if minutes > 10 else 0
    if minutes < 60:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    hours = int(seconds // 3600)
    return f"{hours} hour{'s' * (hours != 1)}" if hours < 48 else f"{hours // 24} days"


def is_closed_then(request: CallbackRequest, now: float, diary: Diary) -> bool:
    """Whether somebody waits for a promised time at which the line is now closed, because the hours have changed."""
    return any(_is_broken(request, caller, now, diary) for caller in request.askers)


def _is_broken(request: CallbackRequest, caller: Asker, now: float, diary: Diary) -> bool:
    window, due = caller.promise.window, caller.promise.due
    return bool(request.open and caller.finished and window and due > now and not diary.stands(window))


def promised_in_words(
    request: CallbackRequest, now: float, script: Script | None = None, *, on_paper: bool = False
) -> list[str]:
    """What each caller was promised, the soonest first, with a remark if the line is closed then.

    For a request that ended: what its callers had been promised.
    """
    told, read_at = [], ANOTHER_DAY if on_paper else now
    for caller in sorted(request.askers or request.gone, key=lambda caller: caller.promise.due):
        broken = script is not None and _is_broken(request, caller, now, script.diary)
        told.append(_told_in_words(request, caller, read_at) + ". We are closed then." * broken)
    return list(dict.fromkeys(told or [_promise_in_words(request.promise, request.finished, read_at)]))


def _told_in_words(request: CallbackRequest, caller: Asker, now: float) -> str:
    """The promise in the words that the caller heard, followed by what is stored for them if that is different."""
    promise = caller.promise
    kept = _promise_in_words(promise, caller.finished, now)
    if not promise.told or not caller.finished:
        return kept
    told = f"“{promise.told}”, said {moment(caller.last_heard, now)}"
    if not request.open:
        return told
    if request.tries:
        return f"{told}. Next try, of which they do not know: {kept}"
    if promise.window is None:
        return f"{told}. {kept}"
    is_sooner = caller.urgent and promise.when == "any"
    return f"{told}. At any time, by {moment(promise.due, now)}; their place: {kept}" if is_sooner else told


def numbers_in_words(request: CallbackRequest, now: float) -> str:
    """The call number of each caller. If several wait, it adds what each was promised, to find out who picked up.

    A caller who only left a message was given no number. For a request that ended: the numbers that its callers had.
    """
    if not request.askers:
        return ", ".join(caller.reference for caller in request.gone if caller.reference)
    callers = [caller for caller in request.askers if not caller.message_only]
    if len(callers) == 1:
        return callers[0].reference
    return ", or ".join(f"{c.reference} ({_promise_in_words(c.promise, c.finished, now)})" for c in callers)


def callers_in_words(request: CallbackRequest, now: float) -> list[tuple[str, str]]:
    """Each caller who waits, by the id of their wish: the number of their call, and what they were promised."""
    return [
        (caller.id, f"Call {caller.reference}: {_promise_in_words(caller.promise, caller.finished, now)}")
        for caller in request.askers
    ]


def _promise_in_words(promise: Promise, finished: bool, now: float) -> str:
    window = promise.window
    if window is None and finished and promise.when in ("morning", "afternoon"):
        return f"Only in the {promise.when}, by {moment(promise.due, now)}. No place was held for them"
    if window is None and finished:
        return f"At any time, by {moment(promise.due, now)}"
    if window is None:
        return "No time was agreed: the caller hung up before that."
    time = f"{window.day:%A} {window.day.day} {window.day:%B}, in the {window.part}"
    return time if finished else f"Nothing yet: the caller hung up before that. They chose {time}."


def _is_theirs(request: CallbackRequest) -> bool:
    """Whether everybody who waits asked for somebody else, whose phone this is."""
    return bool(request.askers) and all(asker.theirs for asker in request.askers)


def script_for_ringing(request: CallbackRequest, service: str) -> list[str]:
    """What to say when somebody, or an answering machine, picks up, as the caller allowed."""
    who = "the person whom it is about" if _is_theirs(request) else "the caller"
    caller = f"If you are sure it is {who}: say your name and where you are ringing from."
    if request.may_say_who():
        other = f"If it is somebody else: 'It is {service}, returning a call.' Say no more."
    else:
        other = "If it is somebody else: do NOT say who you are or why. 'Sorry, I will try again.' Then hang up."
    if not request.may_leave_message():
        machine = "If a machine answers: hang up. Leave NO message."
    elif request.may_say_who():
        machine = f"If a machine answers: 'This is {service}, returning your call. We will try again.' Say no more."
    else:
        machine = "If a machine answers: 'Hello, I am returning your call. I will try again.' Do NOT say who you are."
    return [caller, other, machine]


def languages_in_words(request: CallbackRequest, script: Script | None) -> list[str]:
    """Each language that callers asked to be spoken to in, and how to ring them then."""
    tongues = {tongue.in_english: tongue for tongue in script.tongues} if script else {}
    told = []
    for language in request.languages:
        tongue = tongues.get(language)
        who = f": {tongue.interpreter}" if tongue and tongue.interpreter else ""
        told.append(
            f"{capital(language)}, and perhaps little English. Have the interpreter on the line first"
            f"{who}. Then ring, and let the interpreter speak first."
        )
    return told


def about_in_words(request: CallbackRequest) -> list[str]:
    """Whom each caller asks about, and whose phone it is, as far as they said."""
    return list(dict.fromkeys(words for asker in request.everybody if (words := _about(asker))))


def _about(asker: Asker) -> str:
    if asker.about != "other":
        return {"child": "Their own child", "me": "Themselves: a young person, whose own right it is"}.get(
            asker.about, ""
        )
    if asker.theirs:
        return "Somebody else, who agrees. This is that person's own phone"
    if asker.agreed:
        return "Somebody else, who agrees. This is the caller's phone"
    return "Somebody else, who has not agreed: only say how things work. This is the caller's phone"


def short_about(request: CallbackRequest) -> list[str]:
    """For the list and for alerts, in a few words: languages, whether to answer by text, and whom callers ask about.
    Nothing for callers who ask about their own child.
    """
    short = {"me": "A young person", "other": "For somebody else"}
    about = dict.fromkeys(short[asker.about] for asker in request.askers if asker.about in short)
    languages = (f"Speaks {language}" for language in request.languages)
    return [*languages, *["Answer by text"] * request.by_text, *about]


def window_in_words(window: Window) -> str:
    """'on Tuesday 1 December, in the morning'."""
    return f"on {window.day:%A} {window.day.day} {window.day:%B}, in the {window.part}"


def short_rules(request: CallbackRequest) -> list[str]:
    """What may be said, as short as possible. A "not" is never left out."""
    other = "say only that you return a call" if request.may_say_who() else "do NOT say who you are or why"
    if not request.may_leave_message():
        machine = "leave NO message"
    elif request.may_say_who():
        machine = "you may leave the message below"
    else:
        machine = "you may leave a message that does NOT say who you are"
    return [f"Somebody else: {other}.", f"A machine: {machine}."]


def bar_in_words(request: CallbackRequest, me: str, now: float) -> str:
    """The state of a request in one sentence, for the adviser `me`: who has it, who talks, and what to do next."""
    talk, holder = request.talk, request.holder(now)
    if not request.open:
        return ended_in_words(request, now)
    if talk and talk.lasts(now):
        return _talking_in_words(request, talk, me, now)
    if holder == me and talk and talk.how != "put through" and talk.who == me:
        return f"The call is over: {talks.minutes(talk, now)}. What came of it?"
    if holder == me:
        return f"Yours until {moment(request.claim_ends, now)}, and longer while you work on this page."
    if holder:
        return f"{holder} has it until {moment(request.claim_ends, now)}."
    if not claimable(request, now, me):
        return "The caller may still be on the line. You can take the request in a few minutes."
    return "Nobody has it. You see the number once you have taken it."


def _talking_in_words(request: CallbackRequest, talk: Talk, me: str, now: float) -> str:
    since, holder, talker = moment(talk.began, now), request.holder(now), talks.still_talks(request, now)
    if talker and talker == me:
        whose = f"{holder} has the request" if holder else "You gave the request back"
        return f"You are on the phone with them since {since}. {whose}: nobody rings them before you have hung up."
    if talker and holder == me:
        return f"{talker} is still talking to this caller, since {since}. It stays yours, to begin after that."
    if talk.who and talk.who == me:
        if talk.how == "by hand":
            return f"You ring by hand since {since}. It stays yours until {moment(talk.began + LONGEST_BY_HAND, now)}."
        return f"You are on the phone with them since {since}, {talks.minutes(talk, now)}. It stays yours."
    return f"{talk.who or 'An adviser'} is talking to this caller since {since}."


#: How a request ended, in the words of the office.
_ENDS = {
    "gave up": "not reached", "put aside": "put aside: no sound like speech", "cancelled": "cancelled", "done": "done",
}  # fmt: skip


def ended_in_words(request: CallbackRequest, now: float) -> str:
    """How a request ended, when and by whom; if nobody was reached, when it was tried."""
    end = request.end
    if request.state == "gave up":
        tried = [moment(event.at, now) for event in request.events if event.what in callback.UNANSWERED]
        return f"Not reached after {MOST_TRIES} tries: {', '.join(tried)}."
    if end is None:
        return f"Ended: {_ENDS.get(request.state, request.state)}."
    return f"Ended {moment(end.at, now)}: {what_in_words(end.what)}, by {end.who}."


#: Events as they are stored in a history, in the words of the office.
_WHAT = {"claimed": "took it", "released": "gave it back", "spoke": "spoke to the caller"}


def what_in_words(what: str) -> str:
    """What happened, as an adviser would say it."""
    return _WHAT.get(what, what)


def heard_in_words(request: CallbackRequest, script: Script) -> list[str]:
    """What the caller listened to, in order, and whether they talked to a person."""
    titles = {**script.titles, "person": "a person, put through"}
    return list(dict.fromkeys(titles.get(node, node.replace("_", " ")) for node in request.heard))


def stuck_in_words(request: CallbackRequest, script: Script) -> list[str]:
    """Where silence or wrong keys stopped the caller."""
    asked = "the questions about being rung back"
    return list(
        dict.fromkeys(
            asked if node.startswith("ring_") else f"{script.titles.get(node, 'the line')} ({node.replace('_', ' ')})"
            for node in request.stuck
        )
    )


def entries_in_words(request: CallbackRequest, script: Script) -> list[tuple[str, str]]:
    """What callers entered, such as the date of a letter: each with the name that its place gives it (`kept_as`)."""
    return [(script.places[name].kept_as, _date(text)) for name, text in request.entries if name in script.places]


def _date(text: str) -> str:
    """'3 November 2026' for the date '2026-11-03'; anything else as it is, such as eight digits that were keyed."""
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return text
    return f"{day.day} {day:%B %Y}"


def why_not_yet(request: CallbackRequest, now: float, diary: Diary) -> str:
    """Why the caller is not to be rung yet; empty if they may be. It says whether they chose the time themselves: then
    it may be the only time that is safe for them.
    """
    promise = request.promise
    if promise.opens <= now:
        return ""
    words = f"Not before {moment(promise.opens, now)}"
    chose = (
        f"They chose the {promise.when}." if promise.when in ("morning", "afternoon") else "Any time is right for them."
    )
    if 0 < promise.opens <= callback.again_from(request, diary):
        return f"{words}: {callback.AGAIN_HOURS} opening hours after the last try. {chose}"
    if promise.window and promise.when != "any":
        return f"{words}. The caller chose that time. It may be the only time that is safe."
    if promise.window:
        return f"{words}: they were told that time. {chose}"
    return f"{words}: we are closed until then."


def missed_in_words(request: CallbackRequest, now: float) -> str:
    """The part of the day that the caller chose, if it is over; else empty. It may have been the only safe one."""
    return request.when if request.when in ("morning", "afternoon") and request.due <= now else ""


def next_try(request: CallbackRequest, now: float, diary: Diary) -> str:
    """For the outcome that is about to be recorded: 'try 2 of 3'."""
    return f"try {callback.try_of(request, 'no answer', now, diary)} of {MOST_TRIES}"


def unanswered_in_words(request: CallbackRequest, now: float, diary: Diary) -> str:
    """What follows if nobody picks up this time."""
    nth = callback.try_of(request, "no answer", now, diary)
    if nth == request.tries:
        return f"this is still try {nth}: {callback.AGAIN_HOURS} opening hours have not passed"
    if nth >= MOST_TRIES:
        return "this was the last try, so the request is closed"
    return f"the next try is after at least {callback.AGAIN_HOURS} opening hours"
