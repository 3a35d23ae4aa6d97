"""A voice file in Piper's format that hums, because tests cannot fetch a real one everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import onnx.parser

#: As long as the sentence has sounds, times the length that is asked for, times so many samples.
_HUM = """
<ir_version: 9, opset_import: ["": 17]>
hum (int64[1, sounds] input, int64[1] input_lengths, float[3] scales) => (float[1, 1, 1, samples] output)
<float each = {%d}, float zero = {0}, float one = {1}, float turn = {0.1},
 int64[1] second = {1}, int64[1] third = {2}, int64[4] shape = {1, 1, 1, -1}>
{
    length = Slice(scales, second, third)
    sounds = Cast<to = 1>(input_lengths)
    stretched = Mul(sounds, length)
    end = Mul(stretched, each)
    ends = Squeeze(end)
    time = Range(zero, ends, one)
    angle = Mul(time, turn)
    sound = Sin(angle)
    output = Reshape(sound, shape)
}
"""


def humming_voice(path: Path, samples_a_sound: int) -> Path:
    """Write a voice that hums so many samples for each sound of a sentence, at its own pace."""
    path.write_bytes(onnx.parser.parse_model(_HUM % samples_a_sound).SerializeToString())
    letters = [chr(number) for number in (*range(32, 127), *range(0xC0, 0x400))]
    about = {
        "audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "num_symbols": 300, "num_speakers": 1,
        "phoneme_id_map": {letter: [number] for number, letter in enumerate([*"_^$", *letters])},
    }  # fmt: skip
    path.with_name(f"{path.name}.json").write_text(json.dumps(about))
    return path
