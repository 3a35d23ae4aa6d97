"""The web apps: webhooks, sound files, health and the front page; and the pages of staff.

Two Flask apps at one address. The webhooks' app has no secret key and so no cookie sessions, which Flask would
otherwise open and save on every turn. The other app has the console (`/console`), where callers are rung back, and the
studio (`/studio`), where the line is heard and changed. They share the sign-in.

    voice.py     Twilio's webhooks
    turn.py      one turn of a call: reads the session, asks the engine, saves, writes the reply
    address.py   a call's place in the address of its next webhook, so that it goes on while Redis is down
    effects.py   runs the effects of calls with Redis and the worker
    live.py      the scripts that this process has loaded
    edition.py   a loaded script, with the writer and the sounds of its replies in each language
    talking.py   records that an adviser talks to a caller
    tally.py     what happened in calls, summed up in memory
    sound.py     serves the sound files
    admission.py receives each request completely before it occupies a thread that calls need
    client.py    where a request comes from: the client's address behind proxies
    refusal.py   why a webhook is refused, for operators
    health.py    /healthz, /readyz and /metrics
    front.py     the front page and the handbooks
    read.py      what the line says, as pages at /read
    sheet.py     answers a request with a file for a spreadsheet
    console/     the pages for callers who wait to be rung, and the sign-in
    studio/      the pages on which the line is heard and changed
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.utils import redirect

from ivr.hot.lean import LeanFlask
from ivr.hot.signature import Signature
from ivr.machine.config import Settings
from ivr.store import Spool, Store
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes
from ivr.usecases.spooling import HandingIn
from ivr.web import front, read, voice
from ivr.web.console import CONSOLE, create_console
from ivr.web.console.common import Clock
from ivr.web.effects import LiveHandler
from ivr.web.health import blueprint as health
from ivr.web.live import Live, keep, put_back, put_through
from ivr.web.sound import blueprint as sound
from ivr.web.tally import Tally
from ivr.web.turn import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Clock", "Web", "create_app", "keep", "put_back", "put_through"]


def create_app(settings: Settings, store: Store, clock: Clock = lambda: dt.datetime.now(dt.UTC)) -> Web:
    """Build the WSGI application. Before anything is published, callers hear an apology."""
    live = Live(settings, store)
    live.begin()
    live.watch()
    jobs, spool = Jobs(settings, store), Spool(settings.spool_dir, settings.keys)
    tally = Tally(store, lambda: clock().timestamp())
    tally.watch()
    services = Services(
        public_url=settings.public_url,
        our_number=settings.our_number,
        signature=Signature(settings.public_url, settings.auth_tokens),
        store=store,
        live=live,
        handler=LiveHandler(store, jobs, spool, PhonedTakes(settings)),
        spool=spool,
        jobs=jobs,
        tally=tally,
        clock=clock,
    )
    app = LeanFlask("ivr.voice", static_folder=None)
    app.url_map.merge_slashes = False
    app.register_blueprint(voice.blueprint(services))
    app.register_blueprint(sound(settings, live))
    app.register_blueprint(health(settings, store, live, spool))
    reading = read.LivePages(settings, live)
    app.register_blueprint(front.blueprint(settings, store, live, spool, lambda: reading.now() is not None))
    app.register_blueprint(read.blueprint(reading, clock))
    app.register_error_handler(404, front.nothing_here)
    return Web(app, create_console(settings, store, live, jobs, clock), live, HandingIn(spool, store, jobs), tally)


class Web:
    """The apps at one address, with their background threads. A WSGI application."""

    def __init__(self, voice_app: Flask, console: Flask, live: Live, handing_in: HandingIn, tally: Tally):
        self.app, self.console, self._live, self._handing_in = voice_app, console, live, handing_in
        self.tally = tally
        self._doors = DispatcherMiddleware(voice_app, {CONSOLE: console})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(("/voice", "/text")):
            return self.app(environ, start_response)
        if path.startswith("/studio/"):  # one app with the console, so that a sign-in counts for both
            return self.console({**environ, "SCRIPT_NAME": CONSOLE}, start_response)
        if path.startswith(f"{CONSOLE}/studio/"):
            query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
            return redirect(f"{path.removeprefix(CONSOLE)}{query}", 308)(environ, start_response)
        if path == CONSOLE:  # Flask would lead to its own idea of our address, with the wrong scheme behind a proxy
            return redirect(f"{CONSOLE}/", 308)(environ, start_response)
        return self._doors(environ, start_response)

    def close(self) -> None:
        """End the background threads and the process that reads the draft, and write the counts that are in memory."""
        self._live.close()
        self._handing_in.close()
        self.console.extensions["draft"].close()
        self.tally.close()
