"""What is installed here: everything, or only what a machine needs that answers calls.

Words are checked, drawn and spoken before they are live. The packages for that are three quarters of an installation,
and are the extra `publishing` in pyproject.toml. A machine without them serves what another has published.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from ivr.problems import Stopped

#: What the packages of the extra `publishing` are imported as.
PUBLISHING = (
    "espeakng_loader", "hibari", "numpy", "openpyxl", "pygraphviz", "pyloudnorm", "scipy", "soundfile", "soxr",
    "typst", "wordfreq",
)  # fmt: skip

ONLY_SERVES = "This machine only serves calls: the packages that check words and make sounds are not installed."
ELSEWHERE = "Do this on a machine that has them, or install them here: scripts/install requirements.lock"


class OnlyServes(Stopped):
    """Raised for something that needs packages which are not installed. The message says what to do."""

    def __init__(self) -> None:
        super().__init__(f"{ONLY_SERVES} {ELSEWHERE}")


@cache
def only_serves() -> bool:
    """Whether a package of the extra `publishing` is missing."""
    return any(find_spec(name) is None for name in PUBLISHING)


def must_have_all() -> None:
    """Raises OnlyServes on a machine that only serves."""
    if only_serves():
        raise OnlyServes
