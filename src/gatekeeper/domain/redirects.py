"""Where a sign-in may lead: a path of ours, or an address on a host that a route names.

What is checked is exactly what goes into ``Location``: nothing is decoded, trimmed or repaired in between.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection

HOME = "/"
LONGEST = 8_192

_HARMLESS = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
_ADDRESS = re.compile(r"(https?)://([A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?)(/.*)?")


def safe_next(target: str, hosts: Collection[str] = (), *, scheme: str = "https") -> str:
    """The target itself if a sign-in may lead there, ``/`` otherwise.

    >>> safe_next("/app/#/client/9"), safe_next("//evil.example/"), safe_next("/\\\\evil.example")
    ('/app/#/client/9', '/', '/')

    Args:
        target: what came as ``next``, decoded once.
        hosts: authorities (``host`` or ``host:port``, lower case) to which a whole address may lead as well.
        scheme: the only scheme that such an address may have.
    """
    if len(target) > LONGEST or not _HARMLESS.fullmatch(target):
        return HOME
    if target.startswith("/"):
        return HOME if target.startswith("//") else target
    address = _ADDRESS.fullmatch(target)
    if address is None or address.group(1) != scheme or address.group(2).lower() not in hosts:
        return HOME
    return target


def login_location(prefix: str, target: bytes, *, origin: str = "") -> str:
    """The address of the sign-in page that leads back to a target.

    ``next``, decoded once, is exactly the target.

    >>> login_location("/gatekeeper", b"/x?a=1&b=2")
    '/gatekeeper/login?next=/x%3Fa%3D1%26b%3D2'

    Args:
        prefix: of our own pages.
        target: path and query as sent.
        origin: ``https://host`` where sign-in is on another host than the request.
    """
    if len(target) > LONGEST:
        return f"{origin}{prefix}/login"
    return f"{origin}{prefix}/login?next={quote(target, safe='/')}"
