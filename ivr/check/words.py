"""The wording: what a caller with low literacy can follow when they hear it once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr import places
from ivr.authoring import authored
from ivr.authoring.authored import ReadingNode
from ivr.check import english, no_words
from ivr.check.context import MENUS, TEXTS, Context, Finding, Level, Text, rule
from ivr.places.kinds import Asks
from ivr.places.nodes import Word
from ivr.places.phrases import Phrases
from ivr.spoken import BLANK, text_of

SENTENCE_GOOD, SENTENCE_MOST = 12, 15
PART_MOST = 30
LABEL_GOOD, LABEL_MOST = 7, 10
EXTRA_SYLLABLES_GOOD, EXTRA_SYLLABLES_MOST = 6, 12
GRADE_MOST, GRADE_NEEDS_WORDS = 4.0, 100

#: Phrases that callers do not follow, or that put them off, with the remedy.
BANNED: tuple[tuple[str, str], ...] = (
    (
        r"press (the )?(?!an?\b|any\b)\w+(,? (key|button|now))*,? (for|to|if)\b",
        "Say the choice first and its key last; the line adds the key itself.",
    ),
    (r"\b(pound|oh|double|triple) (key|sign|zero|one|two|three|four|five|six|seven|eight|nine)\b", "Say zero or hash."),
    (r"\b(press pound|asterisk|number sign)\b", "Say star or hash."),
    (r"\b(key in|dial|(hit|push) (the )?(zero|star|hash|key|button|one|two|three|four))\b", "Say 'press' or 'enter'."),
    (r"\b(etc|e\.?g|i\.?e)\.", "Say it in words: 'and more', 'for example', 'that is'."),
    (
        r"\b(invalid|incorrect|error|wrong key|did ?n[o']t (get|understand))\b",
        "Do not blame the caller. Say what they can do.",
    ),
    (
        r"\b(please hold(?! on)|hold the line|your call is important|thank you for \w+ing)\b",
        "Remove it: it is padding.",
    ),
    (r"\b(please listen carefully|options have changed|following options)\b", "Remove it: it is padding."),
    (
        r"\b(other enquiries|more options|something else|(?<!in )general|misc(ellaneous)?)\b",
        "Say what the choice is about.",
    ),
    (r"\b(at the end of the day|in the loop|touch base|going forward|on the same page)\b", "Say what it means."),
    (r"\b(click|tap (on|here)|type (in|your|the))\b", "This is a telephone. Offer a text."),
    (
        r"\bhalf (one|two|three|four|five|six|seven|eight|nine|ten|eleven)\b",
        "Elsewhere that is an hour less. Say 'two thirty'.",
    ),
)

#: Words that a voice does not stress. They neither tell two choices apart nor make them sound alike.
_LITTLE = frozenset({
    "to", "for", "if", "a", "an", "the", "your", "you", "and", "or", "of", "with", "in", "on", "us", "our", "we", "it",
    "this", "is", "are", "be", "do", "what", "which", "when", "how", "who", "about", "hear", "know", "get", "words",
})  # fmt: skip
#: One word for one thing, the same on every part of the line.
PREFERRED: dict[str, str] = {
    r"local authority|\bLA\b": "the council",
    r"clinical commissioning group|\bCCG\b|integrated care board": "the NHS",
    r"\bprovision\b": "help",
    r"\bassess(ed|es|ing)?\b": "check needs",
    r"\bparties\b": "everyone",
    # On a telephone, pyttsx3's 'ring' is heard as 'read', and its 'call' as 'call' (measured by `scripts/ear`).
    r"\b(ring|rings|ringing|rang|rung)\b": "call",
    r"\bcommence|\bterminate|\bregarding\b|\bprior to\b|\bin order to\b": "a plain word: start, end, about, before, to",
}

_CAPITALS = re.compile(r"\b[A-Z]{2,}(?: [A-Z]{2,})+\b")
_ACRONYM = re.compile(r"\b[A-Z]{2,}s?\b")
_NOT_TWICE = re.compile(r"\b(?:not|cannot|\w+n.t|never|no)\b.*\b(without|unless|un\w{4,}|not)\b", re.IGNORECASE)


@rule("sentence-length", "Listeners cannot go back, and can take in one idea at a time.")
def sentence_length(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        for sentence in english.sentences(text.heard):
            count = english.sentence_words(sentence)
            if count > SENTENCE_GOOD:
                worse = count > SENTENCE_MOST
                most = SENTENCE_MOST if worse else SENTENCE_GOOD
                words = f"This sentence has {count} words: '{sentence}'"
                yield text.finding(words, f"Make it {most} at most.", "error" if worse else "warning", word=sentence)


@rule("part-length", "Listeners can take in about thirteen seconds before they need a pause.")
def part_length(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        if text.kind in ("part", "question", "meaning", "menu", "step", "phrase"):
            count = english.spoken_words(text.heard) if text.node else _not_dictated(text.heard)
            if count > PART_MOST:
                remedy = f"Make it {PART_MOST} at most, or split it into two parts."
                level: Level | None = None
                if (hours := _of_hours(context, text)) and count - hours <= PART_MOST:
                    remedy = f"The opening hours are {hours} of them. Leave {{opening_hours}} out here, or say less."
                    level = "warning"  # the hours are as they are
                yield text.finding(f"This takes {count} words to say.", remedy, level)


def _of_hours(context: Context, text: Text) -> int:
    """How many of the words are the opening hours."""
    said = "{opening_hours}" in text.written
    return _not_dictated(text_of(context.speech("{opening_hours}"))) if said else 0


def _not_dictated(heard: str) -> int:
    """The words of a built-in step, without the digits of numbers, which callers write down and do not remember."""
    return sum(map(english.sentence_words, english.sentences(heard)))


@rule("label-length", "Callers have to remember a choice until they hear its key.")
def label_length(context: Context) -> Iterator[Finding]:
    for text in context.spoken("label"):
        count = english.spoken_words(text.heard)
        if count > LABEL_GOOD:
            worse = count > LABEL_MOST
            remedy = f"Make it {LABEL_MOST if worse else LABEL_GOOD} at most."
            yield text.finding(f"This choice has {count} words.", remedy, "error" if worse else "warning")


@rule("label-overlap", "Choices that sound alike are the most common fault of phone menus.")
def label_overlap(context: Context) -> Iterator[Finding]:
    """No two choices that are heard together share a word that is stressed. Key 0 is heard with nearly all of them."""
    for node_id, node in context.authored.items():
        if isinstance(node, authored.MenuNode):
            told = [(choice.label, choice.goto == "person") for _, choice in sorted(node.choices.items())]
            for nth, words in _alike(context, told):
                key = sorted(node.choices)[nth]
                yield context.at(node_id, "choices", key, "label", words=words, remedy=_UNLIKE)
    for step_id, step in places.STEPS.items():
        if isinstance(step, Asks):
            told = [(text_of(context.script.speech(pick.label)), pick.goto == "person") for pick in step.picks]
            for nth, words in _alike(context, told):
                path = ("steps", step_id, step.picks[nth].label.name)
                yield Finding(f"{MENUS}shared.yaml", path, words, _UNLIKE)


_UNLIKE = "Use different words."


def _alike(context: Context, told: list[tuple[str, bool]]) -> Iterator[tuple[int, str]]:
    """The choices that share a stressed word with an earlier one, or with the offer of a person on key 0."""
    to_person = text_of(context.script.speech(Phrases.to_person))
    for nth, (label, is_person) in enumerate(told):
        before = [earlier for earlier, _ in told[:nth]] + ([] if is_person else [to_person])
        for other in before:
            if word := _shared(label, other):
                yield nth, f"This choice sounds like '{other.rstrip(',')}': both have '{word}'."


def _shared(one: str, other: str) -> str:
    """A stressed word of the first that the other has too, in any of its forms; empty if there is none."""
    stems = {form for word in _stressed(other) for form in english.forms(word)}
    return next((word for word in _stressed(one) if stems & set(english.forms(word))), "")


def _stressed(label: str) -> list[str]:
    """The words of a label that the voice stresses."""
    return [word for word in english.words(label) if word.lower() not in _LITTLE and not english.is_number(word)]


@rule("listening", "Long words are harder to follow by ear than in print.")
def listening(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        for sentence in english.sentences(text.heard):
            extra = english.extra_syllables(sentence)
            if extra > EXTRA_SYLLABLES_GOOD and not english.sentence_words(sentence) < 4:
                worse = extra > EXTRA_SYLLABLES_MOST
                words = f"This has {extra} more syllables than words, too many to follow: '{sentence}'"
                yield text.finding(words, "Use shorter words.", "error" if worse else "warning", word=sentence)


@rule("unknown-words", "One unknown word makes the whole sentence unclear.")
def unknown_words(context: Context) -> Iterator[Finding]:
    known = _known(context)
    for text in context.texts:
        strange = [word for word in english.words(no_words.without(text.heard)) if not _is_known(word, known)]
        for word in dict.fromkeys(strange):
            remedy = "Use another word, explain it in a word node, or list it in config/words.yaml."
            yield text.finding(f"Not everybody knows '{word}'.", remedy, word=word)


def _known(context: Context) -> set[str]:
    listed = context.draft.words
    glossary = [node.word for node in context.script.nodes.values() if isinstance(node, Word)]
    settings = list(context.draft.line.names.values())
    everything = " ".join([*listed.everyday, *listed.names, *listed.said, *glossary, *settings])
    return {form for word in english.words(everything) for form in (word.lower(), *word.lower().split("-"))}


def _is_known(word: str, known: set[str]) -> bool:
    return len(word) == 1 or english.is_common(word) or any(form in known for form in english.forms(word))


@rule("glossary", "Callers can ask for an explanation where they hear a hard word.")
def glossary(context: Context) -> Iterator[Finding]:
    """A reading that uses a hard word must list it, so that 'what does that mean' explains it there."""
    hard = {node.id: node.word.lower() for node in context.script.nodes.values() if isinstance(node, Word)}
    for node_id, node in context.authored.items():
        if not isinstance(node, ReadingNode):
            continue
        said = " ".join(text.heard for text in context.texts if text.node == node_id and text.kind == "part").lower()
        for word_id, word in hard.items():
            if (
                re.search(rf"\b{re.escape(word)}s?\b", said)
                and word_id not in node.words
                and not english.is_common(word)
            ):
                remedy = f"Add {word_id} to this reading's words."
                yield context.at(node_id, words=f"'{word}' is said here.", remedy=remedy, word=word)


@rule("acronyms", "Abbreviations mean nothing to people who do not know them.")
def acronyms(context: Context) -> Iterator[Finding]:
    listed = context.draft.words
    explained = {
        token for node in context.script.nodes.values() if isinstance(node, Word) for token in english.words(node.word)
    }
    for text in context.texts:
        heard = no_words.without(text.heard)
        if shouted := _shouted(heard):
            yield text.finding(f"'{shouted}' is in capitals.", "Write it in small letters.", word=shouted)
            continue
        for found in dict.fromkeys(_ACRONYM.findall(heard)):
            letters = found.rstrip("s") if found[-1] == "s" else found
            if letters not in listed.said:
                remedy = "Write a respelling under 'said' in config/words.yaml."
                if english.is_common(letters):
                    remedy = f"If it is a word, write it in small letters. If it is letters: {remedy}"
                yield text.finding(f"'{letters}' may be mispronounced.", remedy, word=letters)
            elif letters not in explained and letters not in " ".join(
                [*listed.names, *context.draft.line.names.values()]
            ):
                remedy = "Write a word node for it, or use the full words."
                yield text.finding(f"'{letters}' is not explained.", remedy, word=letters)


def _shouted(words: str) -> str:
    """The first common words in a row that are in capitals; empty if there are none. One alone may be letters."""
    rows = _CAPITALS.findall(words)
    return next((row for row in rows if all(map(english.is_common, row.split()))), "")


@rule("banned", "Padding, blame and idioms waste attention.")
def banned(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        for pattern, instead in BANNED:
            if found := re.search(pattern, text.written, re.IGNORECASE):
                yield text.finding(f"'{found[0]}' must not be used on this line.", instead, word=found[0])


@rule("keys-by-hand", "Keys move; one that is written by hand then leads callers astray.")
def keys_by_hand(context: Context) -> Iterator[Finding]:
    """Keys are never written by hand: not in guidance, not in the words of the line itself, not in texts or notices."""
    for text in context.texts:
        if text.kind != "phrase" or "{" in text.written:
            for found in _by_hand(text.written):
                remedy = f"Remove '{found}'." if text.node else _instead_of_key(found)
                yield text.finding(_BY_LINE if text.node else f"'{found}' is written by hand.", remedy, word=found)
    for name, body in context.draft.texts.texts.items():
        for found in _by_hand(body):
            yield Finding(TEXTS, ("texts", name), "A text cannot know which key it will be.", f"Remove '{found}'.")


def _by_hand(written: str) -> list[str]:
    return [found[0] for found in _KEY.finditer(written)]


def without_keys(written: str) -> str:
    """The words without keys written by hand: the rule `keys-by-hand` reports those."""
    return _KEY.sub(" ", written)


_BY_LINE = "The line adds 'press' and the key by itself."
#: What stands for a key in the line's own words.
_FOR_KEY = {
    "zero": "press_zero", "0": "press_zero", "star": "press_star", "hash": "press_hash", "one": "press_one",
    "1": "press_one",
}  # fmt: skip


def _instead_of_key(found: str) -> str:
    """What to write in the line's own words instead of a key."""
    name = _FOR_KEY.get(found.lower().split()[-1])
    if name and "then" not in found:
        return f"Write {{{name}}} instead."
    return (
        f"Remove '{found}', and say what the choice is about: its menu says its key. "
        "For changing a promised call, write {press_change}."
    )


_NUMBERS = "zero|one|two|three|four|five|six|seven|eight|nine"
_A_KEY = rf"(?:the )?(?:{_NUMBERS}|star|hash|\d)\b"
#: "Press four", "option 2", "on key nine", "press four, then three"; and a key by its name, as in "star stops it".
_KEY = re.compile(
    rf"\b(?:press|pressing|option|keys?|hit|push) (?:key |number )?{_A_KEY}(?:,? (?:and )?then {_A_KEY})*"
    r"|\b(?:star|hash)\b",
    re.IGNORECASE,
)


@rule("one-word", "Listeners take two words for two different things.")
def one_word_for_one_thing(context: Context) -> Iterator[Finding]:
    explains = _explains(context)
    for text in context.texts:
        if text.node in explains:
            continue
        for pattern, instead in PREFERRED.items():
            if found := re.search(pattern, text.written, 0 if "[A-Z]" in pattern else re.IGNORECASE):
                words = f"'{found[0]}' and '{instead}' would be two words for one thing."
                yield text.finding(words, f"Say '{instead}'.", word=found[0])


def _explains(context: Context) -> set[str]:
    """Word nodes and the menus of words: they may use hard words, because they explain them."""
    words = {node_id: node for node_id, node in context.authored.items() if isinstance(node, authored.WordNode)}
    return {*words, *(word.listed_in for word in words.values())}


@rule("double-negative", "Listeners take a double negative for a single one.")
def double_negative(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        for sentence in english.sentences(text.heard):
            found = _NOT_TWICE.search(sentence)
            if found and _is_negative(found[1].lower()):
                yield text.finding(f"This is a double negative: '{sentence}'", "Say it positively.", word=sentence)


def _is_negative(word: str) -> bool:
    """Whether a prefix negates the word: 'unhappy' does, 'understand' and 'university' do not."""
    return not word.startswith("un") or word == "unless" or english.is_common(word.removeprefix("un"))


@rule("reading-grade", "Nearly one adult in five reads at the level of a nine-year-old or below.", level="warning")
def reading_grade(context: Context) -> Iterator[Finding]:
    for file, menu in context.draft.menus.items():
        pooled = " ".join(
            _ended(BLANK.sub("ten", text.written))
            for text in context.texts
            if text.file == file and text.kind not in ("label", "phrase")
        )
        if len(english.words(pooled)) < GRADE_NEEDS_WORDS:
            continue
        grade = english.grade(pooled)
        if grade > GRADE_MOST:
            remedy = f"Bring it to {GRADE_MOST} with shorter sentences and words."
            yield Finding(file, (), f"'{menu.title}' reads at grade {grade:.1f}.", remedy)


def _ended(words: str) -> str:
    return words if words.endswith((".", "?", "!")) else f"{words}."
