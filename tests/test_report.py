"""The report: what is told of a time, and that nothing small can be told from it, also not by subtraction."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
from collections import defaultdict

import pytest
from msgspec.structs import replace

from ivr.callbacks import callback, kept
from ivr.callbacks.diary import Promise, Window
from ivr.callbacks.request import Asker, CallbackRequest, Talk
from ivr.hours import LONDON, Hours, Span
from ivr.reporting import periods
from ivr.reporting.figures import CountsByName, figures
from ivr.reporting.periods import month, period, quarter, school_year
from ivr.store import Store
from tests.desk import DIARY, HOUR, HOURS, NOW, Browser, ask, hire, request
from tests.line import OPEN

TODAY = dt.date(2026, 11, 25)
MORNING = Window(OPEN.date(), "morning")
OPENS, CLOSES = DIARY.times(MORNING)


# --- times ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "words"), [
    ("2026-11", "November 2026"), ("quarter-2026-09", "September to November 2026"),
    ("quarter-2027-01", "December 2026 to February 2027"), ("year-2026", "School year 2026-27"),
    ("year-2099", "School year 2099-00"), ("", "November 2026"), ("2026-13", "November 2026"),
    ("quarter-2026-00", "November 2026"), ("year-1066", "November 2026"), ("<x>", "November 2026"),
])  # fmt: skip
def test_a_time_is_named_in_an_address(typed: str, words: str) -> None:
    assert period(typed, TODAY).words == words


def test_a_school_year_is_its_four_quarters_and_twelve_months() -> None:
    year = school_year(2026)

    assert (year.months[0], year.months[-1], len(year.months)) == ("2026-09", "2027-08", 12)
    assert [part.months[0] for part in year.parts] == ["2026-09", "2026-12", "2027-03", "2027-06"]


@pytest.mark.parametrize("today", [dt.date(2026, 8, 31), dt.date(2026, 9, 1), dt.date(2027, 1, 15)])
def test_each_time_that_is_offered_is_the_one_that_is_shown(today: dt.date) -> None:
    for each in itertools.chain(*periods.offered(today).values()):
        assert period(each.id, today) == each
        assert any(f"{today:%Y-%m}" >= name for name in each.months)


# --- small figures --------------------------------------------------------------------------


def _told(counts: dict[str, list[int]], *, is_summed: bool) -> tuple[list[list[str]], list[str]]:
    """What three months, and their quarter, tell of these counts: by name, one for each month."""
    whole = quarter(2026, 9)

    def of(name: str) -> CountsByName:
        nth = whole.months.index(name)
        return {each: found[nth] for each, found in counts.items()}

    months = [[str(each) for each in figures(part, list(counts), of, is_summed=is_summed)] for part in whole.parts]
    return months, [str(each) for each in figures(whole, list(counts), of, is_summed=is_summed)]


def test_no_small_figure_can_be_told_from_three_months_and_their_quarter() -> None:
    """Every way that three months can be: whoever reads all that is told can think of another for each small one."""
    by_what_is_told: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(14), repeat=3):
        months, whole = _told({"x": list(counts)}, is_summed=False)
        by_what_is_told[str(months), str(whole)].append(counts)

    for alike in by_what_is_told.values():
        for nth in range(3):
            values = {counts[nth] for counts in alike}
            assert not values & {1, 2, 3, 4} or len(values) > 1, alike


def test_no_small_figure_can_be_told_from_a_table_whose_sum_is_known() -> None:
    by_what_is_told: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(16), repeat=3):
        told = figures(
            month(2026, 9), ["a", "b", "c"], lambda _, c=counts: dict(zip("abc", c, strict=True)), is_summed=True
        )  # type: ignore[misc]
        by_what_is_told[str([str(each) for each in told]), sum(counts)].append(counts)

    for (told, _), alike in by_what_is_told.items():  # type: ignore[misc]
        for nth in range(3):
            values = {counts[nth] for counts in alike}
            if 5 <= max(alike[0]) <= 7:  # else the report tells nothing, and the sum alone may tell all
                assert not values & {1, 2, 3, 4} or len(values) > 1, (told, alike)


def test_no_small_figure_can_be_told_from_the_tables_of_months_and_of_their_quarter() -> None:
    """Two answers in two months and a quarter."""
    by_what_is_told: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for a, b, c, d in itertools.product(range(13), repeat=4):
        months, whole = _told({"x": [a, c, 40], "y": [b, d, 40]}, is_summed=True)
        by_what_is_told[str(months), str(whole)].append((a, b, c, d))

    for alike in by_what_is_told.values():
        for nth in range(4):
            values = {counts[nth] for counts in alike}
            if max(alike[0]) in range(5, 8):  # others that are as likely lie within what is tried
                assert not values & {1, 2, 3, 4} or len(values) > 1, alike


def test_a_quarter_tells_what_its_months_leave_in_doubt() -> None:
    assert _told({"x": [40, 3, 2]}, is_summed=False) == ([["40"], ["fewer than 5"], ["fewer than 5"]], ["45"])
    assert _told({"x": [40, 30, 3]}, is_summed=False)[1] == ["70 to 74"]
    assert _told({"x": [40, 4, 4]}, is_summed=False)[1] == ["40 to 48"], "8 in two months would be 4 in each"
    assert _told({"x": [40, 3, 4]}, is_summed=False)[1] == ["40 to 48"], "and that it was not told would tell it"
    assert _told({"x": [1, 1, 1]}, is_summed=False)[1] == ["fewer than 5"]


# --- within promise -------------------------------------------------------------------------


def _promised(nth: int = 1, **facts: object) -> CallbackRequest:
    """A request that somebody has taken, promised for this morning as the caller heard it."""
    asked = request(nth, **{"window": MORNING, "opens": OPENS, "due": CLOSES, "asked_at": OPENS - HOUR, **facts})
    return callback.claim(replace(asked, state="waiting"), "asha", OPENS)


def _verdicts(of: CallbackRequest, now: float) -> list[bool]:
    return [each.is_kept for each in kept.judged(of, now, DIARY)]


def test_a_promise_is_kept_by_a_first_try_within_what_the_caller_heard() -> None:
    assert _verdicts(_promised(), OPENS) == [True]
    assert _verdicts(_promised(), CLOSES) == [True]
    assert _verdicts(_promised(), CLOSES + 60) == [False]
    assert _verdicts(_promised(), OPENS - 60) == [False], "earlier may not be safe"


def test_it_counts_when_the_ringing_began_and_not_when_somebody_saved() -> None:
    rung = replace(_promised(), talk=Talk("", "asha", "by hand", CLOSES - 60))

    assert _verdicts(rung, CLOSES + 600) == [True]


def test_whoever_is_in_haste_is_judged_by_what_they_heard_and_not_by_the_earlier_time_that_we_keep() -> None:
    asked = _promised()
    (asker,) = asked.askers
    today = replace(asker.promise, due=OPENS + HOUR, heard_by=CLOSES + 5 * HOUR)

    assert _verdicts(replace(asked, askers=(replace(asker, promise=today),)), CLOSES + HOUR) == [True]


def test_a_promise_is_judged_once_and_a_new_one_again() -> None:
    first = callback.record(_promised(), "asha", "no answer", "", OPENS + 60, DIARY)
    again = callback.claim(first, "asha", OPENS + 3 * HOUR)
    assert _verdicts(again, OPENS + 3 * HOUR) == []

    to = Promise("any", Window(OPEN.date(), "afternoon"), *DIARY.times(Window(OPEN.date(), "afternoon")))
    agreed = callback.claim(callback.agree(again, "asha", to, "", "", OPENS + 3 * HOUR), "asha", to.opens)
    assert _verdicts(agreed, to.opens) == [True]


def test_left_out_are_who_was_put_through_in_time_who_only_began_to_ask_and_who_waits_for_later() -> None:
    helped = replace(_promised(), talk=Talk("CA9", "ben", "put through", OPENS + 60, OPENS + 600))
    too_late = replace(_promised(), talk=Talk("CA9", "ben", "put through", CLOSES + 60, CLOSES + 600))
    later = Asker(
        "CA8-1", asked_at=OPENS - 60, finished=True, promise=Promise("any", None, CLOSES + HOUR, CLOSES + 2 * HOUR)
    )
    both = _promised()

    assert _verdicts(helped, OPENS + 700) == []
    assert _verdicts(too_late, CLOSES + 700) == [False]
    assert _verdicts(_promised(finished=False), OPENS) == []
    assert _verdicts(replace(both, askers=(*both.askers, later)), OPENS) == [True]


def test_who_still_waits_and_whose_time_is_over_counts_as_not_in_time() -> None:
    waiting = [_promised(1), _promised(2, finished=False)]
    helped = replace(_promised(3), talk=Talk("CA9", "ben", "put through", OPENS + 60))

    assert kept.broken_so_far([*waiting, helped], CLOSES - 1, DIARY) == []
    assert kept.broken_so_far([*waiting, helped], CLOSES + 1, DIARY) == [kept.Promised(False, CLOSES)]


def test_a_wait_is_counted_in_opening_hours() -> None:
    friday = dt.datetime(2026, 11, 27, 16, 0, tzinfo=LONDON).timestamp()
    monday = dt.datetime(2026, 11, 30, 10, 30, tzinfo=LONDON).timestamp()

    assert HOURS.between(friday, monday) == 2.5
    assert HOURS.between(monday, friday) == 0
    asked = replace(_promised(asked_at=OPENS, needs=("relay",)), claimed_at=OPENS + 2 * HOUR)
    assert kept.of_those_rung(asked, OPENS + 3 * HOUR, HOURS) == [
        "need:relay",
        "about:unknown",
        "language:English",
        "wait:4",
    ]

    polish = replace(_promised(asked_at=OPENS, language="Polish"), claimed_at=OPENS)
    assert kept.of_those_rung(polish, OPENS, HOURS)[0] == "need:interpreter"


def test_hours_are_counted_over_a_clock_change() -> None:
    day = dt.datetime(2026, 10, 24, 12, 0, tzinfo=LONDON)  # the Saturday before
    nights = Hours(((Span(dt.time(0), dt.time(6)),),) * 7)

    assert nights.between(day.timestamp(), day.timestamp() + 24 * HOUR) == 7, "an hour came twice"


# --- the page -------------------------------------------------------------------------------


@pytest.fixture
def counted(store: Store) -> Store:
    for month_, times in (("2026-09", 30), ("2026-10", 3), ("2026-11", 2)):
        at = dt.datetime.fromisoformat(f"{month_}-10T10:00").timestamp()
        for _ in range(times):
            store.counts.add(at, ["outcome:spoke", "came:level:1", kept.KEPT])
        store.counts.add(at, [kept.BROKEN])
    return store


def test_the_report_of_a_quarter_tells_the_share_and_every_definition(asha: Browser, counted: Store) -> None:
    hire(counted, admin=True)

    page = asha.get("/report?period=quarter-2026-09").text

    assert "September to November 2026" in page
    assert '<span class="figure">89 % or more</span> <span>35 in time, fewer than 5 not</span>' in page
    assert '<th scope="row">Spoke</th><td>35<svg' in page
    assert "A promise is what the caller heard" in page
    assert "Tries whose outcome was saved" in page
    assert "Nothing was counted in this time." in asha.get("/report?period=2020-01").text
    assert "This time is still to come." in asha.get("/report?period=year-2050").text


def test_the_report_is_a_file_for_a_spreadsheet_with_the_same_figures(asha: Browser, counted: Store) -> None:
    assert asha.get("/report.csv").status_code == 403
    hire(counted, admin=True)

    answer = asha.get("/report.csv?period=quarter-2026-09")

    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["Period", "Table", "Answer", "Figure"]
    assert ["September to November 2026", "Promises", "Not rung within promise", "fewer than 5"] in rows
    assert ["September to November 2026", "Outcome", "Spoke", "35"] in rows
    assert "exported the report of September to November 2026" in [entry.what for entry in counted.audit.entries()]


def test_what_an_adviser_saves_is_counted_with_its_promise(asha: Browser, store: Store) -> None:
    ask(store, 1, window=MORNING, opens=NOW - HOUR, due=CLOSES, needs=("interpreter",))
    asha.get("/request/CA001-1")
    asha.send("/request/CA001-1/claim")
    asha.send("/request/CA001-1/outcome", **{"outcome": "spoke", "came-level": "2"})
    asha.get("/request/CA001-1")

    counts = store.counts.of("2026-11")

    assert {name: counts[name] for name in ("outcome:spoke", "came:level:2", kept.KEPT, "need:interpreter")} == {
        "outcome:spoke": 1, "came:level:2": 1, kept.KEPT: 1, "need:interpreter": 1,
    }  # fmt: skip
