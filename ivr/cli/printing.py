"""The command that prints everything the line says."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click

from ivr import printing
from ivr.authoring import drafts
from ivr.cli.common import Stop, out
from ivr.hours import LONDON
from ivr.machine import config, configfiles, disk
from ivr.overview import booklet
from ivr.problems import counted


@click.command("print")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A .pdf or .html file."
)
def print_line(output: Path) -> None:
    """Print the draft: everything the line says, for whoever must read and confirm it."""
    if output.suffix not in (".pdf", ".html"):
        raise Stop(f"It is printed as PDF or HTML. Write: -o {output.with_suffix('.pdf')}")
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise Stop(f"{output} cannot be written. Name a file in an existing folder.")
    settings = config.settings()
    draft = drafts.read_draft(configfiles.script_files(settings.config_dir))
    script = booklet.script_to_read(draft, config.bank_holidays(), settings.our_numbers)
    made, today = booklet.of(draft, script), dt.datetime.now(LONDON).date()
    try:
        content = printing.pdf(made, today) if output.suffix == ".pdf" else printing.html(made, today).encode()
    except printing.NotPrinted as error:
        raise Stop(str(error)) from error
    disk.write_whole(output, content)
    places = sum(len(topic.entries) for topic in made.topics)
    out(f"Printed in {output}: {counted(places, 'place')}, {counted(len(made.texts), 'text')}.")
    if not made.confirmed_on:
        out("The service has not confirmed these words. When it has read them: ivr confirm words --by WHO.")
    if made.unconfirmed:
        out(f"Not confirmed, and marked: {counted(len(made.unconfirmed), 'setting')}.")
