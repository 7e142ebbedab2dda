"""A small webmail to put behind the gate: what a mail platform looks like from gatekeeper's side.

It imports nothing of gatekeeper and knows nothing of it but the headers that it gets; whoever is named there is who it
believes to be talking to. That is its one rule, and the reason why it must never be reachable except through a gateway.
Mail lives in memory and begins anew at every start.
"""

from __future__ import annotations

from gatekeeper.demo.app import create_app

__all__ = ["create_app"]
