"""Pages that change the files of config/: a form for each part of them that changes often.

A page reads and writes the same files that staff edit by hand. What cannot be written yet, because it has errors, is
kept for whoever typed it. So is what somebody typed in a window that was closed or lost its connection.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, Response, abort, flash, g, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from ivr import forms
from ivr.forms import Form, NoSuchForm
from ivr.forms.shape import SWITCHED, Values
from ivr.hours import LONDON
from ivr.machine import configfiles
from ivr.problems import ConfigError, Problem
from ivr.store import DamagedRevision, StoreDown
from ivr.store.unfinished import Typed
from ivr.web.console.common import Console, add_pages
from ivr.web.studio import beside, filled, writing
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.filled import Filled

#: The forms, as they are offered: their names with what each is for.
OFFERED = (
    (
        "hours",
        "Opening hours",
        "The usual hours of each day of the week, also with a break at noon. An empty day is closed.",
    ),
    ("days", "Single days with other hours", "A training morning, a day on which a part is closed, an open Saturday."),
    ("weeks", "Weeks with other hours", "School holidays, or a summer. A day that is left empty is as usual."),
    ("closed", "Closed days", "Days off that are not bank holidays. Those are known."),
    ("notices", "Notices", "Words that every caller hears first, from a day or a time to another."),
    ("phones", "Phone numbers", "The numbers that the line says and texts, with who confirmed them."),
    ("parts", "Being called back", "The parts of a day, and how many callers can be called in each."),
    ("emails", "E-mail addresses", "Those that the line sends by text, with who confirmed them."),
    ("links", "Web addresses", "Those that the line sends by text, with who confirmed them."),
    ("names", "Names", "The service, the council, and the others whom the line names."),
    ("sentences", "Sentences", "Single sentences that are said in a certain place. An empty one is not said."),
    ("switches", "Switches", "Guidance that is on or off."),
    ("alerts", "Who gets alerts", "The e-mail addresses to which alerts about urgent and late requests go."),
    ("test_phones", "Phones that hear the draft", "Whoever calls the line from one hears the draft first."),
    ("never_ring", "Numbers that are never called", "Nobody calls them or texts them, whoever asks."),
)


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    app.jinja_env.globals.update(spans=filled.spans, moment_fields=filled.moment, switched=SWITCHED)
    add_pages(
        app,
        ("/studio/edit", pages.edit_index, "GET"),
        ("/studio/edit/<name>", pages.edit, "GET"),
        ("/studio/edit/<name>", pages.save_edit, "POST"),
        ("/studio/edit/<name>/keep", pages.keep_edit, "POST"),
        ("/studio/edit/<name>/hear", pages.hear_edit, "POST"),
        needs="words",
    )


@dataclass
class _Shown:
    """What a page shows of a form."""

    #: What stands in the fields, by entry. None: the entry is to be removed.
    values: dict[str, Values | None]
    #: What the file had when the form was shown. The browser sends it back, so that changes by others are noticed.
    seen: Mapping[str, Values]
    #: The fields as they were sent.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: What was tidied in pasted words, by entry and field.
    told: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: Problems by entry and field; those of the form as a whole under ("", "").
    problems: dict[tuple[str, str], list[Problem]] = field(default_factory=dict)
    #: What is wrong with a confirmation, by entry and field.
    wrong: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: What somebody else wrote meanwhile, by entry and field.
    theirs: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Problems that are not in this form.
    elsewhere: list[Problem] = field(default_factory=list)
    #: A message above the form: why nothing was saved, or where its values come from.
    trouble: str = ""
    checked: bool = False
    #: Why it was not checked.
    unchecked: str = ""
    #: How many empty rows are offered.
    more: int = 1


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    @property
    def _me(self) -> str:
        return str(g.adviser.name)

    @property
    def _today(self) -> dt.date:
        return self._console.clock().astimezone(LONDON).date()

    # --- looking ----------------------------------------------------------------------------

    def edit_index(self) -> str:
        """What can be changed: the forms, and the words of each part."""
        files = self._files()
        parts, texts = beside.parts(files), beside.texts(files)
        kept = {typed.form: typed for typed in reversed(self._console.store.unfinished.of(self._me))}
        return render_template("studio/edit_index.html", offered=OFFERED, parts=parts, texts=texts, kept=kept)

    def edit(self, name: str) -> str:
        """A form: with what this person typed and did not save or, if there is nothing, as the file is."""
        files = self._files()
        form = self._form(files, name)
        kept = self._console.store.unfinished.of(self._me, name)
        wanted = request.args.get("version", "")
        version = next((each for each in kept if each.window == wanted), kept[0] if kept and wanted != "file" else None)
        if version is None:
            shown = _Shown(dict(form.values), form.values)
        else:
            read = filled.read(form, version.fields, self._today)
            shown = _Shown(dict(read.typed), read.seen, version.fields, read.told)
            shown.trouble = "This is what you typed before and did not save."
        if request.args.get("check"):
            self._check(shown, files, form, {})
        return self._page(form, files, shown, version.window if version else "", [e for e in kept if e != version])

    def _files(self) -> dict[str, str]:
        try:
            return configfiles.script_files(self._console.settings.config_dir)
        except ConfigError as error:
            abort(503, f"The files of the draft cannot be read. {error}")

    def _form(self, files: Mapping[str, str], name: str) -> Form:
        try:
            return forms.form(files, name)
        except NoSuchForm as error:
            abort(404, str(error))

    def _page(
        self, form: Form, files: Mapping[str, str], shown: _Shown, window: str = "", others: list[Typed] | None = None
    ) -> str:
        confirmed = {key: forms.confirmed(files, form.path if not key else (*form.path, key)) for key in form.confirms}
        new = [key for key in shown.values if key.startswith(forms.NEW)]
        room = [f"{forms.NEW}{nth}" for nth in range(filled.MOST_NEW) if f"{forms.NEW}{nth}" not in new]
        blank = room[: shown.more] if form.grows else []
        return render_template(
            "studio/edit.html", form=form, shown=shown, seen=filled.as_json(shown.seen), confirmed=confirmed, new=new,
            blank=blank, saved="saved" in request.args, now_seconds=self._console.now, window=secrets.token_hex(6),
            continues=window, others=others or [], today=self._today,
            what=next((what for offered, _, what in OFFERED if offered == form.name), ""),
        )  # fmt: skip

    # --- saving -----------------------------------------------------------------------------

    def save_edit(self, name: str) -> AnyResponse | tuple[str, int]:
        """Save a form, check it, add a row, or drop what was typed. Unless it is dropped, what was typed stays."""
        files, do = self._files(), request.form.get("do", "save")
        form, fields = self._form(files, name), request.form.to_dict()
        if do == "forget":
            self._forget(name)
            flash("What you typed is gone. This is what the file has.", "success")
            return redirect(url_for("edit", name=name, version="file"), 303)
        self._keep(name)
        read = filled.read(form, fields, self._today)
        saved = forms.save(files, form, read.seen, read.typed, read.confirmed)
        shown = _Shown(dict(read.typed), read.seen, fields, read.told, wrong=read.wrong)
        if do == "more":
            shown.more = 2
            return self._page(form, files, shown, self._window), 200
        if saved.clashes:
            return self._clashing(form, files, read, saved.clashes), 409
        changed = {**files, form.file: saved.text}
        if do == "check":
            self._check(shown, changed, form, saved.paths)
            return self._page(form, files, shown, self._window), 200
        if read.wrong or not self._is_right(shown, files, changed, form, saved.paths):
            shown.trouble = shown.trouble or "This is not right yet, so it is not in the draft. What you typed is kept."
            return self._page(form, files, shown, self._window), 422
        return self._written(form, files, shown, saved.text)

    def _clashing(self, form: Form, files: Mapping[str, str], read: Filled, clashes: tuple[forms.Clash, ...]) -> str:
        """The page if somebody else changed the same field meanwhile: it shows both, and saving again overwrites."""
        shown = _Shown(forms.over(form, read.seen, read.typed), form.values, told=read.told, wrong=read.wrong)
        shown.trouble = (
            "Somebody changed the same in the file since this page was opened. Nothing was saved. What is there now "
            "stands beside each field. Save once more to have yours instead."
        )
        for clash in clashes:
            key = clash.key if clash.key in shown.values else f"{forms.NEW}-{clash.key}"
            shown.theirs[key, clash.field] = "It was taken out." if clash.theirs is None else clash.theirs
        return self._page(form, files, shown, self._window)

    def _is_right(
        self,
        shown: _Shown,
        files: dict[str, str],
        changed: dict[str, str],
        form: Form,
        paths: Mapping[str, tuple[str | int, ...]],
    ) -> bool:
        """Whether the change adds no error to the draft. Errors are put beside their fields."""
        if changed == files:
            return True
        try:
            problems = self._console.draft.compiled(changed).problems
            before = self._console.draft.compiled(files).problems if problems else ()
        except (DraftAway, NotDone) as error:
            shown.trouble = (
                f"It could not be looked whether this is right, so it is not in the draft yet. It is kept. {error}"
            )
            return False
        beside.sort(shown.problems, shown.elsewhere, problems, changed, form, paths)
        known = {(each.where.file, each.code, each.words) for each in before}
        return not shown.problems and all((each.where.file, each.code, each.words) in known for each in problems)

    def _written(self, form: Form, files: dict[str, str], shown: _Shown, text: str) -> AnyResponse | tuple[str, int]:
        if text != files[form.file]:
            changed = {**files, form.file: text}
            if why := writing.write(self._console.settings.config_dir, files, changed):
                shown.trouble = f"{why} What you typed is kept."
                return self._page(form, files, shown, self._window), 503
            self._console.note("changed the draft", form.name)
            flash("Saved in the draft. Callers hear it once it is published.", "success")
        else:
            flash("The draft has this already.", "success")
        for told in shown.told.values():
            flash(told, "warning")
        self._forget(form.name)
        return redirect(url_for("edit", name=form.name, version="file", saved="yes"), 303)

    # --- the check --------------------------------------------------------------------------

    def _check(
        self, shown: _Shown, files: dict[str, str], form: Form, paths: Mapping[str, tuple[str | int, ...]]
    ) -> None:
        """Put what the check finds beside the fields it concerns."""
        try:
            problems = self._console.draft.checked(files, self._live()).problems
        except NotDone as error:
            problems = error.problems
            if not problems:
                shown.unchecked = f"It was not checked. {error}"
                return
        except DraftAway as error:
            shown.unchecked = f"It was not checked. {error}"
            return
        beside.sort(shown.problems, shown.elsewhere, problems, files, form, paths)
        shown.checked = True

    def _live(self) -> dict[str, str] | None:
        """The files that are live; None if nothing is, or they are damaged: the rest of the check needs none."""
        revisions = self._console.store.revisions
        with contextlib.suppress(DamagedRevision):
            return revisions.files(revisions.live() or "")
        return None

    # --- hearing ----------------------------------------------------------------------------

    def hear_edit(self, name: str) -> AnyResponse:
        """The words of one field as callers would hear them, as a sound file."""
        files = self._files()
        form = self._form(files, name)
        read = filled.read(form, request.form.to_dict(), self._today)
        key, _, of = request.form.get("hear", "").partition(":")
        values = read.typed.get(key) or {}
        saved = forms.save(files, form, form.values, {k: v for k, v in read.typed.items() if form.entry(k)})
        words = beside.spoken(form, key, values.get(of, ""))
        try:
            sound = self._console.draft.sound(words, files={**files, form.file: saved.text})
        except (DraftAway, NotDone) as error:
            abort(Response(str(error), 422, mimetype="text/plain"))
        return send_file(io.BytesIO(sound), mimetype="audio/wav", max_age=0)

    # --- what is not saved yet --------------------------------------------------------------

    @property
    def _window(self) -> str:
        return request.form.get("window", "")[:40] or "window"

    def keep_edit(self, name: str) -> AnyResponse:
        """Keep what is being typed. The page sends it by itself."""
        self._form(self._files(), name)
        self._keep(name)
        return Response(status=204)

    def _keep(self, name: str) -> None:
        fields = {key: value for key, value in request.form.items() if key not in ("csrf_token", "do", "hear")}
        typed = Typed(name, self._window, self._console.now, fields)
        self._console.store.unfinished.keep(self._me, typed, request.form.get("continues", "")[:40])

    def _forget(self, name: str) -> None:
        try:
            for window in (self._window, request.form.get("continues", "")[:40]):
                self._console.store.unfinished.forget(self._me, name, window)
        except StoreDown:  # the form is saved, and an old copy of what was typed does no harm
            return
