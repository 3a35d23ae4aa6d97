"""What staff typed into forms and did not save yet, so that nothing of it is lost."""

from __future__ import annotations

import msgspec

from ivr.machine.keys import Keys
from ivr.store.codec import Codec, Sealed, Unreadable
from ivr.store.connection import Redis

KEY = "ivr:unfinished"
#: The name of unfinished forms in their encryption.
KIND = b"unfinished"
#: Seconds for which what was typed is kept.
KEEP_SECONDS = 30 * 24 * 60 * 60
#: The most that is kept of one form for one person: one for each window in which they typed.
MOST_WINDOWS = 5


class Typed(msgspec.Struct, frozen=True):
    """What somebody typed into a form in one window of a browser."""

    form: str
    window: str
    at: float
    #: The fields of the form by name, as the browser sent them; among them what the form had shown.
    fields: dict[str, str]


class Unfinished:
    """The forms that were not saved yet."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys, self._codec = redis, keys, Sealed(Codec(Typed), keys, KIND)

    def of(self, person: str, form: str = "") -> list[Typed]:
        """What this person typed and did not save, latest first; of one form, or of all. Raises StoreDown."""
        return [typed for _, typed in self._fields(self._mine(person)) if not form or typed.form == form]

    def keep(self, person: str, typed: Typed, instead_of: str = "") -> None:
        """Keep what was typed in a window, instead of what was typed there before. Raises StoreDown.

        `instead_of`: an earlier window, whose words were shown in this one.
        """
        field, mine = self._field(person, typed.form, typed.window), self._mine(person)
        self._redis.do(lambda client: client.hset(KEY, field, self._codec.encode(typed)))
        if instead_of and instead_of != typed.window:
            self.forget(person, typed.form, instead_of)
        found = self._fields(mine)
        of_form = [each for each in found if each[1].form == typed.form]
        self._delete([name for name, _ in of_form[MOST_WINDOWS:]])
        self._delete([name for name, each in self._fields("") if each.at < typed.at - KEEP_SECONDS])

    def forget(self, person: str, form: str, window: str) -> None:
        """Forget what was typed in a window: it was saved, or is not wanted. Raises StoreDown."""
        self._delete([self._field(person, form, window)])

    def _fields(self, start: str) -> list[tuple[str, Typed]]:
        """Every field whose name begins so, latest first. What cannot be read is left out."""
        found = []
        for name, value in self._redis.do(lambda client: client.hgetall(KEY)).items():
            if name.decode().startswith(start):
                try:
                    found.append((name.decode(), self._codec.decode(value)))
                except Unreadable:
                    continue
        return sorted(found, key=lambda each: -each[1].at)

    def _delete(self, names: list[str]) -> None:
        if names:
            self._redis.do(lambda client: client.hdel(KEY, *names))

    def _mine(self, person: str) -> str:
        return f"{self._keys.name(person)} "

    def _field(self, person: str, form: str, window: str) -> str:
        return f"{self._mine(person)}{form} {window}"
