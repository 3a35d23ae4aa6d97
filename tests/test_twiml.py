"""Twilio's contract, quoted above the tests that hold us to it."""

from __future__ import annotations

import dataclasses
import inspect
import re
import xml.etree.ElementTree as ET
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, Say, VoiceResponse

from ivr.hot.signature import Signature, fields
from ivr.script import Script
from ivr.script.session import At, HangUp, Record, Session, Turn
from ivr.twilio import twiml
from ivr.twilio.twiml import SayVoice, TwiMLWriter
from tests.line import OPEN, said
from tests.walk import ways

BASE = "https://line.example.org"
VOICE = SayVoice("Polly.Amy-Neural", "85%", "70%")

# "Gather: you can nest Say, Play and Pause." "Number url: may use only Play, Say, Gather, Hangup."
NESTS = {
    "Response": {"Gather", "Say", "Play", "Pause", "Redirect", "Dial", "Record", "Hangup"},
    "Gather": {"Say", "Play", "Pause"},
    "Say": {"prosody"},
    "prosody": {"break", "sub"},
    "Dial": {"Number"},
}


def assert_valid(document: str) -> ET.Element:
    """A document with only Twilio's verbs, nested as it allows, with attributes its own library knows."""
    assert len(document.encode()) <= 64 * 1024
    assert document.startswith("<?xml")
    root = ET.fromstring(document)
    assert root.tag == "Response"
    assert len(root)
    for element in root.iter():
        assert {child.tag for child in element} <= NESTS.get(element.tag, set()), element.tag
        assert set(element.attrib) <= _attributes(element.tag), element.tag
    return root


def _attributes(tag: str) -> set[str]:
    """The attributes of a verb, from the method of Twilio's library that makes it."""
    if tag == "Response":
        return set()
    within = {"Number": Dial, "prosody": Say, "break": Say, "sub": Say}.get(tag, VoiceResponse)
    method = getattr(within, {"break": "break_"}.get(tag, tag.lower()))
    parts = (name.split("_") for name in inspect.signature(method).parameters)
    return {first + "".join(word.title() for word in rest) for first, *rest in parts}


@pytest.fixture(scope="module")
def writer(shipped: Script) -> TwiMLWriter:
    return TwiMLWriter(shipped, BASE, VOICE)


# --- the signature --------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
pairs = st.lists(st.tuples(names, names), max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    form=pairs,
    target=st.text(alphabet="abc/%27%C3?&=+.~'", max_size=30),
    base=st.sampled_from(
        [BASE, f"{BASE}:443", f"{BASE}:8443", "http://127.0.0.1:8000", "http://line/ivr", BASE + "/x"]
    ),
    token=st.sampled_from(["12345", "other"]),
)
def test_the_signature_agrees_with_twilios_library(
    form: list[tuple[str, str]], target: str, base: str, token: str
) -> None:
    """On blank, repeated and non-ASCII fields, percent-escapes, ports and wrong tokens alike."""
    values: dict[str, list[str]] = {}
    for name, value in form:
        values.setdefault(name, []).append(value)

    class Form(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    path = "/voice" + target.partition("?")[0] + ("?" + target.partition("?")[2] if target.partition("?")[2] else "")
    validator = RequestValidator(token)
    given_ = validator.compute_signature(base + path, Form(values))

    ours = Signature(base, ["12345"]).fits(path, form, given_)

    assert ours == RequestValidator("12345").validate(base + path, Form(values), given_)
    assert ours == (token == "12345")


def test_the_signature_of_twilios_own_example_fits() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234",
        "From": "+14158675310", "To": "+18005551212",
    }  # fmt: skip
    signature = Signature("https://example.com", ["12345"])

    assert signature.fits("/myapp.php?foo=1&bar=2", form.items(), "L/OH5YylLD5NRKLltdqwSvS0BnU=")
    assert not signature.fits("/myapp.php?foo=1&bar=3", form.items(), "L/OH5YylLD5NRKLltdqwSvS0BnU=")
    assert not signature.fits("/myapp.php?foo=1&bar=2", form.items(), "")


def test_any_of_several_tokens_fits_while_one_is_changed() -> None:
    given_ = RequestValidator("new").compute_signature(f"{BASE}/voice", {})

    assert Signature(BASE, ["old", "new"]).fits("/voice", [], given_)


def test_a_field_without_a_value_is_kept() -> None:
    """Empty values are signed too."""
    assert fields(b"FromCity=&Digits=1&a") == [("FromCity", ""), ("Digits", "1"), ("a", "")]
    assert fields(f"a={quote_plus('ü +')}".encode()) == [("a", "ü +")]


# --- out ------------------------------------------------------------------------------------


def test_every_reply_the_line_can_give_is_valid(shipped: Script, writer: TwiMLWriter) -> None:
    """Each place that keys and silence lead to, at both paces: known verbs, known attributes, under 64 kB."""
    for _, turn in ways(shipped, OPEN).values():
        for slow in (False, True):
            changed = Turn(_slow(turn.session, slow), turn.says, turn.then)
            root = assert_valid(writer.write(changed, "/voice/turn/1?at=x&y", "+441164960000"))
            if root.find("Hangup") is None:
                assert any("action" in element.attrib for element in root.iter())


def _slow(session: Session, slow: bool) -> Session:
    return msgspec.structs.replace(session, slow=slow)


def test_one_key_is_gathered_so_that_hash_and_star_arrive_as_keys(shipped: Script, writer: TwiMLWriter) -> None:
    """'finishOnKey defaults to #.' 'A Gather with no input does not call action' unless told to. A verb comes after."""
    gather, redirect = assert_valid(writer.write(ways(shipped, OPEN)["main_menu", 0][1], "/voice/turn/2?at=x"))

    assert gather.attrib == {
        "input": "dtmf", "numDigits": "1", "finishOnKey": "", "actionOnEmptyResult": "true", "timeout": "10",
        "method": "POST", "action": f"{BASE}/voice/turn/2?at=x",
    }  # fmt: skip
    assert (redirect.tag, redirect.text) == ("Redirect", f"{BASE}/voice/turn/2?at=x")
    assert gather.find("Say") is not None, "speech is inside the Gather, so that a key stops it"


def test_a_number_is_gathered_until_hash_or_its_last_digit(shipped: Script, writer: TwiMLWriter) -> None:
    turn = Turn(Session("CA1", "r", At("ring_number")), ("Enter.",), ways(shipped, OPEN)["ring_number", 0][1].then)

    gather = assert_valid(writer.write(turn, "/voice/turn/2"))[0]

    assert (gather.attrib["numDigits"], gather.attrib["finishOnKey"]) == ("15", "#")


def test_a_transfer_rings_from_our_own_number_and_whispers(shipped: Script, writer: TwiMLWriter) -> None:
    """'Dial passes on the caller's own number'; withheld, it fails. So ours is given."""
    turn = ways(shipped, OPEN)["person", 0][1]

    root = assert_valid(writer.write(turn, "/voice/turn/2", "+441164960000"))

    dial = root.find("Dial")
    assert dial is not None
    assert (dial.attrib["callerId"], dial.attrib["timeout"]) == ("+441164960000", "25")
    assert [(n.text, n.attrib["url"]) for n in dial] == [("+441162575027", f"{BASE}/voice/whisper?call=CAwalk&turn=1")]
    without = assert_valid(writer.write(turn, "/voice/turn/2", "")).find("Dial")
    assert without is not None
    assert "callerId" not in without.attrib


def test_a_recording_says_where_it_is_to_be_told_of(writer: TwiMLWriter) -> None:
    """'Record without action requests the same URL again: an endless loop'."""
    turn = Turn(Session("CA1", "r", At("ring_name")), ("Speak.",), Record(60, 5, "CA1-1"))

    document = assert_valid(writer.write(turn, "/voice/turn/2"))
    record = document.find("Record")

    assert record is not None
    assert record.attrib["action"] == f"{BASE}/voice/turn/2"
    assert record.attrib["recordingStatusCallback"] == f"{BASE}/voice/recording?request=CA1-1"
    assert (record.attrib["maxLength"], record.attrib["timeout"]) == ("60", "5")


def test_a_key_pressed_while_a_recording_is_explained_is_heard_and_silence_goes_on_to_the_tone(
    writer: TwiMLWriter,
) -> None:
    document = assert_valid(
        writer.write(Turn(Session("CA1", "r", At("ring_name")), ("Speak.",), Record(60, 5, "CA1-1")), "/x")
    )

    gather, record = document[0], document[1]
    assert (gather.tag, gather.attrib["actionOnEmptyResult"], record.tag) == ("Gather", "false", "Record")
    assert said(gather) == "Speak."


def test_what_cannot_be_spoken_cannot_break_the_document(writer: TwiMLWriter) -> None:
    """Control characters and signs of XML."""
    turn = Turn(Session("CA1", "r", At("x")), ("a\x00b <c> & 'd' \ud800",), HangUp())

    assert said(assert_valid(writer.write(turn, ""))) == "ab <c> & 'd'"


def test_long_speech_is_split_for_twilios_voices(writer: TwiMLWriter) -> None:
    """'Polly: 3000 characters'."""
    turn = Turn(Session("CA1", "r", At("x")), ("word " * 150,) * 12, HangUp())

    says = assert_valid(writer.write(turn, "")).findall("Say")

    assert len(says) > 1
    assert all(len("".join(say.itertext())) < 3000 for say in says)


def test_slow_speech_has_longer_pauses_and_a_slower_voice(shipped: Script, writer: TwiMLWriter) -> None:
    turn = ways(shipped, OPEN)["main_menu", 0][1]
    slow = writer.write(Turn(_slow(turn.session, True), turn.says, turn.then), "")
    normal = writer.write(turn, "")

    assert ('rate="70%"' in slow, '<break time="1050ms"' in slow) == (True, True)
    assert ('rate="85%"' in normal, '<break time="700ms"' in normal) == (True, True)


def test_files_are_played_and_only_what_has_none_is_said(shipped: Script) -> None:
    voice = dataclasses.replace(
        VOICE,
        play=lambda said, slow: [((piece,), None if piece == "b" else f"{BASE}/audio/{piece}.wav") for piece in said],
    )
    turn = Turn(Session("CA1", "r", At("x")), ("a", 0.7, "b", 0.7, "c"), HangUp())

    document = TwiMLWriter(shipped, BASE, voice).write(turn, "")

    assert re.findall(r"<(Play|Say|break)", document) == ["Play", "Play", "Say", "break", "Play"]
    assert_valid(document)


def test_words_without_a_file_are_told_of_each_time_they_are_said(shipped: Script) -> None:
    missed: list[tuple[str, bool]] = []
    voice = dataclasses.replace(
        VOICE,
        play=lambda said, slow: [((piece,), None if piece == "b" else f"{BASE}/audio/{piece}.wav") for piece in said],
        missed=lambda words, slow: missed.append((words, slow)),
    )
    writer = TwiMLWriter(shipped, BASE, voice)

    for slow in (False, False, True):
        writer.says(("a", 0.7, "b"), slow)

    assert missed == [("b", False), ("b", False), ("b", True)]


def test_a_file_that_came_is_played_by_the_next_reply(shipped: Script) -> None:
    files: dict[str, str] = {}
    writer = TwiMLWriter(
        shipped, BASE, dataclasses.replace(VOICE, play=lambda said, slow: [(said, files.get(said[0]))])
    )
    assert "<Say" in writer.says(("a",), False)

    files["a"] = f"{BASE}/audio/a.wav"

    assert "<Play>" in writer.says(("a",), False)


def test_the_whisper_may_be_declined_by_silence(writer: TwiMLWriter) -> None:
    root = assert_valid(twiml.whisper(writer.says(("A caller.",), slow=False), "/voice/accept?call=CA1"))

    assert [element.tag for element in root] == ["Gather", "Hangup"]
    assert_valid(twiml.accepted("Thank you."))
    assert_valid(twiml.hang_up())


def test_the_reply_that_needs_nothing_says_the_number_and_dials_it() -> None:
    """It shows our own number if we have one, because it would not ring with a caller's hidden number."""
    root = assert_valid(twiml.put_through("Sorry.", "0116 257 5027", "Goodbye.", "+441164960000"))

    assert [element.tag for element in root] == ["Say", "Dial", "Say"]
    assert (root[1].text, root[1].attrib["callerId"]) == ("+441162575027", "+441164960000")
    assert "callerId" not in assert_valid(twiml.put_through("Sorry.", "0116 257 5027", "Goodbye."))[1].attrib
