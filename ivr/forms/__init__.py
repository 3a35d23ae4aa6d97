"""Forms: parts of staff's files as fields to fill in, and what is filled in as edits of exactly these parts.

    shape    what a form is: its entries, and the fields of each
    shown    reads a form from the files
    saving   merges what was filled in with what is in the files now, and writes it
    pasted   words from a word processor as plain words, with what was changed in them
    topics   a new piece of guidance in staff's files, and one that is taken out
    schemas  JSON Schemas for staff's editors

Pure functions over texts: no file is opened. Whether the result of an edit is right is for the parser and the check to
say.
"""

from ivr.forms.pasted import Cleaned, cleaned
from ivr.forms.saving import NEW, Clash, Confirmation, Saved, over, save
from ivr.forms.shape import Field, Form, FormEntry
from ivr.forms.shown import NAMES, NoSuchForm, confirmed, form

__all__ = [
    "NAMES",
    "NEW",
    "Clash",
    "Cleaned",
    "Confirmation",
    "Field",
    "Form",
    "FormEntry",
    "NoSuchForm",
    "Saved",
    "cleaned",
    "confirmed",
    "form",
    "over",
    "save",
]
