"""Starting the line as a newcomer does: real processes, a real port, real signals."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from ivr.compiling import building
from ivr.machine import children, config
from ivr.overview import confirmation
from ivr.problems import ConfigError
from ivr.processes import server
from ivr.processes.server import CannotStart
from tests.conftest import TOKEN
from tests.ports import free_port
from tests.redis_server import RedisServer
from tests.short import files, write

IVR = Path(sys.executable).parent / "ivr"


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return an_environment(tmp_path)


def an_environment(tmp_path: Path, *, short: bool = True) -> dict[str, str]:
    """An environment with private folders, and nothing else set. `short`: most menus are left out."""
    if short:
        write(tmp_path / "config")
    else:
        shutil.copytree(config.ROOT / "config", tmp_path / "config")
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **keep, "IVR_DATA": str(tmp_path / "var"), "IVR_CONFIG": str(tmp_path / "config"),
        "IVR_AUDIO": str(tmp_path / "audio"), "IVR_SPEECH": "say",
    }  # fmt: skip


class Started:
    """A line that runs."""

    def __init__(self, place: dict[str, str], *more: str, log: IO[bytes] | None = None):
        """`log`: where it goes instead of to us; then it is for the caller to find out when the line answers."""
        self.place, self.port = place, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [IVR, "start", "--port", str(self.port), *more],
            env=place,
            cwd=config.ROOT,
            stdout=log or subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self.told = ""
        for line in self.process.stdout or ():
            self.told += line
            if "Webhooks are signed" in line or "Twilio should call" in line:
                break
        self.token = (Path(place["IVR_DATA"]) / "auth_token").read_text()

    def post(self, path: str, **form: str) -> str:
        signature = RequestValidator(self.token).compute_signature(self.base + path, form)
        request = urllib.request.Request(
            self.base + path, data=urlencode(form).encode(), headers={"X-Twilio-Signature": signature}
        )
        with urllib.request.urlopen(request, timeout=15) as answer:  # as long as Twilio waits
            return str(answer.read().decode())

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=30)
        return rest


@pytest.fixture
def started(place: dict[str, str]) -> Iterator[Started]:
    line = Started(place)
    yield line
    if line.process.poll() is None:
        line.stop()
    if line.process.stdout:
        line.process.stdout.close()


def _action(reply: str, base: str) -> str:
    found = re.search(rf'action="{re.escape(base)}([^"]+)"', reply)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_line_is_started_rung_stopped_and_started_again(started: Started, place: dict[str, str]) -> None:
    """Signed webhooks walk it; Ctrl-C stops every process; a call that was going on is there afterwards."""
    assert f"The line answers on {started.base}" in started.told
    caller = {"CallSid": "CA1", "From": "+447700900123", "To": "+441164960000"}
    reply = started.post("/voice", **caller)
    reply = started.post(_action(reply, started.base), **caller, Digits="2")
    assert "To know who to ask first," in reply

    assert "Stopped. Nothing was lost." in started.stop()
    assert not _processes(place["IVR_DATA"])

    again = Started(place)
    try:
        assert ("Checking config/" in started.told, "Checking config/" in again.told) == (True, False)
        made = building.load(files())
        assert made.line.unconfirmed > 0
        assert confirmation.in_words(made) in started.told
        path = _action(reply, started.base)
        assert "the teacher" in again.post(path, **caller, Digits="1")
    finally:
        again.stop(signal.SIGTERM)


def test_a_line_that_is_stopped_while_it_starts_is_not_waited_for(place: dict[str, str]) -> None:
    """The processes of its web server still load, and have no calls to lose."""
    process = subprocess.Popen(
        [IVR, "start", "--port", str(free_port())], env=place, cwd=config.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    while "config/ is published." not in process.stdout.readline():
        pass
    processes = config.settings(place).web_processes
    while sum("web_server" in command for command in _processes(place["IVR_DATA"]).values()) <= processes:
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)

    assert "Stopped. Nothing was lost." in process.communicate(timeout=children.STOP_SECONDS - 1)[0]
    assert not _processes(place["IVR_DATA"])


def test_a_machine_that_starts_by_itself_says_what_was_live_whatever_is_on_disk(
    started: Started, place: dict[str, str]
) -> None:
    """Somebody was in the middle of an edit when the power failed."""
    started.stop()
    menu = Path(place["IVR_CONFIG"]) / "menus" / "welcome.yaml"
    menu.write_text(menu.read_text()[:200])

    again = Started(place, "--live")
    try:
        caller = {"CallSid": "CA2", "From": "+447700900123", "To": "+441164960000"}
        assert "To know who to ask first," in again.post(
            _action(again.post("/voice", **caller), again.base), **caller, Digits="2"
        )
    finally:
        again.stop()


@pytest.mark.parametrize("there", [False, True], ids=["a folder of its own making", "one that all can read"])
def test_what_callers_leave_is_for_nobody_else_to_read(place: dict[str, str], there: bool) -> None:
    data = Path(place["IVR_DATA"])
    if there:
        data.mkdir(mode=0o755)

    Started(place).stop()

    assert data.stat().st_mode & 0o777 == (0o755 if there else 0o700)
    private = [data / "auth_token", data / "secret_key", data / "redis.log", *(data / "appendonlydir").glob("*")]
    assert {path.name: oct(path.stat().st_mode & 0o077) for path in private if path.stat().st_mode & 0o077} == {}


def test_nothing_is_left_running_when_the_line_is_killed(started: Started, place: dict[str, str]) -> None:
    started.process.kill()
    started.process.wait()

    for _ in range(100):
        if not _processes(place["IVR_DATA"]):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {_processes(place['IVR_DATA'])}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_running_when_the_line_is_killed_as_it_makes_its_sounds(
    place: dict[str, str], tmp_path: Path, how: signal.Signals
) -> None:
    """The rendering processes wait for work, and a killed line cannot tell them that none will come."""
    line_yaml = Path(place["IVR_CONFIG"]) / "line.yaml"
    line_yaml.write_text(line_yaml.read_text().replace("engines: [natural, pyttsx3]", "engines: [pyttsx3]"))
    sounds = tmp_path / "sounds"
    environment = {**place, "IVR_SPEECH": "audio", "IVR_AUDIO": str(sounds)}
    process = subprocess.Popen([IVR, "start", "--port", str(free_port())], env=environment, cwd=config.ROOT)
    for _ in range(600):
        if len(list((sounds / "rendered").glob("*.wav"))) > 20:
            break
        time.sleep(0.1)

    process.send_signal(how)
    process.wait(30)

    for _ in range(100):
        if not _processes(place["IVR_DATA"]):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {_processes(place['IVR_DATA'])}")


@pytest.mark.parametrize("child", ["ivr worker", "valkey-server"])
def test_a_child_that_dies_is_started_again(started: Started, place: dict[str, str], child: str) -> None:
    dead = next(pid for pid, command in _processes(place["IVR_DATA"]).items() if child in command)

    os.kill(dead, signal.SIGKILL)

    for _ in range(100):
        found = [pid for pid, command in _processes(place["IVR_DATA"]).items() if child in command]
        if found and dead not in found:
            return
        time.sleep(0.1)
    pytest.fail(f"{child} was not started again")


def test_a_line_that_runs_is_not_started_twice(started: Started, place: dict[str, str]) -> None:
    second = subprocess.run([IVR, "start", "--port", str(free_port())], env=place, capture_output=True, text=True)

    assert second.returncode == 1
    assert second.stderr.startswith("The line is already running with the same ")


def test_a_port_in_use_is_one_plain_line(started: Started, place: dict[str, str], tmp_path: Path) -> None:
    second = subprocess.run(
        [IVR, "start", "--port", str(started.port)],
        env={**place, "IVR_DATA": str(tmp_path / "other")}, capture_output=True, text=True,
    )  # fmt: skip

    assert second.returncode == 1
    assert second.stderr == (
        f"Port {started.port} is in use. Stop what uses it, or choose another: "
        f"./scripts/start --port {started.port + 1}\n"
    )


@pytest.mark.parametrize("host", ["no.such.name.invalid", "192.0.2.1", "line"])
def test_a_host_that_is_not_this_machine_is_said(host: str) -> None:
    with pytest.raises(CannotStart, match=rf"^'{host}' is not an address of this machine\. Leave --host out"):
        server.check_port(host, free_port())


OPEN_TO_ALL = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@pytest.mark.skipif(OPEN_TO_ALL.is_file() and int(OPEN_TO_ALL.read_text()) < 2, reason="any user may listen anywhere")
def test_a_port_that_this_user_may_not_use_is_said() -> None:
    # Another user may not be able to read this Python, so what it loads late is loaded first.
    load = "import encodings.idna, os; from ivr.processes import server"
    check = f"{load}; os.geteuid() or os.setuid(65534); server.check_port('127.0.0.1', 1)"

    refused = subprocess.run([sys.executable, "-c", check], cwd=config.ROOT, capture_output=True, text=True)

    assert "This user cannot listen on port 1. Choose one above 1023: ./scripts/start --port 8000" in refused.stderr


def test_a_broken_config_is_refused_with_its_lines(place: dict[str, str]) -> None:
    menu = Path(place["IVR_CONFIG"]) / "menus" / "welcome.yaml"
    menu.write_text(menu.read_text().replace("goto: school_menu", "goto: nowhere"))

    refused = subprocess.run([IVR, "start", "--port", str(free_port())], env=place, capture_output=True, text=True)

    assert refused.returncode == 1
    assert re.search(r"^config/menus/welcome.yaml:\d+:\d+  Nothing is called 'nowhere'.", refused.stderr, re.MULTILINE)


def test_settings_that_cannot_be_used_are_all_told_at_once(place: dict[str, str]) -> None:
    wrong = {
        **place, "PUBLIC_URL": "line.example.org", "IVR_SPEECH": "sing", "REDIS_URL": "sentinel://a:1/line/0",
        "SMTP_URL": "mail.example.org",
    }  # fmt: skip

    refused = subprocess.run([IVR, "start"], env=wrong, capture_output=True, text=True)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 5


MAIL = {"SMTP_FROM": "line@example.org"}
BEHIND = "REDIS_URL has more after its ? than the line knows. Only ssl_ca_certs=/its.pem (with TLS), "
REDIS = "REDIS_URL has no host, or a port or database that is not a number. Write redis://host:port/database, "
MAIL_SERVER = "SMTP_URL is not the address of a mail server. Write smtp:// or smtps:// with a host and, optionally, "
UNUSABLE = [
    ({"PUBLIC_URL": "https://x:99999"}, "PUBLIC_URL is 'https://x:99999'. Make it a whole address, like "),
    ({"PUBLIC_URL": "https://x:abc"}, "PUBLIC_URL is 'https://x:abc'. Make it a whole address, like "),
    ({"PUBLIC_URL": "http://[bad"}, "PUBLIC_URL is 'http://[bad'. Make it a whole address, like "),
    (
        {"PUBLIC_URL": "https://example.org/line"},
        "PUBLIC_URL has more than https:// and a host name. Remove the rest: ",
    ),
    ({"PUBLIC_URL": "https://a_line.example.org"}, "PUBLIC_URL has an underscore in its host name. Choose "),
    ({"REDIS_URL": "redis://h:abc"}, REDIS),
    ({"REDIS_URL": "redis://h/one"}, REDIS),
    ({"REDIS_URL": "unix://redis.sock"}, "REDIS_URL does not have the full path of the socket. "),
    ({"REDIS_URL": "sentinel://host/line"}, "REDIS_URL does not name its sentinels. Write each as "),
    ({"REDIS_URL": "sentinel://a:1,b:2"}, "REDIS_URL does not end with the service's name. Write "),
    ({"REDIS_URL": "redis://h?socket_timeout=1"}, BEHIND),
    ({"REDIS_URL": "rediss://h?ssl_ca_certs=/x&db=1"}, BEHIND),
    ({"REDIS_URL": "sentinel://a:1/line?db=1"}, BEHIND),
    ({"REDIS_URL": "sentinel://a:1/line/0"}, "REDIS_URL does not end with the service's name. Write "),
    ({"SMTP_URL": "smtp://h:abc", **MAIL}, MAIL_SERVER),
    ({"SMTP_URL": "smtp://", **MAIL}, MAIL_SERVER),
    ({"TWILIO_NUMBER": "0116"}, "TWILIO_NUMBER is '0116'. Write it with plus and country code, like +441164960000"),
    ({"TWILIO_AUTH_TOKEN": " , "}, "TWILIO_AUTH_TOKEN has commas but no token."),
    ({"TWILIO_API_URL": "127.0.0.1:4010"}, "TWILIO_API_URL is '127.0.0.1:4010'. Make it a complete URL, or "),
]


@pytest.mark.parametrize(("environment", "told"), UNUSABLE, ids=[" ".join(each.values()) for each, _ in UNUSABLE])
def test_a_setting_that_cannot_be_used_is_told_in_words(tmp_path: Path, environment: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        config.settings({"IVR_DATA": str(tmp_path), **environment})

    (problem,) = refusal.value.problems
    assert problem.says.startswith(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://h"), ("REDIS_URL", "rediss://u:p%40@h:6380/2?ssl_ca_certs=/x"),
        ("REDIS_URL", "unix:///x/redis.sock?db=1"), ("REDIS_URL", "sentinel://:p@a:1,b:2/line"),
        ("PUBLIC_URL", "https://line.example.org/"), ("PUBLIC_URL", "http://127.0.0.1:8000"),
        ("TWILIO_AUTH_TOKEN", f"{TOKEN},{TOKEN[::-1]}"), ("TWILIO_NUMBER", "+441164960000"),
    ],
)  # fmt: skip
def test_what_can_be_used_is_taken(tmp_path: Path, name: str, value: str) -> None:
    assert config.settings({"IVR_DATA": str(tmp_path), name: value})


def test_a_command_without_the_lines_redis_is_refused_and_told_no_empty_list(
    place: dict[str, str], tmp_path: Path
) -> None:
    """Otherwise an embedded Redis would be started for it, with an empty list."""
    here = config.settings(place)
    with RedisServer(tmp_path / "other") as other:
        with server.redis(config.settings({**place, "REDIS_URL": other.url}), for_line=True):
            pass
        with pytest.raises(CannotStart, match="uses a Redis elsewhere"), server.redis(here):
            pass
    with server.redis(here, for_line=True) as ours:
        assert ours, "a line that goes back to the embedded one has it"
    with server.redis(here):
        pass


def _processes(data: str) -> dict[int, str]:
    """Processes whose environment names this data folder, or which work in it, as Redis does."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (entry / "environ").read_bytes().decode("utf-8", "replace")
            works_in = (entry / "cwd").readlink()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, UnicodeDecodeError):
            continue
        if state != "Z" and (f"IVR_DATA={data}" in environment or works_in == Path(data)):
            found[int(entry.name)] = command
    return found
