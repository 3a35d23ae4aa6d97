"""The page for publishing the draft: what would change, what prevents it, who else published, and who must agree.

A publication has the name of whoever is signed in. The draft process runs the gate and makes the sounds. If two people
publish at the same time, Redis accepts the first. The second is told what went live, and can take it into their draft.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr.authoring import drafts
from ivr.authoring.merging import Conflict, Side
from ivr.machine import configfiles
from ivr.problems import ConfigError, Problem, counted
from ivr.store import DamagedRevision, Proposed, Published
from ivr.usecases import origin, publishing
from ivr.usecases.publishing import NotPublished
from ivr.web.console.common import Console, add_pages, written
from ivr.web.studio import writing
from ivr.web.studio.draft import DraftAway, NotDone

#: The most characters of a reason.
LONGEST_WHY = 200
#: The most publications of the history that are listed.
MOST_LISTED = 20


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    app.jinja_env.globals.update(longest_reason=LONGEST_WHY)
    add_pages(
        app,
        ("/studio/publish", pages.publish_page, "GET"),
        ("/studio/publish/take-over", pages.take_over, "POST"),
        needs="words",
    )
    add_pages(
        app,
        ("/studio/publish", pages.publish, "POST"),
        ("/studio/publish/agree", pages.agree, "POST"),
        ("/studio/publish/refuse", pages.refuse_publication, "POST"),
        ("/studio/publish/undo", pages.undo, "POST"),
        needs="publish",
    )


@dataclass(frozen=True)
class _Draft:
    """What publishing the draft would do, as far as it could be looked at."""

    revision: str = ""
    #: What callers would hear differently, each change in lines.
    changes: tuple[tuple[str, ...], ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: int = 0
    #: Why it could not be looked at.
    away: str = ""


class _Pages:
    def __init__(self, console: Console):
        self._console, self._store, self._draft = console, console.store, console.draft

    @property
    def _me(self) -> str:
        return str(g.adviser.name)

    # --- looking ----------------------------------------------------------------------------

    def publish_page(self, trouble: str = "", why: str = "") -> str:
        """What would change, what waits, what was published. The draft is only looked at on request ("look"), because
        that takes seconds.
        """
        live, waiting = self._live(), self._store.revisions.proposed()
        files = self._files()
        behind = origin.behind(self._store, self._folder, files, self._me) if files is not None else None
        draft = None
        if files is None:
            draft = _Draft(away="The files of the draft cannot be read.")
        elif "look" in request.args:
            draft = self._looked_at(live)
        script = self._console.edition.script
        return render_template(
            "studio/publish.html", draft=draft, live=self._store.revisions.live(), behind=behind,
            conflicts=self._conflicts(files or {}, behind), waiting=waiting,
            revision=drafts.revision_of(files or {}), mine=waiting and waiting.published.who == self._me,
            wanted=self._changes(live, waiting.files) if waiting and draft else (),
            needs_approval=_needs_approval(live), trouble=trouble, why=why, now_seconds=self._console.now,
            rows=self._store.revisions.history()[:MOST_LISTED],
            broken=publishing.broken_promises(self._store, script),
        )  # fmt: skip

    @property
    def _folder(self) -> Path:
        return self._console.settings.config_dir

    def _files(self) -> dict[str, str] | None:
        """The files on disk, as they would be published; None if they cannot be read."""
        try:
            return publishing.draft_files(self._console.settings)
        except ConfigError:
            return None

    def _live(self) -> dict[str, str]:
        return self._stored(self._store.revisions.live() or "")

    def _stored(self, revision: str) -> dict[str, str]:
        """The stored files of a revision; none if they are gone or damaged."""
        with contextlib.suppress(DamagedRevision):
            return self._store.revisions.files(revision) or {}
        return {}

    def _looked_at(self, live: dict[str, str]) -> _Draft:
        try:
            checked = self._draft.checked(live=live or None)
            errors = tuple(each for each in checked.problems if each.severity == "error")
            changes = self._draft.differences(live).changes if live else ()
            return _Draft(
                checked.revision, tuple(lines for _, lines in changes), errors, len(checked.problems) - len(errors)
            )
        except NotDone as error:
            return _Draft(errors=error.problems, away="" if error.problems else str(error))
        except DraftAway as error:
            return _Draft(away=str(error))

    def _changes(self, live: dict[str, str], files: dict[str, str]) -> tuple[tuple[str, ...], ...] | None:
        """What callers would hear differently; None if it could not be looked up."""
        try:
            return tuple(lines for _, lines in self._draft.differences(live, files).changes)
        except (DraftAway, NotDone):
            return None

    # --- publishing -------------------------------------------------------------------------

    def publish(self) -> Response | tuple[str, int]:
        """Make the draft live; or, if a second person must agree, store it for them."""
        why, before = " ".join(written("why", LONGEST_WHY).split()), request.form.get("live", "")
        if not why:
            return self.publish_page("Say in a few words why, for the history."), 422
        files = self._files()
        if files is not None and origin.behind(self._store, self._folder, files, self._me):
            return self.publish_page("Nothing was published: others have published since. See below.", why), 409
        try:
            live = self._live()
            passed = self._draft.gate(live)
            if passed.revision != request.form.get("draft"):
                return self.publish_page("Nothing was published: the draft has changed since you looked.", why), 409
            sounds = self._draft.render(passed.files)
            if _needs_approval(live) and passed.revision != before:
                publishing.propose(self._store, passed, self._me, why, before)
                self._console.note("asked for a second person", passed.revision)
                flash("It waits for a second person now, and is not live yet.", "success")
                return redirect(url_for("publish_page"), 303)
            is_new = publishing.put_live(self._store, passed, self._me, why, before)
        except (NotDone, DraftAway, NotPublished) as error:
            return self.publish_page(f"Nothing was published. {error}", why), 409
        origin.note(self._folder, passed.revision)
        return self._is_live(passed.revision, "published", is_new, passed.changes_fallback, sounds.unsaid)

    def _is_live(self, revision: str, what: str, is_new: bool, changes_fallback: bool, unsaid: int) -> Response:
        self._console.note(what, revision)
        flash("It is live: new calls use it." if is_new else "This is live already. Nothing was changed.", "success")
        if unsaid:
            flash(f"No voice here can say {counted(unsaid, 'prompt')}, so Twilio's voice reads them.", "warning")
        if changes_fallback:
            flash(
                "To do outside: what callers hear while this machine is down has changed. If it is in a TwiML Bin at "
                "Twilio, paste the output of `ivr fallback` there, or run `ivr connect --fallback-at-twilio`.",
                "warning",
            )  # fmt: skip
        return redirect(url_for("publish_page"), 303)

    # --- a second person --------------------------------------------------------------------

    def _waiting(self) -> Proposed | None:
        waiting = self._store.revisions.proposed()
        return waiting if waiting and waiting.published.revision == request.form.get("revision") else None

    def agree(self) -> Response | tuple[str, int]:
        """Make the waiting publication live, because a second person agrees."""
        waiting = self._waiting()
        if waiting is None:
            return self.publish_page("This does not wait any more. Nothing was changed."), 409
        if waiting.published.who == self._me:
            return self.publish_page("A second person has to agree: you want to publish this yourself."), 403
        try:
            passed = self._draft.gate(self._live(), waiting.files)
            sounds = self._draft.render(passed.files)
            publishing.approve(self._store, passed, waiting, self._me, self._console.now)
        except (NotDone, DraftAway, NotPublished) as error:
            return self.publish_page(f"Nothing was published. {error}"), 409
        return self._is_live(passed.revision, "agreed to publish", True, passed.changes_fallback, sounds.unsaid)

    def refuse_publication(self) -> Response | tuple[str, int]:
        """Refuse the waiting publication. It stays in the draft of whoever wanted to publish it."""
        waiting = self._waiting()
        if waiting is None:
            return self.publish_page("This does not wait any more. Nothing was changed."), 409
        self._store.revisions.withdraw(waiting.published.revision)
        self._console.note("put aside", waiting.published.revision)
        flash(f"It is put aside. It stays in {waiting.published.who}'s draft.", "success")
        return redirect(url_for("publish_page"), 303)

    # --- going back -------------------------------------------------------------------------

    def undo(self) -> Response | tuple[str, int]:
        """Make the publication before the last live again. The draft stays as it is."""
        rows = self._store.revisions.history()
        last: Published | None = rows[0] if rows else None
        files = self._stored(last.before) if last and last.before else {}
        if last is None or not files or last.revision != request.form.get("revision"):
            return self.publish_page("Something else is live since, or there is nothing to go back to."), 409
        changes = self._changes(self._live(), files)
        try:
            self._draft.render(files)
            publishing.take_back(self._store, files, last, self._me)
        except (NotDone, DraftAway, NotPublished) as error:
            return self.publish_page(f"Nothing was changed. {error}"), 409
        origin.note(self._folder, last.before)
        self._console.note("took back", last.revision)
        told = " ".join(line.strip() for lines in changes or () for line in lines)
        flash(f"This took back what {last.who} published ({last.why}). {told}", "success")
        return redirect(url_for("publish_page"), 303)

    # --- what others published --------------------------------------------------------------

    def _conflicts(self, files: Mapping[str, str], behind: origin.Behind | None) -> list[Conflict]:
        """Where the draft and what is live changed the same lines."""
        found: list[Conflict] = []

        def note(conflict: Conflict) -> Side:
            found.append(conflict)
            return "mine"

        if behind:
            origin.caught_up(self._store, files, behind.began, note)
        return found

    def take_over(self) -> Response | tuple[str, int]:
        """Write into the draft what others published since it began. Where both changed the same lines, the form says
        which to take.
        """
        files, live = self._files(), self._store.revisions.live() or ""
        behind = origin.behind(self._store, self._folder, files, self._me) if files is not None else None
        if files is None or behind is None:
            return self.publish_page("There is nothing to take over any more."), 409
        if live != request.form.get("live") or request.form.get("draft") != drafts.revision_of(files):
            return self.publish_page("Something has changed since you looked. Choose again."), 409
        count = len(self._conflicts(files, behind))
        if any(request.form.get(f"side{nth}") not in ("mine", "theirs") for nth in range(count)):
            return self.publish_page("Choose one of the two at each place."), 422

        asked = iter(range(count))

        def choose(_: Conflict) -> Side:
            return "theirs" if request.form.get(f"side{next(asked)}") == "theirs" else "mine"

        before = configfiles.script_files(self._folder)
        after = origin.caught_up(self._store, before, behind.began, choose)
        if why := writing.write(self._folder, before, after):
            return self.publish_page(f"Nothing was taken over. {why}"), 503
        origin.note(self._folder, live, seen=True)
        self._console.note("took over what is live", live)
        flash("Your draft has it now. Look at what would change, and then publish.", "success")
        return redirect(url_for("publish_page"), 303)


def _needs_approval(live: Mapping[str, str]) -> bool:
    """Whether a second person must agree. The live files decide, so that a draft cannot switch this off for itself."""
    if drafts.LINE not in live:
        return False
    return drafts.read_draft({drafts.LINE: live[drafts.LINE]}).line.needs_approval
