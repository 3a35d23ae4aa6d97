"""What stands beside the fields of a form: the problems of each, and how a value is heard; and what parts there are."""

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
    """Sort problems: those of this form by entry and field, or under ("", "") if they are about all of it; and others.

    `paths`: where the entries that were filled in stand in these files, if not where the form has them.
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
    """What a problem is about: what begins last before its place."""
    if not problem.where.line:
        return None
    place = (problem.where.line, problem.where.column or 10**6)
    before = [(tuple(mark), len(path), path) for path, mark in document.marks.items() if tuple(mark) <= place]
    return max(before, key=lambda each: each[:2])[2] if before else None


def spoken(form: Form, key: str, value: str) -> str:
    """The words of a value, as a voice gets them: a number and hours are said by the name of their setting."""
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
