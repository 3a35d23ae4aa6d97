"""Commands that run the line and connect it to Twilio."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from contextlib import closing
from urllib.parse import urlsplit

import click

from ivr import (
    backup,
    children,
    config,
    confirmation,
    dialling,
    drafts,
    equipment,
    examining,
    origin,
    person,
    probing,
    publishing,
    renewing,
    server,
    web,
)
from ivr.adviser import is_administrator
from ivr.cli import demonstration, sound
from ivr.cli.common import Stop, draft_script, in_plain_lines, out, refusing, tell_of_broken_promises, who
from ivr.cli.publishing import in_words
from ivr.config import Settings
from ivr.pool import work
from ivr.problems import ConfigError, counted
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Spool, Store, StoreDown, ping
from ivr.twilio.rest import Phone, PhoneFailed

DEFAULT_PORT = 8000
#: Seconds that Twilio has to answer about the line's number during a start.
LOOK_SECONDS = 3.0


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The port on which the line answers.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
@click.option("--live", "as_it_was", is_flag=True, help="Ignore config/, and use the last publication.")
@click.option("--demo", "as_demo", is_flag=True, help="The same as `ivr demo`: made-up callers, on this machine only.")
def start(port: int, host: str, as_it_was: bool, as_demo: bool) -> None:
    """Check and publish config/, render its sounds, and answer calls until Ctrl-C.

    With --live, the line uses the last publication, whatever state config/ is in: for unattended starts.
    """
    if as_demo:
        if host != demonstration.HOST or as_it_was:
            raise Stop(f"The demo answers on {demonstration.HOST} only, and uses config/. Leave out --host and --live.")
        demonstration.run(port)
        return
    settings = config.settings(port=port, running=as_it_was)
    if server.still_runs(settings, children.STOP_SECONDS if as_it_was else 0.0):
        raise Stop(f"The line is already running with the same {settings.data_dir}. Stop it first.")
    server.check_port(host, port)
    with server.redis(settings, for_line=True) as ours:
        # What checks and speaks words takes hundreds of megabytes, and this process stays as long as the line runs.
        if status := children.aside(lambda: in_plain_lines(lambda: _prepare(settings, as_it_was))):
            raise SystemExit(status)
        server.serve(settings, host, port, ours, lambda: _say_how(settings, host, port))
    out("Stopped. Nothing was lost.")


def _prepare(settings: Settings, as_it_was: bool) -> None:
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
        if wrong := _rings_itself(settings, live):
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
        back = person.keep_erased(settings, store, Spool(settings.spool_dir, settings.keys), time.time())
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


def _rings_itself(settings: Settings, script: Script) -> str:
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
    for adviser in store.people.all():
        if dialling.same(adviser.phone, settings.our_numbers):
            out(
                f"The phone of the adviser {adviser.name} is this line's own number, so calls by one click cannot reach"
            )
            out("them. Give another: on the advisers' page, under People.")
    if not any(map(is_administrator, store.people.all())):
        out("Nobody can invite people to the advisers' page yet. For the address of the first administrator, type")
        out("  .venv/bin/ivr adviser invite NAME --role administrator")


def _warn_of_what_is_not_confirmed(live: Script) -> None:
    if waiting := confirmation.in_words(live):
        out(waiting)


def _warn_of_number(settings: Settings, store: Store) -> None:
    """Print what the line's number cannot do. If Twilio does not answer, the line still starts."""
    if not settings.can_reach_twilio:
        return
    phone = Phone(settings, LOOK_SECONDS)
    try:
        if why := phone.our_number().why_no_calls(settings.our_number):
            out(why)
        _tell_of_texts(phone.why_no_texts(), store)
    except PhoneFailed as error:
        out(f"Twilio could not be asked what {settings.our_number} can do: {error}")


def _tell_of_texts(why_not: str, store: Store) -> None:
    """Switch the offers of texts on or off, and print the reason if they are off."""
    store.texts.sender_is(why_not)
    if why_not:
        out(f"{why_not} Until then, the line does not offer texts to callers.")


def _say_how(settings: Settings, host: str, port: int) -> None:
    out(f"\nThe line answers on http://{host}:{port}  (Ctrl-C stops it)\n")
    if settings.practice:
        out(f"  Ring it in a browser         http://{host}:{port}/studio/call")
    out("  Ring it from this terminal   .venv/bin/ivr call")
    out("  Hear what a caller hears     .venv/bin/ivr call --hear call.wav")
    out("  Change what it says          edit config/, then .venv/bin/ivr check and .venv/bin/ivr publish -m 'why'")
    out(f"  The advisers' page           http://{host}:{port}/console")
    if settings.practice:
        token = settings.data_dir / "auth_token"
        out(f"  Webhooks are signed with     the token in {token} (TWILIO_AUTH_TOKEN is not set)")
    else:
        out(f"  Twilio should call           {settings.public_url}/voice")
    out()


@click.command("web")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="The port to answer on."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
def web_alone(port: int, host: str) -> None:
    """Answer calls and pages from the last publication. `start` does that too.

    For a supervisor that runs the web server, the worker and Redis as services of their own.
    """
    settings = config.settings(port=port, running=True)
    server.check_port(host, port)
    with contextlib.suppress(StoreDown):  # calls are answered without Redis too
        server.unlock(settings)
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            bring_up_to_date(settings, store)
            if equipment.only_serves() and (live := publishing.published(store)):
                sound.tell_of_missing(settings, live)
    server.become_web(settings, host, port)


@click.command()
def worker() -> None:
    """Send texts, fetch recordings and send alerts. `start` runs one already."""
    work(config.settings(running=True))


@click.command()
def fallback() -> None:
    """Print the reply for when this machine is down, to paste into a TwiML Bin at Twilio."""
    settings = config.settings()
    _, _, made = draft_script(settings)
    if wrong := _rings_itself(settings, made):
        raise Stop(wrong)
    out(web.put_through(made, settings.our_number))


@click.command()
@click.option("--fallback-at-twilio", is_flag=True, help="Keep the output of `ivr fallback` at Twilio, too.")
def connect(fallback_at_twilio: bool) -> None:
    """Point the number TWILIO_NUMBER at this line, through Twilio's API."""
    settings = config.settings()
    if not settings.can_reach_twilio:
        raise Stop("Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER and PUBLIC_URL first.")
    try:
        if wrong := _rings_itself(settings, draft_script(settings)[2]):
            raise Stop(f"The number was not connected. {wrong}")
    except ConfigError:
        out("config/ has errors, so it was not checked whether key 0 rings the line itself. See `ivr check`.")
    phone = Phone(settings)
    try:
        if why := phone.our_number().why_no_calls(settings.our_number):
            raise PhoneFailed(f"{why} Nothing was changed.")
        last_words = web.put_through(draft_script(settings)[2], settings.our_number) if fallback_at_twilio else ""
        fallback = phone.connect_number(last_words)
    except PhoneFailed as error:
        raise Stop(f"The number was not connected: {error}") from error
    out(f"{settings.our_number} now rings {settings.public_url}/voice")
    out(f"When that fails, Twilio asks {fallback}")
    if fallback.startswith(settings.public_url):
        out("The fallback is on this machine too. In case the machine is down, paste the output of `ivr fallback`")
        out("into a TwiML Bin at Twilio, and choose that bin as the number's fallback. Or try:")
        out("  ivr connect --fallback-at-twilio")
    _connect_texts(settings, phone)


def _connect_texts(settings: Settings, phone: Phone) -> None:
    """Set up the automatic reply to texts. Calls are already connected, whether or not this works."""
    try:
        if settings.text_from:
            phone.connect_text_sender()
        why_not = phone.why_no_texts()
    except PhoneFailed as error:
        raise Stop(f"Calls are connected, but texts are not: {error}") from error
    sender = settings.text_from or settings.our_number
    out(f"Texts to {sender} are answered by {settings.public_url}/text")
    if ping(settings.redis_url):  # a running line takes this into account from now on
        with closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            _tell_of_texts(why_not, store)
    elif why_not:
        out(f"{why_not} Until then, the line does not offer texts to callers.")


@click.command()
@click.option("--mail/--no-mail", "mails", default=True, help="Send an e-mail to the addresses for alerts.")
def doctor(mails: bool) -> None:
    """Examine this machine and the way from Twilio to it, and say what is wrong in plain words.

    Rings the line once as Twilio would, asks Twilio what it has for the number, and sends one e-mail.
    """
    broken = 0
    for found in examining.examine(config.settings(), mails=mails):
        broken += found.verdict == "broken"
        out(f"{_VERDICTS[found.verdict]:7} {found.what}: {found.says}")
    if broken:
        raise Stop(f"{counted(broken, 'thing')} to put right.")
    out("Nothing is broken.")


#: What stands before each finding of the doctor.
_VERDICTS: dict[examining.Verdict, str] = {"fine": "ok", "look": "LOOK", "broken": "BROKEN"}


@click.command()
@click.option("--once", is_flag=True, help="Ring once, and end with status 1 if the way is broken.")
@click.option("--every", type=click.IntRange(5, 3600), default=60, show_default=True, help="Seconds between two calls.")
@click.option("--at", default="", help="Ring this address instead of PUBLIC_URL, like http://127.0.0.1:8000.")
def probe(once: bool, every: int, at: str) -> None:
    """Ring the line as Twilio would, through PUBLIC_URL, and say which part of the way is broken.

    Without --once, it goes on until Ctrl-C, and prints a line for each call.
    """
    settings = config.settings(port=urlsplit(at).port or DEFAULT_PORT)
    while True:
        is_whole, words = _probed(settings, at)
        out(words if once else f"{dt.datetime.now():%Y-%m-%d %H:%M:%S}  {words}")
        if once and not is_whole:
            raise SystemExit(1)
        if once:
            return
        time.sleep(every)


def _probed(settings: Settings, at: str) -> tuple[bool, str]:
    try:
        way = probing.probe(settings, at)
    except probing.Broken as broken:
        return False, f"BROKEN: {broken.part}: {broken}"
    return True, " ".join([f"ok: answered in {way.first:.2f} s, a turn in {way.turn:.2f} s.", *way.warnings])
