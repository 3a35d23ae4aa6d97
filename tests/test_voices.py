"""The voices: what is said of each is true, and fetching one gives that one or changes nothing."""

from __future__ import annotations

import errno
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import metadata
from pathlib import Path

import hibari.voices
import pytest
from click.testing import CliRunner

from ivr.audio import voices
from ivr.audio.voices import VOICES, VoiceRefused
from ivr.cli import commands
from ivr.cli.common import Stop
from ivr.machine import config

MADE = b"a voice made for the tests" * 1000


class Hub:
    """The place that voices are fetched from, on this machine: what it answers is the test's to say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.sends, self.promises = 200, MADE, len(MADE)
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.asked.append(f"{self.command} {self.path}")
                self.send_response(hub.status)
                self.send_header("Content-Length", str(hub.promises))
                self.end_headers()

            def do_GET(self) -> None:
                self.do_HEAD()
                self.wfile.write(hub.sends)

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fetched voices are kept."""
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    return tmp_path / "voices"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Hub]:
    """A hub that has emma, as the tests made it."""
    hub = Hub()
    monkeypatch.setattr(hibari.voices, "BASE_URL", hub.url)
    monkeypatch.setitem(hibari.voices.VOICES["emma"], "sha256", hashlib.sha256(MADE).hexdigest())
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


# --- fetching -------------------------------------------------------------------------------


def test_a_voice_is_fetched_once_and_kept(hub: Hub, home: Path) -> None:
    path = voices.fetch("emma")

    assert path == home / "bf_emma.int8.onnx"
    assert path.read_bytes() == MADE
    assert voices.is_here("emma")
    assert voices.is_whole("emma")
    asked = list(hub.asked)
    assert asked == ["HEAD /bf_emma.int8.onnx", "GET /bf_emma.int8.onnx"]
    assert voices.fetch("emma") == path
    assert hub.asked == asked, "the second time nobody is asked"


def test_a_voice_that_is_damaged_is_fetched_again(hub: Hub, home: Path) -> None:
    home.mkdir()
    (home / "bf_emma.int8.onnx").write_bytes(MADE[:100])

    assert voices.fetch("emma").read_bytes() == MADE


def _wrong_content(hub: Hub) -> None:
    hub.sends = MADE.swapcase()


def _only_a_part(hub: Hub) -> None:
    hub.sends = MADE[:5000]


def _too_much(hub: Hub) -> None:
    hub.sends, hub.promises = MADE * 2, 2 * len(MADE)


def _not_there(hub: Hub) -> None:
    hub.status = 404


def _out_of_order(hub: Hub) -> None:
    hub.status = 503


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (_wrong_content, "its hash differs"),
        (_only_a_part, "its hash differs|ended before the download was complete"),
        (_too_much, "its hash differs"),
        (_not_there, "answered 404"),
        (_out_of_order, "answered 503"),
    ],
)
@pytest.mark.parametrize("before", [None, b"as it was before"])
def test_what_is_not_the_voice_is_not_kept(hub: Hub, home: Path, how: object, why: str, before: bytes | None) -> None:
    """Said in one line, and what was there stays."""
    kept = home / "bf_emma.int8.onnx"
    if before:
        home.mkdir()
        kept.write_bytes(before)
    how(hub)  # type: ignore[operator]

    with pytest.raises(VoiceRefused, match=why) as refused:
        voices.fetch("emma")

    assert str(refused.value).startswith("The voice 'emma' was not fetched: ")
    assert str(refused.value).endswith(" Nothing has changed.")
    assert "\n" not in str(refused.value)
    there = {path.name: path.read_bytes() for path in home.iterdir()} if home.exists() else {}
    assert there == ({kept.name: before} if before else {})


@pytest.mark.parametrize("what", ["nobody there", "says nothing"])
def test_a_network_that_cannot_be_used_is_told_soon(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(voices, "FETCH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if what == "says nothing" else 9
        monkeypatch.setattr(hibari.voices, "BASE_URL", f"http://127.0.0.1:{port}/")

        with pytest.raises(VoiceRefused, match="cannot be reached"):
            voices.fetch("emma")

    assert not home.exists()


def test_a_full_disk_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub and the library are real; only the disk is played, since none here can be filled."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hibari.voices.os.replace", full)

    with pytest.raises(VoiceRefused, match="the disk is full"):
        voices.fetch("emma")


def test_a_folder_that_cannot_be_made_is_told(hub: Hub, home: Path) -> None:
    home.parent.joinpath("voices").write_text("a file in its place")

    with pytest.raises(VoiceRefused, match=r"its folder cannot be written .* HIBARI_HOME names another"):
        voices.fetch("emma")


@pytest.mark.parametrize("name", ["nobody", "pyttsx3", "../emma", ""])
def test_what_is_no_voice_cannot_be_fetched(hub: Hub, name: str) -> None:
    with pytest.raises(VoiceRefused, match="These can be fetched: emma, fenrir, fable, kore"):
        voices.fetch(name)

    assert hub.asked == []


def test_the_voice_of_the_package_is_there_and_needs_no_fetching(hub: Hub) -> None:
    assert voices.is_whole("heart")
    assert voices.fetch("heart").is_file()
    assert hub.asked == []


# --- the command ----------------------------------------------------------------------------


def test_the_command_lists_fetches_and_says_how_to_go_on(hub: Hub) -> None:
    listed = CliRunner().invoke(commands, ["voices"]).output
    fetched = CliRunner().invoke(commands, ["voices", "fetch", "emma"]).output
    again = CliRunner().invoke(commands, ["voices"]).output

    for voice in VOICES:
        assert re.search(rf"^{voice.name} +{voice.sounds} ", listed, re.MULTILINE), voice.name
    assert re.search(r"^emma .* fetch 7\.9 MB ", listed, re.MULTILINE)
    assert re.search(r"^emma .* yes ", again, re.MULTILINE)
    assert "natural_voice: emma" in fetched


def test_the_command_says_what_could_not_be_fetched(hub: Hub) -> None:
    hub.status = 404

    result = CliRunner().invoke(commands, ["voices", "fetch", "emma"])

    assert isinstance(result.exception, Stop)
    assert "answered 404. Nothing has changed." in str(result.exception)


# --- the facts ------------------------------------------------------------------------------


def test_the_table_names_every_voice_of_the_installed_package_as_it_is() -> None:
    ours = {voice.name: voice for voice in VOICES if voice.engine == "natural"}

    assert set(ours) == set(hibari.voices.VOICES)
    for name, facts in hibari.voices.VOICES.items():
        voice = ours[name]
        assert facts["accent"] in voice.sounds
        assert (facts["gender"] == "female") == ("woman" in voice.sounds)
        assert facts["kokoro"] in voice.made_from
        assert voice.is_fetched != bool(facts.get("bundled"))
        assert voices.size(voice) == facts["bytes"]
        assert not voice.is_fetched or hibari.voices.BASE_URL.startswith(voice.source)


@pytest.mark.parametrize("package", ["hibari-tts", "pyttsx3", "piper-tts"])
def test_the_licence_of_each_package_is_the_one_it_names_itself(package: str) -> None:
    """espeakng-loader names none: what it carries is eSpeak NG, which is GPL-3.0-or-later."""
    told = dict(pair for voice in VOICES for pair in voice.packages)
    facts = metadata(package)

    assert told[package] == (facts["License-Expression"] or facts["License"])


def test_the_handbook_has_every_voice_with_its_facts() -> None:
    page = (config.ROOT / "docs" / "voices.md").read_text(encoding="utf-8")

    for voice in VOICES:
        here = "fetched when asked for" if voice.is_fetched else "your own file" if voice.name == "piper" else "yes"
        packages = ", ".join(f"{name} ({licence})" for name, licence in voice.packages)
        source = f"<{voice.source}>" if voice.source.startswith("https://") else voice.source
        assert f"| `{voice.name}` | {voice.sounds} | {here} | {packages} | {source} | {voice.licence} |" in page


def test_the_line_is_shipped_with_the_voice_that_comes_with_the_package() -> None:
    line = (config.ROOT / "config" / "line.yaml").read_text(encoding="utf-8")

    assert re.search(rf"^  natural_voice: {voices.WITH_THE_PACKAGE}\b", line, re.MULTILINE)
