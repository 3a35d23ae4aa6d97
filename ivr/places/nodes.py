"""The nodes that staff write besides readings: menus, questions, and explanations of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from ivr.places import languages, reply
from ivr.places.kinds import GO_BACK, Speaks, Step, onward
from ivr.places.phrases import MoreTime, Phrases
from ivr.places.reply import AGAIN_KEY, BACK_KEY, HELP_KEY, LONGEST_WAIT, PERSON_KEY
from ivr.places.taking import RecordPrompt
from ivr.places.wish import counts, half_way, withdraw
from ivr.script import END_MENU, MAIN_MENU, TEXT_ABOUT_WORDS, WORDS_MENU
from ivr.script.lines import Line, Words, label
from ivr.script.place import BACK, STAY, Back, Go, Here, Moved, Option
from ivr.script.session import At, Input, Key, NoInput, Session
from ivr.spoken import Speech

#: The longest pause in seconds. Whoever pressed nothing for so long has left. (Twilio ends a call after four hours.)
LONGEST_PAUSE = 60 * 60


@dataclass(frozen=True, slots=True)
class Menu(Speaks):
    """Speaks, and asks for one key."""

    id: str
    say: Speech
    options: tuple[Option, ...]
    text: str | None = None

    def says(self, here: Here) -> Speech:
        return self.say

    def choices(self, here: Here) -> tuple[Option, ...]:
        return self.options

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """Names keys 0 and hash, star if there is a way back, and 9 once in a call.

        The first menu names only key 0: its choices must be heard soon after the greeting.
        """
        s = here.s
        if not options:
            return ()
        person = () if reply.needs_no_zero(here, options) else (PERSON_KEY,)
        if not (s.trail or s.silences or s.wrongs):
            return person
        back = (BACK_KEY,) if s.trail else ()
        return (*person, AGAIN_KEY, *back, *(() if HELP_KEY in s.taught else (HELP_KEY,)))

    def is_topic(self) -> bool:
        return bool(self.text)

    def text_name(self) -> str | None:
        return self.text

    def options_written(self) -> tuple[Option, ...]:
        return self.options

    def speeches(self) -> Iterable[Speech]:
        return (self.say,)


@dataclass(frozen=True, slots=True)
class MainMenu(Menu):
    """The first menu, in which the keys of languages work too."""

    def pressed(self, here: Here, key: str) -> Moved | None:
        return languages.pressed(here, key)


def _from_the_start(s: Session) -> Session:
    """The session without its trail and its topic."""
    return replace(s, trail=(), left_at=-1, topic="", place=At(MAIN_MENU))


@dataclass(frozen=True, slots=True)
class EndMenu(Menu):
    """The menu at the end of every topic."""

    ends_dialogue = True

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        """Names few keys, unlike other menus: by the end of a topic, the caller has heard of the others."""
        return Speaks.named(self, here, options)

    def chosen(self, here: Here, option: Option) -> Moved:
        s, to = Speaks.chosen(self, here, option)
        return (_from_the_start(s) if option.goto == MAIN_MENU else s), to


# --- help and settings, key 9 -------------------------------------------------------------------


class Slower(Words):
    """The words for switching slow speech on and off."""

    id = "slower"
    say, say_normal, normal_label = Line(), Line(), label()


def _slower(here: Here) -> Session:
    words = Slower.say_normal if here.s.slow else Slower.say
    return replace(reply.say(here, here.words(words)), slow=not here.s.slow)


def _more_time(here: Here) -> Session:
    return replace(reply.say(here, here.words(MoreTime.say)), more_time=True)


#: The settings under key 9, each with the function that applies it. Each leads back to where the caller came from.
SETTERS: dict[str, Callable[[Here], Session]] = {Slower.id: _slower, MoreTime.id: _more_time}


class Pause(Step):
    """Waits for any key, for as long as the caller likes, and then goes back to where they came from."""

    id = "pause"
    say, still_here = Line(), Line()
    for_staff = stands_alone = True
    helped_within = LONGEST_PAUSE + Step.helped_within

    def speech(self, here: Here) -> Speech:
        return here.words(self.say)

    def seconds(self, here: Here) -> int:
        return LONGEST_WAIT

    def took(self, here: Here, event: Input) -> Moved | None:
        s = here.s
        if isinstance(event, Key):
            return (replace(s, lead=()), Go("person")) if event.keys == PERSON_KEY else (s, BACK)
        if isinstance(event, NoInput) and (s.waited + 1) * self.seconds(here) < LONGEST_PAUSE:
            return replace(s, waited=s.waited + 1, lead=here.words(self.still_here)), STAY
        return None


@dataclass(frozen=True, slots=True)
class HelpMenu(Menu):
    """The menu under key 9: settings of the call, explanations of words, and the ways out."""

    def choices(self, here: Here) -> tuple[Option, ...]:
        own = tuple(self._current(here, option) for option in self.options)
        if not here.s.drafts:
            return own
        return (*own, Option(str(len(own) + 1), here.words(RecordPrompt.offer), RecordPrompt.id))

    def _current(self, here: Here, option: Option) -> Option:
        """An option as it applies now: the other pace is offered, and 'words' leads to the hard word just heard."""
        s = here.s
        if option.goto == Slower.id and s.slow:
            return Option(option.key, here.words(Slower.normal_label), option.goto)
        if not s.trail or option.goto != WORDS_MENU:
            return option
        left = here.script.places.get(s.trail[-1].node)
        word = left.hard_word(here.script, s.trail[-1]) if left else None
        return Option(option.key, option.label, word, option.said_back) if word else option

    def named(self, here: Here, options: tuple[Option, ...]) -> tuple[str, ...]:
        return (BACK_KEY,) if here.s.trail and options else ()

    def chosen(self, here: Here, option: Option) -> Moved:
        s, to = Speaks.chosen(self, here, option)
        goto = option.goto
        if setting := SETTERS.get(goto):
            return setting(here.at(s)), BACK
        if goto == Pause.id:  # like the other settings, it leads back to where the caller came from
            return s, Go(goto, instead=True)
        # Unlike star, these choices do not withdraw a call that is promised already.
        if goto in (MAIN_MENU, END_MENU) and half_way(here.script, s, *s.trail) and not counts(s):
            out = replace(s, trail=(), left_at=-1, topic="" if goto == MAIN_MENU else s.topic, place=At(END_MENU))
            return withdraw(here.at(out), Go(goto, instead=True))
        if goto == MAIN_MENU:
            return _from_the_start(s), to
        target = here.script.nodes.get(goto)
        if s.trail and (goto == WORDS_MENU or (target and target.meaning())):
            back = replace(s, trail=s.trail[:-1], place=s.trail[-1], silences=0, wrongs=0, waited=0, unsure_of="")
            return back, to
        return s, to


# --- questions and words ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question(Speaks):
    """Asks one thing: yes, no, or not sure."""

    id: str
    ask: Speech
    options: tuple[Option, ...]

    needs_question = True
    helped_within = 10 * 60

    def says(self, here: Here) -> Speech:
        return self.ask

    def choices(self, here: Here) -> tuple[Option, ...]:
        return self.options

    def chosen(self, here: Here, option: Option) -> Moved:
        """Where an answer leads. If 'not sure' leads to the explanation of a word, the caller hears that and the
        question again; after a second 'not sure', a person is rung.
        """
        target, s = here.script.nodes.get(option.goto), here.s
        meaning = target.meaning() if target else ()
        if not meaning:
            return Speaks.chosen(self, here, option)
        if s.unsure_of == self.id:
            return s, Go("person")
        s = replace(reply.say(here, meaning), unsure_of=self.id, silences=0, wrongs=0)
        return (reply.one_at_a_time(s, 1) if s.one_key else s), STAY

    def options_written(self) -> tuple[Option, ...]:
        return self.options

    def speeches(self) -> Iterable[Speech]:
        return (self.ask,)


@dataclass(frozen=True, slots=True)
class Word(Speaks):
    """Explains one hard word."""

    id: str
    word: str
    means: Speech
    next_word: str | None
    text: str = TEXT_ABOUT_WORDS

    def says(self, here: Here) -> Speech:
        return self.means

    def choices(self, here: Here) -> tuple[Option, ...]:
        """After an explanation: back, all the words, a list by text, and the next word if there is one."""
        by_text = "send_text" if here.script.offers_texts else None
        labels = (
            (Phrases.words_back, GO_BACK), (Phrases.words_all, WORDS_MENU), (Phrases.words_text, by_text),
            (Phrases.words_next, self._next(here)),
        )  # fmt: skip
        return tuple(Option(str(i), here.words(line), goto) for i, (line, goto) in enumerate(labels, 1) if goto)

    def _next(self, here: Here) -> str | None:
        """The next word: of the reading in which key 9 was pressed, or of the word's own list."""
        s = here.s
        left = here.script.nodes.get(s.trail[s.left_at].node) if 0 <= s.left_at < len(s.trail) else None
        words = left.hard_words() if left else ()
        return next(iter(words[words.index(self.id) + 1 :]), None) if self.id in words else self.next_word

    def chosen(self, here: Here, option: Option) -> Moved:
        s = here.s
        if option.goto == GO_BACK and 0 <= s.left_at < len(s.trail):
            return s, Back(s.left_at)
        if option.goto == self._next(here):  # it takes this one's place in the trail
            return s, Go(option.goto, instead=True)
        return s, onward(option.goto)

    def is_topic(self) -> bool:
        return True

    def text_name(self) -> str | None:
        return self.text

    def meaning(self) -> Speech:
        return self.means

    def speeches(self) -> Iterable[Speech]:
        return (self.means,)
