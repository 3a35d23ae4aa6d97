"""JSON Schemas for the files in `config/`, so that editors can help staff while they type."""

from __future__ import annotations

from typing import Any

from ivr import places
from ivr.authoring import authored
from ivr.authoring.authored import TextsFile, WordsFile
from ivr.authoring.drafts import Draft
from ivr.authoring.fitting import NAME, PLACE
from ivr.authoring.languagefile import LanguageFile, LinesFile
from ivr.authoring.linefile import LineFile
from ivr.authoring.menufile import MenuFile
from ivr.authoring.recorded import RecordingsFile
from ivr.check import RULES

#: The file each schema is for.
FILES: dict[str, type[authored.Authored]] = {
    "menus.json": MenuFile,
    "line.json": LineFile,
    "texts.json": TextsFile,
    "words.json": WordsFile,
    "recordings.json": RecordingsFile,
    "lines.json": LinesFile,
    "languages.json": LanguageFile,
}


def schemas(draft: Draft) -> dict[str, dict[str, Any]]:
    """The schemas by file name. They suggest the names that the draft uses."""
    made = {name: model.model_json_schema() for name, model in FILES.items()}
    nodes = sorted({*(node_id for _, _, node_id, _ in draft.nodes()), *places.FOR_STAFF})
    _offer(made["menus.json"], {"goto", "runs_on_to"}, nodes)
    _offer(made["menus.json"], {"text"}, sorted(draft.texts.texts))
    _offer(made["menus.json"], {"only_if"}, sorted(draft.line.switches))
    _write_keys_as_text(made["menus.json"])
    _want_something(made["menus.json"])
    for schema in made.values():
        _offer_rules(schema)
        _close(schema)
    return made


def _offer(schema: Any, fields: set[str], names: list[str]) -> None:
    """Let an editor suggest these names, without marking a new name as wrong."""
    for field, of in _properties(schema):
        if field in fields and names:
            known = of.pop("pattern", None) or NAME
            of["anyOf"] = [{"enum": names}, {"type": "string", "pattern": known}]
            of.pop("type", None)


def _offer_rules(schema: Any) -> None:
    """Suggest the rules that can be waived."""
    for field, of in _properties(schema):
        if field == "allow":
            by_rule = of.get("patternProperties", {}).get(PLACE, of)  # in a file, they are listed by place
            by_rule["propertyNames"] = {"$ref": "#/$defs/Rule"}
    schema.setdefault("$defs", {})["Rule"] = {"enum": sorted(rule.name for rule in RULES)}


def _close(schema: Any) -> None:
    """If names have a pattern, reject other names."""
    for _, of in _properties(schema):
        if "patternProperties" in of:
            of["additionalProperties"] = False


def _want_something(schema: Any) -> None:
    """Reject a name with nothing after it. An optional field is left out together with its name."""
    for _, of in _properties(schema):
        if "anyOf" in of:
            of["anyOf"] = [kind for kind in of["anyOf"] if kind != {"type": "null"}]


def _write_keys_as_text(schema: Any) -> None:
    """Treat the keys 1 to 5 of a menu as text, although YAML reads them as numbers."""
    for field, of in _properties(schema):
        if field == "choices":
            of["propertyNames"] = {"pattern": "^[1-5]$"}


def _properties(schema: Any) -> list[tuple[str, dict[str, Any]]]:
    """Every field of every object in a schema."""
    found: list[tuple[str, dict[str, Any]]] = []
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            found += list(properties.items())
        for value in schema.values():
            found += _properties(value)
    elif isinstance(schema, list):
        for value in schema:
            found += _properties(value)
    return found
