"""Tries of passwords and codes: who must wait before the next one, and how long.

**Wrong passwords slow down the person who tries them, and do not lock anybody out.** A browser in which this adviser
signed in before is recognised by a cookie, and only its own failures count against it. Everybody else has to wait
longer with each failure, by address and by the name they try. After the wait, they have one try, which other people's
tries do not postpone. Known and unknown browsers queue separately for the slow check of passwords, so that a flood of
strangers does not fill the queue of the advisers.

**A code is tried only by somebody who has the password.** There are only a million codes, so all unknown browsers
together have one try after each wait, which grows to an hour. Somebody with the password in a known browser is not
slowed down by them. Once the password changes, earlier tries no longer count.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

from flask import Flask, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from ivr.advising.adviser import Adviser, name_of
from ivr.callbacks.callback import Refused
from ivr.machine import factors, passwords
from ivr.web.client import address
from ivr.web.console.common import Console

#: Seconds for which a browser stays known after a sign-in.
KNOWN_SECONDS = 180 * 24 * 60 * 60
#: Failures of a known browser in an hour, after which it is treated like any other.
MOST_OF_KNOWN = 10
#: Failures in an hour without a wait: for one name, and for one address, which an office may share.
FREE_OF_NAME, FREE_OF_ADDRESS = 4, 10
#: Wrong codes in a day without a wait.
FREE_OF_CODES = 4
#: Seconds of the first wait, which doubles with each failure, and of the longest one: for passwords, and for codes.
SHORTEST_WAIT, LONGEST_WAIT, LONGEST_WAIT_FOR_CODE = 2.0, 60.0, 60.0 * 60
#: Seconds for which wrong codes count, and for which the adviser is told of them at the next sign-in.
CODES_SECONDS, TOLD_SECONDS = 24 * 60 * 60, 90 * 24 * 60 * 60


class Trier(NamedTuple):
    """Who tries: the name, the client's address, and the browser's id if this adviser signed in with it before."""

    name: str
    come_from: str
    browser: str


class Tries:
    def __init__(self, app: Flask, console: Console):
        self._console, self._store = console, console.store.sign_ins
        self._known_checker, self._other_checker = passwords.Checker(), passwords.Checker()
        self._known = URLSafeTimedSerializer(console.settings.secret_key, salt="known browser")
        self._is_secure = bool(app.config["SESSION_COOKIE_SECURE"])

    def by(self, name: str) -> Trier:
        """Who tries this name in this request."""
        return Trier(name, self.come_from, self._browser(name))

    @property
    def come_from(self) -> str:
        """The address of this request."""
        return address(request.environ, self._console.settings)

    # --- passwords --------------------------------------------------------------------------

    def seconds_to_wait(self, trier: Trier) -> float:
        """Seconds until a password may be tried; 0 if it may now."""
        if trier.browser:
            return 0.0
        of_name, of_address = self._store.counted(*_strangers(trier))
        delay = max(_delay(of_name - FREE_OF_NAME), _delay(of_address - FREE_OF_ADDRESS))
        who = f"{trier.come_from} {trier.name}"
        return self._store.seconds_to_wait(who, delay, self._console.now) if delay else 0.0

    def password_fits(self, trier: Trier, adviser: Adviser | None, password: str) -> bool:
        """Whether it is the password of somebody who may sign in. A wrong one is counted. Raises passwords.Busy."""
        checker = self._known_checker if trier.browser else self._other_checker
        kept = adviser.password_hash if adviser and adviser.can_sign_in else None
        if checker.fits(kept, password):
            return True
        self._store.failed(self._console.now, adviser.name if adviser else "", trier.come_from)
        self._store.count(*([_of_browser(trier.browser)] if trier.browser else _strangers(trier)))
        return False

    # --- codes ------------------------------------------------------------------------------

    def seconds_to_wait_for_code(self, trier: Trier, adviser: Adviser) -> float:
        """Seconds until a code may be tried; 0 if it may now."""
        who = _of_codes(trier, adviser)
        delay = _delay(self._store.counted(who)[0] - FREE_OF_CODES, LONGEST_WAIT_FOR_CODE)
        return self._store.seconds_to_wait(who, delay, self._console.now) if delay else 0.0

    def use_code(self, trier: Trier, adviser: Adviser, code: str) -> Adviser | None:
        """Use a code of the app, or one of last resort: each once. Returns the adviser as they are then; None for one
        that does not fit, which is counted.
        """
        assert adviser.factor
        step = factors.step_of(adviser.factor.secret, code, self._console.now)
        if step is not None and self._console.store.accounts.use_code(adviser.name, step):
            return adviser
        if step is None and (changed := self._use_spare(adviser, code)):
            return changed
        self._store.failed(self._console.now, adviser.name, trier.come_from, code=True)
        self._store.count(_of_codes(trier, adviser), seconds=CODES_SECONDS)
        self._store.count(_told(adviser), seconds=TOLD_SECONDS)
        return None

    def _use_spare(self, adviser: Adviser, code: str) -> Adviser | None:
        def how(person: Adviser, _: list[Adviser]) -> Adviser:
            left = factors.without(person.factor, code) if person.factor else None
            if left is None or person.stamp != adviser.stamp:
                raise Refused("That code does not fit.")
            return factors.with_factor(person, left)

        try:
            return self._console.store.accounts.change(adviser.name, how)
        except (Refused, KeyError):
            return None

    def wrong_codes(self, adviser: Adviser) -> int:
        """How many wrong codes there were with this adviser's password since this was last asked."""
        (count,) = self._store.counted(_told(adviser))
        if count:
            self._store.forget_count(_told(adviser))
        return count

    # --- known browsers ---------------------------------------------------------------------

    def know(self, response: Response, adviser: Adviser) -> None:
        """Let the browser be known for this adviser."""
        response.set_cookie(
            _cookie_of(adviser.name), self._known.dumps([name_of(adviser.name), secrets.token_hex(8)]),
            max_age=KNOWN_SECONDS, path=f"{request.script_root}/signin", secure=self._is_secure, httponly=True,
            samesite="Lax",
        )  # fmt: skip

    def _browser(self, name: str) -> str:
        """The id of this browser, if this adviser signed in with it before; empty if it is treated like any other."""
        try:
            signed = request.cookies.get(_cookie_of(name), "")
            whose, browser = self._known.loads(signed, max_age=KNOWN_SECONDS)
        except (BadData, ValueError, TypeError):
            return ""
        if whose != name_of(name) or self._store.counted(_of_browser(browser))[0] >= MOST_OF_KNOWN:
            return ""
        return str(browser)


def _delay(failures: int, longest: float = LONGEST_WAIT) -> float:
    """Seconds to wait after this many failures beyond the free ones."""
    return min(SHORTEST_WAIT * 2 ** min(failures, 20), longest) if failures >= 0 else 0.0


def _strangers(trier: Trier) -> tuple[str, str]:
    return f"name {name_of(trier.name)}", f"address {trier.come_from}"


def _of_browser(browser: str) -> str:
    return f"browser {browser}"


def _of_codes(trier: Trier, adviser: Adviser) -> str:
    return f"code {name_of(adviser.name)} {adviser.stamp} {trier.browser}"


def _told(adviser: Adviser) -> str:
    return f"codes of {name_of(adviser.name)}"


def _cookie_of(name: str) -> str:
    """The name of the cookie for an adviser, because advisers share computers.

    It does not contain the adviser's name.
    """
    return f"known-{hashlib.sha256(name_of(name).encode(errors='replace')).hexdigest()[:12]}"
