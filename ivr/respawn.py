"""When a process that ended is started again: at once if it had run for a while, later and later if it ends each time.

A process that cannot run at all would otherwise use up a core with starting, and hide in it what is wrong.
"""

from __future__ import annotations

#: A process that ran this many seconds had started well.
STEADY_SECONDS = 10.0
#: Seconds before the first start of one that ended early, and the longest that they grow to: somebody may wait for
#: what it alone does. One that has sisters may wait longer.
FIRST_SECONDS, LONGEST_SECONDS, LONGEST_WITH_SISTERS = 0.5, 5.0, 30.0
#: Early ends in a row that are a crash loop.
CRASH_LOOP = 4


class Respawn:
    """The backoff of one process, at most `longest` seconds. Times are of a clock that never goes back."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        #: How often in a row it ended early.
        self.early_ends = 0
        self._started = self._not_before = float("-inf")
        self._ended, self._longest = True, longest

    def started(self, now: float) -> None:
        self._started, self._ended = now, False

    def may_start(self, now: float) -> bool:
        """Asked about a process that does not run: whether its time to be started again has come."""
        if not self._ended:
            self._ended = True
            self.early_ends = 0 if now - self._started >= STEADY_SECONDS else self.early_ends + 1
            wait = FIRST_SECONDS * 2.0 ** min(self.early_ends - 1, 10) if self.early_ends else 0.0
            self._not_before = now + min(wait, self._longest)
        return now >= self._not_before

    @property
    def is_crash_loop(self) -> bool:
        return self.early_ends >= CRASH_LOOP
