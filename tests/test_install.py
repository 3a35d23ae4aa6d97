"""`scripts/install` as a newcomer meets it: real Pythons, real pip, and packages from a folder of this test's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.machine import config
from tests.ports import free_port

#: A line of three files, with what `scripts/install` looks at.
PROJECT = """[build-system]
requires = ["flit-core"]
build-backend = "flit_core.buildapi"

[project]
name = "ivr"
version = "1"
description = "A line for a test"
requires-python = ">=3.11"
"""
PROGRAM = "import sys, small\nprint(small.__name__, sys.argv[1:])\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of this test's own, and flit, which installs the line: as much as is needed of a registry."""
    folder = tmp_path_factory.mktemp("wheels")
    _wheel(folder, "small", "1.0", "py3-none-any")
    import flit_core

    _wheel(folder, "flit_core", flit_core.__version__, "py3-none-any", Path(flit_core.__file__).parent)
    return folder


def _wheel(folder: Path, name: str, version: str, tag: str, source: Path | None = None) -> None:
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/__init__.py": ""}
    if source:
        files = {
            f"{name}/{path.relative_to(source)}": path.read_text()
            for path in source.rglob("*")
            if path.is_file() and path.suffix in (".py", ".txt", "")
        }
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in files)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


class Folder:
    """A folder of the line, to be installed in."""

    def __init__(self, path: Path, wheels: Path):
        self.path, self.wheels = path, wheels
        (path / "ivr").mkdir(parents=True)
        (path / "scripts").mkdir()
        for name in ("install", "make_venv.py"):
            shutil.copy(config.ROOT / "scripts" / name, path / "scripts" / name)
        (path / "pyproject.toml").write_text(PROJECT)
        (path / "ivr" / "__init__.py").write_text('"""A line."""\n__version__ = "1"\n')
        (path / "ivr" / "__main__.py").write_text(PROGRAM)
        self.lock(*sorted(each.name for each in wheels.glob("*-py3-none-any.whl")))

    def lock(self, *names: str) -> None:
        rows = []
        for name in names:
            package, version, _ = name.split("-", 2)
            content = hashlib.sha256((self.wheels / name).read_bytes()).hexdigest()
            rows.append(f"{package}=={version} --hash=sha256:{content}\n")
        (self.path / "requirements.lock").write_text("".join(rows))

    def maker(self) -> Any:
        """Its `scripts/make_venv.py`, as a module."""
        spec = importlib.util.spec_from_file_location("make_venv", self.path / "scripts" / "make_venv.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def install(self, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command, env=self.environment(**more), capture_output=True, text=True)

    @property
    def command(self) -> list[Path | str]:
        return [self.path / "scripts" / "install", "requirements.lock"]

    def environment(self, **more: str) -> dict[str, str]:
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHON": sys.executable, **pip, **more}

    def runs(self) -> bool:
        """From another folder, through a link."""
        link = self.path.parent / "link to ivr"
        link.unlink(missing_ok=True)
        link.symlink_to(self.path / ".venv" / "bin" / "ivr")
        done = subprocess.run([link, "a b"], cwd="/", capture_output=True, text=True)
        return (done.stdout, done.stderr) == ("small ['a b']\n", "")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Folder:
    """A folder that was installed in once. Tests harm it, and have it put right."""
    folder = Folder(tmp_path_factory.mktemp("made") / "the line", wheels)
    assert folder.install().returncode == 0
    return folder


# --- any folder -------------------------------------------------------------------------------


def test_it_works_in_a_folder_of_any_name(tmp_path: Path, wheels: Path) -> None:
    """A program's first line takes no more than 127 characters of path, and no quotes."""
    folder = Folder(tmp_path / 'it\'s a "line" for $HOME & `id` é #1 100%25 [x]*?' / ("deep " * 20 + "down"), wheels)

    done = folder.install()

    assert done.returncode == 0, done.stderr
    assert folder.runs()
    assert folder.install().stdout == "", "and is not done twice"


@pytest.mark.parametrize(("name", "sign"), [("a:b", "a colon"), ("a\nb", "a line break")])
def test_a_folder_that_python_cannot_use_is_refused_in_one_line(
    tmp_path: Path, wheels: Path, name: str, sign: str
) -> None:
    done = Folder(tmp_path / name, wheels).install()

    assert done.returncode == 1
    assert done.stderr == f"The path of this folder has {sign} in it, and Python cannot use it. Rename it.\n"


# --- a .venv that will not do -----------------------------------------------------------------


def _python_gone(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/usr/bin/python3.10-gone")


def _python_upgraded(venv: Path) -> None:
    settings = venv / "pyvenv.cfg"
    settings.write_text(re.sub(r"version = 3\.\d+", "version = 3.10", settings.read_text()))


def _another_python(venv: Path) -> None:
    settings = venv / "pyvenv.cfg"
    settings.write_text(re.sub(r"executable = .*", "executable = /opt/other/bin/python3", settings.read_text()))


def _half_made(venv: Path) -> None:
    (venv / "installed").unlink()


def _copied(venv: Path) -> None:
    (venv / "folder").write_text(f"{config.ROOT}\n")


@pytest.mark.parametrize("harm", [_python_gone, _python_upgraded, _another_python, _half_made, _copied])
def test_a_venv_that_will_not_do_is_known(
    made: Folder, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    venv = made.path / ".venv"
    python = venv / "bin" / "python"
    kept = {path: path.read_bytes() for path in (venv / "pyvenv.cfg", venv / "installed", venv / "folder")}
    leads_to = python.readlink()
    assert made.maker()._can_be_used()

    harm(venv)
    try:
        assert not made.maker()._can_be_used()
    finally:
        python.unlink()
        python.symlink_to(leads_to)
        for path, content in kept.items():
            path.write_bytes(content)


def test_a_venv_that_will_not_do_is_made_anew_and_two_at_once_do_each_other_no_harm(made: Folder) -> None:
    left = made.path / ".venv" / "left over"
    left.touch()
    _python_gone(made.path / ".venv")

    both = [subprocess.Popen(made.command, env=made.environment(), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate()[0] for each in both]

    assert [each.returncode for each in both] == [0, 0]
    assert sorted(text.count("Waiting for it") for text in told) == [0, 1]
    assert made.runs()
    assert not left.exists()


def test_a_folder_that_is_come_to_by_another_way_keeps_its_venv(made: Folder) -> None:
    link = made.path.parent / "link"
    link.symlink_to(made.path)
    done = subprocess.run(
        [link / "scripts" / "install", "requirements.lock"], env=made.environment(), capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (0, "")


# --- what went wrong --------------------------------------------------------------------------

NO_SUCH = "absent==1.0 --hash=sha256:" + "0" * 64


def test_a_failure_does_not_stop_the_next_try(made: Folder) -> None:
    lock = made.path / "requirements.lock"
    good = lock.read_text()
    lock.write_text("small==1.0 ; platform_release >= what\n")

    failed = made.install()

    assert failed.returncode == 1
    assert failed.stderr.startswith("The packages could not be installed. pip says: ")
    assert len(failed.stderr.splitlines()) == 1
    lock.write_text(good)
    assert made.install().returncode == 0
    assert made.runs()


def _reason(made: Folder, tmp_path: Path, rows: str, **more: str) -> str:
    """What is said of a failure of the real pip."""
    (tmp_path / "lock").write_text(rows)
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--target", tmp_path / "there", "--require-hashes",
        "--requirement", tmp_path / "lock",
    ]  # fmt: skip
    failed = subprocess.run(
        command, env=made.environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert failed.returncode == 1
    return str(made.maker()._reason(failed.stdout))


def test_a_network_that_cannot_be_reached_is_told_as_that(made: Folder, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/simple"
    index = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": nowhere, "PIP_RETRIES": "1"}

    told = _reason(made, tmp_path, NO_SUCH, **index)

    assert told.startswith("The packages could not be fetched. Check the network, then run this again. pip says: ")
    assert "refused" in told


def test_changed_content_is_told_as_that(made: Folder, tmp_path: Path) -> None:
    told = _reason(made, tmp_path, "small==1.0 --hash=sha256:" + "0" * 64)

    assert told.startswith("small==1.0 is not what was locked: its content has another hash.")


def test_a_package_that_is_not_there_is_told_as_that(made: Folder, tmp_path: Path) -> None:
    told = _reason(made, tmp_path, NO_SUCH)

    assert told.startswith("The place that pip takes packages from has no absent==1.0. Check its settings: ")


def test_a_version_that_this_python_cannot_have_is_told_as_that(made: Folder, tmp_path: Path) -> None:
    told = _reason(made, tmp_path, "small==2.0 --hash=sha256:" + "0" * 64)

    assert told.startswith("There is no small==2.0 for this Python (")


# --- which Python -----------------------------------------------------------------------------


def test_no_python_that_will_do_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    for tool in ("bash", "dirname", "env"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")

    refused = subprocess.run(
        [config.ROOT / "scripts" / "install", "requirements.lock"],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip

    assert refused.returncode == 1
    assert refused.stderr.startswith("Python 3.11 to 3.14 is needed, and was not found.")
    assert len(refused.stderr.splitlines()) == 1


def test_a_python_that_was_named_and_will_not_do_is_one_plain_line() -> None:
    refused = subprocess.run(
        [config.ROOT / "scripts" / "install", "requirements.lock"],
        env={**os.environ, "PYTHON": "/bin/false"}, capture_output=True, text=True,
    )  # fmt: skip

    assert refused.stderr == "PYTHON is /bin/false, which is not Python 3.11 to 3.14. Name another.\n"


def test_a_python_without_venv_is_told_what_to_install(
    made: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Debian's is, until one more package is there."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *venv*) exit 1;; esac\n')
    python.chmod(0o755)
    maker = made.maker()
    monkeypatch.setattr(maker, "_base", lambda: str(python))
    monkeypatch.setattr(maker, "VENV", tmp_path / ".venv")

    with pytest.raises(maker.CannotInstall, match=r"On Debian or Ubuntu: sudo apt-get install python3-venv$"):
        maker._make_empty()


# --- a copied folder --------------------------------------------------------------------------


def test_the_command_of_a_copied_folder_does_nothing_to_the_original(tmp_path: Path) -> None:
    """Its .venv finds the program of the original, and would say and publish what is there."""
    venv = tmp_path / ".venv"
    original = Path(sys.prefix)
    (venv / "bin").mkdir(parents=True)
    (tmp_path / "ivr").mkdir()
    for name in ("pyvenv.cfg", "bin/ivr"):
        shutil.copy(original / name, venv / name)
    (venv / "bin" / "python").symlink_to((original / "bin" / "python").resolve())
    (venv / "lib").symlink_to(original / "lib")

    refused = subprocess.run([venv / "bin" / "ivr", "diff"], cwd=tmp_path, capture_output=True, text=True)

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"This .venv belongs to {config.ROOT}.")


def test_the_lock_files_are_for_linux_alone_and_name_no_registry() -> None:
    """Some pips stop at a marker that they cannot compare with the kernel's name, on whichever line."""
    for lock in ("requirements.lock", "tests/requirements.lock"):
        text = (config.ROOT / lock).read_text()
        assert not re.search(r"platform_release|platform_version|darwin|win32|https?://", text), lock
