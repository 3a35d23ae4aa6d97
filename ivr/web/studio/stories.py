"""The page of stories: those that do not come true, where each first differs, and accepting what the line says now.

One story is accepted at a time, by somebody who has seen what it would say then. If new words of the line are not
enough to make it true, it is rewritten by hand here, or put aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

from flask import Flask, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr.authoring import drafts
from ivr.authoring.editing import newline_of
from ivr.border import spelled
from ivr.machine import configfiles, disk
from ivr.practice.story import Untrue
from ivr.problems import ConfigError, Problem
from ivr.web.console.common import Console, add_pages
from ivr.web.studio import writing
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.writing import ChangedLines

Files = dict[str, str]


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/studio/stories", pages.stories_page, "GET"),
        ("/studio/stories/accept", pages.accept_story, "POST"),
        ("/studio/stories/write", pages.write_story, "POST"),
        ("/studio/stories/aside", pages.put_story_aside, "POST"),
        needs="words",
    )


@dataclass(frozen=True)
class _Shown:
    """A story on the page."""

    name: str
    #: What stands in the field: the content of the file, or what was typed.
    text: str
    #: The fingerprint of the file. The form sends it back, so that changes by others are noticed.
    seen: str
    #: Why it does not come true; None if it does.
    problem: Problem | None = None
    #: The lines that would change if it were accepted; none if it would not come true even then.
    differences: tuple[ChangedLines, ...] = ()
    #: What would be wrong with it even then.
    left: Problem | None = None
    #: Whether the field has words that were typed and are not in the file.
    is_typed: bool = False

    @property
    def title(self) -> str:
        return self.name.removeprefix("stories/").removesuffix(".call").replace("_", " ")


class _Pages:
    def __init__(self, console: Console):
        self._console, self._folder = console, console.settings.config_dir

    # --- looking ----------------------------------------------------------------------------

    def stories_page(self) -> str:
        """The stories that do not come true, and all the others to read and change."""
        return self._page()

    def _page(self, trouble: str = "", typed: Mapping[str, str] | None = None) -> str:
        files, stories = self._files()
        away, errors, untrue = "", tuple[Problem, ...](), tuple[Untrue, ...]()
        try:
            untrue = self._console.draft.untrue(stories, files)
        except NotDone as error:
            errors, away = error.problems, "" if error.problems else str(error)
        except DraftAway as error:
            away = str(error)
        wrong = {each.name: each for each in untrue}
        shown = [_shown(name, text, wrong.get(name), typed or {}) for name, text in stories.items()]
        return render_template(
            "studio/stories.html", untrue=[each for each in shown if each.problem],
            others=[each for each in shown if not each.problem], trouble=trouble, away=away, errors=errors,
            draft=drafts.revision_of(files),
        )  # fmt: skip

    def _files(self) -> tuple[Files, Files]:
        """The files of the draft that are published, and its stories, which are not."""
        try:
            return configfiles.script_files(self._folder), configfiles.story_files(self._folder)
        except ConfigError as error:
            abort(503, f"The files of the draft cannot be read. {error}")

    # --- changing ---------------------------------------------------------------------------

    def accept_story(self) -> Response | tuple[str, int]:
        """Accept what the line says now, in one story."""
        (files, stories), name = self._files(), request.form.get("name", "")
        if not self._is_as_seen(stories, name) or drafts.revision_of(files) != request.form.get("draft"):
            return self._page("Nothing was written: the draft has changed since you looked. Look again."), 409
        try:
            untrue = self._console.draft.untrue({name: stories[name]}, files)
        except (NotDone, DraftAway) as error:
            return self._page(f"Nothing was written. {error}"), 409
        if not untrue:
            return self._done(f"{_file(name)} comes true already. Nothing was changed.")
        if untrue[0].left:
            return self._page(f"Nothing was written: {untrue[0].left.says}"), 422
        return self._write(stories, name, untrue[0].after, "What the line says now is in {}.")

    def write_story(self) -> Response | tuple[str, int]:
        """Write a story as somebody typed it, once it comes true."""
        (files, stories), name = self._files(), request.form.get("name", "")
        text = spelled(request.form.get("text", "").replace("\r\n", "\n").replace("\r", "\n")).strip("\n") + "\n"
        if not self._is_as_seen(stories, name):
            trouble = "Nothing was written: somebody changed this story since you looked. What you typed is kept below."
            return self._page(trouble, {name: text}), 409
        try:
            untrue = self._console.draft.untrue({name: text}, files)
        except (NotDone, DraftAway) as error:
            return self._page(f"Nothing was written. {error} What you typed is kept below.", {name: text}), 409
        if untrue:
            told = f"Nothing was written, and what you typed is kept below. {_where(untrue[0].problem)}"
            return self._page(told, {name: text}), 422
        return self._write(stories, name, text.replace("\n", newline_of(stories[name])), "{} is written.")

    def put_story_aside(self) -> Response | tuple[str, int]:
        """Rename a story, so that the check no longer plays it."""
        (_, stories), name = self._files(), request.form.get("name", "")
        if not self._is_as_seen(stories, name):
            return self._page("Nothing was changed: somebody changed this story since you looked."), 409
        free = (f"{name}.old" if nth == 1 else f"{name}.{nth}.old" for nth in count(1))
        aside = next(each for each in free if not (self._folder / each).exists())
        try:
            disk.write_whole(self._folder / aside, stories[name])
        except OSError as error:
            return self._page(f"Nothing was changed. config/{aside} could not be written: {error.strerror}."), 503
        after = {other: text for other, text in stories.items() if other != name}
        if why := writing.write(self._folder, stories, after):
            return self._page(why), 503
        self._console.note(f"put the story {name} aside")
        return self._done(f"The check plays it no more. It is kept as config/{aside}.")

    def _is_as_seen(self, stories: Files, name: str) -> bool:
        return name in stories and _fingerprint(name, stories[name]) == request.form.get("seen")

    def _write(self, stories: Files, name: str, text: str, told: str) -> Response | tuple[str, int]:
        if why := writing.write(self._folder, stories, {**stories, name: text}):
            return self._page(why, {name: text}), 503
        self._console.note(f"changed the story {name}")
        return self._done(told.format(_file(name)))

    def _done(self, told: str) -> Response:
        flash(told, "success")
        return redirect(url_for("stories_page"), 303)


def _shown(name: str, text: str, untrue: Untrue | None, typed: Mapping[str, str]) -> _Shown:
    shown = _Shown(name, typed.get(name, text), _fingerprint(name, text), is_typed=name in typed)
    if untrue is None:
        return shown
    differences = () if untrue.left else tuple(writing.differences({name: text}, {name: untrue.after}))
    return replace(shown, problem=untrue.problem, differences=differences, left=untrue.left)


def _fingerprint(name: str, text: str) -> str:
    return drafts.revision_of({name: text})


def _file(name: str) -> str:
    return f"config/{name}"


def _where(problem: Problem) -> str:
    return f"Line {problem.where.line}: {problem.says}" if problem.where.line else problem.says
