"""What an operator's own folder of templates changes, and what in it cannot be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, TemplateSyntaxError

from gatekeeper.manners.languages import CATALOGUE, catalogue_faults
from gatekeeper.manners.render import folders

if TYPE_CHECKING:
    from pathlib import Path

_TEMPLATES = frozenset({".html", ".txt"})
_STATIC = "static"


def faults(override: Path) -> list[str]:
    """The templates that are no templates, and the catalogues that cannot be read, each with its place."""
    found = []
    for path in _files(override):
        name = path.relative_to(override).as_posix()
        if path.suffix in _TEMPLATES:
            found += [f"{name}{fault}" for fault in _template_faults(path)]
        elif path.name == CATALOGUE:
            found += [f"{name}: {fault}" for fault in catalogue_faults(path)]
    return found


def _template_faults(path: Path) -> list[str]:
    try:
        Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text(encoding="utf-8"))
    except TemplateSyntaxError as error:
        return [f", line {error.lineno}: {error.message}"]
    except (OSError, UnicodeDecodeError) as error:
        return [f": {error}"]
    return []


def strangers(override: Path) -> list[str]:
    """The templates that replace none of ours and that none of the operator's own names: a slip of the pen, mostly."""
    ours = folders()[0]
    templates = [path for path in _files(override) if path.suffix in _TEMPLATES]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in templates]
    names = [path.relative_to(override).as_posix() for path in templates]
    return [name for name in names if not (ours / name).is_file() and not any(name in text for text in texts)]


def _files(override: Path) -> list[Path]:
    return sorted(
        path for path in override.rglob("*") if path.is_file() and path.relative_to(override).parts[0] != _STATIC
    )
