"""Somebody at a microphone: real speech, and a real Chromium that hears it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserType

from ivr.audio import engines
from ivr.audio.telephone import Samples
from ivr.script import Script
from tests.needed import CHROMIUM, needs

RATE = 48000


def spoken(script: Script, words: str) -> Samples:
    """Words in the voice that every machine has, with half a second of silence before and after."""
    import soxr

    engine = engines.choice_of("pyttsx3", script.line.speech).ready()
    samples, rate = engines.say(engine, words, script.line.pace, slow=False)
    said = soxr.resample(np.asarray(samples, np.float32), rate, RATE)
    said *= 0.5 / np.abs(said).max()
    half = np.zeros(RATE // 2, np.float32)
    return np.concatenate([half, said, half])


def as_file(samples: Samples, form: str = "WAV", rate: int = RATE) -> bytes:
    """A sound as the bytes of a file."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=form)
    return out.getvalue()


@contextmanager
def at_a_microphone(of: BrowserType, hears: Path | None, *more: str) -> Iterator[Chromium]:
    """A browser whose microphone hears this file, again and again; without one, it has no microphone."""
    needs(CHROMIUM, "Chromium is needed for the browser tests")
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={hears}"] if hears else []
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    browser = of.launch(executable_path=CHROMIUM, args=[*quiet, *device, *more])
    yield browser
    browser.close()
