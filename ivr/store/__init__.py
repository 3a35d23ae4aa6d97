"""What the line remembers: Redis, all of it, with the map of every key; and the spool, for while Redis is away.

    key                          type     what
    ivr:session:<CallSid>        string   <turn>|<session as JSON>; goes 6 hours after the last turn
    ivr:accepted:<CallSid>:<n>   string   an adviser pressed 1 to take this caller, transferred at turn n
    ivr:keys                     string   a value that only the keys of this line can read
    ivr:live                     string   the revision that new calls begin with
    ivr:history                  list     what was published, newest first, as JSON
    ivr:proposed                 string   what waits for a second person to agree, as JSON
    ivr:revision:<id>            string   the files of a revision, as JSON
    ivr:used                     zset     revisions, by the second a call last began with one (to a minute)
    ivr:request:<id>             string   one callback request, as JSON
    ivr:queue                    zset     open requests, by the second they are due
    ivr:changed                  stream   requests that changed, the last thousand, so that lists read only these
    ivr:ended                    zset     requests that ended, by the second they did
    ivr:erased                   zset     calls and phones that were erased, hashed, by the second they were; 400 days
    ivr:handed_in                zset     entries of spools that were handed in, by the second of asking, for 90 days
    ivr:deleted_since            string   something was deleted that is in the append-only file still
    ivr:rewritten                string   the second at which that file was last begun anew
    ivr:phone:<hash>             zset     requests of one phone, by the second they were asked for
    ivr:reference:<hash>         zset     requests in which somebody has one call number, by the second of asking
    ivr:call:<hash>              zset     requests for which somebody asked in one phone call, by the second of asking
    ivr:earlier:<hash>           zset     requests that were to be rung on another phone before, by the second of asking
    ivr:put_aside                zset     requests that were put aside, by the second they were
    ivr:indexed                  string   a sign that all requests are entered in the four keys above
    ivr:slot:<day>:<part>        zset     who has a slot in a window, by the second it runs out
    ivr:places                   hash     parts of days with fewer slots: who lowered them and why, as JSON
    ivr:unfinished               hash     what staff typed into a form and did not save, by <hash> and form; for 30 days
    ivr:alerted:<hash>:<way>     string   the message of which this phone's alert told, for a day; hidden: for an hour
    ivr:flood                    string   the second at which a flood of callers was first seen; goes an hour after it
    ivr:blocked                  hash     numbers for which nothing is done unasked, as JSON, for 90 days
    ivr:guesses:<hash>           string   wrong references keyed from one phone in the last hour
    ivr:text:<id>                string   one text message and how far it got, as JSON; 30 days
    ivr:limits:<day>             hash     how much was asked for in a day: to be rung, to be texted; for two days
    ivr:limits:<day>:ids         set      the ids of what was counted, so that each counts once; for two days
    ivr:spent:<day>              hash     minutes and parts of texts that Twilio will bill for a day; for two days
    ivr:spent:<day>:ids          set      the ids of the calls and texts that were counted; for two days
    ivr:calls_to:<hash>          string   how often a call to one number was asked for in a day
    ivr:texts_to:<hash>          string   how often a text to one number was asked for in a day
    ivr:answers_to:<hash>        string   answers to texts that one number sent us in the last hour
    ivr:no_texts                 string   why no text can be sent at all, in words; empty: they can; none: not known
    ivr:texts                    zset     text messages, by the second they were asked for
    ivr:adviser:<name>           string   one adviser, as JSON; the password only as its hash
    ivr:advisers                 set      the advisers' names
    ivr:advisers:turn            string   a number that changes with each change of an adviser
    ivr:invitation:<id>          string   a one-time address by which one adviser comes in, as JSON; 37 days
    ivr:sent:<id>                string   a call of a draft that was sent as a link, as JSON; 14 days
    ivr:sent                     zset     links that can be used, by the second they end
    ivr:used_code:<hash>:<step>  string   a code of somebody's app that was used, for five minutes
    ivr:signedin:<id>            string   one adviser's sign-in in one browser, as JSON, for 12 hours
    ivr:signedin_as:<name>       set      the sign-ins of one adviser
    ivr:signin:failures:<who>    string   failed sign-ins by one name, address or browser, for an hour
    ivr:signin:wait:<who>        string   the second from which one try is kept for somebody who waits for it
    ivr:signin:failed            stream   failed sign-ins, the last thousand
    ivr:searches:<name>:<how>    string   searches of one adviser within an hour, by phone, by call, or for everything
    ivr:audit                    stream   who saw and did what
    ivr:audit:<request id>       stream   the same about one request, the last two hundred entries; 100 days
    ivr:restored                 string   the second of the backup that is being restored, until that is finished
    ivr:tried                    string   written to test whether Redis can store anything; for a minute
    ivr:alive:<post>             string   a sign of life of one of the worker's processes, for 20 seconds
    ivr:ailing:<process>         string   how often in a row a process ended early, for a minute
    ivr:figures                  string   what waits and what is late, as the worker last saw it, as JSON
    ivr:dropoff:<day>            hash     visits, silences, keys and hang-ups by place in a day; for 400 days
    ivr:count:<month>            hash     what the report counts in a month: calls, promises, answers about talks
    ivr:counts                   hash     what the worker counted
    ivr:rung:<id>:<second>       string   a click for which Twilio was asked to ring, for an hour
    rq:*                                  the background worker's own queue

A <hash> is a keyed hash of a phone number, a phone call's id, a call number or an adviser's name
(`ivr/machine/keys.py`). The values of sessions, requests, texts, blocks, lowered slots, unfinished forms, advisers,
invitations, sent calls, sign-ins and failed sign-ins are encrypted; so is the spool, and so are spoken messages.
Scripts that run in Redis cannot read these values. The one for sessions needs the turn, so that stands before the
encrypted value.

Every change of a request is one transaction. Only this package imports redis; a fault
there reaches the rest of the line as StoreDown. The library for jobs, which has commands of
its own, gets its connections here too.

    connection.py   the connection to Redis, with a circuit breaker
    codec.py        how values are stored, and upgraded on reading
    sealing.py      whether the keys are the right ones, and encrypting again
    sessions.py     sessions by call
    revisions.py    publications
    requests.py     callback requests: the queue, and its changes
    windows.py      the slots in each part of a day: held and promised
    lowered.py      parts of days with fewer slots than usual
    index.py        where requests are found without reading all of them
    listed.py       every open request, kept in this process
    limits.py       what was asked for in a day, and by one phone
    blocked.py      blocked numbers
    spending.py     what Twilio will bill for a day
    spool.py        what callers asked for while Redis was down
    texts.py        text messages
    accounts.py     accounts of people who work with the line, and invitations
    audit.py        the audit log: who saw and did what
    signins.py      sign-ins, and failed tries
    sent.py         calls of a draft behind links
    unfinished.py   what was typed into forms and not saved yet
    counts.py       what the report counts
    dropoff.py      what happened at each place
    health.py       the state of the line's processes
    once.py         marks of what may happen only once within a time
    durability.py   whether Redis could lose data
    erasing.py      removes deleted data from the disk
    copying.py      copies all that is stored, and puts it back
"""

from collections.abc import Callable

from redis import WatchError

from ivr.advising.adviser import LONGEST_NAME, Adviser, name_of
from ivr.machine.keys import Keys
from ivr.store.accounts import Accounts, Invitation
from ivr.store.audit import AuditLog
from ivr.store.blocked import Block, Blocked
from ivr.store.connection import ANSWER_SECONDS, PATIENT_SECONDS, Away, Client, Redis, StoreDown, T, ping, why_not
from ivr.store.copying import Copying
from ivr.store.counts import Counts
from ivr.store.dropoff import DropOff
from ivr.store.durability import risks
from ivr.store.erasing import Erasing, Ledger
from ivr.store.health import Condition, Figures, Health, QueueFigures, beat
from ivr.store.limits import LimitCounts
from ivr.store.lowered import LoweredSlots
from ivr.store.once import Once
from ivr.store.requests import Requests
from ivr.store.revisions import DamagedRevision, Proposed, Published, PublishedSince, Revisions
from ivr.store.sealing import Sealing, is_marked
from ivr.store.sent import MOST_SENT, SENT_SECONDS, Sent, SentCall, packed
from ivr.store.sessions import Sessions
from ivr.store.signins import FailedTry, SignIn, SignIns
from ivr.store.spending import Spendings
from ivr.store.spool import Spool
from ivr.store.texts import Fate, Texts, TextState
from ivr.store.unfinished import Typed, Unfinished

__all__ = [
    "LONGEST_NAME",
    "MOST_SENT",
    "PATIENT_SECONDS",
    "SENT_SECONDS",
    "Accounts",
    "Adviser",
    "AuditLog",
    "Away",
    "Block",
    "Blocked",
    "Condition",
    "DamagedRevision",
    "FailedTry",
    "Fate",
    "Figures",
    "Health",
    "Invitation",
    "Ledger",
    "Proposed",
    "Published",
    "PublishedSince",
    "QueueFigures",
    "Redis",
    "Requests",
    "Revisions",
    "SentCall",
    "Sessions",
    "SignIn",
    "SignIns",
    "Spool",
    "Store",
    "StoreDown",
    "TextState",
    "Texts",
    "Typed",
    "Unfinished",
    "WatchError",
    "beat",
    "is_marked",
    "name_of",
    "packed",
    "ping",
    "why_not",
]


class Store:
    """Everything that the line stores, by subject."""

    def __init__(self, url: str, keys: Keys, answer_seconds: float = ANSWER_SECONDS):
        self.redis = Redis(url, answer_seconds)
        self.sessions = Sessions(self.redis, keys)
        self.revisions = Revisions(self.redis)
        self.requests = Requests(self.redis, keys)
        self.lowered = LoweredSlots(self.redis, keys)
        self.texts = Texts(self.redis, keys)
        self.unfinished = Unfinished(self.redis, keys)
        self.limits = LimitCounts(self.redis, keys)
        self.spendings = Spendings(self.redis)
        self.counts = Counts(self.redis)
        self.dropoff = DropOff(self.redis)
        self.once = Once(self.redis, keys)
        self.accounts, self.audit = Accounts(self.redis, keys), AuditLog(self.redis)
        self.sign_ins = SignIns(self.redis, keys)
        self.sent = Sent(self.redis, keys)
        self.blocked = Blocked(self.redis, keys)
        self.health = Health(self.redis)
        self.erasing = Erasing(self.redis, keys)
        self.sealing = Sealing(self.redis, keys)
        self.copying = Copying(self.redis)

    def at_the_start(self, call: str, number: str, now: float) -> tuple[float | None, bool]:
        """What must be known when a call starts, in one round trip: when the call was erased (POSIX seconds, or None),
        and whether the phone with this number (E.164; empty if not known) is blocked. Raises StoreDown.
        """
        asks = (self.erasing.asks_when(call), self.blocked.asks_for(number))
        erased, block = self.redis.ask_all(*asks)
        return None if erased is None else float(erased), self.blocked.lasts(block, now)

    def try_it(self) -> None:
        """Raises StoreDown if Redis does not answer or cannot store anything. (A full Redis still answers a ping.)"""
        self.redis.do(lambda client: client.set("ivr:tried", 1, ex=60))

    def is_on_a_replica(self) -> bool:
        """Whether what this thread has just written would survive the loss of the primary. Raises StoreDown."""
        return self.redis.is_on_a_replica()

    def redis_risks(self) -> list[str]:
        """How Redis could lose data with its settings, and which settings it does not report. Raises StoreDown."""
        return risks(self.redis)

    def with_queue(self, what: Callable[[Client], T]) -> T:
        """Call a function with a client for the job queue's library. Raises StoreDown."""
        return self.redis.do(what)

    def queue_client(self) -> Client:
        """A client for a worker, which waits for jobs without a time limit."""
        return self.redis.patient()

    def close(self) -> None:
        self.redis.close()
