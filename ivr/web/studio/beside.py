"""What is shown beside the fields of a form: its problems, and how a value sounds. Also, which parts can be edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ivr.authoring import parsing
from ivr.authoring.drafts import MENUS, TEXTS
from ivr.authoring.parsing import Document, Path
from ivr.forms import Form
from ivr.problems import Problem


def sort(
    found: dict[tuple[str, str], list[Problem]],
    elsewhere: list[Problem],
    problems: Iterable[Problem],
    files: Mapping[str, str],
    form: Form,
    paths: Mapping[str, Path],
) -> None:
    """Sort problems into `found`, by entry and field of this form (("", "") for those about all of it), and the others
    into `elsewhere`.

    `paths`: where entries stand in these files, if that is not where the form has them.
    """
    document = parsing.read(files[form.file], f"config/{form.file}")
    where = {**{entry.key: entry.path for entry in form.entries}, **paths}
    for problem in problems:
        path = _path_of(document, problem) if problem.where.file == document.file else None
        key = next((key for key in where if path is not None and path[: len(where[key])] == where[key]), "")
        if path is None or (not key and path[: len(form.path)] != form.path):
            elsewhere.append(problem)
            continue
        field = str(path[len(where[key])]) if key and len(path) > len(where[key]) else ""
        known = {each.name for each in form.fields_of(form.entry(key))}
        found.setdefault((key, field if field in known else min(known, default="")) if key else ("", ""), []).append(
            problem
        )


def _path_of(document: Document, problem: Problem) -> Path | None:
    """The path of the YAML value that a problem is about: the last one that begins before it. None without a line."""
    if not problem.where.line:
        return None
    place = (problem.where.line, problem.where.column or 10**6)
    before = [(tuple(mark), len(path), path) for path, mark in document.marks.items() if tuple(mark) <= place]
    return max(before, key=lambda each: each[:2])[2] if before else None


def spoken(form: Form, key: str, value: str) -> str:
    """The words of a value, as a voice gets them. For a number and for hours, the name of the setting in braces."""
    if form.name == "phones":
        return f"{{{key}}}"
    return "{opening_hours}" if form.name == "hours" else value


def parts(files: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The title of each file of menus, with the names of its nodes."""
    found = []
    for file, text in sorted(files.items()):
        data = parsing.read(text, f"config/{file}").data if file.startswith(MENUS) else None
        if isinstance(data, dict) and isinstance(data.get("nodes"), dict):
            found.append((str(data.get("title", file)), [str(name) for name in data["nodes"]]))
    return found


def texts(files: Mapping[str, str]) -> list[str]:
    """The names of the text messages."""
    data = parsing.read(files.get(TEXTS, ""), TEXTS).data
    named = data.get("texts") if isinstance(data, dict) else None
    return [str(name) for name in named] if isinstance(named, dict) else []
