"""The second factor: codes of an app (TOTP, RFC 6238), and codes of last resort (recovery codes).

The app and the line share a key, and make a code of six digits from it and the time, in steps of 30 seconds. A code of
the step before and of the one after fits too, because clocks differ a little. Each code can be used once; who used
which is remembered by `ivr.store.accounts`.

Codes of last resort are for a lost phone. Each has about 50 random bits, so they are stored as plain keyed hashes:
nobody can try them all.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from hashlib import sha256

import pyotp
import segno
from msgspec.structs import replace

from ivr.advising.adviser import Adviser, Factor

#: Seconds for which a code is shown, digits that it has, and steps before and after the present one that fit too.
STEP_SECONDS, DIGITS, SKEW = 30, 6, 1
#: Steps in which a code is looked for to tell how wrong a clock is: an hour before and after.
_FAR = 120
#: How many codes of last resort somebody gets, and how many letters each has.
SPARE_CODES, SPARE_LETTERS = 8, 10
#: Letters that are not taken for each other, in writing or on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """A key for an app: 160 random bits, in base 32."""
    return pyotp.random_base32()


def in_groups(secret: str) -> str:
    """A key as it is typed into an app by hand: four letters at a time."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def address(secret: str, name: str, service: str) -> str:
    """The address that the app reads from the QR code: the key, and for whom and what it is."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=service)


def qr(words: str) -> str:
    """A QR code as SVG, dark on white whatever the page's colours are: a camera reads no other."""
    made = segno.make(words, error="m", micro=False)
    return str(
        made.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    )


def typed(code: str) -> str:
    """A code as it is compared, from how it was typed or pasted: with spaces, dashes, or the digits of any script."""
    plain = unicodedata.normalize("NFKC", code).casefold()
    digits = (str(unicodedata.digit(char)) if char.isdigit() else char for char in plain)
    return "".join(char for char in digits if char.isalnum())


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step of time whose code this is; None if it does not fit now."""
    present = int(now // STEP_SECONDS)
    return next((step for step in range(present - SKEW, present + SKEW + 1) if _fits(secret, code, step)), None)


def clock_in_words(secret: str, code: str, now: float) -> str:
    """How wrong the clock of the app must be, if this code fits at another time; empty if it fits at none near."""
    present = int(now // STEP_SECONDS)
    for away in range(SKEW + 1, _FAR + 1):
        for steps, words in ((away, "fast"), (-away, "slow")):
            if _fits(secret, code, present + steps):
                minutes = max(round(away * STEP_SECONDS / 60), 1)
                return f"{minutes} minute{'s' * (minutes > 1)} {words}"
    return ""


def _fits(secret: str, code: str, step: int) -> bool:
    right = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).generate_otp(step) if step >= 0 else ""
    return hmac.compare_digest(right.encode(), typed(code).encode(errors="replace"))


def with_factor(person: Adviser, factor: Factor) -> Adviser:
    """The person with this second factor."""
    return replace(person, factor=factor, new_secret="")


# --- codes of last resort ---------------------------------------------------------------------


def new_codes() -> tuple[str, ...]:
    """New codes of last resort, as they are shown: 'abcde-fghjk'."""
    half = SPARE_LETTERS // 2
    made = ("".join(secrets.choice(_LETTERS) for _ in range(SPARE_LETTERS)) for _ in range(SPARE_CODES))
    return tuple(f"{code[:half]}-{code[half:]}" for code in made)


def hashed(secret: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of last resort as they are kept."""
    return tuple(_hash(secret, code) for code in codes)


def without(factor: Factor, code: str) -> Factor | None:
    """The factor without a code of last resort that was used; None if this is not one that is left."""
    used = _hash(factor.secret, code)
    left = tuple(each for each in factor.codes if not hmac.compare_digest(each, used))
    return replace(factor, codes=left) if len(left) < len(factor.codes) else None


def _hash(secret: str, code: str) -> str:
    return hmac.new(secret.encode(), typed(code).encode(errors="replace"), sha256).hexdigest()
