"""The page on which prompts are recorded one after the other, with a microphone or from a file.

A take is the whole body of a request, of which nothing is read before the sender's right is checked. The draft process
judges and keeps it, because it has the libraries for sound. The browser keeps the take until that is done, so that
nothing is lost, whatever goes wrong on the way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import groupby

from flask import Flask, Response, abort, flash, g, redirect, render_template, request, url_for
from msgspec import structs
from werkzeug.wrappers import Response as AnyResponse

from ivr.audio.taking import MOST_BYTES
from ivr.web.console.common import Console, add_large, add_pages, go, written
from ivr.web.studio import asked
from ivr.web.studio.asked import Prompt, Prompts
from ivr.web.studio.draft import DraftAway, NotDone
from ivr.web.studio.phone import json_answer, wav

#: The most characters of the name of whoever listened.
LONGEST_NAME = 80
#: What each state means to whoever records.
STATES: dict[asked.State, str] = {
    "none": "not recorded", "kept": "recorded", "other": "recorded for other words", "file": "nobody has confirmed it",
}  # fmt: skip


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    app.jinja_env.globals.update(record_states=STATES)
    add_pages(
        app,
        ("/studio/record", pages.record_index, "GET"),
        ("/studio/record/<language>/<name>", pages.record, "GET"),
        ("/studio/record/<language>/<name>/take.wav", pages.recorded_take, "GET"),
        ("/studio/record/<language>/<name>/judge", pages.judge_take, "POST"),
        ("/studio/record/<language>/<name>/keep", pages.keep_take, "POST"),
        ("/studio/listen/<language>", pages.listen_page, "GET"),
        ("/studio/listen/<language>", pages.note_listener, "POST"),
        ("/studio/record/en/<name>/confirm", pages.confirm_take, "POST"),
        ("/studio/record/en/<name>/out", pages.take_out_recording, "POST"),
        needs="words",
    )
    add_large(app, MOST_BYTES, pages.judge_take, pages.keep_take)


class _Pages:
    def __init__(self, console: Console):
        self._console = console

    # --- looking ----------------------------------------------------------------------------

    def record_index(self) -> str:
        """What there is to record in a language, subject by subject."""
        found = self._found(request.args.get("language", "en"))
        subjects = [(about, list(prompts)) for about, prompts in groupby(found.prompts, lambda each: each.about)]
        left = [each for each in found.prompts if _is_left(each)]
        return render_template("studio/record_index.html", found=found, subjects=subjects, left=left)

    def record(self, language: str, name: str) -> str:
        """One prompt: its words, what is recorded, and a microphone."""
        found = self._found(language)
        prompt = next((each for each in found.prompts if each.name == name), None)
        if prompt is None:
            abort(404, "These words are not said any more.")
        everything = "all" in request.args
        walked = [each for each in found.prompts if each.words and (everything or _is_left(each) or each == prompt)]
        at = walked.index(prompt) if prompt in walked else 0
        return render_template(
            "studio/record.html", found=found, prompt=prompt, judged=self._said_of(prompt),
            at=at + 1, of=len(walked), everything=everything,
            before=walked[at - 1].name if at else "", after=walked[at + 1].name if at + 1 < len(walked) else "",
            most_bytes=MOST_BYTES,
        )  # fmt: skip

    def _said_of(self, prompt: Prompt) -> tuple[str, ...]:
        """What is wrong with an English take that nobody has confirmed, for whoever listens to it."""
        if prompt.state != "file" or prompt.english:
            return ()
        try:
            judged = self._console.draft.judged("en", prompt.name)
        except (DraftAway, NotDone) as error:
            return (str(error),)
        return (*judged.faults, *judged.doubts)

    def _found(self, language: str) -> Prompts:
        try:
            return self._console.draft.prompts(language)
        except DraftAway as error:
            abort(503, str(error))
        except NotDone as error:
            told = f" {error.problems[0]}" if error.problems else ""
            abort(409 if error.problems else 404, f"{error}{told}")

    def recorded_take(self, language: str, name: str) -> Response:
        """What is recorded, as callers would hear it."""
        return wav(lambda: self._console.draft.taken(language, name))

    # --- recording --------------------------------------------------------------------------

    def judge_take(self, language: str, name: str) -> AnyResponse:
        """What is wrong with a take, and its sound as callers would hear it. Nothing is kept."""

        def judge(content: bytes) -> object:
            judged = self._console.draft.judged(language, name, content)
            sound = base64.b64encode(judged.sound).decode()
            return {"faults": judged.faults, "doubts": judged.doubts, "sound": sound}

        return _answered(judge)

    def keep_take(self, language: str, name: str) -> AnyResponse:
        """Keep a take: whoever is signed in has listened to it, and confirms that it says these words."""
        of, was = request.args.get("of", ""), request.args.get("was", "")

        def keep(content: bytes) -> object:
            take = asked.KeepTake(language, name, content, of, was, str(g.adviser.name))
            kept = self._console.draft.keep_take(take)
            if not kept.why:
                self._console.note(f"recorded {language}/{name}")
            return {"why": kept.why, "prompt": structs.asdict(kept.prompt)}

        return _answered(keep)

    def confirm_take(self, name: str) -> AnyResponse:
        """Confirm a take that came by telephone or as a file: whoever is signed in has listened to it."""
        of, was, after = (request.form.get(field, "") for field in ("of", "take", "after"))
        try:
            self._console.draft.confirm(asked.Confirm(name, of, was, str(g.adviser.name)))
        except (DraftAway, NotDone) as error:
            flash(str(error), "danger")
            return redirect(url_for("record", language="en", name=name), 303)
        self._console.note(f"confirmed the recording en/{name}")
        flash("Confirmed. Callers hear it once it is published.", "success")
        return redirect(url_for("record", language="en", name=after), 303) if after else go("record_index")

    def take_out_recording(self, name: str) -> AnyResponse:
        """Let a voice speak again instead of an English recording, or delete one that nobody has confirmed."""
        unconfirmed = request.form.get("take", "")
        try:
            out = self._console.draft.take_out(asked.TakeOut(name, unconfirmed))
        except (DraftAway, NotDone) as error:
            flash(str(error), "danger")
        else:
            self._console.note(f"{'deleted' if unconfirmed else 'took out'} the recording {name}")
            when = "from now on" if out.at_once else "once that is published"
            kept = f"A voice speaks here again, {when}. The file is kept."
            flash("It is deleted. Record it anew." if unconfirmed else kept, "success")
        return go("record_index")

    # --- listening --------------------------------------------------------------------------

    def listen_page(self, language: str, trouble: str = "", by: str = "") -> str:
        """The lines of a language with their sounds, for whoever listens to them."""
        try:
            found = self._console.draft.lines(language)
        except DraftAway as error:
            abort(503, str(error))
        except NotDone as error:
            abort(404, str(error))
        who = by or request.args.get("by", "")
        return render_template("studio/listen.html", found=found, trouble=trouble, by=who, longest=LONGEST_NAME)

    def note_listener(self, language: str) -> AnyResponse | tuple[str, int]:
        """Write down who listened to a line. It may not be the person who is signed in, so a name is typed."""
        line, by = request.form.get("line", ""), " ".join(written("by", LONGEST_NAME).split())
        takes = dict(each.split("=", 1) for each in request.form.getlist("take") if "=" in each)
        try:
            if not by:
                raise NotDone("Write the name of whoever listened.")
            self._console.draft.listened(asked.Listened(language, line, request.form.get("of", ""), takes, by))
        except (DraftAway, NotDone) as error:
            return self.listen_page(language, f"Nothing was written down. {error}", by), 422
        self._console.note(f"wrote down who listened to {language}/{line}")
        flash(f"{by} stands for it now. Callers hear it once the language is on, and published.", "success")
        return redirect(url_for("listen_page", language=language, by=by, _anchor=line), 303)


def _is_left(prompt: Prompt) -> bool:
    """Whether a prompt must still be recorded. In another language, a file that waits for a listener counts as
    recorded.
    """
    return bool(prompt.words) and (prompt.state in ("none", "other") or (prompt.state == "file" and not prompt.english))


def _answered(how: Callable[[bytes], object]) -> AnyResponse:
    """The answer about the take in this request, or why there is none, in one sentence."""
    try:
        return json_answer(how(request.get_data(cache=False)), 200)
    except NotDone as why:
        return json_answer({"problem": " ".join([str(why), *map(str, why.problems[:1])])}, 422)
    except DraftAway as why:
        return json_answer({"problem": str(why)}, 503)
