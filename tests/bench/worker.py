"""How long a click and an alert by webhook take, with and without servers that hang, and what the worker's memory is.

A click is measured from when the page queues it until Twilio's REST is asked to ring. Half of the time, a mail server
takes connections and never answers, and twenty texts go to a REST that does the same.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from ivr.callbacks import callback
from ivr.machine import config, configfiles
from ivr.script.session import SendText
from tests.bench.figures import Figures, options
from tests.crew import Crew, Half, crew, half, hangs, seconds_until
from tests.desk import ask, hire

MAIL_HANGS, TEXTS_HANG, CLICKS_HANG = "mail hangs", "twenty texts and mail hang", "two clicks, too"
CLICK, ALERT = "a click", "an urgent alert"


def main(arguments: list[str]) -> None:
    chosen = options("worker", __doc__)
    chosen.add_argument("--clicks", type=int, default=10)
    picked = chosen.parse_args(arguments)
    clicks, figures = picked.clicks, Figures("worker")
    files = configfiles.script_files(config.ROOT / "config")
    with tempfile.TemporaryDirectory() as folder, hangs() as port, half() as rest:
        base = f"http://127.0.0.1:{rest.server_port}"
        alerts = f'email_to: ["desk@example.org"]\n  webhook: "{base}/hook"'
        files["line.yaml"] = files["line.yaml"].replace("email_to: []", alerts)
        told = {"TWILIO_API_URL": base, "SMTP_URL": f"smtp://127.0.0.1:{port}", "SMTP_FROM": "line@example.org"}
        with crew(Path(folder), files, **told) as running:
            _add(figures, MAIL_HANGS, _measure(running, rest, clicks, 0))
            rest.hangs.set()
            for number in range(20):
                text = SendText(f"CA1.{number}", f"+4477009001{number:02}", "text_us", "Hello.")
                running.jobs.send_text(text, time.time())
            seconds_until(lambda: "Messages.json" in rest.asked)
            _add(figures, TEXTS_HANG, _measure(running, rest, clicks, clicks))
            rest.clicks_that_hang = 2
            _measure(running, rest, 2, 2 * clicks)
            _add(figures, CLICKS_HANG, _measure(running, rest, clicks, 3 * clicks))
            _add_memory(figures, running)
            rest.hangs.clear()
    for what in (CLICK, ALERT):
        for name in (TEXTS_HANG, CLICKS_HANG):
            figures.ratio(f"{name} / {MAIL_HANGS}: {what}", f"{name}: {what}", f"{MAIL_HANGS}: {what}")
    figures.tell(picked)


def _measure(running: Crew, rest: Half, clicks: int, first: int) -> tuple[list[float], list[float]]:
    hire(running.store)
    rung, told = [], []
    for number in range(first, first + clicks):
        saved = ask(running.store, number, urgent=True)
        running.store.requests.change(saved.id, lambda r: callback.claim(r, "asha", time.time()))
        before = rest.asked.count("Calls.json")
        running.jobs.ring(saved.id, "asha", time.time())
        rung.append(seconds_until(lambda before=before: rest.asked.count("Calls.json") > before))
        before = rest.asked.count("hook")
        running.jobs.alert(saved.id, "urgent")
        told.append(seconds_until(lambda before=before: rest.asked.count("hook") > before))
    return rung, told


def _add(figures: Figures, name: str, measured: tuple[list[float], list[float]]) -> None:
    for what, took in zip((CLICK, ALERT), measured, strict=True):
        figures.add(f"{name}: {what}", took, "s")


def _add_memory(figures: Figures, running: Crew) -> None:
    """What the worker's processes do not share with others."""
    figures.add("memory of its own: the parent", [_own_megabytes(running.process.pid)], "MB")
    figures.add("memory of its own: each process", map(_own_megabytes, running.children()), "MB")


def _own_megabytes(pid: int) -> float:
    rows = [row.split() for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    return sum(int(row[1]) for row in rows if row[0].startswith("Private_")) / 1024
