"""Fixtures: a private Redis, the real app, and a caller."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, StrictUndefined
from jinja2.bccache import Bucket
from xdist.scheduler import LoadScopeScheduling

from ivr.authoring import drafts
from ivr.check import Context, outcomes
from ivr.check.outcomes import Habit
from ivr.compiling import building
from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.problems import Problem
from ivr.processes import server
from ivr.processes.tools import Tools
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Published, Store
from ivr.usecases import publishing
from tests.browser import chromium, page, phone, served
from tests.desk import Browser, hire
from tests.line import Line
from tests.redis_server import Opened
from tests.rest import Twilio
from tests.sealed import WORDS
from tests.staff import Staff, at_terminal

__all__ = ["chromium", "page", "phone", "served"]

TOKEN = "3f1c9a7e5b2d48609cfe7a1b5d3e8042"
ENVIRONMENT = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_NUMBER": "+441164960000",
    "PUBLIC_URL": "https://line.example.org",
    "IVR_SPEECH": "say",
    "SECRET_KEY": "k7Qm2vXw9RtYp4LsZc8N",
    "IVR_KEYS": WORDS,
}


#: Callers who do the same for ever: one who is silent, one who talks, and two who press what leads nowhere.
FEW_HABITS = (Habit(), Habit(talks=True), Habit(wrong=True), Habit("4*"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept-calls", action="store_true", help="rewrite the outputs of the golden calls")


#: Files whose tests share something slow to make: a single process runs each of these files.
TOGETHER = ("tests/test_audio.py", "tests/test_speech.py", "tests/test_browser.py", "tests/test_studio_browser.py")


class Scheduling(LoadScopeScheduling):
    """Gives single tests to any free process, but each file of TOGETHER to one process, and these first.

    xdist has marks for this (`xdist_group`), which it writes into the names of tests: pytest 9.2 does not let it, and
    says nothing, so that two processes each rendered the whole line.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return file if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def _each_draft_is_checked_once() -> Iterator[None]:
    """The check is a pure function that takes seconds, and many tests publish the same draft. And a few callers who do
    the same for ever are enough for them. Its own tests, and commands in a process of their own, check everything.
    """
    real, known = publishing.check, dict[object, list[Problem]]()

    def check(context: Context) -> list[Problem]:
        live = context.published.revision if context.published else ""
        key = (context.script.revision, context.today, live, context.ours, frozenset(context.measured.items()))
        if key not in known:
            with pytest.MonkeyPatch.context() as less:
                less.setattr(outcomes, "habits", lambda: FEW_HABITS)
                known[key] = real(context)
        return [*known[key]]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishing, "check", check)
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_every_app_makes_alike_is_made_once() -> Iterator[None]:
    """An app compiles the files that are live, which takes most of a test that rings the line, and most tests ring the
    same one. What it compiles follows from the files alone, and is frozen.
    """
    compiled = building.published

    @functools.lru_cache(maxsize=16)
    def of_files(files: frozenset[tuple[str, str]], *more: Any, **how: bool) -> Any:
        return compiled(dict(files), *more, **how)

    def published(files: Mapping[str, str], *more: Any, **how: bool) -> Any:
        return of_files(frozenset(files.items()), *more, **how)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(building, "published", published)
        yield


@pytest.fixture(scope="session", autouse=True)
def _names_that_a_template_misspells_are_errors() -> Iterator[None]:
    """In tests only: an adviser whose page lacks a word can work on, and one who gets an error page cannot."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(Flask.jinja_options, "undefined", StrictUndefined)
        patched.setitem(Flask.jinja_options, "bytecode_cache", _CompiledTemplates())
        yield


class _CompiledTemplates(BytecodeCache):
    """Each template is compiled once in a process, and not by each app anew."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """The shipped config/."""
    return configfiles.script_files(config.ROOT / "config")


@pytest.fixture(scope="session")
def shipped(files: dict[str, str]) -> Script:
    return building.load(files, config.bank_holidays())


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with a Redis server for this test process alone."""
    data = tmp_path_factory.mktemp("data")
    settings = config.settings({**ENVIRONMENT, "IVR_DATA": str(data), "IVR_AUDIO": str(data / "audio")})
    with server.redis(settings):
        yield settings


@pytest.fixture
def settings(machine: Settings, tmp_path: Path) -> Settings:
    """The same machine with private folders for this test."""
    return dataclasses.replace(machine, data_dir=tmp_path, audio_dir=tmp_path / "audio")


@pytest.fixture
def store(machine: Settings) -> Iterator[Store]:
    """An empty Redis with a long time-out. A slow Redis is tested with other stores."""
    store = Store(machine.redis_url, machine.keys, PATIENT_SECONDS)
    store.redis.do(lambda client: client.flushall())
    store.requests.new_reference = lambda: "4271"
    yield store
    store.close()


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Stores of other servers, or of other processes, which are closed after the test."""
    with contextlib.ExitStack() as stores:
        yield lambda *how: stores.enter_context(contextlib.closing(Store(*how)))


@pytest.fixture
def published(store: Store, files: dict[str, str]) -> str:
    """The shipped config/, live."""
    revision = drafts.revision_of(files)
    store.revisions.publish(Published(revision, 0.0, "tests", "for the tests"), files)
    store.texts.sender_is("")
    return revision


@pytest.fixture
def line(settings: Settings, store: Store, published: str) -> Iterator[Line]:
    """The real app, ready to be rung."""
    with Line(settings, store) as line:
        yield line


@pytest.fixture
def browser(line: Line) -> Browser:
    """A browser on the advisers' page."""
    return Browser(line)


@pytest.fixture
def asha(browser: Browser, store: Store) -> Browser:
    """The same browser, with an adviser signed in."""
    hire(store)
    browser.sign_in()
    return browser


@pytest.fixture
def staff(
    settings: Settings,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Staff:
    return at_terminal(tmp_path, settings, store, monkeypatch, capsys, ENVIRONMENT)


@pytest.fixture
def edited(files: dict[str, str]) -> Callable[[str, str, str], dict[str, str]]:
    """The shipped config/ with one thing changed: edited(file, old, new)."""

    def edit(name: str, old: str, new: str) -> dict[str, str]:
        assert old in files[name], f"{old!r} is not in {name}"
        return {**files, name: files[name].replace(old, new, 1)}

    return edit


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    server = Twilio()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tools(settings: Settings, twilio: Twilio, store: Store) -> Iterator[Tools]:
    """A worker's tools, whose Twilio is the one above."""
    tools = Tools(dataclasses.replace(settings, twilio_api_url=twilio.url))
    tools.store.texts.sender_is("")
    yield tools
    tools.store.close()
