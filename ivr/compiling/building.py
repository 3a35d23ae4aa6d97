"""Compiles a draft into a Script, and reports every Problem at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from msgspec.structs import replace

from ivr import hours, places, spoken
from ivr.authoring import authored, datesfile, naming
from ivr.authoring.authored import LEFT_OUT
from ivr.authoring.drafts import LANGUAGE_LINES, LANGUAGES, LINE, MENUS, TEXTS, Draft, read_draft, revision_of
from ivr.authoring.linefile import LineFile, PartOfDay, compiled
from ivr.authoring.parsing import Path
from ivr.callbacks.callback import REFERENCE_DIGITS
from ivr.callbacks.diary import Diary, Part
from ivr.compiling import coherence, languages
from ivr.compiling.coherence import Findings
from ivr.compiling.resolving import NodeResolver
from ivr.compiling.translated import IN_ENGLISH, Whole
from ivr.compiling.wording import Wording
from ivr.hours import Hours, Span
from ivr.places.nodes import EndMenu, HelpMenu, MainMenu, Menu, Question, Word
from ivr.places.phrases import Phrases
from ivr.places.reading import Greeting, Reading
from ivr.problems import ConfigError, Problem, kind
from ivr.script import ANSWER_DAY, END_MENU, GREETING, HELP, MAIN_MENU, NEEDED_TEXTS, Notice, Script
from ivr.script.place import Option, Place
from ivr.spoken import Speech


def load(
    files: Mapping[str, str],
    bank_holidays: Iterable[dt.date] = (),
    ours: Iterable[str] = (),
    *,
    offers_texts: bool = True,
) -> Script:
    """Compile the files of `config/`. Raises ConfigError with every Problem that prevents it."""
    return build(read_draft(files), revision_of(files), bank_holidays, ours, offers_texts=offers_texts)


def published(
    files: Mapping[str, str],
    bank_holidays: Iterable[dt.date] = (),
    ours: Iterable[str] = (),
    *,
    offers_texts: bool = True,
) -> tuple[Script, tuple[Problem, ...]]:
    """Compile files that are live. A language with a problem is left out, and its problems are returned.

    Callers still hear the English line. Raises ConfigError for any other problem.
    """
    try:
        return load(files, bank_holidays, ours, offers_texts=offers_texts), ()
    except ConfigError as error:
        at_fault = faulty_languages(files, error.problems)
        if not at_fault:
            raise
        rest = {name: text for name, text in files.items() if name not in at_fault}
        script = build(read_draft(rest), revision_of(files), bank_holidays, ours, offers_texts=offers_texts)
        return script, error.problems


def faulty_languages(files: Mapping[str, str], problems: Iterable[Problem]) -> frozenset[str]:
    """The files of languages without which these problems are gone; none if others are at fault too."""
    at_fault = {problem.where.file.removeprefix("config/") for problem in problems}
    if not all(name.startswith(LANGUAGES) for name in at_fault):
        return frozenset()
    return frozenset(name for name in files if name.startswith(LANGUAGES) and {name, LANGUAGE_LINES} & at_fault)


def build(
    draft: Draft,
    revision: str,
    bank_holidays: Iterable[dt.date] = (),
    ours: Iterable[str] = (),
    *,
    offers_texts: bool = True,
    whole: Whole = IN_ENGLISH,
) -> Script:
    """Compile a draft for a line that has the numbers `ours`. Raises ConfigError with every Problem.

    Without `offers_texts`, whatever leads to a text is left out, and so is each sentence that offers one. `whole`: the
    language in which everything is said.
    """
    builder = _Builder(draft, bank_holidays, frozenset(ours), offers_texts, whole)
    script = builder.script(revision)
    if draft.problems or builder.found.problems:
        raise ConfigError([*draft.problems, *builder.found.problems])
    return script


def hours_of(line: LineFile, bank_holidays: Iterable[dt.date]) -> Hours:
    """The opening hours in line.yaml."""
    week = tuple(hours.day(spans) for spans in line.opening_hours.by_day().values())
    days_off = frozenset(bank_holidays) | frozenset(line.closed_days)
    other = {date: hours.day(spans) for date, spans in datesfile.days(line.other_hours, days_off, line.closed_days)}
    return Hours(week, days_off, other)


class _Builder:
    """Compiles one draft, and collects its problems."""

    def __init__(
        self, draft: Draft, bank_holidays: Iterable[dt.date], ours: frozenset[str], offers_texts: bool, whole: Whole
    ):
        self.draft, self.line, self.ours, self.offers_texts = draft, draft.line, ours, offers_texts
        self.found, self.whole, self.grammar = Findings(draft), whole, whole.grammar
        self.hours = hours_of(self.line, bank_holidays)
        written = languages.keys_given_up(draft, self.found)
        self.authored = {name: whole.node(name, node) for name, node in written.items()}
        self.resolver = NodeResolver(self.found, self.authored)
        self.steps, self.phrases = (whole.block("", self._one(part)) for part in ("steps", "phrases"))
        self.names, self.sentences = (
            whole.block(f"{group}.", getattr(self.line, group)) for group in ("names", "sentences")
        )
        self.said = self._values()
        self.wording = Wording(self.found, self.said, offers_texts=offers_texts)

    # what the files must contain together

    def _one(self, part: str) -> dict[str, Any]:
        """The one `steps` or `phrases` block among the menu files, as a plain dict."""
        found = [(name, block) for name, m in self.draft.menus.items() if (block := getattr(m, part))]
        for name, _ in found[1:]:
            self.found.report(_TWO_BLOCKS(part=part, file=found[0][0]), name, (part,))
        if not found:
            if not any(self.draft.documents[file].faulty for file in self.draft.menus):
                self.found.report(_NO_BLOCK(part=part), MENUS + "shared.yaml", ())
            return {}
        return dict(found[0][1].model_dump())

    def _values(self) -> dict[str, str | Speech]:
        """Every setting by name, as it is spoken."""
        line, pace, grammar = self.line, self.line.pace, self.grammar
        return {
            # Braces in a value are a Problem that is reported elsewhere; they are not filled in.
            **{name: re.sub("[{}]", "", value) for name, value in {**self.names, **self.sentences}.items()},
            **{name: grammar.number(value) for name, value in line.numbers.items()},
            **{name: grammar.paragraph(value) for name, value in line.paragraphs.items()},
            **{name: grammar.phone(value, pace.each_digit, pace.between_groups) for name, value in line.phones.items()},
            # The hours of a usual week, even in a week with other hours: the sentence is one fixed sound, and a caller
            # who rings next week needs them. Who can talk today, and when we open again, depend on that day's hours.
            "opening_hours": self.phrases.get("hours", "").replace("{hours}", grammar.opening_hours(self.hours)),
            "morning_hours": self._hours_of(line.ring_back.morning),
            "afternoon_hours": self._hours_of(line.ring_back.afternoon),
            "message_keep_days": grammar.number(line.ring_back.message_keep_days),
            "reference_digits": grammar.number(REFERENCE_DIGITS),
            **{name: self._press(key) for name, key in PRESS.items()},
            PRESS_CHANGE: self._press_to(CHANGE),
        }

    def _hours_of(self, part: PartOfDay) -> str:
        span = Span.parse(part.hours)
        return self.grammar.stretch(span) if span else self.grammar.closed

    # the parts of a script

    def script(self, revision: str) -> Script:
        coherence.settings(self.found)
        coherence.words_cut_short(self.found)
        nodes, first = {}, dict.fromkeys((*places.STEPS, *places.STEP_WORDS), "by the line itself")
        for file, document, node_id, _ in self.draft.nodes():
            path = ("nodes", node_id)
            if node_id in first:
                self.found.report(_NODE_TWICE(name=node_id, first=first[node_id]), file, path)
            where = document.where(path)
            first.setdefault(node_id, f"{where.file}:{where.line}")
            if not self.resolver.is_off(node_id):
                nodes[node_id] = self._node(file, node_id, self.authored[node_id])
        coherence.needed_nodes(self.found, nodes)
        press = {key: self._press(key) for key in ("1234567890*#" if self._offers_languages() else "1234590*#")}
        made = Script(
            revision=revision,
            line=compiled(self.line),
            respelt=self.draft.words.said,
            nodes=nodes,
            steps=places.STEPS,
            values=self.said,
            says=self._says(),
            numbers=self._numbers(nodes),
            titles={node_id: self.draft.menus[file].title for file, _, node_id, _ in self.draft.nodes()},
            texts=self._texts(),
            hours=self.hours,
            notices=self._notices(),
            diary=Diary(self._parts(), self.hours, self.line.ring_back.days_ahead),
            grammar=self.grammar,
            press={key: self.grammar.sentence(words) for key, words in press.items()},
            press_where={
                key: self.grammar.press_where(words, self.phrases.get(where, "")) for key, words, where in _where(press)
            },
            ours=self.ours.union(self.line.without_menus, *(each.numbers for each in self.draft.languages.values())),
            offers_texts=self.offers_texts,
            recorded=self.draft.recordings.compiled,
        )
        return languages.compiled(self.draft, made, self.found)

    def _offers_languages(self) -> bool:
        """Whether anybody can be offered another language: they have keys that nothing else has."""
        return bool(self.line.test_phones) or any(each.switch == "on" for each in self.draft.languages.values())

    def _notices(self) -> tuple[Notice, ...]:
        return tuple(
            Notice(self.wording.speech(LINE, ("notices", i, "words"), words), notice.first, notice.last)
            for i, notice in enumerate(self.line.notices)
            for words in [self.whole.words("notice", notice.words)]
        )

    def _parts(self) -> dict[Part, Span]:
        parts: dict[Part, Span] = {}
        for part in get_args(Part):
            if span := Span.parse(getattr(self.line.ring_back, part).hours):
                parts[part] = span
        return parts

    def _press(self, key: str) -> str:
        name = {"0": "zero", "*": "star", "#": "hash"}.get(key)
        return str(self.phrases.get("press", "")).replace("{key}", str(self.phrases.get(name, key)) if name else key)

    def _press_to(self, wanted: str) -> str:
        """The keys from the first menu to a place, by the shortest way: 'press 5', or 'press 4, then 3'."""
        ways: dict[str, tuple[int, ...]] = {MAIN_MENU: (), HELP: (9,)}
        for here in (queue := [MAIN_MENU, HELP]):
            for key, choice in getattr(self.authored.get(here), "choices", {}).items():
                if choice.goto not in ways:
                    ways[choice.goto] = (*ways[here], key)
                    queue.append(choice.goto)
        keys = ways.get(wanted, ())
        if not keys:
            return self._press("0")
        return self.grammar.press_in_order(self._press(str(keys[0])), map(str, keys[1:]))

    def _says(self) -> dict[str, Speech]:
        says = {}
        for part, block in (("steps", self.steps), ("phrases", self.phrases)):
            for name, words in block.items():
                fields = words.items() if isinstance(words, dict) else [("", words)]
                for field_name, text in fields:
                    path = (part, name, field_name) if field_name else (part, name)
                    key = f"{name}.{field_name}" if field_name else name
                    says[key] = self.wording.speech(
                        self._shared_file(), path, self.grammar.label(text) if places.LINES[key].is_label else text
                    )
        if not self.offers_texts:
            says[Phrases.more_label.id] = says[Phrases.more_label_no_text.id]
        return says

    def _numbers(self, nodes: Mapping[str, Place]) -> dict[str, str]:
        """The phone number that each part of a reading says, and the helpline's where nobody can talk."""
        written = {f"{name}.{i}": text for name in nodes for i, text in enumerate(self._parts_said(name))}
        written["person_away.0"] = str(self.steps.get("person_away", {}).get("number", ""))
        found = {
            where: [name for name in spoken.BLANK.findall(text) if name in self.line.phones]
            for where, text in written.items()
        }
        return {where: names[-1] for where, names in found.items() if names}

    def _parts_said(self, name: str) -> list[str]:
        """The parts of a reading, without those that are empty today."""
        node = self.authored[name]
        parts = node.parts if isinstance(node, authored.ReadingNode) else []
        said = ("".join(spoken.in_pieces(part, offers_texts=self.offers_texts)) for part in parts)
        return [part for part in said if spoken.speech(part, self.said)]

    def _shared_file(self) -> str:
        return next((name for name, menu in self.draft.menus.items() if menu.steps), MENUS + "shared.yaml")

    def _texts(self) -> dict[str, str]:
        line = self.line
        values = {
            **self.names, **self.sentences, **line.phones, **line.emails, **line.links, **line.paragraphs,
            **{name: str(value) for name, value in line.numbers.items()},
        }  # fmt: skip
        for needed in NEEDED_TEXTS:
            if needed not in self.draft.texts.texts and not self.found.is_lost(needed, TEXTS):
                self.found.report(_TEXT_NEEDED(name=needed), TEXTS, ("texts",))
        values[ANSWER_DAY] = f"{{{ANSWER_DAY}}}"  # filled in when a text is answered
        bodies = self.whole.block("text.", self.draft.texts.texts)
        return {name: self.wording.text(name, body, values) for name, body in bodies.items()}

    # one node

    def _node(self, file: str, node_id: str, node: Any) -> Place:
        path: Path = ("nodes", node_id)
        match node:
            case authored.MenuNode():
                options = [
                    self._option(file, (*path, "choices", key), str(key), choice)
                    for key, choice in sorted(node.choices.items())
                ]
                text = self._known_text(file, path, node.text)
                menu = _MENUS.get(node_id, Menu)
                return menu(node_id, self.wording.speech(file, (*path, "say"), node.say), _only(options), text)
            case authored.QuestionNode():
                answers = zip("123", ("if_yes", "if_no", "if_not_sure"), strict=True)
                found = [self._answer(file, (*path, name), key, name, getattr(node, name)) for key, name in answers]
                return Question(node_id, self.wording.speech(file, (*path, "ask"), node.ask), _only(found))
            case authored.WordNode():
                means = self.wording.speech(file, (*path, "means"), node.means)
                self.resolver.menu(file, (*path, "listed_in"), node.listed_in)
                next_word = node.next_word and self.resolver.word(file, (*path, "next_word"), node.next_word)
                return Word(node_id, node.word, means, next_word or None)
            case _:
                return self._reading(file, path, node_id, node)

    def _reading(self, file: str, path: Path, node_id: str, node: authored.ReadingNode) -> Reading:
        spoken_parts = [self.wording.speech(file, (*path, "parts", i), part) for i, part in enumerate(node.parts)]
        parts = tuple(part for part in spoken_parts if part) or ((),)  # then its choices come at once
        hint = {"first part": 0, "last part": len(parts) - 1, None: None}[node.person_hint]
        return (Greeting if node_id == GREETING else Reading)(
            id=node_id,
            parts=parts,
            closing=self.wording.speech(file, (*path, "closing"), node.closing) if node.closing else (),
            next=self._option(file, (*path, "next"), "1", node.next) if node.next else None,
            runs_on_to=self.resolver.target(file, (*path, "runs_on_to"), node.runs_on_to) if node.runs_on_to else None,
            hint_after=hint,
            text=self._known_text(file, path, node.text),
            words=tuple(w for i, w in enumerate(node.words) if self.resolver.word(file, (*path, "words", i), w)),
            urgent="today" if node.urgent == "today" else "urgent" if node.urgent else "",
        )

    def _option(self, file: str, path: Path, key: str, choice: authored.Choice) -> Option | None:
        goto = self.resolver.target(file, (*path, "goto"), choice.goto)
        if goto is None or (goto == SEND_TEXT and not self.offers_texts):
            return None
        words, back = self._named(choice)
        label = self.wording.speech(file, (*path, "label"), self.grammar.label(words))
        said_back = self.wording.speech(file, (*path, "said_back"), back)
        target = self.authored.get(choice.goto)
        instead = target.when_off.say if target and self.resolver.is_off(choice.goto) and target.when_off else None
        return Option(key, label, goto, said_back + (self.wording.speech(file, path, instead) if instead else ()))

    def _named(self, choice: authored.Choice) -> tuple[str, str]:
        """What a choice is called, and what is said back.

        A choice whose whole label offers a text, and that leads to more than that, has another label while no texts can
        be sent.
        """
        offer = spoken.OFFER.fullmatch(choice.label)
        if offer and not self.offers_texts:
            return str(self.phrases.get(Phrases.more_label_no_text.id) or LEFT_OUT), ""
        label = offer[1] if offer else choice.label
        return label, choice.said_back or self.grammar.sentence(label)

    def _answer(self, file: str, path: Path, key: str, name: str, answer: authored.Answer) -> Option | None:
        label = self.phrases.get(name) or name
        goto = END_MENU if answer.goto == SEND_TEXT and not self.offers_texts else answer.goto
        choice = authored.Choice(label=label, goto=goto, said_back=answer.say or self.grammar.sentence(label))
        option = self._option(file, path, key, choice)
        if option is None:
            if self.resolver.is_off(answer.goto) and not self.resolver.has_instead(answer.goto):
                self.found.report(_OFF(name=answer.goto), file, path)
            return None
        return option if answer.say else replace(option, said_back=option.said_back[1:])

    def _known_text(self, file: str, path: Path, text: str | None) -> str | None:
        if text and text not in self.draft.texts.texts and not self.found.is_lost(text, TEXTS):
            nearest = naming.meant(self.draft.files, text, "text")
            self.found.report(_NO_TEXT(name=text, nearest=nearest), file, (*path, "text"))
        return text


#: Keys as staff's words name them, so that none is written by hand; and the way to change a promised call.
PRESS = {"press_zero": "0", "press_star": "*", "press_hash": "#", "press_one": "1"}
PRESS_CHANGE, CHANGE = "press_change", "ring_reference"
#: The step that sends a text.
SEND_TEXT = "send_text"
#: Menus with a class of their own.
_MENUS: dict[str, type[Menu]] = {MAIN_MENU: MainMenu, END_MENU: EndMenu, HELP: HelpMenu}
_TWO_BLOCKS = kind("block-twice", "'{part}' is in {file} too.", "Keep one of them.")
_NO_BLOCK = kind("missing-block", "No file in config/menus has '{part}'.", "Put shared.yaml back.")
_NODE_TWICE = kind("node-twice", "'{name}' is already used as a name ({first}).", "Rename one of them.")
_TEXT_NEEDED = kind("missing-text", "The text '{name}' is missing.", "Write it: every line needs it.")
_NO_TEXT = kind("unknown-text", "There is no text '{name}' in config/texts.yaml.", "Write it there.{nearest}")
_OFF = kind("switched-off", "'{name}' is switched off.", "Say where callers go instead, with 'when_off'.")


def _only(options: Iterable[Option | None]) -> tuple[Option, ...]:
    return tuple(option for option in options if option)


def _where(press: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for key, where in (("0", "where_zero"), ("*", "where_star"), ("#", "where_hash")):
        yield key, press[key], where
