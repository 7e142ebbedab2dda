"""Every call of the API, once. The router, the OpenAPI description and the test of permissions are made from this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.api import assistance, log, policies, tokens, two_factor, users

if TYPE_CHECKING:
    from gatekeeper.api.endpoints import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *tokens.ENDPOINTS[:1],
    *policies.ENDPOINTS,
    *two_factor.ENDPOINTS,
    *users.ENDPOINTS,
    *assistance.ENDPOINTS,
    *log.ENDPOINTS,
    *tokens.ENDPOINTS[1:],
)
