"""Whether the line is up (/healthz), ready (/readyz), and what it counts (/metrics)."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from ivr.store import Store, StoreDown
from ivr.web.live import Live


def faults(store: Store, live: Live) -> list[str]:
    """What keeps the line from being ready, in words; nothing if it is."""
    found = [] if live.ready else ["no script is published"]
    try:
        store.try_it()
    except StoreDown:
        found.append("Redis does not answer, or keeps nothing")
    return found


def blueprint(store: Store, live: Live) -> Blueprint:
    """Public on purpose: a load balancer and a scraper have no signature. Nothing here is about a caller."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = faults(store, live)
        words = "; ".join(found) or "ready"
        return Response(f"{words}\n", mimetype="text/plain"), 503 if found else 200

    @health.get("/metrics")
    def metrics() -> Response:
        registry = REGISTRY
        if ValueClass.__name__ == "MmapedValue":  # several workers: their counts are added up from files
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return health
