"""What the line may cost at Twilio in a day: an estimate from what it did, and what happens at the ceiling.

What counts is Twilio's bill, which comes later. This counts minutes and texts as they end and multiplies them by the
prices in `line.yaml`, so that a misused line costs a known sum and not all of an account. What is decided:

- The line never stops answering, and key 0 rings a person whatever that costs: money must not decide whether a child
  is helped.
- Texts stop first, a tenth below the ceiling: whoever wanted one hears so, and hears the number.
- At the ceiling, calls by one click stop: the adviser reads so, and can ring by hand.
- The service is alerted at three quarters of the ceiling, and when texts or one-click calls stop.
- Where Redis is away, nothing is counted and nothing stops.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from ivr.line_settings import Spending

#: What is counted: minutes of calls to the line, minutes of calls that the line makes, and parts of texts.
Billed = Literal["call_minutes", "dialled_minutes", "text_parts"]
#: What a day's spending has reached: nothing, three quarters of the ceiling, the stop of texts, the stop of calls by
#: one click.
Stage = Literal["", "near", "no texts", "no clicks"]
#: The shares of the ceiling at which each begins.
STAGES: tuple[tuple[Stage, float], ...] = (("no clicks", 1.0), ("no texts", 0.9), ("near", 0.75))


def pounds(spent: Mapping[str, int], prices: Spending) -> float:
    """The estimated cost of this, in pounds."""
    pence = (
        spent.get("call_minutes", 0) * prices.call_minute_pence
        + spent.get("dialled_minutes", 0) * prices.dialled_minute_pence
        + spent.get("text_parts", 0) * prices.text_pence
    )
    return round(pence / 100, 2)


def stage(spent: Mapping[str, int], prices: Spending) -> Stage:
    """What a day's spending has reached. A ceiling of 0 means that there is none."""
    if not prices.pounds_a_day:
        return ""
    share = pounds(spent, prices) / prices.pounds_a_day
    return next((stage for stage, begins in STAGES if share >= begins), "")


def minutes(seconds: int) -> int:
    """Minutes as they are billed: each begun one counts."""
    return math.ceil(seconds / 60)
