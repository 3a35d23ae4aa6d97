"""What the line says, as pages for people who cannot use the phone: the same guidance, with links instead of keys.

The pages are made from the booklet, so they have no words of their own about rights and time limits. Only what the
service has confirmed is on them: no page is shown until its words, the helpline's number and the opening hours are
confirmed, and a sentence with any other number or address that is not confirmed is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ivr.authoring.drafts import Draft
from ivr.overview import booklet, confirmation
from ivr.overview.atlas import Way
from ivr.overview.booklet import Booklet, BookletEntry
from ivr.places.nodes import Word
from ivr.places.person import PersonAway
from ivr.script import END_MENU, GREETING, HELP, MAIN_MENU, TEXT_ABOUT_US, Notice, Script
from ivr.spoken import text_of

#: Built-in steps that are a person, or lead to one: on a page, how to reach the service.
_A_PERSON, TALK = frozenset({"person", "ring_back"}), "Talk to a person"
#: The link to what follows by itself in a call.
GO_ON = "Go on"
#: The name of the sentence about the cost of a call, which is left out on pages.
_COST = "call_cost"


@dataclass(frozen=True, slots=True)
class Link:
    """A choice: where it leads, or what it explains."""

    words: str
    #: The name of a page; empty for a person.
    to: str
    #: What is said once it is chosen.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """A hard word, and what it means."""

    id: str
    word: str
    means: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of guidance, or a question, or a choice of topics."""

    id: str
    title: str
    says: tuple[str, ...]
    #: The settings because of which a sentence is left out: nobody has confirmed them.
    left_out: tuple[str, ...]
    is_question: bool
    links: tuple[Link, ...]
    words: tuple[Explained, ...]
    #: The text message about it, if it has an address in it: links are only ever sent by text.
    text: str
    urgent: str
    topic: str
    review_by: dt.date
    #: Whether it is in lists. A page that only a question leads to is not: nobody should guess which letter they have.
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a person."""

    phone: str
    says: str
    #: The text message about the service, with its addresses; empty while one of them is not confirmed.
    text: str


@dataclass(frozen=True, slots=True)
class PageSet:
    """All pages of one revision. The first is the one at which everybody begins."""

    service: str
    revision: str
    pages: dict[str, Page]
    words: tuple[Explained, ...]
    contact: Contact
    notices: tuple[Notice, ...]
    #: The day on which the service confirmed these words.
    confirmed_on: dt.date

    @property
    def first(self) -> Page:
        return self.pages[MAIN_MENU]

    def topics(self) -> dict[str, list[Page]]:
        """The pages that can be chosen from a list, by topic."""
        found: dict[str, list[Page]] = {}
        for page in self.pages.values():
            if page.is_listed:
                found.setdefault(page.topic, []).append(page)
        return found

    def notices_at(self, now: dt.datetime) -> tuple[str, ...]:
        """The notices that callers hear now."""
        return tuple(text_of(each.words) for each in self.notices if each.begins <= now <= each.ends)


def lacks(draft: Draft, script: Script) -> list[str]:
    """What must be confirmed before any page is shown."""
    settings = {str(path[-1]): setting for path, setting in draft.line.to_confirm().items()}
    needed = [_helpline(script), "opening_hours"]
    found = [name for name in needed if not settings[name].is_confirmed]
    return found if confirmation.are_words_confirmed(draft) else ["words", *found]


def pages(draft: Draft, script: Script) -> PageSet | None:
    """The pages of a draft and its script, as `booklet.script_to_read` makes it without offers of texts.

    None while something that `lacks` names is not confirmed.
    """
    if lacks(draft, script):
        return None
    made = booklet.of(draft, script)
    assert made.confirmed_on
    return PageSet(
        made.service, made.revision, _all(made, script), tuple(_words(script)), _contact(made, script), made.notices,
        made.confirmed_on,
    )  # fmt: skip


def _helpline(script: Script) -> str:
    """The name of the number that the line gives to callers."""
    return script.numbers.get(f"{PersonAway.id}.0", script.line.transfer.numbers[0])


def _contact(made: Booklet, script: Script) -> Contact:
    phone = script.line.phones[_helpline(script)]
    return Contact(phone, text_of(script.speech(PersonAway.number)), _text(made, TEXT_ABOUT_US))


# --- the pages ------------------------------------------------------------------------------


def _all(made: Booklet, script: Script) -> dict[str, Page]:
    """Every page that links lead to from the first, in the order of the booklet."""
    entries = {entry.id: _page(made, script, topic, entry) for topic in made.topics for entry in topic.entries}
    pages = {name: page for name, page in entries.items() if name in script.nodes}
    greeting = next(e for topic in made.topics for e in topic.entries if e.id == GREETING)
    cost = script.line.sentences.get(_COST)
    first = pages[MAIN_MENU]
    more = tuple(part.text for part in greeting.says[1:] if part.text != cost and not part.unconfirmed)
    pages[MAIN_MENU] = replace(first, says=(*more, *first.says))
    met, queue = {MAIN_MENU}, [MAIN_MENU]
    for name in queue:
        for link in pages[name].links:
            if link.to and link.to not in met:
                met.add(link.to)
                queue.append(link.to)
    choices = (pages[name] for name in met if not pages[name].is_question)
    listed = {link.to for page in choices for link in page.links if link.words != GO_ON} - {MAIN_MENU}
    return {name: replace(page, is_listed=name in listed) for name, page in pages.items() if name in met}


def _page(made: Booklet, script: Script, topic: booklet.Topic, entry: BookletEntry) -> Page:
    is_question = entry.kind == "Question"
    return Page(
        id=entry.id,
        title=entry.title,
        says=tuple(part.text for part in entry.says if not part.unconfirmed),
        left_out=tuple(dict.fromkeys(name for part in entry.says for name in part.unconfirmed)),
        is_question=is_question,
        links=tuple(link for way in entry.ways for link in _link(script, way, is_question)),
        words=tuple(explained for name in entry.words for explained in _word(script, name)),
        text=_text(made, entry.text) if entry.text != TEXT_ABOUT_US else "",
        urgent=entry.urgent,
        topic=topic.title,
        review_by=topic.review_by,
    )


#: The answers to a question, by key.
_ANSWERS = {"1": "Yes", "2": "No", "3": "I am not sure"}


def _link(script: Script, way: Way, is_question: bool) -> Iterator[Link]:
    """A choice as a link; nothing for what works only in a call, such as slower speech."""
    words = _ANSWERS[way.key] if is_question else (way.said_back or way.label).rstrip(".,")
    note = way.said_back if is_question else ""
    target = script.nodes.get(way.to)
    if way.to in _A_PERSON:
        yield Link(words if is_question else TALK, "", note)
    elif isinstance(target, Word) and is_question:
        yield Link(words, "", text_of(target.means))
    elif target and not isinstance(target, Word) and way.to not in (END_MENU, HELP):
        yield Link(words if way.key else GO_ON, way.to, note)


def _text(made: Booklet, name: str) -> str:
    """A text message that has an address in it; empty if it has none, or one that is not confirmed."""
    text = next((text for text in made.texts if text.name == name), None)
    has_address = text is not None and any(sign in text.body for sign in ("@", "www.", "https://"))
    return text.body if text and has_address and not text.unconfirmed else ""


def _words(script: Script) -> list[Explained]:
    """Every hard word that the line explains, by the alphabet."""
    found = [explained for name in script.nodes for explained in _word(script, name)]
    return sorted(found, key=lambda each: each.word.casefold())


def _word(script: Script, name: str) -> Iterator[Explained]:
    node = script.nodes.get(name)
    if isinstance(node, Word):
        yield Explained(name, node.word, text_of(node.means))
