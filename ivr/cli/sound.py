import click

from ivr.config import Settings
from ivr.script import Script


def prepare(settings: Settings, script: Script) -> None: ...


@click.command()
def render() -> None: ...


@click.group()
def record() -> None: ...
