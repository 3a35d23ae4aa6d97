"""The WSGI entry: what the web server serves."""

from ivr.config import settings
from ivr.store import Store
from ivr.web import create_app, log_as_json

log_as_json()
machine = settings()
app = create_app(machine, Store(machine.redis_url))
