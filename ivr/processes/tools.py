"""What the worker's jobs work with: settings, store and clients."""

from __future__ import annotations

from ivr.authoring import drafts, fitting, linefile, parsing
from ivr.authoring.linefile import LineFile
from ivr.compiling import building
from ivr.hours import Hours
from ivr.machine import config
from ivr.machine.config import Settings
from ivr.problems import ConfigError
from ivr.store import PATIENT_SECONDS, Spool, Store
from ivr.twilio.rest import RestClient
from ivr.usecases.jobs import Jobs
from ivr.usecases.phoned import PhonedTakes


class Tools:
    """The worker's settings, store and clients. The store waits longer for Redis, because no caller waits."""

    def __init__(self, settings: Settings):
        self.settings, self.store = settings, Store(settings.redis_url, settings.keys, PATIENT_SECONDS)
        self.phone = RestClient(settings, failed=lambda code: self.store.health.count("rest_errors", code))
        self.jobs = Jobs(settings, self.store)
        self.takes = PhonedTakes(settings)
        self.spool = Spool(settings.spool_dir, settings.keys)

    def line(self) -> LineFile:
        """The live line.yaml, the only part of a script that the worker needs. Raises ConfigError if there is none."""
        files = self.store.revisions.files(self.store.revisions.live() or "") or {}
        document = parsing.read(files.get(drafts.LINE, ""), f"config/{drafts.LINE}")
        line = fitting.sound_part(LineFile, document, linefile.spare_of_line)
        if document.problems:
            raise ConfigError(document.problems)
        return line

    def hours(self) -> Hours:
        """The opening hours. Raises ConfigError."""
        return building.hours_of(self.line(), config.bank_holidays())
