"""The places every line has: a person, a text message, being rung back.

Staff own the words of these steps (`config/menus/shared.yaml`); their order is here, so
that no edit can ring a caller who did not agree to it.

    kinds.py     what a step can be
    entry.py     keying a number
    person.py    being put through, and what there is when nobody can talk
    texting.py   a text message about what was heard
    ringing.py   asking to be rung back, and changing that later
"""

from ivr.steps import person, ringing, texting
from ivr.steps.kinds import BACK, STAY, Asks, Choice, HandsOver, Pauses, Runs, Step, TakesDigits
from ivr.steps.person import can_ring, why_nobody
from ivr.steps.ringing import counts, finished_for, half_way, heard_of_urgency, reference_twice

#: Every step by its name.
STEPS: dict[str, Step] = {**person.STEPS, **texting.STEPS, **ringing.STEPS}

__all__ = [
    "BACK", "STAY", "STEPS", "Asks", "Choice", "HandsOver", "Pauses", "Runs", "Step", "TakesDigits", "can_ring",
    "counts", "finished_for", "half_way", "heard_of_urgency", "reference_twice", "why_nobody",
]  # fmt: skip
