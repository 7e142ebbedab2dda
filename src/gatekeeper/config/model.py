"""The configuration as the rest of the house sees it: frozen, checked, with what the edge needs worked out already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gatekeeper.domain.access import SIGNED_IN, Access
from gatekeeper.domain.addresses import LOOPBACK_HOSTS, Authority, TrustedProxies, is_loopback
from gatekeeper.domain.cookies import CookieNames
from gatekeeper.domain.headers import IdentityHeaders, StripSet
from gatekeeper.domain.routing import Router

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gatekeeper.domain.background import Pattern

MIB = 1024 * 1024
CHANGE_PASSWORD = "/.well-known/change-password"  # noqa: S105 - a path (W3C: A Well-Known URL for Changing Passwords)
OWN_PATHS = (CHANGE_PASSWORD,)
"""Paths at the root of our own host, outside the prefix, that are ours."""

Identity = Literal["forwarded", "remote", "none"]
Encoding = Literal["percent", "utf-8"]
HostHeader = Literal["client", "upstream"]
LogFormat = Literal["json", "console"]


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: a host and a port, or a Unix socket at ``path``."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take, and for how long. Times are seconds, sizes bytes.

    ``head_timeout``: to receive a request's head. ``idle_timeout``: between two requests on a connection.
    ``body_timeout``: between two pieces of a body, either way; a body may take as long as it likes if it moves.
    ``upstream_timeout``: to the head of the upstream's answer. ``pool_size``: connections to one upstream.
    ``queue``: requests that wait for one of those. ``drain_timeout``: for what is under way when the gateway stops.
    """

    head_bytes: int = 65_536
    header_count: int = 200
    head_timeout: float = 15.0
    idle_timeout: float = 75.0
    body_timeout: float = 60.0
    connections: int = 20_000
    connections_per_address: int = 512
    connections_per_proxy: int = 10_000
    connect_timeout: float = 5.0
    upstream_timeout: float = 60.0
    upstream_idle_timeout: float = 50.0
    upstream_head_bytes: int = 65_536
    pool_size: int = 256
    queue: int = 1_024
    queue_timeout: float = 5.0
    tunnels: int = 10_000
    drain_timeout: float = 20.0
    app_body_bytes: int = 16 * MIB


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """The certificate of the gateway's own listener, with the chain above it, and its key, both as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the gateway is reached. ``public_url`` has no path and no slash at its end.

    ``shared`` is no setting: it says that several processes listen on the same port (``serve --workers``).
    """

    public_url: str
    public_host: Authority
    scheme: Literal["http", "https"]
    port: int
    listen: Listen = field(default_factory=Listen)
    internal_listen: Listen | None = None
    trusted_proxies: TrustedProxies = field(default_factory=TrustedProxies, compare=False)
    prefix: str = "/gatekeeper"
    limits: Limits = field(default_factory=Limits)
    tls: TlsConfig | None = None
    shared: bool = False

    @property
    def cookies(self) -> CookieNames:
        """The names of our cookies; without ``Secure`` and prefix only where ``public_url`` is plain loopback."""
        return CookieNames(secure=self.scheme == "https")

    @property
    def issuer(self) -> str:
        """The issuer of assertions and tokens."""
        return self.public_url + self.prefix

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """The hosts of our own, without ports; on a loopback address all its names."""
        host = self.public_host.host
        return tuple(dict.fromkeys((host, *LOOPBACK_HOSTS))) if is_loopback(host) else (host,)


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Where things are kept. ``database`` or ``redis`` of ``None``: an embedded one in ``data``."""

    secret_key_file: Path
    data: Path | None = None
    database: str | None = field(default=None, repr=False)
    database_password: str | None = field(default=None, repr=False)
    redis: str | None = field(default=None, repr=False)
    redis_password: str | None = field(default=None, repr=False)
    pool_size: int = 10
    creates_secret_key: bool = False


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """How long a session lives, in seconds: without a request, and at most."""

    idle_timeout: float = 1_800.0
    absolute_timeout: float = 43_200.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ``tls``: from the first byte (``smtps://``); otherwise by ``STARTTLS``.

    ``STARTTLS`` and a certificate that fits are demanded of every server but one of this machine, where nobody is in
    between: there encryption is taken where it is offered, and a certificate for another name does.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails are from: a name, which may be empty, and an address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class MailConfig:
    """How mail is sent.

    ``ca_file`` holds the certificates that the server's is checked with; ``None``: those of the system.
    ``main_address_reachable`` says that people read their main address without passing the gateway.
    """

    server: MailServer
    sender: Sender
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    main_address_reachable: bool = False


@dataclass(frozen=True, slots=True)
class Branding:
    """What people see on the pages. ``templates`` is a folder whose files replace ours of the same name."""

    name: str = "Gatekeeper"
    logo: Path | None = None
    accent: str | None = None
    help_text: str = ""
    contact: str = ""
    templates: Path | None = None


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is logged, and how."""

    level: str = "info"
    format: LogFormat = "json"
    requests: bool = True


@dataclass(frozen=True, slots=True)
class Upstream:
    """The platform's address. ``host`` and ``port`` for ``http`` and ``https``, ``socket`` for ``unix``."""

    scheme: Literal["http", "https", "unix"]
    host: str = "localhost"
    port: int = 0
    socket: str | None = None
    ca_file: Path | None = None

    @property
    def authority(self) -> str:
        """The ``Host`` of its own that ``host_header = "upstream"`` sends."""
        if self.socket is not None:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """One part of the platform. ``identity_headers`` writes what this upstream is told of a person."""

    name: str
    upstream: Upstream
    host: str | None = None
    path: str = "/"
    access: Access = SIGNED_IN
    identity: Identity = "forwarded"
    headers: Mapping[str, str] = field(default_factory=dict)
    header_encoding: Encoding = "percent"
    upstream_basic: str | None = None
    upstream_password: str | None = field(default=None, repr=False)
    host_header: HostHeader = "client"
    preflight: bool = False
    background: tuple[Pattern, ...] = ()
    identity_headers: IdentityHeaders = field(default_factory=IdentityHeaders, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """All that an operator decides."""

    server: ServerConfig
    storage: StorageConfig
    session: SessionConfig = field(default_factory=SessionConfig)
    routes: tuple[RouteConfig, ...] = ()
    branding: Branding = field(default_factory=Branding)
    log: LogConfig = field(default_factory=LogConfig)
    mail: MailConfig | None = None
    path: Path | None = None

    def router(self) -> Router[RouteConfig]:
        """A router over the routes and our own pages, made anew at each call."""
        return Router(self.routes, hosts=self.server.public_hosts, prefix=self.server.prefix, own_paths=OWN_PATHS)

    def strip_set(self) -> StripSet:
        """What is removed from clients' requests, on every route, with the names that any route adds of its own."""
        return StripSet(name for route in self.routes for name in route.headers)

    def redirect_hosts(self) -> frozenset[str]:
        """The authorities to which a sign-in may lead: the public one and those of the routes."""
        routes = {route.host for route in self.routes if route.host is not None}
        return frozenset({str(self.server.public_host), *routes})
