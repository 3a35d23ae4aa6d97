"""What staff may write: the shapes of nodes, texts and words. `linefile.py` has that of `config/line.yaml`.

The descriptions become JSON Schemas (`ivr schema`), which editors show to staff as they type. These classes are only
shapes: `building.py` compiles them into the script that a call runs on.
"""

from __future__ import annotations

import copy
import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from ivr.authoring.fitting import CHOICE_KEYS, NAME, PLACE, WORDS_IN_IT
from ivr.authoring.parsing import Path


class Authored(BaseModel):
    """Base class: no unknown fields, no conversions of types, and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Words = Annotated[str, Field(min_length=1, pattern=WORDS_IN_IT, description="Words the caller hears.")]
Name = Annotated[str, Field(pattern=NAME)]
#: The path of something in a file, outermost name first: steps.goodbye.say
PathInFile = Annotated[str, Field(pattern=PLACE)]
Goto = Annotated[Name, Field(description="The name of the node or step this leads to.")]
OnOff = Literal["on", "off"]
Reason = Annotated[str, Field(min_length=1, pattern=WORDS_IN_IT, description="Why, in a few words.")]
#: Waived rules of the check, each with its reason.
Waivers = dict[str, Reason]
ChoiceKey = Annotated[int, Field(ge=CHOICE_KEYS[0], le=CHOICE_KEYS[-1])]


# --- config/menus/*.yaml --------------------------------------------------------------------


class NodePart(Authored):
    """A node, or a part of one. An optional field is left out together with its name.

    A setting may be empty. In a node, a name with nothing after it is a mistake: an empty `only_if:` would make live
    what was meant to be switched off.
    """

    @field_validator("*")
    @classmethod
    def _has_something(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("nothing", "nothing follows the name")
        return value


class Choice(NodePart):
    label: Words = Field(description="What the choice is, without its key: 'To talk about school'.")
    goto: Goto
    said_back: Words | None = Field(None, description="Said once it is chosen. Left out: the label.")


class Answer(NodePart):
    goto: Goto
    say: Words | None = Field(None, description="Said before going on.")


class WhenOff(NodePart):
    goto: Goto
    say: Words | None = None


class NodeBase(NodePart):
    only_if: Name | None = Field(None, description="A switch in line.yaml. While it is off, the node does not exist.")
    when_off: WhenOff | None = Field(None, description="Where callers go instead while it is off.")
    allow: Waivers = Field(default_factory=dict, description="Rules of the check that are waived here, and why.")


class MenuNode(NodeBase):
    kind: Literal["menu"]
    say: Words
    choices: dict[ChoiceKey, Choice] = Field(min_length=1, description="The choices by key, in spoken order.")
    text: Name | None = Field(None, description="The text message about this, from texts.yaml.")


def _urgency(value: Any) -> Any:
    if value not in (True, False, "today") or isinstance(value, int) is not isinstance(value, bool):
        raise PydanticCustomError("urgency", "it is neither true, false nor today")
    return value


class ReadingNode(NodeBase):
    kind: Literal["reading"]
    parts: list[Words] = Field(min_length=1, max_length=3, description="One thought each, 30 words at most.")
    closing: Words | None = Field(None, description="Said after the last part, to show that this guidance is over.")
    next: Choice | None = Field(None, description="The one choice that follows. Left out: the end menu.")
    runs_on_to: Goto | None = Field(None, description="The node that follows at once, without a choice in between.")
    person_hint: Literal["first part", "last part"] | None = Field(
        None, description="After which part 'To talk to a person, press zero' is said."
    )
    text: Name | None = Field(None, description="The text message about this, from texts.yaml.")
    words: list[Name] = Field(default_factory=list, description="The hard words in it, in order.")
    urgent: Annotated[
        bool | Literal["today"], PlainValidator(_urgency), WithJsonSchema({"enum": [False, True, "today"]})
    ] = Field(
        False,
        description="A caller who asks to be rung back from here is urgent. today: a time limit today or tomorrow, or "
        "a child out of school today.",
    )


class QuestionNode(NodeBase):
    kind: Literal["question"]
    ask: Words
    if_yes: Answer
    if_no: Answer
    if_not_sure: Answer


class WordNode(NodeBase):
    kind: Literal["word"]
    word: Words = Field(description="The word itself, as callers hear it.")
    means: Words
    listed_in: Name = Field(description="The menu of words it belongs to.")
    next_word: Name | None = None


Node = Annotated[MenuNode | ReadingNode | QuestionNode | WordNode, Field(discriminator="kind")]


class File(Authored):
    """Fields that every file of `config/` may have."""

    allow: dict[PathInFile, Waivers] = Field(
        default_factory=dict,
        description="Rules of the check that are waived at a place in this file, and why. Not for nodes: they "
        "have an `allow` of their own.",
    )


# --- config/texts.yaml ----------------------------------------------------------------------


class TextsFile(File):
    """`config/texts.yaml`: the text messages that callers can ask for."""

    texts: dict[Name, Words]


# --- config/words.yaml ----------------------------------------------------------------------


class WordsFile(File):
    """`config/words.yaml`: rare words that callers know, and respellings for the voices."""

    everyday: list[Words] = Field(description="Words that are rare in books but known to every parent.")
    names: list[Words] = Field(description="Names of organisations and places.")
    said: dict[str, Words] = Field(description="Respellings for words that a voice would mispronounce.")


# --- spare values, for required fields that a faulty file lacks ------------------------------------
# No caller hears them, because the draft is refused.

#: Stands for words or a name that nobody wrote. Problems about it are not reported.
LEFT_OUT = "left_out"
_ANSWER = {"goto": LEFT_OUT}
#: Spare values by the name of the field, wherever it occurs.
_SPARES: dict[str, Any] = {
    **dict.fromkeys(("title", "owner", "source"), LEFT_OUT), "review_by": datetime.date.max,
    **dict.fromkeys(("say", "ask", "label", "word", "means", "goto", "listed_in"), LEFT_OUT),
    **dict.fromkeys(("if_yes", "if_no", "if_not_sure"), _ANSWER),
    "parts": [LEFT_OUT], "choices": {1: {"label": LEFT_OUT, **_ANSWER}},
    "texts": {}, "everyday": [], "names": [], "said": {},
}  # fmt: skip


def spare_by_name(path: Path, around: Any) -> Any:
    """A spare value for a field of any file. Raises LookupError for an optional one."""
    return copy.deepcopy(_SPARES[path[-1]])  # type: ignore[index]
