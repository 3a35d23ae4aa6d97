"""The client of the draft process, used by web processes. The draft is what the files of config/ on this machine say
when a question is asked.

The draft process (`drafting.py` says why there is one) is started by the first question. Each question has a connection
of its own, whose other end is handed to that process. So questions do not wait for each other, and answers need no
number by which to find their question.
"""

from __future__ import annotations

import contextlib
import pickle
import socket
import sys
import threading
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from ivr.machine import config
from ivr.machine.children import Child
from ivr.machine.config import Settings
from ivr.practice.story import Untrue
from ivr.problems import Problem
from ivr.web.studio import asked
from ivr.web.studio.asked import Answer, Checked, Compiled, Differences, Files, Question, Seen
from ivr.web.studio.practice import PhoneReply, SoFar

#: The longest time to wait for an answer, in seconds. A check takes some, and more on a busy machine: calls come first.
ANSWER_SECONDS = 120.0
#: The most questions of a web process at a time. Each holds one of its threads.
MOST_AT_A_TIME = 4

#: The environment of the draft process. It gets none of our variables, because some of them are secret.
_BARE = config.child_environment(**dict.fromkeys(config.VARIABLES, ""))
_A = TypeVar("_A")


class DraftAway(Exception):
    """Raised if the draft process gave no answer. This says nothing about the draft itself."""


class NotDone(Exception):
    """Raised for what cannot be done with this draft: the reason in words, and the draft's errors if they are the
    reason.
    """

    def __init__(self, why: str, problems: tuple[Problem, ...] = ()):
        super().__init__(why)
        self.problems = problems


class DraftClient:
    """Asks the draft process. Each method raises DraftAway if there is no answer, and NotDone if it cannot be done.

    `files`: the files that the question is about, by name, such as those that a form would write; None for those of
    config/ as they are now.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._starting, self._room = threading.Lock(), threading.BoundedSemaphore(MOST_AT_A_TIME)
        self._child: Child | None = None
        self._control: socket.socket | None = None
        self._closed = False

    def compiled(self, files: Files = None) -> Compiled:
        """Whether the draft can be used, with its errors and their places in the files if not. Takes a second."""
        return self._ask(asked.Compile(files), Compiled)

    def checked(self, files: Files = None, live: Files = None) -> Checked:
        """Everything that `ivr check` finds, stories included. Takes some seconds; raises NotDone if it does not
        compile. `live`: the files that are live, with which some rules compare.
        """
        return self._ask(asked.Check(files, live), Checked)

    def spots(self, files: Files = None) -> Seen:
        """The places of the draft, for a map: words, choices, keys."""
        return self._ask(asked.Spots(files), Seen)

    def differences(self, before: dict[str, str], files: Files = None) -> Differences:
        """What callers would hear differently from the files `before`."""
        return self._ask(asked.Changed(before, files), Differences)

    def reply(self, so_far: SoFar, files: Files = None) -> PhoneReply:
        """The next reply of a practice call. Missing sounds are made first. They are kept, so callers get them too."""
        return self._ask(asked.Reply(so_far, files), asked.HeardNext).heard

    def story(self, so_far: SoFar, about: list[str], files: Files = None) -> str:
        """A practice call as the text of a story, with lines on what it is for."""
        return self._ask(asked.Write(so_far, about, files), asked.Written).text

    def untrue(self, stories: dict[str, str], files: Files = None) -> tuple[Untrue, ...]:
        """Those of these stories that do not come true, with what the line says instead."""
        return self._ask(asked.Play(stories, files), asked.Played).untrue

    def sound(self, words: str, *, slow: bool = False, files: Files = None) -> bytes:
        """Words as callers would hear them (WAV). {names} of line.yaml are filled in. Nothing is kept."""
        return self._ask(asked.Say(words, slow, files), asked.Sound).content

    def gate(self, live: dict[str, str], files: Files = None) -> asked.Passed:
        """The draft, if it may be made live; or with `files`, a change of what is live. Else NotDone has the errors."""
        return self._ask(asked.Gate(live, files), asked.Passed)

    def render(self, files: dict[str, str]) -> asked.Rendered:
        """Make every sound that these files need. If there is no answer in time, what was made until then is kept."""
        return self._ask(asked.Render(files), asked.Rendered)

    def prompts(self, language: str) -> asked.Prompts:
        """What there is to record in a language, and what is recorded."""
        return self._ask(asked.Recordable(language), asked.Prompts)

    def judged(self, language: str, name: str, content: bytes | None = None) -> asked.Judged:
        """What is wrong with a take; without `content`, with the recorded one. Raises NotDone if it is no sound."""
        return self._ask(asked.Judge(language, name, content), asked.Judged)

    def keep_take(self, take: asked.KeepTake) -> asked.Kept:
        """Keep a take, if the words and the recording before it are still the same. Raises NotDone for a faulty one."""
        return self._ask(take, asked.Kept)

    def confirm(self, confirm: asked.Confirm) -> asked.Kept:
        """Confirm a take that is recorded. Raises NotDone if it cannot be used, or was replaced meanwhile."""
        return self._ask(confirm, asked.Kept)

    def take_out(self, take: asked.TakeOut) -> asked.Kept:
        """Let a voice speak again instead of a recording, or delete one. Raises NotDone if it has changed meanwhile."""
        return self._ask(take, asked.Kept)

    def taken(self, language: str, name: str) -> bytes:
        """What is recorded, as callers would hear it (WAV). Raises NotDone if nothing is."""
        return self._ask(asked.Taken(language, name), asked.Sound).content

    def lines(self, language: str) -> asked.Lines:
        """The lines of a language, to listen to."""
        return self._ask(asked.Listenable(language), asked.Lines)

    def listened(self, listened: asked.Listened) -> asked.Lines:
        """Write down that somebody listened to a line. Raises NotDone if it has changed since, or cannot be heard."""
        return self._ask(listened, asked.Lines)

    def close(self) -> None:
        """End the draft process, if there is one. After that, none is started."""
        with self._starting:
            self._closed = True
            self._end()

    # --- the process ------------------------------------------------------------------------

    def _ask(self, question: Question, expected: type[_A]) -> _A:
        if not self._room.acquire(timeout=ANSWER_SECONDS / 10):
            raise DraftAway("Many people are looking at the draft at the moment. Try again in a minute.")
        try:
            answer = self._answer(msgspec.msgpack.encode(question))
        finally:
            self._room.release()
        if isinstance(answer, asked.Refused):
            raise NotDone(answer.why, answer.problems)
        assert isinstance(answer, expected)
        return answer

    def _answer(self, question: bytes) -> Answer:
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(ANSWER_SECONDS)
            with theirs:
                self._hand_over(theirs)
            try:
                ours.sendall(question)
                ours.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: ours.recv(1 << 16), b""))
            except TimeoutError:
                raise DraftAway("The draft was not looked at in time: this machine is busy. Try again.") from None
            except OSError:
                answer = b""
        if not answer:
            raise DraftAway("The process that reads the draft ended. Try again; the log says why.")
        decoded: Answer = msgspec.msgpack.decode(answer, type=Answer)
        return decoded

    def _hand_over(self, asking: socket.socket) -> None:
        """Give the draft process one end of a connection. Starts the process if it is not running."""
        with self._starting:
            if self._closed:
                raise DraftAway("This web server is stopping. Try again in a minute.")
            for _ in range(2):
                if self._control is None:
                    self._start()
                assert self._control
                with contextlib.suppress(OSError):
                    socket.send_fds(self._control, [b"?"], [asking.fileno()])
                    return
                self._end()
        raise DraftAway("The process that reads the draft does not start. The log says why.")

    def _start(self) -> None:
        self._control, control = socket.socketpair()
        telling, told = socket.socketpair()
        with control, told, telling:
            command = [sys.executable, "-m", "ivr.web.studio.drafting", str(control.fileno()), str(told.fileno())]
            # It ends when this process does, because our end of `control` is then closed. The signal by which other
            # children end comes when the thread ends that started them, and threads of the web server end at any time.
            fds = control.fileno(), told.fileno()
            self._child = Child("draft", command, _BARE, orphaned=None, pass_fds=fds)
            self._child.start()
            telling.sendall(pickle.dumps(_without_secrets(self._settings)))

    def _end(self) -> None:
        if self._control:
            self._control.close()
        if self._child:
            self._child.stop()
        self._control, self._child = None, None


def _without_secrets(settings: Settings) -> Settings:
    """The settings that the draft process needs: the folders, and the line's own numbers."""
    nothing: dict[str, Any] = {"auth_tokens": (), "account_sid": "", "redis_url": "", "secret_key": "", "smtp_url": ""}
    return replace(settings, **nothing, metrics_token="", key_words="")
