"""The edge: bytes in, bytes out, and one question to the gate in between.

Here live the connections to clients and to upstreams, the framing of HTTP/1.1 and of tunnels, back-pressure and
deadlines. What never lives here is a rule: who may pass is `domain.access`, which path is which route is
`domain.routing`, what an upstream sees is `domain.headers`. No request gets a task or a timer of its own, and none gets
more than one write each way, for that is what a proxy's time goes into. What was judged is what is sent: heads are
written anew from what was parsed, never passed on as they came.
"""

from __future__ import annotations

from gatekeeper.edge.dialling import connect_to_app
from gatekeeper.edge.pages import RenderedPages
from gatekeeper.edge.server import Edge, listen_on

__all__ = ["Edge", "RenderedPages", "connect_to_app", "listen_on"]
