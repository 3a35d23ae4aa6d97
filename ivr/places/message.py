"""A message that needs no key: what the caller says after the tone becomes a request."""

from __future__ import annotations

from msgspec.structs import replace

from ivr import dialling
from ivr.places import reply
from ivr.places.kinds import HandsOver, got, may_hang_up
from ivr.places.phrases import Phrases
from ivr.places.reply import PERSON_KEY
from ivr.places.ringing import SLOW_SILENCE_SECONDS
from ivr.places.wish import as_request, message_id, with_promise
from ivr.script import END_MENU
from ivr.script.lines import Line
from ivr.script.place import BACK, STAY, Do, Go, Here, Moved, Place
from ivr.script.session import Action, Done, Record, Recorded, SaveRequest, TransferEnded, Wishes
from ivr.spoken import Speech


class Message(HandsOver):
    """Asks for a message, unasked, when nobody can talk."""

    id = "message"
    say, say_hidden, nothing = Line(), Line(), Line()
    thanks, thanks_hidden = Line("day"), Line("day")
    failed = Line()
    takes = Recorded
    stands_alone = comes_unasked = True
    helped_within = Place.helped_within

    def arrive(self, here: Here) -> Moved:
        return replace(here.s, message_offered=True), STAY

    def says(self, here: Here) -> Speech:
        pace, script = here.script.line.pace, here.script
        one = (*here.words(Phrases.one_at_a_time), pace.before_key, script.press["1"])
        shows = dialling.judge(here.s.caller).verdict == "fine"
        return (*one, pace.between_choices, *here.words(self.say if shows else self.say_hidden))

    def action(self, here: Here) -> Action:
        return Record(here.script.line.ring_back.message_seconds, SLOW_SILENCE_SECONDS, message_id(here.s))

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        """Save the message as a request.

        After silence nothing is saved. A caller who may be hung up on hears which number to ring (`told`); another goes
        back to where they were.

        The caller was asked nothing, so the careful answers apply: it is urgent, and no message may be left.
        """
        assert isinstance(event, Recorded)
        if not event.seconds:
            silent = here.at(replace(here.s, quiet=here.s.quiet + SLOW_SILENCE_SECONDS))
            s = reply.say(silent, here.words(self.nothing))
            return s, Go("told") if may_hang_up(s) else BACK
        wishes = Wishes(
            number=dialling.judge(here.s.caller).e164, urgent=True, message_ok=False, say_who=False, message_only=True
        )
        here = here.at(replace(here.s, wishes=wishes))
        then = Go("person" if event.key == PERSON_KEY else END_MENU)

        def saved(here: Here, done: Done) -> Moved:
            here = here.at(got(here.s, "request"))
            return reply.say(
                here, with_promise(here, self.thanks if here.s.wishes.number else self.thanks_hidden)
            ), then

        return here.s, Do(SaveRequest(as_request(here, "waiting")), saved, self.failed, or_else="told")
