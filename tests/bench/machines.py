"""How long callers wait with two machines on one Redis, and when one of the two is killed in the middle of calls.

Both are on this machine, behind the balancer of scripts/deploy. Turns are sent on schedule, alone and with the loss.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests import machines
from tests.bench.figures import Figures, add_waits, options


def main(arguments: list[str]) -> None:
    chosen = options("machines", __doc__)
    chosen.add_argument("--rounds", type=int, default=3)
    chosen.add_argument("--seconds", type=int, default=10, help="of each stretch of turns")
    chosen.add_argument("--a-second", type=int, default=50, help="turns a second")
    picked = chosen.parse_args(arguments)
    figures = Figures("machines")
    for nth in range(picked.rounds):
        with tempfile.TemporaryDirectory() as name, machines.two(Path(name)) as both:
            for kind, after in (("two machines", 0.0), ("one of them killed", picked.seconds / 3)):
                took, failed = both.play(f"{kind[:3]}{nth}", picked.seconds, picked.a_second, after)
                add_waits(figures, kind, took, failed)
    figures.ratio("killed / both: median", "one of them killed: median", "two machines: median")
    figures.tell(picked)
