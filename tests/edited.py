"""Fixtures for pages that change the files of config/."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from ivr.machine import config
from ivr.machine.config import Settings
from ivr.store import Store
from tests.desk import Browser, hire


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a copy of config/ to edit."""
    return dataclasses.replace(settings, config_dir=Path(shutil.copytree(config.ROOT / "config", tmp_path / "config")))


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.config_dir


@pytest.fixture
def editor(browser: Browser, store: Store) -> Browser:
    hire(store, "edda", role="editor")
    browser.sign_in("edda")
    return browser
