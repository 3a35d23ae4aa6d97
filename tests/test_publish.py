"""Publishing, as staff do it at a terminal and as callers meet it: real Redis, the real app, real files."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import itertools
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from werkzeug.test import Client

from ivr.authoring import drafts, editing
from ivr.authoring.drafts import LANGUAGES
from ivr.callbacks.diary import Window
from ivr.compiling import building
from ivr.forms import schemas
from ivr.hours import LONDON
from ivr.line_settings import LineSettings
from ivr.machine import config, configfiles, disk
from ivr.machine.config import Settings
from ivr.overview import changes
from ivr.processes import server
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Published, PublishedSince, Store, StoreDown
from ivr.store.revisions import MOST_HISTORY
from ivr.store.sessions import KEEP_SECONDS
from ivr.usecases import publishing
from ivr.usecases.publishing import Passed
from ivr.web.live import LOOK_SECONDS
from tests import pseudo, redis_server
from tests.desk import HOUR, ask
from tests.line import OPEN, Call, Line
from tests.needed import NODE, needs
from tests.short import short_files, short_staff
from tests.staff import LINE_YAML, Staff, Told

__all__ = ["short_files", "short_staff"]
WELCOME, STORY = "menus/welcome.yaml", "stories/a_word.call"
OLD, NEW = "School, nursery or college.", "School, teachers or college."
TODAY = dt.datetime.now(LONDON).date()
A_DAY = dt.timedelta(days=1)


@pytest.fixture
def patient(settings: Settings, store: Store) -> Iterator[Store]:
    """Redis may be slow on a busy machine. What happens without it is tested elsewhere."""
    waiting = Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
    yield waiting
    waiting.close()


@pytest.fixture(autouse=True)
def _no_line_outlives_its_test() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "live":
            thread.join()


def put_live(store: Store, files: dict[str, str], why: str = "for the tests", at: dt.datetime = OPEN) -> str:
    """Make these files live, whatever was live before."""
    before = store.revisions.live() or ""
    revision = drafts.revision_of(files)
    store.revisions.publish(Published(revision, at.timestamp(), "bea", why, before), files)
    return revision


@pytest.fixture
def new_words(edited: Callable[[str, str, str], dict[str, str]]) -> dict[str, str]:
    """The same files with one thing said differently."""
    return edited(WELCOME, OLD, NEW)


@pytest.fixture(scope="session")
def whole() -> dict[str, str]:
    """The shipped config/, for what is about more menus than the short line has."""
    return configfiles.script_files(config.ROOT / "config")


# --- publish, history, diff, undo -----------------------------------------------------------


def test_staff_publish_compare_and_undo(staff: Staff) -> None:
    assert staff("history").out == staff("diff").out == "Nothing is published yet.\n"

    first = staff("publish", "-m", "the first words")
    assert first.status == 0
    assert first.out.startswith(f"Live: {staff.live}. New calls use it;")
    began = staff.live
    assert staff("diff").out == "Callers will hear no difference.\n"
    assert staff("publish", "-m", "again").out == "This is live already. Nothing was changed.\n"

    staff.edit(WELCOME, OLD, NEW)
    assert staff("diff").out == f"the start: main_menu, after key 2:\n    now      {OLD}\n    then     {NEW}\n"
    assert staff("publish", "-m", " not all\nis school ").status == 0
    changed = staff.live

    rows = staff("history").out.splitlines()
    assert [row.split("  ", 1)[1] for row in rows] == [
        f"ann          {changed}  live  not all is school",
        f"ann          {began}        the first words",
    ]

    there = publishing.draft_files(config.settings())
    assert not publishing.was_undone(staff.store, there)
    assert staff("undo").out.startswith(f"Live again: {began}.")
    assert staff.live == began
    assert publishing.was_undone(staff.store, there)
    assert NEW in staff.read(WELCOME), "the draft stays as it is"
    assert staff("undo").out.startswith(f"Live again: {changed}.")
    assert staff.live == changed
    assert staff("history").out.count("  live  ") == 1


def test_whoever_publishes_a_closed_day_is_told_of_callers_who_were_promised_it(staff: Staff) -> None:
    assert staff("publish", "-m", "the first words").status == 0
    soon = dt.datetime.now(LONDON).date() + dt.timedelta(days=3)
    at = dt.datetime.combine(soon, dt.time(9), LONDON).timestamp()
    ask(staff.store, 1, window=Window(soon, "morning"), opens=at, due=at + 3 * HOUR)

    staff.edit(LINE_YAML, "closed_days: []", f"closed_days: [{soon}]")

    told = staff("publish", "-m", "a day off").out
    assert "Of the waiting callers, 1 was promised a time when the line is now closed. Their cards say so.\n" in told


def test_what_is_live_is_not_undone_to_itself(staff: Staff) -> None:
    """That would leave no way back."""
    assert staff("publish", "-m", "the first words").status == 0

    refused = staff("undo", staff.live)

    assert (refused.status, refused.err) == (1, f"{staff.live} is live already.\n")
    assert len(staff("history").out.splitlines()) == 1


def test_the_part_after_which_a_person_is_named_is_told_as_it_is_counted(staff: Staff) -> None:
    assert staff("publish", "-m", "the first words").status == 0

    staff.edit(WELCOME, "    person_hint: first part\n", "")

    assert "said after part:\n    now      1\n" in staff("diff").out


def test_only_an_undo_is_told_as_one(store: Store, files: dict[str, str], new_words: dict[str, str]) -> None:
    """Whatever people give as the reason. Version 1.0 stored nothing else."""
    first = put_live(store, files)
    publishing.put_live(store, Passed(new_words, building.load(new_words), ()), "ann", "undo: the new words", first)
    assert not publishing.was_undone(store, files)

    publishing.take_back(store, files, store.revisions.history()[0], "ann")
    assert publishing.was_undone(store, new_words)

    put_live(store, new_words, why="undo: as version 1.0 wrote it")
    assert publishing.was_undone(store, files)


def test_there_is_nothing_to_go_back_to_before_the_second_publication(staff: Staff, files: dict[str, str]) -> None:
    for _ in range(2):
        assert staff("undo") == Told(1, "", "There is nothing to go back to.\n")
        put_live(staff.store, files)


def test_what_an_older_line_published_is_not_gone_back_to(staff: Staff, files: dict[str, str]) -> None:
    """Its files can no longer be loaded. Callers keep what they have."""
    put_live(staff.store, {**files, LINE_YAML: "of: another time\n"})
    live = put_live(staff.store, files)

    told = staff("undo")

    assert (told.status, staff.live) == (1, live)
    assert told.err.endswith("was published by an older version of the line, and this version cannot use it.\n")


def test_a_publication_says_why(staff: Staff) -> None:
    assert staff("publish", "-m", " \n").err.startswith("Say why in a few words: ")
    assert staff("publish").status == 2
    assert staff.live is None


def test_errors_stop_a_publication_with_their_lines(staff: Staff, published: str) -> None:
    staff.edit(WELCOME, "goto: school_menu", "goto: school_menus")
    written = (staff.folder / WELCOME).read_text(encoding="utf-8")
    line = written[: written.index("school_menus")].count("\n") + 1

    told = staff("publish", "-m", "a slip")

    assert told.status == 1
    assert re.fullmatch(
        rf"config/menus/welcome.yaml:{line}:\d+  Nothing .+ Did you mean 'school_menu'\?  \(error: leads-nowhere\)\n"
        r"\nNothing was published\. The live version stays\.\n",
        told.err,
    )
    assert staff.live == published


def test_a_story_that_does_not_come_true_stops_a_publication(staff: Staff, published: str) -> None:
    staff.edit(STORY, "The SENCO is the teacher", "The SENCO is a teacher")

    told = staff("publish", "-m", "other words")

    assert told.status == 1
    assert told.err.startswith(f"config/{STORY}:")
    assert staff.live == published


def test_of_two_who_publish_at_once_the_second_is_told(
    staff: Staff, published: str, files: dict[str, str], new_words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bea is quicker while Ann's draft is being checked. Nothing of Bea's is overwritten."""
    real_gate = publishing.gate

    def gate(settings: Settings) -> Passed:
        put_live(staff.store, new_words, why="teachers too")
        return real_gate(settings)

    monkeypatch.setattr(publishing, "gate", gate)
    staff.edit(WELCOME, "Finding what to do.", "Finding out what to do.")

    told = staff("publish", "-m", "people")

    assert told.status == 1
    assert told.err == (
        "bea published at 10:30: teachers too. Your draft was not published. Take that over with `ivr catch-up`.\n"
    )
    assert staff.live_files == new_words
    assert [row.who for row in staff.store.revisions.history()] == ["bea", "tests"]


def test_whoever_publishes_what_another_just_did_is_told_it_is_live(store: Store, files: dict[str, str]) -> None:
    passed = Passed(files, building.load(files), ())
    put_live(store, files)

    assert not publishing.put_live(store, passed, "ann", "the same", before="")


def test_many_who_publish_at_once_lose_nothing(machine: Settings, store: Store) -> None:
    """What is live can always be loaded, and the history is one chain."""

    def somebody(name: int) -> list[bool]:
        mine, there = Store(machine.redis_url, machine.keys, PATIENT_SECONDS), []
        for number in range(25):
            while True:
                try:
                    put_live(mine, {LINE_YAML: f"{name} {number}"})
                    break
                except PublishedSince:
                    continue
            live = mine.revisions.live() or ""
            there.append(mine.revisions.files(live) is not None or mine.revisions.live() != live)
        mine.close()
        return there

    with ThreadPoolExecutor(4) as pool:
        assert all(all(there) for there in pool.map(somebody, range(4)))
    rows = store.revisions.history()
    assert len(rows) == MOST_HISTORY
    assert all(row.before == older.revision for row, older in itertools.pairwise(rows))
    assert all(store.revisions.files(row.revision) for row in rows)


CHANGES = [
    (WELCOME, "goto: council_menu", "goto: support_menu", "the start: main_menu, key 3:"),
    (WELCOME, "runs_on_to: main_menu", "runs_on_to: end_menu", "the start: greeting, what follows at once:"),
    (
        "menus/appeals.yaml",
        "text: text_appeal_time",
        "text: text_us",
        "appeals: appeal_time, the text message about it:",
    ),
    ("menus/appeals.yaml", 'title: "appeals"', 'title: "going to appeal"', "In "),
    ("texts.yaml", "Help from us:", "We help:", "text message text_council:"),
    ("words.yaml", '"sen-coe"', '"senko"', "how the voice says SENCO:"),
    (LINE_YAML, "friday: 09:00 to 17:00", "friday: closed", "In 8 places (person_away.number, text_limit.call,"),
    (LINE_YAML, "closed_days: [] ", "closed_days: [2030-12-24] ", "closed on:"),
    (LINE_YAML, "ring_seconds: 25", "ring_seconds: 20", "key 0 rings each, in seconds:"),
    (LINE_YAML, "places: 12}", "places: 5}", "callers rung back:"),
    (LINE_YAML, "silence: [10, 20, 30]", "silence: [10, 20, 40]", "waiting, in seconds:"),
    (LINE_YAML, "say_rate: 85%", "say_rate: 90%", "voice, more of it:"),
    (LINE_YAML, "test_phones: []", 'test_phones: ["07700 900123"]', "phones that hear the draft:"),
    (LINE_YAML, "email_to: []", 'email_to: ["a@example.org"]', "who gets alerts about urgent requests:"),
    (LINE_YAML, "flood_an_hour: 30", "flood_an_hour: 40", "a flood, in callers an hour:"),
    (LINE_YAML, "keyed_percent: 50", "keyed_percent: 40", "how often callers can ask to be rung:"),
    (LINE_YAML, "    a_phone: 8 ", "    a_phone: 9 ", "how often callers can ask for a text:"),
    (LINE_YAML, "pounds_a_day: 50", "pounds_a_day: 60", "what Twilio may cost:"),
    (LINE_YAML, "never_ring: []", 'never_ring: ["0116 496 0999"]', "numbers that are never rung or texted:"),
    (LINE_YAML, '3": Casework', '3": Work on a case', "what advisers can say of a talk:"),
]
#: Settings that callers hear as words, or are sent; and one that is counted from the others.
HEARD = {"names", "phones", "emails", "links", "numbers", "paragraphs", "sentences", "unconfirmed"}


@pytest.mark.parametrize(("name", "old", "new", "told"), CHANGES, ids=[change[3] for change in CHANGES])
def test_a_difference_is_told_in_words(name: str, old: str, new: str, told: str, whole: dict[str, str]) -> None:
    assert old in whole[name]
    draft = building.load({**whole, name: whole[name].replace(old, new, 1)}, config.bank_holidays())

    before = building.load(whole, config.bank_holidays())
    lines = [line for change in changes.between(before, draft) for line in change.lines()]

    assert lines[0].startswith(told)
    assert not re.search(r"[{}\[\]]", "\n".join(lines)), "words, not YAML"
    assert len(lines) <= 6


@pytest.mark.parametrize("name", sorted({*LineSettings.__struct_fields__} - HEARD))
def test_whoever_agrees_to_a_publication_sees_every_setting_that_it_changes(name: str, shipped: Script) -> None:
    unseen = [
        other
        for other in _others(getattr(shipped.line, name))
        if not changes.between(shipped, dataclasses.replace(shipped, line=replace(shipped.line, **{name: other})))
    ]

    assert unseen == []


def _others(value: object) -> Iterator[object]:
    """The same value, with one part of it changed at a time."""
    match value:
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from (replace(value, **{name: other}) for other in _others(getattr(value, name)))
        case dict():
            yield from ({**value, name: other} for name, old in value.items() for other in _others(old))
        case tuple():
            yield (*value, "another")
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case _:
            yield "another"


# --- what can go wrong at publish -----------------------------------------------------------


def _binary(folder: Path) -> None:
    (folder / "menus" / "x.yaml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")


def _fifty_megabytes(folder: Path) -> None:
    with (folder / "menus" / "x.yaml").open("wb") as file:
        file.truncate(50_000_000)


def _gone(folder: Path) -> None:
    """It is listed and cannot be read, as if it was deleted in between."""
    (folder / "menus" / "x.yaml").symlink_to(folder / "gone.yaml")


def _alias(folder: Path) -> None:
    (folder / "menus" / "x.yaml").write_text('title: &it "x"\nowner: *it\n')


def _include(folder: Path) -> None:
    (folder / "menus" / "x.yaml").write_text("nodes: !include welcome.yaml\n")


def _circle(folder: Path) -> None:
    (folder / "menus" / "x.yaml").write_text("nodes: &it\n  a: *it\n")


def _tagged_list(folder: Path) -> None:
    (folder / "menus" / "x.yaml").write_text("nodes: !include [welcome.yaml]\n")


BAD = [
    (_binary, "This is not a text file. Save it as plain text (UTF-8), or remove it."),
    (_fifty_megabytes, "This file is too big to be one of the line's. Remove it from the folder."),
    (_gone, "This file disappeared while it was read. Put it back, or try again."),
    (_alias, "'&it' is not used here. Write the words out again where you need them."),
    (_include, "'!include' is not used here: a file cannot take in another. Write the words in this file."),
    (_circle, "'&it' is not used here. Write the words out again where you need them."),
    (_tagged_list, "'!include' is not used here: a file cannot take in another. Write the words in this file."),
]


@pytest.mark.parametrize(("spoil", "says"), BAD)
def test_a_file_that_is_none_of_words_is_told_by_name(
    spoil: Callable[[Path], None], says: str, staff: Staff, published: str
) -> None:
    spoil(staff.folder)

    told = staff("publish", "-m", "why")

    assert (told.status, told.out) == (1, "")
    assert re.search(rf"^config/menus/x.yaml(:\d+:\d+)?  {re.escape(says)}  \(error: ", told.err, re.MULTILINE)
    assert "Traceback" not in told.err
    assert staff.live == published


def test_a_config_folder_that_is_not_there_is_told(staff: Staff, published: str) -> None:
    shutil.rmtree(staff.folder)

    told = staff("publish", "-m", "why")

    says = f"IVR_CONFIG is '{staff.folder}', and there is no such folder. Name the one that staff edit."
    assert told == Told(1, "", f"environment  {says}  (error: environment-ivr-config)\n")
    assert staff.live == published


def test_redis_that_is_away_is_one_line(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")

    for command in (("publish", "-m", "why"), ("undo",), ("history",), ("diff",), ("notice", "Closed today.")):
        assert staff(*command) == Told(
            1, "", "Redis does not answer (Connection refused). Start it, or check REDIS_URL. (redis://127.0.0.1:1)\n"
        )


@contextmanager
def _no_room_in_redis(store: Store) -> Iterator[None]:
    store.redis.do(lambda client: client.config_set("maxmemory", 1))
    try:
        yield
    finally:
        store.redis.do(lambda client: client.config_set("maxmemory", 0))


def test_redis_without_room_changes_nothing(store: Store, published: str, new_words: dict[str, str]) -> None:
    passed = Passed(new_words, building.load(new_words), ())

    with (
        _no_room_in_redis(store),
        pytest.raises(publishing.NotPublished, match=r"^Redis did not confirm the publication .*`ivr history`"),
    ):
        publishing.put_live(store, passed, "ann", "why", published)

    assert store.revisions.live() == published
    assert store.revisions.files(drafts.revision_of(new_words)) is None


def test_redis_that_goes_away_while_the_draft_is_checked_is_one_line(
    staff: Staff, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = dataclasses.replace(settings, data_dir=tmp_path, redis_url=config.embedded_redis(tmp_path))
    monkeypatch.setenv("REDIS_URL", own.redis_url)
    real_gate = publishing.gate

    def gate(settings: Settings) -> Passed:
        Store(own.redis_url, own.keys).redis.do(lambda client: client.shutdown(nosave=True))
        return real_gate(settings)

    monkeypatch.setattr(publishing, "gate", gate)
    with server.redis(own):
        told = staff("publish", "-m", "why")

    says = "Redis does not answer, so nothing was changed. Start the line, or check REDIS_URL.\n"
    assert told == Told(1, "", says)


def test_on_a_full_disk_words_go_live_and_twilios_voice_says_what_has_no_sound(
    staff: Staff, published: str, new_words: dict[str, str]
) -> None:
    """No file at all can be written here. What is urgent to say, or to take back, does not wait for room."""
    staff.edit(WELCOME, "Finding what to do.", "Finding out what to do.")

    told = staff.with_room_for(0, "publish", "-m", "why", IVR_SPEECH="audio")

    assert (told.status, told.err) == (0, "")
    assert "sounds cannot be written into" in told.out
    assert "run: ivr render" in told.out
    assert staff.live != published

    put_live(staff.store, new_words)
    told = staff.with_room_for(0, "undo", IVR_SPEECH="audio")

    assert (told.status, told.err) == (0, "")
    assert "sounds cannot be written into" in told.out


def test_a_file_that_cannot_be_written_is_named(staff: Staff, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "requests.csv"

    told = staff("callbacks", "export", str(file))

    assert told == Told(1, "", f"{file} cannot be used: No such file or directory. Correct that and try again.\n")


def test_what_is_live_is_live_though_tidying_up_fails(
    store: Store, published: str, new_words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that nothing was changed when it was."""

    def fails(now: float) -> None:
        raise StoreDown

    monkeypatch.setattr(store.revisions, "forget_unused", fails)

    assert put_live(store, new_words) == store.revisions.live()


# --- what callers hear ----------------------------------------------------------------------


class Worker(Line):
    """A line that many threads ring: each thread has its own time."""

    _own = threading.local()

    @property
    def now(self) -> dt.datetime:  # type: ignore[override]
        return getattr(self._own, "now", OPEN)

    @now.setter
    def now(self, now: dt.datetime) -> None:
        self._own.now = now

    def beside(self) -> Worker:
        """The same app, for another thread."""
        twin = copy.copy(self)
        twin.client = Client(self.app)
        return twin

    def look(self) -> None:
        self.app._live.look()


def marked(files: dict[str, str], number: int) -> dict[str, str]:
    """Files in which every prompt that is a whole sentence names its edition. The label of a key is none."""
    words = re.compile(r'^( +(?:- )?(?:\w+: )?"[^"]+[.?])"\s*$', re.MULTILINE)
    return {
        name: words.sub(rf'\1 Edition {number}."', text) if name.startswith("menus/") else text
        for name, text in files.items()
    }


#: Eleven keys each, with '.' for silence: menus, readings, questions, words, help, entering numbers, going back.
WALKS = (
    "*2#11*##*4.", "319*21..#13", "3*93..3344*", "..*12424#49", "221.212#3##", "*33..14.392", "..23.3#.13.",
)  # fmt: skip


@pytest.mark.timeout(300)
def test_no_call_mixes_revisions_while_the_line_is_published_again_and_again(
    settings: Settings, patient: Store, whole: dict[str, str]
) -> None:
    """200 calls and 100 publications. Each turn of a call is answered by one or the other of two workers."""
    put_live(patient, marked(whole, 0))
    pace = Pace()
    with Worker(settings, patient) as one, Worker(settings, patient) as other:
        workers = (one, other)
        with ThreadPoolExecutor(9) as pool:
            walkers = [pool.submit(_walk_calls, workers, number, pace) for number in range(8)]
            publisher = pool.submit(_publish_often, workers, patient, whole, pace)
            walked = [call for walker in walkers for call in walker.result()]
            publisher.result()
    assert len(pace.published) == 100
    assert len(walked) == 200
    assert len({call.edition for call in walked}) >= 8, "calls began with many editions"
    crossed = [call for call in walked if any(call.began < moment < call.ended for moment in pace.published)]
    assert len(crossed) >= 100, "and most of them were going on while another went live"


class Pace:
    """Callers and publisher side by side, however fast the machine: a publication for every 24 turns."""

    def __init__(self) -> None:
        self.turns: list[None] = []
        self.published: list[float] = []
        self._ends = time.monotonic() + 240

    def turn(self) -> None:
        self.turns.append(None)
        self._wait(lambda: len(self.turns) < 24 * (len(self.published) + 3))

    def publication(self) -> None:
        self.published.append(time.time())
        self._wait(lambda: len(self.turns) >= 24 * len(self.published))

    def _wait(self, until: Callable[[], bool]) -> None:
        while len(self.published) < 100 and not until() and time.monotonic() < self._ends:
            time.sleep(0.001)


@dataclasses.dataclass
class Walked:
    """One call: the edition it heard, when it began, and when it ended."""

    edition: str
    began: float
    ended: float


def _walk_calls(workers: tuple[Worker, ...], number: int, pace: Pace) -> list[Walked]:
    """25 calls, one after another begun, and up to five of them going on."""
    lines, walked = [worker.beside() for worker in workers], []
    to_come = [_walk(lines[:: 1 - i % 2 * 2], f"CA{number}x{i}", WALKS[i % len(WALKS)], walked) for i in range(25)]
    going: list[Iterator[None]] = []
    while to_come or going:
        if to_come and len(going) < 5:
            going.append(to_come.pop())
        for call in list(going):
            if next(call, "over") == "over":
                going.remove(call)
            pace.turn()
    return walked


def _walk(lines: list[Worker], sid: str, keys: str, walked: list[Walked]) -> Iterator[None]:
    """One call, turn by turn: each is answered by the other worker."""
    began, call = time.time(), lines[0].call(sid=sid)
    yield
    for line, key in zip(itertools.cycle(reversed(lines)), keys, strict=False):
        call.line = line
        call.wait() if key == "." else call.press(key)
        yield
    walked.append(Walked(_edition(call), began, time.time()))


def _edition(call: Call) -> str:
    """The one edition that a call heard, from its first reply to its last."""
    heard = set()
    for reply in call.replies:
        found = set(re.findall(r"Edition ([\w-]+(?: [\w-]+)?)\.", "".join(reply.itertext())))
        assert found, "".join(reply.itertext())
        assert "something went wrong" not in "".join(reply.itertext()), "the call broke"
        heard |= found
    assert len(heard) == 1
    return str(heard.pop())


def _publish_often(workers: tuple[Worker, ...], store: Store, files: dict[str, str], pace: Pace) -> None:
    """100 publications. Every fourth is taken up by a worker at once, others when it looks by itself."""
    for number in range(1, 101):
        put_live(store, marked(files, number))
        if number % 4 == 0:
            workers[number // 4 % 2].look()
        pace.publication()


def test_every_worker_takes_it_up_by_itself_and_looks_once_a_second(
    settings: Settings, store: Store, published: str, new_words: dict[str, str]
) -> None:
    with Line(settings, store) as one, Line(settings, store) as other:
        put_live(store, new_words)
        calls = itertools.count()
        for line in (one, other):
            assert redis_server.soon(lambda line=line: NEW in _at_school(line, next(calls)).words)  # type: ignore[misc]
    assert LOOK_SECONDS <= 1


def test_what_a_worker_cannot_load_is_refused_once_and_the_next_is_taken_up(
    settings: Settings, store: Store, files: dict[str, str], published: str, new_words: dict[str, str]
) -> None:
    """A newer line on another machine may have published it. Parsing it again each second would slow every call."""
    with Line(settings, store) as line, capture_logs() as logged:
        put_live(store, {**files, LINE_YAML: "of: another time\n"})
        for number in range(3):
            time.sleep(LOOK_SECONDS)
            assert OLD in _at_school(line, number).words
        assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["live"]

        put_live(store, new_words)
        line.app._live.look()
        assert NEW in _at_school(line, 3).words


def _at_school(line: Line, number: int) -> Call:
    return line.call(sid=f"CA{id(line)}x{number}").press("2")


def test_a_revision_stays_as_long_as_a_call_uses_it(
    settings: Settings, store: Store, published: str, new_words: dict[str, str]
) -> None:
    """Also for a worker that has just started, after more publications than are kept for going back to."""
    with Line(settings, store) as line:
        call = line.call()
    for number in range(MOST_HISTORY + 5):
        put_live(store, {**new_words, LINE_YAML: f"{new_words[LINE_YAML]}# {number}\n"})

    with Line(settings, store) as fresh:
        call.line = fresh
        assert OLD in call.press("2").words
        assert NEW in fresh.call(sid="CA2").press("2").words
    assert len(store.revisions.history()) == MOST_HISTORY
    assert len(store.revisions.kept()) == MOST_HISTORY + 1

    put_live(store, new_words, at=OPEN + dt.timedelta(seconds=KEEP_SECONDS + 120))
    assert store.revisions.files(published) is None


# --- test phones ----------------------------------------------------------------------------

TESTER, ANYBODY = "+447700900123", "+447700900456"


@pytest.fixture
def with_tester(staff: Staff, settings: Settings, edited: Callable[[str, str, str], dict[str, str]]) -> Settings:
    """A live line that knows a test phone, and a draft with other words."""
    live = edited(LINE_YAML, "test_phones: []", 'test_phones: ["07700 900123"]')
    put_live(staff.store, live)
    staff.edit(LINE_YAML, "test_phones: []", 'test_phones: ["07700 900123"]')
    staff.edit(WELCOME, OLD, NEW)
    return dataclasses.replace(settings, config_dir=staff.folder)


def test_a_test_phone_hears_the_draft_and_nobody_else_does(staff: Staff, with_tester: Settings) -> None:
    with Line(with_tester, staff.store) as line:
        assert NEW in line.call(TESTER, "CA1").press("2").words
        assert OLD in line.call(ANYBODY, "CA2").press("2").words

        staff.edit(WELCOME, NEW, "Talking about books.")
        assert "Talking about books." in line.call(TESTER, "CA3").press("2").words

        staff.edit(WELCOME, "goto: school_menu", "goto: nowhere")
        assert OLD in line.call(TESTER, "CA4").press("2").words, "a broken draft is not heard"
        (staff.folder / WELCOME).write_bytes(b"\xff\xfe\0")
        assert OLD in line.call(TESTER, "CA5").press("2").words


def test_a_test_call_keeps_its_draft_through_edits_and_publications(staff: Staff, with_tester: Settings) -> None:
    """On a worker that never saw it, too: a publication forgets no draft that may be in a call."""
    with Line(with_tester, staff.store) as line:
        call = line.call(TESTER)
    staff.store.redis.do(lambda client: client.zrem("ivr:used", _revision(call)))  # it begins this very moment
    staff.edit(WELCOME, NEW, "Talking about books.")
    put_live(staff.store, {**staff.live_files, "texts.yaml": staff.read("texts.yaml") + "# today\n"})

    with Line(with_tester, staff.store) as fresh:
        call.line = fresh
        assert NEW in call.press("2").words


def test_publishing_stores_damaged_words_again_and_an_undo_names_the_damage(staff: Staff) -> None:
    assert staff("publish", "-m", "the first words").status == 0
    first = staff.live
    staff.edit(WELCOME, OLD, NEW)
    assert staff("publish", "-m", "not all is school").status == 0
    for revision in (first, staff.live):
        staff.store.redis.do(lambda client, key=f"ivr:revision:{revision}": client.set(key, b"{}"))

    assert staff("publish", "-m", "again").out.startswith(f"Live: {staff.live}.")
    assert staff("diff").out == "Callers will hear no difference.\n"
    assert f"The stored files of revision {first} are damaged." in staff("undo").err


def test_a_draft_that_is_rung_again_is_kept_anew(store: Store, files: dict[str, str]) -> None:
    """And one that was published meanwhile is kept for good."""

    def left() -> int:
        return int(store.redis.do(lambda client: client.ttl("ivr:revision:r1")))

    store.revisions.keep_draft("r1", files)
    store.redis.do(lambda client: client.expire("ivr:revision:r1", 10))
    store.revisions.keep_draft("r1", files)
    assert left() > KEEP_SECONDS - 10

    store.revisions.publish(Published("r1", 0.0, "tests", "why"), files)
    store.revisions.keep_draft("r1", files)
    assert left() == -1


def _revision(call: Call) -> str:
    session = call.line.store.sessions.get(call.sid)
    assert session
    return session.revision


# --- notices --------------------------------------------------------------------------------

SNOW = "The office is closed today."


def _heard(staff: Staff, settings: Settings, day: dt.date) -> str:
    """The first words of the live line at half past ten on a day."""
    with Line(settings, staff.store) as line:
        line.now = dt.datetime(day.year, day.month, day.day, 10, 30, tzinfo=LONDON)
        return line.call(sid=f"CA{day}").words


def test_a_notice_is_said_first_and_ends_by_itself(staff: Staff, settings: Settings, published: str) -> None:
    """The live line gets it and nothing else; the draft gets it too, and keeps what is being written there."""
    before = staff.read()
    staff.edit(WELCOME, "goto: school_menu", "goto: not_yet_written")
    first, last = TODAY + 9 * A_DAY, TODAY + 10 * A_DAY

    told = staff("notice", SNOW, "--from", str(first), "--until", str(last))

    assert told == Told(0, f"Callers hear it from {first:%A %d %B %Y} on. The last day is {last:%A %d %B %Y}.\n", "")
    heard = [_heard(staff, settings, first + n * A_DAY).startswith(SNOW) for n in (-1, 0, 1, 2)]
    assert heard == [False, True, True, False]
    with_it = f'notices:\n  - words: "{SNOW}"\n    begins: {first}\n    ends: {last}\n'
    assert staff.read() == before.replace("notices: []\n", with_it)
    assert staff.live_files[LINE_YAML] == staff.read()
    assert "not_yet_written" not in staff.live_files[WELCOME]
    assert staff.store.revisions.history()[0].why == f"notice: {SNOW}"

    again = staff("notice", SNOW, "--from", str(first), "--until", str(last))
    assert again.out == "The live version already has this.\n"

    assert staff("notice", "--clear").out == "The notice is removed.\n"
    assert staff.read() == staff.live_files[LINE_YAML] == before
    assert staff.live == published


def test_whoever_sets_a_notice_is_told_of_the_one_it_takes_away(staff: Staff, published: str) -> None:
    staff("notice", SNOW, "--until", str(TODAY + A_DAY))

    told = staff("notice", "We are closed today.").out

    assert f"It replaces the notice until {TODAY + A_DAY:%A %d %B %Y}: {SNOW}\n" in told


def test_whoever_sets_a_notice_is_told_whose_callers_do_not_hear_it(staff: Staff, files: dict[str, str]) -> None:
    """A language's own number says no word of English."""
    english = {name: text for name, text in files.items() if not name.startswith(LANGUAGES)}
    made = pseudo.language("en-XA", key="5", numbers=["0116 496 0055"]), pseudo.language("ar-XB", key="6")
    put_live(staff.store, {**english, **pseudo.language_files(*made)})

    told = staff("notice", SNOW).out

    assert "a number of Pseudo en-XA's own does not hear it" in told
    assert "ar-XB" not in told


def test_a_language_that_is_heard_no_more_holds_up_no_notice(staff: Staff, files: dict[str, str]) -> None:
    """An update of the line may ask more of a language than is there. It still snows."""
    english = {name: text for name, text in files.items() if not name.startswith(LANGUAGES)}
    made = pseudo.language("en-XA", key="5")
    del made["lines"]["ask"]["heard"]
    put_live(staff.store, {**english, **pseudo.language_files(made)})

    assert staff("notice", SNOW).status == 0

    assert SNOW in staff.live_files[LINE_YAML]
    assert "languages/en-XA.yaml" in staff.live_files, "it is left as it was"


def test_a_notice_for_today_is_heard_from_now_on(staff: Staff, settings: Settings, published: str) -> None:
    told = staff("notice", "  The office\n is closed today. ")

    assert told.out == f"Callers hear it from now on. The last day is {TODAY:%A %d %B %Y}.\n"
    assert _heard(staff, settings, TODAY).startswith(SNOW)
    assert not _heard(staff, settings, TODAY + A_DAY).startswith(SNOW)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Give the words of the notice, or --clear."),
        ((" ",), "Give the words of the notice, or --clear."),
        ((SNOW, "--clear"), "Give the words of the notice, or --clear."),
        (
            ("--clear", "--until", str(TODAY)),
            "--clear removes the notice at once. Leave out --from and --until.",
        ),
        (
            (SNOW, "--from", str(TODAY + A_DAY), "--until", str(TODAY)),
            f"The last day, {TODAY}, is before the first, {TODAY + A_DAY}.",
        ),
        ((SNOW, "--from", "2020-01-01"), "The last day, 2020-01-01, is in the past, so nobody would hear it."),
    ],
)
def test_a_notice_asked_for_in_a_wrong_way_is_one_line(
    arguments: tuple[str, ...], says: str, staff: Staff, published: str
) -> None:
    assert staff("notice", *arguments) == Told(1, "", f"{says}\n")
    assert staff.live == published


def test_a_day_that_is_none_is_told_in_words(staff: Staff) -> None:
    told = staff("notice", SNOW, "--until", "Friday")

    assert told.status == 2
    assert "'Friday' is not a day or a time. Write it like 2026-12-24, or '2026-12-24 12:00'." in told.err


def test_a_notice_before_anything_is_published_is_one_line(staff: Staff) -> None:
    says = "Nothing is published yet. Start the line, or use `ivr publish`.\n"

    assert staff("notice", SNOW) == Told(1, "", says)


def test_a_notice_is_checked_as_all_words_are(staff: Staff, published: str) -> None:
    told = staff("notice", "Ring {the_moon}.")

    assert told.status == 1
    assert re.fullmatch(r"config/line.yaml:\d+:\d+  There is no setting \{the_moon\}\..*\n", told.err)
    assert staff.live == published
    assert "the_moon" not in staff.read()


def test_a_notice_is_not_held_up_by_what_was_live_before_a_rule(staff: Staff, files: dict[str, str]) -> None:
    """An upgrade may bring rules that the live words break. It still snows, and the notice must go out."""
    put_live(
        staff.store,
        {
            **files,
            WELCOME: files[WELCOME].replace("We help with special needs and disability.", "You have thirty days."),
        },
    )

    assert staff("notice", "Ask the local authority.").err.endswith("(error: one-word)\n")
    assert staff("notice", SNOW).status == 0


def test_stories_are_told_without_the_notice_of_the_day(staff: Staff, published: str) -> None:
    """A notice on the day of a story stops no publication, and a draft's stories stop no notice."""
    story = dt.date(2026, 11, 25)
    first, last = min(TODAY, story), max(TODAY, story)
    assert staff("notice", SNOW, "--from", str(first), "--until", str(last)).status == 0
    staff.edit(WELCOME, OLD, NEW)

    assert staff("publish", "-m", "teachers").status == 0

    assert SNOW in staff.live_files[LINE_YAML]
    staff.edit(STORY, "The SENCO is the teacher", "The SENCO is a teacher")
    assert staff("notice", "--clear").status == 0


@pytest.mark.parametrize("draft", ['names: "Not closed\n', "Only words.\n"])
def test_a_notice_is_live_though_the_draft_cannot_take_it(draft: str, staff: Staff, published: str) -> None:
    """The draft cannot be read at the moment. The notice is live anyway, and its author is told what to do later."""
    (staff.folder / LINE_YAML).write_text(draft)

    told = staff("notice", SNOW)

    assert told.status == 1
    assert told.out.startswith("Callers hear it from now on.")
    assert re.fullmatch(
        rf"That is live, but {re.escape(str(staff.folder))}/line.yaml was not changed: config/line.yaml.*  .+\n"
        "Make the same change there, or the next publication will undo it.\n",
        told.err,
    )
    assert SNOW in staff.live_files[LINE_YAML]
    assert staff.read() == draft


def test_a_draft_on_a_full_disk_is_left_whole(staff: Staff, published: str) -> None:
    draft = staff.read()

    told = staff.with_room_for(1, "notice", SNOW)

    assert told.status == 1
    assert told.out.startswith("Callers hear it from now on.")
    assert told.err == (
        f"That is live, but {staff.folder}/line.yaml was not changed: the disk is full.\n"
        "Make the same change there, or the next publication will undo it.\n"
    )
    assert SNOW in staff.live_files[LINE_YAML]
    assert staff.read() == draft
    assert sorted(path.name for path in staff.folder.iterdir() if path.is_file()) == [
        LINE_YAML, "texts.yaml", "words.yaml",
    ]  # fmt: skip


def test_a_file_is_written_whole_with_its_rights(tmp_path: Path) -> None:
    """Through a link to the file itself; other names of the folder are not touched."""
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "real.yaml").chmod(0o664)
    (tmp_path / "line.yaml").symlink_to("real.yaml")

    disk.write_whole(tmp_path / "line.yaml", "new\r\n")

    assert (tmp_path / "real.yaml").read_bytes() == b"new\r\n"
    assert (tmp_path / "real.yaml").stat().st_mode & 0o777 == 0o664
    assert (tmp_path / "line.yaml").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.yaml", "real.yaml"]


NOTICES = {
    "none": "notices: []\n",
    "none, with a comment": "notices: []    # none today\n",
    "not there": "",
    "one": 'notices:\n  - words: "Snow."   # since Monday\n    begins: 2026-01-01\n    ends: 2026-01-02\n',
    "in one line": "notices: [{words: Snow, begins: 2026-01-01, ends: 2026-01-02}]\n",
    "with comments": "notices:   # said first\n# in order\n- words: Snow\n  begins: 2026-01-01\n  ends: 2026-01-02\n",
    "words in a block": "notices:\n  - begins: 2026-01-01\n    ends: 2026-01-02\n    words: >\n      Snow.\n",
}


@pytest.mark.parametrize("notices", NOTICES.values(), ids=NOTICES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_notice_is_put_in_and_taken_out_without_touching_anything_else(
    notices: str, newline: str, last: bool, files: dict[str, str]
) -> None:
    """Whatever the notices look like, and whatever surrounds them."""
    above, below = files[LINE_YAML].split("notices: []\n")
    above, below = (above + below[1:], "") if last else (above, below)
    text = (above + notices + below).replace("\n", newline)
    day = dt.date(2026, 1, 1)

    for words, after in (('We say: "no" # yes {service_name}', editing.with_notice(text, "x", day, day)), ("", text)):
        changed = editing.with_notice(after, words, day, day) if words else editing.without_notices(after)
        read = drafts.read_draft({**files, LINE_YAML: changed})
        assert read.problems == []
        assert [notice.words for notice in read.line.notices] == ([words] if words else [])
        kept = [line for line in (above + below).replace("\n", newline).splitlines(keepends=True) if line.strip()]
        assert [line for line in changed.splitlines(keepends=True) if line in kept and line.strip()] == kept
        assert changed.count("\r") == (changed.count("\n") if newline == "\r\n" else 0)


# --- schemas --------------------------------------------------------------------------------


def test_the_schemas_in_git_are_up_to_date(staff: Staff) -> None:
    kept = {path.name: path.read_text() for path in (config.ROOT / "config" / "schemas").iterdir()}
    staff.take_the_whole()
    shutil.rmtree(staff.folder / "schemas")

    told = staff("schema")

    assert told.out.splitlines() == [str(staff.folder / "schemas" / name) for name in schemas.FILES]
    assert {path.name: path.read_text() for path in (staff.folder / "schemas").iterdir()} == kept


SHARED, EXCLUSION = "menus/shared.yaml", "menus/exclusion.yaml"
#: What staff write in the place of something, and whether it is right.
AS_THEY_TYPE = [
    (WELCOME, 'say: "What is it about?"', 'say: ""', False),
    (WELCOME, 'say: "What is it about?"', 'say: "  "', False),
    (WELCOME, 'say: "What is it about?"', "say: 12", False),
    (WELCOME, 'say: "What is it about?"', "say:", False),
    (WELCOME, 'say: "What is it about?"', "", False),
    (WELCOME, '      2: {label: "For a nursery,', '      5: {label: "For a nursery,', True),
    (WELCOME, '      2: {label: "For a nursery,', '      0: {label: "For a nursery,', False),
    (WELCOME, '      2: {label: "For a nursery,', '      7: {label: "For a nursery,', False),
    (WELCOME, "goto: school_menu", "goto: not_yet_there", True),
    (WELCOME, "goto: school_menu", "goto: Not-a-name", False),
    (WELCOME, "goto: school_menu", "goto: null", False),
    (WELCOME, "goto: school_menu", "goto:", False),
    (WELCOME, "kind: menu", "kind: menue", False),
    (WELCOME, "    kind: menu\n", "", False),
    (WELCOME, "goto: school_menu,", "goto: school_menu, more: x,", False),
    (EXCLUSION, "urgent: true", "urgent: yes", False),
    (EXCLUSION, "text: text_exclusion", "text: text_new", True),
    (EXCLUSION, "text: text_exclusion", "text: 3", False),
    (EXCLUSION, "    kind: reading", "    kind: reading\n    only_if: show_after_complaint", True),
    (EXCLUSION, "    kind: reading", "    kind: reading\n    only_if: new_switch", True),
    (EXCLUSION, "    kind: reading", "    kind: reading\n    only_if: Bad", False),
    (EXCLUSION, "    kind: reading", "    kind: reading\n    when_off: {goto: person}", True),
    (EXCLUSION, "runs_on_to: out_menu", "runs_on_to: Bad Name", False),
    (EXCLUSION, "    kind: reading", "    kind: reading\n    next:", False),
    (EXCLUSION, "person_hint: last part", "person_hint: last", False),
    (EXCLUSION, "words: [word_excluded", "words: [Bad Name", False),
    (EXCLUSION, "review_by: 2027-07-31", "review_by: soon", False),
    (EXCLUSION, "review_by: 2027-07-31", "review_by: 2027-02-30", False),
    (EXCLUSION, "  kept_out:\n", "  Kept-Out:\n", False),
    (EXCLUSION, "    closing:", '    allow: {part-length: "it has to be so"}\n    closing:', True),
    (EXCLUSION, "    closing:", '    allow: {part-length: ""}\n    closing:', False),
    (EXCLUSION, "    closing:", '    allow: {no-such-rule: "it has to be so"}\n    closing:', False),
    (SHARED, '    if_not_sure: "No text will be sent."\n', "", False),
    (LINE_YAML, '"0116 257 5027"', '"+44 116"', False),
    (LINE_YAML, '"0116 257 5027"', "01162575027", False),
    (LINE_YAML, '"0116 257 5027"', '"01162575027"', True),
    (LINE_YAML, 'para_complaints: "11.2"', 'para_complaints: "x"', False),
    (LINE_YAML, 'para_complaints: "11.2"', "para_complaints: 11.2", False),
    (LINE_YAML, "address: www.sendiassleicester.org.uk,", "address: our page,", False),
    (LINE_YAML, "info@sendiassleicester.org.uk", "nobody", False),
    (LINE_YAML, "mediation_days: 30", 'mediation_days: "30"', False),
    (LINE_YAML, "mediation_days: 30", "mediation_days: -3", False),
    (LINE_YAML, "mediation_days: 30", "Mediation_days: 3", False),
    (LINE_YAML, "show_after_complaint: off", "show_after_complaint: on", True),
    (LINE_YAML, "show_after_complaint: off", "show_after_complaint: yes", False),
    (LINE_YAML, "show_after_complaint: off", "Show-county: off", False),
    (LINE_YAML, "monday: 09:00 to 17:00", "monday: 9-5", False),
    (LINE_YAML, "monday: 09:00 to 17:00", "monday: closed", True),
    (LINE_YAML, "closed_days: []", "closed_days: [2026-12-24]", True),
    (LINE_YAML, "closed_days: []", "closed_days: [24/12/2026]", False),
    (LINE_YAML, "between_choices: 1.0", "between_choices: 1", True),
    (LINE_YAML, "between_choices: 1.0", "between_choices: fast", False),
    (LINE_YAML, "silence: [10, 20, 30]", "silence: [10, 20]", False),
    (LINE_YAML, "engines: [natural, pyttsx3]", "engines: [espeak]", False),
    (LINE_YAML, "say_rate: 85%", "say_rate: 999%", False),
    (LINE_YAML, "email_to: []", "email_to: [desk@example.org]", True),
    (LINE_YAML, "email_to: []", 'email_to: ["a b"]', False),
    (LINE_YAML, "email_to: []", "webhook: https://chat.example.org/line", True),
    (LINE_YAML, "email_to: []", "webhook: chat", False),
    (LINE_YAML, "email_to: []", "webhook:", True),
    (LINE_YAML, "notices: []", 'notices: [{words: "We are closed.", begins: 2026-11-26, ends: 2026-11-27}]', True),
    (LINE_YAML, "notices: []", 'notices: [{words: "We are closed."}]', False),
    (LINE_YAML, "alerts:\n", "content_checked_on: 2026-11-01\nalerts:\n", True),
    (LINE_YAML, "alerts:\n", "more: 1\nalerts:\n", False),
    (LINE_YAML, "ring_seconds: 25", "ring_seconds: 3", False),
    (LINE_YAML, "words_a_minute: 140", "words_a_minute: 140.5", False),
    (LINE_YAML, "test_phones: []", 'test_phones: ["07700 900123"]', True),
    (LINE_YAML, 'law_change_notice: ""', 'law_change_notice: "The rules change."', True),
    ("texts.yaml", 'text_us: "', 'text_us: ""\n  text_more: "', False),
    ("texts.yaml", "text_us:", "Text-us:", False),
    ("words.yaml", "names: []", "names: [Leicestershire]", True),
    ("words.yaml", "names: []", "names: [3]", False),
    ("words.yaml", 'SENCO: "sen-coe"', "SENCO: 3", False),
    ("words.yaml", "names: []\n", "", False),
]


def test_an_editor_marks_what_is_wrong_and_nothing_that_is_right(whole: dict[str, str]) -> None:
    """As the models do: held against what an editor itself validates with."""
    files = whole
    needs(
        shutil.which("node") and (NODE / "ajv").is_dir(),
        "Node and `npm ci` in tests/ are needed to validate as editors do",
    )
    made = schemas.schemas(drafts.read_draft(files))
    edits = [(name, files[name], "", True) for name in files]
    for name, old, new, right in AS_THEY_TYPE:
        assert old in files[name]
        edits.append((name, files[name].replace(old, new, 1), new, right))
    asked = [
        made,
        [(_schema(name).name, text) for name, text, *_ in edits],
    ]

    told = subprocess.run(
        ["node", Path(__file__).parent / "schema.js"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )

    for (name, text, new, right), marked in zip(edits, json.loads(told.stdout), strict=True):
        assert (not marked) is right, (name, new, marked)
        draft = drafts.read_draft({**files, name: text})
        # Rules are known to the gate, and to no model; and for words that are missing, those that are shipped stand in.
        if "no-such-rule" not in new and "stand-ins.json" not in draft.files:
            assert (not draft.problems) is right, (name, new)


def test_every_file_points_to_its_schema(whole: dict[str, str]) -> None:
    for name, text in whole.items():
        assert text.splitlines()[0] == f"# yaml-language-server: $schema={_schema(name)}"


def _schema(name: str) -> Path:
    """The schema of a file of config/, as seen from there. Those of one folder share one, but for the English lines."""
    own = Path(name)
    if own.parent.name and own.name != "lines.yaml":
        return Path("../schemas") / f"{own.parent.name}.json"
    return Path("../" * len(own.parent.parts)) / "schemas" / f"{own.stem}.json"


def test_a_check_says_what_it_found_though_no_schema_can_be_written(staff: Staff) -> None:
    (staff.folder / "schemas").write_text("a file in the place of the folder")

    told = staff("check")

    assert told.status == 0
    assert "config/schemas was not written: File exists." in told.out


def test_staff_can_go_back_to_any_revision_of_the_history(staff: Staff) -> None:
    revisions, told = [], OLD
    for words in (NEW, NEW.replace("teachers", "children"), NEW.replace("teachers", "parents")):
        staff.edit(WELCOME, told, words)
        told = words
        assert staff("publish", "-m", "why").status == 0
        revisions.append(staff.live)
    assert len(set(revisions)) == 3

    assert staff("undo", revisions[0]).out.startswith(f"Live again: {revisions[0]}.")
    assert staff.live == revisions[0]
    assert staff("undo").out.startswith(f"Live again: {revisions[2]}.")
    assert staff("undo", "123456789abc").err == "`ivr history` has no 123456789abc.\n"


# --- rendering ---------------------------------------------------------------------------------


def test_rendering_says_that_every_prompt_has_its_sound_only_if_it_is_so(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staff("render").out == "Nothing to render: speech mode is 'say', so Twilio's voice reads everything.\n"

    monkeypatch.setenv("IVR_SPEECH", "audio")
    staff.edit(LINE_YAML, "engines: [natural, pyttsx3]", "engines: [piper]")
    told = staff("render").out

    assert "Twilio's voice will read" in told
    assert "Every prompt has its sound" not in told


# --- what the service has confirmed -----------------------------------------------------------

BY = "A. Name, SENDIASS"


def test_what_is_confirmed_is_in_the_draft_in_what_is_live_and_in_the_history(staff: Staff, patient: Store) -> None:
    put_live(staff.store, configfiles.script_files(staff.folder))

    told = staff("confirm", "helpline_phone", "--by", BY, "--on", "2026-11-24")

    assert told.status == 0
    assert told.out.startswith(f"helpline_phone is confirmed by {BY} on 24 November 2026.")
    assert "Not confirmed yet: council_phone, " in told.out
    number = '"0116 257 5027"'
    written = f'{{number: {number}, confirmed_as: {number}, confirmed_by: "{BY}", confirmed_on: 2026-11-24}}'
    assert written in staff.read()
    assert written in staff.live_files[LINE_YAML]
    assert f"confirmed by {BY} on 2026-11-24: helpline_phone" in staff("history").out


def test_a_number_that_is_not_live_yet_is_confirmed_in_the_draft_only(staff: Staff, patient: Store) -> None:
    put_live(staff.store, configfiles.script_files(staff.folder))
    live = staff.live
    staff.edit(LINE_YAML, "0116 257 5027", "0116 482 0870")

    told = staff("confirm", "helpline_phone", "--by", BY, "--on", "2026-11-24")

    assert "The live version does not have it yet: `ivr publish` makes it live." in told.out
    assert 'number: "0116 482 0870", confirmed_as: "0116 482 0870", confirmed_by' in staff.read()
    assert staff.live == live


def test_before_anything_is_live_the_draft_is_confirmed(staff: Staff) -> None:
    assert staff("confirm", "opening_hours", "--by", BY, "--on", "2026-11-24").status == 0

    assert f'  confirmed_by: "{BY}"\n  confirmed_on: 2026-11-24\nclosed_days' in staff.read()
    assert staff.live is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("nothing", "--by", BY),
            "'nothing' cannot be confirmed. Name one of: helpline_phone, council_phone, ",
        ),
        (("helpline_phone", "--by", " "), "Say who confirmed it: ivr confirm NAME --by"),
        (("helpline_phone", "--by", BY, "--on", "2099-01-01"), "2099-01-01 is in the future."),
    ],
)
def test_what_cannot_be_confirmed_changes_nothing(staff: Staff, arguments: tuple[str, ...], told: str) -> None:
    before = staff.read()

    answer = staff("confirm", *arguments)

    assert answer.status == 1
    assert told in answer.err
    assert staff.read() == before


def test_a_number_that_was_changed_after_it_was_confirmed_is_told(staff: Staff, patient: Store) -> None:
    staff.take_the_whole()
    staff("confirm", "council_phone", "--by", BY, "--on", "2026-11-24")
    put_live(staff.store, configfiles.script_files(staff.folder))
    staff.edit(LINE_YAML, "0116 454 2050", "0116 454 2051")

    told = staff("check").out

    assert f"{BY} confirmed another value on 2026-11-24: 0116 454 2050. Have it confirmed again: ivr confirm " in told
    assert "NOT CONFIRMED BY THE SERVICE (19)." in told
    assert "helpline_phone, 0116 257 5027: key 0 rings it; said at contact_us (keys 4, 4, 4)" in told
    assert "council_phone, 0116 454 2051: " in told


def test_words_are_confirmed_as_they_are_and_not_as_they_become(staff: Staff, patient: Store) -> None:
    staff.edit(LINE_YAML, "  content_checked_on: {reviews:", "  opening_hours: {reviews:")
    put_live(staff.store, configfiles.script_files(staff.folder))
    assert "The service has not yet said that these words are right." in staff("check").out

    assert staff("confirm", "words", "--by", BY, "--on", "2026-11-24").status == 0

    assert "The service" not in staff("check").out
    assert "content_checked_as" in staff.live_files[LINE_YAML]
    staff.edit("menus/welcome.yaml", "We help with special needs", "We can help with special needs")
    assert "The service read the words on 24 November 2026, and they are not the same any more." in staff("check").out
