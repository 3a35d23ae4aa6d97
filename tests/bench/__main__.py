"""`scripts/bench NAME [options]`."""

import os
import sys

from ivr.machine import config
from tests.bench import audio, desk, flood, machines, memory, speed, stall, start, worker

BENCHES = {
    "speed": speed.main, "stall": stall.main, "audio": audio.main, "start": start.main, "memory": memory.main,
    "machines": machines.main, "worker": worker.main, "flood": flood.main, "desk": desk.main,
}  # fmt: skip

if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
    sys.exit(f"usage: scripts/bench {'|'.join(BENCHES)}")
if os.environ.get("REDIS_URL"):
    sys.exit("A benchmark fills and stops the Redis that it uses, so it starts one of its own. Unset REDIS_URL first.")
for name in config.VARIABLES:  # nor does it use an account, keys or folders of a real line
    os.environ.pop(name, None)
BENCHES[sys.argv[1]](sys.argv[2:])
