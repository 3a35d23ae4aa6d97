"""What stands in docs/pictures/: light enough for a repository, and really there to be seen and heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from ivr.machine import config
from tests.pictures import MOST_PICTURE, MOST_SOUND, PICTURES, SOUND_SECONDS, SOUNDS

FOLDER = config.ROOT / "docs" / "pictures"


def test_all_that_the_script_makes_is_there_and_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*PICTURES, *SOUNDS}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_light_and_shows_something(name: str) -> None:
    path = FOLDER / name
    picture = Image.open(path)
    assert path.stat().st_size <= MOST_PICTURE
    assert picture.width >= 1200
    assert len(picture.getcolors() or []) > 8


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_light_and_a_minute_of_telephone_speech(name: str) -> None:
    path: Path = FOLDER / name
    facts = soundfile.info(path)
    samples, rate = soundfile.read(path)
    assert path.stat().st_size <= MOST_SOUND
    assert (rate, facts.channels) == (8000, 1)
    assert SOUND_SECONDS - 1 < facts.duration < SOUND_SECONDS + 1
    assert 0.02 < np.sqrt((samples**2).mean()) < 0.3
    assert (np.abs(samples) < 0.001).mean() < 0.6, "more is said than silence"
