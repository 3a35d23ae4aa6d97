"""Asking to be rung back, question by question, and leaving a message with the request."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from ivr import dialling, spoken
from ivr.callbacks.request import Need
from ivr.hours import LONDON
from ivr.places import changing, reply, whom
from ivr.places.entry import RingNumber, read_back
from ivr.places.kinds import GO_BACK, Asks, HandsOver, Pick, no, not_sure, one_more_wrong, onward, wishing, yes
from ivr.places.person import can_ring
from ivr.places.phrases import Phrases
from ivr.places.reply import BACK_KEY, HELP_KEY, PERSON_KEY
from ivr.places.whom import AFTER_WHO, WHO, words_about
from ivr.places.wish import (
    RingFailed,
    is_keyed,
    new_wish,
    promise,
    rung_early,
    save_counting,
    save_unfinished,
    with_promise,
)
from ivr.script import END_MENU, HELP
from ivr.script.lines import Line, label
from ivr.script.place import STAY, Do, Go, Here, Moved, Option, Place
from ivr.script.session import Action, At, Done, HoldWindow, Record, Recorded, TransferEnded
from ivr.spoken import Speech

#: Seconds of silence that end a spoken message. The second is for callers who need more time, and for those who were
#: asked for a message because they pressed nothing.
SILENCE_SECONDS, SLOW_SILENCE_SECONDS = 5, 10


# --- which number -------------------------------------------------------------------------------


#: The words for each verdict of `dialling` on the number that a call shows. One that the phone network garbled is not
#: the caller's fault, so it counts as hidden.
_WHY_NOT_THIS_PHONE = {
    "hidden": RingNumber.hidden, "malformed": RingNumber.hidden, "freephone": RingNumber.hidden,
    "short": RingNumber.short, "long": RingNumber.long, "premium": RingNumber.premium,
    "emergency": RingNumber.emergency, "foreign": RingNumber.foreign, "body": RingNumber.hidden,
    "more": RingNumber.hidden,
}  # fmt: skip


class RingBack(Asks):
    """Asks whether to ring the phone that the caller is using."""

    id = "ring_back"
    ask = Line()
    picks = (yes(WHO), no("ring_number"), not_sure("ring_check"))
    for_staff = stands_alone = begins_dialogue = True

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """Names key 0 at this first question only, and not to a caller who just heard that nobody can talk."""
        asks_a_person = not here.s.turned_away and can_ring(here)
        return (PERSON_KEY,) if options and asks_a_person else super().named(here, options)

    def arrive(self, here: Here) -> Moved:
        here = new_wish(here)
        own = dialling.judge(here.s.caller)
        if own.verdict == "fine":
            return here.s, STAY
        here = here.at(reply.say(here, here.words(_WHY_NOT_THIS_PHONE[own.verdict])))
        if here.s.keyed:
            return wishing(here, number=here.s.keyed).s, Go("ring_check")
        return here.s, Go("ring_number")

    def picked(self, here: Here, pick: Pick) -> Moved:
        here, own = new_wish(here), dialling.judge(here.s.caller).e164
        if pick.label is Phrases.if_yes:
            return save_unfinished(wishing(here, number=own), Go(WHO))
        return super().picked(wishing(here, number=own) if pick.label is Phrases.if_not_sure else here, pick)


class RingCheck(Asks):
    """Whether the number that was keyed is right."""

    id = "ring_check"
    ask, theirs = Line("typed_number"), Line("typed_number")
    picks = (yes(WHO), no("ring_number"), not_sure("ring_number"))
    helped_within = Place.helped_within

    def says(self, here: Here) -> Speech:
        return read_back(here, self.theirs if here.s.wishes.theirs else self.ask)

    def picked(self, here: Here, pick: Pick) -> Moved:
        if pick.label is not Phrases.if_yes:
            return super().picked(here, pick)
        return whom.instead(here, Go(AFTER_WHO)) if here.s.wishes.theirs else save_unfinished(here, Go(WHO))


# --- how urgent: from here on it counts ---------------------------------------------------------


def _promised(here: Here) -> Speech:
    """Says that the request is saved, and the day on which we will ring: only what is certain, and never 'soon'."""
    has_time = here.s.wishes.window is not None and not rung_early(here.s)
    if here.s.wishes.theirs:
        return with_promise(here, RingDone.theirs if has_time else RingDone.theirs_by)
    return with_promise(here, RingDone.say if has_time else RingDone.by)


def _confirmed(here: Here) -> Speech:
    """The promise, said as soon as the request counts. An urgent caller who is not rung today also gets our number."""
    gap = here.script.line.pace.between_choices
    is_today = dt.datetime.fromtimestamp(promise(here).due, LONDON).date() == here.now.astimezone(LONDON).date()
    number = (*here.words(RingDone.ring_us), gap) if here.s.wishes.urgent and not is_today else ()
    return (*_promised(here), gap, *number, *here.words(RingDone.can_stop))


class _HowUrgent(Asks):
    """Once the urgency is known, the request counts, and the line says so."""

    unfinished = True

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)
        return save_counting(here.at(s), to, says=_confirmed) if to == Go("ring_when") else (s, to)


class RingSchool(_HowUrgent):
    """Asks whether a child is out of school now. (In staff's files it is `ring_out`.)"""

    id = "ring_out"
    ask, you, they = Line(), Line(), Line()
    picks = (yes("ring_when", urgent=True, today=True), no("ring_urgent"), not_sure("ring_when", urgent=True))

    def arrive(self, here: Here) -> Moved:
        """Not asked if the urgency follows from the guidance that the caller listened to."""
        return (here.s, STAY) if here.s.wishes.urgent is None else save_counting(here, Go("ring_when"), says=_confirmed)

    def says(self, here: Here) -> Speech:
        return here.words(words_about(here, self.ask, me=self.you, other=self.they))


class RingUrgent(_HowUrgent):
    """Asks whether they have a letter from the council. Most such letters have a time limit."""

    id = "ring_urgent"
    ask, they = Line(), Line()
    picks = (
        yes("ring_when", urgent=True),
        no("ring_when", urgent=False),
        not_sure("ring_when", urgent=True),
    )

    def says(self, here: Here) -> Speech:
        return here.words(words_about(here, self.ask, other=self.they))


# --- when ---------------------------------------------------------------------------------------


class RingWhen(Asks):
    """Asks for a part of the day. A slot in it is held while the caller answers the other questions."""

    id = "ring_when"
    say, theirs = Line(), Line()
    morning, afternoon, any = label(), label(), label()
    full = Line()
    picks = (
        Pick(morning, "ring_message", sets={"when": "morning"}),
        Pick(afternoon, "ring_message", sets={"when": "afternoon"}),
        Pick(any, "ring_message", sets={"when": "any"}),  # noqa: A003
    )
    unfinished = True

    def says(self, here: Here) -> Speech:
        return here.words(self.theirs if here.s.wishes.theirs else self.say)

    def is_offered(self, here: Here, pick: Pick) -> bool:
        return pick.sets["when"] in ("any", *here.script.diary.parts)

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)

        def held(here: Here, done: Done) -> Moved:
            if done.spooled and here.s.wishes.moving:
                return reply.say(here, here.words(changing.RingMoved.not_now)), Go(END_MENU)
            if done.spooled:
                return save_counting(wishing(here, no_slot=True), to)
            if done.window is None and is_keyed(here) and here.s.wishes.when == "any" and not here.s.wishes.moving:
                return save_counting(wishing(here, no_slot=True), to)
            if done.window is None:  # counted as an error, so that a caller who only finds full days gets a person
                s = reply.say(here, here.words(self.full))
                return replace(one_more_wrong(s), place=At(self.id)), Go(self.id)
            here = wishing(here, window=done.window)
            return changing.move(here) if here.s.wishes.moving else save_counting(here, to)

        failed = changing.RingMoved.not_now if s.wishes.moving else RingFailed.say
        return s, Do(_window(here.at(s)), held, failed)


def _window(here: Here) -> HoldWindow:
    s, found = here.s, here.script.diary.windows(here.now)
    wanted = [window for window in found if s.wishes.when in ("any", window.part)]
    if s.wishes.moving and (had := s.wishes.window):  # first the windows after their present one, then the earlier ones
        sooner = found[: found.index(had)] if had in found else ()
        wanted = sorted((window for window in wanted if window != had), key=lambda window: window in sooner)
    keyed = is_keyed(here)
    overbook = s.wishes.when == "any" and not s.wishes.moving and not keyed
    return HoldWindow(
        s.call, tuple(wanted), overbook, instead_of=s.wishes.window, request=s.wishes.request, keyed=keyed
    )


# --- the care that they ask for -----------------------------------------------------------------


class _SavesCounting(Asks):
    """Saves each answer before the call continues, with a request that counts."""

    unfinished = True

    def picked(self, here: Here, pick: Pick) -> Moved:
        s, to = super().picked(here, pick)
        return save_counting(here.at(s), to)


class RingMessage(_SavesCounting):
    """Asks whether a message may be left."""

    id = "ring_message"
    ask, will, will_not = Line(), Line(), Line()
    picks = (
        yes("ring_safe", said=will, message_ok=True),
        no("ring_safe", said=will_not, message_ok=False),
        not_sure("ring_safe", said=will_not, message_ok=False),
    )

    def arrive(self, here: Here) -> Moved:
        """Not asked about somebody else's phone, since nobody can agree for them: the careful answers apply."""
        return here.s, Go("ring_needs") if here.s.wishes.theirs else STAY


class RingSafe(_SavesCounting):
    """Asks whether we may say who is ringing if somebody else answers.

    Whoever answers this again is asked for all their needs again, so those that were said are forgotten.
    """

    id = "ring_safe"
    ask, will, will_not = Line(), Line(), Line()
    picks = (
        yes("ring_needs", said=will, say_who=True, needs=()),
        no("ring_needs", said=will_not, say_who=False, needs=()),
        not_sure("ring_needs", said=will_not, say_who=False, needs=()),
    )


class RingNeeds(_SavesCounting):
    """Asks what the adviser should prepare, one need after another."""

    id = "ring_needs"
    say, theirs, say_more = Line(), Line(), Line()
    nothing, enough, relay, interpreter, slow = label(), label(), label(), label(), label()
    has_relay, has_interpreter, has_slow = Line(), Line(), Line()
    picks = (
        Pick(nothing, "letter_date"),
        Pick(relay, "ring_needs", said=has_relay),
        Pick(interpreter, "ring_needs", said=has_interpreter),
        Pick(slow, "ring_needs", said=has_slow),
    )

    def says(self, here: Here) -> Speech:
        if here.s.wishes.needs:
            return here.words(self.say_more)
        return here.words(self.theirs if here.s.wishes.theirs else self.say)

    def is_offered(self, here: Here, pick: Pick) -> bool:
        return self._need(pick) not in here.s.wishes.needs

    def choices(self, here: Here) -> tuple[Option, ...]:
        """Key 1 is for whoever needs nothing, or nothing more."""
        first, *others = super().choices(here)
        return (replace(first, label=here.words(self.enough)) if here.s.wishes.needs else first, *others)

    def picked(self, here: Here, pick: Pick) -> Moved:
        if need := self._need(pick):
            here = wishing(here, needs=(*here.s.wishes.needs, need))
        return super().picked(here, pick)

    def _need(self, pick: Pick) -> Need | None:
        """The need that a choice stands for, as it is stored with the request."""
        return _NEEDS.get(pick.label)


_NEEDS: dict[Line, Need] = {
    RingNeeds.relay: "relay",
    RingNeeds.interpreter: "interpreter",
    RingNeeds.slow: "slow",
}


# --- the promise, and a message -----------------------------------------------------------------


class RingDone(Asks):
    """Says the promise. It is a separate place, so that hash can repeat it."""

    id = "ring_done"
    say, by = Line("day", "window"), Line("day")
    theirs, theirs_by = Line("day", "window"), Line("day")
    ring_us, can_stop = Line(), Line()
    reference = Line("reference")
    change, change_other, change_hidden = Line(), Line(), Line()
    message, go_on = label(), label()
    picks = (Pick(message, "ring_name"), Pick(go_on, END_MENU))
    ends_dialogue = True
    helped_within = Place.helped_within

    def says(self, here: Here) -> Speech:
        gap = here.script.line.pace.between_choices
        reference = spoken.fill(here.words(self.reference), {"reference": reference_twice(here)})
        return (*_promised(here), gap, *reference, gap, *here.words(self._how_to_change(here)))

    def _how_to_change(self, here: Here) -> Line:
        """A call is changed from the phone that is to be rung, if it shows its number."""
        if dialling.judge(here.s.caller).verdict != "fine":
            return self.change_hidden
        return self.change_other if is_keyed(here) else self.change

    def name_of_number(self, here: Here) -> str:
        return "reference"


def reference_twice(here: Here) -> Speech:
    """The call number, digit by digit, twice."""
    pace, reference = here.script.line.pace, here.s.wishes.reference
    pairs = tuple(reference[i : i + 2] for i in range(0, len(reference), 2))
    once = here.script.grammar.digits(pairs, pace.each_digit, pace.between_groups)
    return (*once, 2 * pace.between_groups, *once)


#: Where keys lead that end a recording before anything was said. Any other ends it like silence.
_INSTEAD_OF_A_MESSAGE = {PERSON_KEY: "person", BACK_KEY: GO_BACK, HELP_KEY: HELP}


class RingName(HandsOver):
    """Records a message for the request. Any key ends it: zero then rings a person, and star and 9 work if nothing was
    said.
    """

    id = "ring_name"
    say, thanks, nothing = Line(), Line(), Line()
    takes = Recorded

    def says(self, here: Here) -> Speech:
        return here.words(self.say)

    def action(self, here: Here) -> Action:
        silence = SLOW_SILENCE_SECONDS if here.s.slow or here.s.more_time else SILENCE_SECONDS
        return Record(here.script.line.ring_back.message_seconds, silence, here.s.wishes.request)

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        """Continue, with thanks if something was said."""
        assert isinstance(event, Recorded)
        if event.seconds:
            return reply.say(here, here.words(self.thanks)), Go("person" if event.key == PERSON_KEY else END_MENU)
        if goto := _INSTEAD_OF_A_MESSAGE.get(event.key):
            return here.s, onward(goto)
        return reply.say(here, here.words(self.nothing)), Go(END_MENU)
