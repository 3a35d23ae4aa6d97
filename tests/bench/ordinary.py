"""The ordinary way to build a phone menu: what Twilio's, Flask's and Redis' own guides show, and nothing else.

It does a part of what the line does at a turn: check the signature, read what is known of the call, note where it is
and keep that, and answer with a menu. It has no script, no engine and no promises, so it has less to do.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import redis
from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from tests.bench.load import BASE

VOICE = {"voice": "Polly.Amy-Neural", "language": "en-GB"}
#: As many choices as a menu of the line has.
MENU = ("Somebody has said no.", "To get help at school, press 1.", "To ask for a plan, press 2.",
        "To appeal, or hear time limits, press 3.", "To hear what a word means, press 4.",
        "To talk to a person, press 0.")  # fmt: skip

logging.basicConfig(stream=sys.stdout, level=logging.INFO)
app = Flask(__name__, static_folder=None)
store = redis.Redis.from_url(os.environ["BENCH_REDIS"])
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])


def signed(view: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(view)
    def checked(**parts: Any) -> Response:
        target = request.full_path if request.query_string else request.path
        if not validator.validate(BASE + target, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        return view(**parts)

    return checked


@app.post("/voice")
@signed
def incoming() -> Response:
    return answer({"turn": 0, "heard": []})


@app.post("/voice/turn/<int:turn>")
@signed
def turn(turn: int) -> Response:
    known = json.loads(store.get(f"ordinary:{request.form['CallSid']}") or "{}")
    heard = [*known.get("heard", []), request.form.get("Digits", "")]
    return answer({"turn": turn + 1, "heard": heard[-30:]})


def answer(session: dict[str, Any]) -> Response:
    call = request.form["CallSid"]
    store.set(f"ordinary:{call}", json.dumps(session), ex=6 * 60 * 60)
    response = VoiceResponse()
    action = f"{BASE}/voice/turn/{session['turn']}?at=main_menu"
    gather = response.gather(input="dtmf", action=action, timeout=10, num_digits=1, action_on_empty_result=True)
    for words in MENU:
        gather.say(words, **VOICE)
        gather.pause(length=1)
    response.redirect(action)
    app.logger.info("call=%s turn=%s", call, session["turn"])
    return Response(str(response), mimetype="text/xml")
