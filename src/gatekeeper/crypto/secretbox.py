"""Seals secrets that must be read again: authenticator secrets, private signing keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatekeeper.crypto import base64url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.crypto.keys import SecretKey

_VERSION = "1"
_NONCE_BYTES = 12
_PURPOSE = "secret box"


class Damaged(Exception):
    """A sealed text cannot be opened: it was changed, belongs to another context, or its key is not in the file."""


class SecretBox:
    """AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, the context being authenticated with the text.

    A sealed text is ``1.<key id>.<base64url of nonce, ciphertext and tag>``. The context (``"totp <user id>"``) is not
    part of it: who copies a sealed text to another place cannot open it there.

    Args:
        keys: the first one seals; all of them open.
    """

    def __init__(self, keys: Sequence[SecretKey]) -> None:
        self._current = keys[0].id
        self._ciphers = {key.id: AESGCM(key.derive(_PURPOSE)) for key in keys}

    def seal(self, plain: str, context: str) -> str:
        """Return ``plain`` encrypted with the current key, to be opened under the same context only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plain.encode(), _bound(self._current, context))
        return f"{_VERSION}.{self._current}.{base64url.encode(nonce + sealed)}"

    def open(self, sealed: str, context: str) -> str:
        """Return what was sealed.

        Raises:
            Damaged: it was changed, sealed under another context, or with a key that is not known.
        """
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        cipher = self._ciphers.get(key_id)
        if version != _VERSION or cipher is None:
            raise Damaged("sealed with a key that is not in the secret key file")
        try:
            data = base64url.decode(body)
            return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(key_id, context)).decode()
        except (ValueError, InvalidTag):
            raise Damaged("changed since it was sealed, or sealed for something else") from None

    def is_outdated(self, sealed: str) -> bool:
        """Whether an older key than the current one sealed this, so that it should be sealed again."""
        return not sealed.startswith(f"{_VERSION}.{self._current}.")


def _bound(key_id: str, context: str) -> bytes:
    return f"gatekeeper {_VERSION} {key_id} {context}".encode()
