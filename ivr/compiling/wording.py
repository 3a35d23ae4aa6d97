"""Makes Speech of staff's words: fills in the settings, and collects a Problem for each that cannot be filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ivr import places, spoken
from ivr.authoring import naming
from ivr.authoring.authored import LEFT_OUT
from ivr.authoring.drafts import LINE, TEXTS
from ivr.authoring.parsing import Path
from ivr.compiling import coherence
from ivr.compiling.coherence import Findings
from ivr.problems import kind
from ivr.spoken import Speech


class Wording:
    """The words of one draft. `said`: every setting by name, as it is spoken.

    Without `offers_texts`, the parts of a node's words that offer a text are left out.
    """

    def __init__(self, found: Findings, said: Mapping[str, str | Speech], *, offers_texts: bool):
        self._found, self._said, self._offers_texts = found, said, offers_texts
        self._draft, self._line = found.draft, found.draft.line

    def speech(self, file: str, path: Path, template: str) -> Speech:
        """Words with the settings filled in. `path`: where they stand in the file, for what does not fit."""
        line = places.LINES.get(".".join(map(str, path[1:]))) if path[0] in ("steps", "phrases") else None
        blanks = line.blanks if line else ()
        written = spoken.BLANK.findall(template)
        for name in written:
            if name in self._line.emails or name in self._line.links:
                self._found.report(_ONLY_BY_TEXT(name=name), file, path, f"{{{name}}}")
            elif name not in self._said and name not in blanks:
                self._unknown_setting(file, path, name)
        for name in blanks:
            if name not in written and template != LEFT_OUT:
                self._found.report(_BLANK_NEEDED(name=name), file, path)
        document = self._draft.documents.get(file)
        if document and path in document.cut_short:
            self._found.report(coherence.CUT_SHORT(), file, path)
        self._check_braces(file, path, template)
        if path[:1] != ("nodes",):
            return spoken.speech(template, self._said)
        self._check_brackets(file, path, template)
        words = spoken.in_pieces(template, offers_texts=self._offers_texts)
        return tuple(piece for part in words for piece in spoken.speech(part, self._said))

    def text(self, name: str, body: str, values: Mapping[str, str]) -> str:
        """The body of a text with the settings filled in, as `values` has them."""

        def value(found: Any) -> str:
            if found[1] not in values:
                self._unknown_setting(TEXTS, ("texts", name), found[1])
            return values.get(found[1], "")

        self._check_braces(TEXTS, ("texts", name), body)
        return spoken.BLANK.sub(value, body)

    def _check_braces(self, file: str, path: Path, template: str) -> None:
        if re.search(r"[{}]", spoken.BLANK.sub("", template)):
            self._found.report(_BRACES(), file, path)

    def _check_brackets(self, file: str, path: Path, template: str) -> None:
        if re.search(r"[\[\]]", spoken.unmarked(template)):
            self._found.report(_BRACKETS(), file, path)

    def _unknown_setting(self, file: str, path: Path, name: str) -> None:
        if not self._found.is_lost(name, LINE):
            nearest = naming.meant(self._draft.files, name, "setting")
            self._found.report(_NO_SETTING(name=name, nearest=nearest), file, path, f"{{{name}}}")


_ONLY_BY_TEXT = kind(
    "only-by-text", "Callers cannot write down {{{name}}} by ear.", "Put it into a text message, and offer that."
)
_BLANK_NEEDED = kind("missing-blank", "{{{name}}} is missing.", "Put it back: callers need to hear it.")
_NO_SETTING = kind(
    "unknown-setting", "There is no setting {{{name}}}.", "Add it to config/line.yaml, or check its spelling.{nearest}"
)
_BRACKETS = kind(
    "lone-bracket", "A square bracket here has no partner.",
    "Put a sentence that offers a text in brackets, [We can text you the link.], or remove it.",
)  # fmt: skip
_BRACES = kind(
    "braces", "Braces must contain the name of a setting, like {{helpline_phone}}.",
    "Write one there, or remove the braces.",
)  # fmt: skip
