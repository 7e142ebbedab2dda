"""Reads ``[server]`` and ``[server.limits]``."""

from __future__ import annotations

import re
import ssl
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from gatekeeper.config import values
from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import Limits, Listen, ServerConfig, TlsConfig
from gatekeeper.domain.addresses import DEFAULT_PORTS, Authority, TrustedProxies, is_loopback

if TYPE_CHECKING:
    from gatekeeper.config.section import Section

_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+")
_MOST = 1_000_000
_LARGEST_HEAD = 16 * 1_048_576


class PublicUrl(NamedTuple):
    """``public_url`` in its parts; ``url`` has no slash at its end."""

    url: str
    host: Authority
    scheme: Literal["http", "https"]
    port: int


FALLBACK = PublicUrl("https://localhost", Authority("localhost"), "https", 443)


def read_server(section: Section) -> ServerConfig:
    """The server's part of the configuration."""
    public = section.need("public_url", public_url, "https://mail.example.com", FALLBACK)
    server = ServerConfig(
        public_url=public.url,
        public_host=public.host,
        scheme=public.scheme,
        port=public.port,
        listen=section.take("listen", values.listen, Listen("127.0.0.1", 8080)),
        internal_listen=section.take("internal_listen", values.listen, None),
        trusted_proxies=section.take("trusted_proxies", values.trusted_proxies, TrustedProxies()),
        prefix=section.take("prefix", prefix, "/gatekeeper"),
        limits=read_limits(section.table("limits")),
        tls=read_tls(section.table("tls"), public.scheme) if "tls" in section else None,
    )
    if server.internal_listen == server.listen and server.listen.port != 0:
        section.fault("internal_listen", "is the same as listen; health and metrics need an address of their own")
    section.finish()
    return server


def read_tls(section: Section, scheme: str) -> TlsConfig | None:
    """The certificate of the listener and its key: files that exist, and fit together."""
    certificate = section.need("certificate", section.existing_file, "/etc/gatekeeper/fullchain.pem", None)
    key = section.need("key", section.existing_file, "/etc/gatekeeper/privkey.pem", None)
    section.finish()
    if scheme == "http":
        section.fault(None, 'is for a public_url that begins with "https://"')
    if certificate is None or key is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        section.fault("certificate", f"{certificate} and {key} are not a certificate and its key in PEM: {error}")
    return TlsConfig(certificate, key)


def read_limits(section: Section) -> Limits:
    """The limits; each has a default."""
    standard = Limits()
    given: dict[str, Any] = {}
    for limit in fields(Limits):
        default = getattr(standard, limit.name)
        parse = values.duration if isinstance(default, float) else values.integer(1, _MOST)
        if limit.name.endswith("_bytes"):
            parse = values.size(1_024, _LARGEST_HEAD if "head" in limit.name else 1 << 40)
        given[limit.name] = section.take(limit.name, parse, default)
    section.finish()
    return Limits(**given)


def public_url(value: Any) -> PublicUrl:
    """The address that people type: ``https://host``, or ``http://`` on a loopback host."""
    url = values.text(value).strip()
    try:
        parts = urlsplit(url)
        named_port = parts.port
    except ValueError:
        raise Wrong('is an address such as "https://mail.example.com"') from None
    scheme: Literal["http", "https"] = "http" if parts.scheme == "http" else "https"
    if parts.scheme != scheme or not parts.netloc:
        raise Wrong('is an address such as "https://mail.example.com"')
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise Wrong('has a host and nothing more: "https://mail.example.com"; the path of the pages is server.prefix')
    host = values.host(parts.netloc)
    if scheme == "http" and not is_loopback(host.host):
        raise Wrong(f'is "https://{parts.netloc}": http is for loopback hosts only, cookies must not go in the clear')
    port = named_port or DEFAULT_PORTS[scheme]
    odd = port != DEFAULT_PORTS[scheme]
    return PublicUrl(f"{scheme}://{host.host}{f':{port}' if odd else ''}", host, scheme, port)


def prefix(value: Any) -> str:
    """The path of gatekeeper's own pages."""
    path = values.text(value)
    if not _PREFIX.fullmatch(path):
        raise Wrong('is a path without a slash at its end: "/gatekeeper"')
    return path
