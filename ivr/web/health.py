"""Health checks: whether the line is up (/healthz) and ready (/readyz), and its metrics (/metrics)."""

from __future__ import annotations

import contextlib
import datetime as dt
import hmac
import time
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ivr.callbacks import spending
from ivr.machine import config, metrics
from ivr.machine.config import Settings
from ivr.store import Condition, Figures, QueueFigures, Spool, Store, StoreDown
from ivr.usecases.jobs import MAIL, PROCESSES, WEBHOOK, WORKER_PROCESSES
from ivr.web.client import is_local
from ivr.web.live import Live

#: Why somebody does not see the metrics.
_NOT_HERE = (
    "Refused: the metrics are read on this machine, or with the token in METRICS_TOKEN (Authorization: Bearer ...).\n"
)

#: Seconds after which an entry of the spool should have been handed in to Redis.
LATE_SECONDS = 15


def faults(store: Store, live: Live, spool: Spool) -> list[str]:
    """The reasons why the line is not ready; empty if it is."""
    found = [] if live.ready else ["no script is published"]
    found += _of_spool(spool)
    try:
        store.try_it()
        if store.sealing.why_not():  # this is also checked at the start, but not if Redis was away then
            found.append("the keys of this machine are not those of what is stored ('ivr doctor' says more)")
        found += _of_processes(store.health.condition(WORKER_PROCESSES, PROCESSES))
    except StoreDown:
        found.append("Redis does not answer, or keeps nothing")
    return found


def _of_spool(spool: Spool) -> list[str]:
    """What is wrong with the spool: it cannot be read, or its entries have waited for too long."""
    try:
        held = spool.condition()
    except StoreDown as error:
        return [str(error)]
    found = []
    age = time.time() - held.oldest
    if held.waiting and age > LATE_SECONDS:
        found.append(f"{held.waiting} things that callers asked for wait in the spool, the oldest for {age:.0f} s")
    return found


def remarks(spool: Spool) -> list[str]:
    """What somebody should look at, although the line is ready: damaged files in the spool.

    They do not make the line unready: this machine answers calls as well as before, and without it the next fault would
    go unnoticed. They are also reported in the metrics, in the log and on the front page.
    """
    with contextlib.suppress(StoreDown):
        if damaged := spool.condition().damaged:
            files = "1 file" if damaged == 1 else f"{damaged} files"
            return [f"{files} in the spool cannot be read: somebody may not be rung ('ivr spool' names them)"]
    return []


def _of_processes(condition: Condition) -> list[str]:
    dead = [words for post, words in WORKER_PROCESSES.items() if post not in condition.alive]
    found = ["the worker does not run"] if len(dead) == len(WORKER_PROCESSES) else []
    if dead and not found:
        found.append(f"no process of the worker does this: {', '.join(dead)}")
    for process, times in condition.ailing.items():
        found.append(f"{PROCESSES[process]} keeps ending, {times} times in a row")
    if condition.figures and condition.figures.unwritable:
        found.append(f"nothing can be written into IVR_DATA: {condition.figures.unwritable}")
    return found


def blueprint(settings: Settings, store: Store, live: Live, spool: Spool) -> Blueprint:
    """/healthz and /readyz are public, for load balancers, and say nothing about callers. /metrics says how many people
    ring and when, so it needs this machine or a token.
    """
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = faults(store, live, spool)
        words = "; ".join(found or ["ready", *remarks(spool)])
        return Response(f"{words}\n", mimetype="text/plain"), 503 if found else 200

    @health.get("/metrics")
    def counted() -> Response:
        if not _may_count(settings):
            return Response(_NOT_HERE, 403, content_type="text/plain; charset=utf-8")
        told = [*_told_by_redis(store), *_told_by_spool(spool), *_spent(store, live), _told_by_calendar()]
        return Response(metrics.exposition(settings.metrics_dir, told), content_type=metrics.CONTENT_TYPE_LATEST)

    return health


def _may_count(settings: Settings) -> bool:
    token = request.authorization.token if request.authorization and request.authorization.type == "bearer" else None
    if token and settings.metrics_token:
        return hmac.compare_digest(token.encode(), settings.metrics_token.encode())
    return is_local(request.environ)


def _told_by_calendar() -> Metric:
    """When the known bank holidays end: they come with a package, which must be updated before that."""
    last = max(config.bank_holidays())
    ends = dt.datetime.combine(last, dt.time(), dt.UTC).timestamp()
    return GaugeMetricFamily("ivr_bank_holidays_end_timestamp_seconds", "The last bank holiday that is known", ends)


def _told_by_spool(spool: Spool) -> Iterator[Metric]:
    """The state of the spool of this machine."""
    with contextlib.suppress(StoreDown):
        held = spool.condition()
        for name, says, number in (
            ("ivr_spool_waiting", "What callers asked for that waits on this machine's disk for Redis", held.waiting),
            (
                "ivr_spool_oldest_seconds",
                "How long the oldest has waited",
                time.time() - held.oldest if held.waiting else 0,
            ),
            ("ivr_spool_damaged", "Files in the spool that cannot be read", held.damaged),
        ):
            yield GaugeMetricFamily(name, says, number)


def _spent(store: Store, live: Live) -> Iterator[Metric]:
    """What was spent at Twilio today, as far as is known, and the ceiling."""
    if live.ready:
        prices = live.now.script.line.spending
        with contextlib.suppress(StoreDown):
            spent = spending.pounds(store.spendings.of_day(time.time()), prices)
            yield GaugeMetricFamily("ivr_spent_pounds", "Spent at Twilio today, estimated", spent)
            yield GaugeMetricFamily("ivr_spending_ceiling_pounds", "What may be spent in a day", prices.pounds_a_day)


def _told_by_redis(store: Store) -> Iterator[Metric]:
    """Metrics that the worker stored in Redis; only `ivr_redis_up` if Redis is down."""
    try:
        condition, counts = store.health.condition(WORKER_PROCESSES, PROCESSES), store.health.counts()
    except StoreDown:
        yield GaugeMetricFamily("ivr_redis_up", "Whether Redis answers", 0)
        return
    yield GaugeMetricFamily("ivr_redis_up", "Whether Redis answers", 1)
    alive = GaugeMetricFamily("ivr_worker_alive", "Whether this process of the worker is alive", labels=["post"])
    for post in WORKER_PROCESSES:
        alive.add_metric([post], post in condition.alive)
    yield alive
    if condition.figures:
        yield from _figures(condition.figures)
    errors = CounterMetricFamily(
        "ivr_rest_errors", "Requests that failed at Twilio's REST API, by code", labels=["code"]
    )
    for (name, code), times in counts.items():
        if name == "rest_errors":
            errors.add_metric([code], times)
    yield errors
    aside = "Messages without sound like speech, so that nobody was rung for them"
    yield CounterMetricFamily("ivr_messages_put_aside", aside, counts.get(("messages_put_aside", ""), 0))


def _figures(figures: Figures) -> Iterator[Metric]:
    now = time.time()
    yield GaugeMetricFamily("ivr_figures_age_seconds", "Seconds since the worker wrote these", now - figures.at)
    of_queue: dict[str, tuple[str, Callable[[QueueFigures], float]]] = {
        "ivr_jobs_waiting": ("Jobs that wait for the worker", lambda queue: queue.waiting),
        "ivr_jobs_to_retry": ("Jobs that failed and will be tried again", lambda queue: queue.to_retry),
        "ivr_jobs_failed": ("Jobs that were given up within the last hour", lambda queue: queue.failed),
        "ivr_oldest_job_seconds": (
            "How long the oldest job has been waiting", lambda queue: now - queue.oldest if queue.oldest else 0,
        ),
    }  # fmt: skip
    for name, (says, value) in of_queue.items():
        family = GaugeMetricFamily(name, says, labels=["queue"])
        for queue, held in figures.queues.items():
            family.add_metric([queue], value(held))
        yield family
    unsent = [figures.queues[way] for way in (MAIL, WEBHOOK) if way in figures.queues]
    for name, says, number in (
        ("ivr_texts_unsent", "Texts that are not sent yet", figures.texts_unsent),
        ("ivr_alerts_unsent", "Alerts that are not sent yet", sum(each.waiting + each.to_retry for each in unsent)),
        ("ivr_requests_late", "Callers who were not rung in time", figures.requests_late),
        (
            "ivr_urgent_oldest_seconds",
            "How long the first of the urgent callers has waited who can be rung now",
            now - figures.urgent_since if figures.urgent_since else 0,
        ),
        ("ivr_messages_unheard", "Messages that nobody has listened to in time", figures.messages_unheard),
    ):
        yield GaugeMetricFamily(name, says, number)
