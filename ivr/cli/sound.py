import click

from ivr.config import Settings


def prepare(settings: Settings) -> None: ...


@click.command()
def render() -> None: ...


@click.group()
def record() -> None: ...
