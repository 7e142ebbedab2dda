"""Keys: the secret key file that every node shares, and the pair that signs assertions."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatekeeper.crypto import base64url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_BYTES = 32
PREFIX = "gk1-"
_CHECKSUM_BYTES = 4
_COORDINATE_BYTES = 32


class DamagedKey(ValueError):
    """A key cannot be used; the message names the file and the line, never what stands there."""


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One secret of 256 bits, from which a key for each purpose is derived. ``id`` tells nothing about it."""

    material: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.material) != KEY_BYTES:
            raise DamagedKey(f"a secret key has {KEY_BYTES} bytes")
        object.__setattr__(self, "id", self.derive("key id")[:4].hex())

    @classmethod
    def generate(cls) -> SecretKey:
        """Return a new random key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_line(cls, line: str) -> SecretKey:
        """Read what :meth:`to_line` wrote.

        Raises:
            DamagedKey: the line is no key, or was cut or mistyped.
        """
        if not line.startswith(PREFIX):
            raise DamagedKey(f"a key begins with {PREFIX}")
        try:
            data = base64url.decode(line.removeprefix(PREFIX))
        except ValueError:
            raise DamagedKey("a key is written in base64url") from None
        material, checksum = data[:KEY_BYTES], data[KEY_BYTES:]
        if checksum != _checksum(material):
            raise DamagedKey("the checksum does not match: a character is wrong or missing")
        return cls(material)

    def to_line(self) -> str:
        """Return the key as one line of a key file: ``gk1-`` and base64url of the key and a checksum."""
        return PREFIX + base64url.encode(self.material + _checksum(self.material))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose: HKDF with SHA-256 (RFC 5869), the purpose being its ``info``."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"gatekeeper " + purpose.encode())
        return kdf.derive(self.material)


def load_secret_keys(path: Path, *, create: bool) -> list[SecretKey]:
    """Read a key file: one key a line, the current one first, older ones (still read, no longer written with) below.

    Empty lines and lines that begin with ``#`` are passed over.

    Args:
        path: the file.
        create: make the file, with one new key and mode 0600, where there is none. Of several processes that start at
            once, one makes it and the others read it.

    Raises:
        DamagedKey: the file is missing, cannot be read or made, is empty, or one of its lines is no key.
    """
    try:
        text = _read_or_create(path) if create else path.read_text("ascii")
    except FileNotFoundError:
        raise DamagedKey(f"{path}: there is no such key file") from None
    except UnicodeDecodeError:
        raise DamagedKey(f"{path}: this is not a key file") from None
    except OSError as error:
        raise DamagedKey(f"{path}: {error.strerror}") from None
    keys = _parse(path, text)
    if not keys:
        raise DamagedKey(f"{path}: there is no key in this file")
    return keys


class SigningKey:
    """A key pair for ES256: ECDSA on P-256 with SHA-256 (RFC 7518 §3.4). ``kid`` is its thumbprint (RFC 7638)."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private.curve, ec.SECP256R1):
            raise DamagedKey("a signing key lies on P-256")
        self._private = private
        numbers = private.public_key().public_numbers()
        self._x = base64url.encode(numbers.x.to_bytes(_COORDINATE_BYTES, "big"))
        self._y = base64url.encode(numbers.y.to_bytes(_COORDINATE_BYTES, "big"))
        members = {"crv": "P-256", "kty": "EC", "x": self._x, "y": self._y}
        self.kid = base64url.encode(hashlib.sha256(_compact(members)).digest())

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new random pair."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: str) -> SigningKey:
        """Read what :meth:`to_pem` wrote.

        Raises:
            DamagedKey: this is no unencrypted private key on P-256.
        """
        try:
            private = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise DamagedKey("this is no private key in PEM") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise DamagedKey("a signing key lies on P-256")
        return cls(private)

    def to_pem(self) -> str:
        """Return the private key as PEM (PKCS #8, RFC 5958), unencrypted: seal it before it is stored."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JSON Web Key (RFC 7517 §4, RFC 7518 §6.2.1)."""
        return {"kty": "EC", "crv": "P-256", "x": self._x, "y": self._y, "kid": self.kid, "alg": "ES256", "use": "sig"}

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes ``r || s`` (RFC 7518 §3.4), not the ASN.1 form that TLS uses."""
        r, s = decode_dss_signature(self._private.sign(message, _ES256))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


class AssertionSigner:
    """Writes signed JSON Web Tokens (RFC 7519) in the compact form, as fast as the curve allows.

    Args:
        key: signs; its ``kid`` stands in the header.
        issuer: the claim ``iss`` of every token.
    """

    def __init__(self, key: SigningKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        header = {"alg": "ES256", "typ": "JWT", "kid": key.kid}
        self._head = base64url.encode(_compact(header)).encode("ascii") + b"."

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return the token; ``claims`` are taken as they are (times are the caller's), ``iss`` is always ours."""
        payload = _compact({**claims, "iss": self._issuer})
        message = self._head + base64url.encode(payload).encode("ascii")
        return f"{message.decode('ascii')}.{base64url.encode(self._key.sign(message))}"


_ES256 = ec.ECDSA(hashes.SHA256())


def _compact(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def _checksum(material: bytes) -> bytes:
    return hashlib.sha256(b"gatekeeper secret key 1" + material).digest()[:_CHECKSUM_BYTES]


def _parse(path: Path, text: str) -> list[SecretKey]:
    keys: list[SecretKey] = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        try:
            key = SecretKey.from_line(content)
        except DamagedKey as error:
            raise DamagedKey(f"{path}, line {number}: {error}") from None
        if key in keys:
            raise DamagedKey(f"{path}, line {number}: this key stands in the file twice")
        keys.append(key)
    return keys


def _read_or_create(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(SecretKey.generate().to_line() + "\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, path)
    finally:
        draft.unlink()
    return path.read_text("ascii")


def _publish(draft: Path, path: Path) -> None:
    """Give the finished file its name, unless another process was first (``link`` never overwrites)."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
