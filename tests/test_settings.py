"""Settings that cannot work, told before a caller meets them: the environment, our own number, and Twilio's answers."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ivr import check
from ivr.authoring import drafts
from ivr.check.context import Context
from ivr.cli import preparing
from ivr.compiling import building
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.problems import ConfigError, Problem
from ivr.script.session import Transfer
from ivr.spoken import text_of
from ivr.store import Store
from ivr.twilio import rest
from ivr.twilio.rest import RestClient, RestFailed
from ivr.usecases import publishing
from tests.conftest import ENVIRONMENT, TOKEN
from tests.line import CALLER, OPEN
from tests.rest import Twilio
from tests.talk import Talk

IVR = Path(sys.executable).parent / "ivr"
OURS = ENVIRONMENT["TWILIO_NUMBER"]
ACCOUNT = ENVIRONMENT["TWILIO_ACCOUNT_SID"]
Files = dict[str, str]


def _told(tmp_path: Path, **changed: str) -> list[str]:
    """What is said of an environment that would do but for this."""
    try:
        config.settings({**ENVIRONMENT, "IVR_DATA": str(tmp_path / "var"), **changed})
    except ConfigError as refusal:
        return [problem.says for problem in refusal.problems]
    return []


# --- one variable at a time -----------------------------------------------------------------

LETTERS = "Twilio's signature covers every character of the address. Write it like this: "
HERE = "That is an address of this machine or its network, so Twilio cannot reach it. "
AT_HOME = "Only this machine or its network knows that name, so Twilio cannot reach it. "
NO_NAME = "That is not a valid host name."
IPV6 = "Twilio does not call addresses of this kind. Give the line a host name"
ADDRESSES = {
    "http://localhost:8000": AT_HOME, "http://line.localhost": AT_HOME, "https://line": AT_HOME,
    "https://line.local": AT_HOME, "https://line.internal": AT_HOME, "https://line.home.arpa": AT_HOME,
    "http://127.0.0.1:8000": HERE, "https://10.1.2.3": HERE, "https://172.16.0.1": HERE, "https://192.168.1.2": HERE,
    "https://169.254.1.1": HERE, "https://100.64.0.1": HERE, "https://0.0.0.0": HERE, "https://203.0.113.7": HERE,
    "https://224.0.0.1": HERE, "https://240.0.0.1": HERE, "https://[::1]": IPV6, "https://[fe80::1]": IPV6,
    "https://[fd00::1]": IPV6, "https://[2001:db8::1]": IPV6,
    "https://127.1": NO_NAME, "https://0x7f.1": NO_NAME, "https://-line.example.org": NO_NAME,
    "https://Line.Example.org": f"{LETTERS}https://line.example.org",
    "HTTPS://line.example.org": f"{LETTERS}https://line.example.org",
    "https://line.example.org.": f"{LETTERS}https://line.example.org",
    "https://line.example.org:": f"{LETTERS}https://line.example.org",
    "https://line.example.org:08443": f"{LETTERS}https://line.example.org:8443",
    "https://z\u00fcrich.example.org": "Twilio signs the ASCII form of a name. Write https://xn--zrich-kva.",
    "https://stra\u00dfe.example.org": "Twilio signs the ASCII form of a name. Write the name that ",
}  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_twilio_cannot_call_or_signs_otherwise_is_told(tmp_path: Path, address: str) -> None:
    (told,) = _told(tmp_path, PUBLIC_URL=address)

    assert told.startswith(f"PUBLIC_URL is '{address}'. {ADDRESSES[address]}")


@pytest.mark.parametrize("address", ["https://user:word@line.example.org", "https://@line.example.org"])
def test_an_address_with_a_user_is_told(tmp_path: Path, address: str) -> None:
    (told,) = _told(tmp_path, PUBLIC_URL=address)

    assert told.startswith("PUBLIC_URL has more than https:// and a host name.")


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://line.example.org:443", "https://line.example.org"),
        ("https://line.example.org:443/", "https://line.example.org"),
        ("http://line.example.org:80", "http://line.example.org"),
        ("https://line.example.org:8443", "https://line.example.org:8443"),
        ("https://8.8.8.8", "https://8.8.8.8"), ("https://xn--zrich-kva.example.org", "https://xn--zrich-kva.example.org"),
    ],
)  # fmt: skip
def test_an_address_is_taken_as_twilio_signs_it(tmp_path: Path, address: str, taken: str) -> None:
    settings = config.settings({**ENVIRONMENT, "IVR_DATA": str(tmp_path), "PUBLIC_URL": address})

    assert settings.public_url == taken


@pytest.mark.parametrize("address", ["", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_a_practice_line_may_be_on_this_machine(tmp_path: Path, address: str) -> None:
    assert config.settings({"IVR_DATA": str(tmp_path), "PUBLIC_URL": address}).practice


WEAK = {
    "short": "has fewer than 16 characters", "x" * 40: "repeats the same few characters",
    "abcabcabcabcabcabc": "repeats the same few characters",
    "changeme-changeme": "is a placeholder",
    "your_auth_token_here": "is a placeholder",
    "this-is-a-secret-key": "is a placeholder",
    "0123456789 0123456789": "contains a space or a non-ASCII character",
}  # fmt: skip


@pytest.mark.parametrize("secret", WEAK)
def test_a_secret_that_keeps_nobody_out_is_told(tmp_path: Path, secret: str) -> None:
    assert _told(tmp_path, SECRET_KEY=secret)[0].startswith(f"SECRET_KEY {WEAK[secret]}, so sign-ins could be forged.")
    assert _told(tmp_path, TWILIO_AUTH_TOKEN=secret)[0].startswith(
        f"TWILIO_AUTH_TOKEN {WEAK[secret]}, so anybody could impersonate Twilio."
    )
    assert _told(tmp_path, TWILIO_AUTH_TOKEN=f"{TOKEN},{secret}")[0].startswith("TWILIO_AUTH_TOKEN, number 2, ")
    assert secret not in "".join(_told(tmp_path, SECRET_KEY=secret)) or secret == "short", "a secret is never shown"


ONE_BY_ONE: list[tuple[dict[str, str], str]] = [
    ({"TWILIO_NUMBER": ""}, "TWILIO_ACCOUNT_SID is set but TWILIO_NUMBER is not."),
    ({"PUBLIC_URL": ""}, "PUBLIC_URL is not set, so Twilio cannot reach the line."),
    ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_ACCOUNT_SID is set but TWILIO_AUTH_TOKEN is not."),
    ({"TWILIO_AUTH_TOKEN": ACCOUNT}, "TWILIO_AUTH_TOKEN is a SID, which is not secret."),
    ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID is not the SID of an account."),
    ({"TWILIO_ACCOUNT_SID": "SK" + "0" * 32}, "TWILIO_ACCOUNT_SID is not the SID of an account."),
    ({"TWILIO_NUMBER": "0116 257 5027"}, "TWILIO_NUMBER is '0116 257 5027'. Write it like this: +441162575027"),
    (
        {"TWILIO_API_URL": "http://api.example.org"},
        "TWILIO_API_URL begins with http://, which would send the auth token",
    ),
    ({"TWILIO_API_URL": "https://api.example.org?a=b"}, "TWILIO_API_URL has more than an address."),
    ({"TWILIO_REGION": "ie1"}, "TWILIO_REGION redirects requests."),
    (
        {"SMTP_URL": "smtp://mail.example.org", "SMTP_FROM": "nonsense"},
        "SMTP_FROM is 'nonsense', which is not an e-mail address",
    ),
    (
        {"SMTP_URL": "smtp://mail.example.org", "SMTP_FROM": "a@b, c@d"},
        "SMTP_FROM is 'a@b, c@d', which is not an e-mail address",
    ),
    (
        {"SMTP_URL": "smtp://mail.example.org", "SMTP_FROM": "@b.org"},
        "SMTP_FROM is '@b.org', which is not an e-mail address",
    ),
    (
        {"SMTP_URL": "smtp://mail.example.org/in", "SMTP_FROM": "a@b.org"},
        "SMTP_URL does not end after the host and its port.",
    ),
    ({"SMTP_URL": "smtp://me@mail.example.org", "SMTP_FROM": "a@b.org"}, "SMTP_URL has a user without a password"),
    ({"SMTP_URL": "smtp://mail server", "SMTP_FROM": "a@b.org"}, "SMTP_URL is not the address of a mail server."),
    ({"IVR_CONFIG": "no/such/folder"}, "IVR_CONFIG is 'no/such/folder', and there is no such folder."),
    ({"IVR_CONFIG": "README.md"}, "IVR_CONFIG is 'README.md', and "),
    ({"IVR_DATA": "README.md"}, "IVR_DATA is 'README.md', and "),
    ({"IVR_DATA": "README.md/var"}, "IVR_DATA is 'README.md/var', and "),
    ({"IVR_AUDIO": "README.md"}, "IVR_AUDIO is 'README.md', and "),
    ({"IVR_DATA": "~nobody-of-this-name/var"}, "IVR_DATA is '~nobody-of-this-name/var', which cannot be used"),
    *(
        (
            {"IVR_WEB_PROCESSES": value},
            f"IVR_WEB_PROCESSES is '{value}'. Make it a number from 1 to 64, or leave it out.",
        )
        for value in ("0", "65", "1000000", "-1", "2.5", "two", "٣")
    ),
]


@pytest.mark.parametrize(("changed", "told"), ONE_BY_ONE, ids=[" ".join(each.values()) for each, _ in ONE_BY_ONE])
def test_a_setting_that_cannot_work_is_told(tmp_path: Path, changed: dict[str, str], told: str) -> None:
    (says,) = _told(tmp_path, **changed)

    assert says.startswith(told)


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"SMTP_URL": "smtps://me:word%2F@mail.example.org:465", "SMTP_FROM": "The line <line@example.org>"},
        {"SMTP_URL": "smtp://127.0.0.1:25", "SMTP_FROM": "line@localhost"}, {"TWILIO_API_URL": "http://127.0.0.1:4010/"},
        {"TWILIO_API_URL": "https://api.dublin.ie1.twilio.com"}, {"IVR_AUDIO": "not/made/yet"},
        {"IVR_WEB_PROCESSES": "1"}, {"IVR_WEB_PROCESSES": "64"},
    ],
)  # fmt: skip
def test_what_can_work_is_taken(tmp_path: Path, changed: dict[str, str]) -> None:
    assert _told(tmp_path, **changed) == []


@pytest.mark.parametrize(("cores", "processes"), [(1, 2), (2, 2), (4, 3), (8, 6), (16, 12), (128, 12)])
def test_web_processes_follow_the_cores_within_what_was_measured(cores: int, processes: int) -> None:
    assert config.web_processes(cores) == processes


def test_a_number_of_web_processes_that_somebody_chose_counts(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "IVR_DATA": str(tmp_path / "var")}

    assert config.settings({**environment, "IVR_WEB_PROCESSES": "5"}).web_processes == 5
    assert 2 <= config.settings(environment).web_processes <= 12


# --- told alike by start, check and connect ---------------------------------------------------


def _run(tmp_path: Path, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    folder = tmp_path / "config"
    if not folder.exists():
        shutil.copytree(config.ROOT / "config", folder)
    place = {"IVR_CONFIG": str(folder), "IVR_DATA": str(tmp_path / "var"), "IVR_AUDIO": str(tmp_path / "audio")}
    return subprocess.run(
        [IVR, *arguments], env={"PATH": os.environ["PATH"], **ENVIRONMENT, **place, **changed},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


WRONG = {"PUBLIC_URL": "http://localhost:8000", "SECRET_KEY": "secret", "TWILIO_NUMBER": ""}


@pytest.mark.parametrize("command", ["start", "connect"])
def test_every_command_tells_all_of_it_at_once(tmp_path: Path, command: str) -> None:
    told = _run(tmp_path, command, **WRONG)

    assert (told.returncode, told.stdout) == (1, "")
    assert [line[:12] for line in told.stderr.splitlines()] == ["environment "] * len(WRONG)


def test_the_check_tells_of_the_environment_and_of_the_words_together(tmp_path: Path) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    menu = tmp_path / "config" / "menus" / "welcome.yaml"
    menu.write_text(menu.read_text(encoding="utf-8").replace("goto: school_menu", "goto: nowhere"), encoding="utf-8")

    told = _run(tmp_path, "check", **WRONG).stdout

    assert "environment  SECRET_KEY has fewer than 16 characters" in told
    assert "Nothing is called 'nowhere'." in told
    assert "4 errors, " in told


# --- our own number -----------------------------------------------------------------------------


def _with_helpline(files: Files, number: str) -> Files:
    line = files["line.yaml"].replace('number: "0116 257 5027"', f'number: "{number}"')
    return {**files, "line.yaml": line}


SPELT = ["0116 496 0000", "01164960000", "0116  4960 000"]


def _told_of_own_number(files: Files, ours: frozenset[str]) -> list[Problem]:
    draft = drafts.read_draft(files)
    context = Context(draft, building.build(draft, "r"), OPEN.date(), ours=ours)
    return check.findings(context, next(rule for rule in check.RULES if rule.name == "own-number"))


@pytest.mark.parametrize("number", SPELT)
def test_a_helpline_that_is_the_lines_own_number_is_told_however_it_is_spelt(files: Files, number: str) -> None:
    (problem,) = _told_of_own_number(_with_helpline(files, number), frozenset({OURS}))

    assert (problem.where.file, problem.severity) == ("config/line.yaml", "error")
    assert problem.says.startswith("'helpline_phone' is this line's own number, so key 0 would ring the line itself.")


def test_a_laptop_without_the_number_says_nothing_of_it(files: Files) -> None:
    assert _told_of_own_number(_with_helpline(files, SPELT[0]), frozenset()) == []


def test_the_gate_of_a_start_and_of_a_publication_is_the_check(
    settings: Settings, tmp_path: Path, files: Files
) -> None:
    """One fault is told once, and not for each place from which key 0 leads to nobody."""
    folder = tmp_path / "config"
    shutil.copytree(config.ROOT / "config", folder)
    (folder / "line.yaml").write_text(_with_helpline(files, SPELT[0])["line.yaml"], encoding="utf-8")

    with pytest.raises(ConfigError) as refusal:
        publishing.gate(dataclasses.replace(settings, config_dir=folder))

    assert [problem.code for problem in refusal.value.problems] == ["own-number"]


@pytest.mark.parametrize("command", ["connect", "fallback"])
def test_what_would_ring_the_line_itself_is_not_given_to_twilio(tmp_path: Path, files: Files, command: str) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "line.yaml").write_text(_with_helpline(files, SPELT[0])["line.yaml"], encoding="utf-8")

    told = _run(tmp_path, command, TWILIO_API_URL="http://127.0.0.1:1")

    assert told.returncode == 1
    assert "key 0 would ring the line itself" in told.stderr


def test_without_words_for_the_fallback_the_number_is_not_connected_to_it(tmp_path: Path, twilio: Twilio) -> None:
    shutil.copytree(config.ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "line.yaml").write_text("service_name: [", encoding="utf-8")

    told = _run(tmp_path, "connect", "--fallback-at-twilio", TWILIO_API_URL=twilio.url)

    assert told.returncode == 1
    assert "config/line.yaml:1" in told.stderr
    assert not twilio.seen


def test_key_0_never_rings_the_line_itself(files: Files) -> None:
    """Even where the number became ours after the words were published: the next phone rings."""
    two = _with_helpline(files, SPELT[0])
    two["line.yaml"] = two["line.yaml"].replace("numbers: [helpline_phone]", "numbers: [helpline_phone, council_phone]")
    made = building.load(two, config.bank_holidays(), {OURS})

    assert Talk(made, OPEN).press("0").turn.then == Transfer("council_phone", made.line.transfer.ring_seconds)


def test_with_no_other_phone_the_line_offers_to_ring_back(files: Files) -> None:
    talk = Talk(building.load(_with_helpline(files, SPELT[0]), config.bank_holidays(), {OURS}), OPEN)

    talk.press("0")

    assert talk.turn.session.place.node == "person_away"


def test_a_number_that_is_keyed_and_is_ours_is_asked_for_again(files: Files) -> None:
    made = building.load(files, config.bank_holidays(), {OURS})
    talk = Talk(made, OPEN, caller="").press("0").transfer("busy").press("1").enter("01164960000")

    assert "That is not your own number." in text_of(talk.turn.says)


def test_the_line_does_not_ring_back_a_call_from_itself(files: Files) -> None:
    made = building.load(files, config.bank_holidays(), {OURS})

    assert Talk(made, OPEN, caller=OURS).turn.session.caller == ""


def test_an_advisers_phone_that_is_ours_is_refused(tmp_path: Path) -> None:
    told = _run(tmp_path, "adviser", "add", "asha", "--phone", "0116 496 0000", "--password", "three or four words")

    assert (told.returncode, told.stderr) == (
        1, "'0116 496 0000' is this line's own number. Give the phone on which they are rung.\n"
    )  # fmt: skip


# --- what Twilio answers, on a real server ----------------------------------------------------


def _refusal(status: int, code: int, message: str) -> tuple[int, dict[str, object]]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


def _numbers(*numbers: dict[str, object], after: str | None = None) -> tuple[int, dict[str, object]]:
    return 200, {"incoming_phone_numbers": list(numbers), "next_page_uri": after, "page": 0, "page_size": 50}


def _number(number: str = OURS, sid: str = "PN" + "1" * 32, **can: bool) -> dict[str, object]:
    capabilities = {"voice": True, "sms": True, "mms": False, "fax": False, **can}
    return {"sid": sid, "phone_number": number, "capabilities": capabilities, "voice_fallback_url": ""}


WRONG_TOKEN = _refusal(401, 20003, "Authenticate")


def test_a_wrong_token_is_told_as_twilio_told_it(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [WRONG_TOKEN]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url)

    assert (told.returncode, told.stderr) == (
        1, "The number was not connected: Twilio answered 401, code 20003: Authenticate. "
        "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN. Nothing was changed.\n",
    )  # fmt: skip
    assert [method for method, _, _ in twilio.seen] == ["GET"]


HTML = b"<html><head><title>Sign in</title></head><body>Sign in to this network</body></html>"
LISTS = {
    "refused": ([WRONG_TOKEN], "Twilio answered 401, code 20003: Authenticate. Check TWILIO_ACCOUNT_SID and "),
    "too many": ([_refusal(429, 20429, "Too Many Requests")], "Twilio answered 429, code 20429: Too Many Requests."),
    "a proxy's no": ([(502, HTML)], "Twilio answered 502, but not in Twilio's format ('Sign in Sign in to this"),
    "a proxy's yes": ([(200, HTML)], "Twilio's answer makes no sense."),
    "nothing": ([(200, b"")], "Twilio's answer makes no sense."),
    "no list": ([(200, {"message": "hello", "more": 1})], "Twilio's answer makes no sense."),
    "its second page refused": (
        [_numbers(_number("+441164960009"), after=f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json?Page=1"),
         WRONG_TOKEN], "Twilio answered 401, code 20003: Authenticate.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LISTS)
def test_a_list_that_cannot_be_had_is_told_as_it_was_answered(settings: Settings, twilio: Twilio, case: str) -> None:
    """Nothing was changed by asking, and that is said."""
    twilio.answers, told = list(LISTS[case][0]), LISTS[case][1]
    asking = RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url))

    for ask in (asking.our_number, asking.messages_left):
        twilio.answers = list(LISTS[case][0])
        if ask == asking.messages_left and case in ("its second page refused",):
            continue
        with pytest.raises(RestFailed) as failure:
            ask()
        assert str(failure.value).startswith(told)
        assert str(failure.value).endswith("Nothing was changed.")
        assert "not known" not in str(failure.value)
        assert failure.value.again
    assert {method for method, _, _ in twilio.seen} == {"GET"}


def test_a_change_that_was_refused_is_told_as_twilio_told_it(settings: Settings, twilio: Twilio) -> None:
    twilio.answers = [_refusal(400, 21211, f"The 'To' number {OURS}7 is not a valid phone number.")]

    with pytest.raises(RestFailed) as failure:
        RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url)).send_text("1", "+447700900123", "Hello.")

    assert str(failure.value) == (
        "Twilio answered 400, code 21211: The 'To' number (a number) is not a valid phone number"
    )


def test_a_number_that_is_not_in_the_account_is_told(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [_numbers()]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url).stderr

    assert told == (
        f"The number was not connected: The account has no number {OURS}. Check TWILIO_NUMBER; nothing was changed.\n"
    )


def test_the_right_one_of_several_pages_is_connected(settings: Settings, twilio: Twilio) -> None:
    page = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json?Page=1"
    mine = "PN" + "2" * 32
    twilio.answers = [_numbers(_number(f"{OURS}1"), after=page), _numbers(_number(sid=mine)), (200, _number(sid=mine))]

    RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url)).connect_number()

    assert [(method, path) for method, path, _ in twilio.seen][2] == (
        "POST", f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/{mine}.json"
    )  # fmt: skip


NO_TEXTS = _numbers(_number(sms=False))
UPDATED = (200, _number())


def test_a_number_that_sends_no_texts_is_told_by_connect(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [NO_TEXTS, NO_TEXTS, UPDATED, NO_TEXTS]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url)

    assert told.returncode == 0
    assert told.stdout.splitlines()[-1] == (
        f"Twilio says that {OURS} cannot send texts. Set TWILIO_TEXT_FROM to a number that can. "
        "Until then, the line does not offer texts to callers."
    )


# --- the sender of texts ------------------------------------------------------------------------

SERVICE = "MG" + "0" * 31 + "f"
SENDER = "+447700900500"


@pytest.mark.parametrize("sender", [SENDER, SERVICE, OURS])
def test_a_sender_of_texts_can_be_a_number_or_a_messaging_service(tmp_path: Path, sender: str) -> None:
    assert _told(tmp_path, TWILIO_TEXT_FROM=sender) == []


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("07700 900500", f"TWILIO_TEXT_FROM is '07700 900500'. Write it like this: {SENDER}"),
        ("SENDIASS", "TWILIO_TEXT_FROM is 'SENDIASS'. Write a number with plus and country"),
        ("MG1", "TWILIO_TEXT_FROM is 'MG1'. Write a number with plus and country"),
        ("SM" + "0" * 32, "TWILIO_TEXT_FROM is 'SM"),
        ("60600", "TWILIO_TEXT_FROM is '60600'. Write a number with plus and country"),
    ],
)
def test_a_sender_that_cannot_be_is_told(tmp_path: Path, sender: str, told: str) -> None:
    (says,) = _told(tmp_path, TWILIO_TEXT_FROM=sender)

    assert says.startswith(told)


def test_a_sender_without_an_account_is_told(tmp_path: Path) -> None:
    (says,) = _told(tmp_path, TWILIO_TEXT_FROM=SENDER, TWILIO_ACCOUNT_SID="")

    assert says.startswith("TWILIO_TEXT_FROM is set but TWILIO_ACCOUNT_SID is not.")


@pytest.mark.parametrize(
    ("sender", "field", "sent"),
    [("", "From", OURS), (SENDER, "From", SENDER), (SERVICE, "MessagingServiceSid", SERVICE)],
)
def test_texts_come_from_the_sender_that_is_set(
    settings: Settings, twilio: Twilio, sender: str, field: str, sent: str
) -> None:
    RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url, text_from=sender)).send_text(
        "1", CALLER, "Hello."
    )

    ((_, path, fields),) = twilio.seen
    assert path.endswith("/Messages.json")
    assert fields[field] == [sent]
    assert {"From", "MessagingServiceSid"} & set(fields) == {field}


def test_connect_has_texts_answered_by_this_line(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [_numbers(_number()), _numbers(_number()), UPDATED, _numbers(_number())]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url)

    assert f"Texts to {OURS} are answered by https://line.example.org/text" in told.stdout
    fields = twilio.seen[2][2]
    assert (fields["SmsUrl"], fields["SmsMethod"]) == (["https://line.example.org/text"], ["POST"])
    assert fields["VoiceUrl"] == ["https://line.example.org/voice"]


def test_connect_sets_a_sender_of_its_own_too(tmp_path: Path, twilio: Twilio) -> None:
    number = _numbers(_number(SENDER, sid="PN" + "5" * 32))
    twilio.answers = [_numbers(_number()), _numbers(_number()), UPDATED, number, UPDATED, number]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url, TWILIO_TEXT_FROM=SENDER)

    assert f"Texts to {SENDER} are answered by" in told.stdout
    method, path, fields = twilio.seen[4]
    assert (method, path.rsplit("/", 1)[1]) == ("POST", f"PN{'5' * 32}.json")
    assert fields == {"SmsUrl": ["https://line.example.org/text"], "SmsMethod": ["POST"]}


def test_connect_sets_a_messaging_service(tmp_path: Path, twilio: Twilio) -> None:
    """Which has an address of its own for texts that come in, and may else leave them to each of its numbers."""
    twilio.answers = [
        _numbers(_number()),
        _numbers(_number()),
        UPDATED,
        (200, {"sid": SERVICE}),
        _pool("phone_numbers", {"capabilities": ["SMS"]}),
    ]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url, TWILIO_TEXT_FROM=SERVICE)

    assert told.returncode == 0, told.stderr
    method, path, fields = twilio.seen[3]
    assert (method, path) == ("POST", f"/v1/Services/{SERVICE}")
    assert fields == {
        "InboundRequestUrl": ["https://line.example.org/text"], "InboundMethod": ["POST"],
        "UseInboundWebhookOnNumber": ["false"],
    }  # fmt: skip


def test_a_sender_that_the_account_does_not_have_is_told_by_connect(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [_numbers(_number()), _numbers(_number()), UPDATED, _numbers()]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url, TWILIO_TEXT_FROM=SENDER)

    assert told.returncode == 1
    assert told.stderr == (
        f"Calls are connected, but texts are not: The account has no number {SENDER}. Check TWILIO_TEXT_FROM\n"
    )


def _pool(of: str, *senders: dict[str, object]) -> tuple[int, dict[str, object]]:
    meta = {"page": 0, "page_size": 50, "first_page_url": "", "url": "", "key": of, "next_page_url": None}
    return 200, {of: list(senders), "meta": meta}


_POOLS = [_pool("phone_numbers"), _pool("short_codes"), _pool("alpha_senders")]
WHY_NOT = {
    "no such number": (SENDER, [_numbers()], f"The account has no number {SENDER}. Check TWILIO_TEXT_FROM."),
    "a landline": ("", [NO_TEXTS], f"Twilio says that {OURS} cannot send texts."),
    "no such service": (
        SERVICE, [_refusal(404, 20404, "Not found")],
        f"The account has no Messaging Service {SERVICE}. Check TWILIO_TEXT_FROM.",
    ),
    "a service with a number": (SERVICE, [_pool("phone_numbers", {"capabilities": ["SMS", "Voice"]})], ""),
    "a service with a name": (SERVICE, [*_POOLS[:2], _pool("alpha_senders", {"alpha_sender": "THE LINE"})], ""),
    "an empty service": (SERVICE, _POOLS, f"The Messaging Service {SERVICE} has no sender of texts in its pool."),
    "a service with a landline": (
        SERVICE, [_pool("phone_numbers", {"capabilities": ["Voice"]}), *_POOLS[1:]],
        f"The Messaging Service {SERVICE} has no sender of texts in its pool.",
    ),
    "a number": ("", [_numbers(_number())], ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WHY_NOT)
def test_why_no_text_can_be_sent_is_known_from_twilio(settings: Settings, twilio: Twilio, case: str) -> None:
    sender, answers, why = WHY_NOT[case]
    twilio.answers = list(answers)

    asking = RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url, text_from=sender))

    told = asking.why_no_texts()

    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_the_start_notes_whether_texts_can_be_sent(settings: Settings, store: Store, twilio: Twilio) -> None:
    """What was known stays where Twilio cannot be asked: that is not the same as nothing wrong."""
    here = dataclasses.replace(settings, twilio_api_url=twilio.url)
    for answers, is_known in (
        ([_numbers(_number()), NO_TEXTS], True),
        ([WRONG_TOKEN], True),
        ([_numbers(_number())] * 2, False),
    ):
        twilio.answers = list(answers)
        preparing._warn_of_number(here, store)
        assert bool(store.texts.why_no_sender()) is is_known


def test_a_twilio_that_cannot_be_asked_is_no_reason_against_texts(settings: Settings, twilio: Twilio) -> None:
    twilio.answers = [WRONG_TOKEN]

    with pytest.raises(RestFailed, match="20003"):
        RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url, text_from=SERVICE)).why_no_texts()


@pytest.mark.parametrize(
    ("api", "asked"),
    [
        ("https://api.twilio.com", "https://messaging.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
    ],
)
def test_messaging_services_are_asked_in_the_same_region(api: str, asked: str) -> None:
    assert rest._messaging_at(api) == asked


def test_a_number_that_takes_no_calls_is_not_connected(tmp_path: Path, twilio: Twilio) -> None:
    twilio.answers = [_numbers(_number(voice=False))]

    told = _run(tmp_path, "connect", TWILIO_API_URL=twilio.url)

    assert told.returncode == 1
    assert f"Twilio says that {OURS} cannot receive calls." in told.stderr
    assert [method for method, _, _ in twilio.seen] == ["GET"]


def test_texts_and_advisers_calls_never_go_to_the_line_itself(settings: Settings, twilio: Twilio) -> None:
    asking = RestClient(dataclasses.replace(settings, twilio_api_url=twilio.url))

    for ask in (lambda: asking.send_text("1", OURS, "Hello."), lambda: asking.ring(OURS, "r", "asha")):
        with pytest.raises(RestFailed, match="the line's own number"):
            ask()
    assert twilio.seen == []
