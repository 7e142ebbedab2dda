"""The nouns that every floor shares: people, policies, sessions, attempts. Values only; the rules live beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Strength(StrEnum):
    """The three levels that a password can be asked to meet, in rising order."""

    BASIC = "basic"
    MEDIUM = "medium"
    ADVANCED = "advanced"

    @property
    def rank(self) -> int:
        """0 for Basic, 1 for Medium, 2 for Advanced."""
        return list(Strength).index(self)


class Permission(StrEnum):
    """What an administrator can be allowed to do (contract: *Permissions*)."""

    POLICIES_MANAGE = "policies.manage"
    USERS_MANAGE = "users.manage"
    USERS_RESET_TWO_FACTOR = "users.reset_two_factor"
    PERMISSIONS_GRANT = "permissions.grant"
    AUDIT_READ = "audit.read"
    CLIENTS_MANAGE = "clients.manage"


class Method(StrEnum):
    """A way in which a person proved who they are. A link stands in for the password until a new one is chosen."""

    PASSWORD = "pwd"  # noqa: S105 - the name of a method (RFC 8176 §2), not a password
    OTP = "otp"
    RECOVERY_CODE = "recovery"
    LINK = "link"


class Step(StrEnum):
    """A step of signing in; ``domain.login.next_step`` alone says which comes next."""

    PASSWORD = "password"  # noqa: S105 - the name of a step
    CODE = "code"
    NEW_PASSWORD = "new-password"  # noqa: S105 - the name of a step
    ENROL = "enrol"
    RECOVERY_CODES = "recovery-codes"
    NOTICE = "notice"
    DONE = "done"


class TwoFactorMode(StrEnum):
    """Whom two-step verification reaches."""

    OFF = "off"
    EVERYONE = "everyone"
    SELECTED = "selected"


class Enrolment(StrEnum):
    """Whether the password alone opens a first enrolment, or a one-time code from an administrator is asked for too."""

    OPEN = "open"
    WITH_CODE = "with-code"


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """How often a password must change, what it may not repeat, and how strong it must be.

    ``expiry_days`` is ``None`` where passwords never expire. ``change_demanded_at`` is when an administrator asked
    everybody for a new password: whoever changed theirs last before then owes one.
    """

    expiry_days: int | None = None
    warn_days: int = 7
    forbid_last: int = 0
    strength: Strength = Strength.BASIC
    change_demanded_at: float | None = None


@dataclass(frozen=True, slots=True)
class TwoFactorPolicy:
    """One rule for everybody: off, everyone except the listed people, or the listed people only.

    The list lies in a table beside the policy; ``listed`` is how many are on it.
    """

    mode: TwoFactorMode = TwoFactorMode.OFF
    listed: int = 0
    trusted_devices_days: int | None = None
    enrolment: Enrolment = Enrolment.OPEN


@dataclass(frozen=True, slots=True)
class Policies:
    """Both policies as they stand, each with the version that ``If-Match`` names, and the epoch of the last change.

    ``trust_epoch`` is that at which trusted devices were last withdrawn: trust given before then is void for good.
    """

    password: PasswordPolicy = field(default_factory=PasswordPolicy)
    two_factor: TwoFactorPolicy = field(default_factory=TwoFactorPolicy)
    epoch: int = 0
    password_version: int = 0
    two_factor_version: int = 0
    trust_epoch: int = 0


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """What a session knows of its owner; whoever changes one of these rewrites it in the person's sessions.

    ``version`` rises with each change in PostgreSQL, so that a late rewrite never overwrites a newer one.
    ``password_strength`` is ``None`` where an imported hash tells no level yet. ``language`` is the one that they chose
    (BCP 47); ``None``: as their browser asks.
    """

    user_id: str
    username: str
    email: str
    display_name: str
    groups: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    enabled: bool = True
    password_changed_at: float = 0.0
    password_strength: Strength | None = None
    change_required: bool = False
    enrolled: bool = False
    recovery_codes_pending: bool = False
    version: int = 0
    language: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person as PostgreSQL keeps them. ``facts`` is the part that sessions carry.

    ``wishes`` are the languages that their browser asked for when they last signed in.
    """

    facts: OwnerFacts
    created_at: float
    recovery_email: str | None = None
    recovery_email_confirmed: bool = False
    last_sign_in_at: float | None = None
    locked_at: float | None = None
    sessions_valid_from: float = 0.0
    two_factor_owed_since: float | None = None
    enrolment_code_digest: str | None = None
    enrolment_code_required: bool = False
    wishes: str | None = None

    @property
    def id(self) -> str:
        """The person's id: a UUID as text, never reused."""
        return self.facts.user_id

    @property
    def language(self) -> str | None:
        """The language that they chose."""
        return self.facts.language


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to be stored. ``password_hash`` of ``None``: no password yet, so nobody can sign in as them."""

    id: str
    username: str
    email: str
    display_name: str
    groups: tuple[str, ...]
    permissions: frozenset[Permission]
    created_at: float
    enabled: bool = True
    password_hash: str | None = None
    password_strength: Strength | None = None
    change_required: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """One method completed, and when."""

    method: Method
    at: float


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a request, as the edge saw it.

    ``device`` is the value of the device cookie, if one came; ``wishes`` the languages that the browser asks for
    (``Accept-Language``).
    """

    address: str
    user_agent: str = ""
    request_id: str = ""
    device: str | None = None
    wishes: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    ``id`` is the SHA-256 (hex) of the cookie's token; the token itself is stored nowhere. ``expires_at`` is the
    absolute limit. ``scope_epoch`` is the policy epoch at which ``two_factor_applies`` was last looked up.
    ``trusted_device`` says that a known device stood in for the code (it adds nothing to ``amr``).
    """

    id: str
    owner: OwnerFacts
    created_at: float
    expires_at: float
    last_seen_at: float
    proofs: tuple[Proof, ...]
    csrf_secret: str
    address: str = ""
    user_agent: str = ""
    scope_epoch: int = -1
    two_factor_applies: bool = False
    trusted_device: bool = False

    @property
    def authenticated_at(self) -> float:
        """When the most recent proof was given."""
        return max((proof.at for proof in self.proofs), default=self.created_at)

    @property
    def amr(self) -> tuple[str, ...]:
        """Authentication Methods References (RFC 8176 §2): ``pwd``, ``otp``, and ``mfa`` where both were given."""
        given = {proof.method for proof in self.proofs}
        second = Method.OTP in given or Method.RECOVERY_CODE in given
        names = [name for name, held in (("pwd", Method.PASSWORD in given), ("otp", second)) if held]
        return (*names, "mfa") if len(names) == 2 else tuple(names)  # noqa: PLR2004 - two factors

    @property
    def second_factor(self) -> bool:
        """Whether a code was given in this session."""
        return "otp" in self.amr


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that is half-way: facts about what was completed, never a "current step". It opens nothing else.

    ``id`` is the SHA-256 (hex) of the cookie's token. ``from_session`` is the session whose proofs it took over.
    ``secret`` is the sealed enrolment secret (base64), the same until it is confirmed or the attempt ends.
    ``trusted_device`` is the digest of the device that may stand in for the code. ``trust_wanted``: the person asks
    that this one does from now on; ``change_wanted``: they want a new password although none is due.
    ``version`` rises with each write, so that two tabs never overwrite one another (a lost race is ``Conflict``).
    """

    id: str
    user_id: str
    created_at: float
    expires_at: float
    proofs: tuple[Proof, ...]
    next: str = "/"
    from_session: str | None = None
    secret: str | None = None
    recovery_codes_shown: bool = False
    notice_seen: bool = False
    second_factor_wanted: bool = False
    trusted_device: str | None = None
    trust_wanted: bool = False
    change_wanted: bool = False
    code_failures: int = 0
    version: int = 0
