"""``gatekeeper audit export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli.opening import with_services
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs

if TYPE_CHECKING:
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services


def export(*, config: ConfigFile = None) -> None:
    """The audit log as JSON lines, oldest first. That it was taken is in the log too."""

    async def work(services: Services, actor: Actor, now: float) -> None:
        from gatekeeper.flows import audit
        from gatekeeper.manners.exports import line_of

        async for record in await audit.export(services, actor, now):
            print(line_of(record))

    with_services(config, work)
