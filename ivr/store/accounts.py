"""The accounts of the people who work with the line, and their invitations."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec

from ivr.advising import adviser
from ivr.advising.adviser import Adviser, name_of
from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Fields, Sealed, id_of_secret
from ivr.store.connection import Client, Redis

#: The names of advisers and of invitations in their encryption.
KIND, INVITATION_KIND = b"adviser", b"invitation"
#: Seconds for which a used code is remembered: longer than it is valid.
USED_SECONDS = 5 * 60
#: Seconds for which an invitation that ended is remembered, to say so to whoever opens its address.
ENDED_SECONDS = 30 * 24 * 60 * 60


class Invitation(msgspec.Struct, frozen=True):
    """An invitation for one person. They are given an address that contains a secret."""

    name: str
    #: The person's stamp when they were invited. Once they have another, the address was used or replaced.
    stamp: str
    by: str
    ends: float


def _role_of_admin(old: Fields) -> Fields:
    """Upgrade: version 1 knew administrators, and no other role."""
    new = {name: value for name, value in old.items() if name != "admin"}
    return {**new, "role": "administrator" if old.get("admin") else "adviser"}


class Accounts:
    """Accounts by name."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._hash = redis, keys.name
        self._codec = Sealed(Codec(Adviser, _role_of_admin), keys, KIND)
        self._invitations = Sealed(Codec(Invitation), keys, INVITATION_KIND)

    def get(self, name: str) -> Adviser | None:
        value = self._redis.do(lambda client: client.get(_key(name)))
        return self._codec.decode(value) if value else None

    def find(self, typed: str) -> Adviser | None:
        """Whose name this is, as somebody typed it: accents, signs and spaces may be missing."""
        return adviser.same_name(typed, self.all())

    def save(self, person: Adviser) -> None:
        """Store an account, in place of the stored one of this name."""
        self._redis.do(lambda client: self._write(client.pipeline(), person).execute())

    def all(self) -> list[Adviser]:
        return self._redis.do(self._read)

    def add(self, person: Adviser) -> Adviser:
        """Store a new account. Raises Refused if somebody has this name, or one that is easily confused with it."""

        def step(pipe: Client) -> Adviser:
            adviser.must_be_free(person.name, self._read(pipe))
            pipe.multi()
            self._write(pipe, person)
            return person

        return self._transaction(step)

    def change(self, name: str, how: Callable[[Adviser, list[Adviser]], Adviser]) -> Adviser:
        """Change an account in one transaction. `how` gets it and all others, and may raise Refused.

        Raises KeyError if nobody has this name.
        """

        def step(pipe: Client) -> Adviser:
            everybody = self._read(pipe)
            before = next((each for each in everybody if each.name == name), None)
            if before is None:
                raise KeyError(name)
            after = how(before, [each for each in everybody if each.name != name])
            pipe.multi()
            if _key(after.name) != _key(name):
                pipe.delete(_key(name))
                pipe.srem(_NAMES, name_of(name))
            self._write(pipe, after)
            return after

        return self._transaction(step)

    def _transaction(self, step: Callable[[Client], Adviser]) -> Adviser:
        """Run `step` alone: whether one account may change depends on the others (the last administrator stays)."""
        done: Adviser = self._redis.do(lambda client: client.transaction(step, _TURN, value_from_callable=True))
        return done

    def _write(self, pipe: Client, person: Adviser) -> Client:
        pipe.set(_key(person.name), self._codec.encode(person))
        pipe.sadd(_NAMES, name_of(person.name))
        pipe.incr(_TURN)
        return pipe

    def _read(self, client: Client) -> list[Adviser]:
        keys = [_key(name.decode()) for name in sorted(client.smembers(_NAMES))]
        return self._codec.readable(keys, client.mget(keys)) if keys else []

    # --- invitations and codes --------------------------------------------------------------

    def invite(self, person: Adviser) -> str:
        """Store an invitation for somebody who was just invited. Returns the secret for the address they are given."""
        secret = secrets.token_urlsafe(32)
        invitation = Invitation(person.name, person.stamp, person.invited_by, person.invited_until)
        seconds = adviser.INVITED_SECONDS + ENDED_SECONDS
        value = self._invitations.encode(invitation)
        self._redis.do(lambda client: client.set(_invitation(secret), value, ex=seconds))
        return secret

    def invitation(self, secret: str) -> Invitation | None:
        """The invitation with this secret, which may have ended; None if there never was one, or it ended long ago."""
        value = self._redis.do(lambda client: client.get(_invitation(secret)))
        return self._invitations.decode(value) if value else None

    def use_code(self, name: str, step: int) -> bool:
        """Mark the code of this time step, from somebody's app, as used. False if it was used before."""
        key = f"ivr:used_code:{self._hash(name)}:{step}"
        return bool(self._redis.do(lambda client: client.set(key, 1, nx=True, ex=USED_SECONDS)))


#: The set of names, and a number that changes with each change of any account.
_NAMES, _TURN = "ivr:advisers", "ivr:advisers:turn"


def _key(name: str) -> str:
    return f"ivr:adviser:{name_of(name)}"


def _invitation(secret: str) -> str:
    return f"ivr:invitation:{id_of_secret(secret)}"
