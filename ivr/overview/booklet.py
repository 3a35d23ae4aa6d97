"""Everything that the line says, to read: topic by topic, in the order in which callers meet them.

It is compiled from the files of config/ like the script that callers hear, but with the grammar for readers
(`ivr/language/printed.py`). So there is no second text, and nothing can be printed that is not said.
`ivr print` makes a document of all of it, and `/read` shows the part that needs no phone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ivr import places
from ivr.authoring.drafts import MENUS, Draft, revision_of
from ivr.authoring.linefile import Confirmed
from ivr.compiling import building
from ivr.compiling.translated import IN_ENGLISH, Whole
from ivr.language.printed import PRINTED
from ivr.overview import atlas, confirmation
from ivr.overview.atlas import Way
from ivr.overview.confirmation import Unconfirmed
from ivr.places.kinds import GO_BACK
from ivr.places.nodes import Question, Word
from ivr.places.phrases import Phrases
from ivr.places.reading import Reading
from ivr.places.reply import PERSON_KEY
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, Notice, Script
from ivr.script.place import Place
from ivr.spoken import Blank, Speech, text_of

#: Headings of places to which no choice leads by a name of their own.
_HEADINGS = {
    GREETING: "The first words", MAIN_MENU: "The first menu", END_MENU: "The menu at the end of a topic",
    HELP: "Help and settings",
}  # fmt: skip
_KINDS = {"guidance": "Guidance", "menu": "Menu", "word": "Explains a word", "step": "Built-in step"}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words that are said in one go."""

    text: str
    #: Its name in config/, for the words of a built-in step.
    name: str = ""
    #: How to get a person, where callers are told that next.
    hint: str = ""
    #: The settings in it that nobody has confirmed.
    unconfirmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookletEntry:
    """A place of the line: what is said there, and where it leads."""

    id: str
    #: Its title, which several places of one subject may share; and a heading that no other place has, for lists.
    title: str
    heading: str
    kind: str
    #: The keys that lead there from the greeting; None if no choice does.
    keys: tuple[str, ...] | None
    says: tuple[Paragraph, ...]
    ways: tuple[Way, ...] = ()
    #: The name of the text message about it, if it has one.
    text: str = ""
    #: The places that explain the hard words in it.
    words: tuple[str, ...] = ()
    #: Whether callers who ask to be rung from here are urgent: 'urgent', 'today', or empty.
    urgent: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A file of config/menus/, and the places in it."""

    title: str
    file: str
    owner: str
    source: str
    review_by: dt.date
    entries: tuple[BookletEntry, ...]


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text message."""

    name: str
    body: str
    #: The places that offer it.
    offered_at: tuple[str, ...]
    unconfirmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherLanguage:
    """A language in which the line has a short talk. `ivr translate list` prints its words."""

    tag: str
    in_english: str
    #: Whether it is switched on, so that callers are offered it.
    is_on: bool


@dataclass(frozen=True, slots=True)
class Booklet:
    """Everything that one revision says."""

    service: str
    revision: str
    topics: tuple[Topic, ...]
    texts: tuple[TextMessage, ...]
    notices: tuple[Notice, ...]
    languages: tuple[OtherLanguage, ...]
    unconfirmed: tuple[Unconfirmed, ...]
    #: Who at the service confirmed these very words, and when; empty and None if nobody did.
    confirmed_by: str
    confirmed_on: dt.date | None
    #: The heading of every place that something leads to.
    headings: Mapping[str, str]


def script_to_read(
    draft: Draft, bank_holidays: Iterable[dt.date] = (), ours: Iterable[str] = (), *, offers_texts: bool = True
) -> Script:
    """The script of a draft, worded for readers. Raises ConfigError with every Problem."""
    whole = Whole(PRINTED, IN_ENGLISH.words)
    return building.build(draft, revision_of(draft.files), bank_holidays, ours, offers_texts=offers_texts, whole=whole)


def of(draft: Draft, script: Script) -> Booklet:
    """The booklet of a draft and its script, as `script_to_read` makes it."""
    return _Maker(draft, script).booklet()


class _Maker:
    def __init__(self, draft: Draft, script: Script):
        self.draft, self.script = draft, script
        self.spots = {spot.id: spot for spot in atlas.of(script)}
        self.titles = self._titles()
        self.headings = self._headings()
        self.doubtful = self._doubtful()

    def booklet(self) -> Booklet:
        draft, script, line = self.draft, self.script, self.draft.line
        are_confirmed = confirmation.are_words_confirmed(draft)
        return Booklet(
            service=script.line.service_name,
            revision=script.revision,
            topics=tuple(self._topics()),
            texts=tuple(self._texts()),
            notices=script.notices,
            languages=tuple(
                OtherLanguage(each.language, each.in_english, each.switch == "on") for each in draft.languages.values()
            ),
            unconfirmed=tuple(confirmation.unconfirmed(draft, script)),
            confirmed_by=(line.content_checked_by or "") if are_confirmed else "",
            confirmed_on=line.content_checked_on if are_confirmed else None,
            headings=self.headings,
        )

    # headings

    def _titles(self) -> dict[str, str]:
        """The title of each place: what is said back where a choice leads to it, else the subject of its file."""
        script, found = self.script, dict(_HEADINGS)
        for name in self.spots:
            node = script.nodes.get(name)
            if node and not isinstance(node, Question):
                for option in node.options_written():
                    if option.said_back and option.goto != GO_BACK:
                        found.setdefault(option.goto, text_of(option.said_back).rstrip("."))
        words = {name: node.word for name, node in script.nodes.items() if isinstance(node, Word)}
        steps = {each.id: each.id.replace("_", " ") for each in places.WORDED}
        return {name: _capital(title) for name, title in {**steps, **script.titles, **found, **words}.items()}

    def _headings(self) -> dict[str, str]:
        """The same; a place that shares its title with others has its first words too, and if need be its keys."""
        titles, nodes = self.titles, self.script.nodes
        shared = Counter(titles[name] for name in nodes)
        found = dict(titles)
        for name, node in nodes.items():
            if shared[titles[name]] > 1:
                more = ": the word" if isinstance(node, Word) else f": {_first_sentence(self.spots[name].says)}"
                found[name] = titles[name] + more
        again = Counter(found[name] for name in nodes)
        for name in nodes:
            if again[found[name]] > 1:
                found[name] += f" (keys {', '.join(self.spots[name].keys or ('none',))})"
        return found

    # what is not confirmed

    def _doubtful(self) -> tuple[tuple[str, str], ...]:
        """Each setting that nobody has confirmed, with the words that it puts into a sentence."""
        settings = self.draft.line.to_confirm()
        return tuple(
            (str(path[-1]), words)
            for path, setting in settings.items()
            if not setting.is_confirmed
            for words in self._as_printed(str(path[-1]), setting)
        )

    def _as_printed(self, name: str, setting: Confirmed) -> Iterator[str]:
        match name:
            case "opening_hours":
                yield PRINTED.opening_hours(self.script.hours)
            case "ring_back":
                yield from (str(self.script.values[f"{part}_hours"]) for part in ("morning", "afternoon"))
            case "spending":
                return  # nobody says it
            case _:
                yield setting.value

    def _paragraph(self, text: str, name: str = "", hint: str = "") -> Paragraph:
        return Paragraph(text, name, hint, self._unconfirmed_in(text))

    def _unconfirmed_in(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, words in self.doubtful if _is_in(words, text)))

    # topics

    def _topics(self) -> Iterator[Topic]:
        """The files of config/menus/ in the order in which callers meet them, and then what the line itself says."""
        file_of = {name: file for file, _, name, _ in self.draft.nodes() if name in self.script.nodes}
        met = dict.fromkeys(file_of[name] for name in self.spots if name in file_of)
        for file in met:
            entries = tuple(self._entry(name) for name in self.spots if file_of.get(name) == file)
            yield self._topic(file, entries)
        for file, menu in self.draft.menus.items():
            if menu.steps or menu.phrases:
                yield self._topic(file, tuple(self._built_in()))
                return

    def _topic(self, file: str, entries: tuple[BookletEntry, ...]) -> Topic:
        menu = self.draft.menus[file]
        return Topic(
            _capital(menu.title), f"config/{MENUS}{file.removeprefix(MENUS)}", menu.owner, menu.source, menu.review_by,
            entries,
        )  # fmt: skip

    def _entry(self, name: str) -> BookletEntry:
        spot, node = self.spots[name], self.script.nodes[name]
        kind = "Question" if isinstance(node, Question) else _KINDS[spot.kind]
        return BookletEntry(
            id=name,
            title=self.titles[name],
            heading=self.headings[name],
            kind=kind,
            keys=spot.keys,
            says=tuple(self._said(node)),
            ways=spot.ways,
            text=node.text_name() or "" if spot.kind != "word" else "",
            words=tuple(word for word in node.hard_words() if word in self.script.nodes),
            urgent=node.urgency(),
        )

    def _said(self, node: Place) -> Iterator[Paragraph]:
        """What is said at a node, with the hint how to get a person where it is given."""
        for i, speech in enumerate(node.speeches()):
            is_hinted = isinstance(node, Reading) and node.hint_after == i and i < len(node.parts)
            hint = f"{text_of(self.script.speech(Phrases.to_person))} {self.script.press[PERSON_KEY]}"
            if speech or is_hinted:
                yield self._paragraph(text_of(speech), hint=hint if is_hinted else "")

    def _built_in(self) -> Iterator[BookletEntry]:
        """The words of the built-in steps, and the phrases between other words."""
        for words in places.WORDED:
            if not words.lines():
                continue
            says = tuple(self._line(line.id, line.name) for line in words.lines())
            title = self.titles[words.id]
            yield BookletEntry(words.id, title, title, _KINDS["step"], None, says)
        phrases = tuple(self._line(line.id, line.name) for line in Phrases.lines())
        title = "Phrases between other words"
        yield BookletEntry("built-in-phrases", title, title, "Phrases", None, phrases)  # names of places have no hyphen

    def _line(self, line_id: str, name: str) -> Paragraph:
        return self._paragraph(_with_blanks(self.script.says[line_id]), name)

    # texts

    def _texts(self) -> Iterator[TextMessage]:
        offered: dict[str, list[str]] = {}
        for name, node in self.script.nodes.items():
            if text := node.text_name():
                offered.setdefault(text, []).append(name)
        for name, body in self.script.texts.items():
            yield TextMessage(name, body, tuple(offered.get(name, ())), self._unconfirmed_in(body))


def _is_in(words: str, text: str) -> bool:
    """Whether a setting is in a text. A word such as 'closed' may be there for another reason."""
    return any(character.isdigit() or character in "@." for character in words) and words in text


def _with_blanks(speech: Speech) -> str:
    """The words of a Speech as one line, each blank with its mark: 'We will call you {day}, {window}.'"""
    return " ".join(
        f"{{{piece.name}}}{piece.sign}" if isinstance(piece, Blank) else piece
        for piece in speech
        if not isinstance(piece, float)
    )


def _first_sentence(says: tuple[str, ...]) -> str:
    return re.split(r"(?<=[.?!]) ", says[0], maxsplit=1)[0] if says else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
