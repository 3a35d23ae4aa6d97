"""Simulated callers: what each gets and what it takes, and that the gate finds a line which lets them down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivr import check
from ivr.audio import telephone
from ivr.audio.sounds import telephone_seconds
from ivr.authoring import drafts
from ivr.check import answers, callers, english, hands, outcomes, relay
from ivr.check.callers import KEPT_FREE, RUNG_WITHIN, Cost, Effort, Simulation
from ivr.check.context import RULES, Context
from ivr.check.explore import CALLER, REFERENCES, Visit, asks_for_a_key, heard_to_end
from ivr.check.outcomes import CIRCUMSTANCES, CLOSED, NOBODY_ANSWERS, SOMEBODY_ANSWERS, CallOutcome, Habit, habits
from ivr.check.timing import TURN_GAP, Timing
from ivr.cli import checking
from ivr.compiling import building
from ivr.engine import call, debounce, escalation
from ivr.machine import config
from ivr.places.message import Message
from ivr.places.reading import Reading
from ivr.practice.effects import PracticeHandler
from ivr.problems import Problem
from ivr.script import Script
from ivr.script.place import Do, Go, Here, Moved
from ivr.script.session import Done, Gather, Key, NoInput, Recorded, SaveRequest, Transfer, TransferEnded
from ivr.spoken import words_of
from tests.line import OPEN

TODAY = OPEN.date()
SHARED = "menus/shared.yaml"
Files = dict[str, str]


@pytest.fixture(scope="module")
def shipped_callers(shipped: Script) -> Simulation:
    """The simulated callers of the shipped line."""
    return Simulation(shipped, TODAY)


def _context(files: Files) -> Context:
    draft = drafts.read_draft(files)
    return Context(draft, building.build(draft, "r", config.bank_holidays()), TODAY)


def _found(rule: str, files: Files) -> list[Problem]:
    (the_rule,) = [r for r in RULES if r.name == rule]
    return check.findings(_context(files), the_rule)


def _figure(simulation: Simulation, caller: str, wants: str) -> Cost:
    (figure,) = [f for f in simulation.figures if (f.caller, f.wants) == (caller, wants)]
    assert figure.needed
    return figure.needed


# --- what staff add on a day ----------------------------------------------------------------------

TWENTY = "Because of the snow, no one is in the office. We can call you back when we are here again."
EIGHT = "This call is free from a mobile too."


def test_a_line_that_says_what_a_call_costs_has_room_for_a_notice_of_twenty_words(files: Files) -> None:
    """Who has nothing to say but that the office is shut must not be told to make the line shorter first."""
    assert (english.spoken_words(TWENTY), english.spoken_words(EIGHT)) == (20, 8)
    line_yaml = files["line.yaml"].replace('call_cost: ""', f'call_cost: "{EIGHT}"')
    line_yaml = line_yaml.replace("notices: []", f'notices: [{{words: "{TWENTY}", begins: {TODAY}, ends: {TODAY}}}]')

    problems = check.check(_context({**files, "line.yaml": line_yaml}))

    assert [str(problem) for problem in problems if problem.severity == "error"] == []


def test_with_a_notice_a_person_is_rung_within_a_hundred_seconds_all_the_same(files: Files) -> None:
    """The longest notice that passes, walked on the engine: what it adds is what was kept free."""
    words = "We are shut. " * 8
    notice = f'notices: [{{words: "{words.strip()}", begins: {TODAY}, ends: {TODAY}}}]'
    noticed = {**files, "line.yaml": files["line.yaml"].replace("notices: []", notice)}
    assert _found("notice-length", noticed) == []

    without, with_it = (Simulation(_context(files).script, TODAY), Simulation(_context(noticed).script, TODAY))

    (before, after) = (
        _figure(callers, "never says or presses anything", "a person rung").seconds for callers in (without, with_it)
    )
    assert before + 10 < after <= before + KEPT_FREE
    assert RUNG_WITHIN + KEPT_FREE == 100


@pytest.mark.parametrize("begins", [TODAY, TODAY + dt.timedelta(days=30)])
def test_a_notice_that_is_too_long_is_told_what_to_do_also_when_it_is_still_to_come(
    files: Files, begins: dt.date
) -> None:
    notices = "".join(f'\n  - {{words: "{TWENTY}", begins: {begins}, ends: {begins}}}' for _ in range(2))
    (first, second) = _found(
        "notice-length", {**files, "line.yaml": files["line.yaml"].replace("notices: []", f"notices:{notices}")}
    )

    assert first.says.startswith("This notice takes ")
    assert f", together with 1 more on {begins:%-d %B %Y}; 12 are the most." in first.says
    assert "Make it about 26 words in all" in second.says


def test_whoever_writes_a_sentence_that_takes_too_long_is_told_which(files: Files) -> None:
    long = (
        "This call is free from any phone. Key zero is free too. You pay nothing for any of it. We pay for all of it."
    )
    line_yaml = files["line.yaml"].replace('call_cost: ""', f'call_cost: "{long}"')

    (found, *_) = _found("reach", {**files, "line.yaml": line_yaml})

    assert "of which 'call_cost' in line.yaml takes 11. Shorten them, or the words after them." in found.says


# --- nobody leaves empty-handed -------------------------------------------------------------------


def test_whatever_callers_do_for_ever_they_get_something(shipped_callers: Simulation) -> None:
    """Silent, talking, wrong keys, any key, any two keys in turn; whatever happens; from any phone."""
    found = shipped_callers.outcomes

    assert [str(outcome) for outcome in found if not outcome.got] == []
    assert len(found) == len(list(habits())) * len(CIRCUMSTANCES) * len(shipped_callers.calls.phones)


def test_every_key_and_every_two_keys_are_tried() -> None:
    tried = [(habit.keys, habit.hasty) for habit in habits() if habit.keys]

    assert len(tried) == len(set(tried)) == 2 * 12 + 12 * 11 + 12 * 11 // 2


def test_a_line_that_lets_silent_callers_go_with_nothing_is_found(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by when, by whom, and after what; and that they were hung up on."""
    monkeypatch.setattr(escalation, "silent", lambda here: (here.s, Go("goodbye")))
    monkeypatch.setattr(escalation, "unused", lambda here: (here.s, Go("goodbye")))
    monkeypatch.setattr(outcomes, "habits", lambda: [Habit(), Habit(talks=True), Habit("5")])

    found = [p.says for p in _found("empty-handed", files)]

    closed = next(says for says in found if says.startswith("When the line is closed, ") and "ends" in says)
    assert re.match(r"When the line is closed, a caller who never says or presses anything gets nothing\. ", closed)
    assert re.search(r" After \d+ seconds, the call ends\. \d+ other callers have the same outcome\. ", closed)
    assert closed.endswith("Lead them to a person, a message, or the hours and a number.")
    assert _found("never-hangs-up", files)


def test_a_line_in_which_two_keys_go_round_for_ever_is_found_by_the_fewest_keys(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "MOST_FRUITLESS", 10**6)
    monkeypatch.setattr(outcomes, "habits", lambda: [Habit(keys) for keys in ("5", "4*", "*9")])

    found = [p.says for p in _found("empty-handed", files) if "goes round" in p.says]

    assert any("busy, a caller who presses 4 and star in turn gets" in says for says in found)
    assert all(re.search(r"After the keys ([0-9*#] ?){1,4}, the call goes round", says) for says in found)


class _OnlySaysGoodbye(Message):
    """A message that, where it cannot be kept, leads to no more than goodbye."""

    def over(self, here: Here, event: TransferEnded | Recorded) -> Moved:
        s, to = super().over(here, event)
        return s, replace(to, or_else="goodbye") if isinstance(to, Do) else to


def test_a_line_that_only_says_goodbye_when_nothing_can_be_kept_is_found(
    shipped_callers: Simulation, shipped: Script
) -> None:
    """A caller talks after the tone, and Redis is away: a failure must lead on."""
    away = next(c for c in CIRCUMSTANCES if not (c.is_open or c.handler_works or c.spools))
    assert _of(shipped_callers, Habit(talks=True), away).got == "the hours and a way on"

    wrong = dataclasses.replace(shipped, steps={**shipped.steps, "message": _OnlySaysGoodbye()})

    assert _of(Simulation(wrong, TODAY), Habit(talks=True), away).got == ""


def test_a_request_that_cannot_be_rung_is_nothing_got(shipped: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a phone that is diverted to ours, ringing back would ring ourselves."""
    real = PracticeHandler.run

    def forged(self: PracticeHandler, script: Script, effect: object, now: dt.datetime) -> object:
        if isinstance(effect, SaveRequest):
            ours = Simulation(shipped, TODAY).calls.phones["diverted"]
            effect = SaveRequest(replace(effect.request, number=ours))
        return real(self, script, effect, now)  # type: ignore[arg-type]

    monkeypatch.setattr(PracticeHandler, "run", forged)

    assert _of(Simulation(shipped, TODAY), Habit(talks=True), CLOSED).got == ""


def test_a_number_that_is_said_and_not_written_down_is_found(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who hangs up in the middle of asking to be rung is still rung."""
    told = lambda self, request: Done(request=request, reference="1")  # noqa: E731
    monkeypatch.setattr(PracticeHandler, "_save", told)
    monkeypatch.setattr(outcomes, "habits", lambda: [Habit()])

    lost = [p for p in _found("empty-handed", files) if p.says.startswith("A caller who hangs up here")]

    assert lost
    assert {p.where.file for p in lost} == {f"config/{SHARED}"}


def _of(simulation: Simulation, habit: Habit, circumstances: object) -> CallOutcome:
    return next(o for o in simulation.outcomes_of(habit) if o.circumstances == circumstances)


@pytest.mark.parametrize(("habit", "circumstances", "got"), [
    (Habit(), SOMEBODY_ANSWERS, "a person"),
    (Habit(), CLOSED, "the hours and a way on"),
    (Habit(talks=True), CLOSED, "a request"),
    (Habit(talks=True), NOBODY_ANSWERS, "a request"),
    (Habit(wrong=True), SOMEBODY_ANSWERS, "a person"),
    (Habit("*", hasty=True), NOBODY_ANSWERS, "the hours and a way on"),
])  # fmt: skip
def test_what_callers_get_is_told_apart(
    shipped_callers: Simulation, habit: Habit, circumstances: object, got: str
) -> None:
    assert _of(shipped_callers, habit, circumstances).got == got


@pytest.mark.parametrize(("habit", "says"), [
    (Habit(), "never says or presses anything"),
    (Habit(talks=True), "talks and never presses a key"),
    (Habit(wrong=True, hasty=True), "quickly presses wrong keys only"),
    (Habit("1"), "presses only 1"),
    (Habit("*#", hasty=True), "quickly presses star and hash in turn"),
])  # fmt: skip
def test_a_habit_is_told_in_words(habit: Habit, says: str) -> None:
    assert str(habit) == says


# --- in time --------------------------------------------------------------------------------------


def test_every_simulated_caller_is_helped_within_budget(shipped_callers: Simulation) -> None:
    assert [f for f in shipped_callers.figures if not f.kept] == []


def test_a_figure_over_its_budget_is_not_kept(shipped_callers: Simulation) -> None:
    figure = Effort("waits", "a person", Cost(10, 1), Cost(10, 1))

    assert figure.kept
    for needed in (Cost(11, 1), Cost(10, 2), None):
        assert not dataclasses.replace(figure, needed=needed).kept


def test_words_before_a_silent_caller_is_helped_count_with_their_waits(files: Files) -> None:
    """A part of thirty words more in the greeting is found, with what the greeting and the first menu take."""
    name = "menus/welcome.yaml"
    words = "You can call us as often as you like about help at school, and we will listen to you. " * 2
    longer = re.sub(r'(main_menu:\n    kind: menu\n    say: ")', rf"\g<1>{words}", files[name])
    assert longer != files[name]

    found = _found("reach", {**files, name: longer})

    assert any(re.search(r"The greeting and the first menu take \d+ seconds of it", p.says) for p in found)
    assert any("never says or presses anything wants a person rung and needs" in p.says for p in found)


def test_an_ideal_caller_is_sooner_than_somebody_who_rings_for_the_first_time(shipped_callers: Simulation) -> None:
    for wants in ("a person", "to be rung back", "any of the guidance", "to move a call"):
        ideal = _figure(shipped_callers, "presses any key", wants)
        assert ideal.seconds < _figure(shipped_callers, "rings for the first time", wants).seconds


def test_guidance_counts_once_it_is_heard_to_its_end(shipped_callers: Simulation, shipped: Script) -> None:
    """No figure is for the moment at which it begins."""
    walk, timing = shipped_callers.anybody, shipped_callers.timing
    ends = [
        (visit, end)
        for visit in walk.visits
        if (end := heard_to_end(shipped, timing, visit)) is not None and visit.node != "greeting"
    ]

    assert {visit.node for visit, _ in ends} == shipped_callers._readings
    for visit, end in ends:
        node = shipped.nodes[visit.node]
        assert isinstance(node, Reading)
        assert end - visit.seconds >= timing.speech(node.parts[-1])


def test_a_person_counts_once_it_rings(shipped_callers: Simulation) -> None:
    got = shipped_callers.anybody.got["person"]

    assert isinstance(got.turn.then, Transfer)
    rings = next(v for v in shipped_callers.anybody.visits if isinstance(v.turn.then, Transfer))
    assert got.seconds == pytest.approx(rings.seconds + shipped_callers.timing.reply(rings.turn))


def test_every_step_is_visited(shipped_callers: Simulation) -> None:
    """Also moving, cancelling, a reference that is not found, times that are full, and what fails."""
    elsewhere = [
        "door", "door_done", "language_name", "languages", "record_bad", "record_good", "record_prompt", "record_wait",
    ]  # fmt: skip
    went = "test_door.py, test_own_language.py and test_phoned_takes.py go there"
    assert sorted(shipped_callers.steps_not_visited()) == elsewhere, went
    said = shipped_callers.heard
    for name in (
        "ring_reference.not_found", "ring_found.late", "ring_found.tried", "ring_found.gave_up", "ring_found.ended",
        "ring_when.full", "ring_failed.say", "ring_reference.away",
        "ring_moved.not_now", "ring_number.premium", "ring_name.thanks", "text_failed.say",
        "person_away.busy", "person_away.failed",
    ):  # fmt: skip
        assert set(words_of(shipped_callers.script.says[name])) <= said, name


def test_a_caller_has_requests_of_before_to_move_and_to_cancel(shipped_callers: Simulation) -> None:
    moved = shipped_callers.anybody.got["moved"]

    assert any(isinstance(event, Key) and event.keys in REFERENCES for event in moved.way)
    assert all(request.number == CALLER for request in shipped_callers.walker().first.handler.requests.values())


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("after", hands.TREMBLES)
def test_a_hand_that_trembles_once_more_does_not_answer_what_was_not_heard(
    shipped_callers: Simulation, after: float, beside: bool
) -> None:
    walker = shipped_callers.walker()
    first = next(v for v in shipped_callers.anybody.visits if v.node == "main_menu")

    pressed = [v for v in hands.trembling(after, beside)(walker, first) if v.presses == first.presses + 1]

    once = {v.way[-1]: v.node for v in hands.ideal(walker, first) if v.presses == first.presses + 1}
    assert {v.node for v in pressed} == set(once.values())


def test_a_key_beside_is_undone_with_star(shipped_callers: Simulation) -> None:
    walker = shipped_callers.walker()
    for visit in _asking(shipped_callers, "main_menu", "school_menu", "ring_urgent"):
        costs = list(hands.slips(walker, visit))
        assert costs
        assert all(cost is not None and cost.presses <= 1 for cost in costs), visit.node


def _asking(simulation: Simulation, *nodes: str) -> Iterator[Visit]:
    by_node = simulation.anybody.by_node()
    return (by_node[node] for node in nodes if node in by_node and asks_for_a_key(by_node[node].turn))


def test_a_relay_caller_presses_zero_once_it_is_typed_and_read(shipped_callers: Simulation, shipped: Script) -> None:
    """Not after a menu, and not after asking for more time."""
    needed = _figure(shipped_callers, "types through a relay", "a person")
    greeting = shipped_callers.walker().first.turn
    named = next(i for i, piece in enumerate(greeting.says) if shipped_callers.timing.key_named(piece) == "0")
    words = sum(check.english.spoken_words(p) for p in greeting.says[: named + 1] if isinstance(p, str))

    typed = words * 60 / relay.PACE + relay.REPLY
    assert needed.presses == 1
    assert typed < needed.seconds < typed + 10


def test_callers_are_simulated_on_an_open_line_whenever_it_is_asked(shipped: Script) -> None:
    christmas = Simulation(shipped, dt.date(2026, 12, 25))

    assert shipped.hours.is_open(christmas.by_day)
    assert christmas.by_night
    assert not shipped.hours.is_open(christmas.by_night)


@pytest.mark.parametrize(("hours", "closes"), [("09:00 to 23:30", True), ("00:00 to 23:59", False)])
def test_a_line_that_is_open_late_is_simulated_when_it_is_closed(files: Files, hours: str, closes: bool) -> None:
    line = re.sub(r"(?m)^(  [a-z]+day:) .*", rf"\1 {hours}", files["line.yaml"])
    late = Simulation(building.load({**files, "line.yaml": line}), TODAY)

    assert any(outcome.circumstances == CLOSED for outcome in late.outcomes_of(Habit())) == closes


def test_a_line_that_is_never_open_is_simulated_when_it_is_closed(files: Files) -> None:
    line = re.sub(r"(?m)^(  [a-z]+day:) .*", r"\1 closed", files["line.yaml"])
    never = Simulation(building.load({**files, "line.yaml": line}), TODAY)

    assert {outcome.circumstances.is_open for outcome in never.outcomes_of(Habit())} == {False}


# --- how long it takes ----------------------------------------------------------------------------


def test_sounds_that_were_measured_take_as_long_as_they_are(shipped: Script) -> None:
    words = shipped.press["1"]
    timing = Timing(shipped, {(words, False): 9.0, (words, True): 11.0})

    assert timing.speech((words, 0.5)) == 9.5
    assert timing.speech((words, 0.5), slow=True) == pytest.approx(11 + 0.5 * shipped.line.pace.slow_pauses)
    assert not timing.is_measured
    assert Timing(shipped, {(p, False): 1.0 for p in shipped.every_prompt()}).is_measured


def test_every_turn_has_the_gap_of_the_network(shipped_callers: Simulation) -> None:
    walker = shipped_callers.walker()
    waited = walker.silence(walker.first)

    said = shipped_callers.timing.reply(walker.first.turn)
    assert waited.seconds == pytest.approx(said + walker.first.turn.then.seconds + TURN_GAP)  # type: ignore[union-attr]


def test_a_step_of_320_words_is_found(files: Files) -> None:
    """By its length, and by those who read along as it is typed."""
    known = {p.says for rule in ("part-length", "relay") for p in _found(rule, files)}
    short = "Sorry, no one could answer."
    assert short in files[SHARED]
    long = {**files, SHARED: files[SHARED].replace(short, "We can call you. " * 80)}
    line = next(i for i, text in enumerate(long[SHARED].splitlines(), 1) if "We can call you. " * 3 in text)

    (length,) = [p for p in _found("part-length", long) if p.says not in known]
    typed = [p for p in _found("relay", long) if p.says not in known]

    assert (length.where.file, length.where.line) == (f"config/{SHARED}", line)
    assert length.says.startswith("This takes 320 words to say. Make it 30 at most")
    assert typed
    assert all(p.where.file == f"config/{SHARED}" for p in typed)


def test_budgets_name_what_they_are_for() -> None:
    """A person within 100 seconds of which 12 are kept for languages, a message within 150."""
    assert (callers.RUNG_WITHIN, callers.LEFT_WITHIN) == (88, 150)


@pytest.mark.parametrize("seed", range(6))
def test_answers_that_are_kept_are_those_of_the_engine_with_its_clock(shipped: Script, seed: int) -> None:
    """Keys come at any time, also too soon to be meant: what is said next is what the engine says."""
    chance, kept, late = random.Random(seed), answers.Answers(shipped), 0
    for _ in range(8):
        handlers, after, stamps = (PracticeHandler(), PracticeHandler()), 0.0, answers.Stamps()
        turn, known = call.start(shipped, "c", CALLER, OPEN), kept.start("c", CALLER, OPEN)
        for _ in range(25):
            if not isinstance(turn.then, Gather):
                break
            after += chance.choice((0.3, 0.9, 1.5, 3.5, 8.0))
            event = Key(chance.choice("11223450*#9")) if chance.random() < 0.8 else NoInput()
            now = OPEN + dt.timedelta(seconds=after)
            late += isinstance(event, Key) and debounce.is_late(shipped, turn.session, event.keys, now.timestamp())
            turn = call.run(shipped, turn.session, event, handlers[0], now)
            known, stamps = kept.answer_in_time(known, stamps, event, handlers[1], OPEN, now.timestamp())
            assert (known.says, known.then) == (turn.says, turn.then)
            assert known.session.place == turn.session.place
    assert late


def test_the_same_question_is_answered_with_the_same_turn(shipped: Script) -> None:
    """Whatever the time of the press: what makes two sessions differ is not when their keys came."""
    kept, handler, began = answers.Answers(shipped), PracticeHandler(), OPEN.timestamp()
    first = kept.start("c", CALLER, OPEN)

    soon, stamps = kept.answer_in_time(first, answers.Stamps(), Key("1"), handler, OPEN, began + 10.0)
    later, _ = kept.answer_in_time(first, answers.Stamps(), Key("1"), handler, OPEN, began + 20.0)

    assert soon is later is kept.answer(first, Key("1"), handler, OPEN)
    assert stamps == answers.Stamps("1", began + 10, began + 10)
    again, _ = kept.answer_in_time(soon, stamps, Key("1"), handler, OPEN, began + 10.4)
    assert again is not kept.answer(soon, Key("1"), handler, OPEN)  # the second press of a hand that trembles


def test_the_table_says_who_wants_what_and_how_it_was_measured(
    shipped_callers: Simulation, capsys: pytest.CaptureFixture[str]
) -> None:
    checking._figures(shipped_callers)

    said, _, *rows = capsys.readouterr().out.strip().splitlines()[1:]
    assert said.startswith("Measured by the pace of speech (to use sounds: ivr render), with 0.5 seconds a turn")
    assert rows[0].split() == ["who", "wants", "needs", "at", "most"]
    assert len(rows) == 1 + len(shipped_callers.figures)
    assert re.match(r"  types through a relay +a person +\d+ s, +1 key +60 s, +1 key", rows[-6])
    assert rows[-1].startswith("   ")  # who it is stands at the first of their lines


def test_a_rendered_sound_lasts_as_long_as_it_is(tmp_path: Path) -> None:
    telephone.write_telephone(tmp_path / "a.wav", telephone.silence(1.5, telephone.TELEPHONE_RATE))

    assert telephone_seconds(tmp_path / "a.wav") == pytest.approx(1.5, abs=0.001)
    assert telephone_seconds(tmp_path / "gone.wav") == 0
