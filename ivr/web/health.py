"""Whether the line is up (/healthz), ready (/readyz), and what it counts (/metrics)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from ivr.store import Store, StoreDown
from ivr.web.live import Live


class _Counts(MultiProcessCollector):
    """The counts of all workers. The library's own look for their files takes a bracket in the path for a pattern."""

    def collect(self) -> Any:
        files = [str(path) for path in Path(self._path).glob("*.db")]
        return self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]


def blueprint(store: Store, live: Live) -> Blueprint:
    """Public on purpose: a load balancer and a scraper have no signature. Nothing here is about a caller."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        faults = [] if live.ready else ["no script is published"]
        try:
            store.try_it()
        except StoreDown:
            faults.append("Redis does not answer, or keeps nothing")
        words = "; ".join(faults) or "ready"
        return Response(f"{words}\n", mimetype="text/plain"), 503 if faults else 200

    @health.get("/metrics")
    def metrics() -> Response:
        registry = REGISTRY
        if ValueClass.__name__ == "MmapedValue":  # several workers: their counts are added up from files
            registry = CollectorRegistry()
            _Counts(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return health
