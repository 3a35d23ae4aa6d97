"""The week: how many callers are promised each part of the coming days, and slots lowered for a day or half a day."""

from __future__ import annotations

import datetime as dt
from typing import get_args

from flask import Flask, abort, flash, render_template, request
from werkzeug.wrappers import Response

from ivr.advising import briefing, listing
from ivr.callbacks import capacity
from ivr.callbacks.capacity import NotLowered
from ivr.callbacks.diary import Part, Window
from ivr.web.console.common import Console, Pages, add_pages, go, written

#: The most characters of why slots were lowered.
LONGEST_WHY = 120
#: The most slots that a form takes: far above what a service has.
MOST_PLACES = 1000


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(app, ("/week", pages.week, "GET"), needs="callers")
    add_pages(
        app,
        ("/week/lower", pages.lower_slots, "POST"),
        ("/week/back", pages.put_back_slots, "POST"),
        needs="desk",
    )


class _Pages(Pages):
    def week(self) -> str:
        """The page of the week. All advisers see it, to agree calls where places are left."""
        return self._page()

    def _page(self, **typed: str) -> str:
        late = [each for each in self._console.store.requests.listed()[0] if each.due <= self._now]
        parts = self._console.live.now.script.diary.parts
        return render_template(
            "week.html", days=self._week(), parts=parts, now=self._now, typed=typed, longest_why=LONGEST_WHY,
            on=listing.named, in_the=briefing.window_in_words,
            late={window: sum(each.window == window for each in late) for window in {each.window for each in late}},
        )  # fmt: skip

    def _week(self) -> list[tuple[dt.date, list[capacity.HalfDay]]]:
        diary, at = self._console.live.now.script.diary, self._console.clock()
        days = (at.date() + dt.timedelta(days=ahead) for ahead in range(diary.days_ahead + 2))
        windows = [Window(day, part) for day in days for part in diary.parts]
        promised = self._console.store.requests.promised(windows, self._now)
        return capacity.week(diary, self._capacity(), promised, at)

    def lower_slots(self) -> Response | tuple[str, int]:
        """Lower the slots of a day or half a day. What is promised already stays."""
        form, why = request.form, written("why", LONGEST_WHY)
        try:
            windows = _windows(form.get("day", ""), form.get("part", ""))
            lowered = capacity.lower(
                self._console.live.now.script.diary, self._capacity(), windows, _count(form.get("places", "")),
                self._me, why, self._console.clock(),
            )  # fmt: skip
        except (NotLowered, ValueError) as problem:
            flash(str(problem), "danger")
            return self._page(**{name: form.get(name, "") for name in ("day", "part", "places", "why")}), 422
        self._console.store.lowered.lower(lowered)
        for each in lowered:
            when = briefing.window_in_words(each.window).removeprefix("on ")
            self._console.note(f"lowered the places of {when} to {each.slots}: {why}")
            flash(f"{when}: {each.slots} place{'s' * (each.slots != 1)}. What is promised already stays.", "success")
        return go("week")

    def put_back_slots(self) -> Response:
        """Give a part of a day its usual slots again."""
        try:
            (window,) = _windows(request.form.get("day", ""), request.form.get("part", ""))
        except ValueError:
            abort(400)
        when = briefing.window_in_words(window).removeprefix("on ")
        if self._console.store.lowered.put_back(window):
            self._console.note(f"put back the places of {when}")
            flash(f"{when}: it has its usual places again.", "success")
        else:
            flash(f"{when}: it has its usual places already. Nothing was changed.")
        return go("week")


def _windows(day: str, part: str) -> list[Window]:
    """The parts of a day that a form names. Raises ValueError, with what to do."""
    parts = get_args(Part)
    if part not in ("", *parts):
        raise ValueError("Choose the whole day, the morning or the afternoon.")
    try:
        found = dt.date.fromisoformat(day)
    except ValueError:
        raise ValueError("Choose a day.") from None
    return [Window(found, each) for each in parts if part in ("", each)]


def _count(typed: str) -> int:
    """A number of slots. Raises ValueError, with what to do."""
    typed = typed.strip()
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 4 and int(typed) <= MOST_PLACES):
        raise ValueError("Write how many places are left, as a number: 0 for none.")
    return int(typed)
