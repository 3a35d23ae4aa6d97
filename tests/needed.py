"""What some tests need besides Python. Without it they are skipped, and in CI they fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

#: The packages that `npm ci` installs.
NODE = Path(__file__).parent / "node_modules"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def needs(what: object, why: str) -> None:
    """Skip on a machine without it. In CI, where everything must run, fail."""
    if not what:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
