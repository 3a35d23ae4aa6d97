"""Make .venv from a lock file, or do nothing if it has that already. `scripts/install` finds a Python, and runs this.

Needs nothing but that Python. A .venv counts only once its last step is done. It is made anew if it is incomplete, was
made by another Python, was copied from another folder, or its Python is gone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
#: What is installed, as hashes of what was asked for; and the folder that it was made in.
INSTALLED, MADE_IN = VENV / "installed", VENV / "folder"
LOG = VENV / "install.log"
#: The program `ivr`, for a folder of any name: a first line like #!/path/to/python cannot have a long path or spaces.
LAUNCHER = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m ivr "$@"
"""
#: Settings for other uses of pip and Python, which would put packages elsewhere or hide those of .venv.
NOT_FOR_US = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH")
#: For a machine that only serves calls. Its .venv must have nothing else, so it is made anew whenever this changes.
SERVING = "scripts/deploy/requirements.lock"
#: With fewer free megabytes than this, a failure is put down to a full disk.
ROOM = 50


class CannotInstall(Exception):
    """Raised with plain lines that say what went wrong and what to do."""


def main(lock: str) -> None:
    _must_have_a_usable_name()
    folder = _wait_for_others()
    try:
        if _is_there(lock):
            return
        print("Installing what the line needs into .venv (once; a minute or two)...", flush=True)
        _make(lock)
    finally:
        os.close(folder)


def _must_have_a_usable_name() -> None:
    try:
        str(ROOT).encode()
    except UnicodeError:
        raise CannotInstall("The path of this folder is not UTF-8 text. Rename it, and run this again.") from None
    for sign, name in ((":", "a colon"), ("\n", "a line break"), ("\r", "a line break")):
        if sign in str(ROOT):
            raise CannotInstall(f"The path of this folder has {name} in it, and Python cannot use it. Rename it.")


def _wait_for_others() -> int:
    """Hold this folder, so that two installs at once do not write to one .venv."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another install is under way in this folder. Waiting for it...", flush=True)
        fcntl.flock(folder, fcntl.LOCK_EX)
    except OSError:  # some network disks have no locks
        pass
    return folder


# --- what is there ----------------------------------------------------------------------------


def _wanted(lock: str) -> str:
    files = (ROOT / "pyproject.toml", ROOT / "requirements.lock", ROOT / lock, Path(__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _is_there(lock: str) -> bool:
    return _can_be_used() and (VENV / "bin" / "ivr").exists() and _wanted(lock) in INSTALLED.read_text().split()


def _can_be_used() -> bool:
    """Whether .venv was made whole, here, by the Python that is asked for, and that Python is still there."""
    try:
        made_in, settings = MADE_IN.read_text(), (VENV / "pyvenv.cfg").read_text()
    except OSError:
        return False
    # The same folder can have another path: through a link, or another mount.
    if not (INSTALLED.exists() and os.path.isdir(made_in.strip()) and os.path.samefile(made_in.strip(), ROOT)):
        return False
    if os.environ.get("PYTHON") and not _made_by_this(settings):
        return False
    asked = [PYTHON, "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(asked, env=_environment(), capture_output=True, text=True, check=False)
    except OSError:
        return False
    # After an upgrade of the system, its `python3` can be a newer one, which does not see what is installed here.
    version = re.search(r"^version\s*=\s*(\d+\.\d+)", settings, re.MULTILINE)
    return answer.returncode == 0 and version is not None and answer.stdout.strip() == version[1]


def _made_by_this(settings: str) -> bool:
    maker = re.search(r"^executable\s*=\s*(.+)$", settings, re.MULTILINE)
    return maker is not None and os.path.realpath(maker[1]) == os.path.realpath(_base())


def _base() -> str:
    """The Python itself, where this one is that of a virtual environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_US}
    return {**kept, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


# --- making it --------------------------------------------------------------------------------


def _make(lock: str) -> None:
    is_whole = _can_be_used() and lock != SERVING
    INSTALLED.unlink(missing_ok=True)  # from here on it is half-made, until it has its mark again
    if not is_whole:
        _make_empty()
    MADE_IN.write_text(f"{ROOT}\n")
    # No bytecode of all modules: such a machine never imports half of them.
    _pip("--require-hashes", *(["--no-compile"] if lock == SERVING else []), "--requirement", lock)
    _pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", ".")
    program = VENV / "bin" / "ivr"
    program.unlink(missing_ok=True)
    program.write_text(LAUNCHER)
    program.chmod(0o755)
    if lock == SERVING:
        _compile_what_is_used()
    # What the tests need includes what the line needs.
    there = {lock} if lock == SERVING else {"requirements.lock", lock}
    new = INSTALLED.with_suffix(".new")
    new.write_text("".join(f"{_wanted(each)}\n" for each in sorted(there)))
    new.replace(INSTALLED)


#: Imports all that a running line does.
_RUNS = "import ivr.cli.preparing, ivr.cli.running, ivr.processes.pool, ivr.processes.web_server"


def _compile_what_is_used() -> None:
    """Write the bytecode of all that a running line imports, also for a container that cannot write it later."""
    subprocess.run([PYTHON, "-c", _RUNS], cwd=ROOT, env=_environment(), check=False)


def _make_empty() -> None:
    made = subprocess.run(
        [_base(), "-m", "venv", "--clear", VENV], env=_environment(), capture_output=True, text=True, check=False
    )
    if made.returncode == 0:
        return
    if subprocess.run([_base(), "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode:
        raise CannotInstall(
            "This Python cannot make a virtual environment. On Debian or Ubuntu: sudo apt-get install python3-venv"
        )
    told = (made.stderr + made.stdout).strip().splitlines() or [f"it ended with {made.returncode}"]
    raise CannotInstall(f"Python could not make a virtual environment in {VENV}: {_full() or told[-1]}")


def _pip(*options: str) -> None:
    """Run pip. Raises CannotInstall with the reason that pip gives."""
    with LOG.open("w") as log:
        command = [PYTHON, "-m", "pip", "install", "--quiet", *options]
        code = subprocess.run(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log, check=False).returncode
    if code:
        raise CannotInstall(f"{_full() or _reason(LOG.read_text(errors='replace'))} (Details: .venv/install.log)")


def _full() -> str:
    for place in (VENV if VENV.exists() else ROOT, Path(os.environ.get("TMPDIR") or "/tmp")):
        if place.exists() and shutil.disk_usage(place).free < ROOM * 1024 * 1024:
            return f"The disk of {place} is full. Make room, and run this again."
    return ""


def _reason(log: str) -> str:
    """The reason that pip gives, from the lines that it writes for people. Other words in its log are no evidence."""
    errors = [line.removeprefix("ERROR: ") for line in log.splitlines() if line.startswith("ERROR: ")]
    warned = [line for line in log.splitlines() if line.startswith("WARNING: ")]
    lost = [line for line in warned if "Retrying (" in line or "Could not fetch URL" in line]
    said = (
        next((line for line in errors if "No matching distribution" not in line), "") or log.strip().rpartition("\n")[2]
    )
    if any(line.startswith("THESE PACKAGES DO NOT MATCH THE HASHES") for line in errors):
        name = re.search(r"^    (\S+) from", log, re.MULTILINE)
        return (
            f"{name[1] if name else 'A package'} is not what was locked: its content has another hash. Nothing of it "
            "was installed. Run this again; if it stays so, somebody has changed it on the way."
        )
    missing = next(
        (line.removeprefix("No matching distribution found for ") for line in errors if "distribution" in line), ""
    )
    if "(from versions: none)" in said and lost:
        cause = re.sub(r".*after connection broken by |: /\S*$", "", lost[-1]).strip("'")
        return f"The packages could not be fetched. Check the network, then run this again. pip says: {cause}"
    if "(from versions: none)" in said:
        return f"The place that pip takes packages from has no {missing}. Check its settings: pip config list"
    if "(from versions: " in said:
        return (
            f"There is no {missing} for this Python ({sys.version.split()[0]}) on this machine ({os.uname().machine})."
        )
    return f"The packages could not be installed. pip says: {said}"


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except CannotInstall as fault:
        sys.exit(str(fault))
    except OSError as fault:
        sys.exit(f"The packages could not be installed: {_full() or fault}")
    except KeyboardInterrupt:
        sys.exit(130)
