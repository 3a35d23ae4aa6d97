"""`scripts/bench NAME [options]`."""

import sys

from tests.bench import audio, desk, flood, speed, worker

BENCHES = {"speed": speed.main, "audio": audio.main, "worker": worker.main, "flood": flood.main, "desk": desk.main}

if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
    sys.exit(f"usage: scripts/bench {'|'.join(BENCHES)}")
BENCHES[sys.argv[1]](sys.argv[2:])
