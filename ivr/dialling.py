"""Which phone numbers we may ring or text, and why not the others.

Many callers of a helpline hide their number, so "hidden" is a normal verdict and not an error. For each verdict, the
line has suitable words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberType as Type

#: 'short', 'long': a number with digits missing, or too many. 'body': one of a public body or charity (0300 to 0309).
#: 'freephone' and 'body' can be called, but no family has such a number, so neither is rung back.
Verdict = Literal[
    "fine", "hidden", "malformed", "more", "short", "long", "premium", "emergency", "foreign", "freephone", "body"
]

#: Digits of a UK number, without the leading zero or the country code.
_NATIONAL_DIGITS = 10

#: Caller IDs that mean 'hidden'. They spell ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a keypad, and
#: would otherwise look like real numbers.
_SPELT = {"266696687", "7378742833", "2562533", "8656696", "86282452253"}
_SAID = {"", "anonymous", "restricted", "unknown", "unavailable", "private", "blocked", "withheld"}
#: A range that carriers use as a placeholder for a missing number. It must not be rung.
_PLACEHOLDER = "+448979"
#: Mobile numbers reserved for drama. They belong to nobody, so practice calls and tests can use them.
_DRAMA_MOBILE = "+447700900"

#: Ofcom keeps 0300 to 0309 for public bodies and charities: helplines, and no family's phone.
_BODY = "+4430"
_COSTLY = {Type.PREMIUM_RATE, Type.SHARED_COST, Type.PERSONAL_NUMBER, Type.PAGER}
_EMERGENCY = {"999", "112", "18000", "911"}


@dataclass(frozen=True)
class Number:
    """A phone number and our verdict on it. `e164` is empty unless the verdict is 'fine'."""

    verdict: Verdict
    e164: str = ""
    mobile: bool = False


@lru_cache(maxsize=1024)
def judge(raw: str) -> Number:
    """Whether we can ring or text a caller ID, or the digits that a caller keyed."""
    text = re.sub(r"^(sips?|tel):", "", raw.strip().lower()).split("@")[0].split(";")[0]
    bare = text.lstrip("+")
    if text in _SAID or bare in _SPELT or bare.removeprefix("1") in _SPELT:
        return Number("hidden")
    if bare in _EMERGENCY:
        return Number("emergency")
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return Number("malformed")
    if number.extension or phonenumbers.is_alpha_number(text):
        return Number("more")  # without its extension, or with its letters as keys, it is somebody else's phone
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if e164.startswith(_PLACEHOLDER):
        return Number("hidden")
    if number.country_code != 44:
        return Number("foreign")
    if e164.startswith(_DRAMA_MOBILE) and len(e164) == 13:
        return Number("fine", e164, mobile=True)
    if not phonenumbers.is_valid_number(number):
        return Number("malformed")
    return _whose(number, e164)


def _whose(number: phonenumbers.PhoneNumber, e164: str) -> Number:
    """The verdict on a valid British number, by whom it can belong to."""
    kind = phonenumbers.number_type(number)
    if kind in _COSTLY:
        return Number("premium")
    if kind is Type.TOLL_FREE:  # a helpline or a business; a family's phone has no such number
        return Number("freephone")
    if e164.startswith(_BODY):
        return Number("body")
    return Number("fine", e164, kind in {Type.MOBILE, Type.FIXED_LINE_OR_MOBILE})


def keyed(digits: str, near: str) -> Number:
    """Judge the digits that a caller keyed, in any of the ways in which people in the UK write a number.

    With or without the leading zero, with the country code (0044 or 44, with or without a zero after it), or without
    the area code: then the area of `near`, one of our own numbers, is used. An invalid number gets the verdict 'short'
    or 'long' if digits are missing or too many.
    """
    found = judge(digits)
    if found.verdict != "malformed":
        return found
    local = judge(_area_code(near) + digits) if digits[:1] not in "01" else found
    if local.verdict == "fine":
        return local
    if is_long(digits):
        return Number("long")
    return found if len(_national(digits)) == _NATIONAL_DIGITS else Number("short")


def is_long(digits: str) -> bool:
    """Whether these are more digits than any UK number has."""
    return len(_national(digits)) > _NATIONAL_DIGITS


@lru_cache(maxsize=1024)
def _national(digits: str) -> str:
    """Digits without the leading zero or the country code."""
    try:
        return str(phonenumbers.national_significant_number(phonenumbers.parse(digits, "GB")))
    except phonenumbers.NumberParseException:
        return digits


@lru_cache(maxsize=1024)
def _area_code(phone: str) -> str:
    """'0116' for '0116 496 0123'; empty for a number without an area code."""
    number = phonenumbers.parse(phone, "GB")
    digits = phonenumbers.length_of_geographical_area_code(number)
    return f"0{phonenumbers.national_significant_number(number)[:digits]}" if digits else ""


def same(number: str, phones: Iterable[str]) -> bool:
    """Whether a number is one of these, whatever the format of each."""
    known = identity(number)
    return bool(known) and any(known == identity(phone) for phone in phones)


@lru_cache(maxsize=1024)
def identity(phone: str) -> str:
    """The E.164 number by which a phone is known, whether or not we would ring it: for blocking it, and for deleting
    its data. Empty if it is hidden, or not a number.
    """
    judged = judge(phone)
    if judged.e164 or judged.verdict == "hidden":
        return judged.e164
    try:
        return international(phone)
    except phonenumbers.NumberParseException:
        return ""


def written(phone: str) -> str:
    """The identity of a phone that staff typed; empty if they mistyped it.

    A number that cannot exist counts as mistyped, unless it begins with a plus: networks show such numbers, so it was
    probably copied from a call.
    """
    exists = judge(phone).verdict not in ("malformed", "emergency")
    return identity(phone) if exists or phone.strip().startswith("+") else ""


def international(phone: str) -> str:
    """A valid number in international form, from the way staff write it: '0116 496 0123' -> '+441164960123'."""
    return phonenumbers.format_number(phonenumbers.parse(phone, "GB"), phonenumbers.PhoneNumberFormat.E164)


def national(e164: str) -> str:
    """'+441164960123' as people in the UK write it: '0116 496 0123'."""
    return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.NATIONAL)
