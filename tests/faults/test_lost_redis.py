"""A Redis that has forgotten everything: emptied, or a replica that never had it."""

from __future__ import annotations

import dataclasses
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ivr.machine.config import Settings
from ivr.processes import worker
from ivr.processes.tools import Tools
from ivr.store import DamagedRevision, Store
from tests.line import Line
from tests.rest import Twilio, work

WEBHOOKS = ["/voice", "/voice/turn/3?at=main_menu.0.0.x..0-0-0-0.", "/voice/fallback"]


def _empty(store: Store) -> None:
    store.redis.do(lambda client: client.flushall())


def test_what_was_live_is_put_back_into_an_emptied_redis(line: Line, published: str) -> None:
    _empty(line.store)

    with Line(line.settings, line.store) as started_anew:
        assert "<Gather" in ET.tostring(started_anew.call().reply).decode()
        started_anew.app._live.look()

    assert line.store.revisions.live() == published
    assert line.store.revisions.history()[0].why == "Redis had lost the live revision"


def test_a_line_that_runs_puts_it_back_too(line: Line, published: str) -> None:
    _empty(line.store)

    line.app._live.look()

    assert line.store.revisions.live() == published
    assert "<Gather" in ET.tostring(line.call().reply).decode()


@pytest.mark.parametrize("damage", [b"{", b'{"line.yaml": "names: {}"}'])
def test_a_damaged_live_revision_is_restored_from_the_copy_on_disk(line: Line, published: str, damage: bytes) -> None:
    """What cannot be read, and what can be read but has another fingerprint."""
    line.store.redis.do(lambda client: client.set(f"ivr:revision:{published}", damage))
    with pytest.raises(DamagedRevision, match=f"The stored files of revision {published} are damaged. Publish again"):
        line.store.revisions.files(published)

    with Line(line.settings, line.store) as restarted:
        assert "<Gather" in ET.tostring(restarted.call().reply).decode()

    assert line.store.revisions.files(published)
    assert [one.revision for one in line.store.revisions.history()] == [published], "nothing was published"


@pytest.mark.parametrize("path", WEBHOOKS)
def test_a_line_that_knows_nothing_apologizes_and_dials(settings: Settings, store: Store, path: str) -> None:
    """Nothing was ever published, and nothing is kept: the words on disk still have a number to ring."""
    with Line(settings, store) as line:
        reply = line.post(path, {"CallSid": "CA1", "From": "+447700900123", "To": "+441164960000"})

    assert reply.status_code == 200
    assert ET.fromstring(reply.text).find("Dial") is not None


@pytest.mark.parametrize("path", WEBHOOKS)
def test_without_even_words_on_disk_the_caller_hears_when_to_ring_again(
    settings: Settings, store: Store, tmp_path: Path, path: str
) -> None:
    (settings.data_dir / "live.json").write_text("{")
    with Line(dataclasses.replace(settings, config_dir=tmp_path / "none"), store) as line:
        reply = line.post(path, {"CallSid": "CA1", "From": "+447700900123", "To": "+441164960000"})

    assert ET.fromstring(reply.text).findtext("Say") == (
        "Sorry. This line is not working just now. Please call again later."
    )


NUMBER = {"sid": "PN" + "1" * 32, "phone_number": "+441164960000"}


def _offers_texts(line: Line, sid: str) -> bool:
    return "by text" in line.call(sid=sid).press("0").put_in(DialCallStatus="busy").words


@pytest.mark.parametrize("can", [False, True])
def test_texts_are_offered_again_only_once_twilio_says_that_they_can_be_sent(
    line: Line, tools: Tools, twilio: Twilio, can: bool
) -> None:
    """Redis lost the note that texts cannot be sent. A running line keeps what it knew; a restarted one offers none."""
    line.store.texts.sender_is("" if can else "Twilio says that +441164960000 sends no texts.")
    line.app._live.look()
    _empty(line.store)
    line.app._live.look()
    assert _offers_texts(line, "CA1") is can

    with Line(line.settings, line.store) as started_anew:
        assert not _offers_texts(started_anew, "CA2")
        twilio.answers = [(200, {"incoming_phone_numbers": [{**NUMBER, "capabilities": {"sms": can}}], "page": 0})]
        worker.look(tools, time.time())
        work(tools)
        started_anew.app._live.look()
        assert _offers_texts(started_anew, "CA3") is can


def test_what_cannot_be_asked_is_asked_again_and_nothing_is_offered_meanwhile(
    line: Line, tools: Tools, twilio: Twilio
) -> None:
    _empty(line.store)
    with Line(line.settings, line.store) as started_anew:
        numbers = (200, {"incoming_phone_numbers": [NUMBER], "page": 0})
        for minute, answer in enumerate([(503, {}), (503, {}), numbers]):
            twilio.answers = [answer]
            worker.look(tools, 60.0 * minute)
            work(tools)
            started_anew.app._live.look()
            assert _offers_texts(started_anew, f"CA{minute}") is (answer is numbers)


def test_a_call_whose_session_is_gone_goes_on_where_it_was(line: Line) -> None:
    """As it does while Redis is away: the place stands in the address."""
    call = line.call().press("3")
    line.store.redis.do(lambda client: client.delete(f"ivr:session:{call.sid}"))

    here = call.place
    call.press("#")

    assert call.place == here


@pytest.mark.parametrize("kept", [b"1|{", b"1|[]", b'1|{"call": 7}', b"1|", b"nothing with a turn"])
def test_a_call_whose_session_cannot_be_read_goes_on_where_it_was(line: Line, kept: bytes) -> None:
    """Damaged, or of a version that wrote it otherwise: nobody who is in the middle of a menu is sent away."""
    call = line.call().press("3")
    line.store.redis.do(lambda client: client.set(f"ivr:session:{call.sid}", kept))

    here = call.place
    call.press("#")
    assert call.place == here
    call.press("0")

    assert call.has("Dial")
