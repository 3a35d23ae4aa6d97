"""`ivr demo`: the line with made-up callers, on this machine only, deleted afterwards."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import signal
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import click

from ivr.authoring import drafts, editing
from ivr.cli import made_up_callers as callers
from ivr.cli.common import Stop, out, refusing, who
from ivr.compiling import building
from ivr.hours import LONDON
from ivr.machine import config, keys
from ivr.machine.config import Settings
from ivr.problems import counted
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases import publishing
from ivr.usecases.publishing import Passed

#: Local only, so that nobody else mistakes it for the real line.
HOST = "127.0.0.1"
#: Variables that are set only for a real line.
_OF_A_REAL_LINE = ("PUBLIC_URL", "TWILIO_ACCOUNT_SID")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=config.PORT, show_default=True, help="Where it answers.")
def demo(port: int) -> None:
    """Show the advisers' page with made-up callers, until Ctrl-C. Nothing is sent, and nothing is kept."""
    run(port)


def run(port: int) -> None:
    """Run the demo. Raises Stop if the settings are those of a real line."""
    if told := config.set_here(*_OF_A_REAL_LINE):
        raise Stop(
            f"{' and '.join(told)}: set, as for a real line. The demo runs only where it cannot reach anything real."
        )
    server.check_port(HOST, port, f"{server.START} --demo")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the data below is deleted
    with tempfile.TemporaryDirectory(prefix="ivr-demo-") as folder:
        settings = _of_its_own(Path(folder), port)
        try:
            _serve(settings, port)
        finally:
            _take_away_socket(settings)
    out("Stopped. The demo's data is deleted.")


def _of_its_own(data: Path, port: int) -> Settings:
    """Settings with a data folder and a copy of config/ of its own, and without all other settings of the machine.

    So no text, mail or call can leave it: neither this process nor its children know an account or a server.
    """
    (data / config.DEMO).touch()
    words = ",".join(keys.new_words())  # nobody needs these keys after the demo
    config.use_only("IVR_CONFIG", "IVR_AUDIO", IVR_DATA=str(data), IVR_SPEECH="say", IVR_KEYS=words)
    own = data / "config"  # a page changes these files, and nothing of a demo is kept
    try:
        shutil.copytree(config.settings(port=port).config_dir, own)
    except OSError as error:  # copytree raises a kind of it that names each file
        raise Stop(f"The demo was not started, because config/ cannot be copied for it: {error}") from error
    config.use_only("IVR_AUDIO", "IVR_DATA", "IVR_SPEECH", "IVR_KEYS", IVR_CONFIG=str(own))
    return config.settings(port=port)


def _take_away_socket(settings: Settings) -> None:
    """Remove the folder of Redis' socket, which is a separate one if the data folder's path is too long for a
    socket.
    """
    path = Path(settings.redis_url.removeprefix("unix://"))
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it contains something else, or is the data folder itself
        path.parent.rmdir()


def _serve(settings: Settings, port: int) -> None:
    out("Checking config/ ...")
    with refusing("The demo was not started."):
        passed = _without_alerts(publishing.gate(settings))
    with (
        server.redis(settings, for_line=True) as ours,
        closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store,
    ):
        publishing.put_live(store, passed, who(), "for the demo", "")
        waiting = callers.fill(settings, store, passed.script, dt.datetime.now(LONDON))
        server.serve(settings, HOST, port, ours, lambda: _say_how(port, waiting))


def _without_alerts(passed: Passed) -> Passed:
    """The same line, without anybody to alert."""
    files = {**passed.files, drafts.LINE: editing.without_alerts(passed.files[drafts.LINE])}
    return Passed(files, building.load(files, config.bank_holidays()), passed.warnings)


def _say_how(port: int, waiting: int) -> None:
    address = f"http://{HOST}:{port}"
    out(f"\nThe demo answers on {address}  (Ctrl-C stops it and deletes everything)\n")
    out(f"  The advisers' page           {address}/console/")
    out(f"  Sign in as                   {callers.NAME}, with the password {callers.PASSWORD}")
    out(f"  Waiting to be rung           {counted(waiting, 'caller')}, all made up")
    out(f"  Ring it in a browser         {address}/studio/call")
    out("  Ring it from a terminal      .venv/bin/ivr call")
    out("  What is sent                 nothing: no text, no mail, no call")
    out("  What is changed              a copy of config/, which is deleted too")
    out()
