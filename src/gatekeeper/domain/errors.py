"""What both stores raise. A driver's own errors become these where the driver is called, and nowhere else."""

from gatekeeper.domain.wording import N_

TAKEN = {
    "username": N_("This user name is already taken."),
    "email": N_("This address is already taken."),
    "": N_("This is already taken."),
}


class GatekeeperError(Exception):
    """The base of every error that a caller is expected to handle."""

    @property
    def said(self) -> str:
        """What it says to people: the text as it was given, which ``str()`` of an error turns into plain English."""
        return self.args[0] if self.args and isinstance(self.args[0], str) else str(self)


class NotFound(GatekeeperError):
    """What was asked for does not exist."""


class AlreadyExists(GatekeeperError):
    """A value that must be unique is taken; ``field`` names it (``"username"`` or ``"email"``)."""

    def __init__(self, field: str) -> None:
        super().__init__(TAKEN.get(field, TAKEN[""]))
        self.field = field


class Conflict(GatekeeperError):
    """Somebody else changed the same thing first (a stale ``If-Match``, a lost conditional update)."""


class LastHolder(GatekeeperError):
    """The change would leave nobody who can grant permissions."""


class Unavailable(GatekeeperError):
    """A server that is needed does not answer; ``service`` names it (``"PostgreSQL"``, ``"Redis"``, ``"hashing"``)."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} does not answer")
        self.service = service


class Refused(GatekeeperError):
    """A rule says no. ``code`` is for programs, ``field`` names the input, ``message`` is for people."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message
