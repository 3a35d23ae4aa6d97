"""Which of the waiting requests an adviser wants to see: the filters of the list, and the next caller to take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from ivr.advising import ranking
from ivr.callbacks import callback, talks
from ivr.callbacks.diary import Window
from ivr.callbacks.request import CallbackRequest, Need
from ivr.script import Script

#: Rows on a page. More would make the page slow, and nobody reads them.
PAGE_ROWS = 50

Whose = Literal["all", "mine", "free"]
#: Each `Lateness` (`ranking.py`), and its name on the page.
WHEN = {"late": "Late", "now": "Now", "soon": "Today", "later": "Later"}


@dataclass(frozen=True)
class Filter:
    """Which requests an adviser wants to see. The default is all of them."""

    whose: Whose = "all"
    when: tuple[str, ...] = ()
    need: Need | Literal[""] = ""
    #: The place that the caller listened to last.
    about: str = ""
    urgent: bool = False
    #: The part of a day that was promised, by its `named`.
    on: str = ""
    #: A language other than English in which somebody asked to be spoken to.
    language: str = ""

    @property
    def is_set(self) -> bool:
        return self != Filter()

    @classmethod
    def of(cls, get: Callable[[str], list[str]]) -> Filter:
        """The filter from the fields of a form. Each field may be missing, repeated or nonsense."""

        def one(name: str, allowed: Sequence[str] | None = None) -> str:
            value = next(iter(get(name)), "")[:60]
            return value if allowed is None or value in allowed else ""

        return cls(
            whose=cast(Whose, one("whose", get_args(Whose)) or "all"),
            when=tuple(name for name in WHEN if name in get("when")),
            need=cast(Need, one("need", get_args(Need))),
            about=one("about"),
            urgent=bool(one("urgent")),
            on=one("on"),
            language=one("language"),
        )

    def fields(self) -> list[tuple[str, str]]:
        """The fields of the form that `of` reads."""
        chosen = [
            ("whose", self.whose if self.whose != "all" else ""), ("need", self.need), ("about", self.about),
            ("on", self.on), ("language", self.language),
        ]  # fmt: skip
        more = [("urgent", "1")] * self.urgent
        return [*(each for each in chosen if each[1]), *(("when", each) for each in self.when), *more]

    def fits(self, request: CallbackRequest, me: str, now: float) -> bool:
        """Whether this adviser wants to see a request."""
        return (
            self._is_whose(request, me, now)
            and (not self.when or ranking.lateness_of(request, now) in self.when)
            and (not self.need or self.need in _needs(request))
            and (not self.about or _about(request) == self.about)
            and (not self.urgent or request.urgent)
            and (not self.language or self.language in request.languages)
            and (not self.on or self.on in map(named, callback.windows_of(request)))
        )

    def _is_whose(self, request: CallbackRequest, me: str, now: float) -> bool:
        """Whether a request is "mine", "free" or whatever was chosen. An adviser's own are those they hold, and their
        appointments that no colleague has taken.
        """
        holder = request.holder(now)
        if self.whose == "mine":
            return holder == me or (not holder and request.with_whom == me)
        return self.whose == "all" or not holder


def named(window: Window) -> str:
    """'2026-11-30 morning': a part of a day in a form or an address."""
    return f"{window.day.isoformat()} {window.part}"


def _needs(request: CallbackRequest) -> tuple[Need, ...]:
    """What the callers need. Whoever asked in another language needs an interpreter."""
    return (*request.needs, "interpreter") if request.languages else request.needs


def _about(request: CallbackRequest) -> str:
    return next(iter(reversed(request.heard)), "")


def topics(requests: Sequence[CallbackRequest], script: Script) -> list[tuple[str, str]]:
    """What the waiting callers listened to last: each place with its title, in the order of the titles."""
    found = {place for request in requests if (place := _about(request)) in script.titles}
    return sorted(((place, script.titles[place]) for place in found), key=lambda each: each[1])


def languages(requests: Iterable[CallbackRequest]) -> list[str]:
    """The languages other than English in which callers asked to be spoken to."""
    return sorted({language for request in requests for language in request.languages})


def next_for(
    requests: Sequence[CallbackRequest], me: str, now: float, is_here: Callable[[str], bool]
) -> CallbackRequest | None:
    """The first of these requests that this adviser can take and ring now; None if there is none.

    Callers who were put through meanwhile are left out: whoever spoke to them must first say what came of it. So are
    appointments with a colleague who is here; if the colleague is away, anybody may take them.
    """
    return next(
        (
            request
            for request in requests
            if request.opens <= now
            and not request.holder(now)
            and callback.claimable(request, now, me)
            and not talks.put_through(request)
            and (request.with_whom in ("", me) or not is_here(request.with_whom))
        ),
        None,
    )
