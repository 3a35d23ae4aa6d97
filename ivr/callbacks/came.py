"""What came of a talk: a few facts that a service counts. Advisers choose each from a list, and write none.

The questions and their answers stand in `line.yaml` (`after_a_talk`), since each service counts its own. No adviser
should ask a caller only to fill in the form, so every question may stay unanswered. There is no name, school, birthday
or free text in the answers. Only how often each was chosen is counted, by month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ivr.line_settings import AfterTalk

#: What an adviser chose: the name of each question, with that of its answer. Unanswered questions are left out.
Came = tuple[tuple[str, str], ...]
Questions = Mapping[str, AfterTalk]
#: The question about how much help was given, whose answers go from the least to the most. Not every service asks it.
LEVEL = "level"


def chosen(questions: Questions, get: Callable[[str], str | None]) -> Came:
    """What was chosen in a form, whose fields are named by `field`. A value that is not an answer is left out."""
    told = {name: get(field(name)) or "" for name in questions}
    return tuple((name, value) for name, value in told.items() if value in questions[name].answers)


def field(question: str) -> str:
    """The name of a question's field in a form, which no other field has."""
    return f"came-{question}"


def highest(questions: Questions, before: str, came: Came) -> str:
    """The higher of two levels of help: that given before, and that of this talk. Empty if neither was chosen."""
    answers = ["", *(questions[LEVEL].answers if LEVEL in questions else ())]
    said = (before, dict(came).get(LEVEL, ""))
    return max((each for each in said if each in answers), key=answers.index, default="")


def counts(came: Came) -> Iterator[str]:
    """The names under which the answers are counted, one for each."""
    yield from (counted(question, answer) for question, answer in came)


def counted(question: str, answer: str) -> str:
    """The name under which an answer is counted."""
    return f"came:{question}:{answer}"


def in_words(came: Came, questions: Questions) -> str:
    """'Level: Advice. Topic: Appeal.' A question that is not asked any more appears by its name."""
    return " ".join(
        f"{_asks(question, questions)}: {_answer(question, answer, questions)}." for question, answer in came
    )


def _asks(question: str, questions: Questions) -> str:
    return questions[question].asks if question in questions else question


def _answer(question: str, answer: str, questions: Questions) -> str:
    return questions[question].answers.get(answer, answer) if question in questions else answer
