"""What shops' pages load from here: ``static/storefront/``, at addresses that carry no hash and never change."""

from wsgiref.headers import Headers

PREFIX = "/static/storefront/"


def add_headers(headers: Headers, path: str, url: str) -> None:
    """WhiteNoise's hook. A browser asks again after an hour, and nobody waits for it: meanwhile the old file serves."""
    if url.startswith(PREFIX):
        headers["Cache-Control"] = "max-age=3600, public, stale-while-revalidate=86400"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
