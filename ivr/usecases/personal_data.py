"""All data of one person, by phone number: to find, export or delete it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ivr import dialling
from ivr.callbacks.callback import REFERENCE_DIGITS
from ivr.callbacks.request import CallbackRequest
from ivr.machine.config import Settings
from ivr.script.session import Session
from ivr.store import Block, Ledger, Spool, Store, TextState
from ivr.store.audit import AuditEntry
from ivr.store.erasing import after
from ivr.store.spool import WaitingEntry
from ivr.usecases.jobs import read_recording, recording_path

#: How many ended requests to search: all of them.
_ALL = 10**9
#: Where data may remain after all of it was deleted, and until when.
LEFT = (
    "Not deleted here: backups of IVR_DATA and of Redis, until you delete them (a restore deletes this person again); "
    "a spool on another machine; and what Twilio keeps of calls and texts, as long as you set there. The append-only "
    "file of Redis is written anew within a minute, while the line runs. The log keeps who saw or did what with these "
    "requests, by their ids, and no number."
)


@dataclass
class PersonalData:
    """The data of one phone number (E.164)."""

    number: str
    requests: list[CallbackRequest] = field(default_factory=list)
    texts: list[TextState] = field(default_factory=list)
    #: Calls in progress, in Redis or on this machine's disk.
    calls: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    #: Their entries in this machine's spool, which wait for Redis.
    spooled: list[WaitingEntry] = field(default_factory=list)
    #: The keys of counters by this number.
    counted: list[str] = field(default_factory=list)
    #: Log entries about their requests.
    log: list[AuditEntry] = field(default_factory=list)
    #: The latest moment at which any of it was said (POSIX seconds). It is later than now if the clock was set back.
    latest: float = 0.0

    @property
    def is_known(self) -> bool:
        return any((self.requests, self.texts, self.calls, self.blocks, self.spooled, self.counted))

    def counts(self) -> Iterator[tuple[int, str]]:
        """How much data there is of each kind, in words, without kinds that are empty."""
        waiting = sum(request.open for request in self.requests)
        kinds = (
            (len(self.requests), f"callback requests ({waiting} of them wait to be rung)"),
            (sum(len(request.messages) for request in self.requests), "spoken messages"),
            (sum(bool(event.note) for request in self.requests for event in request.events), "notes"),
            (len(self.texts), "texts"),
            (len(self.calls), "calls under way"),
            (len(self.blocks), "blocks"),
            (len(self.spooled), "things in the spool of this machine"),
            (len(self.counted), "counts"),
            (len(self.log), "lines of the log of who saw what"),
        )
        yield from ((count, words) for count, words in kinds if count)


def numbers_of(store: Store, reference: str) -> list[str]:
    """The phone numbers of requests in which a caller has this call number."""
    return sorted({request.number for request in store.requests.of_reference(reference) if request.number})


def number_of(store: Store, typed: str) -> str:
    """The number (E.164) that is meant by a phone number or a call number. Raises ValueError with what to do."""
    typed = typed.strip()
    if len(typed) == REFERENCE_DIGITS and typed.isascii() and typed.isdigit():
        phones = numbers_of(store, typed)
        if len(phones) != 1:
            says = "No call has" if not phones else f"{len(phones)} phones have a call with"
            raise ValueError(f"{says} the number {typed}. Give the phone number.")
        return phones[0]
    if not (known := dialling.written(typed)):
        raise ValueError(
            f"'{typed}' is not a phone number. Write it like '07700 900123', or with its country: '+33 …'."
        )
    return known


def find(store: Store, spool: Spool, number: str, now: float) -> PersonalData:
    """Find all data of a number, including numbers that an adviser typed and has not confirmed yet, and those that were
    to be rung before the caller gave another.
    """
    everybody = [*store.requests.waiting(), *store.requests.ended(_ALL)]
    requests = [request for request in everybody if number in request.numbers]
    ids = {request.id for request in requests}
    texts = store.texts.to(number)
    sessions = [each for each in _sessions(store, spool) if dialling.same(number, each.numbers)]
    spooled = [waiting for waiting in spool.content().waiting if _is_of(waiting, number, ids)]
    said = [
        *(request.last_heard for request in requests),
        *(text.asked_at for text in texts),
        *(session.arrived for session in sessions),
        *(waiting.entry.at for waiting in spooled),
    ]
    return PersonalData(
        number=number,
        requests=requests,
        texts=texts,
        calls=sorted({session.call for session in sessions}),
        blocks=[block for block in store.blocked.all(now) if block.number == number],
        spooled=spooled,
        latest=max(said, default=0.0),
        counted=store.limits.counted_of(number),
        log=[seen for seen in store.audit.entries(_ALL) if seen.about in ids],
    )


def _sessions(store: Store, spool: Spool) -> Iterator[Session]:
    """The sessions of all calls in progress: in Redis, and on this machine's disk, where they are without Redis."""
    yield from store.sessions.all()
    yield from spool.sessions()


def _end(store: Store, spool: Spool, call: str) -> None:
    store.sessions.end(call)
    spool.end(call)


def _is_of(waiting: WaitingEntry, number: str, ids: set[str]) -> bool:
    request = waiting.entry.request
    return (request is not None and request.number == number) or waiting.entry.about in ids


def as_json(person: PersonalData) -> bytes:
    """The data as JSON. Spoken messages are separate files, and only named here."""
    told: dict[str, Any] = {
        "number": person.number,
        "requests": person.requests,
        "texts": person.texts,
        "calls_under_way": person.calls,
        "blocks": person.blocks,
        "waiting_on_disk": [waiting.entry for waiting in person.spooled],
        "counts": person.counted,
        "log": person.log,
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2)


def files_of(settings: Settings, person: PersonalData) -> Iterator[tuple[str, bytes]]:
    """Everything as files: the name and content of each. Spoken messages that were deleted are left out."""
    yield "person.json", as_json(person)
    for request in person.requests:
        for message in request.messages:
            if (sound := read_recording(settings, message.name)) is not None:
                yield recording_path(settings, message.name).name, sound


def forget(settings: Settings, store: Store, spool: Spool, person: PersonalData, now: float) -> None:
    """Delete all of it except the log, which contains no number, and note on this machine that it was erased.

    The erasure is noted in Redis first. If something stops this half-way, what is deleted by then stays erased, and the
    rest is found and deleted the next time. The worker's next look deletes the recordings at Twilio.

    Raises StoreDown; and OSError if this machine cannot note it, after everything was deleted.
    """
    store.erasing.note(after(person.latest, now), person.number, *person.calls)
    for waiting in person.spooled:
        spool.forget(waiting.name)
    for request in person.requests:
        _delete(settings, store, request)
    store.texts.forget_to(person.number)
    for call in person.calls:
        _end(store, spool, call)
    for block in person.blocks:
        store.blocked.lift(block.id, now)
    store.limits.forget_counted(person.number)
    store.erasing.deletes()
    store.erasing.exchange(Ledger(settings.erased_file), now)


def keep_erased(settings: Settings, store: Store, spool: Spool, now: float) -> int:
    """Note on this machine what was erased. What a restore of Redis brought back is erased again.

    Returns how much that was. Raises OSError if the file of what was erased cannot be used.
    """
    erased = store.erasing.exchange(Ledger(settings.erased_file), now)
    count = _forget_again(settings, store, spool, erased) if erased else 0
    store.erasing.learn(erased)
    return count


def _forget_again(settings: Settings, store: Store, spool: Spool, erased: Mapping[str, float]) -> int:
    """Delete everything of these calls and phones that is older than their erasure."""

    def is_erased(since: float, *of: str) -> bool:
        marks = (store.erasing.mark(each) for each in of if each)
        return any(mark in erased and since <= erased[mark] for mark in marks)

    requests = [
        request
        for request in (*store.requests.waiting(), *store.requests.ended(_ALL))
        if is_erased(request.last_heard, *request.numbers, *(_call(asker.id) for asker in request.everybody))
    ]
    for request in requests:
        _delete(settings, store, request)
    texts = [text for text in store.texts.all() if is_erased(text.asked_at, text.to, text.id.rsplit(".", 1)[0])]
    store.texts.forget(text.id for text in texts)
    waiting = [
        each
        for each in spool.content().waiting
        if is_erased(each.entry.at, _call(each.entry.about), each.entry.request.number if each.entry.request else "")
    ]
    for each in waiting:
        spool.forget(each.name)
    blocks = [block for block in store.blocked.all(0.0) if is_erased(block.at, block.number)]
    for block in blocks:
        store.blocked.lift(block.id, 0.0)
    calls = {s.call for s in _sessions(store, spool) if is_erased(s.arrived, s.call, *_phones(s))}
    for call in calls:
        _end(store, spool, call)
    return len(requests) + len(texts) + len(waiting) + len(blocks) + len(calls)


def _phones(session: Session) -> Iterator[str]:
    """The numbers of a call as they are noted: in E.164."""
    return filter(None, map(dialling.identity, session.numbers))


def _delete(settings: Settings, store: Store, request: CallbackRequest) -> None:
    """Delete a request with its spoken messages."""
    for message in request.messages:
        recording_path(settings, message.name).unlink(missing_ok=True)
    store.requests.delete(request.id)


def _call(wish: str) -> str:
    """The call of a wish."""
    return wish.rsplit("-", 1)[0]
