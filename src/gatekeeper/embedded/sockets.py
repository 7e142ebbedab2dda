"""The folder of the engines' sockets, and who listens on one."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import stat
import struct
import tempfile
from pathlib import Path

# struct sockaddr_un holds 108 bytes, the last of them zero (unix(7)).
PATH_LIMIT = 107
LONGEST_NAME = "/.s.PGSQL.5432"
PRIVATE_PREFIX = "gatekeeper-"
OWNER = "data"  # in a private folder: a link to the data folder that it belongs to
# Other characters mean something in a connection's address or in PostgreSQL's list of folders.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


def make_folder(data: Path) -> Path:
    """Make the folder of mode 0700 that holds the sockets of the data folder ``data``, and return it.

    It is ``data/run``; where a socket's path there would not fit in an address (or has characters that mean something
    in one), ``data/run`` is a link to a new private folder with a short path.
    """
    remove_folder(data)
    run = data / "run"
    if len(os.fsencode(run)) + len(LONGEST_NAME) <= PATH_LIMIT and _PLAIN.fullmatch(str(run)):
        run.mkdir(mode=0o700)
        return run
    private = Path(tempfile.mkdtemp(prefix=PRIVATE_PREFIX, dir=_short_parent()))
    (private / OWNER).symlink_to(data)
    run.symlink_to(private)
    return private


def folder_of(data: Path) -> Path | None:
    """Return the folder of sockets that an earlier run left, or ``None`` if there is none that is surely ours."""
    run = data / "run"
    with contextlib.suppress(OSError):
        folder = run.readlink() if run.is_symlink() else run
        status = folder.lstat()
        mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & 0o077 == 0
        # A copied data folder still points to the sockets of the one that it was copied from.
        if mine and (folder == run or (folder / OWNER).readlink() == data):
            return folder
    return None


def remove_folder(data: Path) -> None:
    """Remove the folder that :func:`make_folder` made, wherever it lies."""
    folder, run = folder_of(data), data / "run"
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    if run.is_symlink():
        run.unlink()


def _short_parent() -> str:
    for name in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()):
        fits = len(os.fsencode(name)) + len(f"/{PRIVATE_PREFIX}xxxxxxxx{LONGEST_NAME}") <= PATH_LIMIT
        if name.startswith("/") and fits and _PLAIN.fullmatch(name) and os.access(name, os.W_OK | os.X_OK):
            return name
    return "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it


def listener(path: Path) -> int | None:
    """Return the number of the process that listens on the Unix socket ``path``, or ``None`` if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(os.fspath(path))
        except OSError:
            return None
        # The peer of a connected socket is whoever called listen(2) (unix(7), SO_PEERCRED).
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", credentials)[0]
        return pid or None
