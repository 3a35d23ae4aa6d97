"""`scripts/pictures`: everything in docs/pictures/. What it shows is the real line, with made-up callers.

The clock stands at a Wednesday morning, so that the same line gives the same pictures.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import soundfile
import structlog
from click.testing import CliRunner
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from werkzeug.serving import make_server

from ivr import audio
from ivr.advising.adviser import Factor
from ivr.audio.hearing import Ear
from ivr.audio.telephone import TELEPHONE_RATE
from ivr.cli import commands
from ivr.cli import made_up_callers as demo
from ivr.compiling import building
from ivr.machine import config, configfiles, factors
from ivr.machine.config import Settings
from ivr.practice import transcript
from ivr.practice.effects import PracticeHandler
from ivr.practice.playing import Caller
from ivr.practice.transcript import TranscriptEntry
from ivr.processes import server
from ivr.script import Script
from ivr.store import PATIENT_SECONDS, Published, Store
from tests.desk import SECRET, SPARE
from tests.line import OPEN, Line
from tests.microphone import as_file, spoken
from tests.needed import CHROMIUM
from tests.pictures import MOST_PICTURE, MOST_SOUND, SOUND_SECONDS, SOUNDS
from tests.ports import free_port
from tests.rest import show_alive
from tests.test_read import confirmed

TO = config.ROOT / "docs" / "pictures"
#: Colours that a picture has: of a page, and of a terminal, which has fewer.
COLOURS, TERMINAL_COLOURS = 64, 10
#: Of a wide or long page, in which each colour still has its meaning.
FEW_COLOURS = 40
#: Lines of one list of the check that are shown.
LINES = 3
#: The voice of each sound.
VOICES = dict(zip(SOUNDS, ("heart", "pyttsx3"), strict=True))
#: The call in the pictures and sounds: a child was kept out of school, and nobody can talk at the moment.
CALL = ("1", "1", "(says nothing)", "0", "(busy)", "1", "1")
_NUMBER = "07700 900123"
#: Of a page, in CSS pixels, and how many pixels of a picture each of these is wide.
_SIZE, _SHARPNESS = {"width": 960, "height": 700}, 2
#: Of a page with list and card side by side.
_WIDE = {"width": 1280, "height": 800}
#: A prompt with more words than this is a whole sentence.
MIN_WORDS = 4
#: Of a phone; two of these stand side by side.
_PHONE = {"width": 400, "height": 640}
_THEME = TerminalTheme(
    (20, 25, 31), (232, 236, 240),
    [(20, 25, 31), (255, 143, 152), (111, 207, 151), (240, 200, 110), (142, 197, 255), (214, 168, 255), (120, 214, 214),
     (232, 236, 240)],
)  # fmt: skip


def main() -> None:
    """Make them all. Ends with a line that says what is missing or too heavy."""
    if CHROMIUM is None:
        sys.exit("Chromium is needed for the pictures. On Debian: sudo apt-get install chromium")
    shutil.rmtree(TO, ignore_errors=True)
    TO.mkdir()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # No sounds are made for the pages, and the line warns of each.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    script = building.load(configfiles.script_files(config.ROOT / "config"), config.bank_holidays())
    _sounds(script)
    with _browser() as browser:
        with _served(script) as base:
            _console(browser, base)
        _to_read(browser)
        _terminal(browser, "check.png", "ivr check", _check_in_words())
    for path in sorted(TO.iterdir()):
        size, most = path.stat().st_size, MOST_PICTURE if path.suffix == ".png" else MOST_SOUND
        sys.stdout.write(f"{size:>8} {path.name}\n")
        if size > most:
            sys.exit(f"{path.name} has more than {most} bytes.")


# --- sound ----------------------------------------------------------------------------------


def _sounds(script: Script) -> None:
    """The first minute of the call, in telephone quality."""
    phone = _played(script, CALL)
    for name, voice in VOICES.items():
        with tempfile.TemporaryDirectory() as nothing_made:
            heard = Ear(script, Path(nothing_made), voice).call(phone.happened[:11])
        out = io.BytesIO()
        soundfile.write(out, heard[: SOUND_SECONDS * TELEPHONE_RATE], TELEPHONE_RATE, format="MP3")
        (TO / name).write_bytes(out.getvalue())


def _played(script: Script, does: tuple[str, ...]) -> Caller:
    phone = Caller(script, PracticeHandler())
    phone.ring(OPEN, _NUMBER)
    for each in does:
        phone.do(TranscriptEntry("ADVISER" if each in transcript.ADVISER_DOES else "CALLER", each))
    return phone


# --- pages ----------------------------------------------------------------------------------


@contextmanager
def _served(script: Script, files: dict[str, str] | None = None) -> Iterator[str]:
    """The line with made-up callers on a port of its own, while it is Wednesday morning. Yields its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        settings = config.settings({"IVR_DATA": data, "IVR_SPEECH": "audio", "PUBLIC_URL": base})
        with server.redis(settings), closing(Store(settings.redis_url, settings.keys, PATIENT_SECONDS)) as store:
            files = files or configfiles.script_files(config.ROOT / "config")
            store.revisions.publish(Published(script.revision, OPEN.timestamp(), "demo", "for the pictures"), files)
            _number_them(store)
            show_alive(store)
            demo.fill(settings, store, script, OPEN)
            factor = Factor(SECRET, OPEN.timestamp(), factors.hashed(SECRET, SPARE))
            store.accounts.change(demo.NAME, lambda person, _: factors.with_factor(person, factor))
            yield from _on_a_port(dataclasses.replace(settings, demo=False), store, port)


def _number_them(store: Store) -> None:
    """Numbers of calls that are the same each time."""
    numbers = iter(range(4271, 9999))
    store.requests.new_reference = lambda: str(next(numbers))


def _on_a_port(settings: Settings, store: Store, port: int) -> Iterator[str]:
    with Line(settings, store) as line:
        web = make_server("127.0.0.1", port, line.app, threaded=True)
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        yield settings.public_url
        web.shutdown()
        thread.join()
        web.server_close()


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _page(browser: Browser, **more: object) -> Page:
    context = browser.new_context(viewport=_SIZE, device_scale_factor=_SHARPNESS, reduced_motion="reduce", **more)  # type: ignore[arg-type]
    return context.new_page()


def _console(browser: Browser, base: str) -> None:
    page = _page(browser, base_url=base)
    _ring(page)
    _shot(page, "phone.png")
    page.goto("/studio/map")
    page.get_by_role("button", name="Larger").wait_for()
    _shot(page, "map.png", until="#map")
    page.goto("/console/signin")
    page.get_by_label("Name").fill(demo.NAME)
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code from your app").fill(SPARE[0])
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Waiting to be rung").wait_for()
    _record(page)
    page.set_viewport_size(_WIDE)  # type: ignore[arg-type]
    page.goto("/console/")
    _shot(page, "list.png")
    page.get_by_role("listitem").filter(has_text="Left a message").get_by_role("link").click()
    page.get_by_role("button", name="Take this request").click()
    page.get_by_role("heading", name="Ring the caller").wait_for()
    _keep(page.screenshot(animations="disabled"), "card.png", FEW_COLOURS)
    page.set_viewport_size(_SIZE)  # type: ignore[arg-type]
    page.goto("/console/report")
    _shot(page, "report.png", until=".tables >> nth=0", colours=FEW_COLOURS)
    page.close()


def _record(page: Page) -> None:
    """A prompt that is recorded: as a file, so that the picture is the same each time."""
    script = building.load(configfiles.script_files(config.ROOT / "config"), config.bank_holidays())
    unit = next(unit for unit in audio.units(script) if len(unit.words.split()) > MIN_WORDS)
    page.goto(f"/studio/record/en/{unit.name}")
    said = as_file(spoken(script, unit.words), "FLAC")
    page.get_by_label("Or a file").set_input_files({"name": "said.flac", "mimeType": "audio/flac", "buffer": said})
    page.get_by_text("This sounds right.").wait_for()
    _shot(page, "record.png", colours=FEW_COLOURS)


def _to_read(browser: Browser) -> None:
    """A question at /read, light and dark side by side, of a service that has confirmed everything."""
    files = confirmed(configfiles.script_files(config.ROOT / "config"))
    with _served(building.load(files, config.bank_holidays()), files) as base:
        shots = []
        for scheme in ("light", "dark"):
            page = _page(browser, base_url=base, color_scheme=scheme)
            page.set_viewport_size(_PHONE)  # type: ignore[arg-type]
            page.goto("/read/q_letter_draft")
            shots.append(Image.open(io.BytesIO(page.screenshot(animations="disabled"))))
            page.close()
    both = Image.new("RGB", (sum(shot.width for shot in shots), shots[0].height))
    both.paste(shots[0], (0, 0))
    both.paste(shots[1], (shots[0].width, 0))
    out = io.BytesIO()
    both.save(out, "PNG")
    _keep(out.getvalue(), "read.png", FEW_COLOURS)


def _ring(page: Page) -> None:
    """The beginning of a call on the phone in the browser, until a person is rung."""
    page.goto("/studio/call")
    page.get_by_label("When you ring").fill(f"{OPEN:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Ring", exact=True).click()
    for key, heard in (("2", "School, nursery or college."), ("4", "Time is short."), ("0", "The adviser hears first")):
        page.get_by_role("button", name=key, exact=True).click()
        page.get_by_text(heard).wait_for()


def _shot(page: Page, name: str, until: str = "main", colours: int = COLOURS) -> None:
    """The page from its top to the end of this part of it, wherever a call has scrolled it to."""
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(until).bounding_box()
    assert box
    height = box["y"] + box["height"] + 16
    assert page.viewport_size
    clip = {"x": 0.0, "y": 0.0, "width": float(page.viewport_size["width"]), "height": height}
    _keep(page.screenshot(full_page=True, animations="disabled", clip=clip), name, colours)  # type: ignore[arg-type]


def _keep(png: bytes, name: str, colours: int = COLOURS) -> None:
    """With few colours, which text does not need more of: a fifth of the size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(colours, dither=Image.Dither.NONE).save(TO / name, optimize=True)


# --- the terminal ---------------------------------------------------------------------------


def _check_in_words() -> Text:
    """The report of the check on the shipped words: the beginning of each list, and what simulated callers need."""
    output = CliRunner().invoke(commands, ["check"]).output.rstrip()
    *lists, needs, table = output.split("\n\n")
    shown = [_beginning(each) for each in lists]
    return Text("\n\n".join([*shown, needs, table]))


def _beginning(paragraph: str) -> str:
    """A list with as many lines as a picture has room for. That there are more is shown."""
    lines = paragraph.splitlines()
    return "\n".join([*lines[:LINES], "  ..."] if len(lines) > LINES else lines)


def _terminal(browser: Browser, name: str, command: str, text: Text) -> None:
    """What a terminal shows, as a picture."""
    console = Console(record=True, width=122, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ .venv/bin/{command}\n", style="bold"))
    console.print(text)
    page = _page(browser)
    page.set_content(console.export_html(theme=_THEME, inline_styles=True, code_format=_TERMINAL_PAGE))
    _keep(page.locator("main").screenshot(), name, TERMINAL_COLOURS)
    page.close()


_TERMINAL_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>
body {{ margin: 0; background: {background}; color: {foreground}; }}
main {{ display: inline-block; padding: 1rem 1.5rem; background: {background}; }}
pre {{ margin: 0; font: 14px/1.45 "DejaVu Sans Mono", "Liberation Mono", monospace; }}
</style><main><pre><code style="font: inherit">{code}</code></pre></main></html>"""


if __name__ == "__main__":
    main()
