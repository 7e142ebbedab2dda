"""OpenID Connect, as far as it exists: the keys with which anybody can check an assertion.

One endpoint a file. Nothing here signs people in: that is done on the pages, and found here as a session.
"""

from gatekeeper.oidc.jwks import setup

__all__ = ["setup"]
