"""The `ivr` command, as seen at a terminal."""

from __future__ import annotations

import csv
import os
import pty
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.callbacks import callback
from ivr.callbacks.callback import Refused
from ivr.callbacks.request import SpokenMessage
from ivr.cli import callbacks, commands
from ivr.cli.common import Stop, store_of
from ivr.machine import config
from ivr.practice import transcript
from ivr.problems import KINDS
from ivr.usecases import staffing
from tests.desk import HOUR, ask
from tests.test_twiml import assert_valid

IVR = Path(sys.executable).parent / "ivr"


@pytest.fixture
def ivr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ivr:
    monkeypatch.setenv("IVR_DATA", str(tmp_path / "var"))
    return Ivr()


class Ivr:
    """Runs commands with a keyboard."""

    def __call__(self, *arguments: str, keys: str = "") -> Result:
        result = CliRunner().invoke(commands, arguments, input=keys)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


def test_a_whole_call_by_keyboard(ivr: Ivr) -> None:
    """Keys, silence by Enter alone, and hanging up; the clock and the caller as asked."""
    result = ivr("call", "--at", "2026-12-25 10:00", "--from", "hidden", keys="3\n1\n\n\n0\nh\n")

    said = " ".join(result.output.split())  # lines are broken wherever they are full
    assert "Hello. This is the automated voice of SENDIASS Leicester." in said
    assert "Health, or social care. A plan has parts on health, and on social care." in said
    assert "We open again on Tuesday the twenty-ninth of December" in said
    assert "Our number is zero one one six, two five seven, five zero two seven." in said
    assert "the caller hangs up" in said


def test_a_transfer_asks_what_the_adviser_does(ivr: Ivr) -> None:
    result = ivr("call", "--at", "2026-11-25 10:30", keys="0\nb\nh\n")

    assert "hears: A caller from the phone line." in result.output
    assert "Sorry, all our people are talking to someone." in result.output


def test_what_cannot_be_a_key_is_asked_for_again(ivr: Ivr) -> None:
    result = ivr("call", "--at", "2026-11-25 10:30", keys="seven\n2\nh\n")

    assert "Type keys: 0 to 9, * or #." in result.output
    assert "School, nursery or college." in result.output


def test_a_call_is_saved_as_a_golden_call(ivr: Ivr, tmp_path: Path) -> None:
    saved = tmp_path / "mine.call"

    ivr("call", "--at", "2026-11-25 10:30", "--save", str(saved), keys="2\n\n#\nh\n")

    call = transcript.read(saved.read_text(), "mine.call")
    chosen = "(chooses For school, nursery or college)"  # by its words, which outlive another key
    assert [entry.text for entry in call.entries if entry.put_in] == [chosen, "(says nothing)", "#", "(hangs up)"]
    assert transcript.write(call) == saved.read_text()


def test_a_call_that_could_not_be_saved_is_not_begun(ivr: Ivr, tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"mine\.call cannot be written\. Name a file in an existing folder\."):
        ivr("call", "--save", str(tmp_path / "none" / "mine.call"), keys="h\n")


def test_a_story_is_not_written_over_unasked(ivr: Ivr, tmp_path: Path) -> None:
    saved = tmp_path / "mine.call"
    saved.write_text("as it was")

    kept = ivr("call", "--save", str(saved), keys="n\n")

    assert "mine.call already exists. Overwrite it?" in kept.output
    assert saved.read_text() == "as it was"
    ivr("call", "--save", str(saved), keys="y\nh\n")
    assert saved.read_text().startswith("When")


def test_several_keys_where_one_is_taken_are_asked_for_again(ivr: Ivr, tmp_path: Path) -> None:
    """Otherwise the saved call would contain more than was pressed."""
    result = ivr("call", "--at", "2026-11-25 10:30", keys="12\n2\nh\n")

    assert "Type one key at a time here." in result.output
    assert "School, nursery or college." in result.output


def test_a_time_that_is_none_is_refused_in_words(ivr: Ivr) -> None:
    result = ivr("call", "--at", "tomorrow")

    assert result.exit_code == 2
    assert "'tomorrow' is not a time. Write it like '2026-12-25 10:00'." in result.output


def test_the_fallback_can_be_pasted_into_twilio(ivr: Ivr) -> None:
    root = assert_valid(ivr("fallback").output.strip())

    assert root.find("Dial") is not None
    assert "zero one one six" in "".join(ET.ElementTree(root).getroot().itertext())


def test_an_adviser_who_is_changed_keeps_what_was_left_out(ivr: Ivr) -> None:
    """A new password must not remove a phone or a right, and each can be removed separately."""
    add = ("adviser", "add", "asha", "--password", "correct horse battery")
    listed = []
    ivr("adviser", "add", "zoe", "--admin", "--password", "correct horse battery")
    for more in (("--phone", "0116 496 0123", "--admin"), (), ("--no-admin",), ("--phone", "")):
        assert ivr(*add, *more).stdout == "asha can sign in.\n"
        listed.append(" ".join(ivr("adviser", "list").output.splitlines()[0].split()))

    assert listed == ["asha administrator, has a phone"] * 2 + ["asha adviser, has a phone", "asha adviser"]


def test_a_disabled_adviser_who_is_given_a_password_can_sign_in_again_and_that_is_said(ivr: Ivr) -> None:
    add = ("adviser", "add", "asha", "--password", "correct horse battery")
    ivr(*add)
    ivr("adviser", "disable", "Asha")

    assert ivr(*add).output == "asha can sign in again: the name was disabled.\n"
    assert ivr("adviser", "list").output.split() == ["asha", "adviser"]


def test_the_first_administrator_is_invited_at_the_terminal(ivr: Ivr) -> None:
    """The address that is printed lets them in, once."""
    told = ivr("adviser", "invite", "Zoë Åkesson", "--role", "administrator").output

    address = re.search(r"http://\S+/console/welcome/(\S+)", told)
    assert address
    assert ivr("adviser", "list").output.split() == ["Zoë", "Åkesson", "administrator,", "invited"]
    with store_of(config.settings()) as store:
        person = staffing.join(store, address[1], "a hash", time.time())
        with pytest.raises(Refused, match="used already"):
            staffing.join(store, address[1], "another hash", time.time())
        assert (person.name, person.role) == ("Zoë Åkesson", "administrator")
        assert person.invited_by.endswith(" at the terminal")


def test_an_installation_without_an_administrator_gets_one_and_keeps_the_last(ivr: Ivr) -> None:
    ivr("adviser", "add", "asha", "--password", "correct horse battery")

    assert ivr("adviser", "role", "ASHA", "administrator").output == "asha is administrator now.\n"
    for arguments in (("role", "asha", "adviser"), ("disable", "asha")):
        with pytest.raises(Stop, match="only administrator who can sign in"):
            ivr("adviser", *arguments)
    assert ivr("adviser", "reset-factor", "asha").output.startswith("asha has no second factor")
    with pytest.raises(Stop, match="There is no adviser called nobody"):
        ivr("adviser", "reset-factor", "nobody")


def test_the_log_says_who_did_what_to_which_adviser(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    add = ("adviser", "add", "asha", "--password", "correct horse battery")
    ivr("adviser", "add", "zoe", "--admin", "--password", "correct horse battery")
    for arguments in ((*add, "--admin"), add, (*add, "--no-admin"), ("adviser", "disable", "asha")):
        ivr(*arguments)
    ivr("callbacks", "list")

    with store_of(config.settings()) as store:
        log = [(entry.who, entry.what) for entry in store.audit.entries()]
    assert {who for who, _ in log} == {"ann at the terminal"}
    assert [what for _, what in reversed(log)] == [
        "added zoe as administrator", "added asha as administrator", "set the password of asha", "made asha adviser",
        "set the password of asha", "let asha go", "listed the requests",
    ]  # fmt: skip


def test_the_list_tells_what_the_page_tells(ivr: Ivr, tmp_path: Path) -> None:
    """For a day without the page: nobody is rung against their wish, or by two people."""
    ivr("adviser", "list")
    now = time.time()
    with store_of(config.settings()) as store:
        first = ask(store, 1, opens=now - HOUR, due=now + HOUR, message_ok=False)
        store.requests.change(first.id, lambda r: callback.note(r, "asha", "Not before three.", now))
        store.requests.change(ask(store, 2, due=now + HOUR).id, lambda r: callback.claim(r, "asha", now))
        ask(store, 3, state="unfinished", asked_at=now - HOUR, due=now + HOUR)
        ask(store, 4, today=True, due=now + HOUR)
        message = SpokenMessage("RE1", 9)
        spoken = {"pressed_nothing": True, "slow": True, "urgent": True, "window": None, "messages": (message,)}
        ask(store, 5, number="", due=now + HOUR, **spoken)
        ivr("callbacks", "export", str(tmp_path / "callers.csv"))

    with open(tmp_path / "callers.csv", newline="") as file:
        rows = {row["Number"]: row for row in csv.DictReader(file)}
    assert [rows[f"07700 90000{nth}"]["State"] for nth in (1, 2, 3)] == [
        "waiting", "asha has it", "hung up half-way",
    ]  # fmt: skip
    row = rows["07700 900001"]
    assert (row["Message?"], row["Say who?"], len(row["Call number"])) == ("NO", "NO", 4)
    assert row["Notes"] == "Not before three."
    assert [rows[f"07700 90000{nth}"]["Urgent"] for nth in (1, 4)] == ["", "TODAY"]
    row = rows["not known"]
    assert (row["Urgent"], row["Needs"], row["Left a message"]) == (
        "URGENT", "pressed no key", "yes, nobody has listened",
    )  # fmt: skip


def test_a_phone_is_blocked_at_the_terminal(ivr: Ivr) -> None:
    """One that only ever rings through to advisers has no card to block it on."""
    with pytest.raises(Stop, match="'0770' is not a phone number"):
        ivr("callbacks", "block", "0770", "--why", "a machine")
    assert "blocked for 90 days" in ivr("callbacks", "block", "07700 900123", "--why", "a machine").output

    with store_of(config.settings()) as store:
        assert store.blocked.has("+447700900123", time.time())
        assert next(store.audit.entries()).what == "blocked a phone"


@pytest.mark.parametrize("there", [False, True])
def test_a_list_with_numbers_in_it_is_for_nobody_else_to_read(ivr: Ivr, tmp_path: Path, there: bool) -> None:
    """Before anything is in it, and if the file was there already."""
    path = tmp_path / "callers.csv"
    if there:
        path.write_text("the list of yesterday")
        path.chmod(0o644)

    with open(path, "w", opener=callbacks._private):
        assert path.stat().st_mode & 0o777 == 0o600
    assert ivr("callbacks", "export", str(path)).stdout.startswith(f"Wrote 0 requests to {path}.")
    assert path.stat().st_mode & 0o777 == 0o600


# --- findings -----------------------------------------------------------------------------------


def test_each_code_is_explained(ivr: Ivr) -> None:
    codes = ivr("explain").output.split()

    assert codes == sorted(KINDS)
    assert "Listeners cannot go back" in ivr("explain", "sentence-length").output
    for code in codes:
        assert ivr("explain", code).output.startswith(f"{code} ({KINDS[code].severity})\n")


def test_an_unknown_code_is_told(ivr: Ivr) -> None:
    with pytest.raises(Stop, match="no finding 'nothing'"):
        ivr("explain", "nothing")


def test_in_a_terminal_the_check_shows_the_line_with_the_fault(tmp_path: Path) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    menu = tmp_path / "config" / "menus" / "welcome.yaml"
    menu.write_text(menu.read_text(encoding="utf-8").replace("goto: school_menu", "goto: nowhere"), encoding="utf-8")
    place = {"IVR_CONFIG": str(tmp_path / "config"), "IVR_DATA": str(tmp_path / "var"), "TERM": "dumb"}
    ours, its = pty.openpty()

    subprocess.run([IVR, "check"], env={"PATH": os.environ["PATH"], **place}, stdout=its, stderr=its, timeout=120)

    head, line, caret, says = os.read(ours, 4096).decode().replace("\r", "").split("\n")[:4]
    assert re.fullmatch(r"config/menus/welcome\.yaml:\d+:\d+  error: leads-nowhere", head)
    assert line[caret.index("^") :].startswith("goto: nowhere")
    assert says.startswith("  Nothing is called 'nowhere'.")
