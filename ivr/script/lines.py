"""Words that staff own, declared by the places that say them."""

from __future__ import annotations

from typing import final


@final
class Line:
    """A line of words that staff own. `ask = Line()` in the place `ring_back` is the line `ring_back.ask`.

    `blanks` are filled in during a call. A label names a choice: 'press 1' follows it, so it is spoken like the part
    before a comma, and not like the end of a sentence.
    """

    __slots__ = ("blanks", "id", "is_label", "name")

    def __init__(self, *blanks: str, label: bool = False):
        self.blanks, self.is_label, self.name, self.id = blanks, label, "", ""

    def __set_name__(self, owner: type[Words], name: str) -> None:
        if self.name:
            raise TypeError(f"The line {self.id} cannot be {owner.__name__}.{name} too")
        self.name = name
        self.id = f"{owner.id}.{name}" if owner.id else name


def label() -> Line:
    """A Line that is the label of a choice."""
    return Line(label=True)


class Words:
    """A group of lines in config/: the words of one step, or words that are said wherever something happens."""

    id: str

    @classmethod
    def lines(cls) -> tuple[Line, ...]:
        """The lines, in the order of their declaration."""
        return tuple(line for line in vars(cls).values() if isinstance(line, Line))
