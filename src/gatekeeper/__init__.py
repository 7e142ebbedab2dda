"""Gatekeeper: an authentication gateway that stands in front of a mail platform.

The floors, from the ground up: ``domain`` (pure rules), ``config``, the siblings ``store``, ``sessions``,
``crypto`` and ``embedded``, then ``flows`` (use cases), ``manners`` (what pages and API share), the outside
faces ``edge``, ``web``, ``api`` and ``oidc``, the composition root ``app`` and the commands in ``cli``.
A file imports only from floors below its own; ``lint-imports`` proves it.
"""

__version__ = "0.1.0"
