"""The WSGI entry: what the web server serves."""

import gc

from ivr.machine import log, metrics
from ivr.machine.children import die_with_web_server
from ivr.machine.config import settings
from ivr.processes.server import AT_ONCE
from ivr.store import Store
from ivr.web import create_app
from ivr.web.admission import Admission

die_with_web_server()
log.as_json()
machine = settings(running=True)
app = Admission(create_app(machine, Store(machine.redis_url, machine.keys)), AT_ONCE)
app.watch()
metrics.share(machine.metrics_dir)

# The scripts and all that was loaded stay for good, so nobody has to look through them again and again.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 10, 50)
