"""The processes of the worker: one for each queue, four for the queue of clicks, and one for the look.

    ivr worker ─┬─ ringing by one click, 4  each takes jobs from its queue, one at a time, and does each in
                ├─ alerts by webhook        a process forked for it: a job that ends its process, or never ends,
                ├─ alerts by e-mail         takes nothing with it
                ├─ spoken messages
                ├─ texts
                └─ the look                 queues again what failed and is due, and what a killed process left;
                                            looks for what is late; writes what /readyz and /metrics tell

Each is forked from the parent, and shares its loaded code. In rq's own pool all workers are alike: twenty texts to a
server that hangs would block them all. A click is different from the rest: an adviser waits for it, and a slow answer
to one click must not delay the next. So four processes take clicks.

The look is a maintenance pass. It replaces rq's scheduler, which holds a lock for a minute. After a scheduler was
killed, retries waited up to eleven minutes until the lock expired and another process noticed. Here each move is a
transaction, so any number of processes may look at once, and a killed one leaves nothing locked.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from typing import Any, TypeVar

import structlog
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.registry import BaseRegistry, FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from ivr.machine import children, disk, log
from ivr.machine.backoff import Backoff
from ivr.machine.config import Settings
from ivr.problems import ConfigError
from ivr.processes import overdue, server, worker
from ivr.processes.tools import Tools
from ivr.processes.worker import JOBS
from ivr.store import Figures, QueueFigures, Store, StoreDown, WatchError, beat
from ivr.twilio.rest import RestFailed
from ivr.usecases.jobs import LOOK, PROCESSES, QUEUES, RING

Registry = TypeVar("Registry", bound=BaseRegistry)

#: Seconds between two heartbeats during a job, and seconds after the last one when the job's process counts as dead.
BEAT_SECONDS, SILENT_SECONDS = 5, 15
#: Seconds between two looks: for due and abandoned jobs; for figures; and for late requests.
DUE_SECONDS, FIGURES_SECONDS, LOOK_SECONDS = 1.0, 10.0, 20.0
#: Processes of a queue, where that is more than one. Each has 7 to 14 MB of its own.
AT_ONCE = {RING: 4}
#: How many jobs of a queue to examine for the oldest one: new jobs come last, and urgent alerts first.
MOST_LOOKED_AT = 100
#: Seconds that the processes have to finish when the worker stops.
STOP_SECONDS = 8.0


def work(settings: Settings) -> None:
    """Run the worker: keep its processes alive until stopped."""
    log.outlive_full_disks()
    log.as_json()
    told = structlog.get_logger()
    stopping = children.StopSignals()
    with contextlib.suppress(StoreDown):
        server.unlock(settings)
    store = Store(settings.redis_url, settings.keys)
    processes = [
        WorkerProcess(queue, partial(_serve, settings, queue)) for queue in QUEUES for _ in range(AT_ONCE.get(queue, 1))
    ]
    processes.append(WorkerProcess(LOOK, partial(look_for_ever, settings)))
    gc.collect()
    gc.freeze()  # otherwise the garbage collector would write to memory that the processes share
    try:
        while not stopping.asked:
            for child in processes:
                if child.keep_alive(time.monotonic()) and child.backoff.early_ends:
                    told.error("worker", why=f"{PROCESSES[child.name]} ended and was started again")
                    if child.backoff.is_crash_loop:
                        store.health.ail(child.name, child.backoff.early_ends)
            time.sleep(0.1)
    finally:
        for child in processes:
            child.ask_to_stop()
        ends = time.monotonic() + STOP_SECONDS
        for child in processes:
            child.stop(ends - time.monotonic())


class WorkerProcess:
    """One process of the worker, forked from this one, which does `be` for as long as it lives. Ends with this one."""

    def __init__(self, name: str, be: Callable[[], None]):
        self.name, self.backoff = name, Backoff()
        self._be = be
        self._process: ForkProcess | None = None

    def keep_alive(self, now: float) -> bool:
        """Start it if it is not running and a restart is due. Returns whether it was started."""
        if (self._process and self._process.is_alive()) or not self.backoff.may_start(now):
            return False
        self.backoff.started(now)
        self._process = get_context("fork").Process(target=_begin, args=(self._be,), name=self.name)
        self._process.start()
        return True

    def ask_to_stop(self) -> None:
        if self._process:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """Wait at most this long for it to end, then kill it."""
        if self._process:
            self._process.join(max(seconds, 0.0))
            self._process.kill()
            self._process.join()


def _begin(be: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    children.die_with_parent()
    log.as_json("rq")
    be()


# --- doing what is queued ---------------------------------------------------------------------


def _serve(settings: Settings, queue: str) -> None:
    queue_worker(Tools(settings), queue, kind=_Forking).work(logging_level="WARNING")
    sys.exit(1)  # a worker that ends without being stopped has failed


class _Job(Job):
    """A job without callbacks, whatever its data says."""

    success_callback = failure_callback = None


class _Forking(Worker):
    """Runs each job in a forked process, and sends heartbeats."""

    def subscribe(self) -> None:
        """Disabled: rq accepts commands through Redis, for example to stop a worker."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline=pipeline)
        beat(self.connection if pipeline is None else pipeline, self.queues[0].name)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Seconds without a heartbeat after which a job counts as lost and is tried again."""
        return SILENT_SECONDS

    def setup_work_horse_signals(self) -> None:
        """End the job when its worker ends, so that two workers never do it."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        children.die_with_parent(signal.SIGKILL)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Runs in the forked process."""
        end_log = log.as_json("rq")
        try:
            return bool(super().perform_job(job, queue, execution))
        finally:
            end_log()


def queue_worker(tools: Tools, *queues: str, kind: type[BaseWorker]) -> BaseWorker:
    """A worker that runs only our own jobs.

    rq itself imports and calls any function that a job names, so anybody who can write to Redis could run code here.
    """

    class Ours(_Job):
        @property
        def func(self) -> Callable[..., None]:
            return partial(JOBS[self.func_name or ""], tools)

    return kind(
        list(queues), connection=tools.store.queue_client(), job_class=Ours, serializer=JSONSerializer,
        worker_ttl=15 + BEAT_SECONDS, job_monitoring_interval=BEAT_SECONDS,
    )  # fmt: skip


# --- looking ----------------------------------------------------------------------------------


def look_for_ever(settings: Settings) -> None:
    """Do each kind of look at its interval, for ever. A failure does not end it."""
    tools, due = Tools(settings), dict.fromkeys(("figures", "look"), 0.0)
    upkeep = Upkeep(tools.store)
    while True:
        now = time.time()
        _outlive(upkeep.look, now)
        if now >= due["figures"]:
            due["figures"] = now + FIGURES_SECONDS
            _outlive(_tell_figures, tools, upkeep, now)
            _outlive(_tell_of_processes, tools)
        if now >= due["look"]:
            due["look"] = now + LOOK_SECONDS
            _outlive(worker.hand_in, tools, now)  # by itself: a spool that cannot be read holds up no alert
            _outlive(worker.keep_erased, tools, now)
            _outlive(worker.look, tools, now)
            _outlive(worker.tidy, tools, now)
            _outlive(worker.end_half_made, tools, now)
            _outlive(tools.jobs.fetch_forgotten, now)
        time.sleep(DUE_SECONDS)


def _outlive(what: Callable[..., object], *of: object) -> None:
    """Call a function and log any failure: the next look may succeed."""
    try:
        what(*of)
    except (StoreDown, RestFailed, ConfigError) as error:
        structlog.get_logger().warning("worker", why=str(error))
    except Exception:
        structlog.get_logger().exception("worker")


def _tell_of_processes(tools: Tools) -> None:
    """Queue an alert for each process that keeps ending."""
    for process in tools.store.health.ailing(PROCESSES):
        tools.jobs.alert_of_process(process)


def _tell_figures(tools: Tools, upkeep: Upkeep, now: float) -> None:
    behind = overdue.behind(tools.store.requests.waiting(), tools.hours(), now)
    unwritable = disk.why_unwritable(tools.settings.data_dir)
    tools.store.health.figures(
        Figures(
            now,
            upkeep.figures(),
            len(tools.store.texts.underway()),
            behind.late,
            behind.unheard,
            unwritable,
            behind.urgent_since,
        )
    )


class Upkeep:
    """Recovers the queues after processes were killed."""

    def __init__(self, store: Store):
        self._store = store
        #: When each job was first seen as taken from its queue but not begun.
        self._between: dict[str, float] = {}

    def look(self, now: float) -> None:
        """Queue jobs that are due, that a killed process was doing, or that one had taken but not begun."""
        self._store.with_queue(lambda client: beat(client, LOOK))
        between: dict[str, float] = {}
        for name in QUEUES:
            _outlive(self._store.with_queue, partial(_clean_up, name))
            for job_id in self._store.with_queue(partial(_due, name, now)):
                _outlive(self._store.with_queue, partial(_queue_due, name, job_id))
            for job_id in self._store.with_queue(partial(_taken, name)):
                between[job_id] = self._between.get(job_id, now)
                if between[job_id] + SILENT_SECONDS <= now:
                    _outlive(self._store.with_queue, partial(_put_back, name, job_id))
        self._between = between

    def figures(self) -> dict[str, QueueFigures]:
        """The figures of each queue. Raises StoreDown."""
        return self._store.with_queue(lambda client: {name: _figures(name, client) for name in QUEUES})


def _queue(name: str, client: Any) -> Queue:
    return Queue(name, connection=client, job_class=_Job, serializer=JSONSerializer)


def _clean_up(name: str, client: Any) -> None:
    """Queue jobs again whose process sends no heartbeat any more."""
    _registry(StartedJobRegistry, name, client).cleanup()


def _due(name: str, now: float, client: Any) -> list[str]:
    return _registry(ScheduledJobRegistry, name, client).get_jobs_to_schedule(int(now))


def _taken(name: str, client: Any) -> list[str]:
    return _queue(name, client).intermediate_queue.get_job_ids()


def _registry(kind: type[Registry], name: str, client: Any) -> Registry:
    return kind(queue=_queue(name, client), job_class=_Job)


def _queue_due(name: str, job_id: str, client: Any) -> None:
    """Move a scheduled job to the queue, unless another look is quicker."""
    queue, scheduled = _queue(name, client), _registry(ScheduledJobRegistry, name, client)
    with contextlib.suppress(WatchError), client.pipeline() as pipe:
        pipe.watch(scheduled.key)
        if pipe.zscore(scheduled.key, job_id) is None:
            return
        job = queue.fetch_job(job_id)
        pipe.multi()
        scheduled.remove(job_id, pipeline=pipe)
        if job is not None:
            queue._enqueue_job(job, pipeline=pipe, at_front=job.should_enqueue_at_front())
        pipe.execute()


def _put_back(name: str, job_id: str, client: Any) -> None:
    """Put a job first in its queue: a process took it, and was killed before it recorded the start."""
    queue = _queue(name, client)
    with contextlib.suppress(WatchError), client.pipeline() as pipe:
        pipe.watch(queue.intermediate_queue_key)
        is_there = queue.fetch_job(job_id) is not None
        pipe.multi()
        pipe.lrem(queue.intermediate_queue_key, 1, job_id)
        if is_there:
            queue.push_job_id(job_id, pipeline=pipe, at_front=True)
        pipe.execute()


def _figures(name: str, client: Any) -> QueueFigures:
    queue = _queue(name, client)
    began = [job.enqueued_at.timestamp() for job in queue.get_jobs(0, MOST_LOOKED_AT) if job.enqueued_at]
    return QueueFigures(
        queue.count,
        _registry(ScheduledJobRegistry, name, client).get_job_count(cleanup=False),
        _registry(FailedJobRegistry, name, client).get_job_count(cleanup=True),
        min(began, default=0.0),
    )
