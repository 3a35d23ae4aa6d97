"""Pages about what has a name in staff's files: where it is used, renaming it, removing it; and writing a new topic.

Each change is shown first, line by line, with the problems that it would cause. A second press writes it, if the files
are still the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr import forms
from ivr.audio import recordings
from ivr.authoring import drafts, naming
from ivr.authoring.naming import CannotRename
from ivr.forms import topics
from ivr.forms.topics import CannotChange, NewTopic
from ivr.practice.story import Untrue
from ivr.problems import ConfigError, Problem
from ivr.web.console.common import Console, add_pages
from ivr.web.studio import writing
from ivr.web.studio.draft import DraftAway, NotDone

#: The fields of a new topic.
_FIELDS = ("name", "under", "label", "part1", "part2", "part3", "closing", "text", "urgent", "beside", "together")
Files = dict[str, str]


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/studio/where", pages.where, "GET"),
        ("/studio/where/rename", pages.rename_thing, "POST"),
        ("/studio/where/remove", pages.remove_thing, "POST"),
        ("/studio/new", pages.new_topic, "GET"),
        ("/studio/new", pages.write_topic, "POST"),
        needs="words",
    )


class _Pages:
    def __init__(self, console: Console):
        self._console, self._folder = console, console.settings.config_dir

    def _files(self) -> Files:
        try:
            return writing.draft(self._folder)
        except ConfigError as error:
            abort(503, f"The files of the draft cannot be read. {error}")

    # --- where ------------------------------------------------------------------------------

    def where(self) -> str:
        """Where a name is written and used; or, without one, everything that has a name."""
        return self._where(" ".join(request.args.get("name", "").split())[:100])

    def _where(self, name: str, trouble: str = "") -> str:
        files = self._files()
        names = naming.names_in(files)
        uses = names.of(name)
        return render_template(
            "studio/where.html", name=name, trouble=trouble, unread=names.unread,
            defined=[use for use in uses if use.defines],
            used=[(use, naming.how_used(files, use)) for use in uses if not use.defines],
            unknown=naming.nobody_is_called(names, name) if name and not uses else "",
            is_node=any(use.what == "node" for use in uses if use.defines), fixed=name in naming.OF_THE_LINE,
            known=sorted(names.known()),
        )  # fmt: skip

    def rename_thing(self) -> Response | str | tuple[str, int]:
        """Rename something, everywhere it is used."""
        old, new = request.form.get("name", ""), _plain("new")
        before = self._files()
        try:
            after = naming.renamed(before, old, new)
        except CannotRename as error:
            return self._where(old, f"{error} Nothing was changed."), 422
        is_node = any(use.what == "node" for use in naming.names_in(before).defined(old))
        try:
            sounds = recordings.renamed(self._console.settings.audio_dir, old, new) if is_node else []
        except ConfigError as error:
            return self._where(old, f"{error} Nothing was changed."), 422

        def then() -> None:
            recordings.rename(self._console.settings.audio_dir, sounds)

        return self._shown_or_written(before, after, f"'{old}' is '{new}' now", new, then)

    def remove_thing(self) -> Response | str | tuple[str, int]:
        """Remove a node, with the choices that lead to it."""
        name, instead = request.form.get("name", ""), _plain("instead")
        before = self._files()
        try:
            removal = topics.without(before, name, instead)
        except CannotChange as error:
            return self._where(name, f"{_for_a_page(str(error))} Nothing was changed."), 422
        return self._shown_or_written(before, removal.files, f"'{name}' is removed", "")

    # --- a new topic ------------------------------------------------------------------------

    def new_topic(self) -> str:
        """The form for a new piece of guidance."""
        return self._topic_page({})

    def _topic_page(self, typed: Mapping[str, str], trouble: str = "") -> str:
        room = topics.with_room(_only_yaml(self._files()))
        return render_template("studio/new_topic.html", typed=typed, trouble=trouble, room=room)

    def write_topic(self) -> Response | str | tuple[str, int]:
        """Write a new topic: its guidance, the choice that leads to it, and the text message about it."""
        typed = {name: _plain(name) for name in _FIELDS}
        if request.form.get("do") == "again":
            return self._topic_page(typed)
        before = self._files()
        if missing := next((name for name in ("name", "under", "label", "part1", "text") if not typed[name]), ""):
            return self._topic_page(typed, f"Something is missing: {_ASKED[missing]}."), 422
        parts = tuple(typed[name] for name in ("part1", "part2", "part3") if typed[name])
        beside = int(typed["beside"]) if typed["beside"].isdecimal() else 0
        made = NewTopic(
            typed["name"], typed["under"], typed["label"], parts, typed["closing"] or "That is all.", typed["text"],
            typed["urgent"] if typed["urgent"] in ("true", "today") else "", beside, typed["together"],
        )  # fmt: skip
        try:
            after = topics.with_topic(before, made)
        except CannotChange as error:
            return self._topic_page(typed, f"{_for_a_page(str(error))} Nothing was written."), 422
        return self._shown_or_written(before, after, f"'{made.name}' is written", made.name)

    # --- looking, and then writing ----------------------------------------------------------

    def _shown_or_written(
        self, before: Files, after: Files, done: str, then_at: str, then: Callable[[], None] = lambda: None
    ) -> Response | str | tuple[str, int]:
        """Show a change with the problems that it would cause; or, at the second press, write it.

        `done`: what was done, in words. `then_at`: the name to show after that. `then`: is called once it is written.
        """
        fields = {key: value for key, value in request.form.items() if key not in ("csrf_token", "do", "revision")}
        problems, away = self._against(before, after)
        untrue = () if problems or away else self._no_longer_true(before, after)
        revision = drafts.revision_of(before)
        is_looked_at = request.form.get("do") == "write" and request.form.get("revision") == revision
        trouble = ""
        if is_looked_at and not problems and not away:
            trouble = writing.write(self._folder, before, after)
            if not trouble:
                then()
                self._console.note("changed the draft", then_at or fields.get("name", ""))
                flash(f"{done}. Callers hear the difference once it is published.", "success")
                if untrue:
                    flash(
                        f"{_stories(len(untrue))} not come true any more. Put that right before you publish.", "warning"
                    )
                    return redirect(url_for("stories_page"), 303)
                return redirect(url_for("where", name=then_at) if then_at else url_for("edit_index"), 303)
        elif request.form.get("do") == "write" and not is_looked_at:
            trouble = "The draft has changed since you looked, so nothing was written. Look again."
        page = render_template(
            "studio/change.html", fields=fields, differences=list(writing.differences(before, after)), trouble=trouble,
            problems=problems, away=away, revision=revision, untrue=untrue,
            stories=_stories(len(untrue)),
        )  # fmt: skip
        return page, 409 if trouble else 422 if problems else 200

    def _against(self, before: Files, after: Files) -> tuple[tuple[Problem, ...], str]:
        """The problems that a change would cause, and that the draft has not; and why nobody could look, or empty."""
        try:
            self._console.draft.gate(_only_yaml(before), _only_yaml(after))
        except NotDone as error:
            return error.problems, "" if error.problems else str(error)
        except DraftAway as error:
            return (), str(error)
        return (), ""

    def _no_longer_true(self, before: Files, after: Files) -> tuple[Untrue, ...]:
        """The stories that come true before a change, and not after it."""
        try:
            known = {each.name for each in self._untrue(before)}
            return tuple(each for each in self._untrue(after) if each.name not in known)
        except (NotDone, DraftAway):  # publishing plays the stories again
            return ()

    def _untrue(self, files: Files) -> tuple[Untrue, ...]:
        stories = {name: text for name, text in files.items() if name.startswith(naming.STORIES)}
        return self._console.draft.untrue(stories, _only_yaml(files))


#: What a field of a new topic asks for.
_ASKED = {
    "name": "its name", "under": "what leads to it", "label": "the words of the choice", "part1": "what callers hear",
    "text": "the text message",
}  # fmt: skip


def _plain(field: str) -> str:
    """What was typed or pasted into a field, without invisible characters."""
    return forms.cleaned(request.form.get(field, "")).words


def _only_yaml(files: Files) -> Files:
    return {name: text for name, text in files.items() if not name.startswith(naming.STORIES)}


def _stories(count: int) -> str:
    return "1 story does" if count == 1 else f"{count} stories do"


def _for_a_page(words: str) -> str:
    """An advice that names options of the command line, reworded for a form."""
    return words.replace("--beside KEY --together 'To ask about both'", "fill in the last two fields").replace(
        "--instead", "lead callers elsewhere"
    )
