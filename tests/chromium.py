"""The browser of the tests: Chromium's headless shell, which costs a third of the whole browser's start and windows."""

from __future__ import annotations

CHROMIUM = "/usr/bin/chromium-headless-shell"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
