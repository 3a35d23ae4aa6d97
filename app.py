"""The WSGI entry: what the web server serves."""

import gc

from ivr import log
from ivr.config import settings
from ivr.server import die_with_web_server
from ivr.store import Store
from ivr.web import create_app

die_with_web_server()
log.as_json()
machine = settings()
app = create_app(machine, Store(machine.redis_url))

# The scripts and all that was loaded stay for good, so nobody has to look through them again and again.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 10, 50)
