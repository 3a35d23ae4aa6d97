"""Reads the files of `config/` as staff wrote them, validates each against its schema, and collects their Problems."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.authoring import authored, copies, linefile, recorded, stand_ins
from ivr.authoring.authored import TextsFile, WordsFile
from ivr.authoring.fitting import sound_part
from ivr.authoring.languagefile import LanguageFile, LinesFile, spare_of_language
from ivr.authoring.linefile import LineFile
from ivr.authoring.menufile import MenuFile, spare_of_menu
from ivr.authoring.parsing import Document, Path, read
from ivr.authoring.recorded import RecordingsFile
from ivr.problems import ConfigError, Problem, Where, kind

_NO_FILE = kind("missing-file", "This file is missing.", "Put it back.")
_NO_SETTINGS = kind("no-settings", "This file contains no settings.", "Put it back, or write it.")

LINE, TEXTS, WORDS, MENUS = "line.yaml", "texts.yaml", "words.yaml", "menus/"
#: The folder of other languages, and the English of what is said in them.
LANGUAGES, LANGUAGE_LINES = "languages/", "languages/lines.yaml"


@dataclass
class Draft:
    """The files of `config/` as staff wrote them, with line numbers and Problems."""

    documents: dict[str, Document]
    #: The usable part of each file.
    line: LineFile
    texts: TextsFile
    words: WordsFile
    menus: dict[str, MenuFile]
    #: The English of the talk in other languages, and each language by its file.
    language_lines: LinesFile | None
    languages: dict[str, LanguageFile]
    recordings: RecordingsFile
    #: What is published: the files as staff wrote them, plus stand-ins for words that they do not have yet.
    files: dict[str, str]

    @property
    def problems(self) -> list[Problem]:
        return [p for document in self.documents.values() for p in document.problems]

    def stand_ins(self) -> Iterator[tuple[str, Path, Any]]:
        """What these files lack and what the line uses instead, as (file, path, value)."""
        for file, document in self.documents.items():
            for path, value in document.stand_ins.items():
                yield file, path, value

    def nodes(self) -> Iterator[tuple[str, Document, str, Any]]:
        """Every authored node as (file, document, id, node)."""
        for file, menu in self.menus.items():
            for node_id, node in menu.nodes.items():
                yield file, self.documents[file], node_id, node


def read_draft(files: Mapping[str, str], unreadable: Iterable[Problem] = ()) -> Draft:
    """Read the texts of `config/`, by file name.

    `unreadable` holds the problems of files that could not be opened. Mistakes are collected in the draft's problems;
    nothing is raised.
    """
    written, shipped = stand_ins.written(files), stand_ins.shipped(files)
    documents = {name: read(text, f"config/{name}") for name, text in sorted(written.items())}
    for problem in unreadable:
        file = problem.where.file
        documents.setdefault(file.removeprefix("config/"), Document(file)).problems.append(problem)
    for needed in (LINE, TEXTS, WORDS):
        if needed not in documents:
            missing = Document(f"config/{needed}")
            missing.problems.append(_NO_FILE().at(Where(missing.file)))
            documents[needed] = missing
    of_menus = {part: shipped[part] for part in stand_ins.OF_MENUS}
    menus = {}
    menu_files = {name: document for name, document in documents.items() if name.startswith(MENUS)}
    for name, document in menu_files.items():
        if copy := copies.menu(name, menu_files):
            document.problems = [copy]
        else:
            menus[name] = sound_part(MenuFile, document, spare_of_menu, of_menus)
    texts = sound_part(TextsFile, documents[TEXTS], authored.spare_by_name)
    texts = stand_ins.in_texts(texts, documents[TEXTS], shipped)
    of_line = {part: shipped[part] for part in stand_ins.OF_LINE}
    line = sound_part(LineFile, documents[LINE], linefile.spare_of_line, of_line)
    line = stand_ins.in_numbers(line, documents, shipped)
    return Draft(
        documents,
        line,
        texts,
        sound_part(WordsFile, documents[WORDS], authored.spare_by_name),
        menus,
        sound_part(LinesFile, documents[LANGUAGE_LINES], spare_of_language) if LANGUAGE_LINES in documents else None,
        {
            name: sound_part(LanguageFile, documents[name], spare_of_language)
            for name in documents
            if name.startswith(LANGUAGES) and name != LANGUAGE_LINES
        },
        sound_part(RecordingsFile, documents[recorded.FILE], recorded.spare_of_take)
        if recorded.FILE in documents
        else RecordingsFile(),
        {**written, **stand_ins.beside(documents.values())},
    )


def must_have_settings(line_yaml: str) -> None:
    """Raises ConfigError if line.yaml cannot be read, or has no settings: then nothing can be edited in it."""
    line = read(line_yaml, f"config/{LINE}")
    if line.problems or not isinstance(line.data, dict):
        raise ConfigError(line.problems or [_NO_SETTINGS().at(line.where(()))])


def revision_of(files: Mapping[str, str]) -> str:
    """The fingerprint of a set of files. Equal files have equal revisions."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{files[name]}\0".encode())
    return digest.hexdigest()[:12]
