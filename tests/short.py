"""The shipped line with few of its menus, and two short stories: it passes the whole gate in half the time.

For tests that need a draft that passes, whatever it says. Its words are the shipped ones, so a test can change any of
those that are left.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ivr.machine import config, configfiles
from ivr.machine.config import Settings
from ivr.places import FOR_STAFF
from ivr.script import NEEDED_TEXTS
from tests.staff import Staff

#: What is kept of what staff wrote.
KEPT = frozenset((
    "greeting", "main_menu", "school_menu", "support_menu", "end_menu", "help_settings", "words_menu",
    "helpers_menu", "words_school", "school_talk", "meeting_help", "contact_us", "word_sendiass", "word_senco",
    "word_sen", "words_plan", "word_ehc_plan",
))  # fmt: skip
#: Where choices of the first menu lead instead, so that the others keep their keys.
INSTEAD = {"which_letter": "contact_us", "council_menu": "meeting_help"}
_YAML = YAML()
_YAML.width, _YAML.preserve_quotes = 4000, True


STORIES = {
    "stories/a_word.call": """\
When    Wed 25 November 2026, 10:30
From    07700 900123

CALLER  2
CALLER  1
CALLER  9
CALLER  3
LINE    What words mean. The SENCO is the teacher in charge of special needs help. ...
""",
    "stories/who_to_ask.call": """\
When    Wed 25 November 2026, 10:30
From    07700 900123

CALLER  2
CALLER  1
LINE    Who to ask first. Are you not happy with help at school? ...
""",
}


@pytest.fixture(name="staff")
def short_staff(staff: Staff) -> Staff:
    """Somebody at a terminal with this line, instead of the shipped one."""
    shutil.rmtree(staff.folder)
    write(staff.folder)
    return staff


@pytest.fixture(name="files", scope="session")
def short_files() -> dict[str, str]:
    """This line is live, instead of the shipped one."""
    return files()


@pytest.fixture(name="settings")
def short_settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a draft of this line to edit."""
    write(tmp_path / "config")
    return dataclasses.replace(settings, config_dir=tmp_path / "config")


def write(folder: Path) -> None:
    """Write the whole folder, with its stories."""
    for name, text in {**files(), **STORIES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@functools.cache
def _files() -> dict[str, str]:
    shipped = configfiles.script_files(config.ROOT / "config")
    short = {name: _menu(text) if name.startswith("menus/") else text for name, text in shipped.items()}
    short = {name: text for name, text in short.items() if text}
    said = "".join(text for name, text in short.items() if name.startswith("menus/"))
    return {**short, "texts.yaml": _texts(short["texts.yaml"], said)}


def files() -> dict[str, str]:
    """The files of config/, without what is not kept."""
    return {**_files()}


def _menu(text: str) -> str:
    """A menu file with the nodes that are kept; empty if it has none of them, nor the line's own words."""
    menu = _YAML.load(text)
    nodes = menu.get("nodes", {})
    for name in [*nodes]:
        if name in KEPT:
            _shorten(nodes[name])
        else:
            del nodes[name]
    return _written(menu) if nodes or "steps" in menu else ""


def _shorten(node: Any) -> None:
    """Take out of a node what leads to a node that is not kept."""
    if "choices" in node:
        for choice in node["choices"].values():
            choice["goto"] = INSTEAD.get(choice["goto"], choice["goto"])
        kept = [choice for choice in node["choices"].values() if _is_there(choice["goto"])]
        node["choices"].clear()
        node["choices"].update(enumerate(kept, 1))
    if "words" in node:
        node["words"][:] = [word for word in node["words"] if word in KEPT]
    for field in ("next", "next_word"):
        target = node.get(field)
        if target and not _is_there(target if isinstance(target, str) else target["goto"]):
            del node[field]


def _is_there(goto: str) -> bool:
    """Whether a choice leads to what is kept, or to a step of the line."""
    return goto in KEPT | FOR_STAFF


def _texts(text: str, said: str) -> str:
    texts = _YAML.load(text)
    for name in [*texts["texts"]]:
        if f" {name}" not in said and name not in NEEDED_TEXTS:
            del texts["texts"][name]
    return _written(texts)


def _written(document: Any) -> str:
    stream = io.StringIO()
    _YAML.dump(document, stream)
    return stream.getvalue()
