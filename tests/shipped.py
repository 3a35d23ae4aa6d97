"""What of the shipped `config/` is in `ivr/authoring/shipped.py` too, and how that is written: `scripts/shipped`."""

from __future__ import annotations

import json
import re
from typing import Any

from ivr import spoken
from ivr.authoring import drafts, stand_ins
from ivr.machine import config, configfiles
from ivr.script import NEEDED_TEXTS

PLACE = config.ROOT / "ivr" / "authoring" / "shipped.py"
HEAD = '''"""The words and timings that come with the line. They stand in for what an older `config/` does not have yet.

`scripts/shipped` writes this file from `config/`, and a test checks that the two agree.
"""
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

SHIPPED: dict[str, Any] = '''


def parts() -> dict[str, Any]:
    """The words that the line itself needs, the numbers in them, and how it speaks and waits."""
    draft = drafts.read_draft(configfiles.script_files(config.ROOT / "config"))
    assert not draft.problems
    assert not [path for document in draft.documents.values() for path in document.stand_ins], "config/ is not whole"
    shared = draft.menus["menus/shared.yaml"]
    words = {
        **{part: getattr(shared, part).model_dump() for part in stand_ins.OF_MENUS},
        "texts": {name: draft.texts.texts[name] for name in NEEDED_TEXTS},
    }
    spoken_of = set(spoken.BLANK.findall(json.dumps(words)))
    timings = {part: getattr(draft.line, part).model_dump(exclude_none=True) for part in stand_ins.OF_LINE}
    numbers = {name: number for name, number in draft.line.numbers.items() if name in spoken_of}
    return {**words, **timings, "numbers": numbers}


def text() -> str:
    """The text of `ivr/authoring/shipped.py`: one entry on a line, so that two changes of it can be merged."""
    written = json.dumps(parts(), indent=4, ensure_ascii=False)
    return HEAD + re.sub(r"([^,{\[])\n(?= *[}\]])", r"\1,\n", written) + "\n"
