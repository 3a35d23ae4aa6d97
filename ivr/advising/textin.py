"""A text to the line: it becomes a callback request, to be answered by text, or by ringing if it asks for that.

For whoever cannot hear or speak, this is the way in. Nothing is known of how urgent it is, so it is urgent, as whatever
a caller is not sure of; and nobody was asked what may be said to others, so the careful answers apply. The same text
that Twilio delivers twice is one wish, and one from a phone that is waiting joins its request, as another call would.
"""

from __future__ import annotations

import datetime as dt
import re

from ivr.callbacks.diary import Promise
from ivr.callbacks.request import Asker, CallbackRequest, Event
from ivr.hours import LONDON
from ivr.script import ANSWER_DAY, TEXT_NOT_KEPT, TEXT_REPLY, TEXT_REPLY_CALL, TEXT_REPLY_CLOSED, Script

#: Characters that are not shown and join or part letters, in Urdu and Persian and in emoji. They are part of the words.
_JOINERS = "\u200c\u200d"
_ASKS_TO_BE_RUNG = re.compile(
    r"\b(ring|rung|phone|fone|call(?: ?backs?)?|bell me|(?:give|send) (?:me|us) a (?:bell|buzz))\b", re.IGNORECASE
)
#: Words of a wish that may stand between 'not' and what is not wanted: "I cannot really talk on the phone". Other words
#: may not, or "they will not let him in, please call" would get a text that somebody who reads little has to read.
_WISHING = (
    r"(?:\s+(?:really|want|wish|like|need|take|to|a|an|any|get|able|have|use|the|answer|make|be|please|on|well|very))"
)
#: Whoever writes that they cannot hear on the phone, or do not want a call, does not ask to be rung. An adviser reads
#: the text before they answer, so a wish that is taken for the other costs less this way round.
_DOES_NOT = re.compile(
    rf"\b(?:not|never|no|cannot|unable|(?:ca|do|wo|did|does|ca)n.?t|won.?t){_WISHING}*\s+"
    r"(?:call|calls|ring|phone|hear|voice|(?:talk|speak|answer)(?!\s+(?:now|until|till|today|english)))\b"
    r"|\b(?:deaf|hard of hearing|hearing (?:loss|impaired)|mute|non.?verbal"
    r"|by text|text only|only text|rather (?:you )?text|prefer (?:a )?texts?|instead of (?:a )?call)\b",
    re.IGNORECASE,
)


def wish(script: Script, text_id: str, sender: str, body: str, now: dt.datetime) -> CallbackRequest:
    """The request that a text becomes. `sender` in E.164; `body` in any script of any language."""
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
    """What is sent back: by which day we answer or, to whoever asked for that, ring; or, if the text could not be kept,
    which number to ring. `wished` is what this text asks for, and `kept` that with what its phone asked for before.

    While nobody can talk, our number is not given: whoever rang it would be disappointed.
    """
    if kept is None:
        return script.texts[TEXT_NOT_KEPT]
    day = dt.datetime.fromtimestamp(kept.due, LONDON)
    name = TEXT_REPLY if script.hours.is_open(now) else TEXT_REPLY_CLOSED
    body = script.texts[name if wished.by_text else TEXT_REPLY_CALL]
    return body.replace(f"{{{ANSWER_DAY}}}", f"{day:%A} {day.day} {day:%B}")
