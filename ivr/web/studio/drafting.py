"""The draft process: it compiles, checks, plays and speaks the files of config/ that are not live.

Compiling a draft costs a second of a processor and checking one several, and a voice needs memory of its own. A web
process that did this would answer calls late, since Python runs one thread at a time. So each web process that asks
(`draft.py`) has a draft process, which runs at the lowest priority: calls come first. It keeps the last drafts
compiled. It ends when nobody has asked for a while, or when its web process has ended.

It gets no key and no secret. Each question has a connection and a thread of its own, so that a practice call continues
while a check runs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pickle
import socket
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from ivr import spoken
from ivr.audio import EngineMissing
from ivr.audio.clips import CannotSay, to_say
from ivr.authoring import drafts
from ivr.authoring.drafts import Draft
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config, configfiles, equipment, log
from ivr.machine.config import Settings
from ivr.overview import atlas, changes
from ivr.practice import transcript
from ivr.problems import ConfigError, Where
from ivr.script import Script
from ivr.web import edition
from ivr.web.edition import Edition
from ivr.web.studio import asked, practice
from ivr.web.studio.asked import Answer, Files, Question
from ivr.web.studio.practice import Unplayable
from ivr.web.studio.takes import NoTake, Takes

if TYPE_CHECKING:
    from ivr.audio.engines import Engine, VoiceChoice
    from ivr.audio.hearing import Ear

#: Seconds without a question after which the process ends.
IDLE_SECONDS = 10 * 60
#: The niceness of the process: 19 is the lowest priority.
NICENESS = 19
#: The most drafts to keep compiled. Each is some ten megabytes.
MOST_KEPT = 4
_log = structlog.get_logger()


class Drafting:
    """Answers questions about drafts. Its methods may be called by several threads."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._editions, self._checks = OrderedDict[str, Edition](), OrderedDict[tuple[str, ...], asked.Checked]()
        self._engines: dict[str, Engine] = {}
        self._last_ear: tuple[str, Ear] | None = None
        self._takes = Takes(settings, lambda files: self._edition(files).script)
        self._compiling, self._checking, self._speaking = threading.Lock(), threading.Lock(), threading.Lock()

    def answer(self, question: Question) -> Answer:
        """The answer to a question; Refused if it cannot be done."""
        try:
            answer: Answer = self._ANSWERS[type(question)](self, question)
            return answer
        except ConfigError as error:
            return asked.Refused("The draft has errors, so it cannot be used.", error.problems)
        except (Unplayable, CannotSay, NoTake, EngineMissing, equipment.OnlyServes) as reason:
            return asked.Refused(str(reason))

    # --- the answers ------------------------------------------------------------------------

    def _compiled(self, question: asked.Compile) -> asked.Compiled:
        files = self._files(question.files)
        try:
            found = self._edition(files)
        except ConfigError as error:
            return asked.Compiled(drafts.revision_of(files), error.problems)
        script = found.script
        titles = {name: script.titles.get(name, name.replace("_", " ")) for name in script.places}
        by_sounds = edition.by_sounds(self._settings, script)
        setting = practice.setting(script, dt.datetime.now(LONDON))
        return asked.Compiled(script.revision, (), script.line.service_name, titles, by_sounds, setting)

    def _checked(self, question: asked.Check) -> asked.Checked:
        from ivr.usecases import publishing

        found = configfiles.folder(self._settings.config_dir)
        if question.files is not None:
            found = replace(found, files=question.files)
        today = dt.datetime.now(LONDON).date()
        key = (
            drafts.revision_of({**found.files, **found.stories}),
            drafts.revision_of(question.live or {}),
            str(today),
        )
        with self._checking:
            if key not in self._checks:
                live = self._live(question.live)
                problems, context = publishing.check_files(self._settings, found, live)
                at = tuple(_place(context.draft, problem.where) for problem in problems)
                _keep(self._checks, key, asked.Checked(context.script.revision, tuple(problems), at))
            return self._checks[key]

    def _live(self, files: Files) -> Script | None:
        with contextlib.suppress(ConfigError):
            return self._edition(files).script if files else None
        return None

    def _spots(self, question: asked.Spots) -> asked.Seen:
        script = self._edition(self._files(question.files)).script
        return asked.Seen(script.revision, atlas.of(script), atlas.tree(script))

    def _changed(self, question: asked.Changed) -> asked.Differences:
        before, after = self._edition(question.before).script, self._edition(self._files(question.files)).script
        found = changes.between(before, after)
        return asked.Differences(tuple((change.nodes, tuple(change.lines())) for change in found))

    def _reply(self, question: asked.Reply) -> asked.HeardNext:
        found = self._edition(self._files(question.files))
        caller, way = practice.play(found, question.so_far)
        turn = caller.turn
        assert turn
        pieces = spoken.words_of(turn.says)
        self._speak(found, turn.session.language, pieces, slow=turn.session.slow)
        did = [(entry.who, entry.text) for entry in way]
        return asked.HeardNext(msgspec.structs.replace(practice.heard(found, caller), did=did))

    def _written(self, question: asked.Write) -> asked.Written:
        found = self._edition(self._files(question.files))
        return asked.Written(transcript.write(practice.story(found.script, question.so_far, question.about)))

    def _played(self, question: asked.Play) -> asked.Played:
        from ivr import check

        script = self._edition(self._files(question.files)).script
        return asked.Played(tuple(check.untrue_stories(script, question.stories)))

    def _said(self, question: asked.Say) -> asked.Sound:
        equipment.must_have_all()
        from ivr.audio.hearing import as_file

        script = self._edition(self._files(question.files)).script
        said = to_say(script, question.words)
        with self._speaking:
            return asked.Sound(as_file(self._ear(script).speech(said, slow=question.slow)))

    def _gate(self, question: asked.Gate) -> asked.Passed:
        from ivr.places import person
        from ivr.usecases import publishing

        live = self._live(question.live)
        if question.files is not None:
            passed = publishing.gate_change(self._settings, question.live, question.files)
            files, script, warnings = passed.files, passed.script, len(passed.warnings)
        else:
            found = self._checked(asked.Check(None, question.live))
            if errors := [problem for problem in found.problems if problem.severity == "error"]:
                raise ConfigError(errors)
            files = drafts.read_draft(self._files(None)).files
            script, warnings = self._edition(files).script, len(found.problems)
            if script.revision != found.revision:
                raise Unplayable("The files were changed while they were checked. Try again.")
        is_other = live is not None and person.when_all_fails(live) != person.when_all_fails(script)
        return asked.Passed(script.revision, files, warnings, is_other)

    def _rendered(self, question: asked.Render) -> asked.Rendered:
        script = self._edition(question.files).script
        if equipment.only_serves() or not edition.by_sounds(self._settings, script):
            return asked.Rendered(0, 0)
        from ivr.audio import rendering

        silent = building.load(question.files, config.bank_holidays(), offers_texts=False)
        with self._speaking:
            made = rendering.render(script, self._settings.audio_dir, also=[silent])
        return asked.Rendered(made.made, len(made.unsaid))

    # --- recordings -------------------------------------------------------------------------

    def _prompts(self, question: asked.Recordable) -> asked.Prompts:
        return self._takes.prompts(question.language)

    def _judged(self, question: asked.Judge) -> asked.Judged:
        return self._takes.judged(question)

    def _kept(self, question: asked.KeepTake) -> asked.Kept:
        return self._takes.keep(question)

    def _confirmed(self, question: asked.Confirm) -> asked.Kept:
        return self._takes.confirm(question)

    def _taken_out(self, question: asked.TakeOut) -> asked.Kept:
        return self._takes.take_out(question)

    def _taken(self, question: asked.Taken) -> asked.Sound:
        return self._takes.sound(question.language, question.name)

    def _lines(self, question: asked.Listenable) -> asked.Lines:
        return self._takes.lines(question.language)

    def _listened(self, question: asked.Listened) -> asked.Lines:
        return self._takes.listened(question)

    # --- a draft ----------------------------------------------------------------------------

    def _files(self, given: Files) -> dict[str, str]:
        return configfiles.script_files(self._settings.config_dir) if given is None else given

    def _edition(self, files: Mapping[str, str]) -> Edition:
        """The edition of these files. Raises ConfigError."""
        key = drafts.revision_of(files)
        with self._compiling:
            if key not in self._editions:
                draft = drafts.read_draft(files)
                made = building.build(
                    draft, drafts.revision_of(draft.files), config.bank_holidays(), self._settings.our_numbers
                )
                found = edition.of(self._settings, draft.files, offers_texts=True, made=made)
                _keep(self._editions, key, found)
            self._editions.move_to_end(key)
            return self._editions[key]

    def _speak(self, found: Edition, language: str, words: Iterable[str], *, slow: bool) -> None:
        """Make the missing sounds of these words, in the same way and in the same folder as publishing does."""
        sounds = found.sounds_of(language)
        if sounds is None or equipment.only_serves():
            return
        with self._speaking:
            sounds.look()
            missing = [each for each in words if sounds.url(each, slow) is None]
            if missing:
                from ivr.audio import rendering

                script = found.script.in_language(language, drafts=True)
                rendering.render_words(script, self._settings.audio_dir, missing, slow=slow, ready=self._ready)
                sounds.look()

    def _ear(self, script: Script) -> Ear:
        """What turns words of a draft into sound. That of the last draft stays loaded."""
        from ivr.audio.hearing import Ear

        if self._last_ear is None or self._last_ear[0] != script.revision:
            self._last_ear = script.revision, Ear(script, self._settings.audio_dir)
        return self._last_ear[1]

    def _ready(self, choice: VoiceChoice) -> Engine:
        """A voice, loaded once. Raises EngineMissing."""
        if choice.identity not in self._engines:
            self._engines[choice.identity] = choice.ready()
        return self._engines[choice.identity]

    _ANSWERS: Mapping[type, Any] = {
        asked.Compile: _compiled,
        asked.Check: _checked,
        asked.Spots: _spots,
        asked.Changed: _changed,
        asked.Reply: _reply,
        asked.Write: _written,
        asked.Play: _played,
        asked.Say: _said,
        asked.Gate: _gate,
        asked.Render: _rendered,
        asked.Recordable: _prompts,
        asked.Judge: _judged,
        asked.KeepTake: _kept,
        asked.Confirm: _confirmed,
        asked.TakeOut: _taken_out,
        asked.Taken: _taken,
        asked.Listenable: _lines,
        asked.Listened: _listened,
    }


def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    """Keep a value. If there are too many, drop the one that was used least recently."""
    kept[key] = value
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)


def _place(draft: Draft, where: Where) -> str:
    """The name of the node or built-in step in which a problem is; empty if it is in none."""
    document = draft.documents.get(where.file.removeprefix("config/"))
    if document is None or not where.line:
        return ""
    begun = [(mark.line, path) for path, mark in document.marks.items() if len(path) == 2 and mark.line <= where.line]
    kind, name = max(begun, key=lambda each: each[0], default=(0, ("", "")))[1]
    return str(name) if kind in ("nodes", "steps") else ""


# --- the process ------------------------------------------------------------------------------


def serve(control: socket.socket, drafting: Drafting) -> None:
    """Answer each connection that comes over `control`, until its other end is closed or nobody asks for a while."""
    control.settimeout(IDLE_SECONDS)
    while True:
        try:
            word, handed, _, _ = socket.recv_fds(control, 1, 1)
        except TimeoutError:
            return
        if not word:
            return
        for each in handed:
            threading.Thread(target=_answer, args=(socket.socket(fileno=each), drafting), daemon=True).start()


def _answer(asking: socket.socket, drafting: Drafting) -> None:
    with asking, contextlib.suppress(OSError):  # whoever asked does not wait any more
        question = msgspec.msgpack.decode(_all_of(asking), type=Question)
        try:
            answer = drafting.answer(question)
        except Exception:  # the web process gets no answer, and says so; the next question may work
            _log.exception("draft")
            return
        asking.sendall(msgspec.msgpack.encode(answer))


def _all_of(asking: socket.socket) -> bytes:
    return b"".join(iter(lambda: asking.recv(1 << 16), b""))


def main() -> None:
    """Serve the web process that started this one. The settings come first, over a connection of their own."""
    log.outlive_full_disks()
    os.nice(NICENESS)
    control = socket.socket(fileno=int(sys.argv[1]))
    with socket.socket(fileno=int(sys.argv[2])) as told:
        settings: Settings = pickle.loads(_all_of(told))  # noqa: S301  # from our parent alone
    serve(control, Drafting(settings))
    os._exit(0)  # nobody waits for what a thread still does


if __name__ == "__main__":
    main()
