"""Settings of this machine, from environment variables.

The only module that reads the environment. `settings` returns one frozen Settings, or raises ConfigError with every
fault at once. `configfiles.py` opens the files of `config/`.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import quote

from ivr.machine import disk, environment, keys
from ivr.machine.environment import wrong
from ivr.machine.keys import Keys
from ivr.problems import ConfigError, Problem, Where, kind

ROOT = Path(__file__).resolve().parent.parent.parent
#: Where the line answers, unless another port is asked for.
PORT = 8000
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
    #: The proxies in front of us. What they say about a client's address is trusted.
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


def settings(environ: Mapping[str, str] = os.environ, port: int = PORT, *, running: bool = False) -> Settings:
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
    """Settings to check config/ with, and every Problem of the environment.

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


@cache
def bank_holidays() -> frozenset[dt.date]:
    """Every bank holiday in England that is known, from the package's own data."""
    # Imported here, because the package loads a client for HTTP: 8 MB, which `ivr start` does without.
    from govuk_bank_holidays.bank_holidays import BankHolidays

    england = BankHolidays.ENGLAND_AND_WALES
    return frozenset(day["date"] for day in BankHolidays(use_cached_holidays=True).get_holidays(division=england))
