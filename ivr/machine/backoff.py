"""When to restart a process that ended: at once if it had run for a while, with a growing delay if it keeps ending.

Otherwise, a process that cannot run at all would use up a core with restarts, and hide the cause.
"""

from __future__ import annotations

#: A process that ran for this many seconds started successfully.
STEADY_SECONDS = 10.0
#: Seconds before the first restart after an early end, and the longest delay, because somebody may be waiting for the
#: process. If other processes of its kind still answer, it may wait longer (LONGEST_WITH_SISTERS).
FIRST_SECONDS, LONGEST_SECONDS, LONGEST_WITH_SISTERS = 0.5, 5.0, 30.0
#: This many early ends in a row are a crash loop.
CRASH_LOOP = 4


class Backoff:
    """The backoff of one process, at most `longest` seconds. Times come from a monotonic clock."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        #: The number of early ends in a row.
        self.early_ends = 0
        self._started = self._not_before = float("-inf")
        self._ended, self._longest = True, longest

    def started(self, now: float) -> None:
        self._started, self._ended = now, False

    def may_start(self, now: float) -> bool:
        """Whether a restart of the stopped process is due."""
        if not self._ended:
            self._ended = True
            self.early_ends = 0 if now - self._started >= STEADY_SECONDS else self.early_ends + 1
            wait = FIRST_SECONDS * 2.0 ** min(self.early_ends - 1, 10) if self.early_ends else 0.0
            self._not_before = now + min(wait, self._longest)
        return now >= self._not_before

    @property
    def is_crash_loop(self) -> bool:
        return self.early_ends >= CRASH_LOOP
