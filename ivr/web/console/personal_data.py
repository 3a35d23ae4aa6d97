"""Everything that is kept about one phone: found, exported for the person who asks for it, or deleted for good.

It does what `ivr person` does. An administrator types the number, which appears in no address and in no log: the log
records that somebody searched, exported or deleted. Searches are limited, because a call number has only four digits.
"""

from __future__ import annotations

import io
import zipfile

from flask import Flask, render_template, request
from werkzeug.wrappers import Response

from ivr import dialling
from ivr.store import Spool
from ivr.usecases import personal_data
from ivr.usecases.personal_data import PersonalData
from ivr.web.console.common import Console, Pages, add_pages

#: How often one administrator can search, export and delete in an hour, all together.
MOST_SEARCHES = 60


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    pages.spool = Spool(console.settings.spool_dir, console.settings.keys)
    add_pages(
        app,
        ("/phone", pages.phone, "GET"),
        ("/phone", pages.find_phone, "POST"),
        ("/phone/export", pages.export_phone, "POST"),
        ("/phone/forget", pages.forget_phone, "POST"),
        needs="erase",
    )


class _Pages(Pages):
    spool: Spool

    def phone(self) -> str:
        return self._page()

    def find_phone(self) -> str | tuple[str, int]:
        """How much is kept about a phone, by kind. Nobody's words are shown."""
        found = self._found_or_why("looked for everything of a phone")
        return self._page(found=found) if isinstance(found, PersonalData) else self._problem(*found)

    def export_phone(self) -> Response | tuple[str, int]:
        """Everything as one file, for the person who asks what is kept about them."""
        found = self._found_or_why("exported everything of a phone")
        if not isinstance(found, PersonalData):
            return self._problem(*found)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
            for name, content in personal_data.files_of(self._console.settings, found):
                files.writestr(name, content)
        response = Response(packed.getvalue(), mimetype="application/zip")
        response.headers["Content-Disposition"] = "attachment; filename=everything-of-one-phone.zip"
        return response

    def forget_phone(self) -> str | tuple[str, int]:
        """Delete everything for good, if the box "sure" is ticked."""
        if not request.form.get("sure"):
            found = self._found_or_why("looked for everything of a phone")
            problem = "Nothing was deleted. First tick the box to say that you are sure."
            return (self._page(found=found, problem=problem) if isinstance(found, PersonalData) else self._page()), 422
        found = self._found_or_why("deleted everything of a phone")
        if not isinstance(found, PersonalData):
            return self._problem(*found)
        try:
            personal_data.forget(self._console.settings, self._console.store, self.spool, found, self._now)
        except OSError as error:
            return self._problem(
                f"It is deleted, but this machine could not note it ({error.strerror}): a restore of a backup would "
                "bring it back. Tell your operator.", 500,
            )  # fmt: skip
        left = personal_data.find(self._console.store, self.spool, found.number, self._now)
        if left.is_known:
            return self._page(found=left, problem="Something came in meanwhile. Delete it once more."), 409
        return self._page(deleted=found)

    def _found_or_why(self, what: str) -> PersonalData | tuple[str, int]:
        """What is kept about the phone in the form; or why nothing can be shown, and the HTTP status."""
        store = self._console.store
        if store.audit.searches(self._me, "phone") > MOST_SEARCHES:
            self._console.note("searched too often for everything of a phone")
            return "Those were many searches in an hour. Wait a little.", 429
        try:
            number = personal_data.number_of(store, request.form.get("number", "")[:40])
        except ValueError as why:
            return str(why), 422
        found = personal_data.find(store, self.spool, number, self._now)
        self._console.note(what + ("" if found.is_known else ", of which nothing is kept"))
        return found if found.is_known else ("Nothing is kept of this number.", 404)

    def _problem(self, why: str, code: int) -> tuple[str, int]:
        return self._page(problem=why), code

    def _page(self, found: PersonalData | None = None, deleted: PersonalData | None = None, problem: str = "") -> str:
        shown = found or deleted
        return render_template(
            "phone.html", found=found, deleted=deleted, problem=problem, left=personal_data.LEFT,
            number=dialling.national(shown.number) if shown else request.form.get("number", "")[:40],
        )  # fmt: skip
