"""How long a click and an alert by webhook take, with and without servers that hang, and what the worker's memory is.

A click is measured from when the page queues it until Twilio's REST is asked to ring. Half of the time, a mail server
takes connections and never answers, and twenty texts go to a REST that does the same.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from ivr import callback, config, configfiles
from ivr.session import SendText
from tests.crew import Crew, Half, crew, half, hangs, seconds_until
from tests.desk import ask, hire


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="scripts/bench worker", description=__doc__)
    options.add_argument("--clicks", type=int, default=10)
    clicks = options.parse_args(arguments).clicks
    files = configfiles.script_files(config.ROOT / "config")
    with tempfile.TemporaryDirectory() as folder, hangs() as port, half() as rest:
        base = f"http://127.0.0.1:{rest.server_port}"
        alerts = f'email_to: ["desk@example.org"]\n  webhook: "{base}/hook"'
        files["line.yaml"] = files["line.yaml"].replace("email_to: []", alerts)
        told = {"TWILIO_API_URL": base, "SMTP_URL": f"smtp://127.0.0.1:{port}", "SMTP_FROM": "line@example.org"}
        with crew(Path(folder), files, **told) as running:
            print(f"{'seconds, median (longest)':40}{'a click':>16}{'an urgent alert':>20}")
            _print("nothing hangs, but mail", _measure(running, rest, clicks, 0))
            rest.hangs.set()
            for number in range(20):
                text = SendText(f"CA1.{number}", f"+4477009001{number:02}", "text_us", "Hello.")
                running.jobs.send_text(text, time.time())
            seconds_until(lambda: "Messages.json" in rest.asked)
            _print("twenty texts and mail hang", _measure(running, rest, clicks, clicks))
            rest.clicks_that_hang = 2
            _measure(running, rest, 2, 2 * clicks)
            _print("and two clicks", _measure(running, rest, clicks, 3 * clicks))
            _print_memory(running)
            rest.hangs.clear()


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


def _print(name: str, measured: tuple[list[float], list[float]]) -> None:
    click, alert = (f"{statistics.median(took):.2f} ({max(took):.2f})" for took in measured)
    print(f"{name:40}{click:>16}{alert:>20}")


def _print_memory(running: Crew) -> None:
    own = [_own_megabytes(pid) for pid in running.children()]
    print(
        f"\nthe worker's parent {_own_megabytes(running.process.pid):.0f} MB of its own, its {len(own)} processes ",
        end="",
    )
    print(f"{min(own):.0f} to {max(own):.0f} MB each; what they share is in none of these")


def _own_megabytes(pid: int) -> float:
    rows = [row.split() for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    return sum(int(row[1]) for row in rows if row[0].startswith("Private_")) / 1024
