"""Getting a text message about what was just heard."""

from __future__ import annotations

from msgspec.structs import replace

from ivr import dialling, reply
from ivr.phrases import Phrases
from ivr.places.entry import PhoneEntry, read_back
from ivr.places.kinds import Asks, Choice, got, no, not_sure, wishing, yes
from ivr.script import END_MENU, STAY, TEXT_ABOUT_US, Do, Go, Here, Line, Moved, Script, Words
from ivr.session import Done, SendText, Session
from ivr.spoken import Speech


class TextSent(Words):
    """The text is in the queue."""

    id = "text_sent"
    say = Line()


class TextFailed(Words):
    """The text could not be put in the queue."""

    id = "text_failed"
    say = Line()


def text_about(script: Script, s: Session) -> str:
    """Which text message fits what the caller last listened to."""
    place = script.nodes.get(s.topic)
    return (place and place.text_name()) or TEXT_ABOUT_US


def send(here: Here) -> Moved:
    """The text that fits, to the number that was agreed."""
    s, text = here.s, text_about(here.script, here.s)
    return s, Do(SendText(f"{s.call}.{s.turn}", s.wishes.number, text, here.script.texts[text]), _sent, TextFailed.say)


def _sent(here: Here, done: Done) -> Moved:
    own, number = dialling.judge(here.s.caller).e164, here.s.wishes.number
    keyed = here.s.keyed if number == own else number
    return replace(got(reply.say(here, here.words(TextSent.say)), "text"), keyed=keyed), Go(END_MENU)


class SendTextTo(Asks):
    """Whether to text the phone that the caller rings from."""

    id = "send_text"
    ask, if_not_sure = Line(), Line()
    picks = (yes(END_MENU), no("text_number"), not_sure(END_MENU, said=if_not_sure))
    for_staff = stands_alone = True

    def arrive(self, here: Here) -> Moved:
        """A landline, or a number we cannot see, is told before and not after. One that was keyed before is offered."""
        own = dialling.judge(here.s.caller)
        if own.mobile:
            return here.s, STAY
        why = here.words(TextNumber.not_mobile) if own.verdict == "fine" else ()
        here = here.at(reply.say(here, here.words(TextNumber.hidden), why))
        if dialling.judge(here.s.keyed).mobile:
            return wishing(here, number=here.s.keyed).s, Go("text_check")
        return here.s, Go("text_number")

    def picked(self, here: Here, pick: Choice) -> Moved:
        if pick.label is not Phrases.if_yes:
            return super().picked(here, pick)
        return send(wishing(here, number=dialling.judge(here.s.caller).e164))


class TextNumber(PhoneEntry):
    """The number to text."""

    id = "text_number"
    say, hidden, not_mobile = Line(), Line(), Line()
    stands_alone = True
    then = "text_check"

    def must_be_mobile(self) -> Line | None:
        return self.not_mobile


class TextCheck(Asks):
    """Whether the number that was keyed is right."""

    id = "text_check"
    ask = Line("typed_number")
    picks = (yes(END_MENU), no("text_number"), not_sure("text_number"))

    def says(self, here: Here) -> Speech:
        return read_back(here, self.ask)

    def picked(self, here: Here, pick: Choice) -> Moved:
        return send(here) if pick.label is Phrases.if_yes else super().picked(here, pick)
