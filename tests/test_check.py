"""The check: a bad and a good example for every rule, and the whole shipped config."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from ivr import check
from ivr.authoring import drafts
from ivr.check import english, outcomes
from ivr.check.context import RULES, Context
from ivr.compiling import building
from ivr.engine import call
from ivr.language.english import ENGLISH
from ivr.machine import config, configfiles
from ivr.overview import confirmation
from ivr.problems import ConfigError, Problem, causes
from ivr.script import Script
from ivr.script.place import STAY
from tests import short
from tests.conftest import FEW_HABITS
from tests.line import OPEN

TODAY = OPEN.date()
Files = dict[str, str]
Edits = tuple[tuple[str, str, str], ...]

WELCOME, STEPS, WORDS, SHARED = "menus/welcome.yaml", "menus/first_steps.yaml", "menus/words.yaml", "menus/shared.yaml"
HELLO = "This is the automated voice of {service_name}."
SAY = 'say: "What is it about?"'
PART = '"Or ask for the teacher for special needs, called the SENCO."'
LABEL = 'label: "To know who to ask first"'
SCHOOL = '      4: {label: "If sent home, or kept out", goto: out_first, said_back: "Sent home, or kept out."}\n'


def _say(words: str) -> Edits:
    return ((WELCOME, SAY, f'say: "{words}"'),)


def _label(words: str) -> Edits:
    return ((WELCOME, LABEL, f'label: "{words}"'),)


def _line(old: str, new: str) -> Edits:
    return (("line.yaml", old, new),)


#: Thirteen words that a service says on a day of snow.
SNOW = "Because of the snow, no one is here. We can call you back. "
#: What stands for the shipped words.
TODAYS_WORDS = confirmation.fingerprint(drafts.read_draft(configfiles.script_files(config.ROOT / "config")))
FIFTEEN = "You can ask the school or the college to help you and your child now."
#: For each rule, what breaks it and what is near to breaking it and does not.
EXAMPLES: dict[str, tuple[Edits, Edits]] = {
    "sentence-length": (_say(FIFTEEN[:-1] + " and then too."), _say(FIFTEEN)),
    "part-length": (
        _say("You can ask the school for help. " * 5),
        _say("You can ask the school for help. " * 4),
    ),
    "label-length": (
        _label("To sort it all out with the school by talking to them now"),
        _label("To sort it out by talking now"),
    ),
    "label-overlap": (_label("To make a complaint now"), _label("To ask at school")),
    "listening": (
        _say("Universities occasionally reorganise administrative responsibilities."),
        _say("The school can help you with that."),
    ),
    "unknown-words": (_say("This part is about pedagogy."), _say("This part is about the headteacher.")),
    "glossary": (((STEPS, PART, '"The ombudsman can look at it."'),), ((STEPS, PART, '"The SENCO can look at it."'),)),
    "acronyms": (_say("This part is about ABC."), _say("This part is about SENCO.")),
    "banned": (_say("Press 1 for school."), _say("This part is about school.")),
    "keys-by-hand": (_say("To go back, press star."), _say("You can choose one of two ways to press on.")),
    "signs": (_say("This is about help & meetings."), _say("This is about help, and \u201cmeetings\u201d \u2013 at school; or (not) at home.")),
    "parts-in-a-row": (
        (("menus/exclusion.yaml", "    urgent: true", "    urgent: true\n    runs_on_to: council_team"),),
        (("menus/exclusion.yaml", "    urgent: true", "    urgent: true\n    runs_on_to: q_letter"),),
    ),
    "one-word": (_say("Ask the local authority."), _say("Ask the council.")),
    "doubled": (_say("Ask the the council."), _say("Ask the council.")),
    "double-negative": (_say("You cannot do this without help, not ever."), _say("You cannot do this alone.")),
    "sounds-like": (_say("You have {mediation_days} days."), _say("You have {mediation_days} days, about a month.")),
    "numbers-by-hand": (_say("You have 30 days."), _say("You have {mediation_days} days.")),
    "texts-by-hand": (
        (("texts.yaml", "{helpline_phone}", "0116 257 5027"),),
        (("texts.yaml", "Call {helpline_phone}", "Phone {helpline_phone}"),),
    ),
    "text-length": (
        (("texts.yaml", "You can bring a friend", "You can bring a friend. " * 12),),
        (("texts.yaml", "You can bring a friend", "You can bring a good friend"),),
    ),
    "reading-grade": (
        (("menus/exclusion.yaml", "We can text you a website.", "Administration. " * 90),),
        (("menus/exclusion.yaml", "We can text you a website.", "Get a text. " * 20),),
    ),
    "new-words": (((SHARED, '    rung: "We have your request. We will call you."\n', ""),), ((SHARED, "We have your request. ", ""),)),
    "own-number": (
        _line('number: "0116 257 5027"', 'number: "0116 496 0000"'),
        _line('number: "0116 257 5027"', 'number: "0116 496 0001"'),
    ),
    "pace": (_line("before_key: 0.7", "before_key: 0.2"), _line("before_key: 0.7", "before_key: 0.9")),
    "choices": (
        ((WELCOME, SCHOOL, SCHOOL + SCHOOL.replace("4:", "5:")),),
        ((WELCOME, SCHOOL, ""),),
    ),
    "change-in-one-step": (
        ((WELCOME, "goto: ring_reference", "goto: contact_us"),),
        (),
    ),
    "menu-seconds": (
        (*_say("You can ask the school for help. " * 4), (WELCOME, LABEL, 'label: "To sort it out by talking to them all"')),
        _say("You can ask the school for help."),
    ),
    "moved-keys": (
        (
            (WELCOME, "goto: which_letter", "goto: X"),
            (WELCOME, "goto: council_menu", "goto: which_letter"),
            (WELCOME, "goto: X", "goto: council_menu"),
        ),
        _say("This part is about school."),
    ),
    "depth": (
        (
            ("menus/more_help.yaml", "goto: local_offer, said_back", "goto: m1, said_back"),
            ("menus/more_help.yaml", "nodes:\n", "nodes:\n" + "".join(
                f'  m{i}:\n    kind: menu\n    say: "This is about help."\n    choices:\n'
                f'      1: {{label: "To go on", goto: {"local_offer" if i == 2 else f"m{i + 1}"}}}\n' for i in (1, 2)
            )),
        ),
        (),
    ),
    "guidance-soon": (
        (("menus/letters.yaml", "if_no: {goto: which_school}", "if_no: {goto: q_talked}"),),
        (),
    ),
    "first-key": (
        ((WELCOME, HELLO, "This is a recording by {service_name}, an automated voice."),),
        ((WELCOME, HELLO, "This is {service_name}, an automated voice."),),
    ),
    "circles": (
        ((WORDS, "    listed_in: words_school\n    next_word: word_best_endeavours", "    listed_in: words_school\n    next_word: word_senco"),),
        (),
    ),
    "dead-ends": (
        (
            (WELCOME, "    kind: menu\n    say: \"You are not alone.\"", "    kind: menu\n    say: \"This is about help.\""),
            *((WELCOME, f"goto: {there}", "goto: helpers_menu") for there in ("what_we_do", "young_people", "rule_book", "contact_us")),
        ),
        (),
    ),
    "unreachable": (
        (("menus/more_help.yaml", "goto: local_offer, said_back", "goto: rule_book, said_back"),),
        (),
    ),
    "leftovers": (_line('  council_name:', '  mayor: "The mayor"\n  council_name:'), ()),
    "closing-line": ((("menus/exclusion.yaml", '    closing: "A school you do not pay for is different. Ask for a person."\n', ""),), ()),
    "text-twin": ((("menus/exclusion.yaml", "    text: text_exclusion\n", ""),), ()),
    "reviews": (
        (("menus/exclusion.yaml", "review_by: 2027-07-31", "review_by: 2026-11-24"),),
        (*_line("alerts:\n", f"content_checked_on: 2026-11-01\ncontent_checked_as: {TODAYS_WORDS}\nalerts:\n"),
         ("menus/exclusion.yaml", "2027-07-31", "2026-11-25")),
    ),
    "other-hours": (
        _line("other_hours: []", "other_hours: [{begins: 2026-12-21, ends: 2027-01-01, monday: 10:00 to 12:00}]"),
        _line("other_hours: []", "other_hours: [{day: 2026-12-04, hours: 12:00 to 17:00}]"),
    ),
    "notices": (
        _line("notices: []", 'notices: [{words: "We are closed.", begins: 2026-11-26, ends: 2026-11-25}]'),
        _line("notices: []", 'notices: [{words: "We are closed.", begins: 2026-11-25, ends: 2026-11-26}]'),
    ),
    "closed-days": (
        _line("closed_days: []", "closed_days: [2025-12-24]"), _line("closed_days: []", "closed_days: [2026-11-25]"),
    ),
    "far-dates": (
        _line("closed_days: []", "closed_days: [2062-12-24]"), _line("closed_days: []", "closed_days: [2027-12-24]"),
    ),
    "confirmed": (
        _line('"0116 454 2050", confirmed_by: ,', '"0116 454 2050", confirmed_by: "A manager",'),
        _line('"0116 454 2050", confirmed_by: , confirmed_on: }',
              '"0116 454 2050", confirmed_as: "0116 4542050", confirmed_by: "A manager", confirmed_on: 2026-11-24}'),
    ),
    "read-page": (_line("read_page: off", "read_page: on"), ()),
    "phones": (_line('"0116 454 2050"', '"0116 454 205"'), _line('"0116 454 2050"', '"0116 454 2051"')),
    "person-everywhere": (
        _line("  monday: 09:00 to 17:00\n  tuesday: 09:00 to 17:00\n  wednesday: 09:00 to 17:00\n  thursday: 09:00 to 17:00\n  friday: 09:00 to 17:00",
              "".join(f"  {day}: closed\n" for day in ("monday", "tuesday", "wednesday", "thursday", "friday")).rstrip()),
        _line("  friday: 09:00 to 17:00", "  friday: closed"),
    ),
    "no-fault": ((), ()),
    "waiting": (_line("silence: [10, 20, 30]", "silence: [5, 20, 30]"), _line("silence: [10, 20, 30]", "silence: [12, 24, 36]")),
    "kinder-each-time": (
        ((SHARED, "Let us try again.", "Let us try that once again, and you must press a key."),),
        ((SHARED, "Let us try again.", "Let us go on."),),
    ),
    "twilio-voice": (
        _line("say_voice: Polly.Amy-Neural", "say_voice: Polly.Amy-Neurall"),
        _line("say_voice: Polly.Amy-Neural", "say_voice: Polly.Emma-Neural"),
    ),
    "relay": (_line("more_time: 120", "more_time: 60"), _line("more_time: 120", "more_time: 180")),
    "sounds": (
        ((SHARED, "call you {day}, {window}.", "call you {day}, {window}. That is" + " on {day} or" * 6 + " {day}."),),
        ((SHARED, "call you {day}, {window}.", "call you {day}, {window}. That is on {day}."),),
    ),
    "never-hangs-up": ((), ()),
    "language-offers": ((), ()),
    "language-numbers": (
        (("languages/gu.yaml", "numbers: []", 'numbers: ["999"]'),),
        (("languages/gu.yaml", "numbers: []", 'numbers: ["0116 496 0055"]'),),
    ),
    "empty-handed": (
        ((SHARED, 'number: "{opening_hours}. Our number is', 'number: "Our number is'),),
        ((SHARED, 'number: "{opening_hours}. Our number is {helpline_phone}."', 'number: "Our number is {helpline_phone}. {opening_hours}."'),),
    ),
    "time-limits": (
        (("menus/letters.yaml", "    text: text_letter_draft\n    words: [word_draft_plan, word_appeal]\n    urgent: true\n",
          "    text: text_letter_draft\n    words: [word_draft_plan, word_appeal]\n"),),
        ((STEPS, PART, '"Can it wait? If time is short, ask for a person."'),),
    ),
    "not-sure": (
        (("menus/letters.yaml", "if_no: {goto: letter_no, say: \"Then act soon.\"}\n    if_not_sure: {goto: letter_unsure}",
          "if_no: {goto: letter_no, say: \"Then act soon.\"}\n    if_not_sure: {goto: plan_menu}"),),
        (("menus/letters.yaml", "if_no: {goto: letter_no, say: \"Then act soon.\"}\n    if_not_sure: {goto: letter_unsure}",
          "if_no: {goto: letter_no, say: \"Then act soon.\"}\n    if_not_sure: {goto: letter_other}"),),
    ),
    "offers": (
        (("menus/more_help.yaml", '"[We can text you the link.]"', '"We can text you the link."'),),
        (("menus/more_help.yaml", '"[We can text you the link.]"', '"The text of it is long. [We can text you the link.]"'),),
    ),
    "language-words": (
        (("languages/pl.yaml", '"Kiedy mamy zadzwoni\u0107?"', '"Kiedy mamy zadzwoni\u0107? 24"'),),
        (("languages/pl.yaml", '"Kiedy mamy zadzwoni\u0107?"', '"Kiedy mamy dzwoni\u0107?"'),),
    ),
    "language-seconds": (
        (("languages/lines.yaml", "seconds: 10\n  ask", "seconds: 1\n  ask"),),
        (("languages/lines.yaml", "seconds: 10\n  ask", "seconds: 9\n  ask"),),
    ),
    "notice-length": (
        _line("notices: []", f'notices: [{{words: "{SNOW}{SNOW}We are sorry.", begins: 2026-12-01, ends: 2026-12-02}}]'),
        _line("notices: []", f'notices: [{{words: "{SNOW}", begins: 2026-11-25, ends: 2026-12-02}}]'),
    ),
    "reach": (_line("silence: [10, 20, 30]", "silence: [100, 110, 120]"), _line("silence: [10, 20, 30]", "silence: [10, 20, 35]")),
    "ring-back-hours": (
        _line("morning: {hours: 09:00 to 12:00", "morning: {hours: 06:00 to 08:30"),
        _line("morning: {hours: 09:00 to 12:00", "morning: {hours: 10:00 to 12:00"),
    ),
    "everybody": (
        _line("silence: [10, 20, 30]", "silence: [100, 110, 120]"),
        _line("silence: [10, 20, 30]", "silence: [10, 20, 35]"),
    ),
}  # fmt: skip

#: More that must be found, and more that is right: (rule, what is said, whether it breaks the rule).
SAYINGS = [
    ("numbers-by-hand", "You have thirty days.", True),
    ("numbers-by-hand", "Wait six to twenty-one working days.", True),
    ("numbers-by-hand", "Ring by the third of June.", True),
    ("numbers-by-hand", "We open at nine in the morning.", True),
    ("numbers-by-hand", "It costs five pounds.", True),
    ("numbers-by-hand", "There are two ways. You can do one thing, or ask for a second one.", False),
    ("numbers-by-hand", "You have {mediation_days} days.", False),
    ("banned", "Press the star key to go back.", True),
    ("banned", "Press one now for school.", True),
    ("banned", "Use the asterisk.", True),
    ("banned", "Hit zero.", True),
    ("banned", "Push the hash button.", True),
    ("banned", "Ask the school, e.g. the SENCO.", True),
    ("banned", "Press a key if you can.", False),
    ("banned", "You may hear of a miscarriage.", False),
    ("banned", "In general, ask the school.", False),
    ("banned", "Please hold on to the letter.", False),
    ("banned", "You can push for a plan.", False),
    ("keys-by-hand", "For school press one.", True),
    ("keys-by-hand", "Choose option two.", True),
    ("double-negative", "You cannot be unhappy.", True),
    ("doubled", "Ask The the council.", True),
    ("acronyms", "YOU ARE NOT ALONE.", True),
    ("acronyms", "This is NOT about school.", True),
    ("doubled", "They had had a letter that that school sent.", False),
    ("doubled", "You are not alone. Alone is hard.", False),
    ("signs", "About 50% win by 31/05.", False),
    ("numbers-by-hand", "About 50% win by 31/05.", True),
    ("signs", "Ask the school & 50 more.", True),
    ("double-negative", "You do not need to understand it.", False),
    ("double-negative", "There is no university here.", False),
    ("signs", "Ask the school/college.", True),
    ("signs", "Ask the school \U0001f600 now.", True),
    ("signs", "Ask the <school>.", True),
    ("signs", "Ask <b>the school</b>.", True),
    ("signs", "Ask the sch\u043eol.", True),
    ("signs", "\u0627\u0644\u0648\u0642\u062a", True),
    ("offers", "Ask the [school].", True),
    ("offers", "[Ask the school.] We can help.", False),
    ("offers", "We can help. You get it by text.", True),
    ("signs", "Ask the school_team.", True),
    ("signs", "Ask the school.Then wait.", True),
    ("signs", "Ask the S.E.N. team.", True),
    ("signs", "Zo\u00eb's child\u2019s school... is here!", False),
]

#: Rules that no YAML can break, because the engine keeps them: they are broken in the engine instead.
IN_THE_ENGINE = {"no-fault", "never-hangs-up"}
#: A rule about languages that are on. Nobody stands for one in the shipped files: `test_own_language.py` has its test.
IN_THE_ENGINE |= {"language-offers"}
#: Rules that warn before they refuse, so that what is let through may be warned of.
MILDER_FIRST = {"reviews", "sentence-length"}


def _edited(files: Files, edits: Edits) -> Files:
    files = dict(files)
    for name, old, new in edits:
        assert old in files[name], f"{old!r} is not in {name}"
        files[name] = files[name].replace(old, new, 1)
    return files


def _context(files: Files, published: Script | None = None) -> Context:
    draft = drafts.read_draft(files)
    return Context(draft, building.build(draft, "r", config.bank_holidays()), TODAY, published, {"+441164960000"})


def _checked(files: Files) -> list[Problem]:
    """Everything the check reports."""
    return check.check(_context(files))


def _found(rule: str, files: Files, published: Script | None = None) -> list[Problem]:
    """What one rule reports."""
    (the_rule,) = [r for r in RULES if r.name == rule]
    return check.findings(_context(files, published), the_rule)


@pytest.fixture(scope="module", autouse=True)
def _few_habits() -> Iterator[None]:
    """Callers who do the same for ever have tests of their own: here, a few of them are enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcomes, "habits", lambda: FEW_HABITS)
        yield


@pytest.fixture(scope="module")
def few_menus() -> Files:
    """The shipped line with few of its menus, for what needs the whole check and not the whole line."""
    return short.files()


@pytest.fixture(scope="module")
def usual(files: Files) -> set[Problem]:
    """What the check reports about the shipped config."""
    return set(_checked(files))


@pytest.mark.parametrize("rule", [r.name for r in RULES if r.name not in IN_THE_ENGINE])
def test_a_rule_finds_what_breaks_it(rule: str, files: Files, usual: set[Problem], shipped: Script) -> None:
    """With the file, a line, and words that say what to do."""
    bad, _ = EXAMPLES[rule]

    found = [p for p in _found(rule, _edited(files, bad), shipped) if p not in usual]

    assert found, f"{rule} does not find what breaks it"
    assert all(p.remedy and p.says.endswith((".", "'", "?")) for p in found)


@pytest.mark.parametrize("rule", [r.name for r in RULES if r.name not in IN_THE_ENGINE])
def test_a_rule_lets_through_what_keeps_it(rule: str, files: Files, usual: set[Problem], shipped: Script) -> None:
    _, good = EXAMPLES[rule]
    known = {(p.where.file, p.says) for p in usual}

    found = [p for p in _found(rule, _edited(files, good), shipped) if (p.where.file, p.says) not in known]

    assert not [p for p in found if p.severity == "error" or rule not in MILDER_FIRST], found


@pytest.mark.parametrize(("rule", "words", "breaks"), SAYINGS, ids=[words[:40] for _, words, _ in SAYINGS])
def test_a_rule_tells_what_breaks_it_from_what_only_looks_so(
    rule: str, words: str, breaks: bool, files: Files, usual: set[Problem]
) -> None:
    assert bool([p for p in _found(rule, _edited(files, _say(words))) if p not in usual]) is breaks


NOTICE = 'notices: [{{words: "{}", begins: 2026-11-25, ends: 2026-11-26}}]'
SETTINGS = [
    ("ring-back-hours", "  morning: {hours: 09:00 to 12:00, places: 12}\n  afternoon: {hours: 12:00 to 17:00, places: 12}",
     "  morning: {hours: closed, places: 12}\n  afternoon: {hours: 12:00 to 17:00, places: 0}", True),
    ("ring-back-hours", "  morning: {hours: 09:00 to 12:00, places: 12}", "  morning: {hours: closed, places: 0}", False),
    ("ring-back-hours", "afternoon: {hours: 12:00 to 17:00", "afternoon: {hours: 12:00 to 19:00", True),
    ("ring-back-hours", "morning: {hours: 09:00 to 12:00", "morning: {hours: 09:00 to 13:00", True),
    ("confirmed", '2050", confirmed_by: ,', '2050", confirmed_by: "A manager",', True),
    ("confirmed", '2050", confirmed_by: , confirmed_on: }', '2050", confirmed_by: A, confirmed_on: 2026-11-26}', True),
    ("confirmed", '2050", confirmed_by: , confirmed_on: }', '2050", confirmed_by: A, confirmed_on: 2026-11-24}', True),
    ("confirmed", '2050", confirmed_by: , confirmed_on: }',
     '2050", confirmed_by: A, confirmed_on: 2026-11-24, confirmed_as: "0116 454 2051"}', True),
    ("reviews", "alerts:\n", "content_checked_on: 2026-11-01\nalerts:\n", True),
    ("reviews", "alerts:\n", "content_checked_on: 2026-11-01\ncontent_checked_as: 0123456789ab\nalerts:\n", True),
    ("phones", "test_phones: []", 'test_phones: ["mine"]', True),
    ("phones", "test_phones: []", 'test_phones: ["hidden"]', True),
    ("phones", "test_phones: []", 'test_phones: ["Ann 07700 900123"]', True),
    ("phones", "test_phones: []", 'test_phones: ["+44 7700 900123", "07700 900456"]', False),
    ("numbers-by-hand", "notices: []", NOTICE.format("We are closed until the fourth of January."), False),
    ("numbers-by-hand", "notices: []", NOTICE.format("We are closed until 4 January."), True),
    ("far-dates", "notices: []", 'notices: [{words: "We move.", begins: 2026-11-25, ends: 2062-11-26}]', True),
    ("far-dates", "notices: []", 'notices: [{words: "We move.", begins: 2026-11-25, ends: 2027-01-26}]', False),
    ("signs", '"Contact"', '"Contact & friends"', True),
]  # fmt: skip


@pytest.mark.parametrize("left", ["Our number is {helpline_phone}.", "{opening_hours}."], ids=["no hours", "no number"])
def test_a_call_that_ends_without_the_hours_or_the_number_is_found(files: Files, left: str) -> None:
    """Staff can take either out of the sentence that has both."""
    both = 'number: "{opening_hours}. Our number is {helpline_phone}."'

    found = _found("empty-handed", _edited(files, ((SHARED, both, f'number: "{left}"'),)))

    assert any("never says or presses anything gets nothing" in problem.says for problem in found)


def test_words_cannot_have_been_checked_on_a_day_that_is_still_to_come(files: Files) -> None:
    edits = (
        *_line("alerts:\n", "content_checked_on: 2026-11-26\nalerts:\n"),
        *_line("  content_checked_on: {reviews:", "  names.service_name: {reviews:"),
    )

    assert ["This date is in the future" in problem.says for problem in _found("reviews", _edited(files, edits))] == [
        True
    ]


@pytest.mark.parametrize(("rule", "old", "new", "breaks"), SETTINGS, ids=[new[:40] for _, _, new, _ in SETTINGS])
def test_a_setting_that_would_let_callers_down_is_found(
    rule: str, old: str, new: str, breaks: bool, files: Files, usual: set[Problem]
) -> None:
    found = [p for p in _found(rule, _edited(files, _line(old, new))) if p.says not in {q.says for q in usual}]

    assert bool(found) is breaks
    assert {p.where.file for p in found} <= {"config/line.yaml"}


def test_a_menu_that_a_switch_leaves_with_a_gap_is_found(files: Files) -> None:
    """A choice at the end may go away and leave none."""
    node = "  rule_book:\n    kind: reading\n"
    last = next(line for line in files[WELCOME].splitlines(keepends=True) if "goto: contact_us" in line)
    off = _edited(files, (("menus/more_help.yaml", node, f"{node}    only_if: show_after_complaint\n"),))

    says = "The node at key 3 is switched off, which leaves a gap. Put it last, or add 'when_off' there."
    assert [p.says for p in _found("choices", off)] == [says]
    assert _found("choices", _edited(off, ((WELCOME, last, ""),))) == []


def test_every_rule_has_a_bad_and_a_good_example() -> None:
    assert {rule.name for rule in RULES} == set(EXAMPLES)
    assert all(bad for rule, (bad, _) in EXAMPLES.items() if rule not in IN_THE_ENGINE)


def test_every_rule_says_why_and_is_in_the_handbook() -> None:
    handbook = (config.ROOT / "docs" / "staff.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert rule.why.endswith("."), rule.name
        assert f"`{rule.name}`" in handbook, f"{rule.name} is not in docs/staff.md"


def test_an_engine_that_counted_hash_as_a_mistake_would_be_found(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_again", lambda here: (replace(here.s, slips=here.s.slips + 1), STAY))

    assert _found("no-fault", files)


# --- the whole ------------------------------------------------------------------------------


def test_the_shipped_config_passes_without_a_warning(usual: set[Problem]) -> None:
    """So every warning is new. A rule that does not apply somewhere is waived there, with a reason."""
    assert [str(p) for p in usual] == []


def test_no_waiver_in_the_shipped_config_is_without_a_reason(files: Files) -> None:
    for waiver in _context(files).waivers:
        assert len(waiver.reason.split()) >= 3, waiver


def test_a_rule_can_be_waived_at_a_node_with_a_reason(files: Files) -> None:
    edits = (
        *_say(FIFTEEN[:-1] + " and then too."),
        (WELCOME, "  school_menu:\n    kind: menu\n", '  school_menu:\n    kind: menu\n    allow: {sentence-length: "Parents said it is clear."}\n'),
    )  # fmt: skip

    assert not [p for p in _found("sentence-length", _edited(files, edits)) if p.severity == "error"]


LONG = "I have really and truly and honestly and most sadly not heard"
PLACES = {
    "steps.goodbye.say": ("sentence-length", SHARED, "You can call this line again, at any time.", LONG),
    "steps.goodbye": ("sentence-length", SHARED, "You can call this line again, at any time.", LONG),
    "phrases.at_the_start": ("sentence-length", SHARED, "You are at the start.", "You are at the very start of what this line has to say to you."),
    "phones.council_phone": ("phones", "line.yaml", '"0116 454 2050"', '"0900 454 2050"'),
    "waiting.more_time": ("waiting", "line.yaml", "more_time: 120", "more_time: 90"),
    "texts.text_bring": ("text-length", "texts.yaml", "You can bring a friend", "You can bring a friend. " * 12),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_rule_can_be_waived_at_any_place_of_a_file(files: Files, place: str) -> None:
    """There, and nowhere else."""
    rule, name, old, new = PLACES[place]
    broken = _edited(files, ((name, old, new),))
    told = _found(rule, broken)

    assert told
    assert _found(rule, _waiving(broken, name, f'{place}: {{{rule}: "It has to be so."}}')) == []
    assert _found(rule, _waiving(broken, name, f'names.nobody: {{{rule}: "It has to be so."}}')) == told


def _waiving(files: Files, name: str, waiver: str) -> Files:
    """The files with one more waiver at the end of one."""
    there = "" if "\nallow:\n" in files[name] else "\nallow:\n"
    return {**files, name: f"{files[name]}{there}  {waiver}\n"}


def test_a_waiver_for_a_node_is_written_at_the_node(files: Files) -> None:
    found = _checked(_waiving(files, WELCOME, 'nodes.school_menu: {sentence-length: "It has to be so."}'))

    assert [(p.severity, p.says) for p in found] == [("error", "Nodes have their own 'allow'. Write this at the node.")]


@pytest.mark.parametrize("reason", [".", "because", "it is"])
def test_a_waiver_says_why(few_menus: Files, reason: str) -> None:
    waived = f'  school_menu:\n    kind: menu\n    allow: {{sentence-length: "{reason}"}}\n'
    edits = (*_say(FIFTEEN[:-1] + " and then too."), (WELCOME, "  school_menu:\n    kind: menu\n", waived))

    (found,) = [p for p in _checked(_edited(few_menus, edits)) if p.code.startswith("waiver")]

    assert found.severity == "error"
    assert found.says.startswith("It is not said why the rule 'sentence-length' does not apply here")


@pytest.mark.parametrize(
    ("allow", "told"),
    [
        (
            "sentence-length",
            "The rule 'sentence-length' finds nothing here, so this waiver is not needed. Remove this line.",
        ),
        ("no-such-rule", "There is no rule 'no-such-rule'. Remove this line."),
    ],
)
def test_a_waiver_that_is_not_needed_is_told(few_menus: Files, allow: str, told: str) -> None:
    edits = (
        (
            WELCOME,
            "  school_menu:\n    kind: menu\n",
            f'  school_menu:\n    kind: menu\n    allow: {{{allow}: "x y z"}}\n',
        ),
    )

    (found,) = [p for p in _checked(_edited(few_menus, edits)) if p.code.startswith("waiver")]

    assert found.says == told


def test_all_problems_come_at_once_in_the_order_of_lines(few_menus: Files) -> None:
    edits = (
        *_say("Press 1 for pedagogy."),
        *_label("To make a complaint now"),
        *_line("more_time: 120", "more_time: 60"),
    )

    found = [p for p in _checked(_edited(few_menus, edits)) if p.severity == "error"]

    assert {"banned", "unknown-words", "waiting", "relay"} <= {p.code for p in found}
    assert found == sorted(found)


# --- stories --------------------------------------------------------------------------------

STORY = """# A story.
When    Wed 25 November 2026, 10:30
From    07700 900123

CALLER  2
LINE    ... To know who to ask first, press 1. ...
CALLER  1
LINE    {heard}
"""


def test_a_story_that_hears_what_is_said_passes(shipped: Script) -> None:
    assert (
        check.play_stories(shipped, {"stories/a.call": STORY.format(heard="... Talk to the school first. ...")}) == []
    )


def test_a_story_that_hears_something_else_is_a_problem_with_its_line(shipped: Script) -> None:
    (problem,) = check.play_stories(shipped, {"stories/a.call": STORY.format(heard="... ask the council ...")})

    assert (problem.where.file, problem.where.line, problem.code) == ("config/stories/a.call", 8, "story-differs")
    assert problem.says.startswith("The story hears '... ask the council ...'. The line says 'Who to ask first.")


def test_a_story_that_cannot_be_read_is_a_problem(shipped: Script) -> None:
    (problem, *_) = check.play_stories(
        shipped, {"stories/a.call": "When    Wed 25 November 2026, 10:30\nCALLER  nine\n"}
    )

    assert problem.remedy == (
        "Write keys, (chooses WORDS OF A CHOICE), (says nothing), (presses 1 twice), (leaves a message) or (hangs up)."
    )


HEAD = "When    Wed 25 November 2026, 10:30\nFrom    07700 900123\n\n"
UNREADABLE = [
    (HEAD, 0, "Nothing happens in this call. Write what the caller does and must hear."),
    (
        "# Nothing yet.\nCALLER  1\n",
        0,
        "A story begins with the time of the call. Write it like 'When    Wed 25 November 2026, 10:30'.",
    ),
    (HEAD.replace("10:30", "25:30") + "CALLER  1\n", 1, "A story begins with the time of the call. Write it like "),
    (HEAD.replace("Wed", "Fri") + "CALLER  1\n", 1, "25 November 2026 is a Wednesday. Write Wed here, or another day."),
    (HEAD + HEAD.splitlines()[0] + "\nCALLER  1\n", 4, "'When' is here twice. Keep one of them."),
    (HEAD.replace("07700 900123", "my phone") + "CALLER  1\n", 2, "This is not a caller's number. Write one, like "),
    (
        HEAD + "CALLER: 1\n",
        4,
        "Nobody is named who says or does this. Begin the line with one of: "
        "When, From, LINE, CALLER, ADVISER, NOTED, ENDS, GOT, NEVER, OUTAGE.",
    ),
    (
        HEAD + "CALLER  (presses one twice)\n",
        4,
        "This is not what a caller can do. Write keys, (chooses WORDS OF A CHOICE), "
        "(says nothing), (presses 1 twice), (leaves a message) or ",
    ),
    (
        HEAD + "ADVISER (asleep)\n",
        4,
        "This is not what an adviser can do. Write one of: (talks), (busy), (no answer), (failed).",
    ),
    (HEAD + "CALLER  1\nLINE\n", 5, "Nothing is said here. Write what is, or ... for any words."),
]
UNPLAYABLE = [
    ("CALLER  12\n", 4, "No number is asked for here, so one key is pressed at a time. Write a line for each key."),
    ("ADVISER (busy)\n", 4, "Nobody is being rung here. Remove this line, or let the caller press 0 first."),
    ("CALLER  (leaves a message)\n", 4, "No message is being taken here. Write keys, (says nothing) or (hangs up)."),
    ("CALLER  (hangs up)\nCALLER  1\n", 5, "The call is over here. Remove this line."),
]


@pytest.mark.parametrize(("story", "line", "says"), UNREADABLE, ids=[says[:50] for _, _, says in UNREADABLE])
def test_a_story_that_does_not_read_as_one_says_where_and_what_to_write(
    shipped: Script, story: str, line: int, says: str
) -> None:
    (problem,) = check.play_stories(shipped, {"stories/a.call": story})

    assert (problem.where.file, problem.where.line, problem.severity) == ("config/stories/a.call", line, "error")
    assert problem.says.startswith(says)


@pytest.mark.parametrize(("story", "line", "says"), UNPLAYABLE, ids=[says[:30] for _, _, says in UNPLAYABLE])
def test_a_story_that_cannot_be_played_says_where_and_what_to_write(
    shipped: Script, story: str, line: int, says: str
) -> None:
    """Reported once, and not again for everything after it that is not heard."""
    told = check.play_stories(shipped, {"stories/a.call": f"{HEAD}{story}LINE    Never heard.\n"})

    assert [(p.where.line, p.says) for p in told] == [(line, says)]


def test_what_is_not_heard_before_a_line_that_cannot_be_played_is_told_instead(shipped: Script) -> None:
    """Of each story, the first thing that is wrong: what comes after it may only follow from it."""
    told = check.play_stories(
        shipped, {"stories/a.call": f"{HEAD}LINE    Good morning.\nADVISER (busy)\nLINE    Sorry.\n"}
    )

    assert [(p.where.line, p.code) for p in told] == [(4, "story-differs")]


def test_a_story_that_holds_whatever_is_said_is_warned_of(shipped: Script) -> None:
    (problem,) = check.play_stories(shipped, {"stories/a.call": f"{HEAD}CALLER  1\n"})

    assert (problem.severity, problem.where.line) == ("warning", 4)


@pytest.mark.parametrize("story", [
    f"{HEAD}CALLER\t3\nLINE\tEHC plans, and appeals. \u2026\n\tFor health, or social care, press 1. ...\n",
    f"{HEAD}CALLER  (hangs up)\nENDS    the caller hangs up\n",
    f"{HEAD}LINE    Hello. ...\n".replace("07700 900123", "hidden").replace("\n", "\r\n"),
    "# From may be left out.\nWhen    Wed 25 November 2026, 10:30\nLINE    Hello. ...\n",
])  # fmt: skip
def test_a_story_may_be_written_with_tabs_and_a_word_processors_signs(shipped: Script, story: str) -> None:
    assert check.play_stories(shipped, {"stories/a.call": story}) == []


def test_what_is_noted_is_not_taken_for_what_is_said(shipped: Script) -> None:
    (problem,) = check.play_stories(
        shipped, {"stories/a.call": f"{HEAD}CALLER  (hangs up)\nLINE    the caller hangs up\n"}
    )

    assert problem.where.line == 5


def _with_second_phone(files: Files) -> Script:
    rota = _line("numbers: [helpline_phone]", "numbers: [helpline_phone, council_phone]")
    return building.load(_edited(files, rota), config.bank_holidays())


def test_a_story_holds_for_any_number_of_phones_in_the_rota(files: Files) -> None:
    """A caller who does something has heard that no phone was answered, or that each was busy."""
    made = _with_second_phone(files)
    busy = f"{HEAD}CALLER  0\nADVISER (busy)\nLINE    Sorry, all our people are talking to someone. ...\n"

    assert check.play_stories(made, configfiles.story_files(config.ROOT / "config")) == []
    assert check.play_stories(made, {"stories/a.call": busy, "stories/b.call": f"{busy}CALLER  (hangs up)\n"}) == []


def test_a_story_may_tell_how_each_phone_of_the_rota_ended(files: Files) -> None:
    story = f"{HEAD}CALLER  0\nADVISER (busy)\nLINE    I will try one more phone. ...\nADVISER (talks)\nLINE    That call has ended. ...\n"

    assert check.play_stories(_with_second_phone(files), {"stories/a.call": story}) == []


def test_nodes_that_no_story_visits_are_known(shipped: Script) -> None:
    missing = check.unvisited(shipped, {"a.call": STORY.format(heard="...")})

    assert "school_talk" not in missing
    assert "kept_out" in missing


def test_the_shipped_stories_hold(shipped: Script) -> None:
    stories = configfiles.story_files(config.ROOT / "config")

    assert len(stories) >= 5
    assert check.play_stories(shipped, stories) == []


# --- English --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("school", 1),
        ("council", 2),
        ("mediation", 4),
        ("written", 2),
        ("council's", 2),
        ("am", 1),
        ("Person-centred", 4),
        ("qwrtyaeb", 1),
    ],
)
def test_syllables_are_counted(word: str, count: int) -> None:
    assert english.syllables(word) == count


@pytest.mark.parametrize(
    "word", ["school", "schools", "talking", "stopped", "child's", "writes", "sixty-seven", "decided"]
)
def test_common_words_are_known_in_all_their_forms(word: str) -> None:
    assert english.is_common(word)


@pytest.mark.parametrize("word", ["pedagogy", "ombudsman", "tribunal"])
def test_rare_words_are_known_as_rare(word: str) -> None:
    assert not english.is_common(word)


def test_a_dictated_number_is_not_part_of_a_sentences_length() -> None:
    assert english.sentence_words("The number is zero one one six, two five seven.") == 3
    assert english.sentence_words("One. How a school works.") == 5


def test_sentences_and_grades_of_plain_words() -> None:
    assert english.sentences("Ask them. Then wait? Yes!") == ["Ask them.", "Then wait?", "Yes!"]
    assert english.grade("The cat sat on the mat. " * 20) < 1
    assert english.grade("Administrative reorganisation necessitates consultation. " * 20) > 20


def test_a_speech_takes_its_words_and_its_pauses() -> None:
    in_a_sentence, by_itself = 10 * 0.5, (english.PIECE_SECONDS + 2 * english.SHORT_WORD_SECONDS) * 140 / 120
    said = ("To talk about school, with somebody who knows about schools,", 0.7, "press 1.")
    assert english.seconds(said, 120) == pytest.approx(in_a_sentence + 0.7 + by_itself)


def test_a_phone_number_takes_as_long_as_it_is_said() -> None:
    """Twice eleven digits, at a second each, and the pauses between their groups."""
    assert 24 < english.seconds(ENGLISH.phone("0116 496 0123", 1.0, 0.7), 140) < 36


@pytest.mark.parametrize(("wrong", "told"),
    [
        ('notices: [{say: "We are closed.", from: 2026-12-01, until: 2026-12-02}]', ["'say'", "'from'", "'until'"]),
        ('notices: [{words: "We are closed.", begins: 2026-12-01, end: 2026-12-02}]', ["'end'"]),
    ],
)  # fmt: skip
def test_a_field_that_is_called_otherwise_is_told_once_with_its_name(files: Files, wrong: str, told: list[str]) -> None:
    """And not that another one is missing."""
    with pytest.raises(ConfigError) as refused:
        _context({**files, drafts.LINE: files[drafts.LINE].replace("notices: []", wrong)})

    assert [problem.words.split()[0] for problem in refused.value.problems] == told
    assert all(problem.remedy.startswith("Write '") for problem in refused.value.problems)


@pytest.mark.parametrize(("wrong", "told"),
    [
        ("monday: 9am to 5pm", "Write 09:00 to 17:00."),
        ("monday: 9.30-12, 1pm-5pm", "Write 09:30 to 12:00 and 13:00 to 17:00."),
        ("monday: 12am - 12pm", "Write 00:00 to 12:00."),
        ("monday: Closed", "Write closed."),
        ("monday: 9 to 5", "Write it like 09:00 to 17:00, with 'and' between two parts of a day, or write closed."),
        ("monday: 9.75 to 17", "Write it like 09:00 to 17:00, with 'and' between two parts of a day, or write closed."),
        ("monday: 9 to 25", "Write it like 09:00 to 17:00, with 'and' between two parts of a day, or write closed."),
    ],
)  # fmt: skip
def test_hours_that_are_written_otherwise_are_told_as_they_must_be_written(files: Files, wrong: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _context({**files, drafts.LINE: files[drafts.LINE].replace("monday: 09:00 to 17:00", wrong)})

    assert [(problem.code, problem.remedy) for problem in refused.value.problems] == [("not-opening-hours", told)]


def test_a_name_that_cannot_be_one_is_one_cause_wherever_it_stands(files: Files) -> None:
    wrong = {name: text.replace("q_kept_out", "2out") for name, text in files.items() if name.startswith("menus/")}
    with pytest.raises(ConfigError) as refused:
        _context({**files, **wrong})

    (cause,) = causes(refused.value.problems)
    assert cause.problem.words == "'2out' cannot be a name."


def test_a_number_where_a_name_is_needed_is_told_as_one(files: Files) -> None:
    wrong = files[drafts.LINE].replace("numbers: [helpline_phone]", 'numbers: ["0116 257 5027"]')
    with pytest.raises(ConfigError) as refused:
        _context({**files, drafts.LINE: wrong})

    assert [problem.says for problem in refused.value.problems] == [
        "'0116 257 5027' is no name, and 'numbers' needs one. Write the name under which it stands in line.yaml."
    ]
