"""Hands in the spool: puts what was kept while Redis was down where it would have gone."""

from __future__ import annotations

import threading
import time

import structlog

from ivr.callbacks.callback import Refused
from ivr.script.session import SaveRequest
from ivr.store import Spool, Store, StoreDown
from ivr.store.spool import WaitingEntry
from ivr.usecases.jobs import Jobs

log = structlog.get_logger()

#: Seconds between two checks of the spool; and between two times at which calls that are over are removed from it,
#: which this thread does because the machine may have no worker.
LOOK_SECONDS, PREPARE_SECONDS = 1.0, 600.0


def hand_in(spool: Spool, store: Store, jobs: Jobs, wish: str = "") -> int:
    """Put waiting entries into Redis, in order, and return their number.

    With `wish`, only those about this wish's call. Raises StoreDown while Redis is down; the rest keeps waiting.
    Entries that were handed in before, by a process that was killed before it could remove the file, change nothing.
    """
    handed = 0
    for each in spool.content(wish).waiting:
        try:
            _hand_in(each, store, jobs)
        except StoreDown:
            raise
        except Refused as refusal:  # it does not belong into the list any more, so the entry is dropped
            log.warning("spool", file=each.name, why=str(refusal))
        except Exception:  # one failure must not stop the others; the file stays
            log.exception("spool", file=each.name)
            continue
        if not store.is_on_a_replica():
            raise StoreDown("Only one server of several has it")
        spool.forget(each.name)
        log.info("handed in", file=each.name, waited=round(time.time() - each.entry.at, 1))
        handed += 1
    return handed


def _hand_in(each: WaitingEntry, store: Store, jobs: Jobs) -> None:
    entry, now = each.entry, time.time()
    if request := entry.request:
        jobs.alert_new(store.requests.save(SaveRequest(request), entry=each.name), now)
    if entry.cancel:
        store.requests.cancel(entry.cancel, entry.at)
    if entry.recording:
        jobs.fetch_recording(entry.recording.wish, entry.recording.sid, entry.recording.seconds)


class HandingIn:
    """A thread that checks the spool once a second."""

    def __init__(self, spool: Spool, store: Store, jobs: Jobs):
        self._spool, self._store, self._jobs, self._stop = spool, store, jobs, threading.Event()
        threading.Thread(target=self._watch, name="spool", daemon=True).start()

    def _watch(self) -> None:
        prepared = self._prepared()
        while not self._stop.wait(LOOK_SECONDS):
            try:
                handed = 0 if self._spool.is_empty() else hand_in(self._spool, self._store, self._jobs)
                if handed or time.monotonic() - prepared >= PREPARE_SECONDS:
                    prepared = self._prepared()
            except StoreDown:
                continue
            except Exception:
                log.exception("spool")

    def _prepared(self) -> float:
        self._spool.prepare(time.time())
        return time.monotonic()

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
