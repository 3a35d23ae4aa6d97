"""Recording what the line says, from a phone of the service: the words, a tone, and what is said about the take.

Only a test phone is offered this, under key 9. A caller's number can be forged, so nothing that is recorded here
reaches callers by itself: a take is kept as one that nobody has confirmed, and never in place of one that somebody has.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from ivr.places import reply
from ivr.places.kinds import Asks, HandsOver, Pick, Step
from ivr.places.reply import AGAIN_KEY, PERSON_KEY
from ivr.script import END_MENU
from ivr.script.lines import Line, label
from ivr.script.place import STAY, Do, Go, Here, Moved, Option, Transition
from ivr.script.session import (
    Action,
    At,
    Done,
    FindPrompt,
    FindTake,
    Gather,
    GatherAfterSound,
    Input,
    Judged,
    KeepTake,
    NoInput,
    Record,
    Recorded,
    Session,
    TransferEnded,
)
from ivr.spoken import Speech

#: The most seconds of a take. The longest prompt lasts about a minute.
MOST_SECONDS = 90
#: Seconds of silence that end a take: longer than somebody pauses between two sentences.
SILENCE_SECONDS = 4
#: Seconds between two checks whether the take has arrived, and the most checks. Twilio has it after a few seconds.
LOOK_SECONDS, MOST_LOOKS = 3, 10
#: How the id of each take begins, unlike that of a message.
_TAKE = "take-"


def take_id(call: str, number: int | str) -> str:
    return f"{_TAKE}{call}-{number}"


def call_of(recording: str) -> str:
    """The call of a take, by its id; empty if it is no take."""
    return recording.removeprefix(_TAKE).rpartition("-")[0] if recording.startswith(_TAKE) else ""


class RecordPrompt(HandsOver):
    """Reads out the next prompt that has no recording, and records the caller saying it."""

    id = "record_prompt"
    offer = label()
    first, say, nothing, none_left, away = Line(), Line(), Line(), Line(), Line()
    takes = Recorded
    one_by_one = False

    def arrive(self, here: Here) -> Moved:
        return here.s, Do(FindPrompt(here.s.call, here.s.taking.passed), self._found, self.away)

    def _found(self, here: Here, done: Done) -> Moved:
        if done.prompt is None:
            return reply.say(here, here.words(self.none_left)), Go(END_MENU)
        first = () if here.s.taking.name else (here.words(self.first),)
        taking = replace(here.s.taking, name=done.prompt.name, words=done.prompt.words)
        return replace(reply.say(here, *first), taking=taking), STAY

    def says(self, here: Here) -> Speech:
        words = here.s.taking.words
        return (*here.words(self.say), *((here.script.line.pace.between_choices, words) if words else ()))

    def action(self, here: Here) -> Action:
        return Record(MOST_SECONDS, SILENCE_SECONDS, take_id(here.s.call, here.s.taking.takes + 1))

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        assert isinstance(event, Recorded)
        s = replace(here.s, taking=replace(here.s.taking, takes=here.s.taking.takes + 1, sound=""))
        if event.key == PERSON_KEY:
            return s, Go("person")
        if not event.seconds:
            return reply.say(here.at(s), here.words(self.nothing)), Go("record_bad", instead=True)
        return s, Go("record_wait", instead=True)


class RecordWait(Step):
    """Waits until the take has arrived and has been judged."""

    id = "record_wait"
    say, lost = Line(), Line()
    one_by_one = False

    def says(self, here: Here) -> Speech:
        return () if here.s.place.part else here.words(self.say)

    def is_telling(self, s: Session) -> bool:
        """It goes on by itself."""
        return True

    def seconds(self, here: Here) -> int:
        return LOOK_SECONDS

    def pressed(self, here: Here, key: str) -> Moved:
        """Ignore keys: one ends a take, so a second press of it arrives here, and is no error."""
        return here.s, STAY

    def took(self, here: Here, event: Input) -> Moved | None:
        if not isinstance(event, NoInput):
            return None
        s = replace(here.s, place=At(self.id, here.s.place.part + 1))
        return s, Do(FindTake(take_id(s.call, s.taking.takes)), self._looked, self.lost, or_else="record_bad")

    def _looked(self, here: Here, done: Done) -> Moved:
        if done.judged:
            return _told(here, done.judged)
        if here.s.place.part < MOST_LOOKS:
            return here.s, STAY
        return reply.say(here, here.words(self.lost)), Go("record_bad", instead=True)


class RecordGood(Asks):
    """Plays a take as callers would hear it, says what to listen for, and asks whether to keep it."""

    id = "record_good"
    fine, noisy, cut_start, cut_end = Line(), Line(), Line(), Line()
    keep, once_more, skip, stop = label(), label(), label(), label()
    kept, not_kept = Line(), Line()
    #: What there is to listen for, by its code.
    doubts: ClassVar = {"recording-noisy": noisy, "recording-cut-start": cut_start, "recording-cut-end": cut_end}
    picks = (
        Pick(keep, "record_prompt"), Pick(once_more, "record_prompt"), Pick(skip, "record_prompt"),
        Pick(stop, END_MENU),
    )  # fmt: skip

    def says(self, here: Here) -> Speech:
        return ()

    def speaks(self, here: Here) -> tuple[Speech, Action]:
        said, then = super().speaks(here)
        sound = here.s.taking.sound
        if sound and isinstance(then, Gather) and not (here.s.waited or here.s.place.offer > 1):
            return said, GatherAfterSound(then.seconds, then.digits, sound)
        return said, then

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """Hash plays the take again, as it repeats everything, and here it is worth saying so."""
        return (AGAIN_KEY,) if options else ()

    def picked(self, here: Here, pick: Pick) -> Moved:
        taking = here.s.taking
        if pick.label is not self.keep:
            return _onward(here, pick)
        return here.s, Do(KeepTake(take_id(here.s.call, taking.takes), taking.name), self._kept, self.not_kept)

    def _kept(self, here: Here, done: Done) -> Moved:
        return reply.say(here, here.words(self.kept)), Go("record_prompt", instead=True)


class RecordBad(Asks):
    """Says why a take cannot be used, and asks what to do."""

    id = "record_bad"
    silent, distorted, too_short, too_long, unreadable = Line(), Line(), Line(), Line(), Line()
    #: What is wrong, by its code. Anything else is told as a take that cannot be used.
    faults: ClassVar = {
        "recording-silent": silent, "recording-distorted": distorted, "recording-too-short": too_short,
        "recording-too-long": too_long,
    }  # fmt: skip
    picks = (
        Pick(RecordGood.once_more, "record_prompt"), Pick(RecordGood.skip, "record_prompt"),
        Pick(RecordGood.stop, END_MENU),
    )  # fmt: skip

    def says(self, here: Here) -> Speech:
        return ()

    def picked(self, here: Here, pick: Pick) -> Moved:
        return _onward(here, pick)


def _told(here: Here, judged: Judged) -> Moved:
    """What is said about a take that was judged."""
    if judged.faults:
        lines = [RecordBad.faults.get(code, RecordBad.unreadable) for code in judged.faults[:1]]
        return reply.say(here, *map(here.words, lines)), Go("record_bad", instead=True)
    lines = [RecordGood.doubts[code] for code in judged.doubts if code in RecordGood.doubts] or [RecordGood.fine]
    s = replace(here.s, taking=replace(here.s.taking, sound=judged.sound))
    return reply.say(here.at(s), *map(here.words, lines)), Go("record_good", instead=True)


def _onward(here: Here, pick: Pick) -> Moved:
    """The same prompt again, the next one, or the end."""
    taking = here.s.taking
    if pick.label is RecordGood.skip:
        taking = replace(taking, passed=(*taking.passed, taking.name))
    return replace(here.s, taking=taking), _to(pick.goto)


def _to(goto: str) -> Transition:
    """Star leads back to where recording began, and not through every prompt."""
    return Go(goto, instead=True) if goto == RecordPrompt.id else Go(goto)
