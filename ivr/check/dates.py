"""Numbers, hours and dates: confirmed by somebody, reviewed in time, and not mistyped."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ivr import dialling
from ivr.authoring.parsing import Path
from ivr.check.context import LINE, Context, Finding, rule
from ivr.overview import booklet, confirmation, onscreen

#: A date further ahead is probably mistyped.
FAR_YEARS = 3


@rule("reviews", "Outdated guidance can cost a family its rights.", level="warning")
def reviews(context: Context) -> Iterator[Finding]:
    for file, menu in context.draft.menus.items():
        if menu.review_by < context.today:
            words = f"This was due for review by {menu.review_by:%-d %B %Y}."
            yield Finding(file, ("review_by",), words, f"{menu.owner}: review it, and set a new date.")
    yield from _words_not_checked(context)
    known = max(context.script.hours.days_off, default=context.today)
    if (known - context.today).days < 180:
        words = f"Bank holidays are known only until {known:%B %Y}."
        yield Finding(LINE, ("opening_hours",), words, "Ask an operator to install the latest version.")


def _words_not_checked(context: Context) -> Iterator[Finding]:
    """The service has read all the words, and they are still those."""
    line, path = context.draft.line, ("content_checked_on",)
    if line.content_checked_on is None:
        words = "The service has not yet said that these words are right."
        yield Finding(LINE, path, words, "When it has: ivr confirm words --by WHO.")
    elif line.content_checked_on > context.today:
        yield Finding(LINE, path, "This date is in the future.", "Write the day on which it was checked.")
    elif line.content_checked_as != confirmation.fingerprint(context.draft):
        words = (
            f"The service read the words on {line.content_checked_on:%-d %B %Y}, and they are not the same any more."
        )
        remedy = "Have it read what changed, and then: ivr confirm words --by WHO."
        yield Finding(LINE, ("content_checked_as",), words, remedy)  # what waives the one above does not waive this


@rule("notices", "An expired notice misleads staff.", level="warning")
def notices(context: Context) -> Iterator[Finding]:
    for i, notice in enumerate(context.draft.line.notices):
        if notice.last < notice.first:
            words = "This notice ends before it begins."
            yield Finding(LINE, ("notices", i), words, "Change one of its dates.", level="error")
        elif notice.last.date() < context.today:
            yield Finding(LINE, ("notices", i), "This notice has ended, and callers no longer hear it.", "Remove it.")


@rule(
    "closed-days",
    "A closed day of last year does not stop promises for the same day this year.",
    level="warning",
)
def closed_days(context: Context) -> Iterator[Finding]:
    for i, day in enumerate(context.draft.line.closed_days):
        if day < context.today:
            yield Finding(LINE, ("closed_days", i), f"{day} is in the past.", "Remove it, or correct the year.")


@rule("far-dates", "A year with two digits swapped is a date that never comes.", level="warning")
def far_dates(context: Context) -> Iterator[Finding]:
    line = context.draft.line
    dates: list[tuple[str, Path, datetime.date]] = [
        (LINE, ("closed_days", i), day) for i, day in enumerate(line.closed_days)
    ]
    dates += [(LINE, ("notices", i, "begins"), notice.first.date()) for i, notice in enumerate(line.notices)]
    dates += [(LINE, ("notices", i, "ends"), notice.last.date()) for i, notice in enumerate(line.notices)]
    dates += [(LINE, ("other_hours", i), other.last) for i, other in enumerate(line.other_hours)]
    dates += [(file, ("review_by",), menu.review_by) for file, menu in context.draft.menus.items()]
    for file, path, day in dates:
        if day.year - context.today.year > FAR_YEARS:
            yield Finding(file, path, f"{day} is more than {FAR_YEARS} years ahead.", "Check the year.")


@rule("own-number", "If key 0 rings the line itself, the caller hears the greeting again and reaches nobody.")
def own_numbers(context: Context) -> Iterator[Finding]:
    """Key 0 must not ring the line itself. The line's own number is known if TWILIO_NUMBER is set."""
    line = context.script.line
    for i, name in enumerate(line.transfer.numbers):
        if dialling.same(line.phones[name], context.ours):
            words = f"'{name}' is this line's own number, so key 0 would ring the line itself."
            yield Finding(LINE, ("transfer", "numbers", i), words, "Name the phone of a person.")


@rule("confirmed", "Families should only be sent to numbers that somebody has confirmed.")
def confirmed(context: Context) -> Iterator[Finding]:
    """A confirmation has a person and a date, and applies to the current value."""
    for path, setting in context.draft.line.to_confirm().items():
        who, day, value = setting.confirmed_by, setting.confirmed_on, setting.confirmed_as
        again = f"Have it confirmed again: ivr confirm {path[-1]} --by WHO."
        if bool(who) != bool(day) or (value and not who):
            words = "Only one of confirmed_by and confirmed_on is filled in."
            yield Finding(LINE, path, words, "Fill in both, or empty both.")
        elif day and day > context.today:
            yield Finding(LINE, path, "The date of this confirmation is in the future.", "Correct it.")
        elif day and not value:
            words = f"{who} confirmed this on {day}, and nobody wrote down which value."
            yield Finding(LINE, path, words, again, level="warning")
        elif day and not setting.is_confirmed:
            yield Finding(LINE, path, f"{who} confirmed another value on {day}: {value}.", again, level="warning")


@rule("read-page", "A page that is switched on and shows nothing helps nobody.", level="warning")
def read_page(context: Context) -> Iterator[Finding]:
    """The pages at /read show only what is confirmed."""
    line, path = context.draft.line, ("read_page",)
    if line.read_page != "on":
        return
    if lacks := onscreen.lacks(context.draft, context.script):
        words = f"Nothing is shown at /read, because these are not confirmed: {', '.join(lacks)}."
        yield Finding(LINE, path, words, "For each of them: ivr confirm NAME --by WHO. Or write 'read_page: off'.")
        return
    script = booklet.script_to_read(context.draft, context.script.hours.days_off, offers_texts=False)
    made = onscreen.pages(context.draft, script)
    assert made
    if gaps := dict.fromkeys(name for page in made.pages.values() for name in page.left_out):
        words = f"Sentences are left out at /read, because these are not confirmed: {', '.join(gaps)}."
        yield Finding(LINE, path, words, "For each of them: ivr confirm NAME --by WHO.")


@rule("phones", "One wrong digit leaves a caller without help.")
def phones(context: Context) -> Iterator[Finding]:
    line = context.script.line
    places: list[tuple[Path, str]] = [(("phones", name), number) for name, number in line.phones.items()]
    places += [(("without_menus", i), number) for i, number in enumerate(line.without_menus)]
    places += [(("test_phones", i), number) for i, number in enumerate(line.test_phones)]
    for path, number in places:
        if any(sign.isalpha() for sign in number):
            yield Finding(LINE, path, f"'{number}' has more in it than a number.", "Write the number alone.")
            continue
        verdict = dialling.judge(number).verdict
        if verdict not in ("fine", "freephone", "body"):
            yield Finding(LINE, path, why_not_called(number, verdict), "Check the number.")


def why_not_called(number: str, verdict: dialling.Verdict) -> str:
    """Why nobody can call a number, or should."""
    return f"'{number}' {_NO_NUMBER.get(verdict, _MISTYPED)}"


#: What is wrong with a number that callers are told, or that the line calls.
_NO_NUMBER = {
    "premium": "costs whoever calls it a lot.",
    "emergency": "is for emergencies, and not for this line.",
    "foreign": "is a number of another country.",
    "short": "has too few digits for a phone in the UK.",
    "long": "has too many digits for a phone in the UK.",
}
_MISTYPED = "is not a phone number in the UK."
