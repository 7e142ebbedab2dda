"""WebSocket frames, as far as a tunnel must know them: where one ends, and how to say goodbye (RFC 6455 §5)."""

from __future__ import annotations

import secrets
import struct

_SMALL = 126
_MEDIUM = 127
_MASKED = 0x80
_LENGTH = 0x7F
_CLOSE = 0x88

GOING_AWAY = 1001
POLICY = 1008


class Boundaries:
    """Follows one direction of a WebSocket from frame to frame, without looking at what is in them."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0

    @property
    def between_frames(self) -> bool:
        """Whether what has passed ends with a whole frame, so that a frame of our own may follow."""
        return not self._left and not self._header

    def advance(self, data: bytes, *, to_boundary: bool = False) -> int:
        """Follow some bytes.

        Args:
            data: what passes.
            to_boundary: stop at the first end of a frame.

        Returns:
            How many of the bytes were followed: all, or those up to the boundary.
        """
        position, size = 0, len(data)
        while position < size:
            if self._left:
                step = min(self._left, size - position)
                self._left -= step
                position += step
            else:
                self._header += data[position : position + 1]
                position += 1
                self._left = self._payload()
            if to_boundary and self.between_frames:
                return position
        return size

    def _payload(self) -> int:
        """What follows the header, once that is whole: the mask and the payload."""
        header = self._header
        if len(header) < 2:  # noqa: PLR2004 - flags and length
            return 0
        length = header[1] & _LENGTH
        extended = {_SMALL: 2, _MEDIUM: 8}.get(length, 0)
        if len(header) < 2 + extended:
            return 0
        if extended:
            length = int.from_bytes(header[2:], "big")
        self._header = b""
        return length + (4 if header[1] & _MASKED else 0)


def close_frame(code: int, reason: str, *, masked: bool) -> bytes:
    """A close frame (RFC 6455 §5.5.1).

    Args:
        code: the status code.
        reason: for people; short.
        masked: whether it goes to a server.
    """
    payload = struct.pack(">H", code) + reason.encode()
    if not masked:
        return bytes((_CLOSE, len(payload))) + payload
    mask = secrets.token_bytes(4)
    hidden = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((_CLOSE, _MASKED | len(payload))) + mask + hidden
