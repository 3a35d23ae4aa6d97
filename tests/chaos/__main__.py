"""Kill the line's processes at random, and see that nothing is lost, doubled or stuck.

Callers ring by signed webhooks, ask to be rung back or for a text, and hang up; an adviser signs in and rings by one
click; urgent callers are told of by webhook. Meanwhile web processes, the worker's processes and their jobs, Redis,
and the whole line are killed with SIGKILL. Everything is on 127.0.0.1, and Twilio is one of our own.

  lost     somebody was told that we ring back, that a text comes or that a phone rings, and nothing of it is there
  doubled  a caller has two requests, or a text, a click or an alert went out twice
  stuck    something waits that nobody will do, a webhook stayed unanswered, or the line is not ready at the end
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from ivr.store import PATIENT_SECONDS, Store
from ivr.usecases.jobs import QUEUES
from tests.chaos import outage
from tests.chaos.people import Adviser, Caller, Told, numbers
from tests.chaos.world import Line, Rest

CALLERS = 16
#: How often each kind is killed, of a hundred.
KINDS = {
    "a web process": 40, "a worker process": 20, "a job": 12, "the web server": 8, "the worker": 8, "Redis": 8,
    "the whole line": 4,
}  # fmt: skip
#: Seconds that everything has to come to rest in after the last kill.
REST_SECONDS = 90.0


def main() -> int:
    options = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--every", type=float, default=1.0, help="seconds between two kills")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options.add_argument("--outage", type=float, help="only stop Redis for so many seconds, under callers who ask")
    options.add_argument("--callers", type=int, default=50, help="how many ask during the outage")
    chosen = options.parse_args()
    if chosen.outage:
        print(f"seed {chosen.seed}: Redis is stopped for {chosen.outage:.0f} s", flush=True)
        return outage.run(chosen.outage, chosen.callers, chosen.seed)
    print(f"seed {chosen.seed}: {chosen.kills} kills", flush=True)
    with tempfile.TemporaryDirectory(prefix="ivr-chaos-") as folder:
        rest = Rest(chosen.seed)
        line = Line(Path(folder), rest)
        try:
            with closing(Store(line.settings.redis_url, line.settings.keys, PATIENT_SECONDS)) as store:
                if not _until(lambda: line.ready() == "ready", 120):
                    sys.exit(f"The line did not start: {line.ready()}\n{(Path(folder) / 'log').read_text()[-2000:]}")
                told = _run(line, rest, store, chosen)
                return _verdict(line, rest, store, told)
        finally:
            line.end()


def _run(line: Line, rest: Rest, store: Store, chosen: argparse.Namespace) -> Told:
    told, stop, given = Told(), threading.Event(), numbers()
    people: list[threading.Thread] = [Caller(line, told, given, chosen.seed + nth, stop) for nth in range(CALLERS)]
    people.append(Adviser(line, store, told, chosen.seed, stop))
    for each in people:
        each.start()
    began, killed = time.monotonic(), _kill(line, chosen)
    stop.set()
    for each in people:
        each.join()
    print(f"{sum(killed.values())} kills in {time.monotonic() - began:.0f} s: ", end="")
    print(", ".join(f"{kind} {times}" for kind, times in killed.most_common()))
    return told


def _kill(line: Line, chosen: argparse.Namespace) -> Counter[str]:
    """Kill so many, and start the line again where all of it was killed."""
    chance, killed = random.Random(chosen.seed), Counter[str]()
    first = chance.sample(list(KINDS), len(KINDS))  # each kind once, and then at random
    while sum(killed.values()) < chosen.kills:
        time.sleep(chance.uniform(0.5, 1.5) * chosen.every)
        kind = first[0] if first else chance.choices(list(KINDS), list(KINDS.values()))[0]
        found = [line.process.pid] if kind == "the whole line" else sorted(line.processes().get(kind, []))
        if not found:  # there is none at the moment, as when no job is done
            first = [*first[1:], *first[:1]]
            continue
        _end(chance.choice(found))
        killed[kind] += 1
        first = first[1:]
        if kind == "the whole line":
            line.process.wait()
            _until(lambda: _is_back(line), 60)
    return killed


def _is_back(line: Line) -> bool:
    """Whether the line answers. One that ended is started again, as whatever watches over it does."""
    if line.process.poll() is not None:
        line.begin()
    return line.ready() != ""


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _verdict(line: Line, rest: Rest, store: Store, told: Told) -> int:
    """Print what came of everything. 0 if all of it is as it was told."""
    _until(lambda: line.ready() == "ready" and not _undone(store), REST_SECONDS)
    open_requests = store.requests.waiting()
    by_number = Counter(request.number for request in open_requests)
    later = set(_names(store, "scheduled"))
    texts = {key.decode().removeprefix("ivr:text:") for key in _keys(store, "ivr:text:*")}
    untold = [
        request.id for request in open_requests
        if request.urgency and request.id not in rest.alerts and not any(request.id in name for name in later)
    ]  # fmt: skip
    lost = [f"{number} was promised a call" for number in told.rung_back if not by_number[number]]
    lost += [f"{call} was promised a text" for call in told.texted if not any(text.startswith(call) for text in texts)]
    lost += [f"nobody was rung for {request}" for request in told.clicked if not _rang(store, rest, request)]
    lost += [f"nobody was told of {request}" for request in untold]
    doubled = [f"{number} has {times} requests" for number, times in by_number.items() if times > 1]
    doubled += [f"text {text} went {times} times" for text, times in rest.texts.items() if times > 1]
    doubled += [f"{request} was rung {times} times" for request, times in rest.clicks.items() if times > 1]
    doubled += [f"alerts of {request}: {ids}" for request, ids in rest.alerts.items() if len(ids) > 1]
    stuck = [*_undone(store), *(f"{path} was not answered" for path in told.unanswered)]
    stuck += [] if line.ready() == "ready" else [f"/readyz: {line.ready()}"]
    print(
        f"{told.calls} calls, {len(told.rung_back)} promised a call, {len(told.texted)} promised a text "
        f"({len(store.texts.failed())} told as failed), {len(told.clicked)} clicks, {len(rest.alerts)} alerts, "
        f"{len(later)} to be tried again later"
    )
    for name, found in (("lost", lost), ("doubled", doubled), ("stuck", stuck)):
        for each in found[:10]:
            print(f"  {name}: {each}")
    print(f"{len(lost)} lost, {len(doubled)} doubled, {len(stuck)} stuck", flush=True)
    has_people = told.rung_back and told.texted and told.clicked and rest.alerts
    if not has_people:
        print("Too little happened to say anything.")
    return 0 if has_people and not (lost or doubled or stuck) else 1


def _rang(store: Store, rest: Rest, request: str) -> bool:
    """Whether a phone was rung for this click, or its adviser can read on the card that it was not."""
    return bool(rest.clicks[request]) or "Could not ring you" in str(store.requests.get(request))


def _undone(store: Store) -> list[str]:
    """Jobs that wait, are being done, or stand between the two, and texts that no job is there for."""
    kinds = {"queue": "waits", "wip": "is being done", "intermediate": "was taken and not begun"}
    found = {kind: _names(store, kind) for kind in kinds}
    known = {*_names(store, "scheduled"), *(name for names in found.values() for name in names)}
    texts = [text for text in store.texts.underway() if f"text-{text.id.replace('.', '-')}" not in known]
    jobs = [f"{name} {kinds[kind]}" for kind, names in found.items() for name in names]
    return jobs + [f"text {text.id} is {text.fate}, and no job is there for it" for text in texts]


def _names(store: Store, kind: str) -> list[str]:
    """The jobs of all queues that are in lists of this kind."""

    def of(client: object) -> list[str]:
        found: list[bytes] = []
        for queue in QUEUES:
            if kind in ("queue", "intermediate"):
                found += client.lrange(f"rq:queue:{queue}{':intermediate' * (kind != 'queue')}", 0, -1)  # type: ignore[attr-defined]
            else:
                found += client.zrange(f"rq:{kind}:{queue}", 0, -1)  # type: ignore[attr-defined]
        return [name.decode() for name in found]

    return store.with_queue(of)


def _keys(store: Store, pattern: str) -> list[bytes]:
    return store.with_queue(lambda client: list(client.scan_iter(pattern)))


def _until(what: object, seconds: float) -> bool:
    """Whether this becomes true in so many seconds. Redis may be away meanwhile."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if what():  # type: ignore[operator]
                return True
        except Exception:
            pass
        time.sleep(0.2)
    return False


if __name__ == "__main__":
    sys.exit(main())
