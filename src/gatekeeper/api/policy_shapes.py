"""The two policies as the API speaks of them (contract: *Admin API*)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel

from gatekeeper.api.shapes import Paging, Shape, Words
from gatekeeper.api.user_shapes import UserShape  # noqa: TC001 - pydantic reads it
from gatekeeper.domain.model import Enrolment, PasswordPolicy, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.flows.administration import (
    MOST_DAYS,
    MOST_LISTED,
    MOST_REMEMBERED,
    MOST_TRUSTED_DAYS,
    MOST_WARN_DAYS,
)
from gatekeeper.flows.previews import Effect  # noqa: TC001 - pydantic reads it

WARN_DAYS = 7


class ExpiryNever(Shape):
    """Passwords do not expire."""

    mode: Literal["never"]


class ExpiryEvery(Shape):
    """A new password is due every so many days, and announced some days before."""

    mode: Literal["every"]
    days: int = Field(ge=1, le=MOST_DAYS)
    warn_days: int = Field(default=WARN_DAYS, ge=0, le=MOST_WARN_DAYS)


class Reuse(Shape):
    """From how many of the last passwords a new one must differ; 0: from none."""

    forbid_last: int = Field(ge=0, le=MOST_REMEMBERED)


class PasswordPolicyShape(Shape):
    """How often passwords change, what they may not repeat, how strong they are."""

    expiry: Annotated[ExpiryNever | ExpiryEvery, Field(discriminator="mode")]
    reuse: Reuse
    strength: Literal["basic", "medium", "advanced"]

    def policy(self) -> PasswordPolicy:
        """The policy that this spells."""
        every = self.expiry if isinstance(self.expiry, ExpiryEvery) else None
        return PasswordPolicy(
            expiry_days=None if every is None else every.days,
            warn_days=WARN_DAYS if every is None else every.warn_days,
            forbid_last=self.reuse.forbid_last,
            strength=Strength(self.strength),
        )

    @classmethod
    def of(cls, policy: PasswordPolicy) -> PasswordPolicyShape:
        """How a policy is spelt."""
        expiry: ExpiryNever | ExpiryEvery = ExpiryNever(mode="never")
        if policy.expiry_days is not None:
            expiry = ExpiryEvery(mode="every", days=policy.expiry_days, warn_days=policy.warn_days)
        return cls(expiry=expiry, reuse=Reuse(forbid_last=policy.forbid_last), strength=policy.strength.value)


class TrustedDevicesOff(Shape):
    """The code is asked for at each sign-in."""

    mode: Literal["off"]


class TrustedDevicesDays(Shape):
    """A device stands in for the code for so many days after it was trusted."""

    mode: Literal["days"]
    days: int = Field(ge=1, le=MOST_TRUSTED_DAYS)


class _TwoFactor(Shape):
    trusted_devices: Annotated[TrustedDevicesOff | TrustedDevicesDays, Field(discriminator="mode")] = TrustedDevicesOff(
        mode="off"
    )
    enrolment: Literal["open", "with-code"] = "open"


Ids = Annotated[list[Words], Field(max_length=MOST_LISTED)]
_COUNT = Field(
    default=None,
    ge=0,
    description=f"how many are listed, where they are more than {MOST_LISTED} and so not sent; not read in a PUT",
)


class TwoFactorOff(_TwoFactor):
    """Nobody is asked for a second step, but those who have an authenticator."""

    mode: Literal["off"]


class TwoFactorEveryone(_TwoFactor):
    """Everybody, except the listed."""

    mode: Literal["everyone"]
    excepted: Ids | None = Field(default=None, alias="except", description="ids of the people left out")
    count: int | None = _COUNT


class TwoFactorSelected(_TwoFactor):
    """The listed, and nobody else."""

    mode: Literal["selected"]
    users: Ids | None = Field(default=None, description="ids of the selected people")
    count: int | None = _COUNT


AnyTwoFactor = Annotated[TwoFactorOff | TwoFactorEveryone | TwoFactorSelected, Field(discriminator="mode")]


class TwoFactorPolicyShape(RootModel[AnyTwoFactor]):
    """Whom two-step verification reaches, and how enrolment opens.

    A list that is left out is empty, unless it stands with more than a thousand people and the mode stays: then it
    stays too.
    """

    def policy(self) -> TwoFactorPolicy:
        """The policy that this spells, without its list."""
        trusted = self.root.trusted_devices
        return TwoFactorPolicy(
            mode=TwoFactorMode(self.root.mode),
            trusted_devices_days=trusted.days if isinstance(trusted, TrustedDevicesDays) else None,
            enrolment=Enrolment(self.root.enrolment),
        )

    def people(self) -> list[str] | None:
        """The ids on its list; ``None`` where it was left out."""
        if isinstance(self.root, TwoFactorEveryone):
            return self.root.excepted
        return self.root.users if isinstance(self.root, TwoFactorSelected) else []

    @classmethod
    def of(cls, policy: TwoFactorPolicy, people: list[str] | None) -> TwoFactorPolicyShape:
        """How a policy is spelt; ``people`` of ``None``: there are too many to be sent."""
        body: dict[str, object] = {"mode": policy.mode.value, "enrolment": policy.enrolment.value}
        days = policy.trusted_devices_days
        body["trusted_devices"] = {"mode": "off"} if days is None else {"mode": "days", "days": days}
        if policy.mode is not TwoFactorMode.OFF:
            name = "except" if policy.mode is TwoFactorMode.EVERYONE else "users"
            body |= {"count": policy.listed} if people is None else {name: people}
        return cls.model_validate(body)


class PreviewPaging(Paging):
    """How a preview's list is paged."""


class PasswordPreviewPaging(Paging):
    """How a preview's list is paged, and whom it lists."""

    effect: Annotated[
        Literal["falls_short", "expired", "strength_unknown"] | None,
        Field(description="list only those whom this effect meets"),
    ] = None


class PreviewItem(Shape):
    """A person, and what the policy would mean for them."""

    user: UserShape
    effects: list[Effect]


class PreviewShape(Shape):
    """What a policy would do."""

    affected: int = Field(description="how many people would be affected")
    by_effect: dict[str, int] = Field(
        description="how many by each effect; strength_unknown (an imported hash tells no level yet) is counted apart"
    )
    items: list[PreviewItem]
    next_cursor: str | None
