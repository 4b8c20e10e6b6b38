"""The script for shops' pages: small, at an address that stays, cached with sense."""

import gzip
import re
from wsgiref.headers import Headers

import pytest
from django.conf import settings
from whitenoise import WhiteNoise

from cxapp.storefront import PREFIX, add_headers

FOLDER = settings.BASE_DIR / "static/storefront"
SCRIPT = FOLDER / "cx.js"


def test_the_script_has_less_than_six_kilobytes() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes())) < 6 * 1024


def test_the_script_knows_no_address_and_sets_no_cookie() -> None:
    text = SCRIPT.read_text()
    assert not re.search(r"https?://|document\.cookie|sessionStorage|indexedDB|\beval\b|import\(", text)


def test_the_address_that_shops_write_into_their_pages_stays() -> None:
    assert f"{PREFIX}cx.js" == "/static/storefront/cx.js"
    assert PREFIX.startswith(settings.STATIC_URL)


def test_browsers_of_every_origin_load_it_and_ask_again_after_an_hour() -> None:
    files = WhiteNoise(None, root=FOLDER, prefix=PREFIX, add_headers_function=settings.WHITENOISE_ADD_HEADERS_FUNCTION)
    headers = dict(files.files[f"{PREFIX}cx.js"].get_response("HEAD", {}).headers)
    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["Cache-Control"] == "max-age=3600, public, stale-while-revalidate=86400"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("url", ["/static/cxapp/cx.js", "/static/storefront.js"])
def test_other_files_are_served_as_before(url: str) -> None:
    headers = Headers([("Cache-Control", "max-age=60, public")])
    add_headers(headers, "", url)
    assert headers.items() == [("Cache-Control", "max-age=60, public")]
