import click


@click.group()
def adviser() -> None: ...


@click.group()
def callbacks() -> None: ...
