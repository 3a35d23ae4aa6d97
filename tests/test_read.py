"""The pages at /read: what the line says, for people who cannot use the phone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client, TestResponse

from ivr.authoring import drafts, editing
from ivr.hours import LONDON
from ivr.machine.config import Settings
from ivr.overview import confirmation
from ivr.script import Script
from ivr.store import Published, Store
from ivr.web import read
from tests import pseudo, test_check
from tests.line import Line

OUTSIDE = "https://line.example.org"
DAY = dt.date(2026, 11, 20)


def confirmed(files: dict[str, str], *, without: tuple[str, ...] = (), words: bool = True) -> dict[str, str]:
    """The files with the pages switched on, and everything confirmed but some settings."""
    line = files["line.yaml"].replace("read_page: off", "read_page: on")
    for path, setting in drafts.read_draft(files).line.to_confirm().items():
        if path[-1] not in without:
            line = editing.with_confirmation(line, path, "A manager", DAY, setting.value)
    if words:
        fingerprint = confirmation.fingerprint(drafts.read_draft({**files, "line.yaml": line}))
        line = editing.with_words_checked(line, "A manager", DAY, fingerprint)
    return {**files, "line.yaml": line}


def put_live(store: Store, files: dict[str, str]) -> None:
    before = store.revisions.live() or ""
    store.revisions.publish(Published(drafts.revision_of(files), 0.0, "tests", "for the tests", before), files)


@pytest.fixture(scope="module")
def agreed(files: dict[str, str]) -> dict[str, str]:
    """The shipped config/ as a service would have it that has confirmed everything."""
    return confirmed(files)


@pytest.fixture
def open_line(settings: Settings, store: Store, agreed: dict[str, str]) -> Iterator[Line]:
    put_live(store, agreed)
    with Line(settings, store) as line:
        yield line


def _get(line: Line, path: str = "/read", **headers: str) -> TestResponse:
    return Client(line.app).get(path, base_url=OUTSIDE, headers=headers, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})


def _all(line: Line) -> dict[str, TestResponse]:
    """Every page that links lead to, by its path."""
    found, queue = {"/read": _get(line)}, ["/read"]
    for path in queue:
        for link in re.findall(r'href="(/[^"#]*)', found[path].text):
            if link not in found:
                found[link] = _get(line, link)
                queue.append(link)
    return found


def _words(page: TestResponse) -> str:
    """What is read on a page."""
    text = re.sub(r"<(style|title)>.*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return " ".join(text.replace("&#39;", "'").replace("&amp;", "&").split())


# --- whether there are any ------------------------------------------------------------------


def test_as_shipped_there_is_no_page(line: Line) -> None:
    assert _get(line).status_code == 404
    assert _get(line, "/read/all-topics").status_code == 404
    assert "/read" not in _get(line, "/").text


@pytest.mark.parametrize(
    ("without", "words"), [((), False), (("helpline_phone",), True), (("opening_hours",), True)], ids=str
)
def test_words_numbers_and_hours_that_nobody_confirmed_are_on_no_page(
    without: tuple[str, ...], words: bool, settings: Settings, store: Store, files: dict[str, str]
) -> None:
    put_live(store, confirmed(files, without=without, words=words))
    with Line(settings, store) as line:
        assert _get(line).status_code == 404
        assert _get(line, "/read/which_letter").status_code == 404
        assert "/read" not in _get(line, "/").text


def test_a_changed_word_takes_the_pages_away_until_it_is_confirmed(
    settings: Settings, store: Store, agreed: dict[str, str]
) -> None:
    welcome = agreed["menus/welcome.yaml"].replace("Unhappy with help", "Sad about help")
    put_live(store, {**agreed, "menus/welcome.yaml": welcome})
    with Line(settings, store) as line:
        assert _get(line).status_code == 404


def test_the_draft_is_never_on_a_page(open_line: Line, agreed: dict[str, str]) -> None:
    assert "Sad about help" not in _get(open_line).text
    assert open_line.app._live.now.script.revision == drafts.revision_of(agreed)


def test_a_sentence_with_a_number_that_nobody_confirmed_is_left_out_and_a_person_is_named(
    settings: Settings, store: Store, files: dict[str, str]
) -> None:
    put_live(store, confirmed(files, without=("council_phone", "coram_link")))
    with Line(settings, store) as line:
        pages = _all(line)

    assert "still being checked" in pages["/read/council_team"].text
    assert "childrenslegalcentre" not in "".join(page.text for page in pages.values())
    assert "454 2050" not in "".join(page.text for page in pages.values())


def test_the_public_page_leads_to_them(open_line: Line) -> None:
    assert 'href="/read"' in _get(open_line, "/").text


def test_the_check_says_what_keeps_pages_and_sentences_away(files: dict[str, str], shipped: Script) -> None:
    for without, words, told in (
        (
            ("helpline_phone",),
            False,
            "Nothing is shown at /read, because these are not confirmed: words, helpline_phone.",
        ),
        (("council_phone",), True, "Sentences are left out at /read, because these are not confirmed: council_phone."),
    ):
        found = test_check._found("read-page", confirmed(files, without=without, words=words), shipped)
        assert [problem.says.split(" For each")[0] for problem in found if problem.code == "read-page"] == [told]
    assert not test_check._found("read-page", confirmed(files), shipped)


# --- what is on them ------------------------------------------------------------------------


def test_every_piece_of_guidance_is_one_page_and_no_link_leads_nowhere(open_line: Line, shipped: Script) -> None:
    pages = _all(open_line)

    assert {page.status_code for page in pages.values()} == {200}
    for name, node in shipped.nodes.items():
        if node.is_topic() and not node.meaning() and name not in ("greeting", "words_menu"):
            assert f"/read/{name}" in pages, name
    for path, page in pages.items():
        anchors = set(re.findall(r'id="([^"]+)"', page.text))
        for link in re.findall(r'href="#([^"]+)"', page.text):
            assert link in anchors, path


def test_the_words_are_those_of_the_line(open_line: Line) -> None:
    page = _words(_get(open_line, "/read/letter_draft"))

    assert "First, tell the council what you want to change. Say which school you want." in page
    assert "You may have only 15 days, about 2 weeks. Weekends count." in page
    assert "A draft plan is not finished. You can ask for changes. You cannot appeal it yet." in page, "the hard word"


def test_keys_texts_and_what_only_a_call_can_do_are_on_no_page(open_line: Line) -> None:
    for path, page in _all(open_line).items():
        for never in ("press zero", "press 1", "We can text you", "Slower speech", "A pause", "promised call"):
            assert never not in _words(page), path


def test_a_question_has_its_answers_as_links_with_what_the_line_says_back(open_line: Line) -> None:
    page = _get(open_line, "/read/q_letter_draft").text

    assert '<a href="/read/letter_draft">Yes</a><span> Then it may be a draft plan.</span>' in page
    assert '<a href="/read/letter_final">No</a>' in page
    assert '<a href="/read/letter_unsure">I am not sure</a>' in page


def test_whoever_is_not_sure_of_a_word_reads_what_it_means(open_line: Line) -> None:
    page = _get(open_line, "/read/q_meet_school").text

    assert '<a href="#person">I am not sure</a><span> Disagreement resolution is a long name' in page


def test_the_list_of_topics_leaves_out_what_a_question_must_find(open_line: Line) -> None:
    listed = set(re.findall(r'href="/read/([a-z_]+)"', _get(open_line, "/read/all-topics").text))

    assert {"which_letter", "school_talk", "appeal_time"} <= listed
    assert not listed & {"letter_draft", "letter_final", "letter_unsure", "main_menu", "out_for_good"}


def test_a_search_engine_does_not_lead_past_the_questions(open_line: Line) -> None:
    for name in ("letter_draft", "out_for_good", "q_letter_draft"):
        assert _get(open_line, f"/read/{name}").headers["X-Robots-Tag"] == "noindex"
    for path in ("/read", "/read/which_letter", "/read/all-topics"):
        assert "X-Robots-Tag" not in _get(open_line, path).headers


def test_every_page_says_how_to_reach_a_person(open_line: Line) -> None:
    for path, page in _all(open_line).items():
        assert 'href="tel:01162575027">0116 257 5027</a>' in page.text, path
        assert "You can call us Monday to Friday, 9am to 5pm." in page.text, path
        assert 'href="mailto:info@sendiassleicester.org.uk"' in page.text, path


def test_a_text_is_offered_only_where_texts_are_answered(
    settings: Settings, store: Store, agreed: dict[str, str]
) -> None:
    put_live(store, agreed)
    with Line(settings, store) as line:
        assert "send a text" not in _get(line).text
    store.texts.sender_is("")
    with Line(settings, store) as line:
        assert 'send a text to <a href="sms:01164960000">0116 496 0000</a>' in _get(line).text


def test_a_line_without_a_number_does_not_offer_to_be_rung(
    settings: Settings, store: Store, agreed: dict[str, str]
) -> None:
    put_live(store, agreed)
    store.texts.sender_is("")
    with Line(dataclasses.replace(settings, practice=True), store) as line:
        page = _get(line).text

    assert "send a text" not in page
    assert "by phone" not in page


def test_a_number_for_text_relays_is_named(settings: Settings, store: Store, agreed: dict[str, str]) -> None:
    line_yaml = agreed["line.yaml"].replace("without_menus: []", 'without_menus: ["0116 496 0009"]')
    put_live(store, {**agreed, "line.yaml": line_yaml})
    with Line(settings, store) as line:
        assert 'By text relay: <a href="tel:01164960009">0116 496 0009</a>' in _get(line).text


def test_a_notice_is_on_every_page_while_callers_hear_it(
    settings: Settings, store: Store, agreed: dict[str, str]
) -> None:
    notice = 'notices: [{words: "We are closed today.", begins: 2026-11-25, ends: 2026-11-25 12:00}]'
    put_live(store, {**agreed, "line.yaml": agreed["line.yaml"].replace("notices: []", notice)})
    with Line(settings, store) as line:
        assert '<p class="notice">We are closed today.</p>' in _get(line, "/read/your_say").text
        line.now = dt.datetime(2026, 11, 25, 12, 1, tzinfo=LONDON)
        assert "We are closed today." not in _get(line, "/read/your_say").text


def test_it_says_when_the_words_were_confirmed_and_when_they_are_looked_at_again(open_line: Line) -> None:
    assert "SENDIASS Leicester confirmed these words on 20 November 2026." in _words(_get(open_line))
    assert "They will be looked at again by 31 July 2027." in _words(_get(open_line, "/read/your_say"))
    assert "A manager" not in _get(open_line).text, "whose name it is, is nobody's business here"
    open_line.now = dt.datetime(2027, 8, 1, 9, 0, tzinfo=LONDON)
    assert "They were to be looked at again by 31 July 2027. Ask a person" in _words(_get(open_line, "/read/your_say"))


def test_drafts_of_languages_are_on_no_page(open_line: Line, agreed: dict[str, str]) -> None:
    for page in _all(open_line).values():
        assert "<bdi" not in page.text
        assert page.text.count("lang=") == 1


@pytest.mark.parametrize(("key", "press"), [("6", "press 6"), ("8 1", "press 8, then 1")])
def test_a_language_that_callers_can_hear_is_named_in_its_own_letters(
    key: str, press: str, settings: Settings, store: Store, agreed: dict[str, str]
) -> None:
    heard, draft = pseudo.language("ar-XB", key=key), pseudo.language("en-XA", key="7", confirmed=False)
    others = {name: text for name, text in agreed.items() if not name.startswith("languages/")}
    put_live(store, {**others, **pseudo.language_files(heard, draft)})
    with Line(settings, store) as line:
        page = _get(line).text

    assert f'<bdi lang="ar-XB">{pseudo.disguised("ar-XB", "Pseudo ar-XB")}</bdi> (Pseudo ar-XB): call' in page
    assert f"and {press}." in page
    assert "en-XA" not in page


# --- what they cost, and what they keep -----------------------------------------------------


def test_no_page_has_a_script_a_cookie_a_form_or_anything_from_elsewhere(open_line: Line) -> None:
    for path, page in _all(open_line).items():
        assert not re.search(r"<(script|form|input|img|iframe|link rel=\"(?!icon))", page.text), path
        assert "Set-Cookie" not in page.headers
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Referrer-Policy"] == "no-referrer"


def test_pages_are_small(open_line: Line) -> None:
    sizes = {path: len(page.data) for path, page in _all(open_line).items()}

    assert max(sizes.values()) < 20_000, sizes


def test_a_page_that_did_not_change_is_not_sent_again(open_line: Line) -> None:
    first = _get(open_line, "/read/your_say")
    again = _get(open_line, "/read/your_say", **{"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == f"public, max-age={read.KEPT_SECONDS}"
    assert (again.status_code, again.data) == (304, b"")


def test_the_pages_are_made_once_for_each_revision(
    open_line: Line, store: Store, agreed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = read.onscreen.pages
    monkeypatch.setattr(read.onscreen, "pages", lambda *given: made.append(1) or real(*given))

    for _ in range(3):
        old = _get(open_line, "/read/your_say")
    assert len(made) == 1

    line_yaml = agreed["line.yaml"].replace("days_ahead: 10", "days_ahead: 9")
    fresh = confirmed({**agreed, "line.yaml": line_yaml})
    put_live(store, fresh)
    open_line.app._live.look()

    assert _get(open_line, "/read/your_say").status_code == old.status_code == 200
    assert len(made) == 2


@pytest.mark.parametrize(
    "path",
    ["/read/none", "/read/greeting", "/read/end_menu", "/read/person", "/read/../read", "/read/%00", "/read/a/b"],
)
def test_an_address_without_a_page_says_so(path: str, open_line: Line) -> None:
    page = _get(open_line, path)

    assert page.status_code == 404
    assert urlsplit(path).path not in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_sent_to_a_page(method: str, open_line: Line) -> None:
    assert Client(open_line.app).open("/read", base_url=OUTSIDE, method=method).status_code == 405
    assert _get(open_line, "/read/").status_code == 200


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("Mail a.b@c.org.uk now", 'Mail <a href="mailto:a.b@c.org.uk">a.b@c.org.uk</a> now'),
        ("Web www.a.org/x. Call", 'Web <a href="https://www.a.org/x">www.a.org/x</a>. Call'),
        ("See https://a.org/b", 'See <a href="https://a.org/b">https://a.org/b</a>'),
        ("<b> & www.a.org", '&lt;b&gt; &amp; <a href="https://www.a.org">www.a.org</a>'),
        ("no address", "no address"),
    ],
)
def test_addresses_are_links_and_other_words_stay_words(words: str, html: str) -> None:
    assert str(read.linked(words)) == html
