"""What came of a talk: the few facts that a service counts, each chosen and none written.

Nobody asks a caller for the form's sake, so each may stay unsaid. There is no name, school, birthday or free text in
them. Only how often each was chosen is counted, by month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

#: The questions of the form after the outcome, and their answers with the words for the page.
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "level": {"1": "Advice", "2": "More help", "3": "Casework", "4": "Tribunal"},
    "topic": {
        "help": "Help in school", "asking": "Asking for an assessment", "refused": "Assessment refused",
        "no-plan": "Plan refused", "plan": "What a plan says", "school": "School named", "review": "Annual review",
        "out": "Out of school", "meeting": "Meeting or mediation", "appeal": "Appeal", "travel": "Travel",
        "health": "Health or social care", "other": "Something else",
    },
    "stage": {
        "none": "None", "support": "Support in school", "assessed": "Being assessed", "plan": "Has a plan",
        "appeal": "Appeal",
    },
    "setting": {
        "early": "Early years", "primary": "Primary", "secondary": "Secondary", "special": "Special",
        "college": "College", "none": "None now",
    },
    "next": {"nothing": "Nothing", "again": "Ring again", "casework": "Passed to casework"},
}  # fmt: skip
NAMES = {
    "level": "Level", "topic": "Topic", "stage": "Stage", "setting": "Setting", "next": "Next",
}  # fmt: skip


class Came(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an adviser chose. Empty: not said."""

    level: str = ""
    topic: str = ""
    stage: str = ""
    setting: str = ""
    next: str = ""

    @classmethod
    def of(cls, get: Callable[[str], str | None]) -> Came:
        """From the fields of a form. What is not an answer is not said."""
        return cls(**{name: value if (value := get(name) or "") in ANSWERS[name] else "" for name in ANSWERS})

    def said(self) -> Iterator[tuple[str, str]]:
        """Each question that was answered, with its answer."""
        yield from ((name, value) for name in ANSWERS if (value := getattr(self, name)))

    def in_words(self) -> str:
        """'Level: Advice. Topic: Appeal.'"""
        return " ".join(f"{NAMES[name]}: {ANSWERS[name][value]}." for name, value in self.said())
