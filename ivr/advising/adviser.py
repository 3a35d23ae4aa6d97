"""A person who works at the desk: their name, their role, and every change of these as a pure function.

**Names.** People have names in any script, with apostrophes, spaces and accents, short and long. A name is kept as it
was written. Two people cannot have names that differ only in capitals, accents, spaces or signs: at the desk, names are
said aloud, and the log must say who it was.

**Somebody who left** is still stored by name, so that the log can be read and nobody else gets the name. Their password
and their second factor are deleted. There is always an administrator who has not left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from ivr import roles
from ivr.border import spelled
from ivr.callbacks.callback import LINE, Refused
from ivr.roles import Role

#: The most characters in a name.
LONGEST_NAME = 100
#: Seconds for which an invitation can be used.
INVITED_SECONDS = 7 * 24 * 60 * 60
#: In the log, whoever runs a command is named by their user on the machine, followed by this.
AT_TERMINAL = " at the terminal"
#: Names that the log and the histories use for something else.
_TAKEN = ("caller", LINE, "somebody")
#: Invisible characters that join or part letters in some scripts. They belong to the spelling of a name.
_JOINERS = "\u200c\u200d"
#: Letters without an accent to remove, with what is typed where a keyboard lacks them; and apostrophes that Unicode
#: counts as letters.
_TYPED_AS = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "\u02bb": "",
    "\u02bc": "",
})  # fmt: skip


class Factor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A second factor: an app that shows codes, and codes of last resort (the field's recovery codes)."""

    #: The key that it shares with the app, in base 32.
    secret: str
    #: When it was set up (POSIX seconds).
    since: float
    #: The codes of last resort that are left, hashed (`ivr/machine/factors.py`).
    codes: tuple[str, ...] = ()


class Adviser(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who may sign in. `phone` is rung for calls by one click."""

    name: str
    #: Empty for somebody who was invited and has not come yet, or has left.
    password_hash: str
    phone: str = ""
    role: Role = "adviser"
    #: True for somebody who left.
    disabled: bool = False
    #: Changes with the name, the password and the role, so that earlier sign-ins and invitations end.
    stamp: str = ""
    factor: Factor | None = None
    #: The key of an app that is being set up: the same in every tab, until a code from the app confirms it.
    new_secret: str = ""
    #: Who invited them last, and until when (POSIX seconds); 0.0 if they took it up, or it no longer counts.
    invited_by: str = ""
    invited_until: float = 0.0
    #: The names that they had before.
    former: tuple[str, ...] = ()

    @property
    def can_sign_in(self) -> bool:
        """Whether they have a password, and have not left."""
        return bool(self.password_hash) and not self.disabled


# --- names ----------------------------------------------------------------------------------


def name_of(typed: str) -> str:
    """A name as a key: in small letters, with one encoding for each accent."""
    return spelled(" ".join(typed.split()).lower())


def written(typed: str) -> str:
    """A name as it is kept, from how it was typed. Raises Refused for what cannot be a name."""
    shown = (char for char in " ".join(typed.split()) if char in _JOINERS or unicodedata.category(char)[0] != "C")
    name = spelled(" ".join("".join(shown).split()))
    if not any(unicodedata.category(char)[0] == "L" for char in name):
        raise Refused("Write a name. It has at least one letter.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name can have at most {LONGEST_NAME} characters.")
    if sounds(name) in map(sounds, _TAKEN) or sounds(name).endswith(sounds(AT_TERMINAL)):
        raise Refused("That name means something else in the log. Choose another.")
    return name


def sounds(name: str) -> str:
    """A name without what cannot be heard or is easily left out: capitals, accents, spaces, and signs."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = (char for char in apart if not unicodedata.combining(char) and unicodedata.category(char)[0] in "LMN")
    return "".join(kept).translate(_TYPED_AS)


def same_name(name: str, people: Iterable[Adviser]) -> Adviser | None:
    """Who has this name: first by its exact spelling, then by its sound; None if nobody has it."""
    people = list(people)
    exact = next((each for each in people if name_of(each.name) == name_of(name)), None)
    return exact or next((each for each in people if sounds(each.name) == sounds(name)), None)


def must_be_free(name: str, people: Iterable[Adviser]) -> None:
    """Raises Refused if somebody has, or had, this name or one that sounds the same."""
    for each in people:
        has = next((has for has in (each.name, *each.former) if sounds(has) == sounds(name)), "")
        if has:
            now = f", who is now {each.name}" if has != each.name else ", who left" if each.disabled else ""
            raise Refused(
                f"There is {has}{now} already, and the two would be taken for each other. If it is the same "
                "person, make a new address on their page. If not, add a second name or a letter."
            )


# --- changes ----------------------------------------------------------------------------------


def invited(person: Adviser, by: str, now: float, stamp: str) -> Adviser:
    """The person with a new invitation: their password is void, and their sign-ins and earlier invitations end.

    It is for somebody new, for somebody who returns, and for somebody who forgot their password.
    """
    return replace(
        person, password_hash="", disabled=False, stamp=stamp, invited_by=by, invited_until=now + INVITED_SECONDS
    )


def with_password(person: Adviser, password_hash: str, stamp: str) -> Adviser:
    """The person with a new password. Their sign-ins and invitations end."""
    return replace(person, password_hash=password_hash, disabled=False, stamp=stamp, invited_until=0.0)


def renamed(person: Adviser, name: str, stamp: str) -> Adviser:
    """The person with another name. They sign in with it from now on."""
    former = tuple(dict.fromkeys((*person.former, person.name)))
    former = tuple(each for each in former if each != name)
    return replace(person, name=name, former=former, stamp=stamp, invited_until=0.0)


def with_role(person: Adviser, role: Role, others: Sequence[Adviser], stamp: str) -> Adviser:
    """The person with another role. Raises Refused if there would be no administrator any more.

    An invitation that was not taken up yet stays valid.
    """
    if not roles.may(role, "people"):
        _must_leave_an_administrator(person, others)
    return replace(person, role=role, stamp=stamp if person.password_hash else person.stamp)


def left(person: Adviser, others: Sequence[Adviser], stamp: str) -> Adviser:
    """The person after they left. Raises Refused for the last administrator."""
    _must_leave_an_administrator(person, others)
    return replace(
        person, disabled=True, password_hash="", factor=None, new_secret="", phone="", stamp=stamp, invited_until=0.0
    )


def without_factor(person: Adviser, stamp: str) -> Adviser:
    """The person without their second factor, because their phone is lost. Their sign-ins end."""
    return replace(person, factor=None, new_secret="", stamp=stamp)


def is_administrator(person: Adviser) -> bool:
    """Whether somebody can sign in, and invite and change others."""
    return roles.may(person.role, "people") and person.can_sign_in


def _must_leave_an_administrator(person: Adviser, others: Sequence[Adviser]) -> None:
    if is_administrator(person) and not any(is_administrator(each) for each in others):
        raise Refused(
            f"{person.name} is the only administrator who can sign in. Make somebody else an administrator first."
        )


def words_of(name: str) -> list[str]:
    """The words of a name: a password that is made of them is easy to guess."""
    return [part for part in re.split(r"[^\w]+", name) if part]
