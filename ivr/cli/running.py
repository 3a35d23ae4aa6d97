"""Commands that run the line.

`ivr start` stays in memory as long as the line runs. So this module imports only what a running line needs. Each
command imports the rest itself, and `start` does so in a process that ends before the line answers.
"""

from __future__ import annotations

import contextlib
from contextlib import closing

import click

from ivr.cli.common import Stop, in_plain_lines, out
from ivr.machine import children, config
from ivr.machine.config import PORT, Settings
from ivr.processes import server
from ivr.store import PATIENT_SECONDS, Store, StoreDown


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="The port on which the line answers.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
@click.option("--live", "as_it_was", is_flag=True, help="Ignore config/, and use the last publication.")
@click.option("--demo", "as_demo", is_flag=True, help="The same as `ivr demo`: made-up callers, on this machine only.")
def start(port: int, host: str, as_it_was: bool, as_demo: bool) -> None:
    """Check and publish config/, render its sounds, and answer calls until Ctrl-C.

    With --live, the line uses the last publication, whatever state config/ is in: for unattended starts.
    """
    if as_demo:
        from ivr.cli import demo

        if host != demo.HOST or as_it_was:
            raise Stop(f"The demo answers on {demo.HOST} only, and uses config/. Leave out --host and --live.")
        demo.run(port)
        return
    settings = config.settings(port=port, running=as_it_was)
    if server.still_runs(settings, children.STOP_SECONDS if as_it_was else 0.0):
        raise Stop(f"The line is already running with the same {settings.data_dir}. Stop it first.")
    server.check_port(host, port)
    with server.redis(settings, for_line=True) as ours:
        if status := children.aside(lambda: in_plain_lines(lambda: _prepare(settings, as_it_was))):
            raise SystemExit(status)
        server.serve(settings, host, port, ours, lambda: _say_how(settings, host, port))
    out("Stopped. Nothing was lost.")


def _prepare(settings: Settings, as_it_was: bool) -> None:
    from ivr.cli import preparing

    preparing.prepare(settings, as_it_was)


def _say_how(settings: Settings, host: str, port: int) -> None:
    out(f"\nThe line answers on http://{host}:{port}  (Ctrl-C stops it)\n")
    if settings.practice:
        out(f"  Ring it in a browser         http://{host}:{port}/studio/call")
    out("  Ring it from this terminal   .venv/bin/ivr call")
    out("  Hear what a caller hears     .venv/bin/ivr call --hear call.wav")
    out("  Change what it says          edit config/, then .venv/bin/ivr check and .venv/bin/ivr publish -m 'why'")
    out(f"  The advisers' page           http://{host}:{port}/console")
    if settings.practice:
        token = settings.data_dir / "auth_token"
        out(f"  Webhooks are signed with     the token in {token} (TWILIO_AUTH_TOKEN is not set)")
    else:
        out(f"  Twilio should call           {settings.public_url}/voice")
    out()


@click.command("web")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="The port to answer on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
def web_alone(port: int, host: str) -> None:
    """Answer calls and pages from the last publication. `start` does that too.

    For a supervisor that runs the web server, the worker and Redis as services of their own.
    """
    from ivr.cli import preparing

    settings = config.settings(port=port, running=True)
    server.check_port(host, port)
    with contextlib.suppress(StoreDown):  # calls are answered without Redis too
        server.unlock(settings)
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            preparing.prepare_web(settings, store)
    server.become_web(settings, host, port)


@click.command()
def worker() -> None:
    """Send texts, fetch recordings and send alerts. `start` runs one already."""
    from ivr.processes.pool import work

    work(config.settings(running=True))
