"""A text to the line: it becomes a callback request, to be answered by text, or by ringing if it asks for that.

People who cannot hear or speak reach us this way. How urgent a text is, is not known, so it counts as urgent. Nobody
was asked what may be said to others, so the careful answers apply. If Twilio delivers a text twice, it is one wish. A
text from a phone that already waits joins its request, as another call would.
"""

from __future__ import annotations

import datetime as dt
import re

from ivr.callbacks.diary import Promise
from ivr.callbacks.request import Asker, CallbackRequest, Event
from ivr.hours import LONDON
from ivr.script import ANSWER_DAY, TEXT_NOT_KEPT, TEXT_REPLY, TEXT_REPLY_CALL, TEXT_REPLY_CLOSED, Script

#: Invisible characters that join or part letters in Urdu and Persian, and parts of emoji. They belong to the words.
_JOINERS = "\u200c\u200d"
_ASKS_TO_BE_RUNG = re.compile(
    r"\b(ring|rung|phone|fone|call(?: ?backs?)?|bell me|(?:give|send) (?:me|us) a (?:bell|buzz))\b", re.IGNORECASE
)
#: Words that may stand between 'not' and what is not wanted: "I cannot really talk on the phone". No others may:
#: "they will not let him in, please call" asks for a call, and its sender may read little, so a text would not help.
_WISHING = (
    r"(?:\s+(?:really|want|wish|like|need|take|to|a|an|any|get|able|have|use|the|answer|make|be|please|on|well|very))"
)
#: Who writes that they cannot hear on the phone, or do not want a call, is not asking to be rung. A wrong match costs
#: little, because an adviser reads the text before they answer. The reverse would ring somebody who cannot hear.
_DOES_NOT = re.compile(
    rf"\b(?:not|never|no|cannot|unable|(?:ca|do|wo|did|does|ca)n.?t|won.?t){_WISHING}*\s+"
    r"(?:call|calls|ring|phone|hear|voice|(?:talk|speak|answer)(?!\s+(?:now|until|till|today|english)))\b"
    r"|\b(?:deaf|hard of hearing|hearing (?:loss|impaired)|mute|non.?verbal"
    r"|by text|text only|only text|rather (?:you )?text|prefer (?:a )?texts?|instead of (?:a )?call)\b",
    re.IGNORECASE,
)


def wish(script: Script, text_id: str, sender: str, body: str, now: dt.datetime) -> CallbackRequest:
    """The request that a text becomes. `sender`: in E.164; `body`: in any language and script."""
    seconds, diary = now.timestamp(), script.diary
    due = diary.due("urgent", now, script.line.ring_back.urgent_within_hours)
    asker = Asker(
        id=f"{text_id}-1",
        asked_at=seconds,
        finished=True,
        promise=Promise(opens=diary.opening(now), due=due),
        urgent=True,
        by_text=not _ASKS_TO_BE_RUNG.search(body) or bool(_DOES_NOT.search(body)),
        wrote=" ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in body).split()),
    )
    event = Event(seconds, "caller", "sent a text")
    return CallbackRequest(asker.id, sender, state="waiting", askers=(asker,), events=(event,))


def reply(script: Script, wished: CallbackRequest, kept: CallbackRequest | None, now: dt.datetime) -> str:
    """The reply to a text: the day by which we answer, or by which we ring if that was asked for; if the text could not
    be saved, the number to ring.

    `wished`: the request of this text alone; `kept`: the saved one, which may be an earlier request of the same phone
    with this one in it. While we are closed, the reply does not give the helpline's number: nobody would answer it.
    """
    if kept is None:
        return script.texts[TEXT_NOT_KEPT]
    day = dt.datetime.fromtimestamp(kept.due, LONDON)
    name = TEXT_REPLY if script.hours.is_open(now) else TEXT_REPLY_CLOSED
    body = script.texts[name if wished.by_text else TEXT_REPLY_CALL]
    return body.replace(f"{{{ANSWER_DAY}}}", f"{day:%A} {day.day} {day:%B}")
