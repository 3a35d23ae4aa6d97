"""Publishing: takes the draft on disk through the gate, and makes it live in one step.

Everybody who publishes, at a terminal or elsewhere, uses these functions. They print nothing, and record the name that
they are given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msgspec import structs

from ivr.advising import briefing
from ivr.audio import Recordings, Sounds, units
from ivr.authoring import drafts, stand_ins
from ivr.authoring.drafts import Draft
from ivr.check import Context, check, play_stories, unreadable_stories
from ivr.compiling import building
from ivr.forms import schemas
from ivr.hours import LONDON
from ivr.machine import config, configfiles, disk, equipment
from ivr.machine.config import Settings
from ivr.machine.configfiles import Folder
from ivr.problems import ConfigError, Problem, Stopped, Where, kind
from ivr.script import Script
from ivr.store import DamagedRevision, Proposed, Published, PublishedSince, Store, StoreDown


class NotPublished(Stopped):
    """Raised when a publication could not be made live, with the reason in words."""


@dataclass(frozen=True)
class Passed:
    """A draft that passed the gate: its files, its script, and the warnings."""

    files: dict[str, str]
    script: Script
    warnings: tuple[Problem, ...]

    @property
    def revision(self) -> str:
        """The fingerprint of its files."""
        return self.script.revision


class Ready(Protocol):
    """What can be made live: files that passed the gate. They may have passed it in another process."""

    @property
    def files(self) -> dict[str, str]: ...
    @property
    def revision(self) -> str: ...


def check_draft(settings: Settings, live: Script | None = None) -> tuple[list[Problem], Context]:
    """Check the draft on disk, and compare it with the live script. Raises ConfigError if it does not compile."""
    return check_files(settings, configfiles.folder(settings.config_dir), live)


def check_files(settings: Settings, found: Folder, live: Script | None = None) -> tuple[list[Problem], Context]:
    """The same for files that may not be on disk. Raises ConfigError if they do not compile."""
    problems, context = _checked(found, settings, live)
    return sorted({*problems, *Recordings(settings.audio_dir, context.script).problems()}), context


def speaks_by_sounds(settings: Settings, made: Script) -> bool:
    """Whether callers hear our own sound files, and not Twilio's voice."""
    return (settings.speech or made.line.speech.mode) == "audio"


def sounds_missing(settings: Settings, made: Script) -> int:
    """How many sounds that a call can need are missing, counted at both paces."""
    sounds = Sounds(settings.audio_dir, made, settings.public_url)
    return sum(sounds.url(words, slow) is None for words in made.every_prompt() for slow in (False, True))


def seconds_of_sounds(settings: Settings, made: Script) -> dict[tuple[str, bool], float]:
    """The seconds of each rendered sound that callers hear; empty if Twilio's voice speaks."""
    if not speaks_by_sounds(settings, made):
        return {}
    scripts = (made, *(tongue.script for tongue in made.tongues))
    sounds = [Sounds(settings.audio_dir, each, settings.public_url).seconds() for each in scripts]
    return {clip: seconds for each in reversed(sounds) for clip, seconds in each.items()}


def published(store: Store) -> Script | None:
    """The live script, if there is one and it can be used."""
    with contextlib.suppress(ConfigError):
        return usable(store)
    return None


_TOO_OLD = kind(
    "publication-too-old", "The last publication is from an older version of the line, and this version cannot use it.",
    "Publish again: ivr publish -m 'why'",
)  # fmt: skip


def usable(store: Store) -> Script | None:
    """The live script; None if nothing is published. Raises ConfigError if it cannot be used, with the reason."""
    files = store.revisions.files(store.revisions.live() or "")
    try:
        return building.published(files, config.bank_holidays())[0] if files else None
    except ConfigError as error:
        raise ConfigError([_TOO_OLD().at(Where("Redis"))]) from error


#: The beginning of an undo's entry in the history.
UNDO = "undo: "


def draft_files(settings: Settings) -> dict[str, str]:
    """The files on disk, as they would be published."""
    return drafts.read_draft(configfiles.script_files(settings.config_dir)).files


def was_undone(store: Store, files: dict[str, str]) -> bool:
    """Whether these files were live last and then undone. A restart must not publish them again by itself."""
    last = next(iter(store.revisions.history()), None)
    before = None
    with contextlib.suppress(DamagedRevision):
        before = store.revisions.files(last.before) if last and _took_back(last) else None
    return before is not None and stand_ins.written(before) == stand_ins.written(files)


def _took_back(published: Published) -> bool:
    if published.undone is None:
        return published.why.startswith(UNDO)
    return published.undone


def _checked(found: Folder, settings: Settings, live: Script | None = None) -> tuple[list[Problem], Context]:
    equipment.must_have_all()
    problems = [p for p in found.problems if p.severity == "warning" or p.where.file.startswith("config/stories")]
    draft = drafts.read_draft(found.files, [p for p in found.problems if p not in problems])
    try:
        made = building.build(draft, drafts.revision_of(draft.files), config.bank_holidays())
    except ConfigError as error:
        raise ConfigError([*error.problems, *problems, *unreadable_stories(found.stories)]) from error
    today, measured = dt.datetime.now(LONDON).date(), seconds_of_sounds(settings, made)
    context = Context(draft, made, today, live, settings.our_numbers, measured)
    problems += [*check(context), *languages_unheard(settings, made)]
    return sorted({*problems, *play_stories(made, found.stories)}), context


_NOT_RECORDED = kind(
    "language-not-recorded",
    "{language} is switched on, and {count} of its sounds are not the ones that were heard: {first}.",
    "Record them, and have them heard (`ivr translate heard`), or write `switch: off`.",
)  # fmt: skip
_NO_VOICE = kind(
    "language-without-voice", "{language} is switched on, and Twilio's voice is to say it, but {why}.",
    "Name one as `say_voice`, if Twilio has one, and have it heard (`ivr translate heard --voice`), or write "
    "`switch: off`.",
)  # fmt: skip


def languages_unheard(settings: Settings, made: Script) -> list[Problem]:
    """Problems of languages that are on, but would not sound as somebody has heard and confirmed them."""
    found = []
    for tongue in (tongue for tongue in made.tongues if tongue.is_live):
        where = Where(f"config/languages/{tongue.tag}.yaml")
        if not speaks_by_sounds(settings, made):
            why = "nobody has listened to it" if tongue.say_voice else "none is named"
            found += [] if tongue.is_voice_heard else [_NO_VOICE(language=tongue.in_english, why=why).at(where)]
            continue
        recorded = Recordings(settings.audio_dir, tongue.script)
        bad = [unit.name for unit in units(tongue.script) if not recorded.is_good(unit)]
        if bad:
            found.append(_NOT_RECORDED(language=tongue.in_english, count=len(bad), first=bad[0]).at(where))
    return found


def gate(settings: Settings) -> Passed:
    """The draft on disk, if it passes the gate. Raises ConfigError with every error in it."""
    problems, context = _checked(configfiles.folder(settings.config_dir), settings)
    _must_be_none(_errors(problems))
    return Passed(context.draft.files, context.script, tuple(problems))


def gate_change(settings: Settings, live: dict[str, str], files: dict[str, str]) -> Passed:
    """The live files with a change, if the change causes no new errors.

    Errors that the rules already find in the live files do not count. Stories are not played, because they belong to
    the draft. A live language that cannot be used any more does not block changes of anything else. Raises
    ConfigError.
    """
    beside = {name: live[name] for name in _faulty_languages(live) if files.get(name) == live[name]}
    live, files = ({name: each[name] for name in each if name not in beside} for each in (live, files))
    problems, context = _checked(Folder(files, {}, ()), settings)
    if errors := _errors(problems):  # only then do the errors of the live files matter
        known = {(p.where.file, p.code, p.says) for p in _checked(Folder(live, {}, ()), settings)[0]}
        _must_be_none(p for p in errors if (p.where.file, p.code, p.says) not in known)
    whole = {**context.draft.files, **beside}
    return Passed(whole, dataclasses.replace(context.script, revision=drafts.revision_of(whole)), tuple(problems))


def _faulty_languages(live: dict[str, str]) -> frozenset[str]:
    """The files of languages that callers do not hear any more, although they are live."""
    problems = building.published(live, config.bank_holidays())[1] if live else ()
    return building.faulty_languages(live, problems) if problems else frozenset()


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _must_be_none(errors: Iterable[Problem]) -> None:
    if found := list(errors):
        raise ConfigError(found)


def put_live(store: Store, passed: Ready, who: str, why: str, before: str) -> bool:
    """Make a draft live, in one step. Returns False if it is live already.

    If it is live but its stored files are damaged, they are stored again. Raises NotPublished if somebody else has
    published since `before` was live, or if Redis did not confirm.
    """
    if passed.revision == store.revisions.live():
        return store.revisions.mend(passed.revision, passed.files)
    _publish(store, Published(passed.revision, time.time(), who, why, before, undone=False), passed.files)
    return True


def propose(store: Store, passed: Ready, who: str, why: str, before: str) -> None:
    """Keep a draft that passed the gate for a second person to agree to."""
    wanted = Published(passed.revision, time.time(), who, why, before, undone=False)
    store.revisions.propose(Proposed(wanted, passed.files))


def proposed(settings: Settings, store: Store, waiting: Proposed) -> Passed:
    """What waits for a second person, checked once more against what is live now. Raises ConfigError."""
    live = store.revisions.files(store.revisions.live() or "") or {}
    return gate_change(settings, live, waiting.files)


def approve(store: Store, passed: Ready, waiting: Proposed, by: str, now: float) -> None:
    """Make what waits live, because a second person agrees. Raises NotPublished if another is live since."""
    _publish(store, structs.replace(waiting.published, at=now, approved=by), passed.files)
    store.revisions.withdraw(waiting.published.revision)


def broken_promises(store: Store, script: Script) -> int:
    """How many callers were promised a time at which the line is now closed."""
    try:
        waiting = store.requests.waiting()
    except StoreDown:  # the publication has succeeded, so do not report a failure
        return 0
    return sum(briefing.is_closed_then(request, time.time(), script.diary) for request in waiting)


def take_back(store: Store, files: dict[str, str], last: Published, who: str) -> None:
    """Make earlier files live again, in place of the last publication."""
    again = Published(drafts.revision_of(files), time.time(), who, f"{UNDO}{last.why}", last.revision, undone=True)
    _publish(store, again, files)


def _publish(store: Store, published: Published, files: dict[str, str]) -> None:
    """Publish in one step. Raises NotPublished if somebody else has published since `published.before` was live."""
    try:
        store.revisions.publish(published, files)
    except PublishedSince as conflict:
        by = conflict.by
        told = f"{by.who} published at {dt.datetime.fromtimestamp(by.at, LONDON):%H:%M}: {by.why}. " if by else ""
        raise NotPublished(f"{told}Your draft was not published. Take that over with `ivr catch-up`.") from conflict
    except StoreDown as down:
        raise NotPublished(
            f"Redis did not confirm the publication ({down}). When it answers again, `ivr history` shows what is live."
        ) from down


def write_schemas(settings: Settings, draft: Draft) -> list[Path]:
    """Write the JSON Schemas for editors, if they have changed. Returns the written files."""
    folder = settings.config_dir / "schemas"
    folder.mkdir(exist_ok=True)
    written = []
    for name, made in schemas.schemas(draft).items():
        path, text = folder / name, json.dumps(made, indent=1) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            disk.write_whole(path, text)
        written.append(path)
    return written
