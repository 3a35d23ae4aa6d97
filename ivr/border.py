"""Escaping: what people wrote stays text wherever it goes. One function for each destination that no library serves.

What comes in is normalised by `spelled`, so that words that are compared or counted are spelled in one way.

Callers, advisers and staff write numbers, notes, names and words. In each place where these go, some characters have a
meaning: they begin a formula in a spreadsheet, a command to a terminal, or the next field in the header of an e-mail.
The destinations, and what does the escaping there:

- a spreadsheet (`ivr callbacks export`, and what pages offer as a file, in `ivr/web/sheet.py`): `write_sheet` here,
  with Python's csv module
- a terminal (all that `ivr` prints, the log as plain lines, what a start prints): `printable` here
- the header of an e-mail (subject, sender, receivers): `head` here; its text goes through Python's email module
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
#: What a spreadsheet may remove before it decides whether a cell is a formula: every kind of space, and quotes.
_IGNORED = re.compile(r"[\s\u200c\u200d'\"]+")
#: Line breaks and tabs; and the characters that join or separate letters in many scripts and in emoji.
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

    Every cell is quoted. Otherwise a spreadsheet that also splits at semicolons and tabs, as LibreOffice does by
    default, could take the middle of a note for the beginning of a cell, and run it as a formula.
    """
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([cell(each) for each in row] for row in rows)


def printable(words: str) -> str:
    """Words for a terminal: control characters, and those that change the direction of text, are shown as escapes.

    Line breaks and tabs stay.
    """
    if words.isascii() and words.isprintable():
        return words
    return "".join(char if _is_harmless(char) else _visible(char) for char in words)


def json_line(line: str) -> str:
    """A line of JSON for a terminal: control characters become JSON escapes, so it still decodes to the same value."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(char if _is_harmless(char) else _in_json(char) for char in line)


def _in_json(char: str) -> str:
    """The character as a JSON escape, such as '\\u009b'."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def head(words: str) -> str:
    """Words for one field in the header of an e-mail: on one line, so that they cannot begin another field."""
    return " ".join(printable(words).split())


def _is_harmless(char: str) -> bool:
    return char in _ALLOWED or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _visible(char: str) -> str:
    """The character as a Python escape, such as '\\x1b'."""
    return char.encode("unicode_escape").decode("ascii")
