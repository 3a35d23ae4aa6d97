"""One turn of a call: read the session, ask the engine, save the session, write the reply.

The URL of the next webhook contains the turn's number, so that a repeated webhook is recognised and gets the same
reply. It also contains the place (`address.py`), so that a call can continue while Redis is down.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import structlog
from msgspec.structs import replace
from prometheus_client import Counter, Histogram

from ivr import dialling
from ivr.callbacks.spending import minutes
from ivr.engine import call
from ivr.hot.signature import Signature
from ivr.problems import ConfigError
from ivr.reporting import demand, dropoff
from ivr.script import Script
from ivr.script.session import Done, Effect, Failed, Input, Session, TransferEnded, Turn
from ivr.store import Spool, Store, StoreDown
from ivr.store.sessions import KEEP_SECONDS
from ivr.twilio import twiml, webhook
from ivr.usecases.jobs import Jobs
from ivr.web.address import Address
from ivr.web.edition import Edition
from ivr.web.effects import LiveHandler
from ivr.web.live import Live
from ivr.web.tally import Tally

log = structlog.get_logger()

SECONDS = Histogram(
    "ivr_turn_seconds",
    "Time to answer a turn, by what the caller did.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
ALONE = Counter("ivr_turns_without_redis_total", "Turns answered while Redis was down.")


@dataclass(frozen=True)
class Services:
    """The parts of the line that the webhooks use."""

    public_url: str
    #: The line's own number in E.164; empty if none is set.
    our_number: str
    signature: Signature
    store: Store
    live: Live
    handler: LiveHandler
    spool: Spool
    jobs: Jobs
    tally: Tally
    clock: Callable[[], dt.datetime]


class WebhookData(NamedTuple):
    """A webhook's data: the form, and the query of the URL that we gave Twilio."""

    path: str
    #: The query as it came, not parsed.
    raw_query: str
    #: The form and the query are parsed only after the signature is verified; empty until then.
    form: dict[str, str]
    query: dict[str, str]

    @property
    def call(self) -> str:
        """The id of the call; for a call without one, the id that we gave it."""
        return webhook.call_sid(self.form) or webhook.safe_id(self.query.get("call", ""))


class CallWebhook:
    """Handles one webhook of a call, from its form to its reply."""

    def __init__(self, services: Services, sent: WebhookData):
        self._services, self._form, self._query = services, sent.form, sent.query
        self._call = sent.call or f"none-{secrets.token_hex(16)}"
        #: For a call without an id from Twilio, the URLs carry the id that we gave it.
        self._carried = "" if webhook.call_sid(sent.form) else f"&call={self._call}"
        self._began = time.perf_counter()
        self._now = services.clock()
        #: Redis is down: the place in the URL replaces the session.
        self._alone = False
        #: What is counted of the effects of this turn.
        self._of_effects: list[str] = []

    def begin(self, lost: int | None = None) -> str:
        """Start a call. `lost`: the turn of its webhook, if the call was under way and its session and place are lost.

        A call is not started if its data was erased so long ago that it must be over: its webhook is an old one that
        is sent again.
        """
        edition = self._edition_for_caller()
        caller = webhook.caller(self._form)
        is_erased, blocked = self._known_before(call.known_caller(edition.script, caller))
        if is_erased:
            return twiml.hang_up()
        rung = "" if blocked else webhook.number_rung(self._form)  # nobody is rung unasked for a phone that is blocked
        turn = call.start(edition.script, self._call, caller, self._now, lost is not None, rung)
        turn = replace(turn, session=replace(turn.session, turn=0 if lost is None else lost + 1, blocked=blocked))
        try:
            kept = self._services.store.sessions.save(turn.session)
            if kept is None:
                self._services.store.revisions.began(edition.script.revision, self._now.timestamp())
        except StoreDown:
            kept, self._alone = self._services.spool.keep_session(turn.session), True
        if kept is not None:
            return self._reply_again(kept)
        self._services.tally.add(dropoff.of_start(turn.session))
        if lost is None:
            self._count(turn.session, demand.at_start(self._now))
        return self._reply(edition, turn, "start")

    def _known_before(self, caller: str) -> tuple[bool, bool]:
        """Whether this call was erased, and whether its phone is blocked. Neither, if Redis is down."""
        with contextlib.suppress(StoreDown):
            now = self._now.timestamp()
            erased, blocked = self._services.store.at_the_start(self._call, dialling.identity(caller), now)
            return self._is_over(erased), blocked
        return False, False

    def _is_erased(self) -> bool:
        with contextlib.suppress(StoreDown):
            return self._is_over(self._services.store.erasing.when(self._call))
        return False

    def _is_over(self, erased: float | None) -> bool:
        return erased is not None and erased + KEEP_SECONDS <= self._now.timestamp()

    def turn(self, number: int) -> str:
        """Handle an input. A webhook for an older turn gets the present reply again."""
        stored = self._stored(number)
        if stored is not None and stored.turn > number:
            return self._reply_again(stored)
        if stored is not None and stored.turn == number:
            edition, is_its_own = edition_of(self._services.live, stored.revision)
            known, place = stored, stored.place
        elif address := Address.read(self._query.get("at", "")):  # Redis is down, or has lost the session
            if stored is None and self._is_erased():
                return twiml.hang_up()
            edition, is_its_own = edition_of(self._services.live, address.revision)[0], False
            caller = call.known_caller(edition.script, webhook.caller(self._form))
            known, place = address.session(stored, self._call, caller, number), address.place
        else:
            return self.begin(lost=number)
        awaited = call.awaited(edition.script, place, known)
        event = webhook.happened(self._form, awaited, lambda: self._accepted(number))
        self._spend(event, number)
        if is_its_own:
            turn = call.run(edition.script, known, event, self, self._now)
        else:
            turn = call.go_on(edition.script, known, place, event, self, self._now)
        winner = self._save(edition, turn.session)
        if winner is not None and winner != turn.session:
            return self._reply_again(winner)
        self._services.tally.add(dropoff.of_turn(known, event, turn.session, self._now.timestamp()))
        self._count(turn.session, [*self._of_effects, *demand.of_turn(known, event, turn.session)])
        return self._reply(edition, turn, type(event).__name__)

    def run(self, script: Script, effect: Effect, now: dt.datetime) -> Done | Failed:
        """Run an effect, as the effect handler of this call. What it adds to the report is counted once the turn is
        saved.
        """
        done = self._services.handler.run(script, effect, now)
        self._of_effects += demand.of_effect(effect, done)
        return done

    def _count(self, session: Session, names: list[str]) -> None:
        count(self._services, session, names, self._now)

    def _spend(self, event: Input, number: int) -> None:
        """Count the minutes of a transfer that is over."""
        if isinstance(event, TransferEnded) and (seconds := webhook.dialled_seconds(self._form)):
            with contextlib.suppress(StoreDown):
                about = f"{self._call} {number}"
                self._services.store.spendings.add("dialled_minutes", minutes(seconds), about, self._now.timestamp())

    def _save(self, edition: Edition, session: Session) -> Session | None:
        """Save the session, or continue without Redis. If a simultaneous webhook was first, returns its session.

        During a dialogue, the caller's answers are only in the session. So it is also written to the disk, in case
        Redis fails before the next turn.
        """
        if not self._alone:
            try:
                winner = self._services.store.sessions.save(session)
                place = edition.script.in_language(session.language, drafts=session.drafts).places.get(
                    session.place.node
                )
                if winner is None and place is not None and place.in_dialogue:
                    self._services.spool.keep_in_advance(session)
                return winner
            except StoreDown:  # Redis failed during the turn: from now on the URL says so
                self._alone = True
        return self._services.spool.keep_session(session)

    def _stored(self, number: int) -> Session | None:
        """The call's session from Redis, or from this machine's disk.

        It may be older than this turn: if Redis was away in between, and another machine answered or the disk was full.
        """
        stored = None
        try:
            stored = self._services.store.sessions.get(self._call)
        except StoreDown:
            self._alone = True
        if stored is None or stored.turn < number:
            here = self._services.spool.session(self._call)
            return here if here is not None and here.turn >= number else stored
        return stored

    def _accepted(self, turn: int) -> bool | None:
        """Whether an adviser accepted the call; None if that is unknown."""
        try:
            return self._services.store.sessions.accepted(self._call, turn)
        except StoreDown:
            return None

    def _edition_for_caller(self) -> Edition:
        live = self._services.live.now
        if dialling.same(call.known_caller(live.script, webhook.caller(self._form)), live.script.line.test_phones):
            return self._services.live.draft() or live
        return live

    def _reply_again(self, session: Session) -> str:
        edition, is_its_own = edition_of(self._services.live, session.revision)
        known = (
            session
            if is_its_own
            else replace(call.resumed(edition.script, session, session.place), waited=0, interrupted=False)
        )
        return self._reply(edition, call.current(edition.script, known, self._now), "again")

    def _reply(self, edition: Edition, turn: Turn, kind: str) -> str:
        """Write the reply, and count and log the turn."""
        session = turn.session
        address = f"/voice/turn/{session.turn}?at={Address.of(session, self._alone)}{self._carried}"
        ours = self._services.our_number or webhook.number_shown(self._form, "To")
        document = edition.writer_of(call.language_of(edition.script, session)).write(turn, address, ours)
        took = time.perf_counter() - self._began
        _seconds(kind).observe(took)
        if self._alone:
            ALONE.inc()
        log.info(
            "turn", call=session.call, turn=session.turn, node=session.place.node, kind=kind, ms=round(took * 1000, 2),
            alone=self._alone, language=session.language,
        )  # fmt: skip
        return document


def edition_of(live: Live, revision: str) -> tuple[Edition, bool]:
    """The edition that a call began with, and True; or the live one, and False, if that is no longer available."""
    edition = None
    with contextlib.suppress(StoreDown, ConfigError):
        edition = live.of(revision)
    return (edition, True) if edition else (live.now, False)


def count(services: Services, session: Session, names: list[str], now: dt.datetime) -> None:
    """Count these names for the report, unless the call comes from one of the service's test phones."""
    if names and not dialling.same(session.caller, services.live.now.script.line.test_phones):
        services.tally.count(names, now.timestamp())


@cache
def _seconds(kind: str) -> Histogram:
    return SECONDS.labels(kind)
