"""Twilio's webhooks: a call comes in, a turn is taken, a call ends.

No view runs before the signature is verified. A turn is: read the session, ask the
engine, save the session, write the reply. The address that Twilio calls next carries the
turn's number, so a webhook that comes twice is known and gets the same reply; it carries
the place too, so that a call goes on from there while Redis is away.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import structlog
from flask import Blueprint, Response, request
from msgspec.structs import replace
from prometheus_client import Counter, Histogram

from ivr import call, callback, dialling, reply, twiml, webhook
from ivr.callback import CallbackRequest
from ivr.jobs import Jobs
from ivr.reading import ConfigError
from ivr.script import MAIN_MENU, TEXT_REPLY
from ivr.session import At, Ended, Got, Session, Turn
from ivr.spoken import text_of
from ivr.store import Store, StoreDown
from ivr.twiml import Signature
from ivr.web.desk import Desk
from ivr.web.live import Edition, Live
from ivr.webhook import Rung

log = structlog.get_logger()

SECONDS = Histogram(
    "ivr_turn_seconds",
    "Time to answer a turn, by what the caller did.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
ALONE = Counter("ivr_turns_without_redis_total", "Turns answered while Redis was away.")
TROUBLE = Counter("ivr_trouble_total", "Webhooks that failed. A caller who waited for one was put through instead.")
REFUSED = Counter("ivr_refused_total", "Webhooks whose signature did not fit.")
LEFT = Counter("ivr_callers_left_total", "Callers who hung up, by where they were in the call.", ["place"])
#: Seconds between two lines of the log about that: anybody can send us any number of them.
REFUSALS_SECONDS = 60.0

Environ = dict[str, Any]
#: Where Twilio brings news that nobody listens to, and where an adviser listens.
_NEWS, _ADVISERS = {"recording", "text", "status", "rung"}, {"whisper", "accept", "ring", "join", "rang"}
#: Answers within an hour to one number that texts us; and numbers that are answered, once each, without Redis.
MOST_ANSWERS, MOST_ANSWERED_ALONE = 3, 1000
#: Characters of an address that a refusal shows.
MOST_SHOWN = 300

#: How a call by one click went: what the card says of the caller's phone and of the adviser's.
RANG: dict[Rung, str] = {
    "picked up": "somebody picked up",
    "busy": "the phone was busy",
    "no answer": "nobody picked up",
    "failed": "the call could not be placed, so the caller's phone did not ring",
    "stopped": "it was stopped before anybody picked up",
    "not known": "how it ended is not known",
}
RUNG: dict[Rung, str] = {
    "busy": "was rung and was busy",
    "no answer": "was rung and did not pick up",
    "failed": "could not be rung: the call could not be placed",
    "stopped": "was not rung: the call was stopped",
}
#: What the adviser hears when nobody could be reached. They know themselves how any other call ended.
TOLD_ADVISER: dict[Rung, str] = {
    "busy": "ring_out_busy", "no answer": "ring_out_unanswered", "failed": "ring_out_failed",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What the webhooks work with."""

    public_url: str
    #: The line's own number, E.164; empty where none is set.
    our_number: str
    signature: Signature
    store: Store
    live: Live
    desk: Desk
    jobs: Jobs
    clock: Callable[[], dt.datetime]


def blueprint(line: Line) -> Blueprint:
    """The webhooks. All of them need Twilio's signature."""
    voice, views = Blueprint("voice", __name__), _Views(line)
    for path, view in (
        ("/voice", views.incoming),
        ("/voice/turn/<int:turn>", views.turn),
        ("/voice/whisper", views.whisper),
        ("/voice/accept", views.accept),
        ("/voice/ring", views.ring),
        ("/voice/join", views.join),
        ("/voice/rang", views.rang),
        ("/voice/rung", views.rung),
        ("/voice/recording", views.recording),
        ("/voice/text", views.text),
        ("/voice/status", views.status),
        ("/voice/fallback", views.fallback),
        ("/text", views.text_came),
    ):
        voice.add_url_rule(
            path,
            endpoint=view.__name__,
            view_func=views.signed(view),
            methods=["GET", "POST"],
            provide_automatic_options=False,
        )
    return voice


class Sent(NamedTuple):
    """What Twilio sent: fields in the form, and in the address that we gave it."""

    path: str
    #: The query as it came.
    raw_query: str
    #: Both are read once the signature is verified.
    form: dict[str, str]
    query: dict[str, str]

    @property
    def call(self) -> str:
        """The id of the call; for a call that came without one, what we gave it."""
        return webhook.call_sid(self.form) or webhook.call_sid({"CallSid": self.query.get("call", "")})


class _Refused(Exception):
    """Raised for a webhook that is not answered, with a status and words for whoever looks into it. No caller hears."""

    def __init__(self, code: int, words: str):
        self.code, self.words = code, words


#: Why a webhook is refused, and what to look at. Nothing in it helps to make a signature that fits.
_NO_SIGNATURE = (
    "Refused: this request has no X-Twilio-Signature header, so it did not come from Twilio, or something on the way "
    "took the header out.\nLook at: the reverse proxy, which must pass the header on.\n"
)
_NO_FIT = (
    "Refused: the signature fits no token that is set here, for this address:\n    {address}\n"
    "Look at: TWILIO_AUTH_TOKEN, which must be the auth token of the account that calls; the address at Twilio, which "
    "must be this one, letter for letter (PUBLIC_URL and the path); the reverse proxy, which must leave the path, the "
    "query and the form as they are.\n"
)


class _Views:
    """One method for each webhook."""

    def __init__(self, line: Line):
        self._line = line
        self._refusal_told = float("-inf")
        #: Whose texts were answered while Redis was away, where nothing else counts them.
        self._answered_alone: set[str] = set()

    def signed(self, view: Callable[..., Response]) -> Callable[..., Response]:
        """The view behind the signature, and with words for the caller if it fails.

        Flask's hooks before views and for errors would do the same, each finding the request anew.
        """

        def answer(**parts: Any) -> Response:
            environ = request.environ
            sent = Sent(environ["PATH_INFO"], environ.get("QUERY_STRING", ""), form={}, query={})
            try:
                sent = self._verified(sent, environ)
                return view(sent, **parts)
            except Exception as error:
                return self._failed(error, sent)

        return answer

    def _verified(self, sent: Sent, environ: Environ) -> Sent:
        """Read it. Refuse whatever Twilio did not sign, before any work is done for it."""
        if "HTTP_X_TWILIO_SIGNATURE" not in environ:
            raise _Refused(403, _NO_SIGNATURE)  # nor is it read
        pairs = twiml.fields(environ["wsgi.input"].read()) if environ["REQUEST_METHOD"] == "POST" else []
        target = f"{sent.path}?{sent.raw_query}" if sent.raw_query else sent.path
        if not self._line.signature.fits(target, pairs, environ["HTTP_X_TWILIO_SIGNATURE"]):
            self._refused()
            raise _Refused(403, _NO_FIT.format(address=_shown(self._line.public_url + target)))
        query = dict(twiml.fields(sent.raw_query.encode()))
        return sent._replace(form=dict(pairs) if pairs else query, query=query)

    def _refused(self) -> None:
        """Count it, and now and then tell of it: mostly, a token or an address was changed in one place only."""
        REFUSED.inc()
        now = time.monotonic()
        if self._refusal_told + REFUSALS_SECONDS <= now:
            self._refusal_told = now
            log.warning("refused", why="A signature fits no token here, or is for another address than PUBLIC_URL")

    def _failed(self, error: Exception, sent: Sent) -> Response:
        """Whatever went wrong, the caller hears an apology and the helpline rings; nobody else does."""
        if isinstance(error, _Refused):
            return _refusal(error)
        place = sent.path.removeprefix("/voice").strip("/").split("/")[0]
        if place in _NEWS and isinstance(error, StoreDown):
            log.warning("news", call=sent.call, path=sent.path, why=str(error))
            return Response(status=503)
        TROUBLE.inc()
        log.exception("trouble", call=sent.call, path=sent.path)
        if place in _NEWS:
            return Response(status=500)
        return _Document(twiml.hang_up() if place in _ADVISERS else self._line.live.trouble)

    def incoming(self, sent: Sent) -> Response:
        return _Document(_Webhook(self._line, sent).begin())

    def turn(self, sent: Sent, turn: int) -> Response:
        return _Document(_Webhook(self._line, sent).turn(turn))

    def whisper(self, sent: Sent) -> Response:
        return _Document(_whisper(self._line, sent.query.get("call", ""), sent.query.get("turn", "")))

    def accept(self, sent: Sent) -> Response:
        """The adviser pressed 1, or did not: then the caller is offered something else."""
        if not webhook.pressed_one(sent.form):
            return _Document(twiml.hang_up())
        with contextlib.suppress(StoreDown):  # then Twilio's word at the end of the transfer tells
            self._line.store.sessions.accept(sent.query.get("call", ""), sent.query.get("turn", ""))
        return _Document(twiml.accepted(text_of(self._line.live.now.script.says["whisper_accepted"])))

    def ring(self, sent: Sent) -> Response:
        """An adviser who asked to ring a caller picked up: key 1 goes on. Voicemail presses nothing."""
        live = self._line.live.now
        if self._wish(sent) is None:
            return _Document(twiml.hang_up())
        says = live.writer.says(reply.joining(live.script), slow=False)
        return _Document(twiml.whisper(says, self._for_adviser(sent, "join")))

    def join(self, sent: Sent) -> Response:
        """The adviser pressed 1, and the caller is rung, who sees our number."""
        line, wish = self._line, self._wish(sent)
        if wish is None or not webhook.pressed_one(sent.form):
            return _Document(twiml.hang_up())
        seconds = line.live.now.script.line.transfer.ring_seconds
        ours = line.our_number or webhook.number_shown(sent.form, "From")
        return _Document(twiml.ring_out(wish.number, ours, self._for_adviser(sent, "rang"), seconds))

    def _wish(self, sent: Sent) -> CallbackRequest | None:
        """The request that this call is about, if the adviser who asked for the call has it, and it is time."""
        wish, now = self._line.store.requests.get(sent.query.get("request", "")), self._line.clock().timestamp()
        held = wish and callback.held_by(wish, sent.query.get("adviser", ""), now)
        return wish if wish and wish.number and held and wish.opens <= now else None

    def _for_adviser(self, sent: Sent, place: str) -> str:
        """The address of another place in an adviser's call."""
        return f"{self._line.public_url}/voice/{place}?{sent.raw_query}"

    def _note(self, sent: Sent, words: str, news: str) -> None:
        """Write down on the card how a call by one click went. News that comes twice is noted once."""
        now = self._line.clock().timestamp()
        with contextlib.suppress(KeyError):
            self._line.store.requests.change(
                sent.query.get("request", ""), lambda wish: callback.note(wish, callback.LINE, words, now, news)
            )

    def rung(self, sent: Sent) -> Response:
        """The call to an adviser is over. It is worth a note if it never began."""
        made = webhook.adviser_called(sent.form)
        if made and made.how in RUNG:
            words = f"{sent.query.get('adviser', 'The adviser')} {RUNG[made.how]}."
            self._note(sent, words, f"rung {made.call} {made.how}")
        return Response(status=204)

    def rang(self, sent: Sent) -> Response:
        """The call to a caller is over. What came of it is the adviser's to say."""
        made = webhook.caller_called(sent.form)
        self._note(sent, f"By one click: {RANG[made.how]}.", f"rang {made.call} {made.how}")
        if made.how not in TOLD_ADVISER:
            return _Document(twiml.hang_up())
        return _Document(twiml.say_and_end(text_of(self._line.live.now.script.says[TOLD_ADVISER[made.how]])))

    def recording(self, sent: Sent) -> Response:
        """A spoken message is there to be fetched. No caller hears this reply."""
        ready, request_id = webhook.recording(sent.form), sent.query.get("request", "")
        if ready and request_id:
            self._line.jobs.fetch_recording(request_id, ready.sid, ready.seconds)
        return Response(status=204)

    def text(self, sent: Sent) -> Response:
        """News of a text message."""
        news = webhook.text_news(sent.form)
        if news:
            self._line.store.texts.became(sent.query.get("id", ""), news.fate, code=news.code)
        return Response(status=204)

    def text_came(self, sent: Sent) -> Response:
        """Somebody sent us a text. They are told who we are, and how to reach a person."""
        came, script = webhook.text_came(sent.form), self._line.live.now.script
        is_somebody = dialling.judge(came.sender).verdict == "fine" and not dialling.same(came.sender, script.ours)
        answers = is_somebody and not came.for_twilio and self._may_answer(came.sender)
        log.info("text came", answered=answers, for_twilio=came.for_twilio)
        return _Document(twiml.text_back(script.texts[TEXT_REPLY] if answers else ""))

    def _may_answer(self, number: str) -> bool:
        """Whether a number is answered once more. What answers us by itself would go on for ever."""
        try:
            so_far = self._line.store.texts.answers_to(number)
            self._answered_alone.clear()
            return so_far <= MOST_ANSWERS
        except StoreDown:
            if number in self._answered_alone or len(self._answered_alone) >= MOST_ANSWERED_ALONE:
                return False
            self._answered_alone.add(number)
            return True

    def status(self, sent: Sent) -> Response:
        how = webhook.call_over(sent.form)
        if how and sent.call:
            self._count_who_left(sent.call, how)
            self._line.store.sessions.end(sent.call)
        return Response(status=204)

    def _count_who_left(self, call_sid: str, how: str) -> None:
        """Whoever hung up is counted by where they were, and whether they had got anything by then."""
        s = self._line.store.sessions.get(call_sid)
        place, got = (s.place.node, s.got) if s else ("", ())
        log.info("ended", call=call_sid, status=how, place=place, got=[*got])
        if s and place not in ("told", "goodbye"):  # there the line hung up
            LEFT.labels(place).inc()

    def fallback(self, sent: Sent) -> Response:
        log.error("fallback", call=sent.call, code=webhook.error_code(sent.form))
        return _Document(self._line.live.trouble)


def _refusal(refused: _Refused) -> Response:
    response = Response(refused.words, refused.code, content_type="text/plain; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _shown(address: str) -> str:
    """An address that anybody may have sent, cut to what a person can read."""
    plain = "".join(sign if "!" <= sign <= "~" else "?" for sign in address)
    return plain if len(plain) <= MOST_SHOWN else f"{plain[:MOST_SHOWN]}..."


class _Document(Response):
    """TwiML, sent as it is: none of its headers hangs on the request, so none is gone over again."""

    def __init__(self, document: str):
        super().__init__(document, content_type="text/xml; charset=utf-8")
        self.headers["Cache-Control"] = "no-store"

    def get_wsgi_response(self, environ: Environ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        return [self.get_data()], self.status, self.headers.to_wsgi_list()


@cache
def _seconds(kind: str) -> Histogram:
    return SECONDS.labels(kind)


def _whisper(line: Line, call_sid: str, turn: str) -> str:
    session, edition = None, line.live.now
    with contextlib.suppress(StoreDown):
        session = line.store.sessions.get(call_sid)
        edition = _edition(line.live, session.revision)[0] if session else edition
    said = reply.whisper(edition.script, session or Session(call_sid, "", At(MAIN_MENU)))
    accept = f"{line.public_url}/voice/accept?call={call_sid}&turn={turn}"
    return twiml.whisper(edition.writer.says(said, slow=False), accept)


def _edition(live: Live, revision: str) -> tuple[Edition, bool]:
    """The edition that a call began with, and True; the live one, and False, where that cannot be had any more."""
    edition = None
    with contextlib.suppress(StoreDown, ConfigError):
        edition = live.of(revision)
    return (edition, True) if edition else (live.now, False)


class _Webhook:
    """One webhook of a call, from its form to its reply."""

    def __init__(self, line: Line, sent: Sent):
        self._line, self._form, self._query = line, sent.form, sent.query
        self._call = sent.call or f"none-{secrets.token_hex(16)}"
        #: A call that Twilio gave no id is known by the one that we gave it, in the addresses of its webhooks.
        self._carried = "" if webhook.call_sid(sent.form) else f"&call={self._call}"
        self._began = time.perf_counter()
        self._now = line.clock()
        #: Redis is away: the place in the address stands in for the session.
        self._alone = False

    def begin(self, lost: int | None = None) -> str:
        """A call comes in; `lost` is the turn at which its session was found gone."""
        edition = self._edition_for_caller()
        turn = call.start(edition.script, self._call, webhook.caller(self._form), self._now, lost=lost is not None)
        blocked = self._is_blocked(turn.session.caller)
        turn = replace(turn, session=replace(turn.session, turn=(lost or 0) + (lost is not None), blocked=blocked))
        try:
            kept = self._line.store.sessions.save(turn.session)
            if kept is None:
                self._line.store.revisions.began(edition.script.revision, self._now.timestamp())
        except StoreDown:
            kept, self._alone = None, True
        if kept is not None:
            return self._reply_again(kept)
        return self._reply(edition, turn, "start")

    def _is_blocked(self, caller: str) -> bool:
        """Whether nothing is to be done for this number unasked. While that cannot be known, it is not."""
        with contextlib.suppress(StoreDown):
            return self._line.store.blocked.has(dialling.judge(caller).e164, self._now.timestamp())
        return False

    def turn(self, number: int) -> str:
        """The caller did something. A webhook for an older turn gets the present reply again."""
        stored = self._stored(number)
        if stored is not None and stored.turn > number:
            return self._reply_again(stored)
        if stored is not None and stored.turn == number:
            edition, is_its_own = _edition(self._line.live, stored.revision)
            known, place = stored, stored.place
        elif address := _Address.read(self._query.get("at", "")):  # Redis is away, or has lost the session
            edition, is_its_own = _edition(self._line.live, address.revision)[0], False
            caller = call.known_caller(edition.script, webhook.caller(self._form))
            known, place = address.session(stored, self._call, caller, number), address.place
        else:
            return self.begin(lost=number)
        event = webhook.happened(self._form, call.awaited(edition.script, place), lambda: self._accepted(number))
        if is_its_own:
            turn = call.run(edition.script, known, event, self._line.desk, self._now)
        else:
            turn = call.go_on(edition.script, known, place, event, self._line.desk, self._now)
        winner = self._save(turn.session)
        if winner is not None and winner != turn.session:
            return self._reply_again(winner)
        return self._reply(edition, turn, type(event).__name__)

    def _save(self, session: Session) -> Session | None:
        """Keep the session, or go on alone; what a webhook that came at once made of this turn, if it was first."""
        if not self._alone:
            try:
                return self._line.store.sessions.save(session)
            except StoreDown:  # Redis went away in the middle of the turn: from now on the address says so
                self._alone = True
        return None

    def _stored(self, number: int) -> Session | None:
        """What Redis knows of the call: at this turn or later, or at an older one if it was away since."""
        try:
            return self._line.store.sessions.get(self._call, number)
        except StoreDown:
            self._alone = True
            return None

    def _accepted(self, turn: int) -> bool | None:
        """Whether an adviser took the call; None when that cannot be known."""
        try:
            return self._line.store.sessions.accepted(self._call, turn)
        except StoreDown:
            return None

    def _edition_for_caller(self) -> Edition:
        live = self._line.live.now
        if dialling.same(call.known_caller(live.script, webhook.caller(self._form)), live.script.line.test_phones):
            return self._line.live.draft() or live
        return live

    def _reply_again(self, session: Session) -> str:
        edition, is_its_own = _edition(self._line.live, session.revision)
        known = session if is_its_own else replace(call.resumed(edition.script, session, session.place), waited=0)
        return self._reply(edition, call.current(edition.script, known, self._now), "again")

    def _reply(self, edition: Edition, turn: Turn, kind: str) -> str:
        """Write the reply; count and log the turn."""
        session = turn.session
        address = f"/voice/turn/{session.turn}?at={_Address.of(session, self._alone)}{self._carried}"
        ours = self._line.our_number or webhook.number_shown(self._form, "To")
        document = edition.writer.write(turn, address, ours)
        took = time.perf_counter() - self._began
        _seconds(kind).observe(took)
        if self._alone:
            ALONE.inc()
        log.info(
            "turn", call=session.call, turn=session.turn, node=session.place.node, kind=kind, ms=round(took * 1000, 2),
            alone=self._alone,
        )  # fmt: skip
        return document


@dataclass(frozen=True)
class _Address:
    """A place in an address: enough to go on from while Redis is away, and no more about the caller.

    It has the place and one step back from it, what is counted of silence and unused keys, and
    how the caller wants to be spoken to.
    """

    place: At
    revision: str
    flags: str
    #: In the order of `_COUNTED`.
    counts: tuple[int, ...]
    back: At | None

    @staticmethod
    def of(session: Session, alone: bool) -> str:
        s, place = session, session.place
        flags = "".join(flag for flag, is_set in _flags(s).items() if is_set) + "a" * alone
        back = f"{s.trail[-1].node}-{s.trail[-1].part}" if s.trail else ""
        return (
            f"{place.node}.{place.part}.{'p' if place.pen else place.offer}.{s.revision}.{flags}"
            f".{'-'.join(str(getattr(s, name)) for name in _COUNTED)}.{back}"
        )

    @classmethod
    def read(cls, text: str) -> _Address | None:
        try:
            node, part, offer, revision, flags, counts, back = text.split(".")
            counted = tuple(map(int, counts.split("-")))
            before, _, at = back.partition("-")
            place = At(node, int(part), 0 if offer == "p" else int(offer), pen=offer == "p")
            if len(counted) != len(_COUNTED):
                return None
            return cls(place, revision, flags, counted, At(before, int(at)) if back else None)
        except ValueError:
            return None

    @property
    def alone(self) -> bool:
        """Whether the turn before was answered without Redis."""
        return "a" in self.flags

    def session(self, stored: Session | None, call_sid: str, caller: str, turn: int) -> Session:
        """What is known of the call: by the address, and what Redis still knew before it went away."""
        known = stored or Session(call_sid, self.revision, At(MAIN_MENU), caller=caller)
        trail = known.trail
        if self.back and (not trail or trail[-1].node != self.back.node):
            trail = (*trail, self.back)
        away = next((how for letter, how in _AWAY.items() if letter in self.flags), "")
        got = tuple(what for letter, what in _GOT.items() if letter in self.flags)
        return replace(
            known, turn=turn, trail=trail, slow="s" in self.flags, more_time="m" in self.flags,
            one_key="o" in self.flags, led="l" in self.flags, pressed="p" in self.flags,
            message_offered="v" in self.flags, away=away, got=got, visited=None,
            **dict(zip(_COUNTED, self.counts, strict=True)),
        )  # fmt: skip


#: What is counted in an address.
_COUNTED = ("silences", "wrongs", "waited", "slips", "quiet", "turned_away", "fruitless")
#: Letters in an address for why nobody talked, and for what the caller has got.
_AWAY: dict[str, Ended] = {"B": "busy", "N": "no_answer", "F": "failed", "S": "stopped"}
_GOT: dict[str, Got] = {"C": "transfer", "R": "request", "T": "text"}


def _flags(s: Session) -> dict[str, bool]:
    """What is so or not so in a call, by the letter that stands for it in an address."""
    return {
        "s": s.slow, "m": s.more_time, "o": s.one_key, "l": s.led, "p": s.pressed, "v": s.message_offered,
        **{letter: s.away == how for letter, how in _AWAY.items()},
        **{letter: what in s.got for letter, what in _GOT.items()},
    }  # fmt: skip
