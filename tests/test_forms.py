"""Forms over staff's files: what they show, and that they change nothing else."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr import forms
from ivr.authoring import drafts, parsing
from ivr.forms import Clash, Confirmation, Form
from ivr.forms.shape import SWITCHED, Values
from ivr.machine import config, configfiles

FILES = configfiles.script_files(config.ROOT / "config")
LINE = """\
# The head.
names:
  service_name: "A Service"   # said first

phones:                       # in groups
  desk: {number: "0116 496 0001", confirmed_by: , confirmed_on: }
  other_desk: "0116 496 0002" # not confirmed
  # The night desk.
  night:
    number: "0116 496 0003"
    confirmed_by: A. Person
    confirmed_on: 2026-11-01
    confirmed_as: "0116 496 0003"

emails:
  desk_email: {address: desk@example.org, confirmed_by: A. P., confirmed_on: 2026-11-01, confirmed_as: desk@example.org}
links:                        # only ever sent
  desk_web: www.example.org   # without https
  guide:
    # The long one.
    address: https://www.example.org/a?b=c#d
    confirmed_by:
sentences: {law_notice: "", call_cost: 'Free.'}
switches:                     # not agreed yet
  show_after: off             # until spring
  show_before: "on"
test_phones: ["07700 900001", '07700 900002'] # both of the desk
never_ring: []                # in quotes
alerts:                       # day and night
  # Nobody yet.
  webhook: https://example.org/hook

opening_hours:                # of the desk
  monday: 09:00 to 17:00      # also Easter
  tuesday: "09:00 to 12:00 and 13:00 to 17:00"
  wednesday: 09:00 to 17:00
  # Half a day.
  thursday: 09:00 to 12:00
  friday: closed
  saturday: closed
  sunday: closed
  confirmed_by:
  confirmed_on:
closed_days: [2026-12-24, 2026-12-31]  # with the council
other_hours:                  # agreed in May
  # The training morning.
  - {day: 2026-12-04, hours: 12:00 to 17:00}
  - begins: 2026-12-21        # the holidays
    ends: 2027-01-01
    monday: 10:00 to 12:00
    friday: closed

  - {day: 2026-12-18, hours: closed}
ring_back:
  morning: {hours: 09:00 to 12:00, places: 12}
  afternoon:
    hours: 12:00 to 17:00     # the desk's
    places: 12
  days_ahead: 10
  urgent_within_hours: 4      # counted in opening hours
  confirmed_by:
notices:
  - words: "We move."
    begins: 2026-12-01
    ends: 2026-12-05 12:00    # the lorry comes at noon
# The end.
"""


def _files(line: str = LINE) -> dict[str, str]:
    return {**FILES, drafts.LINE: line}


def _save(files: dict[str, str], name: str, typed: dict[str, Values | None], **more: Any) -> str:
    form = forms.form(files, name)
    saved = forms.save(files, form, form.values, typed, **more)
    assert not saved.clashes
    return saved.text


def _data(text: str) -> Any:
    document = parsing.read(text, "config/line.yaml")
    assert not document.problems
    return document.data


# --- what they show -------------------------------------------------------------------------------


def test_a_form_shows_what_is_written() -> None:
    hours, weeks = forms.form(_files(), "hours"), forms.form(_files(), "weeks")

    assert hours.values["tuesday"] == {"": "09:00 to 12:00 and 13:00 to 17:00"}
    assert weeks.values["1"]["friday"] == "closed"
    assert [entry.key for entry in forms.form(_files(), "days").entries] == ["0", "2"]
    assert forms.form(_files(), "notices").values["0"]["ends"] == "2026-12-05 12:00"
    assert forms.form(_files(), "phones").values["other_desk"] == {"number": "0116 496 0002"}


@pytest.mark.parametrize("name", [*forms.NAMES, "words-out_menu", "words-q_out_for_good", "text-text_us"])
def test_every_form_of_the_shipped_line_opens_and_writes_nothing_by_itself(name: str) -> None:
    form = forms.form(FILES, name)

    assert forms.save(FILES, form, form.values, form.values).text == FILES[form.file]


def test_a_form_of_a_file_that_cannot_be_read_says_why() -> None:
    with pytest.raises(forms.NoSuchForm, match="cannot be read"):
        forms.form(_files('names: "x\n'), "hours")


def test_a_form_that_there_is_not_says_so() -> None:
    for name in ("nothing", "words-nothing", "text-nothing"):
        with pytest.raises(forms.NoSuchForm, match="There is no"):
            forms.form(FILES, name)


# --- what they write ------------------------------------------------------------------------------


def test_a_value_changes_in_its_place_and_its_comment_stays() -> None:
    changed = _save(_files(), "hours", {"monday": {"": "10:00 to 12:00 and 14:00 to 16:00"}})

    assert changed == LINE.replace("monday: 09:00 to 17:00 ", "monday: 10:00 to 12:00 and 14:00 to 16:00 ", 1)


def test_a_day_is_added_to_an_empty_list_and_the_hint_beside_it_stays() -> None:
    changed = _save(FILES, "days", {"new1": {"day": "2026-12-04", "hours": "12:00 to 17:00"}})

    assert "other_hours:                  # days and weeks with other hours" in changed
    assert "\n  - day: 2026-12-04\n    hours: 12:00 to 17:00\n" in changed
    assert _data(changed)["other_hours"] == [{"day": dt.date(2026, 12, 4), "hours": "12:00 to 17:00"}]


def test_a_list_of_which_everything_is_taken_out_is_an_empty_list() -> None:
    changed = _save(_files(), "notices", {"0": None})

    assert _data(changed)["notices"] == []
    assert changed.endswith("# The end.\n")


def test_days_and_weeks_of_the_same_list_do_not_touch_each_other() -> None:
    changed = _save(_files(), "days", {"0": None, "2": {"day": "2026-12-18", "hours": "10:00 to 11:00"}})

    assert [item.get("day") for item in _data(changed)["other_hours"]] == [None, dt.date(2026, 12, 18)]
    assert "# the holidays" in changed
    assert "# The training morning." not in changed  # it was about the day that is gone


def test_a_weekday_comes_and_goes_in_other_weeks() -> None:
    shown = forms.form(_files(), "weeks").values["1"]
    changed = _save(_files(), "weeks", {"1": {**shown, "monday": "", "tuesday": "10:00 to 11:00"}})

    assert _data(changed)["other_hours"][1] == {
        "begins": dt.date(2026, 12, 21), "ends": dt.date(2027, 1, 1), "friday": "closed", "tuesday": "10:00 to 11:00",
    }  # fmt: skip


def test_a_number_is_confirmed_with_the_value_that_was_typed_beside_it() -> None:
    on = dt.date(2026, 11, 28)
    for name in ("desk", "other_desk", "night"):
        changed = _save(
            _files(), "phones", {name: {"number": "0116 496 0009"}}, confirmed={name: Confirmation("B. Else", on)}
        )

        assert _data(changed)["phones"][name] == {
            "number": "0116 496 0009", "confirmed_by": "B. Else", "confirmed_on": on, "confirmed_as": "0116 496 0009",
        }  # fmt: skip


def test_a_number_that_changes_is_no_longer_confirmed() -> None:
    changed = _save(_files(), "phones", {"night": {"number": "0116 496 0009"}})

    assert "has changed since" in forms.confirmed({drafts.LINE: changed}, ("phones", "night"))
    assert "Confirmed by A. Person on 1 November 2026" in forms.confirmed(_files(), ("phones", "night"))


def test_the_hours_are_confirmed_as_they_are_saved() -> None:
    confirmed = {"": Confirmation("B. Else", dt.date(2026, 11, 28))}
    changed = _save(FILES, "hours", {"friday": {"": "closed"}}, confirmed=confirmed)

    assert "Friday closed" in _data(changed)["opening_hours"]["confirmed_as"]


def test_an_address_that_stands_alone_stays_alone_until_it_is_confirmed() -> None:
    changed = _save(_files(), "links", {"desk_web": {"address": "www.example.com"}})
    assert _data(changed)["links"]["desk_web"] == "www.example.com"

    confirmed = {"desk_web": Confirmation("B. Else", dt.date(2026, 11, 28))}
    changed = _save(_files(), "links", {"desk_web": {"address": "www.example.com"}}, confirmed=confirmed)
    assert _data(changed)["links"]["desk_web"]["confirmed_as"] == "www.example.com"


def test_a_switch_is_written_as_staff_write_it() -> None:
    changed = _save(_files(), "switches", {"show_after": {"": "on"}})

    assert changed == LINE.replace("show_after: off ", "show_after: on ", 1)


@pytest.mark.parametrize(
    "alerts", ["alerts: {}", "alerts:", "alerts: {email_to: []}", "alerts:\n  email_to:", "# none"]
)
def test_an_address_is_added_wherever_the_list_is_still_missing(alerts: str) -> None:
    line = FILES[drafts.LINE].replace("alerts:\n  email_to: []", alerts)
    assert alerts in line

    changed = _save(_files(line), "alerts", {"new0": {"": "desk@example.org"}})

    assert _data(changed)["alerts"] == {"email_to": ["desk@example.org"]}


def test_words_change_in_one_node_only() -> None:
    changed = _save(FILES, "words-kept_out", {"parts.1": {"": 'Say "no" to: this # that.'}})

    was, now = _data(FILES["menus/exclusion.yaml"]), _data(changed)
    was["nodes"]["kept_out"]["parts"][1] = 'Say "no" to: this # that.'
    assert now == was


# --- two people -----------------------------------------------------------------------------------


def test_what_somebody_else_changed_elsewhere_in_the_form_stays() -> None:
    shown = forms.form(_files(), "hours")
    meanwhile = _files(LINE.replace("friday: closed", "friday: 10:00 to 12:00"))
    mine: dict[str, Values | None] = {**shown.values, "monday": {"": "closed"}}

    saved = forms.save(meanwhile, forms.form(meanwhile, "hours"), shown.values, mine)

    hours = _data(saved.text)["opening_hours"]
    assert (hours["monday"], hours["friday"], saved.clashes) == ("closed", "10:00 to 12:00", ())


def test_what_both_changed_is_told_and_nothing_is_written() -> None:
    shown = forms.form(_files(), "hours")
    meanwhile = _files(LINE.replace("friday: closed", "friday: 10:00 to 12:00"))

    saved = forms.save(meanwhile, forms.form(meanwhile, "hours"), shown.values, {"friday": {"": "10:00 to 11:00"}})

    assert saved.clashes == (Clash("friday", "", "10:00 to 12:00"),)
    assert saved.text == meanwhile[drafts.LINE]


def test_both_changed_it_to_the_same() -> None:
    shown = forms.form(_files(), "hours")
    meanwhile = _files(LINE.replace("friday: closed", "friday: 10:00 to 12:00"))

    saved = forms.save(meanwhile, forms.form(meanwhile, "hours"), shown.values, {"friday": {"": "10:00 to 12:00"}})

    assert (saved.text, saved.clashes) == (meanwhile[drafts.LINE], ())


def test_a_row_that_moved_meanwhile_is_found_again() -> None:
    shown = forms.form(_files(), "days")
    meanwhile = _files(_save(_files(), "days", {"0": None}))

    saved = forms.save(
        meanwhile, forms.form(meanwhile, "days"), shown.values, {"2": {"day": "2026-12-18", "hours": "10:00 to 11:00"}}
    )

    assert _data(saved.text)["other_hours"][-1]["hours"] == "10:00 to 11:00"
    assert not saved.clashes


def test_a_row_that_somebody_took_out_is_not_changed_in_silence() -> None:
    shown = forms.form(_files(), "days")
    meanwhile = _files(_save(_files(), "days", {"0": None}))

    saved = forms.save(
        meanwhile, forms.form(meanwhile, "days"), shown.values, {"0": {"day": "2026-12-04", "hours": "closed"}}
    )

    assert saved.clashes == (Clash("0", "day", None),)
    both = forms.save(meanwhile, forms.form(meanwhile, "days"), shown.values, {"0": None})
    assert (both.text, both.clashes) == (meanwhile[drafts.LINE], ())


# --- any form, any change -------------------------------------------------------------------------

_TIME = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
_SPAN = st.one_of(st.just("closed"), st.builds("{} to {}".format, _TIME, _TIME))
_DAY = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)).map(str)
#: Any words, with whatever means something in YAML, and with what is not one of the kind at all.
_WORDS = st.text(st.sampled_from("ab 0:#-'\"{}[],&*!|>%@`\\é\n"), min_size=1, max_size=12)
_TYPED = {
    "hours": st.one_of(_SPAN, st.builds("{} and {}".format, _SPAN, _SPAN), _WORDS),
    "part": st.one_of(_SPAN, _WORDS),
    "day": st.one_of(_DAY, _WORDS),
    "moment": st.one_of(_DAY, st.builds("{} {}".format, _DAY, _TIME), _WORDS),
    "phone": st.one_of(st.integers(100000, 999999).map("0116 {}".format), _WORDS),
    "number": st.one_of(st.integers(0, 99).map(str), _WORDS),
    "address": st.one_of(st.just("a@example.org"), st.just("www.example.org/a?b#c"), _WORDS),
    "switch": st.one_of(st.sampled_from(SWITCHED), _WORDS),
    "words": _WORDS,
    "name": _WORDS,
}


#: A menu in each way in which words can be written.
MENU = """\
nodes:
  # The first.
  first:
    kind: reading
    parts:
      - "One."                # said slowly
      - Two of them,
        on two lines.
    closing: 'It''s done.'
    next: {label: "More", goto: second, said_back: ""}
  second:
    kind: menu
    say: >-
      Which one
      #2 of them?

    choices:
      1: {label: First, goto: first}   # the old one
      2:
        label: |
          Second
        goto: second
"""
SMALL = {
    drafts.LINE: LINE,
    "menus/small.yaml": MENU,
    "texts.yaml": "texts:\n  one: 'A text'  # short\n  two: Another\n",
}


@st.composite
def _filled_in(draw: st.DrawFn) -> tuple[dict[str, str], Form, dict[str, Values | None]]:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    files = {name: text.replace("\n", newline) for name, text in SMALL.items()}
    form = forms.form(files, draw(st.sampled_from([*forms.NAMES, "words-first", "words-second", "text-one"])))
    typed: dict[str, Values | None] = {}
    for entry in form.entries:
        if form.grows and draw(st.booleans()):
            typed[entry.key] = None
        elif draw(st.booleans()):
            typed[entry.key] = {each.name: draw(_TYPED[each.kind]) for each in form.fields_of(entry)}
    for nth in range(draw(st.integers(0, 2)) if form.grows else 0):
        typed[f"new{nth}"] = {each.name: draw(_TYPED[each.kind]) for each in form.fields}
    return files, form, typed


def _outside(text: str, form: Form) -> Any:
    """The file without what the form shows."""
    data = parsing.read(text, "f").data
    if form.name in ("days", "weeks"):
        is_day = form.name == "days"
        data["other_hours"] = [item for item in data["other_hours"] if ("day" in item) is not is_day]
        return data
    if form.grows:
        around = data
        for step in form.path[:-1]:
            around = around[step]
        around.pop(form.path[-1], None)
        return data
    for entry in form.entries:
        inner = data
        for step in entry.path[:-1]:
            inner = inner[step]
        value = inner[entry.path[-1]]
        inner[entry.path[-1]] = (
            {k: v for k, v in value.items() if k not in entry.values} if isinstance(value, dict) else None
        )
    return data


def _comments(text: str) -> list[str]:
    return re.findall(r"# [A-Za-z][^\"\r\n]*", text)


@settings(deadline=None)
@given(_filled_in())
def test_a_form_changes_only_what_it_shows(filled_in: tuple[dict[str, str], Form, dict[str, Values | None]]) -> None:
    files, form, typed = filled_in

    saved = forms.save(files, form, form.values, typed)

    assert not saved.clashes
    assert _outside(saved.text, form) == _outside(files[form.file], form)
    again = forms.form({**files, form.file: saved.text}, form.name)
    kept = [
        typed.get(entry.key, entry.values) for entry in form.entries if typed.get(entry.key, entry.values) is not None
    ]
    added = [values for key, values in typed.items() if key.startswith("new")]
    assert [entry.values for entry in again.entries] == [*kept, *added]
    gone = sum(values is None for values in typed.values())
    if not gone:
        assert [c for c in _comments(saved.text) if c in _comments(files[form.file])] == _comments(files[form.file])
    assert ("\r\n" in saved.text) == ("\r\n" in files[form.file])


# --- words from elsewhere -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "plain", "told"),
    [
        ("“Don’t”", "\"Don't\"", "curly quotes"),
        ("a\u00a0b", "a b", "special spaces"),
        ("ex\u00adclu\u200bded", "excluded", "invisible"),
        ("• First.\n• Second.", "First. Second.", "bullets"),
        ("- First.\n- Second.", "First. Second.", "bullets"),
        ("One.\r\nTwo.", "One. Two.", "several lines"),
        ("Wait…", "Wait...", "dots"),
        ("e\u0301", "é", ""),
        ("Plain words – with a dash.", "Plain words – with a dash.", ""),
        ("-5 degrees", "-5 degrees", ""),
    ],
)  # fmt: skip
def test_pasted_words_become_plain_and_it_is_told(typed: str, plain: str, told: str) -> None:
    cleaned = forms.cleaned(typed)

    assert cleaned.words == plain
    assert told in "; ".join(cleaned.told)
    assert bool(told) == bool(cleaned.told)
    assert forms.cleaned(plain) == forms.Cleaned(plain)
