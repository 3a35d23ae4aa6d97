"""Whether the keys are the right ones, and encrypting again: after an upgrade, and when keys are rotated.

Each value is replaced only if it is still what was read, so a running line may write meanwhile. Whatever is interrupted
is continued by the next run: a value tells which key it was encrypted with. Scripts in Redis compare and store values;
they do not read them.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterator

from ivr.machine import keys
from ivr.machine.keys import Keys
from ivr.store import accounts, blocked, erasing, lowered, requests, sent, sessions, signins, texts, unfinished
from ivr.store.connection import PATIENT_SECONDS, Client, Redis

#: A value that only these keys can read, to recognise them.
_MARKER, _MARKER_KIND = "ivr:keys", b"keys"
#: The kind of each value, by the beginning of its key.
_VALUES = {
    "ivr:session:": sessions.KIND, "ivr:request:": requests.KIND, "ivr:text:": texts.KIND,
    "ivr:adviser:": accounts.KIND, "ivr:signedin:": signins.KIND,
    "ivr:invitation:": accounts.INVITATION_KIND, "ivr:sent:": sent.KIND, _MARKER: _MARKER_KIND,
}  # fmt: skip
#: The kind of the values of each hash.
_HASHES = {blocked.KEY: blocked.KIND, lowered.KEY: lowered.KIND, unfinished.KEY: unfinished.KIND}
#: Earlier versions wrote the number itself into the names of these keys.
_NAMED = ("ivr:phone:", "ivr:guesses:", "ivr:calls_to:", "ivr:texts_to:", "ivr:answers_to:", "ivr:alerted:")
_HASH = re.compile(r"[0-9a-f]{32}|hidden")
#: How many values to read at a time.
_AT_ONCE = 500

#: Store a value if the present one is still this one.
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
"""
#: The same for a field of a hash, which may get another name.
_REPLACE_FIELD = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
return 1
"""
#: Write a stream again, if its last entry is still this one: pairs of an id and a value.
_REFILL = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 or last[1][1] ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
for i = 2, #ARGV, 2 do redis.call('XADD', KEYS[1], ARGV[i], 'sealed', ARGV[i + 1]) end
return 1
"""


def is_marked(url: str) -> bool:
    """Whether anything in the Redis at this address is encrypted. Raises StoreDown."""
    server = Redis(url, PATIENT_SECONDS)
    try:
        return bool(server.do(lambda client: client.exists(_MARKER)))
    finally:
        server.close()


class Sealing:
    """What is stored in Redis, and the keys with which it is encrypted."""

    def __init__(self, redis: Redis, keys: Keys):
        self._redis, self._keys = redis, keys

    # --- the right keys ---------------------------------------------------------------------

    def why_not(self) -> str:
        """Why these keys are not those of what is stored, in words; empty if they are. Raises StoreDown.

        A Redis without a mark, in which nothing is encrypted with other keys, is marked with these.
        """
        there = self._redis.do(lambda client: client.get(_MARKER))
        if there is None:
            if others := sorted(set(self.counted()) - {"", *self._keys.ids}):
                return self._others(others[0])
            there = self._mark()
        try:
            name = self._keys.open(there, _MARKER_KIND)
        except keys.Locked:
            return self._others(keys.id_of(there))
        if not hmac.compare_digest(name, self._keys.name(_MARKER).encode()):
            return "The keys here can read what is stored, but the key that begins with names: is another"
        return ""

    def _mark(self) -> bytes:
        """Store the mark, and return the one that is stored: another process may have been quicker."""
        mine = self._keys.seal(self._keys.name(_MARKER).encode(), _MARKER_KIND)
        self._redis.do(lambda client: client.set(_MARKER, mine, nx=True))
        return self._redis.do(lambda client: client.get(_MARKER)) or mine

    def _others(self, key: str) -> str:
        return f"What is stored is encrypted with the key {key}, and here is {' and '.join(self._keys.ids)}"

    def counted(self) -> Counter[str]:
        """How many values each key encrypted, by the id of the key; "" for those in the clear."""
        return Counter(keys.id_of(stored) for _, stored, _ in self._stored())

    def in_the_clear(self) -> int:
        """How many values and names an earlier version stored in the clear."""
        return self.counted()[""] + len(self._redis.do(_named_in_the_clear))

    def _stored(self) -> Iterator[tuple[str, bytes, bytes]]:
        """The key, the value and the kind of everything that must be encrypted. Of a session, without its turn."""
        for start, kind in _VALUES.items():
            for key, value in self._values(start):
                yield key, _sealed_part(value)[1], kind
        for key, kind in _HASHES.items():
            for field, value in self._fields(key):
                yield field, value, kind
        for id_, fields in self._redis.do(lambda client: client.xrange(signins.FAILED)):
            yield id_.decode(), fields.get(b"sealed", b"{}"), signins.FAILED_KIND

    def _fields(self, key: str) -> Iterator[tuple[str, bytes]]:
        for field, value in self._redis.do(lambda client: client.hgetall(key)).items():
            yield field.decode(), value

    def _values(self, start: str) -> Iterator[tuple[str, bytes]]:
        found = self._redis.do(lambda client: sorted(client.scan_iter(f"{start}*", count=1000)))
        for at in range(0, len(found), _AT_ONCE):
            some = found[at : at + _AT_ONCE]
            values = self._redis.do(lambda client, some=some: client.mget(some))  # type: ignore[misc]
            yield from ((key.decode(), value) for key, value in zip(some, values, strict=True) if value)

    # --- encrypting again -------------------------------------------------------------------

    def renew(self, tell: Callable[[int], None] = lambda count: None) -> int:
        """Encrypt with the newest key every value that is not yet, and hash the numbers in names. Returns how many
        values were changed.

        `tell` is called with the number so far. What cannot be read is left as it is. Raises StoreDown; then the next
        run continues.
        """
        self._redis.do(self._rename)
        changed = 0
        for start, kind in _VALUES.items():
            batch: list[tuple[str, bytes, bytes]] = []
            for key, value in self._values(start):
                before, sealed = _sealed_part(value)
                if (renewed := self._keys.renewed(sealed, kind)) is not None:
                    batch.append((key, value, before + renewed))
                if len(batch) == _AT_ONCE:
                    changed += self._replace(batch)
                    tell(changed)
                    batch = []
            changed += self._replace(batch)
        changed += sum(map(self._renew_fields, _HASHES)) + self._renew_failed()
        if changed:
            self._redis.do(erasing.deletes)
        return changed

    def _replace(self, batch: list[tuple[str, bytes, bytes]]) -> int:
        def step(client: Client) -> int:
            pipe = client.pipeline(transaction=False)
            for key, old, new in batch:
                pipe.eval(_REPLACE, 1, key, old, new)
            return sum(pipe.execute())

        return self._redis.do(step) if batch else 0

    def _renew_fields(self, key: str) -> int:
        changed = 0
        for name, value in self._fields(key):
            renewed = self._keys.renewed(value, _HASHES[key])
            if renewed is None:
                continue
            is_number = key == blocked.KEY and not _HASH.fullmatch(name)
            arguments = (name, value, self._keys.name(name) if is_number else name, renewed)
            changed += self._redis.do(lambda client, args=arguments: client.eval(_REPLACE_FIELD, 1, key, *args))  # type: ignore[misc]
        return changed

    def _renew_failed(self) -> int:
        """Encrypt the list of failed sign-ins again. Earlier versions stored each as fields in the clear."""
        entries = self._redis.do(lambda client: client.xrange(signins.FAILED))
        if all(keys.id_of(fields.get(b"sealed", b"")) == self._keys.ids[0] for _, fields in entries):
            return 0
        told = []
        for id_, fields in entries:
            kept = fields.get(b"sealed") or signins.as_value(fields)
            told += [id_, self._keys.renewed(kept, signins.FAILED_KIND) or kept]
        return int(self._redis.do(lambda client: client.eval(_REFILL, 1, signins.FAILED, entries[-1][0], *told)))

    # --- names ------------------------------------------------------------------------------

    def _rename(self, client: Client) -> None:
        """Hash the numbers in the names of keys. If a phone's requests are under both names, they are merged."""
        for key in _named_in_the_clear(client):
            start, number = next((each, key.removeprefix(each)) for each in _NAMED if key.startswith(each))
            number, colon, way = number.partition(":")
            to = f"{start}{self._keys.name(number)}{colon}{way}"
            pipe = client.pipeline()
            if start == "ivr:phone:":
                pipe.zunionstore(to, [to, key], aggregate="MIN")
                pipe.delete(key)
            else:
                pipe.renamenx(key, to)
            pipe.execute()
            client.delete(key)  # if both names had a count, that of the hashed name stays
        for key in client.scan_iter("ivr:deleted:*", count=1000):
            pipe = client.pipeline()
            erasing.note(pipe, self._keys, float(client.time()[0]), key.decode().removeprefix("ivr:deleted:"))
            pipe.delete(key)
            pipe.execute()


def _named_in_the_clear(client: Client) -> list[str]:
    found = [key.decode() for start in _NAMED for key in client.scan_iter(f"{start}*", count=1000)]
    return [key for key in found if not _HASH.fullmatch(key.split(":")[2])]


def _sealed_part(value: bytes) -> tuple[bytes, bytes]:
    """The turn with its bar that precedes the encrypted value of a session (empty for others), and the value."""
    turn, bar, rest = value.partition(b"|")
    return (turn + bar, rest) if bar and turn.isdigit() else (b"", value)
