"""The architecture: which module may import which, and which one alone may use each library.

`docs/architecture.md` has a picture of it, drawn from the imports. After a change that is meant:
`pytest tests/test_architecture.py --accept-calls`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ivr.machine import config

ROOT = config.ROOT
PACKAGE = ROOT / "ivr"

#: The floors of the house from the top, and on each the rooms with their names in the picture in docs/architecture.md.
#: A room is a folder of ivr/, or a module beside the folders. It imports from floors below it, or from its own where
#: that is the core.
PICTURE: dict[str, dict[str, set[str]]] = {
    "entrances": {
        "the ivr command": {"cli", "__main__"},
        "processes and the worker": {"processes"},
        "the web": {"web"},
        "use cases": {"usecases"},
    },
    "edges": {
        "Redis": {"store", "embedded"},
        "Twilio": {"twilio"},
        "sound": {"audio"},
        "paper and pictures": {"printing"},
        "this machine": {"machine"},
        "the hot path": {"hot"},
    },
    "core": {
        "forms": {"forms"},
        "the check": {"check"},
        "the line at a glance": {"overview"},
        "practice calls and stories": {"practice"},
        "the engine": {"engine"},
        "the compiler": {"compiling"},
        "staff's files": {"authoring"},
        "places": {"places"},
        "what advisers work with": {"advising"},
        "the report": {"reporting"},
        "script and session": {"script"},
        "callback requests": {"callbacks"},
        "hours, numbers, words": {
            "border",
            "problems",
            "line_settings",
            "roles",
            "sms",
            "hours",
            "dialling",
            "spoken",
            "language",
        },
    },
}
ENTRANCES, EDGES, CORE = (set[str]().union(*groups.values()) for groups in PICTURE.values())
#: Who alone may know an outside thing: a room, or modules of one.
ALONE = {
    "redis": {"store", "hot"},
    "rq": {"usecases/jobs", "usecases/spooling", "processes/worker", "processes/alerting", "processes/pool"},
    "twilio": {"twilio"},
    "flask": {"web", "hot"},
    "granian": {"processes/web_server"},
    "pyttsx3": {"audio"},
    "hibari": {"audio", "check"},  # its voice, and its dictionary of pronunciation
    "click": {"cli"},
    "ruamel": {"authoring/parsing", "authoring/syntax", "authoring/editing", "authoring/naming", "forms/topics"},
    "pydantic": {"authoring"},
    "openpyxl": {"printing/sheets"},
    "typst": {"printing"},
    "argon2": {"machine/passwords"},
    "pyotp": {"machine/factors"},
    "segno": {"machine/factors"},
    "cryptography": {"machine/keys"},
    "smtplib": {"machine/alerts"},
    "subprocess": {"machine/children", "embedded", "printing/drawing"},
}
#: Edges that the others may import: plain data, and parts that know nothing of the line.
SHARED = {"hot", *(f"machine/{name}" for name in ("config", "disk", "keys", "equipment", "environment"))}
ARCHITECTURE = ROOT / "docs" / "architecture.md"
_DRAWN = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)


def _room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


FILES = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


@cache
def _imports(path: Path) -> frozenset[str]:
    """Everything a file imports, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def _module(path: Path) -> str:
    return "/".join(path.relative_to(PACKAGE).with_suffix("").parts[:2])


def _modules_imported(path: Path) -> set[str]:
    """Modules of other rooms: `room/module`, or the room alone where its own `__init__` is meant."""
    names = ["/".join(name.split(".")[1:3]) for name in _imports(path) if name.startswith("ivr.")]
    there = {name if (PACKAGE / f"{name}.py").exists() else name.split("/")[0] for name in names}
    return {name for name in there if name.split("/")[0] != _room(path)}


def _rooms_imported(path: Path) -> set[str]:
    return {name.split("/")[0] for name in _modules_imported(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_room_has_a_floor_and_imports_downwards(path: Path) -> None:
    """Entrances know edges and the core; edges know the core; the core knows only itself."""
    room, imported = _room(path), _rooms_imported(path)

    assert room in CORE | EDGES | ENTRANCES, f"{room} is on no floor"
    if room in CORE:
        assert imported <= CORE, "the core knows nothing outside itself"
    if room in EDGES:
        of_edges = {name for name in _modules_imported(path) if name.split("/")[0] not in CORE}
        assert all({name, name.split("/")[0]} & SHARED for name in of_edges), "no edge imports an edge"
    if room == "hot":
        assert not imported, "it knows nothing of the line"
    assert not imported & {"cli"} or room == "__main__"
    others = _modules_imported(path)
    assert room != "cli" or not others & {"processes/worker", "processes/pool"} or path.stem == "running"
    assert room != "cli" or "web" not in imported or path.stem in {"preparing", "connecting", "made_up_callers"}
    assert room != "web" or "processes" not in imported, "the web asks for work by name"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_outside_thing_is_known_in_one_place(path: Path) -> None:
    for name in _imports(path):
        outside = name.split(".")[0]
        assert {_room(path), _module(path)} & ALONE.get(outside, {_room(path)}), f"{name} belongs in {ALONE[outside]}"


@pytest.mark.parametrize("path", [p for p in FILES if _room(p) in CORE], ids=lambda p: p.stem)
def test_the_core_has_no_clock_no_chance_and_no_files(path: Path) -> None:
    """The time comes in as an argument; so does everything else from outside."""
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"\b(datetime\.now|dt\.datetime\.now|time\.time|date\.today)\(", text), (
        "the core asks no clock"
    )
    assert not {name.split(".")[0] for name in _imports(path)} & {"random", "secrets", "os", "time", "pathlib"}
    assert not re.search(r"(?<!def )\bopen\(", text)


def test_what_runs_a_call_imports_no_yaml_and_no_schema() -> None:
    """A call runs on the compiled script: staff's files and their schema belong to whoever writes it."""
    code = "import sys, ivr.engine.call, ivr.practice.playing, ivr.advising.briefing; print(*sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    imported = set(told.stdout.split())
    assert not {name.split(".")[0] for name in imported} & {"ruamel", "pydantic"}
    assert not imported & {
        "ivr.authoring.parsing",
        "ivr.authoring.authored",
        "ivr.authoring.linefile",
        "ivr.authoring.menufile",
        "ivr.compiling.building",
    }


#: Where a time of one type becomes one of the other: calls have moments, and what is kept has seconds.
HANDLERS = {PACKAGE / "practice" / "effects.py", PACKAGE / "web" / "effects.py"}


def test_now_is_of_one_type_in_a_module() -> None:
    """A moment (`datetime`) in calls and everything that plays them; POSIX seconds (`float`) in what is kept."""
    found: dict[str, set[str]] = {"dt.datetime": set(), "float": set()}
    for path in FILES:
        types = {
            ast.unparse(each.annotation).removesuffix(" | None")
            for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(each, ast.arg) and each.arg == "now" and each.annotation
        }
        assert types <= found.keys(), path
        assert len(types) < 2 or path in HANDLERS, f"{path} has two types of now: {types}"
        for name in types if path not in HANDLERS else ():
            found[name].add(_module(path))

    of_moments = {"engine/call", "places/reply", "hours", "callbacks/diary"}
    of_seconds = {"callbacks/request", "callbacks/callback", "advising/briefing", "processes/worker"}
    assert found["dt.datetime"] >= of_moments
    assert not found["float"] & of_moments
    assert found["float"] >= of_seconds
    assert not found["dt.datetime"] & of_seconds


#: Fields of Twilio's forms, and its verbs.
_TWILIOS = re.compile(
    r"\b(CallSid|CallStatus|Dial[A-Z]\w+|Recording(Sid|Url|Status|Duration)|Message(Sid|Status)|ErrorCode|Digits|"
    r"FinishedOnKey|ForwardedFrom|CalledVia|HTTP_X_TWILIO_SIGNATURE)\b|<(Say|Play|Gather|Dial|Record|Redirect|Hangup)\b"
)


def test_only_one_package_says_the_names_of_twilio() -> None:
    """Another provider would be another package. What explains something to a person may name a field."""
    for path in FILES:
        if _room(path) != "twilio":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                    assert not _TWILIOS.search(node.value), f"{path}:{node.lineno}: {node.value}"


def test_nobody_goes_past_the_store() -> None:
    """Other modules use named methods of the store."""
    for path in FILES:
        if _room(path) != "store":
            assert not re.search(r"store\.redis\b", path.read_text(encoding="utf-8")), path


def test_only_config_reads_the_environment() -> None:
    for path in FILES:
        if path.name != "config.py":
            assert "os.environ" not in path.read_text(encoding="utf-8"), path


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        graph.setdefault(_room(path), set()).update(_rooms_imported(path))

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def _picture() -> str:
    """The groups by layer, with an arrow from each group to the groups that it imports.

    An arrow is left out where a longer way leads to the same group, so that the picture can be read.
    """
    groups = {name: rooms for layer in PICTURE.values() for name, rooms in layer.items()}
    group_of = {room: name for name, rooms in groups.items() for room in rooms}
    arrows: dict[str, set[str]] = {name: set() for name in groups}
    for path in FILES:
        arrows[group_of[_room(path)]] |= {group_of[room] for room in _rooms_imported(path)}
    for name, below in arrows.items():
        below.discard(name)

    def reached(name: str) -> set[str]:
        return arrows[name].union(*(reached(below) for below in arrows[name]))

    lines = ["flowchart TD"]
    ids = {name: f"g{number}" for number, name in enumerate(groups)}
    for layer, named in PICTURE.items():
        lines += [f"    subgraph {layer}", *(f'        {ids[name]}["{name}"]' for name in named), "    end"]
    for name, below in arrows.items():
        longer = set[str]().union(*(reached(other) for other in below))
        lines += [f"    {ids[name]} --> {ids[other]}" for other in groups if other in below - longer]
    return "\n".join(lines) + "\n"


def test_the_picture_of_the_architecture_is_drawn_from_the_imports(request: pytest.FixtureRequest) -> None:
    page = ARCHITECTURE.read_text(encoding="utf-8")
    if request.config.getoption("--accept-calls"):
        ARCHITECTURE.write_text(_DRAWN.sub(lambda _: _picture(), page, count=1), encoding="utf-8")

    drawn = _DRAWN.search(ARCHITECTURE.read_text(encoding="utf-8"))
    assert drawn, "docs/architecture.md has no picture"
    assert drawn[0] == _picture()


def test_every_room_says_what_it_is() -> None:
    """Each file begins with a docstring. `ivr/__init__.py` names each room, and each room its modules."""
    the_map = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
        room = _room(path)
        assert re.search(rf"^    {re.escape(room)}[/ ]", the_map, re.MULTILINE) or room == "__main__", (
            f"{room} is not on the map"
        )
        if path.name != "__init__.py" and path.parent != PACKAGE:
            rooms = (path.parent / "__init__.py").read_text(encoding="utf-8")
            assert re.search(rf"\b{path.stem}\b", rooms), f"{path} is not on the map of its folder"


def test_every_setting_of_the_machine_is_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")

    for name in config.VARIABLES:
        assert f"`{name}`" in handbook


def test_every_command_is_in_the_handbooks() -> None:
    from ivr.cli import MODULES

    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for name in MODULES:
        assert f"ivr {name}" in text, f"`ivr {name}` is in no handbook"


def test_no_function_is_long() -> None:
    """Sixty lines is the limit; most have fewer than ten."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name}"


@pytest.mark.parametrize("path", [PACKAGE / "__init__.py", *FILES], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_has_more_than_four_hundred_lines(path: Path) -> None:
    """A longer one has two subjects: the second gets a module under its own name."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


#: Sections of staff's files, which the schemas call by these names; messages that are always written `asked.Name`; and
#: what only a page of staff calls so.
_NAMES_ELSEWHERE = re.compile(r"authoring/\w+\.py|web/studio/(asked|stories|things)\.py")
#: How a type is called: by a class, or by a name for a longer type.
_TYPE = re.compile(r"[A-Z][a-z]\w*")


def test_a_type_has_a_name_that_no_other_has() -> None:
    """Whoever reads or searches a name finds one thing."""
    found: dict[str, list[str]] = {}
    for path in FILES:
        if not _NAMES_ELSEWHERE.search(path.as_posix()):
            for name in filter(_TYPE.fullmatch, _defined(ast.parse(path.read_text(encoding="utf-8")))):
                found.setdefault(name, []).append(_module(path))
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def _defined(module: ast.Module) -> Iterator[str]:
    """The names that a module defines at its top, other than functions."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
