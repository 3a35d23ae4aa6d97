"""An outage of Redis under callers who ask to be rung, while web processes are killed. See `scripts/chaos --outage`.

Redis is stopped for so many seconds. Meanwhile callers ring, ask to be rung, answer every question, and note down the
number of their call; every fifth rings from the phone of the one before. Web processes are killed with SIGKILL all
the while. Once Redis is back, each caller must be in the list once, by the number that they were told.

  turned away   a caller who was not told that we have it
  lost          a caller who was told so, and cannot be found by their phone and the number of their call
  doubled       a phone that stands in the list twice, or a caller who is in it twice
"""

from __future__ import annotations

import os
import random
import re
import signal
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ivr.engine.debounce import DEBOUNCE_SECONDS
from ivr.script.session import FindRequest
from ivr.store import PATIENT_SECONDS, Spool, Store
from tests.chaos.people import answer, words_of
from tests.chaos.world import Line, Rest
from tests.redis_server import RedisServer, soon

#: Keys after 0, unanswered: to this phone; my child; not kept out; no letter; a part of the day; and the rest.
KEYS = ("1", "1", "1", "2", "2", "3", "1", "2", "1")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBER = re.compile(rf"Keep the number of your call: ((?:(?:{'|'.join(_DIGITS)}),? ?){{4}})\.")
#: Seconds between two kills of a web process.
KILLS_EVERY = 2.0


@dataclass
class Heard:
    """What callers were told: their phones with the numbers of their calls; and who was turned away, in what words."""

    promised: list[tuple[str, str]] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)


def run(seconds: float, callers: int, seed: int) -> int:
    """Print what came of it. 0 if nobody was turned away, lost or doubled."""
    heard, stop = Heard(), threading.Event()
    with tempfile.TemporaryDirectory(prefix="ivr-chaos-") as folder, _redis(Path(folder)) as redis:
        line = Line(Path(folder), Rest(seed), redis.url)
        try:
            if not soon(lambda: line.ready() == "ready", 120):
                raise SystemExit(f"The line did not start: {line.ready()}")
            with redis.stopped():
                began = time.monotonic()
                killer = threading.Thread(target=_kill, args=(line, random.Random(seed), stop))
                people = [threading.Thread(target=_ask, args=(line, heard, nth, seconds)) for nth in range(callers)]
                for each in (*people, killer):
                    each.start()
                for each in people:
                    each.join()
                time.sleep(max(0.0, seconds - (time.monotonic() - began)))
                lasted, waited = (
                    time.monotonic() - began,
                    Spool(line.settings.spool_dir, line.settings.keys).condition().waiting,
                )
                stop.set()
                killer.join()
            back, spool = time.monotonic(), Spool(line.settings.spool_dir, line.settings.keys)
            soon(spool.is_empty, 60)
            took = time.monotonic() - back
            with closing(Store(redis.url, line.settings.keys, PATIENT_SECONDS)) as store:
                print(f"Redis was away for {lasted:.0f} s, and {waited} entries waited in the spool. ", end="")
                print(f"{took:.1f} s after it was back, {spool.condition().waiting} did.")
                return _verdict(store, heard, callers)
        finally:
            line.end()


@contextmanager
def _redis(folder: Path) -> Iterator[RedisServer]:
    (folder / "redis").mkdir()
    with RedisServer(folder / "redis") as server:
        yield server


def _ask(line: Line, heard: Heard, nth: int, seconds: float) -> None:
    """One caller, who begins at some time in the first two thirds of the outage."""
    time.sleep(random.Random(nth).uniform(0.5, seconds * 2 / 3))
    phone = f"+447700900{nth - (nth % 5 == 4):03}"
    form = {"CallSid": f"CA{nth:032}", "From": phone, "To": "+441164960000", "CallStatus": "in-progress"}
    reply = ET.fromstring(line.webhook("/voice", form))
    for key in ("0", *KEYS):
        time.sleep(DEBOUNCE_SECONDS + 0.1)  # an earlier key would be taken for one that was meant for before
        reply = answer(line, reply, form, {"Digits": key, "FinishedOnKey": ""})
        if reply.find("Dial") is not None:
            reply = answer(line, reply, form, {"DialCallStatus": "no-answer"})
    words = words_of(reply)
    found = _NUMBER.search(words)
    if "We will call you" in words and found:
        heard.promised.append((phone, "".join(str(_DIGITS.index(each)) for each in re.findall(r"\w+", found[1]))))
    else:
        heard.turned_away.append(f"{phone}: {words[:80]}")


def _kill(line: Line, chance: random.Random, stop: threading.Event) -> None:
    killed = 0
    while not stop.wait(KILLS_EVERY * chance.uniform(0.5, 1.5)):
        if found := line.processes().get("a web process"):
            os.kill(chance.choice(found), signal.SIGKILL)
            killed += 1
    print(f"{killed} web processes were killed meanwhile.")


def _verdict(store: Store, heard: Heard, callers: int) -> int:
    waiting = store.requests.waiting()
    by_phone = Counter(request.number for request in waiting)
    wishes = Counter(asker.id for request in waiting for asker in (*request.askers, *request.gone))
    lost = [
        f"{phone} with {reference}" for phone, reference in heard.promised
        if not (found := store.requests.find(FindRequest(phone, reference)).request) or not found.open
    ]  # fmt: skip
    doubled = [f"{phone} has {times} requests" for phone, times in by_phone.items() if times > 1]
    doubled += [f"{wish} is in it {times} times" for wish, times in wishes.items() if times > 1]
    for name, found in (("turned away", heard.turned_away), ("lost", lost), ("doubled", doubled)):
        for each in found[:10]:
            print(f"  {name}: {each}")
    print(
        f"{callers} callers from {len(by_phone)} phones: {len(heard.turned_away)} turned away, {len(lost)} lost, "
        f"{len(doubled)} doubled",
        flush=True,
    )
    return 0 if len(heard.promised) == callers and not (lost or doubled) else 1
