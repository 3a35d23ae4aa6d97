"""Twilio's webhooks: incoming calls, turns, the end of calls, and reports about texts and messages.

No view runs before the signature is verified. What happens in a turn is in `turn.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Blueprint, Response, request
from prometheus_client import Counter

from ivr import dialling
from ivr.advising import textin
from ivr.callbacks import callback
from ivr.callbacks.request import CallbackRequest
from ivr.callbacks.spending import Billed, minutes
from ivr.hot.lean import TwiMLResponse
from ivr.hot.signature import MOST_FIELDS, fields
from ivr.places import reply
from ivr.places.phrases import Phrases
from ivr.reporting import demand, dropoff
from ivr.script import MAIN_MENU
from ivr.script.session import At, Done, SaveRequest, Session
from ivr.spoken import text_of
from ivr.store import StoreDown
from ivr.store.spool import Recording, SpoolEntry
from ivr.twilio import twiml, webhook
from ivr.twilio.webhook import Rung
from ivr.web import refusal
from ivr.web.address import Address
from ivr.web.refusal import Refusals, RequestRefused
from ivr.web.talking import Talking
from ivr.web.turn import CallWebhook, Services, WebhookData, count, edition_of

log = structlog.get_logger()

TROUBLE = Counter("ivr_trouble_total", "Webhooks that failed. A caller who was waiting was put through instead.")
LEFT = Counter("ivr_callers_left_total", "Callers who hung up, by their place in the call.", ["place"])

Environ = dict[str, Any]
#: Webhooks that only report something, so that nobody hears the reply; and webhooks of calls to an adviser.
_NEWS, _ADVISERS = {"recording", "text", "status", "rung"}, {"whisper", "accept", "ring", "join", "rang"}
#: The most answers within an hour to one number that texts us; and the most numbers that get one answer without Redis.
MOST_ANSWERS, MOST_ANSWERED_ALONE = 3, 1000

#: How a call by one click ended, in words for the card: on the caller's phone (`rang`), and on the adviser's (`rung`),
#: which is rung first.
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
#: What the adviser hears if the caller was not reached. In other cases they know the result themselves.
TOLD_ADVISER = {
    "busy": Phrases.ring_out_busy, "no answer": Phrases.ring_out_unanswered, "failed": Phrases.ring_out_failed,
}  # fmt: skip


def blueprint(services: Services) -> Blueprint:
    """The webhooks. All of them require Twilio's signature."""
    voice, views = Blueprint("voice", __name__), _Views(services)
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


class _Views:
    """One method per webhook."""

    def __init__(self, services: Services):
        self._services = services
        self._refusals = Refusals()
        self._talking = Talking(services)
        #: Numbers whose texts were answered while Redis was down, when nothing else counts them.
        self._answered_alone: set[str] = set()

    def signed(self, view: Callable[..., Response]) -> Callable[..., Response]:
        """Wrap a view: verify the signature first, and if the view fails, reply with words for the caller.

        Flask's hooks could do the same, but each of them would look up the request again.
        """

        def answer(**parts: Any) -> Response:
            environ = request.environ
            sent = WebhookData(environ["PATH_INFO"], environ.get("QUERY_STRING", ""), form={}, query={})
            try:
                sent = self._verified(sent, environ)
                return view(sent, **parts)
            except Exception as error:
                return self._failed(error, sent)

        return answer

    def _verified(self, sent: WebhookData, environ: Environ) -> WebhookData:
        """Parse a webhook. Raises RequestRefused, before any work is done, for anything that Twilio did not sign."""
        if webhook.SIGNATURE not in environ:
            raise refusal.unsigned()  # the body is not even read
        is_post = environ["REQUEST_METHOD"] == "POST"
        try:
            pairs = fields(environ["wsgi.input"].read() if is_post else b"")
            query = dict(fields(sent.raw_query.encode()))
        except ValueError:
            raise refusal.too_many_fields(MOST_FIELDS) from None
        target = f"{sent.path}?{sent.raw_query}" if sent.raw_query else sent.path
        if not self._services.signature.fits(target, pairs, environ[webhook.SIGNATURE]):
            raise refusal.unfit(environ, self._services.public_url + target)
        return sent._replace(form=dict(pairs) if pairs else query, query=query)

    def _failed(self, error: Exception, sent: WebhookData) -> Response:
        """The reply after an error: the caller hears an apology, and the helpline rings. Advisers' calls just end."""
        if isinstance(error, RequestRefused):
            self._refusals.note(error)
            return error.answer()
        place = sent.path.removeprefix("/voice").strip("/").split("/")[0]
        if place in _NEWS and isinstance(error, StoreDown):
            log.warning("news", call=sent.call, path=sent.path, why=str(error))
            return Response(status=503)
        TROUBLE.inc()
        log.exception("trouble", call=sent.call, path=sent.path)
        if place in _NEWS:
            return Response(status=500)
        return TwiMLResponse(twiml.hang_up() if place in _ADVISERS else self._trouble(sent.query))

    def incoming(self, sent: WebhookData) -> Response:
        return TwiMLResponse(CallWebhook(self._services, sent).begin())

    def turn(self, sent: WebhookData, turn: int) -> Response:
        if webhook.follows_transfer(sent.form):
            self._talking.put_through_over(sent.call)
        return TwiMLResponse(CallWebhook(self._services, sent).turn(turn))

    def whisper(self, sent: WebhookData) -> Response:
        return TwiMLResponse(_whisper(self._services, sent.query))

    def accept(self, sent: WebhookData) -> Response:
        """The adviser pressed 1 to take the transferred caller; anything else declines the call."""
        if not webhook.pressed_one(sent.form):
            return TwiMLResponse(twiml.hang_up())
        with contextlib.suppress(StoreDown):  # then Twilio's status at the end of the transfer decides
            call = sent.query.get("call", "")
            is_new = self._services.store.sessions.accept(call, sent.query.get("turn", ""))
            if is_new and (s := self._services.store.sessions.get(call)):
                count(self._services, s, [demand.PUT_THROUGH], self._services.clock())
            self._talking.put_through(call, webhook.number_shown(sent.form, "To"))
        return TwiMLResponse(twiml.accepted(text_of(self._services.live.now.script.speech(Phrases.whisper_accepted))))

    def ring(self, sent: WebhookData) -> Response:
        """An adviser who clicked to ring a caller picked up. Key 1 continues; a voicemail presses nothing."""
        live = self._services.live.now
        wish = self._wish(sent)
        if wish is None:
            return TwiMLResponse(twiml.hang_up())
        says = live.writer.says(
            reply.joining(live.script, wish.languages, interpreter="interpreter" in wish.needs), slow=False
        )
        return TwiMLResponse(twiml.whisper(says, self._for_adviser(sent, "join")))

    def join(self, sent: WebhookData) -> Response:
        """The adviser pressed 1: ring the caller, who sees our number. Colleagues see from now on that the two talk."""
        services, wish = self._services, self._wish(sent)
        if wish is None or not webhook.pressed_one(sent.form):
            return TwiMLResponse(twiml.hang_up())
        self._talking.began(wish.id, sent.query.get("adviser", ""), sent.call)
        seconds = services.live.now.script.line.transfer.ring_seconds
        ours = services.our_number or webhook.number_shown(sent.form, "From")
        return TwiMLResponse(twiml.ring_out(wish.number, ours, self._for_adviser(sent, "rang"), seconds))

    def _wish(self, sent: WebhookData) -> CallbackRequest | None:
        """The request of this call, if the adviser who clicked still holds it, and it may be rung now."""
        wish, now = self._services.store.requests.get(sent.query.get("request", "")), self._services.clock().timestamp()
        held = wish and callback.held_by(wish, sent.query.get("adviser", ""), now)
        if wish is None or dialling.same(wish.number, self._services.live.now.script.never_rung):
            return None
        return wish if wish.number and held and wish.opens <= now else None

    def _for_adviser(self, sent: WebhookData, place: str) -> str:
        """The URL of another webhook in an adviser's call."""
        return f"{self._services.public_url}/voice/{place}?{sent.raw_query}"

    def _over(self, sent: WebhookData, call: str) -> str:
        """Record that a call by one click is over. Returns the id of the request that it was about."""
        request_id = self._talking.of_talk(sent.query.get("request", ""), call)
        self._talking.over(request_id, call)
        return request_id

    def _note(self, request_id: str, words: str, news: str) -> None:
        """Record on the card how a call by one click went. `news` identifies the report: a repeated one is recorded
        once.
        """
        now = self._services.clock().timestamp()
        with contextlib.suppress(KeyError):
            self._services.store.requests.change(
                request_id, lambda wish: callback.note(wish, callback.LINE, words, now, news)
            )

    def rung(self, sent: WebhookData) -> Response:
        """The call to the adviser's phone, which one click made, is over. Add a note if they did not pick up."""
        made = webhook.adviser_called(sent.form)
        self._spend("dialled_minutes", webhook.call_seconds(sent.form), f"rung {sent.call}")
        if made:
            request_id = self._over(sent, made.call)
            if made.how in RUNG:
                words = f"{sent.query.get('adviser', 'The adviser')} {RUNG[made.how]}."
                self._note(request_id, words, f"rung {made.call} {made.how}")
        return Response(status=204)

    def rang(self, sent: WebhookData) -> Response:
        """The call to the caller's phone, which one click made, is over. The adviser records the outcome."""
        made = webhook.caller_called(sent.form)
        self._spend("dialled_minutes", webhook.dialled_seconds(sent.form), f"rang {made.call}")
        request_id = self._over(sent, sent.call)
        self._note(request_id, f"By one click: {RANG[made.how]}.", f"rang {made.call} {made.how}")
        if made.how not in TOLD_ADVISER:
            return TwiMLResponse(twiml.hang_up())
        return TwiMLResponse(twiml.say_and_end(text_of(self._services.live.now.script.speech(TOLD_ADVISER[made.how]))))

    def recording(self, sent: WebhookData) -> Response:
        """A spoken message can be fetched. No caller hears this reply."""
        ready, request_id = webhook.recording(sent.form), sent.query.get("request", "")
        if ready and request_id:
            try:
                self._services.jobs.fetch_recording(request_id, ready.sid, ready.seconds)
            except StoreDown:
                news = Recording(request_id, ready.sid, ready.seconds)
                self._services.spool.keep(SpoolEntry(self._services.clock().timestamp(), recording=news))
        return Response(status=204)

    def text(self, sent: WebhookData) -> Response:
        """A report about a text message."""
        news = webhook.text_news(sent.form)
        if news:
            self._services.store.texts.became(sent.query.get("id", ""), news.fate, code=news.code)
        return Response(status=204)

    def text_came(self, sent: WebhookData) -> Response:
        """An incoming text becomes a request. The reply says by when we answer, and how to reach a person."""
        came, script = webhook.text_came(sent.form), self._services.live.now.script
        is_somebody = dialling.judge(came.sender).verdict == "fine" and not dialling.same(came.sender, script.ours)
        if not is_somebody or came.for_twilio:
            log.info("text came", answered=False, for_twilio=came.for_twilio)
            return TwiMLResponse(twiml.text_back(""))
        now = self._services.clock()
        wished = textin.wish(script, came.id, came.sender, came.body, now)
        done = self._services.handler.run(script, SaveRequest(wished), now)
        kept = done.request if isinstance(done, Done) else None
        answers = self._may_answer(came.sender)
        log.info("text came", answered=answers, for_twilio=False, kept=kept is not None)
        return TwiMLResponse(twiml.text_back(textin.reply(script, wished, kept, now) if answers else ""))

    def _may_answer(self, number: str) -> bool:
        """Whether a number may get another reply. Limited, because two machines could answer each other for ever."""
        try:
            so_far = self._services.store.texts.count_answer(number)
            self._answered_alone.clear()
            return so_far <= MOST_ANSWERS
        except StoreDown:
            if number in self._answered_alone or len(self._answered_alone) >= MOST_ANSWERED_ALONE:
                return False
            self._answered_alone.add(number)
            return True

    def status(self, sent: WebhookData) -> Response:
        """A call of a caller is over, however it ended."""
        how = webhook.call_over(sent.form)
        if how and sent.call:
            self._spend("call_minutes", webhook.call_seconds(sent.form), sent.call)
            self._services.spool.end(sent.call)
            self._talking.put_through_over(sent.call)
            self._count_who_left(sent.call, how)
            self._services.store.sessions.end(sent.call)
        return Response(status=204)

    def _spend(self, what: Billed, seconds: int, about: str) -> None:
        """Count what Twilio will bill. While Redis is away, nothing is counted."""
        if seconds:
            with contextlib.suppress(StoreDown):
                self._services.store.spendings.add(what, minutes(seconds), about, self._services.clock().timestamp())

    def _count_who_left(self, call_sid: str, how: str) -> None:
        """Log the end of a call with what the caller had got, and count by place the callers who hung up."""
        s = self._services.store.sessions.get(call_sid)
        place, got = (s.place.node, s.got) if s else ("", ())
        log.info("ended", call=call_sid, status=how, place=place, got=[*got])
        if s and place not in ("told", "goodbye"):  # at these two, the line hangs up
            LEFT.labels(place).inc()
            script = edition_of(self._services.live, s.revision)[0].script
            self._services.tally.add(dropoff.of_hanging_up(script, s, self._services.clock().timestamp()))
            is_accepted = self._services.store.sessions.accepted(call_sid, s.turn)
            in_language = script.in_language(s.language, drafts=s.drafts)
            left = demand.at_hanging_up(in_language.places.get(place), s, is_accepted=is_accepted)
            count(self._services, s, left, self._services.clock())

    def fallback(self, sent: WebhookData) -> Response:
        """Twilio could not use our reply to another webhook of a call."""
        log.error("fallback", call=sent.call, code=webhook.error_code(sent.form))
        return TwiMLResponse(self._trouble(webhook.query_that_failed(sent.form)))

    def _trouble(self, query: Mapping[str, str]) -> str:
        """The reply if a turn failed, in the language of the call, which is in the query of the turn's webhook."""
        address = Address.read(query.get("at", ""))
        return self._services.live.trouble_in(address.language if address else "")


def _whisper(services: Services, query: Mapping[str, str]) -> str:
    """What an adviser hears before a transferred call: about the caller, or, if the session cannot be read, only their
    language.
    """
    call_sid, turn = query.get("call", ""), query.get("turn", "")
    session, edition = services.spool.session(call_sid), services.live.now
    with contextlib.suppress(StoreDown):
        session = services.store.sessions.get(call_sid) or session
        edition = edition_of(services.live, session.revision)[0] if session else edition
    unknown = Session(call_sid, "", At(MAIN_MENU), language=query.get("language", "en"))
    said = reply.whisper(edition.script, session or unknown)
    accept = f"{services.public_url}/voice/accept?call={call_sid}&turn={turn}"
    return twiml.whisper(edition.writer.says(said, slow=False), accept)
