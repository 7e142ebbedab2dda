"""The pages of two-step verification: the code, the enrolment, and the recovery codes that come with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain import totp
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Step
from gatekeeper.domain.wording import N_
from gatekeeper.flows import two_factor
from gatekeeper.manners.render import qr_svg
from gatekeeper.web.steps import StepPage

if TYPE_CHECKING:
    from gatekeeper.flows.standing import Standing
    from gatekeeper.web.visit import Visit

GROUP = 4
TRUST = "trust"
"""The box by which a device stands in for the code from now on."""


class CodePage(StepPage):
    """``/login/code``: the code of an enrolled authenticator, or a recovery code."""

    step = Step.CODE
    template = "login/code.html"

    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:
        """The tries that are left, which kind of code was meant, and for how many days a device may be trusted."""
        typed = totp.clean_code(visit.fields.get("code", "")[:100])
        recovery = "recovery" in visit.request.query or (bool(typed) and not typed.isdigit())
        return {
            "tries_left": two_factor.tries_left(standing.attempt),
            "recovery": recovery,
            "trust_days": None if standing.by_link else standing.policies.two_factor.trusted_devices_days,
            "values": {"trust": visit.fields.get(TRUST, "")},
            "by_link": standing.by_link,
        }

    async def take(self, visit: Visit, standing: Standing) -> None:
        """Use the code up."""
        code, trust = visit.fields.get("code", ""), bool(visit.fields.get(TRUST)) and not standing.by_link
        await two_factor.give_code(visit.services, standing, code, visit.client, visit.now, trust=trust)


class EnrolPage(StepPage):
    """``/login/enrol``: get an app, scan, enter the code."""

    step = Step.ENROL
    template = "login/enrol.html"

    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:
        """The secret as a picture and as text."""
        offer = await two_factor.offer(visit.services, standing)
        issuer = visit.services.config.branding.name
        uri = totp.provisioning_uri(offer.secret, issuer, standing.user.facts.username)
        groups = (offer.secret[at : at + GROUP] for at in range(0, len(offer.secret), GROUP))
        return {
            "qr_svg": qr_svg(uri),
            "secret": offer.secret,
            "secret_grouped": " ".join(groups),
            "ask_enrolment_code": offer.with_code,
            "values": {"enrolment_code": visit.fields.get("enrolment_code", "")},
        }

    async def take(self, visit: Visit, standing: Standing) -> None:
        """Complete the enrolment."""
        await two_factor.enrol(
            visit.services,
            standing,
            visit.fields.get("code", ""),
            enrolment_code=visit.fields.get("enrolment_code", ""),
            client=visit.client,
            now=visit.now,
        )


class RecoveryCodesPage(StepPage):
    """``/login/recovery-codes``: shown until the box is ticked."""

    step = Step.RECOVERY_CODES
    template = "login/recovery_codes.html"

    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:
        """The codes; the same ones for as long as the attempt lasts."""
        return {"codes": await two_factor.recovery_codes(visit.services, standing, visit.client, visit.now)}

    async def take(self, visit: Visit, standing: Standing) -> None:
        """Note that they are saved."""
        if not visit.fields.get("saved"):
            raise Refused("not-saved", N_("Save the codes, then tick the box."), "saved")
        await two_factor.recovery_codes_saved(visit.services, standing)
