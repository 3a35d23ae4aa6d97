"""`config/recordings.yaml`: which take of which recording callers hear, for which words, and who confirmed it.

The line writes it when somebody confirms a recording. It is published with the other files of config/. So callers hear
a take once it is published, and no longer once that publication is taken back.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from ivr.authoring import editing
from ivr.authoring.authored import LEFT_OUT, Authored, Words
from ivr.authoring.languagefile import Print
from ivr.authoring.parsing import Path
from ivr.script import ConfirmedTake

FILE = "recordings.yaml"
#: The name of something that is recorded in one piece: 'welcome', 'welcome.key1', 'line.person.ringing'.
SoundName = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]
_HEAD = """\
# yaml-language-server: $schema=schemas/recordings.json
# Who recorded what, and who stands for it: for exactly these words and this take. Written by the line, on the page
# Record and by `ivr record confirm`. Callers hear it once it is published.
"""


class Take(Authored):
    """A recording that callers may hear."""

    by: Words = Field(description="Who listened, and confirms that it says these words.")
    on: datetime.date
    of: Print = Field(description="The fingerprint of its words.")
    take: Print = Field(description="The fingerprint of the sound.")


class RecordingsFile(Authored):
    """`config/recordings.yaml`."""

    recordings: dict[SoundName, Take] = Field(default_factory=dict)

    @property
    def compiled(self) -> dict[str, ConfirmedTake]:
        """The takes, as the script has them."""
        return {name: ConfirmedTake(each.of, each.take, each.by, each.on) for name, each in self.recordings.items()}


def print_of(words: str) -> str:
    """The fingerprint of the words of a recording: eight hexadecimal digits."""
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def with_takes(text: str, takes: Mapping[str, ConfirmedTake]) -> str:
    """The file with these takes in it. Comments and all other lines stay. `text` is empty if there is no file yet."""
    if not _has_takes(text):
        lines = "".join(f"  {name}: {_written(take)}\n" for name, take in sorted(takes.items()))
        return _with_first(text if text.strip() else f"{_HEAD}recordings:\n", lines)
    for name, take in takes.items():
        text = editing.with_value(text, ("recordings", name), _written(take))
    return text


def without_takes(text: str, names: Iterable[str]) -> str:
    """The file without these takes; empty if none is left. Raises LookupError for one that is not there.

    With the last take the file goes too, unless somebody wrote a comment into it: that stays, with an empty list.
    """
    for name in names:
        text = editing.without(text, ("recordings", name))
    if _has_takes(text):
        return text
    has_comments = any("#" in line for line in text.splitlines() if line not in _HEAD.splitlines())
    return editing.with_value(text, ("recordings",), "{}") if has_comments else ""


def _has_takes(text: str) -> bool:
    """Whether there is a take in the file. Read as YAML, because an indented line may be a comment."""
    try:
        found = editing.node_at(text, ("recordings",))
    except LookupError:
        return False
    return editing.is_mapping(text, ("recordings",)) and bool(found.value)


def _with_first(text: str, lines: str) -> str:
    """A file that had no takes, with these lines as its first takes."""
    try:
        key, value = editing.entry(editing.node_at(text, ()), "recordings")
    except LookupError:
        return "\n".join([*text.splitlines(), "recordings:", lines])
    colon, start, end = text.index(":", key.end_mark.index) + 1, value.start_mark.index, value.end_mark.index
    # If nothing follows the colon, the YAML library gives a position after the comments.
    beside, _, after = text[end if end > start else colon :].partition("\n")
    return f"{text[:colon]}{beside.rstrip()}\n{lines}{after}"


def renamed(text: str, old: str, new: str) -> str:
    """The file after a node was renamed. The words are the same, so its recordings stay confirmed."""
    lines = text.splitlines(keepends=True)
    return "".join(_renamed_line(line, old, new) for line in lines)


def _renamed_line(line: str, old: str, new: str) -> str:
    is_of = any(line.startswith(f"  {old}{end}") for end in (":", "."))
    return f"  {new}{line[2 + len(old) :]}" if is_of else line


def _written(take: ConfirmedTake) -> str:
    return editing.flow(by=take.by, on=take.on, of=take.of, take=take.take)


def spare_of_take(path: Path, around: Any) -> Any:
    """A spare value for a field of the file. Raises LookupError for an optional one."""
    match path:
        case ("recordings", _, "by"):
            return LEFT_OUT
        case ("recordings", _, "on"):
            return datetime.date.max
        case ("recordings", _, "of" | "take"):
            return "0" * 8
    raise LookupError(path)
