"""Who works at the desk: inviting and changing people, letting them leave and return. The page and the commands use it.

Each function changes one person in one step and notes in the log who did it. It also does what follows from the change:
it ends sign-ins, and gives requests that somebody had back to everybody. Each raises Refused if the change is not
possible, and KeyError for somebody who is not there any more.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable

from msgspec.structs import replace

from ivr import roles
from ivr.advising import adviser
from ivr.advising.adviser import AT_TERMINAL, Adviser
from ivr.callbacks import handing
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import CallbackRequest
from ivr.roles import Role
from ivr.store import Store
from ivr.store.accounts import Invitation

#: A function that changes one person, given all the others.
AccountChange = Callable[[Adviser, list[Adviser]], Adviser]


def stamp() -> str:
    """A new stamp. Sign-ins and invitations with an older stamp are void."""
    return secrets.token_hex(8)


def add(store: Store, name: str, role: Role, phone: str, by: str, now: float) -> tuple[Adviser, str]:
    """Invite somebody new. Returns their account, and the secret in the address that they are given."""
    _must_be_administrator(store, by)
    new = adviser.invited(Adviser(adviser.written(name), "", phone, role), by, now, stamp())
    person = store.accounts.add(new)
    store.audit.note(now, by, f"invited {person.name} as {role}")
    return person, store.accounts.invite(person)


def way_in(store: Store, name: str, by: str, now: float) -> tuple[Adviser, str]:
    """Invite somebody again who forgot their password, or who returns. Their old password is void."""

    def how(person: Adviser, others: list[Adviser]) -> Adviser:
        if person.name == by:
            raise Refused("Change your own password under 'Account'.")
        return adviser.invited(person, by, now, stamp())

    was_gone = (store.accounts.get(name) or Adviser(name, "")).disabled
    person = _changed(store, name, by, how)
    store.audit.note(now, by, f"invited {person.name} {'back' if was_gone else 'anew'}")
    return person, store.accounts.invite(person)


def join(store: Store, secret: str, password_hash: str, now: float) -> Adviser:
    """Accept an invitation by setting a password. Raises Refused if it has expired, or was accepted in another tab."""
    invitation = store.accounts.invitation(secret)
    if invitation is None:
        raise Refused("This address is not known. Ask an administrator for a new one.")

    def how(person: Adviser, _: list[Adviser]) -> Adviser:
        if why := why_not(invitation, person, now):
            raise Refused(why)
        return adviser.with_password(person, password_hash, stamp())

    try:
        person = store.accounts.change(invitation.name, how)
    except KeyError:
        raise Refused(f"This address is no longer valid. Ask {invitation.by} for a new one.") from None
    store.audit.note(now, person.name, f"came in by the invitation of {invitation.by}")
    return person


def why_not(invitation: Invitation | None, person: Adviser | None, now: float) -> str:
    """Why this person cannot accept the invitation behind an address; empty if they can."""
    if invitation is None:
        return "This address is not known. It may be incomplete: copy all of it. Or ask an administrator for a new one."
    if person is None or person.stamp != invitation.stamp or person.disabled:
        return (
            "This address was used already, or replaced by a newer one. If you have a password, sign in. If not, ask "
            f"{invitation.by} for a new address."
        )
    if invitation.ends <= now:
        return f"This address is too old. Ask {invitation.by} for a new one."
    return ""


def rename(store: Store, name: str, to: str, by: str, now: float) -> Adviser:
    """Give somebody another name. What they have stays theirs; they sign in anew, by the new name."""
    new = adviser.written(to)

    def how(person: Adviser, others: list[Adviser]) -> Adviser:
        if new == person.name:
            raise Refused("That is their name already.")
        adviser.must_be_free(new, others)
        return adviser.renamed(person, new, stamp())

    person = _changed(store, name, by, how)
    _each(store, lambda request: handing.renamed(request, name, new))
    store.audit.note(now, by if by != name else new, f"renamed {name}: now {new}")
    return person


def set_role(store: Store, name: str, role: Role, by: str, now: float) -> Adviser:
    """Give somebody another role. They sign in anew."""

    def how(person: Adviser, others: list[Adviser]) -> Adviser:
        if person.name == by:
            raise Refused("Nobody changes their own role. Ask another administrator.")
        return adviser.with_role(person, role, others, stamp())

    person = _changed(store, name, by, how)
    store.audit.note(now, by, f"made {name} {role}")
    return person


def set_phone(store: Store, name: str, phone: str, by: str, now: float) -> Adviser:
    """Set the phone that is rung for calls by one click (E.164); empty for none."""
    person = _changed(store, name, by, lambda person, _: replace(person, phone=phone))
    store.audit.note(now, by, f"{'changed' if phone else 'removed'} the phone of {name}")
    return person


def reset_factor(store: Store, name: str, by: str, now: float) -> Adviser:
    """Take somebody's second factor away, because their phone is lost. They sign in anew, and set up another."""

    def how(person: Adviser, _: list[Adviser]) -> Adviser:
        if person.name == by:
            raise Refused("Set up your own new phone under 'Account'.")
        return adviser.without_factor(person, stamp())

    person = _changed(store, name, by, how)
    store.audit.note(now, by, f"reset the second factor of {name}")
    return person


def set_password(store: Store, name: str, password_hash: str, by: str, now: float) -> Adviser:
    """Set somebody's password for them, at the terminal. They can sign in from now on, also if they had left."""
    person = _changed(store, name, by, lambda person, _: adviser.with_password(person, password_hash, stamp()))
    store.audit.note(now, by, f"set the password of {name}")
    return person


def leave(store: Store, name: str, by: str, now: float) -> int:
    """Let somebody go, at once. Returns how many requests that they had, or was to ring, are everybody's now."""

    def how(person: Adviser, others: list[Adviser]) -> Adviser:
        if person.disabled:
            raise Refused(f"{name} has left already.")
        return adviser.left(person, others, stamp())

    _changed(store, name, by, how)
    freed = _each(store, lambda request: handing.without(request, name, by, now))
    store.audit.note(now, by, f"let {name} go")
    return freed


def _changed(store: Store, name: str, by: str, how: AccountChange) -> Adviser:
    """Change somebody, and end their sign-ins if the change gives them a new stamp."""

    def checked(person: Adviser, others: list[Adviser]) -> Adviser:
        _is_administrator(by, [person, *others])
        return how(person, others)

    before = store.accounts.get(name)
    person = store.accounts.change(name, checked)
    if before is None or before.stamp != person.stamp:
        for kept in store.sign_ins.all_of(name):
            store.sign_ins.end(kept)
    return person


def _must_be_administrator(store: Store, by: str) -> None:
    _is_administrator(by, store.accounts.all())


def _is_administrator(by: str, everybody: list[Adviser]) -> None:
    """Raise Refused unless `by` is an administrator, or at the terminal.

    Changes check this in the same transaction: of two administrators who remove each other, one must remain.
    """
    if by.endswith(AT_TERMINAL):
        return
    if not any(each.name == by and adviser.is_administrator(each) for each in everybody):
        raise Refused(f"Only {roles.who_may('people')} can do that, and you are not one any more.")


def _each(store: Store, how: Callable[[CallbackRequest], CallbackRequest]) -> int:
    """Change the open requests that this concerns. Returns how many."""
    count = 0
    for request in store.requests.waiting():
        if how(request) != request:
            with contextlib.suppress(KeyError):  # somebody deleted it meanwhile
                store.requests.change(request.id, how)
                count += 1
    return count
