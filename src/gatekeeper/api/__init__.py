"""The admin API: JSON in, JSON out, under ``/api/v1``.

One table (``table.py``) names every call with its permission, its models and its summary; the router, the OpenAPI
description and the test of permissions are made from it. A call does nothing by itself: it reads a request into values,
asks a flow, and writes down the result. What never lives here: a rule, SQL, Redis, a page.
"""

from __future__ import annotations

from gatekeeper.api.routes import setup

__all__ = ["setup"]
