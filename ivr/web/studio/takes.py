"""What can be recorded, and the takes that are recorded: the part of the draft process that the page Record needs.

English prompts are those of the compiled draft; those of another language are in its file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from ivr.audio import Recordings, listening, take_of, units
from ivr.audio.recordings import LANGUAGE
from ivr.authoring import drafts, editing, recorded
from ivr.authoring.drafts import Draft
from ivr.authoring.languagefile import LanguageFile
from ivr.compiling import translation
from ivr.hours import LONDON
from ivr.machine import configfiles, disk, equipment
from ivr.machine.config import Settings
from ivr.machine.disk import is_full
from ivr.problems import Problem
from ivr.script import ConfirmedTake, Script
from ivr.web.studio import asked
from ivr.web.studio.asked import Language, Prompt

if TYPE_CHECKING:  # a machine that only serves calls has no libraries for sound
    from ivr.audio.taking import JudgedTake

_ENGLISH = Language(LANGUAGE, "English")

#: What to say if the disk cannot be written: for a take, for one that is taken out, for a confirmation, for a listener.
_NOT_KEPT = "The recording could not be written: {why}. It is still here: keep it again when that is mended."
_NOT_OUT = "The recording could not be taken out: {why}. Take it out again when that is mended."
_NOT_CONFIRMED = "That you stand for it could not be written: {why}. Confirm it again when that is mended."
_NOT_NOTED = "The name could not be written: {why}. Confirm the line again when that is mended."


class NoTake(Exception):
    """Raised for a take that cannot be judged or kept, with the reason in words."""


class Takes:
    """The recordings on this machine."""

    def __init__(self, settings: Settings, compiled: Callable[[Mapping[str, str]], Script]):
        self._settings, self._compiled = settings, compiled

    # --- looking ----------------------------------------------------------------------------

    def prompts(self, tag: str) -> asked.Prompts:
        """The prompts of a language, by its tag. Raises NoTake for an unknown language, and ConfigError."""
        return self._of(tag)

    def _of(self, tag: str, name: str = "") -> asked.Prompts:
        """The prompts of a language; with a name, only that prompt, so that only its recording is read."""
        files = configfiles.script_files(self._settings.config_dir)
        draft = drafts.read_draft(files)
        known = {each.language: each for each in draft.languages.values()}
        languages = (_ENGLISH, *(_of_file(each) for each in known.values()))
        if tag == LANGUAGE:
            return asked.Prompts(_ENGLISH, languages, tuple(self._english(files, draft, name)))
        if tag not in known or draft.language_lines is None:
            raise NoTake("There is no such language.")
        return asked.Prompts(_of_file(known[tag]), languages, tuple(self._others(draft, known[tag], name)))

    def _english(self, files: dict[str, str], draft: Draft, name: str = "") -> Iterator[Prompt]:
        """The English prompts; with a name, only the one that has it."""
        # Compiled without the recordings, so that it need not be compiled again after each take that is kept.
        script = self._compiled(_without_recordings(files))
        script = replace(script, recorded=draft.recordings.compiled)
        recordings = Recordings(self._settings.audio_dir, script)
        for unit in units(script):
            if name and unit.name != name:
                continue
            of, note = recorded.print_of(unit.words), script.recorded.get(unit.name)
            about = script.titles.get(unit.name.split(".")[0], "The line itself")
            new = Prompt(unit.name, unit.words, "", about, of, "", "none")
            path = recordings.folder / f"{unit.name}.wav"
            if note:
                state: asked.State = "kept" if note.of == of else "other"
                yield structs.replace(new, take=note.take, state=state, by=note.by, on=f"{note.on:%-d %B %Y}")
            elif path.is_file():
                yield structs.replace(new, take=take_of(path), state="kept" if recordings.is_good(unit) else "file")
            else:
                yield new

    def _others(self, draft: Draft, language: LanguageFile, name: str = "") -> Iterator[Prompt]:
        """The prompts of another language; with a name, only the one that has it."""
        assert draft.language_lines
        rows = translation.rows(draft.language_lines, language)
        english = {row.id: row.english for row in rows}
        takes = {unit: (take, row.translated) for row in rows for unit, take in row.takes.items()}
        unchecked = {unit for row in rows if row.state not in ("checked", "heard") for unit in row.sounds}
        for unit, words in translation.sounds_of(language).items():
            if name and unit != name:
                continue
            of, path = recorded.print_of(words), self._path(language.language, unit)
            line = unit.split(".")[0]
            new = Prompt(unit, words, english.get(line, language.in_english), language.in_english, of, "", "none")
            new = structs.replace(new, unchecked=unit in unchecked)
            if not words or not path.is_file():
                yield new
                continue
            take = take_of(path)
            heard, translated = takes.get(unit, ("", None))
            by = translated.heard if translated else None
            if heard == take and by:
                yield structs.replace(new, take=take, state="kept", by=by.by, on=f"{by.on:%-d %B %Y}")
            else:
                yield structs.replace(new, take=take, state="file")

    def _prompt(self, tag: str, name: str) -> Prompt:
        found = next((each for each in self._of(tag, name).prompts if each.words), None)
        if found is None:
            raise NoTake("These words are not said any more. Go back to the list.")
        return found

    def _path(self, tag: str, name: str) -> Path:
        return self._settings.audio_dir / "recordings" / tag / f"{name}.wav"

    # --- a take -----------------------------------------------------------------------------

    def judged(self, question: asked.Judge) -> asked.Judged:
        """What is wrong with a take, and its sound. Raises NoTake."""
        prompt, content = self._prompt(question.language, question.name), question.content
        take = _take(self._there(question.language, prompt) if content is None else content, prompt.words)
        sound = take.as_callers_hear_it() if len(take.samples) else b""
        return asked.Judged(tuple(map(_told, take.faults)), tuple(map(_told, take.doubts)), sound)

    def keep(self, question: asked.KeepTake) -> asked.Kept:
        """Keep a take, unless the words or the recording changed meanwhile. Raises NoTake for a faulty one, and if the
        disk cannot be written.
        """
        from ivr.audio import taking

        tag, name = question.language, question.name
        try:
            with taking.locked(self._settings.audio_dir):
                before = self._prompt(tag, name)
                if why := _moved(before, question):
                    return asked.Kept(before, why)
                take = _take(question.content, before.words)
                if take.faults:
                    raise NoTake(" ".join(map(_told, take.faults)))
                path = taking.keep(self._settings.audio_dir, tag, name, take)
                if tag == LANGUAGE:
                    self._write_down(before, path, question.by)
        except OSError as error:
            raise NoTake(_unwritable(error, _NOT_KEPT)) from error
        return asked.Kept(self._prompt(tag, name))

    def confirm(self, question: asked.Confirm) -> asked.Kept:
        """Write down who confirmed a take that came by telephone or as a file. Raises NoTake."""
        from ivr.audio import taking

        try:
            with taking.locked(self._settings.audio_dir):
                there, path = self._prompt(LANGUAGE, question.name), self._path(LANGUAGE, question.name)
                if there.of != question.of or there.take != question.take or there.state != "file":
                    raise NoTake("It was changed meanwhile, so nothing was confirmed. Listen again.")
                if faults := _take(path.read_bytes(), there.words).faults:
                    raise NoTake(" ".join(map(_told, faults)))
                self._write_down(there, path, question.by)
        except OSError as error:
            raise NoTake(_unwritable(error, _NOT_CONFIRMED)) from error
        return asked.Kept(self._prompt(LANGUAGE, question.name))

    def _write_down(self, prompt: Prompt, path: Path, by: str) -> None:
        """Write into `config/` that `by` has confirmed the take at this path. Raises OSError."""
        from ivr.audio import taking

        today = dt.datetime.now(LONDON).date()
        note = ConfirmedTake(prompt.of, take_of(path), by, today)
        taking.write_down(self._settings.config_dir, {prompt.name: note})
        script = self._compiled(_without_recordings(configfiles.script_files(self._settings.config_dir)))
        Recordings(self._settings.audio_dir, replace(script, recorded={prompt.name: note})).prepare(prompt.name)

    def take_out(self, question: asked.TakeOut) -> asked.Kept:
        """Let a voice speak again instead of a recording, or delete one that nobody has confirmed. Raises NoTake."""
        from ivr.audio import taking

        name, waits = question.name, False
        try:
            with taking.locked(self._settings.audio_dir):
                if question.unconfirmed:
                    self._delete(question)
                else:
                    waits = taking.take_out(self._settings.config_dir, self._settings.audio_dir, name)
        except LookupError:
            raise NoTake("Nothing is recorded there any more.") from None
        except OSError as error:
            raise NoTake(_unwritable(error, _NOT_OUT)) from error
        return asked.Kept(self._prompt(LANGUAGE, name), at_once=not waits)

    def _delete(self, question: asked.TakeOut) -> None:
        there = self._prompt(LANGUAGE, question.name)
        if not there.take:
            raise LookupError(question.name)
        if (there.state, there.take) != ("file", question.unconfirmed):
            raise NoTake("It was changed meanwhile, so nothing was deleted. Listen again.")
        self._path(LANGUAGE, question.name).unlink()

    def sound(self, tag: str, name: str) -> asked.Sound:
        """What is recorded, as callers would hear it. Raises NoTake."""
        prompt = self._prompt(tag, name)
        return asked.Sound(_take(self._there(tag, prompt), prompt.words).as_callers_hear_it())

    def _there(self, tag: str, prompt: Prompt) -> bytes:
        try:
            return self._path(tag, prompt.name).read_bytes()
        except OSError:
            raise NoTake("Its file is not on this machine.") from None

    # --- listening --------------------------------------------------------------------------

    def lines(self, tag: str) -> asked.Lines:
        """The lines of a language, each with its sounds, or with the reason why nobody can listen to it yet. Raises
        NoTake.
        """
        language, rows = self._rows(tag)
        return asked.Lines(_of_file(language), tuple(map(self._line, rows)))

    def _rows(self, tag: str) -> tuple[LanguageFile, list[translation.TranslationRow]]:
        draft = drafts.read_draft(configfiles.script_files(self._settings.config_dir))
        found = next((each for each in draft.languages.values() if each.language == tag), None)
        if found is None or draft.language_lines is None:
            raise NoTake("There is no such language.")
        return found, translation.rows(draft.language_lines, found)

    def _line(self, row: translation.TranslationRow) -> asked.LineToHear:
        equipment.must_have_all()
        by, why, takes = row.translated.heard if row.translated else None, "", dict[str, str]()
        try:
            listening.must_be_ready(row)
            takes = listening.takes(self._settings.audio_dir, row)
        except listening.NotHeard as reason:
            why = str(reason)
        line = asked.LineToHear(row.id, row.english, row.when, row.fingerprint, row.state, why, dict(row.sounds), takes)
        if not (takes and row.state == "heard" and by and takes == row.takes):
            return line
        return structs.replace(line, by=by.by, on=f"{by.on:%-d %B %Y}")

    def listened(self, question: asked.Listened) -> asked.Lines:
        """Write down who listened to a line. Raises NoTake if its words or recordings have changed since."""
        from ivr.audio import taking

        if not translation.is_person(question.by):
            raise NoTake(f"'{question.by}' is no person's name, and a machine stands for no line.")
        path = self._settings.config_dir / drafts.LANGUAGES / f"{question.language}.yaml"
        try:
            with taking.locked(self._settings.audio_dir):
                row = next((each for each in self._rows(question.language)[1] if each.id == question.line), None)
                if row is None:
                    raise NoTake("There is no such line.")
                now = self._line(row)
                if now.why or now.of != question.of or now.takes != question.takes:
                    raise NoTake(now.why or "Its words or recordings have changed. Listen again.")
                today = dt.datetime.now(LONDON).date()
                changes = {row.id: listening.heard(row, question.by, today, now.takes)}
                disk.write_whole(path, editing.with_lines(path.read_bytes().decode("utf-8"), changes))
        except OSError as error:
            raise NoTake(_unwritable(error, _NOT_NOTED)) from error
        return self.lines(question.language)


def _moved(there: Prompt, question: asked.KeepTake) -> str:
    """What has changed since the page was opened, so that a take is not kept before that was seen; empty if nothing."""
    if there.of != question.of:
        return (
            "The words were changed meanwhile. Read them as they are now. If your recording says them, keep it again."
        )
    if there.take != question.was:
        who = f"{there.by} has" if there.by else "Somebody has"
        return f"{who} recorded this meanwhile. Listen to both. To have yours instead, keep it again."
    return ""


def _take(content: bytes, words: str) -> JudgedTake:
    equipment.must_have_all()
    from ivr.audio import taking

    try:
        return taking.judged(content, words)
    except taking.NotASound as why:
        raise NoTake(str(why)) from None


def _told(problem: Problem) -> str:
    return problem.says


def _unwritable(error: OSError, words: str) -> str:
    return words.format(why="the disk is full" if is_full(error) else error.strerror)


def _without_recordings(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if name != recorded.FILE}


def _of_file(language: LanguageFile) -> Language:
    return Language(language.language, language.in_english, language.right_to_left)
