"""How things are said: words, pauses, and one function for each kind of number.

A *Speech* is what a caller hears in one go, as a tuple of pieces: words (text), pauses
(seconds), and blanks that are filled in during the call. Every piece of words is
rendered or recorded beforehand, so no caller ever waits for a sound to be made.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from num2words import num2words

from ivr.hours import Hours, Span


@dataclass(frozen=True)
class Blank:
    """A gap in a Speech for something known only during the call, and the punctuation that follows it."""

    name: str
    sign: str = ""


Piece = str | float | Blank
Speech = tuple[Piece, ...]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
#: The least length in seconds of the sound of one digit. A shorter sound is padded with silence. Measured voices take
#: between half a second and just under this.
DIGIT_SECONDS = 0.8
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

#: In authored words, a blank is written as {name}.
BLANK = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def text_of(speech: Iterable[Piece]) -> str:
    """The words of a Speech as one line of text, without its pauses."""
    return " ".join(f"{{{p.name}}}" if isinstance(p, Blank) else p for p in speech if not isinstance(p, float))


def words_of(speech: Iterable[Piece]) -> Iterator[str]:
    """Each piece of words in a Speech."""
    return (piece for piece in speech if isinstance(piece, str))


#: In the words of a node, what offers a text stands in square brackets: it is said only while texts can be sent.
OFFER = re.compile(r"\[([^\[\]]*)\]")


def in_pieces(words: str, *, offers_texts: bool) -> list[str]:
    """The words of a node, cut where an offer begins and ends; without the offers, if no text can be sent.

    What stays is said by the same sounds either way.
    """
    return [piece for i, piece in enumerate(OFFER.split(words)) if piece.strip() and (offers_texts or i % 2 == 0)]


def unmarked(words: str) -> str:
    """The words of a node with every offer in them, as they are heard while texts can be sent."""
    return OFFER.sub(r"\1", words)


def speech(template: str, values: Mapping[str, str | Speech]) -> Speech:
    """Authored words as a Speech. Each {name} is filled from `values`; a name that is missing there stays a Blank.

    A text value becomes part of the words around it (one breath, one file). A Speech value
    keeps its own pieces and pauses.
    """

    def inline(found: re.Match[str]) -> str:
        value = values.get(found[1])
        return value if isinstance(value, str) else found[0]

    pieces: list[Piece] = []
    for i, part in enumerate(BLANK.split(BLANK.sub(inline, template))):
        if i % 2:
            value = values.get(part, (Blank(part),))
            assert not isinstance(value, str)
            _append(pieces, value)
        elif part.strip():
            _append(pieces, (part.strip(),))
    return tuple(pieces)


def fill(said: Speech, values: Mapping[str, Speech]) -> Speech:
    """A Speech with its blanks filled. Raises KeyError for a blank that has no value."""
    pieces: list[Piece] = []
    for piece in said:
        if isinstance(piece, Blank):
            _append(pieces, (*values[piece.name], *([piece.sign] if piece.sign else [])))
        else:
            pieces.append(piece)
    return tuple(pieces)


def _append(pieces: list[Piece], more: Speech) -> None:
    """Append `more`. A comma or full stop at its start moves to the words before it."""
    for piece in more:
        if isinstance(piece, str) and pieces and (sign := re.match(r"[.,?!]+", piece)):
            last = pieces[-1]
            if isinstance(last, Blank):
                pieces[-1] = Blank(last.name, sign.group())
            elif isinstance(last, str):
                pieces[-1] = last.rstrip(".,") + sign.group()
            piece = piece[sign.end() :].strip()
            if not piece:
                continue
        pieces.append(piece)


def as_said(words: str, respelt: Mapping[str, str], write: Callable[[str, str], str] = lambda word, way: way) -> str:
    """Words as a voice should say them: 'EHC' becomes 'E H C' if config/words.yaml says so.

    `write` makes the replacement from the word and its pronunciation.
    """
    if not respelt:
        return words
    found = re.compile(r"\b(" + "|".join(map(re.escape, sorted(respelt, key=len, reverse=True))) + r")\b")
    return found.sub(lambda match: write(match[1], respelt[match[1]]), words)


# --- numbers --------------------------------------------------------------------------------


@cache
def number(value: int) -> str:
    """30 -> 'thirty'."""
    return str(num2words(value, lang="en"))


@cache
def ordinal(value: int) -> str:
    """30 -> 'thirtieth'."""
    return str(num2words(value, lang="en", to="ordinal"))


def paragraph(text: str) -> str:
    """A paragraph of the Code of Practice: '11.67' -> 'eleven point sixty-seven'."""
    return " point ".join(number(int(part)) for part in text.split("."))


def groups(phone: str) -> tuple[str, ...]:
    """A phone number's digits in groups that a listener can remember: at most four, five at the start of a mobile."""
    found: list[str] = []
    for group in phone.split():
        longest = 5 if not found else 4
        while len(group) > longest:
            found.append(group[:3])
            group = group[3:]
        found.append(group)
    return tuple(found)


def digit_gap(each: float) -> float:
    """The pause between two digits of a group, so that one digit starts every `each` seconds."""
    return max(0.1, round(each - DIGIT_SECONDS, 2))


def is_digit(words: str) -> bool:
    """Whether a piece of words is one digit of a number."""
    return words.rstrip(",.") in DIGITS


def digits(written: Iterable[str], each: float, between: float) -> Speech:
    """Groups of digits, one digit at a time: `each` seconds a digit, `between` seconds after a group."""
    gap = digit_gap(each)
    pieces: list[Piece] = []
    all_groups = list(written)
    for g, group in enumerate(all_groups):
        for d, digit in enumerate(group):
            last = d == len(group) - 1
            sign = ("." if g == len(all_groups) - 1 else ",") if last else ""
            pieces += [DIGITS[int(digit)] + sign, between if last else gap]
    return tuple(pieces[:-1])


def phone(text: str, each: float, between: float) -> Speech:
    """A phone number, said twice: '0116 496 0123' as zero one one six, four nine six, ..."""
    once = digits(groups(text), each, between)
    return (*once, 2 * between, *once)


# --- days and times -------------------------------------------------------------------------


def date(day: dt.date, today: dt.date) -> Speech:
    """'on Tuesday the first of December', in pieces; with 'today,' or 'tomorrow,' instead of 'on' if it is."""
    rest = day_of_year(day)
    near = {0: "today,", 1: "tomorrow,"}.get((day - today).days)
    return (near, DAYS[day.weekday()], *rest) if near else (f"on {DAYS[day.weekday()]}", *rest)


def day_of_year(day: dt.date) -> Speech:
    """'the first of December', in pieces."""
    return (f"the {ordinal(day.day)}", f"of {MONTHS[day.month - 1]}")


def time(moment: dt.time) -> str:
    """'nine in the morning', 'two thirty in the afternoon', 'twelve midday'."""
    if (moment.hour, moment.minute) == (12, 0):
        return "twelve midday"
    part = "morning" if moment.hour < 12 else "afternoon" if moment.hour < 18 else "evening"
    return f"{_clock(moment)} in the {part}"


def _clock(moment: dt.time) -> str:
    """'nine', 'two thirty', 'two zero five'."""
    hour = number((moment.hour - 1) % 12 + 1)
    if not moment.minute:
        return hour
    return f"{hour} {'zero ' if moment.minute < 10 else ''}{number(moment.minute)}"


def stretch(hours: Span) -> str:
    """'nine to twelve', where it is clear which half of the day is meant."""
    return f"{_clock(hours.opens)} to {_clock(hours.closes)}"


def opening_hours(hours: Hours) -> str:
    """'Monday to Friday. From nine in the morning to five in the afternoon'; equal days are said together."""
    runs: list[tuple[int, int, Span]] = []
    for day, span in enumerate(hours.week):
        if span is None:
            continue
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == span:
            runs[-1] = (runs[-1][0], day, span)
        else:
            runs.append((day, day, span))
    return ". ".join(
        f"{_days(first, last)}. From {time(span.opens)} to {time(span.closes)}" for first, last, span in runs
    )


def _days(first: int, last: int) -> str:
    if first == last:
        return DAYS[first]
    return f"{DAYS[first]} {'and' if last == first + 1 else 'to'} {DAYS[last]}"


def moments(hours: Hours) -> Iterator[str]:
    """The times of day at which the line opens, in words."""
    return (f"at {time(span.opens)}" for span in {s for s in hours.week if s})


def vocabulary(hours: Hours, windows: Iterable[str] = ()) -> frozenset[str]:
    """Every piece of words that a call may fill in. Each needs a sound before the first call."""
    plain = [
        *DIGITS, *DAYS, *(f"on {day}" for day in DAYS), "today", "tomorrow", *moments(hours), *windows,
        *(f"the {ordinal(n)}" for n in range(1, 32)),
        *(f"of {month}" for month in MONTHS),
    ]  # fmt: skip
    return frozenset(piece + sign for piece in plain for sign in ("", ",", "."))
