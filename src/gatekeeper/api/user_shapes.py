"""People as the API speaks of them (contract: *Admin API*)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gatekeeper.api.shapes import Instant, Paging, Query, ReasonBody, Secret, Shape, Words
from gatekeeper.domain.model import Enrolment, Permission, Strength  # noqa: TC001 - pydantic reads them
from gatekeeper.domain.permissions import in_order

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session
    from gatekeeper.flows.csv_rows import Fault
    from gatekeeper.flows.portraits import Portrait

UNTIL_CLEARED = 253_402_300_799.0
"""The last second of the year 9999: a name that stays closed until somebody opens it."""


class TwoFactorState(Shape):
    """Whether a second step is asked of a person, whether they have one, and since when they owe it."""

    required: bool
    enrolled: bool
    owed_since: Instant | None


class PasswordState(Shape):
    """A person's password, never the password itself. ``strength`` is null where an imported hash tells no level."""

    changed_at: Instant | None
    expires_at: Instant | None
    strength: Strength | None
    change_required: bool


class UserShape(Shape):
    """A person. ``locked_until`` of the year 9999: until somebody opens the name again."""

    id: str
    username: str
    email: str
    display_name: str
    recovery_email: str | None
    enabled: bool
    permissions: list[Permission]
    groups: list[str]
    two_factor: TwoFactorState
    password: PasswordState
    created_at: Instant
    last_sign_in: Instant | None
    locked_until: Instant | None

    @classmethod
    def of(cls, portrait: Portrait) -> UserShape:
        """A person as they are shown."""
        user, facts = portrait.user, portrait.user.facts
        return cls(
            id=user.id,
            username=facts.username,
            email=facts.email,
            display_name=facts.display_name,
            recovery_email=user.recovery_email,
            enabled=facts.enabled,
            permissions=in_order(facts.permissions),
            groups=list(facts.groups),
            two_factor=TwoFactorState(
                required=portrait.two_factor_required,
                enrolled=facts.enrolled,
                owed_since=user.two_factor_owed_since,
            ),
            password=PasswordState(
                changed_at=facts.password_changed_at if portrait.has_password else None,
                expires_at=portrait.password_expires_at,
                strength=facts.password_strength,
                change_required=portrait.change_required,
            ),
            created_at=user.created_at,
            last_sign_in=user.last_sign_in_at,
            locked_until=None if user.locked_at is None else UNTIL_CLEARED,
        )


class UserList(Shape):
    """Some people."""

    items: list[UserShape]
    next_cursor: str | None


class UserSearch(Paging):
    """Which people are listed."""

    query: Annotated[Words, Field(max_length=200, description="beginnings of words of name, user name, address")] = ""
    permission: Annotated[Permission | None, Field(description="only who holds this")] = None
    enabled: Annotated[bool | None, Field(description="only open accounts, or only closed ones")] = None


class NewUserBody(Shape):
    """A person to be added. Without a password nobody can sign in as them yet."""

    username: Words
    email: Words
    display_name: Words = ""
    recovery_email: Words | None = None
    groups: tuple[Words, ...] = ()
    permissions: tuple[Permission, ...] = ()
    enabled: bool = True
    new_password: Secret | None = Field(default=None, repr=False)
    must_change: bool = False


def _left_out(schema: dict[str, Any]) -> None:
    """What is left out of a change stays as it is, so its field has no default that could be described."""
    schema.pop("default", None)


class ChangedUserBody(Shape):
    """What shall change; what is left out stays. ``recovery_email`` of null takes it away."""

    email: Words = Field(default="", json_schema_extra=_left_out)
    display_name: Words = Field(default="", json_schema_extra=_left_out)
    recovery_email: Words | None = Field(default=None, json_schema_extra=_left_out)
    groups: tuple[Words, ...] = Field(default=(), json_schema_extra=_left_out)
    enabled: bool = Field(default=True, json_schema_extra=_left_out)


class GivenPasswordBody(Shape):
    """A password given to somebody, and whether they must choose their own at the next sign-in."""

    new_password: Secret = Field(repr=False)
    must_change: bool = False


class PermissionsBody(Shape):
    """All that a person may do from now on."""

    permissions: list[Permission]


class ResetBody(ReasonBody):
    """Why, and whether this enrolment asks for a one-time code even where the policy does not."""

    enrolment: Enrolment | None = None


class EnrolmentCode(Shape):
    """The one-time code for an enrolment, shown this once; null where none is needed."""

    enrolment_code: str | None


class OneTimeLink(Shape):
    """A link to a new password, shown this once; whoever has it may use it, once, until it expires."""

    link: str
    expires_at: Instant


class SessionShape(Shape):
    """Somebody signed in somewhere; ``current`` is the session that asks."""

    id: str
    created_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    authenticated_at: Instant
    amr: list[str]
    address: str
    user_agent: str
    current: bool

    @classmethod
    def of(cls, session: Session, current: str | None) -> SessionShape:
        """A session as it is shown."""
        return cls(
            id=session.id,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            authenticated_at=session.authenticated_at,
            amr=list(session.amr),
            address=session.address,
            user_agent=session.user_agent,
            current=session.id == current,
        )


class SessionList(Shape):
    """A person's sessions, the latest first."""

    items: list[SessionShape]
    next_cursor: None = None


class ImportQuery(Query):
    """How an import is done."""

    dry_run: Annotated[bool, Field(description="judge everything and write nothing")] = False
    skip_bad: Annotated[bool, Field(description="import the good rows although there are bad ones")] = False


class RejectedRow(Shape):
    """A row that cannot be imported: its line in the file (the heading is line 1), whose, and why."""

    line: int
    username: str
    field: str | None
    message: str

    @classmethod
    def of(cls, fault: Fault) -> RejectedRow:
        """A row's fault as it is shown."""
        return cls(line=fault.line, username=fault.username, field=fault.field, message=fault.message)


class ImportReport(Shape):
    """How an import ended; of a dry run, how it would end."""

    dry_run: bool
    added: int
    unchanged: int
    rejected: list[RejectedRow]
