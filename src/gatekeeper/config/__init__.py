"""The configuration: a TOML file and the environment in, one frozen :class:`Config` out.

Reading changes nothing, connects to nothing and reports every fault at once, each with its place and what would be
right. A fault never quotes a secret. What lives here is what an operator may decide; rules live in ``domain``.
"""

from __future__ import annotations

from gatekeeper.config.faults import ConfigFaults, Fault
from gatekeeper.config.load import load
from gatekeeper.config.model import (
    Branding,
    Config,
    Limits,
    Listen,
    LogConfig,
    MailConfig,
    MailServer,
    RouteConfig,
    Sender,
    ServerConfig,
    SessionConfig,
    StorageConfig,
    TlsConfig,
    Upstream,
)

__all__ = [
    "Branding",
    "Config",
    "ConfigFaults",
    "Fault",
    "Limits",
    "Listen",
    "LogConfig",
    "MailConfig",
    "MailServer",
    "RouteConfig",
    "Sender",
    "ServerConfig",
    "SessionConfig",
    "StorageConfig",
    "TlsConfig",
    "Upstream",
    "load",
]
