"""Whether the line is up (/healthz), ready (/readyz), and what it counts (/metrics)."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response

from ivr import metrics
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


def blueprint(store: Store, live: Live, counts: Path) -> Blueprint:
    """Public on purpose: a load balancer and a scraper have no signature. Nothing here is about a caller.

    `counts` is the folder that the line's processes share their metrics in.
    """
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
    def counted() -> Response:
        return Response(metrics.exposition(counts), content_type=metrics.CONTENT_TYPE_LATEST)

    return health
