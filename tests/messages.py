"""All that gatekeeper says to people, as ``make messages`` finds it; and a language that shows what it misses."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
OPENS, CLOSES = "⟦", "⟧"
BRACKETED = "eo"
"""The tag of the language whose every message is the English one in brackets; what is outside cannot be translated."""


@cache
def extracted() -> Catalog:
    """Every message, untranslated."""
    with TemporaryDirectory() as folder:
        found = Path(folder) / "gatekeeper.pot"
        arguments = ["-F", str(ROOT / "pyproject.toml"), "-k", "NN_:1,2", "-o", str(found)]
        CommandLineInterface().run(["pybabel", "-q", "extract", *arguments, str(ROOT / "src"), str(ROOT / "templates")])
        with found.open("rb") as file:
            return read_po(file)


def write_bracketed(override: Path) -> None:
    """Add the language in brackets to an operator's folder of templates."""
    catalogue = Catalog(locale=BRACKETED)
    for message in extracted():
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            said = tuple(f"{OPENS}{form}{CLOSES}" for form in forms)
            catalogue.add(message.id, said if len(said) > 1 else said[0], flags=message.flags)
    path = override / "locales" / BRACKETED / "gatekeeper.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)
