"""An edition: a loaded script, with the writer and the sounds of its replies in each of its languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from ivr.audio import Sounds, lacking_sounds
from ivr.compiling import building, languages
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.script import Script, Tongue
from ivr.twilio.twiml import SayVoice, TwiMLWriter

log = structlog.get_logger()


@dataclass(frozen=True)
class EditionLanguage:
    """One language of an edition: the writer of its replies, and its sounds if it uses any."""

    writer: TwiMLWriter
    sounds: Sounds | None


@dataclass(frozen=True)
class Edition:
    """A loaded script, the writer of its replies, and its sounds if it uses any."""

    script: Script
    writer: TwiMLWriter
    sounds: Sounds | None
    #: Its files, to make it again when texts become available or unavailable.
    files: Mapping[str, str]
    #: The same for each of its other languages, by its tag.
    in_languages: Mapping[str, EditionLanguage]
    #: The script with every language in its files, and the tags of those that this machine cannot speak completely.
    written: Script
    lacking: frozenset[str]

    def writer_of(self, language: str) -> TwiMLWriter:
        """The writer of the replies of a call in this language."""
        found = self.in_languages.get(language)
        return found.writer if found else self.writer

    def sounds_of(self, language: str) -> Sounds | None:
        """The sounds of a call in this language."""
        found = self.in_languages.get(language)
        return found.sounds if found else self.sounds

    @property
    def all_sounds(self) -> list[Sounds]:
        """The sounds of every language."""
        return [each for each in (self.sounds, *(spoken.sounds for spoken in self.in_languages.values())) if each]


def loaded(settings: Settings, files: Mapping[str, str], *, offers_texts: bool) -> Script:
    """The script of files that are live. A language with a fault is left out, and logged.

    Raises ConfigError for any other fault.
    """
    made, problems = building.published(files, config.bank_holidays(), settings.our_numbers, offers_texts=offers_texts)
    for problem in problems:
        log.error("language", why=str(problem))
    return made


def _drafted(settings: Settings, files: Mapping[str, str], *, offers_texts: bool) -> Script:
    return building.load(files, config.bank_holidays(), settings.our_numbers, offers_texts=offers_texts)


def of(
    settings: Settings,
    files: Mapping[str, str],
    *,
    offers_texts: bool,
    made: Script | None = None,
    is_draft: bool = False,
) -> Edition:
    """An edition of these files. `made`: their script, if it was compiled before. Of a draft, no language is left out
    for a fault. Raises ConfigError.
    """
    written = made or (_drafted if is_draft else loaded)(settings, files, offers_texts=offers_texts)
    lacking = lacking_languages(settings, written)
    made = _without(written, lacking)
    english = _spoken(settings, made, made.line.speech.say_voice, "en-GB")
    others = {each.tag: _spoken(settings, each.script, _say_voice(each), each.say_language) for each in made.tongues}
    if english.sounds:
        english.sounds.others = {tag: each.sounds for tag, each in others.items() if each.sounds}
        for each in english.sounds.others.values():
            each.others = {made.language: english.sounds}
    return Edition(made, english.writer, english.sounds, files, others, written, lacking)


def by_sounds(settings: Settings, made: Script) -> bool:
    """Whether callers hear our own sounds, and not Twilio's voice."""
    return (settings.speech or made.line.speech.mode) == "audio"


def _spoken(settings: Settings, made: Script, name: str, language: str) -> EditionLanguage:
    speech = made.line.speech
    others = {each.tag: (_say_voice(each), each.say_language) for each in made.tongues}
    foreign = others or {"en": (speech.say_voice, "en-GB")}  # a script in another language has no languages of its own
    voice = SayVoice(
        name, speech.say_rate, speech.say_slow_rate, respelt=made.respelt, language=language, foreign=foreign
    )
    if not by_sounds(settings, made):
        return EditionLanguage(TwiMLWriter(made, settings.public_url, voice), None)
    sounds = Sounds(settings.audio_dir, made, settings.public_url)
    voice = replace(voice, play=sounds.play, missed=sounds.missed, silence=sounds.silence)
    return EditionLanguage(TwiMLWriter(made, settings.public_url, voice), sounds)


def _say_voice(tongue: Tongue) -> str:
    """Twilio's voice for a language; empty if nobody has listened to it, unless the language is a draft."""
    return tongue.say_voice if tongue.is_voice_heard or not tongue.is_live else ""


def lacking_languages(settings: Settings, made: Script) -> frozenset[str]:
    """The tags of the languages that cannot be spoken completely with a voice or sounds that somebody listened to."""
    return frozenset(each.tag for each in made.tongues if not _can_be_heard(settings, made, each))


def _can_be_heard(settings: Settings, made: Script, tongue: Tongue) -> bool:
    if not by_sounds(settings, made):
        return bool(_say_voice(tongue))
    is_rendered = not tongue.is_live and bool(tongue.script.draft_voice)
    return is_rendered or not lacking_sounds(settings.audio_dir, tongue)


def _without(made: Script, lacking: frozenset[str]) -> Script:
    """The script without these languages: a caller would hear half a sentence, or a voice that nobody has checked."""
    for each in (each for each in made.tongues if each.tag in lacking):
        tell = log.error if each.is_live else log.warning
        tell("language", tag=each.tag, why="it has no voice here, or its sounds are not those that somebody heard")
    return languages.offering(made, tuple(t for t in made.tongues if t.tag not in lacking)) if lacking else made
