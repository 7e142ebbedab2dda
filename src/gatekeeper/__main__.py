"""``python -m gatekeeper`` and the ``gatekeeper`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and end with its exit code."""
    from gatekeeper.cli.commands import run  # noqa: PLC0415 - so that importing this module stays free

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
