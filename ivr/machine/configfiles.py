"""Opens the files of `config/`, and reports a Problem for each file in the folder that is not read.

Here, they are only texts. `ivr.authoring.drafts` parses and validates them, and `ivr.compiling.building` compiles them.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.authoring import copies
from ivr.authoring.parsing import MOST_CHARACTERS, NOT_TEXT, TOO_BIG
from ivr.problems import ConfigError, Invalid, Kind, Problem, Where, kind

#: Files that editors and systems leave beside others: backups, locks, metadata.
_BESIDE = re.compile(
    r"\..*|#.*#|.*(~|\.bak|\.orig|\.old|\.rej|\.sw[a-p]|\.tmp|\.part)|Thumbs\.db|desktop\.ini", re.IGNORECASE
)
#: Names of files that somebody probably meant for us.
_MEANT = re.compile(r"\.(ya?ml|call)\b", re.IGNORECASE)
_OURS = ("line.yaml", "texts.yaml", "words.yaml", "recordings.yaml")
#: The folders of config/, and the extension of the files in each.
_FOLDERS = {"": ".yaml", "menus": ".yaml", "languages": ".yaml", "stories": ".call"}
#: Those whose files are published.
_WORDS = ("", "menus", "languages")


_NOT_READ = kind("file-not-read", "This is not read. {why}", "Rename it, move it, or remove it.")
_NOT_OURS = kind("file-passed-over", "This is not read. {why}", "Rename it, move it, or remove it.", severity="warning")
_NO_FOLDER = kind("missing-folder", "There is no such folder.", "Set IVR_CONFIG to the one that staff edit.")
_GONE = kind("file-disappeared", "This file disappeared while it was read.", "Put it back, or try again.")
_A_FOLDER = kind("folder-for-file", "This is a folder.", "Rename it, or remove it.")
_NO_FILE = kind("not-a-file", "This is not a text file.", "Remove it from the folder.")
_UNREADABLE = kind("unreadable-file", "This file cannot be read: {why}.", "Correct that, or remove it.")


@dataclass(frozen=True)
class Folder:
    """The contents of a config folder: its files as texts, and a Problem for each file that is not text or not read."""

    files: dict[str, str]
    stories: dict[str, str]
    problems: tuple[Problem, ...]


def folder(path: Path) -> Folder:
    """Read a config folder. Unreadable files are among its problems. Raises ConfigError if there is no folder."""
    files, of_files = _texts(path, _listed(path, *_WORDS))
    stories, of_stories = _texts(path, _listed(path, "stories"))
    if not path.is_dir():
        raise ConfigError([_NO_FOLDER().at(Where(str(path)))])
    return Folder(files, stories, (*of_files, *of_stories, *copies.among(stories), *_passed_over(path)))


def script_files(path: Path) -> dict[str, str]:
    """The YAML files of a config folder by name, like 'menus/welcome.yaml'. Raises ConfigError for unreadable files."""
    files, problems = _texts(path, _listed(path, *_WORDS))
    if problems:
        raise ConfigError(problems)
    return files


def story_files(path: Path) -> dict[str, str]:
    """The stories of a config folder by name, like 'stories/a_letter.call'. Unreadable files are left out."""
    return _texts(path, _listed(path, "stories"))[0]


def _listed(path: Path, *names: str) -> Iterator[Path]:
    """The files in these folders whose names say that they are ours."""
    for name in names:
        yield from (found for found in (path / name).glob(f"*{_FOLDERS[name]}") if not _BESIDE.fullmatch(found.name))


def _passed_over(path: Path) -> Iterator[Problem]:
    """Problems for files that somebody may have meant for us but that are not read."""
    for found in sorted(path.rglob("*")):
        name, place = found.relative_to(path), str(found.parent.relative_to(path)).removeprefix(".")
        if any(_BESIDE.fullmatch(part) for part in name.parts) or name.parts[0] == "schemas":
            continue
        if place in _FOLDERS and found.name.endswith(_FOLDERS[place]):
            if not place and found.name not in _OURS:
                yield copies.by_name(found.name, _OURS) or _not_read(name, "Words for callers belong in config/menus.")
        elif name.parts[0] in _FOLDERS and len(name.parts) == 1 and not found.is_dir():
            yield _not_read(name, "It must be a folder.")
        elif _MEANT.search(found.name):
            yield _not_read(name, "Menus must be named config/menus/NAME.yaml, and stories config/stories/NAME.call.")
        elif place in ("menus", "languages", "stories") and found.is_file():
            yield _not_read(name, f"Names must end in {_FOLDERS[place]} here.", _NOT_OURS)


def _not_read(name: Path, why: str, of: Kind = _NOT_READ) -> Problem:
    return of(why=why).at(Where(f"config/{name}"))


def _texts(path: Path, found: Iterable[Path]) -> tuple[dict[str, str], list[Problem]]:
    """The text of each file, and a Problem for each that cannot be read as text."""
    texts, problems = {}, []
    for file in sorted(found):
        name = str(file.relative_to(path))
        where = Where(f"config/{name}")
        try:
            texts[name] = _text(file)
        except FileNotFoundError:
            problems.append(_GONE().at(where))
        except UnicodeError:
            problems.append(NOT_TEXT().at(where))
        except IsADirectoryError:
            problems.append(_A_FOLDER().at(where))
        except OSError as error:
            problems.append(_UNREADABLE(why=error.strerror).at(where))
        except Invalid as error:
            problems.append(error.problem.at(where))
    return texts, problems


def _text(file: Path) -> str:
    str(file).encode()  # a name that cannot be encoded cannot be stored
    found = file.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise Invalid(_NO_FILE())
    if found.st_size > 4 * MOST_CHARACTERS:
        raise Invalid(TOO_BIG())
    return file.read_bytes().decode("utf-8-sig")
