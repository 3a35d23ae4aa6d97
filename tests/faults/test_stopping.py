"""A line that is told to stop while it starts stops, at whatever moment that is, and leaves no process behind."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ivr.authoring import drafts
from ivr.machine import children, config
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Published, Store
from tests.ports import free_port
from tests.redis_server import soon
from tests.test_deploy import answers
from tests.test_start import IVR, _processes, an_environment

#: So many that most of them still load when the first one answers.
PROCESSES = 4
#: How many processes of the web server there are at the moment of the stop.
MOMENTS = {
    "as the web server loads": 1,
    "as it forks its first process": 2,
    "as it has forked them all": 1 + PROCESSES,
    "at the first answer": 0,
}


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return {**an_environment(tmp_path), "IVR_WEB_PROCESSES": str(PROCESSES)}


def _web_servers(place: dict[str, str]) -> list[str]:
    return [command for command in _processes(place["IVR_DATA"]).values() if "ivr.processes.web_server" in command]


def _stop_at(moment: str, what: str, place: dict[str, str]) -> None:
    """Start this, stop it at this moment, and expect that it ends before anybody would kill it."""
    port, count = free_port(), MOMENTS[moment]
    running = subprocess.Popen([IVR, what, "--port", str(port)], env=place, cwd=config.ROOT, stdout=subprocess.DEVNULL)
    try:
        assert soon(lambda: len(_web_servers(place)) >= count if count else answers(port), 60)
        running.terminate()
        running.wait(children.STOP_SECONDS - 1)
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_web_server_alone(place: dict[str, str], files: dict[str, str], moment: str) -> None:
    settings = config.settings(place)
    with server.redis(settings):
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", ""), files)

        _stop_at(moment, "web", place)

        assert soon(lambda: not _web_servers(place), 1)


@pytest.mark.parametrize("moment", ["as it forks its first process", "at the first answer"])
def test_the_whole_line(place: dict[str, str], moment: str) -> None:
    _stop_at(moment, "start", place)

    assert soon(lambda: not _processes(place["IVR_DATA"]), 1)
