"""Numbers, texts and the voice: what changes is written once, a text is short, and nobody speaks too fast."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr import sms
from ivr.check import english
from ivr.check.context import LINE, TEXTS, Context, Finding, rule
from ivr.check.no_words import ADDRESS
from ivr.check.words import without_keys

#: The most characters of a text: two parts of plain ones.
TEXT_MOST = 2 * sms.EACH_PART["GSM-7"]

_DIGITS = re.compile(r"\d")

_ANY = "|".join(
    sorted((word for word in english.NUMBERS if word not in ("and", "point", "second")), key=len, reverse=True)
)
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
#: Durations, dates and times in words: they change with the law or the year, so they belong in line.yaml.
_UNIT = "(?:(?:working|school|more|whole|full) )?(?:day|week|month|year|hour|minute|pound)s?"
_IN_WORDS = re.compile(
    rf"\b(?:{_ANY})\b(?:[- ](?:{_ANY})\b)* {_UNIT}\b"
    rf"|\b(?:{_ANY}|second)\b (?:of )?(?:{_MONTH})\b"
    rf"|\b(?:{_ANY}) (?:in the (?:morning|afternoon|evening)|o.clock|[ap]m)\b"
)


@rule("numbers-by-hand", "A number that changes must change everywhere at once.")
def numbers_by_hand(context: Context) -> Iterator[Finding]:
    for text in context.texts:
        is_setting = text.file == LINE
        if (digit := _DIGITS.search(ADDRESS.sub(" ", without_keys(text.written)))) and text.kind != "phrase":
            remedy = "Write it in words." if is_setting else "Put it into config/line.yaml, and its {name} here."
            yield text.finding("This number is written by hand.", remedy, word=digit[0])
        elif not is_setting and (found := _IN_WORDS.search(text.written)):
            remedy = "Put it into config/line.yaml, and its {name} here."
            yield text.finding(f"'{found[0]}' is written by hand.", remedy, word=found[0])
        if found := ADDRESS.search(text.written):
            words = "Callers cannot write down an address by ear."
            yield text.finding(words, "Put it into a text message.", word=found[0])


@rule("texts-by-hand", "A number that changes must change everywhere at once.")
def texts_by_hand(context: Context) -> Iterator[Finding]:
    texts = context.draft.texts.texts
    for name, body in texts.items():
        if ADDRESS.search(body) or re.search(r"\d{4}", body):
            words = "This number or address is written by hand."
            yield Finding(TEXTS, ("texts", name), words, "Put it into config/line.yaml.")


#: Numbers that are heard as one another: thirteen and thirty, and so on to nineteen and ninety.
_ALIKE = {*range(13, 20), *range(30, 100, 10)}
_COUNTED = re.compile(r"\{(\w+)\} (?:\w+ )?(day|week|month)s?\b")
_LENGTH = re.compile(r"\b(day|week|month)s?\b")


@rule("sounds-like", "On a bad line, fifteen is heard as fifty.", level="warning")
def sounds_like(context: Context) -> Iterator[Finding]:
    """A length of time whose number sounds like another is said in a second way, too: '15 days, about two weeks'."""
    line = context.draft.line
    values = {**line.numbers, "message_keep_days": line.ring_back.message_keep_days}
    for text in context.texts:
        for name, unit in _COUNTED.findall(text.written):
            if values.get(name) in _ALIKE and set(_LENGTH.findall(text.written)) <= {unit}:
                words = f"'{values[name]} {unit}s' may be heard as another number."
                yield text.finding(words, "Say about how many weeks or months that is, too.", word=f"{{{name}}}")


@rule("text-length", "Nobody reads a third message, but it has to be paid for.")
def text_length(context: Context) -> Iterator[Finding]:
    for name, body in context.script.texts.items():
        if len(body) > TEXT_MOST:
            words = f"This text has {len(body)} characters. Two messages hold {TEXT_MOST}."
            yield Finding(TEXTS, ("texts", name), words, "Shorten it.")
        if not body.isascii():
            strange = next(c for c in body if not c.isascii())
            words = f"'{strange}' makes a text three times as long."
            yield Finding(TEXTS, ("texts", name), words, "Use a plain character.", word=strange)


@rule("pace", "Too fast is the fault older listeners name first.")
def pace(context: Context) -> Iterator[Finding]:
    """Limits for the voice's speed and pauses in line.yaml."""
    found = context.draft.line.pace
    if not 130 <= found.words_a_minute <= 150:
        yield Finding(LINE, ("pace", "words_a_minute"), _TOO_FAST, "Speak between 130 and 150 words a minute.")
    if found.slow_words_a_minute > 115:
        yield Finding(LINE, ("pace", "slow_words_a_minute"), _TOO_FAST, "Make slow speech 115 words a minute at most.")
    for name, least in (
        ("before_key", 0.7),
        ("between_choices", 1.0),
        ("after_key_press", 0.8),
        ("slow_pauses", 1.5),
        ("each_digit", 1.0),
        ("between_groups", 0.7),
    ):
        if getattr(found, name) < least:
            yield Finding(LINE, ("pace", name), "People need more time than this.", f"Make this at least {least}.")


_TOO_FAST = "Callers cannot follow at this pace."

#: Twilio's British voices that are known to support pauses, a pace, and respelled words.
_TWILIO_VOICES = ("Polly.Amy-Neural", "Polly.Emma-Neural", "Polly.Brian-Neural", "Polly.Arthur-Neural")


@rule("twilio-voice", "Twilio says nothing at all if it does not know the voice.", level="warning")
def twilio_voice(context: Context) -> Iterator[Finding]:
    voice = context.draft.line.speech.say_voice
    if voice not in _TWILIO_VOICES:
        words = f"'{voice}' may not be a British Twilio voice that can speak slower."
        yield Finding(LINE, ("speech", "say_voice"), words, f"Use {_TWILIO_VOICES[0]}, or test it.")
