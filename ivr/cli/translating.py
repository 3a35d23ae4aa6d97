"""Commands for other languages: what is left to do, sheets for translators, and who checked and heard each line."""

from __future__ import annotations

import datetime as dt
import html
from pathlib import Path

import click

from ivr import sms
from ivr.audio import listening, taking
from ivr.authoring import drafts, editing
from ivr.authoring.drafts import LANGUAGES, Draft
from ivr.authoring.editing import flow
from ivr.authoring.languagefile import LanguageFile, LinesFile
from ivr.cli import taking_in
from ivr.cli.common import Stop, out
from ivr.cli.scripts import draft_script
from ivr.cli.taking_in import Changes
from ivr.compiling import translation
from ivr.hours import LONDON
from ivr.machine import config, configfiles, disk, equipment
from ivr.machine.config import Settings
from ivr.printing import sheets
from ivr.problems import counted


@click.group("translate")
def translate() -> None:
    """Other languages: what is left to do, sheets for translators, and who checked and heard each line."""


@translate.command("status")
@click.argument("tag", required=False)
def status(tag: str | None) -> None:
    """Tell of each language what is missing, stale, and not confirmed; of one TAG, line by line."""
    draft = _draft(config.settings())
    lines = _english(draft)
    for language in _languages(draft, tag):
        why = translation.why_not(lines, language)
        state = "on" if language.switch == "on" and not why else "off"
        out(f"{language.language}  {language.in_english}, keys {language.key}: {state}")
        out(f"    {'; '.join(why) or 'complete: it may be switched on'}.")
        out(f"    Voices: eSpeak {language.voice or 'has none'}, Twilio {language.say_voice or 'has none'}.")
        used = sms.alphabet("".join(line.says for line in language.lines.values()))
        out(f"    Texts: none are sent in it. One would hold {sms.ONE_PART[used]} characters ({used}).")
        for row in translation.rows(lines, language) if tag else ():
            out(f"    {row.id:12} {row.state:8} {translation.NEXT[row.state]}")
            for remark in translation.remarks(row, language.language):
                out(f"    {'':12} {remark}")


@translate.command("out")
@click.argument("tag")
@click.option("--xlsx", "file", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The sheet.")
@click.option("--back", is_flag=True, help="For whoever translates back into English: without the English.")
def sheet_out(tag: str, file: Path, back: bool) -> None:
    """Write the sheet of a language, for its translator."""
    equipment.must_have_all()
    draft = _draft(config.settings())
    (language,) = _languages(draft, tag)
    if file.suffix != ".xlsx":
        raise Stop(f"The sheet is an XLSX file. Write: --xlsx {file.with_suffix('.xlsx')}")
    rows = [taking_in.as_row(row) for row in translation.rows(_english(draft), language)]
    content = sheets.written(tag, language.in_english, rows, right_to_left=language.right_to_left, back=back)
    disk.write_whole(file, content)
    todo = sum(not row.back for row in rows) if back else sum(row.state in ("missing", "stale") for row in rows)
    out(f"{file}: {counted(len(rows), 'line')}, {todo} to translate{' back' if back else ''}.")


@translate.command("in")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Write the changes without asking.")
def sheet_in(file: Path, yes: bool) -> None:
    """Take a sheet in: first what it changes, then the change. It never confirms a line."""
    equipment.must_have_all()
    settings = config.settings()
    draft = _draft(settings)
    try:
        sheet = sheets.read(file.read_bytes())
    except sheets.NotASheet as error:
        raise Stop(f"{file}: {error}\nNothing was changed.") from error
    tag = sheet.tag
    (language,) = _languages(draft, tag)
    path = _file_of(settings, tag)
    text = path.read_bytes().decode("utf-8")
    found = taking_in.taken(_english(draft), language, sheet, dt.datetime.now(LONDON).date())
    for told in found.told:
        out(f"  {told}")
    for look in found.look:
        out(f"  Look: {look}")
    changed = editing.with_lines(text, found.changes)
    if changed == text:
        out("The sheet has nothing new.")
        return
    _must_be_sound(settings, tag, changed)
    if not yes:
        click.confirm("Write this into config/? Nobody hears it before it is checked and listened to", abort=True)
    # While the user read what would change, the page Listen or another command may have written to the file.
    with taking.locked(settings.audio_dir):
        if path.read_bytes().decode("utf-8") != text:
            raise Stop(f"{path} was changed meanwhile. Nothing was written. Take the sheet in again.")
        disk.write_whole(path, changed)
    out(f"Written: {path}. See `ivr translate status {tag}`.")


@translate.command("checked")
@click.argument("tag")
@click.argument("lines", nargs=-1, required=True)
@click.option("--by", "who", required=True, help="Who checked them. Not the translator.")
def checked(tag: str, lines: tuple[str, ...], who: str) -> None:
    """Record that somebody checked these LINES of a language, for exactly the words that are there now."""
    settings = config.settings()
    _must_be_a_person(who)
    today = dt.datetime.now(LONDON).date()
    changes: Changes = {}
    for row in _rows(settings, tag, lines):
        if row.state in ("missing", "stale"):
            raise Stop(f"{row.id} is {row.state}: {translation.NEXT[row.state]}. Nothing was recorded for it.")
        by = row.translated.translated if row.translated else None
        if by is None or row.translated is None or not translation.is_named(row.translated):
            raise Stop(f"No translator is named for {row.id}: a machine stands for no line. They sign in a sheet.")
        if translation.is_same_name(by.by, who):
            raise Stop(
                f"{row.id} must be checked by somebody else than its translator, {by.by}. If '{who}' is another "
                "person, write both names in full."
            )
        if by.on > today:
            raise Stop(f"{row.id} was translated on {by.on}, which is still to come. Correct that day in a sheet.")
        out(f"  {row.id}: {row.says}")
        out(f"  {'':{len(row.id)}}  ({row.english})")
        changes[row.id] = {"checked": flow(by=who, on=today, of=row.fingerprint), "heard": None}
    _write(settings, tag, changes)


@translate.command("heard")
@click.argument("tag")
@click.argument("lines", nargs=-1, required=True)
@click.option("--by", "who", required=True, help="Who listened to every sound of them.")
@click.option("--voice", is_flag=True, help="They heard Twilio's voice, as a test phone does in mode 'say'.")
def heard(tag: str, lines: tuple[str, ...], who: str, voice: bool) -> None:
    """Record that somebody listened to the recordings of these LINES, and that they say exactly these words."""
    settings = config.settings()
    _must_be_a_person(who)
    (language,) = _languages(_draft(settings), tag)
    if voice and not language.say_voice:
        raise Stop(f"No voice of Twilio's is named for {language.in_english}. Nothing was recorded.")
    said_by = translation.voice_print(language.say_voice, language.say_language)
    today = dt.datetime.now(LONDON).date()
    changes: Changes = {}
    for row in _rows(settings, tag, lines):
        try:
            listening.must_be_ready(row)
            new = {translation.VOICE: said_by} if voice else listening.takes(settings.audio_dir, row)
        except listening.NotHeard as why:
            raise Stop(f"{why} Nothing was recorded for {row.id}.") from None
        out(f"  {row.id}: {', '.join(row.sounds.values())}")
        changes[row.id] = listening.heard(row, who, today, new)
    _write(settings, tag, changes)


def _must_be_a_person(who: str) -> None:
    if not translation.is_person(who):
        raise Stop(f"'{who}' is no person's name, and a machine stands for no line. Nothing was recorded.")


@translate.command("list")
@click.argument("tag")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to print, as HTML.")
def recordings(tag: str, sheet: Path | None) -> None:
    """List what is recorded in a language: the name of each file, its words, and the English."""
    draft = _draft(config.settings())
    (language,) = _languages(draft, tag)
    english = {row.id: row.english for row in translation.rows(_english(draft), language)}
    sounds = translation.sounds_of(language)
    rows = [(unit, said, english.get(unit.split(".")[0], language.in_english)) for unit, said in sounds.items()]
    if sheet:
        disk.write_whole(sheet, _page(language, rows))
        out(f"{counted(len(rows), 'sound')} on {sheet}. Open it in a browser and print it.")
        return
    for unit, said, of in rows:
        out(f"{unit}.wav\t{said}\t{of}")


def _page(language: LanguageFile, rows: list[tuple[str, str, str]]) -> str:
    """The sheet to record from. Only the words in the language turn from right to left."""
    turned = f'lang="{language.language}" dir="{"rtl" if language.right_to_left else "ltr"}"'
    cells = "\n".join(
        f"<tr><td>&#9744;</td><td><code>{html.escape(unit)}.wav</code></td>"
        f"<td {turned}>{html.escape(said)}</td><td>{html.escape(of)}</td></tr>"
        for unit, said, of in rows
    )
    title = f"What to record in {html.escape(language.in_english)}"
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 12pt/1.5 sans-serif; margin: 2em; }}
td {{ padding: 0.4em; vertical-align: top; border-bottom: 1px solid #999; }}
td[lang] {{ font-size: 16pt; line-height: 2; }}
tr {{ break-inside: avoid; }}
</style>
<h1>{title}: {counted(len(rows), "sound")}</h1>
<p>In a quiet room, a hand's width from the microphone. One voice for all of it. Speak as if to one worried person:
whole sentences, without a stop before a day or a number, and all digits in one go. Leave half a second of silence
before and after. Save each as WAV: one channel, 16 bits, 16,000 samples a second or more, under the name beside it.</p>
<table>
{cells}
</table>
</html>
"""


# --- what they share --------------------------------------------------------------------------------


def _draft(settings: Settings) -> Draft:
    return draft_script(settings)[0]


def _english(draft: Draft) -> LinesFile:
    if draft.language_lines is None:
        raise Stop("There is no config/languages/lines.yaml. Copy it from the version that you installed.")
    return draft.language_lines


def _languages(draft: Draft, tag: str | None) -> list[LanguageFile]:
    found = [each for each in draft.languages.values() if tag in (None, each.language)]
    if tag and not found:
        known = ", ".join(each.language for each in draft.languages.values())
        raise Stop(f"There is no language '{tag}'. These are there: {known or 'none'}.")
    return found


def _rows(settings: Settings, tag: str, lines: tuple[str, ...]) -> list[translation.TranslationRow]:
    draft = _draft(settings)
    (language,) = _languages(draft, tag)
    rows = {row.id: row for row in translation.rows(_english(draft), language)}
    if unknown := [name for name in lines if name not in rows]:
        raise Stop(f"There is no line '{unknown[0]}'. See `ivr translate status {tag}`.")
    return [rows[name] for name in lines]


def _must_be_sound(settings: Settings, tag: str, text: str) -> None:
    """Raises Stop, with the problems, if the draft has any after this change."""
    files = {**configfiles.script_files(settings.config_dir), f"{LANGUAGES}{tag}.yaml": text}
    draft = drafts.read_draft(files)
    if draft.problems:
        raise Stop("\n".join(str(problem) for problem in draft.problems))


def _file_of(settings: Settings, tag: str) -> Path:
    return settings.config_dir / LANGUAGES / f"{tag}.yaml"


def _write(settings: Settings, tag: str, changes: Changes) -> None:
    path = _file_of(settings, tag)
    with taking.locked(settings.audio_dir):
        disk.write_whole(path, editing.with_lines(path.read_bytes().decode("utf-8"), changes))
