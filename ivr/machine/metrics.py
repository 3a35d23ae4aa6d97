"""The line's metrics, summed over its processes for /metrics.

Each process counts in its own memory, and writes its totals to its own file once a second. A scrape sums these files.
prometheus_client's multiprocess mode maps its files into memory, and on a full disk the kernel kills a process that
touches a new page (SIGBUS), so counting could stop calls. Here, a full disk only delays the totals until there is room
again.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, disable_created_metrics, generate_latest
from prometheus_client.parser import text_string_to_metric_families

#: Seconds between two writes of a process's totals: the most by which a scrape is behind.
SHARE_SECONDS = 1.0
#: Only our own metrics are summed: a sum of process ages or Python versions would mean nothing.
PREFIX = "ivr_"

disable_created_metrics()  # type: ignore[no-untyped-call]


class _Families:
    """Wraps metrics so that the library can write them out."""

    def __init__(self, families: Iterable[Metric]):
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def exposition(folder: Path, more: Iterable[Metric] = ()) -> bytes:
    """The totals of all processes that share `folder`, and the metrics `more`, in Prometheus' text format."""
    own = _file(folder)
    texts = [_own_totals().decode()]
    for path in sorted(folder.glob("*.prom")):
        if path != own:
            with contextlib.suppress(OSError, UnicodeError):
                texts.append(path.read_text())
    return generate_latest(_Families([*_added_up(texts), *more]))


def share(folder: Path) -> None:
    """Start a thread that keeps writing this process's totals to `folder`."""
    threading.Thread(target=_share, args=(folder,), name="metrics", daemon=True).start()


def forget(folder: Path) -> None:
    """Delete the totals of earlier processes, if the disk can be written."""
    for old in (*folder.glob("*.prom"), *folder.glob("*.part"), *folder.glob("*.db")):
        with contextlib.suppress(OSError):
            old.unlink(missing_ok=True)


def _own_totals() -> bytes:
    ours = (family for family in REGISTRY.collect() if family.name.startswith(PREFIX))
    return generate_latest(_Families(ours))


def _file(folder: Path) -> Path:
    return folder / f"{os.getpid()}.prom"


def _share(folder: Path) -> None:
    written, wait = b"", threading.Event()
    while not wait.wait(SHARE_SECONDS):
        totals = _own_totals()
        if totals != written and _written(_file(folder), totals):
            written = totals


def _written(path: Path, totals: bytes) -> bool:
    """Write the totals atomically. Returns whether that worked. They do not have to survive a power cut."""
    partial = path.with_suffix(".part")
    try:
        partial.write_bytes(totals)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        return False
    return True


def _added_up(texts: Iterable[str]) -> list[Metric]:
    """One metric family per name, with the sum of each sample. Files that cannot be parsed are skipped."""
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for text in texts:
        with contextlib.suppress(ValueError):
            for family in list(text_string_to_metric_families(text)):
                families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                total = sums.setdefault(family.name, {})
                for sample in family.samples:
                    key = sample.name, tuple(sample.labels.items())
                    total[key] = total.get(key, 0.0) + sample.value
    for name, total in sums.items():
        for (sample_name, labels), value in total.items():
            families[name].add_sample(sample_name, dict(labels), value)
    return list(families.values())


__all__ = ["CONTENT_TYPE_LATEST", "exposition", "forget", "share"]
