"""TLS on the edge's own listener, and certificates that are renewed while it runs.

A new certificate is for new connections; those that are open go on as they are. Whoever renews it writes two files, one
after the other: a pair that does not fit yet changes nothing, and is looked at again.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

    from gatekeeper.config import TlsConfig

log = structlog.get_logger()

LOOKS_EVERY = 10.0
"""Seconds between two looks at the files."""


class Certificates:
    """The certificate in use.

    Args:
        tls: where it lies, and its key.

    Attributes:
        context: for the listener: TLS 1.2 and later, HTTP/1.1 alone.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: they are no certificate and its key.
    """

    def __init__(self, tls: TlsConfig) -> None:
        self._tls = tls
        self._stamps = self._look_at_files()
        self._look_at = 0.0
        self._current = self.context = _context(tls)
        self.context.sni_callback = self._pick

    def sweep(self, now: float) -> None:
        """Take a renewed certificate over, if it is time to look.

        Args:
            now: the loop's time.
        """
        if now < self._look_at:
            return
        self._look_at = now + LOOKS_EVERY
        stamps = self._look_at_files()
        if stamps != self._stamps:
            self._stamps = stamps
            self.renew()

    def renew(self) -> bool:
        """Read the files anew; whether they are in use now. Where they cannot be used, the present ones stay."""
        try:
            self._current = _context(self._tls)
        except (OSError, ssl.SSLError) as error:
            log.warning("tls.not-renewed", certificate=str(self._tls.certificate), reason=str(error))
            return False
        log.info("tls.renewed", certificate=str(self._tls.certificate))
        return True

    def _pick(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        """At the beginning of every handshake (RFC 6066 §3), whether the client names a host or not."""
        connection.context = self._current

    def _look_at_files(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(path) for path in (self._tls.certificate, self._tls.key))


def _context(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(tls.certificate, tls.key, password="")
    return context


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
