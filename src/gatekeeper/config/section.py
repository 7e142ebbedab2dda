"""One table of the configuration, read key by key; what is wrong is noted and reading goes on."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from gatekeeper.config.faults import Fault, Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")

_UNEXPANDED = re.compile(r"\$(?:\w+|\{[^}]*\}|\([^)]*\))")


class Section:
    """A table, with its place and the list that faults go to.

    Args:
        values: the table; texts from the environment are :class:`values.FromEnvironment`.
        place: its name, such as ``server`` or ``route[0]``.
        faults: where faults are noted.
        folder: the folder that relative paths start from.
    """

    def __init__(self, values: object, place: str, faults: list[Fault], folder: Path) -> None:
        self.place = place
        self.folder = folder
        self._faults = faults
        self._known: set[str] = set()
        self._faulty: set[str] = set()
        self._values: Mapping[str, Any] = {}
        if isinstance(values, dict):
            self._values = values
        else:
            self.fault(None, f"is a table: [{place}]")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def is_faulty(self, key: str) -> bool:
        """Whether a fault of this key was noted."""
        return key in self._faulty

    def fault(self, key: str | None, message: str) -> None:
        """Note a fault of a key, or of the table itself."""
        self._faulty.add(key or "")
        place = ".".join(part for part in (self.place, key) if part)
        self._faults.append(Fault(place or "the file", message))

    def take(self, key: str, parse: Callable[[Any], T], default: T) -> T:
        """The value of a key; the default where it is left out or wrong.

        Args:
            key: its name.
            parse: checks and converts it; its ``ValueError`` becomes a fault.
            default: the value otherwise.
        """
        self._known.add(key)
        if key not in self._values:
            return default
        try:
            return parse(self._values[key])
        except ValueError as error:
            self.fault(key, str(error))
            return default

    def need(self, key: str, parse: Callable[[Any], T], example: str, fallback: T) -> T:
        """The value of a key that may not be left out; ``fallback`` only keeps the reading going."""
        if key not in self._values:
            self._known.add(key)
            self.fault(key, f'is needed, such as {key} = "{example}"')
            return fallback
        return self.take(key, parse, fallback)

    def table(self, key: str) -> Section:
        """A table inside this one; an empty one where it is left out."""
        self._known.add(key)
        place = f"{self.place}.{key}" if self.place else key
        return Section(self._values.get(key, {}), place, self._faults, self.folder)

    def tables(self, key: str) -> list[Section]:
        """The tables of an array (``[[route]]``)."""
        self._known.add(key)
        found = self._values.get(key, [])
        if isinstance(found, dict):
            self.fault(key, f"is a list of tables: write [[{key}]]")
            found = [found]
        elif not isinstance(found, list):
            self.fault(key, f"is a list of tables: write [[{key}]]")
            found = []
        return [Section(values, f"{key}[{number}]", self._faults, self.folder) for number, values in enumerate(found)]

    def secret(self, key: str) -> str | None:
        """A secret, given itself or as the file ``<key>_file`` that holds it raw (a newline at its end left out)."""
        given = self.take(key, _secret, None)
        file = self.take(f"{key}_file", self.file_path, None)
        if file is None:
            return given
        if key in self._values:
            self.fault(f"{key}_file", f"name the secret once: {key} is given too")
            return given
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.fault(f"{key}_file", f"{file} cannot be read: {reason}")
            return given
        try:
            return _secret(text.removesuffix("\n").removesuffix("\r"))
        except ValueError as error:
            self.fault(f"{key}_file", str(error))
            return given

    def file_path(self, value: object) -> Path:
        """A path; a relative one starts from the configuration file's folder."""
        if not isinstance(value, str) or not value.strip() or "\x00" in value:
            raise Wrong("is a path, in quotes")
        return (self.folder / value).absolute()

    def existing_file(self, value: object) -> Path:
        """The path of a file that is there."""
        path = self.file_path(value)
        if not path.is_file():
            raise Wrong(f"{path} is no file that can be read")
        return path

    def finish(self) -> None:
        """Note every key that there is not."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(self._known))}"
                self.fault(key, f"is not known; {hint}")


def damage(secret: str) -> str | None:
    """How a secret was damaged on its way here, without quoting it; ``None`` if it looks whole."""
    if not secret.strip():
        return "is empty: was a $ in it eaten by a shell or a compose file? Put it into a file"
    if _UNEXPANDED.fullmatch(secret):
        return "is the name of a variable, not its value: nothing expands $NAME here. Put the secret into a file"
    return None


def _secret(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong("is a text, in quotes")
    reason = damage(value)
    if reason is not None:
        raise Wrong(reason)
    return str(value)
