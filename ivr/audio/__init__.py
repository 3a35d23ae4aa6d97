"""Sounds: from words to files that Twilio can play.

    clips.py       what there is to say at both paces, and the name each sound has
    voices.py      which voices there are, where each comes from, and how one is fetched
    engines.py     voices: natural (hibari), piper, and pyttsx3, which is always there
    espeak.py      pyttsx3's voice, made as clear on a telephone as it can be
    telephone.py   from a voice's sound to telephone sound, and what can be measured of it
    render.py      makes what is missing, side by side on every core
    recordings.py  people's own recordings, which win over any voice
    sounds.py      during calls: from words to the address of the best sound there is
    hearing.py     words or a whole call as one sound, as a caller hears it

A sound is named by everything that makes it: the words, the pace, the voice and how it is
worked on. So a changed word makes one new file and nothing else, and no file ever changes.
"""

from ivr.audio.engines import EngineMissing
from ivr.audio.hearing import Ear, as_file
from ivr.audio.recordings import Recordings, Unit, units
from ivr.audio.render import Progress, Rendering, render, stale
from ivr.audio.sounds import Sounds, file_of
from ivr.audio.voices import VOICES, VoiceRefused

__all__ = [
    "VOICES",
    "Ear",
    "EngineMissing",
    "Progress",
    "Recordings",
    "Rendering",
    "Sounds",
    "Unit",
    "VoiceRefused",
    "as_file",
    "file_of",
    "render",
    "stale",
    "units",
]
