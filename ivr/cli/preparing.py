"""What `ivr start` does before the line answers: what is live, its sounds, and what somebody should know.

It loads the code that checks and speaks words, which takes hundreds of megabytes. So it runs in a process that ends
before the line answers.
"""

from __future__ import annotations

import time
from contextlib import closing

from ivr import dialling, web
from ivr.advising.adviser import is_administrator
from ivr.authoring import drafts
from ivr.cli import sound
from ivr.cli.common import Stop, out, refusing, who
from ivr.cli.publishing import in_words
from ivr.cli.scripts import tell_of_broken_promises
from ivr.machine import equipment
from ivr.machine.config import Settings
from ivr.overview import confirmation
from ivr.problems import ConfigError
from ivr.processes import server
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Spool, Store
from ivr.twilio.rest import RestClient, RestFailed
from ivr.usecases import backup, origin, personal_data, publishing, renewing

#: Seconds that Twilio has to answer about the line's number during a start.
LOOK_SECONDS = 3.0


def prepare(settings: Settings, as_it_was: bool) -> None:
    """Everything before the line answers: what is live, its sounds, and what somebody should know. Raises Stop."""
    with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
        bring_up_to_date(settings, store)
        for risk in store.redis_risks():
            out(f"With this Redis, requests of callers may be lost. {risk}")
        if as_it_was and web.put_back(settings, store):
            out("Redis had lost the live version. It was restored from the last known copy.")
        live = _last_publication(store) if as_it_was else None
        if live:
            _prepare_live(settings, store)
        live = live or _published_draft(settings, store)
        web.keep(settings, store, live.revision)  # the web server compiles this copy once, for all its processes
        if wrong := rings_itself(settings, live):
            if not as_it_was:
                raise Stop(f"{wrong}\nThe line was not started.")
            out(f"Callers cannot be put through. {wrong}")
        _warn_of_alerts(settings, live)
        _warn_of_advisers(settings, store)
        _warn_of_number(settings, store)
        _warn_of_what_is_not_confirmed(live)


def _prepare_live(settings: Settings, store: Store) -> None:
    """Make the sounds of the live version that are missing."""
    sound.prepare(settings, store.revisions.files(store.revisions.live() or "") or {})


def prepare_web(settings: Settings, store: Store) -> None:
    """The same for a web server alone, which uses what is live as it is."""
    bring_up_to_date(settings, store)
    if equipment.only_serves() and (live := publishing.published(store)):
        sound.tell_of_missing(settings, live)


def bring_up_to_date(settings: Settings, store: Store) -> None:
    """Encrypt what an earlier version stored in the clear, after copying it; and erase what a restore brought back."""
    if count := renewing.in_the_clear(settings, store):
        copy = renewing.copy_first(settings, time.time())
        out(f"An earlier version stored {count:,} things in the clear. They are encrypted from now on.")
        out(f"For the way back to it, a copy is in {copy}. It has callers' numbers, and is")
        out(f"deleted in {renewing.COPY_DAYS} days.")
        if not server.is_embedded(settings):
            out("This Redis is elsewhere, so the copy has none of its data: only your own backup leads back.")
        renewing.renew(settings, store)
    backup.finish(store, time.time())
    try:
        back = personal_data.keep_erased(settings, store, Spool(settings.spool_dir, settings.keys), time.time())
    except OSError as error:  # callers come first; the worker tries again, and the log says so
        out(
            f"{settings.erased_file} cannot be used ({error.strerror}). If what is stored was restored from a backup, "
            "it may have what was erased since, until that is corrected."
        )
        return
    if back:
        out(f"A restore had brought back {back:,} things that were erased. They are erased again.")


def _last_publication(store: Store) -> Script | None:
    """What was published last, if it can be used. If not, the reason is printed, and config/ is published instead."""
    try:
        return publishing.usable(store)
    except ConfigError as error:
        out(f"{error.problems[0].words} So config/ is published.")
        return None


def _published_draft(settings: Settings, store: Store) -> Script:
    """Publish config/ with its sounds, and return its script. A draft that is already live is not checked again."""
    files, live = publishing.draft_files(settings), publishing.published(store)
    is_undone = publishing.was_undone(store, files)
    if live and (drafts.revision_of(files) == live.revision or is_undone):
        if is_undone:
            out("This draft was undone with `ivr undo`, so it is not published again. The version before it is live.")
        _prepare_live(settings, store)
        return live
    if live and (why_not := _why_not_by_itself(settings, store, files, live)):
        out(why_not)
        _prepare_live(settings, store)
        return live
    out("Checking config/ ...")
    with refusing("The line was not started."):
        passed = publishing.gate(settings)
    sound.prepare(settings, passed.files)
    publishing.put_live(store, passed, who(), "the line was started", store.revisions.live() or "")
    origin.note(settings.config_dir, passed.script.revision)
    out("config/ is published.")
    if new := sum(problem.code == "new-words" for problem in passed.warnings):
        out(f"It lacks {new} words or timings that this version needs. The shipped ones are used: see `ivr check`.")
    tell_of_broken_promises(store, passed.script)
    return passed.script


def _why_not_by_itself(settings: Settings, store: Store, files: dict[str, str], live: Script) -> str:
    """Why a start does not publish the draft; empty if it does."""
    if behind := origin.behind(store, settings.config_dir, files, who()):
        told = f"{in_words(behind)}\nSo config/ was not published. Take it over first: ivr catch-up"
        return f"{told}\nWhat was live before is live."
    if live.line.needs_approval:
        return "A second person has to agree before config/ is published: ivr publish. What was live before is live."
    return ""


def _warn_of_alerts(settings: Settings, live: Script) -> None:
    if live.line.alerts.email_to and not settings.smtp_url:
        out("No alerts are mailed: line.yaml has addresses for them, but SMTP_URL and SMTP_FROM are not set.")


def rings_itself(settings: Settings, script: Script) -> str:
    """Why key 0 would ring the line itself, and what to do; empty if it would not."""
    line = script.line
    ours = [name for name in line.transfer.numbers if dialling.same(line.phones[name], settings.our_numbers)]
    if not ours:
        return ""
    return (
        f"In config/line.yaml, 'transfer' rings {', '.join(ours)}, which is this line's own number (TWILIO_NUMBER): "
        "key 0 would ring the line itself. Write the number of a person's phone there."
    )


def _warn_of_advisers(settings: Settings, store: Store) -> None:
    for adviser in store.accounts.all():
        if dialling.same(adviser.phone, settings.our_numbers):
            out(
                f"The phone of the adviser {adviser.name} is this line's own number, so calls by one click cannot reach"
            )
            out("them. Give another: on the advisers' page, under People.")
    if not any(map(is_administrator, store.accounts.all())):
        out("Nobody can invite people to the advisers' page yet. For the address of the first administrator, type")
        out("  .venv/bin/ivr adviser invite NAME --role administrator")


def _warn_of_what_is_not_confirmed(live: Script) -> None:
    if waiting := confirmation.in_words(live):
        out(waiting)


def _warn_of_number(settings: Settings, store: Store) -> None:
    """Print what the line's number cannot do. If Twilio does not answer, the line still starts."""
    if not settings.can_reach_twilio:
        return
    phone = RestClient(settings, LOOK_SECONDS)
    try:
        if why := phone.our_number().why_no_calls(settings.our_number):
            out(why)
        tell_of_texts(phone.why_no_texts(), store)
    except RestFailed as error:
        out(f"Twilio could not be asked what {settings.our_number} can do: {error}")


def tell_of_texts(why_not: str, store: Store) -> None:
    """Switch the offers of texts on or off, and print the reason if they are off."""
    store.texts.sender_is(why_not)
    if why_not:
        out(f"{why_not} Until then, the line does not offer texts to callers.")
