"""What a benchmark found: figures with their spread, as a table, as JSON, and beside an earlier one.

Machines differ, so what counts are the ratios of one run: of each round with the same round of the other side.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import tomllib
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.machine import config
from ivr.machine.disk import write_whole


def options(name: str, says: str | None) -> ArgumentParser:
    """The options that each benchmark has."""
    made = ArgumentParser(prog=f"scripts/bench {name}", description=says, formatter_class=RawDescriptionHelpFormatter)
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    made.add_argument("--compare", type=Path, metavar="FILE", help="print them beside those of an earlier run")
    return made


@dataclass
class Figures:
    """The figures of one run. Each has one value for each round."""

    bench: str
    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, values: Iterable[float], unit: str) -> None:
        self.values[name], self.units[name] = list(values), unit

    def add_round(self, name: str, value: float, unit: str) -> None:
        """One more value of a figure, that of the round which has just been measured."""
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit

    def ratio(self, name: str, of: str, to: str) -> None:
        """Of each round of one figure with the same round of another, which was measured a moment later."""
        pairs = zip(self.values[of], self.values[to], strict=True)
        self.add(name, [a / b for a, b in pairs if b], "times")

    def tell(self, chosen: Namespace) -> None:
        """Print the figures, write them if that was asked for, and compare them."""
        earlier = json.loads(chosen.compare.read_text()) if chosen.compare else {}
        before = {name: each["values"] for name, each in earlier.get("figures", {}).items()}
        print(
            f"\n{'median (least to most)':52}{'now':>28}" + (f"{'earlier':>28}{'now / earlier':>16}" if before else "")
        )
        for name, values in self.values.items():
            row = f"{f'{name}, {self.units[name]}':52}{_spread(values):>28}"
            if was := before.get(name):
                row += f"{_spread(was):>28}{_over(values, was):>16}"
            print(row)
        if before:
            print(f"The earlier run was of version {earlier['version']}, on {earlier['machine']}.")
            if gone := [name for name in before if name not in self.values]:
                print(f"Only in the earlier run: {', '.join(gone)}.")
        if chosen.json:
            write_whole(chosen.json, self.as_json())

    def as_json(self) -> str:
        figures = {
            name: {
                "unit": self.units[name], "median": statistics.median(values), "least": min(values),
                "most": max(values), "values": values,
            }
            for name, values in self.values.items() if values
        }  # fmt: skip
        cores = len(os.sched_getaffinity(0))
        machine = f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"
        told = {
            "bench": self.bench, "version": _version(), "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
            "machine": machine, "command": ["scripts/bench", *sys.argv[1:]], "figures": figures,
        }  # fmt: skip
        return json.dumps(told, indent=1) + "\n"


def add_waits(figures: Figures, name: str, took: Sequence[float], failed: int) -> None:
    """Add a round of turns, from the seconds that each took and how many failed."""
    at = statistics.quantiles(took, n=100)
    figures.add_round(f"{name}: median", at[49] * 1e3, "ms")
    figures.add_round(f"{name}: 99th percentile", at[98] * 1e3, "ms")
    figures.add_round(f"{name}: longest", max(took) * 1e3, "ms")
    figures.add_round(f"{name}: failed of {len(took)}", float(failed), "turns")


def _version() -> str:
    return str(tomllib.loads((config.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _spread(values: list[float]) -> str:
    if not values:
        return "not measured"
    shown = [
        f"{each:.2f}" if abs(each) < 100 else f"{each:.0f}"
        for each in (statistics.median(values), min(values), max(values))
    ]
    return shown[0] if len(values) == 1 else f"{shown[0]} ({shown[1]} to {shown[2]})"


def _over(values: list[float], was: list[float]) -> str:
    before = statistics.median(was)
    return f"{statistics.median(values) / before:.2f}" if values and before else "-"
