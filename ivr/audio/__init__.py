"""Sounds: from words to files that Twilio can play.

    clips.py       everything that can be said, at both paces, and the name of each sound file
    voices.py      which voices there are, where each comes from, and how one is fetched
    engines.py     voices: natural (hibari), piper, and pyttsx3, which is always there
    respelling.py  how each voice is asked to say the words that it says badly
    espeak.py      pyttsx3's voice, made as clear on a telephone as it can be
    telephone.py   converts a voice's sound to telephone sound, and measures it
    rendering.py   renders missing sounds, in parallel on every core
    recordings.py  people's own recordings, which are used before any voice
    judging.py     what is wrong with a recording, and what to listen for
    listening.py   confirms that somebody has listened to a line of another language
    taking.py      a take that somebody records or hands in: judged, made even, and kept
    joining.py     joins sounds: passages, and words that only one call has
    speech.py      whether a caller's recording may have speech in it
    sounds.py      during calls: finds the address of the best sound for some words
    hearing.py     some words or a whole call as one sound file, as a caller hears it

The name of a sound is a hash of everything that makes it: the words, the pace, the voice and the processing. So a
changed word leads to one new file, and existing files never change.

A machine that only serves calls has no libraries for sound (`ivr/machine/equipment.py`). These need them: the voices in
engines, and all of espeak, telephone, rendering, speech and hearing. So they are imported by the functions that use
them, and not here.
"""

from ivr.audio.engines import EngineMissing
from ivr.audio.judging import faults_of
from ivr.audio.recordings import Recordings, lacking_sounds, take_of
from ivr.audio.sounds import Sounds, file_of, put_together, run_of
from ivr.audio.voices import VOICES, VoiceRefused
from ivr.places.recordable import Unit, units

__all__ = [
    "VOICES",
    "EngineMissing",
    "Recordings",
    "Sounds",
    "Unit",
    "VoiceRefused",
    "faults_of",
    "file_of",
    "lacking_sounds",
    "put_together",
    "run_of",
    "take_of",
    "units",
]
