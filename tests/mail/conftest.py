"""A certificate for this machine, and messages to send."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.certificates import write_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that it signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    made, private = write_certificate(folder, host="127.0.0.1")
    file = folder / "post.pem"
    file.write_bytes(private.read_bytes() + made.read_bytes())
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine passes for another one, so that all is asked of its mail server that is asked of others."""
    monkeypatch.setattr("gatekeeper.config.model.is_loopback", lambda _: False)


@pytest.fixture
def message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Example Mail <no-reply@example.com>"
    message["To"] = "anna@example.com"
    message["Subject"] = "Hello"
    message.set_content("Something that only Anna may read")
    return message
