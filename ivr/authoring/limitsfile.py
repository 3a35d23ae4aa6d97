"""The schema of `limits` in `config/line.yaml`: how much callers may ask for."""

from __future__ import annotations

from pydantic import Field

from ivr.authoring.authored import Authored

#: The fewest callers within an hour that can be set as a flood.
LEAST_FLOOD = 5


class Limits(Authored):
    """What one call, one phone and one day may ask for (`ivr/callbacks/limits.py` says why)."""

    a_call: int = Field(ge=1, le=20)
    a_phone: int = Field(ge=1, le=100, description="Times in a day for one phone.")
    keyed_a_day: int = Field(ge=0, le=10_000, description="In a day in all, for numbers that were keyed.")
    a_day: int = Field(ge=1, le=100_000, description="In a day in all.")


class RequestLimits(Limits):
    """Limits of asking to be rung."""

    a_call: int = Field(default=3, ge=1, le=20, description="Phones that one call can have rung, besides its own.")
    a_phone: int = Field(default=10, ge=1, le=100, description="Times that one phone can be asked for in a day.")
    keyed_a_day: int = Field(default=60, ge=0, le=10_000, description="In a day in all, for numbers that were keyed.")
    a_day: int = Field(default=2000, ge=1, le=100_000, description="In a day in all. It protects the disk.")
    keyed_percent: int = Field(
        default=50,
        ge=0,
        le=100,
        description="How many of the places in a part of a day numbers that were keyed can take, in percent.",
    )
    kept_for_later_percent: int = Field(
        default=25,
        ge=0,
        le=90,
        description="How many of the places in a part of a day are given only when that day is near, in percent.",
    )


class TextLimits(Limits):
    """Limits of asking for a text."""

    a_call: int = Field(default=6, ge=1, le=20, description="Texts that one call can ask for.")
    a_phone: int = Field(default=8, ge=1, le=100, description="Texts that one phone can get in a day.")
    keyed_a_day: int = Field(default=100, ge=0, le=10_000, description="In a day in all, to numbers that were keyed.")
    a_day: int = Field(default=500, ge=1, le=100_000, description="In a day in all.")


class Misuse(Authored):
    """How much callers may ask for, and from when on very many callers are a flood."""

    requests: RequestLimits = Field(default_factory=RequestLimits)
    texts: TextLimits = Field(default_factory=TextLimits)
    flood_an_hour: int = Field(
        default=30,
        ge=LEAST_FLOOD,
        le=10_000,
        description="If this many callers ask to be rung within an hour, one alert tells of all of them.",
    )
