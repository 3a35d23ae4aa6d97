"""Prompts that are recorded from a test phone: finding the next prompt, judging a take, and keeping it.

The worker fetches a take from Twilio and judges it: no other call should wait for that, and judging needs the libraries
for sound. Until somebody keeps it, it is in IVR_DATA/takes, for a day at most. The call finds it there, so the worker
and the web process must share that folder, as they share that of spoken messages.

A take that is kept is a file in the folder of recordings that nobody has confirmed. Callers hear it once somebody has
listened to it, confirmed it and published.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import structlog

from ivr.audio import Recordings, recordings, taking
from ivr.machine import disk, equipment
from ivr.machine.config import Settings
from ivr.places.recordable import Unit
from ivr.places.taking import call_of
from ivr.script import Script
from ivr.script.session import Done, Failed, FindPrompt, FindTake, Judged, KeepTake, Prompt

log = structlog.get_logger()

#: Seconds after which a take that nobody kept is deleted.
KEEP_SECONDS = 24 * 60 * 60
#: The code for a take that is no readable sound.
_UNREADABLE = "recording-unreadable"
_prompts, _verdicts = msgspec.json.Decoder(Prompt), msgspec.json.Decoder(Judged)


class PhonedTakes:
    """Takes that come by telephone."""

    def __init__(self, settings: Settings):
        self._settings = settings

    # --- what a call asks for -------------------------------------------------------------------

    def run(self, script: Script, effect: FindPrompt | FindTake | KeepTake) -> Done | Failed:
        try:
            match effect:
                case FindPrompt():
                    return self._next(script, effect)
                case FindTake():
                    return Done(judged=self._judged(effect.id))
                case KeepTake():
                    return self._keep(script, effect)
        except OSError as error:
            log.error("take", what=type(effect).__name__, why=str(error))
            return Failed()

    def _next(self, script: Script, effect: FindPrompt) -> Done | Failed:
        if equipment.only_serves():
            log.warning("take", why=equipment.ONLY_SERVES)
            return Failed()
        missing = Recordings(self._settings.audio_dir, script).missing()
        unit = next((unit for unit in missing if unit.name not in effect.passed), None)
        if unit is None:
            return Done()
        prompt = Prompt(unit.name, unit.words)
        self._write(f"{effect.call}.prompt", msgspec.json.encode(prompt))
        return Done(prompt=prompt)

    def _judged(self, take: str) -> Judged | None:
        try:
            return _verdicts.decode(self._path(f"{take}.json").read_bytes())
        except FileNotFoundError:
            return None

    def _keep(self, script: Script, effect: KeepTake) -> Done | Failed:
        """Put a take among the recordings. Fails if the prompt was recorded meanwhile, or its words have changed."""
        audio, path = self._settings.audio_dir, self._path(f"{effect.id}.wav")
        said = _prompts.decode(self._path(f"{call_of(effect.id)}.prompt").read_bytes())
        with taking.locked(audio):
            found = Recordings(audio, script)
            unit = found.unit(effect.name)
            if unit != Unit(said.name, said.words) or not found.is_missing(unit) or not path.is_file():
                return Failed()
            found.folder.mkdir(parents=True, exist_ok=True)
            disk.write_whole(found.folder / f"{unit.name}.wav", path.read_bytes())
        path.unlink(missing_ok=True)
        return Done()

    # --- what the worker does -------------------------------------------------------------------

    def was_asked(self, call: str) -> bool:
        """Whether this call was given words to say, so that recordings of it are takes."""
        return self._path(f"{call}.prompt").is_file()

    def came(self, take: str, sound: bytes) -> None:
        """Judge a take that was fetched, and keep it until somebody decides. Raises OSError."""
        try:
            prompt = _prompts.decode(self._path(f"{call_of(take)}.prompt").read_bytes())
        except FileNotFoundError:
            log.warning("take", id=take, why="Nobody was given words to say in this call, or it is too long ago.")
            return
        if self._path(f"{take}.json").exists():  # it came before, and may be kept by now
            return
        self._write(f"{take}.wav", sound)
        self._write(f"{take}.json", msgspec.json.encode(self._judge(take, sound, prompt.words)))

    def _judge(self, take: str, sound: bytes, words: str) -> Judged:
        try:
            equipment.must_have_all()
            found = taking.judged(sound, words)
        except (taking.NotASound, equipment.OnlyServes) as why:
            log.warning("take", id=take, why=str(why))
            return Judged((_UNREADABLE,))
        faults, doubts = (tuple(each.code for each in told) for told in (found.faults, found.doubts))
        name = "" if faults else recordings.telephone_sound(self._settings.audio_dir, self._path(f"{take}.wav"))
        return Judged(faults, doubts, name)

    def tidy(self, now: float) -> None:
        """Delete what is left of calls that are over."""
        for path in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # another look was quicker
                if path.stat().st_mtime + KEEP_SECONDS <= now:
                    if path.suffix == ".wav":  # nobody kept it
                        recordings.forget_sound(self._settings.audio_dir, path)
                    path.unlink()

    # --- files ------------------------------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        return self._settings.data_dir / "takes"

    def _path(self, name: str) -> Path:
        return self._folder / "".join(c if c.isalnum() or c in "-_." else "-" for c in name)

    def _write(self, name: str, content: bytes) -> None:
        disk.private_folder(self._folder)
        disk.write_whole(self._path(name), content, mode=0o600)
