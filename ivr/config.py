"""Settings of this machine: environment variables, and the files of `config/` as texts.

The only module that reads the environment. `settings` returns one frozen Settings, or raises ConfigError with every
fault at once. This module opens the files of `config/`; `building.py` interprets them.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from govuk_bank_holidays.bank_holidays import BankHolidays

from ivr import copies, disk, environment, keys
from ivr.environment import wrong
from ivr.keys import Keys
from ivr.problems import ConfigError, Invalid, Kind, Problem, Where, kind
from ivr.reading import MOST_CHARACTERS, NOT_TEXT, TOO_BIG

ROOT = Path(__file__).resolve().parent.parent
#: The socket of the embedded Redis, in IVR_DATA.
SOCKET = "redis.sock"

# From version 1.29 on, onnxruntime, which runs the natural voices, reports its use to its maker, on Linux too. It reads
# this variable when it is loaded; our child processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

#: Every environment variable the line reads, and its default. docs/operators.md describes them.
VARIABLES: Mapping[str, str] = {
    "TWILIO_ACCOUNT_SID": "",
    "TWILIO_AUTH_TOKEN": "",
    "TWILIO_NUMBER": "",
    "TWILIO_TEXT_FROM": "",
    "PUBLIC_URL": "",
    "REDIS_URL": "",
    "IVR_CONFIG": "config",
    "IVR_DATA": "var",
    "IVR_AUDIO": "audio",
    "IVR_SPEECH": "",
    "SECRET_KEY": "",
    "TWILIO_API_URL": "",
    "SMTP_URL": "",
    "SMTP_FROM": "",
    "IVR_WEB_PROCESSES": "",
    "TRUSTED_PROXIES": "",
    "METRICS_TOKEN": "",
    "IVR_KEYS": "",
}
#: Limits for the default number of web processes: three for four cores, because other processes need the rest. More
#: than twelve were never measured (12 on 16 cores answered 3.2 times as much as 2), and with only one, every restart
#: would be an outage.
FEWEST_WEB_PROCESSES, MOST_WEB_PROCESSES = 2, 12

#: A file of this name marks the data folder of a demo.
DEMO = "demo"


@dataclass(frozen=True)
class Settings:
    """The validated settings of this machine.

    `auth_tokens`: the first one signs our requests; any of them may sign requests to us.
    """

    account_sid: str
    auth_tokens: tuple[str, ...]
    our_number: str
    #: The sender of texts, if it is not the line's own number: a number, or the SID of a Messaging Service.
    text_from: str
    public_url: str
    redis_url: str
    config_dir: Path
    data_dir: Path
    audio_dir: Path
    speech: str
    secret_key: str
    twilio_api_url: str
    smtp_url: str
    smtp_from: str
    web_processes: int
    #: The proxies in front of us, whose word on who asks is believed.
    trusted_proxies: tuple[environment.Network, ...]
    #: What a scraper on another machine shows to read the metrics; empty: only this machine reads them.
    metrics_token: str
    #: The keys that encrypt what is stored, as in IVR_KEYS; empty: they are in `key_file`.
    key_words: str
    #: True if webhooks are signed with a token generated here, so that no real call can arrive.
    practice: bool
    #: True for a demo: the data in `data_dir` is made up, and deleted afterwards.
    demo: bool = False

    @property
    def our_numbers(self) -> frozenset[str]:
        """The line's own numbers. They must not be rung or texted."""
        return frozenset({self.our_number, self.text_from if self.text_from.startswith("+") else ""} - {""})

    @property
    def metrics_dir(self) -> Path:
        """The folder in which the processes of the line share their metrics."""
        return self.data_dir / "metrics"

    @property
    def spool_dir(self) -> Path:
        """Where this machine keeps what callers ask for while Redis is away."""
        return self.data_dir / "spool"

    @property
    def key_file(self) -> Path:
        """The file of the keys if IVR_KEYS is empty: beside IVR_DATA, so that a backup of that does not contain it."""
        return self.data_dir.with_name(f"{self.data_dir.name}.keys")

    @property
    def erased_file(self) -> Path:
        """The file that knows what was erased. It is beside IVR_DATA too: a restore must not forget it."""
        return self.data_dir.with_name(f"{self.data_dir.name}.erased")

    @property
    def has_keys(self) -> bool:
        """Whether there are keys. A line of version 1.4 has none before its first start with this version."""
        return bool(self.key_words) or self.key_file.exists()

    @cached_property
    def keys(self) -> Keys:
        """The keys that encrypt what is stored. Raises ConfigError if there are none yet, or the file is damaged."""
        return keys.of_line(self.key_words, self.key_file)

    @property
    def can_reach_twilio(self) -> bool:
        """Whether this machine can use Twilio's REST API: for texts, calls and recordings."""
        return bool(self.account_sid and self.our_number) and not self.practice


def settings(environ: Mapping[str, str] = os.environ, port: int = 8000, *, running: bool = False) -> Settings:
    """Read the environment. Raises ConfigError with every invalid variable.

    `running`: for a process of a running line. A read-only disk must not keep it from answering calls.
    """
    value = {name: environ.get(name, "").strip() or default for name, default in VARIABLES.items()}
    if problems := [*_faults(environ, value, running=running)]:
        raise ConfigError(problems)
    data = _folder(value["IVR_DATA"])
    tokens = environment.tokens(value["TWILIO_AUTH_TOKEN"])
    return Settings(
        account_sid=value["TWILIO_ACCOUNT_SID"],
        auth_tokens=tokens or (_kept_secret(data / "auth_token"),),
        our_number=value["TWILIO_NUMBER"],
        text_from=value["TWILIO_TEXT_FROM"],
        public_url=environment.without_default_port(value["PUBLIC_URL"] or f"http://127.0.0.1:{port}"),
        redis_url=value["REDIS_URL"] or embedded_redis(data),
        config_dir=_folder(value["IVR_CONFIG"]),
        data_dir=data,
        audio_dir=_folder(value["IVR_AUDIO"]),
        speech=value["IVR_SPEECH"],
        secret_key=value["SECRET_KEY"] or _kept_secret(data / "secret_key"),
        twilio_api_url=value["TWILIO_API_URL"].rstrip("/"),
        smtp_url=value["SMTP_URL"],
        smtp_from=value["SMTP_FROM"],
        web_processes=int(value["IVR_WEB_PROCESSES"] or web_processes(_cores())),
        trusted_proxies=environment.networks(value["TRUSTED_PROXIES"]),
        metrics_token=value["METRICS_TOKEN"],
        key_words=value["IVR_KEYS"],
        practice=not tokens,
        demo=(data / DEMO).is_file(),
    )


def web_processes(cores: int) -> int:
    """The default number of web processes for a number of cores."""
    return min(max(cores * 3 // 4, FEWEST_WEB_PROCESSES), MOST_WEB_PROCESSES)


def _cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def settings_to_check(environ: Mapping[str, str] = os.environ) -> tuple[Settings, tuple[Problem, ...]]:
    """Settings for checking config/, and every Problem of the environment.

    Raises ConfigError if the folders themselves cannot be used.
    """
    try:
        return settings(environ), ()
    except ConfigError as error:
        needed = ("IVR_CONFIG", "IVR_DATA", "IVR_AUDIO", "IVR_SPEECH", "REDIS_URL")
        try:
            return settings({name: environ[name] for name in needed if name in environ}), error.problems
        except ConfigError:
            raise error from None


def embedded_redis(data: Path) -> str:
    """The URL of the embedded Redis' socket, with special characters in the path escaped."""
    return f"unix://{quote(os.fsencode(data / SOCKET))}"


def without_password(address: str) -> str:
    """A URL without user name and password, for messages."""
    scheme, slashes, rest = address.partition("://")
    return f"{scheme}{slashes}{rest.partition('?')[0].rpartition('@')[2]}"


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment with some changes, for a child process."""
    return {**os.environ, **more}


def use_only(*kept: str, **values: str) -> None:
    """For this process and its children: unset all our variables except those in `kept`, and set `values`."""
    for name in VARIABLES:
        if name not in kept:
            os.environ.pop(name, None)
    os.environ.update(values)


def set_here(*names: str) -> list[str]:
    """Those of these variables that are set."""
    return [name for name in names if os.environ.get(name, "").strip()]


def _faults(environ: Mapping[str, str], value: Mapping[str, str], *, running: bool) -> Iterator[Problem]:
    """Faults of these variables and their folders."""
    yield from environment.faults(value)
    for name in ("TWILIO_REGION", "TWILIO_EDGE"):
        if value["TWILIO_ACCOUNT_SID"] and environ.get(name):
            remedy = "Unset it, and set TWILIO_API_URL to Twilio's host for it instead."
            yield wrong(name, f"{name} redirects requests.", remedy)
    yield from _folder_faults(value, running=running)


def _folder_faults(value: Mapping[str, str], *, running: bool) -> Iterator[Problem]:
    for name in ("IVR_CONFIG", "IVR_DATA", "IVR_AUDIO"):
        if not _is_text(value[name]):
            yield wrong(name, f"{name} is not UTF-8 text.", "Rename the folder.")
            continue
        try:
            path = _folder(value[name])
            there = next(folder for folder in (path, *path.parents) if folder.exists())
        except (OSError, RuntimeError, ValueError) as error:
            yield wrong(name, f"{name} is '{value[name]}', which cannot be used: {error}.", "Name a folder.")
            continue
        if not there.is_dir():
            yield wrong(name, f"{name} is '{value[name]}', and {there} is a file.", "Name a folder.")
        elif name == "IVR_CONFIG" and there != path:
            words = f"IVR_CONFIG is '{value[name]}', and there is no such folder."
            yield wrong(name, words, "Name the one that staff edit.")
        elif name == "IVR_DATA" and not running and not os.access(there, os.W_OK | os.X_OK):
            words = f"IVR_DATA is '{value[name]}', and this user may not write into {there}."
            yield wrong(name, words, "Name another folder.")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeError:
        return False
    return True


def _folder(text: str) -> Path:
    return ROOT / Path(text).expanduser()


_EMPTY_SECRET = kind("empty-secret", "This secret is empty.", "Delete the file, and start again.")


def _kept_secret(path: Path) -> str:
    """A random secret, created once and kept in a file that only its owner can read."""
    if not path.exists():
        disk.keep_once(path, secrets.token_hex(16))
    secret = path.read_text().strip()
    if not secret:
        raise ConfigError([_EMPTY_SECRET().at(Where(str(path)))])
    return secret


# --- the files of config/ -------------------------------------------------------------------


#: Files that editors and systems leave beside others: backups, locks, metadata.
_BESIDE = re.compile(
    r"\..*|#.*#|.*(~|\.bak|\.orig|\.old|\.rej|\.sw[a-p]|\.tmp|\.part)|Thumbs\.db|desktop\.ini", re.IGNORECASE
)
#: Names of files that somebody probably meant for us.
_MEANT = re.compile(r"\.(ya?ml|call)\b", re.IGNORECASE)
_OURS = ("line.yaml", "texts.yaml", "words.yaml")
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


def bank_holidays() -> frozenset[dt.date]:
    """Every bank holiday in England that is known, from the package's own data."""
    england = BankHolidays.ENGLAND_AND_WALES
    return frozenset(day["date"] for day in BankHolidays(use_cached_holidays=True).get_holidays(division=england))
