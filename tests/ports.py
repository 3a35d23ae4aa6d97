"""An unused port, for a server that a test starts."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

#: Ports below those that the kernel gives to connections by itself (32768 and more): a connection of another test would
#: take one of these between the moment it was found and the moment a server listens there.
_FIRST, _PARTS, _IN_A_PART = 20_000, 60, 200
#: Counts on, so that no port is given twice while another test may still listen there.
_nth = itertools.count()


def free_port() -> int:
    """A port on which nobody listens, from a part of them that hardly any other test process uses."""
    part = _FIRST + os.getpid() % _PARTS * _IN_A_PART
    for nth in itertools.islice(_nth, _IN_A_PART):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", part + nth % _IN_A_PART))
            return part + nth % _IN_A_PART
    raise OSError(f"no port from {part} to {part + _IN_A_PART - 1} is free")
