"""Who may do what: every page of the console by every role, and the table in docs/security.md."""

from __future__ import annotations

import itertools

import pytest

from ivr import roles
from ivr.machine import config
from ivr.roles import RIGHTS, ROLES, Right, Role
from ivr.store import Store
from tests.desk import Browser, ask, hire
from tests.line import Line
from tests.test_console import FORMS, OPEN_TO_ALL, PAGES

SECURITY = (config.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: The page that each right is tried on, and words that only it has.
ONE_OF_EACH: dict[Right, str] = {
    "account": "/account", "callers": "/messages", "desk": "/team", "paper": "/paper", "hear": "/studio/call",
    "log": "/log", "people": "/people", "erase": "/phone",
}  # fmt: skip


def _right_of(line: Line, path: str, method: str) -> Right | None:
    console = line.app.console
    adapter = console.url_map.bind("line.example.org", script_name="/")  # type: ignore[attr-defined]
    endpoint, _ = adapter.match(path, method=method)
    right: Right | None = console.extensions["rights"][endpoint]  # type: ignore[attr-defined]
    return right


def test_no_page_is_without_a_right(line: Line) -> None:
    """What was added in another way than `add_pages` is open to nobody, and is found here."""
    console = line.app.console
    rights = console.extensions["rights"]  # type: ignore[attr-defined]
    rules = [rule for rule in console.url_map.iter_rules() if "static" not in rule.endpoint]  # type: ignore[attr-defined]

    assert {rule.endpoint for rule in rules} == set(rights)
    assert {rule.rule for rule in rules if rights[rule.endpoint] is None} == OPEN_TO_ALL
    assert set(rights.values()) - {None} <= set(RIGHTS)


@pytest.mark.parametrize("role", roles.ALL)
def test_every_page_is_refused_to_every_role_without_its_right(line: Line, store: Store, role: Role) -> None:
    """Each is asked for as it is used. What is refused says who may, and has done nothing."""
    ask(store)
    hire(store, "ren", role)
    browser = Browser(line)
    browser.sign_in("ren")
    before = store.requests.get("CA001-1")

    for method, paths in (("GET", PAGES), ("POST", FORMS)):
        for path in paths:
            right = _right_of(line, path.replace("/SIGNIN", "/x"), method)
            assert right
            if roles.may(role, right) or path == "/":  # that leads everybody to where their work begins
                continue
            browser.get("/account")
            refused = browser.get(path) if method == "GET" else browser.send(path, sure="yes", name="x")
            assert refused.status_code == 403, (role, path)
            assert f"Only {roles.who_may(right)} can see or do this." in refused.text

    assert store.requests.get("CA001-1") == before
    assert [each.name for each in store.accounts.all()] == ["ren"]


@pytest.mark.parametrize("right", ONE_OF_EACH)
@pytest.mark.parametrize("role", roles.ALL)
def test_every_right_opens_its_page_and_is_in_the_navigation(
    line: Line, store: Store, role: Role, right: Right
) -> None:
    hire(store, "ren", role)
    browser = Browser(line)
    browser.sign_in("ren")
    path = ONE_OF_EACH[right]
    navigation = browser.get("/account").text

    address = path if path.startswith("/studio/") else f"/console{path}"
    assert (f'href="{address}"' in navigation) == roles.may(role, right)
    assert browser.get(path).status_code == (200 if roles.may(role, right) else 403)


def test_the_handbook_of_security_has_the_same_table() -> None:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in SECURITY.splitlines() if line[:2] == "| "
    ]
    rows = {first: rest for first, *rest in cells if len(rest) == len(ROLES)}

    assert rows["may"] == list(ROLES)
    for right, words in RIGHTS.items():
        assert rows[words] == ["yes" if right in ROLES[role] else "" for role in ROLES]


@pytest.mark.parametrize(
    "ladder", [("adviser", "supervisor", "administrator"), ("editor", "approver", "administrator")]
)
def test_each_role_of_a_ladder_may_what_the_one_before_may(ladder: tuple[Role, ...]) -> None:
    kept = [ROLES[role] for role in ladder]

    assert all(less < more for less, more in itertools.pairwise(kept))
    assert kept[-1] == set(RIGHTS)


def test_who_may_is_told_as_a_list_in_words() -> None:
    assert roles.who_may("people") == "an administrator"
    assert roles.who_may("desk") == "a supervisor or an administrator"
    assert roles.who_may("words") == "an editor, an approver or an administrator"


@pytest.mark.parametrize("role", ["editor", "approver"])
def test_whoever_looks_after_the_words_begins_at_the_line_and_sees_no_caller(
    line: Line, store: Store, role: Role
) -> None:
    ask(store)
    hire(store, "ren", role)
    browser = Browser(line)

    signed_in = browser.sign_in("ren")

    assert signed_in.request.path == "/studio/call"
    assert browser.get("/").request.path == "/studio/call"
    assert browser.get("/request/CA001-1").status_code == 403
