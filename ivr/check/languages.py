"""Checks of other languages: what any speaker could see, and how long it takes. English rules judge none of them.

Whether callers may hear a language at all is decided by the compiler (`ivr/compiling/languages.py`), and not by a rule,
because rules can be waived.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from ivr import dialling
from ivr.authoring.drafts import LANGUAGE_LINES
from ivr.check.context import Context, Finding, rule
from ivr.check.dates import why_not_called
from ivr.compiling import translation
from ivr.places.languages import OTHERS_KEY
from ivr.spoken import words_of

#: Seconds for all languages to offer themselves, and for one.
OFFER_SECONDS, ONE_OFFER_SECONDS = 12.0, 2.5
#: Letters that are spoken in a second, for sounds that do not exist yet. Signs on a letter, such as vowels in Gujarati,
#: do not count. An estimate, not a measurement.
LETTERS_A_SECOND = 12.0


@rule("language-words", "Words that a voice or a reader cannot tell are heard wrong.", level="warning")
def language_words(context: Context) -> Iterator[Finding]:
    """Words of another language have no figures, letters of one script, and are not left in English."""
    lines = context.draft.language_lines
    for file, language in context.draft.languages.items() if lines else ():
        assert lines
        for row in translation.rows(lines, language):
            for remark in translation.remarks(row, language.language) if row.translated else ():
                words = f"{row.id}: {remark}."
                yield Finding(file, ("lines", row.id, "says"), words, "Correct it, and have it checked again.")


@rule("language-seconds", "A long sentence in a strange situation is forgotten before it ends.", level="warning")
def language_seconds(context: Context) -> Iterator[Finding]:
    """Each line of a language lasts no longer than `lines.yaml` allows: measured by its sounds, or estimated."""
    lines = context.draft.language_lines
    for file, language in context.draft.languages.items() if lines else ():
        assert lines
        for row in translation.rows(lines, language):
            lasts = max((_seconds(context, words) for words in row.sounds.values()), default=0.0)
            if lasts > row.seconds:
                told = f"{row.id} lasts about {lasts:.0f} seconds."
                yield Finding(file, ("lines", row.id), told, f"Make it {row.seconds} at most.")


def _seconds(context: Context, words: str) -> float:
    """The seconds of a sound, or an estimate by the letters that are spoken, whatever the script."""
    measured = context.measured.get((words, False))
    letters = sum(unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo") for char in words)
    return letters / LETTERS_A_SECOND if measured is None else measured


@rule("language-offers", "English callers wait while each language offers itself.", level="warning")
def language_offers(context: Context) -> Iterator[Finding]:
    """The offers of all languages that are on take 12 seconds at most, and each of them 2.5."""
    pause, total = context.script.line.pace.before_key, 0.0
    for tongue in context.script.tongues:
        if not tongue.is_live:
            continue
        said = tongue.name if tongue.keys[0] == OTHERS_KEY else tongue.choose
        lasts = sum(_seconds(context, words) for words in words_of(said))
        total += lasts + pause
        if lasts > ONE_OFFER_SECONDS:
            words = f"{tongue.in_english} takes {lasts:.1f} seconds to offer itself."
            yield Finding(LANGUAGE_LINES, ("lines", "choose"), words, f"Make it {ONE_OFFER_SECONDS} at most.")
    if total > OFFER_SECONDS:
        words = f"All languages together take {total:.0f} seconds to offer themselves."
        yield Finding(LANGUAGE_LINES, ("lines", "choose"), words, "Give fewer a key of their own: the others behind 8.")


@rule("language-numbers", "A caller who does not know the language would be led into it.")
def language_numbers(context: Context) -> Iterator[Finding]:
    """A number that leads straight into a language can be rung, and is no other number of the line."""
    known = [*context.script.line.without_menus, *context.ours]
    for file, language in context.draft.languages.items():
        for i, number in enumerate(language.numbers):
            path = ("numbers", i)
            if dialling.same(number, known):
                words = f"'{number}' is another number of this line, or another language's."
                yield Finding(file, path, words, "Give each language numbers of its own.")
            elif (verdict := dialling.judge(number).verdict) not in ("fine", "freephone", "body"):
                yield Finding(file, path, why_not_called(number, verdict), "Check the number.")
            known.append(number)
