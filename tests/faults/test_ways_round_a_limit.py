"""Sign-in, asked in every way that HTTP has and the page does not mean."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from ivr.machine import passwords
from tests.line import Line


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/console/signin", "/console/", "/console/log", "/console/nothing"])
def test_the_console_knows_no_method_but_get_and_post(line: Line, method: str, path: str) -> None:
    answer = line.client.open(path, method=method, data={"name": "asha", "password": "x"})

    assert answer.status_code == 405
    assert "Set-Cookie" not in answer.headers


def test_passwords_are_checked_one_at_a_time_and_no_crowd_waits() -> None:
    """More than a few at once are not people, and each would take what calls need."""
    checker, kept = passwords.Checker(), passwords.hashed("right")
    begin = threading.Barrier(4 * passwords.MOST_WAITING)

    def tries(_: int) -> bool | str:
        begin.wait()
        try:
            return checker.fits(kept, "right")
        except passwords.Busy:
            return "busy"

    with concurrent.futures.ThreadPoolExecutor(begin.parties) as crowd:
        outcomes = list(crowd.map(tries, range(begin.parties)))

    assert set(outcomes) == {True, "busy"}
    assert checker.fits(kept, "right"), "and afterwards the next is served again"
    assert not checker.fits(kept, "wrong")
    assert not checker.fits(None, "right")
