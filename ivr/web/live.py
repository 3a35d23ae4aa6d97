"""The scripts that this web process has loaded: the live one, and those with which calls began.

A thread checks once a second which revision is live, and whether sounds were added or removed. Loading a script and its
list of sounds takes a moment, so the thread does both before a call needs them. A turn finds its script and sounds in
memory.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from ivr.authoring import drafts
from ivr.compiling import building
from ivr.machine import config, configfiles, disk
from ivr.machine.config import Settings
from ivr.places import person, short_dialogue
from ivr.problems import ConfigError
from ivr.script import Script, Tongue
from ivr.store import DamagedRevision, Published, PublishedSince, Store, StoreDown
from ivr.twilio import twiml
from ivr.web import edition
from ivr.web.edition import Edition

log = structlog.get_logger()

#: Seconds between two checks. A publication must reach every process within two.
LOOK_SECONDS = 1.0
#: The most scripts to keep loaded besides the live one and the next. Calls last minutes, and publications are rare.
MOST_READY = 20


class Live:
    """The loaded editions, by revision."""

    def __init__(self, settings: Settings, store: Store):
        self._settings, self._store = settings, store
        self._editions: dict[str, Edition] = {}
        self._live = self._next = ""
        #: False until it is known. The worker asks Twilio again if Redis has lost the answer.
        self._offers_texts = False
        #: Revisions that this version of the line cannot load. They are not tried again.
        self._refused: set[str] = set()
        #: The reply if no script could be loaded; empty otherwise. It dials the helpline if even its number is known.
        self.trouble = ""
        #: The same in each language that is on, by its tag.
        self._in_languages: dict[str, str] = {}
        self._loading = threading.Lock()
        self._stop = threading.Event()

    @property
    def now(self) -> Edition:
        """The edition for new calls. Raises KeyError before anything was published."""
        return self._editions[self._live]

    @property
    def ready(self) -> bool:
        return self._live in self._editions

    def of(self, revision: str) -> Edition | None:
        """The edition that a call began with; None if it is no longer available."""
        known = self._editions.get(revision)
        if known or revision in self._refused:
            return known
        files = self._store.revisions.files(revision)
        try:
            return self.add(files) if files else None
        except ConfigError:
            self._refused.add(revision)
            raise

    def begin(self) -> None:
        """Load the live revision; if Redis is down, the last known one.

        If neither can be loaded, callers hear an apology and are put through, with the words and the number on disk. If
        these cannot be read either, they are asked to ring again later.
        """
        try:
            self.look()
        except (StoreDown, ConfigError) as error:
            log.error("live", why=str(error))
        if not self.ready and (files := kept(self._settings)):
            with contextlib.suppress(ConfigError):
                self._take_up(self.add(files))
                log.warning("live", revision=self._live, why="Redis is down: this is the last known live revision")
        if not self.ready:
            self.trouble = _apology(self._settings)

    def look(self) -> None:
        """Load the live revision and the list of sounds.

        If the live revision cannot be loaded, the present one stays. Raises ConfigError the first time only.
        """
        changed = [sounds.look() for known in list(self._editions.values()) for sounds in known.all_sounds]
        if any(changed):
            self._look_at_languages()
        self._look_at_texts()
        revision = self._store.revisions.live()
        if not revision:
            put_back(self._settings, self._store)
            return
        if revision == self._live:
            return
        self._next = revision
        try:
            found = self.of(revision)
        except DamagedRevision:
            if not put_back(self._settings, self._store):
                raise
            found = self.of(revision)
        if found:
            self._take_up(found)
            keep(self._settings, self._store, revision)
            log.info("live", revision=revision)

    def _look_at_texts(self) -> None:
        """Check whether texts can be sent, and switch the offers on or off for all calls."""
        why_not = self._store.texts.why_no_sender() if self._settings.can_reach_twilio else "there is no account"
        offers = not why_not
        if why_not is None or offers == self._offers_texts:
            return
        with self._loading:
            self._offers_texts = offers
            self._editions = {revision: self._made(each.files) for revision, each in self._editions.items()}
        self._renew_trouble()
        log.warning("texts", offered=offers)

    def _look_at_languages(self) -> None:
        """Check which languages can be spoken completely now, because sounds were added or removed."""
        with self._loading:
            for revision, each in list(self._editions.items()):
                if each.written.tongues and edition.lacking_languages(self._settings, each.written) != each.lacking:
                    self._editions[revision] = self._made(each.files)
        self._renew_trouble()

    def _renew_trouble(self) -> None:
        """Make the replies for failed turns again, after the live edition was made again."""
        if made := self._editions.get(self._live):
            self._take_up(made)

    def _take_up(self, found: Edition) -> None:
        self._live = found.script.revision
        self.trouble = put_through(found.script, self._settings.our_number)
        self._in_languages = {
            tongue.tag: _put_through_in(found, tongue, self._settings.our_number) for tongue in found.script.tongues
            if tongue.is_live
        }  # fmt: skip

    def trouble_in(self, language: str) -> str:
        """The reply if a turn of a call in this language fails."""
        return self._in_languages.get(language, self.trouble)

    def add(self, files: dict[str, str], *, is_draft: bool = False) -> Edition:
        """Load an edition of these files. Raises ConfigError if they do not compile. A fault in another language counts
        only in a draft; otherwise that language is left out.
        """
        with self._loading:
            revision = drafts.revision_of(files)
            if revision not in self._editions:
                self._editions[revision] = self._made(files, is_draft=is_draft)
                for old in [r for r in self._editions if r not in (revision, self._live, self._next)][:-MOST_READY]:
                    del self._editions[old]
            return self._editions[revision]

    def passage(self, name: str) -> bytes | None:
        """The sound of a passage whose file was removed after a reply named it; None if there is no such passage."""
        editions = list(self._editions.values())
        found = (sounds.of_passage(name) for each in editions for sounds in each.all_sounds)
        return next((content for content in found if content), None)

    def draft(self) -> Edition | None:
        """The draft on disk, for a test phone. None if it does not compile, which is logged, or if Redis is down."""
        try:
            files = configfiles.script_files(self._settings.config_dir)
            found = self.add(files, is_draft=True)
            self._store.revisions.keep_draft(found.script.revision, files)
            return found
        except StoreDown:
            return None
        except ConfigError as error:
            log.warning("draft", problems=len(error.problems), first=str(error.problems[0]))
            return None

    def _made(self, files: Mapping[str, str], *, is_draft: bool = False) -> Edition:
        made = _PRELOADED.get((drafts.revision_of(files), self._offers_texts))
        return edition.of(self._settings, files, offers_texts=self._offers_texts, made=made, is_draft=is_draft)

    def watch(self) -> None:
        """Keep checking until closed. Runs in its own thread."""
        threading.Thread(target=self._watch, name="live", daemon=True).start()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except StoreDown:
                continue
            except ConfigError as error:
                log.error("live", problems=len(error.problems), first=str(error.problems[0]))
            except Exception:  # one failed check must not end the thread
                log.exception("live")

    def close(self) -> None:
        self._stop.set()


#: Scripts that were compiled before this process was forked, by revision and whether they offer texts.
_PRELOADED: dict[tuple[str, bool], Script] = {}


def preload(settings: Settings) -> None:
    """Compile what was live last, before the web server forks, so that its processes share one copy in memory.

    The files come from this machine's disk, because a connection to Redis must not be shared between processes. Each
    process loads by itself what was published since.
    """
    files, offers = kept(settings), settings.can_reach_twilio
    if files:
        with contextlib.suppress(ConfigError):  # the processes try again, and log it
            made = edition.loaded(settings, files, offers_texts=offers)
            _PRELOADED[made.revision, offers] = made


# --- a copy of the live files on disk ---------------------------------------------------------


def _kept_file(settings: Settings) -> Path:
    return settings.data_dir / "live.json"


def keep(settings: Settings, store: Store, revision: str) -> None:
    """Copy the files of the live revision to this machine's disk. Raises StoreDown."""
    files = store.revisions.files(revision)
    with contextlib.suppress(OSError):  # a full disk must not keep a publication from going live
        disk.write_whole(_kept_file(settings), msgspec.json.encode(files), mode=0o600)


def kept(settings: Settings) -> dict[str, str] | None:
    """The files of the last known live revision; None if there is no copy."""
    try:
        return msgspec.json.decode(_kept_file(settings).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return None


def put_back(settings: Settings, store: Store) -> bool:
    """Restore the live revision in a Redis that has lost it, or in which its files are damaged.

    Returns False if nothing is lost, or there is no copy of the live revision. Raises StoreDown.
    """
    files = kept(settings)
    if not files:
        return False
    revision, live = drafts.revision_of(files), store.revisions.live()
    why = "The files of the live revision were damaged" if live else "Redis had lost the live revision"
    if live:
        restored = live == revision and store.revisions.mend(revision, files)
    else:
        restored = _published_again(store, revision, files, why)
    if restored:
        log.error("live", revision=revision, why=f"{why}. Restored from {_kept_file(settings)}")
    return restored


def _published_again(store: Store, revision: str, files: dict[str, str], why: str) -> bool:
    try:
        store.revisions.publish(Published(revision, time.time(), "the line", why), files)
    except PublishedSince:  # another process was quicker
        return False
    return True


def _apology(settings: Settings) -> str:
    """The reply of a line without a script: from the words on disk, otherwise a fixed sentence."""
    try:
        made, _ = building.published(configfiles.script_files(settings.config_dir), config.bank_holidays())
        return put_through(made, settings.our_number)
    except (ConfigError, OSError):
        return twiml.say_and_end("Sorry. This line is not working just now. Please call again later.")


def put_through(script: Script, our_number: str) -> str:
    """The TwiML for when everything else fails: an apology, the helpline's number, and a transfer to it. It is made in
    advance and kept in memory.
    """
    last = person.when_all_fails(script)
    return twiml.put_through(f"{last.sorry} {last.number}", last.phone, f"{last.number} {last.ends}", our_number)


def _put_through_in(found: Edition, tongue: Tongue, our_number: str) -> str:
    """The same reply in another language, for a caller who may understand no English."""
    writer, last = found.writer_of(tongue.tag), person.when_all_fails(found.script)
    before, after = (writer.says(said, slow=False) for said in short_dialogue.when_a_turn_fails(tongue.script))
    return twiml.put_through_after(before, last.phone, after, our_number)
