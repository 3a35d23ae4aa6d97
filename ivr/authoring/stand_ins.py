"""Shipped words that stand in for what an older `config/` does not have yet.

A newer version of the line can need words or timings that staff have not written yet. Until they do, the shipped ones
(`shipped.py`) are used, and the check lists each one. There are three rules:

- Only words of the built-in steps, and settings of speech and waiting, can be replaced by stand-ins. Facts about a
  service, like its phones, hours and promises, cannot: if they are missing, that is an error.
- Stand-ins are published together with staff's files, so that a revision says the same under every later version.
- Staff's own words take precedence over published stand-ins, and those over what is shipped today.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ivr import spoken
from ivr.authoring.authored import TextsFile
from ivr.authoring.linefile import LineFile
from ivr.authoring.parsing import Document
from ivr.authoring.shipped import SHIPPED
from ivr.script import NEEDED_TEXTS

#: The file name under which stand-ins are published. Staff's files never have it.
FILE = "stand-ins.json"
#: The parts of `line.yaml` and of the menu files that can have stand-ins.
OF_LINE, OF_MENUS = ("pace", "waiting", "speech"), ("steps", "phrases")


def written(files: Mapping[str, str]) -> dict[str, str]:
    """The files as staff wrote them."""
    return {name: text for name, text in files.items() if name != FILE}


def shipped(files: Mapping[str, str]) -> dict[str, Any]:
    """The available stand-ins: as published with these files, otherwise as shipped today."""
    return _over(SHIPPED, json.loads(files.get(FILE, "{}")))


def beside(documents: Iterable[Document]) -> dict[str, str]:
    """The stand-ins to publish with the files of these documents."""
    found: dict[str, Any] = {}
    for document in documents:
        for path, value in document.stand_ins.items():
            around = found
            for step in path[:-1]:
                around = around.setdefault(str(step), {})
            around[str(path[-1])] = value
    return {FILE: json.dumps(found, indent=1, sort_keys=True)} if found else {}


def in_texts(texts: TextsFile, document: Document, source: Mapping[str, Any]) -> TextsFile:
    """The texts, with stand-ins for missing ones that every line needs.

    In a faulty file they may only seem to be missing.
    """
    lacking = {name: source["texts"][name] for name in NEEDED_TEXTS if name not in texts.texts and not document.faulty}
    document.stand_ins.update({("texts", name): body for name, body in lacking.items()})
    return texts.model_copy(update={"texts": {**texts.texts, **lacking}})


def in_numbers(line: LineFile, documents: Mapping[str, Document], source: Mapping[str, Any]) -> LineFile:
    """The settings, with the numbers that stand-in words refer to."""
    words = [value for each in documents.values() for value in each.stand_ins.values() if isinstance(value, str)]
    spoken_of = {name for text in words for name in spoken.BLANK.findall(text)}
    known = {
        name for group in ("names", "phones", "paragraphs", "sentences", "numbers") for name in getattr(line, group)
    }
    lacking = {name: number for name, number in source["numbers"].items() if name in spoken_of - known}
    documents["line.yaml"].stand_ins.update({("numbers", name): number for name, number in lacking.items()})
    return line.model_copy(update={"numbers": {**line.numbers, **lacking}})


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two nested mappings merged: where both have a value, that of `above` counts."""
    both = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], Mapping) and isinstance(above[name], Mapping):
            both[name] = _over(below[name], above[name])
    return both
