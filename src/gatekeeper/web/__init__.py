"""Pages: signing in, signing out, one's own account. Handlers read a request, call a flow, and render what came of it.

None of them decides what comes next: they ask where the person stands (``flows.standing``) and go there. Nothing here
speaks to a store or to the edge.
"""

from gatekeeper.web.routes import setup

__all__ = ["setup"]
