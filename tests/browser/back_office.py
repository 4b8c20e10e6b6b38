"""What tests of staff at work share: somebody who is logged in, and how a screen must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page

from core.jobs import run
from core.models import Job
from merchants.models import Membership


@contextmanager
def at_work(page: Page, base_url: str, member: Membership) -> Iterator[Page]:
    """Logged in; what the browser complains of fails the test."""
    browser = Client()
    browser.force_login(member.staff)
    page.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": base_url} for name, cookie in browser.cookies.items()]
    )
    complaints: list[str] = []
    refused: list[str] = []
    # From the start: what fades in or out has colours of its own meanwhile.
    page.emulate_media(reduced_motion="reduce")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    # Chromium notes every answer of 422, and a mistake is made on purpose.
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 422 else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if "422" not in text] == []
    assert len(complaints) <= 2 * len(refused)


def work(member: Membership, kind: str) -> Job:
    """What the worker does with the newest job of this kind."""
    return run(Job.objects.for_merchant(member.merchant).filter(kind=kind).latest("pk"))


def is_clean(page: Page) -> None:
    """Accessible in both themes, and no wider than a phone; without toasts, which come and go over the page."""
    page.evaluate("document.querySelectorAll('.cx-toast').forEach(toast => toast.remove())")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        found = Axe().run(page).response["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found] == [], page.url
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url
    page.set_viewport_size({"width": 1440, "height": 900})
