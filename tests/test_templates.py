"""The templates of all pages: a name that nothing gives them is an error, and no branch of one has such a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask, render_template_string
from jinja2 import Environment, UndefinedError, nodes

from ivr.machine import config
from tests.line import Line

WEB = config.ROOT / "ivr" / "web"
#: What Flask and its extensions give to every template, and Jinja to every loop and macro.
GIVEN = {"request", "session", "g", "csrf_token", "bootstrap", "config", "loop", "self", "super"}


class _Call(NamedTuple):
    """One place in the code that renders a template: its line, the names that it gives, and whether it gives others
    that it does not name.
    """

    place: str
    template: str
    names: set[str]
    gives_more: bool


@pytest.mark.parametrize("of", ["console", "front"])
def test_in_tests_a_name_that_a_template_misspells_is_an_error(line: Line, of: str) -> None:
    app = _app(line, of)

    with app.test_request_context(), pytest.raises(UndefinedError, match="'mispelled' is undefined"):
        render_template_string("{% if mispelled %}a rule{% endif %}")


def test_every_branch_of_a_template_has_only_names_that_it_is_given(line: Line) -> None:
    """No test reaches all branches. So the names in them are compared with what the code gives to each template."""
    missing, count, paths = {}, 0, sorted(WEB.rglob("*.py"))
    wrappers = dict(each for path in paths for each in _wrappers(path))
    assert "phone_page" in wrappers
    for path in paths:
        app = _app(line, "console" if {"console", "studio"} & set(path.parts) else "front")
        everywhere = GIVEN | set(app.jinja_env.globals) | _of_every_template(app)
        for call in _calls(path, wrappers):
            count += 1
            given = everywhere | call.names | (_entries(path) if call.gives_more else set())
            if names := _needed(app.jinja_env, call.template) - given:
                missing[f"{call.place} {call.template}"] = names

    assert count > 50
    assert missing == {}


def _app(line: Line, of: str) -> Flask:
    app = line.app.console if of == "console" else line.app.app
    assert isinstance(app, Flask)
    return app


def _of_every_template(app: Flask) -> set[str]:
    """What the app gives to every template."""
    with app.test_request_context():
        return {name for each in app.template_context_processors.values() for give in each for name in give()}


def _calls(path: Path, wrappers: dict[str, set[str]]) -> Iterator[_Call]:
    """Where a file renders templates, by itself or by a function that renders the one it is told."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(template)), *_]) if (
                name == "render_template" or name in wrappers
            ):
                names = {each.arg for each in node.keywords}
                own = wrappers.get(name, set())
                yield _Call(
                    f"{path.name}:{node.lineno}", template, own | {each for each in names if each}, None in names
                )


def _wrappers(path: Path) -> Iterator[tuple[str, set[str]]]:
    """The functions of a file that render the template they are told, and the names that they give to it."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Name(id="render_template"), args=[ast.Name(), *_]):
                        yield function.name, {each.arg for each in node.keywords if each.arg}


def _entries(path: Path) -> set[str]:
    """The names of all entries of dictionaries in this file, and in that of the list, which stands beside a card."""
    files = (path, WEB / "console" / "listing.py")
    found: list[Any] = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    keys = [key for node in found if isinstance(node, ast.Dict) for key in node.keys]
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def _needed(env: Environment, name: str) -> set[str]:
    """The names that a template reads and does not set, with those of the templates that it includes or extends."""
    assert env.loader
    tree = env.parse(env.loader.get_source(env, name)[0])
    names = {each.name for each in tree.find_all(nodes.Name) if each.ctx == "load"}
    for other in tree.find_all((nodes.Include, nodes.Extends, nodes.FromImport)):
        has_context = not isinstance(other, nodes.FromImport) or other.with_context
        if has_context and isinstance(other.template, nodes.Const):
            names |= _needed(env, other.template.value)
    own = {each.name for each in tree.find_all(nodes.Name) if each.ctx in ("store", "param")}
    own |= {macro.name for macro in tree.find_all(nodes.Macro)}
    imported = [each for every in tree.find_all(nodes.FromImport) for each in every.names]
    return names - own - {each[1] if isinstance(each, tuple) else each for each in imported}
