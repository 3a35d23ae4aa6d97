"""A text to the line: it becomes a callback request, to be answered by text, or by ringing if it asks for that.

For whoever cannot hear or speak, this is the way in. Nothing is known of how urgent it is, so it is urgent, as whatever
a caller is not sure of; and nobody was asked what may be said to others, so the careful answers apply. The same text
that Twilio delivers twice is one wish, and one from a phone that is waiting joins its request, as another call would.
"""

from __future__ import annotations

import datetime as dt
import re

from ivr.diary import Promise
from ivr.hours import LONDON
from ivr.request import Asker, CallbackRequest, Event
from ivr.script import ANSWER_DAY, TEXT_NOT_KEPT, TEXT_REPLY, TEXT_REPLY_CLOSED, Script

#: Characters that are not shown and join or part letters, in Urdu and Persian and in emoji. They are part of the words.
_JOINERS = "\u200c\u200d"
_ASKS_TO_BE_RUNG = re.compile(r"\b(ring|rung|call|phone)\b", re.IGNORECASE)
#: Whoever writes that they cannot hear on the phone, or do not want a call, does not ask to be rung. An adviser reads
#: the text before they answer, so a wish that is taken for the other costs less this way round.
_DOES_NOT = re.compile(
    r"\b(not|never|cannot|can.?t|don.?t|dont|deaf|unable|hard of hearing|no calls?)\b", re.IGNORECASE
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


def reply(script: Script, kept: CallbackRequest | None, now: dt.datetime) -> str:
    """What is sent back: by which day we answer; or, if the text could not be kept, which number to ring.

    While nobody can talk, our number is not given: whoever rang it would be disappointed.
    """
    if kept is None:
        return script.texts[TEXT_NOT_KEPT]
    day = dt.datetime.fromtimestamp(kept.due, LONDON)
    body = script.texts[TEXT_REPLY if script.hours.is_open(now) else TEXT_REPLY_CLOSED]
    return body.replace(f"{{{ANSWER_DAY}}}", f"{day:%A} {day.day} {day:%B}")
