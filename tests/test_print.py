"""Everything the line says, printed: what is in it, and that everybody can read it."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from pypdf.generic import Destination, DictionaryObject

from ivr import printing
from ivr.authoring import drafts, editing
from ivr.authoring.drafts import Draft
from ivr.cli import commands
from ivr.machine import config, equipment
from ivr.overview import booklet, confirmation
from ivr.overview.booklet import Booklet
from ivr.script import Script
from ivr.spoken import text_of

TODAY = dt.date(2026, 11, 29)


def _booklet(files: dict[str, str]) -> Booklet:
    draft = drafts.read_draft(files)
    return booklet.of(draft, booklet.script_to_read(draft, config.bank_holidays()))


@pytest.fixture(scope="module")
def draft(files: dict[str, str]) -> Draft:
    return drafts.read_draft(files)


@pytest.fixture(scope="module")
def made(draft: Draft) -> Booklet:
    return booklet.of(draft, booklet.script_to_read(draft, config.bank_holidays()))


@pytest.fixture(scope="module")
def pdf(made: Booklet) -> PdfReader:
    return PdfReader(io.BytesIO(printing.pdf(made, TODAY)))


def _text(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def _plain(words: str) -> str:
    """Words without what differs between a sentence that is heard and one that is read: figures, and marks."""
    return re.sub(r"[^a-z]+", "", words.lower())


# --- what is in it --------------------------------------------------------------------------


def test_every_sentence_that_callers_hear_is_printed(draft: Draft, made: Booklet, shipped: Script) -> None:
    printed = {_plain(part.text) for topic in made.topics for entry in topic.entries for part in entry.says}
    written = booklet.script_to_read(draft, config.bank_holidays())

    said = [speech for node in written.nodes.values() for speech in node.speeches()]
    assert {_plain(text_of(speech)) for speech in (*said, *written.says.values())} <= printed | {""}
    assert {entry.id for topic in made.topics for entry in topic.entries} >= set(shipped.nodes)


def test_every_choice_is_printed_with_its_key_what_is_said_back_and_where_it_leads(
    made: Booklet, shipped: Script
) -> None:
    for topic in made.topics:
        for entry in topic.entries:
            if entry.id in shipped.nodes:
                ways = {(way.key, way.to, way.said_back) for way in entry.ways}
                for option in shipped.nodes[entry.id].options_written():
                    assert (option.key, option.goto, text_of(option.said_back)) in ways, entry.id


def test_topics_come_in_the_order_in_which_callers_meet_them(made: Booklet) -> None:
    titles = [topic.title for topic in made.topics]

    assert titles[0] == "The start"
    assert titles[1] == "A letter from the council", "key 1 of the first menu"
    assert titles[-1] == "The line itself"
    for topic in made.topics:
        depths = [len(entry.keys) for entry in topic.entries if entry.keys is not None]
        assert depths == sorted(depths), topic.title


def test_numbers_are_figures_and_the_words_around_them_are_those_that_are_heard(made: Booklet) -> None:
    said = {entry.id: [part.text for part in entry.says] for topic in made.topics for entry in topic.entries}

    assert said["contact_us"][0] == "Our number is 0116 257 5027."
    assert said["rule_parts"][0] == "For complaints, ask for 11.2. Then ask for 11.67 to 11.111."
    assert "You may have only 15 days, about 2 weeks." in said["letter_draft"][1]
    assert said["ring_done"][0] == "Thank you. We will call you {day}, {window}."


@pytest.mark.parametrize(
    ("hours", "printed"),
    [
        ("09:00 to 17:00", "Monday to Friday, 9am to 5pm"),
        ("09:30 to 12:00 and 13:00 to 16:45", "Monday to Friday, 9.30am to midday and 1pm to 4.45pm"),
        ("00:00 to 12:30", "Monday to Friday, midnight to 12.30pm"),
    ],
)
def test_hours_are_printed_as_people_write_them(hours: str, printed: str, files: dict[str, str]) -> None:
    line = files["line.yaml"].replace("day: 09:00 to 17:00", f"day: {hours}")

    draft = drafts.read_draft({**files, "line.yaml": line})

    assert f"You can call us {printed}" in str(booklet.script_to_read(draft, config.bank_holidays()).values)


def test_no_two_places_have_the_same_heading(made: Booklet) -> None:
    headings = [entry.heading for topic in made.topics[:-1] for entry in topic.entries]

    assert len(headings) == len(set(headings))


def test_what_is_not_confirmed_is_listed_and_marked_where_it_is_said(made: Booklet) -> None:
    marked = {entry.id: part.unconfirmed for topic in made.topics for entry in topic.entries for part in entry.says}

    assert made.unconfirmed[0].name == "helpline_phone"
    parts = next(e.says for t in made.topics for e in t.entries if e.id == "contact_us")
    assert parts[0].unconfirmed == ("helpline_phone",)
    assert parts[1].unconfirmed == ()
    assert marked["ring_out"] == ()
    assert "service_email" in next(text for text in made.texts if text.name == "text_us").unconfirmed
    assert (made.confirmed_by, made.confirmed_on) == ("", None)


def test_what_is_confirmed_has_no_mark(files: dict[str, str]) -> None:
    draft, line = drafts.read_draft(files), files["line.yaml"]
    for path, setting in draft.line.to_confirm().items():
        line = editing.with_confirmation(line, path, "A manager", TODAY, setting.value)

    made = _booklet({**files, "line.yaml": line})

    assert made.unconfirmed == ()
    assert not any(part.unconfirmed for topic in made.topics for entry in topic.entries for part in entry.says)
    assert not any(text.unconfirmed for text in made.texts)


def test_a_confirmation_holds_only_for_these_words(files: dict[str, str], draft: Draft) -> None:
    line = editing.with_words_checked(files["line.yaml"], "A manager", TODAY, confirmation.fingerprint(draft))
    other = files["menus/welcome.yaml"].replace("Unhappy with help", "Sad about help")

    assert _booklet({**files, "line.yaml": line}).confirmed_by == "A manager"
    assert _booklet({**files, "line.yaml": line, "menus/welcome.yaml": other}).confirmed_by == ""


def test_a_topic_whose_review_is_over_says_so(made: Booklet) -> None:
    assert "which is over" not in printing.html(made, dt.date(2027, 7, 31))
    assert printing.html(made, dt.date(2027, 8, 1)).count("To be reviewed by 31 July 2027, which is over.") == len(
        made.topics
    )


def test_languages_that_nobody_hears_are_called_drafts(made: Booklet, draft: Draft) -> None:
    page = printing.html(made, TODAY)

    for language in draft.languages.values():
        assert f"<li>{language.in_english}: <strong>a draft, which callers do not hear.</strong></li>" in page


# --- that everybody can read it -------------------------------------------------------------


def test_the_pdf_is_tagged_and_has_a_language_a_title_and_bookmarks(pdf: PdfReader, made: Booklet) -> None:
    catalog = pdf.trailer["/Root"]
    assert isinstance(catalog, DictionaryObject)

    assert catalog["/MarkInfo"]["/Marked"].value
    assert catalog["/Lang"] == "en-GB"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert pdf.metadata is not None
    assert pdf.metadata.title == "SENDIASS Leicester: everything the phone line says"
    assert b"pdfuaid:part" in catalog["/Metadata"].get_data()
    bookmarks = [str(each.title) for each in _destinations(pdf.outline)]
    for topic in made.topics:
        assert topic.title in bookmarks
        assert {entry.heading for entry in topic.entries} <= set(bookmarks)


def _destinations(outline: object) -> Iterator[Destination]:
    for each in outline if isinstance(outline, list) else ():
        if isinstance(each, Destination):
            yield each
        else:
            yield from _destinations(each)


def test_each_page_is_a4_and_each_font_is_in_the_file(pdf: PdfReader) -> None:
    fonts = set()
    for page in pdf.pages:
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
        for font in page["/Resources"].get("/Font", {}).values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()
            fonts.add(str(descendant.get_object()["/BaseFont"]).split("+")[1])
    assert fonts
    assert not any("lastresort" in font.lower() for font in fonts)


def test_a_place_is_on_the_page_that_is_named(pdf: PdfReader, made: Booklet) -> None:
    text = _text(pdf)
    pages = {str(each.title): pdf.get_destination_page_number(each) for each in _destinations(pdf.outline)}

    for heading in ("Who to ask first", "Sent home, or kept out", "Appeals, and time limits"):
        named = re.search(rf"{heading}\s*, page (\d+)", text)
        assert named, heading
        assert int(named[1]) == (pages[heading] or 0) + 1


def test_the_same_draft_on_the_same_day_is_the_same_file(made: Booklet) -> None:
    assert printing.pdf(made, TODAY) == printing.pdf(made, TODAY)


@pytest.mark.parametrize("words", ["a < b & c", '#panic("x") @y <z>', "*x* _y_ `z` $w$ [v]", "\\n {day} # héllo ü"])
def test_words_of_any_kind_stay_words(words: str, files: dict[str, str]) -> None:
    in_yaml = words.replace("\\", "\\\\").replace('"', '\\"')
    welcome = files["menus/welcome.yaml"].replace('title: "the start"', f'title: "{in_yaml}"')
    made = _booklet({**files, "menus/welcome.yaml": welcome})

    printed, page = _text(PdfReader(io.BytesIO(printing.pdf(made, TODAY)))), printing.html(made, TODAY)

    assert _plain(words) in _plain(printed)
    assert "<z>" not in page


# --- the command ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_the_command_prints_the_draft_and_says_what_is_not_confirmed(kind: str, tmp_path: Path) -> None:
    target = tmp_path / f"line.{kind}"

    told = CliRunner().invoke(commands, ["print", "-o", str(target)], catch_exceptions=False)

    assert told.output.startswith(f"Printed in {target}: ")
    assert "Not confirmed, and marked: 19 settings." in told.output
    assert target.read_bytes()[:5] in (b"%PDF-", b"<!doc")


def test_the_command_prints_pdf_and_html_only(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands, ["print", "-o", str(tmp_path / "line.docx")])

    assert f"Write: -o {tmp_path / 'line.pdf'}" in str(told.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands, ["print", "-o", str(tmp_path / "none" / "line.pdf")])

    assert "Name a file in an existing folder" in str(told.exception)


def test_a_machine_that_only_serves_prints_html_and_says_why_no_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment, "only_serves", lambda: True)

    told = CliRunner().invoke(commands, ["print", "-o", str(tmp_path / "line.pdf")])

    assert isinstance(told.exception, equipment.OnlyServes)
    assert CliRunner().invoke(commands, ["print", "-o", str(tmp_path / "line.html")]).exit_code == 0
