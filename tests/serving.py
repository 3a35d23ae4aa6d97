"""A Python with only what `scripts/deploy/requirements.lock` installs: as on a machine that only serves calls.

The packages are those of this environment, by links, so nothing is fetched. What the lock does not name is not there.
"""

from __future__ import annotations

import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ivr.machine import config
from tests.licences import locked

LOCK = "scripts/deploy/requirements.lock"


def python(folder: Path) -> Path:
    """Make such an environment. Returns its Python."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    there = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for name in locked(LOCK):
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # only another Python needs it
            continue
        base = Path(str(distribution(name).locate_file("")))
        for top in {path.parts[0] for path in files if ".." not in path.parts}:
            if top != "__pycache__" and (base / top).exists() and not (there / top).exists():
                (there / top).symlink_to(base / top)
    (there / "the_line.pth").write_text(f"{config.ROOT}\n")
    return folder / "bin" / "python"
