"""Every package that comes with the line has a licence that goes together with ours, and the page says so."""

from __future__ import annotations

import tomllib

import pytest

from tests import licences

LOCKED = licences.locked("tests/requirements.lock")
RUN = licences.locked("requirements.lock")
#: Some packages have one version for an older Python and one for a newer; the page has the licence of one of them.
ONE_VERSION = [name for name, versions in LOCKED.items() if versions == 1]


def test_the_page_names_exactly_the_locked_packages() -> None:
    tables = licences.tables()

    assert set(tables["run"]) == set(RUN), "Run scripts/licences"
    assert set(tables["test"]) == set(LOCKED) - set(RUN), "Run scripts/licences"


@pytest.mark.parametrize("name", sorted(LOCKED))
def test_the_licence_of_each_package_is_known_and_goes_together_with_ours(name: str) -> None:
    on_page = {**licences.tables()["test"], **licences.tables()["run"]}[name][0]

    for of in {on_page, licences.licence(name) or on_page}:
        assert not licences.unknown(of), f"{name} is under {of or 'no licence that it names'}"


@pytest.mark.parametrize("name", sorted(ONE_VERSION))
def test_the_page_says_what_the_package_says(name: str) -> None:
    on_page = {**licences.tables()["test"], **licences.tables()["run"]}[name][0]

    assert on_page == (licences.licence(name) or on_page), "Run scripts/licences"


def test_each_package_that_we_ask_for_has_a_use() -> None:
    assert licences.asked_for() <= set(licences.USED_FOR)


def test_only_the_test_lock_has_the_optional_voice() -> None:
    """piper-tts is optional: its GPL code is installed only on request."""
    assert "piper-tts" in LOCKED
    assert "piper-tts" not in RUN


def test_our_own_licence_is_the_one_in_the_file() -> None:
    project = tomllib.loads((licences.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (licences.ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project["license"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text


@pytest.mark.parametrize(
    ("expression", "others"),
    [
        ("MIT", set()),
        ("MIT AND (Apache-2.0 OR BSD-2-Clause)", set()),
        ("SSPL-1.0", {"SSPL-1.0"}),
        ("MIT AND CC-BY-NC-4.0", {"CC-BY-NC-4.0"}),
        ("", {""}),
    ],
)
def test_a_licence_that_is_not_on_our_list_is_found(expression: str, others: set[str]) -> None:
    assert licences.unknown(expression) == others
