"""What people wrote is data wherever it goes: one function for each border that has no library to do it.

And one spelling for what comes in, `spelled`, so that two sides that compare or count it agree.

Callers, advisers and staff write numbers, notes, names and words. In each place where they go, some characters mean
something: a formula in a spreadsheet, a command to a terminal, the next field in a head of an e-mail. The ways out, and
what makes words data there:

- a spreadsheet (`ivr callbacks export`, and what pages offer as a file, in `ivr/web/sheet.py`): `write_sheet` here,
  with Python's csv module
- a terminal (all that `ivr` prints, the log as plain lines, what a start prints): `printable` here
- the head of an e-mail (subject, sender, receivers): `head` here; its text goes through Python's email module
- the log as JSON: msgspec, and `json_line` here for whoever reads it on a terminal
- alerts by webhook, exports of a person: json and msgspec
- a page: Jinja's escaping, which is on for every template, and a content policy without inline scripts
- TwiML: `_escaped`, `_speakable` and `quoteattr` in `ivr/twilio/twiml.py`, and Twilio's own library
- an address: `urllib.parse.quote`, and ids that `ivr.twilio.webhook.safe_id` let through
- a text: staff's own words, and what an adviser wrote as an answer, both through Twilio's own library
- Redis and files: names of keys and files from ids that were cleaned (`ivr.usecases.jobs.recording_path`)

`tests/test_border.py` has a table of bad input for each.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from typing import TextIO

#: A cell that begins with one of these may be run as a formula, also after spaces.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
#: What a spreadsheet may take away before it looks whether a cell is a formula: every kind of space, and quotes.
_IGNORED = re.compile(r"[\s\u200c\u200d'\"]+")
#: Line breaks and tabs; and what joins or parts letters in many scripts and in emoji.
_ALLOWED = "\n\t\u200c\u200d"


def spelled(words: str) -> str:
    """Words in the one spelling that is kept and compared: an accent and its letter are one character (NFC)."""
    return unicodedata.normalize("NFC", words)


def cell(words: str) -> str:
    """Words as a cell of a spreadsheet, which reads them as text and not as a formula."""
    words = printable(words)
    return f"'{words}" if _IGNORED.sub("", words, 1).startswith(_FORMULA) or words.startswith(("\t", "\n")) else words


def write_sheet(file: TextIO, rows: Iterable[Iterable[str]]) -> None:
    """Write rows as a file for a spreadsheet.

    Every cell stands in quotes. A spreadsheet that also parts cells at semicolons and tabs, as LibreOffice does unless
    it is told otherwise, would else find the beginning of a cell in the middle of a note.
    """
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([cell(each) for each in row] for row in rows)


def printable(words: str) -> str:
    """Words for a terminal: characters that could command it, or turn the direction of a line, become visible.

    Line breaks and tabs stay.
    """
    if words.isascii() and words.isprintable():
        return words
    return "".join(char if _is_harmless(char) else _visible(char) for char in words)


def json_line(line: str) -> str:
    """A line of JSON in which nothing commands the terminal on which somebody reads it. It says the same."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(char if _is_harmless(char) else _in_json(char) for char in line)


def _in_json(char: str) -> str:
    """'\\u009b', for JSON."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def head(words: str) -> str:
    """Words for one field in the head of an e-mail: on one line, so that none can begin another field."""
    return " ".join(printable(words).split())


def _is_harmless(char: str) -> bool:
    return char in _ALLOWED or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _visible(char: str) -> str:
    """'\\x1b' for the character that begins a command to a terminal."""
    return char.encode("unicode_escape").decode("ascii")
