"""Getting a text message about the guidance just heard."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ivr import dialling
from ivr.places import reply
from ivr.places.entry import PhoneEntry, read_back
from ivr.places.kinds import Asks, Pick, got, no, not_sure, wishing, yes
from ivr.places.phrases import Phrases
from ivr.places.wish import is_keyed, last_keyed
from ivr.script import END_MENU, TEXT_ABOUT_US, Script
from ivr.script.lines import Line, Words
from ivr.script.place import STAY, Do, Go, Here, Moved, Place
from ivr.script.session import Done, Limit, SendText, Session
from ivr.spoken import Speech


class TextSent(Words):
    """The words after a text was queued."""

    id = "text_sent"
    say = Line()


class TextFailed(Words):
    """The words if a text could not be queued."""

    id = "text_failed"
    say = Line()


class TextLimit(Words):
    """The words if a limit is reached. Each says how to get a person all the same."""

    id = "text_limit"
    call, phone, all = Line(), Line(), Line()


_LIMITED: Mapping[Limit, Line] = {"phone": TextLimit.phone, "all": TextLimit.all}


def text_about(script: Script, s: Session) -> str:
    """The name of the text message about what the caller last listened to."""
    place = script.nodes.get(s.topic)
    return (place and place.text_name()) or TEXT_ABOUT_US


def send(here: Here) -> Moved:
    """Send the text about what the caller last listened to, to the number in their wish."""
    s, text = here.s, text_about(here.script, here.s)
    if s.texts_asked >= here.script.line.limits.texts.a_call:
        return reply.say(here, here.words(TextLimit.call)), Go(END_MENU)
    effect = SendText(f"{s.call}.{s.turn}", s.wishes.number, text, here.script.texts[text], is_keyed(here))
    return replace(s, texts_asked=s.texts_asked + 1), Do(effect, _sent, TextFailed.say, limited=_LIMITED)


def _sent(here: Here, done: Done) -> Moved:
    s = got(reply.say(here, here.words(TextSent.say)), "text")
    return replace(s, keyed=last_keyed(here)), Go(END_MENU)


class SendTextTo(Asks):
    """Asks whether to text the phone that the caller is using."""

    id = "send_text"
    ask, if_not_sure = Line(), Line()
    picks = (yes(END_MENU), no("text_number"), not_sure(END_MENU, said=if_not_sure))
    for_staff = stands_alone = True

    def arrive(self, here: Here) -> Moved:
        """Not asked if this phone cannot be texted: the caller hears why, and enters a number or confirms one."""
        own = dialling.judge(here.s.caller)
        if own.mobile:
            return here.s, STAY
        why = here.words(TextNumber.not_mobile) if own.verdict == "fine" else ()
        here = here.at(reply.say(here, here.words(TextNumber.hidden), why))
        if dialling.judge(here.s.keyed).mobile:
            return wishing(here, number=here.s.keyed).s, Go("text_check")
        return here.s, Go("text_number")

    def picked(self, here: Here, pick: Pick) -> Moved:
        if pick.label is not Phrases.if_yes:
            return super().picked(here, pick)
        return send(wishing(here, number=dialling.judge(here.s.caller).e164))


class TextNumber(PhoneEntry):
    """Asks for the number to text."""

    id = "text_number"
    say, hidden, not_mobile = Line(), Line(), Line()
    stands_alone = True
    goto = "text_check"

    def refusal_of_landline(self) -> Line | None:
        return self.not_mobile


class TextCheck(Asks):
    """Whether the number that was keyed is right."""

    id = "text_check"
    ask = Line("typed_number")
    picks = (yes(END_MENU), no("text_number"), not_sure("text_number"))
    helped_within = Place.helped_within

    def says(self, here: Here) -> Speech:
        return read_back(here, self.ask)

    def picked(self, here: Here, pick: Pick) -> Moved:
        return send(here) if pick.label is Phrases.if_yes else super().picked(here, pick)
