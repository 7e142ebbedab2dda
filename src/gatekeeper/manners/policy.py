"""What a browser may do with a page of ours (Content Security Policy Level 3)."""

from __future__ import annotations


def content_security_policy(*, form: str = "'self'", ancestors: str = "'none'", style: str = "'self'") -> str:
    """The value of a page's ``Content-Security-Policy``.

    Args:
        form: where its forms may lead.
        ancestors: whose frames it may stand in.
        style: where its styles may come from.
    """
    return (
        f"default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data:; connect-src 'self'; "
        f"form-action {form}; base-uri 'none'; frame-ancestors {ancestors}"
    )
