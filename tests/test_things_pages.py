"""The pages on which something gets another name, is taken out, or is written new."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from ivr.machine.config import Settings
from ivr.store import Store
from tests.desk import Browser
from tests.edited import editor, settings

__all__ = ["editor", "settings"]

TOPIC = {
    "name": "bus_pass",
    "under": "more_people",
    "label": "To ask about a bus pass",
    "part1": "A bus pass can help your child to get to school. Ask the council for one.",
    "closing": "That is all about a bus pass.",
    "text": "{service_name}: Bus pass? Ask the council. Help: {helpline_phone}",
}


def _write(editor: Browser, path: str, **fields: str) -> TestResponse:
    """The second press, on the page that shows the change."""
    revision = re.search(r'name="revision" value="([^"]+)"', editor.page)
    assert revision, editor.page
    return editor.send(f"/studio/{path}", **fields, do="write", revision=revision[1])


def test_another_name_is_shown_first_and_then_written_everywhere(editor: Browser, settings: Settings) -> None:
    editor.get("/studio/where?name=kept_out")
    assert "leads there with key 1" in editor.page
    shown = editor.send("/studio/where/rename", name="kept_out", new="sent_home")
    assert shown.status_code == 200
    assert "goto: sent_home" in editor.page
    assert "kept_out:" in (settings.config_dir / "menus/exclusion.yaml").read_text(encoding="utf-8")

    _write(editor, "where/rename", name="kept_out", new="sent_home")

    text = (settings.config_dir / "menus/exclusion.yaml").read_text(encoding="utf-8")
    assert "  sent_home:" in text
    assert "goto: kept_out" not in text


def test_a_name_that_is_taken_is_refused(editor: Browser) -> None:
    editor.get("/studio/where?name=kept_out")

    assert editor.send("/studio/where/rename", name="kept_out", new="out_menu").status_code == 422
    assert "is taken" in editor.page


def test_a_broken_file_of_old_confirmations_is_told_before_anything_is_renamed(
    editor: Browser, settings: Settings
) -> None:
    sounds = settings.audio_dir / "recordings" / "en"
    sounds.mkdir(parents=True)
    (sounds / "kept_out.1.wav").write_bytes(b"RIFF")
    (sounds / "words.json").write_text("{", encoding="utf-8")
    editor.get("/studio/where?name=kept_out")

    assert editor.send("/studio/where/rename", name="kept_out", new="sent_home").status_code == 422
    assert "audio/recordings/en/words.json" in editor.page
    assert "Nothing was changed." in editor.page


def test_a_draft_that_changed_since_it_was_looked_at_is_not_written(editor: Browser, settings: Settings) -> None:
    editor.get("/studio/where?name=kept_out")
    editor.send("/studio/where/rename", name="kept_out", new="sent_home")
    path = settings.config_dir / "texts.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# A colleague was here.\n", encoding="utf-8")

    assert _write(editor, "where/rename", name="kept_out", new="sent_home").status_code == 409
    assert "nothing was written" in editor.page


def test_what_must_lead_somewhere_is_not_taken_out(editor: Browser) -> None:
    editor.get("/studio/where?name=out_for_good")

    assert editor.send("/studio/where/remove", name="out_for_good").status_code == 422
    assert "must lead somewhere" in editor.page


def test_a_topic_that_lacks_something_keeps_what_was_typed(editor: Browser) -> None:
    editor.get("/studio/new")

    assert editor.send("/studio/new", **{**TOPIC, "text": ""}).status_code == 422
    assert "Something is missing: the text message." in editor.page
    assert "To ask about a bus pass" in editor.page


def test_a_name_that_was_pasted_counts_without_what_nobody_sees_in_it(editor: Browser) -> None:
    editor.get("/studio/where?name=kept_out")

    assert editor.send("/studio/where/rename", name="kept_out", new="\ufeffsent_home\u200b\u00a0").status_code == 200
    assert "goto: sent_home" in editor.page


@pytest.mark.parametrize("key", ["\u00b2", "\u2167", "nine", "-1", "9" * 400, "\u0663"])
def test_a_key_that_there_is_not_is_refused_and_nothing_is_lost(editor: Browser, key: str) -> None:
    editor.get("/studio/new")

    answer = editor.send("/studio/new", **TOPIC, beside=key, together="To ask about both")

    assert answer.status_code == 422
    assert "To ask about a bus pass" in editor.page


def test_whoever_is_signed_out_meanwhile_gets_back_what_they_typed(editor: Browser, store: Store) -> None:
    editor.get("/studio/edit/words-kept_out")
    for kept in store.sign_ins.all_of("edda"):
        store.sign_ins.end(kept)

    response = editor.send(
        "/studio/edit/words-kept_out", **{"seen": "{}", "closing:": "Words of an hour.", "do": "save"}
    )

    assert response.status_code == 401
    assert "closing: Words of an hour." in editor.page
